import { parse } from 'csv-parse/browser/esm/sync';
import { isCurrencyCode } from '../codes.ts';
import { readRate, UNITS, Unreadable } from './rate.ts';
import { TABLES } from './reading.ts';
import { cellsOf } from './table.ts';

/**
 * A table as a ministry holds it, made into rows of a pack: codes with dots, decimal commas, rates in words. What could mean two things
 * is a finding, never a guess, and a table with findings adds nothing.
 */

export interface ImportSpec {
  /** Column of `measures.csv` → header of the table; `goods` is needed. */
  readonly columns: Readonly<Record<string, string>>;
  /** Column of `measures.csv` → the same value for all rows; `{row}` and `{code}` are put in. */
  readonly fixed: Readonly<Record<string, string>>;
  readonly decimal: 'point' | 'comma';
  /** How many digits codes have whose leading zero a spreadsheet has dropped; undefined: such a code is a finding. */
  readonly pad?: 8 | 10 | undefined;
}

export interface ImportFinding {
  /** Of the table, the header being row 1. */
  readonly row: number;
  readonly column: string;
  readonly code:
    | 'not-a-table'
    | 'column-missing'
    | 'column-unknown'
    | 'cell-missing'
    | 'code-unreadable'
    | 'rate-unreadable'
    | 'duplicate';
  readonly message: string;
}

/** Rows by the columns of their table. */
type Rows = readonly Readonly<Record<string, string>>[];

export interface Imported {
  readonly measures: Rows;
  /** Lines of the member's own nomenclature that the measures name. */
  readonly codes: Rows;
  readonly findings: readonly ImportFinding[];
}

const MOST_ROWS = 200_000;
const FREE = /^(free|exempt|беспошлинно|освобождается|0(?:[.,]0+)?\s*%?)$/i;
const NUMBER = String.raw`(\d{1,12}(?:[.,]\d{1,6})?)`;
const PER_CENT = new RegExp(`^${NUMBER}\\s*%?$`);
const AMOUNT = String.raw`${NUMBER}\s*([\p{L}]+)\s*(?:/|per|за)\s*(?:1\s*)?([\p{L}\d]+)`;
const SPECIFIC = new RegExp(`^${AMOUNT}$`, 'u');
const AT_LEAST = new RegExp(`^${NUMBER}\\s*%?\\s*,?\\s*(?:but not less than|min\\.?|но не менее)\\s*${AMOUNT}$`, 'iu');
const PLUS = new RegExp(`^${NUMBER}\\s*%\\s*(?:\\+|plus|плюс)\\s*${AMOUNT}$`, 'iu');

const MONEY: Readonly<Record<string, string>> = {
  евро: 'EUR',
  euro: 'EUR',
  доллар: 'USD',
  доллара: 'USD',
  долларов: 'USD',
};
const AMOUNTS: Readonly<Record<string, string>> = { кг: 'kg', т: 't', тонну: 't', л: 'l', литр: 'l', пару: 'pair' };

/**
 * A rate in words of a tariff, as a pack writes it.
 *
 * @throws Unreadable
 * @example readTariffRate('15, но не менее 0,15 евро за 1 кг', 'comma') // 'max(15%, 0.15 EUR/kg)'
 */
export function readTariffRate(text: string, decimal: ImportSpec['decimal']): string {
  const own = text.replaceAll(/\s+/gu, ' ').trim();
  const number = (part: string | undefined): string => {
    const found = part ?? '';
    // 1,500 is a thousand and a half or one and a half: only who knows the table can say.
    if (found.includes(decimal === 'comma' ? '.' : ','))
      throw new Unreadable(`${found} has another decimal sign than was said.`, found);
    return found.replace(',', '.').replace(/^0+(?=\d)/, '');
  };
  const specific = (amount?: string, money = '', unit = ''): string => {
    const currency = MONEY[money.toLowerCase()] ?? money.toUpperCase();
    const counted = AMOUNTS[unit.toLowerCase()] ?? unit;
    if (!isCurrencyCode(currency)) throw new Unreadable(`${money} is no currency.`, money);
    if (!Object.hasOwn(UNITS, counted)) throw new Unreadable(`${unit} is no unit.`, unit);
    return `${number(amount)} ${currency}/${counted}`;
  };
  const written = (): string => {
    if (FREE.test(own)) return 'free';
    const [, percent] = PER_CENT.exec(own) ?? [];
    if (percent !== undefined) return `${number(percent)}%`;
    const least = AT_LEAST.exec(own);
    if (least !== null) return `max(${number(least[1])}%, ${specific(least[2], least[3], least[4])})`;
    const plus = PLUS.exec(own);
    if (plus !== null) return `${number(plus[1])}% + ${specific(plus[2], plus[3], plus[4])}`;
    const alone = SPECIFIC.exec(own);
    if (alone !== null) return specific(alone[1], alone[2], alone[3]);
    throw new Unreadable(
      'The rate is none that is known: 5, 5%, free, 0.2 EUR/kg, 5% but not less than 0.2 EUR per kg.',
      own,
    );
  };
  const rate = written();
  readRate(rate);
  return rate;
}

/** @throws Unreadable @example readTariffCode('0809.29.00', undefined) // '08092900' */
export function readTariffCode(text: string, pad: ImportSpec['pad']): string {
  const digits = text.replaceAll(/[\s. -]/gu, '');
  if (!/^\d{1,10}$/.test(digits))
    throw new Unreadable('A goods code has digits, points and spaces only, ten digits at most.', text);
  const even = [2, 4, 6, 8, 10].includes(digits.length);
  if (pad !== undefined && digits.length === pad - 1) return digits.padStart(pad, '0');
  if (!even)
    throw new Unreadable(
      'The code has an odd number of digits: a leading zero may be lost. Say how long codes are.',
      text,
    );
  return digits;
}

function rowsOf(csv: string): string[][] | string {
  const text = csv.replace(/^\uFEFF/, '');
  const [head = ''] = text.split('\n', 1);
  const delimiter = [';', '\t', ','].find((sign) => head.includes(sign)) ?? ',';
  try {
    return parse(text, { delimiter, relax_column_count: true, skip_empty_lines: true }) as string[][];
  } catch (error) {
    return (error as Error).message;
  }
}

export function importTable(csv: string, spec: ImportSpec): Imported {
  const findings: ImportFinding[] = [];
  const fault = (row: number, column: string, code: ImportFinding['code'], message: string): void => {
    if (findings.length < 100) findings.push({ row, column, code, message });
  };
  const nothing = (): Imported => ({ measures: [], codes: [], findings });
  const rows = rowsOf(csv);
  if (typeof rows === 'string') fault(1, '', 'not-a-table', `The table can't be read: ${rows}`);
  else if (rows.length > MOST_ROWS) fault(1, '', 'not-a-table', `A table has at most ${MOST_ROWS} rows.`);
  if (typeof rows === 'string' || findings.length > 0) return nothing();
  const [header = [], ...body] = rows;
  const known = TABLES['measures.csv']?.columns ?? [];
  for (const name of [...Object.keys(spec.columns), ...Object.keys(spec.fixed)])
    if (!known.includes(name)) fault(1, name, 'column-unknown', `measures.csv has no column ${name}.`);
  const places = new Map<string, number>();
  for (const [name, head] of Object.entries(spec.columns)) {
    const place = header.findIndex((one) => one.trim() === head.trim());
    if (place === -1)
      fault(1, head, 'column-missing', `The table has no column ${head}; it has ${header.join(', ').slice(0, 300)}.`);
    else places.set(name, place);
  }
  if (!('goods' in spec.columns)) fault(1, 'goods', 'column-missing', 'Say which column holds the codes of goods.');
  if (findings.length > 0) return nothing();

  const measures: Record<string, string>[] = [];
  const codes: Record<string, string>[] = [];
  const seen = new Map<string, number>();
  for (const [i, cells] of body.entries()) {
    const row = i + 2;
    const cell = (name: string): string => {
      const place = places.get(name);
      return place === undefined ? '' : (cells[place] ?? '').trim();
    };
    const read = (name: string, code: ImportFinding['code'], reader: (text: string) => string): string | undefined => {
      const text = cell(name);
      if (text === '') fault(row, name, 'cell-missing', `The row has no ${name}.`);
      else
        try {
          return reader(text);
        } catch (error) {
          if (!(error instanceof Unreadable)) throw error;
          fault(row, name, code, `${text.slice(0, 60)}: ${error.message}`);
        }
      return undefined;
    };
    const goods = read('goods', 'code-unreadable', (text) => readTariffCode(text, spec.pad));
    const rate = places.has('rate')
      ? read('rate', 'rate-unreadable', (text) => readTariffRate(text, spec.decimal))
      : '';
    if (goods === undefined || rate === undefined) continue;
    const fill = (text: string): string => text.replaceAll('{row}', String(row)).replaceAll('{code}', goods);
    const own: Record<string, string> = { area: '*' };
    for (const [name, text] of Object.entries(spec.fixed)) own[name] = fill(text);
    for (const name of places.keys()) own[name] = cell(name);
    const { type = 'duty', direction = 'import', area = '*' } = own;
    const id = [direction, own['series'] || type, goods, ...(area === '*' ? [] : [area])].join('-').toLowerCase();
    const measure = own['measure'] ?? id.replaceAll(/[^a-z0-9]+/g, '-');
    const before = seen.get(measure);
    if (before !== undefined) {
      fault(row, 'goods', 'duplicate', `The same goods, ${goods}, stand in row ${before} already.`);
      continue;
    }
    seen.set(measure, row);
    const worded = { en: own['en'] || `Rate for goods of ${goods}.`, ru: own['ru'] || `Ставка для товаров ${goods}.` };
    measures.push({ ...own, ...worded, measure, type, direction, goods, ...(rate === '' ? {} : { rate }) });
    const { from = '', to = '', source = '', place = '', read: day = '', confidence = '' } = own;
    if (goods.length > 6) codes.push({ code: goods, from, to, source, place, read: day, confidence, ...worded });
  }
  return findings.length > 0 ? nothing() : { measures, codes, findings };
}

const quoted = (cell: string): string => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/**
 * A table of a pack with rows added in the order of its own columns. A row that stands there already, cell by cell, is not added again.
 *
 * @param text the table as it is; empty where the pack has none yet
 * @param key the column that tells rows apart
 * @returns undefined, with what stands in the way, where another row has the same key
 */
export function withRows(
  file: string,
  text: string,
  key: string,
  rows: Rows,
): { readonly text: string; readonly added: number } | { readonly taken: readonly string[] } {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const columns = lines[0] === undefined ? (TABLES[file]?.columns ?? []) : cellsOf(lines[0]);
  const place = columns.indexOf(key);
  const held = new Map(lines.slice(1).map((line) => [cellsOf(line)[place] ?? '', cellsOf(line)]));
  const added: string[] = [];
  const taken: string[] = [];
  for (const row of rows) {
    const cells = columns.map((column) => row[column] ?? '');
    const before = held.get(row[key] ?? '');
    if (before === undefined) added.push(cells.map(quoted).join(','));
    else if (before.join('\u0000') !== cells.join('\u0000')) taken.push(row[key] ?? '');
  }
  if (taken.length > 0) return { taken };
  const kept = lines.length === 0 ? [columns.join(',')] : lines;
  return { text: `${[...kept, ...added].join('\n')}\n`, added: added.length };
}
