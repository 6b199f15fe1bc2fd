import { z } from 'zod';
import { equal, fromBase64, toBase64 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import type { LogCrypto } from './crypto.ts';
import { verifyConsistency } from './merkle.ts';

/**
 * Proof that a log has two histories, which anyone can check: two checkpoints that it signed, of one size with different roots; or
 * of two sizes, where the tree of the larger has another root at the smaller size than was signed. A proof that is missing or
 * wrong proves nothing: that is a fault of whoever sent it.
 */
export const ForkEvidence = z.strictObject({
  format: z.literal('dostyk-fork/v1'),
  origin: z.string().min(3).max(200),
  /** The checkpoint of the smaller size, or either of two of one size. */
  first: z.string().max(20_000),
  second: z.string().max(20_000),
  /** Where the sizes differ: the root that the larger tree has at the smaller size, and the consistency proof that shows it. */
  under: z.strictObject({ root: z.string().length(44), proof: z.array(z.string().length(44)).max(63) }).optional(),
});
export type ForkEvidence = z.infer<typeof ForkEvidence>;

export interface Fork {
  readonly first: Checkpoint;
  readonly second: Checkpoint;
}

/**
 * @param keysAt the log's keys that hold at a size: what a key signed beyond where it was cut off is not the log's
 * @throws Refusal 422 `fork-unproven` where the two follow from each other or the proof shows nothing; `checkpoint-unsigned`,
 *   `note-invalid` and the like for what is no checkpoint of the log
 * @example await verifyFork(evidence, nodeCrypto, (size) => keysAt(log, size));
 */
export async function verifyFork(
  { origin, first: firstNote, second: secondNote, under }: ForkEvidence,
  crypto: LogCrypto,
  keys: readonly string[],
  keysAt: (size: bigint) => readonly string[],
): Promise<Fork> {
  const open = async (note: string): Promise<Checkpoint> => {
    const { checkpoint } = await openCheckpoint(crypto, note, keys);
    await openCheckpoint(crypto, note, keysAt(checkpoint.size));
    if (checkpoint.origin !== origin) throw unproven('One of the checkpoints is of another log.');
    return checkpoint;
  };
  const [first, second] = [await open(firstNote), await open(secondNote)];
  if (first.size === second.size) {
    if (equal(first.root, second.root)) throw unproven('Both checkpoints have one size and one root.');
    return { first, second };
  }
  if (first.size > second.size || under === undefined) throw unproven('The sizes differ, and nothing shows more.');
  const root = bytesOf(under.root);
  const proof = under.proof.map(bytesOf);
  if (!verifyConsistency(crypto, first.size, second.size, proof, root, second.root))
    throw unproven('The proof does not hold under the larger checkpoint.');
  if (equal(root, first.root)) throw unproven('The larger checkpoint follows from the smaller.');
  return { first, second };
}

function unproven(message: string): Refusal {
  return new Refusal(422, 'fork-unproven', message);
}

function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new Refusal(422, 'fork-unproven', 'A hash of the proof is not base64.', { cause });
  }
}

/** Evidence of two checkpoints of one size. */
export function ofOneSize(origin: string, first: string, second: string): ForkEvidence {
  return { format: 'dostyk-fork/v1', origin, first, second };
}

/** Evidence of a checkpoint that the tree of a larger one denies. */
export function ofTwoSizes(
  origin: string,
  first: string,
  second: string,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): ForkEvidence {
  return {
    format: 'dostyk-fork/v1',
    origin,
    first,
    second,
    under: { root: toBase64(root), proof: proof.map((hash) => toBase64(hash)) },
  };
}
