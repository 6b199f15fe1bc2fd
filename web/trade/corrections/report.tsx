import { useRef, useState } from 'preact/hooks';
import { DUE_DAYS } from '../../../trade/lists.ts';
import type { StageView } from '../../../trade/measures/answer-view.ts';
import { api } from '../../api.ts';
import { href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { ActForm } from '../../parts/act-form.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Notice } from '../../parts/say.tsx';
import { type Asked, textOf } from '../requirements/asked.ts';
import { measuresOf, worded } from '../requirements/words.ts';

const EMPTY = { measure: '', text: '', source: '' };

/** Whoever reads an answer can say that it is wrong: the member concerned gets it, and who said it gets an address to look at. */
export function ReportCorrection({ stage, asked }: { readonly stage: StageView; readonly asked: Asked }) {
  const { name } = useMembers();
  const said = useRef<string | undefined>(undefined);
  const [sent, setSent] = useState<string>();
  const member = name(stage.member);
  const rules = new Map(measuresOf(stage).map(({ measure, wording }) => [measure, worded(wording).text]));
  return (
    <div class="no-print">
      {sent !== undefined && (
        <Notice kind="go" title={t('fix.sent')}>
          <p>
            {t('fix.sentText')}{' '}
            <a href={href(`/corrections/${sent}`)}>{`${location.origin}${href(`/corrections/${sent}`)}`}</a>
          </p>
        </Notice>
      )}
      <ActForm
        draftKey={`correction/${stage.member}`}
        initial={EMPTY}
        open={t('fix.report')}
        title={t('fix.reportTitle', { member })}
        submit={t('fix.send')}
        done={t('fix.sent')}
        onDone={() => setSent(said.current)}
        act={async ({ measure, text, source }, idempotencyKey) => {
          const answer = await api.trade.reportCorrection(
            {
              about: stage.member as never,
              text: text.trim(),
              question: textOf(asked),
              ...(stage.pack === null ? {} : { version: stage.pack.version }),
              ...(measure === '' ? {} : { measure }),
              ...(source.trim() === '' ? {} : { source: source.trim() }),
            },
            { context: { idempotencyKey } },
          );
          said.current = answer.correction;
        }}
      >
        {(values, set) => (
          <>
            <p>{t('fix.reportText', { member, days: DUE_DAYS })}</p>
            <SelectField
              label={t('fix.rule')}
              empty={t('fix.anyRule')}
              value={values.measure}
              onChange={(measure) => set({ measure })}
              options={[...rules].map(([value, label]) => ({ value, label }))}
            />
            <TextField
              label={t('fix.text')}
              rows={5}
              maxLength={2000}
              required
              value={values.text}
              onChange={(text) => set({ text })}
            />
            <TextField
              label={t('fix.source')}
              type="url"
              optional
              maxLength={500}
              value={values.source}
              onChange={(source) => set({ source })}
            />
          </>
        )}
      </ActForm>
    </div>
  );
}
