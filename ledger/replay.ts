import type { Sql } from '../storage/connection.ts';

/** A record as it is stored. */
export interface StoredRecord {
  readonly origin: string;
  readonly index: bigint;
  /** SHA-256 over salt and bytes as they stand in the database, lower-case hex. */
  readonly commitment: string;
  /** The envelope as JSON. */
  readonly text: string;
}

/**
 * The columns of a stored record, made ready by the server: as bytes each would come in hexadecimal and be copied three times here. The
 * commitment is that of `commitmentOf`.
 */
export const storedColumns = (sql: Sql) =>
  sql`index, encode(sha256(salt || bytes), 'hex') AS commitment, convert_from(bytes, 'UTF8') AS text`;

/** The log's own records in batches; what is erased or ordered to be is left out. */
export function allOwn(sql: Sql, origin: string): AsyncGenerator<StoredRecord[]> {
  return aheadOf(async ({ index }) => {
    const rows = await sql<{ index: bigint; commitment: string; text: string }[]>`
      SELECT ${storedColumns(sql)} FROM ledger.record WHERE index > ${index} AND bytes IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM ledger.erased WHERE erased.origin = ${origin} AND erased.index = record.index)
      ORDER BY index LIMIT 500`;
    return rows.map((row) => ({ origin, ...row }));
  });
}

/** Batch after batch until one is empty; the next is asked for while one is worked on. */
export async function* aheadOf(
  ask: (after: { readonly origin: string; readonly index: bigint }) => Promise<StoredRecord[]>,
): AsyncGenerator<StoredRecord[]> {
  let next = ask({ origin: '', index: -1n });
  for (;;) {
    const rows = await next;
    const last = rows.at(-1);
    if (last === undefined) return;
    next = ask(last);
    // Told when it is waited for, if it is.
    next.catch(() => undefined);
    yield rows;
  }
}
