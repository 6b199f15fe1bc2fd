import { formatCheckpoint } from '../log/checkpoint.ts';
import type { LogCrypto } from '../log/crypto.ts';
import type { Sealed } from '../log/envelope.ts';
import { appendLeaf, type Edge, EMPTY_EDGE, edgeRoot, edgeToBytes, leafHash } from '../log/merkle.ts';
import { type Signer, signNote } from '../log/note.ts';
import { isOutage, isTransient, type Sql } from '../storage/connection.ts';
import { equal, fromBase64 } from '../values/bytes.ts';
import { type Context, context, type Observer, observed, seconds, traced } from '../values/observe.ts';
import { Refusal } from '../values/refusal.ts';
import { Delays } from './delays.ts';
import {
  type Append,
  type AppendOptions,
  type Fold,
  type Receipt,
  type SequenceContext,
  sequence,
} from './sequence.ts';

export type { AppendOptions, Fold, FoldRecord, Receipt } from './sequence.ts';

export interface LedgerOptions {
  readonly sql: Sql;
  readonly origin: string;
  readonly member: string;
  readonly registryVersion: number;
  readonly signer: Signer;
  /** How many other members must cosign for a checkpoint to be final. */
  readonly quorum: number;
  readonly crypto: LogCrypto;
  readonly clock: () => Date;
  readonly random: (length: number) => Uint8Array;
  readonly fold: Fold;
  readonly sequenceEveryMs?: number;
  readonly signEveryMs?: number;
  /** Records that may wait to be sequenced; more are refused with 429. */
  readonly maxQueue?: number;
  /** Keeps the size that is about to be signed where a restored database can't take it back. */
  readonly onSigning?: (size: bigint) => void;
  /** What went wrong in a loop; the loop goes on. */
  readonly onError?: (act: string, error: unknown, requestId?: string) => void;
  readonly observer?: Observer | undefined;
}

/** A signed checkpoint; `note` carries the log's signature alone. */
export interface SignedHead {
  readonly size: bigint;
  readonly note: string;
}

interface Queued extends Append {
  readonly since: number;
  /** The span in which it was asked for. */
  readonly trace: Context;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

const OUTAGE_PATIENCE_MS = 15_000;
const BATCH_RECORDS = 1000;
/** With so many waiting, a transaction is worth its flush: nothing is gained by waiting for more. */
const FULL_ENOUGH = 200;

/**
 * One member's own log. Life cycle: `open` (checks the stored log against what was signed) → `start` → `append` … →
 * `stop` (everything queued is sequenced first).
 */
export class Ledger {
  readonly options: LedgerOptions;
  readonly #context: SequenceContext;
  readonly #queue: Queued[] = [];
  #queuedRecords = 0;
  #batchSince: number | undefined;
  #running = false;
  #wake: (() => void) | undefined;
  #loops: Promise<void>[] = [];
  #signed: Edge;
  #head: SignedHead | undefined;
  #final: SignedHead | undefined;
  #signing: Promise<unknown> = Promise.resolve();
  readonly #onSigned = new Set<(head: SignedHead) => void>();
  readonly #delays: Delays;

  private constructor(options: LedgerOptions, signed: Edge, head: SignedHead | undefined) {
    this.options = options;
    this.#context = options;
    this.#delays = new Delays(options.observer);
    this.#signed = signed;
    this.#head = head;
  }

  /**
   * @throws Refusal 500 `log-inconsistent` when the stored entries do not give the root that was signed
   * @throws Refusal 500 `log-origin-differs` when the database holds another log
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { sql, origin, crypto } = options;
    await sql`
      INSERT INTO ledger.log_state (origin, size, root, edge) VALUES (${origin}, 0, ${edgeRoot(crypto, EMPTY_EDGE)}, ${edgeToBytes(EMPTY_EDGE)})
      ON CONFLICT DO NOTHING`;
    const [state] = await sql<{ origin: string; size: bigint }[]>`SELECT origin, size FROM ledger.log_state`;
    if (state?.origin !== origin) {
      throw new Refusal(500, 'log-origin-differs', `The database holds the log ${state?.origin}, not ${origin}.`, {
        remedy: 'Give this node the database of its own member.',
      });
    }
    const [last] = await sql<
      { size: bigint; body: string; note: string }[]
    >`SELECT size, body, note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1`;
    let edge = EMPTY_EDGE;
    if (last !== undefined) {
      if (state.size < last.size) {
        throw new Refusal(
          500,
          'log-inconsistent',
          `Size ${last.size} was signed, and the log's state says ${state.size}.`,
          { params: { size: Number(last.size) }, remedy: 'Do not start this node; restore the database.' },
        );
      }
      edge = await extend(sql, crypto, EMPTY_EDGE, last.size);
      if (!equal(edgeRoot(crypto, edge), fromBase64(last.body.split('\n')[2] ?? ''))) {
        throw new Refusal(
          500,
          'log-inconsistent',
          `The stored entries do not give the root that was signed at size ${last.size}.`,
          {
            params: { size: Number(last.size) },
            remedy: 'Do not start this node; run `dostyk log audit` and restore the database.',
          },
        );
      }
    }
    const ledger = new Ledger(options, edge, last && { size: last.size, note: last.note });
    const [final] = await sql<{ size: bigint }[]>`
      SELECT size FROM ledger.checkpoint
      WHERE (SELECT count(DISTINCT witness) FROM ledger.cosignature WHERE cosignature.size = checkpoint.size) >= ${options.quorum}
      ORDER BY size DESC LIMIT 1`;
    if (final !== undefined) await ledger.#refreshFinal(final.size);
    return ledger;
  }

  start(): void {
    if (this.#running) return;
    // Stored, and the process ended before it was kept: it leaves the process from now on.
    if (this.#head !== undefined) this.options.onSigning?.(this.#head.size);
    this.#running = true;
    this.#loops = [this.#sequenceLoop(), this.#signLoop()];
  }

  /** Sequences what is queued, then ends. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#wake?.();
    await Promise.all(this.#loops);
  }

  /** Records waiting to be sequenced. */
  get queued(): number {
    return this.#queuedRecords;
  }

  /** How long the batch under way has been under way; a watchdog's measure. */
  get busyMs(): number {
    return this.#batchSince === undefined ? 0 : performance.now() - this.#batchSince;
  }

  /** The newest signed checkpoint. */
  get published(): SignedHead | undefined {
    return this.#head;
  }

  /** The newest checkpoint with the quorum's cosignatures. */
  get final(): SignedHead | undefined {
    return this.#final;
  }

  publicationOf(index: number): 'sequenced' | 'published' | 'final' {
    if (BigInt(index) < (this.#final?.size ?? 0n)) return 'final';
    return BigInt(index) < (this.#head?.size ?? 0n) ? 'published' : 'sequenced';
  }

  onSigned(listener: (head: SignedHead) => void): void {
    this.#onSigned.add(listener);
  }

  /**
   * Appends records, all or nothing, with contiguous indexes; answers once they are committed and folded.
   *
   * @throws Refusal 409 `already-filed`, `idempotency-conflict`, `record-exists`; 422 `record-foreign`; 429 `queue-full`;
   *   503 `ledger-unavailable`
   * @example await ledger.append([section, manifest], { account: 'kz.exporter', once: [`manifest/${dossier}/1`] })
   */
  append(sealed: readonly Sealed[], options: AppendOptions): Promise<Receipt> {
    if (!this.#running)
      return Promise.reject(
        new Refusal(503, 'ledger-unavailable', 'The node takes nothing now: it is starting or stopping.', {
          params: { retryAfter: 2 },
        }),
      );
    const { origin, member } = this.options;
    if (sealed.some(({ record }) => record.log !== origin || record.issuer.member !== member)) {
      return Promise.reject(new Refusal(422, 'record-foreign', `A record is not ${member}'s for the log ${origin}.`));
    }
    if (this.#queuedRecords + sealed.length > (this.options.maxQueue ?? 5000)) {
      return Promise.reject(
        new Refusal(429, 'queue-full', 'Too many records wait to be sequenced.', {
          params: { retryAfter: 1 },
          remedy: 'Try again in a second.',
        }),
      );
    }
    const queue = (): Promise<Receipt> =>
      new Promise((resolve, reject) => {
        this.#queue.push({ sealed, options, resolve, reject, since: performance.now(), trace: context.active() });
        this.#queuedRecords += sealed.length;
        this.#wake?.();
      });
    return traced('append', queue, { attributes: { 'dostyk.records': sealed.length } });
  }

  /**
   * What this request was answered before, under its idempotency key; undefined when it is new.
   * @throws Refusal 409 `idempotency-conflict` when the key was used for another request
   */
  async findReceipt(
    account: string,
    idempotency: { readonly key: string; readonly request: string },
  ): Promise<Receipt | undefined> {
    const [row] = await this.options.sql<{ request_hash: string; receipt: Receipt }[]>`
      SELECT request_hash, receipt FROM ledger.request WHERE account = ${account} AND key = ${idempotency.key}`;
    if (row === undefined) return undefined;
    if (row.request_hash !== idempotency.request) {
      throw new Refusal(409, 'idempotency-conflict', 'The Idempotency-Key was used for another request.', {
        remedy: 'Use a new key.',
      });
    }
    return { ...row.receipt, repeated: true };
  }

  async #sequenceLoop(): Promise<void> {
    while (this.#running || this.#queue.length > 0) {
      if (this.#queue.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
        continue;
      }
      // Others that come within this moment share the transaction and its flush to disk.
      if (this.#running && this.#queuedRecords < FULL_ENOUGH) await pause(this.options.sequenceEveryMs ?? 50);
      const batch: Queued[] = [];
      let records = 0;
      while (
        this.#queue[0] !== undefined &&
        records + this.#queue[0].sealed.length <= Math.max(BATCH_RECORDS, this.#queue[0].sealed.length)
      ) {
        const next = this.#queue.shift();
        if (next === undefined) break;
        batch.push(next);
        records += next.sealed.length;
      }
      this.#batchSince = performance.now();
      await this.#observeBatch(batch, records);
      this.#batchSince = undefined;
      this.#queuedRecords -= records;
    }
  }

  #observeBatch(batch: readonly Queued[], records: number): Promise<void> {
    const { observer } = this.options;
    const started = performance.now();
    const [parent, ...others] = batch.map(({ trace }) => trace);
    const run = async (requestId: string): Promise<void> => {
      await this.#sequenceBatch(batch, requestId);
      observer?.measure('batch-seconds', seconds(started));
      observer?.measure('batch-records', records);
    };
    return observed(observer, 'sequence', run, { parent, others, attributes: { 'dostyk.records': records } });
  }

  /** One transaction for the batch; where that fails, one for each append, so that one bad append harms none else. */
  async #sequenceBatch(batch: readonly Queued[], requestId: string): Promise<void> {
    const until = performance.now() + OUTAGE_PATIENCE_MS;
    for (;;) {
      try {
        const outcomes = await this.options.sql.begin((tx) => sequence(tx, this.#context, batch));
        for (const [i, { resolve, reject, since }] of batch.entries()) {
          const outcome = outcomes[i];
          this.options.observer?.measure('append-wait', seconds(since));
          if (outcome === undefined || outcome instanceof Refusal) reject(outcome);
          else resolve(outcome);
        }
        return;
      } catch (error) {
        if (isTransient(error) && performance.now() < until) {
          await pause(20);
          continue;
        }
        if (isOutage(error)) {
          // The commit may or may not have gone through: the repeat finds its own records by their ids.
          if (performance.now() < until) {
            await pause(300);
            continue;
          }
          this.options.onError?.('sequence', error, requestId);
          for (const { reject } of batch) {
            reject(
              new Refusal(503, 'ledger-unavailable', 'The database does not answer.', {
                params: { retryAfter: 5 },
                remedy: 'Repeat with the same Idempotency-Key.',
                cause: error,
              }),
            );
          }
          return;
        }
        if (batch.length > 1) {
          for (const one of batch) await this.#sequenceBatch([one], requestId);
          return;
        }
        this.options.onError?.('sequence', error, requestId);
        batch[0]?.reject(error);
        return;
      }
    }
  }

  async #signLoop(): Promise<void> {
    while (this.#running) {
      try {
        await this.sign();
      } catch (error) {
        this.options.onError?.('sign', error);
      }
      await pause(this.options.signEveryMs ?? 500, () => !this.#running);
    }
  }

  /**
   * The Sign transaction: recomputes the new part of the tree from stored entries, extends what was last signed, stores
   * the checkpoint and commits; only then does the signature leave the process. One root a size, for ever. Calls queue up: a
   * head never goes back.
   */
  sign(): Promise<SignedHead> {
    const signed = this.#signing.then(() => this.#signNewest());
    this.#signing = signed.catch(() => undefined);
    return signed;
  }

  async #signNewest(): Promise<SignedHead> {
    const { sql, origin, observer } = this.options;
    const [state] = await sql<
      { size: bigint; root: Uint8Array }[]
    >`SELECT size, root FROM ledger.log_state WHERE origin = ${origin}`;
    if (state === undefined) throw new Error(`no log_state for ${origin}`);
    if (this.#head !== undefined && this.#head.size === state.size) return this.#head;
    const started = performance.now();
    const head = await observed(observer, 'sign', () => this.#signUpTo(state));
    observer?.measure('sign-seconds', seconds(started));
    return head;
  }

  async #signUpTo(state: { readonly size: bigint; readonly root: Uint8Array }): Promise<SignedHead> {
    const { sql, crypto, origin, signer, clock } = this.options;
    const edge = await extend(sql, crypto, this.#signed, state.size);
    const root = edgeRoot(crypto, edge);
    if (!equal(root, state.root)) {
      throw new Refusal(
        500,
        'log-inconsistent',
        `The stored entries do not give the stored root at size ${state.size}: nothing is signed.`,
        {
          params: { size: Number(state.size) },
        },
      );
    }
    const body = formatCheckpoint({ origin, size: state.size, root });
    const note = await signNote(crypto, body, [signer]);
    const stored = await sql.begin(async (tx) => {
      await tx`INSERT INTO ledger.checkpoint (size, body, note, at) VALUES (${state.size}, ${body}, ${note}, ${clock()}) ON CONFLICT DO NOTHING`;
      const [row] = await tx<
        { body: string; note: string }[]
      >`SELECT body, note FROM ledger.checkpoint WHERE size = ${state.size}`;
      return row;
    });
    if (stored?.body !== body)
      throw new Refusal(500, 'log-inconsistent', `Another root was signed at size ${state.size}.`);
    // The signature leaves the process with what follows: from here on the size is one that others may hold.
    this.options.onSigning?.(state.size);
    this.#signed = edge;
    this.#head = { size: state.size, note: stored.note };
    this.#delays.signed(state.size);
    for (const listener of this.#onSigned) listener(this.#head);
    return this.#head;
  }

  /** Keeps cosignature lines that the caller has verified against the registry's witness keys. */
  async addCosignatures(
    size: bigint,
    cosignatures: readonly { readonly member: string; readonly time: bigint; readonly line: string }[],
  ): Promise<void> {
    for (const { member, time, line } of cosignatures) {
      await this.options.sql`
        INSERT INTO ledger.cosignature (size, witness, time, line) VALUES (${size}, ${member}, ${time}, ${line}) ON CONFLICT DO NOTHING`;
    }
    this.#delays.cosigned(
      size,
      cosignatures.map(({ member }) => member),
    );
    await this.#refreshFinal(size);
  }

  /** Looks at one size alone: what an older one gathers no longer matters. */
  async #refreshFinal(size: bigint): Promise<void> {
    if (size < (this.#final?.size ?? 0n)) return;
    const { sql, quorum } = this.options;
    const [row] = await sql<{ count: bigint }[]>`
      SELECT count(DISTINCT witness) FROM ledger.cosignature WHERE size = ${size}`;
    if ((row?.count ?? 0n) < BigInt(quorum)) return;
    const note = await this.cosignedNote(size);
    if (size < (this.#final?.size ?? 0n)) return;
    this.#final = { size, note };
    this.#delays.final(size);
  }

  /** A checkpoint's note with the newest cosignature of each witness. */
  async cosignedNote(size: bigint): Promise<string> {
    const { sql } = this.options;
    const [checkpoint] = await sql<{ note: string }[]>`SELECT note FROM ledger.checkpoint WHERE size = ${size}`;
    if (checkpoint === undefined)
      throw new Refusal(404, 'checkpoint-unknown', `No checkpoint of size ${size} was signed.`);
    const lines = await sql<{ line: string }[]>`
      SELECT DISTINCT ON (witness) line FROM ledger.cosignature WHERE size = ${size} ORDER BY witness, time DESC`;
    return checkpoint.note + lines.map(({ line }) => line).join('');
  }

  /** Size of the log as it is stored, signed or not. */
  async size(): Promise<bigint> {
    const [row] = await this.options.sql<{ size: bigint }[]>`SELECT size FROM ledger.log_state`;
    return row?.size ?? 0n;
  }

  /** The newest checkpoint that a witness cosigned, with its cosignatures. */
  async cosignedBy(witness: string): Promise<string | undefined> {
    const newest = (await this.cosigned()).find((one) => one.witness === witness);
    return newest === undefined ? undefined : this.cosignedNote(newest.size);
  }

  /** Which members cosigned which size last. Steps from witness to witness: the table grows with every round. */
  cosigned(): Promise<{ witness: string; size: bigint; time: bigint }[]> {
    return this.options.sql<{ witness: string; size: bigint; time: bigint }[]>`
      WITH RECURSIVE known AS (
        SELECT min(witness) AS witness FROM ledger.cosignature
        UNION ALL
        SELECT (SELECT min(witness) FROM ledger.cosignature WHERE cosignature.witness > known.witness)
        FROM known WHERE known.witness IS NOT NULL
      )
      SELECT known.witness, newest.size, newest.time
      FROM known CROSS JOIN LATERAL (
        SELECT size, time FROM ledger.cosignature WHERE cosignature.witness = known.witness ORDER BY size DESC, time DESC LIMIT 1
      ) AS newest`;
  }
}

/** Extends an edge by stored entries up to a size, in steps that bound memory. */
async function extend(sql: Sql, crypto: LogCrypto, from: Edge, to: bigint): Promise<Edge> {
  let edge = from;
  while (edge.size < to) {
    const rows = await sql<{ commitment: Uint8Array }[]>`
      SELECT commitment FROM ledger.entry WHERE index >= ${edge.size} AND index < ${to} ORDER BY index LIMIT 10000`;
    if (rows.length === 0)
      throw new Refusal(500, 'log-inconsistent', `Entries from index ${edge.size} on are missing.`);
    for (const { commitment } of rows) edge = appendLeaf(crypto, edge, leafHash(crypto, commitment));
  }
  return edge;
}

/** Waits, at most 50 ms at a time when there is a reason to end early. */
async function pause(ms: number, until?: () => boolean): Promise<void> {
  if (until === undefined) return void (await new Promise((resolve) => setTimeout(resolve, ms)));
  for (let left = ms; left > 0 && !until(); left -= 50)
    await new Promise((resolve) => setTimeout(resolve, Math.min(50, left)));
}
