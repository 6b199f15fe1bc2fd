import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { useEffect, useRef, useState } from 'preact/hooks';
import { session } from './session.ts';

/**
 * What is typed and not yet sent: kept in this browser (IndexedDB), apart for each account, over reloads, lost networks and sessions
 * that end. A draft says what it is a draft of by its key, e.g. `dossier/0197…` or `decision/…`.
 */

export interface Draft<T = unknown> {
  readonly key: string;
  readonly account: string;
  readonly value: T;
  readonly changedAt: string;
}

interface Schema extends DBSchema {
  drafts: { key: [string, string]; value: Draft; indexes: { account: string } };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;
const database = (): Promise<IDBPDatabase<Schema>> => {
  opened ??= openDB<Schema>('dostyk-drafts', 1, {
    upgrade(db) {
      db.createObjectStore('drafts', { keyPath: ['account', 'key'] }).createIndex('account', 'account');
    },
  });
  return opened;
};

const account = (): string => `${session.value?.member ?? ''}/${session.value?.subject ?? ''}`;

export async function saveDraft<T>(key: string, value: T): Promise<void> {
  const db = await database();
  await db.put('drafts', { key, account: account(), value, changedAt: new Date().toISOString() });
}

export async function findDraft<T>(key: string): Promise<Draft<T> | undefined> {
  return (await (await database()).get('drafts', [account(), key])) as Draft<T> | undefined;
}

export async function deleteDraft(key: string): Promise<void> {
  await (await database()).delete('drafts', [account(), key]);
}

/** This account's drafts whose key begins so, newest first. */
export async function listDrafts<T>(prefix: string): Promise<Draft<T>[]> {
  const all = (await (await database()).getAllFromIndex('drafts', 'account', account())) as Draft<T>[];
  return all.filter(({ key }) => key.startsWith(prefix)).sort((a, b) => (a.changedAt < b.changedAt ? 1 : -1));
}

/**
 * A value that outlives the page. `ready` is false until the kept one, if any, is here: render the form only then.
 *
 * @example const draft = useDraft('answer/…', { text: '' }); … draft.set({ text }); … await draft.clear();
 */
export function useDraft<T>(
  key: string,
  initial: T,
): {
  readonly value: T;
  readonly ready: boolean;
  /** Found as it was left, by an earlier visit. */
  readonly restored: boolean;
  readonly set: (value: T) => void;
  readonly clear: () => Promise<void>;
  /** Cleared, and ready for the next of its kind on the same page. */
  readonly restart: () => Promise<void>;
} {
  const [value, setValue] = useState(initial);
  const [ready, setReady] = useState(false);
  const [restored, setRestored] = useState(false);
  const latest = useRef(initial);
  const cleared = useRef(false);
  useEffect(() => {
    let current = true;
    setReady(false);
    findDraft<T>(key)
      .then((found) => {
        if (!current) return;
        cleared.current = false;
        latest.current = found?.value ?? initial;
        setValue(latest.current);
        setRestored(found !== undefined);
      })
      // A browser that keeps nothing (private windows): the form works, without a net.
      .catch(() => undefined)
      .finally(() => current && setReady(true));
    return () => {
      current = false;
    };
  }, [key]);
  return {
    value,
    ready,
    restored,
    set: (next) => {
      latest.current = next;
      setValue(next);
      if (!cleared.current) void saveDraft(key, next).catch(() => undefined);
    },
    restart: async () => {
      await deleteDraft(key).catch(() => undefined);
      latest.current = initial;
      setValue(initial);
    },
    clear: async () => {
      cleared.current = true;
      await deleteDraft(key).catch(() => undefined);
    },
  };
}
