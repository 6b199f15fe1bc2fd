import { z } from 'zod';
import type { Tx } from '../storage/connection.ts';
import { fromUtf8, toHex } from '../values/bytes.ts';

/** What is kept beside the log of what was answered and what was recovered, held against the log. */

type Found = (code: string, message: string, index?: bigint) => void;

const Receipt = z.object({
  records: z.array(z.object({ id: z.string(), type: z.string(), commitment: z.string(), index: z.int().min(0) })),
});

/**
 * Receipts name entries of this log, or of one before it. Whose they are, under which key and for which request, nothing but the row
 * itself says.
 */
export async function auditReceipts(tx: Tx, found: Found): Promise<void> {
  for (let after = { account: '', key: '' }; ; ) {
    const rows = await tx<{ account: string; key: string; receipt: unknown }[]>`
      SELECT account, key, receipt FROM ledger.request
      WHERE (account, key) > (${after.account}, ${after.key}) ORDER BY account, key LIMIT 500`;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last;
    const receipts = rows.map(({ account, key, receipt }) => ({
      account,
      key,
      receipt: Receipt.safeParse(receipt).data,
    }));
    const named = receipts.flatMap(({ receipt }) => receipt?.records ?? []);
    const entries = await tx<{ index: bigint; commitment: Uint8Array; id: string | null; bytes: Uint8Array | null }[]>`
      SELECT index, commitment, id, bytes FROM ledger.entry LEFT JOIN ledger.record USING (index)
      WHERE index = ANY (${named.map(({ index }) => String(index))}::bigint[])
      UNION ALL
      SELECT index, commitment, id, bytes FROM ledger.earlier_record
      WHERE index = ANY (${named.map(({ index }) => String(index))}::bigint[])`;
    const there = new Map(entries.map((one) => [`${one.index} ${toHex(one.commitment)}`, one]));
    for (const { account, key, receipt } of receipts) {
      const about = `The receipt of ${account} under the key ${key}`;
      if (receipt === undefined) found('receipt-differs', `${about} is none.`);
      for (const { id, type, commitment, index } of receipt?.records ?? []) {
        const entry = there.get(`${index} ${commitment}`);
        if (entry === undefined || (entry.id !== null && entry.id !== id) || typeOf(entry.bytes, type) !== type)
          found('receipt-differs', `${about} names another record than the log has.`, BigInt(index));
      }
    }
  }
}

/** Of a record whose bytes are gone or damaged, as was said: the record itself is found elsewhere. */
function typeOf(bytes: Uint8Array | null, said: string): unknown {
  try {
    return bytes === null ? said : (JSON.parse(fromUtf8(bytes)) as { type?: unknown }).type;
  } catch {
    // No JSON any more: the audit of the records says so.
    return said;
  }
}

/**
 * A recovery goes up to a size that was signed, gave back or lost every record between but those erased, and each lost record has
 * been lost by one. Its time nothing else says.
 */
export async function auditRecoveries(tx: Tx, found: Found): Promise<void> {
  const rows = await tx<
    { at: Date; from_size: bigint; to_size: bigint; records: bigint; lost: bigint[]; signed: boolean }[]
  >`
    SELECT at, from_size, to_size, records, lost,
      EXISTS (SELECT 1 FROM ledger.checkpoint WHERE size = to_size)
        OR EXISTS (SELECT 1 FROM ledger.earlier_checkpoint WHERE size = to_size) AS signed
    FROM ledger.recovery ORDER BY at`;
  const gone = await tx<{ index: bigint; here: boolean }[]>`
    SELECT index, true AS here FROM ledger.record WHERE id IS NULL
    UNION ALL SELECT index, false FROM ledger.earlier_record WHERE id IS NULL`;
  const erased = await tx<{ index: bigint }[]>`
    SELECT index FROM ledger.record WHERE id IS NOT NULL AND bytes IS NULL
    UNION ALL SELECT index FROM ledger.earlier_record WHERE id IS NOT NULL AND bytes IS NULL`;
  const lost = new Set(rows.flatMap((row) => row.lost));
  const known = new Set(gone.map(({ index }) => index));
  for (const { at, from_size: from, to_size: to, records, lost: its, signed } of rows) {
    const about = `The recovery of ${at.toISOString()}`;
    if (!signed) found('recovery-differs', `${about} goes up to ${to}, which was not signed.`);
    const most = to - from - BigInt(its.length);
    const least = most - BigInt(erased.filter(({ index }) => index >= from && index < to).length);
    if (from < 0n || records > most || records < least)
      found('recovery-differs', `${about} from ${from} to ${to} gave back ${records} records and lost ${its.length}.`);
    for (const index of its)
      if (!known.has(index) || index < from || index >= to)
        found('recovery-differs', `${about} names a record as lost that is not.`, index);
  }
  for (const { index, here } of gone)
    if (here && !lost.has(index)) found('recovery-differs', 'The record is lost, and no recovery says so.', index);
}
