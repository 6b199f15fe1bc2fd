import { expect, test } from 'vitest';
import { table } from './fixture.ts';
import { type ImportSpec, importTable, readTariffCode, readTariffRate, withRows } from './import-table.ts';

test.each([
  ['5', 'point', '5%'],
  ['5%', 'point', '5%'],
  ['6.5 %', 'point', '6.5%'],
  ['6,5', 'comma', '6.5%'],
  ['0', 'point', 'free'],
  ['беспошлинно', 'point', 'free'],
  ['0.2 EUR/kg', 'point', '0.2 EUR/kg'],
  ['0,04 евро за 1 кг', 'comma', '0.04 EUR/kg'],
  ['5 but not less than 0.2 EUR per kg', 'point', 'max(5%, 0.2 EUR/kg)'],
  ['15, но не менее 0,15 евро за 1 кг', 'comma', 'max(15%, 0.15 EUR/kg)'],
  ['10% + 35 EUR/t', 'point', '10% + 35 EUR/t'],
] as const)('%s with a decimal %s is %s', (text, decimal, rate) => {
  expect(readTariffRate(text, decimal)).toBe(rate);
});

test.each([
  ['5,5', 'point'],
  ['1.500', 'comma'],
  ['', 'point'],
  ['five', 'point'],
  ['5 QQQ/kg', 'point'],
  ['5 EUR/barrel', 'point'],
  ['5%5%', 'point'],
  ['-5', 'point'],
] as const)('%j with a decimal %s is no rate', (text, decimal) => {
  expect(() => readTariffRate(text, decimal)).toThrow();
});

test('codes are read with points and spaces; a zero that may be lost is told, or put back where that was asked for', () => {
  expect(['0809.29.00', '0809 29 000 0', '08'].map((text) => readTariffCode(text, undefined))).toEqual([
    '08092900',
    '0809290000',
    '08',
  ]);
  expect(readTariffCode('809290000', 10)).toBe('0809290000');
  for (const [text, pad] of [
    ['809290000', undefined],
    ['80929', 10],
    ['08092900001', 10],
    ['08o9', undefined],
  ] as const)
    expect(() => readTariffCode(text, pad), text).toThrow();
});

const spec: ImportSpec = {
  columns: { goods: 'Код', rate: 'Ставка' },
  fixed: {
    type: 'duty',
    direction: 'import',
    from: '2026-01-01',
    source: 's',
    place: 'row {row}',
    read: '2026-11-24',
    confidence: 'copy',
  },
  decimal: 'comma',
};

test('rows of a table become measures with their place, and lines of the nomenclature', () => {
  const { measures, codes, findings } = importTable(
    '\uFEFFКод;Название;Ставка\n0809.29.00;Черешня;5\n0806;Виноград;"10, но не менее 0,1 евро за 1 кг"\n',
    spec,
  );
  expect(findings).toEqual([]);
  expect(measures).toMatchObject([
    { measure: 'import-duty-08092900', goods: '08092900', rate: '5%', place: 'row 2', source: 's', area: '*' },
    { measure: 'import-duty-0806', goods: '0806', rate: 'max(10%, 0.1 EUR/kg)', place: 'row 3' },
  ]);
  expect(codes).toMatchObject([{ code: '08092900', from: '2026-01-01', place: 'row 2' }]);
});

test('every fault is told with its row and column, and one of them keeps all rows out', () => {
  const bad = importTable('Код;Ставка\n0809;5\n809;5\n0810;viel\n;5\n0809;7\n0811;\n', spec);
  expect(bad.measures).toEqual([]);
  expect(bad.findings.map(({ row, column, code }) => [row, column, code])).toEqual([
    [3, 'goods', 'code-unreadable'],
    [4, 'rate', 'rate-unreadable'],
    [5, 'goods', 'cell-missing'],
    [6, 'goods', 'duplicate'],
    [7, 'rate', 'cell-missing'],
  ]);
  expect(importTable('a;b\n1;2\n', spec).findings.map(({ code }) => code)).toEqual([
    'column-missing',
    'column-missing',
  ]);
  expect(importTable('Код;Ставка\n', { ...spec, fixed: { nothing: 'x' } }).findings).toMatchObject([
    { code: 'column-unknown', column: 'nothing' },
  ]);
  expect(importTable('Код;Ставка\n"0809;5\n', spec).findings).toMatchObject([{ code: 'not-a-table' }]);
});

test('a row that stands there is not added again, another of its name is not written over', () => {
  const text = table('measures.csv', [{ measure: 'a', rate: '5%', en: 'x, y' }]);
  const same = withRows('measures.csv', text, 'measure', [{ measure: 'a', rate: '5%', en: 'x, y' }]);
  expect(same).toEqual({ text, added: 0 });
  expect(withRows('measures.csv', text, 'measure', [{ measure: 'a', rate: '7%' }])).toEqual({ taken: ['a'] });
  const more = withRows('measures.csv', text, 'measure', [{ measure: 'b', rate: '7%', en: 'with "quotes"' }]);
  expect(more).toMatchObject({ added: 1 });
  expect('text' in more && more.text.startsWith(text.trimEnd())).toBe(true);
  expect(
    'text' in more &&
      withRows('measures.csv', more.text, 'measure', [{ measure: 'b', rate: '7%', en: 'with "quotes"' }]),
  ).toMatchObject({ added: 0 });
});
