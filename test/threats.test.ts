import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './demo.ts';

/** Every row of THREATS.md names a test that exists, or says why there is none. */

interface Row {
  readonly adversary: string;
  readonly can: string;
  readonly test: string;
}

/** Rows of the table; a row that has not five cells is told by its beginning. */
function rowsOf(text: string): { rows: Row[]; broken: string[] } {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  const cells = lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  return {
    rows: cells.flatMap(([adversary = '', can = '', , , test = ''], i) =>
      cells[i]?.length === 5 ? [{ adversary, can, test }] : [],
    ),
    broken: cells.filter((one) => one.length !== 5).map(([first = '']) => first),
  };
}

/** What is wrong with the table. */
function faultsOf(text: string, exists: (path: string) => boolean): string[] {
  const { rows, broken } = rowsOf(text);
  return [
    ...broken.map((one) => `${one}: not five cells`),
    ...rows.flatMap(({ adversary, can, test }) => {
      const files = [...test.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
      if (files.length === 0 && !/^none: .{10,}/.test(test)) return [`${adversary}, ${can}: no test and no reason`];
      return files
        .filter((path) => !/\.test\.tsx?$/.test(path) || !exists(path))
        .map((path) => `${adversary}, ${can}: ${path} is no test`);
    }),
  ];
}

test('the table of threats', () => {
  const text = readFileSync(join(root, 'THREATS.md'), 'utf8');
  expect(faultsOf(text, (path) => existsSync(join(root, path)))).toEqual([]);
  const { rows } = rowsOf(text);
  for (const who of ['trader', 'officer', 'node operator', 'member', 'network', 'backup thief', 'restored witness'])
    expect(rows.map(({ adversary }) => adversary)).toContain(who);
  for (let k = 1; k <= 5; k++)
    expect(
      rows.some(({ adversary }) => adversary.includes(`with ${k} witness`)),
      String(k),
    ).toBe(true);
  for (const key of ['member', 'log', 'witness', 'node', 'document'])
    expect(
      rows.some(({ adversary }) => adversary === `thief of a ${key} key`),
      key,
    ).toBe(true);
});

test('a row without a test, with one that is not there, or with a cell too few is told', () => {
  const table = (last: string) => `| a | b | c | d | e |\n|---|---|---|---|---|\n| x | y | z | r | ${last} |\n`;
  const faults = (text: string) => faultsOf(text, (path) => path === 'a/b.test.ts').length;
  expect(faults(table('`a/b.test.ts`'))).toBe(0);
  expect(faults(table('none: it can only be seen by people'))).toBe(0);
  expect(faults(table(''))).toBe(1);
  expect(faults(table('none'))).toBe(1);
  expect(faults(table('`a/c.test.ts`'))).toBe(1);
  expect(faults(table('`a/b.ts`'))).toBe(1);
  expect(faults('| a | b | c | d | e |\n|---|---|---|---|---|\n| x | y | z | `a/b.test.ts` |\n')).toBe(1);
});
