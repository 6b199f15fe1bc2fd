import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tilePath } from '../log/tile.ts';
import { makeDemo } from '../members/genesis.ts';
import { readKey, signerOf } from '../members/keys.ts';
import { openRegistry } from '../members/registry.ts';
import { readRegistryFolder } from '../members/registry-folder.ts';
import { DOMAINS } from '../platform.ts';
import { connect } from '../storage/connection.ts';
import { ensureDatabase } from '../storage/database.ts';
import { removeEmbedded, startEmbedded } from '../storage/embedded.ts';
import { migrate } from '../storage/migrate.ts';
import { packageRoot } from '../storage/package-root.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { fill } from './filling.ts';
import { report } from './report.ts';

/**
 * A real node process whose old space holds 192 MiB, over a database of 100,000 records: it opens its log, is read whole by
 * its public routes, and `dostyk replay` under the same limit folds all of it anew.
 */

const MEMBER = 'UZ';
const RECORDS = 100_000;
const LIMIT = 'max-old-space-size=192';

/** The most memory that a process has had, in MiB; undefined where it has just ended. */
function peakOf({ pid }: ChildProcess): number | undefined {
  try {
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return peak === undefined ? undefined : Number(peak) / 1024;
  } catch {
    return undefined;
  }
}

export async function run({ full }: { readonly full: boolean }): Promise<void> {
  const records = full ? RECORDS : RECORDS / 10;
  const directory = mkdtempSync(join(tmpdir(), 'dostyk-bench-'));
  const demo = join(directory, 'demo');
  const port = 10_000 + Math.floor(Math.random() * 20_000);
  const server = await startEmbedded({ directory: join(directory, 'postgres') });
  const children: ChildProcess[] = [];
  try {
    const genesis = await makeDemo({ directory: demo, basePort: port, random: nodeRandom, now: new Date() });
    const registry = await openRegistry(nodeCrypto, readRegistryFolder(join(demo, 'registry')), genesis);
    const folder = join(demo, 'members', MEMBER.toLowerCase());
    const urls = await ensureDatabase(server.adminUrl, 'memory');
    const owner = connect(urls.migration, { max: 1 });
    for (const domain of DOMAINS) await migrate(owner, domain);
    const sql = connect(urls.running, { max: 8 });
    process.stdout.write(`filling: ${records} records\n`);
    const signer = signerOf(readKey(join(folder, 'keys', 'log.key')));
    await fill(sql, { member: MEMBER, registry, signer, records });
    const [row] = await sql<{ size: bigint }[]>`SELECT max(size) AS size FROM ledger.checkpoint`;
    const size = row?.size ?? 0n;
    const settings = JSON.parse(readFileSync(join(folder, 'node.json'), 'utf8')) as {
      address: string;
      issuer: string;
      host: string;
      port: number;
    };
    const start = (command: string): ChildProcess => {
      const child = spawn(process.execPath, [`--${LIMIT}`, join(packageRoot(), 'dist', 'cli', 'main.js'), command], {
        env: {
          PATH: process.env['PATH'],
          DATABASE_URL: urls.running,
          DOSTYK_MEMBER: MEMBER,
          DOSTYK_KEYS: join(folder, 'keys'),
          DOSTYK_REGISTRY: join(demo, 'registry'),
          DOSTYK_GENESIS: genesis,
          DOSTYK_ACCOUNTS: join(folder, 'accounts.json'),
          DOSTYK_ISSUER: settings.issuer,
          DOSTYK_ABSENT: registry
            .others(MEMBER)
            .map(({ code }) => code)
            .join(','),
          HOST: settings.host,
          PORT: String(settings.port),
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      children.push(child);
      return child;
    };
    const node = start('node');
    const begun = performance.now();
    const ask = async (path: string): Promise<Response> => fetch(`${settings.address}${path}`);
    while (
      !(await ask('/health').then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (node.exitCode !== null || performance.now() - begun > 120_000) throw new Error('The node does not come up.');
      await delay(50);
    }
    const upAfter = (performance.now() - begun) / 1000;
    for (let n = 0n; n * 256n < size; n++) {
      const width = size - n * 256n >= 256n ? 256 : Number(size - n * 256n);
      const answer = await ask(`/log/${tilePath({ level: 'entries', n, width })}`);
      if (!answer.ok) throw new Error(`${answer.status} for the bundle ${n}`);
      await answer.arrayBuffer();
    }
    const nodePeak = peakOf(node) ?? Number.NaN;
    node.kill('SIGTERM');
    await new Promise((resolve) => node.once('exit', resolve));
    const replaying = start('replay');
    let replayPeak = 0;
    const ended = new Promise<number | null>((resolve) => replaying.once('exit', resolve));
    while (replaying.exitCode === null && replaying.signalCode === null) {
      replayPeak = peakOf(replaying) ?? replayPeak;
      await delay(100);
    }
    const code = await ended;
    await Promise.all([sql.end(), owner.end()]);
    report('memory', [
      { name: `a node over ${size} entries, --${LIMIT}: up after`, value: upAfter, unit: 's' },
      { name: 'its peak, the whole log read', value: nodePeak, unit: 'MiB resident' },
      {
        name: `dostyk replay under the same limit ends with ${code}, peak`,
        value: replayPeak,
        unit: 'MiB resident',
        target: 'ends with 0',
        ok: code === 0,
      },
    ]);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await server.stop();
    removeEmbedded(join(directory, 'postgres'));
    rmSync(directory, { recursive: true, force: true });
  }
}
