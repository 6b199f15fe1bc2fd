import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import {
  appendLeaf,
  EMPTY_EDGE,
  edgeFromBytes,
  edgeRoot,
  edgeToBytes,
  emptyRoot,
  leafHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import {
  formatBundle,
  fullTileRoot,
  hashesAt,
  parseBundle,
  parseTilePath,
  type TileAddress,
  TileReader,
  tilePath,
  tilesOf,
  tileWidth,
} from './tile.ts';

/** RFC 6962's definition, word by word, as slow as it is clear. */
function bruteRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return nodeCrypto.sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return nodeHash(nodeCrypto, bruteRoot(leaves.slice(0, k)), bruteRoot(leaves.slice(k)));
}

function brutePath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return m < k
    ? [...brutePath(m, leaves.slice(0, k)), bruteRoot(leaves.slice(k))]
    : [...brutePath(m - k, leaves.slice(k)), bruteRoot(leaves.slice(0, k))];
}

function bruteConsistency(m: number, leaves: readonly Uint8Array[], whole = true): Uint8Array[] {
  if (m === leaves.length) return whole ? [] : [bruteRoot(leaves)];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return m <= k
    ? [...bruteConsistency(m, leaves.slice(0, k), whole), bruteRoot(leaves.slice(k))]
    : [...bruteConsistency(m - k, leaves.slice(k), false), bruteRoot(leaves.slice(0, k))];
}

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => leafHash(nodeCrypto, utf8(`leaf ${i}`)));

function edgeOf(leaves: readonly Uint8Array[]) {
  return leaves.reduce((edge, leaf) => appendLeaf(nodeCrypto, edge, leaf), EMPTY_EDGE);
}

/** Tiles straight from the leaves: every hash of a level is the root of its 256^level leaves. */
function readFrom(leaves: readonly Uint8Array[]) {
  return ({ level, n, width }: TileAddress & { level: number }): Uint8Array => {
    const span = 256 ** level;
    const first = Number(n) * 256;
    return concat(
      ...Array.from({ length: width }, (_, i) => bruteRoot(leaves.slice((first + i) * span, (first + i + 1) * span))),
    );
  };
}

describe('published roots', () => {
  // The eight leaves and roots that Certificate Transparency implementations test with (RFC 6962 reference tests).
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map(fromHex);
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  test('the empty tree', () => {
    expect(toHex(emptyRoot(nodeCrypto))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(toHex(edgeRoot(nodeCrypto, EMPTY_EDGE))).toBe(toHex(emptyRoot(nodeCrypto)));
  });
  test.each(roots.map((root, i) => [i + 1, root] as const))('of %i leaves', (size, root) => {
    const leaves = inputs.slice(0, size).map((input) => leafHash(nodeCrypto, input));
    expect(toHex(edgeRoot(nodeCrypto, edgeOf(leaves)))).toBe(root);
    expect(toHex(bruteRoot(leaves))).toBe(root);
  });
});

describe('against the brute-force twin', () => {
  test('roots and edges of every size to 300', () => {
    const leaves = leavesOf(300);
    let edge = EMPTY_EDGE;
    for (let size = 1; size <= 300; size++) {
      edge = appendLeaf(nodeCrypto, edge, leaves[size - 1]!);
      expect(toHex(edgeRoot(nodeCrypto, edge))).toBe(toHex(bruteRoot(leaves.slice(0, size))));
      expect(toHex(edgeRoot(nodeCrypto, edgeFromBytes(BigInt(size), edgeToBytes(edge))))).toBe(
        toHex(edgeRoot(nodeCrypto, edge)),
      );
    }
    expect(() => edgeFromBytes(301n, edgeToBytes(edge))).toThrow(RangeError);
  });

  test('inclusion proofs from tiles are those of RFC 9162 and verify, and nothing else does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 700 }), fc.nat(), fc.nat(), async (size, at, flip) => {
        const index = at % size;
        const leaves = leavesOf(size);
        const proof = await new TileReader(nodeCrypto, BigInt(size), readFrom(leaves)).inclusionProof(BigInt(index));
        expect(proof.map(toHex)).toEqual(brutePath(index, leaves).map(toHex));
        const root = bruteRoot(leaves);
        const check = (i: bigint, n: bigint, leaf: Uint8Array, path: Uint8Array[], to: Uint8Array) =>
          verifyInclusion(nodeCrypto, i, n, leaf, path, to);
        expect(check(BigInt(index), BigInt(size), leaves[index]!, proof, root)).toBe(true);
        expect(check(BigInt(index), BigInt(size), leafHash(nodeCrypto, utf8('x')), proof, root)).toBe(false);
        expect(check(BigInt(size), BigInt(size), leaves[index]!, proof, root)).toBe(false);
        expect(check(BigInt(index), BigInt(size), leaves[index]!, [...proof, root], root)).toBe(false);
        if (proof.length > 0) {
          const bad = proof.map((hash) => hash.slice());
          bad[flip % bad.length]![flip % 32]! ^= 1;
          expect(check(BigInt(index), BigInt(size), leaves[index]!, bad, root)).toBe(false);
          expect(check(BigInt(index), BigInt(size), leaves[index]!, proof.slice(1), root)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('consistency proofs from tiles are those of RFC 9162 and verify, and nothing else does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 600 }), fc.nat(), fc.nat(), async (size, at, flip) => {
        const old = (at % size) + 1;
        const leaves = leavesOf(size);
        const proof = await new TileReader(nodeCrypto, BigInt(size), readFrom(leaves)).consistencyProof(BigInt(old));
        expect(proof.map(toHex)).toEqual(bruteConsistency(old, leaves).map(toHex));
        const [oldRoot, newRoot] = [bruteRoot(leaves.slice(0, old)), bruteRoot(leaves)];
        const check = (path: Uint8Array[], from = oldRoot, to = newRoot) =>
          verifyConsistency(nodeCrypto, BigInt(old), BigInt(size), path, from, to);
        expect(check(proof)).toBe(true);
        expect(check(proof, newRoot, old === size ? oldRoot : newRoot)).toBe(old === size);
        if (old < size) expect(check(proof, oldRoot, oldRoot)).toBe(false);
        if (proof.length > 0) {
          const bad = proof.map((hash) => hash.slice());
          bad[flip % bad.length]![flip % 32]! ^= 1;
          expect(check(bad)).toBe(false);
          expect(check(proof.slice(0, -1))).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('every pair of sizes to 40', () => {
    const leaves = leavesOf(40);
    for (let size = 1; size <= 40; size++) {
      for (let old = 1; old <= size; old++) {
        const now = leaves.slice(0, size);
        const proof = bruteConsistency(old, now);
        expect(
          verifyConsistency(
            nodeCrypto,
            BigInt(old),
            BigInt(size),
            proof,
            bruteRoot(leaves.slice(0, old)),
            bruteRoot(now),
          ),
        ).toBe(true);
      }
    }
  });

  test('a tree of size 0 is extended by any, with the empty root and no proof', () => {
    const root = bruteRoot(leavesOf(5));
    expect(verifyConsistency(nodeCrypto, 0n, 5n, [], emptyRoot(nodeCrypto), root)).toBe(true);
    expect(verifyConsistency(nodeCrypto, 0n, 5n, [], root, root)).toBe(false);
    expect(verifyConsistency(nodeCrypto, 0n, 5n, [root], emptyRoot(nodeCrypto), root)).toBe(false);
    expect(verifyConsistency(nodeCrypto, 0n, 0n, [], root, root)).toBe(false);
    expect(verifyConsistency(nodeCrypto, 5n, 4n, [], root, root)).toBe(false);
  });

  test('sizes near 2^64 are judged without losing bits', () => {
    const hash = bruteRoot(leavesOf(1));
    expect(verifyInclusion(nodeCrypto, 2n ** 64n - 2n, 2n ** 64n - 1n, hash, Array(63).fill(hash), hash)).toBe(false);
    expect(verifyInclusion(nodeCrypto, 0n, 2n ** 64n - 1n, hash, [], hash)).toBe(false);
  });
});

describe('tiles', () => {
  test('paths as C2SP writes them, and only so', () => {
    expect(tilePath({ level: 0, n: 1234067n, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(tilePath({ level: 'entries', n: 0n, width: 17 })).toBe('tile/entries/000.p/17');
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 63 }),
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.integer({ min: 1, max: 256 }),
        (level, n, width) => {
          expect(parseTilePath(tilePath({ level, n, width }))).toEqual({ level, n, width });
        },
      ),
    );
    for (const path of [
      'tile/0/67',
      'tile/0/x000/067',
      'tile/00/067',
      'tile/64/067',
      'tile/0/067.p/0',
      'tile/0/067.p/256',
      'tile/0/067.p/017',
      'tile/0/x001/067/',
      'tile/data/067',
      '/tile/0/067',
      'tile/0/../067',
    ]) {
      expect(parseTilePath(path)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.string(), (path) => parseTilePath(path) === undefined || tilePath(parseTilePath(path)!) === path),
    );
  });

  test('a log of 70,000 entries has these', () => {
    const tiles = [...tilesOf(70_000n)];
    const at = (level: number) => tiles.filter((tile) => tile.level === level).map(({ width }) => width);
    expect(at(0)).toHaveLength(274);
    expect(at(0).filter((width) => width === 256)).toHaveLength(273);
    expect(at(0).at(-1)).toBe(112);
    expect(at(1)).toEqual([256, 17]);
    expect(at(2)).toEqual([1]);
    expect(at(3)).toEqual([]);
    expect(hashesAt(1, 70_000n)).toBe(273n);
    expect(tileWidth(0, 273n, 70_000n)).toBe(112);
    expect(tileWidth(0, 274n, 70_000n)).toBe(0);
  });

  test('a full tile is the subtree over its hashes', () => {
    const leaves = leavesOf(256);
    expect(toHex(fullTileRoot(nodeCrypto, concat(...leaves)))).toBe(toHex(bruteRoot(leaves)));
    expect(() => fullTileRoot(nodeCrypto, concat(...leaves.slice(1)))).toThrow(RangeError);
  });

  test('a reader refuses tiles that are too short', async () => {
    await expect(new TileReader(nodeCrypto, 5n, () => new Uint8Array(32)).root()).rejects.toThrow(RangeError);
    await expect(new TileReader(nodeCrypto, 5n, readFrom(leavesOf(5))).inclusionProof(5n)).rejects.toThrow(RangeError);
    await expect(new TileReader(nodeCrypto, 5n, readFrom(leavesOf(5))).consistencyProof(6n)).rejects.toThrow(
      RangeError,
    );
  });

  test('bundles read back, and broken ones are refused', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 }), (entries) => {
        expect(parseBundle(formatBundle(entries)).map(toHex)).toEqual(entries.map(toHex));
      }),
      { numRuns: 50 },
    );
    for (const bytes of [[0], [0, 5, 1], [0, 0].concat(Array(512).fill(0))])
      expect(() => parseBundle(Uint8Array.from(bytes))).toThrow(RangeError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(toHex(formatBundle(parseBundle(bytes)))).toBe(toHex(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
