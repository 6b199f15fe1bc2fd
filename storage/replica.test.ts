import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../test/demo.ts';
import { freePort } from '../test/ports.ts';
import { assertDurable, connect, isOutage, type Sql } from './connection.ts';
import { ensureDatabase } from './database.ts';
import { assertKept } from './durable.ts';
import { type EmbeddedServer, removeEmbedded, startEmbedded } from './embedded.ts';
import { installBinaries, readSettings, serverUser } from './embedded-home.ts';
import { Replica } from './replica.ts';

/**
 * A primary of this file's own and a real streaming standby: the data folder of the stopped primary, copied, with standby.signal. The
 * embedded PostgreSQL has no pg_basebackup; what sends and receives is in the server itself.
 */

let directory: string;
let primary: EmbeddedServer;
let standby: { process: ChildProcess; url: string; data: string; start: () => Promise<void> };
let url: string;
let sql: Sql;
let replicaSql: Sql;
let admin: Sql;

const ended = (process: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (process.exitCode !== null || process.signalCode !== null) resolve();
    else process.once('exit', () => resolve());
  });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dostyk-replica-'));
  const before = await startEmbedded({ directory });
  await before.stop();
  const { home = directory } = readSettings(directory) ?? {};
  const user = serverUser();
  const data = join(home, 'standby');
  cpSync(join(home, 'data'), data, { recursive: true });
  primary = await startEmbedded({ directory });
  const port = await freePort();
  const { password } = new URL(primary.adminUrl);
  writeFileSync(join(data, 'standby.signal'), '');
  writeFileSync(
    join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres password=${password}'\nport = ${port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 200\nwal_retrieve_retry_interval = '200ms'\n`,
  );
  if (user !== undefined) {
    const { readdirSync } = await import('node:fs');
    const own = (path: string): void => {
      chownSync(path, user.uid, user.gid);
      for (const one of readdirSync(path, { withFileTypes: true })) {
        if (one.isDirectory()) own(join(path, one.name));
        else chownSync(join(path, one.name), user.uid, user.gid);
      }
    };
    own(data);
  }
  const binary = join(installBinaries(directory, home), 'bin', 'postgres');
  standby = {
    process: undefined as never,
    data,
    url: '',
    async start() {
      rmSync(join(data, 'postmaster.pid'), { force: true });
      this.process = spawn(binary, ['-D', data], {
        ...user,
        cwd: '/',
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
        stdio: 'ignore',
      });
      const at = new URL(url);
      at.port = String(port);
      this.url = at.href;
    },
  };
  admin = connect(primary.adminUrl, { max: 2 });
  url = (await ensureDatabase(primary.adminUrl, 'reading')).running;
  const owner = connect(primary.adminUrl.replace(/\/postgres$/, '/reading'), { max: 1 });
  await owner`CREATE TABLE public.kept (n int)`;
  await owner`GRANT ALL ON public.kept TO dostyk_running`;
  await owner.end();
  await standby.start();
  sql = connect(url, { max: 4 });
  replicaSql = connect(standby.url, { max: 4 });
  await eventually(async () => await replicaSql`SELECT n FROM public.kept`.then(() => true));
});
afterAll(async () => {
  await Promise.all([sql?.end({ timeout: 1 }), replicaSql?.end({ timeout: 1 }), admin?.end({ timeout: 1 })]);
  standby?.process.kill('SIGKILL');
  await ended(standby.process);
  rmSync(standby.data, { recursive: true, force: true });
  await primary?.stop();
  removeEmbedded(directory);
});

const list = (on: Sql): Promise<number[]> =>
  on<{ n: number; standby: boolean }[]>`SELECT n FROM public.kept ORDER BY n`.then((rows) => rows.map(({ n }) => n));
const isStandby = (on: Sql): Promise<boolean> =>
  on<{ standby: boolean }[]>`SELECT pg_is_in_recovery() AS standby`.then(([row]) => row?.standby === true);
/** Until the standby has replayed all that there is. */
const whenCaughtUp = (replica: Replica) => eventually(() => replica.read(isStandby));

test('lists come from the standby, and always hold what was committed before', async () => {
  const replica = new Replica(sql, replicaSql);
  await whenCaughtUp(replica);
  for (let n = 0; n < 30; n++) {
    await sql`INSERT INTO public.kept VALUES (${n})`;
    expect(await replica.read(list)).toHaveLength(n + 1);
  }
  await whenCaughtUp(replica);
  expect(replica.reads.replica).toBeGreaterThan(0);
});

test('a standby that lags is passed over until it has caught up', async () => {
  const replica = new Replica(sql, replicaSql);
  await whenCaughtUp(replica);
  const onStandby = connect(primary.adminUrl.replace(`:${primary.port}/`, `:${new URL(standby.url).port}/`), {
    max: 1,
  });
  onTestFinished(() => onStandby.end());
  await onStandby`SELECT pg_wal_replay_pause()`;
  await sql`INSERT INTO public.kept VALUES (1000)`;
  const before = replica.reads;
  expect(await replica.read(list)).toContain(1000);
  expect(await list(replicaSql)).not.toContain(1000);
  expect(replica.reads).toEqual({ replica: before.replica, primary: before.primary + 1 });
  await onStandby`SELECT pg_wal_replay_resume()`;
  await whenCaughtUp(replica);
  expect(await replica.read(list)).toContain(1000);
});

test('one that is killed, hangs, or fails in a query is passed over; nothing fails', async () => {
  const replica = new Replica(sql, replicaSql);
  await whenCaughtUp(replica);
  // In the middle of a read.
  let asked = 0;
  const read = replica.read(async (on) => {
    if (++asked === 1) {
      expect(await isStandby(on)).toBe(true);
      const sleeping = on`SELECT pg_sleep(20)`.execute();
      standby.process.kill('SIGQUIT');
      await sleeping;
    }
    return list(on);
  });
  expect(await read).toContain(1000);
  expect(asked).toBe(2);
  await ended(standby.process);
  for (let i = 0; i < 5; i++) expect(await replica.read(isStandby)).toBe(false);
  await standby.start();
  // A process that has just begun knows nothing of its absence.
  await eventually(() => new Replica(sql, replicaSql).read(isStandby));
  standby.process.kill('SIGSTOP');
  const hung = new Replica(sql, replicaSql);
  // It hangs until it is told to go on: that this answers is the proof.
  expect(await hung.read(list)).toContain(1000);
  standby.process.kill('SIGCONT');
});

test('a server that is no standby of this one is never read', async () => {
  for (const other of [sql, connect(url.replace(`:${primary.port}/`, ':1/'))]) {
    const replica = new Replica(sql, other);
    expect(await replica.read(list)).toContain(1000);
    expect(replica.reads).toEqual({ replica: 0, primary: 1 });
  }
});

test('a node refuses to start on a standby, and finds the primary among several hosts', async () => {
  await expect(assertDurable(replicaSql, 2000)).rejects.toMatchObject({ code: 'database-standby', status: 503 });
  const write = await replicaSql`INSERT INTO public.kept VALUES (1)`.catch((error: unknown) => error);
  // As where a primary became one under us: it is waited for.
  expect(isOutage(write), String(write)).toBe(true);
  const both = `${url.replace(`@127.0.0.1:${primary.port}/`, `@127.0.0.1:${new URL(standby.url).port},127.0.0.1:${primary.port}/`)}?target_session_attrs=primary`;
  const found = connect(both, { max: 1 });
  onTestFinished(() => found.end({ timeout: 1 }));
  await assertDurable(found, 5000);
  expect(await isStandby(found)).toBe(false);
});

test('where a standby must have what is acknowledged, a server that waits for none is refused, also in the middle', async () => {
  await expect(assertDurable(sql, 2000, undefined, { synchronousStandbys: true })).rejects.toMatchObject({
    code: 'database-not-durable',
    params: { setting: 'synchronous_standby_names' },
  });
  const set = async (names: string) => {
    await admin.unsafe(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
    await admin`SELECT pg_reload_conf()`;
    await eventually(async () => {
      const [row] = await sql<{ names: string }[]>`SELECT current_setting('synchronous_standby_names') AS names`;
      return row?.names === names;
    });
  };
  onTestFinished(() => set(''));
  await eventually(() => new Replica(sql, replicaSql).read(isStandby));
  await set('*');
  await assertDurable(sql, 2000, undefined, { synchronousStandbys: true });
  const [row] = await admin<{ state: string }[]>`SELECT sync_state AS state FROM pg_stat_replication`;
  expect(row?.state).toBe('sync');
  const insert = sql.begin(async (tx) => {
    await tx`INSERT INTO public.kept VALUES (2000)`;
    await set('');
    await assertKept(tx, { synchronousStandbys: true });
  });
  await expect(insert).rejects.toMatchObject({ code: 'database-not-durable' });
  expect(await list(sql)).not.toContain(2000);
});
