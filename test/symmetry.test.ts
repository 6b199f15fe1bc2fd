import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type DemoTemplate, demoTemplate, makeDemo } from '../members/genesis.ts';
import { LANGUAGES, openRegistry, type Registry } from '../members/registry.ts';
import { DossierFiling } from '../trade/contract.ts';
import { checkDossier } from '../trade/dossier.ts';
import { sealFiling } from '../trade/filing.ts';
import { foldDossier } from '../trade/project.ts';
import { contextOf } from '../trade/reading.ts';
import { timelineOf } from '../trade/timeline.ts';
import { toHex } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { filing } from './filing.ts';

/** No member is more than another: permute the members, and the outcomes permute with them. */

const CODES = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'];

async function registryOf(template: DemoTemplate): Promise<Registry> {
  const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-symmetry-')), 'demo');
  onTestFinished(() => rmSync(join(directory, '..'), { recursive: true, force: true }));
  let seed = 1;
  // The same bytes for both: what differs is the members alone.
  const random = (length: number): Uint8Array =>
    nodeCrypto.sha256(Uint8Array.of(seed++ & 255, seed >> 8)).slice(0, length);
  const genesis = await makeDemo({
    directory,
    basePort: 7000,
    random,
    now: new Date('2026-06-01T00:00:00Z'),
    template,
  });
  const read = (name: string) => readFileSync(join(directory, 'registry', name), 'utf8');
  return openRegistry(nodeCrypto, [{ note: read('000001.note'), json: read('000001.json') }], genesis);
}

/** A renaming of members carried through any data that names them. */
function renamed<T>(value: T, to: ReadonlyMap<string, string>): T {
  const text = JSON.stringify(value).replaceAll(
    /"([A-Z]{2})"|"([a-z]{2})([-.][a-z0-9-]+)"/g,
    (all, code?: string, lower?: string, rest?: string) => {
      if (code !== undefined) return `"${to.get(code) ?? code}"`;
      const found = to.get((lower ?? '').toUpperCase());
      return found === undefined ? all : `"${found.toLowerCase()}${rest}"`;
    },
  );
  return JSON.parse(text) as T;
}

async function outcome(registry: Registry, given: unknown, member: string) {
  const parsed = DossierFiling.parse(given) as DossierFiling & { dossier: string };
  const findings = checkDossier(parsed, { registry, member, asOf: '2026-06-11' });
  let seed = 7;
  const random = (length: number): Uint8Array => nodeCrypto.sha256(Uint8Array.of(seed++)).slice(0, length);
  const now = new Date('2026-06-11T00:00:00Z');
  const origin = registry.getMember(member).log.origin;
  const { sealed } = sealFiling(parsed, `${member.toLowerCase()}.exporter`, {
    origin,
    member,
    registry,
    now,
    random,
    crypto: nodeCrypto,
  });
  const records = sealed.map((one, i) => ({
    origin,
    index: BigInt(i),
    commitment: toHex(one.commitment),
    envelope: one.record,
  }));
  const state = foldDossier(parsed.dossier, records, contextOf(registry));
  return {
    findings: findings.map(({ path, code }) => ({ path, code })),
    audiences: sealed.map(({ record }) => ({
      type: record.type,
      to: record.to,
      section: (record.body as { section?: string }).section,
    })),
    posts: state.posts.map(({ post, member: of, authority, phase }) => ({ post, of, authority, phase })),
    timeline: timelineOf(state, [], [], '2026-06-11').map(({ post, member: of, state: at, awaited }) => ({
      post,
      of,
      at,
      awaited,
    })),
  };
}

const routes = [
  filing(),
  filing({ from: 'TJ', to: 'KG', posts: ['tj-karamyk', 'kg-karamyk'] }),
  filing({ from: 'CN', to: 'TM', posts: ['cn-khorgos', 'kz-nur-zholy', 'kz-temir-baba', 'tm-garabogaz'] }),
  // Wrong for anyone: posts of two crossings.
  filing({ from: 'UZ', to: 'KZ', posts: ['uz-yallama', 'kz-korday'] }),
  filing({ from: 'UZ', to: 'KZ', posts: [] }),
];

/** Entries whose order is that of the members' codes are compared as sets. */
const sorted = (value: Awaited<ReturnType<typeof outcome>>) => ({
  ...value,
  audiences: value.audiences.map((one) => ({
    ...one,
    to: one.to === 'public' ? one.to : [...one.to].sort((a, b) => (a.member < b.member ? -1 : 1)),
  })),
});

test.each([
  ['turned by one', ['KG', 'KZ', 'TJ', 'TM', 'UZ', 'CN']],
  ['reversed', [...CODES].reverse()],
  ['two exchanged', ['KZ', 'KG', 'CN', 'TJ', 'TM', 'UZ']],
])('members %s: outcomes likewise', async (_, permuted) => {
  const to = new Map(CODES.map((code, i) => [code, permuted[i]!]));
  const template = demoTemplate();
  const here = await registryOf(template);
  const there = await registryOf({
    ...template,
    members: template.members.map((one) => ({ ...one, code: to.get(one.code)! })),
    posts: template.posts.map((one) => ({ ...one, member: to.get(one.member)! })),
  });
  for (const route of routes) {
    const member = route.route.origin.country;
    const expected = renamed(sorted(await outcome(here, route, member)), to);
    const found = sorted(await outcome(there, renamed(route, to), to.get(member)!));
    expect(found).toEqual(sorted(expected));
  }
});

test('every member has the same authorities with the same mandates, and a name in every language', async () => {
  const registry = await registryOf(demoTemplate());
  const shapes = registry.members.map(({ code, authorities }) =>
    authorities.map(({ id, kind, mandates }) => ({ id: id.replace(`${code.toLowerCase()}.`, ''), kind, mandates })),
  );
  for (const shape of shapes) expect(shape).toEqual(shapes[0]);
  for (const { name, authorities } of registry.members) {
    for (const one of [name, ...authorities.map((authority) => authority.name)])
      expect(LANGUAGES.map((language) => one[language]).filter((text) => text.length > 1)).toHaveLength(8);
  }
  expect(registry.members.map(({ code }) => code)).toEqual(CODES);
});
