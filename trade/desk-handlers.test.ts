import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { tradeRouter } from './handlers.ts';

const {
  fileDossier,
  declareMovement,
  reportEvent,
  decide,
  listDesk,
  getDeskMovement,
  deskCounts,
  comparePresented,
  listActs,
  declareRequirement,
} = tradeRouter;
const POST = 'kz-konysbayeva';

let nodes: HandlerNodes;
beforeAll(async () => {
  nodes = await HandlerNodes.open('KZ', 'UZ');
});
afterAll(() => nodes.close());

const file = async (change: Parameters<typeof filing>[0] & { hs?: string } = {}) => {
  const input = filing({ to: 'KZ', posts: ['uz-yallama', POST], ...change });
  const [item] = input.sections.goods.items;
  if (item !== undefined && change.hs !== undefined) item.hs = change.hs;
  return (await call(fileDossier, input as never, { context: await nodes.as('UZ/exporter') })).dossier;
};
let trucks = 0;
const drive = async (dossiers: readonly string[], arrival?: string) => {
  const { movement } = await call(
    declareMovement,
    {
      carrier: { name: 'Carrier', country: 'UZ' },
      leg: {
        mode: 'road' as const,
        from: { name: 'Fergana', country: 'UZ' },
        to: { name: 'Almaty', country: 'KZ' },
        ...(arrival && { arrival }),
      },
      posts: ['uz-yallama', POST],
      means: { mode: 'road' as const, identification: `40 77${trucks++} AAA`, country: 'UZ' },
      trailers: [],
      equipment: [{ kind: 'trailer' as const, identification: '40 1234 BB', seals: ['S-1', 'S-2'] }],
      consignments: dossiers.map((dossier) => ({ dossier })),
    },
    { context: await nodes.as('UZ/carrier') },
  );
  await nodes.deliver();
  return movement;
};
const report = async (movement: string, event: string, more: object = {}) =>
  call(
    reportEvent,
    {
      movement,
      event: event as 'presented',
      post: POST,
      occurredAt: nodes.now.toISOString(),
      zone: 'Asia/Almaty',
      source: 'authority' as const,
      ...more,
    },
    { context: await nodes.as('KZ/customs') },
  );
const say = async (dossier: string, decision: 'release' | 'hold', version = 1) =>
  call(
    decide,
    {
      dossier,
      version,
      post: POST,
      decision,
      reason: { code: decision === 'release' ? ('in-order' as const) : ('document-missing' as const) },
      ...(decision === 'hold' && { appeal: { to: 'kz.customs', text: 'In writing.' } }),
    },
    { context: await nodes.as('KZ/customs') },
  );
const desk = async (query: object = {}) =>
  (await call(listDesk, { post: POST, ...query }, { context: await nodes.as('KZ/customs') })).items;
const ids = async (query: object = {}) => (await desk(query)).map((one) => one.movement);

describe('a desk', () => {
  test('lists what waits for it by age, then what spoils, then what is expected; one bad consignment holds only itself', async () => {
    const [dry = '', good = '', bad = '', cherries = ''] = await Promise.all([
      file(),
      file(),
      file(),
      file({ hs: '080929' }),
    ]);
    const late = await drive([dry], '2026-06-20T00:00:00Z');
    const fresh = await drive([cherries], '2026-06-25T00:00:00Z');
    const mixed = await drive([good, bad]);
    expect(await ids()).toEqual([fresh, mixed, late]);
    expect((await desk())[0]).toMatchObject({ perishable: true, state: 'expected', missing: 0 });

    await report(late, 'arrived-at-post');
    await report(mixed, 'arrived-at-post');
    expect(await ids()).toEqual([late, mixed, fresh]);
    await say(good, 'release');
    await say(bad, 'hold');
    const [, , held] = await desk();
    expect(held).toMatchObject({ movement: mixed, state: 'held' });
    expect(held?.ageSince).toBeUndefined();
    expect(held?.consignments.map(({ state }) => state)).toEqual(['released', 'held']);
    await say(dry, 'release');
    expect(await ids()).toEqual([fresh, late, mixed]);
    expect(await call(deskCounts, { post: POST }, { context: await nodes.as('KZ/customs') })).toMatchObject({
      expected: 1,
      here: 1,
      held: 1,
      done: 0,
    });
    await report(late, 'left-post');
    expect(await ids({ state: 'done' })).toEqual([late]);
    expect(await call(deskCounts, { post: POST }, { context: await nodes.as('KZ/customs') })).toMatchObject({
      here: 0,
      done: 1,
    });
    const first = await call(listDesk, { post: POST, limit: 1 }, { context: await nodes.as('KZ/customs') });
    const second = await call(
      listDesk,
      { post: POST, limit: 2, cursor: first.next ?? '' },
      { context: await nodes.as('KZ/customs') },
    );
    expect([...first.items, ...second.items].map((one) => one.movement)).toEqual([fresh, mixed, late]);
    expect(second.next).toBeNull();
  });

  test('is searched by plate, trailer, seal and dossier, spaces or not', async () => {
    const dossier = await file();
    const movement = await drive([dossier]);
    const plate = (await desk({ search: movement }))[0]?.means.identification ?? '';
    for (const search of [plate, plate.replaceAll(' ', '').toLowerCase(), dossier])
      expect(await ids({ search })).toEqual([movement]);
    expect(await ids({ search: 's-2' })).toContain(movement);
    expect(await ids({ search: '401234bb' })).toContain(movement);
    expect(await ids({ search: "'; DROP TABLE" })).toEqual([]);
  });

  test('counts what its member asks for and is not there, without folding anything anew', async () => {
    const dossier = await file({ hs: '070200' });
    const movement = await drive([dossier]);
    const context = await nodes.as('KZ/customs');
    const own = async () => call(getDeskMovement, { movement, post: POST }, { context: await nodes.as('KZ/customs') });
    expect((await own()).missing).toBe(0);
    await call(
      declareRequirement,
      {
        requirement: 'tomatoes',
        direction: 'import',
        goods: '0702',
        certificates: ['phytosanitary'],
        documents: [],
        registrations: [],
        treatments: [],
        source: { title: 'Test', address: 'https://example.org', read: '2026-06-01', confidence: 'demonstration' },
        validFrom: '2026-06-01',
      } as never,
      { context },
    );
    expect((await own()).consignments).toMatchObject([{ dossier, missing: 1 }]);
  });

  test('is its own authority’s alone, and an unknown movement answers as a foreign one', async () => {
    const movement = await drive([await file()]);
    for (const name of ['UZ/customs', 'UZ/exporter', 'KZ/forwarder'])
      expect((await refusalOf(call(listDesk, { post: POST }, { context: await nodes.as(name) }))).status).toBe(403);
    expect(
      await refusalOf(
        call(
          getDeskMovement,
          { movement: '01900000-0000-7000-8000-000000000000', post: POST },
          { context: await nodes.as('KZ/customs') },
        ),
      ),
    ).toMatchObject({ status: 404, code: 'movement-unknown' });
    expect(
      await refusalOf(
        call(getDeskMovement, { movement, post: 'kz-dostyk' }, { context: await nodes.as('KZ/customs') }),
      ),
    ).toMatchObject({ status: 404 });
  });
});

describe('what was presented', () => {
  test('stands field by field beside what was declared, and says differs, no more', async () => {
    const dossier = await file();
    const movement = await drive([dossier]);
    const compared = async () =>
      Object.fromEntries(
        (await call(comparePresented, { movement, post: POST }, { context: await nodes.as('KZ/customs') })).fields.map(
          (one) => [one.field, one.result],
        ),
      );
    expect(await compared()).toEqual({
      means: 'not-noted',
      trailers: 'not-noted',
      seals: 'not-noted',
      packages: 'not-noted',
      grossMass: 'not-noted',
    });
    await report(movement, 'presented', {
      presented: {
        trailers: ['401234bb'],
        seals: ['S-1'],
        consignments: [{ dossier, packages: 100, grossMass: '1100.50' }],
      },
    });
    expect(await compared()).toEqual({
      means: 'not-noted',
      trailers: 'equal',
      seals: 'differs',
      packages: 'equal',
      grossMass: 'differs',
    });
  });

  test('is noted by an authority, as presented, of what is aboard', async () => {
    const movement = await drive([await file()]);
    const stranger = '01900000-0000-7000-8000-000000000000';
    const refused = await refusalOf(
      report(movement, 'arrived-at-post', { presented: { consignments: [{ dossier: stranger, packages: 1 }] } }),
    );
    expect(refused.findings.map(({ code }) => code)).toEqual(['presented-unexpected', 'consignment-not-aboard']);
  });
});

test('the trail shows an authority its own acts with the person, and no other member’s', async () => {
  const dossier = await file();
  await drive([dossier]);
  await say(dossier, 'hold');
  const context = await nodes.as('KZ/customs');
  const { items } = await call(listActs, { limit: 1 }, { context });
  expect(items).toMatchObject([
    {
      type: 'decision',
      what: 'hold',
      reason: 'document-missing',
      post: POST,
      subject: dossier,
      account: context.caller.subject,
      name: context.caller.name,
    },
  ]);
  const other = await call(listActs, {}, { context: await nodes.as('UZ/customs') });
  expect(other.items).toEqual([]);
  expect((await refusalOf(call(listActs, {}, { context: await nodes.as('KZ/forwarder') }))).code).toBe(
    'not-an-authority',
  );
});
