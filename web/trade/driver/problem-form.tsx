import { useRef, useState } from 'preact/hooks';
import { DRIVER_PROBLEMS } from '../../../trade/lists.ts';
import { t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';
import { Icon } from '../../parts/icon.tsx';
import { word } from '../words.ts';

type Problem = (typeof DRIVER_PROBLEMS)[number];

/** Two taps: that there is one, and which. Words are for who wants to add some. */
export function ProblemForm({
  where,
  send,
}: {
  readonly where: string | undefined;
  readonly send: (problem: Problem, note: string) => void;
}) {
  const [open, setOpen] = useState(false);
  const [note, setNote] = useState('');
  const first = useRef<HTMLButtonElement>(null);
  if (!open)
    return (
      <div class="acts">
        <Button
          kind="danger"
          onClick={() => {
            setOpen(true);
            requestAnimationFrame(() => first.current?.focus());
          }}
        >
          <Icon name="exclamation" /> {t('driver.reportProblem')}
        </Button>
      </div>
    );
  return (
    <section class="problems" aria-labelledby="driver-problem">
      <h2 id="driver-problem">{t('driver.whichProblem')}</h2>
      {where !== undefined && <p class="quiet">{t('driver.at', { post: where })}</p>}
      <ul>
        {DRIVER_PROBLEMS.map((problem, i) => (
          <li key={problem}>
            <button
              type="button"
              class="button secondary"
              ref={i === 0 ? first : null}
              onClick={() => {
                setOpen(false);
                setNote('');
                send(problem, note.trim());
              }}
            >
              {word('driver.problem', problem)}
            </button>
          </li>
        ))}
      </ul>
      <TextField label={t('driver.note')} optional value={note} maxLength={300} rows={2} onChange={setNote} />
      <Button kind="quiet" onClick={() => setOpen(false)}>
        {t('driver.noProblem')}
      </Button>
    </section>
  );
}
