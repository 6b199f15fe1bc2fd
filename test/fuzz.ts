import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

/**
 * Seeded hostile inputs for parsers of bytes from outside. Each input follows from its seed alone; a failing one is told with parser,
 * seed and bytes, so that it can be given again: `hostile(samples, seed)`.
 */

export type Random = () => number;

/** Mulberry32: a small generator whose whole state is the seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const below = (random: Random, n: number): number => Math.floor(random() * n);
function pick<T>(random: Random, from: readonly T[]): T {
  const one = from[below(random, from.length)];
  if (one === undefined) throw new RangeError('nothing to pick from');
  return one;
}

const NUMBERS = [
  '0',
  '-1',
  '00',
  '1e9',
  '1.5',
  '255',
  '256',
  '257',
  '65535',
  '9007199254740992',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '9'.repeat(400),
];
const TEXTS = [
  '\ud800',
  '\udc00x',
  '\u0000',
  '\ufeff',
  '\r\n',
  '\n\n',
  '\u2028',
  '— a AAAA\n',
  '…',
  '%2e%2e/',
  '__proto__',
  '=',
  '\t',
];
/** Bytes that are no UTF-8: a lone continuation, an overlong slash, a surrogate, beyond U+10FFFF, cut short. */
const NO_UTF8 = [[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]];

function mutateText(random: Random, text: string, samples: readonly string[]): string {
  const at = below(random, text.length + 1);
  const to = Math.min(text.length, at + 1 + below(random, 40));
  const lines = text.split('\n');
  switch (below(random, 11)) {
    case 0: {
      const code = text.charCodeAt(at);
      return Number.isNaN(code)
        ? text
        : text.slice(0, at) + String.fromCharCode(code ^ (1 << below(random, 8))) + text.slice(at + 1);
    }
    case 1:
      return text.slice(0, at);
    case 2: {
      const other = pick(random, samples);
      return text.slice(0, at) + other.slice(below(random, other.length + 1));
    }
    case 3:
      return text.slice(0, at) + text.slice(at, to).repeat(1 + below(random, 60)) + text.slice(to);
    case 4: {
      const [a, b] = [below(random, lines.length), below(random, lines.length)];
      [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
      return lines.join('\n');
    }
    case 5:
      lines.splice(below(random, lines.length), 1 + below(random, 2));
      return lines.join('\n');
    case 6: {
      const numbers = [...text.matchAll(/\d+/g)];
      if (numbers.length === 0) return text + pick(random, NUMBERS);
      const { index, 0: old } = pick(random, numbers);
      return text.slice(0, index) + pick(random, NUMBERS) + text.slice(index + old.length);
    }
    case 7:
      return text.slice(0, at) + pick(random, TEXTS) + text.slice(at);
    case 8:
      return text.slice(0, at) + text.slice(to);
    case 9:
      return below(random, 2) === 0 ? `${text}${text}` : `${text.slice(at)}${text.slice(0, at)}`;
    default: {
      // As many lines as a hostile sender would repeat, within 20,000 characters.
      const line = pick(random, lines);
      const many = 1 + below(random, Math.max(1, Math.min(130, 20_000 / (line.length + 1))));
      lines.splice(below(random, lines.length), 0, ...Array.from({ length: many }, () => line));
      return lines.join('\n');
    }
  }
}

type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string | number };

function places(value: unknown, found: Place[] = []): Place[] {
  if (Array.isArray(value)) {
    value.forEach((one, key) => {
      found.push({ holder: value, key });
      places(one, found);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) {
      found.push({ holder: value as Record<string, unknown>, key });
      places(one, found);
    }
  }
  return found;
}

const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  2 ** 53,
  1.5,
  '',
  '\ud800',
  'x'.repeat(5000),
  [],
  {},
  [[[[]]]],
  { __proto__: null, constructor: 1 },
  ['public'],
  Array.from({ length: 300 }, () => 0),
];

/** Changes inside what the text says, so that it is still JSON; or what only a text can have: a key twice, nesting, white space. */
function mutateJson(random: Random, text: string, samples: readonly string[]): string {
  let value: unknown;
  try {
    // What is nested without end is changed as text: it could not be written again.
    if (/[[{:"a]{600}/.test(text)) return mutateText(random, text, samples);
    value = JSON.parse(text);
  } catch {
    return mutateText(random, text, samples);
  }
  const all = places(value);
  if (all.length === 0) return mutateText(random, text, samples);
  const { holder, key } = pick(random, all);
  const slot = holder as Record<string | number, unknown>;
  switch (below(random, 8)) {
    case 0:
      slot[key] = structuredClone(pick(random, HOSTILE_VALUES));
      break;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete slot[key];
      break;
    case 2:
      slot[key] =
        typeof slot[key] === 'string' ? mutateText(random, String(slot[key]), samples) : pick(random, HOSTILE_VALUES);
      break;
    case 3: {
      const other = pick(random, all);
      slot[key] = structuredClone((other.holder as Record<string | number, unknown>)[other.key]);
      break;
    }
    case 4: {
      const name = JSON.stringify(key);
      const first = text.indexOf(`${name}:`);
      return first < 0
        ? text
        : `${text.slice(0, first)}${name}:${JSON.stringify(pick(random, HOSTILE_VALUES))},${text.slice(first)}`;
    }
    case 5: {
      const depth = below(random, 40) === 0 ? 20_000 : pick(random, [31, 33, 40, 200]);
      const [open, close] = pick(random, [['[', ']'] as const, ['{"a":', '}'] as const]);
      const marked = text.replace(JSON.stringify(slot[key]), () => `${open.repeat(depth)}1${close.repeat(depth)}`);
      return marked;
    }
    case 6:
      slot[`${key}${pick(random, TEXTS)}`] = slot[key];
      break;
    default:
      return JSON.stringify(value, null, below(random, 3));
  }
  return JSON.stringify(value);
}

function mutateBytes(random: Random, bytes: Uint8Array, samples: readonly Uint8Array[]): Uint8Array {
  const at = below(random, bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + below(random, 40));
  const parts = (...all: readonly (Uint8Array | readonly number[])[]) =>
    Buffer.concat(all.map((one) => Uint8Array.from(one)));
  switch (below(random, 7)) {
    case 0: {
      const changed = bytes.slice();
      for (let i = 0; i <= below(random, 3); i++) {
        const byte = below(random, changed.length);
        if (changed.length > 0) changed[byte] = (changed[byte] ?? 0) ^ (1 << below(random, 8));
      }
      return changed;
    }
    case 1:
      return bytes.slice(0, at);
    case 2: {
      const other = pick(random, samples);
      return parts(bytes.subarray(0, at), other.subarray(below(random, other.length + 1)));
    }
    case 3:
      return parts(
        bytes.subarray(0, at),
        ...Array.from({ length: 1 + below(random, 60) }, () => bytes.subarray(at, to)),
        bytes.subarray(to),
      );
    case 4:
      return parts(bytes.subarray(0, at), pick(random, NO_UTF8), bytes.subarray(at));
    case 5:
      return parts(bytes.subarray(0, at), [pick(random, [0, 1, 0x7f, 0x80, 0xff]), 0xff], bytes.subarray(to));
    default:
      return parts(bytes.subarray(0, at), bytes.subarray(to));
  }
}

export interface Samples {
  readonly texts?: readonly string[];
  readonly json?: readonly string[];
  readonly bytes?: readonly Uint8Array[];
}

/** The input of a seed: one of the samples, changed once to four times; one in sixteen stays as it is. */
export function hostile({ texts, json, bytes }: Samples, seed: number): string | Uint8Array {
  const random = seeded(seed);
  const times = below(random, 16) === 0 ? 0 : 1 + below(random, 4);
  const change = <T>(from: readonly T[], mutate: (random: Random, one: T, samples: readonly T[]) => T): T => {
    let one = pick(random, from);
    for (let i = 0; i < times; i++) one = mutate(random, one, from);
    return one;
  };
  if (bytes !== undefined) return change(bytes, mutateBytes);
  if (json === undefined) return change(texts ?? [''], mutateText);
  // A quarter is changed as bytes, also into what is no UTF-8.
  if (below(random, 4) === 0)
    return change(
      json.map((one) => Buffer.from(one, 'utf8')),
      (r, one, all) => Buffer.from(mutateBytes(r, one, all)),
    );
  return change(json, mutateJson);
}

const STUCK_MS = 30_000;
const SLOW_MS = 10_000;
const SHOWN = 20_000;
const GROWTH_BYTES = 24 * 1024 * 1024;

/** Kills the process, with the input in hand, when no parser comes to an end for 30 s: a loop can't be interrupted from within. */
class Watchdog {
  readonly #progress = new Int32Array(new SharedArrayBuffer(8));
  readonly #shown = new Uint8Array(new SharedArrayBuffer(SHOWN + 4));
  readonly #worker: Worker;

  constructor(parser: string) {
    this.#worker = new Worker(
      `const { workerData } = require('node:worker_threads'); const { writeSync } = require('node:fs');
       let last = -1, since = Date.now();
       setInterval(() => {
         const now = Atomics.load(workerData.progress, 0);
         if (now !== last) { last = now; since = Date.now(); return; }
         if (Date.now() - since < ${STUCK_MS}) return;
         const length = new DataView(workerData.shown.buffer).getUint32(0);
         writeSync(2, 'fuzz: ' + workerData.parser + ' hangs at seed ' + now + ', input (hex) ' + Buffer.from(workerData.shown.slice(4, 4 + length)).toString('hex') + '\\n');
         process.kill(process.pid, 'SIGKILL');
       }, 1000);`,
      { eval: true, workerData: { parser, progress: this.#progress, shown: this.#shown } },
    );
    this.#worker.unref();
  }

  begin(seed: number, input: string | Uint8Array): void {
    const cut = input.slice(0, SHOWN / 4);
    const bytes = typeof cut === 'string' ? Buffer.from(cut, 'utf8') : cut;
    this.#shown.set(bytes, 4);
    new DataView(this.#shown.buffer).setUint32(0, bytes.length);
    Atomics.store(this.#progress, 0, seed);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

let collect: (() => void) | undefined;
function heldBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export interface Outcome {
  readonly accepted: number;
  readonly refused: number;
}

export const INPUTS = 100_000;

/**
 * Gives a parser its inputs.
 *
 * @param parse may be async; what it returns must be undefined or, for a canonical format, what the value is written as again
 * @param documented whether what was thrown is what the parser says it throws
 * @throws Error naming parser, seed and input
 */
export async function fuzz(
  parser: string,
  samples: Samples,
  parse: (input: never, seed: number) => unknown,
  documented: (error: unknown) => boolean,
  { from = 1, count = INPUTS }: { readonly from?: number; readonly count?: number } = {},
): Promise<Outcome> {
  const watchdog = new Watchdog(parser);
  // What is thrown a hundred thousand times needs no trace of its way.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  let [accepted, refused, early] = [0, 0, 0];
  try {
    for (let seed = from; seed < from + count; seed++) {
      const input = hostile(samples, seed);
      const fail = (what: string, cause?: unknown): Error =>
        new Error(
          `${parser}, seed ${seed}: ${what}; input (hex) ${Buffer.from(input as string, 'utf8')
            .toString('hex')
            .slice(0, SHOWN)}`,
          { cause },
        );
      watchdog.begin(seed, input);
      const started = performance.now();
      let written: unknown;
      try {
        const pending = parse(input as never, seed);
        written = pending instanceof Promise ? await pending : pending;
        accepted++;
      } catch (error) {
        if (!documented(error)) throw fail(`throws ${String(error)}`, error);
        refused++;
      }
      if (performance.now() - started > SLOW_MS) throw fail(`takes ${Math.round(performance.now() - started)} ms`);
      if (written !== undefined && !sameAs(written, input))
        throw fail(`is taken, and written otherwise: ${String(written).slice(0, 300)}`);
      if (seed === from + Math.floor(count / 5)) early = heldBytes();
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    await watchdog.stop();
  }
  const growth = heldBytes() - early;
  if (growth > GROWTH_BYTES)
    throw new Error(`${parser}: holds ${growth} bytes more after ${count} inputs than after a fifth of them`);
  return { accepted, refused };
}

function sameAs(written: unknown, input: string | Uint8Array): boolean {
  if (typeof written === 'string')
    return written === (typeof input === 'string' ? input : Buffer.from(input).toString('utf8'));
  return Buffer.compare(written as Uint8Array, Buffer.from(input as string)) === 0;
}
