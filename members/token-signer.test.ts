import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ED25519, formatVkey, parseVkey, type Signer } from '../log/note.ts';
import { MODULE, named, PIN, softToken, type Token, untested } from '../test/softhsm.ts';
import { utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import type { TokenKey } from './key-file.ts';
import { openSigner } from './keyring.ts';
import { makeKey, writeKey } from './keys.ts';
import { Pkcs11 } from './pkcs11.ts';
import { publicKeyInToken } from './token-keys.ts';

/** Keys in a token: SoftHSM, a real PKCS#11 library with real sessions and PINs. */

const folder = mkdtempSync(join(tmpdir(), 'dostyk-token-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
function fileOf(stored: TokenKey): string {
  files++;
  const path = join(folder, `${files}.key`);
  writeFileSync(path, JSON.stringify(stored), { mode: 0o600 });
  return path;
}
const verifies = async ({ vkey, sign }: Signer, text: string) =>
  nodeCrypto.verifyEd25519(parseVkey(nodeCrypto, vkey).publicKey, utf8(text), await sign(utf8(text)));
const bound = (signer: Signer): Signer => ({ vkey: signer.vkey, sign: (bytes) => signer.sign(bytes) });

test('a library that is not there, or is none, is no outage without a name', async () => {
  const { vkey } = makeKey('demo.aa.dostyk/log', ED25519, nodeRandom);
  for (const module of ['/nowhere/lib.so', '/etc/hostname']) {
    const path = fileOf({ vkey, pkcs11: { module, token: 't', key: 'k' } });
    await expect(openSigner(path, { pin: async () => PIN, passphrase: async () => '' })).rejects.toMatchObject({
      status: 503,
      code: 'token-unavailable',
    });
  }
});

describe.skipIf(untested !== undefined)(named('SoftHSM'), () => {
  let token: Token;
  beforeAll(() => {
    token = softToken('dostyk-one');
  });
  afterAll(() => token.remove());
  const place = (key: string) => ({ module: MODULE, token: 'dostyk-one', key });
  async function made(key: string): Promise<TokenKey> {
    const publicKey = await publicKeyInToken(place(key), token.secrets, { make: true });
    return { vkey: formatVkey(nodeCrypto, 'demo.aa.dostyk/log', ED25519, publicKey), pkcs11: place(key) };
  }

  test('a key that was made in the token signs as its verifier key says, many at once', async () => {
    const stored = await made('signs');
    const signer = bound(await openSigner(fileOf(stored), token.secrets));
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => verifies(signer, `text ${i}`)));
    expect(all.every((one) => one)).toBe(true);
    expect(await verifies(signer, 'x'.repeat(100_000))).toBe(true);
    expect(await publicKeyInToken(place('signs'), token.secrets, { make: false })).toEqual(
      parseVkey(nodeCrypto, stored.vkey).publicKey,
    );
    await expect(publicKeyInToken(place('signs'), token.secrets, { make: true })).rejects.toMatchObject({
      code: 'token-key-exists',
    });
  });

  test('a key that was taken into the token signs as its file did', async () => {
    const path = join(folder, 'taken.key');
    const key = makeKey('demo.aa.dostyk/log', ED25519, nodeRandom);
    writeKey(path, key);
    token.take(path, 'taken');
    expect(readFileSync(path, 'utf8')).not.toContain(key.seed);
    expect(await verifies(bound(await openSigner(path, token.secrets)), 'text')).toBe(true);
  });

  test('another key than the file says, one that is not there, and one of two are refused', async () => {
    const stored = await made('mine');
    const foreign = { ...stored, pkcs11: place('signs') };
    await expect(openSigner(fileOf(foreign), token.secrets)).rejects.toMatchObject({ code: 'key-foreign' });
    const absent = { ...stored, pkcs11: place('nothing') };
    await expect(openSigner(fileOf(absent), token.secrets)).rejects.toMatchObject({ code: 'token-key-missing' });
    const by = (id: string): TokenKey => ({ ...stored, pkcs11: { module: MODULE, token: 'dostyk-one', id } });
    await expect(openSigner(fileOf(by('ffff')), token.secrets)).rejects.toMatchObject({ code: 'token-key-missing' });
    const path = join(folder, 'double.key');
    writeKey(path, makeKey('demo.aa.dostyk/log', ED25519, nodeRandom));
    token.take(path, 'mine');
    await expect(openSigner(fileOf(stored), token.secrets)).rejects.toMatchObject({
      code: 'token-key-missing',
      message: expect.stringContaining('more than one'),
    });
  });

  test('a session that was lost, and a library that was ended, are opened anew without anybody noticing', async () => {
    const signer = bound(await openSigner(fileOf(await made('lost')), token.secrets));
    const other = bound(await openSigner(fileOf(await made('lost-too')), token.secrets));
    const library = Pkcs11.load(MODULE);
    const found = await library.exclusive(() => library.findToken('dostyk-one'));
    await library.exclusive(() => library.closeAllSessions(found?.slot ?? -1n));
    expect(await verifies(signer, 'after the session')).toBe(true);
    await library.exclusive(() => library.restart());
    expect(await verifies(signer, 'after the library')).toBe(true);
    expect(await verifies(other, 'the other as well')).toBe(true);
    expect(await verifies(signer, 'and the first still')).toBe(true);
  });

  test('a token that is away is told of, and signs when it is back', async () => {
    const signer = bound(await openSigner(fileOf(await made('away')), token.secrets));
    const library = Pkcs11.load(MODULE);
    token.away();
    try {
      await library.exclusive(() => library.restart().catch(() => undefined));
      await expect(signer.sign(utf8('text'))).rejects.toMatchObject({ status: 503, code: 'token-unavailable' });
    } finally {
      token.back();
    }
    expect(await verifies(signer, 'back')).toBe(true);
  });

  test('a wrong PIN is tried once, and stands in no message', async () => {
    const stored = await made('pin');
    const library = Pkcs11.load(MODULE);
    // A process is logged in until its last session ends.
    await library.exclusive(() => library.restart());
    const wrong = { pin: async () => '999999', passphrase: async () => '' };
    const login = vi.spyOn(library, 'login');
    for (let i = 0; i < 3; i++) {
      const error = await openSigner(fileOf(stored), wrong).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'token-pin-wrong' });
      expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('999999');
    }
    expect(login).toHaveBeenCalledTimes(1);
    login.mockRestore();
    expect(await verifies(bound(await openSigner(fileOf(stored), token.secrets)), 'the right one')).toBe(true);
  });
});
