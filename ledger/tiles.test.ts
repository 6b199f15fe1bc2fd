import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  appendLeaf,
  type Edge,
  EMPTY_EDGE,
  edgeRoot,
  edgeToBytes,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from '../log/merkle.ts';
import { parseBundle, tilePath, tilesOf } from '../log/tile.ts';
import { byteaArray } from '../storage/connection.ts';
import { ledgerOptions, ORIGIN, record } from '../test/ledger.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { concat, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Ledger } from './ledger.ts';
import { TileSource } from './tiles.ts';

/** A log that grows over 65,536 entries, where a tile of level 1 becomes full and level 2 begins. */

const SEEDED = 65_400;
let database: TestDatabase;
let tiles: TileSource;
/** Hashes of each level, made by the definition: leaf hashes, then roots of 256 of the level below. */
const levels: Uint8Array[][] = [[], [], []];
let entries: Uint8Array[] = [];
let size = 0n;

const rootOf = (hashes: readonly Uint8Array[]): Uint8Array =>
  edgeRoot(
    nodeCrypto,
    hashes.reduce((edge: Edge, hash) => appendLeaf(nodeCrypto, edge, hash), EMPTY_EDGE),
  );

function recompute(): void {
  levels[0] = entries.map((entry) => leafHash(nodeCrypto, entry));
  for (const level of [1, 2]) {
    const below = levels[level - 1]!;
    levels[level] = Array.from({ length: Math.floor(below.length / 256) }, (_, i) =>
      rootOf(below.slice(i * 256, i * 256 + 256)),
    );
  }
}

beforeAll(async () => {
  database = await testDatabase(['ledger']);
  entries = Array.from({ length: SEEDED }, (_, i) => nodeCrypto.sha256(utf8(`entry ${i}`)));
  recompute();
  const edge = levels[0]!.reduce((grown: Edge, hash) => appendLeaf(nodeCrypto, grown, hash), EMPTY_EDGE);
  const full = Math.floor(SEEDED / 256);
  await database.owner`
    INSERT INTO ledger.entry SELECT * FROM unnest(${entries.map((_, i) => String(i))}::bigint[], ${byteaArray(database.owner, entries)})`;
  await database.owner`
    INSERT INTO ledger.tile SELECT 0, * FROM unnest(${Array.from({ length: full }, (_, n) => String(n))}::bigint[], ${byteaArray(
      database.owner,
      Array.from({ length: full }, (_, n) => concat(...levels[0]!.slice(n * 256, n * 256 + 256))),
    )})`;
  await database.owner`
    INSERT INTO ledger.log_state (origin, size, root, edge)
    VALUES (${ORIGIN}, ${edge.size}, ${Buffer.from(edgeRoot(nodeCrypto, edge))}, ${Buffer.from(edgeToBytes(edge))})`;
  const ledger = await Ledger.open(ledgerOptions(database));
  ledger.start();
  for (const count of [1, 40, 200, 300])
    await ledger.append(
      Array.from({ length: count }, () => record([{ member: 'KZ' }])),
      { account: 'a' },
    );
  await ledger.sign();
  await ledger.stop();
  size = ledger.published!.size;
  const rows = await database.sql<{ commitment: Uint8Array }[]>`SELECT commitment FROM ledger.entry ORDER BY index`;
  entries = rows.map(({ commitment }) => commitment);
  recompute();
  tiles = new TileSource(database.sql, nodeCrypto);
});
afterAll(() => database.drop());

test('every tile is what the definition gives, full ones stored and partial ones not', async () => {
  expect(size).toBe(65_941n);
  let full = 0;
  for (const address of tilesOf(size)) {
    const { level, n, width } = address;
    if (width === 256) full++;
    const bytes = await tiles.serve(tilePath(address), size);
    expect(toHex(bytes), tilePath(address)).toBe(
      toHex(concat(...levels[level]!.slice(Number(n) * 256, Number(n) * 256 + width))),
    );
  }
  const [stored] = await database.sql<
    { count: bigint; top: number }[]
  >`SELECT count(*), max(level)::int AS top FROM ledger.tile`;
  expect(stored).toEqual({ count: BigInt(full), top: 1 });
  expect(toHex(await tiles.reader(size).root())).toBe(toHex(rootOf(levels[0]!)));
});

test('narrower tiles and bundles are the beginning of the wider', async () => {
  for (const [path, level, n, width] of [
    ['tile/0/000.p/1', 0, 0, 1],
    ['tile/0/257.p/149', 0, 257, 149],
    ['tile/0/257.p/7', 0, 257, 7],
    ['tile/1/000.p/255', 1, 0, 255],
    ['tile/2/000.p/1', 2, 0, 1],
  ] as const) {
    expect(toHex(await tiles.serve(path, size)), path).toBe(
      toHex(concat(...levels[level]!.slice(n * 256, n * 256 + width))),
    );
  }
  for (const [path, from, to] of [
    ['tile/entries/255', 65_280, 65_536],
    ['tile/entries/257.p/3', 65_792, 65_795],
  ] as const) {
    expect(parseBundle(await tiles.serve(path, size)).map(toHex)).toEqual(entries.slice(from, to).map(toHex));
  }
});

test('what is not published is not served, nor what is no tile', async () => {
  for (const path of [
    'tile/0/257.p/150',
    'tile/0/257',
    'tile/0/258.p/1',
    'tile/1/001.p/2',
    'tile/2/000.p/2',
    'tile/3/000.p/1',
    'tile/63/000.p/1',
    'tile/64/000',
    'tile/entries/257.p/150',
    'tile/0/x999/x999/x999/x999/x999/x999/999',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/0',
    'tile/0/../0/000',
    'tile/-1/000',
    '',
  ])
    await expect(tiles.serve(path, size), path).rejects.toMatchObject({ status: 404, code: 'tile-unknown' });
  // Stored, and beyond what is signed.
  await expect(tiles.serve('tile/0/256', 65_700n)).rejects.toMatchObject({ code: 'tile-unknown' });
  await expect(tiles.serve('tile/1/000', 65_535n)).rejects.toMatchObject({ code: 'tile-unknown' });
});

test('proofs over all levels hold', async () => {
  const reader = tiles.reader(size);
  const root = rootOf(levels[0]!);
  for (const index of [0n, 255n, 256n, 65_399n, 65_400n, 65_535n, 65_536n, size - 1n]) {
    const proof = await reader.inclusionProof(index);
    expect(verifyInclusion(nodeCrypto, index, size, levels[0]![Number(index)]!, proof, root), `${index}`).toBe(true);
  }
  for (const old of [1, 256, 65_400, 65_536, 65_537, 65_900]) {
    const proof = await reader.consistencyProof(BigInt(old));
    expect(
      verifyConsistency(nodeCrypto, BigInt(old), size, proof, rootOf(levels[0]!.slice(0, old)), root),
      `${old}`,
    ).toBe(true);
  }
});
