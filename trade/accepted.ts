import { z } from 'zod';
import { Commitment, Instant, Uuid } from '../values/schema.ts';

/** What a node answers when it has taken something into its log. */
export const RecordReceipt = z.object({ id: Uuid, type: z.string(), commitment: Commitment, index: z.int() });
export const RecordAccepted = z.object({ record: RecordReceipt, sequencedAt: Instant, repeated: z.boolean() });
