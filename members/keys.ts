import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DocumentSigner } from '../log/detached-signature.ts';
import { formatVkey, parseVkey, type Signer } from '../log/note.ts';
import { concat, fromBase64, fromHex, toBase64 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import type { Registry } from './registry.ts';

/** Private keys in files: mode 0600, one key a file, `{ vkey, seed }`. */
export interface KeyFile {
  readonly vkey: string;
  /** 32 bytes in base64 (RFC 8032's private key). */
  readonly seed: string;
}

const PKCS8_ED25519 = fromHex('302e020100300506032b657004220420');

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(concat(PKCS8_ED25519, seed)), format: 'der', type: 'pkcs8' });
}

/** The 32-byte public key of a seed. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  return createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(-32);
}

/**
 * @param name key name, e.g. 'demo.kz.dostyk/log'
 * @param type ED25519 or ED25519_COSIGNATURE of `log/note.ts`
 */
export function makeKey(name: string, type: number, random: (length: number) => Uint8Array): KeyFile {
  const seed = random(32);
  return { vkey: formatVkey(nodeCrypto, name, type, publicKeyOf(seed)), seed: toBase64(seed) };
}

/** Never overwrites: a key that is lost can't be made again. */
export function writeKey(path: string, key: KeyFile): void {
  writeFileSync(path, `${JSON.stringify(key)}\n`, { mode: 0o600, flag: 'wx' });
}

/**
 * @throws Refusal 500 `key-unreadable`: absent, not a key file, or a seed that does not fit its vkey
 */
export function readKey(path: string): KeyFile {
  try {
    const key = JSON.parse(readFileSync(path, 'utf8')) as KeyFile;
    const fits = parseVkey(nodeCrypto, key.vkey).publicKey.every(
      (byte, i) => byte === publicKeyOf(fromBase64(key.seed))[i],
    );
    if (fits) return key;
  } catch (cause) {
    throw new Refusal(500, 'key-unreadable', `The key file ${path} can't be read.`, {
      remedy: 'Restore it from where keys are kept.',
      cause,
    });
  }
  throw new Refusal(500, 'key-unreadable', `The seed in ${path} does not fit its verifier key.`);
}

export function signerOf(key: KeyFile): Signer {
  const secret = privateKey(fromBase64(key.seed));
  return { vkey: key.vkey, sign: async (bytes) => sign(null, bytes, secret) };
}

/** The key as jose takes it for tokens. */
export function privateKeyObject(key: KeyFile): KeyObject {
  return privateKey(fromBase64(key.seed));
}

/** @throws Refusal 500 `document-key-missing`, `key-unreadable` */
export function documentSigner(keys: string, registry: Registry, authority: string): DocumentSigner {
  const kid = registry.findAuthority(authority)?.documentKeys.at(-1)?.kid;
  if (kid === undefined || !/^[a-z0-9.-]+$/.test(authority))
    throw new Refusal(500, 'document-key-missing', `${authority} has no document key.`);
  const signer = signerOf(readKey(join(keys, 'documents', `${authority}.key`)));
  return { kid, sign: (bytes) => signer.sign(bytes) };
}
