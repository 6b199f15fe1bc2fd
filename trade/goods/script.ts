/**
 * Words in the other script of their language: Uzbek is written in Latin and in Cyrillic letters, Kazakh in Cyrillic and, since 2021, in
 * Latin ones. To be searched by, not to be read.
 */

/** Letters of the alphabet of 1995, pairs before single ones; o‘ and g‘ with any of the marks that people type. */
const UZBEK: readonly (readonly [RegExp, string])[] = [
  [/o[ʻʼ‘’'`]/g, 'ў'],
  [/g[ʻʼ‘’'`]/g, 'ғ'],
  [/[ʻʼ‘’'`]/g, 'ъ'],
  ...Object.entries({ sh: 'ш', ch: 'ч', ts: 'ц', ya: 'я', yo: 'ё', yu: 'ю', ye: 'е' }).map(
    ([latin, letter]) => [new RegExp(latin, 'g'), letter] as const,
  ),
];

const pairs = (from: string, to: readonly string[]): ReadonlyMap<string, string> =>
  new Map([...from].map((letter, i) => [letter, to[i] ?? '']));

const UZBEK_LETTERS = pairs('abdefghijklmnopqrstuvxyz', [...'абдефгҳижклмнопқрстувхйз']);

/** @example uzbekInCyrillic('yong‘oq') // 'ёнғоқ' */
export function uzbekInCyrillic(text: string): string {
  const small = UZBEK.reduce((before, [from, to]) => before.replaceAll(from, to), text.toLowerCase());
  return small.replaceAll(/[a-z]/g, (letter) => UZBEK_LETTERS.get(letter) ?? letter);
}

/** The alphabet of 2021; letters of loan words as they are spoken. */
const KAZAKH_LETTERS = new Map([
  ...pairs('абвгғдежзийкқлмнңоөпрстуұүфхһшыіэә', [...'abvgğdejziikqlmnñoöprstuūüfhhşyieä']),
  ...Object.entries({ ё: 'io', ц: 'ts', ч: 'tş', щ: 'ş', ю: 'iu', я: 'ia', ъ: '', ь: '' }),
]);

/** @example kazakhInLatin('жүзім') // 'jüzim' */
export function kazakhInLatin(text: string): string {
  return text.toLowerCase().replaceAll(/\p{Script=Cyrillic}/gu, (letter) => KAZAKH_LETTERS.get(letter) ?? letter);
}
