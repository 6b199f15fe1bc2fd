import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { mismatch } from './attachment.ts';
import { isContainerNumber, isHsChapter } from './codes.ts';
import { DossierFiling } from './contract.ts';
import { checkDossier } from './dossier.ts';
import { testRegistry } from './fixture.ts';
import { readItemTable, readNumber } from './item-table.ts';
import { checkEvent, checkMovement, knownZones } from './movement.ts';
import { RequirementBody } from './record.ts';
import { applies, missingFor } from './requirement.ts';

describe('item tables', () => {
  const text = fc.string({ unit: fc.constantFrom(...'abc XYZ,;"\tшұқ樱桃'), minLength: 1, maxLength: 20 }).map(
    (value) =>
      value
        .replaceAll('\t', ' ')
        .trim()
        .replace(/^[=+@-]+/, '') || 'x',
  );
  const mass = fc
    .tuple(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 1, max: 99 }))
    .map(([whole, part]) => `${whole}.${String(part).padStart(2, '0')}`.replace(/0$/, ''));
  const row = fc.record({
    hs: fc.constantFrom('080929', '760110', '8541430000'),
    description: text,
    origin: fc.constantFrom('UZ', 'CN'),
    net: mass,
    count: fc.integer({ min: 1, max: 5000 }),
    value: mass,
  });
  const dialects = [
    { delimiter: ',', decimal: '.', bom: '' },
    { delimiter: ';', decimal: ',', bom: '\ufeff' },
    { delimiter: '\t', decimal: ',', bom: '' },
  ];

  test('what any spreadsheet writes reads back to the same items', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(...dialects),
        fc.boolean(),
        (rows, { delimiter, decimal, bom }, crlf) => {
          const quoted = (value: string): string =>
            /["\n]/.test(value) || value.includes(delimiter) ? `"${value.replaceAll('"', '""')}"` : value;
          const number = (value: string): string => quoted(value.replace('.', decimal));
          const header = ['HS', 'Наименование', 'Origin', 'Net', 'Брутто', 'Package', 'Packages', 'Value', 'Currency'];
          const lines = [
            header,
            ...rows.map((one) => [
              one.hs,
              quoted(one.description),
              one.origin,
              number(one.net),
              number(one.net),
              'CT',
              String(one.count),
              number(one.value),
              'USD',
            ]),
          ];
          const read = readItemTable(bom + lines.map((cells) => cells.join(delimiter)).join(crlf ? '\r\n' : '\n'));
          expect(read.findings).toEqual([]);
          expect(read.items.map(({ hs, netMass, packages }) => [hs, netMass, packages[0]?.count])).toEqual(
            rows.map(({ hs, net, count }) => [hs, net, count]),
          );
          expect(read.items.map(({ description }) => description)).toEqual(
            rows.map(({ description }) => description.replaceAll(/\s+/g, ' ')),
          );
          expect(read.values.map(({ value }) => value.amount)).toEqual(rows.map(({ value }) => value));
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each([
    ['1234', '1234'],
    ['1234,5', '1234.5'],
    ['1234.50', '1234.50'],
    ['1 234,50', '1234.50'],
    ['1\u00a0234.5', '1234.5'],
    ['1.234,50', '1234.50'],
    ['1,234.50', '1234.50'],
    ['1.234.567', '1234567'],
    ["1'234.5", '1234.5'],
    ['0,500', '0.500'],
    ['1234,567', '1234.567'],
    ['1,234', 'ambiguous'],
    ['12.345', 'ambiguous'],
    ['', undefined],
    ['-5', undefined],
    ['1,23,4', undefined],
    ['abc', undefined],
    ['1e5', undefined],
    ['1.234,567.8', undefined],
  ])('%s is %s', (given, read) => expect(readNumber(given)).toBe(read));

  test('whatever is given, it answers', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (csv) => Array.isArray(readItemTable(csv).findings)),
      { numRuns: 200 },
    );
    expect(readItemTable('hs,net\n').findings.map(({ code }) => code)).toContain('column-missing');
    expect(
      readItemTable(`hs;description;origin;net;gross;package;packages\n${'080929;x;UZ;1;1;CT;1\n'.repeat(2001)}`)
        .findings[0],
    ).toMatchObject({ code: 'table-too-long', row: 2002 });
    expect(readItemTable('hs;hs;description;origin;net;gross;package;packages\n').findings[0]).toMatchObject({
      code: 'column-repeated',
      column: 2,
    });
    expect(
      readItemTable('hs;description;origin;net;gross;package;packages\n80929;x;UZ;1;1;CT;1\n').findings[0],
    ).toMatchObject({ code: 'hs-digits', row: 2, column: 1 });
    expect(readItemTable('"unclosed').findings[0]?.code).toMatch(/table-unreadable|column-missing/);
  });
});

test('container numbers and chapters', () => {
  for (const good of ['CSQU3054383', 'MSKU6011672', 'TEXU3070079'])
    expect([good, isContainerNumber(good)]).toEqual([good, true]);
  for (const bad of ['CSQU3054384', 'CSQU305438', 'csqu3054383', 'CSQX3054383', ''])
    expect([bad, isContainerNumber(bad)]).toEqual([bad, false]);
  expect(
    Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')).filter((chapter) => !isHsChapter(chapter)),
  ).toEqual(['00', '77', '98', '99']);
});

describe('files are what they are declared to be', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  test.each([
    ['application/pdf', Buffer.from('%PDF-1.4\n'), undefined],
    ['image/png', png, undefined],
    ['image/jpeg', png, 'file-type-differs'],
    ['text/csv', Buffer.from('a;b\nш;樱\n'), undefined],
    ['text/csv', png, 'file-type-differs'],
    ['text/csv', Buffer.from('a\u0000b'), 'file-not-text'],
    ['application/json', Buffer.from('{"a":1}'), undefined],
    ['application/json', Buffer.from('"a"'), 'file-type-differs'],
    ['application/xml', Buffer.from('<?xml version="1.0"?><a/>'), undefined],
    ['application/xml', Buffer.from('<!DOCTYPE a><a/>'), 'xml-doctype'],
    ['application/pdf', Buffer.alloc(0), 'file-empty'],
  ] as const)('%s', async (type, bytes, code) => expect((await mismatch(bytes, type, true))?.code).toBe(code));
});

describe('a dossier', () => {
  const registry = testRegistry();
  test('whatever has the form of a filing is checked without an exception', () => {
    const text = fc.string({ minLength: 1, maxLength: 10 }).map((value) => value.replaceAll(/[^a-z]/g, 'x'));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('uz-yallama', 'kz-konysbayeva', 'aa-one', 'x'), { maxLength: 6 }),
        text,
        fc.constantFrom('0', '1', '99999.5'),
        (posts, name, grossMass) => {
          const given = filing({ posts, description: name, gross: grossMass });
          const parsed = DossierFiling.safeParse(given);
          if (parsed.success)
            expect(Array.isArray(checkDossier(parsed.data, { registry, member: 'UZ', asOf: '2026-06-11' }))).toBe(true);
        },
      ),
    );
  });
});

describe('movements and events', () => {
  const registry = testRegistry();
  const [post] = registry.members.flatMap(({ posts }) => posts);
  const movement = {
    posts: post === undefined ? [] : [post.id],
    leg: { mode: 'road' as const, from: { name: 'A', country: 'KZ' }, to: { name: 'B', country: 'KZ' } },
    means: { mode: 'road' as const, identification: 'P', country: 'KZ' },
    equipment: [],
    consignments: [],
  };
  test('what does not fit is found', () => {
    expect(checkMovement({ ...movement, posts: ['no-post'] }, registry)[0]?.code).toBe('post-unknown');
    expect(
      checkMovement({ ...movement, means: { ...movement.means, mode: 'rail' } }, registry).map(({ code }) => code),
    ).toContain('mode-differs');
    const twice = { dossier: '0190a1b2-0000-7000-8000-000000000000' };
    expect(checkMovement({ ...movement, consignments: [twice, twice] }, registry).map(({ code }) => code)).toContain(
      'consignment-repeated',
    );
    expect(
      checkMovement(
        { ...movement, leg: { ...movement.leg, departure: '2026-01-02T00:00:00Z', arrival: '2026-01-01T00:00:00Z' } },
        registry,
      ).map(({ code }) => code),
    ).toContain('times-out-of-order');
  });
  test('an event is in the past, in a zone that exists, and says what its kind needs', () => {
    const check = { movement, registry, now: new Date('2026-06-11T00:00:00Z'), zones: knownZones() };
    const event = {
      movement: twiceId,
      event: 'departed' as const,
      place: 'A',
      occurredAt: '2026-06-10T00:00:00Z',
      zone: 'Asia/Almaty',
      source: 'operator' as const,
    };
    expect(checkEvent(event, check)).toEqual([]);
    const codes = (change: object) => checkEvent({ ...event, ...change }, check).map(({ code }) => code);
    expect(codes({ occurredAt: '2026-06-11T00:11:00Z' })).toEqual(['event-from-future']);
    expect(codes({ occurredAt: '2026-06-11T00:09:00Z' })).toEqual([]);
    expect(codes({ zone: 'Asia/Nowhere' })).toEqual(['zone-unknown']);
    expect(codes({ event: 'arrived-at-post' })).toEqual(['post-missing']);
    expect(codes({ event: 'reloaded' })).toEqual(['reload-missing']);
    expect(codes({ event: 'seals-broken' })).toEqual(['seals-missing']);
    expect(codes({ event: 'temperature-read' })).toEqual(['temperature-missing']);
    expect(codes({ post: 'zz-elsewhere' })).toContain('post-not-on-way');
  });
  const twiceId = '0190a1b2-0000-7000-8000-000000000000';
});

describe('requirements', () => {
  const body = RequirementBody.parse({
    requirement: 'x.cherries',
    direction: 'import',
    goods: '0809',
    origins: ['UZ'],
    certificates: ['phytosanitary'],
    registrations: ['orchard'],
    treatments: ['cold-treatment'],
    documents: ['271'],
    source: { title: 't', address: 'a', read: '2026-01-01', confidence: 'secondary' },
    validFrom: '2026-01-01',
    validTo: '2026-12-31',
  });
  const goods = { items: [{ hs: '080929', origin: 'UZ' }] } as never;
  test('apply by direction, goods, origin and day, both ends included', () => {
    expect(applies(body, 'import', goods, '2026-01-01')).toBe(true);
    expect(applies(body, 'import', goods, '2026-12-31')).toBe(true);
    expect(applies(body, 'import', goods, '2027-01-01')).toBe(false);
    expect(applies(body, 'transit', goods, '2026-06-01')).toBe(false);
    expect(applies(body, 'import', { items: [{ hs: '080929', origin: 'TR' }] } as never, '2026-06-01')).toBe(false);
    expect(applies(body, 'import', { items: [{ hs: '081010', origin: 'UZ' }] } as never, '2026-06-01')).toBe(false);
  });
  test('name what is missing, and nothing else', () => {
    expect(
      missingFor([body], { goods, documents: [], certificates: new Set(), asOf: '2026-06-11' }).map(
        ({ kind, what }) => `${kind} ${what}`,
      ),
    ).toEqual(['certificate phytosanitary', 'document 271', 'registration orchard', 'treatment cold-treatment']);
    const sanitary = { registrations: [{ kind: 'orchard' }], treatments: [{ kind: 'cold-treatment' }] } as never;
    expect(
      missingFor([body], {
        goods,
        sanitary,
        documents: [{ code: '271' }] as never,
        certificates: new Set(['phytosanitary']),
        asOf: '2026-06-11',
      }),
    ).toEqual([]);
  });
});
