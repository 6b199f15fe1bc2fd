import { z } from 'zod';
import { fromBase64, fromUtf8, toBase64, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';

/**
 * An evidence file (`.dostyk`): all that a verifier needs to check a record with no network. Nothing in
 * it is trusted by itself: keys come from the registry chain, which must begin at the verifier's own
 * pinned genesis.
 */
const Base64 = z
  .string()
  .max(8_000_000)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/);
const Proven = z.strictObject({ record: Base64, salt: Base64, proof: z.string().max(200_000) });

export const Evidence = z.strictObject({
  format: z.literal('dostyk-evidence/v1'),
  notice: z.string().max(200).optional(),
  ...Proven.shape,
  /** The registry from genesis on: each signed note with the JSON that it names by hash. */
  registry: z
    .array(z.strictObject({ note: z.string().max(200_000), json: z.string().max(1_000_000) }))
    .min(1)
    .max(1000),
  /** The newest status list of the certificate's authority, with its own proof. */
  status: Proven.optional(),
  /** Where a newer status list is to be had. */
  address: z.string().max(500).optional(),
});
export type Evidence = z.infer<typeof Evidence>;

export const MAX_EVIDENCE_BYTES = 8 * 1024 * 1024;

/** @throws Refusal `evidence-invalid` */
export function parseEvidence(bytes: Uint8Array): Evidence {
  if (bytes.length > MAX_EVIDENCE_BYTES)
    throw new Refusal(413, 'evidence-invalid', 'The evidence file is larger than 8 MiB.');
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw new Refusal(400, 'evidence-invalid', 'The file is no Dostyk evidence: not UTF-8 JSON.', { cause });
  }
  const parsed = Evidence.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(400, 'evidence-invalid', 'The file is no Dostyk evidence.', {
    findings: parsed.error.issues.slice(0, 20).map((issue) => ({
      path: `/${issue.path.join('/')}`,
      code: issue.code ?? 'invalid',
      message: issue.message,
    })),
  });
}

export function formatEvidence(evidence: Evidence): Uint8Array {
  return utf8(`${JSON.stringify(evidence, null, 1)}\n`);
}

export interface ProvenRecord {
  readonly bytes: Uint8Array;
  readonly salt: Uint8Array;
  readonly proof: string;
}

export function encodeProven({ bytes, salt, proof }: ProvenRecord): z.infer<typeof Proven> {
  return { record: toBase64(bytes), salt: toBase64(salt), proof };
}

export function decodeProven(proven: z.infer<typeof Proven>): ProvenRecord {
  return { bytes: fromBase64(proven.record), salt: fromBase64(proven.salt), proof: proven.proof };
}
