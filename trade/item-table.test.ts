import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../members/registry.ts';
import { readMessages } from '../web/build/languages.ts';
import { readItemTable, readNumber } from './item-table.ts';

/** What the hint of the form calls the columns. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  kk: [
    'HS коды',
    'сипаттама',
    'шығу тегі',
    'нетто салмағы',
    'брутто салмағы',
    'қаптама коды',
    'орын саны',
    'құны',
    'валютасы',
  ],
  ky: [
    'HS коду',
    'сүрөттөлүшү',
    'келип чыгышы',
    'нетто салмагы',
    'брутто салмагы',
    'таңгактын коду',
    'жүк орундары',
    'нарк',
    'валюта',
  ],
  tg: [
    'рамзи HS',
    'тавсиф',
    'пайдоиш',
    'вазни нетто',
    'вазни брутто',
    'рамзи бастабандӣ',
    'ҷойҳои бор',
    'арзиш',
    'асъор',
  ],
  tk: [
    'DYI HN kody',
    'beýany',
    'gelip çykyşy',
    'netto agramy',
    'brutto agramy',
    'gaplama kody',
    'ýük ýerleriniň sany',
    'gymmaty',
    'walýutasy',
  ],
  uz: [
    'TIF TN kodi',
    'tavsif',
    'kelib chiqishi',
    'netto vazni',
    'brutto vazni',
    'o‘ram kodi',
    'o‘rinlar soni',
    'qiymat',
    'valyuta',
  ],
  ru: [
    'код HS',
    'описание',
    'происхождение',
    'вес нетто',
    'вес брутто',
    'код упаковки',
    'число мест',
    'стоимость',
    'валюта',
  ],
  zh: ['HS编码', '货物名称', '原产国', '净重', '毛重', '包装代码', '件数', '货值', '币种'],
};
const HEADER = 'No;HS;Description;Origin;Net;Gross;Package;Packages;Marks;Value;Currency';
const ROW = ['1', '080929', 'Cherries', 'UZ', '1000', '1100', 'CT', '100', '', '2500', 'USD'];
const COLUMNS = HEADER.split(';');
/** A table with one good row, in which the named cells are others. */
const table = (change: Record<string, string> = {}, more: string[] = []): string =>
  [HEADER, COLUMNS.map((name, i) => change[name] ?? ROW[i]).join(';'), ...more].join('\n');
const found = (csv: string) =>
  readItemTable(csv).findings.map(({ code, row, column }) => `${code} ${row ?? '-'}/${column ?? '-'}`);

describe('item tables', () => {
  const text = fc.string({ unit: fc.constantFrom(...'abc XYZ,;"\tшұқ樱桃'), minLength: 1, maxLength: 20 }).map(
    (value) =>
      value
        .replaceAll('\t', ' ')
        .trim()
        .replace(/^[=+@-]+/, '') || 'x',
  );
  const mass = fc
    .tuple(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 1, max: 99 }))
    .map(([whole, part]) => `${whole}.${String(part).padStart(2, '0')}`.replace(/0$/, ''));
  const row = fc.record({
    hs: fc.constantFrom('080929', '760110', '8541430000'),
    description: text,
    origin: fc.constantFrom('UZ', 'CN'),
    net: mass,
    count: fc.integer({ min: 1, max: 5000 }),
    value: mass,
  });
  const dialects = [
    { delimiter: ',', decimal: '.', bom: '' },
    { delimiter: ';', decimal: ',', bom: '\ufeff' },
    { delimiter: '\t', decimal: ',', bom: '' },
  ];

  test('headers are known in each of the eight languages, as the form names them', () => {
    for (const language of LANGUAGES) {
      const hint = readMessages(language)['filing.pasteHint'] ?? '';
      // What stands between the first colon and the end of its sentence.
      const names = /[:：]\s*(.*?)[.。]/s.exec(hint)?.[1] ?? '';
      const header = NAMED[language] ?? [
        'HS code',
        'description',
        'origin',
        'net mass',
        'gross mass',
        'package code',
        'packages',
        'value',
        'currency',
      ];
      for (const name of header) expect(names.toLowerCase(), `${language}: ${name}`).toContain(name.toLowerCase());
      const table = readItemTable(`${header.join(';')}\n080929;Cherries;UZ;1000;1100;CT;100;2500;USD`);
      expect([language, table.findings, table.values.length]).toEqual([language, [], 1]);
    }
  });

  test('what any spreadsheet writes reads back to the same items', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 20 }),
        fc.constantFrom(...dialects),
        fc.boolean(),
        (rows, { delimiter, decimal, bom }, crlf) => {
          const quoted = (value: string): string =>
            /["\n]/.test(value) || value.includes(delimiter) ? `"${value.replaceAll('"', '""')}"` : value;
          const number = (value: string): string => quoted(value.replace('.', decimal));
          const header = ['HS', 'Наименование', 'Origin', 'Net', 'Брутто', 'Package', 'Packages', 'Value', 'Currency'];
          const lines = [
            header,
            ...rows.map((one) => [
              one.hs,
              quoted(one.description),
              one.origin,
              number(one.net),
              number(one.net),
              'CT',
              String(one.count),
              number(one.value),
              'USD',
            ]),
          ];
          const read = readItemTable(bom + lines.map((cells) => cells.join(delimiter)).join(crlf ? '\r\n' : '\n'));
          expect(read.findings).toEqual([]);
          expect(read.items.map(({ hs, netMass, packages }) => [hs, netMass, packages[0]?.count])).toEqual(
            rows.map(({ hs, net, count }) => [hs, net, count]),
          );
          expect(read.items.map(({ description }) => description)).toEqual(
            rows.map(({ description }) => description.replaceAll(/\s+/g, ' ')),
          );
          expect(read.values.map(({ value }) => value.amount)).toEqual(rows.map(({ value }) => value));
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each([
    ['1234', '1234'],
    ['1234,5', '1234.5'],
    ['1234.50', '1234.50'],
    ['1 234,50', '1234.50'],
    ['1\u00a0234.5', '1234.5'],
    ['1.234,50', '1234.50'],
    ['1,234.50', '1234.50'],
    ['1.234.567', '1234567'],
    ["1'234.5", '1234.5'],
    ['0,500', '0.500'],
    ['1234,567', '1234.567'],
    ['1,234', 'ambiguous'],
    ['12.345', 'ambiguous'],
    ['', undefined],
    ['-5', undefined],
    ['1,23,4', undefined],
    ['abc', undefined],
    ['1e5', undefined],
    ['1.234,567.8', undefined],
  ])('%s is %s', (given, read) => expect(readNumber(given)).toBe(read));
});

describe('cells that are wrong are named by row and column', () => {
  test('a good table has no findings', () => {
    expect(readItemTable(table())).toEqual({
      items: [
        {
          number: 1,
          hs: '080929',
          description: 'Cherries',
          origin: 'UZ',
          netMass: '1000',
          grossMass: '1100',
          packages: [{ code: 'CT', count: 100 }],
        },
      ],
      values: [{ item: 1, value: { amount: '2500', currency: 'USD' } }],
      findings: [],
    });
  });

  test.each([
    ['HS', '80929', 'hs-digits 2/2'],
    ['HS', '8,54143E+09', 'cell-wrong 2/2'],
    ['HS', '770100', 'hs-impossible 2/2'],
    ['Description', '', 'cell-wrong 2/3'],
    ['Description', '=HYPERLINK("http://x")', 'formula-refused 2/3'],
    ['Description', '+1+1', 'formula-refused 2/3'],
    ['Description', '@SUM(A1)', 'formula-refused 2/3'],
    ['Description', '-cmd()', 'formula-refused 2/3'],
    ['Marks', '=1', 'formula-refused 2/9'],
    ['Origin', 'Uzbekistan', 'cell-wrong 2/4'],
    ['Net', '1,234', 'number-ambiguous 2/5'],
    ['Net', '-5', 'number-wrong 2/5'],
    ['Gross', '', 'number-wrong 2/6'],
    ['Gross', '1.1234567', 'number-wrong 2/6'],
    ['Package', 'QZ', 'package-code-unknown 2/7'],
    ['Package', 'carton', 'cell-wrong 2/7'],
    ['Packages', '1.5', 'cell-wrong 2/8'],
    ['Packages', '0', 'cell-wrong 2/8'],
    ['No', '0', 'cell-wrong 2/1'],
    ['Value', 'free', 'number-wrong 2/10'],
    ['Value', '1234567890123456', 'cell-wrong 2/10'],
    ['Currency', '', 'currency-missing 2/11'],
    ['Currency', '$', 'currency-missing 2/11'],
  ])('%s %s', (column, value, finding) => {
    const quoted = /["\n;]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
    expect(found(table({ [column]: quoted }))).toEqual([finding]);
  });

  test('all at once, and the row is that of the spreadsheet: empty rows and breaks within cells are counted as it does', () => {
    const bad = 'x;80929;a;UZ;q;1;CT;1;;;';
    expect(found(table({ Description: '"two\nlines"' }, ['', ';;;;;;;;;;', bad]))).toEqual([
      'number-wrong 5/1',
      'number-wrong 5/5',
      'hs-digits 5/2',
    ]);
  });

  test('a formula at the start is refused, a hyphen or a sign within is text', () => {
    expect(found(table({ Description: '- dried' }))).toEqual([]);
    expect(found(table({ Description: 'a=b' }))).toEqual([]);
  });

  test('a decimal comma without quotes in a table of commas is found, not read as two cells', () => {
    const commas = 'hs,description,origin,net,gross,package,packages\n080929,x,UZ,20000,5,21000,5,CT,5\n';
    expect(found(commas)).toEqual(['row-too-long 2/8']);
    expect(found('hs,description,origin,net,gross,package,packages,,\n080929,x,UZ,1,1,CT,5,,,,,\n')).toEqual([]);
  });
});

describe('the whole table', () => {
  test.each([
    ['hs;hs;description;origin;net;gross;package;packages', 'column-repeated 1/2'],
    ['hs;description;origin;net;gross;package', 'column-missing 1/-'],
    [
      `hs;description;origin;net;gross;package;packages\n${'080929;x;UZ;1;1;CT;1\n'.repeat(2001)}`,
      'table-too-long 2002/-',
    ],
    [`hs;description\n"${'x'.repeat(5_000_000)}"`, 'table-too-large 1/-'],
    [`hs;description\n${'樱'.repeat(1_700_000)}`, 'table-too-large 1/-'],
    [`hs;description\n"${'x'.repeat(200_000)}"`, 'table-unreadable'],
    ['hs;description\n"never closed', 'table-unreadable'],
  ])('%#', (csv, finding) => expect(found(csv)[0]).toMatch(finding));

  test('2000 rows are not too many', () => {
    const rows = '080929;x;UZ;1;1;CT;1\n'.repeat(2000);
    const { items, findings } = readItemTable(`hs;description;origin;net;gross;package;packages\n${rows}`);
    expect([items.length, findings, items.at(-1)?.number]).toEqual([2000, [], 2000]);
  });

  test('numbers: given, counted on where none is given, never twice', () => {
    const numbered = (numbers: string[]) =>
      readItemTable(
        [
          'No;hs;description;origin;net;gross;package;packages',
          ...numbers.map((one) => `${one};080929;x;UZ;1;1;CT;1`),
        ].join('\r'),
      );
    expect(numbered(['', '', '']).items.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(numbered(['7', '', '3']).items.map(({ number }) => number)).toEqual([7, 8, 3]);
    expect(numbered(['7', '7']).findings).toMatchObject([{ code: 'item-repeated', row: 3, column: 1 }]);
  });

  test('empty cells at the start and in the middle stay in their places, in every dialect', () => {
    for (const delimiter of [',', ';', '\t']) {
      const read = readItemTable(table({ No: '', Value: '', Currency: '' }).replaceAll(';', delimiter));
      expect(read).toMatchObject({ findings: [], values: [], items: [{ number: 1, hs: '080929' }] });
    }
  });

  test('a header whose cells hold delimiters, breaks or quotes is taken apart rightly', () => {
    const rest = 'hs,description,origin,net,gross,package,packages\n1,080929,x,UZ,1,1,CT,1';
    for (const first of ['"a,\nb"', '"a;b;c;d;e;f;g;h;i"', '\ufeff"No"']) expect(found(`${first},${rest}`)).toEqual([]);
    expect(readItemTable(`\ufeff"No",${rest.replace('\n1,', '\n5,')}`).items[0]?.number).toBe(5);
  });
});

test('whatever is given, it answers', () => {
  const cells = fc.array(
    fc.array(
      fc.oneof(fc.constantFrom(...ROW, '"', '=1', '1,234', '\u2028'), fc.string({ unit: 'binary', maxLength: 8 })),
      { maxLength: 13 },
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(cells, fc.constantFrom(';', ',', '\t', '\0'), fc.boolean(), (rows, delimiter, headed) => {
      const csv = [
        ...(headed ? [HEADER.replaceAll(';', delimiter)] : []),
        ...rows.map((row) => row.join(delimiter)),
      ].join('\n');
      const { items, findings } = readItemTable(csv);
      for (const { row } of findings) expect(row).toBeGreaterThan(0);
      expect(items.length).toBeLessThanOrEqual(rows.length);
    }),
    { numRuns: 200 },
  );
});
