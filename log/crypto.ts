import { concat, toHex } from '../values/bytes.ts';

/**
 * The cryptography that `log/` is given. On the server it is Node's (`values/node-crypto.ts`), in the
 * browser `browser-crypto.ts`. Hashing is synchronous: WebCrypto's digest is not, and a Merkle tree
 * hashes thousands of times.
 */
export interface LogCrypto {
  sha256(data: Uint8Array): Uint8Array;
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

const P = 2n ** 255n - 19n;
/** Order of the base point (RFC 8032). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The y coordinates of the eight points of small order, the sign bit cleared. */
const ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y]);

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.slice().reverse()) || '0'}`);
}

function acceptablePoint(bytes: Uint8Array): boolean {
  const y = littleEndian(bytes) & ((1n << 255n) - 1n);
  return y < P && !SMALL_ORDER_Y.has(y);
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
  if (littleEndian(signature.subarray(32)) >= L) return false;
  try {
    return await crypto.verifyEd25519(publicKey, message, signature);
  } catch {
    // A library that throws for a key that is no point on the curve says the same: not valid.
    return false;
  }
}

/** SHA-256 over a domain prefix byte and parts, as RFC 6962 hashes leaves and nodes. */
export function prefixedHash(crypto: LogCrypto, prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return crypto.sha256(concat(Uint8Array.of(prefix), ...parts));
}
