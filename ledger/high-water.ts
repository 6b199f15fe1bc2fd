import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Refusal } from '../values/refusal.ts';

const Size = z.string().regex(/^\d{1,20}$/);

/**
 * The largest size that this node has signed, in a file outside PostgreSQL: a database that was restored from a backup can't know
 * that it is behind; this does.
 */
const Mark = z.strictObject({ origin: z.string().max(200), size: Size });

/**
 * @returns undefined where there is no file yet
 * @throws Refusal 500 `high-water-unreadable` for a file that is none, or is of another log
 */
export function readHighWater(path: string, origin: string): bigint | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw new Refusal(500, 'high-water-unreadable', `${path} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const parsed = Mark.safeParse(jsonOf(text));
  if (!parsed.success || parsed.data.origin !== origin)
    throw new Refusal(500, 'high-water-unreadable', `${path} is not the high-water mark of ${origin}.`, {
      remedy: 'Give the file of this log; or delete it, and every other member is asked at the next start.',
    });
  return BigInt(parsed.data.size);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Half a file: the caller says so.
    return undefined;
  }
}

/** Written whole and flushed before it takes the place of the last. */
export function writeHighWater(path: string, origin: string, size: bigint): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(`${path}.${process.pid}.new`, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify({ origin, size: size.toString() })}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.${process.pid}.new`, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** As `writeHighWater`, where it is more than the file has. */
export function raiseHighWater(path: string, origin: string, size: bigint): void {
  const before = readHighWater(path, origin);
  if (before === undefined || before < size) writeHighWater(path, origin, size);
}

/** Null where it is not known what was cosigned of a log: all others are to be asked, however often the node is started. */
const Marks = z.record(z.string().max(200), Size.nullable());

/**
 * What a witness cosigned last of each log, in a file outside PostgreSQL for the same reason. Not flushed to disk each time: a
 * machine that loses power may lose the newest marks, and has its database then; what must be found is a database of yesterday.
 */
export class WitnessMarks {
  readonly #path: string;
  readonly #sizes: Map<string, bigint | null>;
  readonly #isNew: boolean;

  /** @throws Refusal 500 `high-water-unreadable` */
  constructor(path: string) {
    this.#path = path;
    let text: string | undefined;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT')
        throw new Refusal(500, 'high-water-unreadable', `${path} can't be read: ${(error as Error).message}`, {
          cause: error,
        });
    }
    this.#isNew = text === undefined;
    const parsed = Marks.safeParse(text === undefined ? {} : jsonOf(text));
    if (!parsed.success)
      throw new Refusal(500, 'high-water-unreadable', `${path} holds no marks of a witness.`, {
        remedy: 'Delete the file: every other member is asked at the next start.',
      });
    this.#sizes = new Map(
      Object.entries(parsed.data).map(([origin, size]) => [origin, size === null ? null : BigInt(size)]),
    );
  }

  /** The logs that are witnessed. Where there was no file it is not known of any of them what was cosigned. */
  open(origins: readonly string[]): void {
    if (!this.#isNew) return;
    for (const origin of origins) if (!this.#sizes.has(origin)) this.#sizes.set(origin, null);
    this.#write();
  }

  /** Whether what was cosigned last of a log is known; of a log that was listed since the file was made it is nothing. */
  isKnown(origin: string): boolean {
    return this.#sizes.get(origin) !== null;
  }

  get(origin: string): bigint {
    return this.#sizes.get(origin) ?? 0n;
  }

  set(origin: string, size: bigint): void {
    if (this.isKnown(origin) && size <= this.get(origin)) return;
    this.#sizes.set(origin, size);
    this.#write();
  }

  #write(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const text = JSON.stringify(
      Object.fromEntries([...this.#sizes].map(([origin, size]) => [origin, size === null ? null : size.toString()])),
    );
    writeFileSync(`${this.#path}.${process.pid}.new`, `${text}\n`, { mode: 0o600 });
    renameSync(`${this.#path}.${process.pid}.new`, this.#path);
  }
}
