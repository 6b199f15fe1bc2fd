import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Mirrors } from '../ledger/mirror.ts';
import type { Witness } from '../ledger/witness.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { type Fork, ForkEvidence, ofOneSize, ofTwoSizes, verifyFork } from '../log/fork.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { keysAt, logsOf, type MemberEntry, type MemberLog, type Registry } from '../members/registry.ts';
import { equal, fromUtf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { keepFork, lowerCommon, type StoredFork, storedForks } from './fork-store.ts';
import { type Held, heldBy, mirroredEntries } from './holdings.ts';
import { askPeer } from './peer-client.ts';
import type { Sql } from './store.ts';

/**
 * Watches for two histories of a log: compares what the other witnesses hold with the copy here, hears of what others found, keeps
 * the proof. A fork freezes: nothing more of that log is cosigned or taken over until the members have closed it.
 */
export interface ForksOptions {
  readonly member: string;
  readonly registry: Registry;
  readonly sql: Sql;
  readonly crypto: LogCrypto;
  readonly clock: () => Date;
  readonly mirrors: Mirrors;
  readonly witness: Pick<Witness, 'state'>;
  readonly fault: (member: string, code: string, detail: string) => Promise<void>;
  readonly onError?: ((act: string, error: unknown) => void) | undefined;
  readonly everyMs?: number | undefined;
}

const Answer = z.object({ forks: z.array(z.object({ evidence: ForkEvidence })).max(1000) });
const EVERY_MS = 10_000;
const MAX_ANSWER = 4 * 1024 * 1024;

/** A copy that ends so far beyond the one here is no copy. */
const MAX_BEYOND = 1_000_000n;

interface KnownLog {
  readonly owner: MemberEntry;
  readonly log: MemberLog;
}

interface Found extends KnownLog {
  readonly evidence: ForkEvidence;
  readonly fork: Fork;
}

const mismatch = ({ code }: MemberEntry, { origin }: MemberLog): Refusal =>
  new Refusal(502, 'mirror-mismatch', `What ${code} shows as its copy of ${origin} is not what the log signed.`);

export class Forks {
  readonly #options: ForksOptions;
  readonly #known = new Map<string, StoredFork>();
  readonly #frozen = new Set<string>();
  /** Proven, and not kept because the database was away: the next round tries again. */
  readonly #unkept: Found[] = [];
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: ForksOptions) {
    this.#options = options;
  }

  /** Reads what was found before; to be called before anything is cosigned. */
  async open(): Promise<void> {
    for (const fork of await storedForks(this.#options.sql)) {
      this.#frozen.add(fork.origin);
      this.#known.set(fork.origin, fork);
    }
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  get all(): readonly StoredFork[] {
    return [...this.#known.values()];
  }

  isFrozen(origin: string): boolean {
    return this.#frozen.has(origin);
  }

  #logs(): KnownLog[] {
    return this.#options.registry.document.members.flatMap((owner) => logsOf(owner).map((log) => ({ owner, log })));
  }

  /**
   * Takes what someone shows as a proof.
   * @throws Refusal 400 `fork-invalid` for what is not of its form, and as `take` does
   */
  offer(value: unknown): Promise<boolean> {
    const parsed = ForkEvidence.safeParse(value);
    if (!parsed.success) throw new Refusal(400, 'fork-invalid', 'The body is no evidence of a fork.');
    return this.take(parsed.data);
  }

  /**
   * Takes a proof from wherever it comes, checks it and keeps it.
   * @returns false where it was known before
   * @throws Refusal 422 `fork-unproven`, 404 `log-unknown`, or what else is wrong with it
   */
  async take(evidence: ForkEvidence): Promise<boolean> {
    const { crypto } = this.#options;
    if (this.#frozen.has(evidence.origin)) return false;
    const known = this.#logs().find(({ log }) => log.origin === evidence.origin);
    if (known === undefined) throw new Refusal(404, 'log-unknown', 'The registry lists no such log.');
    const vkeys = known.log.keys.map(({ vkey }) => vkey);
    const fork = await verifyFork(evidence, crypto, vkeys, (size) => keysAt(known.log, size));
    if (this.#frozen.has(evidence.origin)) return false;
    this.#frozen.add(evidence.origin);
    await this.#keep({ ...known, evidence, fork });
    return true;
  }

  /** Kept at once, since nobody else may have it; how far the others' copies agree is asked after that. */
  async #keep(found: Found): Promise<void> {
    const { sql, clock, mirrors, fault } = this.#options;
    const { owner, log, evidence, fork } = found;
    try {
      const held = await mirrors.size(log.origin);
      const common = await mirrors.signedBelow(log.origin, held < fork.first.size ? held : fork.first.size);
      const kept: StoredFork = { origin: log.origin, evidence, common, at: clock() };
      await keepFork(sql, kept);
      this.#known.set(log.origin, kept);
    } catch (error) {
      this.#unkept.push(found);
      throw error;
    }
    await fault(owner.code, 'two-histories', `signed two histories: sizes ${fork.first.size} and ${fork.second.size}`);
  }

  /** Lowers the size up to which all copies agree to what the others' copies say. */
  async #askCopies(kept: StoredFork): Promise<void> {
    const { registry, member, mirrors, sql, fault } = this.#options;
    const log = this.#logs().find((one) => one.log.origin === kept.origin)?.log;
    if (log === undefined) return;
    let { common } = kept;
    for (const peer of registry.others(member)) {
      try {
        const agreed = await this.#agreesUpTo(peer, log, common);
        if (agreed < common) common = agreed;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.code === 'mirror-mismatch') await fault(peer.code, error.code, error.message);
      }
    }
    common = await mirrors.signedBelow(log.origin, common);
    if (common === kept.common) return;
    await lowerCommon(sql, kept.origin, common);
    this.#known.set(kept.origin, { ...kept, common });
  }

  /**
   * The first entry below `end` at which a peer's copy is another than the one here; `end` where none is.
   * @throws Refusal 502 `mirror-mismatch` where what it shows is not what the log signed: that is no copy
   */
  async #agreesUpTo(peer: MemberEntry, log: MemberLog, end: bigint): Promise<bigint> {
    const { mirrors, crypto } = this.#options;
    const { signal } = this.#abort;
    const theirs = await heldBy(peer, 'mirror', { crypto, log, signal });
    if (theirs === undefined) return end;
    const { size, root } = theirs.checkpoint;
    const held = await mirrors.size(log.origin);
    let parting: bigint | undefined;
    let edge = EMPTY_EDGE;
    while (edge.size < size && (parting !== undefined || edge.size < end)) {
      const from = edge.size;
      // Without end whoever signs sizes without end would keep this node asking.
      if (from > held + MAX_BEYOND) throw mismatch(peer, log);
      const below = from + 256n < size ? from + 256n : size;
      const entries = await mirroredEntries(peer, from, below, { crypto, log, signal });
      const indexes = entries.map((_, i) => from + BigInt(i));
      const ours = await mirrors.commitments(log.origin, indexes);
      parting ??= indexes.find((index, i) => {
        const [mine, other] = [ours.get(index), entries[i]];
        return index < end && (mine === undefined || other === undefined || !equal(mine, other));
      });
      for (const entry of entries) edge = appendLeaf(crypto, edge, leafHash(crypto, entry));
    }
    if (parting === undefined) return end;
    if (!equal(edgeRoot(crypto, edge), root)) throw mismatch(peer, log);
    return parting;
  }

  async #run(): Promise<void> {
    const { registry, member, onError, everyMs = EVERY_MS } = this.#options;
    const { signal } = this.#abort;
    const asked = new Set<string>();
    while (!signal.aborted) {
      for (const found of this.#unkept.splice(0))
        await this.#keep(found).catch((error: unknown) => onError?.('keep a fork', error));
      for (const peer of registry.others(member)) {
        try {
          await this.hear(peer);
          await this.compare(peer);
        } catch (error) {
          // Who is away is reported by those that need it; what proves nothing changes nothing.
          if (!signal.aborted && !(error instanceof Refusal)) onError?.('look for forks', error);
        }
      }
      for (const kept of this.#known.values()) {
        if (asked.has(kept.origin)) continue;
        asked.add(kept.origin);
        await this.#askCopies(kept).catch((error: unknown) => {
          asked.delete(kept.origin);
          if (!signal.aborted) onError?.('compare copies', error);
        });
      }
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What a peer has proof of. */
  async hear(peer: MemberEntry): Promise<void> {
    const { signal } = this.#abort;
    const { status, body } = await askPeer(`${peer.address}/forks`, { maxBytes: MAX_ANSWER, signal });
    if (status !== 200) return;
    let forks: readonly { readonly evidence: ForkEvidence }[];
    try {
      ({ forks } = Answer.parse(JSON.parse(fromUtf8(body))));
    } catch (cause) {
      throw new Refusal(502, 'bad-answer', 'The answer for forks is not of its form.', { cause });
    }
    for (const { evidence } of forks) {
      try {
        await this.take(evidence);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        // A newer registry may list it.
        if (error.code === 'log-unknown') continue;
        await this.#options.fault(peer.code, error.code, `showed a fork of ${evidence.origin} that is none`);
      }
    }
  }

  /** What a peer holds as witness of each log, against the copy and the checkpoint here. */
  async compare(peer: MemberEntry): Promise<void> {
    const { crypto, member } = this.#options;
    const { signal } = this.#abort;
    for (const { owner, log } of this.#logs()) {
      if (owner.code === peer.code || owner.code === member || this.isFrozen(log.origin)) continue;
      try {
        const theirs = await heldBy(peer, 'witness', { crypto, log, signal });
        const evidence = theirs && (await this.#conflict(log.origin, theirs));
        if (evidence !== undefined) await this.take(evidence);
      } catch (error) {
        // What can't be read of one log says nothing of the others.
        if (!(error instanceof Refusal) || error.code === 'peer-unreachable') throw error;
      }
    }
  }

  async #conflict(origin: string, theirs: Held): Promise<ForkEvidence | undefined> {
    const { mirrors, witness } = this.#options;
    const { size, root } = theirs.checkpoint;
    const cosigned = await witness.state(origin);
    if (cosigned?.size === size)
      return equal(cosigned.root, root) ? undefined : ofOneSize(origin, cosigned.note, theirs.own);
    const mirror = await mirrors.newest(origin);
    if (mirror === undefined || size > mirror.size || size === 0n) return undefined;
    const tree = mirrors.reader(origin, mirror.size);
    const ours = await mirrors.reader(origin, size).root();
    if (equal(ours, root)) return undefined;
    if (size === mirror.size) return ofOneSize(origin, mirror.note, theirs.own);
    return ofTwoSizes(origin, theirs.own, mirror.note, ours, await tree.consistencyProof(size));
  }
}
