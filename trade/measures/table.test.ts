import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Unreadable } from './rate.ts';
import { cellsOf, Faults, readTable } from './table.ts';

const read = (line: string): string[] | undefined => {
  try {
    return cellsOf(line);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
};
/** What a well-known reader makes of one line. */
const theirs = (line: string): string[] | undefined => {
  try {
    return (parse(line) as string[][])[0];
  } catch {
    return undefined;
  }
};

test('any cells, written with quotation marks where they need them, are read as they were', () => {
  const quoted = (cell: string): string => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const cell = fc.string({ unit: fc.constantFrom('a', 'ж', '"', ',', ' ', '1', '樱') });
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 8 }), (cells) => {
      expect(read(cells.map(quoted).join(','))).toEqual(cells);
    }),
    { numRuns: 2000 },
  );
});

test('any line is read, or refused, as csv-parse does', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', 'b'), minLength: 1, maxLength: 14 }), (line) => {
      expect(read(line), line).toEqual(theirs(line));
    }),
    { numRuns: 5000 },
  );
});

test('rows of a table, whatever its line ends and whether its last line ends, with the line of each fault', () => {
  const faults = new Faults();
  const lines = ['\uFEFFa,b', '1,"x, y"', '2', '3,"open', '4,mid"dle', '5,"end"', ''];
  for (const [end, text] of [
    ['\n', lines.join('\n')],
    ['\r\n', lines.slice(0, -1).join('\r\n')],
  ] as const) {
    const table = readTable('t.csv', text, ['a', 'b'], [], faults);
    expect([...(table?.rows ?? [])], JSON.stringify(end)).toEqual([
      { line: 2, cells: ['1', 'x, y'] },
      { line: 6, cells: ['5', 'end'] },
    ]);
  }
  expect(faults.all.map(({ line, code }) => [line, code])).toEqual(
    [3, 4, 5, 3, 4, 5].map((line) => [line, 'not-a-table']),
  );
});

test('a fault far down a long table is told with its own line', () => {
  const faults = new Faults();
  const rows = Array.from({ length: 50_000 }, (_, i) => (i === 49_321 ? 'only one' : `${i},"a ""b"""`));
  const table = readTable('t.csv', ['a,b', ...rows].join('\n'), ['a', 'b'], [], faults);
  let read = 0;
  for (const { cells } of table?.rows ?? []) if (cells[1] === 'a "b"') read++;
  expect([read, faults.all.map(({ line }) => line)]).toEqual([49_999, [49_323]]);
});
