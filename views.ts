import { allReceived } from './federation/store.ts';
import type { FoldRecord } from './ledger/ledger.ts';
import { allOwn, type StoredRecord } from './ledger/replay.ts';
import type { Registry } from './members/registry.ts';
import * as memberStore from './members/store.ts';
import type { Sql, Tx } from './storage/connection.ts';
import * as tradeStore from './trade/store.ts';
import { toHex } from './values/bytes.ts';
import { nodeCrypto } from './values/node-crypto.ts';

/** The folds of every domain, together: records in, views out, and all of it again. */

export interface ReplayReport {
  readonly records: number;
  readonly before: string;
  readonly after: string;
  readonly equal: boolean;
}

/** Folds records into the views of every domain, inside the transaction that stored them. */
export function foldInto(registry: Registry, member: string) {
  const tools = { registry, member, crypto: nodeCrypto };
  return async (tx: Tx, records: readonly FoldRecord[]): Promise<void> => {
    await memberStore.foldRecords(tx, records);
    await tradeStore.foldRecords(tx, records, tools);
  };
}

/** One digest over every view of a node: what `replay` compares. */
export async function viewsDigest(sql: Sql): Promise<string> {
  const views = {
    delegations: await memberStore.allDelegations(sql),
    dossiers: await tradeStore.allDossierDigests(sql),
    movements: await tradeStore.allMovementDigests(sql),
    packs: (await tradeStore.publishedPacks(sql)).map(({ commitment }) => commitment),
  };
  return toHex(nodeCrypto.sha256(new TextEncoder().encode(JSON.stringify(views))));
}

/**
 * Drops every view and folds all records anew, own and received, in one transaction.
 * @param progress subjects folded so far, of all
 */
export async function replay(
  sql: Sql,
  registry: Registry,
  member: string,
  progress: (done: number, of: number) => void = () => undefined,
): Promise<ReplayReport> {
  const before = await viewsDigest(sql);
  let records = 0;
  await sql.begin(async (tx) => {
    await memberStore.dropViews(tx);
    async function* read(): AsyncGenerator<FoldRecord[]> {
      for (const source of [allOwn(sql, registry.getMember(member).log.origin), allReceived(sql)]) {
        for await (const batch of source) {
          records += batch.length;
          const opened = batch.map(opening).filter(({ envelope }) => envelope.type !== 'slip');
          await memberStore.foldRecords(tx, opened);
          yield opened;
        }
      }
    }
    await tradeStore.refold(tx, read(), { registry, member, crypto: nodeCrypto }, progress);
  });
  const after = await viewsDigest(sql);
  return { records, before, after, equal: before === after };
}

/** What was stored had been checked before; whether it still is what it was, the audit says. */
const opening = (one: StoredRecord): FoldRecord & { text: string } => ({ ...one, envelope: JSON.parse(one.text) });
