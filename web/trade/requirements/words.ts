import type { RequirementsView, StageView } from '../../../trade/measures/answer-view.ts';
import { formatDay, formatNumber, language, type MessageKey, t, tMaybe } from '../../languages/index.ts';
import { countryName, word } from '../words.ts';

/** Words of an answer in the reader's language. */

type Wording = StageView['steps'][number]['wording'];
type Citation = StageView['steps'][number]['citation'];
type Atom = StageView['controls'][number]['groups'][number]['all'][number];
type Finding = RequirementsView['findings'][number];

/** Rules are worded in English and Russian. @returns the text and the language that it is in */
export function worded(wording: Wording): { readonly text: string; readonly lang: 'en' | 'ru' } {
  // Who reads Russian letters every day reads these sooner than English.
  const lang = ['ru', 'kk', 'ky', 'tg'].includes(language) ? 'ru' : 'en';
  return { text: wording[lang], lang };
}

export const amountText = (amount: string | null, currency: string): string =>
  amount === null ? t('part.unknown') : `${formatNumber(amount, 2)} ${currency}`;

export const citedText = ({ title, place, read, confidence }: Citation): string =>
  t('need.source', { title, place, day: formatDay(read), confidence: word('confidence', confidence) });

const PLAIN: Readonly<Record<string, MessageKey>> = {
  incoterm: 'filing.incoterm',
  toBorder: 'need.carriage',
  afterBorder: 'need.onward',
  insurance: 'need.insurance',
  price: 'need.price',
};
/** What a finding is about: a kind of charge or control, a cost, a currency, a unit. */
const aboutText = (what: string): string =>
  what
    .split(' ')
    .map((one) => tMaybe(`need.type.${one}`) ?? (PLAIN[one] === undefined ? one : t(PLAIN[one])))
    .join(', ');

export function warningText({ code, params }: Pick<Finding, 'code' | 'params'>): string {
  const { what = '' } = params;
  return tMaybe(`need.finding.${code}`, { codes: '', measures: '', ...params, what: aboutText(what) }) ?? code;
}

/** A wording within a sentence: without its own full stop. */
export const bare = (text: string): string => text.replace(/\.$/, '');

/** One thing that a condition hangs on. */
export function atomText({ kind, what, not, wording }: Atom, post: (id: string) => string): string {
  const names: Readonly<Record<string, () => string>> = {
    registered: () => word('registration', what),
    treated: () => word('treatment', what),
    mode: () => word('mode', what),
    post: () => t('need.atom.post', { what: post(what) }),
  };
  const text =
    wording === null
      ? (names[kind]?.() ??
        tMaybe(`need.atom.${kind}.${what}`) ??
        tMaybe(`need.atom.${kind}`, { what }) ??
        `${kind} ${what}`)
      : bare(worded(wording).text);
  return not ? t('need.without', { what: text }) : text;
}

export const stageTitle = ({ member, direction }: Pick<StageView, 'member' | 'direction'>): string =>
  `${countryName(member)}: ${word('direction', direction)}`;

/** A duration of ISO 8601, where it is of one unit; else as it is written. @example durationText('P10D') // '10 days' */
export function durationText(duration: string | null): string {
  if (duration === null) return t('part.unknown');
  const [, time, number = '', unit = ''] = /^P(T?)(\d+)([YMWDH])$/.exec(duration) ?? [];
  const count = Number(number);
  if (unit === 'D') return t('part.days', { count });
  if (unit === 'W') return t('part.days', { count: 7 * count });
  if (unit === 'Y') return t('need.years', { count });
  if (unit === 'M' && time === '') return t('need.months', { count });
  return unit === 'H' ? t('part.hours', { count }) : duration;
}

/** Whose word a member's rules are. */
export const standingText = (pack: StageView['pack']): string =>
  pack === null
    ? t('need.noPack')
    : t(pack.state === 'confirmed' ? 'need.confirmed' : 'need.compiled', {
        version: pack.version,
        day: formatDay(pack.published),
      });

/** Every rule that a member's part of an answer names. */
export const measuresOf = ({ controls, fees, items }: StageView): StageView['fees'][number]['measure'][] =>
  [...controls, ...fees, ...items.flatMap(({ options }) => options.flatMap(({ lines }) => lines))].map(
    ({ measure }) => measure,
  );

/** How the state of a control looks. */
export const CONTROL_LOOKS: Readonly<Record<StageView['controls'][number]['state'], string>> = {
  met: 'complete',
  open: 'missing',
  prohibited: 'refused',
  unknown: 'claimed',
  'may-apply': 'claimed',
};
