import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseVkey } from '../log/note.ts';
import { makeDemo } from '../members/genesis.ts';
import { readKey, signerOf } from '../members/keys.ts';
import { openRegistry, Registry } from '../members/registry.ts';
import { fromBase64, toBase64Url } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { checkToken, makeToken } from './token.ts';

const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-token-')), 'demo');
const NOW = new Date('2026-06-11T00:00:00Z');
let registry: Registry;
beforeAll(async () => {
  const genesis = await makeDemo({ directory, basePort: 7000, random: nodeRandom, now: NOW });
  const read = (name: string) => readFileSync(join(directory, 'registry', name), 'utf8');
  registry = await openRegistry(nodeCrypto, [{ note: read('000001.note'), json: read('000001.json') }], genesis);
});
afterAll(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

const keyFile = (member: string) => readKey(join(directory, 'members', member, 'keys', 'node.key'));
const key = (member: string) => signerOf(keyFile(member));
/** As jose takes it: a library apart from ours makes the tokens that are wrong. */
function joseKey(member: string) {
  const { vkey, seed } = keyFile(member);
  const x = toBase64Url(parseVkey(nodeCrypto, vkey).publicKey);
  return importJWK({ kty: 'OKP', crv: 'Ed25519', x, d: toBase64Url(fromBase64(seed)) }, 'EdDSA');
}
const [KZ, UZ] = ['demo.kz.dostyk/log', 'demo.uz.dostyk/log'];
const check = (header: string | undefined, now = NOW, use = async () => true) =>
  checkToken(header, { registry, origin: UZ, now, use });
const claims = async (
  change: (jwt: SignJWT) => SignJWT,
  typ = 'dostyk-node+jwt',
  seconds = NOW.getTime() / 1000,
): Promise<string> =>
  change(
    new SignJWT({})
      .setProtectedHeader({ alg: 'EdDSA', typ })
      .setIssuer(KZ)
      .setAudience(UZ)
      .setJti('j')
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 30),
  ).sign(await joseKey('kz'));

test('a token names its member, once', async () => {
  const token = await makeToken(key('kz'), KZ, UZ, NOW, nodeRandom);
  const seen = new Set<string>();
  const use = async (issuer: string, jti: string): Promise<boolean> => seen.size !== seen.add(`${issuer} ${jti}`).size;
  const once = (issuer: string, jti: string) => use(issuer, jti);
  expect(await checkToken(`Bearer ${token}`, { registry, origin: UZ, now: NOW, use: once })).toBe('KZ');
  await expect(checkToken(`Bearer ${token}`, { registry, origin: UZ, now: NOW, use: once })).rejects.toMatchObject({
    code: 'node-token-replayed',
  });
});

test('a key that was cut off speaks for no node, wherever it stands in the list', async () => {
  const token = `Bearer ${await makeToken(key('kz'), KZ, UZ, NOW, nodeRandom)}`;
  const [old, other] = [keyFile('kz').vkey, keyFile('tm').vkey];
  const withKeys = (keys: { vkey: string; from: number; until?: number }[]) => {
    const document = structuredClone(registry.document);
    for (const member of document.members) if (member.code === 'KZ') member.node.keys = keys;
    const changed = new Registry(document, registry.genesis, registry.versions);
    return checkToken(token, { registry: changed, origin: UZ, now: NOW, use: async () => true });
  };
  const cut = { vkey: old, from: 0, until: 9 };
  for (const keys of [[cut], [cut, { vkey: other, from: 9 }], [{ vkey: other, from: 9 }, cut]])
    await expect(withKeys(keys)).rejects.toMatchObject({ code: 'node-token-invalid' });
  // The one that holds may stand before it.
  expect(
    await withKeys([
      { vkey: old, from: 9 },
      { ...cut, vkey: other },
    ]),
  ).toBe('KZ');
});

test.each<[string, (jwt: SignJWT) => SignJWT]>([
  ['good for longer than a minute', (jwt) => jwt.setExpirationTime(NOW.getTime() / 1000 + 61)],
  [
    'from the future',
    (jwt) => jwt.setIssuedAt(NOW.getTime() / 1000 + 120).setExpirationTime(NOW.getTime() / 1000 + 150),
  ],
  ['for another node', (jwt) => jwt.setAudience('demo.tm.dostyk/log')],
  ['of another issuer', (jwt) => jwt.setIssuer('demo.tm.dostyk/log')],
  ['of nobody', (jwt) => jwt.setIssuer('demo.zz.dostyk/log')],
  ['with an endless id', (jwt) => jwt.setJti('x'.repeat(101))],
])('a token %s is invalid', async (_, change) => {
  await expect(check(`Bearer ${await claims(change)}`)).rejects.toMatchObject({
    status: 401,
    code: 'node-token-invalid',
  });
});

test('a token of another type is invalid', async () => {
  await expect(check(`Bearer ${await claims((jwt) => jwt, 'at+jwt')}`)).rejects.toMatchObject({
    code: 'node-token-invalid',
  });
});

test('after its time a token has expired', async () => {
  const token = await claims((jwt) => jwt);
  expect(await check(`Bearer ${token}`, new Date(NOW.getTime() + 30_000))).toBe('KZ');
  await expect(check(`Bearer ${token}`, new Date(NOW.getTime() + 36_000))).rejects.toMatchObject({
    code: 'node-token-expired',
  });
});

test('whatever stands in the header is refused, never worse', async () => {
  const part = fc.oneof(
    fc.base64String({ maxLength: 40 }),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
    fc.constant(''),
  );
  const header = fc.oneof(
    fc.string(),
    fc.tuple(part, part, part).map((parts) => `Bearer ${parts.join('.')}`),
  );
  await fc.assert(
    fc.asyncProperty(header, async (text) => {
      const error = await check(text).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Refusal);
      expect((error as Refusal).status).toBe(401);
    }),
    { numRuns: 200 },
  );
  await expect(check(undefined)).rejects.toMatchObject({ code: 'node-token-missing' });
});
