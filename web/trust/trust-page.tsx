import { useRef, useState } from 'preact/hooks';
import type { MemberView } from '../../members/contract.ts';
import { formatDate, formatNumber, language, nameIn, sortByName, t, tMaybe } from '../languages/index.ts';
import { members, useMembers } from '../members.ts';
import { Button } from '../parts/button.tsx';
import { Answer, Page } from '../parts/page.tsx';
import { Loading, Notice, Progress } from '../parts/say.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { useQuery } from '../parts/use-query.ts';
import { node } from '../session.ts';
import { askFigures, type Figures, figureText } from '../start/start-page.tsx';
import { type Audited, auditInBrowser } from './audit.ts';

interface Fault {
  readonly member: string;
  readonly code: string;
  readonly detail: string;
  readonly firstAt: string;
  readonly count: number;
}

interface Row {
  readonly member: MemberView;
  /** `asked`: no answer yet · `away`: none came. */
  readonly figures: Figures | 'asked' | 'away';
}

/** The six as equals: each one's own figures, from each one's own node, and an audit that anyone can run. */
export function TrustPage() {
  const { list, name } = useMembers();
  const ask = useQuery(
    async () =>
      list.length === 0
        ? undefined
        : Promise.all(list.map(async (member): Promise<Row> => ({ member, figures: await figuresOf(member) }))),
    [list.length],
  );
  const health = useQuery(async () => (await fetch('/health')).json() as Promise<{ faults: Fault[] }>, []);
  if (list.length === 0)
    return (
      <Page title={t('trust.title')} lead={t('trust.lead')}>
        <Loading />
      </Page>
    );
  // The rows stand there from the start, so that nothing below them moves when the answers come.
  const rows = ask.data ?? list.map((member): Row => ({ member, figures: 'asked' }));
  const own = rows.find(({ member }) => member.code === node.value?.member)?.figures;
  return (
    <Page title={t('trust.title')} lead={t('trust.lead')}>
      <Table
        caption={t('trust.table')}
        rows={rows}
        rowKey={({ member }) => member.code}
        columns={[
          {
            key: 'member',
            head: t('trust.member'),
            rowHead: true,
            cell: ({ member }) => (
              <span>
                {nameIn(member.name)}
                {member.code === node.value?.member && <span class="quiet"> ({t('trust.own')})</span>}
              </span>
            ),
          },
          {
            key: 'size',
            head: t('trust.size'),
            number: true,
            cell: ({ figures }) =>
              figures === 'away' ? t('trust.away') : known(figures, ({ published }) => figureText(published)),
          },
          {
            key: 'final',
            head: t('trust.final'),
            number: true,
            cell: ({ figures }) => known(figures, ({ final }) => figureText(final)),
          },
          {
            key: 'cosigned',
            head: t('trust.cosigned'),
            cell: ({ figures }) => known(figures, (one) => cosigners(one, name)),
          },
          {
            key: 'last',
            head: t('trust.last'),
            cell: ({ figures }) => known(figures, lastCheckpoint),
          },
          { key: 'lag', head: t('trust.lag'), cell: ({ member }) => <Lag member={member} own={own} /> },
        ]}
      />
      {rows.flatMap(({ member, figures }) =>
        (typeof figures === 'string' ? [] : figures.explanations).map((one) => (
          <Notice
            key={`${member.code} ${one.at}`}
            title={`${nameIn(member.name)}, ${formatDate(one.at)}: ${one.about}`}
          >
            <p>{one.text[language] ?? one.text['en']}</p>
          </Notice>
        )),
      )}
      <Forks list={list} />
      {list.flatMap((member) =>
        member.closedLogs.map(({ origin, size, reason }) => (
          <Notice key={origin} title={t('trust.closedTitle', { member: nameIn(member.name) })}>
            <p>
              {t('trust.closedText', { size: formatNumber(size) })} <code>{origin}</code>
            </p>
            <p lang="en">{reason}</p>
            {member.explanation !== undefined && (
              <p>
                {t('trust.explained')} <span lang="en">{member.explanation}</span>
              </p>
            )}
          </Notice>
        )),
      )}
      <h2>{t('trust.faults')}</h2>
      <Answer query={health}>
        {({ faults }) => (
          <Table
            caption={t('trust.faults')}
            captionHidden
            rows={faults}
            rowKey={(one) => `${one.member} ${one.code}`}
            empty={
              <Notice kind="go">
                <p>{t('trust.noFaults')}</p>
              </Notice>
            }
            columns={[
              { key: 'member', head: t('trust.member'), rowHead: true, cell: (one) => name(one.member) },
              {
                key: 'fault',
                head: t('trust.fault'),
                cell: (one) => (
                  <Status
                    state="conflicting"
                    label={tMaybe(`trust.fault.${one.code}`) ?? tMaybe(`problem.${one.code}`) ?? one.code}
                  />
                ),
              },
              { key: 'at', head: t('trust.since'), cell: (one) => formatDate(one.firstAt) },
              { key: 'times', head: t('trust.times'), number: true, cell: (one) => formatNumber(one.count) },
              { key: 'detail', head: t('trust.detail'), cell: (one) => <span lang="en">{one.detail}</span> },
            ]}
          />
        )}
      </Answer>
      <section aria-labelledby="audit">
        <h2 id="audit">{t('trust.audit')}</h2>
        <p>{t('trust.auditText')}</p>
        <div class="stack">
          {list.map((member) => (
            <Audit key={member.code} member={member} />
          ))}
        </div>
      </section>
      <h2>{t('trust.registry')}</h2>
      {members.value !== null && (
        <p>
          {t('trust.registryText', {
            version: members.value.version,
            genesis: `${members.value.genesis.slice(0, 16)}…`,
            quorum: members.value.quorum,
          })}{' '}
          <code>{members.value.genesis}</code>
        </p>
      )}
    </Page>
  );
}

/** What is not known is not zero. */
const known = (figures: Row['figures'], text: (figures: Figures) => string): string =>
  figures === 'asked' ? '…' : figures === 'away' ? '–' : text(figures);

async function figuresOf(member: MemberView): Promise<Figures | 'away'> {
  try {
    return await askFigures(member.code === node.value?.member ? '' : member.address);
  } catch {
    return 'away';
  }
}

function cosigners({ cosigned, published }: Figures, name: (code: string) => string): string {
  if (cosigned === 'withheld') return t('trust.withheld');
  const current = cosigned.filter(({ size }) => published !== 'withheld' && size >= published);
  return (
    sortByName(
      current.map(({ member }) => name(member)),
      (one) => one,
    ).join(', ') || '–'
  );
}

function lastCheckpoint({ cosigned }: Figures): string {
  if (cosigned === 'withheld') return t('trust.withheld');
  const newest = cosigned
    .map(({ at }) => at)
    .sort()
    .at(-1);
  return newest === undefined ? '–' : formatDate(newest);
}

/** How far this node's copy of another's log is behind what it countersigned. */
function Lag({ member, own }: { readonly member: MemberView; readonly own: Row['figures'] | undefined }) {
  if (member.code === node.value?.member) return <>–</>;
  if (own === 'asked') return <>…</>;
  if (own === undefined || own === 'away') return <>{t('part.unknown')}</>;
  if (own.peers === 'withheld') return <>{t('trust.withheld')}</>;
  const peer = own.peers.find((one) => one.member === member.code);
  const behind = peer === undefined ? 0 : Math.max(0, peer.cosigned - peer.mirrored);
  return <>{behind === 0 ? t('trust.lagNone') : t('trust.lagBehind', { count: behind })}</>;
}

interface Fork {
  readonly origin: string;
  readonly common: number;
  readonly at: string;
  readonly evidence: unknown;
}

/** Logs of which this node holds proof of two histories. */
function Forks({ list }: { readonly list: readonly MemberView[] }) {
  const forks = useQuery(async () => (await fetch('/forks')).json() as Promise<{ forks: Fork[] }>, []);
  return (
    <>
      {forks.data?.forks.map(({ origin, common, at, evidence }) => {
        const member = list.find((one) => one.origin === origin || one.closedLogs.some((log) => log.origin === origin));
        const name = member === undefined ? origin : nameIn(member.name);
        return (
          <Notice key={origin} kind="stop" title={t('trust.forkTitle', { member: name })}>
            <p>{t('trust.forkText', { common: formatNumber(common) })}</p>
            <p class="small">
              {t('trust.since')}: {formatDate(at)}. <code>{origin}</code>
            </p>
            <a
              download={`${origin.replaceAll(/[^a-z0-9]+/g, '-')}-fork.json`}
              href={`data:application/json,${encodeURIComponent(JSON.stringify(evidence))}`}
            >
              {t('trust.forkProof')}
            </a>
          </Notice>
        );
      })}
    </>
  );
}

/** One member's log, checked by this browser. */
function Audit({ member }: { readonly member: MemberView }) {
  const [state, setState] = useState<{ readonly done: number; readonly of: number } | Audited | 'stopped' | null>(null);
  const running = useRef<AbortController | null>(null);
  const name = nameIn(member.name);
  const run = async (): Promise<void> => {
    const abort = new AbortController();
    running.current = abort;
    setState({ done: 0, of: 1 });
    const address = member.code === node.value?.member ? '' : member.address;
    const audited = await auditInBrowser(member, members.value?.members ?? [], address, abort.signal, (done, of) =>
      setState({ done, of }),
    );
    setState(audited ?? 'stopped');
  };
  return (
    <div>
      {state !== null && typeof state === 'object' && 'of' in state ? (
        <Progress
          label={t('trust.auditRunning', { member: name })}
          value={state.done}
          of={state.of}
          onCancel={() => running.current?.abort()}
        />
      ) : (
        <Button kind="secondary" onClick={() => void run()}>
          {t('trust.auditRun', { member: name })}
        </Button>
      )}
      <div role="status">
        {state === 'stopped' && <p>{t('trust.auditCancelled')}</p>}
        {state !== null && typeof state === 'object' && 'whole' in state && (
          <Notice kind={state.whole ? 'go' : 'stop'}>
            <p>
              {state.whole
                ? t('trust.auditGood', { member: name, size: formatNumber(state.size), count: state.cosigners.length })
                : t('trust.auditBad', { member: name, what: state.findings.join('; ') })}
            </p>
            {state.root !== '' && (
              <p class="small">
                {t('trust.root')} <code>{state.root}</code>
              </p>
            )}
          </Notice>
        )}
      </div>
    </div>
  );
}
