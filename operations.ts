import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { carryOutErasures, dueSections } from './erasing.ts';
import { findEnd, recordsGivenBack } from './federation/recovering.ts';
import { makeToken } from './federation/token.ts';
import { awaitedErasures } from './ledger/erasing.ts';
import { readHighWater, writeHighWater } from './ledger/high-water.ts';
import { type Recovery, recoverLog, rootWith } from './ledger/recovery.ts';
import { type Succession, succeedLog } from './ledger/succession.ts';
import { secretsOf } from './members/key-secrets.ts';
import { type OpenSigner, openSigner } from './members/keyring.ts';
import type { Registry } from './members/registry.ts';
import { migrateAll, type NodeOptions, openMember } from './platform.ts';
import { connect, type Sql } from './storage/connection.ts';
import { onceNames } from './trade/once.ts';
import type { Due } from './trade/retention.ts';
import { type ErasureRequest, erasureRequests, listErasures, requestErasure, sectionRecords } from './trade/store.ts';
import { nodeCrypto, nodeRandom } from './values/node-crypto.ts';
import { Refusal } from './values/refusal.ts';
import { type ReplayReport, replay } from './views.ts';

/** What an operations team does to a member's database while its node stands still: bring it back, begin a new log. */

export interface RecoverOptions
  extends Pick<
    NodeOptions,
    'member' | 'databaseUrl' | 'migrationUrl' | 'erasureUrl' | 'registry' | 'genesis' | 'keys' | 'highWater' | 'secrets'
  > {
  readonly absent: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress?: (act: string, done: number, of: number) => void;
}

/**
 * Brings the end of an own log back that the database lost, from the other members, and folds all anew. The node must not run.
 *
 * @returns undefined where nothing was missing
 * @throws Refusal `recover-unanswered`, `recover-incomplete`, `log-diverged`
 */
export async function recover(
  options: RecoverOptions,
): Promise<(Recovery & { readonly views: ReplayReport }) | undefined> {
  const { member, signal, highWater, migrationUrl, erasureUrl, onProgress = () => undefined } = options;
  // A database that was made anew has no tables yet.
  if (migrationUrl !== undefined) await migrateAll(migrationUrl);
  const { sql, registry } = await openMember(options);
  let signer: OpenSigner | undefined;
  try {
    const nodeSigner = await openSigner(join(options.keys, 'node.key'), options.secrets ?? secretsOf({}));
    signer = nodeSigner;
    const { origin } = registry.getMember(member).log;
    const asking = {
      ...options,
      sql,
      registry,
      crypto: nodeCrypto,
      tokenFor: (callee: string) => makeToken(nodeSigner, origin, callee, new Date(), nodeRandom),
    };
    const { size } = await rootWith(sql, nodeCrypto, []);
    const mark = highWater === undefined ? undefined : readHighWater(highWater, origin);
    const end = await findEnd(size, mark ?? 0n, asking);
    if (end === undefined) return undefined;
    const recovery = await recoverLog(sql, end, () => recordsGivenBack(size, end.size, asking), {
      crypto: nodeCrypto,
      origin,
      member,
      clock: () => new Date(),
      namesOf: (records) => onceNames(nodeCrypto, records),
    });
    signal.throwIfAborted();
    if (erasureUrl !== undefined) {
      const erasure = connect(erasureUrl, { max: 1, name: 'dostyk-erasure' });
      try {
        await carryOutErasures(erasure, origin, true);
      } finally {
        await erasure.end({ timeout: 5 });
      }
    }
    const views = await replay(sql, registry, member, (done, of) => onProgress('Views', done, of));
    if (highWater !== undefined) writeHighWater(highWater, origin, end.size);
    return { ...recovery, views };
  } finally {
    await signer?.close();
    await sql.end({ timeout: 5 });
  }
}

export interface ErasingOptions
  extends Pick<NodeOptions, 'member' | 'databaseUrl' | 'registry' | 'genesis' | 'erasureUrl'> {
  readonly signal: AbortSignal;
}

async function erasing<T>(
  options: ErasingOptions,
  act: (open: { sql: Sql; registry: Registry; origin: string; erasure: () => Sql }) => Promise<T>,
): Promise<T> {
  const { erasureUrl, member } = options;
  const { sql, registry } = await openMember(options);
  let erasure: Sql | undefined;
  try {
    return await act({
      sql,
      registry,
      origin: registry.getMember(member).log.origin,
      erasure: () => {
        if (erasureUrl === undefined)
          throw new Refusal(400, 'usage', 'DATABASE_ERASURE_URL must be set: only that role may order and carry out.');
        erasure ??= connect(erasureUrl, { max: 1, name: 'dostyk-erasure' });
        return erasure;
      },
    });
  } finally {
    await sql.end({ timeout: 5 });
    await erasure?.end({ timeout: 5 });
  }
}

/** What is erased, by whom it is acknowledged, what waits here, and for how many sections the retention period has ended. */
export function erasureReport(options: ErasingOptions, dossier?: string) {
  return erasing(options, async ({ sql, registry }) => ({
    erasures: await listErasures(sql, { dossier: dossier ?? null }),
    awaited: await awaitedErasures(sql),
    due: (await dueSections(sql, registry, options.member, new Date())).length,
  }));
}

/** Own sections whose retention period has ended. */
export function sectionsDue(options: ErasingOptions): Promise<Due[]> {
  return erasing(options, ({ sql, registry }) => dueSections(sql, registry, options.member, new Date()));
}

/** Versions of an own section that are here to be erased, oldest first, and what of it was erased before. */
export function sectionHere(options: ErasingOptions, dossier: string, section: string) {
  return erasing(options, async ({ sql }) => ({
    versions: (await sectionRecords(sql, options.member, dossier, section)).map(({ envelope }) => ({
      version: Number(envelope.body['version']),
      at: envelope.at,
      to: envelope.to,
    })),
    erased: (await listErasures(sql, { dossier })).filter((one) => one.section === section),
  }));
}

const ORDER_PATIENCE_MS = 20_000;

/**
 * Asks the node for erasures, waits until it has put the orders into its log, and nulls. The node alone makes the log longer: where it does
 * not run, what was asked for is kept, and it orders it when it runs again.
 *
 * @param requests none: only what is ordered and not carried out
 * @returns how many requests still wait for the node, and how many records were nulled by this call
 */
export function eraseSections(
  options: ErasingOptions,
  requests: readonly ErasureRequest[],
  progress: (done: number, of: number) => void = () => undefined,
  patienceMs = ORDER_PATIENCE_MS,
): Promise<{ readonly waiting: number; readonly nulled: number }> {
  return erasing(options, async ({ sql, origin, erasure }) => {
    for (const one of requests) await requestErasure(erasure(), one);
    const isMine = new Set(requests.map(({ dossier, section }) => `${dossier} ${section}`));
    let waiting = requests.length;
    let until = performance.now() + patienceMs;
    while (waiting > 0 && performance.now() < until) {
      options.signal.throwIfAborted();
      const open = await erasureRequests(sql, 1_000_000);
      const left = open.filter(({ dossier, section }) => isMine.has(`${dossier} ${section}`)).length;
      // As long as the node gets on, so does the wait.
      if (left < waiting) until = performance.now() + patienceMs;
      waiting = left;
      progress(requests.length - waiting, requests.length);
      if (waiting > 0) await delay(200, undefined, { signal: options.signal });
    }
    return { waiting, nulled: await carryOutErasures(erasure(), origin) };
  });
}

/**
 * Makes an own database ready for the log that follows a closed one, as the registry in force has it, and folds the views anew without what
 * counts no more. The node must not run.
 * @throws Refusal 409 `log-open` where the log was not closed or none follows, `succession-done`, `log-diverged`
 */
export async function succeed(
  options: Pick<NodeOptions, 'member' | 'databaseUrl' | 'registry' | 'genesis'> & { readonly migrationUrl: string },
  progress?: (done: number, of: number) => void,
): Promise<Succession & { readonly views: ReplayReport }> {
  await migrateAll(options.migrationUrl);
  const { sql, registry } = await openMember(options);
  const { log, earlierLogs = [] } = registry.getMember(options.member);
  const last = earlierLogs.at(-1);
  const owner = connect(options.migrationUrl, { max: 1, name: 'dostyk-succession' });
  try {
    if (last?.closed === undefined)
      throw new Refusal(
        409,
        'log-open',
        `The registry names no log of ${options.member} that was closed and has a successor.`,
      );
    const logs = { from: last.origin, to: log.origin, closed: BigInt(last.closed.size) };
    const succession = await succeedLog(owner, nodeCrypto, logs);
    return { ...succession, views: await replay(sql, registry, options.member, progress) };
  } finally {
    await Promise.all([owner.end({ timeout: 5 }), sql.end({ timeout: 5 })]);
  }
}
