import { setTimeout as delay } from 'node:timers/promises';
import type { WitnessMarks } from '../ledger/high-water.ts';
import type { Fold, Ledger } from '../ledger/ledger.ts';
import { Mirrors } from '../ledger/mirror.ts';
import type { TileSource } from '../ledger/tiles.ts';
import { Witness } from '../ledger/witness.ts';
import { PostgresWitnessStore } from '../ledger/witness-store.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { isAddressedTo, openSealed } from '../log/envelope.ts';
import { type ForkEvidence, ofOneSize } from '../log/fork.ts';
import type { Signer } from '../log/note.ts';
import {
  keysAt,
  logsOf,
  type MemberEntry,
  type MemberLog,
  type Registry,
  type RegistryVersion,
} from '../members/registry.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { Malfunction, tellError } from '../values/describe-error.ts';
import type { Observer } from '../values/observe.ts';
import { Refusal } from '../values/refusal.ts';
import { Forks } from './forks.ts';
import { answerOf, type PullAnswer, type PullQuery, parsePull } from './pull-answer.ts';
import { Puller } from './pulling.ts';
import { fetchNewerRegistry } from './registry-exchange.ts';
import { lookUpCosigned } from './restored-witness.ts';
import { assertNothingAhead } from './start-up.ts';
import { cursors, type Fault, heldOf, listFaults, recordFault, recordsFor, type Sql, useToken } from './store.ts';
import { checkToken, makeToken } from './token.ts';
import { Witnessing } from './witnessing.ts';

export interface FederationOptions {
  readonly member: string;
  readonly registry: Registry;
  readonly sql: Sql;
  readonly ledger: Ledger;
  readonly tiles: TileSource;
  readonly crypto: LogCrypto;
  readonly clock: () => Date;
  readonly random: (length: number) => Uint8Array;
  readonly fold: Fold;
  readonly witnessSigner: Signer;
  /** Signs tokens to peers. */
  readonly nodeSigner: Signer;
  /** What was cosigned last, outside of the database; without it all others are asked at every start. */
  readonly witnessMarks?: WitnessMarks | undefined;
  readonly absent?: readonly string[];
  readonly registryMs?: number;
  /** A peer has other versions of the registry than this node, or more. */
  readonly onRegistry?: (versions: readonly RegistryVersion[]) => Promise<void>;
  readonly onError?: (act: string, error: unknown) => void;
  readonly observer?: Observer | undefined;
  readonly pollMs?: number;
}

export interface PeerStatus {
  readonly member: string;
  /** Size of that log as cosigned here, mirrored here and taken over here. */
  readonly cosigned: number;
  readonly mirrored: number;
  readonly taken: number;
  readonly lastContact: string | null;
  /** Seconds for which a size that was cosigned here has not been mirrored; 0 when all is. */
  readonly lagSeconds: number;
  /** The newest size of this node's own log that the peer cosigned. */
  readonly cosignedOurs: number;
}

const WATCH_MS = 10_000;
const REGISTRY_MS = 10_000;
const LOOK_UP_MS = 500;
/** A mirror further behind than this means that data are withheld. */
const MAX_LAG_SECONDS = 60;

/** Witnessing and pulling between nodes. Life cycle: `start` → `stop`. */
export class Federation {
  readonly witness: Witness;
  readonly mirrors: Mirrors;
  readonly #options: FederationOptions;
  readonly forks: Forks;
  readonly #witnessing: Witnessing;
  readonly #pullers: ReadonlyMap<string, Puller>;
  readonly #contacts = new Map<string, Date>();
  /** A size that was cosigned here and is not mirrored yet, since when. */
  readonly #awaited = new Map<string, { readonly size: bigint; readonly at: Date }>();
  #watching: NodeJS.Timeout | undefined;
  #exchanging: Promise<void> | undefined;
  #lookingUp: Promise<unknown> | undefined;
  readonly #abort = new AbortController();

  constructor(options: FederationOptions) {
    this.#options = options;
    const { member, registry, sql, crypto, clock } = options;
    const others = registry.others(member);
    this.mirrors = new Mirrors(sql, crypto);
    this.witness = new Witness({
      store: new PostgresWitnessStore(sql),
      crypto,
      clock,
      signer: options.witnessSigner,
      closedAtFirst: true,
      isFrozen: (origin) => this.forks.isFrozen(origin),
      onKept: (origin, size) => options.witnessMarks?.set(origin, size),
      onFork: (origin, held, shown) => void this.#take(ofOneSize(origin, held, shown)),
      logs: new Map(
        others.flatMap(logsOf).map((log) => [
          log.origin,
          {
            keys: log.keys.map(({ vkey }) => vkey),
            keysAt: (size) => keysAt(log, size),
            ...(log.closed === undefined ? {} : { closed: BigInt(log.closed.size) }),
          },
        ]),
      ),
      onAdvanced: (origin) => this.#pullers.get(origin)?.wake(),
    });
    this.forks = new Forks({
      ...options,
      mirrors: this.mirrors,
      witness: this.witness,
      fault: (of, code, detail) => this.fault(of, code, detail),
      everyMs: options.registryMs,
    });
    const onFault = (peer: string, code: string, detail: string): void => void this.fault(peer, code, detail);
    const onContact = (peer: string): void => void this.#contacts.set(peer, clock());
    this.#witnessing = new Witnessing({ ...options, onFault, onContact });
    this.#pullers = new Map(
      others
        .flatMap((peer) => logsOf(peer).map((log) => ({ peer, log })))
        .map(({ peer, log }) => [
          log.origin,
          new Puller(peer, log, {
            ...options,
            mirrors: this.mirrors,
            isFrozen: (origin) => this.forks.isFrozen(origin),
            others: others.filter(({ code }) => code !== peer.code),
            onFault,
            onContact,
            tokenFor: (origin) => this.tokenFor(origin),
            cosigned: (origin) => this.witness.held(toHex(crypto.sha256(utf8(origin)))),
          }),
        ]),
    );
  }

  start(): void {
    this.#witnessing.start();
    for (const puller of this.#pullers.values()) puller.start();
    this.#watching = setInterval(() => void this.#watch(), WATCH_MS).unref();
    this.startWitness();
    this.forks.start();
    this.#exchanging = this.#exchangeRegistry();
  }

  /**
   * Begins to witness; a log is cosigned as soon as it is known what was cosigned of it before. Before `start`, and while this
   * node's own log is still being asked for: nodes that start together must not wait for each other.
   */
  startWitness(): void {
    const { registry, member, witnessMarks } = this.#options;
    if (this.#lookingUp !== undefined) return;
    const logs = registry.others(member).flatMap((owner) => logsOf(owner).map((log) => ({ owner, log })));
    witnessMarks?.open(logs.map(({ log }) => log.origin));
    this.#lookingUp = Promise.all(logs.map(({ owner, log }) => this.#lookUpLog(owner, log)));
  }

  /**
   * Waits until it is known that nothing of this node's own log was signed that is not here.
   * @throws Refusal 500 `log-behind`, `log-diverged`, `high-water-unreadable`
   */
  async admit(signal: AbortSignal, highWater: bigint | undefined, absent: readonly string[]): Promise<void> {
    const { member, registry, ledger, tiles, crypto, onError } = this.#options;
    const { log } = registry.getMember(member);
    await assertNothingAhead({
      log,
      crypto,
      size: () => ledger.size(),
      rootAt: (size) => tiles.reader(size).root(),
      highWater,
      others: registry.others(member),
      absent,
      signal,
      onWait: (waiting) => onError?.('start', new Malfunction(`waiting to hear from ${waiting.join(', ')}`)),
    });
  }

  async #lookUpLog(owner: MemberEntry, log: MemberLog): Promise<void> {
    const { member, registry, crypto, onError, witnessMarks, absent = [] } = this.#options;
    const { signal } = this.#abort;
    const held = (await this.witness.state(log.origin).catch(() => undefined))?.size ?? 0n;
    if (witnessMarks?.isKnown(log.origin) === true && witnessMarks.get(log.origin) <= held)
      return this.witness.open(log.origin);
    if (absent.includes(owner.code)) return;
    const vkeys = registry.getMember(member).witness.keys.map(({ vkey }) => vkey);
    const witnesses = registry.others(member).filter(({ code }) => code !== owner.code && !absent.includes(code));
    while (!signal.aborted) {
      try {
        const mark = witnessMarks?.get(log.origin) ?? 0n;
        if (
          await lookUpCosigned({ mark, witness: this.witness, crypto, member, vkeys, owner, log, witnesses, signal })
        ) {
          const now = (await this.witness.state(log.origin))?.size ?? 0n;
          witnessMarks?.set(log.origin, now);
          this.witness.open(log.origin);
          return;
        }
      } catch (error) {
        if (!signal.aborted) onError?.('look up what was cosigned', error);
      }
      await delay(LOOK_UP_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#watching);
    this.#abort.abort();
    await Promise.all([
      this.forks.stop(),
      this.#exchanging,
      this.#lookingUp,
      this.#witnessing.stop(),
      ...[...this.#pullers.values()].map((puller) => puller.stop()),
    ]);
  }

  tokenFor(origin: string): Promise<string> {
    const { nodeSigner, registry, member, clock, random } = this.#options;
    return makeToken(nodeSigner, registry.getMember(member).log.origin, origin, clock(), random);
  }

  /** The member whose node speaks; see `checkToken` for refusals. */
  authenticate(authorization: string | undefined): Promise<string> {
    const { registry, member, clock, sql } = this.#options;
    return checkToken(authorization, {
      registry,
      origin: registry.getMember(member).log.origin,
      now: clock(),
      use: (issuer, jti, expires) => useToken(sql, issuer, jti, expires),
    });
  }

  /**
   * What a peer may take over: own records for it or for everyone, published, in one bounded batch.
   * @throws Refusal 400 `pull-invalid`
   */
  async serveRecords(peer: string, query: PullQuery): Promise<PullAnswer> {
    const { ledger, sql } = this.#options;
    const { from, below: wanted, limit } = parsePull(query);
    const below = BigInt(Math.min(wanted, Number(ledger.published?.size ?? 0n)));
    const rows = await recordsFor(sql, peer, BigInt(from), below, Math.min(limit, 500));
    return answerOf(rows, Math.min(limit, 500), below);
  }

  /**
   * What this node took over from a log of the caller: for one that lost its database. The same form as a pull.
   * @throws Refusal 400 `pull-invalid`, 403 `log-foreign`
   */
  async serveHeld(peer: string, origin: string, query: PullQuery): Promise<PullAnswer> {
    const { registry, sql } = this.#options;
    if (registry.memberOfLog(origin)?.code !== peer)
      throw new Refusal(403, 'log-foreign', 'Records of a log are given back to the member whose log it is.');
    const { from, below, limit } = parsePull(query);
    const rows = await heldOf(sql, origin, BigInt(from), BigInt(below), Math.min(limit, 500));
    return answerOf(rows, Math.min(limit, 500), BigInt(below));
  }

  /**
   * A record of a third member's log, passed on to one for whom it is too; nothing where it is not, or is not here.
   * @throws Refusal 400 `pull-invalid`
   */
  async servePassed(peer: string, origin: string, index: string): Promise<PullAnswer> {
    const { from } = parsePull({ from: index, below: '1', limit: '1' });
    const { sql, crypto } = this.#options;
    const rows = await heldOf(sql, origin, BigInt(from), BigInt(from) + 1n, 1);
    const allowed = rows.filter(
      ({ bytes, salt }) =>
        bytes !== null && salt !== null && isAddressedTo(openSealed(bytes, salt, crypto).record.to, peer),
    );
    return answerOf(allowed, 2, BigInt(from) + 1n);
  }

  /** The signed checkpoint up to which a log is mirrored here, by the lower-case hex SHA-256 of its origin. */
  async mirrored(originHash: string): Promise<string | undefined> {
    const origin = this.#originOf(originHash);
    return origin === undefined ? undefined : (await this.mirrors.newest(origin))?.note;
  }

  /** @throws Refusal 404 `tile-unknown` */
  async serveMirror(originHash: string, path: string): Promise<Uint8Array> {
    const origin = this.#originOf(originHash);
    if (origin === undefined) throw new Refusal(404, 'tile-unknown', 'No such log is held here.');
    return this.mirrors.serve(origin, path);
  }

  #originOf(hash: string): string | undefined {
    const { registry, crypto } = this.#options;
    return registry.document.members
      .flatMap(logsOf)
      .map(({ origin }) => origin)
      .find((origin) => toHex(crypto.sha256(utf8(origin))) === hash);
  }

  async status(): Promise<{ peers: PeerStatus[]; faults: Fault[] }> {
    const { registry, member, ledger, sql } = this.#options;
    const [cosigned, taken, ours, faults] = await Promise.all([
      this.witness.sizes(),
      cursors(sql),
      ledger.cosigned(),
      listFaults(sql),
    ]);
    const peers = await Promise.all(
      registry.others(member).map(async (peer) => {
        const { code, log } = peer;
        const { mirrored, lagSeconds } = await this.#lag(peer, cosigned.get(log.origin));
        return {
          member: code,
          cosigned: Number(cosigned.get(log.origin)?.size ?? 0n),
          mirrored: Number(mirrored),
          taken: Number(taken.get(log.origin)?.next ?? 0n),
          lastContact: this.#contacts.get(code)?.toISOString() ?? null,
          lagSeconds,
          cosignedOurs: Number(ours.find(({ witness }) => witness === code)?.size ?? 0n),
        };
      }),
    );
    return { peers, faults };
  }

  async #lag(
    { code, log }: MemberEntry,
    cosigned: { readonly size: bigint; readonly at: Date } | undefined,
  ): Promise<{ mirrored: bigint; lagSeconds: number }> {
    const { clock } = this.#options;
    const mirrored = await this.mirrors.size(log.origin);
    if (cosigned === undefined || mirrored >= cosigned.size) {
      this.#awaited.delete(code);
      return { mirrored, lagSeconds: 0 };
    }
    // One size is waited for until it is here: a log that grows at every look is not one that withholds.
    const before = this.#awaited.get(code);
    const awaited = before === undefined || mirrored >= before.size ? cosigned : before;
    this.#awaited.set(code, awaited);
    return { mirrored, lagSeconds: Math.max(0, Math.round((clock().getTime() - awaited.at.getTime()) / 1000)) };
  }

  /** Whether or not anybody asks for the status: a mirror that stays behind what was cosigned is a fault of its log. */
  async #watch(): Promise<void> {
    try {
      const cosigned = await this.witness.sizes();
      for (const peer of this.#options.registry.others(this.#options.member)) {
        const { mirrored, lagSeconds } = await this.#lag(peer, cosigned.get(peer.log.origin));
        if (lagSeconds <= MAX_LAG_SECONDS) continue;
        const detail = `the mirror has ended at ${mirrored} for ${lagSeconds} s, short of what was cosigned`;
        await this.fault(peer.code, 'data-withheld', detail);
      }
    } catch (error) {
      this.#options.onError?.('watch the mirrors', error);
    }
  }

  /** Asks one peer after the other for versions of the registry that are not here. */
  async #exchangeRegistry(): Promise<void> {
    const { registry, member, onRegistry, registryMs = REGISTRY_MS } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted && onRegistry !== undefined) {
      for (const peer of registry.others(member)) {
        try {
          const versions = await fetchNewerRegistry(peer.address, registry, signal);
          if (versions !== undefined && !signal.aborted) await onRegistry(versions);
        } catch (error) {
          if (signal.aborted) return;
          // One that is away is reported by those that need it; a registry that is none is its own fault.
          if (error instanceof Refusal && error.code !== 'peer-unreachable')
            await this.fault(peer.code, error.code, tellError(error));
        }
      }
      await delay(registryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #take(evidence: ForkEvidence): Promise<void> {
    try {
      await this.forks.take(evidence);
    } catch (error) {
      this.#options.onError?.('keep a fork', error);
    }
  }

  /** Keeps what a member did wrong or failed to do; never throws. */
  async fault(member: string, code: string, detail: string): Promise<void> {
    try {
      await recordFault(this.#options.sql, member, code, detail, this.#options.clock());
    } catch (error) {
      this.#options.onError?.('record a fault', error);
    }
  }
}
