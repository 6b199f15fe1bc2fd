import { expect, test } from 'vitest';
import { files, packOf, type Tables } from './fixture.ts';
import { readPack } from './pack.ts';

const duty = { measure: 'duty', type: 'duty', rate: '10%', goods: '0809' };
const good: Tables = {
  'measures.csv': [duty, { measure: 'vat', type: 'vat', rate: '12%', base: 'value + duty' }],
};

test('a pack is read with its sources', () => {
  const { measures } = packOf(good);
  expect(measures.map(({ measure, series, rateText }) => [measure, series, rateText])).toEqual([
    ['duty', 'duty', '10%'],
    ['vat', 'vat', '12%'],
  ]);
  expect(measures[0]?.citation).toMatchObject({
    place: 'row of a test',
    read: '2026-11-24',
    confidence: 'demonstration',
  });
});

const faultsOf = (tables: Tables): string[] => {
  const read = readPack(files(tables));
  return 'faults' in read
    ? read.faults.map(({ file, line, column, code }) => `${file}:${line ?? ''}:${column ?? ''} ${code}`)
    : [];
};
const measures = (...rows: readonly Readonly<Record<string, string>>[]): Tables => ({ 'measures.csv': rows });

test.each<readonly [string, Tables, string]>([
  ['an unknown unit', measures({ ...duty, rate: '3 USD/bushel' }), 'measures.csv:2:rate cell-unreadable'],
  ['no rate at all', measures({ ...duty, rate: '' }), 'measures.csv:2:rate cell-missing'],
  ['a value without a source', measures({ ...duty, source: '' }), 'measures.csv:2:source source-missing'],
  ['a value without a place', measures({ ...duty, place: '' }), 'measures.csv:2:place source-missing'],
  ['a value without the day it was read', measures({ ...duty, read: '' }), 'measures.csv:2:read source-missing'],
  ['a value without a confidence', measures({ ...duty, confidence: '' }), 'measures.csv:2:confidence source-missing'],
  ['a source that is not there', measures({ ...duty, source: 'elsewhere' }), 'measures.csv:2:source not-declared'],
  ['dates reversed', measures({ ...duty, from: '2026-02-01', to: '2026-01-31' }), 'measures.csv:2:to dates-reversed'],
  ['a day that does not exist', measures({ ...duty, from: '2026-02-30' }), 'measures.csv:2:from cell-unreadable'],
  ['the same id twice', measures(duty, { ...duty, goods: '0810' }), 'measures.csv:3:measure duplicate'],
  [
    'the same goods for the same days',
    measures(duty, { ...duty, measure: 'again', rate: '5%' }),
    'measures.csv:3:from overlap',
  ],
  [
    'a day between two rates',
    measures({ ...duty, to: '2026-05-31' }, { ...duty, measure: 'later', from: '2026-06-02' }),
    'measures.csv:3:from gap',
  ],
  [
    'brackets with a hole',
    measures(
      { measure: 'low', type: 'fee', rate: '1 USD', when: 'value<=100 USD' },
      { measure: 'high', type: 'fee', rate: '2 USD', when: 'value>200 USD' },
    ),
    'measures.csv:3:when gap',
  ],
  [
    'brackets that overlap',
    measures(
      { measure: 'low', type: 'fee', rate: '1 USD', when: 'value<=100 USD' },
      { measure: 'high', type: 'fee', rate: '2 USD', when: 'value>=100 USD' },
    ),
    'measures.csv:3:when overlap',
  ],
  ['a chapter that does not exist', measures({ ...duty, goods: '7701' }), 'measures.csv:2:goods cell-unreadable'],
  [
    'national digits that are not declared',
    measures({ ...duty, goods: '08092900' }),
    'measures.csv:2:goods not-declared',
  ],
  ['a parameter that is not declared', measures({ ...duty, rate: '2 BCU' }), 'measures.csv:2:rate not-declared'],
  ['a base that no charge has', measures({ ...duty, base: 'value + toll' }), 'measures.csv:2:base not-declared'],
  [
    'charges that are bases of each other',
    measures(
      { measure: 'vat', type: 'vat', rate: '12%', base: 'value + excise' },
      { measure: 'excise', type: 'excise', rate: '5%', base: 'value + vat' },
    ),
    'measures.csv:2:base circular',
  ],
  [
    'conditions that lead back to themselves',
    {
      'conditions.csv': [
        { condition: 'a', expression: 'condition b | mass<=5 kg' },
        { condition: 'b', expression: 'condition a' },
      ],
    },
    'conditions.csv:3:expression circular',
  ],
  [
    'papers that wait for each other',
    {
      'documents.csv': [
        { document: 'one', needs: 'two' },
        { document: 'two', needs: 'one' },
      ],
    },
    'documents.csv:: circular',
  ],
  [
    'a paper that is not there',
    measures({ measure: 'phyto', type: 'phytosanitary', requires: 'document phyto' }),
    'measures.csv:2:requires cell-unreadable',
  ],
  ['an area that is not there', measures({ ...duty, area: 'union' }), 'measures.csv:2:area cell-unreadable'],
])('refused: %s', (_, tables, fault) => {
  expect(faultsOf(tables)).toContain(fault);
});

test('what is no pack is refused with a reason', () => {
  const told = (content: ReadonlyMap<string, string>): string[] => {
    const read = readPack(content);
    return 'faults' in read ? read.faults.map(({ file, code }) => `${file} ${code}`) : [];
  };
  expect(told(new Map())).toEqual(['pack.csv file-missing', 'sources.csv file-missing', 'measures.csv file-missing']);
  expect(told(new Map([...files(good), ['../secret.csv', '']]))).toEqual(['../secret.csv file-unknown']);
  expect(told(new Map([...files(good), ['measures.csv', 'a'.repeat(65 * 1024 * 1024)]]))).toEqual([
    'measures.csv file-too-large',
  ]);
  const whole = files(good).get('measures.csv');
  expect(told(new Map([...files(good), ['measures.csv', `${whole}"open`]]))).toEqual(['measures.csv not-a-table']);
  expect(told(new Map([...files(good), ['measures.csv', '\u0000']]))).toEqual(['measures.csv not-text']);
});

test('an unknown rate needs no source', () => {
  const row = { measure: 'duty', type: 'duty', rate: 'unknown', source: '', place: '', read: '', confidence: '' };
  expect(packOf(measures(row)).measures[0]?.citation).toBeUndefined();
});
