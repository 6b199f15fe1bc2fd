import type { Receipt } from '../ledger/ledger.ts';
import { canonicalBytes } from '../log/canonical.ts';
import { type Audience, type Sealed, uuidv7 } from '../log/envelope.ts';
import type { RequestContext } from '../members/context.ts';
import { mayActFor } from '../members/mandate.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { type Finding, Refusal } from '../values/refusal.ts';
import { type RecordDraft, type SealingContext, sealDraft } from './filing.ts';
import type { DossierState } from './state.ts';
import { dossierUnknown, keepActs } from './store.ts';
import type { Reader } from './view.ts';

/** What the use cases of trade share: who reads, what is sealed with, and that a repeat is answered as before. */

export function sealingContext({ origin, member, registry, clock, random, crypto }: RequestContext): SealingContext {
  return { origin, member, registry, now: clock(), random, crypto };
}

export function readerOf({ caller, delegations, clock }: RequestContext): Reader {
  const { member, operator, authority } = caller;
  const now = clock();
  const granted = delegations.filter(({ from, dossier }) =>
    mayActFor(caller, { scope: 'read', onBehalfOf: from, dossier }, delegations, now),
  );
  return {
    member,
    operator,
    authority,
    actsFor: granted.filter(({ dossier }) => dossier === undefined).map(({ from }) => from),
    actsOn: granted.flatMap(({ from, dossier }) => (dossier === undefined ? [] : [{ operator: from, dossier }])),
  };
}

/** An id for something new; the same for a repeat under the same Idempotency-Key. */
export function newId({ idempotencyKey, caller, clock, random, crypto }: RequestContext, kind: string): string {
  if (idempotencyKey === undefined) return uuidv7(clock().getTime(), random);
  const seed = crypto.sha256(utf8(`${kind}\n${caller.subject}\n${idempotencyKey}`));
  // Version 8 (RFC 9562): made from the request alone.
  const hex = toHex(seed.slice(0, 16));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

export function refuseFindings(findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  throw new Refusal(
    422,
    'findings',
    `${findings.length === 1 ? 'One thing is' : `${findings.length} things are`} wrong; nothing was filed.`,
    {
      findings,
      params: { count: findings.length },
      remedy: 'Correct what the findings name and send it again.',
    },
  );
}

export interface Made {
  readonly sealed: readonly Sealed[];
  readonly once?: readonly string[];
}

/**
 * Appends what `make` seals. A request that was answered before, under the same Idempotency-Key, gets that answer again and nothing
 * is checked or made anew: what it changed then must not stand in its way now.
 *
 * @param act names the use case, so that one key can't answer two kinds of requests
 */
export async function append(
  context: RequestContext,
  act: string,
  input: unknown,
  make: () => Promise<Made>,
): Promise<Receipt> {
  const { ledger, caller, crypto, idempotencyKey } = context;
  const idempotency =
    idempotencyKey === undefined
      ? undefined
      : { key: idempotencyKey, request: toHex(crypto.sha256(canonicalBytes({ act, input }))) };
  const earlier = idempotency && (await ledger.findReceipt(caller.subject, idempotency));
  if (earlier !== undefined) return kept(context, earlier);
  const { sealed, once } = await make();
  const receipt = await ledger.append(sealed, {
    account: caller.subject,
    ...(once === undefined ? {} : { once }),
    ...(idempotency === undefined ? {} : { idempotency }),
  });
  return kept(context, receipt);
}

/** An authority's trail says which person acted. The record itself never does; this is kept beside it, on this node alone. */
async function kept({ sql, caller }: RequestContext, receipt: Receipt): Promise<Receipt> {
  const { authority, subject, name } = caller;
  if (authority === undefined) return receipt;
  const commitments = receipt.records.map((one) => one.commitment);
  await keepActs(sql, commitments, { subject, name });
  return receipt;
}

/** Seals one draft whose `after` names records with these audiences. */
export function sealOne(context: RequestContext, draft: RecordDraft, audiences: ReadonlyMap<string, Audience>): Sealed {
  return sealDraft(draft, sealingContext(context), audiences);
}

export type RecordReceipt = Receipt['records'][number];

/** The answer to a request that makes one record. */
export function accepted(receipt: Receipt): { record: RecordReceipt; sequencedAt: string; repeated: boolean } {
  const [record] = receipt.records;
  if (record === undefined) throw new Error('a receipt without a record');
  return { record, sequencedAt: receipt.sequencedAt, repeated: receipt.repeated };
}

/** The manifest in force of a dossier on which something can still be done. */
export function inForce(state: DossierState): NonNullable<DossierState['current']> {
  const { current, withdrawal, contradictions, dossier } = state;
  if (withdrawal !== null)
    throw new Refusal(409, 'dossier-withdrawn', 'The dossier was withdrawn.', { params: { dossier } });
  if (contradictions.length > 0) {
    throw new Refusal(
      409,
      'dossier-contradictory',
      'Two manifests of one version were filed; nothing can be decided on them.',
      { params: { dossier } },
    );
  }
  if (current === null) throw dossierUnknown(dossier);
  return current;
}

/** @throws Refusal 409 `version-conflict` */
export function requireVersion(current: { readonly version: number }, version: number): void {
  if (current.version === version) return;
  throw new Refusal(409, 'version-conflict', `Version ${current.version} is in force, not ${version}.`, {
    params: { inForce: current.version, asked: version },
    remedy: 'Read the version in force and decide or amend on that.',
  });
}
