import { nullReceived } from './federation/store.ts';
import { carriedOut, markErased, nullOwn, toErase } from './ledger/erasing.ts';
import type { NodeContext } from './members/context.ts';
import type { Registry } from './members/registry.ts';
import type { Sql } from './storage/connection.ts';
import { acknowledgeErasure, orderErasures } from './trade/erasure-handlers.ts';
import { type Due, dueOf } from './trade/retention.ts';
import { erasuresToAcknowledge, ownSections, unansweredErasures } from './trade/store.ts';

/**
 * Erasure through all domains. The order goes into the log first, durable and noted in one transaction: from then on nothing here
 * serves, folds or passes on what it names. Then the erasure role nulls the bytes, which the running role may not; then the member says
 * so. Each step finds by a query what a crash left of the one before.
 */

/**
 * Nulls all that is ordered and not done, of the own log and of others'.
 *
 * @param erasure connection of the erasure role
 * @param own origin of the own log
 * @param all look again at what was done: a part of the database may come from a backup
 * @returns how many records had bytes
 */
export async function carryOutErasures(erasure: Sql, own: string, all = false): Promise<number> {
  let count = 0;
  for await (const batch of toErase(erasure, all)) {
    count += (await erasure.begin(async (tx) => {
      const nulled = (await nullOwn(tx, own, batch)) + (await nullReceived(tx, batch));
      await markErased(tx, batch);
      return nulled;
    })) as number;
  }
  return count;
}

/** One round of a node: orders what was asked for, nulls where it may, and says so. */
export async function eraseRound(context: NodeContext, erasure: Sql | undefined): Promise<void> {
  await orderErasures(context);
  if (erasure !== undefined) await carryOutErasures(erasure, context.origin);
  const asked = await erasuresToAcknowledge(context.sql, context.member, 100);
  const done = await carriedOut(
    context.sql,
    asked.map(({ order }) => order),
  );
  for (const one of asked) if (done.has(one.order)) await acknowledgeErasure(context, one);
}

/** Days after which a member that has not acknowledged is at fault. */
export const UNANSWERED_DAYS = 7;

/** Members that were told to erase and have been silent for too long. */
export function silentMembers(sql: Sql, member: string, now: Date) {
  return unansweredErasures(sql, member, new Date(now.getTime() - UNANSWERED_DAYS * 86_400_000));
}

/** Own sections whose retention period has ended, a dossier's section once. */
export async function dueSections(sql: Sql, registry: Registry, member: string, now: Date): Promise<Due[]> {
  const entry = registry.getMember(member);
  const due = new Map<string, Due>();
  if (entry.retention === undefined) return [];
  // A section is due when its newest version is: an order erases all of them.
  const running = new Set<string>();
  for await (const batch of ownSections(sql, member)) {
    for (const record of batch) {
      const key = `${String(record.envelope.body['dossier'])} ${String(record.envelope.body['section'])}`;
      const one = dueOf(record, entry, now);
      if (one === undefined) running.add(key);
      else if (one.version >= (due.get(key)?.version ?? 0)) due.set(key, one);
    }
  }
  return [...due]
    .filter(([key]) => !running.has(key))
    .map(([, one]) => one)
    .sort((a, b) => (a.since < b.since ? -1 : 1));
}
