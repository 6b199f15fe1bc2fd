import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { assertDurable, connect } from './connection.ts';
import { startEmbedded } from './embedded.ts';

function folderBelowPrivate(): string {
  const top = mkdtempSync(join(tmpdir(), 'dostyk-private-'));
  onTestFinished(() => rmSync(top, { recursive: true, force: true }));
  spawnSync('chmod', ['0700', top]);
  const directory = join(top, 'deep', 'postgres');
  mkdirSync(directory, { recursive: true });
  return directory;
}

test('runs below a folder that nobody else may enter, without LANG, and survives kill -9', async () => {
  delete process.env['LANG'];
  const directory = folderBelowPrivate();
  const first = await startEmbedded({ directory });
  const sql = connect(first.adminUrl, { max: 1 });
  await assertDurable(sql);
  const [encoding] = await sql<
    { server_encoding: string; lc_collate: string }[]
  >`SELECT current_setting('server_encoding') AS server_encoding`;
  expect(encoding?.server_encoding).toBe('UTF8');
  await sql`CREATE TABLE kept (value text)`;
  await sql`INSERT INTO kept VALUES ('Достық')`;
  await expect(startEmbedded({ directory })).rejects.toMatchObject({ code: 'postgres-running' });
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  await sql.end({ timeout: 1 });

  const second = await startEmbedded({ directory });
  const again = connect(second.adminUrl, { max: 1 });
  expect(await again`SELECT value FROM kept`).toEqual([{ value: 'Достық' }]);
  await again.end();
  await second.stop();
  expect(existsSync(`/proc/${second.pid}`)).toBe(false);
});

test('types are pinned: bigint, plain date, numeric text', async () => {
  const { testDatabase } = await import('../test/postgres.ts');
  const database = await testDatabase([]);
  onTestFinished(() => database.drop());
  const [row] =
    await database.sql`SELECT 9007199254740993::int8 AS big, '2026-01-01'::date AS day, 0.1::numeric AS exact`;
  expect(row).toEqual({ big: 9007199254740993n, day: '2026-01-01', exact: '0.1' });
});

test('a server that does not acknowledge durably is refused', async () => {
  const { testDatabase } = await import('../test/postgres.ts');
  const database = await testDatabase([]);
  onTestFinished(() => database.drop());
  const sql = connect(`${database.urls.running}?options=-csynchronous_commit%3Doff`, { max: 1 });
  onTestFinished(() => sql.end());
  const [row] = await sql`SELECT current_setting('synchronous_commit') AS value`;
  if (row?.['value'] === 'on') await sql`SET synchronous_commit = off`;
  await expect(assertDurable(sql)).rejects.toMatchObject({ code: 'database-not-durable' });
});

test('an absent server is named without its password', async () => {
  const sql = connect('postgres://someone:secret@127.0.0.1:1/none', { max: 1 });
  const refusal = await assertDurable(sql, 300).catch((error: unknown) => error as Error);
  expect(refusal).toMatchObject({ code: 'database-unreachable' });
  expect(String((refusal as Error).message)).not.toContain('secret');
  await sql.end({ timeout: 1 });
});
