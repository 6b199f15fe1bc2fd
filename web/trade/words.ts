import { isCountryCode } from '../../values/country.ts';
import { language, nameIn, sortByName, t, tMaybe } from '../languages/index.ts';
import { members } from '../members.ts';
import type { Option } from '../parts/field.tsx';

/** Words for the codes of trade in the reader's language; a code without a word is shown as it is. */

export const word = (kind: string, code: string): string => tMaybe(`${kind}.${code}`) ?? code;

/** A UN/EDIFACT 1001 document code with its name, where it is one of those in use here. */
export const documentName = (code: string): string => {
  const name = tMaybe(`document.${code}`);
  return name === undefined ? code : `${name} (${code})`;
};

export const packageName = (code: string): string => {
  const name = tMaybe(`package.${code}`);
  return name === undefined ? code : `${name} (${code})`;
};

/** Document kinds that forms offer; any other code can be typed. */
export const DOCUMENT_CODES = ['380', '271', '730', '720', '851', '861', '2', '785', '705', '911', '916'] as const;
export const PACKAGE_CODES_OFFERED = [
  'CT',
  'BX',
  'CR',
  'CS',
  'BG',
  'SA',
  'BL',
  'PX',
  'PK',
  'DR',
  'BA',
  'RO',
  'BE',
  'JC',
  'VL',
  'VO',
] as const;

const regions = (): Intl.DisplayNames | undefined => {
  try {
    return new Intl.DisplayNames([language], { type: 'region', fallback: 'code' });
  } catch {
    // A browser without names for the language: codes stand for names.
    return undefined;
  }
};

/** A country's name: a member's as the registry has it, another's as the browser knows it, else its code. */
export function countryName(code: string): string {
  const member = members.value?.members.find((one) => one.code === code);
  if (member !== undefined) return nameIn(member.name);
  // What is being typed may be no code yet.
  return isCountryCode(code) ? (regions()?.of(code) ?? code) : code;
}

const FROM = 'A'.charCodeAt(0);
const ALL_CODES = Array.from({ length: 26 * 26 }, (_, i) =>
  String.fromCharCode(FROM + Math.floor(i / 26), FROM + (i % 26)),
).filter(isCountryCode);

/** Members first, alphabetically in the reader's language, then all others. */
export function countryOptions(): Option[] {
  const own = new Set((members.value?.members ?? []).map(({ code }) => code as string));
  const names = regions();
  const option = (value: string): Option => {
    const name = own.has(value) ? countryName(value) : (names?.of(value) ?? value);
    return { value, label: name === value ? value : `${name} (${value})` };
  };
  const sorted = (codes: readonly string[]): Option[] => sortByName(codes.map(option), ({ label }) => label);
  return [...sorted([...own]), ...sorted(ALL_CODES.filter((code) => !own.has(code)))];
}

/** What is awaited, in one sentence. */
export const awaitedText = (what: string, from: string): string =>
  t('operator.awaitedFrom', { what: word('awaited', what), from });
