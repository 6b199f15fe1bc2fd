import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { session } from './session.ts';

/** What of the node's views has changed, told as it happens over one stream a page, which resumes where it was lost. */

export interface Change {
  readonly kind: 'dossier' | 'movement';
  /** Empty when anything may have changed: the stream was away for too long. */
  readonly subject: string;
}

type Listener = (change: Change) => void;

/** `live`: changes arrive · `waiting`: the stream is being opened again. */
export const live = signal<'off' | 'live' | 'waiting'>('off');

const listeners = new Set<Listener>();
let source: EventSource | undefined;
let after = '';
let pause = 1000;

const tell = (change: Change): void => {
  for (const one of listeners) one(change);
};

function open(): void {
  if (source !== undefined || session.value === null) return;
  // The browser resumes on its own with Last-Event-ID; a stream opened anew says where it was.
  source = new EventSource(`/api/changes${after === '' ? '' : `?after=${after}`}`);
  const note = (event: MessageEvent): void => {
    after = event.lastEventId || after;
    live.value = 'live';
    pause = 1000;
  };
  source.addEventListener('ready', note);
  source.addEventListener('reset', (event) => {
    note(event);
    tell({ kind: 'dossier', subject: '' });
    tell({ kind: 'movement', subject: '' });
  });
  for (const kind of ['dossier', 'movement'] as const)
    source.addEventListener(kind, (event) => {
      note(event);
      tell({ kind, subject: (JSON.parse(event.data) as { subject: string }).subject });
    });
  source.onerror = () => {
    live.value = 'waiting';
    if (source?.readyState !== EventSource.CLOSED) return;
    // Refused, not lost: the browser does not try again, so this does, with growing pauses.
    source = undefined;
    setTimeout(() => listeners.size > 0 && open(), pause);
    pause = Math.min(60_000, pause * 2);
  };
}

/** Calls back for each change that this account may see; several at once are told together. */
export function useChanges(callback: Listener): void {
  const latest = useRef(callback);
  latest.current = callback;
  useEffect(() => {
    const waiting = new Map<string, Change>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listener: Listener = (change) => {
      waiting.set(`${change.kind} ${change.subject}`, change);
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const one of waiting.values()) latest.current(one);
        waiting.clear();
      }, 150);
    };
    listeners.add(listener);
    open();
    return () => {
      listeners.delete(listener);
      clearTimeout(timer);
      if (listeners.size > 0) return;
      source?.close();
      source = undefined;
      live.value = 'off';
    };
  }, []);
}
