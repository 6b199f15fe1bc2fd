import { Refusal } from './refusal.ts';

/** A failure whose message the log may show: written here, it holds nothing of a record, a request or a person. */
export class Malfunction extends Error {
  override readonly name = 'Malfunction';
}

/** What the log says of an error. */
export interface ErrorLine {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** Of the operating system: what was tried, and where. */
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly frames?: readonly string[];
  readonly cause?: ErrorLine;
}

const FRAME =
  /^ {4}at (?:(?:async |new )?[\w$.<>[\]# ]+ \((?:file:\/\/|node:|\/)[^()\n]*:\d+:\d+\)|(?:async )?(?:file:\/\/|node:|\/)\S+:\d+:\d+)$/;
const FRAMES = 12;
const CAUSES = 4;

/**
 * An error as the log shows it: what it is and where it came from. Its message is left out unless this project wrote it: one of
 * PostgreSQL, of JSON or of a library shows the values that it could not take. So are PostgreSQL's `detail`, `where` and parameters.
 *
 * @example log({ level: 'error', act, error: describeError(error) });
 */
export function describeError(error: unknown, depth = 0): ErrorLine {
  if (!(error instanceof Error)) return { name: typeof error };
  const fields = error as Error & Readonly<Record<string, unknown>>;
  const text = (from: string): string | undefined => {
    const value = fields[from];
    return typeof value === 'string' && /^[\w .:@-]{1,100}$/.test(value) ? value : undefined;
  };
  const port = fields['port'];
  const line: Record<string, unknown> = {
    name: /^\w{1,60}$/.test(error.name) ? error.name : 'Error',
    code: text('code'),
    message: ours(error) ? error.message : undefined,
    table: text('table_name'),
    column: text('column_name'),
    constraint: text('constraint_name'),
    syscall: text('syscall'),
    address: fields['syscall'] === 'connect' ? text('address') : undefined,
    port: fields['syscall'] === 'connect' && typeof port === 'number' ? port : undefined,
    frames: framesOf(error),
    cause: error.cause === undefined || depth >= CAUSES ? undefined : describeError(error.cause, depth + 1),
  };
  return Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined)) as unknown as ErrorLine;
}

/** Refusals below 500 answer a request and may name what it said. */
const ours = (error: Error): boolean =>
  error instanceof Malfunction || (error instanceof Refusal && error.status >= 500);

function framesOf({ stack = '', message }: Error): string[] | undefined {
  const frames = (message === '' ? stack : stack.replace(message, ''))
    .split('\n')
    .filter((one) => FRAME.test(one))
    .slice(0, FRAMES)
    .map((one) => one.slice('    at '.length));
  return frames.length === 0 ? undefined : frames;
}

/** One short phrase for others to see: a refusal's own words, of anything else no more than its kind. */
export function tellError(error: unknown): string {
  if (error instanceof Refusal || error instanceof Malfunction) return error.message;
  const { name, code } = describeError(error);
  return code === undefined ? name : `${name} ${code}`;
}
