import type { ComponentChildren } from 'preact';
import { type Finding, findingText } from '../../api.ts';
import { t } from '../../languages/index.ts';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { countryOptions } from '../words.ts';
import { type FilingForm, fieldId, type PartyForm } from './form.ts';

/** What each step of a filing is given: the form, how to change it, and what was found wrong. */
export interface StepProps {
  readonly form: FilingForm;
  readonly change: (part: Partial<FilingForm>) => void;
  readonly findings: readonly Finding[];
}

/** What ties a field to its place in the filing: the error summary leads to it by the same path. */
export function bind(findings: readonly Finding[], path: string): { readonly id: string; readonly problem?: string } {
  const found = findings.find((one) => one.path === path);
  return { id: fieldId(path), ...(found === undefined ? {} : { problem: findingText(found) }) };
}

export const replaceAt = <T,>(list: readonly T[], i: number, part: Partial<T>): T[] =>
  list.map((one, j) => (j === i ? { ...one, ...part } : one));
export const withoutAt = <T,>(list: readonly T[], i: number): T[] => list.filter((_, j) => j !== i);

/** A firm or person: name, country, address, registration. @param path of the party in the filing */
export function PartyFields({
  legend,
  value,
  onChange,
  findings,
  path,
}: {
  readonly legend: string;
  readonly value: PartyForm;
  readonly onChange: (value: PartyForm) => void;
  readonly findings: readonly Finding[];
  readonly path: string;
}) {
  const set = (part: Partial<PartyForm>): void => onChange({ ...value, ...part });
  return (
    <fieldset>
      <legend>
        <h2>{legend}</h2>
      </legend>
      <TextField
        {...bind(findings, `${path}/name`)}
        label={t('filing.partyName')}
        value={value.name}
        maxLength={200}
        onChange={(name) => set({ name })}
      />
      <CountryField
        {...bind(findings, `${path}/country`)}
        label={t('filing.country')}
        value={value.country}
        onChange={(country) => set({ country })}
      />
      <TextField
        {...bind(findings, `${path}/address`)}
        label={t('filing.address')}
        optional
        value={value.address}
        maxLength={300}
        onChange={(address) => set({ address })}
      />
      <TextField
        {...bind(findings, `${path}/identifier`)}
        label={t('filing.identifier')}
        hint={t('filing.identifierHint')}
        optional
        value={value.identifier}
        maxLength={60}
        onChange={(identifier) => set({ identifier })}
      />
    </fieldset>
  );
}

export function CountryField({
  label,
  value,
  onChange,
  id,
  problem,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly id?: string;
  readonly problem?: string;
}) {
  return (
    <SelectField
      {...(id === undefined ? {} : { id })}
      label={label}
      {...(problem === undefined ? {} : { problem })}
      empty={t('filing.choose')}
      value={value}
      onChange={onChange}
      options={countryOptions()}
    />
  );
}

/** A list of like things to which one is added and from which one is taken. */
export function Repeated<T>({
  list,
  legend,
  add,
  empty,
  onAdd,
  onRemove,
  children,
}: {
  readonly list: readonly T[];
  readonly legend: (i: number) => string;
  readonly add: string;
  readonly empty?: string;
  readonly onAdd: () => void;
  readonly onRemove: (i: number) => void;
  readonly children: (one: T, i: number) => ComponentChildren;
}) {
  return (
    <div class="stack">
      {list.length === 0 && empty !== undefined && <p class="quiet">{empty}</p>}
      {list.map((one, i) => (
        <fieldset class="card" key={i}>
          <legend class="hidden-visually">{legend(i)}</legend>
          <div class="row spread">
            <strong aria-hidden="true">{legend(i)}</strong>
            <Button kind="quiet" small onClick={() => onRemove(i)}>
              {t('filing.remove')}
              <span class="hidden-visually">: {legend(i)}</span>
            </Button>
          </div>
          {children(one, i)}
        </fieldset>
      ))}
      <div>
        <Button kind="secondary" onClick={onAdd}>
          {add}
        </Button>
      </div>
    </div>
  );
}
