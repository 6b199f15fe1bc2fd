import { INCOTERMS } from '../../../trade/lists.ts';
import type { Finding } from '../../api.ts';
import { t } from '../../languages/index.ts';
import { CheckField, DayField, SelectField, TextField } from '../../parts/field.tsx';
import { bind, PartyFields, replaceAt, type StepProps } from './fields.tsx';
import { EMPTY_PARTY } from './form.ts';

/** Values, terms and contract. */

export function ValuesStep({ form, change, findings }: StepProps) {
  return (
    <>
      <CheckField
        label={t('filing.withValues')}
        checked={form.commercial}
        onChange={(commercial) => change({ commercial })}
      />
      <p class="quiet">{t('filing.withValuesHint')}</p>
      {form.commercial && (
        <>
          <div class="fields">
            <SelectField
              {...bind(findings, '/sections/commercial/incoterm/code')}
              label={t('filing.incoterm')}
              value={form.incoterm}
              onChange={(incoterm) => change({ incoterm })}
              options={INCOTERMS.map((value) => ({ value, label: value }))}
            />
            <TextField
              {...bind(findings, '/sections/commercial/incoterm/place')}
              label={t('filing.incotermPlace')}
              value={form.incotermPlace}
              maxLength={120}
              onChange={(incotermPlace) => change({ incotermPlace })}
            />
            <TextField
              {...bind(findings, '/sections/commercial/currency')}
              label={t('filing.currency')}
              hint={t('filing.currencyHint')}
              value={form.currency}
              maxLength={3}
              onChange={(currency) => change({ currency: currency.toUpperCase() })}
            />
            <TextField
              {...bind(findings, '/sections/commercial/contract/number')}
              label={t('filing.contractNumber')}
              optional
              value={form.contractNumber}
              maxLength={60}
              onChange={(contractNumber) => change({ contractNumber })}
            />
            <DayField
              {...bind(findings, '/sections/commercial/contract/date')}
              label={t('filing.contractDate')}
              optional
              value={form.contractDate}
              onChange={(contractDate) => change({ contractDate })}
            />
          </div>
          <h2>{t('filing.values')}</h2>
          <div id="f-sections-commercial-values" tabIndex={-1}>
            {form.items.map((item, i) => (
              <TextField
                key={i}
                {...bind(findings, `/sections/commercial/values/${i}/value/amount`)}
                label={`${t('filing.item', { number: i + 1 })}: ${item.description || item.hs || '–'} (${form.currency})`}
                inputMode="decimal"
                short
                value={item.value}
                maxLength={24}
                onChange={(value) => change({ items: replaceAt(form.items, i, { value }) })}
              />
            ))}
          </div>
          <OtherParty
            label={t('filing.otherSeller')}
            legend={t('filing.seller')}
            value={form.seller}
            onChange={(seller) => change({ seller })}
            findings={findings}
            path="/sections/commercial/seller"
          />
          <OtherParty
            label={t('filing.otherBuyer')}
            legend={t('filing.buyer')}
            value={form.buyer}
            onChange={(buyer) => change({ buyer })}
            findings={findings}
            path="/sections/commercial/buyer"
          />
        </>
      )}
    </>
  );
}

function OtherParty({
  label,
  legend,
  value,
  onChange,
  findings,
  path,
}: {
  readonly label: string;
  readonly legend: string;
  readonly value: StepProps['form']['seller'];
  readonly onChange: (value: StepProps['form']['seller']) => void;
  readonly findings: readonly Finding[];
  readonly path: string;
}) {
  return (
    <>
      <CheckField
        label={label}
        checked={value !== null}
        onChange={(checked) => onChange(checked ? EMPTY_PARTY : null)}
      />
      {value !== null && (
        <PartyFields legend={legend} value={value} onChange={onChange} findings={findings} path={path} />
      )}
    </>
  );
}
