import available from 'virtual:languages';
import type { Names } from '../../members/registry.ts';
import { clockTimeAt, comparer, fillPattern, groupDigits, type LocaleData, offsetName } from './locale.ts';

/** The reader's language: its messages, dates, numbers and order. It stands in the address; another one is another page. */

export type Language = keyof Names;
export type MessageKey = Exclude<keyof typeof import('./en.json', { with: { type: 'json' }}), '$state'>;
type Params = Readonly<Record<string, string | number>>;
type Messages = Readonly<Record<string, (params?: Params) => string>>;

const LOADERS: Readonly<Record<Language, () => Promise<[{ default: Messages }, { default: LocaleData }]>>> = {
  zh: () => Promise.all([import('virtual:messages/zh'), import('virtual:locale/zh')]),
  kk: () => Promise.all([import('virtual:messages/kk'), import('virtual:locale/kk')]),
  ky: () => Promise.all([import('virtual:messages/ky'), import('virtual:locale/ky')]),
  tg: () => Promise.all([import('virtual:messages/tg'), import('virtual:locale/tg')]),
  tk: () => Promise.all([import('virtual:messages/tk'), import('virtual:locale/tk')]),
  uz: () => Promise.all([import('virtual:messages/uz'), import('virtual:locale/uz')]),
  ru: () => Promise.all([import('virtual:messages/ru'), import('virtual:locale/ru')]),
  en: () => Promise.all([import('virtual:messages/en'), import('virtual:locale/en')]),
};

/** Each language by its own name: nobody looks for theirs in another. */
export const OWN_NAMES: Readonly<Record<Language, string>> = {
  zh: '中文',
  kk: 'Қазақша',
  ky: 'Кыргызча',
  tg: 'Тоҷикӣ',
  tk: 'Türkmençe',
  uz: 'O‘zbekcha',
  ru: 'Русский',
  en: 'English',
};

/** Languages with a catalogue, and what it says of itself. */
export const LANGUAGES_SHOWN = available as readonly {
  code: Language;
  state: 'draft' | 'native-reviewed' | 'official';
}[];

export let language: Language = 'en';
let messages: Messages = {};
let locale: LocaleData;
let compare: (a: string, b: string) => number = () => 0;

/** Loads the language of the address; to be awaited before anything is shown. */
export async function loadLanguage(wanted: string): Promise<void> {
  language = LANGUAGES_SHOWN.find(({ code }) => code === wanted)?.code ?? 'en';
  const [loadedMessages, loadedLocale] = await LOADERS[language]();
  messages = loadedMessages.default;
  locale = loadedLocale.default;
  compare = comparer(language);
}

/** A message in the reader's language. @example t('part.items', { count: 3 }) */
export function t(key: MessageKey, params?: Params): string {
  return messages[key]?.(params) ?? key;
}

/** A message whose key is made from data; undefined where there is none. @example tMaybe(`problem.${code}`) */
export function tMaybe(key: string, params?: Params): string | undefined {
  try {
    return Object.hasOwn(messages, key) ? messages[key]?.(params) : undefined;
  } catch {
    // A message whose parameters did not come: the caller shows what it was given.
    return undefined;
  }
}

/** One of the registry's names, which come in all eight. */
export const nameIn = (names: Names): string => names[language];

export const sortByName = <T>(list: readonly T[], name: (one: T) => string): T[] =>
  [...list].sort((a, b) => compare(name(a), name(b)));

/** The place of a page in the reader's language. @example href('/dossiers') // '/kk/dossiers' */
export const href = (path: string): string => `/${language}${path}`;

const here = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/**
 * An instant in the clock of a place, with its distance from UTC. Without a zone, in the reader's own.
 * @example formatDate('2026-06-11T09:30:00Z', 'Asia/Almaty') // '11 Jun 2026, 14:30 UTC+5'
 */
export function formatDate(instant: string | Date, zone?: string): string {
  const date = typeof instant === 'string' ? new Date(instant) : instant;
  if (Number.isNaN(date.getTime())) return String(instant);
  const time = clockTimeAt(date, zone ?? here());
  return `${fillPattern(locale.medium, time, locale)}, ${formatClock(time)} ${offsetName(time.offset)}`;
}

/** The time of day alone. */
export function formatTime(instant: string | Date, zone?: string): string {
  return formatClock(clockTimeAt(typeof instant === 'string' ? new Date(instant) : instant, zone ?? here()));
}

const formatClock = ({ hour, minute }: { readonly hour: number; readonly minute: number }): string =>
  `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;

/** A date that is a date. @example formatDay('2026-06-11') */
export function formatDay(day: string): string {
  const [year = 0, month = 1, date = 1] = day.slice(0, 10).split('-').map(Number);
  const weekday = new Date(Date.UTC(year, month - 1, date)).getUTCDay();
  return fillPattern(locale.medium, { year, month, day: date, weekday }, locale);
}

/** A decimal number. @param digits decimals at most */
export function formatNumber(value: string | number | bigint, digits?: number): string {
  return groupDigits(String(value), locale, digits);
}

/** @param kilograms a decimal number as text */
export const formatMass = (kilograms: string): string => t('part.kilograms', { mass: formatNumber(kilograms) });

/** How long: in minutes under two hours, in hours under three days, then in days. @param ms milliseconds */
export function formatAge(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 120) return t('part.minutes', { count: minutes });
  const hours = Math.round(minutes / 60);
  return hours < 72 ? t('part.hours', { count: hours }) : t('part.days', { count: Math.round(hours / 24) });
}

export const formatSince = (instant: string): string => formatAge(Date.now() - Date.parse(instant));
