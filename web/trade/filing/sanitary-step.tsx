import { t } from '../../languages/index.ts';
import { Field, SelectField, TextField } from '../../parts/field.tsx';
import { Notice } from '../../parts/say.tsx';
import { word } from '../words.ts';
import { bind, CountryField, Repeated, replaceAt, type StepProps, withoutAt } from './fields.tsx';

/** What plant and animal health ask for. */

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
