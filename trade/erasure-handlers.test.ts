import { afterAll, beforeAll, expect, test } from 'vitest';
import { carryOutErasures, dueSections, silentMembers, UNANSWERED_DAYS } from '../erasing.ts';
import { demoTemplate } from '../members/genesis.ts';
import { connect, type Sql } from '../storage/connection.ts';
import { tablesWith } from '../test/erasing.ts';
import { filing } from '../test/filing.ts';
import { call, HandlerNodes } from '../test/handler-nodes.ts';
import { acknowledgeErasure, orderErasures } from './erasure-handlers.ts';
import { evidenceOf } from './evidence-handlers.ts';
import { tradeRouter } from './handlers.ts';
import { erasureRequests, erasuresToAcknowledge, findDossier, requestErasure } from './store.ts';

const DAY = 86_400_000;
const LAW = 'Demonstration law, article 2';

let nodes: HandlerNodes;
let erasure: Sql;
beforeAll(async () => {
  const retention = [{ section: 'driver', days: 30, legalBasis: LAW }];
  nodes = await HandlerNodes.openOf({ ...demoTemplate(), retention }, ['CN', 'KZ', 'UZ']);
  erasure = connect(nodes.database('UZ').urls.erasure, { max: 1 });
});
afterAll(async () => {
  await erasure.end();
  await nodes.close();
});

const bytesLeft = async (commitment: string) => {
  const rows = await nodes.database('UZ').owner`
    SELECT 1 FROM ledger.record JOIN ledger.entry USING (index)
    WHERE encode(commitment, 'hex') = ${commitment} AND (bytes IS NOT NULL OR salt IS NOT NULL)`;
  return rows.length;
};
const ordersIn = async (member: string) => {
  const rows = await nodes.database(member).owner<{ type: string }[]>`
    SELECT convert_from(bytes, 'UTF8')::json ->> 'type' AS type FROM ledger.record WHERE bytes IS NOT NULL`;
  return rows.filter(({ type }) => type === 'erased').length;
};

test('from a period that has ended to an acknowledgement, broken off after each step', async () => {
  const { context } = nodes.node('UZ');
  const { sql, registry } = context;
  const { dossier } = await call(tradeRouter.fileDossier, filing() as never, {
    context: await nodes.as('UZ/exporter'),
  });
  await call(tradeRouter.fileDossier, filing() as never, { context: await nodes.as('UZ/exporter') });
  await nodes.deliver();
  const driver =
    (await findDossier(sql, dossier))?.state.sections.find(({ name }) => name === 'driver')?.commitment ?? '';

  // The period counts from the newest version: an amendment after twenty days makes it twenty days longer.
  nodes.advance(20 * DAY);
  await call(
    tradeRouter.amendDossier,
    { dossier, baseVersion: 1, reason: 'x', sections: { driver: { drivers: [{ name: 'Another' }] } } } as never,
    { context: await nodes.as('UZ/exporter') },
  );
  nodes.advance(11 * DAY);
  const first = await dueSections(sql, registry, 'UZ', nodes.now);
  expect(first).toHaveLength(1);
  expect(first[0]?.dossier).not.toBe(dossier);
  nodes.advance(20 * DAY);
  const due = await dueSections(sql, registry, 'UZ', nodes.now);
  expect(due.map((one) => one.dossier)).toContain(dossier);
  expect(due[0]).toMatchObject({ section: 'driver', days: 30, legalBasis: LAW });
  // Others' sections are theirs to erase.
  expect(await dueSections(nodes.node('KZ').context.sql, registry, 'KZ', nodes.now)).toEqual([]);

  // Only who may erase may ask for it.
  const request = { dossier, section: 'driver', legalBasis: LAW, reason: 'retention' as const };
  await expect(requestErasure(sql, request)).rejects.toThrow(/permission denied/);
  await requestErasure(erasure, request);
  await requestErasure(erasure, request);
  expect(await erasureRequests(sql)).toEqual([request]);

  // Ordered and broken off: in the log, not nulled, and given to nobody any more.
  await nodes.publish('UZ');
  expect(await evidenceOf(context, driver)).toBeDefined();
  expect(await orderErasures(context)).toBe(2);
  expect(await bytesLeft(driver)).toBe(1);
  await expect(evidenceOf(context, driver)).rejects.toMatchObject({ code: 'record-erased' });
  expect(await nodes.node('UZ').awaitedErasures()).toMatchObject({ count: 2 });

  // Asked for again, as after a crash before the request was taken away: nothing is ordered twice.
  await requestErasure(erasure, request);
  expect(await orderErasures(context)).toBe(0);
  expect(await erasureRequests(sql)).toEqual([]);
  expect(await ordersIn('UZ')).toBe(2);

  // The running role can't do what is left; the erasure role does, once.
  await expect(sql`UPDATE ledger.record SET bytes = NULL, salt = NULL`).rejects.toThrow(/permission denied/);
  await expect(sql`UPDATE ledger.erased SET done_at = now()`).rejects.toThrow(/permission denied/);
  await expect(sql`DELETE FROM ledger.erased`).rejects.toThrow(/permission denied/);
  await expect(erasure`INSERT INTO ledger.erased SELECT * FROM ledger.erased`).rejects.toThrow(/permission denied/);
  await nodes.node('UZ').erase();
  expect(await bytesLeft(driver)).toBe(0);
  expect(await nodes.node('UZ').awaitedErasures()).toEqual({ count: 0, since: null });
  expect(await carryOutErasures(erasure, context.origin, true)).toBe(0);

  // A week without a word is a fault of each that had it.
  await nodes.deliver();
  expect(await silentMembers(sql, 'UZ', new Date(nodes.now.getTime() + (UNANSWERED_DAYS - 1) * DAY))).toEqual([]);
  const [order] = await erasuresToAcknowledge(nodes.node('KZ').context.sql, 'KZ', 10);
  if (order === undefined) throw new Error('KZ was not told');
  await acknowledgeErasure(nodes.node('KZ').context, order);
  await acknowledgeErasure(nodes.node('KZ').context, order);
  await nodes.deliver();
  nodes.advance(UNANSWERED_DAYS * DAY);
  expect((await silentMembers(sql, 'UZ', nodes.now)).map(({ member, count }) => [member, count])).toEqual([
    ['CN', 2],
    ['KZ', 1],
  ]);
  await nodes.node('UZ').reportSilent();
  const { faults } = await nodes.node('UZ').federation.status();
  expect(
    faults
      .filter(({ code }) => code === 'erasure-unacknowledged')
      .map(({ member }) => member)
      .sort(),
  ).toEqual(['CN', 'KZ']);
  expect(await nodes.node('UZ').audit()).toMatchObject({ findings: [], erased: 2 });
});

test('records of a log that was closed go too, those alone that an order names', async () => {
  const { owner } = nodes.database('UZ');
  const { origin } = nodes.node('UZ').context;
  const earlier = `${origin}-before`;
  const hash = (byte: number) => Buffer.alloc(32, byte);
  for (const index of [0, 1, 2])
    await owner`
      INSERT INTO ledger.earlier_record (origin, index, commitment, id, bytes, salt)
      VALUES (${earlier}, ${index}, ${hash(index)}, gen_random_uuid(), 'said', 'salt')`;
  // One is ordered; at the place of another the order names something else.
  for (const [index, commitment] of [
    [0, hash(0)],
    [2, hash(9)],
  ] as const)
    await owner`
      INSERT INTO ledger.erased (origin, index, commitment, order_commitment)
      VALUES (${earlier}, ${index}, ${commitment}, ${hash(7)})`;
  expect(await carryOutErasures(erasure, origin)).toBe(1);
  expect(
    await owner`
      SELECT index::int, bytes IS NULL AND salt IS NULL AS gone FROM ledger.earlier_record
      WHERE origin = ${earlier} ORDER BY index`,
  ).toEqual([
    { index: 0, gone: true },
    { index: 1, gone: false },
    { index: 2, gone: false },
  ]);
  await owner`DELETE FROM ledger.earlier_record WHERE origin = ${earlier}`;
  await owner`DELETE FROM ledger.erased WHERE origin = ${earlier}`;
});

test('the lines of a desk forget what an erased section said', async () => {
  const input = filing({ description: 'Marker cherries' });
  for (const item of input.sections.goods.items) item.hs = '080929';
  const { dossier } = await call(tradeRouter.fileDossier, input as never, { context: await nodes.as('UZ/exporter') });
  await call(
    tradeRouter.declareMovement,
    {
      carrier: { name: 'Carrier', country: 'UZ' },
      leg: {
        mode: 'road' as const,
        from: { name: 'Fergana', country: 'UZ' },
        to: { name: 'Khorgos', country: 'CN' },
      },
      posts: ['uz-yallama', 'kz-konysbayeva'],
      means: { mode: 'road' as const, identification: '40 777 AAA', country: 'UZ' },
      trailers: [],
      equipment: [],
      consignments: [{ dossier }],
    },
    { context: await nodes.as('UZ/carrier') },
  );
  await nodes.deliver();
  const desk = async () =>
    (await call(tradeRouter.listDesk, { post: 'kz-konysbayeva' }, { context: await nodes.as('KZ/customs') })).items;
  expect(await desk()).toMatchObject([
    { perishable: true, consignments: [{ dossier, goods: '080929 Marker cherries' }] },
  ]);

  await requestErasure(erasure, { dossier, section: 'goods', legalBasis: LAW, reason: 'request' });
  await orderErasures(nodes.node('UZ').context);
  await nodes.deliver();
  expect(await desk()).toMatchObject([{ perishable: false, missing: null, consignments: [{ dossier, goods: '' }] }]);
  expect(await tablesWith(nodes.database('KZ').owner, 'Marker cherries')).toEqual([]);
});
