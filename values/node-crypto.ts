import { createPublicKey, hash, type KeyObject, randomBytes, verify } from 'node:crypto';
import { concat, fromHex, toHex } from './bytes.ts';

/**
 * Node's cryptography in the shape that `log/` asks for. Only server code imports this file: the
 * browser has its own in `log/browser-crypto.ts`.
 */
const SPKI_ED25519 = fromHex('302a300506032b6570032100');

/** A log's and its witnesses' keys are asked for again and again; making the object costs a third of checking a signature. */
const keyObjects = new Map<string, KeyObject>();

function keyObject(publicKey: Uint8Array): KeyObject {
  const name = toHex(publicKey);
  const known = keyObjects.get(name);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: Buffer.from(concat(SPKI_ED25519, publicKey)), format: 'der', type: 'spki' });
  if (keyObjects.size >= 1000) keyObjects.clear();
  keyObjects.set(name, key);
  return key;
}

export const nodeCrypto = {
  /** `crypto.hash` is about three times as fast as `createHash` for small inputs. */
  sha256(data: Uint8Array): Uint8Array {
    return hash('sha256', data, 'buffer');
  },

  /** Shapes: 32-byte key, 64-byte signature. False for anything malformed. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    return verify(null, message, keyObject(publicKey), signature);
  },
};

let pool = Buffer.alloc(0);

/** A call to the system for every 16 bytes costs more than hashing a record does: what is drawn is handed out piece by piece. */
export function nodeRandom(length: number): Uint8Array {
  if (length > 256) return randomBytes(length);
  if (pool.length < length) pool = randomBytes(8192);
  const given = Uint8Array.from(pool.subarray(0, length));
  // Nothing is handed out twice, nor kept.
  pool.fill(0, 0, length);
  pool = pool.subarray(length);
  return given;
}
