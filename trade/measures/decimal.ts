import { Decimal as Library } from 'decimal.js';

/** Decimal numbers of charges: 40 digits, half up; nothing is rounded before an answer is written. */
export const Decimal = Library.clone({ precision: 40, rounding: Library.ROUND_HALF_UP, toExpNeg: -40, toExpPos: 40 });
export type Decimal = Library;

export const ZERO: Decimal = new Decimal(0);

/** As an answer writes it: at most six decimals, no exponent. */
export function decimalText(value: Decimal): string {
  return value.toDecimalPlaces(6).toFixed();
}
