import type { Envelope } from '../log/envelope.ts';
import type { Sql, Tx } from '../storage/connection.ts';
import { type Delegation, DelegationBody, DelegationRevocationBody, type Scope } from './delegation.ts';

/**
 * Folds delegations and their revocations; everything else is passed over. The first of an id counts. They are a member's word to
 * itself: one from another member could take the id of an own one.
 */
export async function foldRecords(
  tx: Tx,
  records: readonly { readonly commitment: string; readonly envelope: Envelope }[],
): Promise<void> {
  for (const { commitment, envelope } of records) {
    if (!isToItself(envelope)) continue;
    if (envelope.type === 'delegation') {
      const body = DelegationBody.safeParse(envelope.body);
      if (!body.success) continue;
      const { delegation, from, to, scopes, dossier, until } = body.data;
      await tx`
        INSERT INTO members.delegation (delegation, commitment, from_operator, to_operator, scopes, dossier, until, at)
        VALUES (${delegation}, ${commitment}, ${from}, ${to}, ${scopes}, ${dossier ?? null}, ${until}, ${envelope.at}) ON CONFLICT DO NOTHING`;
    } else if (envelope.type === 'delegation-revocation') {
      const body = DelegationRevocationBody.safeParse(envelope.body);
      if (!body.success) continue;
      await tx`
        INSERT INTO members.delegation_revocation (delegation, operator, at)
        VALUES (${body.data.delegation}, ${body.data.operator}, ${envelope.at}) ON CONFLICT DO NOTHING`;
    }
  }
}

function isToItself({ to, issuer }: Envelope): boolean {
  return to !== 'public' && to.length === 1 && to[0]?.member === issuer.member;
}

export async function dropViews(tx: Tx): Promise<void> {
  await tx`TRUNCATE members.delegation, members.delegation_revocation`;
}

interface Row {
  readonly delegation: string;
  readonly commitment: string;
  readonly from_operator: string;
  readonly to_operator: string;
  readonly scopes: Scope[];
  readonly dossier: string | null;
  readonly until: Date;
  readonly at: Date;
  readonly revoked_at: Date | null;
}

const toDelegation = (row: Row): Delegation => ({
  delegation: row.delegation,
  commitment: row.commitment,
  from: row.from_operator,
  to: row.to_operator,
  scopes: row.scopes,
  ...(row.dossier === null ? {} : { dossier: row.dossier }),
  until: row.until.toISOString(),
  at: row.at.toISOString(),
  revokedAt: row.revoked_at?.toISOString() ?? null,
});

/** Given to or by an operator, newest first. A revocation counts only from the operator that delegated. */
export async function delegationsOf(sql: Sql, operator: string): Promise<Delegation[]> {
  const rows = await sql<Row[]>`
    SELECT delegation.*, revocation.at AS revoked_at FROM members.delegation
    LEFT JOIN members.delegation_revocation AS revocation
      ON revocation.delegation = delegation.delegation AND revocation.operator = delegation.from_operator
    WHERE to_operator = ${operator} OR from_operator = ${operator} ORDER BY delegation.at DESC LIMIT 1000`;
  return rows.map(toDelegation);
}

/** All delegations in one canonical order, for digests. */
export async function allDelegations(sql: Sql): Promise<Delegation[]> {
  const rows = await sql<Row[]>`
    SELECT delegation.*, revocation.at AS revoked_at FROM members.delegation
    LEFT JOIN members.delegation_revocation AS revocation
      ON revocation.delegation = delegation.delegation AND revocation.operator = delegation.from_operator
    ORDER BY delegation.delegation`;
  return rows.map(toDelegation);
}
