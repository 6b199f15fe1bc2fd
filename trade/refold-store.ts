import type { Tx } from '../storage/connection.ts';
import { writeDesk } from './desk-store.ts';
import { ended, type FoldTools, foldSubjects, keep, keyOf, ownPosts, place, writeFolded } from './fold-store.ts';
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

/** Three parts at a time: while the server works for one, another is computed. */
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
  await ended([worker(), worker(), worker()]);
}

/** Empties all views of trade for a replay. Files and places in status lists are no views and stay. */
export async function dropViews(tx: Tx): Promise<void> {
  await tx`
    TRUNCATE trade.record, trade.awaited, trade.reader, trade.dossier, trade.dossier_post, trade.movement,
      trade.movement_post, trade.movement_consignment, trade.certificate, trade.requirement, trade.status_list,
      trade.attachment_reference, trade.desk_line, trade.pack, trade.pack_table,
      trade.correction, trade.erasure`;
}
