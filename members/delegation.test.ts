import { call } from '@orpc/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Envelope } from '../log/envelope.ts';
import { HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { delegationsOf, dropViews, foldRecords } from './store.ts';

let nodes: HandlerNodes;
beforeAll(async () => {
  nodes = await HandlerNodes.open('KZ');
});
afterAll(() => nodes.close());

const routes = () => nodes.node('KZ').routers.members;
const commitment = (letter: string) => letter.repeat(64);
const ID = '0190a1b2-0000-7000-8000-000000000001';

function envelope(change: Partial<Envelope>): Envelope {
  return {
    v: 1,
    id: ID,
    log: 'demo.kz.dostyk/log',
    registry: 1,
    type: 'delegation',
    issuer: { member: 'KZ' },
    to: [{ member: 'KZ' }],
    after: [],
    at: '2026-06-11T00:00:00.000Z',
    body: {},
    ...change,
  };
}
const given = (from = 'kz.exporter', to = 'kz.broker', change: Partial<Envelope> = {}) => ({
  commitment: commitment('a'),
  envelope: envelope({
    body: { delegation: ID, from, to, scopes: ['file'], until: '2026-07-01T00:00:00.000Z' },
    ...change,
  }),
});
const takenBack = (operator = 'kz.exporter', change: Partial<Envelope> = {}) => ({
  commitment: commitment('b'),
  envelope: envelope({
    type: 'delegation-revocation',
    at: '2026-06-12T00:00:00.000Z',
    body: { delegation: ID, commitment: commitment('a'), operator, reason: 'done' },
    ...change,
  }),
});

async function folded(...records: ReturnType<typeof given>[]) {
  const { sql } = nodes.node('KZ').context;
  await sql.begin(async (tx) => {
    await dropViews(tx);
    for (const record of records) await foldRecords(tx, [record]);
  });
  const seen = await delegationsOf(sql, 'kz.broker');
  await sql.begin(dropViews);
  return seen.map(({ from, revokedAt }) => [from, revokedAt]);
}

test('a delegation and its revocation give one view in every order, folded once or twice', async () => {
  const revoked = [['kz.exporter', '2026-06-12T00:00:00.000Z']];
  expect(await folded(given())).toEqual([['kz.exporter', null]]);
  expect(await folded(given(), takenBack())).toEqual(revoked);
  expect(await folded(takenBack(), given())).toEqual(revoked);
  expect(await folded(takenBack(), given(), takenBack(), given())).toEqual(revoked);
});

test('nobody but who gave it takes it back, and what can’t be read is passed over', async () => {
  expect(await folded(given(), takenBack('kz.importer'))).toEqual([['kz.exporter', null]]);
  expect(await folded(given(), { ...takenBack(), envelope: envelope({ body: { delegation: 7 } }) })).toEqual([
    ['kz.exporter', null],
  ]);
});

test.each<[string, Partial<Envelope>]>([
  ['another member', { log: 'demo.uz.dostyk/log', issuer: { member: 'UZ' } }],
  ['another member to both', { issuer: { member: 'UZ' }, to: [{ member: 'KZ' }, { member: 'UZ' }] }],
  ['a member to everyone', { to: 'public' }],
])('%s can’t take the id of a delegation or revocation', async (_, change) => {
  expect(await folded(given('uz.exporter', 'kz.broker', change), given())).toEqual([['kz.exporter', null]]);
  expect(await folded(takenBack('uz.exporter', change), given(), takenBack())).toEqual([
    ['kz.exporter', '2026-06-12T00:00:00.000Z'],
  ]);
});

test('operators are listed by id, in pages', async () => {
  const context = await nodes.as('KZ/broker');
  const whole = await call(routes().listOperators, { limit: 200 }, { context });
  const ids = whole.items.map(({ id }) => id);
  expect(ids).toEqual(['kz.broker', 'kz.carrier', 'kz.exporter', 'kz.forwarder', 'kz.importer']);
  expect(whole.next).toBeNull();
  const pages: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await call(
      routes().listOperators,
      { limit: 2, ...(cursor === undefined ? {} : { cursor }) },
      { context },
    );
    pages.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  }
  expect(pages).toEqual(ids);
});

test('operators delegate to others of their own node, for a time to come; authorities do not', async () => {
  const context = await nodes.as('KZ/exporter');
  const until = new Date(nodes.now.getTime() + 86_400_000).toISOString();
  const input = { to: 'kz.broker', scopes: ['file' as const], until };
  const delegate = (change: object, by = context) => call(routes().delegate, { ...input, ...change }, { context: by });
  for (const to of ['kz.exporter', 'kz.nobody', 'uz.broker'])
    expect((await nodes.refusal('KZ', () => delegate({ to }))).code).toBe('operator-unknown');
  expect((await nodes.refusal('KZ', () => delegate({ until: '2026-01-01T00:00:00.000Z' }))).code).toBe(
    'delegation-past',
  );
  const authority = await nodes.as('KZ/customs');
  expect((await nodes.refusal('KZ', () => delegate({}, authority))).code).toBe('not-an-operator');
  const { delegation } = await delegate({});
  const broker = await nodes.as('KZ/broker');
  const received = await call(routes().listDelegations, undefined, { context: broker });
  expect(received.items).toMatchObject([{ delegation, from: 'kz.exporter', revokedAt: null }]);
  const takeBack = (by: typeof context) =>
    call(routes().revokeDelegation, { delegation, reason: 'done' }, { context: by });
  expect((await refusalOf(takeBack(broker))).code).toBe('delegation-unknown');
  await takeBack(context);
  expect((await call(routes().listDelegations, undefined, { context })).items[0]?.revokedAt).not.toBeNull();
});
