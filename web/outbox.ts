import { signal } from '@preact/signals';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { DriverReport, DriverView } from '../trade/driver-contract.ts';
import { ApiProblem, newIdempotencyKey, send } from './api.ts';

/**
 * What a driver's browser keeps: the link, the last answer, and what was entered and is not sent yet. Each entry has its Idempotency-Key
 * from when it was entered, so that it is recorded once however often it is sent.
 */

export interface Entry {
  readonly key: string;
  readonly token: string;
  readonly report: DriverReport;
  /** Why the node declined it for good; it is then not sent again. */
  readonly refused?: { readonly code: string; readonly params: ApiProblem['params'] };
}

export interface KeptLink {
  readonly token: string;
  readonly view: DriverView | null;
  /** Why it opens nothing any more. */
  readonly ended: { readonly code: string; readonly params: ApiProblem['params'] } | null;
}

interface Schema extends DBSchema {
  link: { key: string; value: KeptLink };
  entries: { key: string; value: Entry };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;
const database = (): Promise<IDBPDatabase<Schema>> => {
  opened ??= openDB<Schema>('dostyk-driver', 1, {
    upgrade(db) {
      db.createObjectStore('link');
      db.createObjectStore('entries', { keyPath: 'key' });
    },
  });
  return opened;
};

/** Waiting and refused entries, the oldest first. */
export const entries = signal<readonly Entry[]>([]);

export async function keepLink(link: KeptLink): Promise<void> {
  await (await database()).put('link', link, 'current');
}

export async function keptLink(): Promise<KeptLink | undefined> {
  return (await database()).get('link', 'current');
}

export async function loadEntries(): Promise<void> {
  const all = await (await database()).getAll('entries');
  entries.value = all.sort((a, b) => Date.parse(a.report.occurredAt) - Date.parse(b.report.occurredAt));
}

const TWICE_MS = 10_000;
const entered = new Map<string, number>();

/** A second tap on the same thing within ten seconds is the first one again. @returns whether it was taken */
export async function enter(token: string, report: DriverReport): Promise<boolean> {
  const { occurredAt, ...said } = report;
  const same = JSON.stringify([token, said]);
  const at = Date.parse(occurredAt);
  if (at - (entered.get(same) ?? 0) < TWICE_MS) return false;
  entered.set(same, at);
  await (await database()).put('entries', { key: newIdempotencyKey(), token, report });
  await loadEntries();
  return true;
}

export async function forget(key: string): Promise<void> {
  await (await database()).delete('entries', key);
  await loadEntries();
}

const byLink = (token: string): Record<string, string> => ({ authorization: `Driver ${token}` });

export async function askDriver(token: string): Promise<DriverView> {
  return (await send('/api/driver', { headers: byLink(token) })).json() as Promise<DriverView>;
}

/** Declined for good, not for now: sending it again would change nothing. */
const isFinal = ({ status }: ApiProblem): boolean => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** Sends what waits, in its order, one page at a time. @returns how many went */
export async function flush(): Promise<number> {
  const run = async (): Promise<number> => {
    let sent = 0;
    await loadEntries();
    for (const entry of entries.value) {
      if (entry.refused !== undefined) continue;
      try {
        await send('/api/driver/reports', {
          method: 'POST',
          headers: { ...byLink(entry.token), 'content-type': 'application/json', 'idempotency-key': entry.key },
          body: JSON.stringify(entry.report),
        });
        await (await database()).delete('entries', entry.key);
        sent++;
      } catch (problem) {
        if (!(problem instanceof ApiProblem) || !isFinal(problem)) break;
        const { code, params } = problem;
        await (await database()).put('entries', { ...entry, refused: { code, params } });
      }
    }
    await loadEntries();
    return sent;
  };
  // Without locks (old browsers) two pages may both send: the key makes it one record all the same.
  if (navigator.locks === undefined) return run();
  return navigator.locks.request('dostyk-outbox', { ifAvailable: true }, (lock) => (lock === null ? 0 : run()));
}
