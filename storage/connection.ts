import { Socket } from 'node:net';
import postgres from 'postgres';
import { Refusal } from '../values/refusal.ts';

/**
 * The one driver, with pinned parsers: int8 is bigint, `date` is 'YYYY-MM-DD', numeric is text,
 * timestamptz is a Date. What a column gives never depends on the session's settings.
 */
const types = {
  bigint: postgres.BigInt,
  date: { to: 1082, from: [1082], serialize: (value: string) => value, parse: (value: string) => value },
  numeric: { to: 1700, from: [1700], serialize: (value: string) => value, parse: (value: string) => value },
};

export type Sql = postgres.Sql<{ bigint: bigint; date: string; numeric: string }>;
export type Tx = postgres.TransactionSql<{ bigint: bigint; date: string; numeric: string }>;

export interface ConnectOptions {
  /** Connections at most. */
  readonly max?: number;
  readonly name?: string;
}

/**
 * A socket that tells of its end a turn later. postgres.js 3.4.9 writes in a later turn of the event loop; where the socket
 * closes between, it never writes on that connection again and its queries wait for ever. Told later, the write comes first and
 * fails on the closed socket, where the driver expects it. See decisions/0004.
 */
function openSocket({
  host,
  port,
}: {
  readonly host: readonly string[];
  readonly port: readonly number[];
}): Socket & { host?: string } {
  const socket: Socket & { host?: string } = new Socket();
  const emit = socket.emit.bind(socket);
  socket.emit = ((event: string, ...args: unknown[]) => {
    if (event !== 'close') return emit(event, ...args);
    setImmediate(() => setImmediate(() => emit(event, ...args)));
    return true;
  }) as Socket['emit'];
  socket.host = host[0] ?? '127.0.0.1';
  // Not awaited: what is written before the connection stands is kept by the socket, and a failure comes as its error.
  socket.connect(port[0] ?? 5432, socket.host);
  return socket;
}

/** @example const sql = connect(process.env.DATABASE_URL, { max: 10 }) */
export function connect(url: string, { max = 10, name = 'dostyk' }: ConnectOptions = {}): Sql {
  const options = {
    max,
    types,
    idle_timeout: 60,
    connect_timeout: 10,
    onnotice: () => undefined,
    socket: openSocket,
    connection: { application_name: name, TimeZone: 'UTC', statement_timeout: 60_000 },
  };
  // The driver takes a socket factory that its types do not name.
  return postgres(url, options as postgres.Options<typeof types>) as unknown as Sql;
}

/** True for errors that say the server is away or starting, not that the statement is wrong. */
export function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return false;
  return (
    /^(08|57P0|53)/.test(code) ||
    [
      'ECONNREFUSED',
      'ECONNRESET',
      'EPIPE',
      'ENOTFOUND',
      'ETIMEDOUT',
      'CONNECTION_CLOSED',
      'CONNECTION_ENDED',
      'CONNECTION_DESTROYED',
      'CONNECT_TIMEOUT',
    ].includes(code)
  );
}

/**
 * Waits for the server and asserts that what it acknowledges is durable.
 * @throws Refusal 503 `database-unreachable`, 500 `database-not-durable`
 */
export async function assertDurable(sql: Sql, waitMs = 15_000): Promise<void> {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
        const [row] = await sql<{ value: string }[]>`SELECT current_setting(${setting}) AS value`;
        if (row?.value !== 'on') {
          throw new Refusal(
            500,
            'database-not-durable',
            `PostgreSQL's ${setting} is '${row?.value}'; what is acknowledged could be lost.`,
            {
              params: { setting },
              remedy: `Set ${setting} = on.`,
            },
          );
        }
      }
      return;
    } catch (error) {
      if (!isOutage(error)) throw error;
      if (performance.now() > until) {
        throw new Refusal(503, 'database-unreachable', 'PostgreSQL does not answer.', {
          remedy: 'Start it, or correct the host and port in DATABASE_URL.',
          cause: error,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const BYTEA = 17;

/** Bytes as a parameter of type bytea[]; the driver can't tell it from the values. */
export function byteaArray(sql: Sql | Tx, values: readonly Uint8Array[]) {
  return sql.array(
    values.map((value) => Buffer.from(value)),
    BYTEA,
  );
}
