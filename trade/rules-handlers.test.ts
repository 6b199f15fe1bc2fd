import { afterAll, beforeAll, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { tradeRouter } from './handlers.ts';

const { checkDossier, declareRequirement, dossierRules, fileDossier } = tradeRouter;

let nodes: HandlerNodes;
beforeAll(async () => {
  nodes = await HandlerNodes.open('KZ', 'UZ');
});
afterAll(() => nodes.close());

const PHYTO = { code: '851', number: 'UZ-17', issued: '2026-06-01' };
/** Grapes, which the packs that ship know: as filed, or with more papers. */
function grapes(to = 'KZ', documents: object[] = []) {
  const posts = ['uz-yallama', 'kz-konysbayeva', ...(to === 'CN' ? ['kz-nur-zholy', 'cn-khorgos'] : [])];
  const input = filing({ to, posts, description: 'Grapes' });
  for (const item of input.sections.goods.items) item.hs = '080610';
  Object.assign(input.sections.goods, { documents });
  return input;
}
const check = async (input: unknown) => call(checkDossier, input as never, { context: await nodes.as('UZ/exporter') });
const read = async (dossier: string, as: string) => call(dossierRules, { dossier }, { context: await nodes.as(as) });
const file = async (input: unknown) => {
  const { dossier } = await call(fileDossier, input as never, { context: await nodes.as('UZ/exporter') });
  await nodes.deliver();
  return dossier;
};
const ofKz = ({ rules }: Awaited<ReturnType<typeof check>>, measure = 'phytosanitary-import') =>
  rules.find(({ member }) => member === 'KZ')?.rules.find((one) => one.measure.measure === measure);

test('before filing the operator is told what each member asks for, and nothing of it keeps from filing', async () => {
  const checked = await check(grapes());
  expect(checked.findings).toEqual([]);
  expect(checked.rules.map(({ member, direction, pack }) => [member, direction, pack?.state])).toEqual([
    ['UZ', 'export', 'compiled'],
    ['KZ', 'import', 'compiled'],
  ]);
  expect(ofKz(checked)).toMatchObject({ state: 'open', by: [], path: '/sections/attachments/documents/-' });
  expect(ofKz(checked)?.measure.citation?.address).toMatch(/^https?:/);
  expect(ofKz(await check(grapes('KZ', [PHYTO])))).toMatchObject({
    state: 'met',
    by: [{ code: '851', number: 'UZ-17', section: 'goods' }],
  });
  await expect(file(grapes())).resolves.toBeTruthy();
});

test('the officer sees the own member’s rules with the papers that meet them, the operator those of the whole way', async () => {
  const dossier = await file(grapes('KZ', [PHYTO]));
  const seen = await read(dossier, 'KZ/customs');
  expect(seen.stages.map(({ member }) => member)).toEqual(['KZ']);
  expect(seen.closed).not.toContain('goods');
  const phyto = seen.stages[0]?.rules.find((one) => one.measure.measure === 'phytosanitary-import');
  expect(phyto).toMatchObject({ state: 'met', by: [{ code: '851', number: 'UZ-17', section: 'goods' }] });
  expect((await read(dossier, 'UZ/exporter')).stages.map(({ member }) => member)).toEqual(['UZ', 'KZ']);
  for (const stranger of ['UZ/importer', 'KZ/importer'])
    expect(await refusalOf(read(dossier, stranger))).toMatchObject({ status: 404, code: 'dossier-unknown' });
});

test('papers of a section that is closed to the reader are told as not seen, never as missing', async () => {
  const dossier = await file(grapes('CN'));
  const transit = await read(dossier, 'KZ/customs');
  expect(transit.stages.map(({ member, direction }) => [member, direction])).toEqual([['KZ', 'transit']]);
  expect(transit.closed).toContain('commercial');
  expect((await read(dossier, 'UZ/exporter')).closed).toEqual([]);
});

test('a section that is meant for one authority is closed to another of the same member', async () => {
  const input = { ...grapes(), audiences: { commercial: [{ member: 'KZ', authorities: ['kz.customs'] }] } };
  const dossier = await file(input);
  expect((await read(dossier, 'KZ/customs')).closed).not.toContain('commercial');
  const other = await read(dossier, 'KZ/plant-health');
  expect(other.closed).toContain('commercial');
  const papers = other.stages.flatMap(({ rules }) => rules.flatMap(({ by }) => by.map(({ code }) => code)));
  expect(papers).not.toContain('380');
});

test('what an authority declared by a record stands beside, part by part', async () => {
  await call(
    declareRequirement,
    {
      requirement: 'kz.grapes',
      direction: 'import',
      goods: '0806',
      certificates: [],
      documents: ['851', '861'],
      registrations: [],
      treatments: [],
      source: {
        title: 'A decree',
        address: 'https://example.org',
        read: '2026-01-01' as never,
        confidence: 'demonstration',
      },
      validFrom: '2026-01-01' as never,
    },
    { context: await nodes.as('KZ/customs') },
  );
  const dossier = await file(grapes('KZ', [PHYTO]));
  expect((await read(dossier, 'KZ/customs')).declared).toEqual([
    {
      ...{ requirement: 'kz.grapes', member: 'KZ', authority: 'kz.customs', source: 'A decree' },
      asked: [
        { kind: 'document', what: '851', missing: false },
        { kind: 'document', what: '861', missing: true },
      ],
    },
  ]);
});
