import { useEffect, useRef } from 'preact/hooks';

/** What of the node's views has changed, told as it happens. */
export interface Change {
  readonly kind: 'dossier' | 'movement';
  readonly subject: string;
}

type Listener = (change: Change) => void;
const listeners = new Set<Listener>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Calls back for each change that this account may see. */
export function useChanges(callback: Listener): void {
  const latest = useRef(callback);
  latest.current = callback;
  useEffect(() => {
    const listener: Listener = (change) => latest.current(change);
    listeners.add(listener);
    timer ??= setInterval(() => {
      if (document.visibilityState !== 'visible') return;
      for (const one of listeners) {
        one({ kind: 'dossier', subject: '' });
        one({ kind: 'movement', subject: '' });
      }
    }, 10_000);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
}
