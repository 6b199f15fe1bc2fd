import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../values/refusal.ts';
import type { Sql } from './connection.ts';

/**
 * Reads lists from a standby, as if they were read from the primary: only once it has replayed all that the primary had on disk when
 * they were asked for. Who reads finds what was acknowledged before, at whichever process. In all other cases the primary serves.
 */
export interface ReplicaReads {
  readonly replica: number;
  readonly primary: number;
}

/** How long a standby that is a little behind is waited for. */
const WAITS_MS = [0, 3, 10, 25];
/** One that does not answer within this is left alone for a while. */
const ANSWER_MS = 500;
const AWAY_MS = 5000;

export class Replica {
  readonly #primary: Sql;
  readonly #replica: Sql | undefined;
  readonly #count = { replica: 0, primary: 0 };
  #awayUntil = 0;

  constructor(primary: Sql, replica: Sql | undefined) {
    this.#primary = primary;
    this.#replica = replica;
  }

  get reads(): ReplicaReads {
    return { ...this.#count };
  }

  /**
   * @param read may run twice: what fails on the standby is read again on the primary
   * @example const page = await replica.read((sql) => listDossiers(sql, reader, query));
   */
  async read<T>(read: (sql: Sql) => Promise<T>): Promise<T> {
    const replica = this.#replica;
    if (replica !== undefined && (await this.#caughtUp(replica))) {
      try {
        const result = await inTime(read(replica));
        this.#count.replica++;
        return result;
      } catch (error) {
        if (error instanceof Refusal) throw error;
        // It went away, or replaying cancelled the query: the primary says what is right, and what is wrong.
        this.#awayUntil = performance.now() + AWAY_MS;
      }
    }
    this.#count.primary++;
    return read(this.#primary);
  }

  async stop(): Promise<void> {
    await this.#replica?.end({ timeout: 1 });
  }

  async #caughtUp(replica: Sql): Promise<boolean> {
    if (performance.now() < this.#awayUntil) return false;
    // An outage of the primary is told as one by the read that follows.
    const position = await this.#position().catch(() => undefined);
    if (position === undefined) return false;
    try {
      for (const wait of WAITS_MS) {
        if (wait > 0) await delay(wait);
        // The same cluster, and still a standby: a position of another history means nothing.
        const asking = replica<{ there: boolean | null }[]>`
          SELECT pg_is_in_recovery() AND system_identifier = ${position.system}
            AND pg_last_wal_replay_lsn() >= ${position.lsn}::text::pg_lsn AS there FROM pg_control_system()`;
        const [row] = await inTime(asking);
        if (row?.there === true) return true;
      }
    } catch {
      // Whatever is wrong with it: it is asked again later.
      this.#awayUntil = performance.now() + AWAY_MS;
    }
    return false;
  }

  async #position(): Promise<{ readonly lsn: string; readonly system: bigint } | undefined> {
    const [row] = await this.#primary<{ lsn: string; system: bigint }[]>`
      SELECT pg_current_wal_flush_lsn()::text AS lsn, system_identifier AS system FROM pg_control_system()`;
    return row;
  }
}

async function inTime<T>(asking: Promise<T>): Promise<T> {
  const late = new AbortController();
  try {
    return await Promise.race([
      asking,
      delay(ANSWER_MS, undefined, { signal: late.signal }).then(() => {
        throw new Error('no answer in time');
      }),
    ]);
  } finally {
    late.abort();
    asking.catch(() => undefined);
  }
}
