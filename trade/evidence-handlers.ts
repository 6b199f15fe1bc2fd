import { type ProvenEntry, proveEarlier, proveRecord } from '../ledger/tiles.ts';
import { type Evidence, encodeProven } from '../log/evidence.ts';
import type { NodeContext } from '../members/context.ts';
import { Refusal } from '../values/refusal.ts';
import { findStatusList } from './store.ts';

export const DEMO = 'DEMONSTRATION, NOT AN OFFICIAL DOCUMENT';

/** Of the log in use, or of one that was closed. */
const prove = async ({ ledger, tiles, registry, crypto, sql }: NodeContext, commitment: string): Promise<ProvenEntry> =>
  (await proveEarlier(sql, crypto, registry.view, commitment)) ?? proveRecord(ledger, tiles, commitment);

/**
 * Evidence of one own record: everything a verifier needs with no network. Who may have it is the caller's to check.
 *
 * @param list the authority whose newest status list goes with it
 * @throws Refusal 404 `record-unknown`, 409 `not-published`, `not-final`
 */
export async function evidenceOf(context: NodeContext, commitment: string, list?: string): Promise<Evidence> {
  const { registry, member, demo, sql } = context;
  const proven = await prove(context, commitment);
  // A member with fewer than four others to cosign gives out what is published; verifiers answer not-final.
  if (!proven.final && registry.others(member).length >= 4) {
    throw new Refusal(409, 'not-final', 'The record is not cosigned by enough members yet.', {
      params: { retryAfter: 1 },
      remedy: 'Ask again in a few seconds.',
    });
  }
  const status = list === undefined ? undefined : await findStatusList(sql, list);
  const address = `${registry.getMember(member).address}/status/${list}`;
  return {
    format: 'dostyk-evidence/v1',
    ...(demo ? { notice: DEMO } : {}),
    ...encodeProven(proven),
    registry: [...registry.versions],
    ...(status === undefined ? {} : { status: encodeProven(await prove(context, status.commitment)), address }),
  };
}
