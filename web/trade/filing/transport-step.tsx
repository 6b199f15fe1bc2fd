import { t } from '../../languages/index.ts';
import { SelectField, TextField } from '../../parts/field.tsx';
import { word } from '../words.ts';
import { bind, CountryField, PartyFields, Repeated, replaceAt, type StepProps, withoutAt } from './fields.tsx';
import { EMPTY_LEG, legsOf } from './form.ts';

/** Who carries the goods, how and in what. */

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
