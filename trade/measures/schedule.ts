import type { Measure, NationalCode, Pack } from './measure.ts';
import { type Direction, isInForce } from './measure.ts';

/**
 * The measures of one member by goods code, so that a question touches only what concerns its goods.
 *
 * A code of ten digits looks up at most six prefixes: none, 2, 4, 6, 8 and 10 digits.
 */
export interface Schedule {
  readonly pack: Pack;
  /** `confirmed`: that member's authority signed the pack as a record. */
  readonly state: 'compiled' | 'confirmed';
  readonly byGoods: Readonly<Record<Direction, ReadonlyMap<string, readonly Measure[]>>>;
  /** For a code of 6 or 8 digits, what is said of longer codes that begin with it. */
  readonly below: Readonly<Record<Direction, ReadonlyMap<string, readonly Measure[]>>>;
  readonly codes: ReadonlyMap<string, readonly NationalCode[]>;
}

function push<T>(map: Map<string, T[]>, key: string, one: T): void {
  const before = map.get(key);
  if (before === undefined) map.set(key, [one]);
  else before.push(one);
}

/** @example scheduleOf(pack, 'compiled').byGoods.import.get('0809') */
export function scheduleOf(pack: Pack, state: Schedule['state']): Schedule {
  const maps = () => ({
    import: new Map<string, Measure[]>(),
    export: new Map<string, Measure[]>(),
    transit: new Map<string, Measure[]>(),
  });
  const byGoods = maps();
  const below = maps();
  for (const measure of pack.measures)
    for (const prefix of measure.goods) {
      push(byGoods[measure.direction], prefix, measure);
      if (prefix.length > 6) push(below[measure.direction], prefix.slice(0, 6), measure);
      if (prefix.length > 8) push(below[measure.direction], prefix.slice(0, 8), measure);
    }
  const codes = new Map<string, NationalCode[]>();
  for (const code of pack.codes) push(codes, code.code, code);
  return { pack, state, byGoods, below, codes };
}

/** A measure that concerns the goods, and how many digits of their code it names. */
export interface Match {
  readonly measure: Measure;
  readonly digits: number;
}

function concerns(measure: Measure, code: string, country: string, day: string): boolean {
  if (!isInForce(measure, day) || measure.exclude.has(country)) return false;
  const { countries } = measure.area;
  if (countries !== undefined && !countries.has(country)) return false;
  for (const prefix of measure.except) if (code.startsWith(prefix)) return false;
  return true;
}

const LENGTHS = [10, 8, 6, 4, 2, 0];

/**
 * What a member says of goods on a day.
 *
 * @param country of origin on import, of destination on export
 * @returns measures by falling length of the code that they name
 */
export function matches(schedule: Schedule, direction: Direction, code: string, country: string, day: string): Match[] {
  const found: Match[] = [];
  const byGoods = schedule.byGoods[direction];
  for (const digits of LENGTHS) {
    if (digits > code.length) continue;
    const here = byGoods.get(code.slice(0, digits));
    if (here === undefined) continue;
    for (const measure of here) if (concerns(measure, code, country, day)) found.push({ measure, digits });
  }
  return found;
}

/** What is said of longer codes only: whoever asks with fewer digits can't be told which of it holds. */
export function matchesBelow(
  schedule: Schedule,
  direction: Direction,
  code: string,
  country: string,
  day: string,
): Measure[] {
  const here = schedule.below[direction].get(code);
  return here === undefined ? [] : here.filter((measure) => concerns(measure, code, country, day));
}

/** A member's own code for goods, where the asked one is a line of its nomenclature on that day; else the six digits all share. */
export function codeFor(schedule: Schedule, hs: string, national: string | undefined, day: string): string {
  for (const code of [national, hs])
    if (code !== undefined && code.length > 6 && schedule.codes.get(code)?.some((line) => isInForce(line, day)))
      return code;
  return hs.slice(0, 6);
}
