import { signal } from '@preact/signals';
import { language } from './languages/index.ts';

/** Who is signed in here, as the node says. Mandates decide what is shown; the node decides anew what it allows. */

export interface SignedIn {
  readonly member: string;
  readonly demo: boolean;
  readonly subject: string;
  readonly name: string;
  readonly operator?: string;
  readonly authority?: string;
  readonly mandates: readonly string[];
  readonly csrf: string;
  readonly endsAt: string;
}

interface Answer extends Partial<SignedIn> {
  readonly member: string;
  readonly demo: boolean;
  /** Whether this node lets anyone sign in with a browser. */
  readonly signIn: boolean;
  readonly signedIn: boolean;
  readonly locked?: boolean;
  /** A session was here and has ended. */
  readonly ended?: boolean;
}

/** What is known of this node before anyone signs in. */
export const node = signal<{ readonly member: string; readonly demo: boolean; readonly signIn: boolean } | null>(null);
export const session = signal<SignedIn | null>(null);
/** `locked`: someone is signed in and has locked the screen · `ended`: the session ran out in the midst of work. */
export const barrier = signal<'locked' | 'ended' | null>(null);
/** Whether the node answered when it was last asked. */
export const online = signal(true);

let touchedAt = Date.now();
const touch = (): void => {
  touchedAt = Date.now();
};
for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchmove'])
  addEventListener(kind, touch, { capture: true, passive: true });
/** What a page asks while nobody has touched it for a minute says so, and does not keep the session on. */
export const unattended = (): Readonly<Record<string, string>> =>
  Date.now() - touchedAt < 60_000 ? {} : { 'x-unattended': '1' };

export async function loadSession(): Promise<void> {
  try {
    // On a line that neither answers nor fails the page opens all the same.
    const signal = AbortSignal.timeout(5000);
    const response = await fetch('/session', { headers: { accept: 'application/json', ...unattended() }, signal });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    const answer = (await response.json()) as Answer;
    online.value = true;
    node.value = { member: answer.member, demo: answer.demo, signIn: answer.signIn };
    if (answer.locked === true) {
      session.value = null;
      barrier.value = 'locked';
      return;
    }
    if (barrier.value === 'locked') barrier.value = null;
    session.value = answer.signedIn ? (answer as SignedIn) : null;
  } catch {
    // Away: what is shown stays, and says so.
    online.value = false;
  }
}

/** Told by the API's answers: the session ended or was locked elsewhere. */
export function noteRefusal(code: string): void {
  if (code === 'session-locked') {
    session.value = null;
    barrier.value = 'locked';
  } else if (['session-ended', 'token-missing'].includes(code) && session.value !== null) barrier.value = 'ended';
}

/** @param anew asks who signs in even where the identity provider still knows */
export function signInAddress({ anew = false, to }: { readonly anew?: boolean; readonly to?: string } = {}): string {
  const back = to ?? location.pathname + location.search;
  return `/sign-in?${new URLSearchParams({ return: back, language, ...(anew ? { anew: '' } : {}) })}`;
}

async function post(path: string): Promise<Response> {
  return fetch(path, { method: 'POST', headers: { 'x-csrf-token': session.value?.csrf ?? '' } });
}

export async function lock(): Promise<void> {
  const response = await post('/session/lock');
  if (!response.ok) return loadSession();
  session.value = null;
  barrier.value = 'locked';
}

/** @param everywhere ends this person's sessions in all browsers */
export async function signOut(everywhere = false): Promise<void> {
  const response = await post(`/sign-out${everywhere ? '?everywhere' : ''}`);
  const { url } = response.ok ? ((await response.json()) as { url: string }) : { url: '/' };
  session.value = null;
  location.assign(url);
}

export const mayDo = (mandate: string): boolean => session.value?.mandates.includes(mandate) === true;
