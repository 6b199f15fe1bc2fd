import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { formatVkey, parseVkey, type Signer } from '../log/note.ts';
import { concat, equal, fromBase64, fromHex, toBase64 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { type PlainKey, readStoredKey, writeNewKey } from './key-file.ts';

/** Keys whose seed is at hand. */
export type KeyFile = PlainKey;

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
  writeNewKey(path, key);
}

/** @throws Refusal 500 `key-unreadable` where the seed does not fit the verifier key */
export function validKey(key: KeyFile, path: string): KeyFile {
  if (equal(parseVkey(nodeCrypto, key.vkey).publicKey, publicKeyOf(fromBase64(key.seed)))) return key;
  throw new Refusal(500, 'key-unreadable', `The seed in ${path} does not fit its verifier key.`);
}

/**
 * A key file in clear, as a demonstration has it.
 * @throws Refusal 500 `key-unreadable`: absent, not a key file in clear, or a seed that does not fit its vkey
 */
export function readKey(path: string): KeyFile {
  const key = readStoredKey(path);
  if ('seed' in key) return validKey(key, path);
  throw new Refusal(500, 'key-unreadable', `${path} does not hold its key in clear.`);
}

export function signerOf(key: KeyFile): Signer {
  const secret = privateKey(fromBase64(key.seed));
  return { vkey: key.vkey, sign: async (bytes) => sign(null, bytes, secret) };
}
