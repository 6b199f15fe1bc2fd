import './driver.css';
import { useEffect, useState } from 'preact/hooks';
import type { DriverView } from '../../../trade/driver-contract.ts';
import type { DRIVER_REPORTS } from '../../../trade/lists.ts';
import { ApiProblem, problemText } from '../../api.ts';
import { formatDate, formatSince, t } from '../../languages/index.ts';
import { askDriver, enter, entries, flush, forget, type KeptLink, keepLink, keptLink } from '../../outbox.ts';
import { Button } from '../../parts/button.tsx';
import { useNow } from '../../parts/more.tsx';
import { Page } from '../../parts/page.tsx';
import { Loading, Notice, toast } from '../../parts/say.tsx';
import { node } from '../../session.ts';
import { word } from '../words.ts';
import { Certificates } from './certificates.tsx';
import { Crossings } from './crossings.tsx';
import { ProblemForm } from './problem-form.tsx';

/** One movement for its driver: by a link, without an account, also without a network. */

const EVERY_MS = 30_000;
/** While something waits to be sent. */
const SOON_MS = 5000;
const SECRET = /^#([A-Za-z0-9_-]{43})$/;

/** The secret leaves the address bar at once: it must not stand in histories, screenshots and referrers. */
function takeSecret(): string | undefined {
  const secret = SECRET.exec(location.hash)?.[1];
  if (secret !== undefined) history.replaceState(history.state, '', location.pathname);
  return secret;
}

export function DriverPage() {
  const [link, setLink] = useState<KeptLink | null | undefined>();
  const [away, setAway] = useState(false);
  const keep = async (next: KeptLink): Promise<void> => {
    setLink(next);
    await keepLink(next).catch(() => undefined);
  };
  const refresh = async (current: KeptLink): Promise<void> => {
    try {
      await flush();
      const view = await askDriver(current.token);
      setAway(false);
      await keep({ ...current, view, ended: null });
    } catch (problem) {
      if (problem instanceof ApiProblem && [401, 410].includes(problem.status))
        await keep({ ...current, view: null, ended: { code: problem.code, params: problem.params } });
      else setAway(true);
    }
  };
  useEffect(() => {
    let token: string | undefined;
    const again = (): void => {
      const wanted = token;
      if (wanted === undefined || document.visibilityState !== 'visible') return;
      void keptLink().then((kept) => {
        if (kept?.token !== wanted) return;
        // What waits is sent even when the link has ended: its driver must learn that it was not taken.
        return kept.ended === null ? refresh(kept) : flush().then(() => undefined);
      });
    };
    const begin = async (): Promise<void> => {
      const given = takeSecret();
      const kept = await keptLink().catch(() => undefined);
      const current = given !== undefined && given !== kept?.token ? { token: given, view: null, ended: null } : kept;
      token = current?.token;
      setLink(current ?? null);
      if (current === undefined) return;
      await keepLink(current).catch(() => undefined);
      await refresh({ ...current, ended: null });
    };
    void begin();
    let asked = performance.now();
    const timer = setInterval(() => {
      const waits = entries.value.some((one) => one.refused === undefined);
      if (!waits && performance.now() - asked < EVERY_MS) return;
      asked = performance.now();
      again();
    }, SOON_MS);
    const hash = (): void => {
      if (SECRET.test(location.hash)) void begin();
    };
    addEventListener('online', again);
    addEventListener('hashchange', hash);
    document.addEventListener('visibilitychange', again);
    return () => {
      clearInterval(timer);
      removeEventListener('online', again);
      removeEventListener('hashchange', hash);
      document.removeEventListener('visibilitychange', again);
    };
  }, []);

  if (link === undefined) return <Loading />;
  if (link === null)
    return (
      <Page title={t('driver.title')}>
        <Notice kind="wait" title={t('driver.noLink')}>
          <p>{t('driver.noLinkText')}</p>
        </Notice>
      </Page>
    );
  if (link.ended !== null)
    return (
      <Page title={t('driver.title')}>
        <Notice kind="stop" title={t('driver.ended')}>
          <p>{problemText(new ApiProblem({ status: 410, ...link.ended }))}</p>
        </Notice>
        <Outbox />
      </Page>
    );
  if (link.view === null)
    return (
      <Page title={t('driver.title')}>
        {away ? (
          <Notice kind="wait" title={t('driver.away')}>
            <p>{t('driver.awayFirst')}</p>
            <Button onClick={() => void refresh(link)}>{t('part.again')}</Button>
          </Notice>
        ) : (
          <Loading />
        )}
        <Outbox />
      </Page>
    );
  return <Journey view={link.view} away={away} token={link.token} refresh={() => refresh(link)} />;
}

function Journey({
  view,
  away,
  token,
  refresh,
}: {
  readonly view: DriverView;
  readonly away: boolean;
  readonly token: string;
  readonly refresh: () => Promise<void>;
}) {
  useNow();
  const report = async (
    kind: (typeof DRIVER_REPORTS)[number],
    said: {
      readonly post?: string;
      readonly problem?: NonNullable<DriverView['reports'][number]['problem']>;
      readonly note?: string;
    },
  ): Promise<void> => {
    const zone = view.crossings.find((one) => one.post === said.post)?.zone ?? 'UTC';
    const taken = await enter(token, {
      ...said,
      problem: said.problem as never,
      report: kind,
      occurredAt: new Date().toISOString(),
      zone,
    });
    if (!taken) return;
    toast(t('driver.kept'));
    await refresh();
  };
  const waiting = entries.value.filter((one) => one.token === token && one.refused === undefined);
  const saidOf = (post: string, kind: string): string | null =>
    waiting.find(({ report: said }) => said.report === kind && said.post === post)?.report.occurredAt ?? null;
  // What was entered counts here at once, sent or not.
  const crossings = view.crossings.map((one) => ({
    ...one,
    arrivedAt: one.arrivedAt ?? saidOf(one.post, 'arrived-at-post'),
    leftAt: one.leftAt ?? saidOf(one.post, 'left-post'),
  }));
  // Where the driver stands: at a post that was reached and not left.
  const here = crossings.find((one) => one.arrivedAt !== null && one.leftAt === null);
  return (
    <Page title={view.means.identification} lead={`${view.from.name} → ${view.to.name}`}>
      <div class="driver">
        {view.demo && node.value === null && (
          <Notice kind="wait" title={t('part.demo')}>
            <p>{t('part.demoText')}</p>
          </Notice>
        )}
        {away && (
          <Notice kind="wait" title={t('driver.away')}>
            <p>{t('driver.asOf', { age: formatSince(view.asOf) })}</p>
          </Notice>
        )}
        <Outbox />
        {view.instructions !== '' && (
          <Notice title={t('driver.instructions')}>
            <p class="as-written">{view.instructions}</p>
          </Notice>
        )}
        <ProblemForm
          where={here?.name}
          send={(problem, note) =>
            void report('problem', {
              problem,
              ...(here === undefined ? {} : { post: here.post }),
              ...(note === '' ? {} : { note }),
            })
          }
        />
        <Crossings
          crossings={crossings}
          manyAboard={view.consignments.length > 1}
          report={(kind, post) => void report(kind, { post })}
        />
        <Certificates certificates={view.certificates} />
        <h2>{t('driver.aboard')}</h2>
        <dl class="facts">
          <dt>{t('driver.seals')}</dt>
          <dd>{view.seals.length === 0 ? t('driver.noSeals') : view.seals.join(', ')}</dd>
          {view.trailers.length > 0 && (
            <>
              <dt>{t('driver.trailers')}</dt>
              <dd>{view.trailers.join(', ')}</dd>
            </>
          )}
          {view.equipment.length > 0 && (
            <>
              <dt>{t('driver.equipment')}</dt>
              <dd>{view.equipment.map(({ identification }) => identification).join(', ')}</dd>
            </>
          )}
          {view.consignments.map(({ number, dossier }) => (
            <Fact key={dossier} name={t('driver.consignment', { number })} value={dossier} />
          ))}
        </dl>
        {view.reports.length > 0 && (
          <>
            <h2>{t('driver.reported')}</h2>
            <ul>
              {view.reports.map((one) => (
                <li key={`${one.event} ${one.at}`}>
                  {one.problem === null ? word('event', one.event) : word('driver.problem', one.problem)}
                  {one.post !== null && `, ${view.crossings.find(({ post }) => post === one.post)?.name ?? one.post}`}{' '}
                  <span class="quiet small">{formatDate(one.at)}</span>
                </li>
              ))}
            </ul>
          </>
        )}
        <p class="quiet small">
          {t('driver.asOf', { age: formatSince(view.asOf) })} {t('driver.until', { time: formatDate(view.until) })}
        </p>
        <Button kind="secondary" onClick={() => void refresh()}>
          {t('driver.refresh')}
        </Button>
      </div>
    </Page>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <code>{value}</code>
      </dd>
    </>
  );
}

/** What was entered and is not recorded: waiting, or declined. */
function Outbox() {
  const waiting = entries.value.filter((one) => one.refused === undefined);
  const refused = entries.value.filter((one) => one.refused !== undefined);
  const line = ({ report }: (typeof waiting)[number]): string =>
    `${report.problem === undefined ? word('event', report.report) : word('driver.problem', report.problem)}, ${formatDate(report.occurredAt)}`;
  return (
    <>
      {waiting.length > 0 && (
        <Notice kind="wait" title={t('driver.waiting', { count: waiting.length })}>
          <ul>
            {waiting.map((one) => (
              <li key={one.key}>{line(one)}</li>
            ))}
          </ul>
          <p>{t('driver.waitingText')}</p>
        </Notice>
      )}
      {refused.map((one) => (
        <Notice key={one.key} kind="stop" title={t('driver.refused')}>
          <p>{line(one)}</p>
          <p>{problemText(new ApiProblem({ status: 400, ...(one.refused ?? { code: 'unexpected' }) }))}</p>
          <Button kind="secondary" onClick={() => void forget(one.key)}>
            {t('driver.forget')}
          </Button>
        </Notice>
      ))}
    </>
  );
}
