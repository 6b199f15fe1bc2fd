import type { Sql, Tx } from '../storage/connection.ts';
import type { CorrectionState } from './correction.ts';
import { cursorOf, type Page, readCursor } from './dossier-store.ts';

/** Corrections that were asked for, as rows. */

/** @param id `<member at whose node it was said>/<correction>` */
export async function writeCorrection(tx: Tx, id: string, state: CorrectionState | undefined): Promise<void> {
  const [reported = '', correction = ''] = id.split('/');
  await tx`DELETE FROM trade.correction WHERE reported = ${reported} AND correction = ${correction}`;
  if (state === undefined) return;
  await tx`
    INSERT INTO trade.correction (reported, correction, about, at, answered, body)
    VALUES (${reported}, ${correction}, ${state.body.about}, ${new Date(state.at)}, ${state.answers.length > 0},
      ${JSON.stringify(state)})`;
}

/** Under one id; an honest node uses an id once. */
export async function findCorrection(sql: Sql | Tx, correction: string): Promise<CorrectionState | undefined> {
  const [row] = await sql<{ body: string }[]>`
    SELECT body FROM trade.correction WHERE correction = ${correction} ORDER BY at, reported LIMIT 1`;
  return row === undefined ? undefined : JSON.parse(row.body);
}

/** How many were said at a member's node since a time. */
export async function countCorrections(sql: Sql | Tx, reported: string, since: Date): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM trade.correction WHERE reported = ${reported} AND at >= ${since}`;
  return row?.count ?? 0;
}

/**
 * Those about a member's rules: what is not answered first by its age, what is answered newest first.
 * @throws Refusal 400 `cursor-invalid`
 */
export async function listCorrections(
  sql: Sql,
  about: string,
  query: { readonly answered: boolean; readonly cursor?: string | undefined; readonly limit: number },
): Promise<Page<CorrectionState>> {
  const from = readCursor(query.cursor);
  const { answered } = query;
  const place = from === null ? null : new Date(Number(from.at));
  const rows = await sql<{ at: Date; correction: string; body: string }[]>`
    SELECT at, correction, body FROM trade.correction
    WHERE about = ${about} AND answered = ${answered}
      AND (${from === null}
        OR ${answered ? sql`(at, correction) < (${place}, ${from?.id ?? ''})` : sql`(at, correction) > (${place}, ${from?.id ?? ''})`})
    ORDER BY ${answered ? sql`at DESC, correction DESC` : sql`at, correction`} LIMIT ${query.limit + 1}`;
  const last = rows.length > query.limit ? rows[query.limit - 1] : undefined;
  return {
    items: rows.slice(0, query.limit).map(({ body }) => JSON.parse(body)),
    next: last === undefined ? null : cursorOf(BigInt(last.at.getTime()), last.correction),
  };
}
