import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import type { DossierView } from '../../../trade/contract.ts';
import { type Written, writeDossierTable } from '../../../trade/dossier-columns.ts';
import { ApiProblem, api, problemText, send } from '../../api.ts';
import { useChanges } from '../../changes.ts';
import { formatDate, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { Copy } from '../../parts/more.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Empty, Notice, toast } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { session } from '../../session.ts';
import { DecideForms } from '../officer/decide.tsx';
import { AnswerForm, AppealForm, WithdrawForm } from '../operator/acts.tsx';
import { countryName, word } from '../words.ts';
import { VersionChanges } from './changes.tsx';
import { Posts } from './posts.tsx';
import { Sections } from './sections.tsx';

/** One dossier as this account may see it and no more: for its operator and for every authority on its way. */
export function DossierPage() {
  const { params } = useRoute();
  const { query } = useLocation();
  const dossier = params['dossier'] ?? '';
  const found = useQuery(() => api.trade.getDossier({ dossier }), [dossier]);
  useChanges(({ kind, subject }) => kind === 'dossier' && (subject === '' || subject === dossier) && found.reload());
  if (found.problem instanceof ApiProblem && ['dossier-unknown', 'input-invalid'].includes(found.problem.code))
    return <Page title={t('operator.dossierUnknown')} lead={t('operator.dossierUnknownText')} />;
  return (
    <Only who="anyone">
      <Answer query={found}>
        {(view) => <Dossier view={view} justFiled={query['filed'] !== undefined} reload={found.reload} />}
      </Answer>
    </Only>
  );
}

function Dossier({
  view,
  justFiled,
  reload,
}: {
  readonly view: DossierView;
  readonly justFiled: boolean;
  readonly reload: () => void;
}) {
  const { name } = useMembers();
  const own = session.value?.operator === view.operator;
  const title = view.goods === '' ? t('operator.dossierOf', { place: view.origin }) : view.goods;
  return (
    <Page title={title} aside={<Status kind="dossier" state={view.state} />}>
      {justFiled && (
        <Notice kind="go" title={t('operator.filedTitle', { version: view.version })}>
          <p>
            {t('operator.reference')} <Copy text={view.dossier} />
          </p>
          <p>{t('operator.filedNext')}</p>
        </Notice>
      )}
      {view.contradictions.length > 0 && (
        <Notice kind="stop" title={t('status.contradictory')}>
          <p>{t('operator.contradictoryText')}</p>
        </Notice>
      )}
      <dl class="facts">
        <dt>{t('operator.way')}</dt>
        <dd>
          {view.route.origin.name}, {countryName(view.route.origin.country)} → {view.route.destination.name},{' '}
          {countryName(view.route.destination.country)}
        </dd>
        <dt>{t('operator.filedBy')}</dt>
        <dd>
          {view.operator}, {name(view.member)}, {formatDate(view.filedAt)}
        </dd>
        <dt>{t('operator.reference')}</dt>
        <dd>
          <Copy text={view.dossier} />
        </dd>
      </dl>
      {own && <OwnActions view={view} reload={reload} />}
      <div class="columns">
        <section aria-labelledby="posts">
          <h2 id="posts">{t('operator.timeline')}</h2>
          <Posts
            timeline={view.timeline}
            {...(own
              ? {
                  actions: (decision) => (
                    <>
                      {decision.decision === 'query' && decision.answer === undefined && decision.standing && (
                        <AnswerForm dossier={view.dossier} decision={decision.commitment} done={reload} />
                      )}
                      {['hold', 'refuse'].includes(decision.decision) &&
                        decision.appealed === undefined &&
                        decision.standing && (
                          <AppealForm dossier={view.dossier} decision={decision.commitment} done={reload} />
                        )}
                    </>
                  ),
                }
              : {})}
          />
        </section>
        {session.value?.authority !== undefined && <DecideForms view={view} reload={reload} />}
      </div>
      <h2>{t('operator.sections')}</h2>
      <Sections sections={view.sections} />
      <p class="row no-print">
        <span>{t('print.forms')}</span>
        {(['invoice', 'packing-list', 'consignment-note'] as const).map((form) => (
          <a key={form} href={href(`/print/${view.dossier}/${form}`)}>
            {word('form', form)}
          </a>
        ))}
      </p>
      <h2>{t('operator.certificates')}</h2>
      <Certificates view={view} />
      <h2>{t('operator.movements')}</h2>
      <Table
        caption={t('operator.movements')}
        captionHidden
        rows={view.movements}
        rowKey={(one) => one.movement}
        empty={<Empty title={t('operator.noMovements')} />}
        columns={[
          {
            key: 'means',
            head: t('operator.means'),
            rowHead: true,
            cell: (one) => <a href={href(`/movements/${one.movement}`)}>{one.means}</a>,
          },
          { key: 'way', head: t('operator.way'), cell: (one) => `${one.from} → ${one.to}` },
          {
            key: 'packages',
            head: t('filing.packageCount'),
            number: true,
            cell: (one) => one.packages ?? t('operator.all'),
          },
          {
            key: 'event',
            head: t('operator.lastEvent'),
            cell: (one) => (one.lastEvent === undefined ? '–' : word('event', one.lastEvent)),
          },
        ]}
      />
      <details>
        <summary>{t('operator.versions', { count: view.versions.length })}</summary>
        <ol>
          {view.versions.map((one) => (
            <li key={one.version}>
              {t('operator.versionShort', { version: one.version })}, {formatDate(one.at)} {one.reason}
              {one.version > 1 && <VersionChanges dossier={view.dossier} version={one.version} />}
            </li>
          ))}
        </ol>
      </details>
      <Records view={view} />
    </Page>
  );
}

function OwnActions({ view, reload }: { readonly view: DossierView; readonly reload: () => void }) {
  const over = view.state === 'withdrawn' || view.contradictions.length > 0;
  return (
    <div class="row no-print">
      {!over && (
        <LinkButton kind="secondary" to={href(`/dossiers/${view.dossier}/amend`)}>
          {t('operator.amend')}
        </LinkButton>
      )}
      <LinkButton kind="secondary" to={href(`/dossiers/${view.dossier}/copy`)}>
        {t('operator.copy')}
      </LinkButton>
      {!over && (
        <LinkButton kind="secondary" to={href(`/movements/new?dossier=${view.dossier}`)}>
          {t('operator.declareMovement')}
        </LinkButton>
      )}
      <Button kind="secondary" onClick={() => window.print()}>
        {t('operator.print')}
      </Button>
      <Button
        kind="secondary"
        onClick={() => download(`${view.dossier}.json`, JSON.stringify(view, null, 2), 'application/json')}
      >
        {t('operator.export')}
      </Button>
      <Button
        kind="secondary"
        onClick={() =>
          download(`${view.dossier}.csv`, writeDossierTable([[view.dossier, writtenOf(view)]]), 'text/csv')
        }
      >
        {t('operator.exportCsv')}
      </Button>
      {!over && <WithdrawForm dossier={view.dossier} done={reload} />}
    </div>
  );
}

/** What a table has of a dossier. */
function writtenOf({ route, sections }: DossierView): Written {
  const content = Object.fromEntries(sections.map(({ name, content }) => [name, content]));
  return { route, sections: content };
}

/** Gives the reader a file made here. */
export function download(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

function Certificates({ view }: { readonly view: DossierView }) {
  const { authority } = useMembers();
  const [busy, setBusy] = useState('');
  const fetchEvidence = async (certificate: string, number: string): Promise<void> => {
    setBusy(certificate);
    try {
      const response = await send(`/api/certificates/${certificate}/evidence`);
      download(
        `${number.replaceAll(/[^\p{L}\p{N}-]/gu, '_')}.dostyk`,
        await response.text(),
        'application/octet-stream',
      );
    } catch (error) {
      toast(problemText(error));
    } finally {
      setBusy('');
    }
  };
  return (
    <Table
      caption={t('operator.certificates')}
      captionHidden
      rows={view.certificates}
      rowKey={(one) => one.certificate}
      empty={<Empty title={t('operator.noCertificates')} />}
      columns={[
        { key: 'kind', head: t('operator.kind'), rowHead: true, cell: (one) => word('certificate', one.kind) },
        {
          key: 'number',
          head: t('filing.documentNumber'),
          cell: (one) => <a href={href(`/print/${view.dossier}/${one.certificate}`)}>{one.number}</a>,
        },
        { key: 'by', head: t('operator.issuedBy'), cell: (one) => authority(one.authority) },
        {
          key: 'valid',
          head: t('operator.validity'),
          cell: (one) => `${formatDate(one.validFrom)} – ${formatDate(one.validUntil)}`,
        },
        {
          key: 'state',
          head: t('operator.state'),
          cell: (one) => (
            <span>
              <Status state={one.state} /> {one.revocation?.reason}
            </span>
          ),
        },
        {
          key: 'evidence',
          head: t('operator.evidence'),
          cell: (one) => (
            <Button
              kind="quiet"
              small
              busy={busy === one.certificate}
              onClick={() => void fetchEvidence(one.certificate, one.number)}
            >
              {t('operator.evidenceGet')}
              <span class="hidden-visually">: {one.number}</span>
            </Button>
          ),
        },
      ]}
    />
  );
}

/** Each record of it with how far it is published: what makes it evidence. */
function Records({ view }: { readonly view: DossierView }) {
  const { name } = useMembers();
  return (
    <details>
      <summary>{t('operator.records', { count: view.records.length })}</summary>
      <p class="quiet">
        {t('operator.digest')} <code>{view.digests.common}</code>
      </p>
      <Table
        caption={t('operator.recordsCaption')}
        captionHidden
        rows={view.records}
        rowKey={(one) => one.commitment}
        columns={[
          { key: 'type', head: t('operator.kind'), rowHead: true, cell: (one) => word('record', one.type) },
          { key: 'member', head: t('trust.member'), cell: (one) => name(one.member) },
          { key: 'at', head: t('operator.at'), cell: (one) => formatDate(one.at) },
          { key: 'index', head: t('operator.index'), number: true, cell: (one) => one.index },
          { key: 'publication', head: t('operator.publication'), cell: (one) => <Status state={one.publication} /> },
          {
            key: 'commitment',
            head: t('operator.commitment'),
            cell: (one) => <code>{one.commitment.slice(0, 16)}…</code>,
          },
        ]}
      />
    </details>
  );
}
