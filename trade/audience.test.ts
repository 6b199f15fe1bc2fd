import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { audienceAfter, audienceOf, checkAudiences, usualAudience } from './audience.ts';
import { demoRegistry, validFiling, ways } from './filing-fixture.ts';
import { type AudienceEntry, type Route, SECTIONS, type SectionName } from './section.ts';

const registry = demoRegistry();
const { route } = validFiling();
const members = (entries: readonly AudienceEntry[]): string[] => entries.map(({ member }) => member);
const only = (...codes: string[]): AudienceEntry[] => codes.map((member) => ({ member }));

describe('who usually reads a section', () => {
  test.each([
    ['commercial', ['CN', 'UZ']],
    ['attachments', ['CN', 'UZ']],
    ['goods', ['CN', 'KZ', 'UZ']],
    ['transport', ['CN', 'KZ', 'UZ']],
    ['sanitary', ['CN', 'KZ', 'UZ']],
    ['driver', ['CN', 'KZ', 'UZ']],
  ] as const)('%s: %j', (section, codes) => {
    expect(members(usualAudience(section, route, 'UZ', registry))).toEqual(codes);
  });

  test("a driver's data go to authorities that decide, and to no other", () => {
    expect(usualAudience('driver', route, 'UZ', registry)[1]).toEqual({ member: 'KZ', authorities: ['kz.customs'] });
  });

  test('a filer off the route reads what it files; no transit member reads value or contract', () => {
    fc.assert(
      fc.property(ways(registry), fc.constantFrom(...registry.members.map(({ code }) => code)), (way, filer) => {
        const on = validFiling(way).route;
        const ends = [filer, on.origin.country, on.destination.country];
        for (const section of SECTIONS) {
          const read = members(usualAudience(section, on, filer, registry));
          expect(read).toContain(filer);
          expect(read).toEqual([...new Set(read)].sort());
          if (section === 'commercial') expect(read.every((one) => ends.includes(one))).toBe(true);
        }
      }),
    );
  });
});

describe('audiences that the filer names', () => {
  const found = (audiences: Partial<Record<SectionName, AudienceEntry[]>>) =>
    checkAudiences(audiences, route, 'UZ', registry).map(({ path, code }) => `${path} ${code}`);

  test('may be narrowed', () => {
    expect(found({ commercial: only('CN'), sanitary: only('CN', 'UZ'), driver: only('KZ'), attachments: [] })).toEqual(
      [],
    );
    expect(found({ sanitary: [{ member: 'KZ', authorities: ['kz.plant-health'] }] })).toEqual([]);
  });

  test.each([
    ['off the route', { sanitary: only('CN', 'TM') }, '/audiences/sanitary/1/member audience-off-route'],
    ['a transit member', { commercial: only('KZ') }, '/audiences/commercial/0/member audience-too-wide'],
    [
      'an authority that does not decide',
      { driver: [{ member: 'KZ', authorities: ['kz.customs', 'kz.railway'] }] },
      '/audiences/driver/0/authorities/1 audience-too-wide',
    ],
    [
      'an authority of another',
      { sanitary: [{ member: 'KZ', authorities: ['cn.customs'] }] },
      '/audiences/sanitary/0/authorities/0 authority-unknown',
    ],
    [
      'no such authority',
      { sanitary: [{ member: 'KZ', authorities: ['kz.nobody'] }] },
      '/audiences/sanitary/0/authorities/0 authority-unknown',
    ],
    ['twice', { sanitary: only('KZ', 'KZ') }, '/audiences/sanitary/1/member audience-repeated'],
    ['goods kept from one', { goods: only('CN', 'UZ') }, '/audiences/goods audience-too-narrow'],
    [
      'transport for some of its authorities',
      { transport: [...only('CN', 'UZ'), { member: 'KZ', authorities: ['kz.customs'] }] },
      '/audiences/transport audience-too-narrow',
    ],
  ])('%s', (_, audiences, finding) => expect(found(audiences)).toEqual([finding]));

  test("the filer's member always reads, and no authorities named means those that usually do", () => {
    expect(audienceOf('commercial', { commercial: only('CN') }, route, 'UZ', registry)).toEqual(only('CN', 'UZ'));
    expect(audienceOf('driver', { driver: only('KZ') }, route, 'UZ', registry)).toEqual([
      { member: 'KZ', authorities: ['kz.customs'] },
      { member: 'UZ', authorities: ['uz.customs'] },
    ]);
  });
});

describe('on another route', () => {
  const other: Route = {
    ...route,
    posts: ['uz-dostlik', 'kg-dostuk', 'kg-irkeshtam', 'cn-irkeshtam'],
  };
  test('who is new reads as usual, who left does not, who was shut out stays out', () => {
    const audienceThen = (section: SectionName, before: AudienceEntry[]) =>
      members(audienceAfter(section, before, route, other, 'UZ', registry));
    expect(audienceThen('goods', only('CN', 'KZ', 'UZ'))).toEqual(['CN', 'KG', 'UZ']);
    expect(audienceThen('sanitary', only('UZ'))).toEqual(['KG', 'UZ']);
    expect(audienceThen('commercial', only('UZ'))).toEqual(['UZ']);
    const before = [{ member: 'CN', authorities: ['cn.plant-health'] }, { member: 'UZ' }];
    expect(audienceAfter('sanitary', before, route, other, 'UZ', registry)).toContainEqual(before[0]);
  });
  test('the same route changes nothing', () => {
    const before = only('UZ');
    expect(audienceAfter('sanitary', before, route, structuredClone(route), 'UZ', registry)).toBe(before);
  });
});
