import type { LineView, StageView } from '../../../trade/measures/answer-view.ts';
import { MEASURE_TYPES } from '../../../trade/measures/measure.ts';
import { formatNumber, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { SelectField } from '../../parts/field.tsx';
import { Notice } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { ReportCorrection } from '../corrections/report.tsx';
import { documentName, word } from '../words.ts';
import { AnyOf } from './any-of.tsx';
import { type Asked, listOf } from './asked.ts';
import {
  amountText,
  bare,
  CONTROL_LOOKS,
  citedText,
  durationText,
  measuresOf,
  stageTitle,
  standingText,
  warningText,
  worded,
} from './words.ts';

/** One member's part of an answer: what is asked for, the papers, the steps, the charges, each with its source. */

type Citation = NonNullable<LineView['measure']['citation']>;

function Source({ citation }: { readonly citation: Citation | null }) {
  if (citation === null) return <span class="quiet small">{t('need.noSource')}</span>;
  return (
    <a class="small as-written" href={citation.address} rel="noreferrer" target="_blank">
      {citedText(citation)}
    </a>
  );
}

type Wording = StageView['steps'][number]['wording'];

function Worded({ wording }: { readonly wording: Wording }) {
  const { text, lang } = worded(wording);
  return <span lang={lang}>{text}</span>;
}

interface Props {
  readonly stage: StageView;
  readonly currency: string;
  readonly asked: Asked;
  readonly ask: (asked: Asked) => void;
}

const LOOKS: Readonly<Record<string, string>> = { ...CONTROL_LOOKS, available: 'complete', closed: 'withdrawn' };
const Mark = ({ state, label }: { readonly state: string; readonly label: string }) => (
  <Status state={LOOKS[state] ?? state} label={label} />
);

export function StagePart({ stage, currency, asked, ask }: Props) {
  const { post } = useMembers();
  const { pack, posts, findings, claims, ordinary, best } = stage;
  const held = listOf(asked.papers);
  const name = (id: string): Wording | undefined => measuresOf(stage).find(({ measure }) => measure === id)?.wording;
  const answers = new Map(listOf(asked.claims).map((one) => [one.split('=')[0] ?? '', one.split('=')[1] ?? '']));
  const id = `stage-${stage.member}`;
  return (
    <section class="card stage" aria-labelledby={id}>
      <h2 id={id}>{stageTitle(stage)}</h2>
      {posts.length > 0 && <p>{t('need.over', { posts: posts.map((one) => post(one.post)).join(' · ') })}</p>}
      <p class="quiet small">{standingText(pack)}</p>
      {findings.length > 0 && (
        <Notice kind="wait" title={t('need.findings')}>
          <ul>
            {[...new Set(findings.map(warningText))].map((text) => {
              const same = findings.filter((one) => warningText(one) === text);
              const about = [
                ...new Set(same.flatMap(({ measure }) => (measure === null ? [] : (name(measure) ?? [])))),
              ];
              return (
                <li key={text}>
                  {text}
                  {about.length > 0 && (
                    <ul class="small quiet">
                      {about.map((wording) => (
                        <li key={wording.en}>
                          <Worded wording={wording} />
                        </li>
                      ))}
                    </ul>
                  )}
                </li>
              );
            })}
          </ul>
        </Notice>
      )}
      {claims.length > 0 && (
        <details class="no-print" open={claims.length <= 3}>
          <summary>
            {t('need.questions')} ({claims.length})
          </summary>
          {claims.map(({ claim, wording, answer }) => (
            <SelectField
              key={claim}
              label={worded(wording).text}
              empty={t('need.notSaid')}
              short
              options={[
                { value: 'yes', label: t('part.yes') },
                { value: 'no', label: t('part.no') },
              ]}
              value={answer === null ? '' : answer ? 'yes' : 'no'}
              onChange={(value) => {
                const next = new Map(answers);
                if (value === '') next.delete(`${stage.member}/${claim}`);
                else next.set(`${stage.member}/${claim}`, value);
                ask({ ...asked, claims: [...next].map(([key, yes]) => `${key}=${yes}`).join(',') });
              }}
            />
          ))}
        </details>
      )}
      {pack !== null && (
        <>
          <Controls stage={stage} />
          <Papers
            stage={stage}
            held={held}
            toggle={(document, code) => {
              const own = [document, ...(code === null ? [] : [code])];
              const has = own.some((one) => held.includes(one));
              const papers = has ? held.filter((one) => !own.includes(one)) : [...held, document];
              ask({ ...asked, papers: papers.join(',') });
            }}
          />
          <StepList stage={stage} />
          <Charges stage={stage} currency={currency} />
          <dl class="facts">
            <dt>{t('need.sumOrdinary')}</dt>
            <dd>
              <strong>{amountText(ordinary, currency)}</strong>
            </dd>
            <dt>{t('need.sumBest')}</dt>
            <dd>
              <strong>{amountText(best, currency)}</strong>
            </dd>
          </dl>
        </>
      )}
      <ReportCorrection stage={stage} asked={asked} />
    </section>
  );
}

function Controls({ stage }: { readonly stage: StageView }) {
  const { controls } = stage;
  return (
    <>
      <h3>{t('need.controls')}</h3>
      {controls.length === 0 && <p class="quiet">{t('need.noControls')}</p>}
      <ul class="controls">
        {controls.map(({ measure, state, groups }) => (
          <li key={measure.measure}>
            <p>
              <Mark state={state} label={word('need.state', state === 'open' ? 'needed' : state)} />{' '}
              <strong>{word('need.type', measure.type)}</strong>: <Worded wording={measure.wording} />
            </p>
            <AnyOf groups={groups} />
            <Source citation={measure.citation} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Papers({
  stage,
  held,
  toggle,
}: {
  readonly stage: StageView;
  /** As the address says: a tick shows at once, before the answer is made anew. */
  readonly held: readonly string[];
  readonly toggle: (document: string, code: string | null) => void;
}) {
  const { documents } = stage;
  if (documents.length === 0) return null;
  const or = (text: string | null): string => text ?? t('part.unknown');
  return (
    <>
      <h3>{t('need.papers')}</h3>
      <p class="small quiet no-print">{t('need.papersText')}</p>
      <Table
        caption={`${t('need.papers')}: ${stageTitle(stage)}`}
        captionHidden
        rows={documents}
        rowKey={({ document }) => document}
        columns={[
          {
            key: 'paper',
            head: t('need.papers'),
            rowHead: true,
            cell: ({ document, code, wording, citation }) => (
              <>
                <label class="choice">
                  <input
                    type="checkbox"
                    checked={held.includes(document) || (code !== null && held.includes(code))}
                    onChange={() => toggle(document, code)}
                  />
                  <span>
                    <span lang={worded(wording).lang}>{bare(worded(wording).text)}</span>
                    {code !== null && <span class="quiet small"> {documentName(code)}</span>}
                  </span>
                </label>
                <Source citation={citation} />
              </>
            ),
          },
          {
            key: 'issuer',
            head: t('need.issuer'),
            cell: (one) => <span lang="en">{[one.issuer, one.where].filter(Boolean).join(', ') || or(null)}</span>,
          },
          { key: 'takes', head: t('need.takes'), cell: (one) => durationText(one.takes) },
          {
            key: 'valid',
            head: t('need.valid'),
            cell: ({ valid, form }) => `${durationText(valid)}${form === null ? '' : `, ${t(`need.form.${form}`)}`}`,
          },
          {
            key: 'when',
            head: t('need.whenNeeded'),
            cell: ({ always }) => (always ? t('need.always') : t('need.dependsOn')),
          },
        ]}
      />
    </>
  );
}

function StepList({ stage }: { readonly stage: StageView }) {
  if (stage.steps.length === 0) return null;
  return (
    <>
      <h3>{t('need.steps')}</h3>
      <ol>
        {stage.steps.map((step) => (
          <li key={step.id}>
            <Worded wording={step.wording} />
            {step.authority !== null && (
              <span class="quiet small" lang="en">
                {' '}
                {[step.authority, step.where].filter(Boolean).join(', ')}
              </span>
            )}
            {step.kind === 'act' && (
              <>
                {' '}
                <Source citation={step.citation} />
              </>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}

function Lines({
  lines,
  currency,
  caption,
}: {
  readonly lines: readonly LineView[];
  readonly currency: string;
  readonly caption: string;
}) {
  return (
    <Table
      caption={caption}
      rows={[...lines].sort((a, b) => MEASURE_TYPES.indexOf(a.measure.type) - MEASURE_TYPES.indexOf(b.measure.type))}
      rowKey={({ measure, item }) => `${measure.measure} ${item}`}
      empty={<p class="quiet">{t('need.noCharges')}</p>}
      columns={[
        {
          key: 'charge',
          head: t('need.charge'),
          rowHead: true,
          cell: ({ measure }) => (
            <>
              <strong>{word('need.type', measure.type)}</strong> <Worded wording={measure.wording} />
              <br />
              <Source citation={measure.citation} />
            </>
          ),
        },
        {
          key: 'rate',
          head: t('need.rate'),
          cell: ({ measure }) =>
            measure.rate === null || measure.rate === 'unknown' ? (
              t('part.unknown')
            ) : (
              <code>{measure.rate === 'free' ? '0' : measure.rate}</code>
            ),
        },
        {
          key: 'base',
          head: t('need.base'),
          number: true,
          cell: ({ base }) => (base === null ? t('part.unknown') : formatNumber(base, 2)),
        },
        {
          key: 'amount',
          head: t('need.amount'),
          number: true,
          cell: ({ amount }) => amountText(amount, currency),
        },
      ]}
    />
  );
}

function Charges({ stage, currency }: { readonly stage: StageView; readonly currency: string }) {
  const { items, fees } = stage;
  // Transit charges no duty: an option without lines says nothing.
  const options = items.flatMap((item) =>
    item.options
      .filter(({ lines, measure }) => lines.length > 0 || measure !== null)
      .map((option) => ({ ...option, item: item.number })),
  );
  if (options.length === 0 && fees.length === 0) return null;
  // Tables of several members, and several preferences of one, stand on a page: each says whose and which it is.
  const captionOf = ({ kind, measure }: (typeof options)[number]): string => {
    const text = `${stageTitle(stage)}: ${t('need.chargesOf', { option: word('need.option', kind) })}`;
    const several = options.filter((one) => one.kind === kind).length > 1;
    return several && measure !== null ? `${text} (${bare(worded(measure.wording).text)})` : text;
  };
  return (
    <>
      <h3>{t('need.charges')}</h3>
      {options.map((option) => (
        <div key={`${option.item} ${option.kind} ${option.measure?.measure}`}>
          <p>
            <Mark state={option.state} label={word('need.state', option.state)} />{' '}
            <strong>{word('need.option', option.kind)}</strong>{' '}
            {option.measure !== null && (
              <span lang={worded(option.measure.wording).lang}>{bare(worded(option.measure.wording).text)}</span>
            )}
            : {amountText(option.total, currency)}
            {option.quota !== null && (
              <span class="quiet small">
                {' '}
                {option.quota.state} {formatNumber(option.quota.left)}
              </span>
            )}
          </p>
          <Lines lines={option.lines} currency={currency} caption={captionOf(option)} />
        </div>
      ))}
      {fees.length > 0 && (
        <Lines lines={fees} currency={currency} caption={`${stageTitle(stage)}: ${t('need.fees')}`} />
      )}
    </>
  );
}
