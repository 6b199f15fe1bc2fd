import { type Goods, MOST_LETTERS, type Named, type Subheading, WORD_LANGUAGES, type WordLanguage } from './goods.ts';
import { kazakhInLatin, uzbekInCyrillic } from './script.ts';

/**
 * Goods by words in any of eight languages, while they are typed, typos forgiven. No library: MiniSearch 7 counts two letters that
 * changed places as two typos, and Chinese and letters that are written for each other would still be left to do here.
 */

export interface Hit {
  readonly subheading: Subheading;
  readonly heading: Named | undefined;
  readonly chapter: Named | undefined;
  /** The word that was meant; absent where the code was typed. */
  readonly word: string | undefined;
}

/** Letters that people write for each other, and marks that phones leave out. */
const ALIKE: Readonly<Record<string, string>> = {
  ...{
    ё: 'е',
    ў: 'у',
    ү: 'у',
    ұ: 'у',
    ӯ: 'у',
    ө: 'о',
    ә: 'а',
    қ: 'к',
    ғ: 'г',
    ң: 'н',
    һ: 'х',
    ҳ: 'х',
    і: 'и',
    ӣ: 'и',
    ҷ: 'ж',
    й: 'и',
    э: 'е',
  },
  ...{ ı: 'i', ş: 's', ž: 'z', ň: 'n', ý: 'y', ç: 'c', ä: 'a', ö: 'o', ü: 'u' },
};

/** A word as it is compared: small, without marks, apostrophes and what people write for each other. */
export function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[ʻʼ‘’'`]/g, '')
    .replaceAll(/\p{L}/gu, (letter) => ALIKE[letter] ?? letter)
    .normalize('NFD')
    .replaceAll(/\p{Mn}/gu, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

const HAN = /\p{Script=Han}/u;

/** Letters put in, left out, changed or swapped with the next; more than `most` is not counted on. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
      if (cost < least) least = cost;
    }
    if (least > most) return most + 1;
    before = row;
    row = next;
  }
  return row[b.length] ?? most + 1;
}

/** How many typos a word of so many letters may have. */
const forgiven = (letters: number): number => (letters >= 7 ? 2 : letters >= 4 ? 1 : 0);

/** How well a typed word fits a word: 0 is whole, half where more is to be typed, one a typo; Infinity does not fit. */
function fits(typed: string, word: string): number {
  if (word === typed) return 0;
  if (word.startsWith(typed)) return 0.5;
  const most = forgiven(typed.length);
  if (most === 0) return Infinity;
  const typos = distance(typed, word, most);
  if (typos <= most) return typos;
  // A word that is still being typed, with a typo in it.
  const begun = word.length > typed.length ? distance(typed, word.slice(0, typed.length), most) : Infinity;
  return begun <= most ? begun + 0.5 : Infinity;
}

/** Chinese has no spaces to part words by: one in the other fits, the better the more of it is the same. */
function fitsHan(query: string, phrase: string): number {
  if (phrase.includes(query)) return 1 + (phrase.length - query.length) / phrase.length;
  if (query.includes(phrase)) return 2 + (query.length - phrase.length) / query.length;
  return Infinity;
}

interface Phrase {
  readonly subheading: Subheading;
  readonly language: WordLanguage;
  /** As it is shown. */
  readonly word: string;
  /** As it is compared. */
  readonly text: string;
  /** Its words, by their place in the index. */
  readonly own: readonly number[];
}

export interface GoodsIndex {
  readonly goods: Goods;
  readonly phrases: readonly Phrase[];
  /** Each word of a phrase once, as it is compared. */
  readonly words: readonly string[];
}

/** Made once. @example searchGoods(indexOf(goods), 'череня', 'ru', 5)[0]?.subheading.code // '080929' */
export function indexOf(goods: Goods): GoodsIndex {
  const places = new Map<string, number>();
  const phrases: Phrase[] = [];
  for (const subheading of goods.subheadings.values()) {
    const add = (language: WordLanguage, word: string, written = word): void => {
      const text = plain(written);
      const own = text.split(' ').map((one) => {
        const place = places.get(one) ?? places.size;
        places.set(one, place);
        return place;
      });
      phrases.push({ subheading, language, word, text, own });
    };
    for (const language of WORD_LANGUAGES) for (const word of subheading.words[language]) add(language, word);
    for (const word of subheading.words.uz) add('uz', word, uzbekInCyrillic(word));
    for (const word of subheading.words.kk) add('kk', word, kazakhInLatin(word));
    add('en', subheading.en);
    add('ru', subheading.ru);
  }
  return { goods, phrases, words: [...places.keys()] };
}

/** Where goods stand: what is said of their heading and chapter. */
export function placeOf(goods: Goods, code: string): { heading: Named | undefined; chapter: Named | undefined } {
  return { heading: goods.headings.get(code.slice(0, 4)), chapter: goods.chapters.get(code.slice(0, 2)) };
}

/**
 * @param typed words of any language, or digits that a code begins with; all words have to fit; over MOST_LETTERS nothing is found
 * @param language words of it come before equal ones of others
 * @returns the best first; what fits equally by code
 */
export function searchGoods(index: GoodsIndex, typed: string, language: WordLanguage, limit: number): Hit[] {
  const { goods, phrases, words } = index;
  const hit = (subheading: Subheading, word: string | undefined): Hit => ({
    subheading,
    ...placeOf(goods, subheading.code),
    word,
  });
  const query = typed.length > MOST_LETTERS ? '' : plain(typed);
  if (query === '') return [];
  const digits = query.replaceAll(' ', '');
  if (/^\d{2,10}$/.test(digits))
    return [...goods.subheadings.values()]
      .filter(({ code }) => code.startsWith(digits.slice(0, 6)))
      .slice(0, limit)
      .map((subheading) => hit(subheading, undefined));
  const han = HAN.test(query);
  const asked: number[][] = [];
  for (const one of han ? [] : new Set(query.split(' '))) {
    const scores = words.map((word) => fits(one, word));
    if (scores.every((score) => score === Infinity)) return [];
    asked.push(scores);
  }
  const rank = ({ text, own }: Phrase): number => {
    if (text === query) return 0;
    if (han) return fitsHan(query, text);
    if (text.startsWith(query)) return 1;
    return asked.reduce((sum, scores) => sum + Math.min(...own.map((place) => scores[place] ?? Infinity)), 2);
  };
  const best = new Map<string, { readonly score: number; readonly hit: Hit }>();
  for (const phrase of phrases) {
    const score = rank(phrase) + (phrase.language === language ? 0 : 0.25);
    const { subheading, word } = phrase;
    if (score < (best.get(subheading.code)?.score ?? Infinity))
      best.set(subheading.code, { score, hit: hit(subheading, word) });
  }
  return [...best]
    .sort(([a, { score: one }], [b, { score: other }]) => one - other || (a < b ? -1 : 1))
    .slice(0, limit)
    .map(([, found]) => found.hit);
}
