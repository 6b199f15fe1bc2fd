import { join } from 'node:path';
import { findEnd, recordsGivenBack } from './federation/recovering.ts';
import { makeToken } from './federation/token.ts';
import { readHighWater, writeHighWater } from './ledger/high-water.ts';
import { type Recovery, recoverLog, rootWith } from './ledger/recovery.ts';
import { type Succession, succeedLog } from './ledger/succession.ts';
import { secretsOf } from './members/key-secrets.ts';
import { type OpenSigner, openSigner } from './members/keyring.ts';
import { migrateAll, type NodeOptions, openMember } from './platform.ts';
import { connect } from './storage/connection.ts';
import { onceNames } from './trade/once.ts';
import { nodeCrypto, nodeRandom } from './values/node-crypto.ts';
import { Refusal } from './values/refusal.ts';
import { type ReplayReport, replay } from './views.ts';

/** What an operations team does to a member's database while its node stands still: bring it back, begin a new log. */

export interface RecoverOptions
  extends Pick<
    NodeOptions,
    'member' | 'databaseUrl' | 'migrationUrl' | 'registry' | 'genesis' | 'keys' | 'highWater' | 'secrets'
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
  const { member, signal, highWater, migrationUrl, onProgress = () => undefined } = options;
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
    const views = await replay(sql, registry, member, (done) => onProgress('Views', done, done));
    if (highWater !== undefined) writeHighWater(highWater, origin, end.size);
    return { ...recovery, views };
  } finally {
    await signer?.close();
    await sql.end({ timeout: 5 });
  }
}

/**
 * Makes an own database ready for the log that follows a closed one, as the registry in force has it. The node must not run.
 * @throws Refusal 409 `log-open` where the log was not closed or none follows, `succession-done`, `log-diverged`
 */
export async function succeed(
  options: Pick<NodeOptions, 'member' | 'databaseUrl' | 'registry' | 'genesis'> & { readonly migrationUrl: string },
): Promise<Succession> {
  await migrateAll(options.migrationUrl);
  const { sql, registry } = await openMember(options);
  await sql.end({ timeout: 5 });
  const { log, earlierLogs = [] } = registry.getMember(options.member);
  const last = earlierLogs.at(-1);
  if (last?.closed === undefined)
    throw new Refusal(
      409,
      'log-open',
      `The registry names no log of ${options.member} that was closed and has a successor.`,
    );
  const owner = connect(options.migrationUrl, { max: 1, name: 'dostyk-succession' });
  try {
    return await succeedLog(owner, nodeCrypto, { from: last.origin, to: log.origin, closed: BigInt(last.closed.size) });
  } finally {
    await owner.end({ timeout: 5 });
  }
}
