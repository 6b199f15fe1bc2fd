import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayAfter, dayBefore } from '../../values/plain-date.ts';
import { changesBetween, concernsGoods, daysOfChange } from './changes.ts';
import { packOf } from './fixture.ts';
import { isInForce, type Measure, type Pack } from './measure.ts';

const vat = { measure: 'vat', type: 'vat', rate: '12%', to: '2026-12-31' };
const later = { ...vat, measure: 'vat-2027', rate: '15%', from: '2027-01-01', to: '' };
const short = (list: ReturnType<typeof changesBetween>) =>
  list.map(({ id, before, after, differs }) => [id, before, after, differs.join()]);

test('what changes on 1 January: a rate, beside what came and what went', () => {
  const pack = packOf({
    'measures.csv': [
      vat,
      later,
      { measure: 'permit', type: 'licence', goods: '08', requires: 'document permit', to: '2026-12-31' },
      { measure: 'excise', type: 'excise', goods: '2204', rate: '5%', from: '2027-01-01' },
      { measure: 'fee', type: 'fee', rate: '10 USD' },
    ],
    'documents.csv': [{ document: 'permit' }],
  });
  const on = (day: string) => changesBetween({ pack, day: dayBefore(day) }, { pack, day });
  expect(short(on('2027-01-01'))).toEqual([
    ['vat-2027', '12%', '15%', 'rate'],
    ['permit', '', null, ''],
    ['excise', null, '5%', ''],
  ]);
  expect(on('2027-01-02')).toEqual([]);
  expect(daysOfChange(pack, '2026-06-01', '2027-06-01')).toEqual(['2027-01-01']);
});

test('two versions: other words, order and ids are no change; a rule that moved columns is told by its columns', () => {
  const was = packOf({
    'measures.csv': [
      { ...vat, en: 'Old words.' },
      { measure: 'duty', type: 'duty', goods: '0809', rate: '5%' },
    ],
  });
  const same = packOf({
    'measures.csv': [
      { measure: 'tariff', type: 'duty', goods: '0809', rate: '5%' },
      { ...vat, en: 'New words.' },
    ],
  });
  const day = '2026-06-01';
  expect(changesBetween({ pack: was, day }, { pack: same, day })).toEqual([]);
  const narrower = packOf({
    'measures.csv': [vat, { measure: 'duty', type: 'duty', goods: '0809', rate: '7%', area: 'CN' }],
  });
  expect(short(changesBetween({ pack: was, day }, { pack: narrower, day }))).toEqual([
    ['duty', '5%', '7%', 'area,rate'],
  ]);
  expect(short(changesBetween(undefined, { pack: was, day }))).toEqual([
    ['vat', null, '12%', ''],
    ['duty', null, '5%', ''],
  ]);
});

test('goods are concerned by longer and by shorter codes', () => {
  expect(['08', '0809', '080929', '10'].map((code) => concernsGoods({ goods: ['0809'] }, code))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(concernsGoods({ goods: [''] }, '080929')).toBe(true);
});

const days = ['2026-01-01', '2026-03-01', '2026-05-01', '2026-07-01'];
const measure = fc.record({
  at: fc.nat({ max: 2 }),
  length: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
  rate: fc.constantFrom('1%', '2%'),
});
/** Charges of goods of their own, so that no two overlap. */
const packs = fc.array(measure, { minLength: 1, maxLength: 5 }).map((list) =>
  packOf({
    'measures.csv': list.map(({ at, length, rate }, i) => ({
      ...{ measure: `m-${i}`, type: 'duty', goods: `0${i + 1}`, rate, from: days[at] ?? '' },
      to: length === undefined ? '' : dayBefore(days[Math.min(3, at + 1 + length)] ?? ''),
    })),
  }),
);
const inForce = (pack: Pack, day: string): Measure[] => pack.measures.filter((one) => isInForce(one, day));

test('nothing changes on a day exactly if the same rules hold on the day before', () => {
  fc.assert(
    fc.property(packs, fc.constantFrom(...days, '2026-02-01'), (pack, day) => {
      const changed = changesBetween({ pack, day: dayBefore(day) }, { pack, day }).length > 0;
      const ids = (on: string) => inForce(pack, on).map((one) => one.measure);
      expect(changed).toBe(ids(day).join() !== ids(dayBefore(day)).join());
      expect(daysOfChange(pack, day, day).length > 0).toBe(changed);
    }),
  );
});

test('the way back is the mirror of the way there', () => {
  fc.assert(
    fc.property(packs, packs, (a, b) => {
      const day = '2026-03-01';
      const there = changesBetween({ pack: a, day }, { pack: b, day });
      const back = changesBetween({ pack: b, day }, { pack: a, day });
      const mirror = back.map(({ before, after, ...rest }) => ({ ...rest, before: after, after: before }));
      expect(new Set(there.map((one) => JSON.stringify([one.before, one.after, one.goods])))).toEqual(
        new Set(mirror.map((one) => JSON.stringify([one.before, one.after, one.goods]))),
      );
      expect(changesBetween({ pack: a, day }, { pack: a, day })).toEqual([]);
    }),
  );
});

test('days', () => {
  expect([dayBefore('2027-01-01'), dayAfter('2028-02-28'), dayAfter('2026-12-31')]).toEqual([
    '2026-12-31',
    '2028-02-29',
    '2027-01-01',
  ]);
});
