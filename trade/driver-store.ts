import type { Sql } from '../storage/connection.ts';

/** Driver's links: a secret of which only the hash is kept, good for one movement. */

export interface DriverLink {
  readonly link: string;
  readonly movement: string;
  readonly operator: string;
  readonly label: string;
  readonly instructions: string;
  readonly createdAt: Date;
  readonly until: Date;
  readonly revokedAt: Date | null;
  /** When its page was last asked for; null when never. */
  readonly seenAt: Date | null;
}

const KEPT_DAYS = 90;

/** A repeat gets a new secret: the first one was not received, or is of no more use. */
export async function writeDriverLink(
  sql: Sql,
  link: Omit<DriverLink, 'revokedAt' | 'seenAt'>,
  tokenHash: Uint8Array,
): Promise<void> {
  const old = new Date(link.createdAt.getTime() - KEPT_DAYS * 86_400_000);
  await sql`DELETE FROM trade.driver_link WHERE until < ${old}`;
  await sql`
    INSERT INTO trade.driver_link (link, token_hash, movement, operator, label, instructions, created_at, until)
    VALUES (
      ${link.link}, ${tokenHash}, ${link.movement}, ${link.operator}, ${link.label}, ${link.instructions},
      ${link.createdAt}, ${link.until}
    )
    ON CONFLICT (link) DO UPDATE SET token_hash = EXCLUDED.token_hash`;
}

const columns = (sql: Sql) => sql`
  link, movement, operator, label, instructions, created_at AS "createdAt", until, revoked_at AS "revokedAt",
  seen_at AS "seenAt"`;

/** The newest first; at most two hundred. */
export async function driverLinksOf(sql: Sql, movement: string): Promise<DriverLink[]> {
  return sql<DriverLink[]>`
    SELECT ${columns(sql)} FROM trade.driver_link WHERE movement = ${movement} ORDER BY created_at DESC, link LIMIT 200`;
}

export async function findDriverLink(sql: Sql, tokenHash: Uint8Array): Promise<DriverLink | undefined> {
  const [row] = await sql<DriverLink[]>`
    SELECT ${columns(sql)} FROM trade.driver_link WHERE token_hash = ${tokenHash}`;
  return row;
}

export async function noteDriverSeen(sql: Sql, link: string, now: Date): Promise<void> {
  await sql`UPDATE trade.driver_link SET seen_at = ${now} WHERE link = ${link}`;
}

/** @returns whether there is such a link of this movement; one revoked before keeps its time */
export async function revokeDriverLink(sql: Sql, movement: string, link: string, now: Date): Promise<boolean> {
  const rows = await sql`
    UPDATE trade.driver_link SET revoked_at = COALESCE(revoked_at, ${now})
    WHERE movement = ${movement} AND link = ${link} RETURNING 1`;
  return rows.length > 0;
}
