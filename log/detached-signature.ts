import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../values/bytes.ts';
import { canonicalBytes } from './canonical.ts';
import { type LogCrypto, verifyStrict } from './crypto.ts';
import type { DetachedSignature, Envelope } from './envelope.ts';

/**
 * Detached JWS (RFC 7515, appendix F) over the canonical record without `signatures`, by an authority's
 * document key. The only algorithm checked here is EdDSA; SM2, GOST and others are reported as present.
 */

export interface DocumentSigner {
  readonly kid: string;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

function signedBytes(header: string, record: Envelope): Uint8Array {
  const { signatures: _, ...unsigned } = record;
  return utf8(`${header}.${toBase64Url(canonicalBytes(unsigned))}`);
}

/** The record with a detached EdDSA signature added. */
export async function signDetached(record: Envelope, signer: DocumentSigner): Promise<Envelope> {
  const header = toBase64Url(canonicalBytes({ alg: 'EdDSA', kid: signer.kid }));
  const signature = await signer.sign(signedBytes(header, record));
  const added: DetachedSignature = { alg: 'EdDSA', kid: signer.kid, jws: `${header}..${toBase64Url(signature)}` };
  return { ...record, signatures: [...(record.signatures ?? []), added] };
}

/** Does this signature fit the record under this key? False for anything malformed or of another algorithm. */
export async function verifyDetached(
  crypto: LogCrypto,
  record: Envelope,
  { alg, kid, jws }: DetachedSignature,
  publicKey: Uint8Array,
): Promise<boolean> {
  if (alg !== 'EdDSA') return false;
  const [header, payload, signature, ...more] = jws.split('.');
  if (header === undefined || payload !== '' || signature === undefined || more.length > 0) return false;
  try {
    const parsed: unknown = JSON.parse(fromUtf8(fromBase64Url(header)));
    // The header is what we wrote and nothing else: no `crit`, no other key, no other algorithm.
    if (toBase64Url(canonicalBytes({ alg: 'EdDSA', kid })) !== header || typeof parsed !== 'object') return false;
    return await verifyStrict(crypto, publicKey, signedBytes(header, record), fromBase64Url(signature));
  } catch {
    // Not base64url or not JSON: not a signature.
    return false;
  }
}
