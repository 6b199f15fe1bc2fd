import { concat } from '../values/bytes.ts';
import type { LogCrypto } from './crypto.ts';
import { emptyRoot, HASH_BYTES, nodeHash } from './merkle.ts';

/**
 * Tiles of a log, after C2SP tlog-tiles: a full tile is 256 hashes, 8,192 bytes. Level 0 holds leaf
 * hashes, level l the roots of full tiles of level l − 1. A partial tile is the first hashes of the full
 * one to be; it is never hashed upward.
 */

export const TILE_WIDTH = 256n;
export const TILE_BYTES = 8192;

export interface TileAddress {
  /** 0-63, or 'entries' for a bundle of entries. */
  readonly level: number | 'entries';
  readonly n: bigint;
  /** 1-255 for a partial tile, 256 for a full one. */
  readonly width: number;
}

/**
 * @example tilePath({ level: 0, n: 1234067n, width: 256 }) // 'tile/0/x001/x234/067'
 * @example tilePath({ level: 1, n: 0n, width: 17 })        // 'tile/1/000.p/17'
 */
export function tilePath({ level, n, width }: TileAddress): string {
  const groups = [(n % 1000n).toString().padStart(3, '0')];
  for (let rest = n / 1000n; rest > 0n; rest /= 1000n) groups.unshift(`x${(rest % 1000n).toString().padStart(3, '0')}`);
  return `tile/${level}/${groups.join('/')}${width === 256 ? '' : `.p/${width}`}`;
}

/** The address of a path, or undefined where the path is not written exactly as `tilePath` writes it. */
export function parseTilePath(path: string): TileAddress | undefined {
  const match = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,6}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  if (match === null) return undefined;
  const address: TileAddress = {
    level: match[1] === 'entries' ? 'entries' : Number(match[1]),
    n: BigInt((match[2] ?? '').replaceAll(/[x/]/g, '')),
    width: match[3] === undefined ? 256 : Number(match[3]),
  };
  if (address.level !== 'entries' && address.level > 63) return undefined;
  if (address.width < 1 || address.width > 256 || tilePath(address) !== path) return undefined;
  return address;
}

/** How many hashes of a level exist in a tree of this size: perfect subtrees of 256^level leaves. */
export function hashesAt(level: number, size: bigint): bigint {
  return size >> BigInt(8 * level);
}

/** Width of the tile in a tree of this size: 256, a partial's width, or 0 where there is none. */
export function tileWidth(level: number, n: bigint, size: bigint): number {
  const left = hashesAt(level, size) - n * TILE_WIDTH;
  return left <= 0n ? 0 : left >= TILE_WIDTH ? 256 : Number(left);
}

/** Every tile of a tree of this size, level by level. */
export function* tilesOf(size: bigint): Generator<TileAddress & { readonly level: number }> {
  for (let level = 0; hashesAt(level, size) > 0n; level++) {
    const hashes = hashesAt(level, size);
    for (let n = 0n; n * TILE_WIDTH < hashes; n++) yield { level, n, width: tileWidth(level, n, size) };
  }
}

/** Bytes of one tile at the width asked for. */
export type ReadTile = (address: TileAddress & { readonly level: number }) => Promise<Uint8Array> | Uint8Array;

/** Root of a perfect subtree held as consecutive hashes; the number of hashes is a power of two. */
function perfectRoot(crypto: LogCrypto, hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      above.push(nodeHash(crypto, level[i] ?? new Uint8Array(), level[i + 1] ?? new Uint8Array()));
    }
    level = above;
  }
  const [root] = level;
  if (root === undefined) throw new RangeError('a perfect subtree holds at least one hash');
  return root;
}

/** The root of a full tile, which is one hash of the level above. */
export function fullTileRoot(crypto: LogCrypto, tile: Uint8Array): Uint8Array {
  if (tile.length !== TILE_BYTES) throw new RangeError('not a full tile');
  return perfectRoot(crypto, splitHashes(tile));
}

export function splitHashes(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length % HASH_BYTES !== 0) throw new RangeError('not a whole number of hashes');
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** Reads hashes of a tree from its tiles, each tile fetched once. */
export class TileReader {
  readonly #crypto: LogCrypto;
  readonly #size: bigint;
  readonly #read: ReadTile;
  readonly #cache = new Map<string, Promise<Uint8Array>>();

  constructor(crypto: LogCrypto, size: bigint, read: ReadTile) {
    this.#crypto = crypto;
    this.#size = size;
    this.#read = read;
  }

  #tile(level: number, n: bigint): Promise<Uint8Array> {
    const key = `${level}/${n}`;
    let bytes = this.#cache.get(key);
    if (bytes === undefined) {
      const width = tileWidth(level, n, this.#size);
      bytes = Promise.resolve(this.#read({ level, n, width })).then((read) => {
        if (read.length !== width * HASH_BYTES) throw new RangeError(`tile ${level}/${n} is not ${width} hashes wide`);
        return read;
      });
      this.#cache.set(key, bytes);
    }
    return bytes;
  }

  /** Root of the perfect subtree of 2^height leaves that is the `index`-th of its height. */
  async subtree(height: number, index: bigint): Promise<Uint8Array> {
    const level = Math.floor(height / 8);
    const span = 1n << BigInt(height % 8);
    const first = index * span;
    const tile = await this.#tile(level, first / TILE_WIDTH);
    const from = Number(first % TILE_WIDTH) * HASH_BYTES;
    const bytes = tile.subarray(from, from + Number(span) * HASH_BYTES);
    if (bytes.length !== Number(span) * HASH_BYTES) throw new RangeError('the subtree is not complete in this tree');
    return perfectRoot(this.#crypto, splitHashes(bytes));
  }

  /** Root over the leaves [from, to), where `from` is a multiple of a power of two at least the range's width. */
  async range(from: bigint, to: bigint): Promise<Uint8Array> {
    const roots: Uint8Array[] = [];
    for (let at = from; at < to; ) {
      let height = 0;
      while ((at >> BigInt(height)) % 2n === 0n && at + (2n << BigInt(height)) <= to) height++;
      roots.push(await this.subtree(height, at >> BigInt(height)));
      at += 1n << BigInt(height);
    }
    const last = roots.pop();
    if (last === undefined) return emptyRoot(this.#crypto);
    return roots.reduceRight((right, left) => nodeHash(this.#crypto, left, right), last);
  }

  root(): Promise<Uint8Array> {
    return this.range(0n, this.#size);
  }

  /** RFC 9162, 2.1.3.1. */
  async inclusionProof(index: bigint): Promise<Uint8Array[]> {
    if (index < 0n || index >= this.#size) throw new RangeError('the index is not in the tree');
    const path = async (from: bigint, to: bigint): Promise<Uint8Array[]> => {
      if (to - from === 1n) return [];
      const middle = from + splitPoint(to - from);
      return index < middle
        ? [...(await path(from, middle)), await this.range(middle, to)]
        : [...(await path(middle, to)), await this.range(from, middle)];
    };
    return path(0n, this.#size);
  }

  /** RFC 9162, 2.1.4.1: from the tree of `oldSize` to this one. */
  async consistencyProof(oldSize: bigint): Promise<Uint8Array[]> {
    if (oldSize < 0n || oldSize > this.#size) throw new RangeError('the old size is not in the tree');
    if (oldSize === 0n || oldSize === this.#size) return [];
    const path = async (old: bigint, from: bigint, to: bigint, whole: boolean): Promise<Uint8Array[]> => {
      if (old === to) return whole ? [] : [await this.range(from, to)];
      const middle = from + splitPoint(to - from);
      return old <= middle
        ? [...(await path(old, from, middle, whole)), await this.range(middle, to)]
        : [...(await path(old, middle, to, false)), await this.range(from, middle)];
    };
    return path(oldSize, 0n, this.#size, true);
  }
}

/** The largest power of two smaller than n, n > 1. */
function splitPoint(n: bigint): bigint {
  return 1n << BigInt((n - 1n).toString(2).length - 1);
}

/** A bundle of entries: each its length in two bytes, big-endian, then its bytes. */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concat(...entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 255), entry]));
}

/** @throws RangeError when the bytes are not whole entries, at most 256 */
export function parseBundle(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const entry = bytes.subarray(at + 2, at + 2 + length);
    if (at + 2 > bytes.length || entry.length !== length || entries.length === 256)
      throw new RangeError('not an entry bundle');
    entries.push(entry);
    at += 2 + length;
  }
  return entries;
}
