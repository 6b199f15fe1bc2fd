import { fromUtf8, toBase64 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';

/** What a peer answers to a pull. */
export interface PullAnswer {
  /** Own records for the caller, from the asked index on, by index. */
  readonly records: readonly { readonly index: number; readonly bytes: string; readonly salt: string }[];
  /** Everything for the caller below this index is in here or was before. */
  readonly next: number;
}

/**
 * The answer to a question for records from one index on and below another.
 * @throws Refusal 502 `bad-answer`
 */
export function parsePullAnswer(body: Uint8Array, from: bigint, below: bigint): PullAnswer {
  const bad = (cause?: unknown): Refusal =>
    new Refusal(502, 'bad-answer', 'The answer to a pull is not of its form.', { cause });
  let value: { records?: unknown; next?: unknown };
  try {
    value = JSON.parse(fromUtf8(body)) as typeof value;
  } catch (cause) {
    throw bad(cause);
  }
  const { records, next } = value ?? {};
  if (!Array.isArray(records) || typeof next !== 'number' || !Number.isSafeInteger(next)) throw bad();
  if (BigInt(next) <= from || BigInt(next) > below) throw bad();
  for (const record of records as { index?: unknown; bytes?: unknown; salt?: unknown }[]) {
    if (!Number.isSafeInteger(record?.index) || typeof record.bytes !== 'string' || typeof record.salt !== 'string')
      throw bad();
  }
  return { records: records as PullAnswer['records'], next };
}

/** What a pull asks for, as it stands in the address. */
export interface PullQuery {
  readonly from: string;
  readonly below: string;
  readonly limit: string;
}

/** @throws Refusal 400 `pull-invalid` */
export function parsePull(query: PullQuery): { from: number; below: number; limit: number } {
  const numbers = [query.from, query.below, query.limit].map((text) =>
    /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN,
  );
  const [from = Number.NaN, below = Number.NaN, limit = Number.NaN] = numbers;
  if (numbers.some(Number.isNaN) || limit < 1)
    throw new Refusal(400, 'pull-invalid', 'from, below and limit are whole numbers.');
  return { from, below, limit };
}

const PULL_BYTES = 8 * 1024 * 1024;

/** One bounded batch of rows by index; what is erased is left out. */
export function answerOf(
  rows: readonly { readonly index: bigint; readonly bytes: Uint8Array | null; readonly salt: Uint8Array | null }[],
  limit: number,
  below: bigint,
): PullAnswer {
  const records: { index: number; bytes: string; salt: string }[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += row.bytes?.length ?? 0;
    if (records.length > 0 && bytes > PULL_BYTES) return { records, next: Number(row.index) };
    if (row.bytes !== null && row.salt !== null)
      records.push({ index: Number(row.index), bytes: toBase64(row.bytes), salt: toBase64(row.salt) });
  }
  const last = rows.at(-1);
  return { records, next: rows.length === limit && last !== undefined ? Number(last.index) + 1 : Number(below) };
}
