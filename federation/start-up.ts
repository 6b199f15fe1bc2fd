import { setTimeout as delay } from 'node:timers/promises';
import type { LogCrypto } from '../log/crypto.ts';
import type { MemberEntry, MemberLog } from '../members/registry.ts';
import { equal } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { type Held, type HoldingsOptions, heldBy, nothingThatCounts } from './holdings.ts';

/** Before a log is made longer: is anything of it known elsewhere that is not here? */

export interface StartUpOptions {
  readonly log: Pick<MemberLog, 'origin' | 'keys'>;
  readonly crypto: LogCrypto;
  /** Size of the log in the database, asked for anew each time: another process may be making it longer. */
  readonly size: () => Promise<bigint>;
  /** Root of the entries here at a size up to that. */
  readonly rootAt: (size: bigint) => Promise<Uint8Array>;
  /** The size that was signed last as the file outside the database has it. */
  readonly highWater: bigint | undefined;
  readonly others: readonly MemberEntry[];
  /** Members that the operator knows to be away for good or for long: nobody waits for their answer. */
  readonly absent: readonly string[];
  readonly signal: AbortSignal;
  readonly everyMs?: number;
  readonly send?: HoldingsOptions['send'] | undefined;
  /** Between two rounds of asking. */
  readonly pause?: (ms: number) => Promise<void>;
  /** Told while answers are missing. */
  readonly onWait?: (waiting: readonly string[]) => void;
}

/**
 * Waits for the answers that it takes: two of the others, or all where there are fewer; all of them where the high-water mark is
 * missing or beyond the database, but those that the operator names as absent.
 *
 * @throws Refusal 500 `log-behind` where more was signed than is here, `log-diverged` where something else was
 */
export async function assertNothingAhead(options: StartUpOptions): Promise<void> {
  const { highWater, others, absent, signal, everyMs = 500, onWait = () => undefined } = options;
  const { pause = (ms) => delay(ms, undefined, { signal }) } = options;
  const suspect = highWater === undefined || highWater > (await options.size());
  const asked = others.filter(({ code }) => !absent.includes(code));
  const needed = suspect ? asked.length : Math.min(2, asked.length);
  const answered = new Set<string>();
  for (let round = 1; ; round++) {
    await Promise.all(
      asked
        .filter(({ code }) => !answered.has(code))
        .map(async (peer) => {
          let held: Held | undefined;
          try {
            held = await heldBy(peer, 'witness', options).catch(nothingThatCounts);
          } catch (error) {
            if (error instanceof Refusal) return;
            throw error;
          }
          if (held !== undefined) await compare(peer.code, held, options);
          answered.add(peer.code);
        }),
    );
    if (answered.size >= needed) break;
    if (round % Math.ceil(5000 / everyMs) === 0) {
      onWait(asked.map(({ code }) => code).filter((code) => !answered.has(code)));
    }
    await pause(everyMs);
    signal.throwIfAborted();
  }
  const size = await options.size();
  if (highWater !== undefined && highWater > size) {
    throw behind(highWater, size, 'the high-water mark');
  }
}

function behind(signed: bigint, size: bigint, who: string): Refusal {
  return new Refusal(
    500,
    'log-behind',
    `Size ${signed} of this log was signed, says ${who}; the database ends at ${size}.`,
    {
      params: { signed: Number(signed), size: Number(size) },
      remedy: 'The database was restored or lost its end. Run `dostyk recover`; nothing is sequenced before.',
    },
  );
}

async function compare(code: string, { checkpoint }: Held, options: StartUpOptions): Promise<void> {
  const size = await options.size();
  if (checkpoint.size > size) throw behind(checkpoint.size, size, code);
  if (!equal(await options.rootAt(checkpoint.size), checkpoint.root)) {
    throw new Refusal(
      500,
      'log-diverged',
      `${code} holds another root of this log at size ${checkpoint.size} than its entries here give.`,
      {
        params: { member: code, size: Number(checkpoint.size) },
        remedy:
          'Two histories of this log exist. Restore an older backup and run `dostyk recover`; see CONTRIBUTING, operations.',
      },
    );
  }
}
