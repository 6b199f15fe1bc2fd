import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Mirrors } from '../ledger/mirror.ts';
import type { Witness } from '../ledger/witness.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { ForkEvidence, ofOneSize, ofTwoSizes, verifyFork } from '../log/fork.ts';
import { keysAt, logsOf, type MemberEntry, type MemberLog, type Registry } from '../members/registry.ts';
import { equal, fromUtf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { keepFork, type StoredFork, storedForks } from './fork-store.ts';
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

interface KnownLog {
  readonly owner: MemberEntry;
  readonly log: MemberLog;
}

export class Forks {
  readonly #options: ForksOptions;
  readonly #known = new Map<string, StoredFork>();
  /** Frozen at once, also while it is still looked for how far the copies agree. */
  readonly #frozen = new Set<string>();
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
    const { crypto, sql, clock, fault } = this.#options;
    if (this.#frozen.has(evidence.origin)) return false;
    const known = this.#logs().find(({ log }) => log.origin === evidence.origin);
    if (known === undefined) throw new Refusal(404, 'log-unknown', 'The registry lists no such log.');
    const { owner, log } = known;
    const vkeys = log.keys.map(({ vkey }) => vkey);
    const { first, second } = await verifyFork(evidence, crypto, vkeys, (size) => keysAt(log, size));
    this.#frozen.add(log.origin);
    const common = await this.#commonSize(log, first.size);
    const kept: StoredFork = { origin: log.origin, evidence, common, at: clock() };
    await keepFork(sql, kept);
    this.#known.set(log.origin, kept);
    await fault(
      owner.code,
      'two-histories',
      `signed two histories: sizes ${first.size} and ${second.size}; copies agree up to ${common}`,
    );
    return true;
  }

  /** How far the copy here and those of all who answer agree, at most up to the smaller of the two signed sizes. */
  async #commonSize(log: MemberLog, most: bigint): Promise<bigint> {
    const { registry, member, mirrors, crypto } = this.#options;
    const { signal } = this.#abort;
    const held = await mirrors.size(log.origin);
    let common = held < most ? held : most;
    for (const peer of registry.others(member)) {
      try {
        const theirs = await heldBy(peer, 'mirror', {
          crypto,
          origin: log.origin,
          logKeys: log.keys.map(({ vkey }) => vkey),
          signal,
        });
        if (theirs === undefined) continue;
        const end = theirs.checkpoint.size < common ? theirs.checkpoint.size : common;
        common = await this.#agreeUpTo(peer, log.origin, end, common);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
    return mirrors.signedBelow(log.origin, common);
  }

  /** The first entry at which a peer's copy is another than the one here; `common` where none is. */
  async #agreeUpTo(peer: MemberEntry, origin: string, end: bigint, common: bigint): Promise<bigint> {
    const { mirrors, crypto } = this.#options;
    for (let from = 0n; from < end; from += 256n) {
      const below = from + 256n < end ? from + 256n : end;
      const theirs = await mirroredEntries(peer, from, below, { crypto, origin, signal: this.#abort.signal });
      const indexes = Array.from({ length: Number(below - from) }, (_, i) => from + BigInt(i));
      const ours = await mirrors.commitments(origin, indexes);
      const parting = indexes.find((index, i) => {
        const [mine, other] = [ours.get(index), theirs[i]];
        return mine === undefined || other === undefined || !equal(mine, other);
      });
      if (parting !== undefined) return parting;
    }
    return common;
  }

  async #run(): Promise<void> {
    const { registry, member, onError, everyMs = EVERY_MS } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      for (const peer of registry.others(member)) {
        try {
          await this.hear(peer);
          await this.compare(peer);
        } catch (error) {
          // Who is away is reported by those that need it; what proves nothing changes nothing.
          if (!signal.aborted && !(error instanceof Refusal)) onError?.('look for forks', error);
        }
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
      const logKeys = log.keys.map(({ vkey }) => vkey);
      const theirs = await heldBy(peer, 'witness', { crypto, origin: log.origin, logKeys, signal });
      const evidence = theirs && (await this.#conflict(log.origin, theirs));
      if (evidence !== undefined) await this.take(evidence);
    }
  }

  async #conflict(origin: string, theirs: Held): Promise<ForkEvidence | undefined> {
    const { mirrors, witness } = this.#options;
    const { size, root } = theirs.checkpoint;
    const cosigned = await witness.state(origin);
    if (cosigned?.size === size)
      return equal(cosigned.root, root) ? undefined : ofOneSize(origin, cosigned.note, theirs.note);
    const mirror = await mirrors.newest(origin);
    if (mirror === undefined || size > mirror.size || size === 0n) return undefined;
    const tree = mirrors.reader(origin, mirror.size);
    const ours = await mirrors.reader(origin, size).root();
    if (equal(ours, root)) return undefined;
    if (size === mirror.size) return ofOneSize(origin, mirror.note, theirs.note);
    return ofTwoSizes(origin, theirs.note, mirror.note, ours, await tree.consistencyProof(size));
  }
}
