import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { LogCrypto } from './crypto.ts';

/**
 * The browser's cryptography. Ed25519 in WebCrypto is young and not everywhere, so this is the library
 * alone: one behaviour on every phone. `zip215: false` is RFC 8032's strict reading.
 */
export const browserCrypto: LogCrypto = {
  sha256: (data) => sha256(data),
  verifyEd25519: (publicKey, message, signature) => ed25519.verify(signature, message, publicKey, { zip215: false }),
};
