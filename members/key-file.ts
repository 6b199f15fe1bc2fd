import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import {
  closeSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { canonicalBytes } from '../log/canonical.ts';
import { parseVkey } from '../log/note.ts';
import { concat, equal, fromBase64, toBase64, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';

/**
 * The three forms of a key file: the seed in clear, the seed encrypted under a passphrase, or the place of a key in a PKCS#11
 * token. The verifier key stands in clear in all of them.
 */

const base64 = (bytes: number) =>
  z.base64().refine((text) => text.length === 4 * Math.ceil(bytes / 3) && fromBase64(text).length === bytes);
const Vkey = z.string().max(1000);

export const PlainKey = z.strictObject({
  vkey: Vkey,
  /** 32 bytes (RFC 8032's private key). */
  seed: base64(32),
});
export type PlainKey = z.infer<typeof PlainKey>;

/** A hostile file makes whoever reads it work for 256 MiB and about a second, not more. */
const MOST_BYTES = 256 * 1024 * 1024;

export const EncryptedKey = z.strictObject({
  vkey: Vkey,
  encrypted: z
    .strictObject({
      v: z.literal(1),
      kdf: z.literal('scrypt'),
      /** RFC 7914's N, r and p: 128 · N · r bytes of memory, p times over. */
      n: z.int().refine((n) => [14, 15, 16, 17, 18].includes(Math.log2(n))),
      r: z.int().min(8).max(16),
      p: z.int().min(1).max(4),
      salt: base64(16),
      /** Tells a wrong passphrase from a damaged file; derived beside the key, so that it says nothing of the key. */
      check: base64(8),
      cipher: z.literal('aes-256-gcm'),
      iv: base64(12),
      /** The seed encrypted, and the tag. */
      box: base64(48),
    })
    .refine(({ n, r }) => 128 * n * r <= MOST_BYTES),
});
export type EncryptedKey = z.infer<typeof EncryptedKey>;

const place = {
  /** The token's PKCS#11 library. */
  module: z.string().regex(/^\/./).max(4096),
  /** Label of the token. */
  token: z.string().min(1).max(32),
};
export const TokenKey = z.strictObject({
  vkey: Vkey,
  pkcs11: z.union([
    z.strictObject({ ...place, /** CKA_LABEL */ key: z.string().min(1).max(200) }),
    z.strictObject({ ...place, /** CKA_ID */ id: z.string().regex(/^([0-9a-f]{2}){1,64}$/) }),
  ]),
});
export type TokenKey = z.infer<typeof TokenKey>;

const StoredKey = z.union([PlainKey, EncryptedKey, TokenKey]);
export type StoredKey = z.infer<typeof StoredKey>;

export interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}
/** 128 MiB and about half a second: OWASP's first choice for scrypt. */
export const COST: ScryptCost = { n: 2 ** 17, r: 8, p: 1 };

/** What stands in the file is in no message and in no cause: it may be a seed. */
export const damaged = (path: string): Refusal =>
  new Refusal(500, 'key-unreadable', `${path} is no key file, or it is damaged.`, {
    remedy: 'Restore it from where keys are kept.',
  });

/**
 * Reads a key file in any of its forms. Nothing is decrypted, and no token is asked.
 * @throws Refusal 500 `key-unreadable`
 */
export function readStoredKey(path: string): StoredKey {
  let text: string;
  try {
    if (statSync(path).size > 10_000) throw damaged(path);
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal(500, 'key-unreadable', `The key file ${path} can't be read.`, {
      remedy: 'Restore it from where keys are kept.',
      cause,
    });
  }
  try {
    const key = StoredKey.parse(JSON.parse(text));
    parseVkey(nodeCrypto, key.vkey);
    return key;
  } catch {
    // Not JSON, or of no form: what exactly would repeat the content.
    throw damaged(path);
  }
}

const derive = (passphrase: string, salt: Uint8Array, { n, r, p }: ScryptCost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // One passphrase may be typed in two ways of Unicode.
    scrypt(passphrase.normalize('NFC'), salt, 40, { N: n, r, p, maxmem: 2 * MOST_BYTES }, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });

/** Everything but the box is bound to it: another vkey or another cost does not open. */
function boundTo(key: EncryptedKey): Uint8Array {
  const { box: _, ...rest } = key.encrypted;
  return concat(utf8('dostyk key file\n'), canonicalBytes({ vkey: key.vkey, ...rest }));
}

export async function encryptKey(
  key: PlainKey,
  passphrase: string,
  random: (length: number) => Uint8Array,
  cost: ScryptCost = COST,
): Promise<EncryptedKey> {
  const salt = random(16);
  const iv = random(12);
  const derived = await derive(passphrase, salt, cost);
  const { n, r, p } = cost;
  const open: EncryptedKey = {
    vkey: key.vkey,
    encrypted: {
      v: 1,
      kdf: 'scrypt',
      n,
      r,
      p,
      salt: toBase64(salt),
      check: toBase64(derived.subarray(32)),
      cipher: 'aes-256-gcm',
      iv: toBase64(iv),
      box: '',
    },
  };
  const cipher = createCipheriv('aes-256-gcm', derived.subarray(0, 32), iv);
  cipher.setAAD(boundTo(open));
  const box = concat(cipher.update(fromBase64(key.seed)), cipher.final(), cipher.getAuthTag());
  return { vkey: key.vkey, encrypted: { ...open.encrypted, box: toBase64(box) } };
}

/** One at a time: each takes 128 MiB, and a node has many keys. */
let deriving: Promise<unknown> = Promise.resolve();

/**
 * @param path named in refusals
 * @throws Refusal 500 `key-passphrase-wrong`, `key-unreadable` where the file was changed
 */
export async function decryptKey(key: EncryptedKey, passphrase: string, path: string): Promise<PlainKey> {
  const { encrypted } = key;
  const run = deriving.then(() => derive(passphrase, fromBase64(encrypted.salt), encrypted));
  deriving = run.catch(() => undefined);
  const derived = await run;
  if (!equal(derived.subarray(32), fromBase64(encrypted.check)))
    throw new Refusal(500, 'key-passphrase-wrong', `The passphrase does not open ${path}.`, {
      remedy: 'Give the passphrase that it was encrypted with.',
    });
  const box = fromBase64(encrypted.box);
  try {
    const cipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), fromBase64(encrypted.iv));
    cipher.setAAD(boundTo(key));
    cipher.setAuthTag(box.subarray(32));
    return { vkey: key.vkey, seed: toBase64(concat(cipher.update(box.subarray(0, 32)), cipher.final())) };
  } catch {
    throw damaged(path);
  }
}

const textOf = (key: StoredKey): string => `${JSON.stringify(key)}\n`;

/** Never overwrites: a key that is lost can't be made again. On the disk when this returns. */
export function writeNewKey(path: string, key: StoredKey): void {
  writeFileSync(path, textOf(key), { mode: 0o600, flag: 'wx', flush: true });
}

/**
 * Puts another form of the same key in the place of a file. The old form stays until the new one is on the disk and was read back.
 *
 * @param isGood opens what was written, and says whether it is the key
 * @throws Refusal 500 `key-unreadable` where it is not; the file is as it was
 */
export async function replaceKey(
  path: string,
  key: StoredKey,
  isGood: (written: StoredKey) => Promise<boolean>,
): Promise<void> {
  const target = realpathSync(path);
  const { uid, gid } = statSync(target);
  const making = `${target}.${process.pid}.new`;
  const file = openSync(making, 'wx', 0o600);
  try {
    writeFileSync(file, textOf(key));
    // Whoever runs the node goes on reading it, also where root wrote it.
    if (process.getuid?.() === 0) fchownSync(file, uid, gid);
    fsyncSync(file);
    if (!(await isGood(readStoredKey(making)))) throw damaged(making);
    renameSync(making, target);
  } finally {
    closeSync(file);
    rmSync(making, { force: true });
  }
  const folder = openSync(dirname(target), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
