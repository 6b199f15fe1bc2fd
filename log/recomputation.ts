import { concat } from '../values/bytes.ts';
import type { LogCrypto } from './crypto.ts';
import { appendLeaf, type Edge, EMPTY_EDGE, edgeRoot, leafHash } from './merkle.ts';

/** A tree made anew from its entries alone: full tiles of every level, and the root at each size on the way. */
export class Recomputation {
  readonly #crypto: LogCrypto;
  readonly #levels: Uint8Array[][] = [];
  readonly tiles = new Map<string, Uint8Array>();
  edge: Edge = EMPTY_EDGE;

  constructor(crypto: LogCrypto) {
    this.#crypto = crypto;
  }

  add(commitment: Uint8Array): void {
    const leaf = leafHash(this.#crypto, commitment);
    this.edge = appendLeaf(this.#crypto, this.edge, leaf);
    this.#push(0, leaf);
  }

  #push(level: number, hash: Uint8Array): void {
    const hashes = this.#levels[level] ?? [];
    this.#levels[level] = hashes;
    hashes.push(hash);
    if (hashes.length % 256 !== 0) return;
    const tile = hashes.slice(-256);
    this.tiles.set(`${level}/${hashes.length / 256 - 1}`, concat(...tile));
    let edge = EMPTY_EDGE;
    for (const one of tile) edge = appendLeaf(this.#crypto, edge, one);
    this.#push(level + 1, edgeRoot(this.#crypto, edge));
  }

  /** Bytes of any tile of the present tree. */
  tile(level: number, n: bigint, width: number): Uint8Array {
    return concat(...(this.#levels[level] ?? []).slice(Number(n) * 256, Number(n) * 256 + width));
  }

  get root(): Uint8Array {
    return edgeRoot(this.#crypto, this.edge);
  }
}
