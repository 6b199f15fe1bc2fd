import type { Context } from 'hono';
import { Refusal } from '../values/refusal.ts';

const MOST_WRONG = 30;
const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/**
 * Holds up who tries secrets: after thirty wrong ones a minute from one address the next are told to wait. A right one always passes:
 * behind a proxy all share one address, and nobody's wrong links may keep a driver out.
 */
export class Attempts {
  readonly #clock: () => Date;
  readonly #wrong = new Map<string, { count: number; readonly since: number }>();

  constructor(clock: () => Date) {
    this.#clock = clock;
  }

  /** @throws Refusal 429 `too-many-attempts` in place of a 401 too many, else what `act` throws */
  async guard<T>(address: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) throw error;
      const now = this.#clock().getTime();
      const known = this.#wrong.get(address);
      const wrong = known !== undefined && now - known.since < WINDOW_MS ? known : { count: 0, since: now };
      wrong.count++;
      if (this.#wrong.size >= MOST_ADDRESSES) this.#wrong.clear();
      this.#wrong.set(address, wrong);
      if (wrong.count <= MOST_WRONG) throw error;
      throw new Refusal(429, 'too-many-attempts', 'Too many wrong links were tried from here.', {
        params: { retryAfter: Math.ceil((wrong.since + WINDOW_MS - now) / 1000) },
      });
    }
  }
}

/** Of the connection, not of what a header says. */
export function addressOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress ?? '';
}
