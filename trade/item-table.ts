import { parse } from 'csv-parse/browser/esm/sync';
import type { Finding } from '../values/refusal.ts';
import { MoneyValue } from '../values/schema.ts';
import { isCurrencyCode, isHsChapter, isPackageCode } from './codes.ts';
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
const MAX_BYTES = 5_000_000;
/** What a spreadsheet takes for a formula at the start of a cell; a hyphen before a number or a space is text. */
const FORMULA = /^([=+@]|-[A-Za-z(])/;

/** Column → the headers it goes by, in lower case. */
const COLUMNS = {
  number: ['number', 'item', 'no', 'no.', '№', 'номер', '№ п/п', 'позиция', '序号'],
  hs: [
    'hs',
    'hs code',
    'hs-code',
    'tariff code',
    'код тн вэд',
    'тн вэд',
    'код',
    'hs编码',
    '商品编码',
    'hs коды',
    'hs коду',
    'рамзи hs',
    'dyi hn kody',
    'tif tn kodi',
    'код hs',
  ],
  description: [
    'description',
    'goods',
    'description of goods',
    'наименование',
    'описание',
    'наименование товара',
    '品名',
    '货物名称',
    'сипаттама',
    'сүрөттөлүшү',
    'тавсиф',
    'beýany',
    'tavsif',
  ],
  origin: [
    'origin',
    'country of origin',
    'страна происхождения',
    'происхождение',
    '原产国',
    'шығу тегі',
    'келип чыгышы',
    'пайдоиш',
    'gelip çykyşy',
    'kelib chiqishi',
  ],
  netMass: [
    'net',
    'net mass',
    'net weight',
    'net kg',
    'net mass kg',
    'нетто',
    'вес нетто',
    'масса нетто',
    '净重',
    'нетто салмағы',
    'нетто салмагы',
    'вазни нетто',
    'netto agramy',
    'netto vazni',
  ],
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
    'брутто салмағы',
    'брутто салмагы',
    'вазни брутто',
    'brutto agramy',
    'brutto vazni',
  ],
  packageCode: [
    'package',
    'packages code',
    'package code',
    'package type',
    'код упаковки',
    'упаковка',
    '包装代码',
    'қаптама коды',
    'таңгактын коду',
    'рамзи бастабандӣ',
    'gaplama kody',
    'o‘ram kodi',
  ],
  packageCount: [
    'packages',
    'package count',
    'number of packages',
    'pieces',
    'мест',
    'количество мест',
    'кол-во мест',
    '件数',
    'орын саны',
    'жүк орундары',
    'ҷойҳои бор',
    'ýük ýerleriniň sany',
    'o‘rinlar soni',
    'число мест',
  ],
  marks: ['marks', 'shipping marks', 'маркировка', '唛头'],
  value: [
    'value',
    'amount',
    'price',
    'стоимость',
    'сумма',
    '金额',
    'құны',
    'нарк',
    'арзиш',
    'gymmaty',
    'qiymat',
    '货值',
  ],
  currency: ['currency', 'валюта', '币种', 'валютасы', 'асъор', 'walýutasy', 'valyuta'],
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
  const header =
    text
      .slice(0, 10_000)
      .replaceAll(/"[^"]*"/g, '')
      .split(/\r\n?|\n/, 1)[0] ?? '';
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

/** A row with its number in the file, the header being row 1. */
export interface Row {
  readonly row: number;
  readonly cells: readonly string[];
}

export interface RawTable {
  /** In lower case. */
  readonly header: readonly string[];
  /** Rows that are not empty. */
  readonly rows: readonly Row[];
}

/** Reads the text of a table: its header and rows, or why it can't be read. */
export function readTable(csv: string, mostRows: number): RawTable | Finding {
  const whole = (code: string, message: string, row: number): Finding => ({ path: '/csv', code, message, row });
  if (csv.length > MAX_BYTES || new TextEncoder().encode(csv).length > MAX_BYTES)
    return whole('table-too-large', 'The table is larger than 5 MB.', 1);
  const text = csv.replace(/^\ufeff/, '');
  let rows: string[][];
  try {
    rows = parse(text, {
      delimiter: delimiterOf(text),
      relax_column_count: true,
      skip_empty_lines: false,
      trim: true,
      max_record_size: 100_000,
      to: mostRows + 2,
    });
  } catch (error) {
    return whole(
      'table-unreadable',
      `The table can't be read: ${(error as Error).message}`,
      (error as { lines?: number }).lines ?? 1,
    );
  }
  if (rows.length > mostRows + 1)
    return whole('table-too-long', `The table has more than ${mostRows} rows.`, mostRows + 2);
  return {
    header: (rows[0] ?? []).map((cell) => cell.toLowerCase().replaceAll(/\s+/g, ' ')),
    rows: rows
      .map((cells, i) => ({ row: i + 1, cells }))
      .filter(({ row, cells }) => row > 1 && cells.some((cell) => cell !== '')),
  };
}

/** Where each known column stands; findings for one that stands twice, and for one that is needed and missing. */
export function placesOf<Name extends string>(
  header: readonly string[],
  columns: Readonly<Record<Name, readonly string[]>>,
  required: readonly Name[],
): { readonly at: ReadonlyMap<Name, number>; readonly findings: Finding[] } {
  const findings: Finding[] = [];
  const at = new Map<Name, number>();
  for (const [name, known] of Object.entries(columns) as [Name, readonly string[]][]) {
    const [first, second] = header.flatMap((cell, i) => (known.includes(cell) ? [i] : []));
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
  for (const name of required) {
    if (at.has(name)) continue;
    const [column = name] = columns[name];
    findings.push({
      path: '/csv',
      code: 'column-missing',
      message: `There is no column '${column}'.`,
      row: 1,
      params: { column },
    });
  }
  return { at, findings };
}

/**
 * Reads a table with a header row. Rows that are empty are passed over; every finding names its row and column, the header being
 * row 1.
 *
 * @example readItemTable('hs;description;origin;net;gross;package;packages\n080929;Cherries;UZ;20000;21200;CT;4000').items.length // 1
 */
export function readItemTable(csv: string): ItemTable {
  const table = readTable(csv, MAX_ROWS);
  return 'code' in table ? { items: [], values: [], findings: [table] } : readItems(table);
}

/** The items of rows that are read already. */
export function readItems({ header, rows }: RawTable): ItemTable {
  const { at, findings } = placesOf<Column>(header, COLUMNS, REQUIRED);
  if (findings.length > 0) return { items: [], values: [], findings };
  const items: ConsignmentItem[] = [];
  const numbers = new Set<number>();
  const values: ItemTable['values'] = [];
  for (const { row, cells } of rows) readRow(cells, row);
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
    // An unquoted decimal comma in a table of commas pushes every later cell aside.
    const extra = cells.findIndex((one, i) => i >= header.length && one !== '');
    if (extra >= 0) {
      findings.push({
        path: '/csv',
        code: 'row-too-long',
        message: 'The row has more cells than the header; text or numbers that hold the separator need quotes.',
        row,
        column: extra + 1,
      });
      return;
    }
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
    const packageCode = cell('packageCode').toUpperCase();
    const item = {
      number: cell('number') === '' ? Math.max(0, ...numbers) + 1 : Number(number('number')),
      hs: cell('hs').replaceAll(/[\s.]/g, ''),
      description: cell('description').replaceAll(/\s+/g, ' '),
      origin: cell('origin').toUpperCase(),
      netMass: number('netMass'),
      grossMass: number('grossMass'),
      packages: [
        {
          code: packageCode,
          count: Number(number('packageCount')),
          ...(cell('marks') === '' ? {} : { marks: cell('marks').replaceAll(/\r\n?/g, '\n') }),
        },
      ],
    };
    for (const name of ['description', 'marks'] as const) {
      if (FORMULA.test(cell(name))) finding(name, 'formula-refused', 'The cell holds a formula, not a text.');
    }
    // A spreadsheet drops a leading zero: five digits were six.
    if (/^\d{5}$|^\d{7}$|^\d{9}$/.test(item.hs))
      finding('hs', 'hs-digits', `'${cell('hs')}' has an odd number of digits; the leading zero may be lost.`);
    else if (/^\d{6,10}$/.test(item.hs) && !isHsChapter(item.hs.slice(0, 2)))
      finding('hs', 'hs-impossible', `'${cell('hs')}' begins with a chapter that the Harmonized System does not have.`);
    if (/^[0-9A-Z]{2}$/.test(packageCode) && !isPackageCode(packageCode))
      finding(
        'packageCode',
        'package-code-unknown',
        `'${cell('packageCode')}' is no package type of Recommendation 21.`,
      );
    if (item.number > 0 && numbers.has(item.number))
      finding('number', 'item-repeated', `Item ${item.number} stands twice.`);
    numbers.add(item.number);
    if (findings.length > before) return;
    const parsed = ConsignmentItem.safeParse(item);
    if (!parsed.success) {
      for (const issue of parsed.error.issues) finding(columnOf(issue.path), 'cell-wrong', issue.message);
      return;
    }
    items.push(parsed.data);
    if (cell('value') === '') return;
    const value = { amount: number('value'), currency: cell('currency').toUpperCase() };
    if (!isCurrencyCode(value.currency))
      finding('currency', 'currency-missing', 'A value needs an ISO 4217 currency code beside it.');
    if (findings.length > before) return;
    const money = MoneyValue.safeParse(value);
    if (money.success) values.push({ item: parsed.data.number, value: money.data });
    else finding('value', 'cell-wrong', 'The value must be a number with at most 15 digits and 6 decimals.');
  }
}

function columnOf(path: readonly PropertyKey[]): Column {
  const [first, , third] = path.map(String);
  if (first === 'packages') return third === 'count' ? 'packageCount' : third === 'marks' ? 'marks' : 'packageCode';
  return (first as Column | undefined) ?? 'number';
}
