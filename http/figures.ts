import type { HttpNode } from './node.ts';

/**
 * What a member publishes of itself at `/figures`, for anyone. It may withhold a figure, which then reads `withheld`, never zero; and it may
 * explain what others found wrong with it.
 */

export const FIGURES = ['published', 'final', 'queued', 'cosigned', 'peers'] as const;

export interface Statement {
  readonly withheld?: readonly (typeof FIGURES)[number][];
  /** By language; English at least. */
  readonly explanations?: readonly {
    readonly at: string;
    readonly about: string;
    readonly text: Readonly<Record<string, string>>;
  }[];
}

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
