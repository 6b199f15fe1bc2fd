import type { Tx } from '../storage/connection.ts';
import { writeDesk } from './desk-store.ts';
import { movementsByDossier } from './dossier-store.ts';
import { ended, type FoldTools, foldSubjects, keep, keyOf, load, ownPosts, place, writeFolded } from './fold-store.ts';
import type { FoldInput } from './state.ts';
import type { Subject } from './subject.ts';

/** A replay: all views made anew from all records. */

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
  let before = keeping;
  for await (const records of batches) {
    const placed = place(records);
    for (const { subject } of placed) subjects.set(keyOf(subject), subject);
    // Two are under way, so that the server has the next one when it is done.
    await before;
    before = keeping;
    keeping = keep(tx, placed);
    keeping.catch(() => undefined);
  }
  await Promise.all([before, keeping]);
  let done = 0;
  const tell = (folded: number): void => {
    done += folded;
    progress(done, subjects.size);
  };
  const all = [...subjects.values()];
  const isDossier = ({ kind }: Subject): boolean => kind === 'dossier';
  for (const layer of [all.filter((one) => !isDossier(one)), all.filter(isDossier)])
    await inParts(
      layer,
      (part) =>
        Promise.all([
          load(tx, part),
          movementsByDossier(
            tx,
            part.filter(isDossier).map(({ id }) => id),
          ),
        ]),
      async (part, [found, aboard]) => {
        const folded = await foldSubjects(tx, part, tools, found);
        const ids = folded.dossiers.map(({ dossier }) => dossier);
        await ended([folded.write(), ids.length === 0 ? undefined : writeFolded(tx, folded, ids, tools, aboard)]);
        tell(part.length);
      },
    );
  await inParts(
    all.filter((one) => one.kind === 'movement').map((one) => one.id),
    async () => undefined,
    (part) => writeDesk(tx, part, ownPosts(tools)),
  );
}

const PART = 32;

/**
 * Two parts at a time: while the server works for one, another is computed. What a part needs is asked for before the one ahead of it
 * is written: else it would come behind all that is being written, and nothing were left to compute meanwhile.
 */
async function inParts<T, R>(
  all: readonly T[],
  read: (part: readonly T[]) => Promise<R>,
  act: (part: readonly T[], needed: R) => Promise<void>,
): Promise<void> {
  let next = 0;
  const take = (): { part: readonly T[]; needed: Promise<R> } | undefined => {
    if (next >= all.length) return undefined;
    const part = all.slice(next, next + PART);
    next += PART;
    const needed = read(part);
    // Told when it is waited for, if it is.
    needed.catch(() => undefined);
    return { part, needed };
  };
  const worker = async (): Promise<void> => {
    for (let now = take(); now !== undefined; ) {
      const following = take();
      try {
        await act(now.part, await now.needed);
      } catch (error) {
        next = all.length;
        throw error;
      }
      now = following;
    }
  };
  await ended([worker(), worker()]);
}

/** Empties all views of trade for a replay. Files and places in status lists are no views and stay. */
export async function dropViews(tx: Tx): Promise<void> {
  await tx`
    TRUNCATE trade.record, trade.awaited, trade.reader, trade.dossier, trade.dossier_post, trade.movement,
      trade.movement_post, trade.movement_consignment, trade.certificate, trade.requirement, trade.status_list,
      trade.attachment_reference, trade.desk_line, trade.pack, trade.pack_table,
      trade.correction, trade.erasure`;
}
