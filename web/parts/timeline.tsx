import type { ComponentChildren } from 'preact';
import { type Tone, toneOf } from './status.tsx';

/** Things in their order, each with a mark, a title and what is said of it. */
export function Timeline<Entry>({
  label,
  entries,
  entryKey,
  state,
  title,
  children,
}: {
  readonly label: string;
  readonly entries: readonly Entry[];
  readonly entryKey: (entry: Entry) => string;
  readonly state: (entry: Entry) => string;
  readonly title: (entry: Entry) => ComponentChildren;
  readonly children: (entry: Entry) => ComponentChildren;
}) {
  return (
    <ol class="timeline" aria-label={label}>
      {entries.map((entry) => {
        const tone: Tone = toneOf(state(entry));
        return (
          <li key={entryKey(entry)} class={tone}>
            <h3>{title(entry)}</h3>
            {children(entry)}
          </li>
        );
      })}
    </ol>
  );
}
