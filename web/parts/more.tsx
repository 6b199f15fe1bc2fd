import { useEffect, useState } from 'preact/hooks';
import { t } from '../languages/index.ts';
import { Button } from './button.tsx';
import { toast } from './say.tsx';

/** Steps of a longer form; the current one is said. */
export function Steps({
  label,
  steps,
  current,
}: {
  readonly label: string;
  readonly steps: readonly string[];
  readonly current: number;
}) {
  return (
    <nav aria-label={label}>
      <ol class="steps">
        {steps.map((step, i) => (
          <li key={step} aria-current={i === current ? 'step' : undefined}>
            {step}
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** Pages of a list by cursor: back to where one was, on to the next. */
export function Pager({
  first,
  next,
  onFirst,
  onNext,
}: {
  readonly first: boolean;
  readonly next: string | null;
  readonly onFirst: () => void;
  readonly onNext: (cursor: string) => void;
}) {
  if (first && next === null) return null;
  return (
    <nav class="row" aria-label={t('part.pages')}>
      {!first && (
        <Button kind="secondary" onClick={onFirst}>
          {t('part.firstPage')}
        </Button>
      )}
      {next !== null && (
        <Button kind="secondary" onClick={() => onNext(next)}>
          {t('part.nextPage')}
        </Button>
      )}
    </nav>
  );
}

/** A text to be copied: an id, a code, a digest. */
export function Copy({ text, label }: { readonly text: string; readonly label?: string }) {
  return (
    <span class="row">
      <code>{label ?? text}</code>
      <Button
        kind="quiet"
        small
        onClick={() =>
          void navigator.clipboard.writeText(text).then(
            () => toast(t('part.copied')),
            () => toast(t('part.notCopied')),
          )
        }
      >
        {t('part.copy')}
      </Button>
    </span>
  );
}

/** The present moment, anew every half minute: for ages. */
export function useNow(everyMs = 30_000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
