import type { Sql, Tx } from '../storage/connection.ts';
import { Refusal } from '../values/refusal.ts';
import { type Aboard, type DeskPlace, placeAt } from './desk.ts';
import { cursorOf, movementsByDossier, namesOf, type Page, readCursor } from './dossier-store.ts';
import type { DossierState, MovementState } from './state.ts';
import type { Reader } from './view.ts';

/** Movements that carry any of these dossiers now or did. */
export async function movementsWith(tx: Tx, dossiers: readonly string[]): Promise<string[]> {
  const rows = await tx<{ movement: string }[]>`
    SELECT DISTINCT movement FROM trade.movement_consignment WHERE dossier = ANY(${dossiers}::text[])`;
  return rows.map((one) => one.movement);
}

async function loadAboard(sql: Sql | Tx, movements: readonly MovementState[]): Promise<Map<string, Aboard>> {
  const ids = [...new Set(movements.flatMap((one) => one.current?.consignments.map(({ dossier }) => dossier) ?? []))];
  const rows = await sql<{ state: string }[]>`SELECT state FROM trade.dossier WHERE dossier = ANY(${ids}::text[])`;
  const carriers = await movementsByDossier(sql, ids);
  const found = new Map<string, Aboard>();
  for (const row of rows) {
    const dossier = JSON.parse(row.state) as DossierState;
    found.set(dossier.dossier, { dossier, movements: carriers.get(dossier.dossier) ?? [] });
  }
  return found;
}

const aboardOf = (movement: MovementState, all: ReadonlyMap<string, Aboard>): Aboard[] =>
  (movement.current?.consignments ?? []).flatMap(({ dossier }) => {
    const found = all.get(dossier);
    return found === undefined ? [] : [found];
  });

/** Writes where these movements stand at each of their posts. Under the movements' locks. */
export async function writeDesk(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const rows = await tx<{ state: string }[]>`SELECT state FROM trade.movement WHERE movement = ANY(${ids}::text[])`;
  const movements = rows.map((row) => JSON.parse(row.state) as MovementState);
  const all = await loadAboard(tx, movements);
  const places = movements.flatMap((movement) => {
    const aboard = aboardOf(movement, all);
    return [...new Set(movement.current?.posts ?? [])].map(
      (post): DeskPlace & { readonly movement: string; readonly post: string } => ({
        movement: movement.movement,
        post,
        ...placeAt(movement, post, aboard),
      }),
    );
  });
  await tx`
    UPDATE trade.movement_post AS held SET state = new.state, rank = new.rank::smallint, at = new.at::bigint
    FROM unnest(
      ${places.map((one) => one.movement)}::text[], ${places.map((one) => one.post)}::text[],
      ${places.map((one) => one.state)}::text[], ${places.map((one) => String(one.rank))}::text[],
      ${places.map((one) => String(one.at))}::text[]
    ) AS new (movement, post, state, rank, at)
    WHERE held.movement = new.movement AND held.post = new.post`;
}

export interface DeskQuery {
  readonly post: string;
  readonly state?: string | undefined;
  readonly search?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/**
 * The movements that pass a post, most urgent first, with what is aboard.
 * @throws Refusal 400 `cursor-invalid`
 */
export async function listDesk(
  sql: Sql,
  reader: Reader,
  { post, state, search: sought = '', cursor, limit }: DeskQuery,
): Promise<Page<{ readonly movement: MovementState; readonly aboard: readonly Aboard[] }>> {
  const search = sought.trim().toLowerCase();
  const [rank, at] = readDeskCursor(cursor);
  const rows = await sql<{ movement: string; rank: number; at: bigint; state: string }[]>`
    SELECT place.movement, place.rank, place.at, movement.state
    FROM trade.movement_post AS place JOIN trade.movement AS movement ON movement.movement = place.movement
    WHERE place.post = ${post}
      AND ${state === undefined ? sql`true` : sql`place.state = ${state}`}
      AND ${at === null ? sql`true` : sql`(place.rank, place.at, place.movement) > (${rank}::smallint, ${at.at}::bigint, ${at.id}::text)`}
      AND ${search === '' ? sql`true` : sql`strpos(movement.search, ${search}) > 0`}
      AND EXISTS (
        SELECT 1 FROM trade.reader WHERE kind = 'movement' AND subject = place.movement
          AND reader = ANY(${namesOf(reader)}::text[])
      )
    ORDER BY place.rank, place.at, place.movement LIMIT ${limit + 1}`;
  const page = rows.slice(0, limit);
  const movements = page.map((row) => JSON.parse(row.state) as MovementState);
  const all = await loadAboard(sql, movements);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return {
    items: movements.map((movement) => ({ movement, aboard: aboardOf(movement, all) })),
    next: last === undefined ? null : `${last.rank}.${cursorOf(last.at, last.movement)}`,
  };
}

function readDeskCursor(cursor: string | undefined): [number, ReturnType<typeof readCursor>] {
  if (cursor === undefined) return [0, null];
  const match = /^([0-4])\.(.+)$/.exec(cursor);
  if (match === null)
    throw new Refusal(400, 'cursor-invalid', 'The cursor is not one that a list gave.', {
      remedy: 'Start again without a cursor.',
    });
  return [Number(match[1]), readCursor(match[2])];
}

/** How many movements stand how at a post. */
export async function countDesk(sql: Sql, reader: Reader, post: string): Promise<Map<string, number>> {
  const rows = await sql<{ state: string; count: bigint }[]>`
    SELECT place.state, count(*) FROM trade.movement_post AS place
    WHERE place.post = ${post} AND EXISTS (
      SELECT 1 FROM trade.reader WHERE kind = 'movement' AND subject = place.movement
        AND reader = ANY(${namesOf(reader)}::text[])
    ) GROUP BY place.state`;
  return new Map(rows.map(({ state, count }) => [state, Number(count)]));
}

export interface Act {
  readonly commitment: string;
  readonly account: string;
  readonly name: string;
  readonly type: string;
  readonly subject: string;
  readonly what: string;
  readonly at: string;
}

/** Keeps who did it: of this node alone, never in a record. */
export async function keepAct(sql: Sql, authority: string, act: Act): Promise<void> {
  await sql`
    INSERT INTO trade.act (commitment, authority, account, name, type, subject, what, at)
    VALUES (${act.commitment}, ${authority}, ${act.account}, ${act.name}, ${act.type}, ${act.subject}, ${act.what}, ${act.at})
    ON CONFLICT DO NOTHING`;
}

/** What an authority did, last first. */
export async function listActs(
  sql: Sql,
  authority: string,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<Page<Act>> {
  const from = readCursor(cursor);
  const rows = await sql<(Omit<Act, 'at'> & { readonly at: Date })[]>`
    SELECT commitment, account, name, type, subject, what, at FROM trade.act
    WHERE authority = ${authority}
      AND ${from === null ? sql`true` : sql`(at, commitment) < (to_timestamp(${from.at}::double precision / 1000), ${from.id}::text)`}
    ORDER BY at DESC, commitment DESC LIMIT ${limit + 1}`;
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map((row) => ({ ...row, at: row.at.toISOString() })),
    next: last === undefined ? null : cursorOf(BigInt(last.at.getTime()), last.commitment),
  };
}
