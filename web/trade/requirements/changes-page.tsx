import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { ChangeView } from '../../../trade/pack-contract.ts';
import { api } from '../../api.ts';
import { formatDay, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { DayField, SelectField, TextField } from '../../parts/field.tsx';
import { Answer, Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/say.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { word } from '../words.ts';
import { worded } from './words.ts';

const PAGE = 100;

const dayAt = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

/** What rules say before and after: a rate, or that something is asked for. */
function said(text: string | null): string {
  if (text === null) return '–';
  if (text === '') return t('change.asked');
  return text === 'unknown' ? t('part.unknown') : text === 'free' ? '0' : text;
}

const goodsText = ({ table, goods }: ChangeView): string =>
  table !== 'measures' ? '–' : goods.map((prefix) => (prefix === '' ? t('change.allGoods') : prefix)).join(', ');

/** What changes in members' rules from one day to another: for anyone, with an address that can be passed on. */
export function ChangesPage() {
  const { query, route } = useLocation();
  const { list: members, name } = useMembers();
  const asked = {
    since: query['since'] ?? dayAt(1),
    until: query['until'] ?? dayAt(365),
    member: query['member'] ?? '',
    goods: query['goods'] ?? '',
  };
  const [draft, setDraft] = useState(asked);
  const [skip, setSkip] = useState(0);
  const filters = {
    ...(asked.member === '' ? {} : { member: asked.member as never }),
    ...(asked.goods === '' ? {} : { goods: asked.goods }),
  };
  const list = useQuery(
    () =>
      api.trade.packChanges({
        ...{ since: asked.since as never, until: asked.until as never, ...filters, skip, limit: PAGE },
      }),
    [JSON.stringify(asked), skip],
  );
  const feed = new URLSearchParams(filters).toString();
  const set = (part: Partial<typeof draft>): void => setDraft({ ...draft, ...part });
  return (
    <Page title={t('change.title')} lead={t('change.lead')}>
      <form
        class="bars no-print"
        onSubmit={(event) => {
          event.preventDefault();
          setSkip(0);
          const words = Object.entries(draft).filter(([, text]) => text !== '');
          route(href(`/requirements/changes?${new URLSearchParams(words)}`));
        }}
      >
        <DayField label={t('change.since')} value={draft.since} onChange={(since) => set({ since })} />
        <DayField label={t('change.until')} value={draft.until} onChange={(until) => set({ until })} />
        <SelectField
          label={t('fix.about')}
          empty={t('change.allMembers')}
          short
          value={draft.member}
          onChange={(member) => set({ member })}
          options={members.map(({ code }) => ({ value: code as string, label: name(code) }))}
        />
        <TextField
          label={t('officer.goodsCode')}
          short
          inputMode="numeric"
          maxLength={10}
          value={draft.goods}
          onChange={(goods) => set({ goods })}
        />
        <Button type="submit">{t('change.show')}</Button>
      </form>
      <p class="no-print">
        <a href={`/api/packs/changes.atom${feed === '' ? '' : `?${feed}`}`}>{t('change.feed')}</a>{' '}
        <span class="quiet small">{t('change.feedText')}</span>
      </p>
      <Answer query={list}>
        {({ items, count, packs }) => (
          <>
            <p class="quiet small">
              {packs
                .map(({ member, after }) =>
                  after === null
                    ? `${name(member)}: ${t('part.unknown')}`
                    : `${name(member)}: ${t('fix.byVersion', { version: after.version })}`,
                )
                .join(' · ')}
            </p>
            <p role="status">
              {t('change.count', { count, since: formatDay(asked.since), until: formatDay(asked.until) })}
            </p>
            <Table
              caption={t('change.title')}
              captionHidden
              rows={items}
              rowKey={(one) => `${one.member} ${one.table} ${one.id} ${one.before} ${one.after}`}
              empty={<Empty title={t('change.none')} />}
              columns={[
                { key: 'member', head: t('fix.about'), rowHead: true, cell: (one) => name(one.member) },
                {
                  key: 'what',
                  head: t('change.what'),
                  cell: (one) => (
                    <>
                      <strong>
                        {one.type === null ? t(`change.table.${one.table}`) : word('need.type', one.type)}
                        {one.direction === null ? '' : `, ${word('direction', one.direction)}`}
                      </strong>{' '}
                      <span lang={worded(one.wording).lang}>{worded(one.wording).text || one.id}</span>
                    </>
                  ),
                },
                { key: 'goods', head: t('officer.goodsCode'), cell: goodsText },
                { key: 'before', head: t('change.before'), cell: (one) => <code>{said(one.before)}</code> },
                {
                  key: 'after',
                  head: t('change.after'),
                  cell: (one) =>
                    one.differs.length > 0 && one.before === one.after ? (
                      t('change.otherwise')
                    ) : (
                      <code>{said(one.after)}</code>
                    ),
                },
              ]}
            />
            <div class="row no-print">
              {skip > 0 && (
                <Button kind="secondary" onClick={() => setSkip(Math.max(0, skip - PAGE))}>
                  {t('change.earlier')}
                </Button>
              )}
              {skip + PAGE < count && (
                <Button kind="secondary" onClick={() => setSkip(skip + PAGE)}>
                  {t('change.more')}
                </Button>
              )}
              <LinkButton kind="quiet" to={href('/requirements')}>
                {t('need.nav')}
              </LinkButton>
            </div>
          </>
        )}
      </Answer>
    </Page>
  );
}
