import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call } from '@orpc/server';
import type { TradeContext } from '../platform.ts';
import { connect, type Sql } from '../storage/connection.ts';
import { ensureDatabase } from '../storage/database.ts';
import { removeEmbedded, startEmbedded } from '../storage/embedded.ts';
import { migrate } from '../storage/migrate.ts';
import { CONTENTS, DossierTeller, Teller, tellEvent, tellMovement, testRegistry, uuid } from '../trade/fixture.ts';
import { tradeRouter } from '../trade/handlers.ts';
import { foldRecords } from '../trade/store.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { type Figure, quantile, report } from './report.ts';

/**
 * Lists of a node that holds 100,000 dossiers, with 10,000 movements at one post. The real fold makes 500 dossiers and 50 movements;
 * their rows are then copied under other ids within PostgreSQL. Each list is asked of its use case, form checks included, without HTTP.
 */

const POST = 'kz-nur-zholy';
const BASE = 500;
const COPIES = 200;
const RUNS = 60;

function world(): Teller {
  const teller = new Teller();
  for (let i = 0; i < BASE; i++) {
    const goods = CONTENTS.goods as { items: readonly object[] };
    const hs = ['080929', '081310', '520100', '740311', '720610'][i % 5];
    const items = goods.items.map((item) => ({ ...item, hs, description: `Goods of kind ${i}` }));
    const dossier = new DossierTeller(uuid(i + 1), { teller });
    dossier.file({ ...CONTENTS, goods: { ...goods, items, consignee: { name: `Buyer ${i}`, country: 'CN' } } });
    if (i % 4 === 0) dossier.decide('uz-yallama', 'release');
    if (i % 25 === 0) dossier.decide(POST, 'hold');
  }
  for (let i = 0; i < BASE / 10; i++) {
    const truck = tellMovement(teller, uuid(5000 + i), [uuid(2 * i + 1), uuid(2 * i + 2)], {
      means: { mode: 'road', identification: `01900000-${i}`, country: 'UZ' },
    });
    if (i % 5 === 0) tellEvent(teller, truck, 'arrived-at-post', { post: POST });
  }
  return teller;
}

/** Copies every row of a table under other ids: all of them begin alike. */
async function copy(sql: Sql, table: string, texts: readonly string[], times: readonly string[]): Promise<void> {
  const columns = await sql<{ name: string }[]>`
    SELECT column_name AS name FROM information_schema.columns
    WHERE table_schema = 'trade' AND table_name = ${table} AND is_generated = 'NEVER' ORDER BY ordinal_position`;
  const values = columns.map(({ name }) => {
    if (texts.includes(name)) return `replace(${name}, '01900000-', lpad(to_hex(k), 8, '0') || '-')`;
    return times.includes(name) ? `${name} + 1000 * k` : name;
  });
  const names = columns.map(({ name }) => name).join(', ');
  await sql.unsafe(
    `INSERT INTO trade.${table} (${names}) SELECT ${values.join(', ')} FROM trade.${table}, generate_series(1, ${COPIES - 1}) AS k`,
  );
}

async function fill(sql: Sql, owner: Sql): Promise<void> {
  const tools = { registry: testRegistry(), member: 'KZ', crypto: nodeCrypto, silent: true };
  await sql.begin((tx) => foldRecords(tx, world().said, tools));
  await copy(owner, 'dossier', ['dossier', 'search', 'search_own', 'summary', 'state'], ['filed_at', 'awaited_since']);
  await copy(owner, 'dossier_post', ['dossier'], ['since']);
  await copy(owner, 'reader', ['subject'], []);
  await copy(owner, 'movement', ['movement', 'search', 'state'], ['declared_at']);
  await copy(owner, 'movement_post', ['movement'], []);
  await copy(owner, 'movement_consignment', ['movement', 'dossier'], []);
  await copy(owner, 'desk_line', ['movement', 'search', 'line'], ['place']);
  await owner.unsafe('VACUUM ANALYZE');
}

async function time(ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < RUNS + 10; i++) {
    const at = performance.now();
    await ask();
    if (i >= 10) times.push(performance.now() - at);
  }
  return times;
}

export async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'dostyk-bench-'));
  const server = await startEmbedded({ directory });
  const figures: Figure[] = [];
  try {
    const urls = await ensureDatabase(server.adminUrl, 'lists');
    const owner = connect(urls.migration, { max: 1 });
    await migrate(owner, 'trade');
    const sql = connect(urls.running, { max: 4 });
    process.stdout.write(`filling: ${BASE * COPIES} dossiers, ${(BASE / 10) * COPIES} movements\n`);
    await fill(sql, owner);
    // The lists need no more of a node than this.
    const context = {
      caller: { member: 'KZ', subject: 'bench', name: 'Bench', authority: 'kz.customs' },
      registry: testRegistry(),
      member: 'KZ',
      sql,
      delegations: [],
      clock: () => new Date('2026-06-11T04:00:00Z'),
      crypto: nodeCrypto,
    } as unknown as TradeContext;
    const dossiers = (input: object) => call(tradeRouter.listDossiers, { limit: 50, ...input }, { context });
    const desk = (input: object) => call(tradeRouter.listDesk, { limit: 50, post: POST, ...input }, { context });
    const deep = async (list: (input: object) => Promise<{ next: string | null }>): Promise<string> => {
      let cursor: string | null | undefined;
      for (let i = 0; i < 50; i++) cursor = (await list(cursor == null ? {} : { cursor })).next;
      if (cursor == null) throw new Error('the list ends before page 50');
      return cursor;
    };
    const [deepDossier, deepDesk] = [await deep(dossiers), await deep(desk)];
    const asked: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['dossiers, first page', () => dossiers({})],
      ['dossiers, page 50', () => dossiers({ cursor: deepDossier })],
      ['dossiers, by state', () => dossiers({ state: 'held' })],
      ['dossiers, by post', () => dossiers({ post: POST })],
      ['dossiers, awaiting this authority', () => dossiers({ awaiting: 'me', sort: 'awaited' })],
      ['dossiers, search found often', () => dossiers({ search: 'goods of kind 7' })],
      ['dossiers, search found seldom by words that all share', () => dossiers({ search: 'goods of kind 499' })],
      ['dossiers, search found once', () => dossiers({ search: uuid(77).replace('01900000-', '0000004d-') })],
      ['dossiers, search found nowhere', () => dossiers({ search: 'nothing like it' })],
      ['desk, first page', () => desk({})],
      ['desk, page 50', () => desk({ cursor: deepDesk })],
      ['desk, by state', () => desk({ state: 'expected' })],
      ['desk, search found once', () => desk({ search: '0000004d-33' })],
      ['desk, search found nowhere', () => desk({ search: 'nothing like it' })],
      ['desk, counts', () => call(tradeRouter.deskCounts, { post: POST }, { context })],
    ];
    for (const [name, ask] of asked) {
      const times = await time(ask);
      const p99 = quantile(times, 0.99);
      figures.push({ name: `${name}, p50`, value: quantile(times, 0.5), unit: 'ms' });
      figures.push({ name: `${name}, p99`, value: p99, unit: 'ms', target: '≤ 50', ok: p99 <= 50 });
    }
    await Promise.all([sql.end(), owner.end()]);
  } finally {
    await server.stop();
    removeEmbedded(directory);
  }
  report('lists', figures);
}
