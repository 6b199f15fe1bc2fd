import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type AuditFinding, auditRemote } from '../log/audit.ts';
import { formatCheckpoint } from '../log/checkpoint.ts';
import { cosign } from '../log/cosignature.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { ED25519_COSIGNATURE, parseNote, signNote } from '../log/note.ts';
import { connect, type Sql, type Tx } from '../storage/connection.ts';
import { seeded } from '../test/fuzz.ts';
import { ledgerOptions, makeSigner, ORIGIN, record, signedAll, signer } from '../test/ledger.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { auditOwn } from './audit.ts';
import { auditHeld } from './held-audit.ts';
import { Ledger } from './ledger.ts';
import { Mirrors } from './mirror.ts';
import { TileSource } from './tiles.ts';

/** A flipped bit anywhere in a stored log is found: seeded places over every row and column that the log consists of. */

const witness = makeSigner('demo.bb.dostyk/witness', ED25519_COSIGNATURE);
const witnesses = [{ member: 'BB', vkey: witness.vkey }];
const FOREIGN = 'demo.cc.dostyk/log';
const EARLIER = 'demo.aa.dostyk/log0';
const foreign = makeSigner(FOREIGN);
const old = makeSigner(EARLIER);
const keys = {
  origin: ORIGIN,
  logKeys: [signer.vkey],
  witnessesOf: () => witnesses,
};
const logs = [
  { origin: ORIGIN, logKeys: [signer.vkey] },
  { origin: FOREIGN, logKeys: [foreign.vkey] },
  { origin: EARLIER, logKeys: [old.vkey] },
];

let database: TestDatabase;
let note: string;
/** May do what no role of a node may: change what constraints forbid. */
let below: Sql;

beforeAll(async () => {
  database = await testDatabase(['ledger']);
  const url = new URL(inject('adminUrl'));
  url.pathname = new URL(database.urls.running).pathname;
  below = connect(url.href, { max: 1 });
  const ledger = await Ledger.open(ledgerOptions(database));
  ledger.start();
  for (let i = 0; i < 5; i++) {
    await ledger.append([record()], { account: 'a' });
  }
  await signedAll(ledger, database);
  await ledger.append(
    Array.from({ length: 270 }, (_, i) => record(i % 9 === 0 ? 'public' : [{ member: 'UZ' }, { member: 'CN' }])),
    { account: 'a' },
  );
  await signedAll(ledger, database);
  await ledger.stop();
  const { size, note: signed } = ledger.published!;
  note = signed;
  const line = await cosign(nodeCrypto, parseNote(note).text, 1_800_000_000n, witness);
  await ledger.addCosignatures(size, [{ member: 'BB', time: 1_800_000_000n, line }]);

  const entries = Array.from({ length: 40 }, (_, i) => nodeCrypto.sha256(utf8(`entry ${i}`)));
  const rootAt = (count: number) =>
    edgeRoot(
      nodeCrypto,
      entries
        .slice(0, count)
        .reduce((edge, one) => appendLeaf(nodeCrypto, edge, leafHash(nodeCrypto, one)), EMPTY_EDGE),
    );
  const noteAt = (origin: string, count: number, by: typeof signer) =>
    signNote(nodeCrypto, formatCheckpoint({ origin, size: BigInt(count), root: rootAt(count) }), [by]);
  const mirrors = new Mirrors(database.sql, nodeCrypto);
  for (const count of [10, 40])
    await mirrors.extend(FOREIGN, await noteAt(FOREIGN, count, foreign), [foreign.vkey], async (from) =>
      entries.slice(Number(from)),
    );
  await database.owner`
    INSERT INTO ledger.witness_state (origin, size, root, note, at)
    VALUES (${FOREIGN}, 40, ${Buffer.from(rootAt(40))}, ${await noteAt(FOREIGN, 40, foreign)}, now())`;
  // A log before this one, as `succeed` keeps it.
  const said = Array.from({ length: 12 }, () => record([{ member: 'UZ' }], { log: EARLIER }));
  let edge = EMPTY_EDGE;
  for (const [index, one] of said.entries()) {
    edge = appendLeaf(nodeCrypto, edge, leafHash(nodeCrypto, one.commitment));
    await database.owner`
      INSERT INTO ledger.earlier_record (origin, index, commitment, id, bytes, salt)
      VALUES (${EARLIER}, ${index}, ${Buffer.from(one.commitment)}, ${one.record.id}, ${Buffer.from(one.bytes)}, ${Buffer.from(one.salt)})`;
    if (index % 4 !== 3) continue;
    const body = formatCheckpoint({ origin: EARLIER, size: edge.size, root: edgeRoot(nodeCrypto, edge) });
    await database.owner`
      INSERT INTO ledger.earlier_checkpoint (origin, size, note)
      VALUES (${EARLIER}, ${edge.size}, ${await signNote(nodeCrypto, body, [old])})`;
  }
});
afterAll(async () => {
  await below.end({ timeout: 1 });
  await database.drop();
});

async function audit(tx: Tx): Promise<readonly AuditFinding[]> {
  const inside = { begin: (_: string, run: (tx: unknown) => unknown) => run(tx) } as unknown as Sql;
  const own = await auditOwn(inside, nodeCrypto, keys);
  return [...own.findings, ...(await auditHeld(inside, nodeCrypto, logs))];
}

/** Table, what its rows are ordered by, and the columns of which every bit counts. */
const PLACES: readonly [string, string, readonly string[]][] = [
  ['entry', 'index', ['index', 'commitment']],
  ['record', 'index', ['index', 'id', 'bytes', 'salt']],
  ['tile', 'level, n', ['level', 'n', 'data']],
  ['log_state', 'size', ['origin', 'size', 'root', 'edge']],
  ['checkpoint', 'size', ['size', 'body', 'note']],
  ['cosignature', 'size', ['size', 'witness', 'time', 'line']],
  ['addressee', 'member, index', ['member', 'index']],
  ['slip', 'member, up_to', ['member', 'up_to', 'index']],
  ['mirror_entry', 'origin, index', ['origin', 'index', 'commitment']],
  ['mirror', 'origin, size', ['origin', 'size', 'root', 'edge', 'note']],
  ['witness_state', 'origin', ['origin', 'size', 'root', 'note']],
  ['earlier_record', 'origin, index', ['origin', 'index', 'commitment', 'id', 'bytes', 'salt']],
  ['earlier_checkpoint', 'origin, size', ['origin', 'size', 'note']],
];
const FLIPS = 8;

/** One bit of a value, whatever its type; a text stays one. */
function flipped(value: unknown, random: () => number): unknown {
  const below = (n: number): number => Math.floor(random() * n);
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    const at = below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    return bytes;
  }
  if (typeof value === 'bigint') return BigInt.asIntN(64, value ^ (1n << BigInt(below(64))));
  if (typeof value === 'number') return value ^ (1 << below(15));
  const text = String(value);
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text)) {
    const at = [...text].flatMap((one, i) => (one === '-' ? [] : [i]))[below(32)] ?? 0;
    const digit = Number.parseInt(text[at] ?? '0', 16) ^ (1 << below(4));
    return text.slice(0, at) + digit.toString(16) + text.slice(at + 1);
  }
  for (;;) {
    const at = below(text.length);
    const code = text.charCodeAt(at) ^ (1 << below(7));
    if (code !== 0) return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
  }
}

test('a log that nothing happened to is clean', async () => {
  await database.owner.begin(async (tx) => expect(await audit(tx)).toEqual([]));
});

test.each(PLACES)('a bit of %s', async (table, order, columns) => {
  const random = seeded(20_260_611);
  const [{ count } = { count: 0n }] = await below.unsafe<{ count: bigint }[]>(`SELECT count(*) FROM ledger.${table}`);
  expect(Number(count)).toBeGreaterThan(0);
  const missed: string[] = [];
  for (const column of columns) {
    for (let i = 0; i < FLIPS; i++) {
      const row = Math.floor(random() * Number(count));
      const takeBack = new Error('take back');
      await below
        .begin(async (tx) => {
          // What happens below PostgreSQL asks no constraint.
          await tx`SET LOCAL session_replication_role = replica`;
          const [found] = await tx.unsafe<{ place: string; value: unknown }[]>(
            `SELECT ctid::text AS place, ${column} AS value FROM ledger.${table} ORDER BY ${order} OFFSET ${row} LIMIT 1`,
          );
          const value = flipped(found?.value, random);
          const type = value instanceof Uint8Array ? 'bytea' : typeof value === 'bigint' ? 'bigint' : '';
          await tx.unsafe(
            `UPDATE ledger.${table} SET ${column} = $1${type === '' ? '' : `::${type}`} WHERE ctid = $2::tid`,
            [typeof value === 'bigint' ? String(value) : (value as string), found?.place ?? ''],
          );
          if ((await audit(tx)).length === 0)
            missed.push(`${table}.${column}, row ${row}: ${String(found?.value)} as ${String(value)}`);
          throw takeBack;
        })
        .catch((error: unknown) => {
          // A key that is taken already: no such bit can flip unseen.
          if (error !== takeBack && (error as { code?: unknown }).code !== '23505') throw error;
        });
    }
  }
  expect(missed).toEqual([]);
});

test('a bit of what the public routes serve', async () => {
  const random = seeded(7);
  const tiles = new TileSource(database.sql, nodeCrypto);
  const size = BigInt(parseNote(note).text.split('\n')[1] ?? '0');
  const served = async (path: string) => (path === 'checkpoint' ? utf8(note) : tiles.serve(path, size));
  const paths = new Set<string>();
  const remote = (change: (path: string, bytes: Uint8Array) => Uint8Array) =>
    auditRemote(async (path) => change(path, await served(path)), nodeCrypto, keys);
  const clean = await remote((path, bytes) => {
    paths.add(path);
    return bytes;
  });
  expect(clean.findings).toEqual([]);
  for (const path of paths) {
    for (let i = 0; i < 12; i++) {
      const change = (at: string, bytes: Uint8Array): Uint8Array =>
        at === path ? (flipped(bytes, random) as Uint8Array) : bytes;
      const told = await remote(change).then(
        ({ findings }) => findings.length > 0,
        (error: unknown) => error instanceof Refusal || error instanceof RangeError,
      );
      expect(told, path).toBe(true);
    }
  }
});
