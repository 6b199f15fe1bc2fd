import { type Checkpoint, openCheckpoint, openCheckpointAt } from '../log/checkpoint.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { parseBundle, tilePath } from '../log/tile.ts';
import { keysAt, type MemberEntry, type MemberLog } from '../members/registry.ts';
import { fromUtf8, toHex, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { askPeer } from './peer-client.ts';

/** What another member holds of a log: as its witness, and as its mirror. */

export interface Held {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  /** The note with the log's own signatures alone. */
  readonly own: string;
}

export interface HoldingsOptions {
  readonly crypto: LogCrypto;
  readonly log: Pick<MemberLog, 'origin' | 'keys'>;
  readonly signal: AbortSignal;
  /** How a peer is asked; over HTTP where nothing else is given. */
  readonly send?: typeof askPeer | undefined;
}

/** What is held was signed by a key that was cut off before that size: it is not the log's word, and nothing else is held. */
export class HeldOfCutOffKey extends Refusal {}

/** For who asks what counts: what a key signed beyond where it was cut off does not. */
export function nothingThatCounts(error: unknown): undefined {
  if (error instanceof HeldOfCutOffKey) return undefined;
  throw error;
}

/**
 * The checkpoint that a member holds of a log; undefined where it holds none, which is an answer too.
 *
 * @param as 'witness' what it cosigned last, 'mirror' up to where it holds the entries
 * @throws Refusal `peer-unreachable`, `peer-refuses`, and where what it shows is not signed by the log `bad-answer`; `HeldOfCutOffKey`
 */
export async function heldBy(
  peer: MemberEntry,
  as: 'witness' | 'mirror',
  { crypto, log, signal, send = askPeer }: HoldingsOptions,
): Promise<Held | undefined> {
  const { origin } = log;
  const hash = toHex(crypto.sha256(utf8(origin)));
  const { status, body } = await send(`${peer.address}/${as}/${hash}/checkpoint`, { maxBytes: 20_000, signal });
  if (status === 404) return undefined;
  if (status !== 200)
    throw new Refusal(502, 'peer-refuses', `${peer.code} answers ${status} for what it holds of ${origin}.`);
  try {
    const note = fromUtf8(body);
    const { checkpoint, own } = await openCheckpointAt(crypto, note, (size) => keysAt(log, size));
    if (checkpoint.origin !== origin) throw new RangeError('another log');
    return { checkpoint, note, own };
  } catch (cause) {
    const byAny = async () =>
      openCheckpoint(
        crypto,
        fromUtf8(body),
        log.keys.map(({ vkey }) => vkey),
      );
    const signed = await byAny().catch(() => undefined);
    const Kind = signed?.checkpoint.origin === origin ? HeldOfCutOffKey : Refusal;
    throw new Kind(502, 'bad-answer', `What ${peer.code} shows as held of ${origin} is not signed by that log.`, {
      cause,
    });
  }
}

/**
 * Commitments that a member's mirror holds of a log, from an index on and below another. Nothing is checked here but the form.
 *
 * @throws Refusal `peer-unreachable`, `peer-refuses`, `bad-answer`
 */
export async function mirroredEntries(
  peer: MemberEntry,
  from: bigint,
  below: bigint,
  { crypto, log: { origin }, signal }: Omit<HoldingsOptions, 'send'>,
  onProgress: (done: number) => void = () => undefined,
): Promise<Uint8Array[]> {
  const hash = toHex(crypto.sha256(utf8(origin)));
  const entries: Uint8Array[] = [];
  for (let at = from; at < below; at = from + BigInt(entries.length)) {
    const n = at / 256n;
    const width = below - n * 256n >= 256n ? 256 : Number(below - n * 256n);
    const path = tilePath({ level: 'entries', n, width });
    const { status, body } = await askPeer(`${peer.address}/mirror/${hash}/${path}`, { maxBytes: 256 * 34, signal });
    if (status !== 200)
      throw new Refusal(502, 'peer-refuses', `${peer.code} answers ${status} for ${path} of ${origin}.`);
    const bundle = readBundle(body).slice(Number(at - n * 256n));
    if (bundle.length === 0 || bundle.some((entry) => entry.length !== 32))
      throw new Refusal(502, 'bad-answer', `${path} of ${origin} at ${peer.code} is no bundle of commitments.`);
    entries.push(...bundle.slice(0, Number(below - at)));
    onProgress(entries.length);
  }
  return entries;
}

function readBundle(bytes: Uint8Array): Uint8Array[] {
  try {
    return parseBundle(bytes);
  } catch (cause) {
    throw new Refusal(502, 'bad-answer', 'The answer is no bundle of entries.', { cause });
  }
}
