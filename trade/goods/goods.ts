import { Cells, type Fault, Faults, readTable } from '../measures/table.ts';

/**
 * Goods in the project's own short words: chapters and headings in English and Russian, subheadings with words to search by in eight
 * languages. Labels, no legal scope: what a code covers the Harmonized System and each member's nomenclature say. Chapter 77 is
 * reserved, 98 and 99 are national and not of the system.
 */

export const WORD_LANGUAGES = ['zh', 'kk', 'ky', 'tg', 'tk', 'uz', 'ru', 'en'] as const;
export type WordLanguage = (typeof WORD_LANGUAGES)[number];

/** Of a search: longer than any name of goods. */
export const MOST_LETTERS = 200;

export interface Named {
  readonly code: string;
  readonly en: string;
  readonly ru: string;
}

export interface Subheading extends Named {
  readonly words: Readonly<Record<WordLanguage, readonly string[]>>;
}

export interface Goods {
  readonly chapters: ReadonlyMap<string, Named>;
  readonly headings: ReadonlyMap<string, Named>;
  readonly subheadings: ReadonlyMap<string, Subheading>;
}

const TABLES = {
  'chapters.csv': { digits: 2, columns: ['code', 'en', 'ru'] },
  'headings.csv': { digits: 4, columns: ['code', 'en', 'ru'] },
  'subheadings.csv': {
    digits: 6,
    columns: ['code', 'en', 'ru', ...['en', 'zh', 'kk', 'ky', 'tg', 'tk', 'uz', 'ru'].map((one) => `words_${one}`)],
  },
} as const;

/** The tables of goods, whole; or every fault by file, line and column. */
export function readGoods(
  files: ReadonlyMap<string, string>,
): { readonly goods: Goods } | { readonly faults: readonly Fault[] } {
  const faults = new Faults();
  const levels = [];
  let above: ReadonlyMap<string, Subheading> | undefined;
  for (const [name, { digits, columns }] of Object.entries(TABLES)) {
    const found = new Map<string, Subheading>();
    const text = files.get(name);
    if (text === undefined) faults.add(name, undefined, undefined, 'file-missing', `Goods need ${name}.`);
    const table = text === undefined ? undefined : readTable(name, text, columns, [], faults);
    if (table !== undefined) {
      const cells = new Cells(table, faults);
      let before = '';
      for (const row of table.rows) {
        const code = cells.some(row, 'code');
        if (!/^\d+$/.test(code) || code.length !== digits)
          cells.fault(row, 'code', 'cell-unreadable', `A code of this table has ${digits} digits.`);
        else if (code <= before)
          cells.fault(row, 'code', 'duplicate', `${code} stands after ${before}: codes rise, and each stands once.`);
        else if (above !== undefined && !above.has(code.slice(0, digits - 2)))
          cells.fault(row, 'code', 'not-declared', `Nothing is said of ${code.slice(0, digits - 2)}, which holds it.`);
        before = code;
        const words = Object.fromEntries(
          WORD_LANGUAGES.map((language) => [
            language,
            digits === 6
              ? cells
                  .text(row, `words_${language}`)
                  .split(';')
                  .map((word) => word.trim())
                  .filter((word) => word !== '')
              : [],
          ]),
        ) as unknown as Subheading['words'];
        found.set(code, { code, en: cells.some(row, 'en'), ru: cells.some(row, 'ru'), words });
      }
    }
    levels.push(found);
    above = found;
  }
  if (faults.all.length > 0) return { faults: faults.all };
  const [chapters, headings, subheadings] = levels;
  return {
    goods: {
      chapters: chapters ?? new Map(),
      headings: headings ?? new Map(),
      subheadings: subheadings ?? new Map(),
    },
  };
}
