import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import {
  CONTENTS,
  DossierTeller,
  everyone,
  ROUTE,
  randomHistory,
  shuffled,
  Teller,
  tellEvent,
  tellMovement,
  testRegistry,
  uuid,
} from './fixture.ts';
import type { FoldInput } from './state.ts';
import {
  allDossierDigests,
  allMovementDigests,
  allRequirements,
  audiencesOf,
  awaitedAttachments,
  certificatesIssuedBy,
  dossiersNaming,
  dropViews,
  findAttachment,
  findCertificates,
  findDossier,
  findMovement,
  findRecord,
  findStatusList,
  finishAttachment,
  foldRecords,
  getDossierState,
  listCertificates,
  listDossiers,
  listMovements,
  listRequirements,
  movementsOf,
  ownDossiersOn,
  readChunks,
  refold,
  releaseStatusIndex,
  reserveStatusIndex,
  writeChunk,
} from './store.ts';

const registry = testRegistry();
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(['trade']);
});
afterAll(() => database.drop());
beforeEach(() => database.sql.begin(dropViews));

const tools = (member = 'KZ') => ({ registry, member, crypto: nodeCrypto });

const fold = (records: readonly FoldInput[], member = 'KZ') =>
  database.sql.begin((tx) => foldRecords(tx, records, tools(member)));

/** Every row of every view, as text. */
async function rows(): Promise<Record<string, string[]>> {
  const { sql } = database;
  const tables = [
    'record',
    'awaited',
    'reader',
    'dossier',
    'dossier_post',
    'movement',
    'movement_post',
    'desk_line',
    'movement_consignment',
    'certificate',
    'requirement',
    'status_list',
    'attachment_reference',
    'pack',
    'pack_table',
    'correction',
  ];
  const found: Record<string, string[]> = {};
  for (const table of tables) {
    const list = await sql<{ row: string }[]>`SELECT t::text AS row FROM ${sql(`trade.${table}`)} AS t ORDER BY 1`;
    found[table] = list.map((one) => one.row);
  }
  return found;
}

/** A dossier with a truck, a second truck, events, a requirement and a status list. */
function world(choices: readonly number[]): FoldInput[] {
  const told = randomHistory(choices);
  const { teller } = told;
  const truck = tellMovement(teller, uuid(50), [uuid(1), uuid(2)]);
  tellEvent(teller, truck, 'departed');
  tellEvent(teller, truck, 'arrived-at-post', { post: 'uz-yallama' });
  const next = tellMovement(teller, uuid(50), [uuid(1)], { before: truck });
  tellEvent(teller, next, 'left-post', { post: 'uz-yallama' });
  const other = new DossierTeller(uuid(2), { teller });
  const manifest = other.file();
  other.decide('kz-nur-zholy', 'hold', { after: [truck.commitment] });
  other.certify(9);
  const asks = {
    requirement: 'kz.x',
    direction: 'transit',
    goods: '08',
    source: { title: 'D', address: 'https://example.org', read: '2026-01-01', confidence: 'demonstration' },
    validFrom: '2020-01-01',
  };
  for (const goods of ['08', '0809']) {
    teller.say(
      'requirement',
      { ...asks, goods },
      { member: 'KZ', authority: 'kz.customs', to: 'public', after: [manifest.commitment] },
    );
  }
  const file = { name: 'pack.csv', mediaType: 'text/csv', size: 3, salt: `${'A'.repeat(22)}==` };
  // One rises, one does not, one is of the same day, one goes back.
  for (const [version, published] of [
    [1, '2026-01-01'],
    [1, '2026-02-01'],
    [4, '2026-01-01'],
    [5, '2025-01-01'],
  ] as const)
    teller.say(
      'pack',
      { version, published, tables: [{ ...file, hash: String(version).repeat(64) }], reason: 'R' },
      { member: 'KZ', authority: 'kz.ministry', to: 'public' },
    );
  const correction = uuid(70);
  const wrong = teller.say(
    'correction',
    { correction, about: 'KZ', text: 'Wrong.' },
    { member: 'UZ', to: [{ member: 'KZ' }] },
  );
  for (const member of ['KZ', 'TJ'])
    teller.say(
      'correction-answer',
      { correction, reported: 'UZ', outcome: 'kept', text: `Right, says ${member}.` },
      {
        member,
        authority: `${member.toLowerCase()}.ministry`,
        to: [{ member: 'KZ' }, { member: 'UZ' }],
        after: [wrong.commitment],
      },
    );
  const list = {
    list: 'uz.chamber',
    purpose: 'revocation',
    encodedList: 'u',
    length: 131_072,
    asOf: '2026-06-11T00:00:00Z',
    validUntil: '2026-06-11T02:00:00Z',
  };
  for (const count of [1, 2]) {
    teller.say(
      'status-list',
      { ...list, issued: { count, root: '0'.repeat(64) } },
      { member: 'UZ', authority: 'uz.chamber', to: 'public' },
    );
  }
  return teller.said;
}
const numbers = fc.array(fc.nat(1 << 20), { minLength: 3, maxLength: 15 });

describe('folding into rows', () => {
  test('batches in any order, with repeats, make the rows that one batch makes; a replay makes them again', async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.nat(), fc.integer({ min: 1, max: 9 }), async (choices, seed, size) => {
        const said = world(choices);
        await database.sql.begin(dropViews);
        await fold(said);
        const whole = await rows();
        await fold(said);
        expect(await rows()).toEqual(whole);
        await database.sql.begin(dropViews);
        const mixed = shuffled(said, seed);
        for (let i = 0; i < mixed.length; i += size) await fold(mixed.slice(i, i + size));
        expect(await rows()).toEqual(whole);
        const told: [number, number][] = [];
        async function* batches() {
          for (let i = 0; i < mixed.length; i += size) yield mixed.slice(i, i + size);
        }
        await database.sql.begin((tx) => refold(tx, batches(), tools(), (...at) => void told.push(at)));
        expect(await rows()).toEqual(whole);
        expect(told.at(-1)?.[0]).toBe(told.at(-1)?.[1]);
      }),
      { numRuns: 12 },
    );
  });

  test('a replay of many dossiers makes the same rows; one that fails midway leaves them, and writes nothing after it', async () => {
    const teller = new Teller();
    for (let i = 0; i < 150; i++) {
      const told = new DossierTeller(uuid(100 + i), { teller });
      told.file();
      if (i % 3 === 0) tellMovement(teller, uuid(500 + i), [uuid(100 + i)]);
      if (i % 5 === 0) told.decide('kz-nur-zholy', 'release');
    }
    const { said } = teller;
    async function* batches() {
      for (let i = 0; i < said.length; i += 90) yield said.slice(i, i + 90);
    }
    const replayed = () => database.sql.begin((tx) => refold(tx, batches(), tools(), () => undefined));
    await fold(said);
    const whole = await rows();
    await replayed();
    expect(await rows()).toEqual(whole);

    await database.owner.unsafe(`
      CREATE FUNCTION trade.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused for a test'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON trade.dossier FOR EACH ROW WHEN (NEW.dossier = '${uuid(170)}') EXECUTE FUNCTION trade.refuse()`);
    try {
      await expect(replayed()).rejects.toThrow('refused for a test');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await rows()).toEqual(whole);
    } finally {
      await database.owner.unsafe('DROP TRIGGER refuse ON trade.dossier; DROP FUNCTION trade.refuse()');
    }
  });

  test('folds that run at the same time make the rows that one makes', async () => {
    const said = world([5, 11, 12, 3, 14, 900, 77, 1, 13, 2, 15, 8, 0, 44]);
    await fold(said);
    const whole = await rows();
    for (let seed = 0; seed < 6; seed++) {
      await database.sql.begin(dropViews);
      const mixed = shuffled(said, seed);
      const batches = [0, 1, 2, 3, 4].map((n) => mixed.filter((_, i) => i % 5 === n));
      await Promise.all(batches.map((batch) => fold(batch)));
      expect(await rows()).toEqual(whole);
    }
  });

  /** Folds `first`, and `second` while the first transaction is still open. */
  async function overlapping(first: FoldInput, second: FoldInput): Promise<void> {
    let other: Promise<unknown> | undefined;
    await database.sql.begin(async (tx) => {
      await foldRecords(tx, [first], tools());
      other = fold([second]);
      other.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 60));
    });
    await other;
  }

  test('an event and a decision folded at the same time both reach the line of the dossier', async () => {
    const told = new DossierTeller(uuid(1));
    told.file();
    const truck = tellMovement(told.teller, uuid(50), [uuid(1)]);
    const before = [...told.said];
    const event = tellEvent(told.teller, truck, 'arrived-at-post', { post: 'kz-nur-zholy' });
    const hold = told.decide('kz-nur-zholy', 'hold');
    await fold(told.said);
    const whole = await rows();
    for (const [first, second] of [
      [event, hold],
      [hold, event],
    ] as const) {
      await database.sql.begin(dropViews);
      await fold(before);
      await overlapping(first, second);
      expect(await rows()).toEqual(whole);
    }
  });

  test('a record and its cause under another subject, folded at the same time, find each other', async () => {
    const teller = new Teller();
    const told = new DossierTeller(uuid(1), { teller });
    told.file();
    const before = [...teller.said];
    const truck = tellMovement(teller, uuid(50), [uuid(1)]);
    const hold = told.decide('kz-nur-zholy', 'hold', { after: [truck.commitment] });
    for (const [first, second] of [
      [truck, hold],
      [hold, truck],
    ] as const) {
      await database.sql.begin(dropViews);
      await fold(before);
      await overlapping(first, second);
      expect((await getDossierState(database.sql, uuid(1))).posts[2]?.phase).toBe('held');
    }
  });

  test('a dossier forgets a truck whose declaration turns out to repeat an id', async () => {
    const told = new DossierTeller(uuid(1));
    told.file();
    const original = tellMovement(told.teller, uuid(51), [uuid(2)]);
    const saying = { id: original.envelope.id };
    const repeat = tellMovement(told.teller, uuid(50), [uuid(1)], { saying });
    tellEvent(told.teller, repeat, 'departed');
    await fold(told.said);
    const whole = await rows();
    await database.sql.begin(dropViews);
    await fold(told.said.filter((one) => one !== original));
    const [early] = (await listDossiers(database.sql, { member: 'KZ', authority: 'kz.customs' }, { limit: 1 })).items;
    expect(early?.state).toBe('under-way');
    await fold([original]);
    expect(await rows()).toEqual(whole);
  });

  test('a fold that is rolled back leaves nothing', async () => {
    const empty = await rows();
    const said = world([1, 2, 3]);
    const aborted = database.sql.begin(async (tx) => {
      await foldRecords(tx, said, tools());
      throw new Error('away');
    });
    await expect(aborted).rejects.toThrow('away');
    expect(await rows()).toEqual(empty);
  });

  test('an id said again about another dossier takes the later one back, whichever arrives first', async () => {
    const teller = new Teller();
    const first = new DossierTeller(uuid(1), { teller });
    const second = new DossierTeller(uuid(2), { teller });
    first.file();
    second.file();
    const hold = first.decide('kz-nur-zholy', 'hold');
    const again = second.decide('kz-nur-zholy', 'refuse', { id: hold.envelope.id });
    for (const order of [
      [hold, again],
      [again, hold],
    ]) {
      await database.sql.begin(dropViews);
      await fold(teller.said.filter((one) => one !== hold && one !== again));
      for (const record of order) await fold([record]);
      expect((await getDossierState(database.sql, uuid(1))).decisions).toHaveLength(1);
      expect((await getDossierState(database.sql, uuid(2))).decisions).toHaveLength(0);
    }
  });

  test('what a peer may write without a throw: U+0000, year 0, odd ids, other types, other subjects', async () => {
    const told = new DossierTeller(uuid(1));
    told.file();
    const certificate = told.certify(4);
    const goods = certificate.envelope.body['goods'] as object[];
    told.teller.say(
      'certificate',
      { ...certificate.envelope.body, goods: [{ ...goods[0], netMass: '\u0000\u001e' }] },
      { member: 'UZ', authority: 'uz.chamber', after: [told.manifest.commitment], at: '0000-01-01T00:00:00Z' },
    );
    told.file({}, { at: '0000-01-01T00:00:00Z' });
    told.teller.say('manifest', { dossier: '\u0000' }, { member: 'UZ' });
    told.teller.say('manifest', { dossier: 7 }, { member: 'UZ' });
    told.teller.say('slip', { to: 'KZ' }, { member: 'UZ' });
    told.teller.say('event', { movement: uuid(9), event: '\u0000' }, { member: 'UZ' });
    await fold(told.said);
    expect((await getDossierState(database.sql, uuid(1))).current?.version).toBe(2);
    expect((await findCertificates(database.sql, uuid(4))).map((one) => one.goods[0]?.netMass).sort()).toEqual([
      '\u0000\u001e',
      '20000',
    ]);
  });
});

describe('reading', () => {
  const tell = (n: number, teller: Teller, filer = 'UZ'): DossierTeller => {
    const told = new DossierTeller(uuid(n), { teller, filer });
    told.file();
    return told;
  };

  test('an operator sees its own and those it acts for, an authority those addressed to it', async () => {
    const teller = new Teller();
    tell(1, teller);
    tell(2, teller, 'KZ');
    const closed = tell(3, teller);
    closed.file(
      {},
      { to: [{ member: 'KZ' as never, authorities: ['kz.customs'] }, ...(everyone(['CN', 'UZ']) as never[])] },
    );
    await fold(teller.said);
    const seen = async (reader: object) =>
      (await listDossiers(database.sql, { member: 'KZ', ...reader }, { limit: 50 })).items
        .map((one) => one.dossier)
        .sort();
    expect(await seen({ operator: 'kz.exporter' })).toEqual([uuid(2)]);
    expect(await seen({ operator: 'kz.broker' })).toEqual([]);
    expect(await seen({ operator: 'kz.broker', actsFor: ['kz.exporter'] })).toEqual([uuid(2)]);
    // The same name at another member's node is another operator.
    expect(await seen({ operator: 'uz.exporter' })).toEqual([]);
    expect(await seen({ authority: 'kz.customs' })).toEqual([uuid(1), uuid(2), uuid(3)]);
    expect(await seen({ authority: 'kz.chamber' })).toEqual([uuid(1), uuid(2)]);
    expect(await seen({})).toEqual([]);
  });

  test('a desk lists by post and by where the dossier stands there; text finds, and is only text', async () => {
    const teller = new Teller();
    tell(1, teller).decide('kz-nur-zholy', 'hold');
    tell(2, teller);
    await fold(teller.said);
    const reader = { member: 'KZ', authority: 'kz.customs' };
    const list = async (query: object) =>
      (await listDossiers(database.sql, reader, { limit: 9, ...query })).items.map((one) => one.dossier).sort();
    expect(await list({ post: 'kz-nur-zholy' })).toEqual([uuid(1), uuid(2)]);
    expect(await list({ post: 'kz-nur-zholy', postState: 'held' })).toEqual([uuid(1)]);
    expect(await list({ post: 'tm-farap' })).toEqual([]);
    expect(await list({ state: 'held' })).toEqual([uuid(1)]);
    expect(await list({ search: 'CHERRIES' })).toEqual([uuid(1), uuid(2)]);
    expect(await list({ search: '%' })).toEqual([]);
    expect(await list({ search: "'; DROP TABLE trade.dossier; --" })).toEqual([]);
  });

  test('what changed last stands first when it is asked for so', async () => {
    const teller = new Teller();
    const first = tell(1, teller);
    tell(2, teller);
    first.decide('uz-yallama', 'hold');
    tell(3, teller);
    await fold(teller.said);
    const reader = { member: 'KZ', authority: 'kz.customs' };
    const changed = { limit: 2, sort: 'changed' } as const;
    const page = await listDossiers(database.sql, reader, changed);
    const next = await listDossiers(database.sql, reader, { ...changed, cursor: page.next ?? '' });
    expect([...page.items, ...next.items].map((one) => one.dossier)).toEqual([uuid(3), uuid(1), uuid(2)]);
    const filed = (await listDossiers(database.sql, reader, { limit: 9 })).items.map((one) => one.dossier);
    expect(filed).toEqual([uuid(3), uuid(2), uuid(1)]);
  });

  test('words of one or two characters are found as others are, in long texts too, page by page', async () => {
    const teller = new Teller();
    const goods = CONTENTS.goods as { items: readonly object[] };
    const described = (n: number, description: string): void => {
      const items = goods.items.map((item) => ({ ...item, description }));
      new DossierTeller(uuid(n), { teller }).file({ ...CONTENTS, goods: { ...goods, items } });
    };
    described(1, 'Grade z9 cotton');
    described(2, 'Grade y8 cotton');
    described(3, `${'Cotton of many words '.repeat(20)}z9`);
    described(4, 'Grade z9 cotton, baled');
    await fold(teller.said);
    const reader = { member: 'KZ', authority: 'kz.customs' };
    const find = async (search: string, more: object = {}) => {
      const { items, next } = await listDossiers(database.sql, reader, { limit: 9, search, ...more });
      return { found: items.map((one) => one.dossier), next };
    };
    expect((await find('z9')).found.sort()).toEqual([uuid(1), uuid(3), uuid(4)]);
    expect((await find('grade z9 cotton')).found.sort()).toEqual([uuid(1), uuid(4)]);
    expect((await find('%9')).found).toEqual([]);
    const whole = (await find('z9')).found;
    const first = await find('z9', { limit: 2 });
    const second = await find('z9', { limit: 2, cursor: first.next });
    expect([...first.found, ...second.found]).toEqual(whole);
    expect(second.next).toBeNull();
  });

  test('lists keep silent about goods that not every authority may read', async () => {
    const told = new DossierTeller(uuid(1), { filer: 'KZ' });
    told.file();
    const goods = told.sections.get('goods');
    if (goods === undefined) throw new Error('no goods');
    told.sections.set('goods', { ...goods, audience: [{ member: 'KZ' as never, authorities: ['kz.customs'] }] });
    told.file({});
    await fold(told.said);
    const list = (reader: object, search?: string) =>
      listDossiers(database.sql, { member: 'KZ', ...reader }, { limit: 9, search });
    expect((await list({ authority: 'kz.chamber' })).items).toMatchObject([{ goods: '', grossMass: '' }]);
    expect((await list({ authority: 'kz.chamber' }, 'cherries')).items).toEqual([]);
    expect((await list({ operator: 'kz.exporter' })).items).toMatchObject([{ grossMass: '21200' }]);
  });

  test('paging is stable while records arrive', async () => {
    const teller = new Teller();
    for (let n = 1; n <= 7; n++) tell(n, teller);
    await fold(teller.said);
    const reader = { member: 'KZ', authority: 'kz.customs' };
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listDossiers(database.sql, reader, { limit: 2, cursor });
      seen.push(...page.items.map((one) => one.dossier));
      cursor = page.next ?? undefined;
      const late = new DossierTeller(uuid(seen.length + 100), { teller });
      await fold([late.file()]);
      const held = new DossierTeller(uuid(4), { teller });
      held.manifests.push(
        ...teller.said.filter((one) => one.envelope.type === 'manifest' && one.envelope.body['dossier'] === uuid(4)),
      );
      await fold([held.decide('kz-nur-zholy', 'hold')]);
    } while (cursor !== undefined);
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map(uuid));
    await expect(listDossiers(database.sql, reader, { limit: 2, cursor: 'x' })).rejects.toMatchObject({
      status: 400,
      code: 'cursor-invalid',
    });
  });

  test('movements, certificates, requirements, lists, records', async () => {
    await fold(world([4, 5, 6]));
    const { sql } = database;
    const customs = { member: 'KZ', authority: 'kz.customs' };
    expect((await listMovements(sql, customs, { limit: 5, post: 'kz-nur-zholy' })).items).toMatchObject([
      { movement: uuid(50) },
    ]);
    expect((await listMovements(sql, customs, { limit: 5, search: '40 777' })).items).toHaveLength(1);
    expect((await listMovements(sql, { member: 'KZ', operator: 'kz.carrier' }, { limit: 5 })).items).toEqual([]);
    // The shipper sees the truck that carries its dossier, at its own member's node.
    expect((await listMovements(sql, { member: 'UZ', operator: 'uz.exporter' }, { limit: 5 })).items).toHaveLength(1);
    expect(await ownDossiersOn(sql, uuid(50), { member: 'UZ', operator: 'uz.exporter' })).toEqual(
      new Set([uuid(1), uuid(2)]),
    );
    expect((await findMovement(sql, uuid(50)))?.current?.version).toBe(2);
    expect(await findMovement(sql, uuid(51))).toBeUndefined();
    expect((await movementsOf(sql, uuid(2))).map((one) => one.movement)).toEqual([uuid(50)]);

    expect((await listCertificates(sql, customs, { limit: 5, dossier: uuid(2) })).items).toMatchObject([
      { certificate: uuid(9), state: 'in-force' },
    ]);
    expect((await listCertificates(sql, { member: 'KZ', operator: 'kz.exporter' }, { limit: 5 })).items).toEqual([]);
    expect((await certificatesIssuedBy(sql, 'uz.chamber')).map((one) => one.certificate)).toContain(uuid(9));
    expect(await allRequirements(sql, '080929')).toMatchObject([{ authority: 'kz.customs', body: { goods: '0809' } }]);
    expect(await allRequirements(sql, '8541')).toEqual([]);
    expect((await listRequirements(sql, { limit: 1 })).items).toHaveLength(1);
    expect((await findStatusList(sql, 'uz.chamber'))?.body.issued.count).toBe(2);

    const state = await getDossierState(sql, uuid(2));
    const commitment = state.current?.commitment ?? '';
    expect(await findRecord(sql, commitment)).toMatchObject({
      subject: { kind: 'dossier', id: uuid(2) },
      envelope: { type: 'manifest' },
    });
    expect((await audiencesOf(sql, [commitment, 'f'.repeat(64)])).get(commitment)).toEqual(
      everyone(['CN', 'KZ', 'UZ']),
    );
    const digests = (await allDossierDigests(sql)).find((one) => one.dossier === uuid(2));
    expect({ dossier: uuid(2), ...(await findDossier(sql, uuid(2)))?.digests }).toEqual(digests);
    expect(await allMovementDigests(sql)).toHaveLength(1);
    await expect(getDossierState(sql, uuid(77))).rejects.toMatchObject({ status: 404, code: 'dossier-unknown' });
  });
});

describe('files and places in lists', () => {
  const file = {
    name: 'invoice.pdf',
    mediaType: 'application/pdf',
    size: 5,
    hash: 'a'.repeat(64),
    salt: `${'A'.repeat(22)}==`,
  };
  const contents = {
    ...CONTENTS,
    commercial: {
      ...(CONTENTS.commercial as object),
      documents: [{ code: '380', number: '1', issued: '2026-06-01', file }],
    },
  };
  const row = {
    hash: file.hash,
    mediaType: 'application/pdf' as const,
    size: 5,
    salt: file.salt,
    owner: 'UZ',
    uploadedBy: null,
  };

  test('a file named by a section is awaited until its bytes are here, and outlives a replay', async () => {
    const { sql } = database;
    const told = new DossierTeller(uuid(1), { route: ROUTE });
    told.file(contents);
    await fold(told.said);
    const awaited = await awaitedAttachments(sql, 5);
    expect(awaited.filter(({ owner }) => owner === 'UZ')).toMatchObject([
      { hash: file.hash, state: 'awaited', owner: 'UZ' },
    ]);
    expect(await dossiersNaming(sql, file.hash)).toEqual([uuid(1)]);
    await expect(readChunks(sql, file.hash).next()).rejects.toMatchObject({ status: 404, code: 'attachment-unknown' });
    const put = (upload: string) =>
      sql.begin(async (tx) => {
        await writeChunk(tx, upload, 0, Uint8Array.of(1, 2, 3));
        await writeChunk(tx, upload, 1, Uint8Array.of(4, 5));
        await finishAttachment(tx, upload, row);
      });
    await put('upload-1');
    await put('upload-2');
    await sql.begin(dropViews);
    await fold(told.said);
    expect(await findAttachment(sql, file.hash)).toMatchObject({
      state: 'present',
      mediaType: 'application/pdf',
      size: 5,
    });
    const chunks = [];
    for await (const chunk of readChunks(sql, file.hash)) chunks.push(...chunk);
    expect(chunks).toEqual([1, 2, 3, 4, 5]);
    expect((await awaitedAttachments(sql, 5)).filter(({ owner }) => owner === 'UZ')).toEqual([]);
    const [left] = await sql<{ n: bigint }[]>`SELECT count(*) AS n FROM trade.attachment_chunk`;
    expect(left?.n).toBe(2n);
  });

  test('a place in a list is taken once, and a certificate has one', async () => {
    const { sql } = database;
    expect(await reserveStatusIndex(sql, 'uz.chamber', 7, uuid(1))).toBe(true);
    expect(await reserveStatusIndex(sql, 'uz.chamber', 7, uuid(2))).toBe(false);
    expect(await reserveStatusIndex(sql, 'uz.chamber', 8, uuid(1))).toBe(false);
    expect(await reserveStatusIndex(sql, 'kz.chamber', 7, uuid(3))).toBe(true);
    await releaseStatusIndex(sql, uuid(1));
    expect(await reserveStatusIndex(sql, 'uz.chamber', 7, uuid(2))).toBe(true);
  });
});
