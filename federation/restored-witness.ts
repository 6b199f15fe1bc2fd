import type { Witness } from '../ledger/witness.ts';
import { type Checkpoint, openCheckpointAt } from '../log/checkpoint.ts';
import { cosignaturesOf } from '../log/cosignature.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { verifyConsistency } from '../log/merkle.ts';
import { TileReader, tilePath } from '../log/tile.ts';
import { keysAt, type MemberEntry, type MemberLog } from '../members/registry.ts';
import { equal, fromUtf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { type Held, type HoldingsOptions, heldBy } from './holdings.ts';
import { askPeer } from './peer-client.ts';

/**
 * A witness whose database was restored does not know what it cosigned last, and could cosign another history of a log. Where the
 * marks outside of the database say so, or there are none, it asks before it cosigns again.
 */
export interface LookUpOptions {
  readonly witness: Witness;
  readonly crypto: LogCrypto;
  /** This member and its own witness keys. */
  readonly member: string;
  readonly vkeys: readonly string[];
  /** The size that it cosigned last, as far as the file outside of the database says. */
  readonly mark: bigint;
  /** Whose log it is. */
  readonly owner: MemberEntry;
  readonly log: MemberLog;
  /** The other witnesses of that log. */
  readonly witnesses: readonly MemberEntry[];
  readonly signal: AbortSignal;
  readonly send?: HoldingsOptions['send'] | undefined;
}

/**
 * Asks the log for the newest checkpoint that it has with this witness's cosignature, and the other witnesses for what they hold;
 * keeps the newest.
 *
 * All must answer: of three honest witnesses one may be the only one that knows, and the log and two witnesses may lie. Who is away
 * for good the operator leaves out of `witnesses`.
 *
 * @returns false while an answer is missing, less is shown than was cosigned, or what is shown is not one history
 */
export async function lookUpCosigned(options: LookUpOptions): Promise<boolean> {
  const { witness, witnesses, owner, log } = options;
  const own = await cosignedBefore(options);
  if (own === 'away') return false;
  const held = await Promise.all(
    witnesses.map((peer) =>
      heldBy(peer, 'witness', options).catch((error: unknown) => {
        if (error instanceof Refusal) return 'away' as const;
        throw error;
      }),
    ),
  );
  const answers = held.filter((one): one is Held | undefined => one !== 'away');
  if (answers.length < witnesses.length) return false;
  const before = await witness.state(log.origin);
  const all = [...answers, own]
    .filter((one) => one !== undefined)
    .map((one) => ({ ...one.checkpoint, note: one.note }));
  const newest = [...all, before]
    .filter((one) => one !== undefined)
    .reduce<Shown | undefined>((most, one) => (most === undefined || one.size > most.size ? one : most), undefined);
  // Less than what was cosigned: somebody keeps it back.
  if ((newest?.size ?? 0n) < options.mark) return false;
  if (newest === undefined) return true;
  // All that was shown must be one history: of two this witness may have cosigned either.
  for (const one of [...all, before])
    if (one !== undefined && !(await isFollowed(owner, one, newest, options))) return false;
  await witness.adopt(log.origin, { ...newest, origin: log.origin }, newest.note);
  return true;
}

interface Shown extends Omit<Checkpoint, 'origin'> {
  readonly note: string;
}

/** The newest checkpoint of the log that bears this witness's own cosignature, as the log shows it. */
async function cosignedBefore({
  crypto,
  member,
  vkeys,
  owner,
  log,
  signal,
  send = askPeer,
}: LookUpOptions): Promise<Held | undefined | 'away'> {
  let answer: Awaited<ReturnType<typeof askPeer>>;
  try {
    answer = await send(`${owner.address}/log/cosigned/${member}`, { maxBytes: 20_000, signal });
  } catch (error) {
    if (error instanceof Refusal) return 'away';
    throw error;
  }
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) return 'away';
  try {
    const note = fromUtf8(answer.body);
    const opened = await openCheckpointAt(crypto, note, (size) => keysAt(log, size));
    const cosigned = await cosignaturesOf(
      crypto,
      opened.note,
      vkeys.map((vkey) => ({ member, vkey })),
    );
    if (cosigned.length === 0 || opened.checkpoint.origin !== log.origin) return undefined;
    return { checkpoint: opened.checkpoint, note, own: opened.own };
  } catch (error) {
    // What it shows is no checkpoint of its log with our cosignature: it proves nothing.
    if (error instanceof Refusal || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Does one checkpoint follow from another? The log's own tiles prove it. */
async function isFollowed(
  owner: MemberEntry,
  before: Omit<Checkpoint, 'origin'>,
  after: Omit<Checkpoint, 'origin'>,
  { crypto, signal, send = askPeer }: LookUpOptions,
): Promise<boolean> {
  if (before.size === after.size) return equal(before.root, after.root);
  if (before.size === 0n) return true;
  const tiles = new TileReader(crypto, after.size, async (address) => {
    const { status, body } = await send(`${owner.address}/log/${tilePath(address)}`, { maxBytes: 8192, signal });
    if (status !== 200) throw new RangeError(`a tile is answered with ${status}`);
    return body;
  });
  try {
    const proof = await tiles.consistencyProof(before.size);
    return verifyConsistency(crypto, before.size, after.size, proof, before.root, after.root);
  } catch (error) {
    if (error instanceof Refusal || error instanceof RangeError) return false;
    throw error;
  }
}
