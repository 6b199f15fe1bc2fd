import { expect, test } from 'vitest';
import { isPerishable } from './perishable.ts';

test.each([
  ['020110', true],
  ['080929', true],
  ['081310', false],
  ['080620', false],
  ['080610', true],
  ['0409', false],
  ['210500', true],
  ['160414', false],
  ['854140', false],
])('%s spoils: %s', (hs, expected) => {
  expect(isPerishable(['720610', hs], false)).toBe(expected);
});

test('a temperature that is to be kept is enough', () => {
  expect(isPerishable(['160414'], true)).toBe(true);
  expect(isPerishable([], false)).toBe(false);
});
