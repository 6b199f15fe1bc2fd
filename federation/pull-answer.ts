import { fromUtf8 } from '../values/bytes.ts';
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
