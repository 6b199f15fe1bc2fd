import type { LogCrypto } from '../log/crypto.ts';
import type { Registry } from '../members/registry.ts';
import { joinedJson, type Tx } from '../storage/connection.ts';
import { writeChanges } from './change-store.ts';
import { foldCorrection } from './correction.ts';
import { writeCorrection } from './correction-store.ts';
import { movementsAboard, writeDesk } from './desk-store.ts';
import { linkedDossiers, type Writing, writeDossiers, writeLines } from './dossier-store.ts';
import { withoutErased } from './erasure.ts';
import { dropFiles, writeErasures } from './erasure-store.ts';
import { writeMovements } from './movement-store.ts';
import { foldDossier } from './project.ts';
import { foldMovement } from './project-movement.ts';
import { writePacks } from './published-store.ts';
import { contextOf } from './reading.ts';
import type { DossierState, FoldInput, MovementState, Waiting } from './state.ts';
import { writeRequirement, writeStatusList } from './statement-store.ts';
import { foldPacks, foldRequirement, foldStatusList, type Subject, subjectOf } from './subject.ts';

export * from './change-store.ts';
export * from './correction-store.ts';
export * from './desk-store.ts';
export * from './dossier-store.ts';
export * from './driver-store.ts';
export * from './erasure-store.ts';
export * from './file-store.ts';
export * from './movement-store.ts';
export * from './published-store.ts';
export * from './statement-store.ts';
export * from './webhook-store.ts';

export interface FoldTools {
  readonly registry: Registry;
  /** This node's member: readers are its authorities and operators. */
  readonly member: string;
  readonly crypto: LogCrypto;
}

/**
 * Lock order: first all subjects (class 1), under which records and movements are written; then the
 * dossiers whose rows change (class 2); then the movements whose desk lines change (class 3); each class ascending. Locks are held for buckets, not for
 * single names: a batch of hundreds of dossiers stays within PostgreSQL's shared lock table.
 */
const SUBJECTS = 771_001;
const DOSSIERS = 771_002;
const DESK = 771_003;
const BUCKETS = 256;

/** FNV-1a, 32 bits. */
function bucketOf(name: string): number {
  let hash = 2_166_136_261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16_777_619);
  return (hash >>> 0) % BUCKETS;
}

async function lock(tx: Tx, space: number, names: Iterable<string>): Promise<void> {
  const buckets = [...new Set([...names].map(bucketOf))].sort((a, b) => a - b);
  if (buckets.length > 0) await tx`SELECT trade.lock_each(${space}::int, ${buckets}::int[])`;
}

interface Placed extends FoldInput {
  readonly subject: Subject;
}

const keyOf = ({ kind, id }: Subject): string => `${kind} ${id}`;

function place(records: readonly FoldInput[]): Placed[] {
  const lowest = new Map<string, Placed>();
  for (const record of records) {
    const subject = subjectOf(record.envelope);
    if (subject === undefined) continue;
    const held = lowest.get(record.commitment);
    if (held === undefined || record.index < held.index) lowest.set(record.commitment, { ...record, subject });
  }
  return [...lowest.values()];
}

/** Stores the fold's own copy of its input. Returns the commitments of what is new, or now has a lower index. */
async function keep(tx: Tx, placed: readonly Placed[]): Promise<string[]> {
  const envelopes = joinedJson(placed.map(({ text, envelope }) => text ?? JSON.stringify(envelope)));
  const changed = await tx<{ commitment: string }[]>`
    INSERT INTO trade.record AS held (commitment, kind, subject, type, id, member, authority, origin, index, envelope)
    SELECT commitment, kind, subject, type, id, member, authority, origin, index::bigint, envelope
    FROM ROWS FROM (unnest(
      ${placed.map((one) => one.commitment)}::text[], ${placed.map((one) => one.subject.kind)}::text[],
      ${placed.map((one) => one.subject.id)}::text[], ${placed.map((one) => one.envelope.type)}::text[],
      ${placed.map((one) => one.envelope.id)}::text[], ${placed.map((one) => one.envelope.issuer.member)}::text[],
      ${placed.map((one) => one.envelope.issuer.authority ?? null)}::text[],
      ${placed.map((one) => one.origin)}::text[], ${placed.map((one) => String(one.index))}::text[]
    ), string_to_table(${envelopes}::text, E'\\x1e'))
      AS new (commitment, kind, subject, type, id, member, authority, origin, index, envelope)
    ON CONFLICT (commitment) DO UPDATE SET index = EXCLUDED.index WHERE EXCLUDED.index < held.index
    RETURNING commitment`;
  return changed.map((one) => one.commitment);
}

/** The subjects that must be folded anew because of these records. */
async function subjectsOf(tx: Tx, commitments: readonly string[]): Promise<Subject[]> {
  const touched = await tx<{ kind: Subject['kind']; subject: string }[]>`
    SELECT other.kind, other.subject FROM trade.record AS new
      JOIN trade.record AS other ON other.origin = new.origin AND other.id = new.id
      WHERE new.commitment = ANY(${commitments}::text[])
    UNION
    SELECT kind, subject FROM trade.awaited WHERE commitment = ANY(${commitments}::text[])`;
  return touched.map(({ kind, subject }) => ({ kind, id: subject }));
}

/** All records of these subjects, without those whose id a lower index of the same log has elsewhere. */
async function load(tx: Tx, subjects: readonly Subject[]): Promise<Map<string, FoldInput[]>> {
  const rows = await tx<
    { kind: Subject['kind']; subject: string; commitment: string; origin: string; index: bigint; envelope: string }[]
  >`
    SELECT kind, subject, commitment, origin, index, envelope FROM trade.record AS record
    JOIN unnest(${subjects.map((one) => one.kind)}::text[], ${subjects.map((one) => one.id)}::text[])
      AS wanted (kind, subject) USING (kind, subject)
    WHERE NOT EXISTS (
      SELECT 1 FROM trade.record AS first
      WHERE first.origin = record.origin AND first.id = record.id AND first.index < record.index
        AND (first.kind, first.subject) <> (record.kind, record.subject)
    )`;
  const found = new Map<string, FoldInput[]>(subjects.map((one) => [keyOf(one), []]));
  for (const { kind, subject, commitment, origin, index, envelope } of rows) {
    found.get(keyOf({ kind, id: subject }))?.push({ commitment, origin, index, envelope: JSON.parse(envelope) });
  }
  return found;
}

/** What an order erases goes out of the fold's own copy too. Returns it for what hangs on it. */
async function dropErased(tx: Tx, found: Map<string, FoldInput[]>): Promise<readonly FoldInput[]> {
  const gone: FoldInput[] = [];
  for (const [key, list] of found) {
    const { kept, erased } = withoutErased(list);
    if (erased.length === 0) continue;
    gone.push(...erased);
    found.set(key, [...kept]);
  }
  if (gone.length > 0)
    await tx`DELETE FROM trade.record WHERE commitment = ANY(${gone.map(({ commitment }) => commitment)}::text[])`;
  return gone;
}

/** Which of the commitments that these records name are here, under whatever subject. */
async function arrivals(tx: Tx, lists: Iterable<readonly FoldInput[]>): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const list of lists) for (const one of list) for (const cause of one.envelope.after) named.add(cause);
  const rows = await tx<{ commitment: string }[]>`
    SELECT commitment FROM trade.record WHERE commitment = ANY(${[...named]}::text[])`;
  return new Set(rows.map((one) => one.commitment));
}

interface Waits {
  readonly subject: Subject;
  readonly waiting: readonly Waiting[];
}

async function writeAwaited(tx: Tx, subjects: readonly Subject[], waits: readonly Waits[]): Promise<void> {
  const kinds = subjects.map((one) => one.kind);
  const ids = subjects.map((one) => one.id);
  await tx`
    DELETE FROM trade.awaited USING unnest(${kinds}::text[], ${ids}::text[]) AS done (kind, subject)
    WHERE awaited.kind = done.kind AND awaited.subject = done.subject`;
  const rows = waits.flatMap(({ subject, waiting }) =>
    waiting.flatMap((one) => one.missing.map((commitment) => ({ commitment, subject }))),
  );
  await tx`
    INSERT INTO trade.awaited (commitment, kind, subject)
    SELECT * FROM unnest(
      ${rows.map((one) => one.commitment)}::text[], ${rows.map((one) => one.subject.kind)}::text[],
      ${rows.map((one) => one.subject.id)}::text[]
    ) ON CONFLICT DO NOTHING`;
}

/** Subjects folded, and what was erased of them. */
interface Folded {
  readonly dossiers: readonly DossierState[];
  readonly movements: readonly MovementState[];
  readonly gone: readonly FoldInput[];
  /** Dossiers that these movements carried before. */
  readonly unloaded: readonly string[];
}

/** Folds subjects from all their records, and writes what depends on those alone. */
async function foldSubjects(tx: Tx, subjects: readonly Subject[], tools: FoldTools): Promise<Folded> {
  const found = await load(tx, subjects);
  const gone = await dropErased(tx, found);
  const here = await arrivals(tx, found.values());
  const context = { ...contextOf(tools.registry), arrived: (commitment: string) => here.has(commitment) };
  const of = (kind: Subject['kind']) =>
    subjects.filter((one) => one.kind === kind).map((one) => [one.id, found.get(keyOf(one)) ?? []] as const);

  const dossiers = of('dossier').map(([id, list]) => foldDossier(id, list, context));
  const movements = of('movement').map(([id, list]) => foldMovement(id, list, context));
  const requirements = of('requirement').map(([id, list]) => ({ id, ...foldRequirement(list, context) }));
  const packs = of('pack').map(([id, list]) => ({ id, ...foldPacks(list, context) }));
  const corrections = of('correction').map(([id, list]) => ({ id, ...foldCorrection(list, context) }));
  const lists = of('status-list').map(([id, list]) => ({ id, ...foldStatusList(list, context) }));
  await writeAwaited(tx, subjects, [
    ...dossiers.map(({ dossier: id, waiting }) => ({ subject: { kind: 'dossier' as const, id }, waiting })),
    ...movements.map(({ movement: id, waiting }) => ({ subject: { kind: 'movement' as const, id }, waiting })),
    ...requirements.map(({ id, waiting }) => ({ subject: { kind: 'requirement' as const, id }, waiting })),
    ...packs.map(({ id, waiting }) => ({ subject: { kind: 'pack' as const, id }, waiting })),
    ...corrections.map(({ id, waiting }) => ({ subject: { kind: 'correction' as const, id }, waiting })),
    ...lists.map(({ id, waiting }) => ({ subject: { kind: 'status-list' as const, id }, waiting })),
  ]);
  const unloaded = movements.length === 0 ? [] : await linkedDossiers(tx, movements);
  await writeMovements(tx, movements, writingOf(tools));
  for (const { id, state } of requirements) await writeRequirement(tx, id, state);
  for (const { id, versions } of packs) await writePacks(tx, id, versions);
  for (const { id, state } of corrections) await writeCorrection(tx, id, state);
  for (const { id, state } of lists) await writeStatusList(tx, id, state);
  return { dossiers, movements, gone, unloaded };
}

const writingOf = ({ member, crypto }: FoldTools): Writing => ({ member, sha256: (data) => crypto.sha256(data) });

/** @param ids these dossiers and others whose lines change with movements */
async function writeFolded(tx: Tx, folded: Folded, ids: readonly string[], tools: FoldTools): Promise<void> {
  const writing = writingOf(tools);
  await writeDossiers(tx, folded.dossiers, writing);
  await writeErasures(tx, folded.dossiers);
  await dropFiles(tx, folded.gone);
  await writeLines(tx, folded.dossiers, ids, writing);
}

const ownPosts =
  ({ registry, member }: FoldTools) =>
  (id: string): string | undefined => {
    const post = registry.findPost(id);
    return post?.member === member ? post.authority : undefined;
  };

/**
 * Folds records into trade's views, inside the transaction that stored them, so that a record and its
 * effect are seen together or not at all. Records of other domains are passed over; repeats change
 * nothing; the order of calls and of records does not matter. Nothing that a peer may send makes it
 * throw: what can't be folded is kept and marked.
 *
 * @example await foldRecords(tx, records, { registry, member: 'XX', crypto: nodeCrypto });
 */
export async function foldRecords(tx: Tx, records: readonly FoldInput[], tools: FoldTools): Promise<void> {
  const placed = place(records);
  if (placed.length === 0) return;
  const names = placed.flatMap(({ subject, commitment, origin, envelope }) => [
    keyOf(subject),
    commitment,
    `${origin} ${envelope.id}`,
    ...envelope.after,
  ]);
  await lock(tx, SUBJECTS, names);
  const subjects = await subjectsOf(tx, await keep(tx, placed));
  if (subjects.length === 0) return;
  const folded = await foldSubjects(tx, subjects, tools);
  const { dossiers, movements, unloaded } = folded;
  const carried = movements.flatMap((one) => one.versions.flatMap((v) => v.consignments.map((c) => c.dossier)));
  const lines = new Set([...dossiers.map((one) => one.dossier), ...unloaded, ...carried]);
  await lock(tx, DOSSIERS, lines);
  await writeFolded(tx, folded, [...lines], tools);
  const standing = new Set([...movements.map((one) => one.movement), ...(await movementsAboard(tx, [...lines]))]);
  await lock(tx, DESK, standing);
  await writeDesk(tx, [...standing], ownPosts(tools));
  await writeChanges(tx, [
    ...[...lines].map((id) => ({ kind: 'dossier', id })),
    ...[...standing].map((id) => ({ kind: 'movement', id })),
  ]);
}

/**
 * Folds all records there are into empty views: each subject once, from all its records. Movements come before the dossiers aboard, and
 * desks last, so that every row is written once. Nobody is told of a change, for there is none. Only where nothing else writes.
 *
 * @param progress subjects folded so far, of all
 */
export async function refold(
  tx: Tx,
  batches: AsyncIterable<readonly FoldInput[]>,
  tools: FoldTools,
  progress: (done: number, of: number) => void,
): Promise<void> {
  await dropViews(tx);
  // Plans made while the tables were empty stay in use: they would read whole tables that have grown since.
  await tx`SET LOCAL enable_seqscan = off`;
  const subjects = new Map<string, Subject>();
  let keeping: Promise<unknown> = Promise.resolve();
  for await (const records of batches) {
    const placed = place(records);
    for (const { subject } of placed) subjects.set(keyOf(subject), subject);
    await keeping;
    // The next batch is read while this one is stored.
    keeping = keep(tx, placed);
    keeping.catch(() => undefined);
  }
  await keeping;
  let done = 0;
  const tell = (folded: number): void => {
    done += folded;
    progress(done, subjects.size);
  };
  const all = [...subjects.values()];
  await inParts(
    all.filter((one) => one.kind !== 'dossier'),
    async (part) => {
      await foldSubjects(tx, part, tools);
      tell(part.length);
    },
  );
  await inParts(
    all.filter((one) => one.kind === 'dossier'),
    async (part) => {
      await writeFolded(
        tx,
        await foldSubjects(tx, part, tools),
        part.map((one) => one.id),
        tools,
      );
      tell(part.length);
    },
  );
  await inParts(
    all.filter((one) => one.kind === 'movement').map((one) => one.id),
    (part) => writeDesk(tx, part, ownPosts(tools)),
  );
}

const PART = 64;

/** Three parts at a time: while the server works for one, another is computed. Waits for all that were begun, also where one fails. */
async function inParts<T>(all: readonly T[], act: (part: readonly T[]) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < all.length) {
      const part = all.slice(next, next + PART);
      next += PART;
      try {
        await act(part);
      } catch (error) {
        next = all.length;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled([worker(), worker(), worker()]);
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** Empties all views of trade for a replay. Files and places in status lists are no views and stay. */
export async function dropViews(tx: Tx): Promise<void> {
  await tx`
    TRUNCATE trade.record, trade.awaited, trade.reader, trade.dossier, trade.dossier_post, trade.movement,
      trade.movement_post, trade.movement_consignment, trade.certificate, trade.requirement, trade.status_list,
      trade.attachment_reference, trade.desk_line, trade.pack, trade.pack_table,
      trade.correction, trade.erasure`;
}
