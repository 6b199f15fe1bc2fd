import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { emptyStatusList, encodeStatusList, STATUS_LIST_BITS, setStatusBit } from '../log/status-list.ts';
import type { NodeContext } from '../members/context.ts';
import { fromHex, toHex } from '../values/bytes.ts';
import { sealDraft } from './filing.ts';
import type { CertificateState } from './state.ts';
import { certificatesIssuedBy, findRecord, findStatusList } from './store.ts';

const HOUR = 3_600_000;

/** Index of the newest statement that a list must know of. */
async function newest(context: NodeContext, certificates: readonly CertificateState[]): Promise<bigint> {
  let index = -1n;
  for (const { index: issued, revocation } of certificates) {
    if (BigInt(issued) > index) index = BigInt(issued);
    const revoked = revocation === null ? undefined : await findRecord(context.sql, revocation.commitment);
    if (revoked !== undefined && revoked.index > index) index = revoked.index;
  }
  return index;
}

/**
 * Issues the status list of each certifying authority of this member when it is due: after each issue or revocation, and every
 * hour. Lists are good for two hours, so that one late renewal makes nobody's certificate stale.
 *
 * @returns how many lists were issued
 */
export async function renewStatusLists(context: NodeContext): Promise<number> {
  const { registry, member, origin, sql, ledger, crypto, random, clock } = context;
  let issued = 0;
  for (const { id, mandates } of registry.getMember(member).authorities) {
    if (!mandates.some((mandate) => mandate.startsWith('certify-'))) continue;
    const certificates = await certificatesIssuedBy(sql, id);
    const list = await findStatusList(sql, id);
    const now = clock();
    const due =
      list === undefined ||
      now.getTime() - Date.parse(list.body.asOf) > HOUR ||
      (await newest(context, certificates)) > BigInt(list.index);
    if (!due || (list === undefined && certificates.length === 0)) continue;
    const bits = emptyStatusList();
    let edge = EMPTY_EDGE;
    for (const { commitment, state, status } of certificates) {
      edge = appendLeaf(crypto, edge, leafHash(crypto, fromHex(commitment)));
      if (state === 'revoked') setStatusBit(bits, status.index);
    }
    const body = {
      list: id,
      purpose: 'revocation',
      encodedList: encodeStatusList(bits),
      length: STATUS_LIST_BITS,
      asOf: now.toISOString(),
      validUntil: new Date(now.getTime() + 2 * HOUR).toISOString(),
      issued: { count: certificates.length, root: toHex(edgeRoot(crypto, edge)) },
    };
    const draft = { type: 'status-list', authority: id, to: 'public' as const, body };
    await ledger.append([sealDraft(draft, { origin, member, registry, now, random, crypto })], {
      account: `node:${id}`,
    });
    issued++;
  }
  return issued;
}
