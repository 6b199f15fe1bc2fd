import { isCurrencyCode } from '../codes.ts';
import { Decimal } from './decimal.ts';
import { Unreadable } from './rate.ts';

/**
 * Conditions of measures. They are resolved into groups, and any one group suffices: `document permit + treated cold-treatment | mass<=50 kg`
 * asks for both of the first two, or for little.
 */

export const REGISTERED = ['orchard', 'packing-house', 'slaughterhouse', 'processing-plant', 'storage'] as const;
export const TREATED = ['cold-treatment', 'fumigation', 'irradiation', 'heat-treatment'] as const;
const CRITERIA = ['wholly-obtained', 'change-of-heading'] as const;
export const TRADERS = ['trusted', 'small'] as const;
export const REGIMES = ['tir', 'national-guarantee'] as const;

/**
 * One thing that holds, does not hold, or is not known. What is asked for is never that something be absent: a pack may deny a paper
 * only where a charge hangs on its absence.
 */
export type Atom =
  /** A paper, by its id in the pack and its UN/EDIFACT 1001 code where it has one. */
  | { readonly kind: 'document'; readonly id: string; readonly code: string | undefined; readonly not: boolean }
  | { readonly kind: 'registered'; readonly what: string }
  | { readonly kind: 'treated'; readonly what: string }
  | { readonly kind: 'origin'; readonly criterion: 'wholly-obtained' | 'change-of-heading' }
  | { readonly kind: 'value-added'; readonly atLeast: Decimal }
  | { readonly kind: 'direct-transport' }
  | { readonly kind: 'trader' | 'channel' | 'regime' | 'mode' | 'post'; readonly is: string; readonly not: boolean }
  | { readonly kind: 'predeclared'; readonly not: boolean }
  /** Something that the asker answers with yes or no; the pack says in words what. */
  | { readonly kind: 'claim'; readonly id: string; readonly not: boolean }
  /** Of the whole consignment: kilograms, or customs value. */
  | { readonly kind: 'mass'; readonly compare: Compare; readonly limit: Decimal }
  | {
      readonly kind: 'value';
      readonly compare: Compare;
      readonly limit: Decimal;
      readonly currency: string;
      readonly isParameter: boolean;
    };

export type Compare = '<' | '<=' | '>' | '>=';
export type Group = readonly Atom[];
/** Any one of the groups suffices; no group at all is asked of nobody, a group without atoms always holds. */
export type Groups = readonly Group[];

export const ALWAYS: Groups = [[]];
/** A condition of more groups than this is not for people. */
export const MOST_GROUPS = 64;

/** What a pack knows beside the text of the condition. */
export interface Names {
  /** Document id → its code. */
  readonly documents: ReadonlyMap<string, string | undefined>;
  readonly claims: ReadonlySet<string>;
  /** Named conditions → their groups; undefined while they are being resolved. */
  condition(id: string): Groups;
}

const among = (allowed: readonly string[], word: string, text: string): string => {
  if (!allowed.includes(word)) throw new Unreadable(`${text} is none of ${allowed.join(', ')}.`, text);
  return word;
};

const ID = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const LIMIT = /^(mass|value)(<=|>=|<|>)(\d{1,15}(?:\.\d{1,6})?) ([A-Za-z][A-Za-z0-9-]{0,11})$/;
const VALUE_ADDED = /^origin value-added>=(\d{1,3}(?:\.\d{1,2})?)$/;
const KILOGRAMS: Readonly<Record<string, number>> = { kg: 1, t: 1000, g: 0.001 };

function fact(text: string, not: boolean, names: Names): Atom | undefined {
  const [word = '', is = '', ...rest] = text.split(' ');
  if (rest.length > 0) return undefined;
  switch (word) {
    case 'predeclared':
      return is === '' ? { kind: 'predeclared', not } : undefined;
    case 'trader':
      return { kind: 'trader', is: among(TRADERS, is, text), not };
    case 'channel':
      return { kind: 'channel', is: among(['green'], is, text), not };
    case 'regime':
      return { kind: 'regime', is: among(REGIMES, is, text), not };
    case 'mode':
      return { kind: 'mode', is: among(['road', 'rail'], is, text), not };
    case 'post':
      if (!ID.test(is)) throw new Unreadable('A post is named by its id.', text);
      return { kind: 'post', is, not };
    case 'claim':
      if (!names.claims.has(is))
        throw new Unreadable(`conditions.csv has no claim ${is} (a row without expression).`, is);
      return { kind: 'claim', id: is, not };
    default:
      return undefined;
  }
}

function limit(text: string): Atom | undefined {
  const found = LIMIT.exec(text);
  if (found === null) return undefined;
  const [, kind, compare = '<=', number = '0', unit = ''] = found;
  const bound = new Decimal(number);
  if (kind === 'mass') {
    const factor = KILOGRAMS[unit];
    if (factor === undefined) throw new Unreadable(`A mass is counted in kg, t or g, not in ${unit}.`, unit);
    return { kind: 'mass', compare: compare as Compare, limit: bound.times(factor) };
  }
  return {
    kind: 'value',
    compare: compare as Compare,
    limit: bound,
    currency: unit,
    isParameter: !isCurrencyCode(unit),
  };
}

function atom(text: string, names: Names): Atom {
  const not = text.startsWith('not ');
  const bare = not ? text.slice(4) : text;
  const free = fact(bare, not, names);
  if (free !== undefined) return free;
  const paper = /^document ([a-z0-9-]+)$/.exec(bare)?.[1];
  if (paper !== undefined) {
    if (!names.documents.has(paper)) throw new Unreadable(`documents.csv has no document ${paper}.`, paper);
    return { kind: 'document', id: paper, code: names.documents.get(paper), not };
  }
  if (not) throw new Unreadable('Only facts and papers can be denied.', text);
  const bound = limit(text);
  if (bound !== undefined) return bound;
  const added = VALUE_ADDED.exec(text);
  if (added !== null) return { kind: 'value-added', atLeast: new Decimal(added[1] ?? '') };
  const [word = '', what = '', ...rest] = text.split(' ');
  if (rest.length === 0)
    switch (word) {
      case 'registered':
        return { kind: 'registered', what: among(REGISTERED, what, text) };
      case 'treated':
        return { kind: 'treated', what: among(TREATED, what, text) };
      case 'origin':
        return { kind: 'origin', criterion: among(CRITERIA, what, text) as (typeof CRITERIA)[number] };
      case 'direct-transport':
        if (what === '') return { kind: 'direct-transport' };
    }
  throw new Unreadable(`${text} is no condition.`, text);
}

const sameAtom = (a: Atom, b: Atom): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A group that asks for all that another asks for, and more, is of no use beside it. */
function absorb(groups: Groups): Groups {
  const unique = groups.map((group) =>
    group.filter((one, i) => group.findIndex((other) => sameAtom(one, other)) === i),
  );
  const covers = (small: Group, large: Group): boolean =>
    small.every((one) => large.some((other) => sameAtom(one, other)));
  return unique.filter(
    (group, i) => !unique.some((other, j) => i !== j && covers(other, group) && (other.length < group.length || j < i)),
  );
}

/**
 * Reads a condition and resolves it into groups.
 *
 * @throws {Unreadable} what is no condition, or has more than {@link MOST_GROUPS} groups
 * @example readCondition('document permit | mass<=50 kg', names).length // 2
 */
export function readCondition(text: string, names: Names): Groups {
  if (text === '') return ALWAYS;
  const groups = text.split(' | ').flatMap((alternative) => {
    let product: Group[] = [[]];
    for (const part of alternative.split(' + ')) {
      const named = /^condition ([a-z0-9-]+)$/.exec(part);
      const factors = named === null ? [[atom(part, names)]] : names.condition(named[1] ?? '');
      product = product.flatMap((group) => factors.map((factor) => [...group, ...factor]));
      if (product.length > MOST_GROUPS)
        throw new Unreadable(`The condition has more than ${MOST_GROUPS} groups.`, part);
    }
    return product;
  });
  if (groups.length > MOST_GROUPS) throw new Unreadable(`The condition has more than ${MOST_GROUPS} groups.`, text);
  return absorb(groups);
}

/** What is known of a consignment and of who asks. */
export interface Facts {
  /** Ids and UN/EDIFACT 1001 codes of the papers that are there. */
  readonly documents: ReadonlySet<string>;
  readonly registered: ReadonlySet<string>;
  readonly treated: ReadonlySet<string>;
  readonly claims: ReadonlyMap<string, boolean>;
  readonly wholly?: boolean | undefined;
  readonly changed?: boolean | undefined;
  /** Per cent of the price. */
  readonly added?: Decimal | undefined;
  readonly direct?: boolean | undefined;
  readonly trader: ReadonlySet<string>;
  readonly green: boolean | undefined;
  readonly regime: string | undefined;
  readonly mode: string | undefined;
  readonly posts: ReadonlySet<string>;
  readonly predeclared: boolean | undefined;
  /** Kilograms of the consignment. */
  readonly mass: Decimal | undefined;
  /** Customs value of the consignment in a currency or parameter, where it can be told. */
  valueIn(currency: string, isParameter: boolean): Decimal | undefined;
}

export type Truth = 'yes' | 'no' | 'unknown';

const truth = (known: boolean | undefined, not = false): Truth =>
  known === undefined ? 'unknown' : known === not ? 'no' : 'yes';

function compared(value: Decimal | undefined, compare: Compare, bound: Decimal): Truth {
  if (value === undefined) return 'unknown';
  const order = value.comparedTo(bound);
  switch (compare) {
    case '<':
      return order < 0 ? 'yes' : 'no';
    case '<=':
      return order <= 0 ? 'yes' : 'no';
    case '>':
      return order > 0 ? 'yes' : 'no';
    default:
      return order >= 0 ? 'yes' : 'no';
  }
}

/** Whether one thing holds. A paper that is not there is `no`: it can still be brought. */
export function holds(one: Atom, facts: Facts): Truth {
  switch (one.kind) {
    case 'document':
      return truth(facts.documents.has(one.id) || (one.code !== undefined && facts.documents.has(one.code)), one.not);
    case 'registered':
      return facts.registered.has(one.what) ? 'yes' : 'no';
    case 'treated':
      return facts.treated.has(one.what) ? 'yes' : 'no';
    case 'origin':
      return truth(one.criterion === 'wholly-obtained' ? facts.wholly : facts.changed);
    case 'value-added':
      return compared(facts.added, '>=', one.atLeast);
    case 'direct-transport':
      return truth(facts.direct);
    case 'trader':
      return truth(facts.trader.has(one.is), one.not);
    case 'channel':
      return truth(facts.green, one.not);
    case 'regime':
      return truth(facts.regime === undefined ? undefined : facts.regime === one.is, one.not);
    case 'mode':
      return truth(facts.mode === undefined ? undefined : facts.mode === one.is, one.not);
    case 'post':
      return truth(facts.posts.has(one.is), one.not);
    case 'predeclared':
      return truth(facts.predeclared, one.not);
    case 'claim':
      return truth(facts.claims.get(one.id), one.not);
    case 'mass':
      return compared(facts.mass, one.compare, one.limit);
    case 'value':
      return compared(facts.valueIn(one.currency, one.isParameter), one.compare, one.limit);
  }
}

/** Whether all of a group holds. */
export function groupHolds(group: Group, facts: Facts): Truth {
  let all: Truth = 'yes';
  for (const one of group) {
    const state = holds(one, facts);
    if (state === 'no') return 'no';
    if (state === 'unknown') all = 'unknown';
  }
  return all;
}

/** Whether any group holds. */
export function conditionHolds(groups: Groups, facts: Facts): Truth {
  let any: Truth = 'no';
  for (const group of groups) {
    const state = groupHolds(group, facts);
    if (state === 'yes') return 'yes';
    if (state === 'unknown') any = 'unknown';
  }
  return any;
}
