import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { MovementView } from '../../../trade/contract.ts';
import { api } from '../../api.ts';
import { useChanges } from '../../changes.ts';
import { formatDate, href, t } from '../../languages/index.ts';
import { LinkButton } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';
import { Pager } from '../../parts/more.tsx';
import { Answer, Only, Page, WholeAnswer } from '../../parts/page.tsx';
import { Empty } from '../../parts/say.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { session } from '../../session.ts';
import { useLate } from '../operator/dossier-list.tsx';
import { DriverLinks } from './driver-links.tsx';
import { EventForm, Events, MovementFacts } from './movement-parts.tsx';

/** Trucks and trains: list, declaration with one or many consignments, one movement. */

export function MovementListPage() {
  const [search, setSearch] = useState('');
  const [cursor, setCursor] = useState<string | undefined>();
  const sought = useLate(search);
  const movements = useQuery(
    () =>
      api.trade.listMovements({
        limit: 50,
        ...(sought === '' ? {} : { search: sought }),
        ...(cursor === undefined ? {} : { cursor }),
      }),
    [sought, cursor],
  );
  useChanges(({ kind }) => kind === 'movement' && movements.reload());
  return (
    <Only who="anyone">
      <Page
        title={t('operator.movements')}
        aside={
          session.value?.operator === undefined ? undefined : (
            <LinkButton to={href('/movements/new')}>{t('operator.declareMovement')}</LinkButton>
          )
        }
      >
        <search class="bars">
          <TextField
            label={t('part.search')}
            hint={t('officer.searchHint')}
            type="search"
            value={search}
            maxLength={100}
            onChange={(text) => {
              setCursor(undefined);
              setSearch(text);
            }}
          />
        </search>
        <Answer query={movements}>
          {({ items, next }) => (
            <>
              <Table
                caption={t('operator.movements')}
                captionHidden
                rows={items}
                rowKey={(one) => one.movement}
                empty={<Empty title={sought === '' ? t('operator.noMovements') : t('operator.noneFound')} />}
                columns={[
                  {
                    key: 'means',
                    head: t('operator.means'),
                    rowHead: true,
                    cell: (one) => <a href={href(`/movements/${one.movement}`)}>{one.means.identification}</a>,
                  },
                  { key: 'way', head: t('operator.way'), cell: (one) => `${one.leg.from.name} → ${one.leg.to.name}` },
                  {
                    key: 'consignments',
                    head: t('officer.consignments'),
                    number: true,
                    cell: (one) => one.consignments.length,
                  },
                  { key: 'changed', head: t('operator.changedAt'), cell: (one) => formatDate(one.changedAt) },
                ]}
              />
              <Pager first={cursor === undefined} next={next} onFirst={() => setCursor(undefined)} onNext={setCursor} />
            </>
          )}
        </Answer>
      </Page>
    </Only>
  );
}

export function MovementPage() {
  const { params } = useRoute();
  const movement = params['movement'] ?? '';
  const query = useQuery(() => api.trade.getMovement({ movement }), [movement]);
  useChanges(({ kind }) => kind === 'movement' && query.reload());
  return (
    <Only who="anyone">
      <WholeAnswer query={query}>{(view) => <Movement view={view} reload={query.reload} />}</WholeAnswer>
    </Only>
  );
}

function Movement({ view, reload }: { readonly view: MovementView; readonly reload: () => void }) {
  const own = session.value?.operator === view.operator;
  return (
    <Page title={t('officer.movementTitle', { means: view.means.identification })}>
      <MovementFacts view={view} />
      <p class="no-print">
        <a href={href(`/print/movements/${view.movement}`)}>{t('print.movementSheet')}</a>
      </p>
      {own && (
        <div class="row no-print">
          <LinkButton kind="secondary" to={href(`/movements/${view.movement}/amend`)}>
            {t('operator.amend')}
          </LinkButton>
          <EventForm movement={view.movement} posts={view.posts} source="operator" zone="UTC" done={reload} />
        </div>
      )}
      <h2>{t('officer.consignments')}</h2>
      <Table
        caption={t('officer.consignments')}
        captionHidden
        rows={view.consignments}
        rowKey={(one) => one.dossier}
        empty={<Empty title={t('operator.nothingAboard')} />}
        columns={[
          {
            key: 'dossier',
            head: t('operator.reference'),
            rowHead: true,
            cell: (one) => <a href={href(`/dossiers/${one.dossier}`)}>{one.dossier}</a>,
          },
          {
            key: 'packages',
            head: t('filing.packageCount'),
            number: true,
            cell: (one) => one.packages ?? t('operator.all'),
          },
        ]}
      />
      <h2>{t('operator.events')}</h2>
      <Events view={view} />
      {own && <DriverLinks movement={view.movement} />}
    </Page>
  );
}
