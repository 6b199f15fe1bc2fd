import type { Sql } from '../storage/connection.ts';
import type { ChangePlace } from './change-store.ts';

/** Webhooks of operators, and what became of their deliveries. */

export interface Webhook extends ChangePlace {
  readonly webhook: string;
  readonly operator: string;
  readonly url: string;
  readonly secret: Uint8Array;
  readonly createdAt: Date;
  readonly state: 'active' | 'failing';
  readonly attempts: number;
  readonly failingSince: Date | null;
  readonly nextAt: Date;
}

export interface Delivery {
  readonly delivery: string;
  readonly webhook: string;
  readonly at: Date;
  /** How many changes it told; none in a test. */
  readonly changes: number;
  /** Null when nothing answered. */
  readonly status: number | null;
  readonly error: string | null;
}

const KEPT_DELIVERIES = 50;

const columns = (sql: Sql) => sql`
  webhook, operator, url, secret, created_at AS "createdAt", txid, seq, state, attempts, failing_since AS "failingSince",
  next_at AS "nextAt"`;

/** A repeat gets a new secret: the first one was not received. */
export async function writeWebhook(
  sql: Sql,
  hook: Pick<Webhook, 'webhook' | 'operator' | 'url' | 'secret' | 'createdAt' | 'txid' | 'seq'>,
): Promise<void> {
  await sql`
    INSERT INTO trade.webhook (webhook, operator, url, secret, created_at, txid, seq, next_at)
    VALUES (
      ${hook.webhook}, ${hook.operator}, ${hook.url}, ${hook.secret}, ${hook.createdAt}, ${hook.txid}, ${hook.seq},
      ${hook.createdAt}
    )
    ON CONFLICT (webhook) DO UPDATE SET secret = EXCLUDED.secret`;
}

export async function webhooksOf(sql: Sql, operator: string): Promise<Webhook[]> {
  return sql<Webhook[]>`
    SELECT ${columns(sql)} FROM trade.webhook WHERE operator = ${operator} ORDER BY created_at, webhook`;
}

export async function deleteWebhook(sql: Sql, operator: string, webhook: string): Promise<boolean> {
  const rows = await sql`DELETE FROM trade.webhook WHERE operator = ${operator} AND webhook = ${webhook} RETURNING 1`;
  return rows.length > 0;
}

export async function lastDeliveries(sql: Sql, webhooks: readonly string[]): Promise<Delivery[]> {
  return sql<Delivery[]>`
    SELECT delivery, webhook, at, changes, status, error FROM trade.webhook_delivery
    WHERE webhook = ANY(${webhooks}::text[]) ORDER BY at DESC, delivery LIMIT 200`;
}

/**
 * Takes one that is due and puts off its next turn, so that of several nodes on one database one delivers.
 * @param leaseMs longer than a delivery takes
 */
export async function takeDueWebhook(sql: Sql, now: Date, leaseMs: number): Promise<Webhook | undefined> {
  const [row] = await sql<Webhook[]>`
    UPDATE trade.webhook SET next_at = ${new Date(now.getTime() + leaseMs)}
    WHERE webhook = (
      SELECT webhook FROM trade.webhook WHERE state = 'active' AND next_at <= ${now}
      ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING ${columns(sql)}`;
  return row;
}

export async function noteDelivery(sql: Sql, delivery: Delivery): Promise<void> {
  await sql`
    INSERT INTO trade.webhook_delivery (delivery, webhook, at, changes, status, error)
    SELECT ${delivery.delivery}, webhook, ${delivery.at}, ${delivery.changes}, ${delivery.status}, ${delivery.error}
    FROM trade.webhook WHERE webhook = ${delivery.webhook}`;
  await sql`
    DELETE FROM trade.webhook_delivery WHERE webhook = ${delivery.webhook} AND delivery NOT IN (
      SELECT delivery FROM trade.webhook_delivery WHERE webhook = ${delivery.webhook}
      ORDER BY at DESC, delivery LIMIT ${KEPT_DELIVERIES}
    )`;
}

export async function moveWebhook(
  sql: Sql,
  webhook: string,
  to: Pick<Webhook, 'txid' | 'seq' | 'state' | 'attempts' | 'failingSince' | 'nextAt'>,
): Promise<void> {
  await sql`
    UPDATE trade.webhook SET txid = ${to.txid}, seq = ${to.seq}, state = ${to.state}, attempts = ${to.attempts},
      failing_since = ${to.failingSince}, next_at = ${to.nextAt}
    WHERE webhook = ${webhook}`;
}
