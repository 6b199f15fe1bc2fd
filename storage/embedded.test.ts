import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { assertDurable, connect } from './connection.ts';
import { type EmbeddedServer, removeEmbedded, startEmbedded } from './embedded.ts';

function folderBelowPrivate(): string {
  const top = mkdtempSync(join(tmpdir(), 'dostyk-private-'));
  chmodSync(top, 0o700);
  const directory = join(top, 'deep', 'postgres');
  mkdirSync(directory, { recursive: true });
  onTestFinished(() => {
    removeEmbedded(directory);
    rmSync(top, { recursive: true, force: true });
  });
  return directory;
}

/** Stopped at the test's end if it still runs. */
async function start(directory: string): Promise<EmbeddedServer> {
  const server = await startEmbedded({ directory });
  onTestFinished(() => server.stop());
  return server;
}

interface Settings {
  port: number;
  password: string;
  home: string;
  owner: { pid: number; since: string };
}
const settingsOf = (directory: string): Settings =>
  JSON.parse(readFileSync(join(directory, 'server.json'), 'utf8')) as Settings;
const change = (directory: string, to: Partial<Settings>): void =>
  writeFileSync(join(directory, 'server.json'), JSON.stringify({ ...settingsOf(directory), ...to }));

async function query(server: EmbeddedServer, text: string): Promise<unknown[]> {
  const sql = connect(server.adminUrl, { max: 1 });
  try {
    return [...(await sql.unsafe(text))];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

test('runs below a folder that nobody else may enter, without LANG, and survives kill -9', async () => {
  delete process.env['LANG'];
  const directory = folderBelowPrivate();
  const first = await start(directory);
  const sql = connect(first.adminUrl, { max: 1 });
  await assertDurable(sql);
  const [locale] = await sql`
    SELECT pg_encoding_to_char(encoding) AS encoding, datlocprovider AS provider, datlocale AS locale, datcollate AS collate
    FROM pg_database WHERE datname = 'postgres'`;
  expect(locale).toEqual({ encoding: 'UTF8', provider: 'b', locale: 'C.UTF-8', collate: 'C' });
  await sql`CREATE TABLE kept (value text)`;
  await sql`INSERT INTO kept VALUES ('Достық')`;
  await expect(startEmbedded({ directory })).rejects.toMatchObject({ code: 'postgres-running' });
  // Sessions of before are still ending when the next server starts.
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  await sql.end({ timeout: 1 });

  const second = await start(directory);
  expect(second.port).toBe(first.port);
  expect(await query(second, 'SELECT value FROM kept')).toEqual([{ value: 'Достық' }]);
  await second.stop();
  expect(existsSync(`/proc/${second.pid}`)).toBe(false);
  const { home } = settingsOf(directory);
  removeEmbedded(directory);
  expect([existsSync(directory), existsSync(home) && home !== directory]).toEqual([false, false]);
});

test('a server whose starter was killed is stopped and started anew; of what it committed nothing is lost', async () => {
  const directory = folderBelowPrivate();
  const left = await start(directory);
  await query(left, 'CREATE TABLE kept AS SELECT 7 AS value');
  const holder = connect(left.adminUrl, { max: 1 });
  onTestFinished(() => holder.end({ timeout: 1 }));
  await holder`SELECT 1`;
  change(directory, { owner: { pid: 2 ** 22 - 1, since: '1' } });
  const next = await start(directory);
  expect(await left.exited).toBe(0);
  expect(await query(next, 'SELECT value FROM kept')).toEqual([{ value: 7 }]);
});

test('a lock file whose number another program has by now, a taken port and a lost password are dealt with', async () => {
  const directory = folderBelowPrivate();
  const first = await start(directory);
  await first.stop();
  const { home, port } = settingsOf(directory);
  // As `nobody`, so that PostgreSQL itself would take the number for its own kind.
  const other = spawnSync('/bin/sh', ['-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], {
    ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
    cwd: '/',
    encoding: 'utf8',
  });
  const pid = Number(other.stdout);
  onTestFinished(() => void process.kill(pid, 'SIGKILL'));
  writeFileSync(join(home, 'data', 'postmaster.pid'), `${pid}\n${join(home, 'data')}\n1\n${port}\n\n127.0.0.1\n`);
  const taken = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void taken.close());
  const second = await start(directory);
  expect(second.port).not.toBe(port);
  expect(await query(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await second.stop();

  change(directory, { password: 'lost' });
  await expect(startEmbedded({ directory })).rejects.toMatchObject({
    code: 'postgres-start-failed',
    message: expect.stringContaining('password'),
  });
  writeFileSync(join(directory, 'server.json'), '{"port":');
  await expect(startEmbedded({ directory })).rejects.toMatchObject({ code: 'postgres-settings-unreadable' });
  writeFileSync(join(directory, 'server.json'), JSON.stringify({ port, password: 'lost', home }));
});

test('a folder that was removed and made again begins anew; a relative path is the same folder', async () => {
  const directory = folderBelowPrivate();
  const first = await start(directory);
  await query(first, 'CREATE TABLE kept ()');
  await first.stop();
  const again = await start(relative(process.cwd(), directory));
  expect(await query(again, "SELECT to_regclass('kept')::text AS kept")).toEqual([{ kept: 'kept' }]);
  await again.stop();
  const before = settingsOf(directory).home;
  rmSync(directory, { recursive: true });
  onTestFinished(() => rmSync(before, { recursive: true, force: true }));
  const anew = await start(directory);
  expect(await query(anew, "SELECT to_regclass('kept')::text AS kept")).toEqual([{ kept: null }]);
});
