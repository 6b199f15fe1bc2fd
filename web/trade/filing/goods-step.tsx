import { useState } from 'preact/hooks';
import { ApiProblem, api, type Finding } from '../../api.ts';
import { formatMass, t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { ChooseFile, SelectField, TextField } from '../../parts/field.tsx';
import { ErrorSummary, Notice } from '../../parts/say.tsx';
import { PACKAGE_CODES_OFFERED, packageName } from '../words.ts';
import { bind, CountryField, Repeated, replaceAt, type StepProps, withoutAt } from './fields.tsx';
import { EMPTY_ITEM, type ItemForm, sum } from './form.ts';

/** The goods: typed, or out of a spreadsheet. */

export function GoodsStep({ form, change, findings }: StepProps) {
  const set = (i: number, part: Partial<ItemForm>): void => change({ items: replaceAt(form.items, i, part) });
  return (
    <>
      <PasteItems form={form} change={change} findings={findings} />
      <Repeated
        list={form.items}
        legend={(i) => t('filing.item', { number: i + 1 })}
        add={t('filing.addItem')}
        onAdd={() => change({ items: [...form.items, { ...EMPTY_ITEM, origin: form.originCountry }] })}
        onRemove={(i) => change({ items: withoutAt(form.items, i) })}
      >
        {(item, i) => {
          const path = `/sections/goods/items/${i}`;
          return (
            <>
              <TextField
                {...bind(findings, `${path}/description`)}
                label={t('filing.description')}
                hint={t('filing.descriptionHint')}
                value={item.description}
                maxLength={500}
                onChange={(description) => set(i, { description })}
              />
              <div class="fields">
                <TextField
                  {...bind(findings, `${path}/hs`)}
                  label={t('filing.hs')}
                  hint={t('filing.hsHint')}
                  inputMode="numeric"
                  value={item.hs}
                  maxLength={14}
                  onChange={(hs) => set(i, { hs })}
                />
                <CountryField
                  {...bind(findings, `${path}/origin`)}
                  label={t('filing.itemOrigin')}
                  value={item.origin}
                  onChange={(origin) => set(i, { origin })}
                />
                <TextField
                  {...bind(findings, `${path}/netMass`)}
                  label={t('filing.netMass')}
                  inputMode="decimal"
                  value={item.netMass}
                  maxLength={20}
                  onChange={(netMass) => set(i, { netMass })}
                />
                <TextField
                  {...bind(findings, `${path}/grossMass`)}
                  label={t('filing.grossMass')}
                  inputMode="decimal"
                  value={item.grossMass}
                  maxLength={20}
                  onChange={(grossMass) => set(i, { grossMass })}
                />
                <SelectField
                  {...bind(findings, `${path}/packages/0/code`)}
                  label={t('filing.packageKind')}
                  value={item.packageCode}
                  onChange={(packageCode) => set(i, { packageCode })}
                  options={[...new Set([...PACKAGE_CODES_OFFERED, item.packageCode])]
                    .filter((code) => code !== '')
                    .map((value) => ({ value, label: packageName(value) }))}
                />
                <TextField
                  {...bind(findings, `${path}/packages/0/count`)}
                  label={t('filing.packageCount')}
                  inputMode="numeric"
                  value={item.packageCount}
                  maxLength={9}
                  onChange={(packageCount) => set(i, { packageCount })}
                />
                <TextField
                  {...bind(findings, `${path}/packages/0/marks`)}
                  label={t('filing.marks')}
                  optional
                  value={item.marks}
                  maxLength={200}
                  onChange={(marks) => set(i, { marks })}
                />
              </div>
            </>
          );
        }}
      </Repeated>
      <p>
        <strong>{t('filing.totalGross')}</strong> {formatMass(sum(form.items.map(({ grossMass }) => grossMass)))}
      </p>
      <h2>{t('filing.claims')}</h2>
      <TextField
        {...bind(findings, '/sections/goods/trustedTrader/programme')}
        label={t('filing.trustedTrader')}
        hint={t('filing.claimHint')}
        optional
        value={form.trustedTrader}
        maxLength={120}
        onChange={(trustedTrader) => change({ trustedTrader })}
      />
      <TextField
        {...bind(findings, '/sections/goods/greenChannel/programme')}
        label={t('filing.greenChannel')}
        hint={t('filing.claimHint')}
        optional
        value={form.greenChannel}
        maxLength={120}
        onChange={(greenChannel) => change({ greenChannel })}
      />
    </>
  );
}

const PASTE_LIMIT = 4_000_000;

/** Items out of a spreadsheet: pasted or from a file; nothing is taken over until every row reads well. */
function PasteItems({ form, change }: StepProps) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<readonly Finding[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const [taken, setTaken] = useState(0);
  const read = async (csv: string): Promise<void> => {
    setProblem(undefined);
    setWrong([]);
    setTaken(0);
    if (csv.length > PASTE_LIMIT) {
      setProblem(new ApiProblem({ status: 413, code: 'table-too-large' }));
      return;
    }
    setBusy(true);
    try {
      const { items, values, findings } = (await api.trade.parseItems({ csv })) as unknown as {
        items: {
          number: number;
          hs: string;
          description: string;
          origin: string;
          netMass: string;
          grossMass: string;
          packages: { code: string; count: number; marks?: string }[];
        }[];
        values: { item: number; value: { amount: string; currency: string } }[];
        findings: Finding[];
      };
      setWrong(findings);
      if (findings.length > 0) return;
      const rows = items.map(
        (one): ItemForm => ({
          hs: one.hs,
          description: one.description,
          origin: one.origin,
          netMass: one.netMass,
          grossMass: one.grossMass,
          packageCode: one.packages[0]?.code ?? '',
          packageCount: String(one.packages[0]?.count ?? ''),
          marks: one.packages[0]?.marks ?? '',
          value: values.find(({ item }) => item === one.number)?.value.amount ?? '',
          morePackages: one.packages.slice(1),
        }),
      );
      const filled = form.items.filter((one) => one.hs !== '' || one.description !== '');
      const currency = values[0]?.value.currency;
      change({ items: [...filled, ...rows], ...(currency === undefined ? {} : { currency }) });
      setTaken(rows.length);
      setText('');
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <details>
      <summary>{t('filing.paste')}</summary>
      <p class="quiet">{t('filing.pasteHint')}</p>
      {(wrong.length > 0 || problem !== undefined) && (
        <ErrorSummary findings={wrong} {...(problem === undefined ? {} : { problem })} />
      )}
      {taken > 0 && (
        <Notice kind="go">
          <p>{t('filing.pasted', { count: taken })}</p>
        </Notice>
      )}
      <TextField label={t('filing.pasteField')} rows={6} value={text} onChange={setText} />
      <div class="row">
        <Button kind="secondary" busy={busy} disabled={text.trim() === ''} onClick={() => void read(text)}>
          {t('filing.pasteRead')}
        </Button>
      </div>
      <ChooseFile
        label={t('filing.pasteFile')}
        accept=".csv,.tsv,.txt,text/csv"
        onFile={(file) => void file.text().then(read)}
      />
    </details>
  );
}
