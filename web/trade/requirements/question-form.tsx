import { useEffect, useState } from 'preact/hooks';
import { INCOTERMS } from '../../../trade/lists.ts';
import { api } from '../../api.ts';
import { language, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button } from '../../parts/button.tsx';
import { DayField, SelectField, TextField } from '../../parts/field.tsx';
import { countryOptions } from '../words.ts';
import { type Asked, crossingsOut, listOf, wayOf } from './asked.ts';
import { worded } from './words.ts';

type Found = Awaited<ReturnType<typeof api.trade.goods>>['items'];

/** Goods by words of any of the eight languages; what is chosen becomes the code. */
function GoodsSearch({ choose }: { readonly choose: (hs: string) => void }) {
  const [typed, setTyped] = useState('');
  const [found, setFound] = useState<Found | null>(null);
  useEffect(() => {
    const q = typed.trim();
    if (q === '') return setFound(null);
    let late = false;
    const timer = setTimeout(() => {
      api.trade.goods({ q, language, limit: 6 }).then(
        ({ items }) => late || setFound(items),
        // The code can be typed all the same.
        () => late || setFound(null),
      );
    }, 200);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [typed]);
  return (
    <search>
      <TextField
        label={t('need.search')}
        hint={t('need.searchHint')}
        type="search"
        maxLength={100}
        value={typed}
        onChange={setTyped}
      />
      <div aria-live="polite">
        {found !== null && found.length === 0 && <p class="quiet">{t('need.searchNone')}</p>}
        {found !== null && found.length > 0 && (
          <ul class="found">
            {found.map(({ code, en, ru, word, chapter }) => {
              const { text, lang } = worded({ en, ru });
              return (
                <li key={code}>
                  <Button
                    kind="quiet"
                    small
                    onClick={() => {
                      choose(code);
                      setTyped('');
                    }}
                  >
                    {code} {word === null ? '' : `${word}: `}
                    <span lang={lang}>{text}</span>
                  </Button>{' '}
                  {chapter !== null && (
                    <span class="quiet small" lang={lang}>
                      {worded(chapter).text}
                    </span>
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </search>
  );
}

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
      class="card question no-print"
      onSubmit={(event) => {
        event.preventDefault();
        ask({ ...values, via: chosen.join(',') });
      }}
    >
      <GoodsSearch choose={(hs) => set({ hs })} />
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
