import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../members/registry.ts';
import { localeData } from '../build/languages.ts';
import { clockTimeAt, comparer, fillPattern, groupDigits, type LocaleData, offsetName } from './locale.ts';

/** Dates, numbers and order in all eight languages. */

const data = (language: string) => localeData(language) as LocaleData;
const day = { year: 2026, month: 6, day: 4, weekday: 4 };

describe('a date', () => {
  // As CLDR 48 has them.
  test.each([
    ['zh', '2026年6月4日'],
    ['kk', '2026\u00a0ж. 04 мау.'],
    ['ky', '2026-ж., 4-июн.'],
    ['tg', '04 Июн 2026'],
    ['tk', '4 iýun 2026'],
    ['uz', '4-iyn, 2026'],
    ['ru', '4 июн. 2026\u00a0г.'],
    ['en', '4 Jun 2026'],
  ])('in %s is %s', (language, written) => {
    expect(fillPattern(data(language).medium, day, data(language))).toBe(written);
  });

  test('names each month, in every language', () => {
    for (const language of LANGUAGES) {
      const { months, monthsShort, days } = data(language);
      expect([new Set(months).size, monthsShort.length, new Set(days).size], language).toEqual([12, 12, 7]);
    }
  });

  test('is read from the clock of a zone, as the system does it', () => {
    const zones = ['Asia/Almaty', 'Asia/Shanghai', 'Asia/Tashkent', 'Asia/Kolkata', 'America/New_York', 'UTC'];
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1995-01-01'), max: new Date('2060-01-01'), noInvalidDate: true }),
        fc.constantFrom(...zones),
        (instant, zone) => {
          const { year, month, day, hour, minute, offset } = clockTimeAt(instant, zone);
          const back = Date.UTC(year, month - 1, day, hour, minute) - offset * 60_000;
          expect(Math.floor(back / 60_000)).toBe(Math.floor(instant.getTime() / 60_000));
        },
      ),
    );
    expect(offsetName(clockTimeAt(new Date('2026-06-11T09:30:00Z'), 'Asia/Almaty').offset)).toBe('UTC+5');
    expect([offsetName(0), offsetName(330), offsetName(-210)]).toEqual(['UTC', 'UTC+5:30', 'UTC−3:30']);
  });
});

describe('a number', () => {
  test('keeps every digit, in the marks of the language', () => {
    expect(groupDigits('1234567.891', data('en'))).toBe('1,234,567.891');
    expect(groupDigits('20000.5', data('ru'))).toBe('20\u00a0000,5');
    expect(groupDigits('2026', data('ru'))).toBe('2026');
    expect(groupDigits('-12345', data('en'))).toBe('−12,345');
    expect(groupDigits('unknown', data('en'))).toBe('unknown');
  });

  test('is rounded half up where decimals are limited, and never else', () => {
    expect([
      groupDigits('0.995', data('en'), 2),
      groupDigits('9.999', data('en'), 2),
      groupDigits('1.4', data('en'), 0),
    ]).toEqual(['1.00', '10.00', '1']);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.nat(999_999), (whole, fraction) => {
        const text = `${whole}.${String(fraction).padStart(6, '0')}`;
        expect(groupDigits(text, data('en')).replaceAll(',', '')).toBe(text);
      }),
    );
  });
});

describe('order', () => {
  test.each([
    ['kk', ['Астана', 'Әйтеке', 'Қапшағай', 'Қызылорда', 'Өскемен', 'Түркістан', 'Хоргос']],
    ['ky', ['Балыкчы', 'Нарын', 'Ош', 'Өзгөн', 'Торугарт', 'Үч-Коргон']],
    ['tg', ['Вахдат', 'Ғарм', 'Исфара', 'Қурғонтеппа', 'Хуҷанд', 'Ҳисор', 'Ҷиргатол', 'Шаҳритус']],
    ['tk', ['Çärjew', 'Daşoguz', 'Farap', 'Mary', 'Ýolöten']],
    ['uz', ['Andijon', 'Navoiy', 'Oltiariq', 'Toshkent', 'Xiva', 'O‘zgan', 'G‘ijduvon', 'Shahrisabz', 'Chirchiq']],
  ])('in %s follows its own alphabet', (language, ordered) => {
    const compare = comparer(language);
    expect([...ordered].reverse().sort(compare)).toEqual(ordered);
  });

  test('is a total order in every language', () => {
    for (const language of LANGUAGES) {
      const compare = comparer(language);
      fc.assert(
        fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
          expect(Math.sign(compare(a, b))).toBe(-Math.sign(compare(b, a)) + 0);
          const [x = '', y = '', z = ''] = [a, b, c].sort(compare);
          expect(compare(x, y) <= 0 && compare(y, z) <= 0 && compare(x, z) <= 0).toBe(true);
        }),
        { numRuns: 30 },
      );
    }
  });
});
