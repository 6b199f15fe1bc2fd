import type { Act } from './desk-contract.ts';
import type { BODIES } from './record.ts';

/** One line of an authority's trail from the body of its own record. */

type Bodies = { [T in keyof typeof BODIES]: ReturnType<(typeof BODIES)[T]['parse']> };
type Said = Pick<Act, 'what' | 'post' | 'reason' | 'text'>;

const LINES: { readonly [T in Act['type']]: (body: Bodies[T]) => Said } = {
  decision: ({ decision, post, reason, question }) => ({
    what: decision,
    post,
    reason: reason.code,
    text: question ?? reason.text,
  }),
  certificate: ({ kind, number }) => ({ what: kind, text: number }),
  revocation: ({ reason }) => ({ what: 'revoked', text: reason }),
  event: ({ event, post, note }) => ({ what: event, post, text: note }),
  'appeal-outcome': ({ outcome, reason }) => ({ what: outcome, text: reason }),
  requirement: ({ direction, goods, source }) => ({ what: direction, text: `${goods} ${source.title}` }),
  'correction-answer': ({ outcome, text }) => ({ what: outcome, text }),
  pack: ({ version, reason }) => ({ what: String(version), text: reason }),
};

/** Undefined for a type that is no act of a person. */
export function actOf(type: string, body: unknown): ({ readonly type: Act['type'] } & Said) | undefined {
  if (!Object.hasOwn(LINES, type)) return undefined;
  // An authority's own record was checked against the schema of its type when it was made.
  const line = LINES[type as Act['type']] as (body: unknown) => Said;
  return { type: type as Act['type'], ...line(body) };
}
