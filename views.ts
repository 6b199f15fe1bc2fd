import { allReceived } from './federation/store.ts';
import type { FoldRecord } from './ledger/ledger.ts';
import { allOwn } from './ledger/replay.ts';
import { commitmentOf } from './log/envelope.ts';
import type { Registry } from './members/registry.ts';
import * as memberStore from './members/store.ts';
import type { Sql, Tx } from './storage/connection.ts';
import * as tradeStore from './trade/store.ts';
import { fromUtf8, toHex } from './values/bytes.ts';
import { nodeCrypto } from './values/node-crypto.ts';

/** The folds of every domain, together: records in, views out, and all of it again. */

export interface ReplayReport {
  readonly records: number;
  readonly before: string;
  readonly after: string;
  readonly equal: boolean;
}

/** Folds records into the views of every domain, inside the transaction that stored them. */
export function foldInto(registry: Registry, member: string, silent = false) {
  const tools = { registry, member, crypto: nodeCrypto, silent };
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
 * @param progress records folded so far
 */
export async function replay(
  sql: Sql,
  registry: Registry,
  member: string,
  progress: (done: number) => void = () => undefined,
): Promise<ReplayReport> {
  const fold = foldInto(registry, member, true);
  const before = await viewsDigest(sql);
  let records = 0;
  await sql.begin(async (tx) => {
    await memberStore.dropViews(tx);
    await tradeStore.dropViews(tx);
    let folding: Promise<void> = Promise.resolve();
    for (const source of [allOwn(sql, registry.getMember(member).log.origin), allReceived(sql)]) {
      for await (const batch of source) {
        // What was stored had been checked before; whether it still is what it was, the audit says.
        const opened = batch.map(({ origin, index, bytes, salt }): FoldRecord => {
          const commitment = toHex(commitmentOf(salt, bytes, nodeCrypto));
          return { origin, index, commitment, envelope: JSON.parse(fromUtf8(bytes)) as FoldRecord['envelope'] };
        });
        await folding;
        // The next batch is read and opened while this one is folded.
        folding = fold(
          tx,
          opened.filter(({ envelope }) => envelope.type !== 'slip'),
        );
        folding.catch(() => undefined);
        records += batch.length;
        progress(records);
      }
    }
    await folding;
  });
  const after = await viewsDigest(sql);
  return { records, before, after, equal: before === after };
}
