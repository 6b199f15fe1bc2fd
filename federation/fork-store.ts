import { ForkEvidence } from '../log/fork.ts';
import type { Sql } from './store.ts';

export interface StoredFork {
  readonly origin: string;
  readonly evidence: ForkEvidence;
  /** Up to this size all copies that were asked agree. */
  readonly common: bigint;
  readonly at: Date;
}

export async function storedForks(sql: Sql): Promise<StoredFork[]> {
  const rows = await sql<{ origin: string; evidence: unknown; common: bigint; at: Date }[]>`
    SELECT origin, evidence, common, at FROM federation.fork ORDER BY origin`;
  return rows.map(({ evidence, ...row }) => ({ ...row, evidence: ForkEvidence.parse(evidence) }));
}

/** The first proof is enough. */
export async function keepFork(sql: Sql, { origin, evidence, common, at }: StoredFork): Promise<void> {
  await sql`
    INSERT INTO federation.fork (origin, evidence, common, at)
    VALUES (${origin}, ${sql.json(evidence)}, ${common}, ${at}) ON CONFLICT DO NOTHING`;
}

export async function lowerCommon(sql: Sql, origin: string, common: bigint): Promise<void> {
  await sql`UPDATE federation.fork SET common = ${common} WHERE origin = ${origin} AND common > ${common}`;
}
