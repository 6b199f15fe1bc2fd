import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RunningIssuer } from '../http/identity-provider.ts';
import { AccountsFile } from '../members/account.ts';
import { makeDemo, type NodeSettings } from '../members/genesis.ts';
import { ensureDatabase } from '../storage/database.ts';
import { type EmbeddedServer, startEmbedded } from '../storage/embedded.ts';
import { toBase64Url } from '../values/bytes.ts';
import { nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { demoClients } from './api-client.ts';
import { Supervised } from './supervisor.ts';

/** A demonstration on one machine: PostgreSQL, one issuer a member, one node process a member, all kept running. */

export interface UpOptions {
  readonly directory: string;
  readonly basePort: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface RunningDemo {
  readonly nodes: readonly {
    readonly member: string;
    readonly address: string;
    readonly pid: () => number | undefined;
    /** As the running role. */
    readonly databaseUrl: string;
  }[];
  readonly postgresPid: () => number;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

function settingsOf(directory: string): (NodeSettings & { readonly folder: string })[] {
  const folder = join(directory, 'members');
  return readdirSync(folder)
    .sort()
    .map((name) => ({
      ...(JSON.parse(readFileSync(join(folder, name, 'node.json'), 'utf8')) as NodeSettings),
      folder: join(folder, name),
    }));
}

/** What the operator sets for the logs and traces of every node. */
const told = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(([name]) =>
      /^(DOSTYK_LOG_LEVEL|DOSTYK_TEST_SPANS|NODE_OPTIONS|OTEL_\w+)$/.test(name),
    ),
  );

/** Keeps the embedded server running: started again with growing pauses when it dies. */
async function keepPostgres(options: UpOptions): Promise<{ current: () => EmbeddedServer; stop: () => Promise<void> }> {
  const { directory, say } = options;
  const start = (): Promise<EmbeddedServer> => startEmbedded({ directory: join(directory, 'postgres') });
  let server = await start();
  let stopping = false;
  const watch = async (): Promise<void> => {
    for (let pause = 200; !stopping; ) {
      await server.exited;
      if (stopping) return;
      say(`PostgreSQL ended; it is started again in ${pause} ms`);
      await delay(pause);
      pause = Math.min(10_000, pause * 2);
      try {
        server = await start();
        pause = 200;
      } catch (error) {
        say(`PostgreSQL does not start: ${(error as Error).message}`);
      }
    }
  };
  const watching = watch();
  return {
    current: () => server,
    stop: async () => {
      stopping = true;
      await server.stop();
      await watching;
    },
  };
}

async function healthy(address: string, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(`${address}/health`, { signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]) });
    return answer.ok;
  } catch {
    // Not up yet.
    return false;
  }
}

/**
 * Starts everything, making the demonstration first where there is none.
 * @throws Refusal 503 `node-not-started` naming the log file, when a node does not come up within three minutes
 */
export async function startDemo(options: UpOptions): Promise<RunningDemo> {
  const { basePort, signal, say } = options;
  const directory = resolve(options.directory);
  if (!existsSync(join(directory, 'registry', 'genesis.txt'))) {
    say(`Making a demonstration of equal members in ${options.directory}`);
    await makeDemo({ directory, basePort, random: nodeRandom, now: new Date() });
  }
  const settings = settingsOf(directory);
  const genesis = readFileSync(join(directory, 'registry', 'genesis.txt'), 'utf8').trim();
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const act of undo.splice(0).reverse()) await act();
  };
  try {
    say('Starting PostgreSQL');
    const postgres = await keepPostgres({ ...options, directory });
    undo.push(() => postgres.stop());
    // Loaded only here: no other command needs an identity provider.
    const { startIssuer } = await import('../http/identity-provider.ts');
    const clients = Object.values(demoClients(directory));
    const issuers: RunningIssuer[] = [];
    undo.push(() => Promise.all(issuers.map((issuer) => issuer.stop())));
    // The nodes' own clients live as long as this demonstration runs.
    const browsers = new Map(
      settings.map(({ member, address }) => [
        member,
        { clientId: `${member.toLowerCase()}-web`, clientSecret: toBase64Url(nodeRandom(24)), address },
      ]),
    );
    for (const { member, issuer, address, host, folder } of settings) {
      const own = clients.filter((client) => client.member === member);
      const { accounts } = AccountsFile.parse(JSON.parse(readFileSync(join(folder, 'accounts.json'), 'utf8')));
      const browser = browsers.get(member);
      issuers.push(
        await startIssuer({
          issuer,
          host,
          port: Number(new URL(issuer).port),
          clients: own,
          accounts,
          ...(browser === undefined ? {} : { browser }),
          resource: `${address}/api`,
        }),
      );
    }
    say(`Starting ${settings.length} nodes`);
    const nodes: Supervised[] = [];
    const databases: string[] = [];
    undo.push(() => Promise.all(nodes.map((node) => node.stop())));
    for (const { member, folder, host, port, issuer } of settings) {
      const urls = await ensureDatabase(postgres.current().adminUrl, `dostyk_${member.toLowerCase()}`);
      databases.push(urls.running);
      const node = new Supervised({
        name: member,
        command: process.execPath,
        args: ['--enable-source-maps', MAIN, 'node'],
        env: {
          PATH: process.env['PATH'],
          ...told(process.env),
          DATABASE_URL: urls.running,
          DATABASE_MIGRATION_URL: urls.migration,
          DATABASE_ERASURE_URL: urls.erasure,
          DOSTYK_MEMBER: member,
          DOSTYK_KEYS: join(folder, 'keys'),
          DOSTYK_REGISTRY: join(directory, 'registry'),
          DOSTYK_GENESIS: genesis,
          DOSTYK_WITNESS_MARKS: join(folder, 'witness-marks.json'),
          DOSTYK_HIGH_WATER: join(folder, 'high-water.json'),
          DOSTYK_ACCOUNTS: join(folder, 'accounts.json'),
          DOSTYK_ISSUER: issuer,
          DOSTYK_CLIENT_ID: browsers.get(member)?.clientId,
          DOSTYK_CLIENT_SECRET: browsers.get(member)?.clientSecret,
          HOST: host,
          PORT: String(port),
        },
        logFile: join(directory, 'logs', `${member.toLowerCase()}.log`),
        onExit: (name, code, pause) =>
          say(`The node of ${name} ended with ${code}; it is started again in ${pause} ms`),
      });
      node.start();
      nodes.push(node);
    }
    const until = performance.now() + 180_000;
    for (const { member, address } of settings) {
      while (!(await healthy(address, signal))) {
        signal.throwIfAborted();
        if (performance.now() > until) {
          throw new Refusal(503, 'node-not-started', `The node of ${member} does not come up.`, {
            remedy: `See ${join(options.directory, 'logs', `${member.toLowerCase()}.log`)}`,
          });
        }
        await delay(100);
      }
    }
    return {
      nodes: settings.map(({ member, address }, i) => ({
        member,
        address,
        pid: () => nodes[i]?.pid,
        databaseUrl: databases[i] ?? '',
      })),
      postgresPid: () => postgres.current().pid,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
