import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { carryOutErasures, eraseRound, silentMembers, UNANSWERED_DAYS } from './erasing.ts';
import { Federation } from './federation/federation.ts';
import { askPeer } from './federation/peer-client.ts';
import { registryOffer, tellContested } from './federation/registry-exchange.ts';
import { auditOwn } from './ledger/audit.ts';
import { awaitedErasures } from './ledger/erasing.ts';
import { raiseHighWater, readHighWater, WitnessMarks } from './ledger/high-water.ts';
import { type Fold, Ledger } from './ledger/ledger.ts';
import { TileSource } from './ledger/tiles.ts';
import type { AuditReport } from './log/audit.ts';
import { type Accounts, type Caller, openAccounts } from './members/account.ts';
import type { NodeContext, RequestContext } from './members/context.ts';
import { membersRouter } from './members/handlers.ts';
import { type Secrets, secretsOf } from './members/key-secrets.ts';
import { Keyring } from './members/keyring.ts';
import type { RegistryVersion } from './members/registry.ts';
import { readRegistryFolder } from './members/registry-folder.ts';
import { keepRegistry } from './members/registry-store.ts';
import * as sessionStore from './members/session-store.ts';
import * as memberStore from './members/store.ts';
import { type MemberOptions, migrateAll, openMember } from './opening.ts';
import { connect, type Sql } from './storage/connection.ts';
import { assertKept } from './storage/durable.ts';
import { Replica } from './storage/replica.ts';
import { readerOf } from './trade/acting.ts';
import { fetchAwaited, getAttachment, putAttachment, servePeerAttachment } from './trade/attachment-handlers.ts';
import { driverOf } from './trade/driver-handlers.ts';
import type { GoodsIndex } from './trade/goods/search.ts';
import { tradeRouter } from './trade/handlers.ts';
import { changesFeed, packTable } from './trade/pack-handlers.ts';
import { type NodePacks, nodePacks, shippedGoods } from './trade/pack-store.ts';
import type { TradeContext } from './trade/requirements-handlers.ts';
import { renewStatusLists, statusListEvidence } from './trade/status-list-handlers.ts';
import * as tradeStore from './trade/store.ts';
import { deliverDue } from './trade/webhook-handlers.ts';
import { Malfunction } from './values/describe-error.ts';
import { nodeCrypto, nodeRandom } from './values/node-crypto.ts';
import { type Observer, seconds, traced } from './values/observe.ts';
import { Refusal } from './values/refusal.ts';
import { foldInto } from './views.ts';

/** The only place where the parts are wired together: one member's node. */

export { DOMAINS, migrateAll, openMember } from './opening.ts';
export { isOutage } from './storage/connection.ts';
export { shippedGoods, shippedPacks } from './trade/pack-store.ts';
export type { TradeContext } from './trade/requirements-handlers.ts';
export { foldInto, replay } from './views.ts';

export interface NodeOptions extends MemberOptions {
  /** A standby from which lists are read when it has caught up. */
  readonly replicaUrl?: string | undefined;
  /** The role that owns the schemas; without it migrations are taken to have run. */
  readonly migrationUrl?: string | undefined;
  /** The role that may null what is erased; without it orders to erase are kept as awaited. */
  readonly erasureUrl?: string | undefined;
  /** Folder with `log.key`, `witness.key`, `node.key` and `documents/`. */
  readonly keys: string;
  /** Opens keys that are encrypted or in a token; without it there is no passphrase and no PIN. */
  readonly secrets?: Secrets | undefined;
  readonly accounts: unknown;
  /** `requestId` where the act had one of its own. */
  readonly onError?: (act: string, error: unknown, requestId?: string) => void;
  /** Is told what the node's parts do and how long it takes. */
  readonly observer?: Observer | undefined;
  readonly clock?: () => Date;
  readonly sequenceEveryMs?: number;
  readonly signEveryMs?: number;
  readonly maxQueue?: number;
  /** File of the high-water mark; without it all others are asked at every start. */
  readonly highWater?: string | undefined;
  /** File of what this node cosigned last of each log; without it all others are asked at every start. */
  readonly witnessMarks?: string | undefined;
  /** Members whose answer nobody waits for at the start: they are away for long. */
  readonly absent?: readonly string[];
  /** How often peers are asked for versions of the registry. */
  readonly registryMs?: number;
  /**
   * Another registry than the one this node was opened with is in force and kept: whoever runs the node opens it anew.
   */
  readonly onRegistry?: (version: number) => void;
}

/** What a node holds beside its context until it stops. */
interface Held {
  readonly replica: Replica;
  readonly erasure: Sql | undefined;
  readonly keyring: Keyring;
}

/** One member's node. Life cycle: `openNode` → `start` → `stop`. */
export class DostykNode {
  readonly context: NodeContext;
  readonly accounts: Accounts;
  readonly federation: Federation;
  readonly routers: { readonly trade: typeof tradeRouter; readonly members: ReturnType<typeof membersRouter> };
  readonly #onError: NonNullable<NodeOptions['onError']>;
  readonly packs: NodePacks;
  readonly goods: () => GoodsIndex = shippedGoods();
  readonly #abort = new AbortController();
  readonly admission: { readonly highWater?: string | undefined; readonly absent: readonly string[] };
  readonly #registryFolder: string;
  /** Reads lists from a standby where there is one that has caught up. */
  readonly lists: Replica;
  readonly #offer: (versions: readonly RegistryVersion[]) => Promise<void>;
  readonly #erasure: Sql | undefined;
  readonly #keyring: Keyring;
  #loops: Promise<void>[] = [];

  constructor(
    context: NodeContext,
    accounts: Accounts,
    federation: Federation,
    onError: NonNullable<NodeOptions['onError']>,
    registryFolder: string,
    admission: DostykNode['admission'],
    offer: (versions: readonly RegistryVersion[]) => Promise<void>,
    { replica, erasure, keyring }: Held,
  ) {
    this.lists = replica;
    this.#erasure = erasure;
    this.#keyring = keyring;
    this.#registryFolder = registryFolder;
    this.admission = admission;
    this.#offer = offer;
    this.context = context;
    this.accounts = accounts;
    this.federation = federation;
    this.routers = { trade: tradeRouter, members: membersRouter(accounts) };
    this.#onError = onError;
    this.packs = nodePacks(context.sql);
  }

  /**
   * The witness listener is up before this is called: nodes that start together must not wait for each other. Done when it is known
   * that nothing of the own log is missing here; until then nothing is sequenced.
   *
   * @throws Refusal 500 `log-behind`, `log-diverged`, `high-water-unreadable`
   */
  async start(): Promise<void> {
    const { highWater, absent } = this.admission;
    await this.federation.forks.open();
    if (this.#abort.signal.aborted) return;
    this.federation.startWitness();
    const mark = highWater === undefined ? undefined : readHighWater(highWater, this.context.origin);
    try {
      await this.federation.admit(this.#abort.signal, mark, absent);
    } catch (error) {
      // Stopped before it began.
      if (this.#abort.signal.aborted) return;
      throw error;
    }
    if (this.#abort.signal.aborted) return;
    this.context.ledger.start();
    this.federation.start();
    this.#loops = [
      this.#every(2000, 'renew status lists', () => renewStatusLists(this.context)),
      // Four at a time: one that never answers holds up no other.
      ...Array.from({ length: 4 }, () =>
        this.#every(1000, 'deliver webhooks', async () => {
          while (!this.#abort.signal.aborted && (await deliverDue(this.context)));
        }),
      ),
      this.#every(3000, 'fetch attachments', (requestId) => this.#fetchAttachments(requestId)),
      // Whoever signs the next version puts it there.
      this.#every(5000, 'read the registry', () =>
        this.#offer(readRegistryFolder(this.#registryFolder, this.context.registry.versions)),
      ),
      this.#every(2000, 'erase', () => eraseRound(this.context, this.#erasure)),
      this.#every(3_600_000, 'look at erasures', () => this.reportSilent()),
      this.#every(3_600_000, 'prune changes', () => tradeStore.pruneChanges(this.context.sql)),
    ];
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#loops);
    await this.federation.stop();
    await this.context.ledger.stop();
    await this.lists.stop();
    await this.#keyring.close();
    await this.context.sql.end({ timeout: 5 });
    await this.#erasure?.end({ timeout: 5 });
  }

  /** One round of erasing, as the loop makes it. */
  erase(): Promise<void> {
    return eraseRound(this.context, this.#erasure);
  }

  /** Who was told to erase and has not said for long that it did is at fault. */
  async reportSilent(): Promise<void> {
    const { sql, member, clock } = this.context;
    for (const { member: silent, count, since } of await silentMembers(sql, member, clock())) {
      const detail = `${count} erasures not acknowledged after ${UNANSWERED_DAYS} days, the first of ${since.toISOString().slice(0, 10)}`;
      await this.federation.fault(silent, 'erasure-unacknowledged', detail);
    }
  }

  async #every(ms: number, act: string, run: (requestId: string) => Promise<unknown>): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const requestId = randomUUID();
      try {
        await run(requestId);
      } catch (error) {
        if (!signal.aborted) this.#onError(act, error, requestId);
      }
      await delay(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  async #fetchAttachments(requestId: string): Promise<number> {
    const { registry } = this.context;
    return fetchAwaited(
      this.context,
      async (member, hash) => {
        const peer = registry.getMember(member);
        const token = await this.federation.tokenFor(peer.log.origin);
        const answer = await askPeer(`${peer.address}/peer/attachments/${hash}`, {
          token,
          maxBytes: 20_971_520,
          timeoutMs: 60_000,
          requestId,
          signal: this.#abort.signal,
        });
        if (answer.status !== 200)
          throw new Refusal(502, 'peer-refuses', `${member} answers ${answer.status} for a file.`);
        return one(answer.body);
      },
      (file, error) => this.#onError(`fetch the file ${file.hash.slice(0, 8)} from ${file.owner}`, error, requestId),
    );
  }

  async requestContext(caller: Caller, requestId: string, idempotencyKey?: string): Promise<TradeContext> {
    const delegations =
      caller.operator === undefined ? [] : await memberStore.delegationsOf(this.context.sql, caller.operator);
    return {
      ...this.context,
      packs: this.packs,
      goods: this.goods,
      caller,
      delegations: delegations.filter(({ to }) => to === caller.operator),
      requestId,
      idempotencyKey,
      reading: (read) => this.lists.read(read),
      reportFault: (act, error) => this.#onError(act, error, requestId),
    };
  }

  /** The caller of a driver's link. */
  driver(token: string): Promise<Caller> {
    return driverOf(this.context, token);
  }

  /** Sessions of browsers at this node. */
  get sessions() {
    const { sql, clock } = this.context;
    return {
      begin: (state: string, under: sessionStore.SignInUnderWay) =>
        sessionStore.beginSignIn(sql, state, under, clock()),
      take: (state: string) => sessionStore.takeSignIn(sql, state, clock()),
      open: (subject: string, idToken: string) => sessionStore.openSession(sql, subject, idToken, clock()),
      find: (value: string, options?: { readonly keepOn: boolean }) =>
        sessionStore.findSession(sql, value, clock(), options),
      lock: (value: string) => sessionStore.lockSession(sql, value, clock()),
      close: (value: string) => sessionStore.closeSession(sql, value),
      closeAll: (subject: string) => sessionStore.closeSessionsOf(sql, subject),
      requireCsrf: sessionStore.requireCsrf,
    };
  }

  /** What changed, for pages that watch. */
  get changes() {
    const { sql } = this.context;
    return {
      start: async (asked: string | undefined) => {
        const place = tradeStore.parseChange(asked);
        const from = place ?? (await tradeStore.latestChange(sql));
        const reset = place !== undefined && (await tradeStore.isTooOld(sql, place));
        return { cursor: `${from.txid}-${from.seq}`, reset };
      },
      after: async (caller: Caller, cursor: string) => {
        const place = tradeStore.parseChange(cursor) ?? (await tradeStore.latestChange(sql));
        const all = await tradeStore.changesAfter(sql, place);
        const last = all.at(-1);
        if (last === undefined) return { changes: [], next: cursor };
        const reader = readerOf(await this.requestContext(caller, 'changes'));
        const visible = await tradeStore.visibleSubjects(sql, reader, [...new Set(all.map(({ subject }) => subject))]);
        return { changes: all.filter(({ subject }) => visible.has(subject)), next: last.cursor };
      },
    };
  }

  putAttachment(
    context: RequestContext,
    declared: { name: string; mediaType: string },
    body: AsyncIterable<Uint8Array>,
  ) {
    return putAttachment(context, declared, body);
  }

  getAttachment(context: RequestContext, hash: string) {
    return getAttachment(context, hash);
  }

  servePeerAttachment(peer: string, hash: string) {
    return servePeerAttachment(this.context, peer, hash);
  }

  /** A table of a member's rules: for everyone. */
  packTable(member: string, version: number, table: string) {
    return packTable({ sql: this.context.sql, packs: this.packs }, member, version, table);
  }

  /** What changes in members' rules, as Atom: for everyone. */
  changesFeed(query: Readonly<Record<string, string>>): Promise<string> {
    return changesFeed({ ...this.context, packs: this.packs }, query);
  }

  /** The newest status list of an authority, proven: for everyone. */
  statusList(authority: string) {
    return statusListEvidence(this.context, authority);
  }

  /** The node's connections as the server sees them, by state. */
  async databaseConnections(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.context.sql<{ state: string; count: number }[]>`
      SELECT state, count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND usename = current_user AND state IS NOT NULL GROUP BY state`;
    return new Map(rows.map(({ state, count }) => [state, count]));
  }

  /** Orders to erase that nobody has carried out here, and since when. */
  awaitedErasures() {
    return awaitedErasures(this.context.sql);
  }

  async databaseOk(): Promise<boolean> {
    try {
      await this.context.sql`SELECT 1`;
      return true;
    } catch {
      // Any failure means the same to who asks: it can't be used now.
      return false;
    }
  }

  audit(progress?: (done: number, of: number) => void): Promise<AuditReport> {
    const { sql, crypto, origin, member, registry } = this.context;
    return auditOwn(
      sql,
      crypto,
      {
        origin,
        logKeys: registry.getMember(member).log.keys.map(({ vkey }) => vkey),
        witnessesOf: (size) => registry.witnessesOf(origin, size),
      },
      progress,
    );
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * Opens one member's node on its database and keys. Refuses to start where anything is inconsistent.
 * @throws Refusal `registry-…`, `key-…`, `token-…`, `accounts-invalid`, `database-…`, `migration-changed`, `log-…`
 */
export async function openNode(options: NodeOptions): Promise<DostykNode> {
  const { member, onError = () => undefined, clock = () => new Date() } = options;
  if (options.migrationUrl !== undefined) await migrateAll(options.migrationUrl);
  const { sql, registry, contested } = await openMember(options);
  await keepRegistry(sql, registry.versions);
  const entry = registry.getMember(member);
  // Before anything is served: what a backup brought back goes again.
  const erasure =
    options.erasureUrl === undefined ? undefined : connect(options.erasureUrl, { max: 1, name: 'dostyk-erasure' });
  if (erasure !== undefined) await carryOutErasures(erasure, entry.log.origin, true);
  const keyring = new Keyring(options.keys, options.secrets ?? secretsOf({}));
  // A key that was cut off signs nothing more.
  const vkeysOf = (keys: readonly { vkey: string; until?: number | undefined; below?: unknown }[]): string[] =>
    keys.filter(({ until, below }) => until === undefined && below === undefined).map(({ vkey }) => vkey);
  const signer = (name: string, keys: Parameters<typeof vkeysOf>[0]) =>
    keyring.signer(name, (vkey) => vkeysOf(keys).includes(vkey));
  const nodeSigner = await signer('node', entry.node.keys);
  const witnessSigner = await signer('witness', entry.witness.keys);
  const { observer } = options;
  const folding = foldInto(registry, member);
  const fold: Fold = async (tx, records) => {
    const started = performance.now();
    // Before each commit, in its own session: after a failover the server may be another one. Sent along with the fold's own queries.
    const kept = assertKept(tx, options);
    kept.catch(() => undefined);
    await traced('fold', () => folding(tx, records), { attributes: { 'dostyk.records': records.length } });
    await kept;
    observer?.measure('fold-seconds', seconds(started));
  };
  const { highWater } = options;
  const ledger = await Ledger.open({
    sql,
    origin: entry.log.origin,
    member,
    registryVersion: registry.document.version,
    signer: await signer('log', entry.log.keys),
    quorum: registry.document.quorum,
    crypto: nodeCrypto,
    clock,
    random: nodeRandom,
    fold,
    onError,
    observer,
    ...(highWater === undefined ? {} : { onSigning: (size) => raiseHighWater(highWater, entry.log.origin, size) }),
    ...(options.sequenceEveryMs === undefined ? {} : { sequenceEveryMs: options.sequenceEveryMs }),
    ...(options.signEveryMs === undefined ? {} : { signEveryMs: options.signEveryMs }),
    ...(options.maxQueue === undefined ? {} : { maxQueue: options.maxQueue }),
  });
  const tiles = new TileSource(sql, nodeCrypto);
  const federation = new Federation({
    member,
    registry,
    sql,
    ledger,
    tiles,
    crypto: nodeCrypto,
    clock,
    random: nodeRandom,
    fold,
    witnessSigner,
    absent: options.absent ?? [],
    witnessMarks: options.witnessMarks === undefined ? undefined : new WitnessMarks(options.witnessMarks),
    nodeSigner,
    onRegistry: (versions) => offer(versions),
    ...(options.registryMs === undefined ? {} : { registryMs: options.registryMs }),
    onError,
    observer,
  });
  const offer = registryOffer(registry, {
    crypto: nodeCrypto,
    keep: (versions) => keepRegistry(sql, versions),
    fault: (of, code, detail) => federation.fault(of, code, detail),
    onRegistry: options.onRegistry,
  });
  if (contested !== undefined) {
    const { version, members } = contested;
    const told = `Two versions ${version} of the registry were signed: of ${members.join(', ')}.`;
    onError('open the registry', new Malfunction(told));
    await tellContested(contested, (of, code, detail) => federation.fault(of, code, detail));
  }
  const context: NodeContext = {
    member,
    origin: entry.log.origin,
    demo: registry.isDemo(entry.log.origin),
    registry,
    ledger,
    tiles,
    sql,
    crypto: nodeCrypto,
    clock,
    random: nodeRandom,
    documentSigner: (authority) => keyring.documentSigner(registry, authority),
  };
  const accounts = openAccounts(options.accounts);
  const replica =
    options.replicaUrl === undefined ? undefined : connect(options.replicaUrl, { name: 'dostyk-reading' });
  const admission = { highWater: options.highWater, absent: options.absent ?? [] };
  return new DostykNode(context, accounts, federation, onError, options.registry, admission, offer, {
    replica: new Replica(sql, replica),
    erasure,
    keyring,
  });
}
