import type { ComponentChildren } from 'preact';
import type { RecordedDecision, TimelineEntry } from '../../../trade/contract.ts';
import { formatDate, formatDay, formatSince, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Status } from '../../parts/status.tsx';
import { Timeline } from '../../parts/timeline.tsx';
import { session } from '../../session.ts';
import { awaitedText, documentName, word } from '../words.ts';

/** Each post of the way in order: its state, what is awaited there from whom since when, what was decided and why. */
export function Posts({
  timeline,
  actions,
}: {
  readonly timeline: readonly TimelineEntry[];
  readonly actions?: (decision: RecordedDecision) => ComponentChildren;
}) {
  const { authority, name, post, zone } = useMembers();
  const who = (from: NonNullable<TimelineEntry['awaited']>['from']): string =>
    from.kind === 'authority'
      ? authority(from.id)
      : from.id === session.value?.operator
        ? t('operator.you')
        : `${from.id}${from.member === undefined ? '' : `, ${name(from.member)}`}`;
  return (
    <Timeline
      label={t('operator.timeline')}
      entries={timeline}
      entryKey={(one) => one.post}
      state={(one) => one.state}
      title={(one) => (
        <span class="row">
          {post(one.post)} <Status state={one.state} />
        </span>
      )}
    >
      {(one) => (
        <>
          {one.awaited !== null && (
            <p>
              <strong>{awaitedText(one.awaited.what, who(one.awaited.from))}</strong>{' '}
              <span class="quiet">{t('operator.sinceAge', { age: formatSince(one.awaited.since) })}</span>
            </p>
          )}
          {one.arrivedAt !== null && (
            <p class="quiet">{t('operator.arrivedAt', { time: formatDate(one.arrivedAt, zone(one.post)) })}</p>
          )}
          {one.leftAt !== null && (
            <p class="quiet">{t('operator.leftAt', { time: formatDate(one.leftAt, zone(one.post)) })}</p>
          )}
          {one.missing.length > 0 && (
            <p>
              <Status state="missing" /> {one.missing.map((missing) => missingText(missing)).join('; ')}
            </p>
          )}
          {one.decisions.map((decision) => (
            <Decision key={decision.commitment} decision={decision} zone={zone(one.post)}>
              {actions?.(decision)}
            </Decision>
          ))}
        </>
      )}
    </Timeline>
  );
}

/** What an authority asks for and the dossier does not bring, in words. */
export function missingText({ kind, what }: Pick<TimelineEntry['missing'][number], 'kind' | 'what'>): string {
  if (kind === 'document') return documentName(what);
  return word(kind === 'certificate' ? 'certificate' : kind, what);
}

function Decision({
  decision,
  zone,
  children,
}: {
  readonly decision: RecordedDecision;
  readonly zone: string | undefined;
  readonly children?: ComponentChildren;
}) {
  const { authority } = useMembers();
  return (
    <div class={decision.standing ? '' : 'quiet'}>
      <p>
        <strong>{word('decision', decision.decision)}</strong>
        {': '}
        {word('reason', decision.reason.code)}
        {decision.reason.text !== undefined && <> – {decision.reason.text}</>}
        <span class="quiet small">
          {' '}
          {authority(decision.authority)}, {formatDate(decision.at, zone)},{' '}
          {t('operator.onVersion', { version: decision.manifestVersion })}
          {!decision.standing && <>, {t('operator.superseded')}</>}
        </span>
      </p>
      {decision.question !== undefined && (
        <p>
          {t('operator.question')}: <q>{decision.question}</q>
        </p>
      )}
      {decision.answer !== undefined && (
        <p>
          {t('operator.answer')}: <q>{decision.answer.text}</q>{' '}
          <span class="quiet small">{formatDate(decision.answer.at)}</span>
        </p>
      )}
      {decision.appeal !== undefined && (
        <p class="small">
          {t('operator.appealTo', { authority: authority(decision.appeal.to) })} {decision.appeal.text}
          {decision.appeal.until !== undefined && (
            <> {t('operator.until', { day: formatDay(decision.appeal.until) })}</>
          )}
        </p>
      )}
      {decision.appealed !== undefined && (
        <p>
          {t('operator.appealed')}: <q>{decision.appealed.grounds}</q>
          {decision.appealed.outcome !== undefined && (
            <>
              {' '}
              <strong>{word('outcome', decision.appealed.outcome.outcome)}</strong>: {decision.appealed.outcome.reason}
            </>
          )}
        </p>
      )}
      {children}
    </div>
  );
}
