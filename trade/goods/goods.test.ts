import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { filesOfFolder, shippedGoods, shippedPacks } from '../pack-store.ts';
import { MOST_LETTERS, readGoods, WORD_LANGUAGES } from './goods.ts';
import { kazakhInLatin, uzbekInCyrillic } from './script.ts';
import { indexOf, plain, searchGoods } from './search.ts';

const index = shippedGoods()();
const { goods } = index;
const codes = (typed: string, language: (typeof WORD_LANGUAGES)[number] = 'en', limit = 5): string[] =>
  searchGoods(index, typed, language, limit).map(({ subheading }) => subheading.code);

describe('the words that ship', () => {
  test('name all 96 chapters of the system; 77 is reserved', () => {
    const all = Array.from({ length: 97 }, (_, i) => String(i + 1).padStart(2, '0')).filter((code) => code !== '77');
    expect([...goods.chapters.keys()]).toEqual(all);
  });

  test('name every subheading and heading that a pack speaks of', async () => {
    const asked = new Set<string>();
    for (const { pack } of (await shippedPacks().inForce('2026-11-24')).values()) {
      for (const measure of pack.measures) for (const code of measure.goods) asked.add(code);
      for (const { code } of pack.codes) asked.add(code);
    }
    const digits = [...asked].filter((code) => /^\d{4,10}$/.test(code));
    expect(digits.length).toBeGreaterThan(400);
    const unnamed = digits.filter((code) =>
      code.length >= 6 ? !goods.subheadings.has(code.slice(0, 6)) : !goods.headings.has(code.slice(0, 4)),
    );
    expect(unnamed).toEqual([]);
  });

  test('find each subheading in each language that has a word for it, by one word at least', () => {
    const lost: string[] = [];
    for (const { code, words } of goods.subheadings.values())
      for (const language of WORD_LANGUAGES)
        if (words[language].length > 0 && !words[language].some((word) => codes(word, language).includes(code)))
          lost.push(`${code} ${language}`);
    expect(lost).toEqual([]);
  });

  test('are missing in no language but one word of Tajik', () => {
    const missing = [...goods.subheadings.values()].flatMap(({ code, words }) =>
      WORD_LANGUAGES.filter((language) => words[language].length === 0).map((language) => `${code} ${language}`),
    );
    expect(missing).toEqual(['200290 tg']);
  });
});

test('one typo in a word of five letters or more is forgiven, in 95 of 100 at least', { timeout: 60_000 }, () => {
  let state = 7;
  const pick = (most: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % most;
  };
  const letters = [...new Set(index.words.join(''))].filter((one) => !/\p{Script=Han}/u.test(one));
  let tried = 0;
  const lost: string[] = [];
  for (const { code, words } of goods.subheadings.values())
    for (const language of WORD_LANGUAGES.filter((one) => one !== 'zh'))
      for (const phrase of words[language]) {
        const own = plain(phrase).split(' ');
        for (const [i, word] of own.entries()) {
          if (word.length < 5) continue;
          const at = pick(word.length);
          const swapped = Math.min(at, word.length - 2);
          const wrong = [
            word.slice(0, at) + word.slice(at + 1),
            word.slice(0, swapped) + word[swapped + 1] + word[swapped] + word.slice(swapped + 2),
            word.slice(0, at) + letters[pick(letters.length)] + word.slice(at + 1),
          ][pick(3)]!;
          if (wrong === word) continue;
          tried++;
          const typed = own.with(i, wrong).join(' ');
          if (!codes(typed, language, 10).includes(code)) lost.push(`${code} ${language} ${phrase}: ${typed}`);
        }
      }
  expect(tried).toBeGreaterThan(1700);
  expect(1 - lost.length / tried, lost.slice(0, 20).join('\n')).toBeGreaterThanOrEqual(0.95);
});

test.each([
  ['ЧЕРЕШНЯ', '080929'],
  ['сheрешня', undefined],
  ["o'rik", '080910'],
  ['ｃｏｔｔｏｎ', '520100'],
  ['樱', '080929'],
  ['0809.29', '080929'],
  ['０８０９２９', '080929'],
  ['КУРИЦА', '020713'],
  ['хлопок волокно', '520100'],
  // Two letters changed places, in a word of five.
  ['apirl', undefined],
  ['aplpe', '080810'],
  // Two typos in a long word, none in a word of three letters.
  ['subflowr', '120600'],
  ['тай', undefined],
  // What is longer in Chinese says more.
  ['吐鲁番葡萄干', '080620'],
  ['冷冻樱桃', '080929'],
  ['0809290000', '080929'],
  ['xyzzyqwk', undefined],
  ['', undefined],
  ['   ', undefined],
  ["'; DROP TABLE goods --", undefined],
  ['<script>', undefined],
])('%s finds %s first', (typed, code) => {
  expect(codes(typed)[0]).toBe(code);
});

test.each([
  ['uz', 'ўрик', '080910'],
  ['uz', 'ёнғоқ', '080231'],
  ['uz', 'ПАХТА ТОЛАСИ', '520100'],
  ['uz', 'буғдой', '100119'],
  ['uz', 'чарм пойабзал', '640399'],
  ['uz', 'oʻrik', '080910'],
  ['uz', 'o`rik', '080910'],
  ['uz', 'orik', '080910'],
  ['kk', 'maqta', '520100'],
  ['kk', 'Jüzim', '080610'],
  ['kk', 'juzim', '080610'],
  ['kk', 'qyzyl şie', '080929'],
  ['kk', 'кызыл шие', '080929'],
  ['tk', 'uzum', '080610'],
  ['tg', 'нахуд', '071320'],
  ['ky', 'жузум', '080610'],
  ['ru', 'мед', '040900'],
] as const)('in %s %s finds %s, in either script, without marks', (language, typed, code) => {
  expect(codes(typed, language)[0]).toBe(code);
});

test('Uzbek and Kazakh in their other script', () => {
  expect(plain(uzbekInCyrillic('ekskavator'))).toBe(plain('экскаватор'));
  expect(uzbekInCyrillic("Yong‘oq mag'zi")).toBe('ёнғоқ мағзи');
  expect(uzbekInCyrillic('poʻlat konditsioner shaftoli')).toBe('пўлат кондиционер шафтоли');
  expect(kazakhInLatin('аәбвгғдежзийкқлмнңоөпрстуұүфхһцчшыіэюя')).toBe('aäbvgğdejziikqlmnñoöprstuūüfhhtstşşyieiuia');
});

test('the same is found in the same order, whatever was asked before', () => {
  const first = codes('рапс', 'ru', 50);
  codes('cotton');
  expect(codes('рапс', 'ru', 50)).toEqual(first);
  expect(codes('рапс', 'ru', 2)).toEqual(first.slice(0, 2));
  expect(codes('080', 'en', 50)).toEqual([...codes('080', 'en', 50)].sort());
});

test('whatever is typed is answered with no more than was asked for, each code once', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 220 }), fc.constantFrom('ﷺ'.repeat(200), 'ab '.repeat(66))),
      fc.integer({ min: 1, max: 50 }),
      (typed, limit) => {
        const found = codes(typed, 'en', limit);
        expect(found.length).toBeLessThanOrEqual(limit);
        expect(new Set(found).size).toBe(found.length);
      },
    ),
  );
});

test('what is longer than any name finds nothing', () => {
  expect(codes('a'.repeat(100_000))).toEqual([]);
  expect(codes('cotton'.padEnd(MOST_LETTERS))[0]).toBe('520100');
  expect(codes('cotton'.padEnd(MOST_LETTERS + 1))).toEqual([]);
});

test('words of the asked language come before equal ones of another', () => {
  const files = filesOfFolder('trade/goods');
  files.set(
    'subheadings.csv',
    `code,en,ru,${WORD_LANGUAGES.map((one) => `words_${one}`).join(',')}
080810,first,первое,,олма,,,,,,
080910,second,второе,,,олма,,,,,
`,
  );
  const read = readGoods(files);
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const first = (language: 'kk' | 'ky' | 'ru') =>
    searchGoods(indexOf(read.goods), 'олма', language, 5).map(({ subheading }) => subheading.code);
  expect(first('kk')).toEqual(['080810', '080910']);
  expect(first('ky')).toEqual(['080910', '080810']);
  // Equal ones by code.
  expect(first('ru')).toEqual(['080810', '080910']);
  expect(codes('limon', 'uz')[0]).toBe('080550');
});

test.each([
  ['code,en,ru\n01,a,б\n01,c,д\n', 'chapters.csv', 3, 'duplicate'],
  ['code,en,ru\n1,a,б\n', 'chapters.csv', 2, 'cell-unreadable'],
  ['code,en,ru\n01,,б\n', 'chapters.csv', 2, 'cell-missing'],
])('a table with a fault is refused by line: %j', (text, file, line, code) => {
  const read = readGoods(new Map([...filesOfFolder('trade/goods'), [file, text]]));
  expect('faults' in read && read.faults[0]).toMatchObject({ file, line, code });
});

test('a heading without its chapter is refused', () => {
  const files = filesOfFolder('trade/goods');
  files.set('chapters.csv', 'code,en,ru\n01,a,б\n');
  const read = readGoods(files);
  expect('faults' in read && read.faults[0]).toMatchObject({ file: 'headings.csv', code: 'not-declared' });
});
