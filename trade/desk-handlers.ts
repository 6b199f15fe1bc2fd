import { implement } from '@orpc/server';
import type { RequestContext } from '../members/context.ts';
import { requireMandate, requirePost } from '../members/mandate.ts';
import { readerOf } from './acting.ts';
import { tradeContract } from './contract.ts';
import { deskRow } from './desk.ts';
import { allRequirements, countDesk, listActs, listDesk } from './store.ts';

const os = implement(tradeContract).$context<RequestContext>();

const list = os.listDesk.handler(async ({ input, context }) => {
  requirePost(context.caller, context.registry, input.post);
  const reader = readerOf(context);
  const requirements = await allRequirements(context.sql);
  const asOf = context.clock().toISOString().slice(0, 10);
  const { items, next } = await listDesk(context.sql, reader, input);
  return {
    items: items.flatMap(({ movement, aboard }) => {
      const row = deskRow(movement, input.post, aboard, { reader, requirements, asOf });
      return row === undefined ? [] : [row];
    }),
    next,
  };
});

const counts = os.deskCounts.handler(async ({ input, context }) => {
  requirePost(context.caller, context.registry, input.post);
  const found = await countDesk(context.sql, readerOf(context), input.post);
  const of = (state: string): number => found.get(state) ?? 0;
  return { expected: of('expected'), here: of('here'), held: of('held'), done: of('done') };
});

const acts = os.listActs.handler(async ({ input, context }) => {
  const authority = requireMandate(
    context.caller,
    context.registry,
    'decide',
    'decide-appeals',
    'report-events',
    'require',
    'certify-origin',
    'certify-phytosanitary',
    'certify-conformity',
  );
  return listActs(context.sql, authority, input);
});

export const deskHandlers = { listDesk: list, deskCounts: counts, listActs: acts };
