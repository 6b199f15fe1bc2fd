import { describe, expect, test } from 'vitest';
import { RequirementBody } from './record.ts';
import { applies, directionAt, missingFor } from './requirement.ts';

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
      missingFor([body], { documents: [], certificates: new Set(), asOf: '2026-06-11' }).map(
        ({ kind, what }) => `${kind} ${what}`,
      ),
    ).toEqual(['certificate phytosanitary', 'document 271', 'registration orchard', 'treatment cold-treatment']);
    const sanitary = { registrations: [{ kind: 'orchard' }], treatments: [{ kind: 'cold-treatment' }] } as never;
    expect(
      missingFor([body], {
        sanitary,
        documents: [{ code: '271' }] as never,
        certificates: new Set(['phytosanitary']),
        asOf: '2026-06-11',
      }),
    ).toEqual([]);
  });
  test('an expired paper is no paper, and is one on its last day', () => {
    const missing = (asOf: string) =>
      missingFor([RequirementBody.parse({ ...body, certificates: [], registrations: [], treatments: [] })], {
        documents: [{ code: '271', expires: '2026-06-10' }] as never,
        certificates: new Set(),
        asOf,
      }).map(({ what }) => what);
    expect(missing('2026-06-10')).toEqual([]);
    expect(missing('2026-06-11')).toEqual(['271']);
  });
  test("the direction follows from the member's place on the route", () => {
    const place = (country: string) => ({ name: 'x', country });
    const route = { origin: place('UZ'), destination: place('CN'), posts: [] };
    expect(['UZ', 'KZ', 'CN'].map((member) => directionAt(member, route))).toEqual(['export', 'transit', 'import']);
  });
});
