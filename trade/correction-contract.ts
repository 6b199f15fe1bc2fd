import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Country, Identifier, Instant, text, Uuid } from '../values/schema.ts';
import { RecordAccepted } from './accepted.ts';
import { page, pageOf } from './paging.ts';
import { CorrectionBody } from './record.ts';

/** Anyone says that an answer about a member's rules is wrong; its authority replies, with a clock. */

const base = oc.$route({ tags: ['trade'] });

const CorrectionView = z.object({
  correction: Uuid,
  about: Country,
  reported: Country,
  version: z.int().nullable(),
  measure: z.string().nullable(),
  question: z.string().nullable(),
  text: z.string(),
  source: z.string().nullable(),
  at: Instant,
  due: Instant,
  state: z.enum(['open', 'overdue', 'changed', 'kept']),
  answers: z.array(
    z.object({
      authority: Identifier,
      at: Instant,
      outcome: z.enum(['changed', 'kept']),
      text: z.string(),
      version: z.int().nullable(),
    }),
  ),
});
export type CorrectionView = z.infer<typeof CorrectionView>;

export const correctionContract = {
  reportCorrection: base
    .route({ method: 'POST', path: '/corrections', summary: "Say that an answer about a member's rules is wrong" })
    .input(CorrectionBody.omit({ correction: true }))
    .output(RecordAccepted.extend({ correction: Uuid, due: Instant })),
  getCorrection: base
    .route({ method: 'GET', path: '/corrections/{correction}', summary: 'What became of a correction, by its id' })
    .input(z.strictObject({ correction: Uuid }))
    .output(CorrectionView),
  listCorrections: base
    .route({
      method: 'GET',
      path: '/corrections',
      summary: "Corrections of the member's rules, for the authority that answers for them",
    })
    .input(z.strictObject({ ...page, answered: z.enum(['yes', 'no']).default('no') }))
    .output(pageOf(CorrectionView)),
  answerCorrection: base
    .route({ method: 'POST', path: '/corrections/{correction}/answers', summary: 'Answer a correction' })
    .input(
      z.strictObject({
        correction: Uuid,
        outcome: z.enum(['changed', 'kept']),
        text: text(2000),
        /** The published version that says it otherwise, with `changed`. */
        version: z.int().min(1).max(999_999_999).optional(),
      }),
    )
    .output(RecordAccepted),
};
