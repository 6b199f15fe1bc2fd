import { z } from 'zod';
import { concat, fromHex, toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { Commitment, Country, Identifier, Instant, Uuid } from '../values/schema.ts';
import { canonicalBytes, parseCanonical } from './canonical.ts';
import type { LogCrypto } from './crypto.ts';

/** To whom a record is addressed. Senders enforce it by member, receivers by authority. */
export const Audience = z.union([
  z.literal('public'),
  z
    .array(z.strictObject({ member: Country, authorities: z.array(Identifier).min(1).max(30).optional() }))
    .min(1)
    .max(60),
]);
export type Audience = z.infer<typeof Audience>;

/** A signature over the canonical record without `signatures`: a detached JWS, or another state's algorithm. */
export const DetachedSignature = z.strictObject({
  alg: z.string().regex(/^[A-Za-z0-9-]{1,20}$/),
  kid: z.string().min(1).max(200),
  jws: z.string().min(1).max(20_000),
});
export type DetachedSignature = z.infer<typeof DetachedSignature>;

export const Envelope = z.strictObject({
  v: z.literal(1),
  id: Uuid,
  /** Origin of the log that this record is in; the same commitment in another log proves nothing. */
  log: z.string().min(3).max(200),
  /** Version of the registry that the issuer had in force. */
  registry: z.int().min(1),
  type: z
    .string()
    .regex(/^[a-z]+(-[a-z]+)*$/)
    .max(40),
  issuer: z.strictObject({ member: Country, authority: Identifier.optional() }),
  to: Audience,
  /** Commitments that must be known before this record makes sense. */
  after: z.array(Commitment).max(100),
  /** The issuer's claim; the time that counts is that of the cosignatures. */
  at: Instant,
  body: z.record(z.string(), z.unknown()),
  signatures: z.array(DetachedSignature).min(1).max(5).optional(),
});
export type Envelope = z.infer<typeof Envelope>;

/** A record with what a log holds of it. `commitment` = SHA-256(salt ‖ bytes). */
export interface Sealed {
  readonly record: Envelope;
  /** The stored bytes are what is committed, never a re-serialisation. */
  readonly bytes: Uint8Array;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
}

export const MAX_RECORD_BYTES = 4 * 1024 * 1024;

/**
 * @throws Refusal `envelope-invalid` with a finding for each problem
 */
export function checkEnvelope(value: unknown): Envelope {
  const parsed = Envelope.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(400, 'envelope-invalid', 'The record is no Dostyk envelope.', {
    findings: parsed.error.issues.slice(0, 20).map((issue) => ({
      path: `/${issue.path.join('/')}`,
      code: issue.code ?? 'invalid',
      message: issue.message,
    })),
  });
}

export function commitmentOf(salt: Uint8Array, bytes: Uint8Array, crypto: LogCrypto): Uint8Array {
  return crypto.sha256(concat(salt, bytes));
}

/** Does every reader of `inner` also read `outer`? */
function covers(outer: Audience, inner: Audience): boolean {
  if (outer === 'public') return true;
  if (inner === 'public') return false;
  return inner.every((reader) => {
    const same = outer.filter((one) => one.member === reader.member);
    if (same.some((one) => one.authorities === undefined)) return true;
    const authorities = new Set(same.flatMap((one) => one.authorities ?? []));
    return reader.authorities?.every((authority) => authorities.has(authority)) === true;
  });
}

export function isAddressedTo(audience: Audience, member: string, authority?: string): boolean {
  if (audience === 'public') return true;
  return audience.some(
    (one) =>
      one.member === member &&
      (authority === undefined || one.authorities === undefined || one.authorities.includes(authority)),
  );
}

export interface SealTools {
  readonly crypto: LogCrypto;
  readonly random: (length: number) => Uint8Array;
  /** The audience of a record named in `after`; unknown ones are refused. */
  readonly audienceOf?: (commitment: string) => Audience | undefined;
}

/**
 * Makes the bytes of a record, once, and its commitment.
 *
 * @throws Refusal `envelope-invalid`, `after-unknown`, `after-not-addressed`, `record-too-large`
 * @example const sealed = seal(record, { crypto: nodeCrypto, random: nodeRandom });
 */
export function seal(record: Envelope, tools: SealTools): Sealed {
  checkEnvelope(record);
  for (const commitment of record.after) {
    const audience = tools.audienceOf?.(commitment);
    if (audience === undefined) {
      throw new Refusal(422, 'after-unknown', 'A record named in `after` is not known here.', {
        params: { commitment },
      });
    }
    if (!covers(audience, record.to)) {
      throw new Refusal(422, 'after-not-addressed', 'A record named in `after` is not addressed to every addressee.', {
        params: { commitment },
      });
    }
  }
  const bytes = canonicalBytes(record);
  if (bytes.length > MAX_RECORD_BYTES) {
    throw new Refusal(413, 'record-too-large', 'The record is larger than 4 MiB.', { params: { bytes: bytes.length } });
  }
  const salt = tools.random(16);
  return { record, bytes, salt, commitment: commitmentOf(salt, bytes, tools.crypto) };
}

/**
 * Reads a record that came from elsewhere: canonical bytes, a whole envelope, nothing else.
 * @throws Refusal `json-not-canonical`, `envelope-invalid`, `record-too-large`
 */
export function openSealed(bytes: Uint8Array, salt: Uint8Array, crypto: LogCrypto): Sealed {
  if (bytes.length > MAX_RECORD_BYTES) throw new Refusal(413, 'record-too-large', 'The record is larger than 4 MiB.');
  if (salt.length !== 16) throw new Refusal(400, 'envelope-invalid', 'The salt is not 16 bytes.');
  return { record: checkEnvelope(parseCanonical(bytes)), bytes, salt, commitment: commitmentOf(salt, bytes, crypto) };
}

/** UUID version 7 (RFC 9562): milliseconds since 1970, then random bits. */
export function uuidv7(nowMs: number, random: (length: number) => Uint8Array): string {
  const bytes = random(16).slice();
  bytes.set(fromHex(nowMs.toString(16).padStart(12, '0')));
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
