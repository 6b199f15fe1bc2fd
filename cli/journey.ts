import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type Finding, Refusal } from '../values/refusal.ts';

/** A journey: requests to the public API in an order, with what each is expected to answer. See examples/README.md. */

const Match = z.record(z.string().regex(/^(\/.*)?$/), z.unknown());

export const Step = z.strictObject({
  id: z.string().min(1).max(100),
  title: z.string().max(300).optional(),
  /** A client, such as KZ/exporter. */
  as: z.string().min(1),
  /** Method and path, e.g. `POST /api/dossiers`. */
  call: z.string().regex(/^(GET|POST|PUT|DELETE) \/\S*$/),
  query: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  /** A file that is uploaded, by its path beside the journey. */
  attach: z.strictObject({ path: z.string(), mediaType: z.string() }).optional(),
  expect: z.strictObject({ status: z.int(), code: z.string().optional(), match: Match.optional() }).optional(),
  /** Repeat the call until its answer matches. */
  until: z.strictObject({ match: Match, seconds: z.number().positive().max(600).default(60) }).optional(),
  /** Name → JSON Pointer into the answer; '' is the whole of it. */
  save: z.record(z.string().regex(/^[\w-]+$/), z.string()).optional(),
});
export type Step = z.infer<typeof Step>;

export const Check = z.strictObject({
  title: z.string().max(300),
  /** A dossier whose digests must be equal at these members. */
  digests: z.string().optional(),
  members: z.array(z.string()).optional(),
  /** An evidence file and the verifier's answer. */
  verify: z.string().optional(),
  answer: z.string().optional(),
  as: z.string().optional(),
  call: z.string().optional(),
  match: Match.optional(),
});
export type Check = z.infer<typeof Check>;

export const Journey = z.strictObject({
  journey: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string().max(300),
  summary: z.string().max(1000).optional(),
  notice: z.string().max(300).optional(),
  sources: z.array(z.strictObject({ title: z.string(), address: z.string(), read: z.string() })).default([]),
  unknown: z.array(z.string()).default([]),
  steps: z.array(Step).min(1).max(2000),
  checks: z.array(Check).max(200).default([]),
});
export type Journey = z.infer<typeof Journey>;

/** @throws Refusal `journey-invalid` with findings, `file-unreadable` */
export function readJourney(path: string): { readonly journey: Journey; readonly folder: string } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Refusal(400, 'file-unreadable', `${path} can't be read.`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Refusal(422, 'journey-invalid', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = Journey.safeParse(value);
  if (!parsed.success) {
    const findings: Finding[] = parsed.error.issues
      .slice(0, 20)
      .map(({ path: at, message }) => ({ path: `/${at.map(String).join('/')}`, code: 'form-wrong', message }));
    throw new Refusal(422, 'journey-invalid', `${path} is no journey.`, { findings });
  }
  const ids = new Set<string>();
  for (const [i, { id }] of parsed.data.steps.entries()) {
    if (ids.has(id))
      throw new Refusal(422, 'journey-invalid', `${path} has two steps called ${id}.`, {
        findings: [{ path: `/steps/${i}/id`, code: 'form-wrong', message: 'Ids of steps are unique.' }],
      });
    ids.add(id);
  }
  return { journey: parsed.data, folder: dirname(resolve(path)) };
}

/** What names in `${…}` stand for. */
export interface Names {
  readonly saved: Map<string, unknown>;
  readonly uuids: Map<string, string>;
  /** Different at each playing. */
  readonly run: string;
  readonly now: () => Date;
  readonly uuid: () => string;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function lookUp(name: string, names: Names): unknown {
  const moment = /^(now|today)(?:([+-])(\d{1,6})([smhd]))?$/.exec(name);
  if (moment !== null) {
    const [, base, sign, count = '0', unit = 's'] = moment;
    const at = new Date(
      names.now().getTime() + (sign === '-' ? -1 : 1) * Number(count) * (UNITS[unit] ?? 0),
    ).toISOString();
    return base === 'today' ? at.slice(0, 10) : at;
  }
  if (name === 'run') return names.run;
  if (name.startsWith('uuid:')) {
    const known = names.uuids.get(name) ?? names.uuid();
    names.uuids.set(name, known);
    return known;
  }
  if (!names.saved.has(name))
    throw new Refusal(422, 'journey-invalid', `Nothing is saved as '${name}'.`, { params: { name } });
  return names.saved.get(name);
}

/**
 * Replaces `${name}`: a text that is nothing else becomes the value itself, within a longer text its words.
 * @example expand({ id: '${uuid:a}', until: '${now+2h}' }, names)
 */
export function expand(value: unknown, names: Names): unknown {
  if (typeof value === 'string') {
    const whole = /^\$\{([^}]+)\}$/.exec(value);
    if (whole?.[1] !== undefined) return lookUp(whole[1], names);
    return value.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => String(lookUp(name, names)));
  }
  if (Array.isArray(value)) return value.map((one) => expand(one, names));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, expand(one, names)]));
  }
  return value;
}

/** RFC 6901; undefined where there is nothing. */
export function pointer(value: unknown, path: string): unknown {
  if (path === '') return value;
  let at = value;
  for (const part of path.slice(1).split('/')) {
    if (at === null || typeof at !== 'object') return undefined;
    at = (at as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return at;
}

/** What in an answer is otherwise than expected. */
export function differences(answer: unknown, match: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(match).flatMap(([path, expected]) => {
    const found = pointer(answer, path);
    return JSON.stringify(found) === JSON.stringify(expected)
      ? []
      : [`${path} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`];
  });
}
