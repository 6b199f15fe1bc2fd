import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAddressedTo, openSealed, type Sealed } from '../log/envelope.ts';
import { toHex } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Amendment } from './contract.ts';
import { type CurrentDossier, type SealedFiling, sealAmendment, sealFiling } from './filing.ts';
import { demoRegistry, validFiling, ways } from './filing-fixture.ts';
import { uuid } from './fixture.ts';
import { ManifestBody, SectionBody } from './record.ts';
import type { Route, SectionName } from './section.ts';

const registry = demoRegistry();
const contextOf = (member: string, seed = 1) => {
  let turn = seed * 1000;
  return {
    origin: `demo.${member.toLowerCase()}.dostyk/log`,
    member,
    registry,
    now: new Date('2026-06-11T04:05:06.789Z'),
    random: (length: number) => nodeCrypto.sha256(new TextEncoder().encode(String(turn++))).slice(0, length),
    crypto: nodeCrypto,
  };
};
const context = contextOf('UZ');
const dossier = uuid(1);
const filed = (change = {}) => sealFiling({ ...validFiling(), ...change, dossier }, 'uz.exporter', context);
const manifestOf = ({ manifest }: SealedFiling) => ManifestBody.parse(manifest.record.body);
const sectionsOf = ({ sealed }: SealedFiling) =>
  sealed.filter(({ record }) => record.type === 'section').map(({ record }) => SectionBody.parse(record.body));

/** What the filer holds after these versions. */
function currentOf(...versions: SealedFiling[]): CurrentDossier {
  const last = versions.at(-1)!;
  const records = new Map<string, Sealed>(
    versions.flatMap(({ sealed }) => sealed.map((one) => [toHex(one.commitment), one])),
  );
  const { version, route, sections } = manifestOf(last);
  const contents = Object.fromEntries(
    sections.map(({ name, commitment }) => [name, SectionBody.parse(records.get(commitment)!.record.body).content]),
  );
  const { commitment, record } = last.manifest;
  return { dossier, manifest: { commitment: toHex(commitment), version, to: record.to, route, sections }, contents };
}
const amended = (change: object, ...versions: SealedFiling[]) =>
  sealAmendment(
    Amendment.parse({ baseVersion: versions.length, sections: {}, reason: 'Mended.', ...change }),
    currentOf(...versions),
    'uz.exporter',
    contextOf('UZ', versions.length + 1),
  );
const versions = (one: SealedFiling): Record<string, number> =>
  Object.fromEntries(manifestOf(one).sections.map(({ name, version }) => [name, version]));

describe('a filing', () => {
  test('is one record a section and a manifest that names them all, the manifest last', () => {
    const one = filed();
    expect(one.sealed.map(({ record }) => record.type)).toEqual([...Array(6).fill('section'), 'manifest']);
    expect(one.once).toEqual([`manifest/${dossier}/1`]);
    const body = manifestOf(one);
    expect(body).toMatchObject({ dossier, version: 1, operator: 'uz.exporter' });
    expect(body.previous).toBeUndefined();
    for (const [i, { commitment, audience, name }] of body.sections.entries()) {
      const section = one.sealed[i]!;
      expect(commitment).toBe(toHex(section.commitment));
      expect(audience).toEqual(section.record.to);
      expect(section.record.body).toMatchObject({ section: name, version: 1, content: validFiling().sections[name] });
    }
    expect(new Set(one.sealed.map(({ salt }) => toHex(salt))).size).toBe(7);
  });

  test('reads back from its bytes, whatever the way', () => {
    fc.assert(
      fc.property(ways(registry), (way) => {
        const member = way.from!;
        const one = sealFiling({ ...validFiling(way), dossier }, 'x.operator', contextOf(member));
        for (const { bytes, salt, record } of one.sealed) {
          expect(openSealed(bytes, salt, nodeCrypto).record).toEqual(record);
          expect(record).toMatchObject({ issuer: { member }, at: '2026-06-11T04:05:06.789Z', after: [] });
        }
        expect(sectionsOf(one)).toHaveLength(6);
        const route = new Set([way.from, way.to, ...way.posts!.map((post) => post.slice(0, 2).toUpperCase())]);
        for (const { code } of registry.members)
          expect(isAddressedTo(one.manifest.record.to, code)).toBe(route.has(code));
      }),
      { numRuns: 50 },
    );
  });

  test('a section goes to nobody outside its audience', () => {
    const to = (name: SectionName) => filed().sealed.find(({ record }) => record.body['section'] === name)!.record.to;
    expect(isAddressedTo(to('commercial'), 'KZ')).toBe(false);
    expect(isAddressedTo(to('goods'), 'KZ')).toBe(true);
    expect(isAddressedTo(to('driver'), 'KZ', 'kz.railway')).toBe(false);
    expect(isAddressedTo(to('driver'), 'KZ', 'kz.customs')).toBe(true);
  });
});

describe('an amendment', () => {
  const { sections } = validFiling();
  const goods = { ...sections.goods, grossMass: '20001' };
  const other: Route = {
    ...validFiling().route,
    posts: ['uz-dostlik', 'kg-dostuk', 'kg-irkeshtam', 'cn-irkeshtam'],
  };

  test('seals what changed and nothing else', () => {
    const first = filed();
    const second = amended({ sections: { goods } }, first);
    expect(second.sealed.map(({ record }) => record.body['section'] ?? record.type)).toEqual(['goods', 'manifest']);
    expect(second.once).toEqual([`manifest/${dossier}/2`]);
    expect(versions(second)).toEqual({ ...versions(first), goods: 2 });
    const kept = manifestOf(first).sections.filter(({ name }) => name !== 'goods');
    expect(manifestOf(second).sections.filter(({ name }) => name !== 'goods')).toEqual(kept);
    const before = toHex(first.manifest.commitment);
    expect(manifestOf(second)).toMatchObject({ version: 2, previous: before, reason: 'Mended.' });
    expect(second.manifest.record.after).toEqual([before]);
  });

  test('that changes nothing says so in a new manifest alone', () => {
    const first = filed();
    const second = amended({ sections: { goods: sections.goods } }, first);
    expect(second.sealed.map(({ record }) => record.type)).toEqual(['manifest']);
  });

  test('takes a section out, and a section that returns has a version it never had', () => {
    const first = filed();
    const second = amended({ sections: { driver: null } }, first);
    expect(versions(second)).not.toHaveProperty('driver');
    expect(second.sealed).toHaveLength(1);
    const third = amended({ sections: { driver: sections.driver } }, first, second);
    expect(versions(third)['driver']).toBe(3);
    const fourth = amended({ sections: { driver: { drivers: [{ name: 'Another' }] } } }, first, second, third);
    expect(versions(fourth)['driver']).toBe(4);
  });

  test('of the route: to new members the sections anew, the manifest before unnamed where they did not see it', () => {
    const first = filed();
    const second = amended({ route: other }, first);
    const sealed = sectionsOf(second).map(({ section }) => section);
    expect(sealed.sort()).toEqual(['driver', 'goods', 'sanitary', 'transport']);
    expect(second.manifest.record.to).toEqual([{ member: 'CN' }, { member: 'KG' }, { member: 'UZ' }]);
    expect(second.manifest.record.after).toEqual([]);
    expect(manifestOf(second).previous).toBe(toHex(first.manifest.commitment));
    const third = amended({ sections: { goods } }, first, second);
    expect(third.manifest.record.after).toEqual([toHex(second.manifest.commitment)]);
  });

  test('a narrowed audience stays so, on the same route and on another, until the filer says otherwise', () => {
    const first = filed({ audiences: { commercial: [{ member: 'UZ' }], sanitary: [{ member: 'UZ' }] } });
    const audience = (one: SealedFiling, section: string) =>
      manifestOf(one)
        .sections.find(({ name }) => name === section)!
        .audience.map(({ member }) => member);
    const { commercial } = sections;
    const second = amended({ sections: { commercial: { ...commercial, currency: 'CNY' } } }, first);
    expect(audience(second, 'commercial')).toEqual(['UZ']);
    const third = amended({ route: other }, first, second);
    expect(audience(third, 'commercial')).toEqual(['UZ']);
    expect(audience(third, 'sanitary')).toEqual(['KG', 'UZ']);
    const fourth = amended({ audiences: { commercial: [{ member: 'CN' }] } }, first, second, third);
    expect(audience(fourth, 'commercial')).toEqual(['CN', 'UZ']);
    expect(sectionsOf(fourth).map(({ section }) => section)).toEqual(['commercial']);
  });
});
