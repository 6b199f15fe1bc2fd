import { useState } from 'preact/hooks';
import { CERTIFICATE_KINDS } from '../../../trade/lists.ts';
import { api } from '../../api.ts';
import { formatDay, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { ActForm } from '../../parts/act-form.tsx';
import { CheckField, DayField, SelectField, TextField } from '../../parts/field.tsx';
import { Pager } from '../../parts/more.tsx';
import { Answer, Only, Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/say.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { mayDo } from '../../session.ts';
import { useLate } from '../operator/dossier-list.tsx';
import { DOCUMENT_CODES, documentName, word } from '../words.ts';

type Requirement = Awaited<ReturnType<typeof api.trade.declaredRequirements>>['items'][number];
const DIRECTIONS = ['import', 'export', 'transit'] as const;
const TREATMENTS = ['cold-treatment', 'fumigation', 'irradiation', 'heat-treatment'] as const;
const REGISTRATIONS = ['orchard', 'packing-house', 'slaughterhouse', 'processing-plant', 'storage'] as const;
const CONFIDENCE = ['official', 'secondary', 'demonstration'] as const;

const asked = (one: Requirement): string =>
  [
    ...one.certificates.map((kind) => word('certificate', kind)),
    ...one.documents.map(documentName),
    ...one.registrations.map((kind) => word('registration', kind)),
    ...one.treatments.map((kind) => word('treatment', kind)),
  ].join(', ') || '–';

/** What authorities of all members ask for, each with its source; who may require declares more. */
export function RequirementsPage() {
  const { name, authority } = useMembers();
  const [goods, setGoods] = useState('');
  const [cursor, setCursor] = useState<string | undefined>();
  const sought = useLate(goods);
  const list = useQuery(
    () =>
      api.trade.declaredRequirements({
        limit: 50,
        ...(sought === '' ? {} : { goods: sought }),
        ...(cursor === undefined ? {} : { cursor }),
      }),
    [sought, cursor],
  );
  return (
    <Only who="authority">
      <Page title={t('officer.requirements')} lead={t('officer.requirementsText')}>
        <search class="bars">
          <TextField
            label={t('officer.goodsCode')}
            type="search"
            inputMode="numeric"
            maxLength={10}
            value={goods}
            onChange={(value) => {
              setCursor(undefined);
              setGoods(value);
            }}
          />
        </search>
        <Answer query={list}>
          {({ items, next }) => (
            <>
              <Table
                caption={t('officer.requirements')}
                captionHidden
                rows={items}
                rowKey={(one) => `${one.authority} ${one.requirement}`}
                empty={<Empty title={t('officer.noRequirements')} />}
                columns={[
                  { key: 'goods', head: t('officer.goodsCode'), rowHead: true, cell: (one) => one.goods },
                  {
                    key: 'by',
                    head: t('officer.requiredBy'),
                    cell: (one) => `${authority(one.authority)}, ${name(one.member)}`,
                  },
                  { key: 'direction', head: t('officer.direction'), cell: (one) => word('direction', one.direction) },
                  { key: 'asked', head: t('officer.asked'), cell: asked },
                  {
                    key: 'valid',
                    head: t('officer.validFrom'),
                    cell: (one) =>
                      `${formatDay(one.validFrom)}${one.validTo === undefined ? '' : ` – ${formatDay(one.validTo)}`}`,
                  },
                  {
                    key: 'source',
                    head: t('officer.source'),
                    // An address that an authority wrote is shown, never followed for the reader.
                    cell: (one) => (
                      <span>
                        {one.source.title} ({word('confidence', one.source.confidence)})
                        <br />
                        <span class="quiet small">{one.source.address}</span>
                      </span>
                    ),
                  },
                ]}
              />
              <Pager first={cursor === undefined} next={next} onFirst={() => setCursor(undefined)} onNext={setCursor} />
            </>
          )}
        </Answer>
        {mayDo('require') && <DeclareForm done={list.reload} />}
      </Page>
    </Only>
  );
}

const today = (): string => new Date().toISOString().slice(0, 10);

function DeclareForm({ done }: { readonly done: () => void }) {
  const [initial] = useState({
    requirement: '',
    direction: 'import' as string,
    goods: '',
    asks: [] as readonly string[],
    title: '',
    address: '',
    read: today(),
    confidence: 'official' as string,
    validFrom: today(),
    validTo: '',
  });
  const options = [
    ...CERTIFICATE_KINDS.map((kind) => [`certificate ${kind}`, word('certificate', kind)] as const),
    ...DOCUMENT_CODES.map((code) => [`document ${code}`, documentName(code)] as const),
    ...REGISTRATIONS.map((kind) => [`registration ${kind}`, word('registration', kind)] as const),
    ...TREATMENTS.map((kind) => [`treatment ${kind}`, word('treatment', kind)] as const),
  ];
  return (
    <ActForm
      draftKey="requirement"
      initial={initial}
      open={t('officer.require')}
      title={t('officer.require')}
      submit={t('officer.requireSubmit')}
      done={t('officer.requireDone')}
      onDone={done}
      act={(values, idempotencyKey) => {
        const of = (kind: string): string[] =>
          values.asks.filter((one) => one.startsWith(`${kind} `)).map((one) => one.slice(kind.length + 1));
        return api.trade.declareRequirement(
          {
            requirement: values.requirement.trim(),
            direction: values.direction as (typeof DIRECTIONS)[number],
            goods: values.goods.trim(),
            certificates: of('certificate') as (typeof CERTIFICATE_KINDS)[number][],
            documents: of('document'),
            registrations: of('registration') as (typeof REGISTRATIONS)[number][],
            treatments: of('treatment') as (typeof TREATMENTS)[number][],
            source: {
              title: values.title.trim(),
              address: values.address.trim(),
              read: values.read as never,
              confidence: values.confidence as (typeof CONFIDENCE)[number],
            },
            validFrom: values.validFrom as never,
            ...(values.validTo === '' ? {} : { validTo: values.validTo as never }),
          },
          { context: { idempotencyKey } },
        );
      }}
    >
      {(values, set) => (
        <>
          <p>{t('officer.requireText')}</p>
          <TextField
            label={t('officer.requireName')}
            hint={t('officer.requireNameHint')}
            value={values.requirement}
            maxLength={64}
            required
            onChange={(requirement) => set({ requirement })}
          />
          <div class="fields">
            <TextField
              label={t('officer.goodsCode')}
              hint={t('officer.goodsCodeHint')}
              short
              inputMode="numeric"
              value={values.goods}
              maxLength={10}
              required
              onChange={(goods) => set({ goods })}
            />
            <SelectField
              label={t('officer.direction')}
              short
              value={values.direction}
              onChange={(direction) => set({ direction })}
              options={DIRECTIONS.map((value) => ({ value, label: word('direction', value) }))}
            />
          </div>
          <fieldset>
            <legend>{t('officer.asked')}</legend>
            {options.map(([value, label]) => (
              <CheckField
                key={value}
                label={label}
                checked={values.asks.includes(value)}
                onChange={(on) =>
                  set({ asks: on ? [...values.asks, value] : values.asks.filter((one) => one !== value) })
                }
              />
            ))}
          </fieldset>
          <TextField
            label={t('officer.sourceTitle')}
            value={values.title}
            maxLength={300}
            required
            onChange={(title) => set({ title })}
          />
          <TextField
            label={t('officer.sourceAddress')}
            type="url"
            value={values.address}
            maxLength={300}
            required
            onChange={(address) => set({ address })}
          />
          <div class="fields">
            <DayField label={t('officer.sourceRead')} value={values.read} onChange={(read) => set({ read })} />
            <SelectField
              label={t('officer.confidence')}
              short
              value={values.confidence}
              onChange={(confidence) => set({ confidence })}
              options={CONFIDENCE.map((value) => ({ value, label: word('confidence', value) }))}
            />
            <DayField
              label={t('officer.validFrom')}
              value={values.validFrom}
              onChange={(validFrom) => set({ validFrom })}
            />
            <DayField
              label={t('officer.validUntil')}
              optional
              value={values.validTo}
              onChange={(validTo) => set({ validTo })}
            />
          </div>
        </>
      )}
    </ActForm>
  );
}
