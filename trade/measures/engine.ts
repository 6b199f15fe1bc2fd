import type { Answer, AnswerFinding, ChargeLine, Control, ItemAnswer, NeededDocument, Stage, Step } from './answer.ts';
import {
  type Calculation,
  type Charges,
  chargeOf,
  chargesOn,
  type ItemBasis,
  isBarred,
  optionsOf,
  type Shared,
  stateOf,
  sumOf,
} from './charges.ts';
import { ALWAYS, conditionHolds, type Facts } from './condition.ts';
import { besidePrice, type Costs, customsValue } from './customs-value.ts';
import { Decimal, ZERO } from './decimal.ts';
import { Exchange } from './exchange.ts';
import { expectedControls } from './expected.ts';
import { type Act, type Direction, type DocumentKind, isCharge, type Measure } from './measure.ts';
import type { Question, QuestionItem } from './question.ts';
import type { QuotaEvent } from './quota.ts';
import { isOfConsignment } from './rate.ts';
import { codeFor, type Match, matches, matchesBelow, type Schedule } from './schedule.ts';

/**
 * What goods need, and what they cost, along a whole way: member by member, each by its own pack. Pure: day, rates and balances of
 * quotas are arguments, and the same question has the same answer.
 *
 * Order of operations: customs value (by the Incoterm) → duty of each option → excise → VAT, each on the base that its measure names;
 * charges on the consignment once. Nothing is rounded on the way.
 */

const maybe = (text: string | undefined): Decimal | undefined => (text === undefined ? undefined : new Decimal(text));

function total(values: readonly (Decimal | undefined)[]): Decimal | undefined {
  let sum = ZERO;
  for (const value of values) {
    if (value === undefined) return undefined;
    sum = sum.plus(value);
  }
  return sum;
}

function costsOf({ costs }: Question): Costs {
  return {
    toBorder: maybe(costs?.toBorder),
    afterBorder: maybe(costs?.afterBorder),
    insurance: maybe(costs?.insurance),
    duties: maybe(costs?.duties),
  };
}

interface Way {
  readonly member: string;
  readonly direction: Direction;
  readonly posts: Stage['posts'];
}

/** The members on the way, and the posts at which goods leave and enter each. */
function wayOf({ from, to, posts }: Question, members: ReadonlySet<string>): Way[] {
  const runs: { member: string; posts: string[] }[] = [];
  for (const { post, member } of posts) {
    const last = runs.at(-1);
    if (last?.member === member) last.posts.push(post);
    else runs.push({ member, posts: [post] });
  }
  if (runs[0]?.member !== from && members.has(from)) runs.unshift({ member: from, posts: [] });
  if (runs.at(-1)?.member !== to && members.has(to)) runs.push({ member: to, posts: [] });
  return runs.map(({ member, posts: own }, i) => {
    if (i === 0 && member === from)
      return { member, direction: 'export', posts: own.map((post) => ({ post, at: 'exit' })) };
    if (i === runs.length - 1 && member === to)
      return { member, direction: 'import', posts: own.map((post) => ({ post, at: 'entry' })) };
    return { member, direction: 'transit', posts: own.map((post, j) => ({ post, at: j === 0 ? 'entry' : 'exit' })) };
  });
}

/** Shares of adjustments of the customs value: by mass where every item has one, else by value. */
function valuesOf(
  items: readonly QuestionItem[],
  price: Decimal | undefined,
  value: Decimal | undefined,
): (Decimal | undefined)[] {
  if (price === undefined || value === undefined) return items.map(() => undefined);
  const adjustment = value.minus(price);
  if (adjustment.isZero() || items.length === 1)
    return items.map((item) => (items.length === 1 ? value : new Decimal(item.value ?? 0)));
  const masses = total(items.map(({ mass }) => maybe(mass)));
  const whole = masses !== undefined && !masses.isZero() ? masses : price;
  return items.map((item) => {
    const part = new Decimal((whole === masses ? item.mass : item.value) ?? 0);
    const share = whole.isZero() ? ZERO : adjustment.times(part).div(whole);
    return new Decimal(item.value ?? 0).plus(share);
  });
}

/** Facts of the asker as one member's conditions read them. */
function factsOf(
  question: Question,
  member: string,
  posts: Stage['posts'],
  mass: Decimal | undefined,
  value: Decimal | undefined,
  exchange: Exchange,
): Facts {
  const { originated, claims = {} } = question;
  const own = new Map<string, boolean>();
  for (const key in claims)
    if (key.startsWith(`${member}/`)) own.set(key.slice(member.length + 1), claims[key] === true);
  return {
    documents: new Set(question.papers),
    registered: new Set(question.registered),
    treated: new Set(question.treated),
    claims: own,
    wholly: originated?.wholly,
    changed: originated?.changed,
    added: maybe(originated?.added),
    direct: question.direct,
    trader: new Set<string>(question.trader),
    green: question.green,
    regime: question.regime,
    mode: question.mode,
    posts: new Set(posts.map(({ post }) => post)),
    predeclared: question.predeclared,
    mass,
    valueIn: (currency, isParameter) => {
      const worth = exchange.worth(currency, isParameter);
      return worth === undefined || worth.isZero() ? undefined : value?.div(worth);
    },
  };
}

/** What of the charges on the consignment falls on an item, by its value: a base may name them. */
function sharesOf(lines: readonly ChargeLine[], value: Decimal | undefined, whole: Decimal | undefined): Shared {
  const shares = new Map<string, Decimal | undefined>();
  for (const { measure, amount } of lines) {
    const part = 'lacks' in amount || value === undefined || whole === undefined ? undefined : amount;
    const share = whole?.isZero() || value === whole ? part : part?.times(value ?? ZERO).div(whole ?? ZERO);
    const before = shares.has(measure.series) ? shares.get(measure.series) : ZERO;
    shares.set(measure.series, share === undefined ? undefined : before?.plus(share));
  }
  return shares;
}

function controlsOf(found: ReadonlyMap<Measure, number[]>, facts: Facts, below: ReadonlySet<Measure>): Control[] {
  const controls: Control[] = [];
  for (const [measure, items] of found) {
    const applies = measure.when === ALWAYS ? 'yes' : conditionHolds(measure.when, facts);
    if (applies === 'no') continue;
    const { groups, state } = stateOf(measure.requires, facts);
    const answered = state === 'yes' ? 'met' : state === 'no' ? 'open' : 'unknown';
    const barred = measure.type === 'prohibition' && (measure.requires === ALWAYS || state === 'no');
    const sure = applies === 'yes' && !below.has(measure);
    // Somebody says that something is asked for, and nobody what.
    const vague = measure.rate?.op === 'unknown';
    const settled = vague ? 'unknown' : barred ? 'prohibited' : answered;
    controls.push({ measure, items, groups, state: sure ? settled : 'may-apply' });
  }
  return controls.sort((a, b) => (a.measure.measure < b.measure.measure ? -1 : 1));
}

/** The groups that facts leave open; where they leave none, all, so that what was asked for is told. */
function waysOf(groups: Control['groups']): Control['groups'] {
  const ways = groups.filter((group) => !isBarred(group));
  return ways.length === 0 ? groups : ways;
}

/** Papers that the controls ask for, with those that must exist before them. */
function documentsOf(controls: readonly Control[], schedule: Schedule, facts: Facts): NeededDocument[] {
  const always = new Map<DocumentKind, boolean>();
  const add = (id: string, sure: boolean): void => {
    const kind = schedule.pack.documents.get(id);
    if (kind === undefined) return;
    const before = always.get(kind);
    if (before === true || before === sure) return;
    always.set(kind, sure);
    for (const one of kind.needs) add(one, sure);
  };
  for (const { groups: all, state } of controls) {
    const binding = state === 'open' || state === 'met';
    const groups = waysOf(all);
    for (const group of groups)
      for (const { atom } of group.atoms)
        if (atom.kind === 'document')
          add(
            atom.id,
            binding &&
              groups.every(({ atoms }) =>
                atoms.some(({ atom: other }) => other.kind === 'document' && other.id === atom.id),
              ),
          );
  }
  return [...always].map(([kind, sure]) => ({
    kind,
    held: facts.documents.has(kind.document) || (kind.code !== undefined && facts.documents.has(kind.code)),
    always: sure,
  }));
}

/** Papers and acts in an order in which each comes after what it needs; of those that are free, as the pack lists them. */
function stepsOf(documents: readonly NeededDocument[], acts: readonly Act[]): Step[] {
  const done = new Set<string>();
  const ids = new Set([...documents.map(({ kind }) => kind.document), ...acts.map(({ step }) => step)]);
  const open: { readonly id: string; readonly after: readonly string[]; readonly step: Step }[] = [
    ...documents.map(({ kind }) => ({ id: kind.document, after: kind.needs, step: { document: kind } })),
    ...acts.map((act) => ({ id: act.step, after: act.after, step: { act } })),
  ];
  const steps: Step[] = [];
  // The pack has no circle; each round finds at least one.
  while (open.length > 0) {
    const next = open.findIndex(({ after }) => after.every((id) => done.has(id) || !ids.has(id)));
    const [one] = open.splice(Math.max(0, next), 1);
    if (one === undefined) break;
    done.add(one.id);
    steps.push(one.step);
  }
  return steps;
}

export const EXPECTED_CHARGES: Readonly<Record<Direction, readonly string[]>> = {
  import: ['duty', 'excise', 'vat', 'fee'],
  export: ['duty'],
  transit: ['fee'],
};

function lackingFindings(lines: readonly ChargeLine[], tell: (finding: Omit<AnswerFinding, 'member'>) => void): void {
  const codes = { rate: 'rate-unknown', unit: 'quantity-missing', currency: 'exchange-missing' } as const;
  // Why a base is not known has been told: of the value, or of the charge that it stands on.
  for (const { measure, item, amount } of lines)
    if ('lacks' in amount && amount.lacks !== 'base')
      tell({
        code: codes[amount.lacks],
        measure: measure.measure,
        ...(item === undefined ? {} : { item }),
        params: amount.what === '' ? {} : { what: amount.what },
      });
}

function stageOf(question: Question, way: Way, schedule: Schedule | undefined, quotas: Calculation['quotas']): Stage {
  const { member, direction, posts } = way;
  const findings: AnswerFinding[] = [];
  const told = new Set<string>();
  const tell = (finding: Omit<AnswerFinding, 'member'>): void => {
    const key = `${finding.code} ${finding.item} ${finding.measure} ${finding.params['series'] ?? finding.params['what']}`;
    if (told.has(key)) return;
    told.add(key);
    findings.push({ ...finding, member });
  };
  if (schedule === undefined) {
    tell({ code: 'pack-missing', params: {} });
    return {
      member,
      direction,
      posts,
      schedule,
      value: undefined,
      items: [],
      fees: [],
      controls: [],
      documents: [],
      steps: [],
      findings,
      ordinary: undefined,
      best: undefined,
    };
  }
  const { items, on, currency } = question;
  const price = total(items.map(({ value }) => maybe(value)));
  const exchange = new Exchange(schedule.pack, currency, on, question.rates ?? []);
  const value =
    price === undefined
      ? undefined
      : direction === 'import'
        ? customsValue(price, question.incoterm, costsOf(question))
        : { lines: [{ what: 'price' as const, amount: price }], total: price, complete: true };
  if (value === undefined) tell({ code: 'value-missing', params: {} });
  else if (!value.complete)
    tell({
      code: 'value-incomplete',
      params: {
        what:
          question.incoterm === undefined
            ? 'incoterm'
            : value.lines
                .filter(({ amount }) => amount === undefined)
                .map(({ what }) => what)
                .join(' ') || 'duties',
      },
    });
  const mass = total(items.map((item) => maybe(item.mass)));
  const facts = factsOf(question, member, posts, mass, value?.total, exchange);
  const stay = question.stay?.[member];
  const calculation: Calculation = {
    ...{ schedule, direction, day: on, facts, exchange, quotas },
    ...{ vehicles: question.vehicles ?? 1, km: maybe(stay?.km), days: maybe(stay?.days) },
  };

  const values = valuesOf(items, price, value?.total);
  const answers: ItemAnswer[] = [];
  const charged: { readonly basis: ItemBasis; readonly charges: Charges }[] = [];
  const controlled = new Map<Measure, number[]>();
  const below = new Set<Measure>();
  const fees = new Map<Measure, ChargeLine>();
  for (const [i, item] of items.entries()) {
    const code = codeFor(schedule, item.hs, item.national?.[member], on);
    const country = direction === 'import' ? item.origin : question.to;
    const basis: ItemBasis = {
      ...{ number: item.number, code, country, mass: maybe(item.mass), value: values[i] },
      quantities: item.quantities ?? {},
    };
    const found: Match[] = matches(schedule, direction, code, country, on);
    const kinds = new Set<string>();
    for (const { measure } of found) {
      kinds.add(measure.type);
      if (!isCharge(measure.type)) controlled.set(measure, [...(controlled.get(measure) ?? []), item.number]);
    }
    for (const measure of matchesBelow(schedule, direction, code, country, on))
      if (!isCharge(measure.type)) {
        kinds.add(measure.type);
        below.add(measure);
        controlled.set(measure, [...(controlled.get(measure) ?? []), item.number]);
      }
    const charges = chargesOn(found, basis, calculation, tell);
    let missing = charges.open;
    for (const expected of EXPECTED_CHARGES[direction])
      if (!charges.found.has(expected)) {
        tell({ code: 'rate-not-found', item: item.number, params: { what: expected } });
        missing = true;
      }
    for (const expected of expectedControls(direction, code))
      if (!kinds.has(expected)) tell({ code: 'control-not-found', item: item.number, params: { what: expected } });
    charged.push({ basis, charges: { ...charges, open: missing } });
    for (const measure of charges.others)
      if (measure.rate !== undefined && isOfConsignment(measure.rate) && !fees.has(measure))
        fees.set(measure, chargeOf(measure, value?.total, undefined, calculation));
  }
  const feeLines = [...fees.values()];
  lackingFindings(feeLines, tell);
  for (const { basis, charges } of charged) {
    const answer = optionsOf(charges, basis, calculation, sharesOf(feeLines, basis.value, value?.total));
    answers.push(answer);
    for (const option of answer.options) lackingFindings(option.lines, tell);
  }

  const controls = controlsOf(controlled, facts, below);
  for (const { measure, state, groups } of controls) {
    if (state === 'prohibited') tell({ code: 'prohibited', measure: measure.measure, params: {} });
    if (state === 'open')
      tell({
        code: 'paper-missing',
        measure: measure.measure,
        params: { ways: String(waysOf(groups).length) },
      });
    if (state === 'may-apply' || state === 'unknown')
      tell({ code: 'fact-needed', measure: measure.measure, params: {} });
  }
  const documents = documentsOf(controls, schedule, facts);
  const goods = answers.map(({ code }) => code);
  const acts = schedule.pack.acts.filter(
    (act) =>
      act.direction === direction &&
      act.goods.some((prefix) => goods.some((code) => code.startsWith(prefix))) &&
      conditionHolds(act.when, facts) !== 'no',
  );
  const feeTotal = sumOf(feeLines);
  const least = (item: ItemAnswer): Decimal | undefined => {
    let best: Decimal | undefined;
    for (const { state, total: sum } of item.options)
      if (state === 'available' && sum !== undefined && (best === undefined || sum.lessThan(best))) best = sum;
    return best;
  };
  return {
    ...{ member, direction, posts, schedule, value, items: answers, fees: feeLines, controls, documents },
    steps: stepsOf(documents, acts),
    findings,
    ordinary: total([feeTotal, ...answers.map(({ options }) => options[0]?.total)]),
    best: total([feeTotal, ...answers.map(least)]),
  };
}

/**
 * Answers for the whole way.
 *
 * @param schedules member → its measures; a member without any is told of as missing
 * @param members who takes part; other countries on the way are not spoken of
 * @param quotas member → quota → its events, in place of those of its pack
 * @example ask(question, schedules, members).landed.ordinary
 */
export function ask(
  question: Question,
  schedules: ReadonlyMap<string, Schedule>,
  members: ReadonlySet<string>,
  quotas: ReadonlyMap<string, Calculation['quotas']> = new Map<string, ReadonlyMap<string, readonly QuotaEvent[]>>(),
): Answer {
  const stages = wayOf(question, members)
    .filter(({ member }) => members.has(member))
    .map((way) => {
      const schedule = schedules.get(way.member);
      return stageOf(question, way, schedule, quotas.get(way.member) ?? schedule?.pack.quotaEvents ?? new Map());
    });
  const price = total(question.items.map(({ value }) => maybe(value)));
  const beside = besidePrice(question.incoterm, costsOf(question));
  const landed = (which: 'ordinary' | 'best'): Decimal | undefined =>
    total([
      price,
      beside.costs,
      ...stages.filter(({ direction }) => beside.pays(direction)).map((stage) => stage[which]),
    ]);
  const findings: AnswerFinding[] =
    question.posts.length === 0 && question.from !== question.to
      ? [{ code: 'way-not-told', member: question.to, params: {} }]
      : [];
  return { stages, price, landed: { ordinary: landed('ordinary'), best: landed('best') }, findings };
}
