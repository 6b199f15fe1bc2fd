import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Instant, Uuid } from '../values/schema.ts';

/**
 * Webhooks: an operator's own system is told what changed, by Standard Webhooks 1.0.0 (headers webhook-id, webhook-timestamp,
 * webhook-signature). As in the stream of changes, a delivery says what changed and never how.
 */

export const WebhookView = z.object({
  webhook: Uuid,
  url: z.string(),
  createdAt: Instant,
  /** `failing`: nothing was accepted for a day; a test that is accepted starts it again. */
  state: z.enum(['active', 'retrying', 'failing']),
  failingSince: Instant.nullable(),
  deliveries: z.array(
    z.object({ at: Instant, changes: z.int(), status: z.int().nullable(), error: z.string().nullable() }),
  ),
});
export type WebhookView = z.infer<typeof WebhookView>;

const base = oc.$route({ tags: ['trade'] });

export const webhookContract = {
  listWebhooks: base
    .route({ method: 'GET', path: '/webhooks', summary: "The operator's webhooks with their last deliveries" })
    .output(z.object({ items: z.array(WebhookView) })),
  addWebhook: base
    .route({ method: 'POST', path: '/webhooks', summary: 'Have changes told to an address of your own system' })
    .input(z.strictObject({ url: z.string().max(500) }))
    /** `secret` is told once; it signs each delivery. */
    .output(z.object({ webhook: Uuid, secret: z.string() })),
  testWebhook: base
    .route({ method: 'POST', path: '/webhooks/{webhook}/tests', summary: 'Send a test to a webhook now' })
    .input(z.strictObject({ webhook: Uuid, test: z.literal(true) }))
    .output(z.object({ status: z.int().nullable(), error: z.string().nullable() })),
  removeWebhook: base
    .route({ method: 'POST', path: '/webhooks/{webhook}/removal', summary: 'Remove a webhook' })
    .input(z.strictObject({ webhook: Uuid, removed: z.literal(true) }))
    .output(z.object({ webhook: Uuid })),
};
