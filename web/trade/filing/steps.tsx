import { useState } from 'preact/hooks';
import { INCOTERMS } from '../../../trade/lists.ts';
import { ApiProblem, api, type Finding } from '../../api.ts';
import { formatMass, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button } from '../../parts/button.tsx';
import { CheckField, DayField, Field, SelectField, TextField } from '../../parts/field.tsx';
import { ErrorSummary, Notice } from '../../parts/say.tsx';
import { PACKAGE_CODES_OFFERED, packageName, word } from '../words.ts';
import { bind, CountryField, PartyFields, Repeated, replaceAt, type StepProps, withoutAt } from './fields.tsx';
import { EMPTY_ITEM, EMPTY_LEG, EMPTY_PARTY, type ItemForm, legsOf, sum } from './form.ts';

/** The steps of a filing, one question a page. */

export function PartiesStep({ form, change, findings }: StepProps) {
  return (
    <>
      <PartyFields
        legend={t('filing.consignor')}
        value={form.consignor}
        onChange={(consignor) => change({ consignor })}
        findings={findings}
        path="/sections/goods/consignor"
      />
      <PartyFields
        legend={t('filing.consignee')}
        value={form.consignee}
        onChange={(consignee) => change({ consignee })}
        findings={findings}
        path="/sections/goods/consignee"
      />
    </>
  );
}

export function RouteStep({ form, change, findings }: StepProps) {
  const { list, post } = useMembers();
  const [crossing, setCrossing] = useState('');
  const posts = list.flatMap((member) => member.posts.map((one) => ({ ...one, member: member.code })));
  const crossings = [...new Set(posts.map((one) => one.crossing))].sort();
  const sides = posts.filter((one) => one.crossing === crossing);
  // The side one is on comes first: that of the country in which the route stands now.
  const here = posts.find((one) => one.id === form.posts.at(-1))?.member ?? form.originCountry;
  const ordered = [...sides].sort((a, b) => Number(b.member === here) - Number(a.member === here));
  const move = (i: number, by: number): void => {
    const next = [...form.posts];
    const [taken] = next.splice(i, 1);
    if (taken !== undefined) next.splice(i + by, 0, taken);
    change({ posts: next });
  };
  return (
    <>
      <div class="fields">
        <TextField
          {...bind(findings, '/route/origin/name')}
          label={t('filing.originPlace')}
          value={form.originName}
          maxLength={120}
          onChange={(originName) => change({ originName })}
        />
        <CountryField
          {...bind(findings, '/route/origin/country')}
          label={t('filing.originCountry')}
          value={form.originCountry}
          onChange={(originCountry) => change({ originCountry })}
        />
        <TextField
          {...bind(findings, '/route/destination/name')}
          label={t('filing.destinationPlace')}
          value={form.destinationName}
          maxLength={120}
          onChange={(destinationName) => change({ destinationName })}
        />
        <CountryField
          {...bind(findings, '/route/destination/country')}
          label={t('filing.destinationCountry')}
          value={form.destinationCountry}
          onChange={(destinationCountry) => change({ destinationCountry })}
        />
      </div>
      <h2>{t('filing.posts')}</h2>
      <p class="quiet">{t('filing.postsHint')}</p>
      <ol id="f-route-posts">
        {form.posts.map((id, i) => (
          <li key={id}>
            <span id={`f-route-posts-${i}`} tabIndex={-1}>
              {post(id)}
            </span>{' '}
            {i > 0 && (
              <Button kind="quiet" small onClick={() => move(i, -1)}>
                {t('filing.up')}
                <span class="hidden-visually">: {post(id)}</span>
              </Button>
            )}
            <Button kind="quiet" small onClick={() => change({ posts: withoutAt(form.posts, i) })}>
              {t('filing.remove')}
              <span class="hidden-visually">: {post(id)}</span>
            </Button>
            {findings
              .filter((one) => one.path === `/route/posts/${i}`)
              .map((one) => (
                <p class="wrong" key={one.code}>
                  {bind([one], one.path).problem}
                </p>
              ))}
          </li>
        ))}
      </ol>
      <div class="bars">
        <SelectField
          label={t('filing.crossing')}
          empty={t('filing.choose')}
          value={crossing}
          onChange={setCrossing}
          options={crossings.map((one) => ({
            value: one,
            label: `${posts
              .filter((post) => post.crossing === one)
              .map(({ name }) => name)
              .join(
                ' – ',
              )} (${[...new Set(posts.filter((post) => post.crossing === one).flatMap(({ mode }) => mode))].map((mode) => word('mode', mode)).join(', ')})`,
          }))}
        />
        <Button
          kind="secondary"
          disabled={crossing === ''}
          onClick={() => {
            change({ posts: [...form.posts, ...ordered.map(({ id }) => id).filter((id) => !form.posts.includes(id))] });
            setCrossing('');
          }}
        >
          {t('filing.addCrossing')}
        </Button>
      </div>
    </>
  );
}

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
      <Field label={t('filing.pasteFile')}>
        {(wiring) => (
          <input
            {...wiring}
            type="file"
            accept=".csv,.tsv,.txt,text/csv"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file !== undefined) void file.text().then(read);
            }}
          />
        )}
      </Field>
    </details>
  );
}

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
                // biome-ignore lint/suspicious/noArrayIndexKey: items have no other name than their place
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

export function TransportStep({ form, change, findings }: StepProps) {
  const legs = legsOf(form);
  return (
    <>
      <PartyFields
        legend={t('filing.carrier')}
        value={form.carrier}
        onChange={(carrier) => change({ carrier })}
        findings={findings}
        path="/sections/transport/carrier"
      />
      <h2>{t('filing.legs')}</h2>
      <p class="quiet">{t('filing.legsHint')}</p>
      <Repeated
        list={legs}
        legend={(i) => t('filing.leg', { number: i + 1 })}
        add={t('filing.addLeg')}
        onAdd={() =>
          change({
            legs: [
              ...legs,
              { ...EMPTY_LEG, fromName: legs.at(-1)?.toName ?? '', fromCountry: legs.at(-1)?.toCountry ?? '' },
            ],
          })
        }
        onRemove={(i) => change({ legs: withoutAt(legs, i) })}
      >
        {(leg, i) => {
          const path = `/sections/transport/legs/${i}`;
          const set = (part: Partial<typeof leg>): void => change({ legs: replaceAt(legs, i, part) });
          return (
            <div class="fields">
              <SelectField
                {...bind(findings, `${path}/mode`)}
                label={t('filing.mode')}
                value={leg.mode}
                onChange={(mode) => set({ mode: mode as 'road' | 'rail' })}
                options={['road', 'rail'].map((value) => ({ value, label: word('mode', value) }))}
              />
              <TextField
                {...bind(findings, `${path}/from/name`)}
                label={t('filing.legFrom')}
                value={leg.fromName}
                maxLength={120}
                onChange={(fromName) => set({ fromName })}
              />
              <CountryField
                {...bind(findings, `${path}/from/country`)}
                label={t('filing.legFromCountry')}
                value={leg.fromCountry}
                onChange={(fromCountry) => set({ fromCountry })}
              />
              <TextField
                {...bind(findings, `${path}/to/name`)}
                label={t('filing.legTo')}
                value={leg.toName}
                maxLength={120}
                onChange={(toName) => set({ toName })}
              />
              <CountryField
                {...bind(findings, `${path}/to/country`)}
                label={t('filing.legToCountry')}
                value={leg.toCountry}
                onChange={(toCountry) => set({ toCountry })}
              />
            </div>
          );
        }}
      </Repeated>
      <h2>{t('filing.equipment')}</h2>
      <Repeated
        list={form.equipment}
        empty={t('filing.noEquipment')}
        legend={(i) => t('filing.equipmentNumber', { number: i + 1 })}
        add={t('filing.addEquipment')}
        onAdd={() => change({ equipment: [...form.equipment, { kind: 'trailer', identification: '', seals: '' }] })}
        onRemove={(i) => change({ equipment: withoutAt(form.equipment, i) })}
      >
        {(one, i) => {
          const path = `/sections/transport/equipment/${i}`;
          const set = (part: Partial<typeof one>): void => change({ equipment: replaceAt(form.equipment, i, part) });
          return (
            <div class="fields">
              <SelectField
                {...bind(findings, `${path}/kind`)}
                label={t('filing.equipmentKind')}
                value={one.kind}
                onChange={(kind) => set({ kind: kind as typeof one.kind })}
                options={['container', 'trailer', 'wagon'].map((value) => ({ value, label: word('equipment', value) }))}
              />
              <TextField
                {...bind(findings, `${path}/identification`)}
                label={t('filing.identification')}
                value={one.identification}
                maxLength={30}
                onChange={(identification) => set({ identification })}
              />
              <TextField
                {...bind(findings, `${path}/seals/0`)}
                label={t('filing.seals')}
                hint={t('filing.sealsHint')}
                optional
                value={one.seals}
                maxLength={300}
                onChange={(seals) => set({ seals })}
              />
            </div>
          );
        }}
      </Repeated>
      <h2>{t('filing.temperature')}</h2>
      <div class="fields">
        <TextField
          {...bind(findings, '/sections/transport/temperature')}
          label={t('filing.minimum')}
          optional
          inputMode="decimal"
          short
          value={form.minimum}
          maxLength={6}
          onChange={(minimum) => change({ minimum })}
        />
        <TextField
          {...bind(findings, '/sections/transport/temperature/maximum')}
          label={t('filing.maximum')}
          optional
          inputMode="decimal"
          short
          value={form.maximum}
          maxLength={6}
          onChange={(maximum) => change({ maximum })}
        />
      </div>
    </>
  );
}

const REGISTRATIONS = ['orchard', 'packing-house', 'slaughterhouse', 'processing-plant', 'storage'];
const TREATMENTS = ['cold-treatment', 'fumigation', 'irradiation', 'heat-treatment'];

export function SanitaryStep({ form, change, findings }: StepProps) {
  return (
    <>
      <Notice>
        <p>{t('filing.sanitaryHint')}</p>
      </Notice>
      <h2>{t('filing.registrations')}</h2>
      <Repeated
        list={form.registrations}
        empty={t('filing.noRegistrations')}
        legend={(i) => t('filing.registration', { number: i + 1 })}
        add={t('filing.addRegistration')}
        onAdd={() =>
          change({
            registrations: [
              ...form.registrations,
              { kind: 'orchard', number: '', name: '', placeName: '', placeCountry: form.originCountry },
            ],
          })
        }
        onRemove={(i) => change({ registrations: withoutAt(form.registrations, i) })}
      >
        {(one, i) => {
          const path = `/sections/sanitary/registrations/${i}`;
          const set = (part: Partial<typeof one>): void =>
            change({ registrations: replaceAt(form.registrations, i, part) });
          return (
            <div class="fields">
              <SelectField
                {...bind(findings, `${path}/kind`)}
                label={t('filing.registrationKind')}
                value={one.kind}
                onChange={(kind) => set({ kind })}
                options={REGISTRATIONS.map((value) => ({ value, label: word('registration', value) }))}
              />
              <TextField
                {...bind(findings, `${path}/number`)}
                label={t('filing.registrationNumber')}
                value={one.number}
                maxLength={60}
                onChange={(number) => set({ number })}
              />
              <TextField
                {...bind(findings, `${path}/name`)}
                label={t('filing.partyName')}
                value={one.name}
                maxLength={200}
                onChange={(name) => set({ name })}
              />
              <TextField
                {...bind(findings, `${path}/place/name`)}
                label={t('filing.place')}
                value={one.placeName}
                maxLength={120}
                onChange={(placeName) => set({ placeName })}
              />
              <CountryField
                {...bind(findings, `${path}/place/country`)}
                label={t('filing.country')}
                value={one.placeCountry}
                onChange={(placeCountry) => set({ placeCountry })}
              />
            </div>
          );
        }}
      </Repeated>
      <h2>{t('filing.treatments')}</h2>
      <Repeated
        list={form.treatments}
        empty={t('filing.noTreatments')}
        legend={(i) => t('filing.treatment', { number: i + 1 })}
        add={t('filing.addTreatment')}
        onAdd={() =>
          change({
            treatments: [...form.treatments, { kind: 'cold-treatment', started: '', ended: '', parameters: '' }],
          })
        }
        onRemove={(i) => change({ treatments: withoutAt(form.treatments, i) })}
      >
        {(one, i) => {
          const path = `/sections/sanitary/treatments/${i}`;
          const set = (part: Partial<typeof one>): void => change({ treatments: replaceAt(form.treatments, i, part) });
          return (
            <div class="fields">
              <SelectField
                {...bind(findings, `${path}/kind`)}
                label={t('filing.treatmentKind')}
                value={one.kind}
                onChange={(kind) => set({ kind })}
                options={TREATMENTS.map((value) => ({ value, label: word('treatment', value) }))}
              />
              <TimeField
                {...bind(findings, `${path}/started`)}
                label={t('filing.started')}
                value={one.started}
                onChange={(started) => set({ started })}
              />
              <TimeField
                {...bind(findings, `${path}/ended`)}
                label={t('filing.ended')}
                value={one.ended}
                onChange={(ended) => set({ ended })}
              />
              <TextField
                {...bind(findings, `${path}/parameters`)}
                label={t('filing.parameters')}
                hint={t('filing.parametersHint')}
                value={one.parameters}
                maxLength={300}
                onChange={(parameters) => set({ parameters })}
              />
            </div>
          );
        }}
      </Repeated>
    </>
  );
}

function TimeField({
  label,
  value,
  onChange,
  id,
  problem,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly id: string;
  readonly problem?: string;
}) {
  return (
    <Field label={label} id={id} {...(problem === undefined ? {} : { problem })}>
      {(wiring) => (
        <input
          {...wiring}
          type="datetime-local"
          class="short"
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function DriverStep({ form, change, findings }: StepProps) {
  return (
    <>
      <Notice>
        <p>{t('filing.driverHint')}</p>
      </Notice>
      <Repeated
        list={form.drivers}
        empty={t('filing.noDrivers')}
        legend={(i) => t('filing.driver', { number: i + 1 })}
        add={t('filing.addDriver')}
        onAdd={() => change({ drivers: [...form.drivers, { name: '', licence: '', phone: '' }] })}
        onRemove={(i) => change({ drivers: withoutAt(form.drivers, i) })}
      >
        {(one, i) => {
          const path = `/sections/driver/drivers/${i}`;
          const set = (part: Partial<typeof one>): void => change({ drivers: replaceAt(form.drivers, i, part) });
          return (
            <div class="fields">
              <TextField
                {...bind(findings, `${path}/name`)}
                label={t('filing.driverName')}
                value={one.name}
                maxLength={120}
                onChange={(name) => set({ name })}
              />
              <TextField
                {...bind(findings, `${path}/licence`)}
                label={t('filing.licence')}
                optional
                value={one.licence}
                maxLength={40}
                onChange={(licence) => set({ licence })}
              />
              <TextField
                {...bind(findings, `${path}/phone`)}
                label={t('filing.phone')}
                hint={t('filing.phoneHint')}
                type="tel"
                optional
                value={one.phone}
                maxLength={30}
                onChange={(phone) => set({ phone })}
              />
            </div>
          );
        }}
      </Repeated>
    </>
  );
}
