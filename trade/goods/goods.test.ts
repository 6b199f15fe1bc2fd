import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { filesOfFolder, shippedGoods } from '../pack-store.ts';
import { readGoods, WORD_LANGUAGES } from './goods.ts';
import { plain, searchGoods } from './search.ts';

const index = shippedGoods();
const { goods } = index;
const codes = (typed: string, language: (typeof WORD_LANGUAGES)[number] = 'en', limit = 5): string[] =>
  searchGoods(index, typed, language, limit).map(({ subheading }) => subheading.code);

describe('the words that ship', () => {
  test('name all 96 chapters of the system; 77 is reserved', () => {
    const all = Array.from({ length: 97 }, (_, i) => String(i + 1).padStart(2, '0')).filter((code) => code !== '77');
    expect([...goods.chapters.keys()]).toEqual(all);
  });

  test('name every subheading and heading that a pack speaks of', () => {
    const asked = new Set<string>();
    for (const member of readdirSync('trade/packs')) {
      const [head = '', ...rows] = (filesOfFolder(`trade/packs/${member}`).get('measures.csv') ?? '').split('\n');
      const at = head.split(',').indexOf('goods');
      for (const row of rows) for (const code of (row.split(',')[at] ?? '').split(' ')) asked.add(code);
    }
    const prefixes = [...asked].filter((code) => /^\d{4,10}$/.test(code));
    expect(prefixes.length).toBeGreaterThan(150);
    const unnamed = prefixes.filter((code) =>
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

test('one typo in a word of five letters or more is forgiven, in 95 of 100 at least', () => {
  let state = 7;
  const pick = (most: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % most;
  };
  let tried = 0;
  let found = 0;
  for (const { code, words } of goods.subheadings.values())
    for (const language of WORD_LANGUAGES)
      for (const word of words[language]) {
        const text = plain(word);
        if (text.length < 5 || text.includes(' ') || /\p{Script=Han}/u.test(text)) continue;
        const at = 1 + pick(text.length - 2);
        const wrong = [
          text.slice(0, at) + text.slice(at + 1),
          text.slice(0, at) + (text[at + 1] ?? '') + (text[at] ?? '') + text.slice(at + 2),
          `${text.slice(0, at)}${text[pick(text.length)]}${text.slice(at + 1)}`,
        ][pick(3)];
        tried++;
        if (codes(wrong ?? '', language, 10).includes(code)) found++;
      }
  expect(tried).toBeGreaterThan(300);
  expect(found / tried).toBeGreaterThanOrEqual(0.95);
});

test.each([
  ['ЧЕРЕШНЯ', '080929'],
  ['сheрешня', undefined],
  ["o'rik", '080910'],
  ['ｃｏｔｔｏｎ', '520100'],
  ['樱', '080929'],
  ['0809.29', '080929'],
  ['0809290000', '080929'],
  ['xyzzyqwk', undefined],
  ['', undefined],
  ['   ', undefined],
  ["'; DROP TABLE goods --", undefined],
  ['<script>', undefined],
])('%s finds %s first', (typed, code) => {
  expect(codes(typed)[0]).toBe(code);
});

test('what is longer than any name finds nothing', () => {
  expect(codes('a'.repeat(100_000))).toEqual([]);
});

test('words of the asked language come before equal ones of another', () => {
  const [first] = searchGoods(index, 'limon', 'uz', 5);
  expect(first?.subheading.code).toBe('080550');
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
