import { isCurrencyCode } from '../codes.ts';
import { Decimal, ZERO } from './decimal.ts';

/**
 * What a measure charges, as lawyers write it: `15%`, `0.15 EUR/kg`, `5% + 0.04 EUR/kg`, `max(15%, 0.15 EUR/kg)`, `1.5 BCU`, `free`, and
 * `unknown`, which is never taken for zero.
 */

/** Units in which goods are counted, by UN/CEFACT Recommendation 20 where it has a code. */
export const UNITS: Readonly<Record<string, string | undefined>> = {
  kg: 'KGM',
  t: 'TNE',
  g: 'GRM',
  l: 'LTR',
  m: 'MTR',
  m2: 'MTK',
  m3: 'MTQ',
  cm3: 'CMQ',
  item: 'C62',
  pair: 'PR',
  kWh: 'KWH',
  km: 'KMT',
  day: 'DAY',
  vehicle: undefined,
  consignment: undefined,
};

/** Units of the whole consignment; the others count goods. */
const OF_CONSIGNMENT: ReadonlySet<string> = new Set(['consignment', 'vehicle', 'km', 'day']);

export type Rate =
  | { readonly op: 'unknown' }
  /** Per cent of the base. */
  | { readonly op: 'percent'; readonly percent: Decimal }
  /** An amount for each unit; `currency` is a currency of ISO 4217 or a parameter of the pack. */
  | {
      readonly op: 'specific';
      readonly amount: Decimal;
      readonly currency: string;
      readonly isParameter: boolean;
      readonly unit: string;
    }
  | { readonly op: 'sum' | 'max' | 'min'; readonly of: readonly Rate[] };

/** What can't be read, with the part that stands in the way. */
export class Unreadable extends Error {
  readonly part: string;
  constructor(message: string, part: string) {
    super(message);
    this.name = 'Unreadable';
    this.part = part;
  }
}

export const FREE: Rate = { op: 'percent', percent: ZERO };
const UNKNOWN: Rate = { op: 'unknown' };

const PERCENT = /^(\d{1,6}(?:\.\d{1,6})?)%$/;
const SPECIFIC = /^(\d{1,12}(?:\.\d{1,6})?) ([A-Z][A-Z0-9-]{1,11})(?:\/([a-zA-Z0-9]{1,12}))?$/;
const FUNCTION = /^(max|min)\((.+)\)$/;

/** Parts of a text between separators that stand outside brackets. */
function parts(text: string, separator: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (depth === 0 && text.startsWith(separator, i)) {
      found.push(text.slice(start, i));
      start = i + separator.length;
    }
    if (depth < 0) throw new Unreadable('A bracket closes that was not opened.', text);
  }
  if (depth > 0) throw new Unreadable('A bracket is not closed.', text);
  return [...found, text.slice(start)];
}

function term(text: string, depth: number): Rate {
  const percent = PERCENT.exec(text);
  if (percent !== null) return { op: 'percent', percent: new Decimal(percent[1] ?? '') };
  const specific = SPECIFIC.exec(text);
  if (specific !== null) {
    const [, amount = '', currency = '', unit = 'consignment'] = specific;
    if (!Object.hasOwn(UNITS, unit)) throw new Unreadable(`No unit is called ${unit}.`, unit);
    const isParameter = !isCurrencyCode(currency);
    return { op: 'specific', amount: new Decimal(amount), currency, isParameter, unit };
  }
  const call = FUNCTION.exec(text);
  if (call === null || depth > 3)
    throw new Unreadable('A rate reads like 15%, 0.15 EUR/kg, max(15%, 0.15 EUR/kg), free or unknown.', text);
  const of = parts(call[2] ?? '', ', ').map((one) => sum(one, depth + 1));
  if (of.length < 2) throw new Unreadable(`${call[1]} compares two rates or more.`, text);
  return { op: call[1] as 'max' | 'min', of };
}

function sum(text: string, depth: number): Rate {
  const of = parts(text, ' + ').map((one) => term(one, depth));
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { op: 'sum', of };
}

/**
 * Reads a rate.
 *
 * @throws {Unreadable} what is no rate
 * @example readRate('max(15%, 0.15 EUR/kg)').op // 'max'
 */
export function readRate(text: string): Rate {
  if (text === 'free') return FREE;
  if (text === 'unknown') return UNKNOWN;
  return sum(text, 0);
}

/** The parameters that a rate counts in. */
export function parametersOf(rate: Rate): string[] {
  if (rate.op === 'specific') return rate.isParameter ? [rate.currency] : [];
  return 'of' in rate ? rate.of.flatMap(parametersOf) : [];
}

/** Whether a rate is one amount for the consignment, whatever goods are in it. */
export function isOfConsignment(rate: Rate): boolean {
  if (rate.op === 'specific') return OF_CONSIGNMENT.has(rate.unit);
  return 'of' in rate && rate.of.every(isOfConsignment);
}

/** What a rate is applied to; each may not be known. */
export interface Quantities {
  /** Amount that per cents are of, in the currency of calculation. */
  readonly base: Decimal | undefined;
  /** How many of a unit. */
  amountOf(unit: string): Decimal | undefined;
  /** A currency or parameter in the currency of calculation. */
  worth(currency: string, isParameter: boolean): Decimal | undefined;
}

/** What stood in the way of a figure. */
export type Lacking = { readonly lacks: 'rate' | 'base' | 'unit' | 'currency'; readonly what: string };

/**
 * The charge in the currency of calculation, or what is lacking for it.
 *
 * @example charge(readRate('10%'), quantities) // 4000 of a base of 40000
 */
export function charge(rate: Rate, quantities: Quantities): Decimal | Lacking {
  switch (rate.op) {
    case 'unknown':
      return { lacks: 'rate', what: '' };
    case 'percent':
      // Nothing of an unknown base is nothing.
      if (rate.percent.isZero()) return ZERO;
      return quantities.base?.times(rate.percent).div(100) ?? { lacks: 'base', what: '' };
    case 'specific': {
      if (rate.amount.isZero()) return ZERO;
      const count = quantities.amountOf(rate.unit);
      if (count === undefined) return { lacks: 'unit', what: rate.unit };
      const worth = quantities.worth(rate.currency, rate.isParameter);
      if (worth === undefined) return { lacks: 'currency', what: rate.currency };
      return rate.amount.times(count).times(worth);
    }
    default: {
      let total: Decimal | undefined;
      for (const one of rate.of) {
        const amount = charge(one, quantities);
        if ('lacks' in amount) return amount;
        if (total === undefined) total = amount;
        else if (rate.op === 'sum') total = total.plus(amount);
        else total = rate.op === 'max' ? Decimal.max(total, amount) : Decimal.min(total, amount);
      }
      return total ?? ZERO;
    }
  }
}
