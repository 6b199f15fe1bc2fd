import { dayAfter } from '../../values/plain-date.ts';
import type { Atom, Groups } from './condition.ts';
import { ZERO } from './decimal.ts';
import {
  type Act,
  type DocumentKind,
  isCharge,
  type Measure,
  type NationalCode,
  type Parameter,
  type Quota,
} from './measure.ts';
import { parametersOf } from './rate.ts';
import type { Line } from './reading.ts';
import type { Faults } from './table.ts';

/** What the rows of a pack say together: nothing twice, nothing that contradicts, no hole, no circle, nothing that is named and not there. */

interface Content {
  readonly measures: readonly Line<Measure>[];
  readonly codes: readonly Line<NationalCode>[];
  readonly acts: readonly Line<Act>[];
  readonly documents: ReadonlyMap<string, DocumentKind>;
  readonly parameters: readonly Line<Parameter>[];
  readonly quotas: ReadonlyMap<string, Quota>;
  readonly tables: ReadonlyMap<string, unknown>;
}

const MEASURES = 'measures.csv';

type Valid = { readonly from: string; readonly to: string | undefined };

/** Sorts by beginning and tells of those that overlap, and, if asked, of days between them that nothing covers. */
function inSuccession<T extends Valid>(
  lines: readonly Line<T>[],
  gaps: boolean,
  tell: (line: Line<T>, before: Line<T>, code: 'overlap' | 'gap') => void,
): void {
  if (lines.length < 2) return;
  const sorted = [...lines].sort((a, b) =>
    a.value.from < b.value.from ? -1 : a.value.from > b.value.from ? 1 : a.line - b.line,
  );
  let [before] = sorted;
  for (const line of sorted.slice(1)) {
    if (before === undefined) return;
    const end = before.value.to;
    if (end === undefined || line.value.from <= end) tell(line, before, 'overlap');
    else if (gaps && dayAfter(end) !== line.value.from) tell(line, before, 'gap');
    if (end !== undefined && (line.value.to === undefined || line.value.to > end)) before = line;
  }
}

type Limit = Extract<Atom, { kind: 'mass' | 'value' }>;

/** A condition as an interval of one quantity beside other facts, where it is one; the other facts name the interval's family. */
function interval(
  when: Groups,
): { readonly family: string; readonly low: Limit | undefined; readonly high: Limit | undefined } | undefined {
  const [group, ...more] = when;
  if (group === undefined || more.length > 0) return undefined;
  const limits = group.filter((one): one is Limit => one.kind === 'mass' || one.kind === 'value');
  const [first] = limits;
  if (first === undefined) return undefined;
  const unit = (one: Limit): string => (one.kind === 'value' ? `value ${one.currency}` : 'mass');
  const lows = limits.filter(({ compare }) => compare.startsWith('>'));
  const highs = limits.filter(({ compare }) => compare.startsWith('<'));
  if (limits.some((one) => unit(one) !== unit(first)) || lows.length > 1 || highs.length > 1) return undefined;
  const others = group.filter((one) => one.kind !== 'mass' && one.kind !== 'value');
  return { family: `${unit(first)} ${JSON.stringify(others)}`, low: lows[0], high: highs[0] };
}

const inForceTogether = (a: Valid, b: Valid): boolean =>
  (a.to === undefined || b.from <= a.to) && (b.to === undefined || a.from <= b.to);

/** Brackets of one quantity meet each other without overlap or hole, from nothing up to whatever there is. */
function checkBrackets(lines: readonly Line<Measure>[], faults: Faults): void {
  const families = new Map<string, { line: Line<Measure>; low: Limit | undefined; high: Limit | undefined }[]>();
  for (const line of lines) {
    const found = interval(line.value.when);
    if (found !== undefined) families.set(found.family, [...(families.get(found.family) ?? []), { line, ...found }]);
  }
  for (const family of families.values()) {
    if (family.length < 2) continue;
    // Brackets of different times are different sets.
    for (const day of new Set(family.map(({ line }) => line.value.from))) {
      const set = family
        .filter(({ line }) => inForceTogether(line.value, { from: day, to: day }))
        .sort((a, b) => (a.low?.limit ?? ZERO).comparedTo(b.low?.limit ?? ZERO));
      let previous: (typeof set)[number] | undefined;
      for (const one of set) {
        const [end, start] = [previous?.high, one.low];
        const { line } = one.line;
        if (previous === undefined) {
          if (start !== undefined && !(start.limit.isZero() && start.compare === '>='))
            faults.add(
              MEASURES,
              line,
              'when',
              'gap',
              'The lowest bracket begins above nothing; what is below it has no charge and no word of it.',
            );
        } else if (
          end === undefined ||
          start === undefined ||
          end.limit.greaterThan(start.limit) ||
          (end.limit.equals(start.limit) && end.compare === '<=' && start.compare === '>=')
        )
          faults.add(MEASURES, line, 'when', 'overlap', `The bracket overlaps that of line ${previous.line.line}.`);
        else if (!end.limit.equals(start.limit) || (end.compare === '<' && start.compare === '>'))
          faults.add(
            MEASURES,
            line,
            'when',
            'gap',
            `Between this bracket and that of line ${previous.line.line} there is a hole.`,
          );
        previous = one;
      }
      if (previous?.high !== undefined)
        faults.add(
          MEASURES,
          previous.line.line,
          'when',
          'gap',
          'The highest bracket ends; what is above it has no charge and no word of it.',
        );
    }
  }
}

const STANDING: ReadonlySet<string> = new Set(['duty', 'vat', 'excise', 'fee']);

/** Charges of the same goods, area and condition follow each other without overlap; standing charges without a hole either. */
function checkSuccession(lines: readonly Line<Measure>[], faults: Faults): void {
  const add = <K>(map: Map<K, Line<Measure>[]>, key: K, line: Line<Measure>): void => {
    const before = map.get(key);
    if (before === undefined) map.set(key, [line]);
    else before.push(line);
  };
  // By goods first: what else tells rows apart is put together only where some share theirs.
  const byGoods = new Map<string, Line<Measure>[]>();
  for (const line of lines) for (const prefix of line.value.goods) add(byGoods, prefix, line);
  const texts = new Map<Groups, string>();
  const textOf = (groups: Groups): string => {
    const text = texts.get(groups) ?? JSON.stringify(groups);
    texts.set(groups, text);
    return text;
  };
  for (const group of byGoods.values()) {
    if (group.length === 1) continue;
    const same = new Map<string, Line<Measure>[]>();
    const brackets = new Map<string, Line<Measure>[]>();
    for (const line of group) {
      const { type, series, direction, area, exclude, when, requires, except } = line.value;
      // Controls add up: only the very same one twice is a mistake.
      const also = isCharge(type) && requires.length < 2 && requires[0]?.length === 0 ? '' : textOf(requires);
      const where = `${type} ${series} ${direction} ${area.area} ${[...exclude].join()} ${except.join()}`;
      add(same, `${where} ${textOf(when)} ${also}`, line);
      if (textOf(when).length > 4 && STANDING.has(type)) add(brackets, where, line);
    }
    for (const set of same.values())
      inSuccession(set, STANDING.has(set[0]?.value.type ?? ''), (line, before, code) => {
        const message =
          code === 'overlap'
            ? `The same goods, area and condition stand in line ${before.line} for days that overlap.`
            : `Nothing is said of the days between this row and line ${before.line}, which ends on ${before.value.to}; write a row with an unknown rate if nobody knows.`;
        faults.add(MEASURES, line.line, 'from', code, message);
      });
    for (const set of brackets.values()) checkBrackets(set, faults);
  }
}

/** Finds a way from a name back to itself. */
function circle(next: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const state = new Map<string, 'open' | 'done'>();
  const visit = (name: string, trail: readonly string[]): readonly string[] | undefined => {
    if (state.get(name) === 'done') return undefined;
    if (state.get(name) === 'open') return [...trail.slice(trail.indexOf(name)), name];
    state.set(name, 'open');
    for (const one of next.get(name) ?? []) {
      const found = visit(one, [...trail, name]);
      if (found !== undefined) return found;
    }
    state.set(name, 'done');
    return undefined;
  };
  for (const name of next.keys()) {
    const found = visit(name, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The base of one series may name others, never in a circle. */
function checkBases(lines: readonly Line<Measure>[], faults: Faults): void {
  const series = new Set(lines.filter(({ value }) => isCharge(value.type)).map(({ value }) => seriesOf(value)));
  const next = new Map<string, Set<string>>();
  const told = new Set<string>();
  for (const { line, value } of lines)
    for (const name of value.base.of) {
      if (name === 'value') continue;
      const key = `${value.direction} ${seriesOf(value)}`;
      if (!series.has(name) && !told.has(name)) {
        told.add(name);
        faults.add(MEASURES, line, 'base', 'not-declared', `No charge has the series ${name}.`);
      }
      const before = next.get(key);
      if (before === undefined) next.set(key, new Set([`${value.direction} ${name}`]));
      else before.add(`${value.direction} ${name}`);
    }
  const found = circle(new Map([...next].map(([name, names]) => [name, [...names]])));
  if (found === undefined) return;
  const [first = ''] = found;
  const line = lines.find(({ value }) => `${value.direction} ${seriesOf(value)}` === first && value.base.of.length > 0);
  faults.add(
    MEASURES,
    line?.line,
    'base',
    'circular',
    `Charges are bases of each other: ${found.map((one) => one.split(' ')[1]).join(' → ')}.`,
  );
}

/** Bases call every kind of duty by one name. */
export function seriesOf({ type, series }: Pick<Measure, 'type' | 'series'>): string {
  return type === 'preference' || type === 'quota' || type === 'suspension' ? 'duty' : series;
}

function checkOrder({ acts, documents, tables }: Content, faults: Faults): void {
  const next = new Map<string, readonly string[]>();
  const steps = new Set(acts.map(({ value }) => value.step));
  for (const [id, { needs }] of documents) {
    next.set(id, needs);
    for (const one of needs)
      if (!documents.has(one))
        faults.add(
          'documents.csv',
          undefined,
          'needs',
          'not-declared',
          `${id} needs ${one}, which documents.csv does not have.`,
        );
  }
  for (const { line, value } of acts) {
    if (documents.has(value.step))
      faults.add('steps.csv', line, 'step', 'duplicate', `A document is called ${value.step} already.`);
    next.set(value.step, [...(next.get(value.step) ?? []), ...value.after]);
    for (const one of value.after)
      if (!documents.has(one) && !steps.has(one))
        faults.add('steps.csv', line, 'after', 'not-declared', `Neither a step nor a document is called ${one}.`);
  }
  const found = circle(next);
  if (found !== undefined)
    faults.add(
      tables.has('steps.csv') ? 'steps.csv' : 'documents.csv',
      undefined,
      undefined,
      'circular',
      `Each waits for the other: ${found.join(' → ')}.`,
    );
}

/** Holds the rows of a pack against each other. */
export function checkMeasures(content: Content, faults: Faults): void {
  const { measures, codes, parameters, quotas } = content;
  checkSuccession(measures, faults);
  checkBases(measures, faults);
  checkOrder(content, faults);
  const named = (
    lines: readonly Line<Valid>[],
    file: string,
    name: (line: Line<Valid>) => string,
    gaps: boolean,
  ): void => {
    const sets = new Map<string, Line<Valid>[]>();
    for (const line of lines) sets.set(name(line), [...(sets.get(name(line)) ?? []), line]);
    for (const set of sets.values())
      inSuccession(set, gaps, (line, before, code) =>
        faults.add(
          file,
          line.line,
          'from',
          code,
          `${name(line)} and line ${before.line}: ${code === 'gap' ? 'nothing is said of the days between' : 'both hold on the same day'}.`,
        ),
      );
  };
  named(codes, 'codes.csv', ({ value }) => (value as NationalCode).code, false);
  named(parameters, 'parameters.csv', ({ value }) => (value as Parameter).parameter, true);
  const lines = new Set(codes.map(({ value }) => value.code));
  const known = new Set(parameters.map(({ value }) => value.parameter));
  const checked = new Set<unknown>();
  for (const { line, value } of measures) {
    for (const prefix of [...value.goods, ...value.except])
      if (prefix.length > 6 && !lines.has(prefix))
        faults.add(MEASURES, line, 'goods', 'not-declared', `codes.csv has no line ${prefix}.`);
    if (value.quota !== undefined && !quotas.has(value.quota))
      faults.add(MEASURES, line, 'quota', 'not-declared', `quotas.csv has no quota ${value.quota}.`);
    if (value.rate === undefined || checked.has(value.rate)) continue;
    checked.add(value.rate);
    for (const parameter of parametersOf(value.rate))
      if (!known.has(parameter))
        faults.add(
          MEASURES,
          line,
          'rate',
          'not-declared',
          `${parameter} is neither a currency nor a parameter of parameters.csv.`,
        );
  }
}
