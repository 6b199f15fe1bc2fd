import { z } from 'zod';
import { isCountryCode } from './country.ts';
import { DECIMAL } from './money.ts';
import { isInstant, isPlainDate } from './plain-date.ts';

/** Zod schemas of the values that every domain writes: one length limit and one form each. */

/** Text of a person: trimmed, no control characters, at most `max` characters. */
export function text(max: number) {
  return (
    z
      .string()
      .min(1)
      .max(max)
      .refine((value) => value === value.trim(), { message: 'must not begin or end with white space' })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
      .refine((value) => !/[\u0000-\u0009\u000b-\u001f\u007f]/.test(value), {
        message: 'must hold no control characters',
      })
      .refine((value) => value.isWellFormed(), { message: 'must hold no lone surrogates' })
  );
}

export const Country = z
  .string()
  .refine((value): boolean => isCountryCode(value), { message: 'must be an ISO 3166-1 alpha-2 code' })
  .meta({ pattern: '^[A-Z]{2}$', examples: ['KZ'] });
export const Uuid = z.uuid().refine((value) => value === value.toLowerCase(), { message: 'must be lower case' });
export const Commitment = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal characters');
export const DecimalText = z
  .string()
  .regex(DECIMAL, 'must be a decimal number as text, not negative, with a point and at most 6 decimals')
  .meta({ examples: ['20000.5'] });
export const Day = z.string().refine(isPlainDate, { message: 'must be a date as YYYY-MM-DD' }).meta({ format: 'date' });
export const Instant = z
  .string()
  .refine(isInstant, { message: 'must be a time in UTC as YYYY-MM-DDThh:mm:ssZ' })
  .meta({ format: 'date-time' });
/** An IANA zone name; whether the zone exists is checked against the runtime's own list. */
export const Zone = z
  .string()
  .max(40)
  .regex(/^[A-Za-z_]+(\/[A-Za-z0-9_+-]+){0,2}$/, 'must be an IANA zone name such as Asia/Almaty');
export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code');
export const MoneyValue = z.strictObject({ amount: DecimalText, currency: Currency });
/** Ids of authorities, operators, posts and places: lower case, digits, point and hyphen. */
export const Identifier = z
  .string()
  .regex(/^[a-z0-9]+([.-][a-z0-9]+)*$/, 'must be an identifier such as kz.customs')
  .max(64);
