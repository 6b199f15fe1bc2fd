import type { LogCrypto } from '../log/crypto.ts';
import type { Registry } from '../members/registry.ts';
import { joinedJson, type Tx } from '../storage/connection.ts';
import { foldCorrection } from './correction.ts';
import { writeCorrection } from './correction-store.ts';
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

/** The fold's own copy of its records, and the views of whole subjects made from it: for records that come and for a replay alike. */

export interface FoldTools {
  readonly registry: Registry;
  /** This node's member: readers are its authorities and operators. */
  readonly member: string;
  readonly crypto: LogCrypto;
}

interface Placed extends FoldInput {
  readonly subject: Subject;
}

export const keyOf = ({ kind, id }: Subject): string => `${kind} ${id}`;

export function place(records: readonly FoldInput[]): Placed[] {
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
export async function keep(tx: Tx, placed: readonly Placed[]): Promise<string[]> {
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

/** All records of these subjects, without those whose id a lower index of the same log has elsewhere. */
export async function load(tx: Tx, subjects: readonly Subject[]): Promise<Map<string, FoldInput[]>> {
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

/** Which of the commitments that these records name are here: among them, or under another subject. */
async function arrivals(tx: Tx, lists: readonly (readonly FoldInput[])[]): Promise<ReadonlySet<string>> {
  const here = new Set(lists.flatMap((list) => list.map(({ commitment }) => commitment)));
  const named = new Set(lists.flatMap((list) => list.flatMap(({ envelope }) => envelope.after)));
  const elsewhere = [...named].filter((commitment) => !here.has(commitment));
  if (elsewhere.length === 0) return here;
  const rows = await tx<{ commitment: string }[]>`
    SELECT commitment FROM trade.record WHERE commitment = ANY(${elsewhere}::text[])`;
  for (const { commitment } of rows) here.add(commitment);
  return here;
}

interface Waits {
  readonly subject: Subject;
  readonly waiting: readonly Waiting[];
}

async function writeAwaited(tx: Tx, subjects: readonly Subject[], waits: readonly Waits[]): Promise<void> {
  const kinds = subjects.map((one) => one.kind);
  const ids = subjects.map((one) => one.id);
  const rows = waits.flatMap(({ subject, waiting }) =>
    waiting.flatMap((one) => one.missing.map((commitment) => ({ commitment, subject }))),
  );
  await Promise.all([
    tx`
    DELETE FROM trade.awaited USING unnest(${kinds}::text[], ${ids}::text[]) AS done (kind, subject)
    WHERE awaited.kind = done.kind AND awaited.subject = done.subject`,
    tx`
    INSERT INTO trade.awaited (commitment, kind, subject)
    SELECT * FROM unnest(
      ${rows.map((one) => one.commitment)}::text[], ${rows.map((one) => one.subject.kind)}::text[],
      ${rows.map((one) => one.subject.id)}::text[]
    ) ON CONFLICT DO NOTHING`,
  ]);
}

/** Subjects folded, and what was erased of them. */
interface Folded {
  readonly dossiers: readonly DossierState[];
  readonly movements: readonly MovementState[];
  readonly gone: readonly FoldInput[];
  /** Dossiers that these movements carried before. */
  readonly unloaded: readonly string[];
  /** Writes what depends on the subjects' own records alone. */
  readonly write: () => Promise<void>;
}

/**
 * Folds subjects from all their records.
 * @param found these records, where they were asked for before
 */
export async function foldSubjects(
  tx: Tx,
  subjects: readonly Subject[],
  tools: FoldTools,
  found?: Map<string, FoldInput[]>,
): Promise<Folded> {
  found ??= await load(tx, subjects);
  const gone = await dropErased(tx, found);
  const here = await arrivals(tx, [...found.values()]);
  const context = { ...contextOf(tools.registry), arrived: (commitment: string) => here.has(commitment) };
  const of = (kind: Subject['kind']) =>
    subjects.filter((one) => one.kind === kind).map((one) => [one.id, found.get(keyOf(one)) ?? []] as const);

  const dossiers = of('dossier').map(([id, list]) => foldDossier(id, list, context));
  const movements = of('movement').map(([id, list]) => foldMovement(id, list, context));
  const requirements = of('requirement').map(([id, list]) => ({ id, ...foldRequirement(list, context) }));
  const packs = of('pack').map(([id, list]) => ({ id, ...foldPacks(list, context) }));
  const corrections = of('correction').map(([id, list]) => ({ id, ...foldCorrection(list, context) }));
  const lists = of('status-list').map(([id, list]) => ({ id, ...foldStatusList(list, context) }));
  const unloaded = movements.length === 0 ? [] : await linkedDossiers(tx, movements);
  const write = async (): Promise<void> => {
    await ended([
      writeMovements(tx, movements, writingOf(tools)),
      writeAwaited(tx, subjects, [
        ...dossiers.map(({ dossier: id, waiting }) => ({ subject: { kind: 'dossier' as const, id }, waiting })),
        ...movements.map(({ movement: id, waiting }) => ({ subject: { kind: 'movement' as const, id }, waiting })),
        ...requirements.map(({ id, waiting }) => ({ subject: { kind: 'requirement' as const, id }, waiting })),
        ...packs.map(({ id, waiting }) => ({ subject: { kind: 'pack' as const, id }, waiting })),
        ...corrections.map(({ id, waiting }) => ({ subject: { kind: 'correction' as const, id }, waiting })),
        ...lists.map(({ id, waiting }) => ({ subject: { kind: 'status-list' as const, id }, waiting })),
      ]),
    ]);
    for (const { id, state } of requirements) await writeRequirement(tx, id, state);
    for (const { id, versions } of packs) await writePacks(tx, id, versions);
    for (const { id, state } of corrections) await writeCorrection(tx, id, state);
    for (const { id, state } of lists) await writeStatusList(tx, id, state);
  };
  return { dossiers, movements, gone, unloaded, write };
}

const writingOf = ({ member, crypto }: FoldTools): Writing => ({ member, sha256: (data) => crypto.sha256(data) });

/**
 * @param ids these dossiers and others whose lines change with movements
 * @param aboard the movements of these dossiers, where they were asked for before
 */
export async function writeFolded(
  tx: Tx,
  folded: Folded,
  ids: readonly string[],
  tools: FoldTools,
  aboard?: ReadonlyMap<string, readonly MovementState[]>,
): Promise<void> {
  const writing = writingOf(tools);
  await ended([
    writeDossiers(tx, folded.dossiers, writing),
    writeErasures(tx, folded.dossiers),
    writeLines(tx, folded.dossiers, ids, writing, aboard),
  ]);
  await dropFiles(tx, folded.gone);
}

export const ownPosts =
  ({ registry, member }: FoldTools) =>
  (id: string): string | undefined => {
    const post = registry.findPost(id);
    return post?.member === member ? post.authority : undefined;
  };

/** Waits for all, also where one fails: what is still at work would go on after the transaction was rolled back, outside of it. */
export async function ended(acts: readonly (Promise<void> | undefined)[]): Promise<void> {
  for (const one of await Promise.allSettled(acts)) if (one.status === 'rejected') throw one.reason;
}
