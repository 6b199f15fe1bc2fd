import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call } from '@orpc/server';
import { expect, inject, onTestFinished, test } from 'vitest';
import { auditOwn } from '../ledger/audit.ts';
import { ED25519, formatVkey } from '../log/note.ts';
import { connect } from '../storage/connection.ts';
import { tradeRouter } from '../trade/handlers.ts';
import { toHex } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { eventually } from './demo.ts';
import { filing } from './filing.ts';
import { HandlerNodes } from './handler-nodes.ts';
import { entriesOf, freshDatabase, ORIGIN } from './ledger.ts';

/** A process that dies, and a database that is another one all at once. */

interface Appended {
  readonly commitment: string;
  readonly index: number;
}

test('of three processes over one log one is killed in mid-batch: the others go on, nothing acknowledged is lost or there twice', async () => {
  const database = await freshDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'dostyk-key-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = join(folder, 'log.pem');
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const script = new URL('./appending.js', import.meta.url).pathname;
  const start = (dies: number) => {
    const child = spawn(process.execPath, [script, database.urls.running, ORIGIN, key, String(dies)]);
    let printed = '';
    let failed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      failed += text;
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return {
      child,
      errors: () => failed,
      // A line that was cut off by the kill was not acknowledged.
      appends: (): Appended[][] =>
        printed
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Appended[]),
      ended: new Promise<NodeJS.Signals | number | null>((resolve) =>
        child.once('close', (code, signal) => resolve(signal ?? code)),
      ),
    };
  };
  const processes = [start(0), start(20), start(0)];
  const [first, second, third] = processes as [(typeof processes)[0], (typeof processes)[0], (typeof processes)[0]];
  await eventually(async () => processes.every((one) => one.appends().length > 5));
  expect(await second.ended).toBe('SIGKILL');
  const atDeath = [first, third].map((one) => one.appends().length);
  await eventually(async () => [first, third].every((one, i) => one.appends().length > (atDeath[i] ?? 0) + 20));
  for (const one of [first, third]) one.child.kill('SIGTERM');
  expect(await Promise.all([first.ended, third.ended])).toEqual([0, 0]);
  expect(processes.map((one) => one.errors())).toEqual(['', '', '']);

  const acknowledged = processes.flatMap((one) => one.appends().flat());
  expect(new Set(acknowledged.map(({ index }) => index)).size).toBe(acknowledged.length);
  const rows = await entriesOf(database);
  expect(rows.map(({ index }) => index)).toEqual(rows.map((_, i) => BigInt(i)));
  for (const { commitment, index } of acknowledged) expect(toHex(rows[index]!.commitment)).toBe(commitment);
  expect(new Set(rows.map(({ commitment }) => toHex(commitment))).size).toBe(rows.length);
  const halves = await database.owner`
    SELECT 1 FROM (SELECT convert_from(bytes, 'UTF8')::json->'body'->>'pair' AS pair FROM ledger.record) AS record
    WHERE pair IS NOT NULL GROUP BY pair HAVING count(*) <> 2`;
  expect(halves).toEqual([]);
  // Several signed, under one key: every signed root is recomputed from the entries, one a size.
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const [signed] = await database.owner<{ count: bigint; sizes: bigint }[]>`
    SELECT count(*) AS count, count(DISTINCT size) AS sizes FROM ledger.checkpoint`;
  expect(signed?.count).toBe(signed?.sizes);
  expect(signed?.count).toBeGreaterThan(3n);
  const audit = await auditOwn(database.owner, nodeCrypto, {
    origin: ORIGIN,
    logKeys: [formatVkey(nodeCrypto, ORIGIN, ED25519, raw)],
    witnessesOf: () => [],
  });
  expect(audit.findings).toEqual([]);
});

test('a server with other settings behind the same address acknowledges nothing, until they are right', async () => {
  const nodes = await HandlerNodes.open('KZ');
  onTestFinished(() => nodes.close());
  const file = async () => call(tradeRouter.fileDossier, filing() as never, { context: await nodes.as('KZ/exporter') });
  await file();
  const admin = connect(inject('adminUrl'), { max: 1 });
  onTestFinished(() => admin.end());
  const { sql, ledger } = nodes.node('KZ').context;
  const [own] = await sql<{ role: string }[]>`SELECT current_user AS role`;
  /** As after a failover: all connections are made anew, to a server that is set up otherwise. */
  const failOver = async (synchronousCommit: string): Promise<void> => {
    await admin.unsafe(`ALTER ROLE ${own!.role} SET synchronous_commit = ${synchronousCommit}`);
    await admin`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = ${own!.role}`;
  };
  await failOver('off');
  const size = await eventually(() => ledger.size());
  await expect(file()).rejects.toMatchObject({
    code: 'database-not-durable',
    params: { setting: 'synchronous_commit' },
  });
  expect(await ledger.size()).toBe(size);
  await failOver('on');
  await eventually(file);
  expect(await ledger.size()).toBeGreaterThan(size);
});
