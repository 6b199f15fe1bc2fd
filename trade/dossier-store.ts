import { joinedJson, type Sql, type Tx } from '../storage/connection.ts';
import { Refusal } from '../values/refusal.ts';
import type { DossierSummary } from './contract.ts';
import { briefOf } from './desk.ts';
import { type DossierDigests, digests, type Sha256 } from './digest.ts';
import { awaitFiles } from './file-store.ts';
import type { CommercialSection, GoodsSection, TransportSection } from './section.ts';
import type { DossierState, MovementState, SectionState, To } from './state.ts';
import { stopsOf } from './timeline.ts';
import { filesOf, owns, type Reader, summaryOf } from './view.ts';

/** What rows depend on beside the states themselves. */
export interface Writing {
  /** This node's member: readers are its authorities and operators. */
  readonly member: string;
  readonly sha256: Sha256;
}

/** The bodies of this node's member that an audience names; '*' for all its authorities. */
export function readersOf(to: To, member: string): string[] {
  if (to === 'public') return ['*'];
  return to.filter((one) => one.member === member).flatMap((one) => one.authorities ?? ['*']);
}

/** The statements that replace who may see each subject of one kind, in their order. */
export function replaceReaders(tx: Tx, kind: string, subjects: ReadonlyMap<string, readonly string[]>) {
  const rows = [...subjects].flatMap(([subject, readers]) => readers.map((reader) => ({ subject, reader })));
  return [
    tx`DELETE FROM trade.reader WHERE kind = ${kind} AND subject = ANY(${[...subjects.keys()]}::text[])`,
    tx`
    INSERT INTO trade.reader (kind, subject, reader)
    SELECT ${kind}, subject, reader
    FROM unnest(${rows.map((one) => one.subject)}::text[], ${rows.map((one) => one.reader)}::text[]) AS new (subject, reader)
    ON CONFLICT DO NOTHING`,
  ];
}

/** Dossiers that these movements carried so far, the version now folded aside. */
export async function linkedDossiers(tx: Tx, movements: readonly MovementState[]): Promise<string[]> {
  const rows = await tx<{ dossier: string }[]>`
    SELECT DISTINCT dossier FROM trade.movement_consignment
    WHERE movement = ANY(${movements.map((one) => one.movement)}::text[])`;
  return rows.map((one) => one.dossier);
}

/**
 * Writes what follows from a dossier's own records: readers, certificates, files. Under the dossiers' locks. Its statements are sent one
 * behind the other, and all answers waited for together.
 */
export async function writeDossiers(tx: Tx, folded: readonly DossierState[], tools: Writing): Promise<void> {
  if (folded.length === 0) return;
  const ids = folded.map((one) => one.dossier);
  const readers = new Map<string, string[]>();
  for (const state of folded) {
    // An operator that a section names may see the dossier; authorities see it by its manifest.
    const named = state.sections.flatMap((one) => readersOf(one.audience, tools.member)).filter((one) => one !== '*');
    readers.set(state.dossier, [...readersOf(state.current?.to ?? [], tools.member), ...named]);
  }

  const certificates = folded.flatMap((state) =>
    state.certificates.map((one) => ({ ...one, operator: state.operator })),
  );
  const certified = new Map(certificates.map((one) => [one.commitment, readersOf(one.to, tools.member)]));
  const files = folded.flatMap((state) =>
    [
      ...state.sections.flatMap((one) => filesOf(one.content)),
      ...state.decisions.flatMap((one) => one.answers.flatMap((answer) => answer.files)),
    ].map((file) => ({ ...file, owner: state.member, dossier: state.dossier })),
  );
  await Promise.all([
    ...replaceReaders(tx, 'dossier', readers),
    tx`
    DELETE FROM trade.reader USING trade.certificate AS old
    WHERE reader.kind = 'certificate' AND reader.subject = old.commitment AND old.dossier = ANY(${ids}::text[])`,
    tx`DELETE FROM trade.certificate WHERE dossier = ANY(${ids}::text[])`,
    ...replaceReaders(tx, 'certificate', certified),
    tx`
    INSERT INTO trade.certificate (commitment, certificate, dossier, member, authority, operator, index, at, state)
    SELECT commitment, certificate, dossier, member, authority, operator, index::bigint, at::bigint, state
    FROM unnest(
      ${certificates.map((one) => one.commitment)}::text[], ${certificates.map((one) => one.certificate)}::text[],
      ${certificates.map((one) => one.dossier)}::text[], ${certificates.map((one) => one.member)}::text[],
      ${certificates.map((one) => one.authority)}::text[], ${certificates.map((one) => one.operator)}::text[],
      ${certificates.map((one) => String(one.index))}::text[],
      ${certificates.map((one) => String(Date.parse(one.at)))}::text[],
      ${certificates.map(({ operator: _, ...one }) => JSON.stringify(one))}::text[]
    ) AS new (commitment, certificate, dossier, member, authority, operator, index, at, state)`,
    tx`DELETE FROM trade.attachment_reference WHERE dossier = ANY(${ids}::text[])`,
    tx`
    INSERT INTO trade.attachment_reference (hash, dossier)
    SELECT * FROM unnest(${files.map((one) => one.hash)}::text[], ${files.map((one) => one.dossier)}::text[])
    ON CONFLICT DO NOTHING`,
    awaitFiles(tx, files),
  ]);
}

/**
 * Writes the rows that depend on movements too: summaries and the desks' lists.
 *
 * @param folded dossiers folded now; the other `ids` are read as they stand
 * @param aboard the movements of all these, where they were asked for before
 */
export async function writeLines(
  tx: Tx,
  folded: readonly DossierState[],
  ids: readonly string[],
  tools: Writing,
  aboard?: ReadonlyMap<string, readonly MovementState[]>,
): Promise<void> {
  const known = new Set(folded.map((one) => one.dossier));
  const others = ids.filter((id) => !known.has(id));
  const [rows, movements] = await Promise.all([
    others.length === 0
      ? []
      : tx<{ state: string }[]>`SELECT state FROM trade.dossier WHERE dossier = ANY(${others}::text[])`,
    aboard ?? movementsByDossier(tx, ids),
  ]);
  const states = [...folded, ...rows.map((row) => JSON.parse(row.state) as DossierState)];
  const lines = states.flatMap((state) => {
    const carried = movements.get(state.dossier) ?? [];
    const summary = summaryOf(state, carried);
    if (summary === undefined) return [];
    const open = searchLines(state, summary, (one) => isOpen(one, tools.member));
    const all = state.member === tools.member ? searchLines(state, summary, () => true) : open;
    const own = [...all].filter((line) => !open.has(line));
    return [{ state, summary, open, own, stops: stopsOf(state, carried), digest: digests(state, tools.sha256) }];
  });
  const posts = lines.flatMap(({ state, stops }) =>
    stops.map((stop, position) => ({ ...stop, dossier: state.dossier, position })),
  );
  await Promise.all([
    tx`DELETE FROM trade.dossier WHERE dossier = ANY(${ids}::text[])`,
    tx`
    INSERT INTO trade.dossier (
      dossier, member, operator, version, state_name, filed_at, changed_at, goods_open, search, search_own, awaited_from,
      awaited_since, common_digest, section_digests, summary, brief, state
    )
    SELECT dossier, member, operator, version::int, state_name, filed_at::bigint, changed_at::bigint, goods_open = 'yes',
      search, search_own, awaited_from, awaited_since::bigint, common_digest, section_digests, summary, nullif(brief, 'null'), state
    FROM ROWS FROM (unnest(
      ${lines.map(({ state }) => state.dossier)}::text[], ${lines.map(({ state }) => state.member)}::text[],
      ${lines.map(({ state }) => state.operator)}::text[], ${lines.map(({ summary }) => String(summary.version))}::text[],
      ${lines.map(({ summary }) => summary.state)}::text[],
      ${lines.map(({ summary }) => String(Date.parse(summary.filedAt)))}::text[],
      ${lines.map(({ summary }) => String(Date.parse(summary.changedAt)))}::text[],
      ${lines.map(({ state }) => (isGoodsOpen(state, tools.member) ? 'yes' : 'no'))}::text[],
      ${lines.map(({ open }) => searchText(open))}::text[], ${lines.map(({ own }) => searchText(own))}::text[],
      ${lines.map(({ summary }) => summary.awaited?.from.id ?? null)}::text[],
      ${lines.map(({ summary }) => (summary.awaited === null ? null : String(Date.parse(summary.awaited.since))))}::text[],
      ${lines.map(({ digest }) => digest.common)}::text[]
    ), string_to_table(${joinedJson(lines.map(({ digest }) => JSON.stringify(digest.sections)))}::text, E'\\x1e'),
      string_to_table(${joinedJson(lines.map(({ summary }) => JSON.stringify(summary)))}::text, E'\\x1e'),
      string_to_table(${joinedJson(lines.map(({ state }) => JSON.stringify(briefOf(state, (one) => isOpen(one, tools.member)))))}::text, E'\\x1e'),
      string_to_table(${joinedJson(lines.map(({ state }) => JSON.stringify(state)))}::text, E'\\x1e')
    ) AS new (
      dossier, member, operator, version, state_name, filed_at, changed_at, goods_open, search, search_own, awaited_from,
      awaited_since, common_digest, section_digests, summary, brief, state
    )`,
    tx`DELETE FROM trade.dossier_post WHERE dossier = ANY(${ids}::text[])`,
    tx`
    INSERT INTO trade.dossier_post (dossier, post, position, authority, state, awaited, awaited_from, since)
    SELECT dossier, post, position::int, authority, state, awaited, awaited_from, since::bigint
    FROM unnest(
      ${posts.map((one) => one.dossier)}::text[], ${posts.map((one) => one.post)}::text[],
      ${posts.map((one) => String(one.position))}::text[], ${posts.map((one) => one.authority)}::text[],
      ${posts.map((one) => one.state)}::text[], ${posts.map((one) => one.awaited?.what ?? null)}::text[],
      ${posts.map((one) => one.awaited?.from.id ?? null)}::text[],
      ${posts.map((one) => (one.awaited === null ? null : String(Date.parse(one.awaited.since))))}::text[]
    ) AS new (dossier, post, position, authority, state, awaited, awaited_from, since)
    ON CONFLICT DO NOTHING`,
  ]);
}

/** Whether every authority of the member may read a section; else lists keep silent about it. */
function isOpen({ audience }: SectionState, member: string): boolean {
  return audience.some((one) => one.member === member && one.authorities === undefined);
}

function isGoodsOpen(state: DossierState, member: string): boolean {
  const goods = state.sections.find((one) => one.name === 'goods');
  return goods !== undefined && isOpen(goods, member);
}

/** Ids, places and goods; of the sections that may be read partners, plates, containers and seals. */
function searchLines(
  state: DossierState,
  summary: DossierSummary,
  mayRead: (section: SectionState) => boolean,
): Set<string> {
  const words = [state.dossier, state.operator, summary.origin, summary.destination];
  for (const section of state.sections) {
    if (section.content === null || !mayRead(section)) continue;
    const { name, content } = section;
    if (name === 'goods') {
      const { consignor, consignee, items } = content as GoodsSection;
      words.push(consignor.name, consignee.name, ...items.flatMap((one) => [one.hs, one.description]));
    } else if (name === 'transport') {
      const { carrier, equipment } = content as TransportSection;
      words.push(carrier.name, ...equipment.flatMap((one) => [one.identification, ...one.seals]));
    } else if (name === 'commercial') {
      const { seller, buyer, contract } = content as CommercialSection;
      words.push(seller.name, buyer.name, contract?.number ?? '');
    }
  }
  return new Set(words);
}

/** Lower case. A consignment of two thousand items is found by its first hundreds. */
const searchText = (lines: Iterable<string>): string => [...lines].join('\n').toLowerCase().slice(0, 8000);

/** The movements that carry or carried each of these dossiers, by id. */
export async function movementsByDossier(
  sql: Sql | Tx,
  dossiers: readonly string[],
): Promise<Map<string, MovementState[]>> {
  const rows = await sql<{ dossier: string; state: string }[]>`
    SELECT consignment.dossier, movement.state FROM trade.movement_consignment AS consignment
    JOIN trade.movement USING (movement) WHERE consignment.dossier = ANY(${dossiers}::text[])
    ORDER BY movement`;
  const found = new Map<string, MovementState[]>();
  for (const { dossier, state } of rows) found.set(dossier, [...(found.get(dossier) ?? []), JSON.parse(state)]);
  return found;
}

/** The movements that carry or carried a dossier, by id. */
export async function movementsOf(sql: Sql | Tx, dossier: string): Promise<MovementState[]> {
  return (await movementsByDossier(sql, [dossier])).get(dossier) ?? [];
}

export interface DossierRow {
  readonly state: DossierState;
  readonly digests: DossierDigests;
}

/** What is folded of a dossier; undefined until its manifest is here. Says nothing of who may see it. */
export async function findDossier(sql: Sql | Tx, dossier: string): Promise<DossierRow | undefined> {
  const [row] = await sql<{ state: string; common: string; sections: string }[]>`
    SELECT state, common_digest AS common, section_digests AS sections FROM trade.dossier WHERE dossier = ${dossier}`;
  if (row === undefined) return undefined;
  return { state: JSON.parse(row.state), digests: { common: row.common, sections: JSON.parse(row.sections) } };
}

/** The one answer for a dossier that is not here and for one that the caller may not see: they must not be told apart. */
export function dossierUnknown(dossier: string): Refusal {
  return new Refusal(404, 'dossier-unknown', 'There is no such dossier here.', {
    params: { dossier },
    remedy: 'Check the id. A dossier of another member is here once its records have arrived.',
  });
}

/** @throws Refusal 404 `dossier-unknown` */
export async function getDossierState(sql: Sql | Tx, dossier: string): Promise<DossierState> {
  const row = await findDossier(sql, dossier);
  if (row !== undefined) return row.state;
  throw dossierUnknown(dossier);
}

export interface Page<T> {
  readonly items: T[];
  /** Pass as `cursor` for the next page; null on the last. */
  readonly next: string | null;
}

/** The place of an item in a list by time and id, newest first: stable while others are added. */
export function cursorOf(at: bigint, id: string): string {
  return Buffer.from(`${at}|${id}`).toString('base64url');
}

/** @throws Refusal 400 `cursor-invalid` */
export function readCursor(cursor: string | undefined): { at: string; id: string } | null {
  if (cursor === undefined) return null;
  const match = /^(-?\d{1,16})\|([0-9a-z./-]{1,140})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new Refusal(400, 'cursor-invalid', 'The cursor is not one that a list gave.', {
      remedy: 'Start again without a cursor.',
    });
  }
  return { at: match[1], id: match[2] };
}

/** The names under which a reader stands in `trade.reader`. */
export function namesOf(reader: Reader): string[] {
  if (reader.authority !== undefined) return ['*', reader.authority];
  return reader.operator === undefined ? [] : [reader.operator];
}

/** The operators whose own dossiers this reader sees. */
export function principalsOf(reader: Reader): string[] {
  return reader.operator === undefined ? [] : [reader.operator, ...(reader.actsFor ?? [])];
}

/** Single dossiers that the reader sees as its operator's, in the form of SQL: 'operator dossier'. */
export function singlesOf(reader: Reader): string[] {
  return reader.operator === undefined ? [] : (reader.actsOn ?? []).map((one) => `${one.operator} ${one.dossier}`);
}

export interface DossierQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly state?: DossierSummary['state'] | undefined;
  /** Dossiers whose route leads over this post. */
  readonly post?: string | undefined;
  /** Where the dossier stands at `post`, for a desk. */
  readonly postState?: string | undefined;
  readonly search?: string | undefined;
  /** Only those where something is awaited from the reader itself. */
  readonly awaiting?: 'me' | undefined;
  readonly sort?: 'filed' | 'changed' | 'awaited' | undefined;
}

/** How many rows a search finds depends on its words: a plan made for all words alike is a bad one for most. */
async function plannedAnew<T>(sql: Sql, ask: (tx: Tx) => PromiseLike<T>): Promise<T> {
  const answer = await sql.begin('READ ONLY', async (tx) => {
    await tx`SET LOCAL plan_cache_mode = force_custom_plan`;
    return { rows: await ask(tx) };
  });
  return answer.rows as T;
}

/**
 * The dossiers that a reader may see, last filed first; with `sort: 'changed'` last changed first, with `'awaited'` the longest awaited
 * first. Paging by filing time is stable: filing times don't change.
 * @throws Refusal 400 `cursor-invalid`
 */
export async function listDossiers(sql: Sql, reader: Reader, query: DossierQuery): Promise<Page<DossierSummary>> {
  const from = readCursor(query.cursor);
  const search = query.search?.trim().toLowerCase() ?? '';
  const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  const byWait = query.sort === 'awaited';
  const self = [...principalsOf(reader), ...(reader.authority === undefined ? [] : [reader.authority])];
  const latest = query.sort === 'changed' ? sql`changed_at` : sql`filed_at`;
  const after =
    from === null
      ? sql`true`
      : byWait
        ? sql`(awaited_since, dossier) > (${from.at}::bigint, ${from.id}::text)`
        : sql`(${latest}, dossier) < (${from.at}::bigint, ${from.id}::text)`;
  // A word of one or two characters has no trigram of its own: the index would give all that share the other words. Then the list is
  // walked in its order to the end of the page; LATERAL with LIMIT leaves the planner no other way.
  const short =
    (query.sort ?? 'filed') === 'filed' &&
    search.split(/[^\p{L}\p{N}]+/u).some((word) => word.length === 1 || word.length === 2);
  const found = sql`(
      SELECT filed_at AS at, dossier AS id FROM trade.dossier AS dossier
      WHERE ${after} AND (
        search_short LIKE ${pattern} OR search_short IS NULL OR search_own_short LIKE ${pattern} OR search_own_short IS NULL
      )
      ORDER BY filed_at DESC, dossier DESC
    ) AS found CROSS JOIN LATERAL (SELECT * FROM trade.dossier WHERE dossier = found.id LIMIT 1) AS dossier`;
  const order = short ? sql`found.at DESC, found.id DESC` : sql`${latest} DESC, dossier DESC`;
  const ask = (tx: Sql | Tx) => tx<{ at: bigint; dossier: string; summary: string; goods_open: boolean }[]>`
    SELECT ${byWait ? sql`awaited_since` : latest} AS at, dossier, summary, goods_open
    FROM ${short ? found : sql`trade.dossier AS dossier`}
    WHERE (
        (member = ${reader.member} AND operator = ANY(${principalsOf(reader)}::text[]))
        OR (member = ${reader.member} AND operator || ' ' || dossier.dossier = ANY(${singlesOf(reader)}::text[]))
        OR (
          -- One row a dossier, looked up as the list goes: EXISTS would read all readers first.
          SELECT true FROM trade.reader WHERE kind = 'dossier' AND subject = dossier.dossier
            AND reader = ANY(${namesOf(reader)}::text[]) LIMIT 1
        )
      )
      AND ${after}
      AND ${byWait || query.awaiting === 'me' ? sql`awaited_from IS NOT NULL` : sql`true`}
      AND ${query.awaiting === 'me' ? sql`awaited_from = ANY(${self}::text[])` : sql`true`}
      AND ${query.state === undefined ? sql`true` : sql`state_name = ${query.state}`}
      AND ${
        search === ''
          ? sql`true`
          : sql`(search LIKE ${pattern} OR (search_own <> '' AND search_own LIKE ${pattern} AND member = ${reader.member} AND operator = ANY(${principalsOf(reader)}::text[])))`
      }
      AND ${
        query.post === undefined
          ? sql`true`
          : sql`(
          SELECT true FROM trade.dossier_post AS at_post WHERE at_post.dossier = dossier.dossier AND at_post.post = ${query.post}
            AND ${query.postState === undefined ? sql`true` : sql`at_post.state = ${query.postState}`}
        )`
      }
    ORDER BY ${byWait ? sql`awaited_since, dossier` : order} LIMIT ${query.limit + 1}`;
  const rows = search === '' ? await ask(sql) : await plannedAnew(sql, ask);
  const items = rows.slice(0, query.limit).map((row) => {
    const summary = JSON.parse(row.summary) as DossierSummary;
    return row.goods_open || owns(reader, summary) ? summary : { ...summary, goods: '', grossMass: '' };
  });
  const last = rows.length > query.limit ? rows[query.limit - 1] : undefined;
  return { items, next: last === undefined ? null : cursorOf(last.at, last.dossier) };
}

/** The digests of every dossier here, by id: what a replay or a comparison with a peer looks at. */
export async function allDossierDigests(sql: Sql | Tx): Promise<(DossierDigests & { readonly dossier: string })[]> {
  const rows = await sql<{ dossier: string; common: string; sections: string }[]>`
    SELECT dossier, common_digest AS common, section_digests AS sections FROM trade.dossier ORDER BY dossier`;
  return rows.map(({ dossier, common, sections }) => ({ dossier, common, sections: JSON.parse(sections) }));
}
