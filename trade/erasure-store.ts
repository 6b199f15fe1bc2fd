import type { Sql, Tx } from '../storage/connection.ts';
import { awaitedFrom } from './erasure.ts';
import type { DossierState, ErasureState, FoldInput } from './state.ts';
import { filesOf } from './view.ts';

/** What is erased, who has acknowledged it, and what the node is to order. */

export interface Erasure extends ErasureState {
  readonly dossier: string;
  /** Who ordered it: the section's issuer. */
  readonly member: string;
  /** Members that have not acknowledged it. */
  readonly awaited: readonly string[];
}

export async function writeErasures(tx: Tx, folded: readonly DossierState[]): Promise<void> {
  const rows = folded.flatMap(({ dossier, member, erasures = [] }) =>
    erasures.map((state) => ({ dossier, member, state, awaited: awaitedFrom(state, member) })),
  );
  await Promise.all([
    tx`DELETE FROM trade.erasure WHERE dossier = ANY(${folded.map(({ dossier }) => dossier)}::text[])`,
    tx`
    INSERT INTO trade.erasure (order_commitment, commitment, dossier, member, at, awaited, state)
    SELECT order_commitment, commitment, dossier, member, at::bigint, string_to_array(awaited, ','), state
    FROM unnest(
      ${rows.map(({ state }) => state.order)}::text[], ${rows.map(({ state }) => state.commitment)}::text[],
      ${rows.map((one) => one.dossier)}::text[],
      ${rows.map((one) => one.member)}::text[], ${rows.map(({ state }) => String(Date.parse(state.at)))}::text[],
      ${rows.map(({ awaited }) => awaited.join(','))}::text[], ${rows.map(({ state }) => JSON.stringify(state))}::text[]
    ) AS new (order_commitment, commitment, dossier, member, at, awaited, state)`,
  ]);
}

/** Files that erased sections named and that nothing else names go with them. After the references have been written anew. */
export async function dropFiles(tx: Tx, erased: readonly FoldInput[]): Promise<void> {
  const hashes = erased.flatMap(({ envelope }) => filesOf(envelope.body['content']).map(({ hash }) => hash));
  if (hashes.length === 0) return;
  await tx`
    WITH gone AS (
      DELETE FROM trade.attachment WHERE hash = ANY(${hashes}::text[])
        AND NOT EXISTS (SELECT 1 FROM trade.attachment_reference AS named WHERE named.hash = attachment.hash)
        AND NOT EXISTS (SELECT 1 FROM trade.pack_table AS named WHERE named.hash = attachment.hash)
      RETURNING hash
    )
    DELETE FROM trade.attachment_chunk USING gone WHERE attachment_chunk.hash = gone.hash`;
}

interface Row {
  readonly dossier: string;
  readonly member: string;
  readonly awaited: string[];
  readonly state: string;
}

const erasureOf = ({ dossier, member, awaited, state }: Row): Erasure => ({
  ...(JSON.parse(state) as ErasureState),
  dossier,
  member,
  awaited,
});

/** The erasures that this node knows of, newest first. */
export async function listErasures(
  sql: Sql | Tx,
  {
    dossier = null,
    unanswered = false,
    limit = 1000,
  }: { dossier?: string | null; unanswered?: boolean; limit?: number } = {},
): Promise<Erasure[]> {
  const rows = await sql<Row[]>`
    SELECT dossier, member, awaited, state FROM trade.erasure
    WHERE (${dossier}::text IS NULL OR dossier = ${dossier}) AND (NOT ${unanswered} OR awaited <> '{}')
    ORDER BY at DESC, order_commitment LIMIT ${limit}`;
  return rows.map(erasureOf);
}

/** The erasure of a record by its commitment. */
export async function findErasure(sql: Sql | Tx, commitment: string): Promise<Erasure | undefined> {
  const [row] = await sql<Row[]>`
    SELECT dossier, member, awaited, state FROM trade.erasure WHERE commitment = ${commitment}`;
  return row && erasureOf(row);
}

/** Orders of others that wait for this member's word, oldest first. */
export async function erasuresToAcknowledge(sql: Sql, member: string, limit: number): Promise<Erasure[]> {
  const rows = await sql<Row[]>`
    SELECT dossier, member, awaited, state FROM trade.erasure
    WHERE awaited <> '{}' AND ${member} = ANY(awaited) ORDER BY at, order_commitment LIMIT ${limit}`;
  return rows.map(erasureOf);
}

/** Members that have not acknowledged orders of this one since a time, with how many and since when the first. */
export async function unansweredErasures(
  sql: Sql,
  member: string,
  before: Date,
): Promise<{ readonly member: string; readonly count: number; readonly since: Date }[]> {
  const rows = await sql<{ member: string; count: bigint; since: bigint }[]>`
    SELECT silent AS member, count(*) AS count, min(at) AS since FROM trade.erasure CROSS JOIN unnest(awaited) AS silent
    WHERE awaited <> '{}' AND member = ${member} AND at <= ${before.getTime()} GROUP BY silent ORDER BY silent`;
  return rows.map((row) => ({
    member: row.member,
    count: Number(row.count),
    since: new Date(Number(row.since)),
  }));
}

export interface ErasureRequest {
  readonly dossier: string;
  readonly section: string;
  readonly legalBasis: string;
  readonly reason: ErasureState['reason'];
}

/** Asks the node for an erasure. As the erasure role. */
export async function requestErasure(erasure: Sql, one: ErasureRequest): Promise<void> {
  await erasure`
    INSERT INTO trade.erasure_request (dossier, section, legal_basis, reason)
    VALUES (${one.dossier}, ${one.section}, ${one.legalBasis}, ${one.reason}) ON CONFLICT DO NOTHING`;
}

/** What was asked for and is not ordered yet, oldest first. */
export async function erasureRequests(sql: Sql, limit = 100): Promise<ErasureRequest[]> {
  return sql<ErasureRequest[]>`
    SELECT dossier, section, legal_basis AS "legalBasis", reason FROM trade.erasure_request ORDER BY at LIMIT ${limit}`;
}

export async function dropRequest(sql: Sql, { dossier, section }: ErasureRequest): Promise<void> {
  await sql`DELETE FROM trade.erasure_request WHERE dossier = ${dossier} AND section = ${section}`;
}

/** Own section records as the fold holds them, in batches. */
export async function* ownSections(sql: Sql, member: string): AsyncGenerator<FoldInput[]> {
  for (let after = ''; ; ) {
    const rows = await sql<{ commitment: string; origin: string; index: bigint; envelope: string }[]>`
      SELECT commitment, origin, index, envelope FROM trade.record
      WHERE type = 'section' AND member = ${member} AND commitment > ${after} ORDER BY commitment LIMIT 500`;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.commitment;
    yield rows.map((row) => ({ ...row, envelope: JSON.parse(row.envelope) }));
  }
}

/** Own records of one section of a dossier, of every version that is here. */
export async function sectionRecords(sql: Sql, member: string, dossier: string, section: string): Promise<FoldInput[]> {
  const rows = await sql<{ commitment: string; origin: string; index: bigint; envelope: string }[]>`
    SELECT commitment, origin, index, envelope FROM trade.record
    WHERE kind = 'dossier' AND subject = ${dossier} AND type = 'section' AND member = ${member} ORDER BY origin, index`;
  const records = rows.map((row): FoldInput => ({ ...row, envelope: JSON.parse(row.envelope) }));
  return records.filter(({ envelope }) => envelope.body['section'] === section);
}
