import { call } from '@orpc/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HandlerNodes } from '../test/handler-nodes.ts';
import { tradeRouter } from './handlers.ts';

const { askRequirements, getGoods, goods, packs, requirements } = tradeRouter;
const QUERY = {
  ...{ hs: '080929', from: 'UZ', to: 'CN', via: 'yallama,khorgos', mode: 'road' },
  ...{ mass: '20000', value: '40000', currency: 'USD', incoterm: 'DAP', date: '2026-12-01' },
};

let nodes: HandlerNodes;
beforeAll(async () => {
  nodes = await HandlerNodes.open('KZ');
});
afterAll(() => nodes.close());

test('one question is answered for the whole way, with the source of each charge', async () => {
  const answer = await call(requirements, QUERY, { context: await nodes.as('KZ/exporter') });
  expect(answer.stages.map(({ member, direction }) => `${member} ${direction}`)).toEqual([
    'UZ export',
    'KZ transit',
    'CN import',
  ]);
  const china = answer.stages.at(-1);
  expect(china?.pack).toMatchObject({ state: 'compiled' });
  const [option] = china?.items[0]?.options ?? [];
  expect(option).toMatchObject({ kind: 'duty', measure: { rate: '10%' } });
  for (const { measure } of option?.lines ?? [])
    expect(measure.rate === 'unknown' || measure.citation?.address.startsWith('http')).toBe(true);
  expect(china?.controls.map(({ measure }) => measure.type)).toContain('phytosanitary');
  expect(answer.notAssessed).toContain('sanctions-of-third-states');
});

test('an address and a body that ask the same are answered the same', async () => {
  const context = await nodes.as('KZ/exporter');
  const body = {
    items: [{ number: 1, hs: '080929', origin: 'UZ', mass: '20000', value: '40000' }],
    ...{ from: 'UZ', to: 'CN', via: ['yallama', 'khorgos'], mode: 'road' as const },
    ...{ currency: 'USD', incoterm: 'DAP' as const, on: '2026-12-01' as never },
  };
  const asked = { ...QUERY, papers: '851', treated: 'cold-treatment', registered: 'orchard,packing-house' };
  const [query, whole] = await Promise.all([
    call(requirements, asked, { context }),
    call(
      askRequirements,
      { ...body, papers: ['851'], treated: ['cold-treatment'], registered: ['orchard', 'packing-house'] },
      { context },
    ),
  ]);
  expect(query).toEqual(whole);
  const without = await call(requirements, QUERY, { context });
  expect(query).not.toEqual(without);
});

test.each([
  [{ hs: '77' }, '/hs'],
  [{ via: 'yallama,nowhere' }, '/via'],
  [{ via: 'yallama' }, '/via'],
  [{ incoterm: 'FREE' }, '/incoterm'],
  [{ regime: 'magic' }, '/regime'],
  [{ wholly: 'maybe' }, '/wholly'],
  [{ rates: 'USD=5' }, '/rates'],
  [{ claims: 'maybe' }, '/claims'],
  [{ vehicles: '0' }, '/vehicles'],
])('%j is told by its name', async (wrong, path) => {
  await expect(
    call(requirements, { ...QUERY, ...wrong }, { context: await nodes.as('KZ/exporter') }),
  ).rejects.toMatchObject({ code: 'question-unreadable', findings: [{ path }] });
});

test('a body with a number twice or a way that ends elsewhere is refused with both', async () => {
  const item = { number: 1, hs: '080929', origin: 'UZ' };
  const body = { items: [item, item], from: 'UZ', to: 'CN', via: ['yallama'], currency: 'USD' };
  await expect(call(askRequirements, body, { context: await nodes.as('KZ/exporter') })).rejects.toMatchObject({
    code: 'question-unreadable',
    findings: [{ path: '/via' }, { path: '/items/1/number', code: 'duplicate' }],
  });
});

test('each pack says of itself that nobody confirmed it', async () => {
  const answer = await call(packs, {}, { context: await nodes.as('KZ/exporter') });
  expect(answer.packs).toHaveLength(6);
  for (const { state, measures, sources } of answer.packs) {
    expect(state).toBe('compiled');
    expect(measures).toBeGreaterThan(0);
    expect(sources.length).toBeGreaterThan(0);
  }
});

test('goods are found by words, with what holds them', async () => {
  const context = await nodes.as('KZ/exporter');
  const { items } = await call(goods, { q: 'черешня', language: 'ru', limit: 3 }, { context });
  expect(items[0]).toEqual({
    ...{ code: '080929', en: 'sweet cherries, fresh', ru: 'черешня свежая', word: 'черешня' },
    heading: expect.objectContaining({ code: '0809' }),
    chapter: expect.objectContaining({ code: '08', en: 'fruit and nuts' }),
  });
  expect((await call(goods, { q: '0809' }, { context })).items.map(({ code, word }) => [code, word])).toEqual([
    ['080910', null],
    ['080929', null],
    ['080930', null],
    ['080940', null],
  ]);
  expect(await call(goods, { q: 'xyzzyqwk' }, { context })).toEqual({ items: [] });
});

test.each([
  ['08', '08', false],
  ['0809', '0809', true],
  ['080929', '080929', true],
  ['0809290000', '080929', true],
  ['7408', '7408', true],
])('goods of %s are called what %s is called', async (code, own, headed) => {
  const found = await call(getGoods, { code }, { context: await nodes.as('KZ/exporter') });
  expect(found).toMatchObject({ code: own, en: expect.any(String), ru: expect.any(String) });
  expect(found.heading?.code).toBe(headed ? code.slice(0, 4) : undefined);
  expect(found.chapter?.code).toBe(code.slice(0, 2));
});

test.each(['77', '98', '0815', '081599', '0815990000'])('goods of %s have no words here', async (code) => {
  await expect(call(getGoods, { code }, { context: await nodes.as('KZ/exporter') })).rejects.toMatchObject({
    ...{ code: 'goods-unnamed', status: 404 },
  });
});
