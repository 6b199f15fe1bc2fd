import { afterAll, beforeAll, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { Served } from '../test/served-node.ts';

/** The stream of changes over real HTTP from a real node. */

let served: Served;
let port: number;
beforeAll(async () => {
  served = await Served.start();
  port = await served.serve();
});
afterAll(() => served?.stop());

interface Event {
  readonly id: string;
  readonly event: string;
  readonly subject?: string;
}

/** Reads events until `enough` says so. */
async function listen(token: string, enough: (events: readonly Event[]) => boolean, after?: string): Promise<Event[]> {
  const abort = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/api/changes`, {
    headers: { authorization: `Bearer ${token}`, ...(after === undefined ? {} : { 'last-event-id': after }) },
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(20_000)]),
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const events: Event[] = [];
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(part, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const field = (name: string): string => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '';
      if (field('event') === '') continue;
      events.push({
        id: field('id'),
        event: field('event'),
        ...(JSON.parse(field('data') || '{}') as { subject?: string }),
      });
    }
    if (enough(events)) break;
  }
  abort.abort();
  return events;
}

async function file(): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/dossiers`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await served.token('kz-exporter')}`, 'content-type': 'application/json' },
    body: JSON.stringify(filing()),
  });
  expect(answer.status, await answer.clone().text()).toBe(200);
  return ((await answer.json()) as { dossier: string }).dossier;
}

const about = (dossier: string) => (events: readonly Event[]) => events.some(({ subject }) => subject === dossier);

test('a dossier that is filed is told to its operator and to an authority on its way, to nobody else', async () => {
  const [exporter, customs, importer] = await Promise.all([
    served.token('kz-exporter'),
    served.token('kz-customs'),
    served.token('kz-importer'),
  ]);
  let done = false;
  const others: Event[] = [];
  const watching = [exporter, customs].map((token) =>
    listen(token, (events) => events.filter(({ event }) => event === 'dossier').length > 0),
  );
  const stranger = listen(importer, (events) => {
    others.splice(0, others.length, ...events);
    return done;
  }).catch(() => []);
  await new Promise((resolve) => setTimeout(resolve, 700));
  const dossier = await file();
  for (const events of await Promise.all(watching)) {
    expect(events[0]?.event).toBe('ready');
    expect(about(dossier)(events)).toBe(true);
  }
  done = true;
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(others.filter(({ event }) => event !== 'ready')).toEqual([]);
  void stranger;
});

test('a stream that was lost goes on where it was: nothing is missed, nothing told twice', async () => {
  const token = await served.token('kz-exporter');
  const [ready] = await listen(token, (events) => events.length > 0);
  const filed = [await file(), await file(), await file()];
  const before = await listen(token, about(filed[0] ?? ''), ready?.id);
  // Lost right after the first of them.
  const first = before.slice(0, before.findIndex(({ subject }) => subject === filed[0]) + 1);
  const rest = await listen(token, about(filed[2] ?? ''), first.at(-1)?.id);
  const told = [...first, ...rest].filter(({ event }) => event === 'dossier').map(({ subject }) => subject);
  expect(filed.every((one) => told.includes(one))).toBe(true);
  expect(new Set([...first, ...rest].filter(({ event }) => event === 'dossier').map(({ id }) => id)).size).toBe(
    told.length,
  );
});

test('who is not signed in is told nothing, and a place that no stream gave begins anew', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/api/changes`);
  expect(answer.status).toBe(401);
  const events = await listen(await served.token('kz-exporter'), (list) => list.length > 0, "x' OR 1=1");
  expect(events[0]?.event).toBe('ready');
  // Larger than any number of the database, and one that this database has not reached: a backup was restored.
  for (const [place, event] of [
    ['99999999999999999999-1', 'ready'],
    ['9000000000000000000-1', 'reset'],
  ] as const)
    expect((await listen(await served.token('kz-exporter'), (list) => list.length > 0, place))[0]?.event).toBe(event);
});
