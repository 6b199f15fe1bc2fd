import { isPlainDate } from '../../values/plain-date.ts';
import { isCurrencyCode, isHsChapter } from '../codes.ts';
import { type Citation, CONFIDENCES, type Confidence, type Source, type Validity, type Wording } from './measure.ts';
import { Unreadable } from './rate.ts';
import { Cells, copied, Faults, type Row, readTable, type Table } from './table.ts';

/** What the tables of a pack are called, which columns they have, and how a cell of each kind is read. */

const CITED = ['source', 'place', 'read', 'confidence'];
const WORDED = ['en', 'ru'];
const VALID = ['from', 'to'];

/** File → its columns, and those that may be left out. */
export const TABLES: Readonly<
  Record<string, { readonly columns: readonly string[]; readonly optional: readonly string[] }>
> = {
  'pack.csv': { columns: ['member', 'version', 'published', 'currency'], optional: [] },
  'sources.csv': { columns: ['source', 'title', 'publisher', 'edition', 'address'], optional: [] },
  'areas.csv': { columns: ['area', 'countries', ...CITED, ...WORDED], optional: [] },
  'documents.csv': {
    columns: ['document', 'code', 'issuer', 'where', 'takes', 'valid', 'form', 'needs', ...CITED, ...WORDED],
    optional: [],
  },
  'conditions.csv': { columns: ['condition', 'expression', ...CITED, ...WORDED], optional: [] },
  'parameters.csv': { columns: ['parameter', 'value', 'unit', ...VALID, ...CITED, ...WORDED], optional: [] },
  'quotas.csv': { columns: ['quota', 'volume', 'unit', 'critical', ...VALID, ...CITED, ...WORDED], optional: [] },
  'quota-events.csv': { columns: ['event', 'quota', 'kind', 'amount', 'on', ...CITED], optional: [] },
  'codes.csv': { columns: ['code', ...VALID, ...CITED, ...WORDED], optional: [] },
  'exchange.csv': { columns: ['currency', 'amount', 'per', 'from', ...CITED], optional: [] },
  'steps.csv': {
    columns: ['step', 'direction', 'at', 'after', 'goods', 'when', 'authority', 'where', ...CITED, ...WORDED],
    optional: ['goods', 'when'],
  },
  'measures.csv': {
    columns: [
      ...['measure', 'type', 'series', 'direction', 'goods', 'except', 'area', 'exclude', 'when', 'rate', 'base'],
      ...['requires', 'quota', ...VALID, ...CITED, ...WORDED],
    ],
    optional: [],
  },
};
const NEEDED = ['pack.csv', 'sources.csv', 'measures.csv'];

export const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const DECIMAL = /^\d{1,15}(\.\d{1,8})?$/;
const PERIOD = /^P(?=.)(\d{1,3}Y)?(\d{1,3}M)?(\d{1,3}W)?(\d{1,4}D)?(T(?=\d)(\d{1,3}H)?(\d{1,3}M)?)?$/;

export const day = (text: string): string => {
  if (!isPlainDate(text)) throw new Unreadable('A day is written YYYY-MM-DD.', text);
  return text;
};
export const decimal = (text: string): string => {
  if (!DECIMAL.test(text)) throw new Unreadable('A number has digits and at most one point.', text);
  return text;
};
export const oneOf =
  <T extends string>(allowed: readonly T[]) =>
  (text: string): T => {
    const found = allowed.find((one) => one === text);
    if (found === undefined) throw new Unreadable(`It is none of ${allowed.join(', ')}.`, text);
    return found;
  };
export const currency = (text: string): string => {
  if (!isCurrencyCode(text)) throw new Unreadable('A currency is a code of ISO 4217.', text);
  return text;
};
export const words = (text: string): string[] => (text === '' ? [] : text.split(' '));
export const prefixes = (text: string): readonly string[] => {
  if (text === '*') return [''];
  const found = words(text);
  for (const one of found)
    if (!/^(\d{2}|\d{4}|\d{6}|\d{8}|\d{10})$/.test(one) || !isHsChapter(one.slice(0, 2)))
      throw new Unreadable(
        `${one} is no prefix of a goods code: 2, 4, 6, 8 or 10 digits of a chapter that exists.`,
        one,
      );
  if (new Set(found).size !== found.length) throw new Unreadable('A prefix stands twice.', text);
  return found;
};
export const period = (text: string): string | undefined => {
  if (text === 'unknown' || text === '') return undefined;
  if (!PERIOD.test(text)) throw new Unreadable('A duration is written as in ISO 8601, e.g. P10D, or unknown.', text);
  return text;
};
export const known = (text: string): string | undefined => (text === '' || text === 'unknown' ? undefined : text);
export const address = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol))
    throw new Unreadable('An address begins with https:// or http://.', text);
  return text;
};

/** What a row says, and its line in the file. */
export interface Line<T> {
  readonly line: number;
  readonly value: T;
}

/** What the tables know while they are read. */
export class Reading {
  readonly faults = new Faults();
  readonly tables = new Map<string, Table>();
  readonly sources = new Map<string, Source>();
  readonly #citations = new Map<string, Citation>();
  readonly #wordings = new Map<string, Wording>();

  constructor(files: ReadonlyMap<string, string>) {
    for (const name of NEEDED)
      if (!files.has(name)) this.faults.add(name, undefined, undefined, 'file-missing', `A pack needs ${name}.`);
    for (const [name, text] of files) {
      const spec = Object.hasOwn(TABLES, name) ? TABLES[name] : undefined;
      if (spec === undefined) {
        this.faults.add(name.slice(0, 100), undefined, undefined, 'file-unknown', 'No table of a pack has this name.');
        continue;
      }
      const table = readTable(name, text, spec.columns, spec.optional, this.faults);
      if (table !== undefined) this.tables.set(name, table);
    }
  }

  /** Reads each row of a table; a row with a fault is left out, so that its faults do not breed others. */
  rows<T>(file: string, read: (row: Row, cells: Cells) => T | undefined): Line<T>[] {
    const table = this.tables.get(file);
    if (table === undefined) return [];
    const cells = new Cells(table, this.faults);
    const found: Line<T>[] = [];
    for (const row of table.rows) {
      cells.broken = false;
      const value = read(row, cells);
      if (value !== undefined && !cells.broken) found.push({ line: row.line, value });
    }
    return found;
  }

  /** Rows by their id, of which no two may be the same. */
  named<T>(file: string, column: string, read: (id: string, row: Row, cells: Cells) => T | undefined): Map<string, T> {
    const seen = new Map<string, number>();
    const found = new Map<string, T>();
    this.rows(file, (row, cells) => {
      const id = copied(cells.some(row, column));
      if (!ID.test(id))
        cells.fault(row, column, 'cell-unreadable', 'An id has lower-case letters, digits and hyphens.');
      const before = seen.get(id);
      if (before !== undefined) cells.fault(row, column, 'duplicate', `${id} stands in line ${before} already.`);
      seen.set(id, row.line);
      const value = read(id, row, cells);
      if (value !== undefined && !cells.broken) found.set(id, value);
      return value;
    });
    return found;
  }

  citation(row: Row, cells: Cells): Citation | undefined {
    const source = cells.text(row, 'source');
    const place = cells.text(row, 'place');
    const read = cells.text(row, 'read');
    const confidence = cells.text(row, 'confidence');
    const key = `${source}\u0000${place}\u0000${read}\u0000${confidence}`;
    const before = this.#citations.get(key);
    if (before !== undefined) return before;
    for (const [column, text] of Object.entries({ source, place, read, confidence }))
      if (text === '')
        cells.fault(
          row,
          column,
          'source-missing',
          `A value has a source, the place in it, the day it was read and a confidence; ${column} is missing.`,
        );
    const from = this.sources.get(source);
    if (source !== '' && from === undefined)
      cells.fault(row, 'source', 'not-declared', `sources.csv has no source ${source}.`);
    const at = read === '' ? undefined : cells.read(row, 'read', day);
    const sure = confidence === '' ? undefined : cells.read<Confidence>(row, 'confidence', oneOf(CONFIDENCES));
    if (from === undefined || place === '' || at === undefined || sure === undefined) return undefined;
    const citation: Citation = { source: from, place: copied(place), read: at, confidence: sure };
    this.#citations.set(key, citation);
    return citation;
  }

  wording(row: Row, cells: Cells): Wording {
    const en = cells.some(row, 'en');
    const ru = cells.some(row, 'ru');
    const key = `${en}\u0000${ru}`;
    const before = this.#wordings.get(key);
    if (before !== undefined) return before;
    const wording = { en: copied(en), ru: copied(ru) };
    this.#wordings.set(key, wording);
    return wording;
  }
}

export function validity(row: Row, cells: Cells): Validity | undefined {
  if (cells.some(row, 'from') === '') return undefined;
  const from = cells.read(row, 'from', day);
  const to = cells.read(row, 'to', (text) => (text === '' ? undefined : day(text)));
  if (from !== undefined && to !== undefined && to < from)
    cells.fault(row, 'to', 'dates-reversed', `The validity ends on ${to}, before it begins on ${from}.`);
  return from === undefined ? undefined : { from, to };
}
