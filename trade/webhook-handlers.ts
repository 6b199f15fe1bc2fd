import { createHmac } from 'node:crypto';
import { implement } from '@orpc/server';
import { uuidv7 } from '../log/envelope.ts';
import type { NodeContext, RequestContext } from '../members/context.ts';
import { requireOperator } from '../members/mandate.ts';
import { isAllowedUrl, type Outcome, postOutside } from '../values/outgoing.ts';
import { Refusal } from '../values/refusal.ts';
import { newId, refuseFindings } from './acting.ts';
import { tradeContract } from './contract.ts';
import {
  type Change,
  changesAfter,
  deleteWebhook,
  lastDeliveries,
  latestChange,
  moveWebhook,
  noteDelivery,
  takeDueWebhook,
  visibleSubjects,
  type Webhook,
  webhooksOf,
  writeWebhook,
} from './store.ts';

const os = implement(tradeContract).$context<RequestContext>();

const MOST = 10;
const BATCH = 100;
const LEASE_MS = 30_000;
const IDLE_MS = 1000;
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 3_600_000;
const GIVE_UP_MS = 86_400_000;

/** @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function signWebhook(secret: Uint8Array, id: string, seconds: number, body: string): string {
  return `v1,${createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

/** How long to wait after so many failures in a row. */
export const pauseAfter = (attempts: number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(20, attempts - 1));

async function deliver(
  { sql, clock, random, demo }: NodeContext,
  hook: Webhook,
  type: 'changes' | 'test',
  changes: readonly Change[],
): Promise<Outcome> {
  const now = clock();
  // The same changes have the same id however often they are sent: the receiver knows a repeat.
  const last = changes.at(-1)?.cursor;
  const delivery = uuidv7(now.getTime(), random);
  const id = last === undefined ? delivery : `${hook.webhook}.${last}`;
  const body = JSON.stringify({
    type,
    timestamp: now.toISOString(),
    data: changes.map(({ kind, subject }) => ({ kind, subject })),
  });
  const seconds = Math.floor(now.getTime() / 1000);
  const outcome = await postOutside(
    hook.url,
    body,
    {
      'content-type': 'application/json',
      'user-agent': 'Dostyk',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signWebhook(hook.secret, id, seconds, body),
    },
    demo,
  );
  await noteDelivery(sql, { delivery, webhook: hook.webhook, at: now, changes: changes.length, ...outcome });
  return outcome;
}

const isAccepted = ({ status, error }: Outcome): boolean =>
  error === null && status !== null && status >= 200 && status < 300;

/** Delivers to one webhook that is due. @returns whether there was one */
export async function deliverDue(context: NodeContext): Promise<boolean> {
  const { sql, clock, member } = context;
  const hook = await takeDueWebhook(sql, clock(), LEASE_MS);
  if (hook === undefined) return false;
  const all = await changesAfter(sql, hook, BATCH);
  const visible = await visibleSubjects(
    sql,
    { member, operator: hook.operator },
    all.map(({ subject }) => subject),
  );
  const told = all.filter(({ subject }) => visible.has(subject));
  const outcome = told.length === 0 ? undefined : await deliver(context, hook, 'changes', told);
  const now = clock().getTime();
  if (outcome === undefined || isAccepted(outcome)) {
    const [txid = hook.txid, seq = hook.seq] = all.at(-1)?.cursor.split('-') ?? [];
    const nextAt = new Date(all.length === BATCH ? now : now + IDLE_MS);
    const { attempts, failingSince } = outcome === undefined ? hook : { attempts: 0, failingSince: null };
    await moveWebhook(sql, hook.webhook, { txid, seq, state: 'active', attempts, failingSince, nextAt });
    return true;
  }
  const attempts = hook.attempts + 1;
  const failingSince = hook.failingSince ?? new Date(now);
  const state = now - failingSince.getTime() >= GIVE_UP_MS ? 'failing' : 'active';
  const nextAt = new Date(now + pauseAfter(attempts));
  await moveWebhook(sql, hook.webhook, { txid: hook.txid, seq: hook.seq, state, attempts, failingSince, nextAt });
  return true;
}

const own = (context: RequestContext): string =>
  requireOperator(context.caller, { scope: 'read' }, context.delegations, context.clock());

async function found(context: RequestContext, webhook: string): Promise<Webhook> {
  const hook = (await webhooksOf(context.sql, own(context))).find((one) => one.webhook === webhook);
  if (hook !== undefined) return hook;
  throw new Refusal(404, 'webhook-unknown', 'You have no such webhook.', { params: { webhook } });
}

const list = os.listWebhooks.handler(async ({ context }) => {
  const hooks = await webhooksOf(context.sql, own(context));
  const deliveries = await lastDeliveries(
    context.sql,
    hooks.map((one) => one.webhook),
  );
  return {
    items: hooks.map((one) => ({
      webhook: one.webhook,
      url: one.url,
      createdAt: one.createdAt.toISOString(),
      state: one.state === 'failing' ? 'failing' : one.failingSince === null ? 'active' : 'retrying',
      failingSince: one.failingSince?.toISOString() ?? null,
      deliveries: deliveries
        .filter(({ webhook }) => webhook === one.webhook)
        .slice(0, 10)
        .map(({ at, changes, status, error }) => ({ at: at.toISOString(), changes, status, error })),
    })),
  };
});

const add = os.addWebhook.handler(async ({ input, context }) => {
  const operator = own(context);
  const { sql, clock, random, demo } = context;
  if (!isAllowedUrl(input.url, demo))
    refuseFindings([
      {
        path: '/url',
        code: 'address-not-allowed',
        message: 'The address must be https:// and lead to a host on the public Internet, without a password in it.',
      },
    ]);
  const webhook = newId(context, 'webhook');
  const others = (await webhooksOf(sql, operator)).filter((one) => one.webhook !== webhook);
  if (others.length >= MOST)
    throw new Refusal(409, 'webhooks-full', `An operator has at most ${MOST} webhooks.`, { params: { most: MOST } });
  const secret = random(32);
  await writeWebhook(sql, {
    webhook,
    operator,
    url: input.url,
    secret,
    createdAt: clock(),
    ...(await latestChange(sql)),
  });
  return { webhook, secret: `whsec_${Buffer.from(secret).toString('base64')}` };
});

const test = os.testWebhook.handler(async ({ input, context }) => {
  const hook = await found(context, input.webhook);
  const outcome = await deliver(context, hook, 'test', []);
  if (isAccepted(outcome) && hook.failingSince !== null)
    await moveWebhook(context.sql, hook.webhook, {
      ...hook,
      state: 'active',
      attempts: 0,
      failingSince: null,
      nextAt: context.clock(),
    });
  return outcome;
});

const remove = os.removeWebhook.handler(async ({ input, context }) => {
  const { webhook, operator } = await found(context, input.webhook);
  await deleteWebhook(context.sql, operator, webhook);
  return { webhook };
});

export const webhookHandlers = { listWebhooks: list, addWebhook: add, testWebhook: test, removeWebhook: remove };
