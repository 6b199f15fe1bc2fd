import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differences } from './difference.ts';

test('a changed, a new and a lost field are named by their place', () => {
  const before = { grossMass: '10', consignor: { name: 'A', address: 'Street 1' } };
  const after = { grossMass: '12', consignor: { name: 'A', identifier: '7' } };
  expect(differences(before, after)).toEqual([
    { place: ['grossMass'], before: '10', after: '12' },
    { place: ['consignor', 'identifier'], before: null, after: '7' },
    { place: ['consignor', 'address'], before: 'Street 1', after: null },
  ]);
});

test('an item is known by its number and a document by its code and number, wherever they stand', () => {
  const [one, two] = [
    { number: 1, hs: '080929', packages: [{ code: 'CT', count: 100 }] },
    { number: 2, hs: '080810', packages: [{ code: 'CT', count: 50 }] },
  ];
  expect(differences({ items: [one, two] }, { items: [two, one] })).toEqual([]);
  expect(differences({ items: [one, two] }, { items: [{ ...two, hs: '080830' }] })).toEqual([
    { place: ['items', '2', 'hs'], before: '080810', after: '080830' },
    { place: ['items', '1', 'number'], before: '1', after: null },
    { place: ['items', '1', 'hs'], before: '080929', after: null },
    { place: ['items', '1', 'packages', 'CT', 'code'], before: 'CT', after: null },
    { place: ['items', '1', 'packages', 'CT', 'count'], before: '100', after: null },
  ]);
  const paper = { code: '851', number: 'P-1', issued: '2026-06-01' };
  expect(differences({ documents: [paper] }, { documents: [{ ...paper, issued: '2026-06-02' }] })).toEqual([
    { place: ['documents', '851 P-1', 'issued'], before: '2026-06-01', after: '2026-06-02' },
  ]);
});

test('two of one name in one list are told apart', () => {
  const packages = [
    { code: 'CT', count: 1 },
    { code: 'CT', count: 2 },
  ];
  expect(differences({ packages }, { packages: [packages[0], { code: 'CT', count: 3 }] })).toEqual([
    { place: ['packages', 'CT (2)', 'count'], before: '2', after: '3' },
  ]);
});

test('words in a list are one field, and their order counts', () => {
  expect(differences({ seals: ['A', 'B'] }, { seals: ['B', 'A'] })).toEqual([
    { place: ['seals'], before: 'A, B', after: 'B, A' },
  ]);
  expect(differences({ seals: [] }, {})).toEqual([]);
});

test('nothing differs from itself, and turning the versions round turns each change round', () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(value, (one) => {
      expect(differences(one, structuredClone(one))).toEqual([]);
    }),
  );
  const sorted = (list: unknown[]): string[] => list.map((one) => JSON.stringify(one)).sort();
  fc.assert(
    fc.property(value, value, (one, other) => {
      const back = differences(other, one).map(({ place, before, after }) => ({ place, before: after, after: before }));
      expect(sorted(back)).toEqual(sorted(differences(one, other)));
    }),
  );
});
