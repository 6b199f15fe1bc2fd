import { randomUUID } from 'node:crypto';
import { noteErased } from '../ledger/erasing.ts';
import type { Fold, FoldRecord } from '../ledger/ledger.ts';
import type { Mirrors } from '../ledger/mirror.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { commitmentOf, isAddressedTo, openSealed, type Sealed } from '../log/envelope.ts';
import { erasureRefused, orderOf } from '../log/erased.ts';
import { parseBundle, tilePath } from '../log/tile.ts';
import { authorship } from '../members/authorship.ts';
import type { MemberEntry, MemberLog, Registry } from '../members/registry.ts';
import { equal, fromBase64, fromHex, toHex } from '../values/bytes.ts';
import { tellError } from '../values/describe-error.ts';
import { type Observer, observed, seconds } from '../values/observe.ts';
import { Refusal } from '../values/refusal.ts';
import { askPeer, declinedWith, type PeerAnswer } from './peer-client.ts';
import { type PullAnswer, parsePullAnswer } from './pull-answer.ts';
import {
  cursorOf,
  findHeld,
  insertReceived,
  keepPlaces,
  lockCursor,
  missingSince,
  noteUndelivered,
  type Sql,
  setCursor,
  type Tx,
  takeUndelivered,
} from './store.ts';

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
  /** Members that may pass on what the log's owner does not deliver. */
  readonly others?: readonly MemberEntry[];
  /** The checkpoint this node cosigned last of a log, which says that there is something to pull. */
  readonly cosigned: (origin: string) => Promise<string | undefined>;
  /** Two histories of this log are known: nothing more of it is taken over. */
  readonly isFrozen?: (origin: string) => boolean;
  readonly onFault: (member: string, code: string, detail: string) => void;
  readonly onContact: (member: string) => void;
  readonly observer?: Observer | undefined;
  readonly pollMs?: number;
  readonly batch?: number;
  /** A record that a slip lists is reported as withheld when it has not come after this. */
  readonly withheldMs?: number;
}

const MAX_ANSWER = 24 * 1024 * 1024;
const WITHHELD_MS = 60_000;
const ASK_AGAIN_MS = 5000;
const ASK_AGAIN_COUNT = 20;

interface Checked {
  readonly records: readonly { readonly index: bigint; readonly sealed: Sealed }[];
  /** Of all that came, also of what is left out. */
  readonly indexes: readonly bigint[];
  /** What can't be judged yet and is asked for again. */
  readonly later: readonly bigint[];
}

/** Takes over what one other member's log has for this one. */
export class Puller {
  readonly #options: PullingOptions;
  readonly #peer: MemberEntry;
  readonly #log: MemberLog;
  readonly #abort = new AbortController();
  /** When what did not come was last asked for again, in ms of the process. */
  #askedAgain = Number.NEGATIVE_INFINITY;
  #wake: (() => void) | undefined;
  #wanted = true;
  #loop: Promise<void> | undefined;
  /** Of the pull under way. */
  #requestId = '';
  /** The checkpoint up to which all is here. */
  #done: string | undefined;

  constructor(peer: MemberEntry, log: MemberLog, options: PullingOptions) {
    this.#peer = peer;
    this.#log = log;
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
      let away = false;
      try {
        await this.pull();
        failures = 0;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        failures++;
        const code = error instanceof Refusal ? error.code : 'pull-failed';
        away = code === 'peer-unreachable';
        onFault(this.#peer.code, away ? 'unreachable' : code, tellError(error));
      }
      if (this.#wanted && failures === 0) continue;
      const wait = failures === 0 ? pollMs : Math.min(60_000, 500 * 2 ** Math.min(failures, 7));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#wake = () => {
          // After a failure the pause holds: a peer that sends garbage must not set our pace. One that was away has spoken.
          if (failures > 0 && !away && !this.#abort.signal.aborted) return;
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
    const { cosigned, isFrozen, observer } = this.#options;
    const { origin, closed } = this.#log;
    // Two histories: which of them goes on is for the members to say.
    if (isFrozen?.(origin) === true && closed === undefined) return 0;
    const note = await cosigned(origin);
    if (note === undefined) return 0;
    const run = async (requestId: string): Promise<number> => {
      this.#requestId = requestId;
      const count = await this.#pullUpTo(note);
      this.#done = note;
      return count;
    };
    // A look at what is known already is no act.
    return note === this.#done ? run(randomUUID()) : observed(observer, 'pull', run);
  }

  async #pullUpTo(note: string): Promise<number> {
    const { mirrors, sql, onContact } = this.#options;
    const { origin, keys, closed } = this.#log;
    const size = await mirrors.extend(
      origin,
      note,
      keys.map(({ vkey }) => vkey),
      (from, to) => this.#fetchEntries(from, to),
    );
    onContact(this.#peer.code);
    let count = 0;
    const end = closed !== undefined && BigInt(closed.size) < size ? BigInt(closed.size) : size;
    for (;;) {
      const from = await cursorOf(sql, origin);
      if (from >= end) break;
      count += await this.#takeOver(from, end);
    }
    count += await this.#askAgain();
    await this.#reportWithheld();
    return count;
  }

  async #get(path: string, maxBytes: number, token?: string): Promise<PeerAnswer> {
    const answer = await askPeer(`${this.#peer.address}${path}`, {
      maxBytes,
      signal: this.#abort.signal,
      requestId: this.#requestId,
      ...(token === undefined ? {} : { token }),
    });
    if (answer.status !== 200)
      throw new Refusal(502, 'peer-refuses', `${path} is answered with ${declinedWith(answer)}`);
    return answer;
  }

  /** The bundle that holds `from`, as far as the checkpoint goes. */
  async #fetchEntries(from: bigint, to: bigint): Promise<Uint8Array[]> {
    const n = from / 256n;
    const width = to - n * 256n >= 256n ? 256 : Number(to - n * 256n);
    const { body } = await this.#get(`/log/${tilePath({ level: 'entries', n, width })}`, 256 * 34);
    return parseBundle(body).slice(Number(from - n * 256n));
  }

  async #ask(from: bigint, below: bigint, limit: number): Promise<PullAnswer> {
    const token = await this.#options.tokenFor(this.#log.origin);
    const path = `/peer/records?from=${from}&below=${below}&limit=${limit}`;
    const { body } = await this.#get(path, MAX_ANSWER, token);
    return parsePullAnswer(body, from, below);
  }

  async #takeOver(from: bigint, size: bigint): Promise<number> {
    const { sql, clock, observer, batch = 200 } = this.#options;
    const { origin } = this.#log;
    const started = performance.now();
    const answer = await this.#ask(from, size, batch);
    const checked = await this.#check(answer, from);
    await sql.begin(async (tx) => {
      if ((await lockCursor(tx, origin)) !== from) return;
      await this.#keep(tx, checked);
      await setCursor(tx, origin, BigInt(answer.next), clock());
    });
    observer?.measure('pull-seconds', seconds(started), this.#peer.code);
    observer?.measure('pull-records', checked.records.length, this.#peer.code);
    return checked.records.length;
  }

  /** Stores and folds what is new, and keeps what slips list and has not come. */
  async #keep(tx: Tx, { records, indexes, later }: Checked): Promise<void> {
    const { fold, clock } = this.#options;
    const { origin } = this.#log;
    const fresh = await insertReceived(tx, origin, records);
    const folded: FoldRecord[] = records
      .filter(({ index, sealed }) => fresh.has(index) && sealed.record.type !== 'slip')
      .map(({ index, sealed }) => ({ origin, index, commitment: toHex(sealed.commitment), envelope: sealed.record }));
    await this.#keepErased(tx, folded);
    if (folded.length > 0) await fold(tx, folded);
    const listed = records.flatMap(({ index, sealed }) =>
      sealed.record.type === 'slip' ? listedIn(sealed, index) : [],
    );
    await noteUndelivered(tx, origin, [...listed, ...later], indexes, clock());
  }

  /**
   * Orders to erase that this log's owner gave. From this transaction on what they name is folded, served and passed on no more, and what
   * had not come is missing no more: the order is why. An order for what no order may erase is a fault and changes nothing.
   */
  async #keepErased(tx: Tx, records: readonly FoldRecord[]): Promise<void> {
    const { mirrors, registry, crypto, onFault } = this.#options;
    for (const record of records) {
      if (record.envelope.type !== 'erased') continue;
      const order = orderOf(record.envelope);
      const index = BigInt(order?.index ?? -1);
      const logged =
        order === undefined || registry.memberOfLog(order.log)?.code !== this.#peer.code
          ? undefined
          : (await mirrors.commitments(order.log, [index])).get(index);
      const held = logged === undefined || order === undefined ? undefined : await findHeld(tx, order.log, index);
      const refused =
        order === undefined || logged === undefined || !equal(logged, fromHex(order.commitment))
          ? 'it names no entry of a log of its member'
          : held && erasureRefused(record.envelope, openSealed(held.bytes, held.salt, crypto).record);
      if (refused !== undefined || order === undefined || logged === undefined) {
        onFault(this.#peer.code, 'erasure-refused', `record ${record.index} orders an erasure: ${refused}`);
        continue;
      }
      await keepPlaces(tx, [{ origin: order.log, index, id: order.id, commitment: logged }]);
      await noteErased(tx, [record]);
    }
  }

  /** Listed records that did not come are asked for one by one: a peer that errs now and delivers later loses nothing. */
  async #askAgain(): Promise<number> {
    const { sql, clock } = this.#options;
    const { origin } = this.#log;
    if (performance.now() - this.#askedAgain < ASK_AGAIN_MS) return 0;
    this.#askedAgain = performance.now();
    let count = 0;
    for (const index of await takeUndelivered(sql, origin, ASK_AGAIN_COUNT, clock())) {
      const checked = (await this.#askOwner(index)) ?? (await this.#passedOn(index));
      if (checked === undefined) continue;
      await sql.begin(async (tx) => {
        await lockCursor(tx, origin);
        await this.#keep(tx, checked);
      });
      count += checked.records.length;
    }
    return count;
  }

  /** Undefined where the log's owner does not deliver it. */
  async #askOwner(index: bigint): Promise<Checked | undefined> {
    try {
      const checked = await this.#check(await this.#ask(index, index + 1n, 1), index);
      return checked.indexes.length === 0 ? undefined : checked;
    } catch (error) {
      if (this.#abort.signal.aborted || !(error instanceof Refusal)) throw error;
      this.#options.onFault(this.#peer.code, error.code, error.message);
      return undefined;
    }
  }

  /** Whoever else the record is for may pass it on: it is checked against the log as if its owner had delivered it. */
  async #passedOn(index: bigint): Promise<Checked | undefined> {
    const { others = [], tokenFor } = this.#options;
    const { origin } = this.#log;
    for (const other of others) {
      try {
        const answer = await askPeer(
          `${other.address}/peer/passed?origin=${encodeURIComponent(origin)}&index=${index}`,
          {
            maxBytes: MAX_ANSWER,
            token: await tokenFor(other.log.origin),
            signal: this.#abort.signal,
            requestId: this.#requestId,
          },
        );
        if (answer.status !== 200) continue;
        const checked = await this.#check(parsePullAnswer(answer.body, index, index + 1n), index);
        if (checked.indexes.length > 0) return checked;
      } catch (error) {
        // It is away, or what it passes on is not in the log: the next one.
        if (this.#abort.signal.aborted || !(error instanceof Refusal)) throw error;
      }
    }
    return undefined;
  }

  /**
   * Each record against the mirror: bytes that are not what the log holds refuse the batch, which is asked for again. A record
   * that is authentic and yet not its issuer's to say is reported and left out: asking again would bring the same.
   */
  async #check(answer: PullAnswer, from: bigint): Promise<Checked> {
    const { mirrors, crypto, onFault } = this.#options;
    const { origin } = this.#log;
    const commitments = await mirrors.commitments(
      origin,
      answer.records.map(({ index }) => BigInt(index)),
    );
    const records: { index: bigint; sealed: Sealed }[] = [];
    const later: bigint[] = [];
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
      if (typeof opened === 'number') {
        later.push(BigInt(index));
        onFault(this.#peer.code, 'registry-behind', `record ${index} was said under version ${opened} of the registry`);
      } else if (typeof opened === 'string') onFault(this.#peer.code, 'bad-record', `record ${index}: ${opened}`);
      else records.push({ index: BigInt(index), sealed: opened });
    }
    const indexes = answer.records.map(({ index }) => BigInt(index)).filter((index) => !later.includes(index));
    return { records, indexes, later };
  }

  /** The record, or why it is not its issuer's to say to this member, or the version of the registry that is missing to judge it. */
  #open(bytes: Uint8Array, salt: Uint8Array): Sealed | string | number {
    const { crypto, registry, member } = this.#options;
    try {
      const sealed = openSealed(bytes, salt, crypto);
      if (sealed.record.log !== this.#log.origin) return 'names another log';
      if (!isAddressedTo(sealed.record.to, member)) return 'not addressed to this member';
      // Judged by the version under which it was said, as every other addressee does, whenever it takes it over.
      const then = registry.view.at(sealed.record.registry);
      if (then === undefined) return sealed.record.registry;
      const outside = authorship(sealed.record, then);
      return outside === undefined ? sealed : `outside the authorship table: ${outside}`;
    } catch (error) {
      return tellError(error);
    }
  }

  async #reportWithheld(): Promise<void> {
    const { sql, clock, onFault, withheldMs = WITHHELD_MS } = this.#options;
    const missing = await missingSince(sql, this.#log.origin, new Date(clock().getTime() - withheldMs));
    if (missing === undefined) return;
    const others = missing.count === 1 ? '' : `, and ${missing.count - 1} more`;
    const detail = `record ${missing.first} is listed in a slip and was not delivered${others}`;
    onFault(this.#peer.code, 'withheld', detail);
  }
}

/** What a slip lists; it stands behind all of that in its log. */
function listedIn({ record }: Sealed, slip: bigint): bigint[] {
  const { indexes } = record.body as { indexes?: unknown };
  if (!Array.isArray(indexes)) return [];
  return indexes.flatMap((index: unknown) =>
    typeof index === 'number' && Number.isSafeInteger(index) && index >= 0 && BigInt(index) < slip
      ? [BigInt(index)]
      : [],
  );
}

function decode(bytes: string, salt: string): [Uint8Array, Uint8Array] | undefined {
  try {
    return [fromBase64(bytes), fromBase64(salt)];
  } catch {
    // Not base64: the caller reports it.
    return undefined;
  }
}
