import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { closeSession, closeSessionsOf, findSession, lockSession, openSession, requireCsrf } from './session-store.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(['members']);
});
afterAll(() => database?.drop());

const START = new Date('2026-11-23T08:00:00Z');
const after = (minutes: number): Date => new Date(START.getTime() + minutes * 60_000);

test('a session goes on while it is used, and ends when it is not', async () => {
  const { sql } = database;
  const value = await openSession(sql, 'kz-customs', 'id-token', START);
  for (const minutes of [29, 58, 87])
    expect(await findSession(sql, value, after(minutes))).toMatchObject({ subject: 'kz-customs', locked: false });
  expect(await findSession(sql, value, after(87 + 31))).toBeUndefined();
});

test('a page that asks by itself does not keep it on', async () => {
  const { sql } = database;
  const value = await openSession(sql, 'kz-customs', 'id-token', START);
  for (const minutes of [10, 20, 29])
    expect(await findSession(sql, value, after(minutes), { keepOn: false })).toBeDefined();
  expect(await findSession(sql, value, after(31), { keepOn: false })).toBeUndefined();
});

test('it ends after a shift, however much it is used; a locked one is not kept on', async () => {
  const { sql } = database;
  const used = await openSession(sql, 'kz-customs', 'id-token', START);
  for (let minutes = 20; minutes < 720; minutes += 20) await findSession(sql, used, after(minutes));
  expect(await findSession(sql, used, after(719))).toBeDefined();
  expect(await findSession(sql, used, after(721))).toBeUndefined();
  const locked = await openSession(sql, 'kz-customs', 'id-token', START);
  await lockSession(sql, locked, START);
  expect(await findSession(sql, locked, after(20))).toMatchObject({ locked: true });
  expect(await findSession(sql, locked, after(31))).toBeUndefined();
});

test('it is closed alone, or with all of its person; its secret is nowhere kept', async () => {
  const { sql } = database;
  const [one, two, other] = await Promise.all(
    ['uz-exporter', 'uz-exporter', 'uz-carrier'].map((subject) => openSession(sql, subject, 'id-token', START)),
  );
  const rows = await sql`SELECT * FROM members.session`;
  expect(JSON.stringify(rows)).not.toContain(one);
  await closeSession(sql, one ?? '');
  expect(await findSession(sql, one ?? '', START)).toBeUndefined();
  expect(await findSession(sql, two ?? '', START)).toBeDefined();
  expect(await closeSessionsOf(sql, 'uz-exporter')).toBe(1);
  expect(await findSession(sql, two ?? '', START)).toBeUndefined();
  expect(await findSession(sql, other ?? '', START)).toBeDefined();
});

test('a change needs the mark of its own session', () => {
  expect(() => requireCsrf({ csrf: 'abc' }, 'abc')).not.toThrow();
  for (const given of [undefined, '', 'abd', 'abcd'])
    expect(() => requireCsrf({ csrf: 'abc' }, given)).toThrowError(expect.objectContaining({ code: 'csrf-refused' }));
});
