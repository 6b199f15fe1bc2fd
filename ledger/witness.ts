import { parseAddCheckpoint } from '../log/add-checkpoint.ts';
import { type Checkpoint, openCheckpoint } from '../log/checkpoint.ts';
import { cosign } from '../log/cosignature.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { verifyConsistency } from '../log/merkle.ts';
import type { Signer } from '../log/note.ts';
import { equal, toHex, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import type { WitnessState, WitnessStore } from './witness-store.ts';

export interface WitnessOptions {
  readonly store: WitnessStore;
  readonly crypto: LogCrypto;
  readonly clock: () => Date;
  readonly signer: Signer;
  /** The logs that this node witnesses, the other members', with the keys that hold at a size. */
  readonly logs: ReadonlyMap<string, WitnessedLog>;
  /** Cosigns nothing of a log before `open` is called for it. */
  readonly closedAtFirst?: boolean;
  /** Keeps the size that is about to be cosigned where a restored database can't take it back. */
  readonly onKept?: (origin: string, size: bigint) => void;
  /** Two histories of this log are known: it is cosigned no further. */
  readonly isFrozen?: (origin: string) => boolean;
  /** The log signed two checkpoints of one size with different roots. */
  readonly onFork?: (origin: string, held: string, shown: string) => void;
  /** A log showed a consistent new checkpoint: there is something to pull. */
  readonly onAdvanced?: (origin: string, size: bigint) => void;
}

export interface WitnessedLog {
  readonly keys: readonly string[];
  keysAt(size: bigint): readonly string[];
  /** A log that was closed at a size is cosigned no further. */
  readonly closed?: bigint;
}

export interface WitnessAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const plain = (status: number, body: string): WitnessAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

/** A node in the role of witness, after C2SP tlog-witness. */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #opened = new Set<string>();

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  /**
   * `add-checkpoint`. Comparing and storing is one atomic step, durable before the answer: of two requests at one old size
   * one wins, and the signature leaves only after the commit.
   */
  async addCheckpoint(body: string): Promise<WitnessAnswer> {
    const { store, crypto, clock, signer, logs } = this.#options;
    let request: ReturnType<typeof parseAddCheckpoint>;
    try {
      request = parseAddCheckpoint(body);
    } catch (error) {
      return plain(400, error instanceof Refusal ? error.message : 'malformed');
    }
    const origin = request.note.split('\n', 1)[0] ?? '';
    const log = logs.get(origin);
    if (log === undefined) return plain(404, 'unknown origin');
    if (this.#options.isFrozen?.(origin) === true)
      return plain(403, 'two histories of this log are known; it is not cosigned until they are cleared up');
    if (this.#options.closedAtFirst === true && !this.#opened.has(origin))
      return plain(503, 'looking up what was cosigned before');
    let opened: Awaited<ReturnType<typeof openCheckpoint>>;
    try {
      opened = await openCheckpoint(crypto, request.note, log.keys);
      opened = await openCheckpoint(crypto, request.note, log.keysAt(opened.checkpoint.size));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return plain(error.status === 403 ? 403 : 400, error.message);
    }
    const { checkpoint, note, own } = opened;
    if (log.closed !== undefined && checkpoint.size > log.closed)
      return plain(403, `this log was closed at size ${log.closed}`);
    if (request.oldSize > checkpoint.size) return plain(400, 'the old size is larger than the checkpoint');
    const seconds = BigInt(Math.floor(clock().getTime() / 1000));
    let forked: string | undefined;
    const refused = await store.update<WitnessAnswer | undefined>(origin, (held) => {
      const oldSize = held?.size ?? 0n;
      if (held !== undefined && held.size === checkpoint.size && !equal(held.root, checkpoint.root)) forked = held.note;
      if (request.oldSize !== oldSize)
        return { answer: { status: 409, contentType: 'text/x.tlog.size', body: `${oldSize}\n` } };
      const oldRoot = held?.root ?? crypto.sha256(new Uint8Array());
      if (!verifyConsistency(crypto, oldSize, checkpoint.size, request.proof, oldRoot, checkpoint.root)) {
        const same = oldSize === checkpoint.size && !equal(oldRoot, checkpoint.root);
        return {
          answer: plain(422, same ? 'another root was cosigned at this size' : 'the consistency proof does not hold'),
        };
      }
      return { answer: undefined, keep: { ...checkpoint, note: own, at: clock() } };
    });
    if (forked !== undefined) this.#options.onFork?.(origin, forked, own);
    if (refused !== undefined) return refused;
    this.#options.onKept?.(origin, checkpoint.size);
    const line = await cosign(crypto, note.text, seconds, signer);
    this.#options.onAdvanced?.(origin, checkpoint.size);
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: line };
  }

  /** It is known what was cosigned last of this log: from now on it is cosigned. */
  open(origin: string): void {
    this.#opened.add(origin);
  }

  /** What is held of a log. */
  async state(origin: string): Promise<WitnessState | undefined> {
    return (await this.#options.store.all()).get(origin);
  }

  /** Keeps a checkpoint that this witness has cosigned, or that follows from that, where it is newer than what is held. */
  async adopt(origin: string, { size, root }: Checkpoint, note: string): Promise<void> {
    const { store, clock } = this.#options;
    await store.update(origin, (held) =>
      held !== undefined && held.size >= size
        ? { answer: undefined }
        : { answer: undefined, keep: { size, root, note, at: clock() } },
    );
  }

  /** The newest checkpoint held of a log, by the lower-case hex SHA-256 of its origin. */
  async held(originHash: string): Promise<string | undefined> {
    const { crypto, logs } = this.#options;
    const origin = [...logs.keys()].find((one) => toHex(crypto.sha256(utf8(one))) === originHash);
    return origin === undefined ? undefined : (await this.state(origin))?.note;
  }

  /** Newest cosigned size of each log. */
  sizes(): Promise<ReadonlyMap<string, WitnessState>> {
    return this.#options.store.all();
  }
}
