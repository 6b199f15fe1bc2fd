import { afterAll, beforeAll, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, HandlerNodes } from '../test/handler-nodes.ts';
import type { PlainDate } from '../values/plain-date.ts';
import type { DossierFiling } from './contract.ts';
import { dossierHandlers } from './dossier-handlers.ts';
import { versionHandlers } from './version-handlers.ts';

let nodes: HandlerNodes;
let dossier: string;
beforeAll(async () => {
  nodes = await HandlerNodes.open('KZ', 'UZ');
  const input = filing() as unknown as DossierFiling & { dossier: string };
  dossier = input.dossier;
  await call(dossierHandlers.fileDossier, input, { context: await nodes.as('UZ/exporter') });
  const { goods, commercial } = structuredClone(input.sections);
  goods.grossMass = '1150';
  if (commercial !== undefined)
    commercial.documents = [{ code: '380', number: 'INV-9', issued: '2026-06-10' as PlainDate }];
  await call(
    dossierHandlers.amendDossier,
    { dossier, baseVersion: 1, sections: { goods, commercial, driver: null } as never, reason: 'Weighed again.' },
    { context: await nodes.as('UZ/exporter') },
  );
  await nodes.deliver();
});
afterAll(() => nodes.close());

const compare = async (name: string, version: number, of = dossier) =>
  call(versionHandlers.compareVersions, { dossier: of, version }, { context: await nodes.as(name) });

test('the filer reads each field that an amendment changed', async () => {
  const { sections, route, reason } = await compare('UZ/exporter', 2);
  expect(reason).toBe('Weighed again.');
  expect(route).toEqual([]);
  expect(sections.map(({ name, state }) => [name, state])).toEqual([
    ['commercial', 'changed'],
    ['goods', 'changed'],
    ['driver', 'removed'],
  ]);
  expect(sections[1]?.changes).toEqual([
    { place: ['grossMass'], before: filing().sections.goods.grossMass, after: '1150' },
  ]);
  expect(sections[0]?.changes).toContainEqual({
    place: ['documents', '380 INV-9', 'number'],
    before: null,
    after: 'INV-9',
  });
});

test('an authority on the way reads the changes of what it may read, and of the rest that it changed', async () => {
  const transit = await compare('KZ/customs', 2);
  expect(Object.fromEntries(transit.sections.map(({ name, state }) => [name, state]))).toEqual({
    commercial: 'closed',
    goods: 'changed',
    driver: 'removed',
  });
  expect(JSON.stringify(transit)).not.toContain('INV-9');
  const plants = await compare('KZ/plant-health', 2);
  expect(plants.sections.find(({ name }) => name === 'driver')).toEqual({
    name: 'driver',
    state: 'closed',
    changes: [],
  });
});

test('all of the first version is new', async () => {
  const { sections, route } = await compare('UZ/exporter', 1);
  expect(sections.every(({ state }) => state === 'added')).toBe(true);
  expect(route.every(({ before }) => before === null)).toBe(true);
});

test('a version that is not here, and a dossier that is not for the caller', async () => {
  expect(await nodes.refusal('UZ', () => compare('UZ/exporter', 3))).toMatchObject({
    status: 404,
    code: 'version-unknown',
  });
  expect(await nodes.refusal('UZ', () => compare('UZ/importer', 2))).toMatchObject({
    status: 404,
    code: 'dossier-unknown',
  });
});
