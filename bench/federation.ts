import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient, credentialsFor } from '../cli/api-client.ts';
import { startDemo } from '../cli/up.ts';
import { removeEmbedded } from '../storage/embedded.ts';
import { quantile, report } from './report.ts';

/**
 * Dossiers over six real node processes: from the request that files one to the moment when the last route member shows it, and to
 * the moment when its records are final. Peers: none; no other system does this.
 */

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

export async function run({ full }: { readonly full: boolean }): Promise<void> {
  const [rate, seconds] = full ? [20, 60] : [5, 10];
  const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-bench-')), 'demo');
  const demo = await startDemo({
    directory,
    basePort: 10_000 + Math.floor(Math.random() * 200) * 100,
    signal: new AbortController().signal,
    say: (line) => process.stdout.write(`${line}\n`),
  });
  const shown: number[] = [];
  const final: number[] = [];
  let lost = 0;
  try {
    const client = (as: string): ApiClient => new ApiClient(credentialsFor(as, directory, {}));
    const [filer, desk, home] = [client('UZ/exporter'), client('CN/customs'), client('UZ/customs')];
    const one = async (): Promise<void> => {
      const body = filing();
      const started = performance.now();
      await filer.call('POST', '/api/dossiers', { body });
      const until = started + 30_000;
      while ((await desk.send('GET', `/api/dossiers/${body.dossier}`)).status !== 200) {
        if (performance.now() > until) return void lost++;
        await delay(25);
      }
      shown.push(performance.now() - started);
      for (;;) {
        const { records } = await home.call<{ records: { publication: string }[] }>(
          'GET',
          `/api/dossiers/${body.dossier}`,
        );
        if (records.every(({ publication }) => publication === 'final')) break;
        if (performance.now() > until) return void lost++;
        await delay(50);
      }
      final.push(performance.now() - started);
    };
    await one();
    shown.length = 0;
    final.length = 0;
    const running: Promise<void>[] = [];
    for (let i = 0; i < rate * seconds; i++) {
      running.push(one());
      await delay(1000 / rate);
    }
    await Promise.all(running);
  } finally {
    await demo.stop();
    removeEmbedded(join(directory, 'postgres'));
    rmSync(join(directory, '..'), { recursive: true, force: true });
  }
  const name = (what: string): string => `${what}, ${rate} dossiers/s for ${seconds} s`;
  report('federation', [
    {
      name: name('shown at the last member, p50'),
      value: quantile(shown, 0.5),
      unit: 'ms',
      target: '≤ 1000',
      ok: quantile(shown, 0.5) <= 1000,
    },
    {
      name: name('shown at the last member, p99'),
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
  ]);
}
