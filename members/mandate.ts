import { Refusal } from '../values/refusal.ts';
import type { Caller } from './account.ts';
import type { Delegation } from './delegation.ts';
import { actsFor, type Scope } from './delegation.ts';
import type { Mandate, Post, Registry } from './registry.ts';

/** The one place where it is decided who may ask for what. Handlers call one of these in their first line. */

interface Act {
  readonly scope: Scope;
  readonly onBehalfOf?: string | undefined;
  readonly dossier?: string | undefined;
}

/** Has an operator of the caller's own member authorised the caller's operator to do this? */
export function mayActFor(
  caller: Caller,
  act: Act & { readonly onBehalfOf: string },
  delegations: readonly Delegation[],
  now: Date,
): boolean {
  const { operator, member } = caller;
  if (operator === undefined || !act.onBehalfOf.startsWith(`${member.toLowerCase()}.`)) return false;
  return delegations.some((one) => actsFor(one, { ...act, from: act.onBehalfOf, to: operator, now }));
}

/**
 * The operator for whom the caller acts: its own, or one that has delegated this to it.
 * @throws Refusal 403 `not-an-operator`, `delegation-missing`
 */
export function requireOperator(caller: Caller, act: Act, delegations: readonly Delegation[], now: Date): string {
  if (caller.operator === undefined) {
    throw new Refusal(403, 'not-an-operator', 'Only an operator may do this.', {
      remedy: 'Sign in with an account of a trader, forwarder, carrier or broker.',
    });
  }
  const { onBehalfOf } = act;
  if (onBehalfOf === undefined || onBehalfOf === caller.operator) return caller.operator;
  if (mayActFor(caller, { ...act, onBehalfOf }, delegations, now)) return onBehalfOf;
  throw new Refusal(403, 'delegation-missing', `${onBehalfOf} has not authorised ${caller.operator} to do this.`, {
    params: { from: onBehalfOf, to: caller.operator, scope: act.scope },
    remedy: 'Ask for a delegation with this scope.',
  });
}

/**
 * The caller's authority, which holds the mandate.
 * @throws Refusal 403 `not-an-authority`, `mandate-missing`
 */
export function requireMandate(caller: Caller, registry: Registry, ...mandates: readonly Mandate[]): string {
  const { authority } = caller;
  if (authority === undefined) throw new Refusal(403, 'not-an-authority', 'Only an authority may do this.');
  const found = registry.findAuthority(authority);
  if (found?.member === caller.member && mandates.some((mandate) => found.mandates.includes(mandate))) return authority;
  throw new Refusal(403, 'mandate-missing', `${authority} has no mandate to do this.`, {
    params: { authority, mandate: mandates.join(' ') },
  });
}

/**
 * The caller's authority decides at this post.
 * @throws Refusal 403 `not-an-authority`, `mandate-missing`, `post-foreign`; 422 `post-unknown`
 */
export function requirePost(caller: Caller, registry: Registry, post: string): Post & { readonly member: string } {
  const authority = requireMandate(caller, registry, 'decide');
  const found = registry.findPost(post);
  if (found === undefined)
    throw new Refusal(422, 'post-unknown', `The registry lists no post ${post}.`, { params: { post } });
  if (found.member !== caller.member || found.authority !== authority) {
    throw new Refusal(403, 'post-foreign', `${authority} does not decide at ${post}.`, { params: { authority, post } });
  }
  return found;
}

/** What a driver's link opens: two operations, at their address below `/api`. */
const FOR_DRIVERS: ReadonlySet<string> = new Set(['/driver', '/driver/reports']);

/**
 * A driver's link is good for nothing else, whatever the handler of another operation may think of who calls.
 * @throws Refusal 403 `driver-link-narrow`
 */
export function requireWithinLink(caller: Caller, template: string): void {
  if (caller.driver === undefined || FOR_DRIVERS.has(template)) return;
  throw new Refusal(403, 'driver-link-narrow', "A driver's link is good for its own movement only.");
}

/**
 * The movement for which the caller has a driver's link.
 * @throws Refusal 403 `not-a-driver`
 */
export function requireDriver(caller: Caller): NonNullable<Caller['driver']> {
  if (caller.driver !== undefined) return caller.driver;
  throw new Refusal(403, 'not-a-driver', 'This is for drivers, by their link.', {
    remedy: 'Open the link that the forwarder gave.',
  });
}
