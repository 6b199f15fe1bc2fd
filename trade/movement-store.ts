import type { Sql, Tx } from '../storage/connection.ts';
import { movementDigest } from './digest.ts';
import {
  cursorOf,
  namesOf,
  type Page,
  principalsOf,
  readCursor,
  readersOf,
  replaceReaders,
  singlesOf,
  type Writing,
} from './dossier-store.ts';
import type { MovementState } from './state.ts';
import type { Reader } from './view.ts';

/** Writes the rows of movements; one whose declaration is not here yet has none. Under the subjects' locks. */
export async function writeMovements(tx: Tx, folded: readonly MovementState[], tools: Writing): Promise<void> {
  if (folded.length === 0) return;
  const ids = folded.map((one) => one.movement);
  const shown = folded.flatMap((state) => (state.current === null ? [] : [{ state, current: state.current }]));
  const posts = shown.flatMap(({ state, current }) =>
    [...new Set(current.posts)].map((post) => ({ id: state.movement, post })),
  );
  const carried = shown.flatMap(({ state }) =>
    [...new Set(state.versions.flatMap((one) => one.consignments.map((consignment) => consignment.dossier)))].map(
      (dossier) => ({ id: state.movement, dossier }),
    ),
  );
  await Promise.all([
    tx`DELETE FROM trade.movement WHERE movement = ANY(${ids}::text[])`,
    tx`
    INSERT INTO trade.movement (movement, member, operator, version, declared_at, search, digest, state)
    SELECT movement, member, operator, version::int, declared_at::bigint, search, digest, state
    FROM unnest(
      ${shown.map(({ state }) => state.movement)}::text[], ${shown.map(({ state }) => state.member)}::text[],
      ${shown.map(({ state }) => state.operator)}::text[], ${shown.map(({ current }) => String(current.version))}::text[],
      ${shown.map(({ state }) => String(Date.parse(state.versions[0]?.at ?? state.changedAt)))}::text[],
      ${shown.map(({ state, current }) =>
        [
          state.movement,
          current.means.identification,
          ...current.trailers,
          ...current.equipment.map((one) => one.identification),
          ...state.seals,
        ]
          .join('\n')
          .toLowerCase(),
      )}::text[],
      ${shown.map(({ state }) => movementDigest(state, tools.sha256))}::text[],
      ${shown.map(({ state }) => JSON.stringify(state))}::text[]
    ) AS new (movement, member, operator, version, declared_at, search, digest, state)`,
    tx`DELETE FROM trade.movement_post WHERE movement = ANY(${ids}::text[])`,
    tx`
    INSERT INTO trade.movement_post (movement, post)
    SELECT * FROM unnest(${posts.map((one) => one.id)}::text[], ${posts.map((one) => one.post)}::text[])`,
    tx`DELETE FROM trade.movement_consignment WHERE movement = ANY(${ids}::text[])`,
    tx`
    INSERT INTO trade.movement_consignment (movement, dossier)
    SELECT * FROM unnest(${carried.map((one) => one.id)}::text[], ${carried.map((one) => one.dossier)}::text[])`,
    ...replaceReaders(
      tx,
      'movement',
      new Map(folded.map((state) => [state.movement, readersOf(state.versions.at(-1)?.to ?? [], tools.member)])),
    ),
  ]);
}

/** What is folded of a movement; undefined until its declaration is here. Says nothing of who may see it. */
export async function findMovement(sql: Sql | Tx, movement: string): Promise<MovementState | undefined> {
  const [row] = await sql<{ state: string }[]>`SELECT state FROM trade.movement WHERE movement = ${movement}`;
  return row === undefined ? undefined : JSON.parse(row.state);
}

/** Of the dossiers that a movement carries or carried, those that an operator sees as its own. */
export async function ownDossiersOn(sql: Sql | Tx, movement: string, reader: Reader): Promise<Set<string>> {
  const rows = await sql<{ dossier: string }[]>`
    SELECT dossier FROM trade.movement_consignment JOIN trade.dossier USING (dossier)
    WHERE movement = ${movement} AND member = ${reader.member} AND (
      operator = ANY(${principalsOf(reader)}::text[]) OR operator || ' ' || dossier = ANY(${singlesOf(reader)}::text[])
    )`;
  return new Set(rows.map((one) => one.dossier));
}

export interface MovementQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly post?: string | undefined;
  readonly search?: string | undefined;
}

/**
 * The movements that a reader may see, last declared first: the carrier's own, those addressed to the
 * authority, and those that carry a dossier of the operator.
 * @throws Refusal 400 `cursor-invalid`
 */
export async function listMovements(sql: Sql, reader: Reader, query: MovementQuery): Promise<Page<MovementState>> {
  const from = readCursor(query.cursor);
  const search = query.search?.trim().toLowerCase() ?? '';
  const rows = await sql<{ declared_at: bigint; movement: string; state: string }[]>`
    SELECT declared_at, movement, state FROM trade.movement AS movement
    WHERE (
        (member = ${reader.member} AND operator = ANY(${principalsOf(reader)}::text[]))
        OR EXISTS (
          SELECT 1 FROM trade.reader WHERE kind = 'movement' AND subject = movement.movement
            AND reader = ANY(${namesOf(reader)}::text[])
        )
        OR EXISTS (
          SELECT 1 FROM trade.movement_consignment AS aboard JOIN trade.dossier AS own USING (dossier)
          WHERE aboard.movement = movement.movement AND own.member = ${reader.member}
            AND (
              own.operator = ANY(${principalsOf(reader)}::text[])
              OR own.operator || ' ' || own.dossier = ANY(${singlesOf(reader)}::text[])
            )
        )
      )
      AND (${from === null} OR (declared_at, movement) < (${from?.at ?? '0'}::bigint, ${from?.id ?? ''}::text))
      AND (${search === ''} OR strpos(search, ${search}) > 0)
      AND (
        ${query.post === undefined} OR EXISTS (
          SELECT 1 FROM trade.movement_post AS at_post
          WHERE at_post.movement = movement.movement AND at_post.post = ${query.post ?? ''}
        )
      )
    ORDER BY declared_at DESC, movement DESC LIMIT ${query.limit + 1}`;
  const last = rows.length > query.limit ? rows[query.limit - 1] : undefined;
  return {
    items: rows.slice(0, query.limit).map((row) => JSON.parse(row.state)),
    next: last === undefined ? null : cursorOf(last.declared_at, last.movement),
  };
}

/** The digests of every movement here, by id. */
export async function allMovementDigests(sql: Sql | Tx): Promise<{ movement: string; digest: string }[]> {
  return sql<{ movement: string; digest: string }[]>`SELECT movement, digest FROM trade.movement ORDER BY movement`;
}
