import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equal, fromUtf8, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { canonicalBytes, canonicalJson, parseCanonical } from './canonical.ts';
import { type Audience, checkEnvelope, type Envelope, isAddressedTo, openSealed, seal, uuidv7 } from './envelope.ts';
import { parseEvidence } from './evidence.ts';
import { decodeStatusList, emptyStatusList, encodeStatusList, setStatusBit, statusBit } from './status-list.ts';

const record = (change: Partial<Envelope> = {}): Envelope => ({
  v: 1,
  id: uuidv7(1_780_000_000_000, nodeRandom),
  log: 'demo.kz.dostyk/log',
  registry: 1,
  type: 'decision',
  issuer: { member: 'KZ', authority: 'kz.customs' },
  to: [{ member: 'KZ' }, { member: 'UZ' }],
  after: [],
  at: '2026-06-11T04:05:06.000Z',
  body: { dossier: 'x', text: 'шие, 樱桃, gilos' },
  ...change,
});
/** Its types describe a default export that Node does not give. */
const twin = canonicalize as unknown as (value: unknown) => string;
const tools = { crypto: nodeCrypto, random: nodeRandom };

describe('canonical JSON', () => {
  test('is what another implementation of RFC 8785 writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(canonicalJson(value)).toBe(twin(value));
      }),
      { numRuns: 300 },
    );
    expect(
      canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, 1: 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }),
    ).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}');
  });

  test('names are written alike however often, also more of them than are kept', () => {
    const value = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`${i % 7} "n\u0001${i}`, i]));
    const written = twin(value);
    for (let i = 0; i < 3; i++) expect(canonicalJson(value)).toBe(written);
    for (let i = 0; i < 2; i++) expect(() => canonicalJson({ a: 1, '\ud800': 2 })).toThrow(Refusal);
  });

  test('what is read is what was written, and nothing else is read', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const bytes = canonicalBytes(value);
        expect(canonicalJson(parseCanonical(bytes))).toBe(fromUtf8(bytes));
      }),
    );
    for (const text of [
      '{"b":1,"a":2}',
      '{"a":1,"a":1}',
      '{"a": 1}',
      '{"a":1.0}',
      '{"a":"\\u0041"}',
      '1e2',
      '',
      'nul',
      '{"a":"\\ud800"}',
      `${'['.repeat(50)}${']'.repeat(50)}`,
    ]) {
      expect(() => parseCanonical(utf8(text)), text).toThrow(Refusal);
    }
    expect(() => parseCanonical(Uint8Array.of(0xff))).toThrow(Refusal);
    expect(() => canonicalJson('\ud800')).toThrow(Refusal);
    expect(() => canonicalJson(Number.NaN)).toThrow(Refusal);
  });

  test('bytes from anywhere are refused or read, never worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          expect(equal(canonicalBytes(parseCanonical(bytes)), bytes)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('sealing', () => {
  test('commits to salt and bytes, and opens again', () => {
    const sealed = seal(record(), tools);
    expect(toHex(sealed.commitment)).toBe(toHex(nodeCrypto.sha256(Buffer.concat([sealed.salt, sealed.bytes]))));
    expect(openSealed(sealed.bytes, sealed.salt, nodeCrypto).record).toEqual(sealed.record);
    expect(toHex(seal(sealed.record, tools).commitment)).not.toBe(toHex(sealed.commitment));
  });

  test('names in `after` only what every addressee holds', () => {
    const known = 'a'.repeat(64);
    const with_ = (audience: Audience | undefined, to: Audience) => () =>
      seal(record({ after: [known], to }), { ...tools, audienceOf: () => audience });
    expect(with_([{ member: 'KZ' }, { member: 'UZ' }], [{ member: 'UZ' }])).not.toThrow();
    expect(with_('public', [{ member: 'TM' }])).not.toThrow();
    expect(with_(undefined, [{ member: 'UZ' }])).toThrow(expect.objectContaining({ code: 'after-unknown' }) as Error);
    for (const [audience, to] of [
      [[{ member: 'KZ' }], [{ member: 'UZ' }]],
      [[{ member: 'KZ' }], 'public'],
      [[{ member: 'UZ', authorities: ['uz.customs'] }], [{ member: 'UZ' }]],
      [[{ member: 'UZ', authorities: ['uz.customs'] }], [{ member: 'UZ', authorities: ['uz.customs', 'uz.chamber'] }]],
    ] as [Audience, Audience][]) {
      expect(with_(audience, to)).toThrow(expect.objectContaining({ code: 'after-not-addressed' }) as Error);
    }
    expect(
      with_([{ member: 'UZ', authorities: ['uz.customs'] }], [{ member: 'UZ', authorities: ['uz.customs'] }]),
    ).not.toThrow();
  });

  test.each([
    ['an unknown field', { ...record(), extra: 1 }],
    ['another version', { ...record(), v: 2 }],
    ['no audience', { ...record(), to: [] }],
    ['an impossible time', { ...record(), at: '2026-02-30T00:00:00Z' }],
    ['a local time', { ...record(), at: '2026-02-03T00:00:00+06:00' }],
    ['an unknown country', { ...record(), issuer: { member: 'XX' } }],
    ['an upper-case id', { ...record(), id: record().id.toUpperCase() }],
    ['a short commitment', { ...record(), after: ['ab'] }],
    ['an array', []],
    ['nothing', null],
  ])('%s is refused', (_, value) => {
    expect(() => checkEnvelope(value)).toThrow(expect.objectContaining({ code: 'envelope-invalid' }) as Error);
  });

  test('addressees are read by member and authority', () => {
    const to: Audience = [{ member: 'KZ', authorities: ['kz.customs'] }, { member: 'UZ' }];
    expect(isAddressedTo(to, 'KZ')).toBe(true);
    expect(isAddressedTo(to, 'KZ', 'kz.customs')).toBe(true);
    expect(isAddressedTo(to, 'KZ', 'kz.chamber')).toBe(false);
    expect(isAddressedTo(to, 'UZ', 'uz.chamber')).toBe(true);
    expect(isAddressedTo(to, 'TM')).toBe(false);
    expect(isAddressedTo('public', 'TM', 'tm.customs')).toBe(true);
  });

  test('UUIDs of version 7 order by time', () => {
    const [a, b] = [uuidv7(1_780_000_000_000, nodeRandom), uuidv7(1_780_000_000_001, nodeRandom)];
    expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(a < b).toBe(true);
  });
});

describe('status lists', () => {
  test('bits survive packing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 131_071 }), { maxLength: 200 }), (places) => {
        const list = emptyStatusList();
        for (const place of places) setStatusBit(list, place);
        const read = decodeStatusList(encodeStatusList(list), 131_072);
        expect(places.every((place) => statusBit(read, place))).toBe(true);
        expect(read.reduce((ones, byte) => ones + byte.toString(2).replaceAll('0', '').length, 0)).toBe(places.length);
      }),
      { numRuns: 20 },
    );
    const first = emptyStatusList();
    setStatusBit(first, 0);
    expect(first[0]).toBe(0x80);
  });

  test('a bomb, another length and another packing are refused', () => {
    const large = encodeStatusList(emptyStatusList(16_777_216));
    for (const [text, bits] of [
      [large, 131_072],
      [encodeStatusList(emptyStatusList()), 262_144],
      ['uAAAA', 131_072],
      ['zAAAA', 131_072],
      ['u', 131_072],
      [large, 8],
    ] as const) {
      expect(() => decodeStatusList(text, bits)).toThrow(
        expect.objectContaining({ code: 'status-list-invalid' }) as Error,
      );
    }
  });
});

test('evidence that is no evidence is refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(utf8)), (bytes) => {
      expect(() => parseEvidence(bytes)).toThrow(Refusal);
    }),
    { numRuns: 200 },
  );
});
