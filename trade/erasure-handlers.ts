import type { Audience } from '../log/envelope.ts';
import type { ErasedBody } from '../log/erased.ts';
import type { NodeContext } from '../members/context.ts';
import { Refusal } from '../values/refusal.ts';
import { sealDraft } from './filing.ts';
import { dropRequest, type Erasure, type ErasureRequest, erasureRequests, sectionRecords } from './store.ts';

/** Orders to erase and their acknowledgements: what the node itself says, in its own log. */

const sealing = ({ origin, member, registry, clock, random, crypto }: NodeContext) => ({
  origin,
  member,
  registry,
  now: clock(),
  random,
  crypto,
});

/** Appends under names that a log takes once: what another process of this node was quicker to say is said. */
async function sayOnce(say: () => Promise<unknown>): Promise<void> {
  try {
    await say();
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'already-filed')) throw error;
  }
}

/**
 * Puts the order for each section that was asked for into the log: one for every version, to whom that version was for. Durable
 * before anything is nulled; a request that is found again after a crash has nothing left to order.
 *
 * @returns how many orders were given
 */
export async function orderErasures(context: NodeContext): Promise<number> {
  let count = 0;
  for (const request of await erasureRequests(context.sql)) {
    const sealed = await sealOrders(context, request);
    const once = sealed.map(({ record }) => `erased/${String(record.body['commitment'])}`);
    if (sealed.length > 0) await sayOnce(() => context.ledger.append(sealed, { account: 'node:erasure', once }));
    await dropRequest(context.sql, request);
    count += sealed.length;
  }
  return count;
}

async function sealOrders(context: NodeContext, { dossier, section, legalBasis, reason }: ErasureRequest) {
  const records = await sectionRecords(context.sql, context.member, dossier, section);
  return records.map(({ commitment, origin, index, envelope }) => {
    const body: ErasedBody = {
      commitment,
      log: origin,
      index: Number(index),
      id: envelope.id,
      dossier,
      section,
      legalBasis,
      reason,
    };
    return sealDraft({ type: 'erased', to: envelope.to, body }, sealing(context));
  });
}

/** Says to all who had a section that this member has erased its copy. The caller knows that it has. */
export async function acknowledgeErasure(context: NodeContext, { order, dossier, to: had }: Erasure): Promise<void> {
  const to: Audience = had === 'public' ? 'public' : [...had];
  const draft = { type: 'erasure-acknowledged', to, after: [order], body: { dossier, order } };
  const sealed = sealDraft(draft, sealing(context), new Map([[order, to]]));
  const once = [`erasure-acknowledged/${order}`];
  await sayOnce(() => context.ledger.append([sealed], { account: 'node:erasure', once }));
}
