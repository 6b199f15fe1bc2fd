import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ED25519, formatVkey, parseVkey } from '../log/note.ts';
import { fromBase64, toBase64, utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { decryptKey, type EncryptedKey, encryptKey, readStoredKey, replaceKey } from './key-file.ts';
import { secretsOf } from './key-secrets.ts';
import { openSigner } from './keyring.ts';
import { makeKey, readKey, writeKey } from './keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'dostyk-key-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const LITTLE = { n: 2 ** 14, r: 8, p: 1 };
const PASSPHRASE = 'дружбой 友谊 passphrase';
const key = makeKey('demo.aa.dostyk/log', ED25519, nodeRandom);
let files = 0;
function fileOf(content: unknown): string {
  files++;
  const path = join(folder, `${files}.key`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  return path;
}
const secrets = (passphrase = PASSPHRASE) => ({ passphrase: async () => passphrase, pin: async () => '' });
const encrypted = await encryptKey(key, PASSPHRASE, nodeRandom, LITTLE);
const refusalOf = async (path: string, passphrase?: string): Promise<Refusal> => {
  const error = await openSigner(path, secrets(passphrase)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refusal);
  return error as Refusal;
};
/** All that may reach a log of an error. */
const said = (error: Error): string =>
  `${error.stack}${JSON.stringify(error)}${(error.cause as Error | undefined)?.stack}`;

describe('an encrypted key', () => {
  test('signs as the one in clear, and its file holds no seed', async () => {
    const path = fileOf(encrypted);
    expect(readFileSync(path, 'utf8')).not.toContain(key.seed);
    expect(readStoredKey(path).vkey).toBe(key.vkey);
    const signer = await openSigner(path, secrets());
    const text = utf8('text');
    const { publicKey } = parseVkey(nodeCrypto, key.vkey);
    expect(nodeCrypto.verifyEd25519(publicKey, text, await signer.sign(text))).toBe(true);
    // The same passphrase as another keyboard sends it.
    await openSigner(path, secrets(PASSPHRASE.normalize('NFD')));
    const again = await encryptKey(key, PASSPHRASE, nodeRandom, LITTLE);
    expect(again.encrypted.salt).not.toBe(encrypted.encrypted.salt);
    expect(again.encrypted.box).not.toBe(encrypted.encrypted.box);
  });

  test('another passphrase is told apart from a damaged file', async () => {
    const path = fileOf(encrypted);
    const wrong = await refusalOf(path, 'not the passphrase');
    expect(wrong).toMatchObject({ status: 500, code: 'key-passphrase-wrong' });
    expect(said(wrong)).not.toContain('not the passphrase');
    const box = fromBase64(encrypted.encrypted.box);
    box[5] = (box[5] ?? 0) ^ 1;
    const changed = { ...encrypted, encrypted: { ...encrypted.encrypted, box: toBase64(box) } };
    expect((await refusalOf(fileOf(changed))).code).toBe('key-unreadable');
  });

  test('what stands in clear beside it is bound to it', async () => {
    // Another name for the same key: the seed would fit.
    const other = formatVkey(nodeCrypto, 'demo.bb.dostyk/log', ED25519, parseVkey(nodeCrypto, key.vkey).publicKey);
    expect((await refusalOf(fileOf({ ...encrypted, vkey: other }))).code).toBe('key-unreadable');
    const iv = toBase64(nodeRandom(12));
    const changed = { ...encrypted, encrypted: { ...encrypted.encrypted, iv } };
    expect((await refusalOf(fileOf(changed))).code).toBe('key-unreadable');
  });

  test('a seed that is not the one of its verifier key is refused in every form', async () => {
    const foreign = { vkey: key.vkey, seed: makeKey('a', ED25519, nodeRandom).seed };
    expect((await refusalOf(fileOf(foreign))).code).toBe('key-unreadable');
    expect((await refusalOf(fileOf(await encryptKey(foreign, PASSPHRASE, nodeRandom, LITTLE)))).code).toBe(
      'key-unreadable',
    );
  });
});

type Change = (encrypted: EncryptedKey['encrypted']) => unknown;
test.each<[string, Change]>([
  ['memory without end', (one) => ({ ...one, n: 2 ** 30 })],
  ['more memory than is allowed', (one) => ({ ...one, n: 2 ** 18, r: 16 })],
  ['time without end', (one) => ({ ...one, p: 1_000_000 })],
  ['blocks without end', (one) => ({ ...one, r: 1_000_000 })],
  ['no power of two', (one) => ({ ...one, n: 2 ** 14 + 1 })],
  ['hardly any work', (one) => ({ ...one, n: 2 })],
  ['another version', (one) => ({ ...one, v: 2 })],
  ['another cipher', (one) => ({ ...one, cipher: 'none' })],
  ['a box too short for its tag', (one) => ({ ...one, box: toBase64(nodeRandom(40)) })],
  ['something more', (one) => ({ ...one, more: 1 })],
])('a file that asks for %s is refused before any work', (_, change) => {
  const path = fileOf({ ...encrypted, encrypted: change(encrypted.encrypted) });
  expect(() => readStoredKey(path)).toThrow(expect.objectContaining({ code: 'key-unreadable' }) as Error);
});

test('whatever stands in a key file is refused, never worse, and never repeated', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json(), fc.constant(`{"seed":"${key.seed}"`)), async (text) => {
      const error = await refusalOf(fileOf(text));
      expect(error.code).toBe('key-unreadable');
      expect(said(error)).not.toContain(key.seed);
    }),
    { numRuns: 100 },
  );
  expect((await refusalOf(fileOf('x'.repeat(20_000)))).code).toBe('key-unreadable');
  expect((await refusalOf(folder)).code).toBe('key-unreadable');
});

describe('a file that is replaced', () => {
  test('is whole, for its owner alone, also behind a link', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    const path = join(inner, 'log.key');
    writeKey(path, key);
    chmodSync(path, 0o644);
    symlinkSync(path, join(inner, 'link.key'));
    await replaceKey(join(inner, 'link.key'), encrypted, async () => true);
    expect(readStoredKey(path)).toEqual(encrypted);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(inner).sort()).toEqual(['link.key', 'log.key']);
  });

  test('is as it was where what was written does not open', async () => {
    const inner = join(folder, 'kept');
    mkdirSync(inner);
    const path = join(inner, 'log.key');
    writeKey(path, key);
    const bad = await encryptKey(key, 'another one', nodeRandom, LITTLE);
    const opens = async (written: unknown) =>
      (await decryptKey(written as EncryptedKey, PASSPHRASE, path)).seed === key.seed;
    await expect(replaceKey(path, bad, opens)).rejects.toMatchObject({ code: 'key-passphrase-wrong' });
    await expect(replaceKey(path, bad, async () => false)).rejects.toMatchObject({ code: 'key-unreadable' });
    expect(readKey(path)).toEqual(key);
    expect(readdirSync(inner)).toEqual(['log.key']);
  });
});

describe('where secrets come from', () => {
  const credentials = join(folder, 'credentials');
  mkdirSync(credentials);
  const put = (name: string, text: string): string => {
    writeFileSync(join(credentials, name), text);
    return join(credentials, name);
  };
  const missing = expect.objectContaining({ code: 'key-passphrase-missing' });

  test('a file that a setting names, else a credential of the service, else a person', async () => {
    const named = put('named', 'from the setting\n');
    const environment = { CREDENTIALS_DIRECTORY: credentials };
    const asked = secretsOf(environment, async (question) => `asked: ${question}`);
    expect(await asked.passphrase('log.key')).toBe('asked: Passphrase of log.key: ');
    expect(await asked.pin('one')).toBe('asked: PIN of the token one: ');
    put('dostyk-keys', 'from the credential');
    put('dostyk-pin', '1234\n');
    expect(await asked.passphrase('log.key')).toBe('from the credential');
    expect(await asked.pin('one')).toBe('1234');
    const setting = secretsOf({ ...environment, DOSTYK_KEY_PASSPHRASE_FILE: named, DOSTYK_KEY_PIN_FILE: named });
    expect(await setting.passphrase('log.key')).toBe('from the setting');
    expect(await setting.pin('one')).toBe('from the setting');
  });

  test('none is a refusal, and so is one that is unreadable, empty or of two lines', async () => {
    await expect(secretsOf({}).passphrase('log.key')).rejects.toEqual(missing);
    await expect(secretsOf({ CREDENTIALS_DIRECTORY: join(folder, 'none') }).pin('one')).rejects.toEqual(missing);
    for (const text of ['', '\n', '!!secret\ntwo\n', 'x'.repeat(1025)]) {
      const error = await secretsOf({ DOSTYK_KEY_PASSPHRASE_FILE: put('bad', text) })
        .passphrase('log.key')
        .catch((thrown: unknown) => thrown);
      expect(error).toEqual(missing);
      if (text.trim() !== '') expect(said(error as Error)).not.toContain(text.slice(0, 3));
    }
    const absent = { DOSTYK_KEY_PASSPHRASE_FILE: join(folder, 'absent') };
    await expect(secretsOf(absent, async () => 'asked').passphrase('log.key')).rejects.toEqual(missing);
  });
});
