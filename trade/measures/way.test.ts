import { expect, test } from 'vitest';
import { findWay, type WayPost } from './way.ts';

const post = (member: string, id: string, crossing: string, mode = 'road'): WayPost => ({
  member,
  id,
  crossing,
  mode: [mode],
});
const POSTS = [
  post('UZ', 'uz-yallama', 'yallama'),
  post('KZ', 'kz-konysbayeva', 'yallama'),
  post('KZ', 'kz-nur-zholy', 'khorgos-road'),
  post('CN', 'cn-khorgos', 'khorgos-road'),
  post('KZ', 'kz-altynkol', 'khorgos-rail', 'rail'),
  post('CN', 'cn-horgos-rail', 'khorgos-rail', 'rail'),
];
const ids = (words: string[], from: string, mode?: string): string[] =>
  findWay(words, POSTS, from, undefined, mode).map(({ id }) => id);

test('a crossing is passed from the side on which the goods are', () => {
  expect(ids(['yallama', 'khorgos'], 'UZ', 'road')).toEqual([
    'uz-yallama',
    'kz-konysbayeva',
    'kz-nur-zholy',
    'cn-khorgos',
  ]);
  expect(ids(['khorgos', 'konysbayeva'], 'CN', 'road')).toEqual([
    'cn-khorgos',
    'kz-nur-zholy',
    'kz-konysbayeva',
    'uz-yallama',
  ]);
  expect(ids(['khorgos'], 'CN', 'rail')).toEqual(['cn-horgos-rail', 'kz-altynkol']);
});

test('what can not be passed is said', () => {
  expect(() => ids(['nowhere'], 'UZ')).toThrow('No crossing is called nowhere.');
  expect(() => ids(['khorgos'], 'UZ', 'road')).toThrow("The goods are in UZ and can't leave it over khorgos.");
  expect(() => ids(['khorgos'], 'KZ')).toThrow('khorgos may be khorgos-road or khorgos-rail.');
});

test('a way that ends elsewhere than the goods are bound for is no way', () => {
  expect(() => findWay(['yallama'], POSTS, 'UZ', 'CN', 'road')).toThrow(
    'The way ends in KZ, the goods are bound for CN.',
  );
  expect(findWay(['yallama'], POSTS, 'UZ', 'KZ', 'road')).toHaveLength(2);
  expect(findWay([], POSTS, 'UZ', 'CN', 'road')).toEqual([]);
});
