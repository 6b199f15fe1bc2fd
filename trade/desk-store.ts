import type { Sql, Tx } from '../storage/connection.ts';
import { type Brief, type DeskLine, type DeskRowPart, deskLine, leastOf, missingOf, searchWord } from './desk.ts';
import type { DeskRow } from './desk-contract.ts';
import { cursorOf, namesOf, type Page, readCursor } from './dossier-store.ts';
import type { MovementState } from './state.ts';
import { allRequirements } from './statement-store.ts';
import type { Reader } from './view.ts';

/** Movements whose lines depend on these dossiers. */
export async function movementsAboard(tx: Tx, dossiers: readonly string[]): Promise<string[]> {
  const rows = await tx<{ movement: string }[]>`
    SELECT DISTINCT movement FROM trade.movement_consignment WHERE dossier = ANY(${dossiers}::text[])`;
  return rows.map((one) => one.movement);
}

/**
 * Writes the lines of movements at the posts of this node's member. Under the movements' locks, after the rows of their dossiers.
 *
 * @param authorityAt who decides at a post of this member; undefined at another's
 */
export async function writeDesk(
  tx: Tx,
  ids: readonly string[],
  authorityAt: (post: string) => string | undefined,
): Promise<void> {
  if (ids.length === 0) return;
  const movements = await tx<
    { state: string }[]
  >`SELECT state FROM trade.movement WHERE movement = ANY(${ids}::text[])`;
  const passing = movements
    .map((row) => JSON.parse(row.state) as MovementState)
    .map((state) => ({
      state,
      posts: [...new Set(state.current?.posts)].flatMap((post) => {
        const authority = authorityAt(post);
        return authority === undefined ? [] : [{ post, authority }];
      }),
    }))
    .filter(({ posts }) => posts.length > 0);
  const aboard = passing.flatMap(({ state }) => state.current?.consignments.map((one) => one.dossier) ?? []);
  const at = [...new Set(passing.flatMap(({ posts }) => posts.map(({ post }) => post)))];
  const rows = await tx<
    {
      dossier: string;
      post: string;
      state: string;
      awaited_from: string | null;
      since: bigint | null;
      brief: string | null;
    }[]
  >`
    SELECT stop.dossier, stop.post, stop.state, stop.awaited_from, stop.since, dossier.brief
    FROM trade.dossier_post AS stop JOIN trade.dossier USING (dossier)
    WHERE stop.dossier = ANY(${aboard}::text[]) AND stop.post = ANY(${at}::text[])`;
  const stops = new Map(rows.map((row) => [`${row.post} ${row.dossier}`, row]));
  const lines: DeskLine[] = passing.flatMap(({ state, posts }) =>
    posts.flatMap((place) => {
      const here = (state.current?.consignments ?? []).flatMap(({ dossier }) => {
        const row = stops.get(`${place.post} ${dossier}`);
        if (row === undefined) return [];
        const brief: Brief | null = row.brief === null ? null : JSON.parse(row.brief);
        return {
          state: row.state,
          awaitedFrom: row.awaited_from,
          since: row.since === null ? null : Number(row.since),
          perishable: brief?.perishable === true,
        };
      });
      return deskLine(state, place, here) ?? [];
    }),
  );
  await Promise.all([
    tx`DELETE FROM trade.desk_line WHERE movement = ANY(${ids}::text[])`,
    tx`
    INSERT INTO trade.desk_line (movement, post, state, rank, place, search, line)
    SELECT movement, post, state, rank::int, place::bigint, search, line
    FROM unnest(
      ${lines.map((one) => one.movement)}::text[], ${lines.map((one) => one.post)}::text[],
      ${lines.map((one) => one.state)}::text[], ${lines.map((one) => String(one.rank))}::text[],
      ${lines.map((one) => String(one.place))}::text[], ${lines.map((one) => one.search)}::text[],
      ${lines.map((one) => JSON.stringify(one.line))}::text[]
    ) AS new (movement, post, state, rank, place, search, line)`,
  ]);
}

const SHOWN_CONSIGNMENTS = 20;

export interface DeskQuery {
  readonly post: string;
  readonly state?: string | undefined;
  readonly search?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
  /** 'YYYY-MM-DD', for the validity of requirements. */
  readonly asOf: string;
}

/**
 * The movements that pass a post, in the order in which its desk works.
 * @throws Refusal 400 `cursor-invalid`
 */
export async function listDesk(sql: Sql, reader: Reader, query: DeskQuery): Promise<Page<DeskRow>> {
  const from = readCursor(query.cursor);
  const [rank = '0', movement = ''] = (from?.id ?? '').split('/');
  const search = searchWord(query.search ?? '');
  const tight = search.replace(/[\s-]/g, '');
  const rows = await sql<{ rank: number; place: bigint; movement: string; line: string }[]>`
    SELECT rank, place, movement, line FROM trade.desk_line AS line
    WHERE post = ${query.post}
      AND ${query.state === undefined ? sql`true` : sql`state = ${query.state}`}
      AND ${
        from === null
          ? sql`true`
          : sql`(rank, place, movement) > (${/^\d$/.test(rank) ? rank : '0'}::int, ${from.at}::bigint, ${movement}::text)`
      }
      AND ${search === '' ? sql`true` : sql`(strpos(search, ${search}) > 0 OR strpos(search, ${tight}) > 0)`}
      AND EXISTS (
        SELECT 1 FROM trade.reader WHERE kind = 'movement' AND subject = line.movement
          AND reader = ANY(${namesOf(reader)}::text[])
      )
    ORDER BY rank, place, movement LIMIT ${query.limit + 1}`;
  const shown = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? shown.at(-1) : undefined;
  return {
    items: await completed(
      sql,
      query,
      reader,
      shown.map((row) => {
        const part = JSON.parse(row.line) as DeskRowPart;
        return { ...part, carried: part.carried.slice(0, SHOWN_CONSIGNMENTS) };
      }),
    ),
    next: last === undefined ? null : cursorOf(last.place, `${last.rank}/${last.movement}`),
  };
}

/** One movement at a post; undefined where it does not pass there or is not for this reader. */
export async function findDeskMovement(
  sql: Sql,
  reader: Reader,
  movement: string,
  query: Pick<DeskQuery, 'post' | 'asOf'>,
): Promise<DeskRow | undefined> {
  const rows = await sql<{ line: string }[]>`
    SELECT line FROM trade.desk_line AS line
    WHERE movement = ${movement} AND post = ${query.post} AND EXISTS (
      SELECT 1 FROM trade.reader WHERE kind = 'movement' AND subject = line.movement
        AND reader = ANY(${namesOf(reader)}::text[])
    )`;
  const parts = rows.map((row) => JSON.parse(row.line) as DeskRowPart);
  const [found] = await completed(sql, query, reader, parts);
  return found;
}

/** Adds what depends on the dossiers aboard and on the day. */
async function completed(
  sql: Sql,
  { post, asOf }: Pick<DeskQuery, 'post' | 'asOf'>,
  reader: Reader,
  parts: readonly DeskRowPart[],
): Promise<DeskRow[]> {
  const ids = parts.flatMap(({ carried }) => carried.map(({ dossier }) => dossier));
  const [rows, requirements] = await Promise.all([
    sql<
      {
        dossier: string;
        version: number;
        state: string | null;
        awaited: string | null;
        goods_open: boolean;
        summary: string;
        brief: string | null;
      }[]
    >`
      SELECT dossier.dossier, dossier.version, stop.state, stop.awaited, goods_open, summary, brief
      FROM trade.dossier LEFT JOIN trade.dossier_post AS stop ON stop.dossier = dossier.dossier AND stop.post = ${post}
      WHERE dossier.dossier = ANY(${ids}::text[]) AND EXISTS (
        SELECT 1 FROM trade.reader WHERE kind = 'dossier' AND subject = dossier.dossier
          AND reader = ANY(${namesOf(reader)}::text[])
      )`,
    allRequirements(sql),
  ]);
  const found = new Map(rows.map((row) => [row.dossier, row]));
  return parts.map(({ carried, ...part }) => {
    const briefs: Brief[] = [];
    const consignments = carried.flatMap(({ dossier, packages }): DeskRow['consignments'] => {
      const row = found.get(dossier);
      if (row === undefined) return [];
      const { goods, grossMass } = JSON.parse(row.summary) as { goods: string; grossMass: string };
      const brief: Brief | null = row.brief === null ? null : JSON.parse(row.brief);
      if (brief !== null) briefs.push(brief);
      // A consignment on two vehicles has arrived with the other one.
      const elsewhere = row.state === 'arrived' && part.arrivedAt === undefined && part.leftAt === undefined;
      return [
        {
          dossier,
          version: row.version,
          goods: row.goods_open ? goods : '',
          grossMass: row.goods_open ? grossMass : '',
          ...(packages !== undefined && { packages }),
          state: (elsewhere || row.state === null ? 'expected' : row.state) as DeskRow['consignments'][number]['state'],
          onRoute: row.state !== null,
          awaited: row.awaited,
          missing: brief === null ? null : row.state === null ? 0 : missingOf(brief, requirements, reader.member, asOf),
        },
      ];
    });
    const missing = consignments.every((one) => one.missing !== null)
      ? consignments.reduce((sum, one) => sum + (one.missing ?? 0), 0)
      : null;
    return {
      ...part,
      trustedTrader: leastOf(briefs.map((one) => one.trustedTrader)),
      greenChannel: leastOf(briefs.map((one) => one.greenChannel)),
      missing,
      consignments,
    };
  });
}

/** @param zone IANA zone of the post: its day begins there */
export async function countDesk(
  sql: Sql,
  reader: Reader,
  { post, zone, now }: { readonly post: string; readonly zone: string; readonly now: Date },
): Promise<{ expected: number; here: number; held: number; done: number }> {
  const seen = sql`EXISTS (
    SELECT 1 FROM trade.reader WHERE kind = 'movement' AND subject = line.movement
      AND reader = ANY(${namesOf(reader)}::text[])
  )`;
  const rows = await sql<{ state: string; count: bigint }[]>`
    SELECT state, count(*) FROM trade.desk_line AS line
    WHERE post = ${post} AND state IN ('expected', 'here', 'held') AND ${seen} GROUP BY state
    UNION ALL
    SELECT 'done', count(*) FROM trade.desk_line AS line
    WHERE post = ${post} AND state = 'done' AND ${seen} AND place <= -1000 * extract(epoch FROM
      date_trunc('day', ${now.toISOString()}::timestamptz AT TIME ZONE ${zone}) AT TIME ZONE ${zone})::bigint`;
  const of = (state: string): number => Number(rows.find((one) => one.state === state)?.count ?? 0);
  return { expected: of('expected'), here: of('here'), held: of('held'), done: of('done') };
}

/** Keeps which account made records. A repeat of the request writes what a crash had left out. */
export async function keepActs(
  sql: Sql,
  commitments: readonly string[],
  { subject, name }: { readonly subject: string; readonly name: string },
): Promise<void> {
  await sql`
    INSERT INTO trade.act (commitment, account, name)
    SELECT commitment, ${subject}, ${name} FROM unnest(${commitments}::text[]) AS new (commitment) ON CONFLICT DO NOTHING`;
}

export interface ActRow {
  readonly commitment: string;
  readonly index: bigint;
  readonly kind: string;
  readonly subject: string;
  readonly envelope: string;
  readonly account: string | null;
  readonly name: string | null;
}

/**
 * What an authority has put into its member's log, last first; its hourly status lists aside.
 * @throws Refusal 400 `cursor-invalid`
 */
export async function listActs(
  sql: Sql,
  origin: string,
  authority: string,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<Page<ActRow>> {
  const from = readCursor(query.cursor);
  const rows = await sql<ActRow[]>`
    SELECT record.commitment, index, kind, subject, envelope, account, name
    FROM trade.record AS record LEFT JOIN trade.act USING (commitment)
    WHERE origin = ${origin} AND authority = ${authority} AND type <> 'status-list'
      AND ${from === null ? sql`true` : sql`index < ${from.at}::bigint`}
    ORDER BY index DESC LIMIT ${query.limit + 1}`;
  const items = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? items.at(-1) : undefined;
  return { items, next: last === undefined ? null : cursorOf(last.index, 'act') };
}
