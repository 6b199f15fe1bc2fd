import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Commitment, Identifier, Instant, text, Uuid } from '../values/schema.ts';
import { Operator } from './account.ts';
import { DelegationBody, SCOPES } from './delegation.ts';
import { Authority, MemberEntry, Post } from './registry.ts';

/** What can be asked of a node about who its members, authorities and operators are. */

const Receipt = z.object({ id: Uuid, type: z.string(), commitment: Commitment, index: z.int() });

export const MemberView = MemberEntry.pick({
  code: true,
  name: true,
  currency: true,
  zones: true,
  address: true,
  retention: true,
}).extend({
  origin: z.string(),
  logKeys: z.array(z.string()),
  witnessKeys: z.array(z.string()),
  /** Logs that were closed, and up to which size each counts. */
  closedLogs: z.array(z.object({ origin: z.string(), size: z.int(), reason: z.string() })),
  /** What the member says of why it went on in a new log. */
  explanation: z.string().optional(),
  authorities: z.array(Authority.pick({ id: true, kind: true, name: true, mandates: true })),
  posts: z.array(Post),
});
export type MemberView = z.infer<typeof MemberView>;

const DelegationView = DelegationBody.extend({ commitment: Commitment, at: Instant, revokedAt: Instant.nullable() });

const base = oc.$route({ tags: ['members'] });

export const membersContract = {
  listMembers: base
    .route({
      method: 'GET',
      path: '/members',
      summary: 'The members as equals, by code, with authorities, mandates and posts',
    })
    .output(
      z.object({
        version: z.int(),
        genesis: Commitment,
        quorum: z.int(),
        notice: z.string().optional(),
        members: z.array(MemberView),
      }),
    ),
  me: base.route({ method: 'GET', path: '/me', summary: 'Who the caller is here' }).output(
    z.object({
      member: z.string(),
      name: z.string(),
      operator: z.string().optional(),
      authority: z.string().optional(),
      mandates: z.array(z.string()),
    }),
  ),
  listOperators: base
    .route({ method: 'GET', path: '/operators', summary: 'The operators that this member knows, by id' })
    .input(
      z.object({
        cursor: z.string().max(200).optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
    )
    .output(z.object({ items: z.array(Operator), next: z.string().nullable() })),
  listDelegations: base
    .route({ method: 'GET', path: '/delegations', summary: "The caller's delegations, given and received" })
    .output(z.object({ items: z.array(DelegationView) })),
  delegate: base
    .route({ method: 'POST', path: '/delegations', summary: 'Authorise another operator' })
    .input(
      z.strictObject({
        to: Identifier,
        scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
        dossier: Uuid.optional(),
        until: Instant,
      }),
    )
    .output(z.object({ delegation: Uuid, record: Receipt, sequencedAt: Instant, repeated: z.boolean() })),
  revokeDelegation: base
    .route({ method: 'POST', path: '/delegations/{delegation}/revocation', summary: 'Take an authorisation back' })
    .input(z.strictObject({ delegation: Uuid, reason: text(500) }))
    .output(z.object({ record: Receipt, sequencedAt: Instant, repeated: z.boolean() })),
};
