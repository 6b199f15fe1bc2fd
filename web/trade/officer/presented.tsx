import type { DeskRow } from '../../../trade/contract.ts';
import { api } from '../../api.ts';
import { formatDate, t, tMaybe } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { ActForm } from '../../parts/act-form.tsx';
import { TextField } from '../../parts/field.tsx';
import { Answer } from '../../parts/page.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { type Query, useQuery } from '../../parts/use-query.ts';

type Comparison = Awaited<ReturnType<typeof api.trade.comparePresented>>;

export function useComparison(movement: string, post: string): Query<Comparison> {
  return useQuery(() => api.trade.comparePresented({ movement, post }), [movement, post]);
}

const LOOK = {
  equal: 'complete',
  differs: 'conflicting',
  'not-noted': 'expected',
  'not-declared': 'expected',
} as const;

/** What was declared beside what was noted here, field by field. It says that something differs, and nothing of why. */
export function PresentedTable({
  query,
  row,
}: {
  readonly query: Query<Comparison>;
  readonly row: DeskRow | undefined;
}) {
  const { zone } = useMembers();
  const goodsOf = (dossier: string): string =>
    row?.consignments.find((one) => one.dossier === dossier)?.goods || dossier.slice(-12);
  return (
    <Answer query={query}>
      {({ notedAt, post, fields }) => (
        <>
          <p class="quiet">
            {notedAt === null
              ? t('officer.notNotedYet')
              : t('officer.notedAt', { time: formatDate(notedAt, zone(post)) })}
          </p>
          <Table
            caption={t('officer.comparison')}
            captionHidden
            rows={fields}
            rowKey={({ field, dossier }) => `${field} ${dossier}`}
            columns={[
              {
                key: 'field',
                head: t('officer.comparedField'),
                rowHead: true,
                cell: ({ field, dossier }) => (
                  <span>
                    {tMaybe(`officer.field.${field}`) ?? field}
                    {dossier !== null && <span class="quiet small"> {goodsOf(dossier)}</span>}
                  </span>
                ),
              },
              { key: 'declared', head: t('officer.declared'), cell: ({ declared }) => declared.join(', ') || '–' },
              {
                key: 'presented',
                head: t('officer.presented'),
                cell: ({ presented }) => (presented === null ? '–' : presented.join(', ') || t('officer.none')),
              },
              {
                key: 'result',
                head: t('officer.result'),
                cell: ({ result }) => (
                  <Status state={LOOK[result]} label={tMaybe(`officer.result.${result}`) ?? result} />
                ),
              },
            ]}
          />
        </>
      )}
    </Answer>
  );
}

const words = (text: string): string[] =>
  text
    .split(/[,;\n]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '');

/** Notes what stands at the post. What is left empty was not looked at. */
export function PresentedForm({
  row,
  zone,
  done,
}: {
  readonly row: DeskRow;
  readonly zone: string;
  readonly done: () => void;
}) {
  const initial: Record<string, string> = { means: '', trailers: '', seals: '' };
  return (
    <ActForm
      draftKey={`presented/${row.movement}/${row.post}`}
      initial={initial}
      open={t('officer.notePresented')}
      title={t('officer.notePresented')}
      submit={t('officer.noteSubmit')}
      done={t('officer.noted')}
      onDone={done}
      act={(values, idempotencyKey) => {
        const text = (name: string): string => (values[name] ?? '').trim();
        const consignments = row.consignments.flatMap(({ dossier }) => {
          const [packages, mass] = [text(`packages ${dossier}`), text(`mass ${dossier}`).replace(',', '.')];
          if (packages === '' && mass === '') return [];
          return [
            {
              dossier,
              ...(packages === '' ? {} : { packages: Number(packages) }),
              ...(mass === '' ? {} : { grossMass: mass }),
            },
          ];
        });
        return api.trade.reportEvent(
          {
            movement: row.movement,
            event: 'presented',
            post: row.post,
            occurredAt: new Date().toISOString().replace(/\.\d{3}Z$/, 'Z'),
            zone,
            source: 'authority',
            presented: {
              ...(text('means') === '' ? {} : { means: text('means') }),
              ...(text('trailers') === '' ? {} : { trailers: words(text('trailers')) }),
              ...(text('seals') === '' ? {} : { seals: words(text('seals')) }),
              ...(consignments.length === 0 ? {} : { consignments }),
            },
          },
          { context: { idempotencyKey } },
        );
      }}
    >
      {(values, set) => {
        const field = (name: string, label: string, more: { hint?: string; decimal?: true } = {}) => (
          <TextField
            label={label}
            optional
            {...(more.hint === undefined ? {} : { hint: more.hint })}
            {...(more.decimal === undefined ? {} : { inputMode: 'decimal' as const, short: true })}
            maxLength={more.decimal === undefined ? 300 : 20}
            value={values[name] ?? ''}
            onChange={(value) => set({ [name]: value })}
          />
        );
        return (
          <>
            <p>{t('officer.noteText')}</p>
            {field('means', t('operator.means'))}
            {field('trailers', t('operator.trailers'), { hint: t('filing.sealsHint') })}
            {field('seals', t('filing.seals'), { hint: t('filing.sealsHint') })}
            {row.consignments.map((one) => (
              <fieldset key={one.dossier}>
                <legend>{one.goods || one.dossier.slice(-12)}</legend>
                <div class="fields">
                  {field(`packages ${one.dossier}`, t('officer.field.packages'), { decimal: true })}
                  {field(`mass ${one.dossier}`, t('filing.grossMass'), { decimal: true })}
                </div>
              </fieldset>
            ))}
          </>
        );
      }}
    </ActForm>
  );
}
