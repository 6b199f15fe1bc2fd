import type { Evidence } from '../log/evidence.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import {
  decodeStatusList,
  emptyStatusList,
  encodeStatusList,
  STATUS_LIST_BITS,
  setStatusBit,
} from '../log/status-list.ts';
import type { NodeContext } from '../members/context.ts';
import { fromHex, toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { evidenceOf } from './evidence-handlers.ts';
import { sealDraft } from './filing.ts';
import type { StatusListBody } from './record.ts';
import { certificatesIssuedBy, countCertificates, findStatusList } from './store.ts';

const HOUR = 3_600_000;

function bitsSet(list: Uint8Array): number {
  let count = 0;
  for (const byte of list) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/**
 * Whether the list does not cover everything that was issued and revoked. Counted, not compared by index: a revocation that is
 * sequenced while a list is being made stands before the list in the log and not in the list.
 */
function isBehind(list: StatusListBody, { issued, revoked }: { issued: number; revoked: number }): boolean {
  return list.issued.count !== issued || bitsSet(decodeStatusList(list.encodedList, list.length)) !== revoked;
}

/**
 * Issues the status list of each certifying authority of this member when it is due: after each issue or revocation, and every
 * hour. Lists are good for two hours, so that one late renewal makes nobody's certificate stale.
 *
 * @returns how many lists were issued
 */
export async function renewStatusLists(context: NodeContext): Promise<number> {
  const { registry, member, origin, sql, ledger, crypto, random, clock } = context;
  let renewed = 0;
  for (const { id, mandates } of registry.getMember(member).authorities) {
    if (!mandates.some((mandate) => mandate.startsWith('certify-'))) continue;
    const counts = await countCertificates(sql, id);
    const list = await findStatusList(sql, id);
    const now = clock();
    if (list === undefined && counts.issued === 0) continue;
    const hourly = list === undefined || now.getTime() - Date.parse(list.body.asOf) >= HOUR;
    if (!hourly && !isBehind(list.body, counts)) continue;
    const bits = emptyStatusList();
    let edge = EMPTY_EDGE;
    for (const { commitment, state, status } of await certificatesIssuedBy(sql, id)) {
      edge = appendLeaf(crypto, edge, leafHash(crypto, fromHex(commitment)));
      if (state === 'revoked') setStatusBit(bits, status.index);
    }
    const body: StatusListBody = {
      list: id,
      purpose: 'revocation',
      encodedList: encodeStatusList(bits),
      length: STATUS_LIST_BITS,
      asOf: now.toISOString(),
      validUntil: new Date(now.getTime() + 2 * HOUR).toISOString(),
      issued: { count: Number(edge.size), root: toHex(edgeRoot(crypto, edge)) },
    };
    // Two certificates in one place, as a restored database may leave them, must not make a list every time.
    if (!hourly && list.body.issued.root === body.issued.root && list.body.encodedList === body.encodedList) continue;
    const draft = { type: 'status-list', authority: id, to: 'public' as const, body };
    await ledger.append([sealDraft(draft, { origin, member, registry, now, random, crypto })], {
      account: `node:${id}`,
    });
    renewed++;
  }
  return renewed;
}

/**
 * Evidence of the newest status list of an authority of this member: public, and what the address in an evidence file leads to.
 * @throws Refusal 404 `record-unknown`, 409 `not-published`, `not-final`
 */
export async function statusListEvidence(context: NodeContext, authority: string): Promise<Evidence> {
  const list = await findStatusList(context.sql, authority);
  if (list === undefined || list.member !== context.member) {
    throw new Refusal(404, 'record-unknown', 'This member has no status list of that name.', { params: { authority } });
  }
  return evidenceOf(context, list.commitment);
}
