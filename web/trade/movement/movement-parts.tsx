import type { MovementView } from '../../../trade/contract.ts';
import { EVENTS } from '../../../trade/lists.ts';
import { api } from '../../api.ts';
import { formatDate, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { ActForm } from '../../parts/act-form.tsx';
import { Field, SelectField, TextField } from '../../parts/field.tsx';
import { Empty } from '../../parts/say.tsx';
import { Timeline } from '../../parts/timeline.tsx';
import { countryName, word } from '../words.ts';

/** What is said of a movement, for its carrier and for officers alike. */

export function MovementFacts({ view }: { readonly view: MovementView }) {
  const { name, post } = useMembers();
  const { means, leg } = view;
  return (
    <dl class="facts">
      <dt>{t('operator.means')}</dt>
      <dd>
        {means.identification} ({word('mode', means.mode)}, {countryName(means.country)})
      </dd>
      <dt>{t('operator.way')}</dt>
      <dd>
        {leg.from.name}, {leg.from.country} → {leg.to.name}, {leg.to.country}
      </dd>
      <dt>{t('filing.posts')}</dt>
      <dd>{view.posts.map(post).join(' → ') || '–'}</dd>
      {view.trailers.length > 0 && (
        <>
          <dt>{t('operator.trailers')}</dt>
          <dd>{view.trailers.join(', ')}</dd>
        </>
      )}
      <dt>{t('filing.equipment')}</dt>
      <dd>{view.equipment.map((one) => `${word('equipment', one.kind)} ${one.identification}`).join(', ') || '–'}</dd>
      <dt>{t('operator.sealsNow')}</dt>
      <dd>{view.seals.join(', ') || '–'}</dd>
      <dt>{t('operator.filedBy')}</dt>
      <dd>
        {view.operator}, {name(view.member)}
      </dd>
    </dl>
  );
}

export function Events({ view }: { readonly view: MovementView }) {
  const { name, post } = useMembers();
  if (view.events.length === 0) return <Empty title={t('operator.noEvents')} />;
  return (
    <Timeline
      label={t('operator.events')}
      entries={view.events}
      entryKey={(one) => one.commitment}
      state={(one) =>
        one.event === 'delayed'
          ? 'arrived'
          : one.event === 'left-post' || one.event === 'arrived'
            ? 'passed'
            : 'expected'
      }
      title={(one) => word('event', one.event)}
    >
      {(one) => (
        <>
          <p>
            {one.post === undefined ? one.place : post(one.post)}
            {(one.post ?? one.place) !== undefined && ', '}
            {formatDate(one.occurredAt, one.zone)}{' '}
            <span class="quiet small">
              {word('source', one.source)}, {name(one.member)}
            </span>
          </p>
          {one.problem !== undefined && <p>{word('driver.problem', one.problem)}</p>}
          {one.note !== undefined && <p>{one.note}</p>}
          {one.seals !== undefined && (
            <p class="small">
              {one.seals.broken.length > 0 && t('operator.sealsBroken', { seals: one.seals.broken.join(', ') })}{' '}
              {one.seals.fitted.length > 0 && t('operator.sealsFitted', { seals: one.seals.fitted.join(', ') })}
            </p>
          )}
          {one.temperature !== undefined && <p>{t('operator.temperatureRead', { degrees: one.temperature })}</p>}
        </>
      )}
    </Timeline>
  );
}

/** Events that a form reports; reloading names another movement and stands in a form of its own. */
const SIMPLE = EVENTS.filter((one) => !['reloaded', 'gauge-changed', 'problem'].includes(one));
const seals = (text: string): string[] => text.split(/[,;\s]+/).filter((one) => one !== '');

/** @param zone of the place where it happened, for what the form shows as its time */
export function EventForm({
  movement,
  posts,
  source,
  zone,
  done,
}: {
  readonly movement: string;
  readonly posts: readonly string[];
  readonly source: 'authority' | 'operator';
  readonly zone: string;
  readonly done: () => void;
}) {
  const { post } = useMembers();
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  return (
    <ActForm
      draftKey={`event/${movement}/${posts.join()}`}
      initial={{
        event: source === 'authority' ? 'arrived-at-post' : 'departed',
        post: source === 'authority' ? (posts[0] ?? '') : '',
        place: '',
        at: '',
        note: '',
        broken: '',
        fitted: '',
        temperature: '',
      }}
      open={t('operator.report')}
      title={t('operator.report')}
      submit={t('operator.send')}
      done={t('operator.reported')}
      onDone={done}
      act={(values, idempotencyKey) => {
        const [broken, fitted] = [seals(values.broken), seals(values.fitted)];
        return api.trade.reportEvent(
          {
            movement,
            event: values.event as (typeof EVENTS)[number],
            ...(values.post === '' ? {} : { post: values.post }),
            ...(values.place.trim() === '' ? {} : { place: values.place.trim() }),
            occurredAt: (values.at === '' ? new Date() : new Date(values.at)).toISOString().replace(/\.\d{3}Z$/, 'Z'),
            zone: source === 'authority' ? zone : here,
            source,
            ...(values.note.trim() === '' ? {} : { note: values.note.trim() }),
            ...(broken.length + fitted.length === 0 ? {} : { seals: { broken, fitted } }),
            ...(values.event === 'temperature-read'
              ? { temperature: Number(values.temperature.replace(',', '.')) }
              : {}),
          },
          { context: { idempotencyKey } },
        );
      }}
    >
      {(values, set) => (
        <>
          <SelectField
            label={t('operator.event')}
            value={values.event}
            onChange={(event) => set({ event })}
            options={SIMPLE.map((value) => ({ value, label: word('event', value) }))}
          />
          <SelectField
            label={t('officer.post')}
            empty={t('operator.elsewhere')}
            value={values.post}
            onChange={(value) => set({ post: value })}
            options={posts.map((value) => ({ value, label: post(value) }))}
          />
          <TextField
            label={t('filing.place')}
            hint={t('operator.placeHint')}
            optional
            value={values.place}
            maxLength={120}
            onChange={(place) => set({ place })}
          />
          <Field label={t('operator.when')} hint={t('operator.whenHint')} optional>
            {(wiring) => (
              <input
                {...wiring}
                type="datetime-local"
                class="short"
                value={values.at}
                onInput={(event) => set({ at: event.currentTarget.value })}
              />
            )}
          </Field>
          <TextField
            label={t('operator.brokenSeals')}
            hint={t('filing.sealsHint')}
            optional
            value={values.broken}
            maxLength={300}
            onChange={(broken) => set({ broken })}
          />
          <TextField
            label={t('operator.fittedSeals')}
            hint={t('filing.sealsHint')}
            optional
            value={values.fitted}
            maxLength={300}
            onChange={(fitted) => set({ fitted })}
          />
          <TextField
            label={t('operator.temperature')}
            hint={t('operator.temperatureHint')}
            optional
            short
            inputMode="decimal"
            value={values.temperature}
            maxLength={6}
            onChange={(temperature) => set({ temperature })}
          />
          <TextField
            label={t('operator.note')}
            optional
            rows={2}
            value={values.note}
            maxLength={500}
            onChange={(note) => set({ note })}
          />
        </>
      )}
    </ActForm>
  );
}
