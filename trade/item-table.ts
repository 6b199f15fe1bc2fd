import { parse } from 'csv-parse/browser/esm/sync';
import type { Finding } from '../values/refusal.ts';
import { ConsignmentItem } from './section.ts';

/**
 * Consignment items as spreadsheets write them: comma, semicolon or tab; with or without a byte order mark; decimal comma or
 * point. What could mean two things is a finding, never a guess.
 */

export interface ItemTable {
  readonly items: ConsignmentItem[];
  readonly values: { item: number; value: { amount: string; currency: string } }[];
  readonly findings: Finding[];
}

const MAX_ROWS = 2000;

/** Column → the headers it goes by, in lower case. */
const COLUMNS = {
  number: ['number', 'item', 'no', 'no.', '№', 'номер', '№ п/п', 'позиция', '序号'],
  hs: ['hs', 'hs code', 'hs-code', 'tariff code', 'код тн вэд', 'тн вэд', 'код', 'hs编码', '商品编码'],
  description: [
    'description',
    'goods',
    'description of goods',
    'наименование',
    'описание',
    'наименование товара',
    '品名',
    '货物名称',
  ],
  origin: ['origin', 'country of origin', 'страна происхождения', 'происхождение', '原产国'],
  netMass: ['net', 'net mass', 'net weight', 'net kg', 'net mass kg', 'нетто', 'вес нетто', 'масса нетто', '净重'],
  grossMass: [
    'gross',
    'gross mass',
    'gross weight',
    'gross kg',
    'gross mass kg',
    'брутто',
    'вес брутто',
    'масса брутто',
    '毛重',
  ],
  packageCode: ['package', 'packages code', 'package code', 'package type', 'код упаковки', 'упаковка', '包装代码'],
  packageCount: [
    'packages',
    'package count',
    'number of packages',
    'pieces',
    'мест',
    'количество мест',
    'кол-во мест',
    '件数',
  ],
  marks: ['marks', 'shipping marks', 'маркировка', '唛头'],
  value: ['value', 'amount', 'price', 'стоимость', 'сумма', '金额'],
  currency: ['currency', 'валюта', '币种'],
} as const satisfies Record<string, readonly string[]>;
type Column = keyof typeof COLUMNS;
const REQUIRED: readonly Column[] = [
  'hs',
  'description',
  'origin',
  'netMass',
  'grossMass',
  'packageCode',
  'packageCount',
];

/** The delimiter of the header row: the one that occurs most outside quotes. */
function delimiterOf(text: string): string {
  const header = (text.split(/\r?\n/, 1)[0] ?? '').replaceAll(/"[^"]*"/g, '');
  const counts = [';', '\t', ','].map((one) => ({ one, count: header.split(one).length - 1 }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).one;
}

/**
 * A number as people write it, as a decimal text; undefined where it is none; 'ambiguous' where one separator stands before exactly
 * three digits and could part thousands or decimals.
 *
 * @example readNumber('1 234,50') // '1234.50'
 * @example readNumber('1,234')    // 'ambiguous'
 */
export function readNumber(text: string): string | undefined {
  const plain = text.trim().replaceAll(/(?<=\d)[\u0020\u00a0\u202f'](?=\d{3}(?:\D|$))/g, '');
  const trim = (whole: string, decimals: string): string =>
    `${whole.replace(/^0+(?=\d)/, '')}${decimals === '' ? '' : `.${decimals}`}`;
  const simple = /^(\d+)$/.exec(plain);
  if (simple !== null) return trim(simple[1] ?? '', '');
  const both = /^(\d{1,3}([.,])\d{3}(?:\2\d{3})*)([.,])(\d{1,6})$/.exec(plain);
  if (both !== null && both[2] !== both[3]) return trim((both[1] ?? '').replaceAll(/[.,]/g, ''), both[4] ?? '');
  const grouped = /^\d{1,3}(?:([.,])\d{3}){2,}$/.exec(plain);
  if (grouped !== null)
    return new Set(plain.match(/[.,]/g)).size === 1 ? trim(plain.replaceAll(/[.,]/g, ''), '') : undefined;
  const one = /^(\d+)[.,](\d{1,6})$/.exec(plain);
  if (one === null) return undefined;
  const [, whole = '', decimals = ''] = one;
  // '0,500' can only be a fraction and '1234,500' only a decimal: a group before a separator has at most three digits and no leading zero.
  if (decimals.length === 3 && whole.length <= 3 && !whole.startsWith('0')) return 'ambiguous';
  return trim(whole, decimals);
}

/**
 * Reads a table with a header row. Rows that are empty are passed over; every finding names its row and column, the header being
 * row 1.
 *
 * @example readItemTable('hs;description;origin;net;gross;package;packages\n080929;Cherries;UZ;20000;21200;CT;4000').items.length // 1
 */
export function readItemTable(csv: string): ItemTable {
  const findings: Finding[] = [];
  const text = csv.replace(/^\ufeff/, '');
  let rows: string[][];
  try {
    rows = parse(text, {
      delimiter: delimiterOf(text),
      relax_column_count: true,
      skip_empty_lines: false,
      trim: true,
      max_record_size: 100_000,
      to: MAX_ROWS + 2,
    });
  } catch (error) {
    const line = (error as { lines?: number }).lines ?? 1;
    return {
      items: [],
      values: [],
      findings: [
        {
          path: '/csv',
          code: 'table-unreadable',
          message: `The table can't be read: ${(error as Error).message}`,
          row: line,
        },
      ],
    };
  }
  const header = (rows[0] ?? []).map((cell) => cell.toLowerCase().replaceAll(/\s+/g, ' '));
  const at = new Map<Column, number>();
  for (const [name, known] of Object.entries(COLUMNS) as [Column, readonly string[]][]) {
    const places = header.flatMap((cell, i) => (known.includes(cell) ? [i] : []));
    const [first, second] = places;
    if (first !== undefined) at.set(name, first);
    if (second !== undefined)
      findings.push({
        path: '/csv',
        code: 'column-repeated',
        message: `Two columns are called ${name}.`,
        row: 1,
        column: second + 1,
      });
  }
  for (const name of REQUIRED) {
    if (!at.has(name)) {
      findings.push({
        path: '/csv',
        code: 'column-missing',
        message: `There is no column '${COLUMNS[name][0]}'.`,
        row: 1,
        params: { column: COLUMNS[name][0] },
      });
    }
  }
  if (findings.length > 0) return { items: [], values: [], findings };
  if (rows.length > MAX_ROWS + 1) {
    return {
      items: [],
      values: [],
      findings: [
        {
          path: '/csv',
          code: 'table-too-long',
          message: `The table has more than ${MAX_ROWS} rows.`,
          row: MAX_ROWS + 2,
        },
      ],
    };
  }

  const items: ConsignmentItem[] = [];
  const values: ItemTable['values'] = [];
  for (const [i, cells] of rows.entries()) {
    if (i === 0 || cells.every((cell) => cell === '')) continue;
    readRow(cells, i + 1);
  }
  return { items, values, findings };

  function readRow(cells: readonly string[], row: number): void {
    const before = findings.length;
    const cell = (name: Column): string => cells[at.get(name) ?? -1] ?? '';
    const finding = (name: Column, code: string, message: string): void => {
      findings.push({
        path: '/csv',
        code,
        message,
        row,
        column: (at.get(name) ?? 0) + 1,
        params: { column: header[at.get(name) ?? -1] ?? name },
      });
    };
    const number = (name: Column): string => {
      const read = readNumber(cell(name));
      if (read === undefined) finding(name, 'number-wrong', `'${cell(name)}' is no number.`);
      if (read === 'ambiguous')
        finding(
          name,
          'number-ambiguous',
          `'${cell(name)}' could mean two numbers; write thousands without a separator.`,
        );
      return read === undefined || read === 'ambiguous' ? '0' : read;
    };
    const item = {
      number: cell('number') === '' ? items.length + 1 : Number(number('number')),
      hs: cell('hs').replaceAll(/[\s.]/g, ''),
      description: cell('description').replaceAll(/\s+/g, ' '),
      origin: cell('origin').toUpperCase(),
      netMass: number('netMass'),
      grossMass: number('grossMass'),
      packages: [
        {
          code: cell('packageCode').toUpperCase(),
          count: Number(number('packageCount')),
          ...(cell('marks') === '' ? {} : { marks: cell('marks') }),
        },
      ],
    };
    if (/^[=+@]/.test(item.description) || /^-[A-Za-z(]/.test(item.description)) {
      finding('description', 'formula-refused', 'The cell holds a formula, not a description.');
    }
    // A spreadsheet drops a leading zero: five digits were six.
    if (/^\d{5}$|^\d{7}$|^\d{9}$/.test(item.hs))
      finding('hs', 'hs-digits', `'${cell('hs')}' has an odd number of digits; the leading zero may be lost.`);
    if (findings.length > before) return;
    const parsed = ConsignmentItem.safeParse(item);
    if (!parsed.success) {
      for (const issue of parsed.error.issues) finding(columnOf(issue.path), 'cell-wrong', issue.message);
      return;
    }
    items.push(parsed.data);
    if (cell('value') === '') return;
    const amount = number('value');
    const currency = cell('currency').toUpperCase();
    if (!/^[A-Z]{3}$/.test(currency))
      finding('currency', 'currency-missing', 'A value needs an ISO 4217 currency code beside it.');
    else if (findings.length === before) values.push({ item: parsed.data.number, value: { amount, currency } });
  }
}

function columnOf(path: readonly PropertyKey[]): Column {
  const [first, , third] = path.map(String);
  if (first === 'packages') return third === 'count' ? 'packageCount' : third === 'marks' ? 'marks' : 'packageCode';
  return (first as Column | undefined) ?? 'number';
}
