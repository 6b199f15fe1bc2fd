import type { Fold, FoldRecord } from '../ledger/ledger.ts';
import type { Mirrors } from '../ledger/mirror.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { commitmentOf, isAddressedTo, openSealed, type Sealed } from '../log/envelope.ts';
import { parseBundle, tilePath } from '../log/tile.ts';
import { authorship } from '../members/authorship.ts';
import type { MemberEntry, Registry } from '../members/registry.ts';
import { equal, fromBase64, fromUtf8, toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { askPeer, type PeerAnswer } from './peer-client.ts';
import { cursorOf, insertReceived, lockCursor, type Sql, setCursor, undelivered } from './store.ts';

export interface PullingOptions {
  readonly member: string;
  readonly registry: Registry;
  readonly sql: Sql;
  readonly mirrors: Mirrors;
  readonly crypto: LogCrypto;
  readonly clock: () => Date;
  readonly fold: Fold;
  /** A token for one request to a peer's log. */
  readonly tokenFor: (origin: string) => Promise<string>;
  /** The checkpoint this node cosigned last of a log, which says that there is something to pull. */
  readonly cosigned: (origin: string) => Promise<string | undefined>;
  readonly onFault: (member: string, code: string, detail: string) => void;
  readonly onContact: (member: string) => void;
  readonly pollMs?: number;
  readonly batch?: number;
  /** A record that a slip lists is reported as withheld when it has not come after this. */
  readonly withheldMs?: number;
}

/** What a peer answers to a pull. */
export interface PullAnswer {
  /** Own records for the caller, from the asked index on, by index. */
  readonly records: readonly { readonly index: number; readonly bytes: string; readonly salt: string }[];
  /** Everything for the caller below this index is in here or was before. */
  readonly next: number;
}

const MAX_ANSWER = 24 * 1024 * 1024;
const WITHHELD_MS = 60_000;

/** Takes over what one other member's log has for this one. */
export class Puller {
  readonly #options: PullingOptions;
  readonly #peer: MemberEntry;
  readonly #abort = new AbortController();
  /** Indexes that slips listed and that did not come, since when. */
  readonly #missing = new Map<bigint, number>();
  #wake: (() => void) | undefined;
  #wanted = true;
  #loop: Promise<void> | undefined;

  constructor(peer: MemberEntry, options: PullingOptions) {
    this.#peer = peer;
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake?.();
    await this.#loop;
  }

  /** The peer's log has grown. */
  wake(): void {
    this.#wanted = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { pollMs = 5000, onFault } = this.#options;
    let failures = 0;
    while (!this.#abort.signal.aborted) {
      this.#wanted = false;
      try {
        await this.pull();
        failures = 0;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        failures++;
        const code = error instanceof Refusal ? error.code : 'pull-failed';
        onFault(this.#peer.code, code === 'peer-unreachable' ? 'unreachable' : code, (error as Error).message);
      }
      if (this.#wanted && failures === 0) continue;
      const wait = failures === 0 ? pollMs : Math.min(60_000, 500 * 2 ** Math.min(failures, 7));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#wake = () => {
          // After a failure the pause holds: a peer that sends garbage must not set our pace.
          if (failures > 0 && !this.#abort.signal.aborted) return;
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /**
   * Extends the mirror to the newest checkpoint cosigned here, then takes over batch after batch.
   * @returns how many records came
   */
  async pull(): Promise<number> {
    const { mirrors, cosigned, sql, onContact } = this.#options;
    const { origin, keys } = this.#peer.log;
    const note = await cosigned(origin);
    if (note === undefined) return 0;
    const size = await mirrors.extend(
      origin,
      note,
      keys.map(({ vkey }) => vkey),
      (from, to) => this.#fetchEntries(from, to),
    );
    onContact(this.#peer.code);
    let count = 0;
    for (;;) {
      const from = await cursorOf(sql, origin);
      if (from >= size) break;
      count += await this.#takeOver(from, size);
    }
    this.#reportWithheld();
    return count;
  }

  async #get(path: string, maxBytes: number, token?: string): Promise<PeerAnswer> {
    const answer = await askPeer(`${this.#peer.address}${path}`, {
      maxBytes,
      signal: this.#abort.signal,
      ...(token === undefined ? {} : { token }),
    });
    if (answer.status !== 200)
      throw new Refusal(
        502,
        'peer-refuses',
        `${path} is answered with ${answer.status}: ${Buffer.from(answer.body).toString('utf8').slice(0, 200)}`,
      );
    return answer;
  }

  /** The bundle that holds `from`, as far as the checkpoint goes. */
  async #fetchEntries(from: bigint, to: bigint): Promise<Uint8Array[]> {
    const n = from / 256n;
    const width = to - n * 256n >= 256n ? 256 : Number(to - n * 256n);
    const { body } = await this.#get(`/log/${tilePath({ level: 'entries', n, width })}`, 256 * 34);
    return parseBundle(body).slice(Number(from - n * 256n));
  }

  async #takeOver(from: bigint, size: bigint): Promise<number> {
    const { sql, fold, clock, batch = 200, tokenFor } = this.#options;
    const { origin } = this.#peer.log;
    const token = await tokenFor(origin);
    const { body } = await this.#get(`/peer/records?from=${from}&below=${size}&limit=${batch}`, MAX_ANSWER, token);
    const answer = parsePullAnswer(body, from, size);
    const sealed = await this.#check(answer, from);
    const slips = sealed.filter(({ sealed }) => sealed.record.type === 'slip');
    await sql.begin(async (tx) => {
      if ((await lockCursor(tx, origin)) !== from) return;
      const fresh = await insertReceived(tx, origin, sealed);
      const records: FoldRecord[] = sealed
        .filter(({ index, sealed }) => fresh.has(index) && sealed.record.type !== 'slip')
        .map(({ index, sealed }) => ({ origin, index, commitment: toHex(sealed.commitment), envelope: sealed.record }));
      if (records.length > 0) await fold(tx, records);
      await setCursor(tx, origin, BigInt(answer.next), clock());
    });
    await this.#noteSlips(slips.map(({ sealed }) => sealed));
    return sealed.length;
  }

  /**
   * Each record against the mirror: bytes that are not what the log holds refuse the batch, which is asked for again. A record
   * that is authentic and yet not its issuer's to say is reported and left out: asking again would bring the same.
   */
  async #check(answer: PullAnswer, from: bigint): Promise<{ index: bigint; sealed: Sealed }[]> {
    const { mirrors, crypto, onFault } = this.#options;
    const { origin } = this.#peer.log;
    const commitments = await mirrors.commitments(
      origin,
      answer.records.map(({ index }) => BigInt(index)),
    );
    const checked: { index: bigint; sealed: Sealed }[] = [];
    let previous = Number(from) - 1;
    for (const { index, bytes, salt } of answer.records) {
      const bad = (why: string): Refusal => new Refusal(502, 'bad-proof', `Record ${index} of ${origin}: ${why}`);
      if (index <= previous || index >= answer.next) throw bad('out of order');
      previous = index;
      const [recordBytes, saltBytes] = decode(bytes, salt) ?? [];
      const logged = commitments.get(BigInt(index));
      if (recordBytes === undefined || saltBytes === undefined || logged === undefined)
        throw bad('not of the form of a record');
      if (!equal(logged, commitmentOf(saltBytes, recordBytes, crypto)))
        throw bad('not what the log holds at this index');
      const opened = this.#open(recordBytes, saltBytes);
      if (typeof opened === 'string') onFault(this.#peer.code, 'bad-record', `record ${index}: ${opened}`);
      else checked.push({ index: BigInt(index), sealed: opened });
    }
    return checked;
  }

  /** The record, or why it is not its issuer's to say to this member. */
  #open(bytes: Uint8Array, salt: Uint8Array): Sealed | string {
    const { crypto, registry, member } = this.#options;
    try {
      const sealed = openSealed(bytes, salt, crypto);
      if (sealed.record.log !== this.#peer.log.origin) return 'names another log';
      if (!isAddressedTo(sealed.record.to, member)) return 'not addressed to this member';
      const outside = authorship(sealed.record, registry.view);
      return outside === undefined ? sealed : `outside the authorship table: ${outside}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async #noteSlips(slips: readonly Sealed[]): Promise<void> {
    if (slips.length === 0) return;
    const listed = slips.flatMap(
      ({ record }) => ((record.body as { indexes?: unknown }).indexes as number[] | undefined) ?? [],
    );
    const absent = await undelivered(
      this.#options.sql,
      this.#peer.log.origin,
      listed.filter(Number.isSafeInteger).map((index) => BigInt(index)),
    );
    for (const index of absent) if (!this.#missing.has(index)) this.#missing.set(index, performance.now());
  }

  #reportWithheld(): void {
    for (const [index, since] of this.#missing) {
      if (performance.now() - since < (this.#options.withheldMs ?? WITHHELD_MS)) continue;
      this.#options.onFault(this.#peer.code, 'withheld', `record ${index} is listed in a slip and was not delivered`);
    }
  }
}

function decode(bytes: string, salt: string): [Uint8Array, Uint8Array] | undefined {
  try {
    return [fromBase64(bytes), fromBase64(salt)];
  } catch {
    // Not base64: the caller reports it.
    return undefined;
  }
}

/** @throws Refusal 502 `bad-answer` */
function parsePullAnswer(body: Uint8Array, from: bigint, size: bigint): PullAnswer {
  const bad = (cause?: unknown): Refusal =>
    new Refusal(502, 'bad-answer', 'The answer to a pull is not of its form.', { cause });
  let value: { records?: unknown; next?: unknown };
  try {
    value = JSON.parse(fromUtf8(body)) as typeof value;
  } catch (cause) {
    throw bad(cause);
  }
  const { records, next } = value ?? {};
  if (!Array.isArray(records) || typeof next !== 'number' || !Number.isSafeInteger(next)) throw bad();
  if (BigInt(next) <= from || BigInt(next) > size) throw bad();
  for (const record of records as { index?: unknown; bytes?: unknown; salt?: unknown }[]) {
    if (!Number.isSafeInteger(record?.index) || typeof record.bytes !== 'string' || typeof record.salt !== 'string')
      throw bad();
  }
  return { records: records as PullAnswer['records'], next };
}
