import { Decimal } from 'decimal.js';

/** An amount of money: a decimal text and an ISO 4217 code. Never a float. */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}

export const DECIMAL = /^(0|[1-9]\d{0,14})(\.\d{1,6})?$/;

/**
 * Sums decimal texts exactly.
 * @example sum(['0.1', '0.2']) // '0.3'
 */
export function sum(amounts: readonly string[]): string {
  return amounts.reduce((total, amount) => total.plus(amount), new Decimal(0)).toFixed();
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: string, b: string): number {
  return new Decimal(a).comparedTo(new Decimal(b));
}
