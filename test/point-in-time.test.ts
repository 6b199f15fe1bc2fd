import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditOwn } from '../ledger/audit.ts';
import { Ledger } from '../ledger/ledger.ts';
import { connect, type Sql } from '../storage/connection.ts';
import { ensureDatabase } from '../storage/database.ts';
import { type EmbeddedServer, removeEmbedded, startEmbedded } from '../storage/embedded.ts';
import { installBinaries, readSettings, serverUser } from '../storage/embedded-home.ts';
import { ensureGroupRoles, migrate } from '../storage/migrate.ts';
import { packageRoot } from '../storage/package-root.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { eventually } from './demo.ts';
import { ledgerOptions, ORIGIN, record, signer } from './ledger.ts';
import { freePort } from './ports.ts';

/**
 * examples/operations/restore.sh on a real server: a base backup taken while a log grows, the archive of the write-ahead log, and a
 * database of a moment between. The embedded PostgreSQL has no pg_basebackup; the backup is made as PostgreSQL documents it for file
 * copies (pg_backup_start, pg_backup_stop), in the form that pg_basebackup gives.
 */

let directory: string;
let backup: string;
let server: EmbeddedServer;
let restored: ChildProcess | undefined;

const ownedBy = (user: ReturnType<typeof serverUser>, path: string): void => {
  if (user === undefined) return;
  spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, path]);
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dostyk-moment-'));
  backup = mkdtempSync(join(tmpdir(), 'dostyk-backup-'));
  chmodSync(backup, 0o755);
  mkdirSync(join(backup, 'wal'));
  mkdirSync(join(backup, 'base'));
  const user = serverUser();
  if (user !== undefined) chownSync(join(backup, 'wal'), user.uid, user.gid);
  const before = await startEmbedded({ directory });
  const admin = connect(before.adminUrl, { max: 1 });
  await admin`ALTER SYSTEM SET archive_mode = on`;
  const wal = join(backup, 'wal');
  await admin.unsafe(
    `ALTER SYSTEM SET archive_command = 'test ! -f ${wal}/%f && cp %p ${wal}/%f.part && mv ${wal}/%f.part ${wal}/%f'`,
  );
  await admin.end();
  await before.stop();
  server = await startEmbedded({ directory });
});
afterAll(async () => {
  restored?.kill('SIGKILL');
  await server?.stop();
  removeEmbedded(directory);
  rmSync(backup, { recursive: true, force: true });
});

const open = (sql: Sql): Promise<Ledger> => Ledger.open(ledgerOptions({ sql }, { signEveryMs: 1_000_000 }));

test('a database of a moment comes back from a base backup and the archive, whole up to there and without what came later', async () => {
  const urls = await ensureDatabase(server.adminUrl, 'moment');
  const owner = connect(urls.migration, { max: 1 });
  await ensureGroupRoles(owner);
  await migrate(owner, 'ledger');
  await owner.end();
  const sql = connect(urls.running, { max: 4 });
  const admin = connect(server.adminUrl, { max: 1 });
  const ledger = await open(sql);
  ledger.start();
  const append = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await ledger.append([record()], { account: 'a' });
    await ledger.sign();
  };
  await append(5);

  // The base backup, while the log grows.
  const base = join(backup, 'base', '20260603T000000Z');
  mkdirSync(base);
  await admin`SELECT pg_backup_start('moment', true)`;
  const growing = append(3);
  const { home = directory } = readSettings(directory) ?? {};
  const tarred = spawnSync(
    'tar',
    [
      '-czf',
      join(base, 'base.tar.gz'),
      '--exclude=./postmaster.*',
      '--exclude=./pg_wal/*',
      '-C',
      join(home, 'data'),
      '.',
    ],
    { encoding: 'utf8' },
  );
  // 1: a file changed while it was read, which replaying the log mends.
  expect([0, 1], tarred.stderr).toContain(tarred.status);
  await growing;
  const [stopped] = await admin<{ labelfile: string }[]>`SELECT labelfile FROM pg_backup_stop(true)`;

  await append(4);
  const [kept] = await sql<{ size: bigint }[]>`SELECT size FROM ledger.log_state`;
  const [moment] = await admin<{ now: string }[]>`SELECT clock_timestamp()::text AS now`;
  await admin`SELECT pg_sleep(0.05)`;
  await append(6);
  const [lost] = await sql<{ size: bigint }[]>`SELECT size FROM ledger.log_state`;
  expect(lost?.size).toBeGreaterThan(kept?.size ?? 0n);
  const [last] = await admin<{ name: string }[]>`SELECT pg_walfile_name(pg_switch_wal()) AS name`;
  await eventually(async () => readdirSync(join(backup, 'wal')).includes(last?.name ?? ''));
  await ledger.stop();
  await Promise.all([sql.end(), admin.end()]);

  const data = join(home, 'restored');
  const script = join(packageRoot(), 'examples', 'operations', 'restore.sh');
  const made = spawnSync('sh', [script, base, join(backup, 'wal'), data, moment?.now ?? ''], { encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
  expect(spawnSync('sh', [script, base, join(backup, 'wal'), data], { encoding: 'utf8' })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('nothing is overwritten'),
  });
  // pg_basebackup puts it into its archive.
  writeFileSync(join(data, 'backup_label'), stopped?.labelfile ?? '');
  const user = serverUser();
  ownedBy(user, data);
  const port = await freePort();
  const binary = join(installBinaries(directory, home), 'bin', 'postgres');
  // As many connections as the server had, or it does not begin to recover.
  const options = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200'];
  restored = spawn(binary, ['-D', data, ...options.flatMap((one) => ['-c', one])], {
    ...user,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  restored.stderr?.on('data', (text) => {
    said += text;
  });
  const at = new URL(urls.running);
  at.port = String(port);
  const back = connect(at.href, { max: 2 });
  try {
    await eventually(
      async () =>
        await back<{ standby: boolean }[]>`SELECT pg_is_in_recovery() AS standby`.then(
          ([row]) => row?.standby === false,
          () => false,
        ),
    ).catch((error) => {
      throw new Error(`${error.message}\n${said}`);
    });
    const [found] = await back<{ size: bigint }[]>`SELECT size FROM ledger.log_state`;
    expect(found?.size).toBe(kept?.size);
    const audited = await auditOwn(back, nodeCrypto, {
      origin: ORIGIN,
      logKeys: [signer.vkey],
      witnessesOf: () => [],
    });
    expect(audited.findings).toEqual([]);
    // It opens as what it is; that more had been signed, only the mark and the others can tell.
    expect((await open(back)).published?.size).toBe(kept?.size);
  } finally {
    await back.end({ timeout: 1 });
  }
});
