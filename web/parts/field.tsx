import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { t } from '../languages/index.ts';

interface Labelled {
  readonly label: string;
  readonly hint?: string | undefined;
  /** What is wrong with it, as a sentence. */
  readonly problem?: string | undefined;
  readonly optional?: boolean;
  /** The error summary leads here. */
  readonly id?: string;
}

interface Wiring {
  readonly id: string;
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: 'true';
}

/** A labelled field: the control is given what ties it to its label, hint and problem. */
export function Field({
  label,
  hint,
  problem,
  optional = false,
  id,
  children,
}: Labelled & { readonly children: (wiring: Wiring) => ComponentChildren }) {
  const own = useId();
  const field = id ?? own;
  const described = [hint === undefined ? '' : `${field}-hint`, problem === undefined ? '' : `${field}-problem`].filter(
    Boolean,
  );
  return (
    <div class={problem === undefined ? 'field' : 'field has-problem'}>
      <label for={field}>
        {label}
        {optional && <span class="quiet"> ({t('part.optional')})</span>}
      </label>
      {hint !== undefined && (
        <p class="hint" id={`${field}-hint`}>
          {hint}
        </p>
      )}
      {problem !== undefined && (
        <p class="wrong" id={`${field}-problem`}>
          {problem}
        </p>
      )}
      {children({
        id: field,
        ...(described.length === 0 ? {} : { 'aria-describedby': described.join(' ') }),
        ...(problem === undefined ? {} : { 'aria-invalid': 'true' as const }),
      })}
    </div>
  );
}

/** A file to be chosen, in the reader's language: a browser's own button speaks the browser's. The same file can be chosen again. */
export function ChooseFile({
  accept,
  onFile,
  ...labelled
}: Labelled & { readonly accept?: string; readonly onFile: (file: File) => void }) {
  const [name, setName] = useState('');
  return (
    <Field {...labelled}>
      {(wiring) => (
        <div class="file">
          <input
            {...wiring}
            type="file"
            accept={accept}
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? [];
              if (file === undefined) return;
              setName(file.name);
              onFile(file);
              event.currentTarget.value = '';
            }}
          />
          <label class="button secondary" for={wiring.id}>
            {t('part.chooseFile')}
          </label>
          <span class="quiet">{name}</span>
        </div>
      )}
    </Field>
  );
}

interface TextProps extends Labelled {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly maxLength?: number;
  readonly type?: 'text' | 'search' | 'tel' | 'email' | 'url';
  readonly inputMode?: 'text' | 'decimal' | 'numeric';
  readonly short?: boolean;
  readonly rows?: number;
  readonly autocomplete?: string;
  readonly required?: boolean;
  readonly list?: string;
}

/** One line, or `rows` of them. */
export function TextField({
  value,
  onChange,
  rows,
  short,
  type = 'text',
  maxLength,
  inputMode,
  autocomplete = 'off',
  required,
  list,
  ...labelled
}: TextProps) {
  return (
    <Field {...labelled}>
      {(wiring) =>
        rows === undefined ? (
          <input
            {...wiring}
            type={type}
            class={short === true ? 'short' : undefined}
            value={value}
            maxLength={maxLength}
            inputMode={inputMode}
            autocomplete={autocomplete}
            aria-required={required}
            list={list}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        ) : (
          <textarea
            {...wiring}
            rows={rows}
            value={value}
            maxLength={maxLength}
            aria-required={required}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function SelectField({
  value,
  onChange,
  options,
  empty,
  short,
  ...labelled
}: Labelled & {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly Option[];
  /** A first choice that means none. */
  readonly empty?: string;
  readonly short?: boolean;
}) {
  return (
    <Field {...labelled}>
      {(wiring) => (
        <select
          {...wiring}
          class={short === true ? 'short' : undefined}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {empty !== undefined && <option value="">{empty}</option>}
          {options.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A day, chosen or typed. */
export function DayField({
  value,
  onChange,
  ...labelled
}: Labelled & { readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <Field {...labelled}>
      {(wiring) => (
        <input
          {...wiring}
          type="date"
          class="short"
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function CheckField({
  label,
  checked,
  onChange,
  id,
}: {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly id?: string;
}) {
  const own = useId();
  return (
    <div class="choice">
      <input
        type="checkbox"
        id={id ?? own}
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <label for={id ?? own}>{label}</label>
    </div>
  );
}

export function RadioField({
  legend,
  value,
  onChange,
  options,
  hint,
  problem,
}: {
  readonly legend: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly Option[];
  readonly hint?: string;
  readonly problem?: string | undefined;
}) {
  const name = useId();
  return (
    <fieldset class={problem === undefined ? 'field' : 'field has-problem'}>
      <legend>{legend}</legend>
      {hint !== undefined && <p class="hint">{hint}</p>}
      {problem !== undefined && <p class="wrong">{problem}</p>}
      {options.map((one) => (
        <div class="choice" key={one.value}>
          <input
            type="radio"
            id={`${name}-${one.value}`}
            name={name}
            value={one.value}
            checked={one.value === value}
            onChange={() => onChange(one.value)}
          />
          <label for={`${name}-${one.value}`}>{one.label}</label>
        </div>
      ))}
    </fieldset>
  );
}
