import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, found, HandlerNodes } from '../test/handler-nodes.ts';
import { tradeRouter } from './handlers.ts';
import type { EventBody, MovementBody } from './record.ts';

const { fileDossier, getDossier, declareMovement, amendMovement, listMovements, getMovement, reportEvent } =
  tradeRouter;

let nodes: HandlerNodes;
let dossiers: string[];
beforeAll(async () => {
  nodes = await HandlerNodes.open('CN', 'KZ', 'UZ');
});
afterAll(() => nodes.close());
beforeEach(async () => {
  dossiers = [];
  for (const name of ['UZ/exporter', 'UZ/forwarder']) {
    const input = filing();
    dossiers.push((await call(fileDossier, input as never, { context: await nodes.as(name) })).dossier);
  }
  await nodes.deliver();
});

type Movement = Omit<MovementBody, 'version' | 'previous' | 'operator' | 'movement'>;
const truck = (change: Partial<Movement> = {}): Movement => ({
  carrier: { name: 'Carrier', country: 'UZ' },
  leg: { mode: 'road', from: { name: 'Fergana', country: 'UZ' }, to: { name: 'Khorgos', country: 'KZ' } },
  posts: ['uz-yallama', 'kz-konysbayeva', 'kz-nur-zholy'],
  means: { mode: 'road', identification: '40 777 AAA', country: 'UZ' },
  trailers: [],
  equipment: [{ kind: 'trailer', identification: '40 1234 BB', seals: ['S-1'] }],
  consignments: dossiers.map((dossier) => ({ dossier })),
  ...change,
});
const declare = async (change: Partial<Movement & { movement: string }> = {}, name = 'UZ/carrier', key?: string) =>
  call(declareMovement, { ...truck(change), ...change }, { context: await nodes.as(name, key) });
const amend = async (movement: string, baseVersion: number, change: Partial<Movement>, name = 'UZ/carrier') =>
  call(amendMovement, { ...truck(change), movement, baseVersion }, { context: await nodes.as(name) });
const report = async (movement: string, event: Partial<EventBody> & Pick<EventBody, 'event'>, name = 'UZ/carrier') =>
  call(
    reportEvent,
    {
      movement,
      occurredAt: nodes.now.toISOString(),
      zone: 'Asia/Tashkent',
      source: 'operator',
      ...(event.post === undefined ? { place: 'Fergana' } : {}),
      ...event,
    },
    { context: await nodes.as(name) },
  );
const view = async (name: string, movement: string) =>
  call(getMovement, { movement }, { context: await nodes.as(name) });
const KZ = { source: 'authority', zone: 'Asia/Almaty' } as const;

describe('declaring', () => {
  test('every member on the way of a consignment learns of the truck, the last post too', async () => {
    const { movement, record } = await declare();
    expect(record.type).toBe('movement');
    await nodes.deliver();
    for (const name of ['UZ/carrier', 'UZ/customs', 'KZ/customs', 'CN/customs'])
      expect(await view(name, movement)).toMatchObject({
        version: 1,
        seals: ['S-1'],
        consignments: dossiers.map((dossier) => ({ dossier })),
      });
    const { movements, timeline } = await call(
      getDossier,
      { dossier: dossiers[0] ?? '' },
      { context: await nodes.as('CN/customs') },
    );
    expect(movements).toMatchObject([{ movement, means: '40 777 AAA' }]);
    expect(timeline[0]?.awaited).toMatchObject({ what: 'arrival', from: { kind: 'carrier', id: 'uz.carrier' } });
  });

  test('the operator of a consignment sees the truck with its own consignment only', async () => {
    const { movement } = await declare();
    expect((await view('UZ/exporter', movement)).consignments).toEqual([{ dossier: dossiers[0] }]);
    expect((await view('UZ/forwarder', movement)).consignments).toEqual([{ dossier: dossiers[1] }]);
    expect(await nodes.refusal('UZ', () => view('UZ/importer', movement))).toMatchObject({
      status: 404,
      code: 'movement-unknown',
    });
    const listed = async (name: string, post?: string) =>
      (await call(listMovements, { ...(post && { post }) }, { context: await nodes.as(name) })).items;
    expect((await listed('UZ/customs', 'kz-nur-zholy')).map((one) => one.movement)).toContain(movement);
    expect((await listed('UZ/customs', 'kz-dostyk')).map((one) => one.movement)).not.toContain(movement);
    expect(await listed('UZ/importer')).toEqual([]);
  });

  test('everything that is wrong is found, and nothing is left', async () => {
    const unknown = '01900000-0000-7000-8000-000000000000';
    const [first = ''] = dossiers;
    const refused = await nodes.refusal('UZ', () =>
      declare({
        posts: ['uz-keles', 'uz-nowhere'],
        means: { mode: 'rail', identification: 'T 1', country: 'UZ' },
        equipment: [{ kind: 'container', identification: 'MSCU1234567', seals: [] }],
        consignments: [{ dossier: first }, { dossier: first }, { dossier: unknown }],
      }),
    );
    expect(refused).toMatchObject({ status: 422, code: 'findings' });
    expect(found(refused)).toEqual([
      '/posts/0 mode-differs',
      '/posts/1 post-unknown',
      '/means/mode mode-differs',
      '/consignments/1/dossier consignment-repeated',
      '/equipment/0/identification container-number-wrong',
      '/consignments/2/dossier dossier-unknown',
    ]);
    expect(await nodes.refusal('UZ', () => declare({}, 'UZ/customs'))).toMatchObject({ code: 'not-an-operator' });
  });

  test('an id is used once; a repeat under a key is answered as before', async () => {
    const first = await declare({}, 'UZ/carrier', 'truck-1');
    expect(await declare({}, 'UZ/carrier', 'truck-1')).toEqual({ ...first, repeated: true });
    expect(await nodes.refusal('UZ', () => declare({ movement: first.movement }))).toMatchObject({
      status: 409,
      code: 'already-filed',
    });
  });
});

describe('changing', () => {
  test('a consignment goes from one truck to another: two movements change, each consignment is on one', async () => {
    const [moved = '', stays = ''] = dossiers;
    const one = await declare();
    const two = await declare({
      means: { mode: 'road', identification: '40 888 BBB', country: 'UZ' },
      equipment: [],
      consignments: [],
    });
    await amend(one.movement, 1, { consignments: [{ dossier: stays }] });
    await amend(two.movement, 1, {
      consignments: [{ dossier: moved }],
      means: { mode: 'road', identification: '40 888 BBB', country: 'UZ' },
    });
    await nodes.deliver();
    const carried = async (dossier: string) =>
      (await call(getDossier, { dossier }, { context: await nodes.as('KZ/customs') })).movements.map(
        (line) => line.means,
      );
    expect(await carried(moved)).toEqual(['40 888 BBB']);
    expect(await carried(stays)).toEqual(['40 777 AAA']);
  });

  test('a consignment is split over two trucks', async () => {
    const [dossier = ''] = dossiers;
    await declare({ consignments: [{ dossier, packages: 60 }] });
    await declare({ consignments: [{ dossier, packages: 40 }] });
    const { movements } = await call(getDossier, { dossier }, { context: await nodes.as('UZ/exporter') });
    expect(movements.map(({ packages }) => packages).sort()).toEqual([40, 60]);
  });

  test('refusals: another version, another operator, another member, findings', async () => {
    const { movement } = await declare();
    await nodes.deliver();
    expect(await nodes.refusal('UZ', () => amend(movement, 2, {}))).toMatchObject({
      status: 409,
      code: 'version-conflict',
      params: { inForce: 1, asked: 2 },
    });
    expect(await nodes.refusal('UZ', () => amend(movement, 1, {}, 'UZ/broker'))).toMatchObject({
      code: 'movement-unknown',
    });
    expect(await nodes.refusal('UZ', () => amend(movement, 1, {}, 'UZ/exporter'))).toMatchObject({
      status: 403,
      code: 'delegation-missing',
    });
    expect(await nodes.refusal('KZ', () => amend(movement, 1, {}, 'KZ/carrier'))).toMatchObject({
      code: 'movement-unknown',
    });
    expect(await nodes.refusal('UZ', () => amend(movement, 1, {}, 'UZ/customs'))).toMatchObject({
      code: 'not-an-operator',
    });
    expect(found(await nodes.refusal('UZ', () => amend(movement, 1, { posts: ['uz-nowhere'] })))).toEqual([
      '/posts/0 post-unknown',
    ]);
  });

  test('of two changes at the same moment one is refused and the movement stays whole', async () => {
    const { movement } = await declare();
    const outcomes = await Promise.allSettled([
      amend(movement, 1, { trailers: ['A'] }),
      amend(movement, 1, { trailers: ['B'] }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await view('UZ/carrier', movement)).toMatchObject({ version: 2, contradictions: [] });
  });

  test('who knew of the truck learns that it goes elsewhere', async () => {
    const { movement } = await declare();
    await nodes.deliver();
    await amend(movement, 1, { posts: ['uz-yallama'], consignments: [] });
    await nodes.deliver();
    expect(await view('CN/customs', movement)).toMatchObject({ version: 2, posts: ['uz-yallama'] });
  });
});

describe('events', () => {
  test('the carrier and the authority of the post report; the other members see it', async () => {
    const { movement } = await declare();
    await report(movement, { event: 'departed' });
    await nodes.deliver();
    await report(movement, { event: 'presented', post: 'kz-nur-zholy', ...KZ }, 'KZ/customs');
    await nodes.deliver();
    const { events } = await view('CN/customs', movement);
    expect(events.map(({ event, member, source }) => [event, member, source])).toEqual([
      ['departed', 'UZ', 'operator'],
      ['presented', 'KZ', 'authority'],
    ]);
    expect(events[0]?.operator).toBe('uz.carrier');
    expect(events[1]?.operator).toBeUndefined();
  });

  test('reloading goes plate to plate: seals broken and fitted, packages counted', async () => {
    const one = await declare();
    const means = { mode: 'road' as const, identification: '40 888 BBB', country: 'UZ' };
    const two = await declare({ means, equipment: [], consignments: [] });
    const [first = '', second = ''] = dossiers;
    await report(one.movement, {
      event: 'reloaded',
      post: 'kz-nur-zholy',
      seals: { broken: ['S-1'], fitted: ['S-2'] },
      reload: {
        toMovement: two.movement,
        toMeans: means,
        packages: [
          { dossier: first, expected: 100, counted: 100 },
          { dossier: second, expected: 100, counted: 99 },
        ],
      },
    });
    expect((await view('UZ/carrier', one.movement)).events[0]?.reload?.packages).toHaveLength(2);
    expect((await view('UZ/exporter', one.movement)).events[0]?.reload?.packages).toEqual([
      { dossier: first, expected: 100, counted: 100 },
    ]);
  });

  test('who may report what', async () => {
    const { movement } = await declare();
    await nodes.deliver();
    const departed = { event: 'departed' as const };
    const act = (event: Parameters<typeof report>[1], name: string) => () => report(movement, event, name);
    expect(await nodes.refusal('UZ', act(departed, 'UZ/customs'))).toMatchObject({
      status: 403,
      code: 'not-an-operator',
    });
    expect(await nodes.refusal('UZ', act({ ...departed, source: 'authority' }, 'UZ/carrier'))).toMatchObject({
      status: 403,
      code: 'not-an-authority',
    });
    expect(await nodes.refusal('UZ', act(departed, 'UZ/exporter'))).toMatchObject({ code: 'delegation-missing' });
    expect(await nodes.refusal('UZ', act(departed, 'UZ/importer'))).toMatchObject({ code: 'movement-unknown' });
    expect(await nodes.refusal('KZ', act(departed, 'KZ/carrier'))).toMatchObject({ code: 'movement-unknown' });
    expect(await nodes.refusal('KZ', act({ ...departed, ...KZ }, 'KZ/chamber'))).toMatchObject({
      code: 'mandate-missing',
    });
    expect(
      await nodes.refusal('CN', act({ event: 'presented', post: 'kz-nur-zholy', ...KZ }, 'CN/customs')),
    ).toMatchObject({ status: 403, code: 'post-foreign' });
  });

  test('what does not fit the event is found', async () => {
    const { movement } = await declare();
    const wrong = async (event: Parameters<typeof report>[1]) =>
      found(await nodes.refusal('UZ', () => report(movement, event)));
    const future = new Date(nodes.now.getTime() + 3_600_000).toISOString();
    expect(await wrong({ event: 'departed', occurredAt: future })).toEqual(['/occurredAt event-from-future']);
    expect(await wrong({ event: 'departed', zone: 'Asia/Nowhere' })).toEqual(['/zone zone-unknown']);
    expect(await wrong({ event: 'presented' })).toEqual(['/post post-missing']);
    expect(await wrong({ event: 'presented', post: 'cn-khorgos' })).toEqual(['/post post-not-on-way']);
    expect(await wrong({ event: 'reloaded' })).toEqual(['/reload reload-missing']);
    expect(await wrong({ event: 'seals-broken' })).toEqual(['/seals seals-missing']);
    expect(await wrong({ event: 'temperature-read' })).toEqual(['/temperature temperature-missing']);
  });
});
