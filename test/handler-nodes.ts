import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call } from '@orpc/server';
import { expect } from 'vitest';
import { allOwn } from '../ledger/replay.ts';
import { cosign } from '../log/cosignature.ts';
import { checkEnvelope, isAddressedTo } from '../log/envelope.ts';
import { formatEvidence, parseEvidence } from '../log/evidence.ts';
import { type Verdict, type VerifyOptions, verify } from '../log/verify.ts';
import { authorship } from '../members/authorship.ts';
import { type DemoTemplate, demoTemplate, makeDemo } from '../members/genesis.ts';
import { readKey, signerOf } from '../members/keys.ts';
import { registryReader } from '../members/registry.ts';
import { type DostykNode, foldInto, openNode } from '../platform.ts';
import { onceNames } from '../trade/once.ts';
import type { TradeContext } from '../trade/requirements-handlers.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { type TestDatabase, testDatabase } from './postgres.ts';

/**
 * Some members' nodes in one process, on real databases and with real keys, whose handlers are called as `http/` calls them.
 * Nothing moves by itself: records travel by `deliver`, checkpoints are signed and cosigned by `publish`, lists by the test.
 */
export class HandlerNodes {
  readonly genesis: string;
  readonly #directory: string;
  readonly #nodes: ReadonlyMap<string, { readonly node: DostykNode; readonly database: TestDatabase }>;
  readonly #time: { now: number };

  private constructor(
    directory: string,
    genesis: string,
    nodes: ReadonlyMap<string, { readonly node: DostykNode; readonly database: TestDatabase }>,
    time: { now: number },
  ) {
    this.#directory = directory;
    this.genesis = genesis;
    this.#nodes = nodes;
    this.#time = time;
  }

  static open(...members: readonly string[]): Promise<HandlerNodes> {
    return HandlerNodes.openOf(demoTemplate(), members);
  }

  /** Nodes of some members of another demonstration. */
  static async openOf(template: DemoTemplate, members: readonly string[]): Promise<HandlerNodes> {
    const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-handlers-')), 'demo');
    const time = { now: Date.parse('2026-06-11T04:00:00Z') };
    const genesis = await makeDemo({ directory, basePort: 1, random: nodeRandom, now: new Date(time.now), template });
    const nodes = new Map<string, { node: DostykNode; database: TestDatabase }>();
    for (const member of members) {
      const database = await testDatabase([]);
      const folder = join(directory, 'members', member.toLowerCase());
      const node = await openNode({
        member,
        databaseUrl: database.urls.running,
        migrationUrl: database.urls.migration,
        erasureUrl: database.urls.erasure,
        keys: join(folder, 'keys'),
        registry: join(directory, 'registry'),
        genesis,
        accounts: JSON.parse(readFileSync(join(folder, 'accounts.json'), 'utf8')),
        // Every look at the clock is a moment later, so that nothing depends on two things having one time.
        clock: () => new Date(time.now++),
        sequenceEveryMs: 1,
        signEveryMs: 3_600_000,
      });
      node.context.ledger.start();
      nodes.set(member, { node, database });
    }
    return new HandlerNodes(directory, genesis, nodes, time);
  }

  async close(): Promise<void> {
    for (const { node, database } of this.#nodes.values()) {
      await requireNamesFromRecords(database, node);
      await node.stop();
      await database.drop();
    }
    rmSync(join(this.#directory, '..'), { recursive: true, force: true });
  }

  node(member: string): DostykNode {
    const found = this.#nodes.get(member);
    if (found === undefined) throw new Error(`no node of ${member}`);
    return found.node;
  }

  database(member: string): TestDatabase {
    const found = this.#nodes.get(member);
    if (found === undefined) throw new Error(`no database of ${member}`);
    return found.database;
  }

  get now(): Date {
    return new Date(this.#time.now);
  }

  advance(ms: number): void {
    this.#time.now += ms;
  }

  /** @param name e.g. 'KZ/customs' */
  as(name: string, idempotencyKey?: string): Promise<TradeContext> {
    const [member = '', account = ''] = name.split('/');
    const node = this.node(member);
    const caller = node.accounts.find(`${member.toLowerCase()}-${account}`);
    if (caller === undefined) throw new Error(`no account ${name}`);
    return node.requestContext(caller, 'test', idempotencyKey);
  }

  /** Every node takes over what the others have addressed to it. */
  async deliver(): Promise<void> {
    for (const { node: from } of this.#nodes.values()) {
      for await (const batch of allOwn(from.context.sql, from.context.origin)) {
        const opened = batch.map((one) => ({ ...one, envelope: checkEnvelope(JSON.parse(one.text)) }));
        for (const { node: to } of this.#nodes.values()) {
          const { member, registry, sql } = to.context;
          if (to === from) continue;
          const records = opened.filter(
            ({ envelope }) => envelope.type !== 'slip' && isAddressedTo(envelope.to, member),
          );
          await sql.begin((tx) => foldInto(registry, member)(tx, records));
        }
      }
    }
  }

  /** A checkpoint over all that is in the log, cosigned by so many of the others. */
  async publish(member: string, cosigners = 4): Promise<void> {
    const { ledger, registry } = this.node(member).context;
    const head = await ledger.sign();
    const [text = ''] = head.note.split('\n\n');
    const time = BigInt(Math.floor(this.#time.now / 1000));
    const others = registry.others(member).slice(0, cosigners);
    const cosignatures = await Promise.all(
      others.map(async ({ code }) => {
        const key = readKey(join(this.#directory, 'members', code.toLowerCase(), 'keys', 'witness.key'));
        return { member: code, time, line: await cosign(nodeCrypto, `${text}\n`, time, signerOf(key)) };
      }),
    );
    await ledger.addCosignatures(head.size, cosignatures);
  }

  verify(evidence: unknown, options: Partial<VerifyOptions> = {}): Promise<Verdict> {
    return verify(parseEvidence(formatEvidence(evidence as Parameters<typeof formatEvidence>[0])), {
      crypto: nodeCrypto,
      now: this.now,
      genesis: this.genesis,
      registry: registryReader(nodeCrypto),
      authorship,
      allowDemo: true,
      ...options,
    });
  }

  /** Opens a node's connections, so that what a test does at the same moment does happen at the same moment. */
  async warm(member: string): Promise<void> {
    const { sql } = this.node(member).context;
    await Promise.all(Array.from({ length: 10 }, () => sql`SELECT pg_sleep(0.05)`));
  }

  /** How many rows each table of a node has. */
  async footprint(member: string): Promise<Record<string, number>> {
    const { sql } = this.node(member).context;
    const tables = await sql<{ name: string }[]>`
      SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
      WHERE table_schema IN ('ledger', 'members', 'trade', 'federation') AND table_name <> 'migration' ORDER BY 1`;
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await sql<{ rows: number }[]>`SELECT count(*)::int AS rows FROM ${sql(name)}`;
      counts[name] = row?.rows ?? -1;
    }
    return counts;
  }

  /** The refusal that an act ends in, after making sure that it left nothing behind at a member's node. */
  async refusal(member: string, act: () => Promise<unknown>): Promise<Refusal> {
    const before = await this.footprint(member);
    const refused = await refusalOf(act());
    expect(await this.footprint(member)).toEqual(before);
    return refused;
  }
}

export async function refusalOf(act: Promise<unknown>): Promise<Refusal> {
  try {
    await act;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('this was not refused');
}

/** Paths and codes of what a refusal finds wrong. */
export function found(refused: Refusal): string[] {
  return refused.findings.map(({ path, code }) => `${path} ${code}`);
}

export { call };

/** A recovery makes the names anew from the records alone: in whatever a test did, each name that was taken follows from them. */
async function requireNamesFromRecords({ owner }: TestDatabase, { context }: DostykNode): Promise<void> {
  const taken = await owner<{ name: string; index: bigint }[]>`SELECT name, index FROM ledger.once ORDER BY name`;
  if (taken.length === 0) return;
  const made = new Map<string, bigint>();
  for await (const batch of allOwn(owner, context.origin)) {
    const records = batch.map(({ index, text }) => ({ index, record: checkEnvelope(JSON.parse(text)) }));
    for (const { name, index } of onceNames(nodeCrypto, records)) made.set(name, index);
  }
  const wrong = taken.filter(({ name, index }) => {
    const place = made.get(name);
    // All records of an append share its first index as that of the name.
    return place === undefined || place < index || place > index + 100n;
  });
  expect(wrong).toEqual([]);
}
