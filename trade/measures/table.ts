import { Unreadable } from './rate.ts';

/** The tables of a pack as CSV: one line a row, so that a line of an error is a line of the file. */

/** What is wrong with a pack, and where: it is refused whole, and the pack in force stays in force. */
export interface Fault {
  readonly file: string;
  /** Of the file, the header being line 1; absent where the file as a whole is meant. */
  readonly line?: number;
  readonly column?: string;
  readonly code: FaultCode;
  readonly message: string;
}

export type FaultCode =
  | 'file-missing'
  | 'file-unknown'
  | 'file-too-large'
  | 'link'
  | 'archive-damaged'
  | 'archive-encrypted'
  | 'archive-name'
  | 'not-text'
  | 'not-a-table'
  | 'column-missing'
  | 'column-unknown'
  | 'cell-missing'
  | 'cell-unreadable'
  | 'source-missing'
  | 'duplicate'
  | 'not-declared'
  | 'dates-reversed'
  | 'overlap'
  | 'gap'
  | 'circular'
  | 'too-many';

/** More faults than this are not listed: the first tell what to do. */
export const MOST_FAULTS = 100;
export const MOST_BYTES = 64 * 1024 * 1024;
const MOST_CELL = 2000;

export class Faults {
  readonly all: Fault[] = [];
  add(file: string, line: number | undefined, column: string | undefined, code: FaultCode, message: string): void {
    if (this.all.length > MOST_FAULTS) return;
    if (this.all.length === MOST_FAULTS) {
      this.all.push({
        file,
        code: 'too-many',
        message: `There are more than ${MOST_FAULTS} faults; the rest is not listed.`,
      });
      return;
    }
    const at = { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) };
    this.all.push({ ...at, code, message });
  }
}

/** One row: its line in the file, and its cells by the number of their column. */
export interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

export interface Table {
  readonly file: string;
  readonly columns: readonly string[];
  /** Read line by line as they are taken, once: a row that can't be read is told of and left out. */
  readonly rows: Iterable<Row>;
}

const QUOTE = 34;
const COMMA = 44;

/**
 * The cells of one line (RFC 4180; a row is one line). A reader of whole files costs more for each row than all that is made of it.
 * @throws Unreadable
 */
export function cellsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const cells: string[] = [];
  for (let at = 0; ; at++) {
    if (line.charCodeAt(at) !== QUOTE) {
      const comma = line.indexOf(',', at);
      const cell = comma === -1 ? line.slice(at) : line.slice(at, comma);
      if (cell.includes('"'))
        throw new Unreadable('A cell that holds a quotation mark begins and ends with one.', cell);
      cells.push(cell);
      at += cell.length;
    } else {
      let cell = '';
      for (at++; ; at += 2) {
        const end = line.indexOf('"', at);
        if (end === -1) throw new Unreadable('A cell begins with a quotation mark and does not end with one.', cell);
        cell += line.slice(at, end);
        at = end;
        if (line.charCodeAt(at + 1) !== QUOTE) break;
        cell += '"';
      }
      cells.push(cell);
      at++;
    }
    if (at >= line.length) return cells;
    if (line.charCodeAt(at) !== COMMA)
      throw new Unreadable('After a quotation mark that ends a cell stands a comma.', line);
  }
}

/** What the reader gives out of a text holds on to all of it; a copy does not. */
export const copied = (text: string): string => ` ${text}`.slice(1);

function* linesOf(text: string): Generator<string> {
  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = end === -1 ? text.slice(at) : text.slice(at, end);
    yield line.endsWith('\r') ? line.slice(0, -1) : line;
    at = end === -1 ? text.length : end + 1;
  }
}

/**
 * Reads a table whose header names its columns in any order.
 *
 * @param optional columns that may be left out
 * @returns undefined where the file is no such table; the faults say why
 */
export function readTable(
  file: string,
  text: string,
  columns: readonly string[],
  optional: readonly string[],
  faults: Faults,
): Table | undefined {
  if (text.length > MOST_BYTES) {
    faults.add(file, undefined, undefined, 'file-too-large', `A table has at most ${MOST_BYTES / 1024 / 1024} MiB.`);
    return undefined;
  }
  if (text.includes('\u0000') || !text.isWellFormed()) {
    faults.add(file, undefined, undefined, 'not-text', 'A table is text in UTF-8.');
    return undefined;
  }
  const unreadable = (line: number, error: unknown): void => {
    if (!(error instanceof Unreadable)) throw error;
    faults.add(file, line, undefined, 'not-a-table', `The row can't be read: ${error.message}`);
  };
  let header: readonly string[];
  try {
    header = cellsOf(linesOf(text).next().value ?? '').map(copied);
  } catch (error) {
    unreadable(1, error);
    return undefined;
  }
  let whole = true;
  for (const column of columns)
    if (!header.includes(column) && !optional.includes(column)) {
      faults.add(file, 1, column, 'column-missing', `The column ${column} is missing.`);
      whole = false;
    }
  for (const [i, column] of header.entries())
    if (!columns.includes(column) || header.indexOf(column) !== i) {
      const message = columns.includes(column)
        ? `The column ${column} stands twice.`
        : `No column is called ${column}.`;
      faults.add(file, 1, column.slice(0, 60), 'column-unknown', message);
      whole = false;
    }
  if (!whole) return undefined;
  function* rows(): Generator<Row> {
    let number = 0;
    for (const line of linesOf(text)) {
      number++;
      if (number === 1) continue;
      try {
        const cells = cellsOf(line);
        if (cells.length === header.length) yield { line: number, cells };
        else {
          const message = `The row has ${cells.length} cells, the header ${header.length}.`;
          faults.add(file, number, undefined, 'not-a-table', message);
        }
      } catch (error) {
        unreadable(number, error);
      }
    }
  }
  return { file, columns: header, rows: rows() };
}

/** Reads the cells of a table's rows by column, each text once: the same text gives the same value. */
export class Cells {
  readonly #table: Table;
  readonly #faults: Faults;
  readonly #index: ReadonlyMap<string, number>;
  readonly #read = new Map<string, Map<string, unknown>>();
  /** Whether a fault was found in the present row. */
  broken = false;

  constructor(table: Table, faults: Faults) {
    this.#table = table;
    this.#faults = faults;
    this.#index = new Map(table.columns.map((column, i) => [column, i]));
  }

  /** The text of a cell; empty where the column is left out. */
  text(row: Row, column: string): string {
    const i = this.#index.get(column);
    const text = i === undefined ? '' : (row.cells[i] ?? '');
    if (text.length > MOST_CELL || text.includes('\n') || text !== text.trim())
      this.fault(
        row,
        column,
        'cell-unreadable',
        'A cell is one line of at most 2,000 characters without spaces around it.',
      );
    return text;
  }

  /** A cell that may not be empty. */
  some(row: Row, column: string): string {
    const text = this.text(row, column);
    if (text === '') this.fault(row, column, 'cell-missing', `${column} is missing.`);
    return text;
  }

  /** What a reader makes of a cell; undefined, with a fault, where it can't. */
  read<T>(row: Row, column: string, reader: (text: string) => T): T | undefined {
    const text = this.text(row, column);
    const known = this.#read.get(column) ?? new Map<string, unknown>();
    this.#read.set(column, known);
    if (known.has(text)) return known.get(text) as T;
    try {
      // What is made of a text may hold it.
      const own = copied(text);
      const value = reader(own);
      known.set(own, value);
      return value;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.fault(row, column, 'cell-unreadable', error.message);
      return undefined;
    }
  }

  fault(row: Row, column: string | undefined, code: FaultCode, message: string): void {
    this.broken = true;
    this.#faults.add(this.#table.file, row.line, column, code, message);
  }
}
