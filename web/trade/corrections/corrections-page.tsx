import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { CorrectionView } from '../../../trade/correction-contract.ts';
import { DUE_DAYS } from '../../../trade/lists.ts';
import { api } from '../../api.ts';
import { formatDate, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { ActForm } from '../../parts/act-form.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Pager } from '../../parts/more.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { word } from '../words.ts';

const LOOKS = { open: 'claimed', overdue: 'refused', changed: 'complete', kept: 'complete' } as const;

function Standing({ state }: Pick<CorrectionView, 'state'>) {
  return <Status state={LOOKS[state]} label={word('fix.state', state)} />;
}

/** What was said, what is meant, and what became of it. */
function Told({ one }: { readonly one: CorrectionView }) {
  const { name, authority } = useMembers();
  return (
    <>
      <p>
        <Standing state={one.state} />
      </p>
      <blockquote class="as-written">{one.text}</blockquote>
      <dl class="facts">
        <dt>{t('fix.about')}</dt>
        <dd>
          {name(one.about)}
          {one.version !== null && `, ${t('fix.byVersion', { version: one.version })}`}
          {one.measure !== null && (
            <>
              {', '}
              <code>{one.measure}</code>
            </>
          )}
        </dd>
        {one.question !== null && (
          <>
            <dt>{t('fix.asked')}</dt>
            <dd>
              <a href={href(`/requirements?${one.question}`)}>{one.question}</a>
            </dd>
          </>
        )}
        {one.source !== null && (
          <>
            <dt>{t('fix.source')}</dt>
            {/* An address that anybody wrote is shown, never followed for the reader. */}
            <dd class="as-written">{one.source}</dd>
          </>
        )}
        <dt>{t('fix.said')}</dt>
        <dd>{formatDate(one.at)}</dd>
        <dt>{t('fix.due')}</dt>
        <dd>{formatDate(one.due)}</dd>
      </dl>
      <h2>{t('fix.answers')}</h2>
      {one.answers.length === 0 && <p class="quiet">{t('fix.noAnswer')}</p>}
      <ul>
        {one.answers.map((answer) => (
          <li key={answer.at}>
            <Standing state={answer.outcome} />{' '}
            {answer.version !== null && <strong>{t('fix.byVersion', { version: answer.version })}</strong>}
            <p class="as-written">{answer.text}</p>
            <p class="quiet small">
              {authority(answer.authority)}, {formatDate(answer.at)}
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}

/** One correction, for whoever has its address. */
export function CorrectionPage() {
  const { correction = '' } = useRoute().params;
  const query = useQuery(() => api.trade.getCorrection({ correction }), [correction]);
  return (
    <Page title={t('fix.page')} lead={t('fix.pageText')}>
      <Answer query={query}>
        {(one) => (
          <div class="card">
            <Told one={one} />
          </div>
        )}
      </Answer>
    </Page>
  );
}

/** Corrections of the own member's rules, for the authority that publishes them. */
export function CorrectionsPage() {
  const [answered, setAnswered] = useState<'yes' | 'no'>('no');
  const [cursor, setCursor] = useState<string | undefined>();
  const list = useQuery(
    () => api.trade.listCorrections({ limit: 20, answered, ...(cursor === undefined ? {} : { cursor }) }),
    [answered, cursor],
  );
  return (
    <Only who="authority">
      <Page title={t('fix.list')} lead={t('fix.listText', { days: DUE_DAYS })}>
        <div class="bars">
          <SelectField
            label={t('fix.list')}
            short
            value={answered}
            onChange={(value) => {
              setCursor(undefined);
              setAnswered(value === 'yes' ? 'yes' : 'no');
            }}
            options={[
              { value: 'no', label: t('fix.waiting') },
              { value: 'yes', label: t('fix.done') },
            ]}
          />
        </div>
        <Answer query={list}>
          {({ items, next }) => (
            <>
              {items.length === 0 && <Empty title={t('fix.none')} />}
              {items.map((one) => (
                <article class="card" key={one.correction}>
                  <Told one={one} />
                  <AnswerForm correction={one.correction} done={list.reload} />
                </article>
              ))}
              <Pager first={cursor === undefined} next={next} onFirst={() => setCursor(undefined)} onNext={setCursor} />
            </>
          )}
        </Answer>
      </Page>
    </Only>
  );
}

const EMPTY = { outcome: 'kept', version: '', text: '' };

function AnswerForm({ correction, done }: { readonly correction: string; readonly done: () => void }) {
  return (
    <ActForm
      draftKey={`correction-answer/${correction}`}
      initial={EMPTY}
      open={t('fix.answer')}
      title={t('fix.answerTitle')}
      submit={t('fix.send')}
      done={t('fix.answerDone')}
      onDone={done}
      act={({ outcome, version, text }, idempotencyKey) =>
        api.trade.answerCorrection(
          {
            correction,
            outcome: outcome === 'changed' ? 'changed' : 'kept',
            text: text.trim(),
            ...(outcome === 'changed' && version !== '' ? { version: Number(version) } : {}),
          },
          { context: { idempotencyKey } },
        )
      }
    >
      {(values, set) => (
        <>
          <SelectField
            label={t('fix.outcome')}
            value={values.outcome}
            onChange={(outcome) => set({ outcome })}
            options={(['kept', 'changed'] as const).map((value) => ({ value, label: word('fix.state', value) }))}
          />
          {values.outcome === 'changed' && (
            <TextField
              label={t('fix.version')}
              hint={t('fix.versionHint')}
              short
              inputMode="numeric"
              maxLength={9}
              required
              value={values.version}
              onChange={(version) => set({ version })}
            />
          )}
          <TextField
            label={t('fix.answerText')}
            rows={5}
            maxLength={2000}
            required
            value={values.text}
            onChange={(text) => set({ text })}
          />
        </>
      )}
    </ActForm>
  );
}
