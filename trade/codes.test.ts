import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DOCUMENT_NAMES,
  isContainerNumber,
  isCurrencyCode,
  isHsChapter,
  isPackageCode,
  PACKAGE_NAMES,
} from './codes.ts';

test('container numbers and chapters', () => {
  for (const good of ['CSQU3054383', 'MSKU6011672', 'TEXU3070079'])
    expect([good, isContainerNumber(good)]).toEqual([good, true]);
  for (const bad of ['CSQU3054384', 'CSQU305438', 'csqu3054383', 'CSQX3054383', ''])
    expect([bad, isContainerNumber(bad)]).toEqual([bad, false]);
  expect(
    Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')).filter((chapter) => !isHsChapter(chapter)),
  ).toEqual(['00', '77', '98', '99']);
});

test('a container number with any one digit changed is another or none', () => {
  // The check digit 10 counts as 0, so that some exchanges of 0 and 10 pass; no single digit's change does but those.
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 9 }), fc.integer({ min: 0, max: 9 }), (place, digit) => {
      const number = 'CSQU3054383';
      const changed = `${number.slice(0, place)}${digit}${number.slice(place + 1)}`;
      expect(isContainerNumber(changed)).toBe(changed === number);
    }),
  );
});

test('currencies are those that the runtime knows too', () => {
  const runtime = Intl.supportedValuesOf('currency').filter(isCurrencyCode);
  // A runtime may not know the very newest codes; nearly all it must.
  expect(runtime.length).toBeGreaterThan(150);
  for (const one of ['CNY', 'KGS', 'KZT', 'TJS', 'TMT', 'UZS', 'USD', 'EUR'])
    expect([one, isCurrencyCode(one)]).toEqual([one, true]);
  for (const one of ['XXX', 'XTS', 'SUR', 'ABC', 'usd', '']) expect([one, isCurrencyCode(one)]).toEqual([one, false]);
});

test('packages of Recommendation 21: all that have a name here, and none of the wrong form', () => {
  for (const one of Object.keys(PACKAGE_NAMES)) expect([one, isPackageCode(one)]).toEqual([one, true]);
  for (const one of ['ZZ', '5M', '43', 'O9', 'SX']) expect([one, isPackageCode(one)]).toEqual([one, true]);
  for (const one of ['QZ', '00', 'X1A', 'ct', '']) expect([one, isPackageCode(one)]).toEqual([one, false]);
  expect(Object.keys(DOCUMENT_NAMES).every((code) => /^[1-9]\d{0,2}$/.test(code))).toBe(true);
});
