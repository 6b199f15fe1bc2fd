import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogCrypto } from '../log/crypto.ts';
import { parseVkey, signNote } from '../log/note.ts';
import { makeDemo } from '../members/genesis.ts';
import { readKey, signerOf } from '../members/keys.ts';
import {
  openRegistry,
  parseDocument,
  type Registry,
  type RegistryDocument,
  registryText,
} from '../members/registry.ts';
import { fuzz, INPUTS, seeded } from '../test/fuzz.ts';
import { fromBase64, toBase64, toBase64Url, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { parsePull, parsePullAnswer } from './pull-answer.ts';
import { checkToken, makeToken } from './token.ts';

/** Hostile inputs for each parser of what comes from other nodes, 100,000 for tokens and answers, 10,000 for the registry: see `log/fuzz.test.ts`. */

const refusal = (error: unknown): boolean => error instanceof Refusal;
const trusting: LogCrypto = { sha256: nodeCrypto.sha256, verifyEd25519: () => true };
const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-fuzz-')), 'demo');
const NOW = new Date('2026-06-11T00:00:00Z');
const [KZ, UZ] = ['demo.kz.dostyk/log', 'demo.uz.dostyk/log'];
let registry: Registry;
let small: RegistryDocument;

beforeAll(async () => {
  const genesis = await makeDemo({ directory, basePort: 7000, random: nodeRandom, now: NOW });
  const read = (name: string) => readFileSync(join(directory, 'registry', name), 'utf8');
  registry = await openRegistry(nodeCrypto, [{ note: read('000001.note'), json: read('000001.json') }], genesis);
  // Two members with an authority and a post each: the same form, and read a hundred thousand times.
  const document = JSON.parse(read('000001.json')) as RegistryDocument;
  const members = document.members.slice(0, 2).map((member) => {
    const posts = member.posts.slice(0, 1);
    return {
      ...member,
      posts,
      authorities: member.authorities.filter(({ id }) => posts.some(({ authority }) => authority === id)),
    };
  });
  small = { ...document, quorum: 1, members };
});
afterAll(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

const bytesOf = (input: string | Uint8Array): Uint8Array => (typeof input === 'string' ? utf8(input) : input);
const textOf = (input: string | Uint8Array): string =>
  typeof input === 'string' ? input : Buffer.from(input).toString('utf8');
const reached = ({ accepted, refused }: { accepted: number; refused: number }): void => {
  const some = (accepted + refused) / 200;
  expect(accepted).toBeGreaterThan(some);
  expect(refused).toBeGreaterThan(some);
};
const keyFile = (member: string) => readKey(join(directory, 'members', member, 'keys', 'node.key'));
function joseKey(member: string) {
  const { vkey, seed } = keyFile(member);
  const x = toBase64Url(parseVkey(nodeCrypto, vkey).publicKey);
  return importJWK({ kty: 'OKP', crv: 'Ed25519', x, d: toBase64Url(fromBase64(seed)) }, 'EdDSA');
}

test('tokens between nodes', async () => {
  const use = async () => true;
  const check = async (header: string) => void (await checkToken(header, { registry, origin: UZ, now: NOW, use }));
  const claims = { iss: KZ, aud: UZ, jti: 'j', iat: NOW.getTime() / 1000, exp: NOW.getTime() / 1000 + 30 };
  const header = { alg: 'EdDSA', typ: 'dostyk-node+jwt' };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const texts = [
    `Bearer ${await makeToken(signerOf(keyFile('kz')), KZ, UZ, NOW, nodeRandom)}`,
    `Bearer ${await new SignJWT(claims).setProtectedHeader(header).sign(await joseKey('uz'))}`,
    `Bearer ${part({ ...header, alg: 'none' })}.${part(claims)}.`,
    `Bearer ${part({ ...header, crit: ['b64'], b64: false })}.${part({ ...claims, iss: '\ud800' })}.AAAA`,
  ];
  reached(await fuzz('token', { texts }, check, refusal));
});

test('claims and headers of tokens', async () => {
  const use = async () => true;
  const seconds = NOW.getTime() / 1000;
  const header = Buffer.from('{"alg":"EdDSA","typ":"dostyk-node+jwt"}').toString('base64url');
  const check = async (input: string | Uint8Array, seed: number) => {
    const hostile = Buffer.from(bytesOf(input)).toString('base64url');
    const token =
      seeded(seed)() < 0.5 ? `${header}.${hostile}.${'A'.repeat(86)}` : `${hostile}.${header}.${'A'.repeat(86)}`;
    await checkToken(`Bearer ${token}`, { registry, origin: UZ, now: NOW, use });
  };
  const json = [
    { iss: KZ, aud: UZ, jti: 'j', iat: seconds, exp: seconds + 30 },
    { alg: 'EdDSA', typ: 'dostyk-node+jwt' },
  ].map((one) => JSON.stringify(one));
  const { accepted } = await fuzz('token, inside', { json }, check, refusal, { count: INPUTS / 5 });
  // No signature fits.
  expect(accepted).toBe(0);
});

test('answers to a pull, and its questions', async () => {
  const record = { index: 5, bytes: toBase64(utf8('{}')), salt: toBase64(new Uint8Array(16)) };
  const json = [
    { records: [record, { ...record, index: 6 }], next: 10 },
    { records: [], next: 20 },
  ].map((one) => JSON.stringify(one));
  const parse = (input: string | Uint8Array) => void parsePullAnswer(bytesOf(input), 5n, 20n);
  reached(await fuzz('pull answer', { json }, parse, refusal));
  const question = (text: string) => {
    const [from = '', below = '', limit = ''] = text.split('/');
    void parsePull({ from, below, limit });
  };
  reached(await fuzz('pull question', { texts: ['0/100/10', '5/6/1'] }, question, refusal));
});

test('versions of the registry', async () => {
  const json = JSON.stringify(small);
  const signer = (member: string) =>
    signerOf(readKey(join(directory, 'members', member.toLowerCase(), 'keys', 'member.key')));
  const note = await signNote(
    nodeCrypto,
    registryText(nodeCrypto, 1, json),
    small.members.map(({ code }) => signer(code)),
  );
  const lines = note.slice(note.indexOf('\n\n'));
  const parse = async (input: string | Uint8Array, seed: number) => {
    const text = textOf(input);
    if (seed % 2 === 0) return void parseDocument(text);
    // The note fits whatever the JSON says, and every signature fits: what lies behind both is reached.
    const fitting = registryText(trusting, 1, text).slice(0, -1) + lines;
    await openRegistry(trusting, [{ note: fitting, json: text }], toHex(nodeCrypto.sha256(utf8(fitting))));
  };
  reached(await fuzz('registry', { json: [json] }, parse, refusal, { count: INPUTS / 10 }));
  const read = async (text: string) =>
    void (await openRegistry(trusting, [{ note: text, json }], toHex(nodeCrypto.sha256(utf8(text)))));
  reached(await fuzz('registry note', { texts: [note] }, read, refusal, { count: INPUTS / 50 }));
});
