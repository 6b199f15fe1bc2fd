/**
 * A decimal number as text: not negative, a point, at most six decimals. Amounts and masses are texts in records, so that no reader
 * rounds them; whoever calculates uses decimal.js.
 */
export const DECIMAL = /^(0|[1-9]\d{0,14})(\.\d{1,6})?$/;
