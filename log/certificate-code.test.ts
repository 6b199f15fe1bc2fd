import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { fromBase45, toBase45 } from './base45.ts';
import { browserCrypto } from './browser-crypto.ts';
import {
  type CertificateCode,
  CODE_PREFIX,
  isCode,
  MAX_CODE_BYTES,
  makeCode,
  parseCode,
  verifyCode,
} from './certificate-code.ts';

/** Codes on paper: what fits, what is refused, and every change that someone may make to one. */

const pair = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const raw = (key: typeof pair.publicKey): Uint8Array =>
  Uint8Array.from(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'));
const signerOf = (key: typeof pair.privateKey, kid = 'demo.kz.dostyk/kz.chamber#0a1b2c3d') => ({
  kid,
  sign: async (bytes: Uint8Array) => Uint8Array.from(sign(null, bytes, key)),
});
const signer = signerOf(pair.privateKey);
const view = {
  documentKeys: (member: string, authority: string) =>
    member === 'KZ' && authority === 'kz.chamber' ? [{ kid: signer.kid, publicKey: raw(pair.publicKey) }] : [],
  hasMandate: (_: string, authority: string, mandate: string) =>
    authority === 'kz.chamber' && mandate === 'certify-origin',
};
const certificate: Omit<CertificateCode, 'numberHash'> & { number: string } = {
  member: 'KZ',
  authority: 'kz.chamber',
  commitment: 'ab'.repeat(32),
  kind: 'origin',
  number: 'DEMO-KZ-CO-1',
  validFrom: new Date('2026-06-01T00:00:00Z'),
  validUntil: new Date('2026-12-01T00:00:00Z'),
  statusIndex: 77_123,
  demo: true,
};
const now = new Date('2026-07-01T00:00:00Z');
const judge = (text: string, options: { now?: Date; allowDemo?: boolean } = {}) =>
  verifyCode(text, { crypto: nodeCrypto, view, now, allowDemo: true, ...options });

describe('base45', () => {
  test('of RFC 9285', () => {
    expect(toBase45(utf8('AB'))).toBe('BB8');
    expect(toBase45(utf8('Hello!!'))).toBe('%69 VD92EX0');
    expect(toBase45(utf8('base-45'))).toBe('UJCLQE7W581');
    expect(new TextDecoder().decode(fromBase45('QED8WEX0'))).toBe('ietf!');
  });
  test('goes there and back, and refuses what it would not write', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect([...fromBase45(toBase45(bytes))]).toEqual([...bytes]);
      }),
    );
    for (const text of ['A', 'GGW', '::', 'a00', 'AB€']) expect(() => fromBase45(text), text).toThrow(RangeError);
  });
});

describe('a code', () => {
  test('is read as it was made, on the server and in the browser alike', async () => {
    const text = await makeCode(nodeCrypto, certificate, signer);
    expect(isCode(text)).toBe(true);
    for (const crypto of [nodeCrypto, browserCrypto]) {
      const verdict = await verifyCode(text, { crypto, view, now, allowDemo: true });
      expect(verdict.answer).toBe('signed');
      expect(verdict.code).toMatchObject(certificate);
    }
  });

  test('has at most 300 bytes for every number that a certificate may have', async () => {
    const number = fc
      .array(fc.constantFrom(...'AZ09-/ЖҢӯ樱桃证'), { minLength: 1, maxLength: 60 })
      .map((letters) => letters.join(''));
    const authority = fc.constantFrom('kz.chamber', `kz.${'a'.repeat(61)}`);
    await fc.assert(
      fc.asyncProperty(number, authority, async (text, id) => {
        const code = await makeCode(nodeCrypto, { ...certificate, number: text, authority: id }, signer);
        const opened = parseCode(code);
        expect(fromBase45(code.slice(CODE_PREFIX.length)).length).toBeLessThanOrEqual(MAX_CODE_BYTES);
        expect(opened.number === text || opened.numberHash.length === 16).toBe(true);
      }),
    );
  });

  test('with any byte changed is altered, or names an authority that is not trusted; never signed', async () => {
    const text = await makeCode(nodeCrypto, certificate, signer);
    const bytes = fromBase45(text.slice(CODE_PREFIX.length));
    for (let i = 0; i < bytes.length; i++) {
      for (const bit of [1, 0x80]) {
        const changed = Uint8Array.from(bytes);
        changed[i] = (changed[i] ?? 0) ^ bit;
        const { answer } = await judge(CODE_PREFIX + toBase45(changed));
        expect(['altered', 'untrusted'], `byte ${i}`).toContain(answer);
      }
    }
    for (const end of [text.slice(0, -3), `${text}000`]) expect((await judge(end)).answer).toBe('altered');
  });

  test('by another key, authority, mandate or algorithm is not signed', async () => {
    expect((await judge(await makeCode(nodeCrypto, certificate, signerOf(other.privateKey)))).answer).toBe('altered');
    const foreign = signerOf(other.privateKey, 'demo.kz.dostyk/kz.chamber#ffffffff');
    expect((await judge(await makeCode(nodeCrypto, certificate, foreign))).answer).toBe('untrusted');
    for (const change of [{ authority: 'kz.customs' }, { member: 'UZ' }, { kind: 'phytosanitary' as const }])
      expect((await judge(await makeCode(nodeCrypto, { ...certificate, ...change }, signer))).answer).toBe('untrusted');
  });

  test('is not signed before and after its time, nor where a demonstration is not trusted', async () => {
    const text = await makeCode(nodeCrypto, certificate, signer);
    expect((await judge(text, { now: new Date('2026-05-31T23:59:59Z') })).answer).toBe('not-yet-valid');
    expect((await judge(text, { now: new Date('2026-12-01T00:00:01Z') })).answer).toBe('ended');
    expect((await judge(text, { allowDemo: false })).answer).toBe('untrusted');
  });

  test('that is none of ours is called so, whatever it is', async () => {
    for (const text of ['', 'https://example.org/', 'HC1:6BFOXN', 'dstk1:ABC', '{"format":"dostyk-evidence/v1"}'])
      expect((await judge(text)).answer).toBe('not-a-code');
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(['altered', 'not-a-code']).toContain((await judge(`${CODE_PREFIX}${text}`)).answer);
      }),
    );
  });
});
