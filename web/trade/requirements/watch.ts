import { signal } from '@preact/signals';
import type { RequirementsView } from '../../../trade/measures/answer-view.ts';
import type { Asked } from './asked.ts';
import { askedOf, textOf } from './asked.ts';

/** Questions that this browser keeps an eye on, with what was answered. No account, nothing told to anybody. */

export interface Watched {
  readonly asked: Asked;
  /** Digest of the answer when it was last looked at. */
  readonly digest: string;
  readonly since: string;
}

const KEY = 'dostyk-watched';
const MOST = 20;

function read(): readonly Watched[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(kept)) return [];
    return kept.flatMap((one: Partial<Watched> & { asked?: unknown }) =>
      typeof one.digest === 'string' && typeof one.since === 'string' && typeof one.asked === 'string'
        ? [{ asked: askedOf(one.asked), digest: one.digest, since: one.since }]
        : [],
    );
  } catch {
    // Kept by nobody, or not readable: nothing is watched.
    return [];
  }
}

export const watched = signal<readonly Watched[]>(read());

function write(next: readonly Watched[]): void {
  watched.value = next.slice(-MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(watched.value.map((one) => ({ ...one, asked: textOf(one.asked) }))));
  } catch {
    // A browser that keeps nothing: it is watched as long as this page is open.
  }
}

/** What an answer says, without the day of which it is: a question without a day is asked anew each day. */
export async function digestOf({ on: _, ...answer }: RequirementsView): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(answer)));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const same = (a: Asked, b: Asked): boolean => textOf(a) === textOf(b);

export async function watch(asked: Asked, answer: RequirementsView): Promise<void> {
  const digest = await digestOf(answer);
  const since = new Date().toISOString();
  write([...watched.value.filter((one) => !same(one.asked, asked)), { asked, digest, since }]);
}

export function unwatch(asked: Asked): void {
  write(watched.value.filter((one) => !same(one.asked, asked)));
}

export const isWatched = (asked: Asked): boolean => watched.value.some((one) => same(one.asked, asked));
