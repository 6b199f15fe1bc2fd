import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { LANGUAGES } from '../../members/registry.ts';

/**
 * `virtual:messages/kk`: a language's messages, compiled: the policy allows no code made from text in the browser.
 * `virtual:locale/kk`: how it writes dates and numbers, out of CLDR: a browser knows that for some of the eight only.
 */

export const LANGUAGE_FOLDER = fileURLToPath(new URL('../languages/', import.meta.url));
const require = createRequire(import.meta.url);
// The package is CommonJS and its types do not say so.
const MessageFormat = require('@messageformat/core') as new (
  locale: string,
  options: { strict: boolean; returnType: 'string' },
) => object;
const compileModule = require('@messageformat/core/compile-module') as (format: object, messages: object) => string;

/** CLDR has no plural rules for Tajik, whose nouns stay in the singular after a numeral: one form, as in Chinese. */
const PLURALS: Readonly<Record<string, string>> = { tg: 'zh' };

export function readMessages(language: string): Record<string, string> {
  const path = join(LANGUAGE_FOLDER, `${language}.json`);
  if (!existsSync(path)) return {};
  const { $state: _, ...messages } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  return messages;
}

/** Languages that have a catalogue, and what each says of itself: `draft`, `native-reviewed` or `official`. */
export function catalogues(): { code: string; state: string }[] {
  return LANGUAGES.filter((code) => existsSync(join(LANGUAGE_FOLDER, `${code}.json`))).map((code) => {
    const { $state = 'draft' } = JSON.parse(readFileSync(join(LANGUAGE_FOLDER, `${code}.json`), 'utf8'));
    return { code, state: $state };
  });
}

export function compileMessages(language: string): string {
  const format = new MessageFormat(PLURALS[language] ?? language, { strict: true, returnType: 'string' });
  return compileModule(format, readMessages(language));
}

interface Gregorian {
  readonly months: Readonly<
    Record<'format' | 'stand-alone', Readonly<Record<'wide' | 'abbreviated', Record<string, string>>>>
  >;
  readonly days: { readonly format: { readonly abbreviated: Record<string, string> } };
  readonly dateFormats: Readonly<Record<'medium' | 'long', string>>;
}

/** English dates as most of the world writes them: day before month. */
const REGIONS: Readonly<Record<string, string>> = { en: 'en-GB' };

/** What the app needs of CLDR for one language. */
export function localeData(code: string): unknown {
  const language = REGIONS[code] ?? code;
  const dates = require(`cldr-dates-full/main/${language}/ca-gregorian.json`) as {
    main: Record<string, { dates: { calendars: { gregorian: Gregorian } } }>;
  };
  const numbers = require(`cldr-numbers-full/main/${language}/numbers.json`) as {
    main: Record<string, { numbers: Record<string, { decimal: string; group: string }> }>;
  };
  const calendar = dates.main[language]?.dates.calendars.gregorian;
  const symbols = numbers.main[language]?.numbers['symbols-numberSystem-latn'];
  if (calendar === undefined || symbols === undefined) throw new Error(`CLDR has nothing for ${language}`);
  return {
    months: Object.values(calendar.months.format.wide),
    monthsShort: Object.values(calendar.months.format.abbreviated),
    days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((day) => calendar.days.format.abbreviated[day]),
    medium: shipped(calendar.dateFormats.medium),
    long: shipped(calendar.dateFormats.long),
    decimal: symbols.decimal,
    group: shipped(symbols.group),
  };
}

/** The narrow space that holds together has no glyph in the fonts that are shipped: the wide one stands for it. */
const shipped = (text: string): string => text.replaceAll('\u202f', '\u00a0');

export function languages(): Plugin {
  return {
    name: 'dostyk-languages',
    resolveId: (source) => (/^virtual:(messages\/|locale\/|languages$)/.test(source) ? `\0${source}` : undefined),
    load(asked) {
      if (asked === '\0virtual:languages') return `export default ${JSON.stringify(catalogues())};`;
      const match = /^\0virtual:(messages|locale)\/([a-z]{2})$/.exec(asked);
      const [, kind, language = ''] = match ?? [];
      if (kind === undefined) return undefined;
      this.addWatchFile(join(LANGUAGE_FOLDER, `${language}.json`));
      return kind === 'messages'
        ? compileMessages(language)
        : `export default ${JSON.stringify(localeData(language))};`;
    },
  };
}
