import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '../ledger/ledger.ts';
import { type Envelope, seal, uuidv7 } from '../log/envelope.ts';
import { ED25519, formatVkey } from '../log/note.ts';
import { byteaArray, connect, type Sql } from '../storage/connection.ts';
import { ensureDatabase } from '../storage/database.ts';
import { removeEmbedded, startEmbedded } from '../storage/embedded.ts';
import { migrate } from '../storage/migrate.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { type Figure, median, quantile, report } from './report.ts';

/**
 * Durable appends of 1.5 kB records, `seal` and `append` together with 512 in flight, beside plain batched inserts of rows of the
 * same size in the same PostgreSQL with the same fsync. No fold: this is the log alone.
 */

const ORIGIN = 'demo.aa.dostyk/log';
const IN_FLIGHT = 512;
const RUNS = 3;

function envelope(i: number): Envelope {
  return {
    v: 1,
    id: uuidv7(Date.now(), nodeRandom),
    log: ORIGIN,
    registry: 1,
    type: 'decision',
    issuer: { member: 'AA' },
    to: [{ member: 'KZ' }],
    after: [],
    at: new Date().toISOString(),
    body: { i, text: 'x'.repeat(1230) },
  };
}

async function ours(adminUrl: string, name: string, size: number): Promise<{ rate: number; p99: number }> {
  const urls = await ensureDatabase(adminUrl, name);
  const owner = connect(urls.migration, { max: 1 });
  await migrate(owner, 'ledger');
  const sql = connect(urls.running, { max: 8 });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const vkey = formatVkey(nodeCrypto, ORIGIN, ED25519, publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const ledger = await Ledger.open({
    sql,
    origin: ORIGIN,
    member: 'KZ',
    registryVersion: 1,
    signer: { vkey, sign: async (bytes) => sign(null, bytes, privateKey) },
    quorum: 4,
    crypto: nodeCrypto,
    clock: () => new Date(),
    random: nodeRandom,
    fold: async () => undefined,
    maxQueue: 10_000,
  });
  ledger.start();
  const times: number[] = [];
  let next = 0;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (next < size) {
      const i = next++;
      const at = performance.now();
      // The issuer's country must exist; the log's owner is KZ.
      const sealed = seal({ ...envelope(i), issuer: { member: 'KZ' } }, { crypto: nodeCrypto, random: nodeRandom });
      await ledger.append([sealed], { account: 'bench' });
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, size) }, worker));
  const seconds = (performance.now() - started) / 1000;
  await ledger.stop();
  await Promise.all([sql.end(), owner.end()]);
  return { rate: size / seconds, p99: quantile(times, 0.99) };
}

async function plain(sql: Sql, size: number): Promise<number> {
  await sql`DROP TABLE IF EXISTS plain`;
  await sql`CREATE TABLE plain (index bigint PRIMARY KEY, bytes bytea NOT NULL)`;
  const row = Buffer.alloc(1500, 0x78);
  const started = performance.now();
  for (let from = 0; from < size; from += IN_FLIGHT) {
    const indexes = Array.from({ length: Math.min(IN_FLIGHT, size - from) }, (_, i) => String(from + i));
    await sql`INSERT INTO plain SELECT * FROM unnest(${indexes}::bigint[], ${byteaArray(
      sql,
      indexes.map(() => row),
    )})`;
  }
  return size / ((performance.now() - started) / 1000);
}

export async function run({ full }: { readonly full: boolean }): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'dostyk-bench-'));
  const server = await startEmbedded({ directory });
  const figures: Figure[] = [];
  try {
    const peer = connect(server.adminUrl, { max: 1 });
    await ours(server.adminUrl, 'warm', 500);
    await plain(peer, 500);
    for (const size of full ? [1000, 10_000, 100_000] : [1000, 10_000]) {
      const [rates, p99s, plains]: [number[], number[], number[]] = [[], [], []];
      for (let i = 0; i < RUNS; i++) {
        process.stdout.write(`${size} records, run ${i + 1} of ${RUNS}\n`);
        const { rate, p99 } = await ours(server.adminUrl, `bench_${size}_${i}`, size);
        rates.push(rate);
        p99s.push(p99);
        plains.push(await plain(peer, size));
      }
      const ratio = median(rates) / median(plains);
      figures.push({
        name: `appends, ${size} records of 1.5 kB`,
        value: median(rates),
        unit: 'records/s',
        peer: `plain inserts (${Math.round(median(plains))}/s)`,
        ratio,
        target: '≥ 0.55',
        ok: ratio >= 0.55,
      });
      figures.push({
        name: `append p99 at ${IN_FLIGHT} in flight, ${size} records`,
        value: median(p99s),
        unit: 'ms',
        target: '≤ 300',
        ok: median(p99s) <= 300,
      });
    }
    await peer.end();
  } finally {
    await server.stop();
    removeEmbedded(directory);
  }
  report('log', figures);
}
