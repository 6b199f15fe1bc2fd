import type { Envelope } from '../log/envelope.ts';
import type { Sql, Tx } from '../storage/connection.ts';
import { cursorOf, namesOf, type Page, principalsOf, readCursor, singlesOf } from './dossier-store.ts';
import type { CertificateState } from './state.ts';
import type { RequirementState, StatusListState, Subject } from './subject.ts';
import type { Reader } from './view.ts';

/** What authorities say: certificates, requirements, status lists; and single records. */

/** @param id `<authority>/<requirement>` */
export async function writeRequirement(tx: Tx, id: string, state: RequirementState | undefined): Promise<void> {
  const [authority = '', requirement = ''] = id.split('/');
  await tx`DELETE FROM trade.requirement WHERE authority = ${authority} AND requirement = ${requirement}`;
  if (state === undefined) return;
  await tx`
    INSERT INTO trade.requirement (authority, requirement, member, goods, commitment, body)
    VALUES (${authority}, ${requirement}, ${state.member}, ${state.body.goods}, ${state.commitment}, ${JSON.stringify(state)})`;
}

/** @param id `<authority>/<list>`; an authority has one list, of its own name */
export async function writeStatusList(tx: Tx, id: string, state: StatusListState | undefined): Promise<void> {
  if (state === undefined) return;
  const [list = ''] = id.split('/');
  await tx`
    INSERT INTO trade.status_list (list, member, origin, index, commitment, body)
    VALUES (${list}, ${state.member}, ${state.origin}, ${String(state.index)}::bigint, ${state.commitment}, ${JSON.stringify(state)})
    ON CONFLICT (list) DO UPDATE SET member = EXCLUDED.member, origin = EXCLUDED.origin, index = EXCLUDED.index,
      commitment = EXCLUDED.commitment, body = EXCLUDED.body`;
}

/** The newest status list of an authority. */
export async function findStatusList(sql: Sql | Tx, list: string): Promise<StatusListState | undefined> {
  const [row] = await sql<{ body: string }[]>`SELECT body FROM trade.status_list WHERE list = ${list}`;
  return row === undefined ? undefined : JSON.parse(row.body);
}

/** Everything that authorities ask for, by authority and name; `goods` limits it to what concerns that code. */
export async function allRequirements(sql: Sql | Tx, goods?: string): Promise<RequirementState[]> {
  const rows = await sql<{ body: string }[]>`
    SELECT body FROM trade.requirement
    WHERE ${goods === undefined} OR starts_with(${goods ?? ''}, goods) OR starts_with(goods, ${goods ?? ''})
    ORDER BY authority, requirement`;
  return rows.map((row) => JSON.parse(row.body));
}

/** @throws Refusal 400 `cursor-invalid` */
export async function listRequirements(
  sql: Sql,
  query: { readonly cursor?: string | undefined; readonly limit: number; readonly goods?: string | undefined },
): Promise<Page<RequirementState>> {
  const from = readCursor(query.cursor)?.id ?? '';
  const rows = await sql<{ key: string; body: string }[]>`
    SELECT authority || '/' || requirement AS key, body FROM trade.requirement
    WHERE (authority || '/' || requirement) > ${from}
      AND (${query.goods === undefined} OR starts_with(${query.goods ?? ''}, goods) OR starts_with(goods, ${query.goods ?? ''}))
    ORDER BY key LIMIT ${query.limit + 1}`;
  const last = rows.length > query.limit ? rows[query.limit - 1] : undefined;
  return {
    items: rows.slice(0, query.limit).map((row) => JSON.parse(row.body)),
    next: last === undefined ? null : cursorOf(0n, last.key),
  };
}

/** Certificates under one id, the first said first; an honest issuer uses an id once. */
export async function findCertificates(sql: Sql | Tx, certificate: string): Promise<CertificateState[]> {
  const rows = await sql<{ state: string }[]>`
    SELECT state FROM trade.certificate WHERE certificate = ${certificate} ORDER BY at, member, index`;
  return rows.map((row) => JSON.parse(row.state));
}

/** What an authority has certified, in the order of its log: the leaves of its status list's root. */
export async function certificatesIssuedBy(sql: Sql | Tx, authority: string): Promise<CertificateState[]> {
  const rows = await sql<{ state: string }[]>`
    SELECT state FROM trade.certificate WHERE authority = ${authority} ORDER BY index`;
  return rows.map((row) => JSON.parse(row.state));
}

/**
 * How many certificates an authority has issued, and how many of them are revoked. Neither number ever falls, so a list that
 * states both has covered everything.
 */
export async function countCertificates(
  sql: Sql | Tx,
  authority: string,
): Promise<{ readonly issued: number; readonly revoked: number }> {
  // Inside a JSON text a quotation mark is always escaped: nothing that an authority writes looks like this member.
  const [row] = await sql<{ issued: number; revoked: number }[]>`
    SELECT
      (SELECT count(*)::int FROM trade.certificate WHERE authority = ${authority}) AS issued,
      (SELECT count(*)::int FROM trade.certificate
        WHERE authority = ${authority} AND strpos(state, '"state":"revoked"') > 0) AS revoked`;
  return row ?? { issued: 0, revoked: 0 };
}

/**
 * The certificates that a reader may see, last issued first.
 * @throws Refusal 400 `cursor-invalid`
 */
export async function listCertificates(
  sql: Sql,
  reader: Reader,
  query: { readonly cursor?: string | undefined; readonly limit: number; readonly dossier?: string | undefined },
): Promise<Page<CertificateState>> {
  const from = readCursor(query.cursor);
  const rows = await sql<{ at: bigint; commitment: string; state: string }[]>`
    SELECT at, commitment, state FROM trade.certificate AS certificate
    WHERE (
        EXISTS (
          SELECT 1 FROM trade.reader WHERE kind = 'certificate' AND subject = certificate.commitment
            AND reader = ANY(${namesOf(reader)}::text[])
        )
        OR EXISTS (
          SELECT 1 FROM trade.dossier AS own WHERE own.dossier = certificate.dossier
            AND own.member = ${reader.member} AND (
              own.operator = ANY(${principalsOf(reader)}::text[])
              OR own.operator || ' ' || own.dossier = ANY(${singlesOf(reader)}::text[])
            )
        )
      )
      AND (${from === null} OR (at, commitment) < (${from?.at ?? '0'}::bigint, ${from?.id ?? ''}::text))
      AND (${query.dossier === undefined} OR dossier = ${query.dossier ?? ''})
    ORDER BY at DESC, commitment DESC LIMIT ${query.limit + 1}`;
  const last = rows.length > query.limit ? rows[query.limit - 1] : undefined;
  return {
    items: rows.slice(0, query.limit).map((row) => JSON.parse(row.state)),
    next: last === undefined ? null : cursorOf(last.at, last.commitment),
  };
}

/**
 * Takes a place in a list for a certificate.
 *
 * @param holder the certificate, and which attempt at issuing it: two at once hold a place each, and one gives its own back
 * @returns false when the place is taken, or the holder has one: draw another
 */
export async function reserveStatusIndex(sql: Sql | Tx, list: string, index: number, holder: string): Promise<boolean> {
  const rows = await sql`
    INSERT INTO trade.status_index (list, index, certificate) VALUES (${list}, ${index}, ${holder})
    ON CONFLICT DO NOTHING RETURNING index`;
  return rows.length === 1;
}

/** Gives a place back when the certificate was not issued with it after all. */
export async function releaseStatusIndex(sql: Sql | Tx, holder: string): Promise<void> {
  await sql`DELETE FROM trade.status_index WHERE certificate = ${holder}`;
}

export interface StoredRecord {
  readonly subject: Subject;
  readonly commitment: string;
  readonly origin: string;
  readonly index: bigint;
  readonly envelope: Envelope;
}

/** One record of trade by its commitment. */
export async function findRecord(sql: Sql | Tx, commitment: string): Promise<StoredRecord | undefined> {
  const [row] = await sql<
    { kind: Subject['kind']; subject: string; origin: string; index: bigint; envelope: string }[]
  >`
    SELECT kind, subject, origin, index, envelope FROM trade.record WHERE commitment = ${commitment}`;
  if (row === undefined) return undefined;
  const { kind, subject, origin, index, envelope } = row;
  return { subject: { kind, id: subject }, commitment, origin, index, envelope: JSON.parse(envelope) };
}

/** The audiences of records, for `seal`, which checks that `after` names only what every addressee holds. */
export async function audiencesOf(sql: Sql | Tx, commitments: readonly string[]): Promise<Map<string, Envelope['to']>> {
  const rows = await sql<{ commitment: string; envelope: string }[]>`
    SELECT commitment, envelope FROM trade.record WHERE commitment = ANY(${commitments}::text[])`;
  return new Map(rows.map((row) => [row.commitment, (JSON.parse(row.envelope) as Envelope).to]));
}
