import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { auditReceived } from '../federation/received-audit.ts';
import { type AuditFinding, auditRemote } from '../log/audit.ts';
import { formatCheckpoint } from '../log/checkpoint.ts';
import { cosign } from '../log/cosignature.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { ED25519_COSIGNATURE, parseNote, signNote } from '../log/note.ts';
import { connect, type Sql, type Tx } from '../storage/connection.ts';
import { seeded } from '../test/fuzz.ts';
import { ledgerOptions, makeSigner, ORIGIN, record, signedAll, signer } from '../test/ledger.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { auditOwn } from './audit.ts';
import { auditHeld } from './held-audit.ts';
import { Ledger } from './ledger.ts';
import { Mirrors } from './mirror.ts';
import { TileSource } from './tiles.ts';

/**
 * A flipped bit anywhere in a stored log is found, and the finding names the place: seeded places over every row and column that the
 * log says something of.
 *
 * Nothing in the log says when anything was stored (`at`), who asked under which key for what (`ledger.request`, but its receipt), or from
 * which index a name that is used once was taken (`ledger.once`): the name itself is for trade to derive, see `trade/once.ts`, and is not
 * held against the records.
 */

const witness = makeSigner('demo.bb.dostyk/witness', ED25519_COSIGNATURE);
const witnesses = [{ member: 'BB', vkey: witness.vkey }];
const FOREIGN = 'demo.cc.dostyk/log';
const EARLIER = 'demo.aa.dostyk/log0';
/** An own record that nobody could give back, and one of the foreign log that was erased. */
const LOST = 40;
const GONE = 30;
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
  database = await testDatabase(['ledger', 'federation']);
  const url = new URL(inject('adminUrl'));
  url.pathname = new URL(database.urls.running).pathname;
  below = connect(url.href, { max: 1 });
  const ledger = await Ledger.open(ledgerOptions(database));
  ledger.start();
  for (let i = 0; i < 5; i++)
    await ledger.append([record(), record()], { account: 'a', idempotency: { key: `k${i}`, request: `r${i}` } });
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

  // As after a recovery that brought back all but one.
  await below`UPDATE ledger.record SET id = NULL, bytes = NULL, salt = NULL WHERE index = ${LOST}`;
  await below`DELETE FROM ledger.addressee WHERE index = ${LOST}`;
  const from = BigInt(LOST) - 3n;
  await database.owner`
    INSERT INTO ledger.recovery (at, from_size, to_size, records, lost)
    VALUES (now(), ${from}, ${size}, ${size - from - 1n}, ${[String(LOST)]}::bigint[])`;

  const theirs = Array.from({ length: 39 }, () => record([{ member: 'UZ' }], { log: FOREIGN }));
  const gone = theirs[GONE];
  if (gone === undefined) throw new Error('nothing to erase');
  const order = record([{ member: 'UZ' }], {
    log: FOREIGN,
    type: 'erased',
    body: {
      commitment: toHex(gone.commitment),
      log: FOREIGN,
      index: GONE,
      id: gone.record.id,
      dossier: gone.record.id,
      section: 'driver',
      legalBasis: 'test',
      reason: 'request',
    },
  });
  const foreignSaid = [...theirs, order];
  const entries = foreignSaid.map(({ commitment }) => commitment);
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
  for (const [index, one] of foreignSaid.entries()) {
    if (index % 3 !== 0) continue;
    const [bytes, salt] = index === GONE ? [null, null] : [Buffer.from(one.bytes), Buffer.from(one.salt)];
    await database.owner`
      INSERT INTO federation.received (origin, index, id, commitment, bytes, salt)
      VALUES (${FOREIGN}, ${index}, ${one.record.id}, ${Buffer.from(one.commitment)}, ${bytes}, ${salt})`;
  }
  await database.owner`
    INSERT INTO ledger.erased (origin, index, commitment, order_commitment, done_at)
    VALUES (${FOREIGN}, ${GONE}, ${Buffer.from(gone.commitment)}, ${Buffer.from(order.commitment)}, now())`;
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
  const held = await auditHeld(inside, nodeCrypto, logs);
  return [...own.findings, ...held, ...(await auditReceived(inside, nodeCrypto))];
}

type Row = Readonly<Record<string, unknown>>;

/** What a finding says of a place: an index, and words of its message. */
interface Named {
  readonly index?: unknown;
  readonly says?: readonly string[];
}

interface Place {
  readonly order: string;
  /** Every bit of them counts. */
  readonly columns: readonly string[];
  /** What names a row, as it was or as it has become, where this column of it is another. */
  readonly names: (row: Row, column: string) => Named;
}

const byIndex = ({ index }: Row): Named => ({ index });
const bySize = ({ size }: Row): Named => ({ says: [`size ${size}`] });
const byOrigin = ({ origin }: Row): Named => ({ says: [`${origin}`] });

const PLACES: Readonly<Record<string, Place>> = {
  'ledger.entry': {
    order: 'index',
    columns: ['index', 'commitment'],
    // Of an entry whose record is lost nothing else speaks but the next signed root.
    names: ({ index }, column) =>
      column === 'commitment' && Number(index) === LOST ? { says: ['states another root'] } : { index },
  },
  'ledger.record': { order: 'index', columns: ['index', 'id', 'bytes', 'salt'], names: byIndex },
  'ledger.tile': {
    order: 'level, n',
    columns: ['level', 'n', 'data'],
    names: ({ level, n }) => ({ says: [`Tile ${level}/${n}`] }),
  },
  'ledger.log_state': {
    order: 'size',
    columns: ['origin', 'size', 'root', 'edge'],
    names: ({ origin }, column) => ({
      says: [
        { origin: `state is that of ${origin}`, size: 'its state says', root: 'stored root', edge: 'stored edge' }[
          column
        ] ?? '',
      ],
    }),
  },
  'ledger.checkpoint': { order: 'size', columns: ['size', 'body', 'note'], names: bySize },
  'ledger.cosignature': { order: 'size', columns: ['size', 'witness', 'time', 'line'], names: bySize },
  'ledger.addressee': { order: 'member, index', columns: ['member', 'index'], names: byIndex },
  'ledger.slip': { order: 'member, up_to', columns: ['member', 'up_to', 'index'], names: byIndex },
  'ledger.request': {
    order: 'account, key',
    columns: ['receipt'],
    names: ({ account, key }) => ({ says: [`receipt of ${account} under the key ${key}`] }),
  },
  'ledger.recovery': {
    order: 'at',
    columns: ['from_size', 'to_size', 'records', 'lost'],
    names: () => ({ says: ['The recovery of'] }),
  },
  'ledger.mirror_entry': {
    order: 'origin, index',
    columns: ['origin', 'index', 'commitment'],
    // Which entry is another the signed root does not say, but by when.
    names: ({ origin, index }, column) =>
      column === 'commitment'
        ? { says: [`copy of ${origin}`, `size ${Number(index) < 10 ? 10 : 40}`] }
        : { index, says: [`copy of ${origin}`] },
  },
  'ledger.mirror': {
    order: 'origin, size',
    columns: ['origin', 'size', 'root', 'edge', 'note'],
    names: ({ origin, size }, column) => ({
      says: ['origin', 'size'].includes(column) ? [`${origin}`] : [`copy of ${origin}`, `size ${size}`],
    }),
  },
  'ledger.witness_state': { order: 'origin', columns: ['origin', 'size', 'root', 'note'], names: byOrigin },
  'ledger.earlier_record': {
    order: 'origin, index',
    columns: ['origin', 'index', 'commitment', 'id', 'bytes', 'salt'],
    names: ({ origin, index }, column) => (column === 'origin' ? { says: [`${origin}`] } : { index, says: [EARLIER] }),
  },
  'ledger.earlier_checkpoint': {
    order: 'origin, size',
    columns: ['origin', 'size', 'note'],
    names: ({ origin, size }, column) => ({ says: column === 'origin' ? [`${origin}`] : [`${origin}`, `${size}`] }),
  },
  'federation.received': {
    order: 'origin, index',
    columns: ['origin', 'index', 'id', 'commitment', 'bytes', 'salt'],
    names: ({ origin, index }) => ({ index, says: [`${origin}`] }),
  },
};
const FLIPS = 8;

/** Whole words: what says *size 40* does not name size 4. */
const speaks = (message: string, words: string): boolean =>
  message.split(words).some((rest, i) => i > 0 && !/^\w/.test(rest));

const isNamed = ({ index, message }: AuditFinding, named: Named): boolean =>
  (named.index === undefined || index === Number(named.index)) &&
  (named.says ?? []).every((words) => speaks(message, words));

/** One bit of a value, whatever its type; a text stays one. */
function flipped(value: unknown, random: () => number): unknown {
  const below = (n: number): number => Math.floor(random() * n);
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    const at = below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    return bytes;
  }
  if (Array.isArray(value)) return value.map((one) => flipped(one, random));
  // What a jsonb holds stays JSON.
  if (typeof value === 'object' && value !== null && 'records' in value) {
    for (;;) {
      const text = String(flipped(JSON.stringify(value.records), random));
      try {
        return { ...value, records: JSON.parse(text) as unknown };
      } catch {
        // No JSON: another bit.
      }
    }
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

/** As PostgreSQL takes it, and its type. */
function parameter(value: unknown): readonly [string | Uint8Array, string] {
  if (value instanceof Uint8Array) return [value, '::bytea'];
  if (Array.isArray(value)) return [`{${value.join()}}`, '::text::bigint[]'];
  if (typeof value === 'object') return [JSON.stringify(value), '::text::jsonb'];
  return typeof value === 'bigint' ? [String(value), '::bigint'] : [value as string, ''];
}

test.each(Object.keys(PLACES))('a bit of %s', async (table) => {
  const { order, columns, names } = PLACES[table] as Place;
  const random = seeded(20_260_611);
  const missed: string[] = [];
  for (const column of columns) {
    const [{ count } = { count: 0n }] = await below.unsafe<{ count: bigint }[]>(
      `SELECT count(*) FROM ${table} WHERE ${column} IS NOT NULL`,
    );
    expect(Number(count)).toBeGreaterThan(0);
    for (let i = 0; i < FLIPS; i++) {
      const row = Math.floor(random() * Number(count));
      const takeBack = new Error('take back');
      await below
        .begin(async (tx) => {
          // What happens below PostgreSQL asks no constraint.
          await tx`SET LOCAL session_replication_role = replica`;
          const [found] = await tx.unsafe<{ place: string }[]>(
            `SELECT *, ctid::text AS place FROM ${table} WHERE ${column} IS NOT NULL ORDER BY ${order} OFFSET ${row} LIMIT 1`,
          );
          const before = (found ?? {}) as Row;
          const after = { ...before, [column]: flipped(before[column], random) };
          const [value, type] = parameter(after[column]);
          await tx.unsafe(`UPDATE ${table} SET ${column} = $1${type} WHERE ctid = $2::tid`, [
            value as string,
            found?.place ?? '',
          ]);
          const findings = await audit(tx);
          const named = [names(before, column), names(after, column)];
          if (!findings.some((one) => named.some((name) => isNamed(one, name))))
            missed.push(
              `${table}.${column}, row ${row}: ${show(before[column])} as ${show(after[column])}: ${show(findings.slice(0, 4))}`,
            );
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

const show = (value: unknown): string =>
  JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one))?.slice(0, 400) ?? '';

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
