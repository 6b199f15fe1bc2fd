import { implement } from '@orpc/server';
import { canonicalBytes } from '../log/canonical.ts';
import { seal, uuidv7 } from '../log/envelope.ts';
import { toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import type { Accounts } from './account.ts';
import type { RequestContext } from './context.ts';
import { membersContract } from './contract.ts';
import { requireOperator } from './mandate.ts';
import { logsOf, type Registry } from './registry.ts';
import { delegationsOf } from './store.ts';

/** The members as the registry lists them, for everyone. */
export function describeMembers(registry: Registry) {
  const { version, quorum, notice } = registry.document;
  return {
    version,
    genesis: registry.genesis,
    quorum,
    ...(notice === undefined ? {} : { notice }),
    members: registry.members.map((member) => {
      const { code, name, currency, zones, address, log, witness, authorities, posts, retention } = member;
      return {
        code,
        name,
        currency,
        zones,
        address,
        origin: log.origin,
        logKeys: log.keys.filter(({ until }) => until === undefined).map(({ vkey }) => vkey),
        witnessKeys: witness.keys.filter(({ below }) => below === undefined).map(({ vkey }) => vkey),
        authorities: authorities.map(({ id, kind, name, mandates }) => ({ id, kind, name, mandates })),
        closedLogs: logsOf(member).flatMap(({ origin, closed }) =>
          closed === undefined ? [] : [{ origin, ...closed }],
        ),
        ...(log.explanation === undefined ? {} : { explanation: log.explanation }),
        ...(retention === undefined ? {} : { retention }),
        posts,
      };
    }),
  };
}

/** One record of the node itself, to its own member alone. */
async function appendOwn(
  context: RequestContext,
  act: string,
  input: unknown,
  type: string,
  body: Record<string, unknown>,
) {
  const { ledger, caller, member, origin, registry, clock, random, crypto, idempotencyKey } = context;
  const idempotency =
    idempotencyKey === undefined
      ? undefined
      : { key: idempotencyKey, request: toHex(crypto.sha256(canonicalBytes({ act, input }))) };
  const now = clock();
  const record = {
    v: 1 as const,
    id: uuidv7(now.getTime(), random),
    log: origin,
    registry: registry.document.version,
    type,
    issuer: { member },
    to: [{ member }],
    after: [],
    at: now.toISOString(),
    body,
  };
  const receipt = await ledger.append([seal(record, { crypto, random })], {
    account: caller.subject,
    ...(idempotency === undefined ? {} : { idempotency }),
  });
  const [first] = receipt.records;
  if (first === undefined) throw new Error('a receipt without a record');
  return { record: first, sequencedAt: receipt.sequencedAt, repeated: receipt.repeated };
}

/** @param accounts of this member: operators may only delegate to each other */
export function membersRouter(accounts: Accounts) {
  const os = implement(membersContract).$context<RequestContext>();
  const operators = [...accounts.operators].sort((a, b) => (a.id < b.id ? -1 : 1));
  return os.router({
    listMembers: os.listMembers.handler(({ context }) => describeMembers(context.registry)),
    me: os.me.handler(({ context: { caller, registry } }) => ({
      member: caller.member,
      name: caller.name,
      ...(caller.operator === undefined ? {} : { operator: caller.operator }),
      ...(caller.authority === undefined ? {} : { authority: caller.authority }),
      mandates: [...(registry.findAuthority(caller.authority ?? '')?.mandates ?? [])],
    })),
    listOperators: os.listOperators.handler(({ input: { cursor, limit } }) => {
      const items = operators.filter(({ id }) => cursor === undefined || id > cursor).slice(0, limit);
      const last = items.at(-1)?.id;
      return { items, next: last === undefined || last === operators.at(-1)?.id ? null : last };
    }),
    listDelegations: os.listDelegations.handler(async ({ context }) => {
      const operator = requireOperator(context.caller, { scope: 'read' }, [], context.clock());
      return { items: await delegationsOf(context.sql, operator) };
    }),
    delegate: os.delegate.handler(async ({ input, context }) => {
      const from = requireOperator(context.caller, { scope: 'read' }, [], context.clock());
      if (input.to === from || !accounts.operators.some(({ id }) => id === input.to)) {
        throw new Refusal(422, 'operator-unknown', `There is no other operator ${input.to} at this node.`, {
          params: { operator: input.to },
        });
      }
      if (Date.parse(input.until) <= context.clock().getTime())
        throw new Refusal(422, 'delegation-past', 'The delegation would have expired already.');
      const delegation = uuidv7(context.clock().getTime(), context.random);
      return {
        delegation,
        ...(await appendOwn(context, 'delegate', input, 'delegation', { delegation, from, ...input })),
      };
    }),
    revokeDelegation: os.revokeDelegation.handler(async ({ input, context }) => {
      const operator = requireOperator(context.caller, { scope: 'read' }, [], context.clock());
      const found = (await delegationsOf(context.sql, operator)).find(
        (one) => one.delegation === input.delegation && one.from === operator,
      );
      if (found === undefined) throw new Refusal(404, 'delegation-unknown', 'You gave no such delegation.');
      const body = { delegation: found.delegation, commitment: found.commitment, operator, reason: input.reason };
      return appendOwn(context, 'revoke-delegation', input, 'delegation-revocation', body);
    }),
  });
}
