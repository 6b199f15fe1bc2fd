import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FoldRecord } from '../ledger/ledger.ts';
import { Mirrors } from '../ledger/mirror.ts';
import { formatCheckpoint } from '../log/checkpoint.ts';
import { commitmentOf, type Envelope, type Sealed, seal, uuidv7 } from '../log/envelope.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { ED25519, formatVkey, signNote } from '../log/note.ts';
import { formatBundle } from '../log/tile.ts';
import { makeDemo } from '../members/genesis.ts';
import { type MemberEntry, openRegistry, type Registry } from '../members/registry.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { toBase64, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Puller } from './pulling.ts';

/** A peer that may be honest or not, over real HTTP, and a puller with a real database behind it. */

const ORIGIN = 'demo.uz.dostyk/log';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const vkey = formatVkey(nodeCrypto, ORIGIN, ED25519, publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));

let registry: Registry;
beforeAll(async () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-pull-')), 'demo');
  const genesis = await makeDemo({ directory, basePort: 7000, random: nodeRandom, now: new Date() });
  const read = (name: string) => readFileSync(join(directory, 'registry', name), 'utf8');
  registry = await openRegistry(nodeCrypto, [{ note: read('000001.note'), json: read('000001.json') }], genesis);
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

interface Held {
  bytes: Uint8Array;
  salt: Uint8Array;
  commitment: Uint8Array;
}

function record(change: Partial<Envelope> = {}): Sealed {
  return seal(
    {
      v: 1,
      id: uuidv7(Date.now(), nodeRandom),
      log: ORIGIN,
      registry: 1,
      type: 'withdrawal',
      issuer: { member: 'UZ' },
      to: [{ member: 'KZ' }],
      after: [],
      at: new Date().toISOString(),
      body: { operator: 'uz.exporter' },
      ...change,
    },
    { crypto: nodeCrypto, random: nodeRandom },
  );
}

let database: TestDatabase;
let server: Server;
let peer: MemberEntry;
let log: Held[];
let faults: { code: string; detail: string }[];
let folded: FoldRecord[];
let failFold: boolean;
/** What the peer answers instead; undefined: the truth. */
let answer:
  | ((path: string, query: URLSearchParams) => { status?: number; body: string | Uint8Array } | 'hang' | undefined)
  | undefined;

const truth = (query: URLSearchParams) => ({
  records: log
    .flatMap(({ bytes, salt }, index) =>
      index >= Number(query.get('from')) && index < Number(query.get('below'))
        ? [{ index, bytes: toBase64(bytes), salt: toBase64(salt) }]
        : [],
    )
    .slice(0, Number(query.get('limit'))),
  next: Math.min(Number(query.get('from')) + Number(query.get('limit')), Number(query.get('below'))),
});

beforeEach(async () => {
  database = await testDatabase(['ledger', 'federation']);
  [log, faults, folded, failFold, answer] = [[], [], [], false, undefined];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const instead = answer?.(url.pathname, url.searchParams);
    if (instead === 'hang') return;
    if (instead !== undefined) return void response.writeHead(instead.status ?? 200).end(instead.body);
    if (url.pathname.startsWith('/log/tile/entries/')) {
      const n = Number(/\/(\d{3})/.exec(url.pathname)?.[1]);
      return void response.end(formatBundle(log.slice(n * 256, n * 256 + 256).map(({ commitment }) => commitment)));
    }
    response.end(JSON.stringify(truth(url.searchParams)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  peer = {
    ...registry.getMember('UZ'),
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log: { origin: ORIGIN, keys: [{ vkey, from: 0 }] },
  };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database.drop();
});

async function note(size = log.length): Promise<string> {
  const edge = log
    .slice(0, size)
    .reduce((at, { commitment }) => appendLeaf(nodeCrypto, at, leafHash(nodeCrypto, commitment)), EMPTY_EDGE);
  return signNote(
    nodeCrypto,
    formatCheckpoint({ origin: ORIGIN, size: BigInt(size), root: edgeRoot(nodeCrypto, edge) }),
    [{ vkey, sign: async (bytes) => sign(null, bytes, privateKey) }],
  );
}

function puller(batch = 200, withheldMs = 60_000): Puller {
  return new Puller(peer, peer.log, {
    member: 'KZ',
    registry,
    sql: database.sql,
    mirrors: new Mirrors(database.sql, nodeCrypto),
    crypto: nodeCrypto,
    clock: () => new Date(),
    fold: async (_, records) => {
      if (failFold) throw new Error('a bug');
      folded.push(...records);
    },
    tokenFor: async () => 'a.b.c',
    cosigned: () => note(),
    onFault: (_, code, detail) => void faults.push({ code, detail }),
    onContact: () => undefined,
    batch,
    withheldMs,
  });
}

test('takes over what is addressed here, in batches, once, and goes on from its cursor', async () => {
  log = Array.from({ length: 300 }, () => record());
  expect(await puller(7).pull()).toBe(300);
  expect(folded.map(({ index }) => index)).toEqual(log.map((_, i) => BigInt(i)));
  expect(await puller().pull()).toBe(0);
  log.push(record());
  expect(await puller().pull()).toBe(1);
  expect(folded).toHaveLength(301);
  expect(faults).toEqual([]);
});

test('a fold that fails leaves nothing, and the next pull takes it all', async () => {
  log = [record(), record()];
  failFold = true;
  await expect(puller().pull()).rejects.toThrow('a bug');
  expect(await database.sql`SELECT 1 FROM federation.received`).toEqual([]);
  failFold = false;
  expect(await puller().pull()).toBe(2);
});

test('a record that a slip lists and that does not come is reported as withheld; one that comes is not', async () => {
  const slip = record({ type: 'slip', body: { to: 'KZ', from: 0, upTo: 3, indexes: [0, 1, 2] } });
  log = [record(), record(), record(), slip];
  answer = (path, query) => {
    if (path !== '/peer/records') return undefined;
    const told = truth(query);
    return { body: JSON.stringify({ ...told, records: told.records.filter(({ index }) => index !== 1) }) };
  };
  const one = puller(200, 0);
  expect(await one.pull()).toBe(3);
  expect(faults).toEqual([{ code: 'withheld', detail: expect.stringContaining('record 1 ') }]);
  expect(folded.map(({ index }) => index)).toEqual([0n, 2n]);
});

test('what was withheld is asked for again, by a node that started anew as well, and taken once it comes', async () => {
  const slip = record({ type: 'slip', body: { to: 'KZ', from: 0, upTo: 2, indexes: [0, 1] } });
  log = [record(), record(), slip, record()];
  const withhold = (path: string, query: URLSearchParams) =>
    path === '/peer/records'
      ? { body: JSON.stringify({ ...truth(query), records: truth(query).records.filter(({ index }) => index !== 1) }) }
      : undefined;
  answer = withhold;
  expect(await puller().pull()).toBe(3);
  expect(await puller().pull()).toBe(0);
  expect(faults).toEqual([]);
  await puller(200, 0).pull();
  expect(faults).toMatchObject([{ code: 'withheld', detail: expect.stringContaining('record 1 ') }]);
  answer = undefined;
  expect(await puller(200, 0).pull()).toBe(1);
  expect(folded.map(({ index }) => index)).toEqual([0n, 3n, 1n]);
  expect(await puller(200, 0).pull()).toBe(0);
  expect(faults).toHaveLength(1);
});

test('what a slip lists and is left out did come; what it lists behind itself or not by number counts for nothing', async () => {
  const odd = { to: 'KZ', from: 0, upTo: 2, indexes: [0, 1, 2, 3, 1e15, -1, 0.5, '0', null] };
  const slips = [odd, { indexes: 'x' }, { indexes: { length: 3 } }, {}];
  log = [record(), record({ type: 'decree' }), ...slips.map((body) => record({ type: 'slip', body }))];
  for (const batch of [200, 1]) {
    await database.owner`TRUNCATE federation.received, federation.cursor`;
    faults.length = 0;
    await puller(batch, 0).pull();
    await puller(batch, 0).pull();
    expect([...new Set(faults.map(({ code }) => code))]).toEqual(['bad-record']);
    expect(await database.sql`SELECT index FROM federation.undelivered`).toEqual([]);
  }
});

describe('a peer that sends what its log does not hold', () => {
  const broken: [string, (query: URLSearchParams) => string | Uint8Array, string][] = [
    ['garbage', () => Buffer.alloc(3000, 7), 'bad-answer'],
    ['no JSON object', () => '[]', 'bad-answer'],
    ['no records', () => '{"next":2}', 'bad-answer'],
    ['no progress', (query) => JSON.stringify({ ...truth(query), next: Number(query.get('from')) }), 'bad-answer'],
    ['more than was asked for', (query) => JSON.stringify({ ...truth(query), next: 1000 }), 'bad-answer'],
    [
      'another salt',
      (query) =>
        JSON.stringify({
          ...truth(query),
          records: truth(query).records.map((one) => ({ ...one, salt: toBase64(nodeRandom(16)) })),
        }),
      'bad-proof',
    ],
    [
      'records exchanged',
      (query) =>
        JSON.stringify({
          ...truth(query),
          records: truth(query).records.map((one, i, all) => ({ ...one, index: all[all.length - 1 - i]!.index })),
        }),
      'bad-proof',
    ],
    [
      'a record twice',
      (query) => JSON.stringify({ ...truth(query), records: [...truth(query).records, ...truth(query).records] }),
      'bad-proof',
    ],
    [
      'no base64',
      (query) =>
        JSON.stringify({ ...truth(query), records: truth(query).records.map((one) => ({ ...one, bytes: '***' })) }),
      'bad-proof',
    ],
    ['an endless answer', () => Buffer.alloc(25 * 1024 * 1024, 0x20), 'peer-oversized'],
  ];
  test.each(broken)('%s: nothing is kept, and the truth is taken afterwards', async (_, make, code) => {
    log = [record(), record(), record()];
    answer = (path, query) => (path === '/peer/records' ? { body: make(query) } : undefined);
    await expect(puller().pull()).rejects.toMatchObject({ code });
    expect(await database.sql`SELECT 1 FROM federation.received`).toEqual([]);
    expect(folded).toEqual([]);
    answer = undefined;
    expect(await puller().pull()).toBe(3);
  });

  test('entries that do not give the signed root', async () => {
    log = [record(), record()];
    answer = (path) =>
      path.startsWith('/log/') ? { body: formatBundle([nodeRandom(32), nodeRandom(32)]) } : undefined;
    await expect(puller().pull()).rejects.toMatchObject({ code: 'mirror-mismatch' });
    answer = (path) => (path.startsWith('/log/') ? { body: formatBundle([log[0]!.commitment]) } : undefined);
    await expect(puller().pull()).rejects.toThrow();
    answer = undefined;
    expect(await puller().pull()).toBe(2);
  });

  test('an error, a redirect, no answer at all', async () => {
    log = [record()];
    answer = () => ({ status: 500, body: 'x' });
    await expect(puller().pull()).rejects.toMatchObject({ code: 'peer-refuses' });
    answer = (path) => (path === '/peer/records' ? 'hang' : undefined);
    await expect(puller().pull()).rejects.toMatchObject({ code: 'peer-unreachable' });
    answer = undefined;
    expect(await puller().pull()).toBe(1);
  });
});

describe('a record that is authentic and yet not its issuer’s to say is left out and reported', () => {
  const raw = (bytes: Uint8Array): Held => {
    const salt = nodeRandom(16);
    return { bytes, salt, commitment: commitmentOf(salt, bytes, nodeCrypto) };
  };
  test.each<[string, () => Held, RegExp]>([
    ['of another member', () => record({ issuer: { member: 'CN' } }), /authorship table: issuer-not-owner/],
    [
      'of another log, copied here',
      () => record({ log: 'demo.cn.dostyk/log', issuer: { member: 'CN' } }),
      /another log/,
    ],
    ['addressed to somebody else', () => record({ to: [{ member: 'TM' }] }), /not addressed/],
    [
      'a decision at another member’s post',
      () =>
        record({ type: 'decision', issuer: { member: 'UZ', authority: 'uz.customs' }, body: { post: 'kz-nur-zholy' } }),
      /post-foreign/,
    ],
    [
      'a certificate without a mandate',
      () =>
        record({ type: 'certificate', issuer: { member: 'UZ', authority: 'uz.customs' }, body: { kind: 'origin' } }),
      /mandate-missing/,
    ],
    ['an operator of another member', () => record({ body: { operator: 'cn.exporter' } }), /operator-foreign/],
    ['of an unknown type', () => record({ type: 'decree' }), /type-unknown/],
    ['not canonical', () => raw(utf8('{"v": 1}')), /not in canonical form/],
    ['no envelope', () => raw(utf8('{"v":1}')), /no Dostyk envelope/],
    ['duplicate keys', () => raw(utf8('{"v":1,"v":1}')), /not in canonical form/],
  ])('%s', async (_, make, detail) => {
    log = [record(), make(), record()];
    expect(await puller().pull()).toBe(2);
    expect(folded.map(({ index }) => index)).toEqual([0n, 2n]);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ code: 'bad-record' });
    expect(faults[0]!.detail).toMatch(detail);
  });
});

describe('an order to erase', () => {
  const DOSSIER = '018f0000-0000-7000-8000-000000000001';
  const slip = (indexes: number[]) =>
    record({ type: 'slip', body: { to: 'KZ', from: 0, upTo: indexes.length, indexes } });
  const section = (change: Record<string, unknown> = {}) =>
    record({ type: 'section', body: { operator: 'uz.exporter', dossier: DOSSIER, section: 'driver' }, ...change });
  const order = (target: Sealed, index: number, change: Record<string, unknown> = {}) =>
    record({
      type: 'erased',
      body: {
        commitment: toHex(target.commitment),
        log: ORIGIN,
        index,
        id: target.record.id,
        dossier: DOSSIER,
        section: 'driver',
        legalBasis: 'A law',
        reason: 'request',
        ...change,
      },
    });
  const noted = () => database.sql`SELECT index FROM ledger.erased ORDER BY index`;

  test('what it names and is here is noted, and nothing is nulled by the running role', async () => {
    const held = section();
    log = [held, order(held, 0)];
    await puller().pull();
    expect(await noted()).toEqual([{ index: 0n }]);
    expect(await database.sql`SELECT 1 FROM federation.received WHERE bytes IS NOT NULL`).toHaveLength(2);
    await expect(database.sql`UPDATE federation.received SET bytes = NULL, salt = NULL`).rejects.toThrow(
      /permission denied/,
    );
    expect(faults).toEqual([]);
  });

  test('what is not delivered any more is not withheld: the order says why; what comes late all the same is not kept', async () => {
    const gone = section();
    log = [gone, slip([0]), order(gone, 0), slip([2])];
    const without = (query: URLSearchParams) => {
      const { records, next } = truth(query);
      return { body: JSON.stringify({ records: records.filter(({ index }) => index !== 0), next }) };
    };
    answer = (path, query) => (path === '/peer/records' ? without(query) : undefined);
    await puller(2, 0).pull();
    expect(await database.sql`SELECT 1 FROM federation.undelivered`).toEqual([]);
    expect(faults).toEqual([]);
    answer = undefined;
    await database.owner`UPDATE federation.cursor SET next = 0`;
    await puller().pull();
    expect(folded.some(({ index }) => index === 0n)).toBe(false);
    expect(await database.sql`SELECT bytes FROM federation.received WHERE index = 0`).toEqual([{ bytes: null }]);
  });

  test('for what no order may erase it is a fault, and all stays', async () => {
    // All but its type is a section's.
    const decision = section({ type: 'withdrawal' });
    const held = section();
    const wider = section({ to: [{ member: 'KZ' }, { member: 'CN' }] });
    log = [decision, held, wider];
    log.push(
      order(decision, 0),
      order(held, 0),
      order(held, 1, { section: 'goods' }),
      order(held, 1, { log: 'demo.cn.dostyk/log' }),
      order(wider, 2),
      order(held, 77),
    );
    await puller().pull();
    expect(faults.map(({ code }) => code)).toEqual(Array.from({ length: 6 }, () => 'erasure-refused'));
    expect(await noted()).toEqual([]);
    expect(await database.sql`SELECT 1 FROM federation.received WHERE bytes IS NULL`).toEqual([]);
  });
});
