import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../test/postgres.ts';
import { connect } from './connection.ts';
import { migrate } from './migrate.ts';

async function fresh() {
  const database = await testDatabase([]);
  onTestFinished(() => database.drop());
  const folder = mkdtempSync(join(tmpdir(), 'dostyk-migrations-'));
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return { ...database, folder, write: (name: string, text: string) => writeFileSync(join(folder, name), text) };
}

test('runs what is new, once, also when many begin together', async () => {
  const { owner, urls, folder, write } = await fresh();
  write('0001-first.sql', 'CREATE TABLE house.a (n int); SELECT pg_sleep(0.1);');
  const others = [1, 2, 3].map(() => connect(urls.migration, { max: 1 }));
  onTestFinished(async () => void (await Promise.all(others.map((sql) => sql.end({ timeout: 1 })))));
  const applied = await Promise.all(others.map((sql) => migrate(sql, 'house', folder)));
  expect(applied.flat()).toEqual(['0001-first.sql']);
  write('0002-second.sql', 'ALTER TABLE house.a ADD m int;');
  expect(await migrate(owner, 'house', folder)).toEqual(['0002-second.sql']);
  expect(await migrate(owner, 'house', folder)).toEqual([]);
  expect(await owner`SELECT n, m FROM house.a`).toEqual([]);
});

test('refuses a changed file, a newer database and a file out of order, and applies nothing', async () => {
  const { owner, folder, write } = await fresh();
  write('0001-first.sql', 'CREATE TABLE house.a (n int);');
  write('0002-second.sql', 'CREATE TABLE house.b (n int); SELECT 1 / 0;');
  await expect(migrate(owner, 'house', folder)).rejects.toMatchObject({ code: '22012' });
  expect(await owner`SELECT to_regclass('house.a')::text AS a`).toEqual([{ a: null }]);
  write('0002-second.sql', 'CREATE TABLE house.b (n int);');
  await migrate(owner, 'house', folder);
  write('0003-third.sql', 'CREATE TABLE house.c (n int);');
  write('0001-first.sql', 'CREATE TABLE house.a (n int, m int);');
  await expect(migrate(owner, 'house', folder)).rejects.toMatchObject({
    code: 'migration-changed',
    params: { domain: 'house', name: '0001-first.sql' },
  });
  write('0001-first.sql', 'CREATE TABLE house.a (n int);');
  rmSync(join(folder, '0003-third.sql'));
  rmSync(join(folder, '0002-second.sql'));
  await expect(migrate(owner, 'house', folder)).rejects.toMatchObject({ code: 'migration-unknown' });
  write('0003-third.sql', '');
  await expect(migrate(owner, 'house', folder)).rejects.toThrow('is not migration 2');
  expect(await owner`SELECT to_regclass('house.c')::text AS c`).toEqual([{ c: null }]);
});

test('each role may do its own and no more', async () => {
  const { owner, sql, urls } = await fresh();
  await migrate(owner, 'ledger');
  const erasure = connect(urls.erasure, { max: 1 });
  onTestFinished(() => erasure.end({ timeout: 1 }));
  await owner`INSERT INTO ledger.entry VALUES (0, ${Buffer.alloc(32)})`;
  await owner`INSERT INTO ledger.record VALUES (0, gen_random_uuid(), ${Buffer.alloc(9)}, ${Buffer.alloc(16)})`;
  for (const [role, statement] of [
    [sql, 'CREATE TABLE ledger.mine ()'],
    [sql, 'CREATE SCHEMA mine'],
    [sql, 'CREATE TABLE public.mine ()'],
    [sql, 'ALTER TABLE ledger.entry ADD mine int'],
    [sql, 'CREATE ROLE mine'],
    [sql, 'SET ROLE dostyk_erasure'],
    [sql, 'UPDATE ledger.record SET salt = NULL'],
    [erasure, 'UPDATE ledger.record SET id = gen_random_uuid()'],
    [erasure, 'DELETE FROM ledger.record'],
    [erasure, 'UPDATE ledger.entry SET commitment = commitment'],
    [erasure, "INSERT INTO ledger.once VALUES ('x', 0)"],
  ] as const) {
    await expect(role.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
  }
  await erasure`UPDATE ledger.record SET bytes = NULL, salt = NULL WHERE index = 0`;
  expect(await sql`SELECT bytes, salt FROM ledger.record`).toEqual([{ bytes: null, salt: null }]);
  // Another member's database is shut to this one's roles.
  const other = await testDatabase([]);
  onTestFinished(() => other.drop());
  const url = new URL(urls.running);
  url.pathname = new URL(other.urls.running).pathname;
  const stranger = connect(url.href, { max: 1 });
  onTestFinished(() => stranger.end({ timeout: 1 }));
  await expect(stranger`SELECT 1`).rejects.toMatchObject({ code: '42501' });
});
