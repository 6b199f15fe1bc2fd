import { z } from 'zod';
import { Commitment, Identifier, Instant, text, Uuid } from '../values/schema.ts';
import { SCOPES, type Scope } from './scopes.ts';

export { SCOPES, type Scope };

/** One operator of a member authorising another: scope, expiry, revocable. A record in the member's own log, to itself. */
export const DelegationBody = z.strictObject({
  delegation: Uuid,
  from: Identifier,
  to: Identifier,
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  /** Absent: all dossiers of the operator. */
  dossier: Uuid.optional(),
  until: Instant,
});
export type DelegationBody = z.infer<typeof DelegationBody>;

export const DelegationRevocationBody = z.strictObject({
  delegation: Uuid,
  commitment: Commitment,
  operator: Identifier,
  reason: text(500),
});
export type DelegationRevocationBody = z.infer<typeof DelegationRevocationBody>;

export interface Delegation extends DelegationBody {
  readonly commitment: string;
  readonly at: string;
  readonly revokedAt: string | null;
}

/** Does this delegation let `to` act for `from` in this way now? Expiry is exclusive. */
export function actsFor(
  delegation: Delegation,
  act: {
    readonly from: string;
    readonly to: string;
    readonly scope: Scope;
    readonly dossier?: string | undefined;
    readonly now: Date;
  },
): boolean {
  return (
    delegation.from === act.from &&
    delegation.to === act.to &&
    delegation.scopes.includes(act.scope) &&
    (delegation.dossier === undefined || delegation.dossier === act.dossier) &&
    delegation.revokedAt === null &&
    act.now.getTime() < Date.parse(delegation.until)
  );
}
