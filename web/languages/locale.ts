/** How a language writes dates and numbers: out of CLDR, by the build. */
export interface LocaleData {
  readonly months: readonly string[];
  readonly monthsShort: readonly string[];
  /** Sunday first. */
  readonly days: readonly string[];
  /** CLDR date patterns, e.g. `d MMM y`. */
  readonly medium: string;
  readonly long: string;
  readonly decimal: string;
  readonly group: string;
}

export interface ClockTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

/**
 * A day in a language's own words, after a CLDR pattern (Unicode TR 35, Date Field Symbol Table: y M d E and quoted text).
 *
 * @example fillPattern('d MMM y', { year: 2026, month: 6, day: 4, … }, en) // '4 Jun 2026'
 */
export function fillPattern(pattern: string, time: Omit<ClockTime, 'hour' | 'minute'>, locale: LocaleData): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return pattern.replaceAll(/'([^']*)'|y+|M+|L+|d+|E+/g, (field: string, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted;
    const n = field.length;
    if (field.startsWith('y')) return n === 2 ? two(time.year % 100) : String(time.year);
    if (field.startsWith('d')) return n === 2 ? two(time.day) : String(time.day);
    if (field.startsWith('E')) return locale.days[time.weekday] ?? '';
    if (n >= 4) return locale.months[time.month - 1] ?? '';
    if (n === 3) return locale.monthsShort[time.month - 1] ?? '';
    return n === 2 ? two(time.month) : String(time.month);
  });
}

/** What the clocks of an IANA zone show at an instant, and how far they are from UTC, in minutes. */
export function clockTimeAt(instant: Date, zone: string): ClockTime & { readonly offset: number } {
  const parts = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant);
  const read = (type: string): number => Number(parts.find((one) => one.type === type)?.value ?? 0);
  const [year, month, day, hour, minute] = [read('year'), read('month'), read('day'), read('hour'), read('minute')];
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, read('second'));
  const offset = Math.round((asUtc - Math.floor(instant.getTime() / 1000) * 1000) / 60_000);
  return { year, month, day, hour, minute, weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay(), offset };
}

/** `UTC+5`, `UTC+5:30`, `UTC`. */
export function offsetName(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const rest = Math.abs(minutes) % 60;
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

/**
 * A decimal number as text in a language's own marks. No digit is lost: it is never made a float.
 *
 * @param digits decimals at most; rounded half up where there are more
 * @example groupDigits('20000.5', ru) // '20 000,5'
 */
export function groupDigits(text: string, { decimal, group }: LocaleData, digits?: number): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(digits === undefined ? text : round(text, digits));
  if (match === null) return text;
  const [, sign = '', whole = '', fraction] = match;
  // Four digits are not grouped: years and small numbers read as one word.
  const grouped = whole.length < 5 ? whole : whole.replaceAll(/\B(?=(\d{3})+$)/g, group);
  return `${sign === '-' ? '−' : ''}${grouped}${fraction === undefined ? '' : `${decimal}${fraction}`}`;
}

function round(text: string, digits: number): string {
  const [whole = '0', fraction = ''] = text.split('.');
  if (fraction.length <= digits) return text;
  const negative = whole.startsWith('-');
  const scaled =
    BigInt(whole.replace('-', '') + fraction.slice(0, digits)) + (fraction.charAt(digits) >= '5' ? 1n : 0n);
  const padded = scaled.toString().padStart(digits + 1, '0');
  const rounded = digits === 0 ? padded : `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
  return `${negative ? '-' : ''}${rounded}`;
}

/**
 * The order of words in languages whose order the browser may not know: alphabets as CLDR's collation root tailors them. Chinese,
 * Russian and English are in every browser.
 */
const ALPHABETS: Readonly<Record<string, string>> = {
  kk: 'аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя',
  ky: 'абвгдеёжзийклмнңоөпрстуүфхцчшщъыьэюя',
  tg: 'абвгғдеёжзиӣйкқлмнопрстуӯфхҳцчҷшщъыьэюя',
  tk: 'abcçdeäfghijžklmnňoöpqrsştuüvwxyýz',
  uz: 'abcdefghijklmnopqrstuvwxyz',
};

export function comparer(language: string): (a: string, b: string) => number {
  const alphabet = ALPHABETS[language];
  if (alphabet === undefined) {
    const collator = new Intl.Collator(language === 'zh' ? 'zh-u-co-pinyin' : language);
    return (a, b) => collator.compare(a, b);
  }
  // The letters O‘ and G‘, Sh, Ch of Uzbek stand after Z, in this order.
  const letters = language === 'uz' ? [...alphabet, 'o‘', 'g‘', 'sh', 'ch'] : [...alphabet];
  const keys = (word: string): number[] =>
    (
      word
        .toLowerCase()
        .replaceAll(/[ʻʼ'’]/g, '‘')
        .match(language === 'uz' ? /[og]‘|sh|ch|./gu : /./gu) ?? []
    ).map((letter) => {
      const place = letters.indexOf(letter);
      return place === -1 ? (letter.codePointAt(0) ?? 0) - 2_000_000 : place;
    });
  return (a, b) => {
    const [left, right] = [keys(a), keys(b)];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const difference = (left[i] ?? 0) - (right[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return left.length - right.length;
  };
}
