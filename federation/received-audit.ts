import { type AuditFinding, Findings } from '../log/audit.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { openSealed } from '../log/envelope.ts';
import { orderOf } from '../log/erased.ts';
import { equal } from '../values/bytes.ts';
import type { Sql, Tx } from './store.ts';

interface Row {
  readonly origin: string;
  readonly index: bigint;
  readonly id: string;
  readonly commitment: Uint8Array;
  readonly bytes: Uint8Array | null;
  readonly salt: Uint8Array | null;
  /** The entry in the copy of that log. */
  readonly entry: Uint8Array | null;
  readonly erased: Uint8Array | null;
}

/**
 * Holds what was taken over against the copies of the logs: each row is an entry there, its record gives that entry, and what has no
 * record was ordered to be erased. Reads one snapshot.
 */
export function auditReceived(sql: Sql, crypto: LogCrypto): Promise<readonly AuditFinding[]> {
  return sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const found = new Findings();
    for (let after = { origin: '', index: -(2n ** 63n) }; ; ) {
      const rows: Row[] = await tx<Row[]>`
        SELECT received.origin, received.index, id, received.commitment, bytes, salt, mirror_entry.commitment AS entry, order_commitment AS erased
        FROM federation.received
        LEFT JOIN ledger.mirror_entry USING (origin, index) LEFT JOIN ledger.erased USING (origin, index)
        WHERE (received.origin, received.index) > (${after.origin}, ${after.index}) ORDER BY received.origin, received.index LIMIT 500`;
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last;
      for (const row of rows) await check(tx, crypto, row, found);
    }
    return found.all;
  }) as Promise<readonly AuditFinding[]>;
}

async function check(tx: Tx, crypto: LogCrypto, row: Row, found: Findings): Promise<void> {
  const { origin, index, id, commitment, bytes, salt, entry, erased } = row;
  const add = (code: string, what: string): void => found.add(code, `What was taken over of ${origin} ${what}.`, index);
  if (entry === null) return add('received-unknown', 'is not in the copy of that log');
  if (!equal(entry, commitment)) return add('received-differs', 'has another commitment than the copy of that log');
  if (bytes === null || salt === null) {
    if (erased === null || bytes !== null || salt !== null)
      return add('received-missing', 'has no record, and no order');
    const named = await idOrdered(tx, crypto, erased);
    if (named !== undefined && named !== id) add('id-differs', 'is kept under another id than was erased');
    return;
  }
  try {
    const sealed = openSealed(bytes, salt, crypto);
    if (!equal(sealed.commitment, commitment)) add('received-differs', 'does not give its commitment');
    if (sealed.record.id !== id) add('id-differs', 'is kept under another id');
    if (sealed.record.log !== origin) add('origin-differs', 'names another log');
  } catch (error) {
    add('received-unreadable', `can't be read: ${(error as Error).message}`);
  }
}

/** The id that an order names; undefined where the order is not here or can't be read, which is told of itself. */
async function idOrdered(tx: Tx, crypto: LogCrypto, order: Uint8Array): Promise<string | undefined> {
  const [row] = await tx<{ bytes: Uint8Array; salt: Uint8Array }[]>`
    SELECT bytes, salt FROM federation.received WHERE commitment = ${Buffer.from(order)} AND bytes IS NOT NULL AND salt IS NOT NULL`;
  if (row === undefined) return undefined;
  try {
    return orderOf(openSealed(row.bytes, row.salt, crypto).record)?.id;
  } catch {
    // Found as a record of its own.
    return undefined;
  }
}
