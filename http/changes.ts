import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { Caller } from '../members/account.ts';
import { Refusal } from '../values/refusal.ts';
import type { HttpNode } from './node.ts';

/** `GET /api/changes`: what changes, as server-sent events that resume after a lost connection (HTML Living Standard, 9.2). */

const POLL_MS = 500;
const HEARTBEAT_MS = 15_000;
const MAX_LISTENERS = 2000;
const MAX_PER_ACCOUNT = 10;

export class Changes {
  readonly #node: Pick<HttpNode, 'changes'>;
  readonly #listeners = new Map<string, number>();
  #count = 0;

  constructor(node: Pick<HttpNode, 'changes'>) {
    this.#node = node;
  }

  /**
   * @param again who asks, asked anew on every heartbeat: a session that ends ends the stream
   * @throws Refusal 503 `too-many-listeners`
   */
  async stream(c: Context, caller: Caller, again: () => Promise<Caller>): Promise<Response> {
    const own = this.#listeners.get(caller.subject) ?? 0;
    if (this.#count >= MAX_LISTENERS || own >= MAX_PER_ACCOUNT)
      throw new Refusal(503, 'too-many-listeners', 'Too many pages watch for changes already.', {
        params: { retryAfter: 30 },
      });
    const asked = c.req.header('last-event-id') ?? c.req.query('after');
    const { changes } = this.#node;
    const start = await changes.start(asked);
    this.#count++;
    this.#listeners.set(caller.subject, own + 1);
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, async (stream) => {
      try {
        await this.#run(stream, caller, again, start);
      } finally {
        this.#count--;
        this.#listeners.set(caller.subject, (this.#listeners.get(caller.subject) ?? 1) - 1);
        if (this.#listeners.get(caller.subject) === 0) this.#listeners.delete(caller.subject);
      }
    });
  }

  async #run(
    stream: SSEStreamingApi,
    caller: Caller,
    again: () => Promise<Caller>,
    { cursor, reset }: { readonly cursor: string; readonly reset: boolean },
  ): Promise<void> {
    let at = cursor;
    // The place is told at once, so that a reader that loses the connection before any change resumes there.
    await stream.writeSSE({ id: at, event: reset ? 'reset' : 'ready', data: '{}' });
    let spoken = performance.now();
    while (!stream.aborted && !stream.closed) {
      const { changes, next } = await this.#node.changes.after(caller, at);
      at = next;
      for (const { cursor: id, kind, subject } of changes)
        await stream.writeSSE({ id, event: kind, data: JSON.stringify({ subject }) });
      if (changes.length > 0) spoken = performance.now();
      else if (performance.now() - spoken > HEARTBEAT_MS) {
        try {
          await again();
        } catch {
          // Signed out, locked or expired: the page asks again and is told why.
          return;
        }
        await stream.write(': still here\n\n');
        spoken = performance.now();
      }
      await delay(POLL_MS);
    }
  }
}
