import { useState } from 'preact/hooks';
import type { DeskRow } from '../../../trade/contract.ts';
import { DECISIONS } from '../../../trade/lists.ts';
import { api, newIdempotencyKey, problemText } from '../../api.ts';
import { useDraft } from '../../draft.ts';
import { t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button } from '../../parts/button.tsx';
import { Field, SelectField } from '../../parts/field.tsx';
import { Progress } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { session } from '../../session.ts';
import { word } from '../words.ts';

/** A query needs its question and a refusal its grounds: those are decided on the movement's own page. */
const ON_PAPER = DECISIONS.filter((one) => ['release', 'hold', 'inspect'].includes(one));
type OnPaper = Readonly<Record<string, { readonly decision: string; readonly time: string; readonly key: string }>>;
const REASON = { release: 'in-order', hold: 'other', inspect: 'selected-by-goods-rule' } as const;
type Said = keyof typeof REASON;

/** After an outage: what was decided on paper, entered one by one, each with the time that stands there. */
export function DowntimeEntry({
  rows,
  post,
  done,
}: {
  readonly rows: readonly DeskRow[];
  readonly post: string;
  readonly done: () => void;
}) {
  const { list } = useMembers();
  const appeals = list
    .find((one) => one.code === session.value?.member)
    ?.authorities.find((one) => one.mandates.includes('decide-appeals'));
  const draft = useDraft<OnPaper>(`downtime/${post}`, {});
  const [results, setResults] = useState<ReadonlyMap<string, string>>(new Map());
  const [running, setRunning] = useState<{ readonly done: number; readonly of: number } | null>(null);
  const [stopped] = useState({ now: false });
  const open = rows.flatMap((row) =>
    row.consignments
      .filter((one) => one.onRoute && !['released', 'passed', 'refused'].includes(one.state))
      .map((one) => ({ row, one })),
  );
  const chosen = open.filter(({ one }) => {
    const said = draft.value[one.dossier];
    return said !== undefined && said.decision !== '' && said.time !== '';
  });
  const set = (dossier: string, part: Partial<OnPaper[string]>): void => {
    const before = draft.value[dossier] ?? { decision: '', time: '', key: '' };
    // Another decision is another act; the same, sent again after a lost answer, is done once.
    draft.set({ ...draft.value, [dossier]: { ...before, ...part, key: newIdempotencyKey() } });
  };
  const run = async (): Promise<void> => {
    stopped.now = false;
    const left = { ...draft.value };
    for (const [i, { row, one }] of chosen.entries()) {
      if (stopped.now) break;
      setRunning({ done: i, of: chosen.length });
      const said = draft.value[one.dossier];
      if (said === undefined) continue;
      const decision = said.decision as Said;
      try {
        await api.trade.decide(
          {
            dossier: one.dossier,
            version: one.version,
            post,
            decision,
            reason: { code: REASON[decision], text: t('officer.enterReason', { time: said.time.replace('T', ' ') }) },
            movement: row.movement,
            ...(decision === 'hold' ? { appeal: { to: appeals?.id ?? '', text: t('officer.appealDefault') } } : {}),
          },
          { context: { idempotencyKey: said.key } },
        );
        delete left[one.dossier];
        setResults((before) => new Map(before).set(one.dossier, ''));
      } catch (error) {
        setResults((before) => new Map(before).set(one.dossier, problemText(error)));
      }
    }
    draft.set(left);
    setRunning(null);
    done();
  };
  if (!draft.ready || open.length === 0) return null;
  return (
    <section class="no-print" aria-labelledby="enter">
      <h2 id="enter">{t('officer.enterTitle')}</h2>
      <p>{t('officer.enterText')}</p>
      {open.map(({ row, one }) => {
        const said = draft.value[one.dossier];
        const result = results.get(one.dossier);
        return (
          <fieldset key={`${row.movement} ${one.dossier}`}>
            <legend>
              {row.means.identification}: {one.goods || one.dossier.slice(-12)}
            </legend>
            <div class="fields">
              <SelectField
                label={t('officer.handDecision')}
                empty={t('officer.enterNone')}
                short
                value={said?.decision ?? ''}
                onChange={(decision) => set(one.dossier, { decision })}
                options={ON_PAPER.map((value) => ({ value, label: word('decision', value) }))}
              />
              <Field label={t('officer.enterTime')}>
                {(wiring) => (
                  <input
                    {...wiring}
                    type="datetime-local"
                    class="short"
                    value={said?.time ?? ''}
                    onInput={(event) => set(one.dossier, { time: event.currentTarget.value })}
                  />
                )}
              </Field>
            </div>
            {result !== undefined &&
              (result === '' ? (
                <Status state="complete" label={t('officer.decided')} />
              ) : (
                <p class="wrong">{result}</p>
              ))}
          </fieldset>
        );
      })}
      {running === null ? (
        chosen.length > 0 && (
          <Button onClick={() => void run()}>{t('officer.enterSubmit', { count: chosen.length })}</Button>
        )
      ) : (
        <Progress
          label={t('officer.bulkRunning', running)}
          value={running.done}
          of={running.of}
          onCancel={() => {
            stopped.now = true;
          }}
        />
      )}
    </section>
  );
}
