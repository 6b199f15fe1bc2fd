import { Socket } from 'node:net';
import postgres from 'postgres';
import { Refusal } from '../values/refusal.ts';
import { assertKept, type Expectations } from './durable.ts';

/**
 * The one driver, with pinned parsers: int8 is bigint, `date` is 'YYYY-MM-DD', numeric is text,
 * timestamptz is a Date. What a column gives never depends on the session's settings.
 */
const types = {
  bigint: postgres.BigInt,
  date: { to: 1082, from: [1082], serialize: (value: string) => value, parse: (value: string) => value },
  numeric: { to: 1700, from: [1700], serialize: (value: string) => value, parse: (value: string) => value },
  // The driver learns of array types in its first query, which itself still goes without.
  byteaArray: {
    to: 1001,
    from: [1001],
    serialize: (values: readonly Uint8Array[]) =>
      `{${values.map((one) => `"\\\\x${Buffer.from(one.buffer, one.byteOffset, one.length).toString('hex')}"`).join(',')}}`,
    parse: (text: string) => Array.from(text.matchAll(/\\\\x([0-9a-f]*)/g), ([, hex = '']) => Buffer.from(hex, 'hex')),
  },
};

interface Types extends Record<string, unknown> {
  bigint: bigint;
  date: string;
  numeric: string;
  byteaArray: readonly Uint8Array[];
}
export type Sql = postgres.Sql<Types>;
export type Tx = postgres.TransactionSql<Types>;

export interface ConnectOptions {
  /** Connections at most. */
  readonly max?: number;
  readonly name?: string;
}

/** What the driver tells a socket factory. */
interface SocketTarget {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
}

/**
 * Sockets that tell of their end a turn later. postgres.js 3.4.9 writes in a later turn of the event loop; where the socket
 * closes between, it never writes on that connection again and its queries wait for ever. Told later, the write comes first and
 * fails on the closed socket, where the driver expects it. See decisions/0004.
 *
 * Of several hosts each attempt takes the next, as the driver does with its own sockets.
 */
function openSockets(): (target: SocketTarget) => Socket {
  let attempt = 0;
  return ({ host, port, path }) => {
    const socket: Socket & { host?: string } = new Socket();
    const emit = socket.emit.bind(socket);
    socket.emit = ((event: string, ...args: unknown[]) => {
      if (event !== 'close') return emit(event, ...args);
      setImmediate(() => setImmediate(() => emit(event, ...args)));
      return true;
    }) as Socket['emit'];
    const i = attempt++ % Math.max(1, host.length);
    socket.host = host[i] ?? '127.0.0.1';
    // Not awaited: what is written before the connection stands is kept by the socket, and a failure comes as its error.
    if (path) socket.connect(path);
    else socket.connect(port[i] ?? 5432, socket.host);
    return socket;
  };
}

type Begin = (options: string, run: (tx: Tx) => unknown) => Promise<unknown>;

/**
 * `begin` that survives the loss of its connection. The driver's own answers a failure inside with a ROLLBACK, and a success with a
 * COMMIT, also where the connection is gone; that write fails in a timer where nobody can catch it and ends the process. Here a
 * transaction whose connection is lost is left where it stands: `begin` has been rejected by then, and the server has rolled back.
 * Its later queries are refused: the driver would run them on the connection's next socket, outside of any transaction.
 */
function survivingBegin(begin: Begin): Begin {
  return (options, run) => {
    let lost = false;
    const assertConnected = (): void => {
      if (lost)
        throw Object.assign(new Error('The connection of this transaction is lost.'), { code: 'CONNECTION_CLOSED' });
    };
    const unlessLost = async <T>(act: () => T): Promise<T> => {
      // One turn, in which `begin` is rejected if the connection was lost.
      await new Promise((resolve) => setImmediate(resolve));
      return lost ? new Promise<T>(() => undefined) : act();
    };
    const transaction = begin(options, async (tx) => {
      const guarded = new Proxy(tx, {
        apply(target, self, args) {
          assertConnected();
          return Reflect.apply(target, self, args) as unknown;
        },
        get(target, name) {
          if (name === 'unsafe') assertConnected();
          return Reflect.get(target, name) as unknown;
        },
      });
      let result: unknown;
      try {
        const returned = run(guarded);
        result = await (Array.isArray(returned) ? Promise.all(returned) : returned);
      } catch (error) {
        return unlessLost(() => {
          throw error;
        });
      }
      return unlessLost(() => result);
    });
    transaction.catch(() => {
      lost = true;
    });
    return transaction;
  };
}

/**
 * Opens no connection yet: the first query does.
 *
 * @throws Refusal 500 `database-url-invalid`, which does not repeat the URL: it may hold a password
 * @example const sql = connect(process.env.DATABASE_URL, { max: 10 })
 */
export function connect(url: string, { max = 10, name = 'dostyk' }: ConnectOptions = {}): Sql {
  const options = {
    max,
    types,
    idle_timeout: 60,
    connect_timeout: 10,
    onnotice: () => undefined,
    socket: openSockets(),
    connection: { application_name: name, TimeZone: 'UTC', statement_timeout: 60_000 },
  };
  let sql: Sql;
  try {
    // The driver takes a socket factory that its types do not name.
    sql = postgres(url, options as postgres.Options<typeof types>) as unknown as Sql;
  } catch {
    // The driver's own error shows the URL.
    throw new Refusal(500, 'database-url-invalid', 'The address of the database is not a postgres:// URL.', {
      remedy: 'Write it as postgres://user:password@host:5432/database; encode special characters of the password.',
    });
  }
  const begin = survivingBegin(sql.begin as unknown as Begin);
  return Object.assign(sql, {
    begin: (...args: [(tx: Tx) => unknown] | [string, (tx: Tx) => unknown]) =>
      args.length === 1 ? begin('', args[0]) : begin(...args),
  }) as Sql;
}

/** True for errors that say the server is away or starting, not that the statement is wrong. */
export function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return false;
  return (
    // 25006: the server became a standby under us.
    /^(08|57P0|53|25006)/.test(code) ||
    [
      'ECONNREFUSED',
      'ECONNRESET',
      'EPIPE',
      'ENOTFOUND',
      'EAI_AGAIN',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'ETIMEDOUT',
      'CONNECTION_CLOSED',
      'CONNECTION_ENDED',
      'CONNECTION_DESTROYED',
      'CONNECT_TIMEOUT',
    ].includes(code)
  );
}

/** True where another transaction was in the way (a deadlock, a serialisation failure): the same attempt may succeed now. */
export function isTransient(error: unknown): boolean {
  return ['40001', '40P01'].includes((error as { code?: string }).code ?? '');
}

/** Errors of a server that answers and will not let us in: 28 authorisation, 3D no such database, 42501 no right to connect. */
const isDenial = (error: unknown): boolean => /^(28|3D|42501)/.test(String((error as { code?: unknown }).code ?? ''));

/**
 * Waits for the server and asserts that what it acknowledges is durable.
 *
 * @param waitMs how long a server that does not answer, or is just starting, is waited for
 * @param onWait is told every second, with the milliseconds waited so far
 * @throws Refusal 503 `database-unreachable`, `database-standby`, 500 `database-denied`, `database-not-durable`; none repeats a password
 */
export async function assertDurable(
  sql: Sql,
  waitMs = 15_000,
  onWait: (waitedMs: number) => void = () => undefined,
  expectations: Expectations = {},
): Promise<void> {
  const started = performance.now();
  const ticking = setInterval(() => onWait(Math.round(performance.now() - started)), 1000);
  try {
    await retryUntil(() => assertKept(sql, expectations), started + waitMs);
  } finally {
    clearInterval(ticking);
  }
}

async function retryUntil(act: () => Promise<void>, until: number): Promise<void> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (isDenial(error)) {
        throw new Refusal(500, 'database-denied', 'PostgreSQL refuses the role or the database.', {
          remedy: 'Correct user, password and database in DATABASE_URL, and the rights of the role.',
          cause: error,
        });
      }
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

/** Bytes as a parameter of type bytea[]; the driver can't tell it from the values. */
export function byteaArray(sql: Sql | Tx, values: readonly Uint8Array[]) {
  return sql.types.byteaArray(values);
}

export interface Packed {
  /** In base64. */
  readonly bytes: string;
  /** Where each value begins and how many bytes it has, as `substring` counts. */
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
}

/**
 * Many byte strings one behind the other, as one text: an array of them is escaped here and takes the server more than twice as long to
 * read. `substring(decode(bytes, 'base64') FROM start FOR length)` gives one back.
 */
export function packed(values: readonly Uint8Array[]): Packed {
  let end = 1;
  const starts = values.map(({ length }) => {
    end += length;
    return end - length;
  });
  return { bytes: Buffer.concat(values).toString('base64'), starts, lengths: values.map(({ length }) => length) };
}

/**
 * Many JSON texts as one, between them a control character that no JSON text has unescaped: `string_to_table(…, E'\x1e')` gives them
 * back. As an array each quotation mark would be escaped.
 */
export const joinedJson = (texts: readonly string[]): string => texts.join('\u001e');
