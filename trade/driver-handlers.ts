import { implement } from '@orpc/server';
import type { Caller } from '../members/account.ts';
import type { NodeContext, RequestContext } from '../members/context.ts';
import { requireDriver, requireOperator } from '../members/mandate.ts';
import { utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { append, newId, readerOf, refuseFindings, sealOne } from './acting.ts';
import { codesOf } from './certificate-handlers.ts';
import { tradeContract } from './contract.ts';
import { type Aboard, driverView } from './driver.ts';
import { checkEvent, knownZones } from './movement.ts';
import type { MovementState } from './state.ts';
import {
  allRequirements,
  audiencesOf,
  type DriverLink,
  driverLinksOf,
  findDossier,
  findDriverLink,
  findMovement,
  movementsOf,
  noteDriverSeen,
  ownDossiersOn,
  revokeDriverLink,
  writeDriverLink,
} from './store.ts';
import { movementView } from './view.ts';

const os = implement(tradeContract).$context<RequestContext>();

const DAY = 86_400_000;
const USUAL_DAYS = 14;
const MOST_DAYS = 60;
/** 256 random bits, base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

const unknown = (movement: string): Refusal =>
  new Refusal(404, 'movement-unknown', 'There is no such movement here.', { params: { movement } });

const hasArrived = (state: MovementState | undefined): boolean =>
  state?.events.some(({ body }) => body.event === 'arrived') === true;

function stateOf(link: DriverLink, movement: MovementState | undefined, now: Date) {
  if (link.revokedAt !== null) return 'revoked';
  if (hasArrived(movement)) return 'arrived';
  return link.until.getTime() <= now.getTime() ? 'expired' : 'open';
}

/**
 * Who comes with a driver's link: nobody but the driver of this movement.
 * @throws Refusal 401 `driver-link-unknown`, 410 `driver-link-ended`
 */
export async function driverOf(context: NodeContext, token: string): Promise<Caller> {
  const { sql, crypto, clock, member } = context;
  const link = TOKEN.test(token) ? await findDriverLink(sql, crypto.sha256(utf8(token))) : undefined;
  if (link === undefined)
    throw new Refusal(401, 'driver-link-unknown', 'There is no such link.', {
      remedy: 'Ask who sent it for a new one.',
    });
  const why = stateOf(link, await findMovement(sql, link.movement), clock());
  if (why !== 'open')
    throw new Refusal(410, 'driver-link-ended', 'This link has ended.', {
      params: { why },
      remedy: 'Ask who sent it for a new one.',
    });
  return {
    member,
    subject: `driver:${link.link}`,
    name: link.label,
    driver: { link: link.link, movement: link.movement, operator: link.operator },
  };
}

/** The movement of the caller's operator; one that it may not report on answers like an unknown one. */
async function ownMovement(
  context: RequestContext,
  movement: string,
): Promise<{ state: MovementState; operator: string }> {
  const { caller, delegations, clock, member, sql, crypto } = context;
  requireOperator(caller, { scope: 'declare-movement' }, delegations, clock());
  const state = await findMovement(sql, movement);
  const reader = readerOf(context);
  if (state === undefined || state.member !== member) throw unknown(movement);
  if (movementView(state, reader, await ownDossiersOn(sql, movement, reader), crypto.sha256) === undefined)
    throw unknown(movement);
  const operator = requireOperator(
    caller,
    { scope: 'declare-movement', onBehalfOf: state.operator },
    delegations,
    clock(),
  );
  return { state, operator };
}

const make = os.makeDriverLink.handler(async ({ input, context }) => {
  const { state, operator } = await ownMovement(context, input.movement);
  const { sql, clock, random, crypto } = context;
  const now = clock();
  if (hasArrived(state))
    throw new Refusal(409, 'movement-arrived', 'The movement has arrived.', { params: { movement: input.movement } });
  const until = new Date(input.until ?? now.getTime() + USUAL_DAYS * DAY);
  if (until.getTime() <= now.getTime() || until.getTime() > now.getTime() + MOST_DAYS * DAY)
    refuseFindings([
      {
        path: '/until',
        code: 'until-out-of-range',
        message: `A link ends in the future and within ${MOST_DAYS} days.`,
        params: { days: MOST_DAYS },
      },
    ]);
  if ((await driverLinksOf(sql, input.movement)).length >= 50)
    throw new Refusal(409, 'driver-links-full', 'A movement has at most fifty links.', { params: { most: 50 } });
  const token = Buffer.from(random(32)).toString('base64url');
  const link = newId(context, `driver-link ${input.movement}`);
  await writeDriverLink(
    sql,
    {
      link,
      movement: input.movement,
      operator,
      label: input.label ?? '',
      instructions: input.instructions ?? '',
      createdAt: now,
      until,
    },
    crypto.sha256(utf8(token)),
  );
  return { link, path: `/driver#${token}`, until: until.toISOString() };
});

const list = os.listDriverLinks.handler(async ({ input, context }) => {
  const { state } = await ownMovement(context, input.movement);
  const now = context.clock();
  const links = await driverLinksOf(context.sql, input.movement);
  return {
    items: links.map((one) => ({
      link: one.link,
      label: one.label,
      createdAt: one.createdAt.toISOString(),
      until: one.until.toISOString(),
      state: stateOf(one, state, now),
      seenAt: one.seenAt?.toISOString() ?? null,
    })),
  };
});

const revoke = os.revokeDriverLink.handler(async ({ input, context }) => {
  await ownMovement(context, input.movement);
  if (!(await revokeDriverLink(context.sql, input.movement, input.link, context.clock())))
    throw new Refusal(404, 'driver-link-missing', 'This movement has no such link.', { params: { link: input.link } });
  return { link: input.link };
});

const view = os.driverView.handler(async ({ context }) => {
  const driver = requireDriver(context.caller);
  const { sql, registry, clock, demo } = context;
  const movement = await findMovement(sql, driver.movement);
  const now = clock();
  const aboard = new Map<string, Aboard>();
  for (const { dossier } of movement?.current?.consignments ?? []) {
    const found = await findDossier(sql, dossier);
    if (found !== undefined) aboard.set(dossier, { state: found.state, movements: await movementsOf(sql, dossier) });
  }
  const seen =
    movement &&
    driverView({
      movement,
      aboard,
      registry,
      requirements: await allRequirements(sql),
      codes: await codesOf(
        context,
        [...aboard.values()].flatMap(({ state }) => state.certificates),
      ),
      asOf: now.toISOString().slice(0, 10),
    });
  const link = (await driverLinksOf(sql, driver.movement)).find((one) => one.link === driver.link);
  if (seen === undefined || link === undefined) throw unknown(driver.movement);
  await noteDriverSeen(sql, driver.link, now);
  return {
    ...seen,
    label: link.label,
    instructions: link.instructions,
    until: link.until.toISOString(),
    asOf: now.toISOString(),
    demo,
  };
});

const ZONES = knownZones();

const report = os.driverReport.handler(async ({ input, context }) => {
  const { movement, operator } = requireDriver(context.caller);
  const { sql, registry, clock } = context;
  const receipt = await append(context, 'driver-report', input, async () => {
    const state = await findMovement(sql, movement);
    const last = state?.versions.at(-1);
    if (state?.current == null || last === undefined) throw unknown(movement);
    const { report: event, ...said } = input;
    const body = { ...said, event, movement, source: 'driver' as const };
    refuseFindings(checkEvent(body, { movement: state.current, registry, now: clock(), zones: ZONES }));
    const draft = {
      type: 'event',
      to: last.to === 'public' ? ('public' as const) : [...last.to],
      after: [last.commitment],
      body: { ...body, operator },
    };
    return { sealed: [sealOne(context, draft, await audiencesOf(sql, draft.after))] };
  });
  return { sequencedAt: receipt.sequencedAt, repeated: receipt.repeated };
});

export const driverHandlers = {
  makeDriverLink: make,
  listDriverLinks: list,
  revokeDriverLink: revoke,
  driverView: view,
  driverReport: report,
};
