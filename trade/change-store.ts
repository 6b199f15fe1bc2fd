import type { Sql, Tx } from '../storage/connection.ts';
import { namesOf, principalsOf, singlesOf } from './dossier-store.ts';
import type { Reader } from './view.ts';

/** Which subjects changed, in an order that no reader can miss a row of. */

export interface Change {
  /** Where to go on from. */
  readonly cursor: string;
  readonly kind: 'dossier' | 'movement';
  readonly subject: string;
}

export interface ChangePlace {
  readonly txid: string;
  readonly seq: string;
}

const KEPT_DAYS = 7;

export async function writeChanges(
  tx: Tx,
  subjects: readonly { readonly kind: string; readonly id: string }[],
): Promise<void> {
  await tx`
    INSERT INTO trade.change (kind, subject)
    SELECT * FROM unnest(${subjects.map((one) => one.kind)}::text[], ${subjects.map((one) => one.id)}::text[])`;
}

/** The place after everything that is settled now. */
export async function latestChange(sql: Sql): Promise<ChangePlace> {
  const [row] = await sql<{ txid: string }[]>`SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS txid`;
  return { txid: row?.txid ?? '0', seq: '0' };
}

/** @example parseChange('745-12') */
export function parseChange(cursor: string | undefined): ChangePlace | undefined {
  const match = /^(\d{1,19})-(\d{1,18})$/.exec(cursor ?? '');
  return match?.[1] === undefined || match[2] === undefined ? undefined : { txid: match[1], seq: match[2] };
}

/**
 * Settled changes after a place, oldest first. Rows of transactions that may still commit are left for later, so that nothing is passed
 * over.
 */
export async function changesAfter(sql: Sql, { txid, seq }: ChangePlace, limit = 500): Promise<Change[]> {
  const rows = await sql<{ txid: string; seq: string; kind: Change['kind']; subject: string }[]>`
    SELECT txid::text, seq::text, kind, subject FROM trade.change
    WHERE (txid, seq) > (${txid}::xid8, ${seq}::bigint) AND txid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY trade.change.txid, trade.change.seq LIMIT ${limit}`;
  return rows.map((row) => ({ cursor: `${row.txid}-${row.seq}`, kind: row.kind, subject: row.subject }));
}

/** Of these subjects those that a reader may know of. */
export async function visibleSubjects(sql: Sql, reader: Reader, subjects: readonly string[]): Promise<Set<string>> {
  const rows = await sql<{ subject: string }[]>`
    SELECT subject FROM trade.reader
      WHERE subject = ANY(${subjects}::text[]) AND reader = ANY(${namesOf(reader)}::text[])
    UNION
    SELECT dossier FROM trade.dossier
      WHERE dossier = ANY(${subjects}::text[]) AND member = ${reader.member}
        AND (operator = ANY(${principalsOf(reader)}::text[]) OR operator || ' ' || dossier = ANY(${singlesOf(reader)}::text[]))
    UNION
    SELECT movement FROM trade.movement
      WHERE movement = ANY(${subjects}::text[]) AND member = ${reader.member} AND operator = ANY(${principalsOf(reader)}::text[])
    UNION
    SELECT aboard.movement FROM trade.movement_consignment AS aboard JOIN trade.dossier AS own USING (dossier)
      WHERE aboard.movement = ANY(${subjects}::text[]) AND own.member = ${reader.member}
        AND own.operator = ANY(${principalsOf(reader)}::text[])`;
  return new Set(rows.map((row) => row.subject));
}

export async function pruneChanges(sql: Sql): Promise<void> {
  await sql`DELETE FROM trade.change WHERE at < now() - make_interval(days => ${KEPT_DAYS})`;
}

/** Whether a place is so old that what followed it may be gone, or from a time of this database that a restored backup never had. */
export async function isTooOld(sql: Sql, { txid, seq }: ChangePlace): Promise<boolean> {
  const [oldest] = await sql<{ txid: string; seq: string }[]>`
    SELECT txid::text, seq::text FROM trade.change ORDER BY trade.change.txid, trade.change.seq LIMIT 1`;
  const [now] = await sql<{ ahead: boolean }[]>`
    SELECT ${txid}::xid8 > pg_snapshot_xmax(pg_current_snapshot()) AS ahead`;
  if (now?.ahead === true) return true;
  if (oldest === undefined) return false;
  return BigInt(oldest.txid) > BigInt(txid) || (oldest.txid === txid && BigInt(oldest.seq) > BigInt(seq) + 1n);
}
