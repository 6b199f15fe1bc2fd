import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, found, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { crossingState } from './driver.ts';
import { tradeRouter } from './handlers.ts';

const { makeDriverLink, listDriverLinks, revokeDriverLink, driverView, driverReport } = tradeRouter;

let nodes: HandlerNodes;
let dossier: string;
let movement: string;
beforeAll(async () => {
  nodes = await HandlerNodes.open('KZ', 'UZ');
});
afterAll(() => nodes.close());
beforeEach(async () => {
  const input = filing();
  ({ dossier } = await call(tradeRouter.fileDossier, input as never, { context: await nodes.as('UZ/exporter') }));
  const truck = {
    carrier: { name: 'Carrier', country: 'UZ' },
    leg: { mode: 'road', from: { name: 'Fergana', country: 'UZ' }, to: { name: 'Khorgos', country: 'KZ' } },
    posts: ['uz-yallama', 'kz-konysbayeva', 'kz-nur-zholy'],
    means: { mode: 'road', identification: '40 777 AAA', country: 'UZ' },
    trailers: [],
    equipment: [{ kind: 'trailer', identification: '40 1234 BB', seals: ['S-1'] }],
    consignments: [{ dossier }],
  };
  ({ movement } = await call(tradeRouter.declareMovement, truck as never, { context: await nodes.as('UZ/carrier') }));
  await nodes.deliver();
});

const link = async (change: { label?: string; instructions?: string; until?: string } = {}, as = 'UZ/carrier') =>
  call(makeDriverLink, { movement, ...change }, { context: await nodes.as(as) });
const tokenIn = ({ path }: { path: string }): string => path.split('#')[1] ?? '';
const driver = async (token: string, key?: string) => {
  const node = nodes.node('UZ');
  return node.requestContext(await node.driver(token), 'test', key);
};
const report = (change: object = {}) => ({
  report: 'arrived-at-post' as const,
  post: 'uz-yallama',
  occurredAt: nodes.now.toISOString(),
  zone: 'Asia/Tashkent',
  ...change,
});
const list = async () => (await call(listDriverLinks, { movement }, { context: await nodes.as('UZ/carrier') })).items;

describe('a link', () => {
  test('opens its movement to who has it, and tells nothing commercial', async () => {
    const made = await link({ label: 'First driver', instructions: 'Call before Yallama.' });
    expect(made.path).toMatch(/^\/driver#[A-Za-z0-9_-]{43}$/);
    expect(JSON.stringify(await nodes.node('UZ').context.sql`SELECT * FROM trade.driver_link`)).not.toContain(
      tokenIn(made),
    );
    const context = await driver(tokenIn(made));
    const view = await call(driverView, undefined, { context });
    expect(view).toMatchObject({
      movement,
      label: 'First driver',
      instructions: 'Call before Yallama.',
      seals: ['S-1'],
      means: { identification: '40 777 AAA' },
      consignments: [{ number: 1, dossier }],
    });
    expect(view.crossings.map(({ post, state }) => [post, state])).toEqual([
      ['uz-yallama', 'expected'],
      ['kz-konysbayeva', 'expected'],
      ['kz-nur-zholy', 'expected'],
    ]);
    for (const secret of ['Seller', 'Buyer', '2500', 'USD', 'INV-1', 'Dried apricots', '081310'])
      expect(JSON.stringify(view)).not.toContain(secret);
    expect(await list()).toMatchObject([{ link: made.link, state: 'open', seenAt: expect.any(String) }]);
  });

  test('shows a hold with its reason, and what is settled', async () => {
    const token = tokenIn(await link());
    const decide = async (decision: 'hold' | 'release', reason: object) =>
      call(
        tradeRouter.decide,
        {
          dossier,
          version: 1,
          post: 'uz-yallama',
          decision,
          reason: reason as never,
          ...(decision === 'hold' ? { appeal: { to: 'uz.customs', text: 'To the head of the post.' } } : {}),
        },
        { context: await nodes.as('UZ/customs') },
      );
    await decide('hold', { code: 'seal-differs', text: 'Seal S-1 is not as declared.' });
    const held = await call(driverView, undefined, { context: await driver(token) });
    expect(held.crossings[0]).toMatchObject({
      state: 'held',
      consignments: [{ number: 1, reason: { code: 'seal-differs', text: 'Seal S-1 is not as declared.' } }],
    });
    await decide('release', { code: 'in-order' });
    const settled = await call(driverView, undefined, { context: await driver(token) });
    expect(settled.crossings[0]).toMatchObject({ state: 'settled', consignments: [{ reason: null }] });
  });

  test('is good until it is revoked, expires, or the movement has arrived', async () => {
    const [first, second, third] = [await link(), await link(), await link()];
    await call(
      revokeDriverLink,
      { movement, link: first.link, revoked: true },
      { context: await nodes.as('UZ/carrier') },
    );
    const ended = async (token: string) => {
      const { status, code, params } = await refusalOf(nodes.node('UZ').driver(token));
      return [status, code, params['why']];
    };
    expect(await ended(tokenIn(first))).toEqual([410, 'driver-link-ended', 'revoked']);
    nodes.advance(14 * 86_400_000);
    expect(await ended(tokenIn(second))).toEqual([410, 'driver-link-ended', 'expired']);
    const last = await link();
    await call(
      tradeRouter.reportEvent,
      {
        movement,
        event: 'arrived',
        place: 'Khorgos',
        occurredAt: nodes.now.toISOString(),
        zone: 'Asia/Almaty',
        source: 'operator',
      },
      { context: await nodes.as('UZ/carrier') },
    );
    expect(await ended(tokenIn(last))).toEqual([410, 'driver-link-ended', 'arrived']);
    expect((await list()).map((one) => one.state).sort()).toEqual(['arrived', 'arrived', 'arrived', 'revoked']);
    expect(await nodes.refusal('UZ', () => link())).toMatchObject({ status: 409, code: 'movement-arrived' });
    expect(third.link).not.toBe(second.link);
  });

  test('is made and seen by the operator of the movement alone, and ends within sixty days', async () => {
    for (const [as, code] of [
      ['UZ/importer', 'movement-unknown'],
      ['UZ/customs', 'not-an-operator'],
      ['UZ/exporter', 'delegation-missing'],
    ] as const)
      expect(await nodes.refusal('UZ', () => link({}, as))).toMatchObject({ code });
    const other = await nodes.refusal('KZ', async () =>
      call(makeDriverLink, { movement }, { context: await nodes.as('KZ/carrier') }),
    );
    expect(other).toMatchObject({ status: 404, code: 'movement-unknown' });
    for (const until of [nodes.now.toISOString(), new Date(nodes.now.getTime() + 61 * 86_400_000).toISOString()])
      expect(found(await nodes.refusal('UZ', () => link({ until })))).toEqual(['/until until-out-of-range']);
    const strange = { movement, link: '01900000-0000-7000-8000-000000000000', revoked: true as const };
    expect(
      await nodes.refusal('UZ', async () => call(revokeDriverLink, strange, { context: await nodes.as('UZ/carrier') })),
    ).toMatchObject({ status: 404, code: 'driver-link-missing' });
  });

  test.each(['', 'x', 'A'.repeat(43), 'A'.repeat(10_000), "' OR true --"])(
    'that nobody made is unknown: %#',
    async (token) => {
      expect(await nodes.refusal('UZ', () => nodes.node('UZ').driver(token))).toMatchObject({
        status: 401,
        code: 'driver-link-unknown',
      });
    },
  );
});

describe('a report', () => {
  test('is a record of the operator, said by the driver, once under its key', async () => {
    const token = tokenIn(await link());
    const input = report();
    const first = await call(driverReport, input, { context: await driver(token, 'outbox-1') });
    expect(first.repeated).toBe(false);
    const again = await Promise.all(
      [1, 2, 3].map(async () => call(driverReport, input, { context: await driver(token, 'outbox-1') })),
    );
    expect(again).toEqual(Array(3).fill({ ...first, repeated: true }));
    await call(
      driverReport,
      report({ report: 'problem', problem: 'seal-broken', post: undefined, note: 'Left door' }),
      { context: await driver(token, 'outbox-2') },
    );
    await nodes.deliver();
    const seen = await call(tradeRouter.getMovement, { movement }, { context: await nodes.as('KZ/customs') });
    expect(seen.events).toMatchObject([
      { event: 'arrived-at-post', post: 'uz-yallama', source: 'driver', operator: 'uz.carrier' },
      { event: 'problem', problem: 'seal-broken', note: 'Left door', source: 'driver' },
    ]);
    const view = await call(driverView, undefined, { context: await driver(token) });
    expect(view.reports.map(({ event }) => event)).toEqual(['problem', 'arrived-at-post']);
    expect(view.crossings[0]?.arrivedAt).toBe(input.occurredAt);
  });

  test('that is wrong leaves nothing', async () => {
    const token = tokenIn(await link());
    await call(driverView, undefined, { context: await driver(token) });
    const wrong = async (change: object) =>
      found(
        await nodes.refusal('UZ', async () => call(driverReport, report(change), { context: await driver(token) })),
      );
    expect(await wrong({ report: 'problem' })).toEqual(['/problem problem-missing']);
    expect(await wrong({ problem: 'queue' })).toEqual(['/problem problem-unexpected']);
    expect(await wrong({ post: 'cn-khorgos' })).toEqual(['/post post-not-on-way']);
    expect(await wrong({ occurredAt: '2030-01-01T00:00:00Z' })).toEqual(['/occurredAt event-from-future']);
    await expect(
      call(driverReport, report({ report: 'arrived' }) as never, { context: await driver(token) }),
    ).rejects.toThrow();
  });
});

test('who came by a link is refused everything that needs an account, and an account what needs a link', async () => {
  const context = await driver(tokenIn(await link()));
  expect((await call(tradeRouter.listDossiers, {} as never, { context })).items).toEqual([]);
  expect((await call(tradeRouter.listMovements, {} as never, { context })).items).toEqual([]);
  for (const [act, input] of [
    [tradeRouter.getDossier, { dossier }],
    [tradeRouter.getMovement, { movement }],
    [makeDriverLink, { movement }],
    [listDriverLinks, { movement }],
    [tradeRouter.withdrawDossier, { dossier, reason: 'x' }],
  ] as const)
    expect((await refusalOf(call(act as never, input as never, { context }))).status).toBeGreaterThanOrEqual(403);
  for (const as of ['UZ/carrier', 'UZ/customs'])
    expect(await refusalOf(call(driverView, undefined, { context: await nodes.as(as) }))).toMatchObject({
      status: 403,
      code: 'not-a-driver',
    });
});

test('the gravest word of the consignments is the word of the crossing', () => {
  expect(crossingState(['released', 'held'])).toBe('held');
  expect(crossingState(['released', 'refused'])).toBe('held');
  expect(crossingState(['released', 'passed'])).toBe('settled');
  expect(crossingState(['passed', 'passed'])).toBe('passed');
  expect(crossingState(['released', 'arrived'])).toBe('waits');
  expect(crossingState(['released', 'expected'])).toBe('expected');
  expect(crossingState([])).toBe('expected');
});
