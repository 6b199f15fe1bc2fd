import { useState } from 'preact/hooks';
import { api } from '../../api.ts';
import { formatDate, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Pager } from '../../parts/more.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/say.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { word } from '../words.ts';

/** The word for what was done, by the kind of record. */
const WORDS: Readonly<Record<string, string>> = {
  decision: 'decision',
  certificate: 'certificate',
  event: 'event',
  'appeal-outcome': 'outcome',
  requirement: 'direction',
  'correction-answer': 'fix.state',
};
const actText = ({ type, what }: { readonly type: string; readonly what: string }): string =>
  word(WORDS[type] ?? 'decision', what);

/** Everything that the own authority did, and who of it. */
export function TrailPage() {
  const { post } = useMembers();
  const [cursor, setCursor] = useState<string | undefined>();
  const acts = useQuery(() => api.trade.listActs({ limit: 50, ...(cursor === undefined ? {} : { cursor }) }), [cursor]);
  return (
    <Only who="authority">
      <Page title={t('officer.trail')} lead={t('officer.trailText')}>
        <Answer query={acts}>
          {({ items, next }) => (
            <>
              <Table
                caption={t('officer.trail')}
                captionHidden
                rows={items}
                rowKey={(one) => one.commitment}
                empty={<Empty title={t('officer.noActs')} />}
                columns={[
                  { key: 'at', head: t('operator.at'), cell: (one) => formatDate(one.at) },
                  { key: 'type', head: t('operator.kind'), rowHead: true, cell: (one) => word('record', one.type) },
                  { key: 'what', head: t('officer.what'), cell: (one) => actText(one) },
                  {
                    key: 'post',
                    head: t('officer.where'),
                    cell: (one) => (one.post === undefined ? '–' : post(one.post)),
                  },
                  {
                    key: 'reason',
                    head: t('officer.reason'),
                    cell: (one) =>
                      [one.reason === undefined ? '' : word('reason', one.reason), one.text ?? '']
                        .filter((text) => text !== '')
                        .join(': ') || '–',
                  },
                  { key: 'who', head: t('officer.who'), cell: (one) => one.name ?? t('part.unknown') },
                  {
                    key: 'subject',
                    head: t('operator.reference'),
                    cell: (one) =>
                      /^[0-9a-f-]{36}$/.test(one.subject) &&
                      ['decision', 'certificate', 'revocation', 'appeal-outcome'].includes(one.type) ? (
                        <a href={href(`/dossiers/${one.subject}`)}>{one.subject.slice(-12)}</a>
                      ) : (
                        one.subject
                      ),
                  },
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
