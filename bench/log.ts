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
 * Durable appends of 1.5 kB records, `seal` and `append` together with 512 in flight, beside plain batched inserts of the same bytes
 * in the same PostgreSQL with the same fsync. No fold: this is the log alone. Both have written before the clock starts. With
 * `--full` one log grows to a million entries, and the rate is taken anew at each decade.
 */

const ORIGIN = 'demo.aa.dostyk/log';
const IN_FLIGHT = 512;
const RUNS = 3;
/** Records before the clock starts: statements prepared, code compiled. */
const WARM_UP = 2000;

function envelope(i: number): Envelope {
  return {
    v: 1,
    id: uuidv7(Date.now(), nodeRandom),
    log: ORIGIN,
    registry: 1,
    type: 'decision',
    issuer: { member: 'KZ' },
    to: [{ member: 'CN' }],
    after: [],
    at: new Date().toISOString(),
    body: { i, text: 'x'.repeat(1230) },
  };
}

interface OpenLog {
  /** Appends so many records with 512 in flight. */
  append(count: number): Promise<{ readonly rate: number; readonly p99: number }>;
  size(): Promise<bigint>;
  close(): Promise<void>;
}

async function openLog(adminUrl: string, name: string): Promise<OpenLog> {
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
  let said = 0;
  return {
    size: () => ledger.size(),
    append: async (count) => {
      const times: number[] = [];
      let next = 0;
      const started = performance.now();
      const worker = async (): Promise<void> => {
        while (next < count) {
          next++;
          const at = performance.now();
          const sealed = seal(envelope(said++), { crypto: nodeCrypto, random: nodeRandom });
          await ledger.append([sealed], { account: 'bench' });
          times.push(performance.now() - at);
        }
      };
      await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, count) }, worker));
      return { rate: (1000 * count) / (performance.now() - started), p99: quantile(times, 0.99) };
    },
    close: async () => {
      await ledger.stop();
      await Promise.all([sql.end(), owner.end()]);
    },
  };
}

async function plain(sql: Sql, size: number): Promise<number> {
  await sql`DROP TABLE IF EXISTS plain`;
  await sql`CREATE TABLE plain (index bigint PRIMARY KEY, bytes bytea NOT NULL)`;
  const { bytes: row } = seal(envelope(0), { crypto: nodeCrypto, random: nodeRandom });
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

/** One log, filled up to each decade; the rate of the next 10,000 records there. */
async function growing(adminUrl: string): Promise<Figure[]> {
  const log = await openLog(adminUrl, 'bench_growing');
  const rates: { readonly size: number; readonly rate: number }[] = [];
  try {
    for (const size of [10_000, 100_000, 1_000_000]) {
      for (let here = Number(await log.size()); here < size; here = Number(await log.size())) {
        process.stdout.write(`\rgrowing: ${here} of ${size} entries `);
        await log.append(Math.min(10_000, size - here));
      }
      const runs: number[] = [];
      for (let i = 0; i < RUNS; i++) runs.push((await log.append(10_000)).rate);
      rates.push({ size, rate: median(runs) });
    }
  } finally {
    process.stdout.write('\n');
    await log.close();
  }
  const first = rates[0]?.rate ?? 0;
  return rates.map(({ size, rate }, i) => ({
    name: `appends at ${size} entries`,
    value: rate,
    unit: 'records/s',
    ...(i === 0
      ? {}
      : {
          peer: 'the rate at 10000',
          ratio: rate / first,
          target: 'within 30%',
          ok: rate >= 0.7 * first && rate <= 1.3 * first,
        }),
  }));
}

export async function run({ full }: { readonly full: boolean }): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'dostyk-bench-'));
  const server = await startEmbedded({ directory });
  const figures: Figure[] = [];
  try {
    const peer = connect(server.adminUrl, { max: 1 });
    for (const size of [1000, 10_000]) {
      const [rates, p99s, plains]: [number[], number[], number[]] = [[], [], []];
      for (let i = 0; i < RUNS; i++) {
        process.stdout.write(`${size} records, run ${i + 1} of ${RUNS}\n`);
        const log = await openLog(server.adminUrl, `bench_${size}_${i}`);
        await log.append(WARM_UP);
        const { rate, p99 } = await log.append(size);
        await log.close();
        rates.push(rate);
        p99s.push(p99);
        await plain(peer, WARM_UP);
        plains.push(await plain(peer, size));
      }
      const ratio = median(rates) / median(plains);
      figures.push(
        {
          name: `appends, ${size} records of 1.5 kB`,
          value: median(rates),
          unit: 'records/s',
          peer: `plain inserts (${Math.round(median(plains))}/s)`,
          ratio,
          target: '≥ 0.55, ≥ 6000/s',
          ok: ratio >= 0.55 && median(rates) >= 6000,
        },
        {
          name: `append p99 at ${IN_FLIGHT} in flight, ${size} records`,
          value: median(p99s),
          unit: 'ms',
          target: '≤ 300',
          ok: median(p99s) <= 300,
        },
      );
    }
    if (full) figures.push(...(await growing(server.adminUrl)));
    await peer.end();
  } finally {
    await server.stop();
    removeEmbedded(directory);
  }
  report('log', figures);
}
