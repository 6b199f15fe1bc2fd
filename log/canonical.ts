import { fromUtf8, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';

/** JSON values as RFC 8259 has them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const MAX_DEPTH = 32;

function malformed(message: string): Refusal {
  return new Refusal(400, 'json-not-canonical', message, { remedy: 'Write the value as RFC 8785 canonical JSON.' });
}

/**
 * RFC 8785 canonical JSON: members sorted by UTF-16 code units, no white space, numbers as ECMAScript
 * writes them. Members whose value is `undefined` are left out, as JSON.stringify does.
 *
 * @throws Refusal `json-not-canonical` for lone surrogates, non-finite numbers, functions, or depth over 32
 * @example canonicalJson({ b: 1, a: 'x' }) // '{"a":"x","b":1}'
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw malformed('The value is nested more than 32 levels deep.');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw malformed('A number is not finite.');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw malformed('A text holds a lone surrogate.');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    let text = '[';
    for (const item of value) text += `${text === '[' ? '' : ','}${canonicalJson(item, depth + 1)}`;
    return `${text}]`;
  }
  if (typeof value !== 'object') throw malformed(`A ${typeof value} is no JSON value.`);
  const members = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(members);
  // The default order of `sort` is that of UTF-16 code units, which RFC 8785 asks for.
  if (!isSorted(keys)) keys.sort();
  let text = '{';
  for (const key of keys) {
    const member = members[key];
    if (member === undefined) continue;
    text += `${text === '{' ? '' : ','}${nameOf(key)}:${canonicalJson(member, depth + 1)}`;
  }
  return `${text}}`;
}

function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if ((keys[i - 1] as string) > (keys[i] as string)) return false;
  return true;
}

/** Names of members as JSON. Records have few: writing one anew each time took a quarter of the whole. */
const NAMES = new Map<string, string>();
const MOST_NAMES = 4096;

function nameOf(key: string): string {
  let name = NAMES.get(key);
  if (name === undefined) {
    name = canonicalJson(key);
    // Who sends ever new names fills this once.
    if (NAMES.size < MOST_NAMES && key.length <= 64) NAMES.set(key, name);
  }
  return name;
}

export function canonicalBytes(value: unknown): Uint8Array {
  return utf8(canonicalJson(value));
}

/**
 * Reads canonical JSON and nothing else: parse, write anew, compare. This refuses duplicate keys, white
 * space, other number forms and lone surrogates in one step.
 *
 * @throws Refusal `json-not-canonical`
 */
export function parseCanonical(bytes: Uint8Array): Json {
  let text: string;
  let value: Json;
  try {
    text = fromUtf8(bytes);
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new Refusal(400, 'json-not-canonical', 'The bytes are not UTF-8 JSON.', { cause });
  }
  if (canonicalJson(value) !== text) throw malformed('The bytes are JSON, but not in canonical form.');
  return value;
}
