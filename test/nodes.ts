import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen, type RunningServer } from '../http/listen.ts';
import { createApp } from '../http/server.ts';
import { SignIn } from '../http/sign-in.ts';
import { type Envelope, seal, uuidv7 } from '../log/envelope.ts';
import type { VerifyOptions } from '../log/verify.ts';
import { authorship } from '../members/authorship.ts';
import { makeDemo, type NodeSettings } from '../members/genesis.ts';
import type { Secrets } from '../members/key-secrets.ts';
import { registryReader } from '../members/registry.ts';
import { type DostykNode, openNode } from '../platform.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { basePort } from './ports.ts';
import { type TestDatabase, testDatabase } from './postgres.ts';

interface Running {
  readonly node: DostykNode;
  readonly server: RunningServer;
}

/** Where a member's node reads the registry: each its own. */
export const registryFolder = (directory: string, member: string): string =>
  join(directory, 'members', member.toLowerCase(), 'registry');

/** The nodes of a demonstration in one process, each on its own database, which talk to each other over real HTTP. */
export class FederatedNodes {
  readonly directory: string;
  readonly genesis: string;
  readonly members: readonly string[];
  /** Members whose node is given no connection of the erasure role when it is opened next. */
  readonly withoutErasure = new Set<string>();
  /** By member, whom its operator names as absent when its node is opened next. */
  readonly absent = new Map<string, readonly string[]>();
  readonly #databases: ReadonlyMap<string, TestDatabase>;
  readonly #running = new Map<string, Running>();
  readonly #registryMs: number | undefined;
  /** By member, what opens its keys where they are not in clear. */
  readonly secrets = new Map<string, Secrets>();
  /** What nodes told of as not done, by member and act. */
  readonly errors: string[] = [];
  #reopening: Promise<void> = Promise.resolve();
  /** Why a node that was to be opened anew is not there. */
  readonly #failures = new Map<string, unknown>();

  private constructor(
    directory: string,
    genesis: string,
    databases: ReadonlyMap<string, TestDatabase>,
    members: readonly string[],
    registryMs: number | undefined,
  ) {
    this.#registryMs = registryMs;
    this.directory = directory;
    this.genesis = genesis;
    this.#databases = databases;
    this.members = members;
  }

  /** How anybody verifies what these nodes give out, now. */
  verifyOptions(): VerifyOptions {
    return {
      crypto: nodeCrypto,
      now: new Date(),
      genesis: this.genesis,
      registry: registryReader(nodeCrypto),
      authorship,
      allowDemo: true,
    };
  }

  /** @param registryMs how often each asks the others for versions of the registry */
  static async start(registryMs?: number): Promise<FederatedNodes> {
    const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-nodes-')), 'demo');
    const genesis = await makeDemo({ directory, basePort: await basePort(), random: nodeRandom, now: new Date() });
    const { members } = JSON.parse(readFileSync(join(directory, 'registry', '000001.json'), 'utf8')) as {
      members: { code: string }[];
    };
    const codes = members.map(({ code }) => code);
    for (const code of codes) cpSync(join(directory, 'registry'), registryFolder(directory, code), { recursive: true });
    const databases = new Map<string, TestDatabase>();
    for (const code of codes) databases.set(code, await testDatabase([]));
    const nodes = new FederatedNodes(directory, genesis, databases, codes, registryMs);
    await Promise.all(codes.map((code) => nodes.open(code)));
    return nodes;
  }

  node(member: string): DostykNode {
    const running = this.#running.get(member);
    if (running === undefined)
      throw new Error(`no node of ${member}`, { cause: this.#failures.get(member) ?? 'it is being opened anew' });
    return running.node;
  }

  database(member: string): TestDatabase {
    const database = this.#databases.get(member);
    if (database === undefined) throw new Error(`no database of ${member}`);
    return database;
  }

  settings(member: string): NodeSettings {
    const file = join(this.directory, 'members', member.toLowerCase(), 'node.json');
    return JSON.parse(readFileSync(file, 'utf8')) as NodeSettings;
  }

  /** Starts a member's node, for the first time or again on the database it had. */
  async open(member: string): Promise<void> {
    const folder = join(this.directory, 'members', member.toLowerCase());
    const { urls } = this.database(member);
    const node = await openNode({
      member,
      databaseUrl: urls.running,
      migrationUrl: urls.migration,
      ...(this.withoutErasure.has(member) ? {} : { erasureUrl: urls.erasure }),
      absent: this.absent.get(member) ?? [],
      keys: join(folder, 'keys'),
      secrets: this.secrets.get(member),
      registry: registryFolder(this.directory, member),
      genesis: this.genesis,
      accounts: JSON.parse(readFileSync(join(folder, 'accounts.json'), 'utf8')),
      sequenceEveryMs: 5,
      signEveryMs: 100,
      witnessMarks: join(folder, 'witness-marks.json'),
      highWater: join(folder, 'high-water.json'),
      ...(this.#registryMs === undefined ? {} : { registryMs: this.#registryMs }),
      onError: (act, error) => void this.errors.push(`${member}: ${act}: ${(error as Error).message}`),
      onRegistry: () => {
        this.#reopening = this.#reopening
          .then(() => this.#reopen(member))
          .catch((error: unknown) => void this.#failures.set(member, error));
      },
    });
    const { issuer, address, host, port } = this.settings(member);
    const clock = () => new Date();
    const signIn = new SignIn({ issuer, audience: `${address}/api`, accounts: node.accounts, clock });
    const server = await listen(createApp({ node, signIn }), { host, port });
    this.#running.set(member, { node, server });
    await node.start();
  }

  /** Under another registry, as `dostyk node` does. */
  async #reopen(member: string): Promise<void> {
    if (!this.#running.has(member)) return;
    await this.stop(member);
    await this.open(member);
  }

  /** When all that took up another registry are open again, and take records. */
  async reopened(): Promise<void> {
    let seen: Promise<void> | undefined;
    while (seen !== this.#reopening) {
      seen = this.#reopening;
      await seen;
    }
  }

  async stop(member: string): Promise<void> {
    const running = this.#running.get(member);
    this.#running.delete(member);
    await running?.server.stop();
    await running?.node.stop();
  }

  async close(): Promise<void> {
    await this.#reopening;
    await Promise.all([...this.#running.keys()].map((member) => this.stop(member)));
    for (const database of this.#databases.values()) await database.drop();
    rmSync(join(this.directory, '..'), { recursive: true, force: true });
  }

  /** Puts one record in a member's log, said under a version of the registry. @returns its index */
  async append(member: string, to: Envelope['to'], version?: number): Promise<number> {
    const { ledger, origin, registry } = this.node(member).context;
    const record: Envelope = {
      v: 1,
      id: uuidv7(Date.now(), nodeRandom),
      log: origin,
      registry: version ?? registry.document.version,
      type: 'withdrawal',
      issuer: { member },
      to,
      after: [],
      at: new Date().toISOString(),
      body: { operator: `${member.toLowerCase()}.exporter` },
    };
    const sealed = seal(record, { crypto: nodeCrypto, random: nodeRandom });
    const { records } = await ledger.append([sealed], { account: 'test' });
    return records[0]?.index ?? Number.NaN;
  }

  /** Indexes that a member took over from another's log, slips left out, in order. */
  async taken(member: string, from: string): Promise<number[]> {
    const rows = await this.database(member).sql<{ index: bigint }[]>`
      SELECT index FROM federation.received
      WHERE origin = ${this.node(from).context.origin} AND convert_from(bytes, 'UTF8')::jsonb ->> 'type' <> 'slip' ORDER BY index`;
    return rows.map(({ index }) => Number(index));
  }
}
