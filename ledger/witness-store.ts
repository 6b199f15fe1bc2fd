import type { Sql } from '../storage/connection.ts';

/** What a witness holds of one log: the checkpoint that it cosigned last. */
export interface WitnessState {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** As the log signed it. */
  readonly note: string;
  readonly at: Date;
}

/** Where a witness keeps what it cosigned: the one thing it must never forget. */
export interface WitnessStore {
  /** Comparing and storing in one atomic step, durable when it returns. */
  update<T>(
    origin: string,
    decide: (held: WitnessState | undefined) => { readonly answer: T; readonly keep?: WitnessState },
  ): Promise<T>;
  all(): Promise<ReadonlyMap<string, WitnessState>>;
}

export class PostgresWitnessStore implements WitnessStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  update<T>(
    origin: string,
    decide: (held: WitnessState | undefined) => { readonly answer: T; readonly keep?: WitnessState },
  ): Promise<T> {
    return this.#sql.begin(async (tx): Promise<T> => {
      await tx`SELECT pg_advisory_xact_lock(hashtextextended(${origin}, 7305))`;
      const [held] = await tx<WitnessState[]>`
        SELECT size, root, note, at FROM ledger.witness_state WHERE origin = ${origin}`;
      const { answer, keep } = decide(held);
      if (keep !== undefined)
        await tx`
          INSERT INTO ledger.witness_state (origin, size, root, note, at)
          VALUES (${origin}, ${keep.size}, ${Buffer.from(keep.root)}, ${keep.note}, ${keep.at})
          ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at`;
      return answer;
    }) as Promise<T>;
  }

  async all(): Promise<ReadonlyMap<string, WitnessState>> {
    const rows = await this.#sql<(WitnessState & { origin: string })[]>`
      SELECT origin, size, root, note, at FROM ledger.witness_state`;
    return new Map(rows.map(({ origin, ...held }) => [origin, held]));
  }
}
