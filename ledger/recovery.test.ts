import { expect, onTestFinished, test } from 'vitest';
import { formatCheckpoint } from '../log/checkpoint.ts';
import type { Sealed } from '../log/envelope.ts';
import { signNote } from '../log/note.ts';
import {
  auditOf,
  freshDatabase,
  ledgerOptions,
  ORIGIN,
  openLedger,
  record,
  signedAll,
  signer,
} from '../test/ledger.ts';
import { rootOf } from '../test/peers.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { toHex } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { auditHeld } from './held-audit.ts';
import { Ledger } from './ledger.ts';
import { type FoundRecord, type LogEnd, type Recovery, recoveries, recoverLog } from './recovery.ts';
import { succeedLog } from './succession.ts';

/** An own log that lost its end, brought back into a real database from what peers say; and one that is followed by another. */

interface Written {
  readonly database: TestDatabase;
  readonly note: string;
  readonly size: number;
  readonly commitments: readonly Uint8Array[];
  readonly records: readonly FoundRecord[];
}

async function written(appends: readonly (readonly Sealed[])[]): Promise<Written> {
  const database = await freshDatabase();
  const ledger = await openLedger(database);
  for (const sealed of appends) await ledger.append(sealed, { account: 'a' });
  await signedAll(ledger, database);
  await ledger.stop();
  const entries = await database.sql<{ commitment: Uint8Array }[]>`SELECT commitment FROM ledger.entry ORDER BY index`;
  const records = await database.sql<FoundRecord[]>`SELECT index, bytes, salt FROM ledger.record ORDER BY index`;
  return {
    database,
    note: ledger.published?.note ?? '',
    size: entries.length,
    commitments: entries.map(({ commitment }) => commitment),
    records: [...records],
  };
}

/** A database that holds the log up to a size, as a backup of that moment would. */
async function backup(of: Written, size: number): Promise<TestDatabase> {
  const database = await testDatabase(['ledger']);
  onTestFinished(() => database.drop());
  const commitments = of.commitments.slice(0, size);
  const body = formatCheckpoint({ origin: ORIGIN, size: BigInt(size), root: rootOf(commitments) });
  const note = await signNote(nodeCrypto, body, [signer]);
  if (size > 0) await bring(database, { note, cosignatures: [], commitments }, of.records.slice(0, size));
  return database;
}

let now = Date.parse('2026-06-11T00:00:00Z');
async function bring(database: TestDatabase, end: LogEnd, records: readonly FoundRecord[]): Promise<Recovery> {
  return recoverLog(
    database.sql,
    end,
    async function* () {
      yield* records;
    },
    {
      crypto: nodeCrypto,
      origin: ORIGIN,
      member: 'KZ',
      clock: () => new Date(now++),
      namesOf: (all) => all.map(({ index, record: { type, id } }) => ({ name: `${type}/${id}`, index })),
    },
  );
}

const dump = async ({ owner }: TestDatabase) => ({
  entries: await owner`SELECT index, encode(commitment, 'hex') FROM ledger.entry ORDER BY index`,
  records: await owner`SELECT index, id, encode(bytes, 'hex'), encode(salt, 'hex') FROM ledger.record ORDER BY index`,
  addressees: await owner`SELECT member, index FROM ledger.addressee ORDER BY member, index`,
  slips: await owner`SELECT member, up_to, index FROM ledger.slip ORDER BY member, up_to`,
  tiles: await owner`SELECT level, n, encode(data, 'hex') FROM ledger.tile ORDER BY level, n`,
  state: await owner`SELECT origin, size, encode(root, 'hex'), encode(edge, 'hex') FROM ledger.log_state`,
});

const many = (count: number) => Array.from({ length: count }, (_, i) => record(i % 3 === 0 ? 'public' : undefined));

test('an end comes back to the byte, also across a tile, and the log goes on', async () => {
  const whole = await written([many(200), many(120)]);
  for (const from of [0, 250]) {
    const database = await backup(whole, from);
    const end = { note: whole.note, cosignatures: [], commitments: whole.commitments.slice(from) };
    const recovery = await bring(database, end, whole.records.slice(from));
    expect(recovery).toMatchObject({ fromSize: BigInt(from), toSize: BigInt(whole.size), lost: [], erased: [] });
    expect(recovery.records).toBe(whole.size - from);
    expect(await dump(database)).toEqual(await dump(whole.database));
    expect((await recoveries(database.sql))[0]).toMatchObject({ toSize: BigInt(whole.size), lost: [] });
    const [names] = await database.sql<{ count: bigint }[]>`SELECT count(*) AS count FROM ledger.once`;
    expect(names?.count).toBe(BigInt(whole.size));
    const ledger = await openLedger(database);
    expect(ledger.published).toEqual({ size: BigInt(whole.size), note: whole.note });
    await ledger.append([record()], { account: 'a' });
    await signedAll(ledger, database);
    await ledger.stop();
    expect(await auditOf(database)).toMatchObject({ findings: [], lost: 0 });
  }
});

test('entries that do not give the signed root, too few or too many of them: nothing is changed', async () => {
  const whole = await written([many(12)]);
  const { commitments, note, size } = whole;
  const database = await backup(whole, 3);
  const before = await dump(database);
  const end = commitments.slice(3);
  for (const wrong of [end.slice(1), end.slice(0, -1), [...end, ...end.slice(0, 1)], [...end].reverse(), []])
    await expect(bring(database, { note, cosignatures: [], commitments: wrong }, [])).rejects.toMatchObject({
      code: 'log-diverged',
      params: { here: 3, signed: size },
    });
  expect(await dump(database)).toEqual(before);
});

test('of what peers give back that alone is taken which gives its entry; the rest is listed as lost', async () => {
  const whole = await written([many(2), many(9)]);
  const { commitments, note, size, records } = whole;
  const database = await backup(whole, 3);
  const [a, b, c] = [5, 6, 7].map((i) => records[i] as FoundRecord) as [FoundRecord, FoundRecord, FoundRecord];
  const lies: FoundRecord[] = [
    { ...b, index: a.index },
    { ...a, bytes: Buffer.from(a.bytes).fill(32, 0, 1) },
    { ...a, salt: Buffer.alloc(16) },
    { ...a, salt: Buffer.alloc(3) },
    { ...a, bytes: Buffer.from('no record') },
    { ...a, index: -1n },
    { ...a, index: 0n },
    { ...a, index: BigInt(size) },
  ];
  const recovery = await bring(database, { note, cosignatures: [], commitments: commitments.slice(3) }, [
    ...lies,
    c,
    { ...a, index: c.index },
    c,
  ]);
  expect(recovery.records).toBe(1);
  expect(recovery.lost.map(Number)).toEqual(Array.from({ length: size }, (_, i) => i).filter((i) => i > 2 && i !== 7));
  expect(await auditOf(database)).toMatchObject({ findings: [], lost: size - 4 });
  expect((await recoveries(database.sql))[0]?.lost).toEqual(recovery.lost);
});

test('what the log ordered to be erased stays away, whoever gives it back; an order for another entry erases nothing', async () => {
  const [kept, gone] = [record(), record()];
  const orderOf = (one: Sealed, index: number, log = ORIGIN) =>
    record(undefined, {
      type: 'erased',
      body: {
        commitment: toHex(one.commitment),
        log,
        index,
        id: one.record.id,
        dossier: one.record.id,
        section: 'driver',
        legalBasis: 'test',
        reason: 'request',
      },
    });
  // Of both an order; that for the first names another entry, and one another log.
  const whole = await written([
    [kept],
    [gone],
    [orderOf(kept, 3), orderOf(kept, 0, 'demo.zz.dostyk/log')],
    [orderOf(gone, 2)],
  ]);
  const at = whole.commitments.findIndex((one) => toHex(one) === toHex(gone.commitment));
  expect(at).toBe(2);
  const database = await backup(whole, 0);
  const recovery = await bring(database, { ...whole, cosignatures: [] }, whole.records);
  expect(recovery).toMatchObject({ lost: [], erased: [BigInt(at)], records: whole.size - 1 });
  const rows = await database.sql`SELECT id, bytes, salt FROM ledger.record WHERE index = ${at}`;
  expect(rows).toEqual([{ id: gone.record.id, bytes: null, salt: null }]);
  const noted = await database.sql<{ index: bigint; commitment: Uint8Array }[]>`
    SELECT index, commitment FROM ledger.erased WHERE origin = ${ORIGIN}`;
  expect(noted.map(({ index, commitment }) => [index, toHex(commitment)])).toEqual([
    [BigInt(at), toHex(gone.commitment)],
  ]);
  expect(await auditOf(database)).toMatchObject({ findings: [], erased: 1 });
});

test('a log that was closed is kept and followed, where it is what was closed; else nothing is changed', async () => {
  const database = await testDatabase(['ledger', 'federation']);
  onTestFinished(() => database.drop());
  const ledger = await Ledger.open(ledgerOptions(database));
  ledger.start();
  await ledger.append(many(4), {
    account: 'a',
    once: ['said/within'],
    idempotency: { key: 'within', request: 'a'.repeat(64) },
  });
  await signedAll(ledger, database);
  const closed = ledger.published?.size ?? 0n;
  await ledger.append(many(4), {
    account: 'a',
    once: ['said/beyond'],
    idempotency: { key: 'beyond', request: 'b'.repeat(64) },
  });
  await signedAll(ledger, database);
  await ledger.stop();
  const size = await ledger.size();
  const to = 'demo.aa.dostyk/log2';
  const before = await dump(database);
  const succeed = (at: bigint) => succeedLog(database.owner, nodeCrypto, { from: ORIGIN, to, closed: at });
  // No size that was signed; beyond the log; then entries that are not what was signed.
  for (const at of [closed - 1n, size + 1n]) await expect(succeed(at)).rejects.toMatchObject({ code: 'log-diverged' });
  const [first] = await database.sql<{ commitment: Buffer }[]>`SELECT commitment FROM ledger.entry WHERE index = 0`;
  await database.owner`UPDATE ledger.entry SET commitment = ${Buffer.alloc(32, 7)} WHERE index = 0`;
  await expect(succeed(closed)).rejects.toMatchObject({ code: 'log-diverged' });
  await database.owner`UPDATE ledger.entry SET commitment = ${first?.commitment ?? null} WHERE index = 0`;
  expect(await dump(database)).toEqual(before);
  expect(await succeed(closed)).toEqual({ from: ORIGIN, to, closed, beyond: Number(size - closed) });
  await expect(succeed(closed)).rejects.toMatchObject({ code: 'succession-done' });
  const count = async (table: string) =>
    Number((await database.owner.unsafe<{ count: bigint }[]>(`SELECT count(*) AS count FROM ${table}`))[0]?.count);
  expect([await count('ledger.earlier_record'), await count('ledger.entry')]).toEqual([Number(size), 0]);
  expect(await count('ledger.mirror_entry')).toBe(Number(closed));
  expect(await count('federation.received')).toBe(Number(closed));
  expect(await count(`federation.cursor WHERE origin = '${ORIGIN}' AND next = ${closed}`)).toBe(1);
  // What lay beyond may be said again, also under its key; what lies within may not.
  expect(await database.owner`SELECT name FROM ledger.once`).toEqual([{ name: 'said/within' }]);
  expect(await database.owner`SELECT key FROM ledger.request`).toEqual([{ key: 'within' }]);
  expect(await auditHeld(database.sql, nodeCrypto, [{ origin: ORIGIN, logKeys: [signer.vkey] }])).toEqual([]);
});
