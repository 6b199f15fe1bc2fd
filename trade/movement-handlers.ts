import { implement } from '@orpc/server';
import type { Audience } from '../log/envelope.ts';
import type { RequestContext } from '../members/context.ts';
import { requireMandate, requireOperator } from '../members/mandate.ts';
import { type Finding, Refusal } from '../values/refusal.ts';
import { accepted, append, newId, readerOf, refuseFindings, requireVersion, sealOne } from './acting.ts';
import { postBook } from './audience.ts';
import { tradeContract } from './contract.ts';
import { checkEvent, checkMovement, knownZones } from './movement.ts';
import { membersOnRoute } from './reading.ts';
import type { MovementBody } from './record.ts';
import type { MovementState } from './state.ts';
import { audiencesOf, findDossier, findMovement, listMovements, ownDossiersOn } from './store.ts';
import { movementView } from './view.ts';

const os = implement(tradeContract).$context<RequestContext>();

const unknown = (movement: string): Refusal =>
  new Refusal(404, 'movement-unknown', 'There is no such movement here.', { params: { movement } });

/**
 * To whom a movement is told: the members of its posts, and every member on the route of a consignment aboard, so that the last
 * post expects the truck when it sets off.
 */
async function audienceOf(
  context: RequestContext,
  movement: Pick<MovementBody, 'posts' | 'consignments'>,
  before: Audience,
): Promise<{ to: Audience; findings: Finding[] }> {
  const { registry, member, sql } = context;
  const members = new Set([member, ...(before === 'public' ? [] : before.map((one) => one.member))]);
  const findings: Finding[] = [];
  for (const id of movement.posts) {
    const post = registry.findPost(id);
    if (post !== undefined) members.add(post.member);
  }
  for (const [i, { dossier }] of movement.consignments.entries()) {
    const found = await findDossier(sql, dossier);
    if (found?.state.current == null) {
      findings.push({
        path: `/consignments/${i}/dossier`,
        code: 'dossier-unknown',
        message: 'There is no such dossier here.',
        params: { dossier },
      });
      continue;
    }
    for (const one of membersOnRoute(found.state.current.route, found.state.member, postBook(registry)))
      members.add(one);
  }
  return { to: [...members].sort().map((one) => ({ member: one })), findings };
}

const declare = os.declareMovement.handler(async ({ input, context }) => {
  const { caller, delegations, clock, registry } = context;
  const operator = requireOperator(caller, { scope: 'declare-movement' }, delegations, clock());
  const movement = input.movement ?? newId(context, 'movement');
  const receipt = await append(context, 'declare-movement', input, async () => {
    const { to, findings } = await audienceOf(context, input, []);
    refuseFindings([...checkMovement(input, registry), ...findings]);
    if ((await findMovement(context.sql, movement)) !== undefined) {
      throw new Refusal(409, 'already-filed', 'A movement with this id is declared already.', { params: { movement } });
    }
    const draft = { type: 'movement', to, body: { ...input, movement, version: 1, operator } };
    return { sealed: [sealOne(context, draft, new Map())], once: [`movement/${movement}/1`] };
  });
  return { ...accepted(receipt), movement };
});

async function seenMovement(context: RequestContext, movement: string): Promise<MovementState> {
  const state = await findMovement(context.sql, movement);
  if (state === undefined) throw unknown(movement);
  const reader = readerOf(context);
  const view = movementView(state, reader, await ownDossiersOn(context.sql, movement, reader), context.crypto.sha256);
  if (view === undefined) throw unknown(movement);
  return state;
}

const amend = os.amendMovement.handler(async ({ input, context }) => {
  const { caller, delegations, clock, registry, member } = context;
  requireOperator(caller, { scope: 'declare-movement' }, delegations, clock());
  const state = await seenMovement(context, input.movement);
  if (state.member !== member) throw unknown(input.movement);
  const operator = requireOperator(
    caller,
    { scope: 'declare-movement', onBehalfOf: state.operator },
    delegations,
    clock(),
  );
  const { baseVersion, ...next } = input;
  const receipt = await append(context, 'amend-movement', input, async () => {
    const last = state.versions.at(-1);
    if (last === undefined || state.contradictions.length > 0)
      throw new Refusal(409, 'movement-contradictory', 'Two versions of one number were declared.');
    requireVersion(last, baseVersion);
    // Whoever knew of the movement learns of its change.
    const { to, findings } = await audienceOf(context, next, last.to === 'public' ? 'public' : [...last.to]);
    refuseFindings([...checkMovement(next, registry), ...findings]);
    const covered =
      last.to === 'public' ||
      (to !== 'public' && to.every((one) => last.to !== 'public' && last.to.some((old) => old.member === one.member)));
    const after = covered ? [last.commitment] : [];
    const draft = {
      type: 'movement',
      to,
      after,
      body: { ...next, version: last.version + 1, previous: last.commitment, operator },
    };
    return {
      sealed: [sealOne(context, draft, await audiencesOf(context.sql, after))],
      once: [`movement/${input.movement}/${last.version + 1}`],
    };
  });
  return { ...accepted(receipt), movement: input.movement };
});

const list = os.listMovements.handler(async ({ input, context }) => {
  const reader = readerOf(context);
  return context.reading(async (sql) => {
    const page = await listMovements(sql, reader, input);
    const items = await Promise.all(
      page.items.map(async (state) =>
        movementView(state, reader, await ownDossiersOn(sql, state.movement, reader), context.crypto.sha256),
      ),
    );
    return { items: items.filter((one) => one !== undefined), next: page.next };
  });
});

const get = os.getMovement.handler(async ({ input, context }) => {
  const reader = readerOf(context);
  const state = await findMovement(context.sql, input.movement);
  const view =
    state &&
    movementView(state, reader, await ownDossiersOn(context.sql, input.movement, reader), context.crypto.sha256);
  if (view === undefined) throw unknown(input.movement);
  return view;
});

const ZONES = knownZones();

const report = os.reportEvent.handler(async ({ input, context }) => {
  const { caller, registry, clock, delegations, member } = context;
  const authority =
    input.source === 'authority' ? requireMandate(caller, registry, 'report-events', 'decide') : undefined;
  if (authority === undefined) requireOperator(caller, { scope: 'report-events' }, delegations, clock());
  const state = await seenMovement(context, input.movement);
  const { current } = state;
  let operator: string | undefined;
  if (authority === undefined) {
    if (state.member !== member)
      throw new Refusal(403, 'movement-foreign', 'Only the operator that declared the movement reports on it.');
    operator = requireOperator(caller, { scope: 'report-events', onBehalfOf: state.operator }, delegations, clock());
  } else if (input.post !== undefined && registry.findPost(input.post)?.member !== member) {
    throw new Refusal(403, 'post-foreign', `${input.post} is not a post of this member.`, {
      params: { post: input.post },
    });
  }
  const receipt = await append(context, 'report-event', input, async () => {
    const last = state.versions.at(-1);
    if (current === null || last === undefined) throw unknown(input.movement);
    refuseFindings(checkEvent(input, { movement: current, registry, now: clock(), zones: ZONES }));
    const draft = {
      type: 'event',
      authority,
      to: last.to === 'public' ? ('public' as const) : [...last.to],
      after: [last.commitment],
      body: { ...input, ...(operator === undefined ? {} : { operator }) },
    };
    return { sealed: [sealOne(context, draft, await audiencesOf(context.sql, draft.after))] };
  });
  return accepted(receipt);
});

export const movementHandlers = {
  declareMovement: declare,
  amendMovement: amend,
  listMovements: list,
  getMovement: get,
  reportEvent: report,
};
