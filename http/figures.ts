import { z } from 'zod';
import { Instant } from '../values/schema.ts';
import type { HttpNode } from './node.ts';

/**
 * What a member publishes of itself at `/figures`, for anyone. It may withhold a figure, which then reads `withheld`, never zero; and it may
 * explain what others found wrong with it.
 */

export const FIGURES = ['published', 'final', 'queued', 'cosigned', 'peers'] as const;

const said = z.string().min(1).max(1000);

/** What a member says of its own figures; a file of this form is named by DOSTYK_STATEMENT. */
export const Statement = z.strictObject({
  withheld: z.array(z.enum(FIGURES)).max(FIGURES.length).optional(),
  explanations: z
    .array(
      z.strictObject({
        at: Instant,
        about: z.string().min(1).max(200),
        /** By language; English at least, the others as far as they are written. */
        text: z.strictObject({
          en: said,
          zh: said.optional(),
          kk: said.optional(),
          ky: said.optional(),
          tg: said.optional(),
          tk: said.optional(),
          uz: said.optional(),
          ru: said.optional(),
        }),
      }),
    )
    .max(50)
    .optional(),
});
export type Statement = z.infer<typeof Statement>;

export async function figuresOf(
  { context, federation }: Pick<HttpNode, 'context' | 'federation'>,
  { withheld = [], explanations = [] }: Statement = {},
): Promise<Record<string, unknown>> {
  const { ledger, member, clock } = context;
  const [{ peers }, cosigned] = await Promise.all([federation.status(), ledger.cosigned()]);
  const figures: Record<string, unknown> = {
    member,
    asOf: clock().toISOString(),
    published: Number(ledger.published?.size ?? 0n),
    final: Number(ledger.final?.size ?? 0n),
    queued: ledger.queued,
    cosigned: cosigned.map(({ witness, size, time }) => ({
      member: witness,
      size: Number(size),
      at: new Date(Number(time) * 1000).toISOString(),
    })),
    peers: peers.map((one) => ({ member: one.member, cosigned: one.cosigned, mirrored: one.mirrored })),
    explanations,
  };
  for (const name of withheld) figures[name] = 'withheld';
  return figures;
}
