import { equal, fromHex } from '../values/bytes.ts';

/**
 * The cryptography that `log/` is given. On the server it is Node's (`values/node-crypto.ts`), in the
 * browser `browser-crypto.ts`. Hashing is synchronous: WebCrypto's digest is not, and a Merkle tree
 * hashes thousands of times.
 */
export interface LogCrypto {
  sha256(data: Uint8Array): Uint8Array;
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** Little-endian: the field's prime 2^255 − 19, and the order of the base point (RFC 8032). */
const P = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');
const L = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** The y coordinates of the eight points of small order, the sign bit cleared: 0, 1, p − 1, and the two of order 8. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(fromHex);

/** Of numbers of 32 bytes each, the least significant first. */
function isLess(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const [x = 0, y = 0] = [a[i], b[i]];
    if (x !== y) return x < y;
  }
  return false;
}

function acceptablePoint(bytes: Uint8Array): boolean {
  const y = bytes.slice();
  y[31] = (y[31] ?? 0) & 0x7f;
  return isLess(y, P) && !SMALL_ORDER_Y.some((point) => equal(point, y));
}

/**
 * Ed25519 as strictly as any library reads it: S < L, canonical A and R, neither of small order.
 * Libraries disagree on hundreds of such edge cases; what passes here, all of them judge alike.
 *
 * @example await verifyStrict(nodeCrypto, publicKey, message, signature) // true or false, never throws
 */
export async function verifyStrict(
  crypto: LogCrypto,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  if (!acceptablePoint(publicKey) || !acceptablePoint(signature.subarray(0, 32))) return false;
  if (!isLess(signature.subarray(32), L)) return false;
  try {
    return await crypto.verifyEd25519(publicKey, message, signature);
  } catch {
    // A library that throws for a key that is no point on the curve says the same: not valid.
    return false;
  }
}

const scratch = new Uint8Array(65);

/** SHA-256 over a domain prefix byte and parts, as RFC 6962 hashes leaves and nodes. */
export function prefixedHash(crypto: LogCrypto, prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 1;
  for (const part of parts) length += part.length;
  const bytes = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
  bytes[0] = prefix;
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return crypto.sha256(bytes);
}
