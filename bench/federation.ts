import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient, credentialsFor } from '../cli/api-client.ts';
import { startDemo } from '../cli/up.ts';
import { connect, type Sql } from '../storage/connection.ts';
import { removeEmbedded } from '../storage/embedded.ts';
import { quantile, report } from './report.ts';

/**
 * Dossiers over six real node processes: from the request that files one to the moment when every route member has folded it, and to
 * the moment when its records are final. What a member has is read from its database, one question for all that is awaited: a
 * question for each would be most of the load. Peers: none; no other system does this.
 */

const LOOK_EVERY_MS = 25;
const PATIENCE_MS = 60_000;

function filing() {
  const party = (name: string, country: string) => ({ name, country });
  const place = (name: string, country: string) => ({ name, country });
  return {
    dossier: randomUUID(),
    route: {
      origin: place('Here', 'UZ'),
      destination: place('There', 'CN'),
      posts: ['uz-yallama', 'kz-konysbayeva', 'kz-nur-zholy', 'cn-khorgos'],
    },
    sections: {
      goods: {
        consignor: party('Bench', 'UZ'),
        consignee: party('Bench', 'CN'),
        items: [
          {
            number: 1,
            hs: '081310',
            description: 'Dried apricots',
            origin: 'UZ',
            netMass: '1000',
            grossMass: '1100',
            packages: [{ code: 'CT', count: 100 }],
          },
        ],
        grossMass: '1100',
      },
      transport: {
        carrier: party('Bench', 'UZ'),
        legs: [{ mode: 'road', from: place('Here', 'UZ'), to: place('There', 'CN') }],
      },
    },
  };
}

interface Awaited {
  readonly started: number;
  /** Behind the last of its records. */
  readonly end: bigint;
}

/** Tells when each dossier that is awaited is there, until the signal. */
async function watch(signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await look();
    await delay(LOOK_EVERY_MS);
  }
}

/** Seconds of user and system time. */
function processorTimes(pids: readonly (number | undefined)[]): number[] {
  return pids.map((pid) => {
    const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const ticks = fields.join(' ').split(' ');
    return (Number(ticks[11]) + Number(ticks[12])) / 100;
  });
}

export async function run({ full }: { readonly full: boolean }): Promise<void> {
  const [rate, seconds] = full ? [20, 60] : [5, 10];
  const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-bench-')), 'demo');
  const demo = await startDemo({
    directory,
    basePort: 10_000 + Math.floor(Math.random() * 200) * 100,
    signal: new AbortController().signal,
    say: (line) => process.stdout.write(`${line}\n`),
  });
  const databases = new Map(demo.nodes.map(({ member, databaseUrl }) => [member, connect(databaseUrl, { max: 1 })]));
  const database = (member: string): Sql => databases.get(member) as Sql;
  const done = new AbortController();
  const shown: number[] = [];
  const final: number[] = [];
  let lost = 0;
  let used: number[] = [];
  try {
    const filer = new ApiClient(credentialsFor('UZ/exporter', directory, {}));
    /** By member, what it has not folded; by '', what is not final. */
    const open = new Map(['KZ', 'CN', ''].map((name) => [name, new Map<string, Awaited>()]));
    const awaited = (name: string): Map<string, Awaited> => open.get(name) as Map<string, Awaited>;
    const arrived = (name: string, dossier: string): void => {
      const one = awaited(name).get(dossier);
      if (one === undefined) return;
      awaited(name).delete(dossier);
      const took = performance.now() - one.started;
      if (name === '') final.push(took);
      else if (!['KZ', 'CN'].some((other) => awaited(other).has(dossier))) shown.push(took);
    };
    const watching = [
      ...['KZ', 'CN'].map((member) =>
        watch(done.signal, async () => {
          const asked = [...awaited(member).keys()];
          if (asked.length === 0) return;
          const rows = await database(member)<{ dossier: string }[]>`
            SELECT dossier FROM trade.dossier WHERE dossier = ANY (${asked}::text[])`;
          for (const { dossier } of rows) arrived(member, dossier);
        }),
      ),
      watch(done.signal, async () => {
        if (awaited('').size === 0) return;
        const [row] = await database('UZ')<{ size: bigint | null }[]>`
          SELECT max(size) AS size FROM (
            SELECT size FROM ledger.cosignature WHERE size > (SELECT max(size) FROM ledger.checkpoint) - 5000
            GROUP BY size HAVING count(DISTINCT witness) >= 4) AS cosigned`;
        for (const [dossier, { end }] of awaited('')) if (end <= (row?.size ?? 0n)) arrived('', dossier);
      }),
    ];
    const one = async (): Promise<void> => {
      const body = filing();
      const started = performance.now();
      const { records } = await filer.call<{ records: { index: number }[] }>('POST', '/api/dossiers', { body });
      const end = BigInt(Math.max(...records.map(({ index }) => index)) + 1);
      for (const name of ['KZ', 'CN', '']) awaited(name).set(body.dossier, { started, end });
    };
    const settled = async (): Promise<void> => {
      const until = performance.now() + PATIENCE_MS;
      while ([...open.values()].some((list) => list.size > 0) && performance.now() < until) await delay(50);
    };
    for (let i = 0; i < 10; i++) await one();
    await settled();
    shown.length = 0;
    final.length = 0;
    const pids = [...demo.nodes.map(({ pid }) => pid()), process.pid];
    const before = processorTimes(pids);
    const running: Promise<void>[] = [];
    const begun = performance.now();
    for (let i = 0; i < rate * seconds; i++) {
      running.push(one());
      await delay(Math.max(0, begun + ((i + 1) * 1000) / rate - performance.now()));
    }
    await Promise.all(running);
    await settled();
    used = processorTimes(pids).map((after, i) => after - (before[i] ?? 0));
    lost = new Set([...open.values()].flatMap((list) => [...list.keys()])).size;
    done.abort();
    await Promise.all(watching);
  } finally {
    done.abort();
    await Promise.all([...databases.values()].map((sql) => sql.end({ timeout: 5 })));
    await demo.stop();
    removeEmbedded(join(directory, 'postgres'));
    rmSync(join(directory, '..'), { recursive: true, force: true });
  }
  const name = (what: string): string => `${what}, ${rate} dossiers/s for ${seconds} s`;
  report('federation', [
    {
      name: name('folded at every route member, p50'),
      value: quantile(shown, 0.5),
      unit: 'ms',
      target: '≤ 1000',
      ok: quantile(shown, 0.5) <= 1000,
    },
    {
      name: name('folded at every route member, p99'),
      value: quantile(shown, 0.99),
      unit: 'ms',
      target: '≤ 3000',
      ok: quantile(shown, 0.99) <= 3000,
    },
    {
      name: name('final, p99'),
      value: quantile(final, 0.99),
      unit: 'ms',
      target: '≤ 5000',
      ok: quantile(final, 0.99) <= 5000,
    },
    { name: name('lost'), value: lost, unit: 'dossiers', target: '0', ok: lost === 0 },
    ...[...demo.nodes.map(({ member }) => `the node of ${member}`), 'the bench itself'].map((who, i) => ({
      name: `processor time of ${who}`,
      value: (1000 * (used[i] ?? 0)) / (rate * seconds),
      unit: 'ms a dossier',
    })),
  ]);
}
