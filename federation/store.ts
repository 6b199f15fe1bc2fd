import { aheadOf, type StoredRecord, storedColumns } from '../ledger/replay.ts';
import type { Sealed } from '../log/envelope.ts';
import { byteaArray, type Sql, type Tx } from '../storage/connection.ts';

export type { Sql, Tx };

export interface ReceivedRecord {
  readonly origin: string;
  readonly index: bigint;
  readonly bytes: Uint8Array;
  readonly salt: Uint8Array;
}

export async function cursorOf(sql: Sql | Tx, origin: string): Promise<bigint> {
  const [row] = await sql<{ next: bigint }[]>`SELECT next FROM federation.cursor WHERE origin = ${origin}`;
  return row?.next ?? 0n;
}

/** One at a time a log, so that two processes don't take over the same records. */
export async function lockCursor(tx: Tx, origin: string): Promise<bigint> {
  await tx`SELECT pg_advisory_xact_lock(hashtextextended(${origin}, 7306))`;
  return cursorOf(tx, origin);
}

/** @returns those that were not here before */
export async function insertReceived(
  tx: Tx,
  origin: string,
  records: readonly { index: bigint; sealed: Sealed }[],
): Promise<Set<bigint>> {
  const rows = await tx<{ index: bigint }[]>`
    INSERT INTO federation.received (origin, index, id, commitment, bytes, salt)
    SELECT ${origin}, * FROM unnest(${records.map(({ index }) => index.toString())}::bigint[], ${records.map(({ sealed }) => sealed.record.id)}::uuid[],
      ${byteaArray(
        tx,
        records.map(({ sealed }) => sealed.commitment),
      )}, ${byteaArray(
        tx,
        records.map(({ sealed }) => sealed.bytes),
      )},
      ${byteaArray(
        tx,
        records.map(({ sealed }) => sealed.salt),
      )})
    ON CONFLICT DO NOTHING RETURNING index`;
  return new Set(rows.map(({ index }) => index));
}

export async function setCursor(tx: Tx, origin: string, next: bigint, at: Date): Promise<void> {
  await tx`
    INSERT INTO federation.cursor (origin, next, at) VALUES (${origin}, ${next}, ${at})
    ON CONFLICT (origin) DO UPDATE SET next = excluded.next, at = excluded.at`;
}

export async function cursors(sql: Sql): Promise<Map<string, { next: bigint; at: Date }>> {
  const rows = await sql<{ origin: string; next: bigint; at: Date }[]>`SELECT origin, next, at FROM federation.cursor`;
  return new Map(rows.map(({ origin, next, at }) => [origin, { next, at }]));
}

/** False when this token was shown before. */
export async function useToken(sql: Sql, issuer: string, jti: string, expires: Date): Promise<boolean> {
  await sql`DELETE FROM federation.token WHERE expires < now() - interval '5 minutes'`;
  const rows =
    await sql`INSERT INTO federation.token (issuer, jti, expires) VALUES (${issuer}, ${jti}, ${expires}) ON CONFLICT DO NOTHING RETURNING 1`;
  return rows.length === 1;
}

export interface Fault {
  readonly member: string;
  readonly code: string;
  readonly detail: string;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly count: number;
}

export async function recordFault(sql: Sql, member: string, code: string, detail: string, at: Date): Promise<void> {
  await sql`
    INSERT INTO federation.fault (member, code, detail, first_at, last_at, count) VALUES (${member}, ${code}, ${detail.slice(0, 500)}, ${at}, ${at}, 1)
    ON CONFLICT (member, code) DO UPDATE SET detail = excluded.detail, last_at = excluded.last_at, count = fault.count + 1`;
}

export async function listFaults(sql: Sql): Promise<Fault[]> {
  const rows = await sql<
    { member: string; code: string; detail: string; first_at: Date; last_at: Date; count: bigint }[]
  >`
    SELECT member, code, detail, first_at, last_at, count FROM federation.fault ORDER BY last_at DESC LIMIT 100`;
  return rows.map((row) => ({
    member: row.member,
    code: row.code,
    detail: row.detail,
    firstAt: row.first_at.toISOString(),
    lastAt: row.last_at.toISOString(),
    count: Number(row.count),
  }));
}

/** Records of this log for a member or for everyone, from an index on and below the published size, but what is ordered to be erased. */
export async function recordsFor(
  sql: Sql,
  member: string,
  from: bigint,
  below: bigint,
  limit: number,
): Promise<{ index: bigint; bytes: Uint8Array | null; salt: Uint8Array | null }[]> {
  return sql<{ index: bigint; bytes: Uint8Array | null; salt: Uint8Array | null }[]>`
    SELECT DISTINCT record.index, record.bytes, record.salt
    FROM ledger.addressee JOIN ledger.record USING (index)
    WHERE addressee.member IN (${member}, '*') AND record.index >= ${from} AND record.index < ${below}
      AND NOT EXISTS (
        SELECT 1 FROM ledger.erased JOIN ledger.log_state USING (origin) WHERE erased.index = record.index)
    ORDER BY record.index LIMIT ${limit}`;
}

/** What was taken over from a log, from an index on and below another, but what is ordered to be erased. */
export async function heldOf(sql: Sql, origin: string, from: bigint, below: bigint, limit: number) {
  return sql<{ index: bigint; bytes: Uint8Array | null; salt: Uint8Array | null }[]>`
    SELECT index, bytes, salt FROM federation.received
    WHERE origin = ${origin} AND index >= ${from} AND index < ${below}
      AND NOT EXISTS (SELECT 1 FROM ledger.erased WHERE erased.origin = received.origin AND erased.index = received.index)
    ORDER BY index LIMIT ${limit}`;
}

/** All received records in batches, for a replay; the order is of no importance to the folds. */
export function allReceived(sql: Sql): AsyncGenerator<StoredRecord[]> {
  return aheadOf(
    async (after) => sql<StoredRecord[]>`
      SELECT origin, ${storedColumns(sql)} FROM federation.received
      WHERE (origin, index) > (${after.origin}, ${after.index}) AND bytes IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM ledger.erased WHERE erased.origin = received.origin AND erased.index = received.index)
      ORDER BY origin, index LIMIT 500`,
  );
}

/** Received record by commitment. */
export async function findReceived(sql: Sql, commitment: Uint8Array): Promise<ReceivedRecord | undefined> {
  const [row] = await sql<ReceivedRecord[]>`
    SELECT origin, index, bytes, salt FROM federation.received WHERE commitment = ${Buffer.from(commitment)} AND bytes IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM ledger.erased WHERE erased.origin = received.origin AND erased.index = received.index)`;
  return row;
}

/** Keeps what slips listed and that is neither here nor among `arrived`. */
export async function noteUndelivered(
  tx: Tx,
  origin: string,
  listed: readonly bigint[],
  arrived: readonly bigint[],
  now: Date,
): Promise<void> {
  await tx`DELETE FROM federation.undelivered WHERE origin = ${origin} AND index = ANY (${arrived.map(String)}::bigint[])`;
  await tx`
    INSERT INTO federation.undelivered (origin, index, since, asked)
    SELECT DISTINCT ${origin}, index, ${now}::timestamptz, ${now}::timestamptz FROM unnest(${listed.map(String)}::bigint[]) AS listed (index)
    WHERE NOT index = ANY (${arrived.map(String)}::bigint[])
      AND NOT EXISTS (SELECT 1 FROM federation.received WHERE origin = ${origin} AND received.index = listed.index)
    ON CONFLICT DO NOTHING`;
}

/** Some indexes to ask for again, those asked longest ago first; they count as asked now. */
export async function takeUndelivered(sql: Sql, origin: string, limit: number, now: Date): Promise<bigint[]> {
  const rows = await sql<{ index: bigint }[]>`
    UPDATE federation.undelivered SET asked = ${now} WHERE origin = ${origin} AND index IN (
      SELECT index FROM federation.undelivered WHERE origin = ${origin} ORDER BY asked, index LIMIT ${limit})
    RETURNING index`;
  return rows.map(({ index }) => index).sort((a, b) => (a < b ? -1 : 1));
}

/** How many listed records have been missing since then or longer, and the first of them. */
export async function missingSince(
  sql: Sql,
  origin: string,
  since: Date,
): Promise<{ readonly count: number; readonly first: bigint } | undefined> {
  const [row] = await sql<{ count: bigint; first: bigint | null }[]>`
    SELECT count(*) AS count, min(index) AS first FROM federation.undelivered WHERE origin = ${origin} AND since <= ${since}`;
  return row === undefined || row.first === null ? undefined : { count: Number(row.count), first: row.first };
}

/** A place in a log of which it is known that its record is erased: what was not here will not come, and is not missing. */
export async function keepPlaces(
  tx: Tx,
  places: readonly {
    readonly origin: string;
    readonly index: bigint;
    readonly id: string;
    readonly commitment: Uint8Array;
  }[],
): Promise<void> {
  const origins = places.map(({ origin }) => origin);
  const indexes = places.map(({ index }) => index.toString());
  await tx`
    INSERT INTO federation.received (origin, index, id, commitment)
    SELECT * FROM unnest(${origins}::text[], ${indexes}::bigint[], ${places.map(({ id }) => id)}::uuid[], ${byteaArray(
      tx,
      places.map(({ commitment }) => commitment),
    )})
    ON CONFLICT DO NOTHING`;
  await tx`
    DELETE FROM federation.undelivered USING unnest(${origins}::text[], ${indexes}::bigint[]) AS known (origin, index)
    WHERE undelivered.origin = known.origin AND undelivered.index = known.index`;
}

/** The bytes that are here of a place in a log. */
export async function findHeld(
  tx: Tx,
  origin: string,
  index: bigint,
): Promise<{ readonly bytes: Uint8Array; readonly salt: Uint8Array } | undefined> {
  const [row] = await tx<{ bytes: Uint8Array; salt: Uint8Array }[]>`
    SELECT bytes, salt FROM federation.received
    WHERE origin = ${origin} AND index = ${index} AND bytes IS NOT NULL AND salt IS NOT NULL`;
  return row;
}

/**
 * Nulls bytes and salts of what was taken over. As the erasure role.
 * @returns how many had bytes
 */
export async function nullReceived(
  tx: Tx,
  records: readonly { readonly origin: string; readonly index: bigint; readonly commitment: Uint8Array }[],
): Promise<number> {
  const { count } = await tx`
    UPDATE federation.received SET bytes = NULL, salt = NULL
    FROM unnest(${records.map(({ origin }) => origin)}::text[], ${records.map(({ index }) => index.toString())}::bigint[], ${byteaArray(
      tx,
      records.map(({ commitment }) => commitment),
    )}) AS named (origin, index, commitment)
    WHERE received.origin = named.origin AND received.index = named.index AND received.commitment = named.commitment
      AND (received.bytes IS NOT NULL OR received.salt IS NOT NULL)`;
  return count;
}
