import { call } from '@orpc/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HandlerNodes } from '../test/handler-nodes.ts';
import { tradeRouter } from './handlers.ts';

const { askRequirements, packs, requirements } = tradeRouter;
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
  [{ incoterm: 'XXX' }, '/incoterm'],
  [{ regime: 'magic' }, '/regime'],
  [{ wholly: 'maybe' }, '/wholly'],
  [{ rates: 'USD=5' }, '/rate'],
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
