import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DossierFiling } from './contract.ts';
import { checkDossier } from './dossier.ts';
import { demoRegistry, validFiling, ways } from './filing-fixture.ts';

const registry = demoRegistry();
const AS_OF = '2026-06-11';
const check = (filing: DossierFiling, member = 'UZ') => checkDossier(filing, { registry, member, asOf: AS_OF });

/** Everything there, everything writable. */
type Plain<T> = T extends string ? string : T extends object ? { [K in keyof T]-?: Plain<NonNullable<T[K]>> } : T;
type Draft = Plain<DossierFiling>;
type Sections = Draft['sections'];

/** One thing wrong each: what is changed, and the finding that must say so. */
const wrongs: readonly [string, (sections: Sections, filing: Draft) => void, string][] = [
  ['a chapter that is not', ({ goods }) => (goods.items[1]!.hs = '770100'), '/sections/goods/items/1/hs hs-impossible'],
  ['a national chapter', ({ goods }) => (goods.items[0]!.hs = '99010000'), '/sections/goods/items/0/hs hs-impossible'],
  ['no net mass', ({ goods }) => (goods.items[0]!.netMass = '0'), '/sections/goods/items/0/netMass mass-not-positive'],
  [
    'net above gross',
    ({ goods }) => (goods.items[1]!.netMass = '1000.000001'),
    '/sections/goods/items/1/netMass net-exceeds-gross',
  ],
  [
    'items above the whole',
    ({ goods }) => (goods.grossMass = '20000.499999'),
    '/sections/goods/grossMass items-exceed-gross',
  ],
  [
    'an item twice',
    ({ goods, commercial }) => {
      goods.items[1]!.number = 1;
      commercial.values.pop();
    },
    '/sections/goods/items/1/number item-repeated',
  ],
  [
    'a package that is not',
    ({ goods }) => (goods.items[0]!.packages[0]!.code = 'QZ'),
    '/sections/goods/items/0/packages/0/code package-code-unknown',
  ],
  [
    'a value for nothing',
    ({ commercial }) => commercial.values.push({ item: 9, value: { amount: '1', currency: 'USD' } }),
    '/sections/commercial/values/2/item item-unknown',
  ],
  [
    'valued twice',
    ({ commercial }) => commercial.values.push(commercial.values[0]!),
    '/sections/commercial/values/2/item item-repeated',
  ],
  ['not valued', ({ commercial }) => commercial.values.pop(), '/sections/commercial/values value-missing'],
  [
    'another currency',
    ({ commercial }) => (commercial.values[1]!.value.currency = 'EUR'),
    '/sections/commercial/values/1/value/currency currency-differs',
  ],
  [
    'no currency',
    ({ commercial }) => {
      commercial.currency = 'XXX';
      for (const { value } of commercial.values) value.currency = 'XXX';
    },
    '/sections/commercial/currency currency-unknown',
  ],
  [
    'a paper of the day after tomorrow',
    ({ commercial }) => (commercial.documents[0]!.issued = '2026-06-13'),
    '/sections/commercial/documents/0/issued document-from-future',
  ],
  [
    'a paper that ended before it began',
    ({ commercial }) => (commercial.documents[0]!.expires = '2026-05-31'),
    '/sections/commercial/documents/0/expires dates-out-of-order',
  ],
  [
    'legs with a hole',
    ({ transport }) => (transport.legs[1]!.from.name = 'Elsewhere'),
    '/sections/transport/legs/1/from legs-not-joined',
  ],
  [
    'arrival before departure',
    ({ transport }) => (transport.legs[0]!.arrival = '2026-06-11T03:59:59Z'),
    '/sections/transport/legs/0/arrival times-out-of-order',
  ],
  [
    'gone before it came',
    ({ transport }) => (transport.legs[1]!.departure = '2026-06-11T08:00:00Z'),
    '/sections/transport/legs/1/departure times-out-of-order',
  ],
  [
    'by rail over a road post',
    ({ transport }) => (transport.legs[1]!.mode = 'rail'),
    '/sections/transport/legs/1/mode mode-differs',
  ],
  [
    'a leg from elsewhere',
    ({ transport }) => (transport.legs[0]!.from.country = 'TJ'),
    '/sections/transport/legs/0/from leg-off-route',
  ],
  [
    'colder than the coldest',
    ({ transport }) => (transport.temperature!.minimum = 5),
    '/sections/transport/temperature temperature-reversed',
  ],
  [
    'a wrong check digit',
    ({ transport }) => (transport.equipment[0]!.identification = 'CSQU3054384'),
    '/sections/transport/equipment/0/identification container-number-wrong',
  ],
  [
    'a seal twice',
    ({ transport }) => transport.equipment[1]!.seals.push('S1'),
    '/sections/transport/equipment/1/seals/1 seal-repeated',
  ],
  [
    'a trailer twice',
    ({ transport }) => transport.equipment.push({ ...transport.equipment[1]!, seals: [] }),
    '/sections/transport/equipment/2/identification equipment-repeated',
  ],
  [
    'treated backwards',
    ({ sanitary }) => (sanitary.treatments[0]!.ended = '2026-05-31T23:00:00Z'),
    '/sections/sanitary/treatments/0/ended times-out-of-order',
  ],
  ['an unknown post', (_, { route }) => (route.posts[1] = 'kz-nowhere'), '/route/posts/1 post-unknown'],
  [
    'a post of another crossing',
    (_, { route }) => (route.posts[3] = 'cn-torugart'),
    '/route/posts/3 posts-not-opposite',
  ],
  [
    'a reader off the route',
    (_, filing) =>
      (filing.audiences = { sanitary: [{ member: 'TM', authorities: ['tm.customs'] }] } as Draft['audiences']),
    '/audiences/sanitary/0/member audience-off-route',
  ],
];
const made = (...changes: readonly (typeof wrongs)[number][1][]): DossierFiling => {
  const filing = structuredClone(validFiling()) as Draft;
  for (const change of changes) change(filing.sections, filing);
  return filing as DossierFiling;
};
const codes = (filing: DossierFiling): string[] => check(filing).map(({ path, code }) => `${path} ${code}`);

describe('a dossier in order', () => {
  test('has no findings, whatever way it goes and whoever files it', () => {
    fc.assert(
      fc.property(ways(registry), fc.constantFrom(...registry.members.map(({ code }) => code)), (way, filer) => {
        expect(check(validFiling(way), filer)).toEqual([]);
      }),
    );
  });
  test('may leave out every section but goods and transport', () => {
    const { goods, transport } = validFiling().sections;
    expect(check({ ...validFiling(), sections: { goods, transport } })).toEqual([]);
  });
  test('may bear the date of tomorrow, where it is tomorrow already', () => {
    const dated = made(({ commercial }) => (commercial.documents[0]!.issued = '2026-06-12'));
    expect(check(dated)).toEqual([]);
  });
  test('sums exactly: no mass is too long to be added', () => {
    const long = (extra: string) =>
      made(({ goods }) => {
        goods.items[0]!.grossMass = '900000000000000';
        goods.items[1]!.grossMass = '1000.000001';
        goods.grossMass = `900000000001000.00000${extra}`;
      });
    expect(check(long('1'))).toEqual([]);
    expect(codes(long('0'))).toEqual(['/sections/goods/grossMass items-exceed-gross']);
  });
});

test('a status is claimed, or recognised under a number', () => {
  const status = (state: string, number?: string) =>
    codes(
      made(({ goods }) => {
        goods.greenChannel = {
          state,
          programme: 'Green channel',
          ...(number && { number }),
        } as typeof goods.greenChannel;
      }),
    );
  expect(status('claimed')).toEqual([]);
  expect(status('recognised', 'N-1')).toEqual([]);
  expect(status('recognised')).toEqual(['/sections/goods/greenChannel status-number-missing']);
});

describe('one thing wrong', () => {
  test.each(wrongs)('%s', (_, change, finding) => {
    const filing = made(change);
    expect(DossierFiling.safeParse(filing).success).toBe(true);
    expect(codes(filing)).toEqual([finding]);
  });

  test('each finding points into the filing', () => {
    for (const [, change] of wrongs) {
      const filing = made(change);
      for (const { path, message } of check(filing)) {
        let at: unknown = filing;
        for (const part of path.slice(1).split('/')) at = (at as Record<string, unknown>)?.[part];
        expect(at).toBeDefined();
        expect(message).toMatch(/\.$/);
      }
    }
  });
});

test('many things wrong: all are found at once', () => {
  // Those that are told of the same place, or of the way as a whole, hide one another.
  const apart = wrongs.filter(
    ([, , finding]) => !/route|legs|item-repeated|item-unknown|values value-missing/.test(finding),
  );
  fc.assert(
    fc.property(fc.subarray(apart, { minLength: 1 }), (some) => {
      const found = new Set(codes(made(...some.map(([, change]) => change))));
      const hidden = some.some(([name]) => name === 'no currency') ? /currency-differs/ : /^$/;
      for (const [, , finding] of some) if (!hidden.test(finding)) expect(found).toContain(finding);
    }),
    { numRuns: 150 },
  );
});

test('whatever has the form of a filing is checked without an exception', () => {
  const country = fc.constantFrom('UZ', 'KZ', 'CN', 'DE', 'TM');
  const place = fc.record({ name: fc.constantFrom('A', 'B'), country });
  const posts = fc.array(
    fc.constantFrom(...registry.members.flatMap(({ posts: own }) => own.map(({ id }) => id)), 'x', 'aa-one'),
    { maxLength: 6 },
  );
  const legs = fc.array(fc.record({ mode: fc.constantFrom('road', 'rail'), from: place, to: place }), {
    minLength: 1,
    maxLength: 5,
  });
  const audience = fc.array(
    fc.record({ member: country, authorities: fc.constantFrom(undefined, ['kz.customs'], ['x']) }),
    { maxLength: 3 },
  );
  const parts = fc.record({ origin: place, destination: place, posts, legs, audience, member: country });
  fc.assert(
    fc.property(parts, ({ origin, destination, posts: way, legs: stages, audience: readers, member }) => {
      const filing = made(({ transport }, whole) => {
        Object.assign(whole.route, { origin, destination, posts: way });
        transport.legs = stages as typeof transport.legs;
        whole.audiences = { driver: readers, commercial: readers, goods: readers } as unknown as Draft['audiences'];
      });
      const filer = registry.findMember(member) === undefined ? 'UZ' : member;
      expect(Array.isArray(check(filing, filer))).toBe(true);
    }),
    { numRuns: 300 },
  );
});
