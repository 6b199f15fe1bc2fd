import type { AnswerFinding, ChargeLine, GroupState, ItemAnswer, Option } from './answer.ts';
import { ALWAYS, conditionHolds, type Facts, type Groups, groupHolds, holds, type Truth } from './condition.ts';
import { Decimal, ZERO } from './decimal.ts';
import type { Exchange } from './exchange.ts';
import { type Direction, isCharge, isDuty, type Measure } from './measure.ts';
import { type QuotaEvent, quotaBalance } from './quota.ts';
import { charge, isOfConsignment, type Lacking, type Quantities, type Rate } from './rate.ts';
import { type Match, matchesBelow, type Schedule } from './schedule.ts';

/**
 * Charges on one item: of each series the one measure that fits best, each rate of duty as an option of its own, and for each option
 * every charge, since excise and VAT stand on the duty.
 */

/** What one stage knows when it calculates. Amounts are in the currency of calculation. */
export interface Calculation {
  readonly schedule: Schedule;
  readonly direction: Direction;
  readonly day: string;
  readonly facts: Facts;
  readonly exchange: Exchange;
  readonly quotas: ReadonlyMap<string, readonly QuotaEvent[]>;
  readonly vehicles: number;
  readonly km: Decimal | undefined;
  readonly days: Decimal | undefined;
}

export interface ItemBasis {
  readonly number: number;
  readonly code: string;
  /** Of origin on import, of destination on export. */
  readonly country: string;
  readonly mass: Decimal | undefined;
  readonly value: Decimal | undefined;
  readonly quantities: Readonly<Record<string, string>>;
}

const THOUSAND = new Decimal(1000);
const ONE = new Decimal(1);

/** Which of a series holds, and what would have to be known to be sure. */
export interface Pick {
  readonly winner: Measure | undefined;
  /** Measures that would come before the winner if a fact that is not known were so. */
  readonly depends: readonly Measure[];
  /** Two that fit equally well and do not say the same. */
  readonly rivals: readonly [Measure, Measure] | undefined;
}

function rank({ digits, measure: { area, when } }: Match): number {
  const narrow = area.countries === undefined ? 0 : 1000 - area.countries.size;
  return digits * 10_000 + narrow * 2 + (when === ALWAYS ? 0 : 1);
}

/**
 * The longest goods code wins, then the smaller area, then what has a condition. The order in which the measures stand is of no
 * matter.
 */
export function pick(candidates: readonly Match[], facts: Facts): Pick {
  let winner: Match | undefined;
  let height = -1;
  let rivals: [Measure, Measure] | undefined;
  const open: Match[] = [];
  for (const one of candidates) {
    const { when } = one.measure;
    const state = when === ALWAYS ? 'yes' : conditionHolds(when, facts);
    if (state === 'no') continue;
    if (state === 'unknown') {
      open.push(one);
      continue;
    }
    const place = rank(one);
    if (winner === undefined || place > height) {
      winner = one;
      height = place;
      rivals = undefined;
    } else if (place === height) {
      const [a, b] = [winner.measure, one.measure];
      if (a.rateText !== b.rateText || a.base !== b.base) rivals = a.measure < b.measure ? [a, b] : [b, a];
      if (b.measure < a.measure) winner = one;
    }
  }
  const depends = open.filter((one) => rank(one) >= height).map(({ measure }) => measure);
  return { winner: rivals === undefined ? winner?.measure : undefined, depends, rivals };
}

/** Facts that are numbers: without them no bracket can be told. */
function hangsOnNumbers(groups: Groups, facts: Facts): 'value' | 'mass' | undefined {
  for (const group of groups)
    for (const one of group)
      if ((one.kind === 'value' || one.kind === 'mass') && holds(one, facts) === 'unknown') return one.kind;
  return undefined;
}

function quantitiesOf(item: ItemBasis | undefined, base: Decimal | undefined, calculation: Calculation): Quantities {
  return {
    base,
    amountOf: (unit) => {
      if (unit === 'consignment') return ONE;
      if (unit === 'vehicle') return new Decimal(calculation.vehicles);
      if (unit === 'km') return calculation.km?.times(calculation.vehicles);
      if (unit === 'day') return calculation.days?.times(calculation.vehicles);
      const stated = item?.quantities[unit];
      if (stated !== undefined) return new Decimal(stated);
      if (unit === 'kg') return item?.mass;
      if (unit === 't') return item?.mass?.div(THOUSAND);
      return unit === 'g' ? item?.mass?.times(THOUSAND) : undefined;
    },
    worth: (currency, isParameter) => calculation.exchange.worth(currency, isParameter),
  };
}

/** Per cents and amounts of a rate that is part of its own base. */
function parts(rate: Rate, quantities: Quantities): { percent: Decimal; fixed: Decimal } | Lacking {
  if (rate.op === 'percent') return { percent: rate.percent, fixed: ZERO };
  if (rate.op !== 'sum') {
    const fixed = charge(rate, quantities);
    return 'lacks' in fixed ? fixed : { percent: ZERO, fixed };
  }
  let percent = ZERO;
  let fixed = ZERO;
  for (const one of rate.of) {
    const part = parts(one, quantities);
    if ('lacks' in part) return part;
    percent = percent.plus(part.percent);
    fixed = fixed.plus(part.fixed);
  }
  return { percent, fixed };
}

/** A charge; where the rate is part of its base, base = (what it stands on + amounts) / (1 - per cents). */
export function chargeOf(
  measure: Measure,
  on: Decimal | undefined,
  item: ItemBasis | undefined,
  calculation: Calculation,
): ChargeLine {
  const number = item?.number;
  const rate = measure.rate ?? { op: 'unknown' as const };
  let base = on;
  if (measure.base.gross && on !== undefined && rate.op !== 'unknown') {
    const found = parts(rate, quantitiesOf(item, undefined, calculation));
    if ('lacks' in found) return { measure, item: number, base: undefined, amount: found };
    base = on.plus(found.fixed).div(ONE.minus(found.percent.div(100)));
  }
  return { measure, item: number, base, amount: charge(rate, quantitiesOf(item, base, calculation)) };
}

type Tell = (finding: Omit<AnswerFinding, 'member'>) => void;

/** Picks of each series of charges that concern an item. */
export interface Charges {
  readonly duties: readonly Measure[];
  readonly others: readonly Measure[];
  /** A series can't be told: a total that would need it is not known. */
  readonly open: boolean;
  /** Types of charges of which something holds or may hold, whether it can be told or not. */
  readonly found: ReadonlySet<string>;
}

export function chargesOn(matches: readonly Match[], item: ItemBasis, calculation: Calculation, tell: Tell): Charges {
  const bySeries = new Map<string, Match[]>();
  for (const match of matches) {
    const { type, series } = match.measure;
    if (!isCharge(type)) continue;
    const before = bySeries.get(series);
    if (before === undefined) bySeries.set(series, [match]);
    else before.push(match);
  }
  const { facts, schedule, direction, day } = calculation;
  const longer = new Map<string, Measure[]>();
  for (const measure of matchesBelow(schedule, direction, item.code, item.country, day))
    if (isCharge(measure.type)) longer.set(measure.series, [...(longer.get(measure.series) ?? []), measure]);
  for (const series of longer.keys()) if (!bySeries.has(series)) bySeries.set(series, []);

  const duties: Measure[] = [];
  const others: Measure[] = [];
  const found = new Set<string>();
  let open = false;
  for (const [series, candidates] of bySeries) {
    const { winner, depends, rivals } = pick(candidates, facts);
    // What facts speak against says nothing of these goods.
    for (const one of [winner, ...(rivals ?? []), ...depends]) if (one !== undefined) found.add(one.type);
    const below = longer.get(series)?.filter(({ rateText }) => rateText !== winner?.rateText) ?? [];
    const optional = (winner ?? candidates[0]?.measure ?? below[0])?.type;
    const counts = optional === undefined || !isDuty(optional) || optional === 'duty';
    if (rivals !== undefined) {
      tell({
        code: 'measures-contradict',
        item: item.number,
        params: { series, measures: rivals.map(({ measure }) => measure).join(' ') },
      });
      open ||= counts;
    }
    if (below.length > 0) {
      const codes = [
        ...new Set(
          below.flatMap(({ goods }) =>
            goods.filter((code) => code.startsWith(item.code) && code.length > item.code.length),
          ),
        ),
      ];
      tell({ code: 'digits-needed', item: item.number, params: { series, codes: codes.sort().join(' ') } });
      open ||= counts;
      continue;
    }
    let number: string | undefined;
    for (const one of depends) {
      number ??= hangsOnNumbers(one.when, facts);
      tell({ code: 'fact-needed', item: item.number, measure: one.measure, params: { series } });
    }
    if (winner === undefined || number !== undefined) {
      open ||= counts && (depends.length > 0 || number !== undefined);
      continue;
    }
    if (isDuty(winner.type)) duties.push(winner);
    else others.push(winner);
  }
  for (const all of longer.values()) for (const { type } of all) found.add(type);
  return { duties, others, open, found };
}

/** Series → the item's part of what is charged on the consignment; undefined where it is not known. */
export type Shared = ReadonlyMap<string, Decimal | undefined>;

/** The lines of one option: the duty, then what stands on it, each charge after those that its base names. */
function linesOf(
  duty: Measure | undefined,
  others: readonly Measure[],
  item: ItemBasis,
  calculation: Calculation,
  shared: Shared,
): ChargeLine[] {
  const lines = new Map<string, ChargeLine>();
  const bySeries = new Map<string, Measure>();
  for (const one of others) bySeries.set(one.series, one);
  if (duty !== undefined) bySeries.set('duty', duty);
  const amountOf = (series: string): Decimal | undefined => {
    if (series === 'value') return item.value;
    if (shared.has(series)) return shared.get(series);
    const measure = bySeries.get(series);
    // A series that does not concern these goods adds nothing; an unknown duty is not known.
    if (measure === undefined) return series === 'duty' ? undefined : ZERO;
    const { amount } = lineOf(series, measure);
    return 'lacks' in amount ? undefined : amount;
  };
  const lineOf = (series: string, measure: Measure): ChargeLine => {
    const known = lines.get(series);
    if (known !== undefined) return known;
    let base: Decimal | undefined = ZERO;
    for (const name of measure.base.of) {
      const part = amountOf(name);
      base = part === undefined ? undefined : base?.plus(part);
    }
    const line = chargeOf(measure, base, item, calculation);
    lines.set(series, line);
    return line;
  };
  for (const [series, measure] of bySeries) lineOf(series, measure);
  return [...bySeries.keys()].flatMap((series) => lines.get(series) ?? []);
}

/** The sum of lines; undefined where one is not known. */
export function sumOf(lines: readonly ChargeLine[]): Decimal | undefined {
  let total = ZERO;
  for (const { amount } of lines) {
    if ('lacks' in amount) return undefined;
    total = total.plus(amount);
  }
  return total;
}

/** How far a way of conditions is open to the asker. */
export function stateOf(
  groups: Groups,
  facts: Facts,
): { readonly groups: readonly GroupState[]; readonly state: Truth } {
  return {
    groups: groups.map((group) => ({
      atoms: group.map((atom) => ({ atom, state: holds(atom, facts) })),
      state: groupHolds(group, facts),
    })),
    state: conditionHolds(groups, facts),
  };
}

/** Whether a fact that papers do not change speaks against a group: then it is no way. */
export function isBarred({ atoms }: GroupState): boolean {
  return atoms.some(
    ({ atom, state }) =>
      state === 'no' && !['document', 'registered', 'treated', 'claim', 'predeclared'].includes(atom.kind),
  );
}

/** Options of duty for one item, the ordinary first; where a charge is open, no total is known. */
export function optionsOf(charges: Charges, item: ItemBasis, calculation: Calculation, shared: Shared): ItemAnswer {
  const { facts, quotas, day, schedule } = calculation;
  const others = charges.others.filter(({ rate }) => rate === undefined || !isOfConsignment(rate));
  const options = charges.duties.map((measure): Option => {
    const { groups, state } = stateOf(measure.requires, facts);
    const definition = measure.quota === undefined ? undefined : schedule.pack.quotas.get(measure.quota);
    const quota = definition && quotaBalance(definition, quotas.get(definition.quota), day);
    const empty = quota !== undefined && !['open', 'critical'].includes(quota.state);
    const untold = definition !== undefined && quota === undefined;
    const lines = linesOf(measure, others, item, calculation, shared);
    return {
      kind: measure.type as Option['kind'],
      measure,
      state:
        empty || (state === 'no' && groups.every(isBarred))
          ? 'closed'
          : state === 'yes' && !untold
            ? 'available'
            : state === 'no'
              ? 'open'
              : 'unknown',
      groups,
      quota,
      lines,
      total: charges.open ? undefined : sumOf(lines),
    };
  });
  if (!options.some(({ kind }) => kind === 'duty')) {
    const lines = linesOf(undefined, others, item, calculation, shared);
    // Transit knows no duty: that none is found leaves nothing open.
    const total = calculation.direction === 'transit' && !charges.open ? sumOf(lines) : undefined;
    options.push({
      ...{ kind: 'duty', measure: undefined, state: 'available', groups: [], quota: undefined, lines, total },
    });
  }
  const order = (option: Option): string => `${option.kind === 'duty' ? 0 : 1} ${option.measure?.measure ?? ''}`;
  options.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return { number: item.number, code: item.code, options };
}
