import { z } from 'zod';
import { Commitment, Identifier, text, Uuid } from '../values/schema.ts';
import { canonicalJson } from './canonical.ts';
import type { Envelope } from './envelope.ts';

/** The order to erase a record: bytes and salt go, the commitment in the log and every other proof stay. */

export const ERASURE_REASONS = ['retention', 'request'] as const;
export type ErasureReason = (typeof ERASURE_REASONS)[number];

/** Body of a record `erased`. It names the record and its place, so that also who never held it knows what is no longer there. */
export const ErasedBody = z.strictObject({
  /** Of the record that is erased, and the log, the index and the id under which it stood. */
  commitment: Commitment,
  log: z.string().min(3).max(200),
  index: z.int().min(0),
  id: Uuid,
  dossier: Uuid,
  section: Identifier,
  legalBasis: text(500),
  /** A retention period has ended, or somebody who may asked for it. */
  reason: z.enum(ERASURE_REASONS),
});
export type ErasedBody = z.infer<typeof ErasedBody>;

/** The order that a record is; undefined where it is none, or not of its form. */
export function orderOf({ type, body }: Pick<Envelope, 'type' | 'body'>): ErasedBody | undefined {
  return type === 'erased' ? ErasedBody.safeParse(body).data : undefined;
}

/**
 * Why an order does not erase this record; undefined where it does. Sections alone carry personal data; what a member has decided,
 * certified or listed can be taken back by no order. Whoever reads the record must read the order.
 *
 * @example erasureRefused(order, decision) // 'not-a-section'
 */
export function erasureRefused(order: Envelope, target: Envelope): string | undefined {
  const body = orderOf(order);
  if (body === undefined) return 'order-unreadable';
  if (target.type !== 'section') return 'not-a-section';
  if (target.issuer.member !== order.issuer.member) return 'issuer-not-owner';
  if (target.log !== body.log || target.id !== body.id) return 'another-record';
  if (target.body['dossier'] !== body.dossier || target.body['section'] !== body.section) return 'another-section';
  return canonicalJson(target.to) === canonicalJson(order.to) ? undefined : 'another-audience';
}
