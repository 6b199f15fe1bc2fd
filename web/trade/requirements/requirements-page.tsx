import './requirements.css';
import { useLocation } from 'preact-iso';
import type { RequirementsView } from '../../../trade/measures/answer-view.ts';
import type { RequirementsQuery } from '../../../trade/requirements-contract.ts';
import { ApiProblem, api } from '../../api.ts';
import { formatDate, formatDay, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { Answer, Page } from '../../parts/page.tsx';
import { ErrorSummary, Notice, toast } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { word } from '../words.ts';
import { type Asked, addressOf, askedOf, isWhole, textOf } from './asked.ts';
import { QuestionForm } from './question-form.tsx';
import { StagePart } from './stage.tsx';
import { digestOf, isWatched, unwatch, watch, watched } from './watch.ts';
import { amountText, warningText } from './words.ts';

/** What goods need and what they cost along a whole way: for anyone. The question stands in the address. */

const put = (asked: Asked): Promise<RequirementsView> => api.trade.requirements(asked as RequirementsQuery);

export function RequirementsPage() {
  const { url, route } = useLocation();
  const text = url.split('?')[1] ?? '';
  const asked = askedOf(text);
  const besideText = new URLSearchParams(text).get('beside');
  const beside = besideText === null ? undefined : askedOf(besideText);
  const whole = isWhole(asked);
  // What the form holds is of the address; what is ticked below leaves what is being typed alone.
  const formKey = textOf({ ...asked, papers: '', claims: '' });
  const answer = useQuery(() => (whole ? put(asked) : Promise.resolve(null)), [text]);
  const other = useQuery(
    () => (beside !== undefined && isWhole(beside) ? put(beside) : Promise.resolve(null)),
    [besideText],
  );
  const go = (next: Asked): void => route(addressOf(next, beside));
  // A paper that is ticked is no page to go back to.
  const refine = (next: Asked): void => route(addressOf(next, beside), true);
  const problem = answer.problem;
  const findings = problem instanceof ApiProblem ? problem.findings : [];
  return (
    <Page title={t('need.title')} lead={t('need.lead')}>
      <QuestionForm key={formKey} asked={asked} ask={go} />
      {whole && findings.length > 0 ? (
        <ErrorSummary problem={problem} findings={findings} />
      ) : (
        whole && (
          <Answer query={answer}>
            {(data) =>
              data === null ? null : (
                <>
                  {beside !== undefined && other.data ? (
                    <Comparison first={other.data} second={data} asked={asked} beside={beside} />
                  ) : null}
                  <Whole answer={data} asked={asked} refine={refine} compared={beside !== undefined} />
                </>
              )
            }
          </Answer>
        )
      )}
      {!whole && <WatchList />}
      <p class="no-print">
        <a href={href('/requirements/changes')}>{t('need.changes')}</a>
      </p>
    </Page>
  );
}

function Whole({
  answer,
  asked,
  refine,
  compared,
}: {
  readonly answer: RequirementsView;
  readonly asked: Asked;
  readonly refine: (asked: Asked) => void;
  readonly compared: boolean;
}) {
  const { name } = useMembers();
  const { currency, landed, leftOut, notAssessed, stages, findings, on } = answer;
  const kept = isWatched(asked);
  return (
    <div aria-live="polite" id="answer">
      <h2>
        {t('need.answer', {
          goods: answer.items.map(({ hs }) => hs).join(', '),
          from: name(answer.from),
          to: name(answer.to),
          day: formatDay(on),
        })}
      </h2>
      {findings.length > 0 && (
        <Notice kind="wait">
          <ul>
            {findings.map((one) => (
              <li key={one.code}>{warningText(one)}</li>
            ))}
          </ul>
        </Notice>
      )}
      <dl class="facts">
        <dt>{t('need.landed')}</dt>
        <dd>
          <strong>{amountText(landed.ordinary, currency)}</strong>
        </dd>
        <dt>{t('need.landedBest')}</dt>
        <dd>
          <strong>{amountText(landed.best, currency)}</strong>
        </dd>
      </dl>
      <p class="small quiet">
        {t('need.sellerBears')} {t('need.leftOut', { list: leftOut.map((one) => word('need.out', one)).join(', ') })}{' '}
        {t('need.notAssessed', { list: notAssessed.map((one) => word('need.not', one)).join(', ') })}{' '}
        {t('need.englishWords')}
      </p>
      <div class="row no-print">
        <Button kind="secondary" onClick={() => print()}>
          {t('part.print')}
        </Button>
        <Button
          kind="secondary"
          onClick={() =>
            void navigator.clipboard.writeText(new URL(addressOf(asked), location.href).href).then(
              () => toast(t('part.copied')),
              () => toast(t('part.notCopied')),
            )
          }
        >
          {t('need.copyAddress')}
        </Button>
        {!compared && (
          <LinkButton kind="secondary" to={addressOf(asked, asked)}>
            {t('need.compare')}
          </LinkButton>
        )}
        <Button
          kind="secondary"
          onClick={() => {
            if (kept) return unwatch(asked);
            void watch(asked, answer).then(() => toast(t('need.watched')));
          }}
        >
          {kept ? t('need.watchEnd') : t('need.watch')}
        </Button>
      </div>
      {stages.map((stage) => (
        <StagePart key={stage.member} stage={stage} currency={currency} asked={asked} ask={refine} />
      ))}
    </div>
  );
}

/** Two answers side by side, line by line. */
function Comparison({
  first,
  second,
  asked,
  beside,
}: {
  readonly first: RequirementsView;
  readonly second: RequirementsView;
  readonly asked: Asked;
  readonly beside: Asked;
}) {
  const { name, post } = useMembers();
  const stage = (answer: RequirementsView, member: string) => answer.stages.find((one) => one.member === member);
  const members = [...new Set([...first.stages, ...second.stages].map(({ member }) => member))];
  const both = (head: string, say: (answer: RequirementsView) => string) => ({
    head,
    one: say(first),
    two: say(second),
  });
  const rows = [
    both(t('need.day'), ({ on }) => formatDay(on)),
    both(
      t('need.crossings'),
      ({ stages }) =>
        stages.flatMap(({ posts }) => posts.map((one) => post(one.post))).join(' · ') || t('part.unknown'),
    ),
    both(t('need.landed'), ({ landed, currency }) => amountText(landed.ordinary, currency)),
    both(t('need.landedBest'), ({ landed, currency }) => amountText(landed.best, currency)),
    ...members.flatMap((member) => [
      both(t('need.compareChargesOf', { member: name(member) }), (answer) => {
        const own = stage(answer, member);
        return own === undefined ? '–' : amountText(own.ordinary, answer.currency);
      }),
      both(t('need.comparePapersOf', { member: name(member) }), (answer) => {
        const own = stage(answer, member);
        return own === undefined ? '–' : String(own.documents.length);
      }),
    ]),
  ];
  return (
    <div class="card comparison">
      <h2>{t('need.comparison')}</h2>
      <p class="no-print">{t('need.compareText')}</p>
      <Table
        caption={t('need.comparison')}
        captionHidden
        rows={rows}
        rowKey={({ head }) => head}
        rowClass={({ one, two }) => (one === two ? undefined : 'differs')}
        columns={[
          { key: 'what', head: t('need.comparison'), rowHead: true, cell: ({ head }) => head },
          { key: 'one', head: t('need.first'), cell: ({ one }) => one },
          {
            key: 'two',
            head: t('need.second'),
            cell: ({ one, two }) => (one === two ? `${two} (${t('need.sameAnswer')})` : <strong>{two}</strong>),
          },
        ]}
      />
      <div class="row no-print">
        <LinkButton kind="secondary" to={addressOf(asked)}>
          {t('need.endComparison')}
        </LinkButton>
        <LinkButton kind="quiet" to={addressOf(beside)}>
          {t('need.first')}: {t('need.fullAnswer')}
        </LinkButton>
      </div>
    </div>
  );
}

/** Each question that is watched is asked anew when the page opens. */
function WatchList() {
  const { name } = useMembers();
  const list = watched.value;
  const now = useQuery(
    () =>
      Promise.all(
        list.map(async ({ asked, digest }) => {
          try {
            return (await digestOf(await put(asked))) !== digest;
          } catch {
            // Not answered: it is not known whether it changed.
            return undefined;
          }
        }),
      ),
    [list.length],
  );
  if (list.length === 0) return null;
  return (
    <section aria-labelledby="watched">
      <h2 id="watched">{t('need.watchList')}</h2>
      <ul>
        {list.map(({ asked, since }, i) => {
          const changed = now.data?.[i];
          const address = addressOf(asked);
          return (
            <li key={address}>
              <a href={address}>
                {asked.hs}, {name(asked.from ?? '')} → {name(asked.to ?? '')}
                {asked.date === undefined ? '' : `, ${formatDay(asked.date)}`}
              </a>{' '}
              {changed !== undefined && (
                <Status
                  state={changed ? 'missing' : 'complete'}
                  label={t(changed ? 'need.watchChanged' : 'need.watchSame', { day: formatDate(since) })}
                />
              )}{' '}
              <Button kind="quiet" small onClick={() => unwatch(asked)}>
                {t('need.watchEnd')}
              </Button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
