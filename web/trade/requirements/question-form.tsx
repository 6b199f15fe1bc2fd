import { useState } from 'preact/hooks';
import { INCOTERMS } from '../../../trade/lists.ts';
import { t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button } from '../../parts/button.tsx';
import { DayField, SelectField, TextField } from '../../parts/field.tsx';
import { countryOptions } from '../words.ts';
import { type Asked, crossingsOut, listOf, wayOf } from './asked.ts';

/** The question, in the words of its address. */
export function QuestionForm({ asked, ask }: { readonly asked: Asked; readonly ask: (asked: Asked) => void }) {
  const { list, name } = useMembers();
  const [values, setValues] = useState<Asked>(asked);
  const set = (part: Asked): void => setValues((before) => ({ ...before, ...part }));
  const field = (key: keyof Asked) => ({
    value: values[key] ?? '',
    onChange: (value: string) => set({ [key]: value }),
  });
  const places = list.map(({ code }) => ({ value: code as string, label: name(code) }));
  const via = listOf(values.via);
  const way = values.from ? wayOf(list, values.from, via) : [];
  const chosen = via.slice(0, Math.max(0, way.length - 1));
  const arrived = way.length > 1 && way.at(-1) === values.to;
  const choices = Array.from({ length: chosen.length + (arrived || way.length === 0 ? 0 : 1) }, (_, i) => i);
  return (
    <form
      class="card no-print"
      onSubmit={(event) => {
        event.preventDefault();
        ask({ ...values, via: chosen.join(',') });
      }}
    >
      <div class="fields">
        <TextField
          label={t('need.goods')}
          hint={t('need.goodsHint')}
          inputMode="numeric"
          maxLength={10}
          required
          {...field('hs')}
        />
        <SelectField
          label={t('need.from')}
          options={places}
          empty={t('need.noCrossing')}
          {...field('from')}
          onChange={(from) => set({ from, via: '' })}
        />
        <SelectField
          label={t('need.to')}
          options={places}
          empty={t('need.noCrossing')}
          {...field('to')}
          onChange={(to) => set({ to, via: '' })}
        />
        <SelectField
          label={t('filing.mode')}
          empty={t('need.noCrossing')}
          options={(['road', 'rail'] as const).map((value) => ({ value, label: t(`mode.${value}`) }))}
          {...field('mode')}
          onChange={(mode) => set({ mode, via: '' })}
        />
        {choices.map((i) => (
          <SelectField
            key={i}
            label={t('need.crossing', { number: i + 1 })}
            empty={t('need.noCrossing')}
            options={crossingsOut(list, way[i] ?? '', values.mode).map(({ crossing, label }) => ({
              value: crossing,
              label,
            }))}
            value={chosen[i] ?? ''}
            onChange={(crossing) => set({ via: [...chosen.slice(0, i), crossing].filter(Boolean).join(',') })}
          />
        ))}
        <TextField label={t('need.mass')} inputMode="decimal" maxLength={20} {...field('mass')} />
        <TextField label={t('need.price')} inputMode="decimal" maxLength={20} {...field('value')} />
        <TextField
          label={t('filing.currency')}
          hint={t('filing.currencyHint')}
          maxLength={3}
          {...field('currency')}
          onChange={(text) => set({ currency: text.toUpperCase() })}
        />
        <SelectField
          label={t('filing.incoterm')}
          empty={t('need.noCrossing')}
          options={INCOTERMS.map((value) => ({ value, label: value }))}
          {...field('incoterm')}
        />
        <DayField label={t('need.day')} {...field('date')} />
      </div>
      <details class="menu-plain">
        <summary>{t('need.more')}</summary>
        <div class="fields">
          <SelectField
            label={t('need.origin')}
            empty={t('need.originSame')}
            options={countryOptions()}
            {...field('origin')}
          />
          <TextField label={t('need.carriage')} inputMode="decimal" maxLength={20} {...field('carriage')} />
          <TextField label={t('need.onward')} inputMode="decimal" maxLength={20} {...field('onward')} />
          <TextField label={t('need.insurance')} inputMode="decimal" maxLength={20} {...field('insurance')} />
          <TextField label={t('need.rates')} hint={t('need.ratesHint')} maxLength={500} {...field('rates')} />
        </div>
      </details>
      <div class="row">
        <Button type="submit">{t('need.ask')}</Button>
      </div>
    </form>
  );
}
