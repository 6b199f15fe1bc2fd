import { formatCheckpoint, parseCheckpoint } from '../log/checkpoint.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { type Envelope, openSealed } from '../log/envelope.ts';
import { orderOf } from '../log/erased.ts';
import { appendLeaf, type Edge, EMPTY_EDGE, edgeRoot, edgeToBytes, leafHash } from '../log/merkle.ts';
import { parseNote } from '../log/note.ts';
import { byteaArray, type Sql, type Tx } from '../storage/connection.ts';
import { equal, fromHex, toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { noteErased } from './erasing.ts';
import { extendTree, LOCK, routing } from './sequence.ts';

/** An own log that lost its end, made whole again from what the other members hold of it. */

export interface LogEnd {
  /** The largest size that was signed, as a witness holds it: the log's own note. */
  readonly note: string;
  /** Cosignatures on it that the caller has verified. */
  readonly cosignatures: readonly { readonly member: string; readonly time: bigint; readonly line: string }[];
  /** Every commitment from the size of the log here on, from a mirror. */
  readonly commitments: readonly Uint8Array[];
}

export interface FoundRecord {
  readonly index: bigint;
  readonly bytes: Uint8Array;
  readonly salt: Uint8Array;
}

export interface Recovery {
  readonly fromSize: bigint;
  readonly toSize: bigint;
  readonly records: number;
  /** Indexes of records that nobody could give back. */
  readonly lost: readonly bigint[];
  /** Indexes of records that this log itself had ordered to be erased: whoever still had their bytes, they stay away. */
  readonly erased: readonly bigint[];
}

export interface RecoveryTools {
  readonly crypto: LogCrypto;
  readonly origin: string;
  readonly member: string;
  readonly clock: () => Date;
  /** Names usable once that these records took, each with the index of its record. */
  readonly namesOf: (records: readonly { readonly index: bigint; readonly record: Envelope }[]) => {
    readonly name: string;
    readonly index: bigint;
  }[];
}

/** Root over the entries here and what would follow them. */
export async function rootWith(
  sql: Sql | Tx,
  crypto: LogCrypto,
  following: readonly Uint8Array[],
): Promise<{ size: bigint; edge: Edge }> {
  let edge = EMPTY_EDGE;
  for (;;) {
    const rows = await sql<{ commitment: Uint8Array }[]>`
      SELECT commitment FROM ledger.entry WHERE index >= ${edge.size} ORDER BY index LIMIT 10000`;
    if (rows.length === 0) break;
    for (const { commitment } of rows) edge = appendLeaf(crypto, edge, leafHash(crypto, commitment));
  }
  const { size } = edge;
  for (const commitment of following) edge = appendLeaf(crypto, edge, leafHash(crypto, commitment));
  return { size, edge };
}

/**
 * Puts the missing end back, all or nothing: entries, records that addressees gave back, tiles, and the signed checkpoint under
 * which the log goes on. Nothing is believed: the entries must give the signed root, each record its entry.
 *
 * @param records asked for only after the entries have been checked
 * @throws Refusal 409 `log-diverged` where the entries here are not the beginning of what was signed
 */
export async function recoverLog(
  sql: Sql,
  end: LogEnd,
  records: () => AsyncIterable<FoundRecord>,
  { crypto, origin, member, clock, namesOf }: RecoveryTools,
): Promise<Recovery> {
  const body = parseNote(end.note).text;
  const signed = parseCheckpoint(body);
  return sql.begin(async (tx): Promise<Recovery> => {
    await tx`SET LOCAL statement_timeout = 0`;
    await tx`SELECT pg_advisory_xact_lock(${LOCK})`;
    const { size: fromSize, edge } = await rootWith(tx, crypto, end.commitments);
    if (edge.size !== signed.size || !equal(edgeRoot(crypto, edge), signed.root)) {
      throw new Refusal(
        409,
        'log-diverged',
        `The ${fromSize} entries here are not the beginning of what was signed at size ${signed.size}.`,
        {
          params: { here: Number(fromSize), signed: Number(signed.size) },
          remedy: 'Restore an older backup of this log, or have the others close it and go on in a new one.',
        },
      );
    }
    const before = await rootWith(tx, crypto, []);
    for (let at = 0; at < end.commitments.length; at += 10_000) {
      const part = end.commitments.slice(at, at + 10_000);
      const indexes = part.map((_, i) => (fromSize + BigInt(at + i)).toString());
      await tx`
        INSERT INTO ledger.entry (index, commitment)
        SELECT * FROM unnest(${indexes}::bigint[], ${byteaArray(tx, part)})`;
    }
    await extendTree(tx, crypto, before.edge, end.commitments);
    const found = new Map<bigint, { bytes: Uint8Array; salt: Uint8Array; record: Envelope }>();
    for await (const { index, bytes, salt } of records()) {
      const commitment = end.commitments[Number(index - fromSize)];
      if (index < fromSize || commitment === undefined || found.has(index)) continue;
      const sealed = openOr(() => openSealed(bytes, salt, crypto));
      if (sealed !== undefined && equal(sealed.commitment, commitment))
        found.set(index, { bytes, salt, record: sealed.record });
    }
    const orders: { envelope: Envelope; commitment: string }[] = [];
    const erased = new Map<bigint, string>();
    for (const [index, { record }] of [...found]) {
      const order = orderOf(record);
      if (order?.log !== origin) continue;
      const at = BigInt(order.index);
      // What lies below was here before: whoever nulls it compares the commitment.
      const named = at < fromSize ? undefined : end.commitments[Number(at - fromSize)];
      if (at >= fromSize && (named === undefined || !equal(named, fromHex(order.commitment)))) continue;
      orders.push({
        envelope: record,
        commitment: toHex(end.commitments[Number(index - fromSize)] ?? new Uint8Array()),
      });
      if (named === undefined) continue;
      erased.set(at, order.id);
      found.delete(at);
    }
    const lost: bigint[] = [];
    for (let index = fromSize; index < signed.size; index++)
      if (!found.has(index) && !erased.has(index)) lost.push(index);
    const all = [...found].map(([index, one]) => ({ index, ...one })).sort((a, b) => (a.index < b.index ? -1 : 1));
    await insertRecords(tx, all, lost, erased);
    await noteErased(tx, orders);
    await Promise.all(routing(tx, member, all));
    const names = namesOf(all);
    await tx`
      INSERT INTO ledger.once (name, index)
      SELECT * FROM unnest(${names.map(({ name }) => name)}::text[], ${names.map(({ index }) => index.toString())}::bigint[])
      ON CONFLICT DO NOTHING`;
    await tx`
      INSERT INTO ledger.log_state (origin, size, root, edge)
      VALUES (${origin}, ${edge.size}, ${edgeRoot(crypto, edge)}, ${edgeToBytes(edge)})
      ON CONFLICT (only_row) DO UPDATE SET size = excluded.size, root = excluded.root, edge = excluded.edge`;
    await tx`
      INSERT INTO ledger.checkpoint (size, body, note, at)
      VALUES (${signed.size}, ${formatCheckpoint(signed)}, ${end.note}, ${clock()}) ON CONFLICT DO NOTHING`;
    for (const { member: witness, time, line } of end.cosignatures)
      await tx`
        INSERT INTO ledger.cosignature (size, witness, time, line) VALUES (${signed.size}, ${witness}, ${time}, ${line}) ON CONFLICT DO NOTHING`;
    await tx`
      INSERT INTO ledger.recovery (at, from_size, to_size, records, lost)
      VALUES (${clock()}, ${fromSize}, ${signed.size}, ${found.size}, ${lost.map(String)}::bigint[])`;
    return { fromSize, toSize: signed.size, records: found.size, lost, erased: [...erased.keys()] };
  }) as Promise<Recovery>;
}

async function insertRecords(
  tx: Tx,
  found: readonly {
    readonly index: bigint;
    readonly bytes: Uint8Array;
    readonly salt: Uint8Array;
    readonly record: Envelope;
  }[],
  lost: readonly bigint[],
  erased: ReadonlyMap<bigint, string>,
): Promise<void> {
  for (let at = 0; at < found.length; at += 500) {
    const part = found.slice(at, at + 500);
    await tx`
      INSERT INTO ledger.record (index, id, bytes, salt)
      SELECT * FROM unnest(${part.map(({ index }) => index.toString())}::bigint[], ${part.map(({ record }) => record.id)}::uuid[],
        ${byteaArray(
          tx,
          part.map(({ bytes }) => bytes),
        )}, ${byteaArray(
          tx,
          part.map(({ salt }) => salt),
        )})`;
  }
  await tx`INSERT INTO ledger.record (index) SELECT * FROM unnest(${lost.map(String)}::bigint[])`;
  await tx`
    INSERT INTO ledger.record (index, id)
    SELECT * FROM unnest(${[...erased.keys()].map(String)}::bigint[], ${[...erased.values()]}::uuid[])`;
}

/** What a peer sends may be anything; what is no record is none. */
function openOr<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    // Not of the form of a record: as if it had not come.
    return undefined;
  }
}

/** Recoveries of this log, newest first. */
export async function recoveries(sql: Sql): Promise<(Omit<Recovery, 'erased'> & { readonly at: Date })[]> {
  const rows = await sql<{ at: Date; from_size: bigint; to_size: bigint; records: bigint; lost: bigint[] }[]>`
    SELECT at, from_size, to_size, records, lost FROM ledger.recovery ORDER BY at DESC LIMIT 100`;
  return rows.map((row) => ({
    at: row.at,
    fromSize: row.from_size,
    toSize: row.to_size,
    records: Number(row.records),
    lost: row.lost,
  }));
}
