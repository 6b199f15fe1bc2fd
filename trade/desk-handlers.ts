import { implement } from '@orpc/server';
import type { Envelope } from '../log/envelope.ts';
import type { RequestContext } from '../members/context.ts';
import { requireMandate, requirePost } from '../members/mandate.ts';
import { MANDATES } from '../members/registry.ts';
import { Refusal } from '../values/refusal.ts';
import { actOf } from './act.ts';
import { readerOf } from './acting.ts';
import { tradeContract } from './contract.ts';
import { compareDeclared, notedAt } from './presented.ts';
import type { GoodsSection } from './section.ts';
import { countDesk, findDeskMovement, findDossier, findMovement, listActs, listDesk } from './store.ts';
import { mayRead, maySee } from './view.ts';

const os = implement(tradeContract).$context<RequestContext>();

const list = os.listDesk.handler(async ({ input, context }) => {
  requirePost(context.caller, context.registry, input.post);
  const asOf = context.clock().toISOString().slice(0, 10);
  return context.reading((sql) => listDesk(sql, readerOf(context), { ...input, asOf }));
});

const unknown = (movement: string): Refusal =>
  new Refusal(404, 'movement-unknown', 'There is no such movement here.', { params: { movement } });

const get = os.getDeskMovement.handler(async ({ input, context }) => {
  requirePost(context.caller, context.registry, input.post);
  const asOf = context.clock().toISOString().slice(0, 10);
  const found = await findDeskMovement(context.sql, readerOf(context), input.movement, { post: input.post, asOf });
  if (found === undefined) throw unknown(input.movement);
  return found;
});

const counts = os.deskCounts.handler(async ({ input, context }) => {
  const { id, zone } = requirePost(context.caller, context.registry, input.post);
  const now = context.clock();
  return {
    ...(await context.reading((sql) => countDesk(sql, readerOf(context), { post: id, zone, now }))),
    asOf: now.toISOString(),
  };
});

const compare = os.comparePresented.handler(async ({ input, context }) => {
  requireMandate(context.caller, context.registry, 'decide', 'report-events');
  const reader = readerOf(context);
  const state = await findMovement(context.sql, input.movement);
  const inForce = state?.versions.at(-1);
  if (state?.current == null || inForce === undefined || !mayRead(reader, inForce.to)) {
    throw unknown(input.movement);
  }
  const consignments = await Promise.all(
    state.current.consignments.map(async ({ dossier }) => {
      const found = (await findDossier(context.sql, dossier))?.state;
      const section = found?.sections.find(({ name }) => name === 'goods');
      const isOpen =
        found !== undefined &&
        section !== undefined &&
        maySee(reader, found) &&
        mayRead(reader, section.audience) &&
        section.content !== null;
      return { dossier, goods: isOpen ? (section.content as GoodsSection) : null };
    }),
  );
  const noted = notedAt(state, input.post);
  return {
    movement: input.movement,
    post: input.post,
    notedAt: noted?.at ?? null,
    fields: compareDeclared(state, consignments, noted?.note),
  };
});

const acts = os.listActs.handler(async ({ input, context }) => {
  const authority = requireMandate(context.caller, context.registry, ...MANDATES);
  const page = await context.reading((sql) => listActs(sql, context.origin, authority, input));
  return {
    items: page.items.flatMap((row) => {
      const envelope = JSON.parse(row.envelope) as Envelope;
      const line = actOf(envelope.type, envelope.body);
      if (line === undefined) return [];
      const { commitment, kind, subject, account, name } = row;
      return [
        {
          ...line,
          commitment,
          at: envelope.at,
          // A requirement stands under its authority's name.
          subject: kind === 'requirement' ? subject.slice(authority.length + 1) : subject,
          account,
          name,
        },
      ];
    }),
    next: page.next,
  };
});

export const deskHandlers = {
  listDesk: list,
  getDeskMovement: get,
  deskCounts: counts,
  comparePresented: compare,
  listActs: acts,
};
