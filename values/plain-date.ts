/**
 * A date that is a date: 'YYYY-MM-DD', no time, no zone. `new Date('2026-01-01')` is midnight in
 * London, still 31 December for half of the world: a validity or a document date must not move.
 */
export type PlainDate = string & { readonly __brand: 'PlainDate' };

export function isPlainDate(text: string): text is PlainDate {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** True for an instant in UTC as the project writes it: `2026-06-11T04:05:06Z`, milliseconds optional. */
export function isInstant(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/.test(text)) return false;
  const at = new Date(text);
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 19) === text.slice(0, 19);
}

const moved = (day: string, by: number): string => {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + by);
  return at.toISOString().slice(0, 10);
};
/** @param day 'YYYY-MM-DD' @example dayBefore('2027-01-01') // '2026-12-31' */
export const dayBefore = (day: string): string => moved(day, -1);
/** @param day 'YYYY-MM-DD' @example dayAfter('2028-02-28') // '2028-02-29' */
export const dayAfter = (day: string): string => moved(day, 1);
