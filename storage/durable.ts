import { Refusal } from '../values/refusal.ts';
import type { Sql, Tx } from './connection.ts';

/** Whether what a server acknowledges outlives its crash, and the crash of its machine. */

export interface Expectations {
  /** A standby must have a commit before it is acknowledged; else a failover forks the log. */
  readonly synchronousStandbys?: boolean | undefined;
}

/** Values under which a commit that was acknowledged outlives a crash of the server. */
const DURABLE: Readonly<Record<string, readonly string[]>> = {
  fsync: ['on'],
  synchronous_commit: ['on', 'remote_apply'],
  full_page_writes: ['on'],
};

interface Settings {
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly full_page_writes: string;
  readonly synchronous_standby_names: string;
  readonly wal_level: string;
  readonly standby: boolean;
}

/**
 * Of the session that is given: a role, a database or a promoted server may have settings of its own.
 *
 * @throws Refusal 500 `database-not-durable`, 503 `database-standby`
 * @example await sql.begin(async (tx) => { await insert(tx); await assertKept(tx, { synchronousStandbys: true }); });
 */
export async function assertKept(sql: Sql | Tx, { synchronousStandbys = false }: Expectations = {}): Promise<void> {
  const [settings] = await sql<Settings[]>`
    SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
      current_setting('full_page_writes') AS full_page_writes,
      current_setting('synchronous_standby_names') AS synchronous_standby_names,
      current_setting('wal_level') AS wal_level, pg_is_in_recovery() AS standby`;
  if (settings === undefined) throw new Error('no settings');
  if (settings.standby) {
    throw new Refusal(503, 'database-standby', 'The address of the database leads to a standby.', {
      params: { retryAfter: 5 },
      remedy: 'Let DATABASE_URL lead to the primary; a standby to read from is DATABASE_REPLICA_URL.',
    });
  }
  for (const [setting, durable] of Object.entries(DURABLE)) {
    const value = settings[setting as keyof typeof DURABLE & keyof Settings];
    if (!durable.includes(String(value))) throw lossy(setting, String(value), `Set ${setting} = on.`);
  }
  if (!synchronousStandbys) return;
  if (settings.synchronous_standby_names.trim() === '') {
    throw lossy(
      'synchronous_standby_names',
      '',
      'With Patroni set synchronous_mode and synchronous_mode_strict; see OPERATIONS.md.',
    );
  }
  if (!['replica', 'logical'].includes(settings.wal_level))
    throw lossy('wal_level', settings.wal_level, 'Set wal_level = replica and restart the server.');
}

function lossy(setting: string, value: string, remedy: string): Refusal {
  return new Refusal(
    500,
    'database-not-durable',
    `PostgreSQL's ${setting} is '${value}'; what is acknowledged could be lost.`,
    { params: { setting }, remedy },
  );
}
