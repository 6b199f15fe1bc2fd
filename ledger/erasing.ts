import { orderOf } from '../log/erased.ts';
import { byteaArray, type Sql, type Tx } from '../storage/connection.ts';
import { fromHex } from '../values/bytes.ts';
import type { FoldRecord } from './sequence.ts';

/**
 * What is ordered to be erased and what has been. Order on disk: the order is in the log and noted in one transaction; only then are
 * bytes nulled, by the erasure role. What a crash leaves between is found by its missing `done_at`.
 */

/** Notes orders, inside the transaction that stored them; the caller has checked that each may erase what it names. */
export async function noteErased(
  tx: Tx,
  orders: readonly Pick<FoldRecord, 'commitment' | 'envelope'>[],
): Promise<void> {
  const rows = orders.flatMap(({ commitment, envelope }) => {
    const order = orderOf(envelope);
    return order === undefined ? [] : [{ ...order, order: commitment }];
  });
  if (rows.length === 0) return;
  await tx`
    INSERT INTO ledger.erased (origin, index, commitment, order_commitment)
    SELECT * FROM unnest(${rows.map(({ log }) => log)}::text[], ${rows.map(({ index }) => String(index))}::bigint[],
      ${byteaArray(
        tx,
        rows.map(({ commitment }) => fromHex(commitment)),
      )}, ${byteaArray(
        tx,
        rows.map(({ order }) => fromHex(order)),
      )})
    ON CONFLICT DO NOTHING`;
}

export interface ToErase {
  readonly origin: string;
  readonly index: bigint;
  readonly commitment: Uint8Array;
}

/**
 * What is ordered and not done, in order.
 * @param all also what was done: a part of the database may have been restored since
 */
export async function* toErase(sql: Sql, all = false): AsyncGenerator<ToErase[]> {
  for (let after = { origin: '', index: -1n }; ; ) {
    const rows = await sql<ToErase[]>`
      SELECT origin, index, commitment FROM ledger.erased
      WHERE (origin, index) > (${after.origin}, ${after.index}) AND (${all} OR done_at IS NULL)
      ORDER BY origin, index LIMIT 500`;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last;
    yield [...rows];
  }
}

/**
 * Nulls bytes and salts of own records, also of logs that were closed. As the erasure role.
 * @returns how many had bytes
 */
export async function nullOwn(tx: Tx, own: string, records: readonly ToErase[]): Promise<number> {
  const current = records.filter(({ origin }) => origin === own);
  const { count } = await tx`
    UPDATE ledger.record SET bytes = NULL, salt = NULL
    FROM ledger.entry JOIN unnest(${current.map(({ index }) => index.toString())}::bigint[], ${byteaArray(
      tx,
      current.map(({ commitment }) => commitment),
    )}) AS named (index, commitment) USING (index, commitment)
    WHERE record.index = named.index AND (record.bytes IS NOT NULL OR record.salt IS NOT NULL)`;
  const earlier = await tx`
    UPDATE ledger.earlier_record SET bytes = NULL, salt = NULL
    FROM unnest(${records.map(({ origin }) => origin)}::text[], ${records.map(({ index }) => index.toString())}::bigint[], ${byteaArray(
      tx,
      records.map(({ commitment }) => commitment),
    )}) AS named (origin, index, commitment)
    WHERE earlier_record.origin = named.origin AND earlier_record.index = named.index
      AND earlier_record.commitment = named.commitment
      AND (earlier_record.bytes IS NOT NULL OR earlier_record.salt IS NOT NULL)`;
  return count + earlier.count;
}

/** As the erasure role, in the transaction that nulled them. */
export async function markErased(tx: Tx, records: readonly ToErase[]): Promise<void> {
  await tx`
    UPDATE ledger.erased SET done_at = now()
    FROM unnest(${records.map(({ origin }) => origin)}::text[], ${records.map(({ index }) => index.toString())}::bigint[]) AS named (origin, index)
    WHERE erased.origin = named.origin AND erased.index = named.index AND erased.done_at IS NULL`;
}

/** How many orders are known here that nobody has carried out, and since when the first of them. */
export async function awaitedErasures(sql: Sql): Promise<{ readonly count: number; readonly since: Date | null }> {
  const [row] = await sql<{ count: bigint; since: Date | null }[]>`
    SELECT count(*) AS count, min(at) AS since FROM ledger.erased WHERE done_at IS NULL`;
  return { count: Number(row?.count ?? 0n), since: row?.since ?? null };
}

/** Of these orders those that are carried out here. */
export async function carriedOut(sql: Sql, orders: readonly string[]): Promise<Set<string>> {
  const rows = await sql<{ order: string }[]>`
    SELECT encode(order_commitment, 'hex') AS order FROM ledger.erased
    WHERE done_at IS NOT NULL AND order_commitment = ANY (${byteaArray(sql, orders.map(fromHex))})`;
  return new Set(rows.map(({ order }) => order));
}
