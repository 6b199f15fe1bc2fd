import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { shippedGoods, shippedPacks } from '../pack-store.ts';
import { countOf, coverageOf, coverageTable, withCoverage } from './coverage.ts';
import { schedules } from './fixture.ts';

const duty = { measure: 'duty', type: 'duty', goods: '080929', rate: '10%' };

test('a rate is known, unknown or absent, and counted as that', () => {
  const packs = schedules(
    {
      member: 'KZ',
      'measures.csv': [duty, { measure: 'vat', type: 'vat', goods: '*', rate: 'unknown', source: '' }],
    },
    { member: 'UZ' },
  );
  const cells = coverageOf(packs, '2026-06-01').filter(
    ({ member, direction }) => member === 'KZ' && direction === 'import',
  );
  const states = Object.fromEntries(cells.map(({ expected, state }) => [expected, state]));
  expect(states).toMatchObject({ duty: 'known', vat: 'unknown', excise: 'absent', fee: 'absent' });
  expect(countOf(cells)).toMatchObject({ known: 1, unknown: 1 });
});

test('what is known for one origin alone is not known', () => {
  const packs = schedules(
    { member: 'KZ', 'measures.csv': [{ ...duty, area: 'UZ' }] },
    { member: 'UZ' },
    { member: 'KG' },
  );
  const state = (day: string) =>
    coverageOf(packs, day).find((one) => one.member === 'KZ' && one.expected === 'duty')?.state;
  expect(state('2026-06-01')).toBe('absent');
});

test('outside its validity nothing is known', () => {
  const packs = schedules({ member: 'KZ', 'measures.csv': [{ ...duty, to: '2026-06-01' }] }, { member: 'UZ' });
  const state = (day: string) =>
    coverageOf(packs, day).find((one) => one.member === 'KZ' && one.expected === 'duty')?.state;
  expect([state('2026-06-01'), state('2026-06-02')]).toEqual(['known', 'absent']);
});

test('the table in the README is that of the packs that ship, with 60 subheadings at least', async () => {
  const packs = await shippedPacks().inForce('2026-11-24');
  const { goods } = shippedGoods()();
  // The day of the newest pack: what stands in the README must not change by itself.
  const day =
    [...packs.values()]
      .map(({ pack }) => pack.published)
      .sort()
      .at(-1) ?? '';
  const cells = coverageOf(packs, day);
  expect(new Set(cells.map(({ subheading }) => subheading)).size).toBeGreaterThanOrEqual(60);
  const readme = readFileSync('trade/README.md', 'utf8');
  const table = coverageTable(cells, (code) => goods.subheadings.get(code)?.en ?? '');
  expect(withCoverage(readme, table) === readme, 'run `dostyk packs coverage --write`').toBe(true);
});
