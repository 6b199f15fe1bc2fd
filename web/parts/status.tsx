import { tMaybe } from '../languages/index.ts';
import { Icon, type IconName } from './icon.tsx';

export type Tone = 'go' | 'wait' | 'stop' | 'plain';

const LOOKS: Readonly<Record<string, readonly [Tone, IconName]>> = {
  filed: ['plain', 'file'],
  expected: ['plain', 'circle'],
  'under-way': ['plain', 'arrow'],
  arrived: ['wait', 'half'],
  /** A dossier that has arrived is at its end; a truck that has arrived at a post waits. */
  'dossier.arrived': ['go', 'check'],
  held: ['stop', 'square'],
  queried: ['wait', 'question'],
  answered: ['wait', 'half'],
  inspecting: ['wait', 'eye'],
  released: ['go', 'check'],
  passed: ['go', 'arrow'],
  refused: ['stop', 'cross'],
  conflicting: ['stop', 'exclamation'],
  contradictory: ['stop', 'exclamation'],
  withdrawn: ['plain', 'cross'],
  'in-force': ['go', 'check'],
  revoked: ['stop', 'cross'],
  sequenced: ['plain', 'clock'],
  published: ['plain', 'half'],
  final: ['go', 'check'],
  claimed: ['plain', 'question'],
  recognised: ['go', 'check'],
  'not-recognised': ['stop', 'cross'],
  missing: ['wait', 'exclamation'],
  complete: ['go', 'check'],
  draft: ['plain', 'file'],
};

export const toneOf = (state: string): Tone => LOOKS[state]?.[0] ?? 'plain';

/**
 * A state as a mark, a word and a colour, never by colour alone.
 * @param kind where the word differs: `dossier`, `post`, `certificate`, `record` …
 */
export function Status({
  state,
  kind,
  label,
}: {
  readonly state: string;
  readonly kind?: string;
  readonly label?: string;
}) {
  const [tone, icon] = LOOKS[`${kind}.${state}`] ?? LOOKS[state] ?? ['plain', 'circle'];
  const word =
    label ?? (kind === undefined ? undefined : tMaybe(`status.${kind}.${state}`)) ?? tMaybe(`status.${state}`) ?? state;
  return (
    <span class={`state ${tone}`}>
      <Icon name={icon} />
      {word}
    </span>
  );
}
