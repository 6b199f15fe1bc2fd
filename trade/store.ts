import type { Tx } from '../storage/connection.ts';
import { writeChanges } from './change-store.ts';
import { movementsAboard, writeDesk } from './desk-store.ts';
import { type FoldTools, foldSubjects, keep, keyOf, ownPosts, place, writeFolded } from './fold-store.ts';
import type { FoldInput } from './state.ts';
import type { Subject } from './subject.ts';

export * from './change-store.ts';
export * from './correction-store.ts';
export * from './desk-store.ts';
export * from './dossier-store.ts';
export * from './driver-store.ts';
export * from './erasure-store.ts';
export * from './file-store.ts';
export type { FoldTools } from './fold-store.ts';
export * from './movement-store.ts';
export * from './published-store.ts';
export * from './refold-store.ts';
export * from './statement-store.ts';
export * from './webhook-store.ts';

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
  await folded.write();
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
