import { useLocation } from 'preact-iso';
import { api } from '../../api.ts';
import { formatDate, formatMass, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button } from '../../parts/button.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Empty, Notice } from '../../parts/say.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { DowntimeEntry } from './downtime-entry.tsx';

/** Before an outage: what stands at the post and what comes, with room for decisions by hand. After it they are entered at the desk. */
export function DowntimePage() {
  const { query } = useLocation();
  const post = query['post'] ?? '';
  const { post: postName, zone } = useMembers();
  const asked = useQuery(async () => {
    const lists = await Promise.all(
      (['here', 'held', 'expected'] as const).map((state) => api.trade.listDesk({ post, state, limit: 200 })),
    );
    return { rows: lists.flatMap(({ items }) => items), more: lists.some(({ next }) => next !== null), at: new Date() };
  }, [post]);
  return (
    <Only who="authority">
      <Page
        title={t('officer.downtimeTitle', { post: postName(post) })}
        aside={<Button onClick={() => window.print()}>{t('operator.print')}</Button>}
      >
        <Notice>
          <p>{t('officer.downtimeText')}</p>
        </Notice>
        <Answer query={asked}>
          {({ rows, more, at }) => (
            <>
              <p>{t('part.asOf', { time: formatDate(at, zone(post)) })}</p>
              {more && (
                <Notice kind="wait">
                  <p>{t('officer.downtimeMore')}</p>
                </Notice>
              )}
              <Table
                caption={t('officer.movements')}
                captionHidden
                folds={false}
                rows={rows.flatMap((row) => row.consignments.map((one) => ({ row, one })))}
                rowKey={({ row, one }) => `${row.movement} ${one.dossier}`}
                empty={<Empty title={t('officer.nothingExpected')} />}
                columns={[
                  {
                    key: 'means',
                    head: t('operator.means'),
                    rowHead: true,
                    cell: ({ row }) => row.means.identification,
                  },
                  {
                    key: 'goods',
                    head: t('operator.goods'),
                    cell: ({ one }) =>
                      `${one.goods || t('operator.goodsClosed')} ${one.grossMass === '' ? '' : formatMass(one.grossMass)}`,
                  },
                  {
                    key: 'reference',
                    head: t('operator.reference'),
                    cell: ({ one }) => <code>{one.dossier.slice(-12)}</code>,
                  },
                  { key: 'seals', head: t('filing.seals'), cell: ({ row }) => row.seals.join(', ') || '–' },
                  { key: 'decision', head: t('officer.handDecision'), cell: () => <span class="blank" /> },
                  { key: 'time', head: t('officer.handTime'), cell: () => <span class="blank" /> },
                  { key: 'name', head: t('officer.handName'), cell: () => <span class="blank" /> },
                ]}
              />
              <DowntimeEntry rows={rows} post={post} done={asked.reload} />
            </>
          )}
        </Answer>
      </Page>
    </Only>
  );
}
