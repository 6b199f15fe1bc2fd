import { concat, equal } from '../values/bytes.ts';
import { type LogCrypto, prefixedHash } from './crypto.ts';

/**
 * RFC 6962 / RFC 9162 Merkle trees. Sizes and indexes are bigint: a checkpoint may state any up to 2^64−1.
 */

export const HASH_BYTES = 32;

export function leafHash(crypto: LogCrypto, entry: Uint8Array): Uint8Array {
  return prefixedHash(crypto, 0, entry);
}

export function nodeHash(crypto: LogCrypto, left: Uint8Array, right: Uint8Array): Uint8Array {
  return prefixedHash(crypto, 1, left, right);
}

export function emptyRoot(crypto: LogCrypto): Uint8Array {
  return crypto.sha256(new Uint8Array());
}

/** Number of one bits: how many perfect subtrees stand side by side in a tree of this size. */
export function countOnes(size: bigint): number {
  let ones = 0;
  for (let rest = size; rest > 0n; rest >>= 1n) ones += Number(rest & 1n);
  return ones;
}

/**
 * The right edge of a growing tree: the roots of its perfect subtrees, largest first. All that is needed
 * to append and to know the root.
 */
export interface Edge {
  readonly size: bigint;
  readonly hashes: readonly Uint8Array[];
}

export const EMPTY_EDGE: Edge = { size: 0n, hashes: [] };

export function appendLeaf(crypto: LogCrypto, edge: Edge, leaf: Uint8Array): Edge {
  const hashes = [...edge.hashes];
  let carry = leaf;
  for (let rest = edge.size; (rest & 1n) === 1n; rest >>= 1n) {
    const left = hashes.pop();
    if (left === undefined) throw new RangeError('the edge holds too few hashes for its size');
    carry = nodeHash(crypto, left, carry);
  }
  hashes.push(carry);
  return { size: edge.size + 1n, hashes };
}

export function edgeRoot(crypto: LogCrypto, edge: Edge): Uint8Array {
  const last = edge.hashes.at(-1);
  if (last === undefined) return emptyRoot(crypto);
  return edge.hashes.slice(0, -1).reduceRight((right, left) => nodeHash(crypto, left, right), last);
}

export function edgeToBytes(edge: Edge): Uint8Array {
  return concat(...edge.hashes);
}

/** @throws RangeError when the bytes are not the edge of a tree of that size */
export function edgeFromBytes(size: bigint, bytes: Uint8Array): Edge {
  if (bytes.length !== countOnes(size) * HASH_BYTES) throw new RangeError('not the edge of a tree of this size');
  const hashes = Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
  return { size, hashes };
}

const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

function trailingZeros(value: bigint): number {
  let count = 0;
  for (let rest = value; rest > 0n && (rest & 1n) === 0n; rest >>= 1n) count++;
  return count;
}

/** How many hashes of an inclusion proof lie inside the perfect subtree, and how many on the right border. */
function inclusionShape(index: bigint, size: bigint): { inner: number; border: number } {
  const inner = bitLength(index ^ (size - 1n));
  return { inner, border: countOnes(index >> BigInt(inner)) };
}

/**
 * Is `leaf` (a leaf hash) at `index` in the tree of `size` with `root`? False for anything malformed.
 */
export function verifyInclusion(
  crypto: LogCrypto,
  index: bigint,
  size: bigint,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index < 0n || index >= size || leaf.length !== HASH_BYTES) return false;
  if (proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  const { inner, border } = inclusionShape(index, size);
  if (proof.length !== inner + border) return false;
  let hash = leaf;
  for (const [level, sibling] of proof.entries()) {
    const left = level >= inner || ((index >> BigInt(level)) & 1n) === 1n;
    hash = left ? nodeHash(crypto, sibling, hash) : nodeHash(crypto, hash, sibling);
  }
  return equal(hash, root);
}

/**
 * Is the tree of `newSize` an extension of that of `oldSize`? An old tree of size 0 is extended by any,
 * its root must be the empty root and its proof empty.
 */
export function verifyConsistency(
  crypto: LogCrypto,
  oldSize: bigint,
  newSize: bigint,
  proof: readonly Uint8Array[],
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
): boolean {
  if (oldSize < 0n || oldSize > newSize || proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  if (oldSize === newSize)
    return proof.length === 0 && equal(oldRoot, newRoot) && (oldSize > 0n || equal(oldRoot, emptyRoot(crypto)));
  if (oldSize === 0n) return proof.length === 0 && equal(oldRoot, emptyRoot(crypto));
  const shape = inclusionShape(oldSize - 1n, newSize);
  const shift = trailingZeros(oldSize);
  const inner = shape.inner - shift;
  // A perfect old tree is its own first hash; otherwise the proof brings it.
  const perfect = oldSize === 1n << BigInt(shift);
  const seed = perfect ? oldRoot : proof[0];
  const rest = perfect ? proof : proof.slice(1);
  if (seed === undefined || rest.length !== inner + shape.border) return false;
  const mask = (oldSize - 1n) >> BigInt(shift);
  let oldHash = seed;
  let newHash = seed;
  for (const [level, hash] of rest.entries()) {
    if (level >= inner || ((mask >> BigInt(level)) & 1n) === 1n) {
      oldHash = nodeHash(crypto, hash, oldHash);
      newHash = nodeHash(crypto, hash, newHash);
    } else {
      newHash = nodeHash(crypto, newHash, hash);
    }
  }
  return equal(oldHash, oldRoot) && equal(newHash, newRoot);
}
