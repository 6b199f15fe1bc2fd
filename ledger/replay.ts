import type { Sql } from '../storage/connection.ts';

export interface StoredRecord {
  readonly origin: string;
  readonly index: bigint;
  readonly bytes: Uint8Array;
  readonly salt: Uint8Array;
}

/** The log's own records in batches; what is erased or ordered to be is left out. */
export async function* allOwn(sql: Sql, origin: string): AsyncGenerator<StoredRecord[]> {
  for (let from = -1n; ; ) {
    const rows = await sql<{ index: bigint; bytes: Uint8Array; salt: Uint8Array }[]>`
      SELECT index, bytes, salt FROM ledger.record WHERE index > ${from} AND bytes IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM ledger.erased WHERE erased.origin = ${origin} AND erased.index = record.index)
      ORDER BY index LIMIT 500`;
    const last = rows.at(-1);
    if (last === undefined) return;
    from = last.index;
    yield rows.map((row) => ({ origin, ...row }));
  }
}
