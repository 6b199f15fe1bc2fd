import { type Goods, type Named, type Subheading, WORD_LANGUAGES, type WordLanguage } from './goods.ts';

/** Goods by words in any of eight languages, while they are typed, typos forgiven. */

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

/** How well typed words fit a phrase: 0 is whole, less is worse; undefined does not fit. */
function rank(query: string, phrase: string): number | undefined {
  if (phrase === query) return 0;
  if (HAN.test(query)) return phrase.includes(query) ? 1 : query.includes(phrase) ? 2 : undefined;
  if (phrase.startsWith(query)) return 1;
  const own = phrase.split(' ');
  let worst = 0;
  for (const word of query.split(' ')) {
    let best: number | undefined;
    for (const one of own) {
      const most = forgiven(word.length);
      const typos = one === word ? 0 : one.startsWith(word) ? 0.5 : distance(word, one, most);
      // A word that is still being typed, with a typo in it.
      const begun =
        typos <= most || one.length <= word.length ? typos : distance(word, one.slice(0, word.length), most) + 0.5;
      const least = Math.min(typos, begun);
      if (least <= most + 0.5 && (best === undefined || least < best)) best = least;
    }
    if (best === undefined) return undefined;
    worst += best;
  }
  return 2 + worst;
}

interface Entry {
  readonly subheading: Subheading;
  readonly phrases: readonly { readonly text: string; readonly word: string; readonly language: WordLanguage }[];
}

export interface GoodsIndex {
  readonly goods: Goods;
  readonly entries: readonly Entry[];
}

/** Made once. @example searchGoods(indexOf(goods), 'череня', 'ru', 5)[0]?.subheading.code // '080929' */
export function indexOf(goods: Goods): GoodsIndex {
  const entries = [...goods.subheadings.values()].map((subheading) => ({
    subheading,
    phrases: [
      ...WORD_LANGUAGES.flatMap((language) => subheading.words[language].map((word) => ({ word, language }))),
      { word: subheading.en, language: 'en' as const },
      { word: subheading.ru, language: 'ru' as const },
    ].map(({ word, language }) => ({ text: plain(word), word, language })),
  }));
  return { goods, entries };
}

/** Longer than any name of goods. */
export const MOST_LETTERS = 100;

/**
 * @param language words of it come before equal ones of others
 * @returns the best first; what fits equally by code
 */
export function searchGoods(index: GoodsIndex, typed: string, language: WordLanguage, limit: number): Hit[] {
  const { goods, entries } = index;
  const hit = (subheading: Subheading, word: string | undefined): Hit => ({
    subheading,
    heading: goods.headings.get(subheading.code.slice(0, 4)),
    chapter: goods.chapters.get(subheading.code.slice(0, 2)),
    word,
  });
  const query = plain(typed.slice(0, MOST_LETTERS));
  if (query === '') return [];
  const digits = query.replaceAll(' ', '');
  if (/^\d{2,10}$/.test(digits))
    return entries
      .filter(({ subheading: { code } }) => code.startsWith(digits.slice(0, 6)))
      .slice(0, limit)
      .map(({ subheading }) => hit(subheading, undefined));
  const found: { readonly score: number; readonly entry: Entry; readonly word: string }[] = [];
  for (const entry of entries) {
    let best: { readonly score: number; readonly word: string } | undefined;
    for (const phrase of entry.phrases) {
      const fits = rank(query, phrase.text);
      if (fits === undefined) continue;
      const score = fits + (phrase.language === language ? 0 : 0.25);
      if (best === undefined || score < best.score) best = { score, word: phrase.word };
    }
    if (best !== undefined) found.push({ entry, ...best });
  }
  return found
    .sort((a, b) => a.score - b.score || (a.entry.subheading.code < b.entry.subheading.code ? -1 : 1))
    .slice(0, limit)
    .map(({ entry, word }) => hit(entry.subheading, word));
}
