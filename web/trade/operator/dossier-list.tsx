import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { DossierSummary } from '../../../trade/contract.ts';
import { api } from '../../api.ts';
import { useChanges } from '../../changes.ts';
import { type Draft, deleteDraft, listDrafts } from '../../draft.ts';
import { formatDate, formatMass, formatSince, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { CheckField, SelectField, TextField } from '../../parts/field.tsx';
import { Pager } from '../../parts/more.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Dialog, Empty } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { session } from '../../session.ts';
import type { FilingForm } from '../filing/form.ts';
import { awaitedText, word } from '../words.ts';

const STATES = ['filed', 'under-way', 'held', 'released', 'refused', 'arrived', 'withdrawn', 'contradictory'] as const;

/** The operator's dossiers, what is awaited from it first; and what it has begun. */
export function DossierListPage() {
  return (
    <Only who="anyone">
      <DossierList />
    </Only>
  );
}

function DossierList() {
  const { query: asked } = useLocation();
  const [search, setSearch] = useState(asked['search'] ?? '');
  const [state, setState] = useState('');
  const [mine, setMine] = useState(false);
  const [sort, setSort] = useState<'filed' | 'changed' | 'awaited'>('filed');
  const [cursor, setCursor] = useState<string | undefined>();
  const sought = useLate(search);
  const operator = session.value?.operator !== undefined;
  const dossiers = useQuery(
    () =>
      api.trade.listDossiers({
        limit: 50,
        sort,
        ...(sought === '' ? {} : { search: sought }),
        ...(state === '' ? {} : { state: state as DossierSummary['state'] }),
        ...(mine ? { awaiting: 'me' as const } : {}),
        ...(cursor === undefined ? {} : { cursor }),
      }),
    [sought, state, mine, sort, cursor],
  );
  useChanges(({ kind }) => kind === 'dossier' && dossiers.reload());
  const first = (act: () => void) => {
    setCursor(undefined);
    act();
  };
  return (
    <Page title={t('operator.dossiers')} aside={operator ? <NewDossier /> : undefined}>
      {operator && <Drafts />}
      <search class="bars">
        <TextField
          label={t('part.search')}
          hint={t('operator.searchHint')}
          type="search"
          value={search}
          maxLength={100}
          onChange={(text) => first(() => setSearch(text))}
        />
        <SelectField
          label={t('operator.state')}
          short
          empty={t('operator.allStates')}
          value={state}
          onChange={(value) => first(() => setState(value))}
          options={STATES.map((value) => ({ value, label: word('status', value) }))}
        />
        <SelectField
          label={t('operator.sort')}
          short
          value={sort}
          onChange={(value) => first(() => setSort(value as 'filed' | 'awaited'))}
          options={[
            { value: 'filed', label: t('operator.sortFiled') },
            { value: 'changed', label: t('operator.sortChanged') },
            { value: 'awaited', label: t('operator.sortAwaited') },
          ]}
        />
        <CheckField
          label={t('operator.awaitingMe')}
          checked={mine}
          onChange={(checked) => first(() => setMine(checked))}
        />
      </search>
      <Answer query={dossiers}>
        {({ items, next }) => (
          <>
            <DossierTable
              items={items}
              empty={
                search !== '' || state !== '' || mine ? (
                  <Empty title={t('operator.noneFound')} />
                ) : (
                  <Empty title={t('operator.none')}>{operator && <NewDossier />}</Empty>
                )
              }
            />
            <Pager first={cursor === undefined} next={next} onFirst={() => setCursor(undefined)} onNext={setCursor} />
          </>
        )}
      </Answer>
    </Page>
  );
}

/** A value once it has stood still: no question for every letter. */
export function useLate(value: string, ms = 250): string {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value.trim()), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return late;
}

function NewDossier() {
  return <LinkButton to={href(`/dossiers/new/${crypto.randomUUID()}`)}>{t('operator.new')}</LinkButton>;
}

export function DossierTable({
  items,
  empty,
}: {
  readonly items: readonly DossierSummary[];
  readonly empty: preact.ComponentChildren;
}) {
  const { authority, name, post } = useMembers();
  const who = ({ from }: NonNullable<DossierSummary['awaited']>): string =>
    from.kind === 'authority'
      ? authority(from.id)
      : from.id === session.value?.operator
        ? t('operator.you')
        : `${from.id}${from.member === undefined ? '' : `, ${name(from.member)}`}`;
  return (
    <Table
      caption={t('operator.dossiers')}
      captionHidden
      rows={items}
      rowKey={(one) => one.dossier}
      empty={empty}
      columns={[
        {
          key: 'goods',
          head: t('operator.goods'),
          rowHead: true,
          cell: (one) => (
            <span>
              <a href={href(`/dossiers/${one.dossier}`)}>{one.goods === '' ? t('operator.goodsClosed') : one.goods}</a>
              {one.grossMass !== '' && <span class="quiet small"> {formatMass(one.grossMass)}</span>}
            </span>
          ),
        },
        { key: 'way', head: t('operator.way'), cell: (one) => `${one.origin} → ${one.destination}` },
        { key: 'state', head: t('operator.state'), cell: (one) => <Status kind="dossier" state={one.state} /> },
        {
          key: 'awaited',
          head: t('operator.awaited'),
          cell: (one) =>
            one.awaited === null ? (
              '–'
            ) : (
              <span>
                {awaitedText(one.awaited.what, who(one.awaited))}
                <span class="quiet small">
                  {' '}
                  {post(one.awaited.post)}, {t('operator.sinceAge', { age: formatSince(one.awaited.since) })}
                </span>
              </span>
            ),
        },
        { key: 'filed', head: t('operator.filedAt'), cell: (one) => formatDate(one.filedAt) },
      ]}
    />
  );
}

/** What was begun on this device and not filed; as many as there are. */
function Drafts() {
  const [drafts, setDrafts] = useState<readonly Draft<FilingForm>[]>([]);
  const [deleting, setDeleting] = useState<string | null>(null);
  const load = (): void => void listDrafts<FilingForm>('dossier/').then(setDrafts, () => undefined);
  useEffect(load, []);
  if (drafts.length === 0) return null;
  return (
    <section aria-labelledby="drafts">
      <h2 id="drafts">{t('operator.drafts')}</h2>
      <ul>
        {drafts.map((one) => (
          <li key={one.key}>
            <a href={href(`/dossiers/new/${one.key.slice('dossier/'.length)}`)}>
              {one.value.items[0]?.description || one.value.destinationName || t('operator.draftUnnamed')}
            </a>{' '}
            <span class="quiet small">{formatDate(one.changedAt)}</span>{' '}
            <Button kind="quiet" small onClick={() => setDeleting(one.key)}>
              {t('part.delete')}
              <span class="hidden-visually">: {one.value.items[0]?.description || t('operator.draftUnnamed')}</span>
            </Button>
          </li>
        ))}
      </ul>
      <Dialog title={t('operator.deleteDraft')} open={deleting !== null} onClose={() => setDeleting(null)}>
        <p>{t('operator.deleteDraftText')}</p>
        <div class="row">
          <Button
            kind="danger"
            onClick={() => {
              void deleteDraft(deleting ?? '').then(load);
              setDeleting(null);
            }}
          >
            {t('part.delete')}
          </Button>
          <Button kind="secondary" onClick={() => setDeleting(null)}>
            {t('part.cancel')}
          </Button>
        </div>
      </Dialog>
    </section>
  );
}
