import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { testDatabase } from '../test/postgres.ts';
import { assertDurable, byteaArray, connect, isOutage, type Sql, type Tx } from './connection.ts';

async function fresh() {
  const database = await testDatabase([]);
  onTestFinished(() => database.drop());
  return database;
}

function opened(url: string, max = 1): Sql {
  const sql = connect(url, { max });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

test('types are pinned, whatever the session says', async () => {
  const { sql } = await fresh();
  const [row] = await sql`
    SELECT 9007199254740993::int8 AS big, '2026-01-01'::date AS day, 0.10::numeric AS exact, '\\x00ff'::bytea AS bytes,
      '2026-01-01T05:00:00+05:00'::timestamptz AS at, ${byteaArray(sql, [Uint8Array.of(), Uint8Array.of(0, 92, 34, 255).subarray(1)])} AS many`;
  expect(row).toEqual({
    big: 9007199254740993n,
    day: '2026-01-01',
    exact: '0.10',
    bytes: Buffer.from([0, 255]),
    at: new Date('2026-01-01T00:00:00Z'),
    many: [Buffer.from([]), Buffer.from([92, 34, 255])],
  });
});

describe('a server that can’t be used is refused', () => {
  test.each(['off', 'local', 'remote_write'])('where synchronous_commit is %s', async (value) => {
    const { sql, urls } = await fresh();
    const weak = opened(urls.running);
    await weak.unsafe(`SET synchronous_commit = ${value}`);
    await expect(assertDurable(weak)).rejects.toMatchObject({
      code: 'database-not-durable',
      params: { setting: 'synchronous_commit' },
    });
    await weak`SET synchronous_commit = remote_apply`;
    await assertDurable(weak);
    await assertDurable(sql);
  });

  test.each<[string, (url: URL) => void, string]>([
    ['that is away', (url) => Object.assign(url, { port: '1' }), 'database-unreachable'],
    ['that refuses the password', (url) => Object.assign(url, { password: 'secret' }), 'database-denied'],
    ['without such a database', (url) => Object.assign(url, { pathname: '/none' }), 'database-denied'],
  ])('%s, without telling the password', async (_, damage, code) => {
    const { urls } = await fresh();
    const url = new URL(urls.running);
    const { password } = url;
    damage(url);
    const waited: number[] = [];
    const refusal = await assertDurable(opened(url.href), 1300, (ms) => waited.push(ms)).catch(
      (error: unknown) => error as Error,
    );
    expect(refusal).toMatchObject({ code });
    expect(waited.length > 0).toBe(code === 'database-unreachable');
    for (const secret of ['secret', password])
      expect(`${(refusal as Error).message} ${JSON.stringify(refusal)}`).not.toContain(secret);
  });

  test.each(['nonsense', 'postgres://a:se%cret@h:99999999/x'])('at an address like %s', (url) => {
    const refusal = (() => {
      try {
        return connect(url);
      } catch (error) {
        return error as Error;
      }
    })() as Error;
    expect(refusal).toMatchObject({ code: 'database-url-invalid' });
    expect([refusal.cause, refusal.message.includes(url)]).toEqual([undefined, false]);
  });
});

test('of several hosts the next is tried', async () => {
  const { urls } = await fresh();
  const { host } = new URL(urls.running);
  const sql = opened(urls.running.replace(host, `127.0.0.1:1,${host}`));
  await assertDurable(sql, 3000);
});

describe('a transaction whose connection is lost', () => {
  const kill = async (tx: Tx): Promise<void> => {
    const [own] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
    const admin = connect(inject('adminUrl'), { max: 1 });
    await admin`SELECT pg_terminate_backend(${own!.pid}, 2000)`;
    await admin.end();
    await delay(20);
  };

  // Each of these once ended the process from a timer of the driver; Vitest reports that as an error of the run.
  test.each<[string, (tx: Tx) => Promise<unknown>]>([
    [
      'in a query',
      async (tx) => {
        const [own] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        const admin = opened(inject('adminUrl'));
        void admin`SELECT pg_terminate_backend(${own!.pid})`.execute();
        await tx`SELECT pg_sleep(10)`;
      },
    ],
    [
      'between two queries',
      async (tx) => {
        await kill(tx);
        await tx`SELECT 1`;
      },
    ],
    [
      'between two queries, the second of text',
      async (tx) => {
        await kill(tx);
        await tx.unsafe('SELECT 1');
      },
    ],
    ['before its end', (tx) => kill(tx)],
    [
      'before it fails of itself',
      async (tx) => {
        await kill(tx);
        throw new Error('of itself');
      },
    ],
  ])('%s is told of as an outage, and the next goes through', async (_, run) => {
    const { sql } = await fresh();
    const error = await sql.begin(run).catch((reason: unknown) => reason);
    expect(isOutage(error), String(error)).toBe(true);
    expect(await sql.begin((tx) => tx`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });

  // The driver gives the connection a new socket; a late query of the old transaction would run there, outside of any.
  test.each<[string, (tx: Tx) => Promise<unknown>]>([
    ['of a template', (tx) => tx`INSERT INTO public.kept VALUES (1)`],
    ['of text', (tx) => tx.unsafe('INSERT INTO public.kept VALUES (1)')],
  ])('runs no query %s any more, though its connection lives again', async (_, insert) => {
    const { urls, owner } = await fresh();
    await owner`CREATE TABLE public.kept (n int)`;
    const sql = opened(urls.migration, 1);
    let late: unknown;
    let alive = (): void => undefined;
    const livesAgain = new Promise<void>((resolve) => {
      alive = resolve;
    });
    let ended = (): void => undefined;
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const lost = sql.begin(async (tx) => {
      await kill(tx);
      await livesAgain;
      try {
        await insert(tx);
      } catch (error) {
        late = error;
      }
      ended();
    });
    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await sql`SELECT 1`;
    alive();
    await end;
    expect(late).toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(await owner`SELECT n FROM public.kept`).toEqual([]);
  });

  test('else it commits or rolls back as ever', async () => {
    const { owner } = await fresh();
    await owner`CREATE SCHEMA s`;
    await owner`CREATE TABLE s.t (n int)`;
    expect(
      await owner.begin('ISOLATION LEVEL REPEATABLE READ', (tx) => tx`INSERT INTO s.t VALUES (1) RETURNING n`),
    ).toEqual([{ n: 1 }]);
    await expect(
      owner.begin(async (tx) => {
        await tx`INSERT INTO s.t VALUES (2)`;
        throw new Error('taken back');
      }),
    ).rejects.toThrow('taken back');
    await expect(
      owner.begin(async (tx) => {
        await tx`INSERT INTO s.t VALUES (3)`;
        await tx`SELECT 1 / 0`;
      }),
    ).rejects.toMatchObject({ code: '22012' });
    expect(await owner.begin((tx) => [tx`INSERT INTO s.t VALUES (4)`, tx`SELECT sum(n)::int FROM s.t`])).toEqual([
      [],
      [{ sum: 5 }],
    ]);
  });
});
