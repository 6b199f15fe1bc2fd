import { dayAfter } from '../../values/plain-date.ts';
import { ALWAYS } from './condition.ts';
import {
  type Area,
  type Direction,
  isInForce,
  type Measure,
  type MeasureType,
  type Pack,
  type Validity,
  type Wording,
} from './measure.ts';

/** What a member's rules say differently on two days, or in two versions: "what changes on 1 January?" */

/** A pack as it stands on a day; undefined where there is none. */
export type Standing = { readonly pack: Pack; readonly day: string } | undefined;

export interface RuleChange {
  readonly table: 'measures' | 'parameters' | 'quotas' | 'documents' | 'steps';
  /** As the later pack names it; the earlier one, where it has gone. */
  readonly id: string;
  readonly direction: Direction | undefined;
  readonly type: MeasureType | undefined;
  /** Prefixes of goods codes; the empty one is all goods. */
  readonly goods: readonly string[];
  /** What it says: a rate, an amount; null where it is not there. */
  readonly before: string | null;
  readonly after: string | null;
  /** Columns that differ; empty where it came or went. */
  readonly differs: readonly string[];
  readonly wording: Wording;
}

interface Entry {
  readonly id: string;
  /** Entries of one place are about the same thing, whatever they are called. */
  readonly place: string;
  readonly says: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly wording: Wording;
  readonly measure?: Measure;
}

const areaText = ({ area, countries }: Area): string =>
  countries === undefined ? area : [...countries].sort().join(' ');
const groupsText = (groups: unknown): string => (groups === ALWAYS ? '' : JSON.stringify(groups));

function measureEntry(one: Measure): Entry {
  const columns = {
    type: one.type,
    direction: one.direction,
    series: one.series,
    goods: [...one.goods].sort().join(' '),
    except: [...one.except].sort().join(' '),
    area: areaText(one.area),
    exclude: [...one.exclude].sort().join(' '),
    when: groupsText(one.when),
    rate: one.rateText,
    base: `${one.base.of.join(' + ')}${one.base.gross ? ' gross' : ''}`,
    requires: groupsText(one.requires),
    quota: one.quota ?? '',
  };
  const { type, direction, series, goods, except, area, exclude, when } = columns;
  const place = [type, direction, series, goods, except, area, exclude, when].join('|');
  return { id: one.measure, place, says: one.rateText, columns, wording: one.wording, measure: one };
}

const NO_WORDS: Wording = { en: '', ru: '' };

/** What is in force, table by table; of one pack on two days only what is in force on one of them: the rest is the same row. */
function entriesOf(standing: Standing, other: Standing): ReadonlyMap<RuleChange['table'], readonly Entry[]> {
  if (standing === undefined) return new Map();
  const { pack, day } = standing;
  const same = other?.pack === pack ? other : undefined;
  const stands = (one: Validity): boolean => isInForce(one, day) && (same === undefined || !isInForce(one, same.day));
  const parameters = [...pack.parameters.values()].flat().filter(stands);
  return new Map<RuleChange['table'], readonly Entry[]>([
    ['measures', pack.measures.filter(stands).map(measureEntry)],
    [
      'parameters',
      parameters.map(({ parameter, value, currency }) => {
        const says = `${value} ${currency}`;
        return { id: parameter, place: parameter, says, columns: { value: says }, wording: NO_WORDS };
      }),
    ],
    [
      'quotas',
      [...pack.quotas.values()].filter(stands).map(({ quota, volume, unit, critical = '', wording }) => {
        const says = `${volume} ${unit}`;
        return { id: quota, place: quota, says, columns: { volume: says, critical }, wording };
      }),
    ],
    [
      'documents',
      (same === undefined ? [...pack.documents.values()] : []).map(
        ({ document, needs, wording, citation: _, ...rest }) => {
          const { code = '', issuer = '', where = '', takes = '', valid = '', form = '' } = rest;
          const columns = { code, issuer, where, takes, valid, form, needs: needs.join(' ') };
          return { id: document, place: document, says: '', columns, wording };
        },
      ),
    ],
    [
      'steps',
      (same === undefined ? pack.acts : []).map(
        ({ step, direction, at, after, goods, when, authority = '', where = '', wording }) => {
          const columns = {
            ...{ direction, at, after: after.join(' '), goods: goods.join(' '), when: groupsText(when) },
            ...{ authority, where },
          };
          return { id: step, place: `${step} ${direction} ${at}`, says: '', columns, wording };
        },
      ),
    ],
  ]);
}

/** Pairs entries by their ids, then by what they are about. */
function pairs(before: readonly Entry[], after: readonly Entry[]): [Entry | undefined, Entry | undefined][] {
  const found: [Entry | undefined, Entry | undefined][] = [];
  let [left, right] = [[...before], [...after]];
  for (const nameOf of [
    (one: Entry) => `${one.id} ${one.measure?.direction ?? one.place}`,
    (one: Entry) => one.place,
  ]) {
    const waiting = new Map<string, Entry[]>();
    for (const one of left) waiting.set(nameOf(one), [...(waiting.get(nameOf(one)) ?? []), one]);
    const alone: Entry[] = [];
    for (const one of right) {
      const other = waiting.get(nameOf(one))?.shift();
      if (other === undefined) alone.push(one);
      else found.push([other, one]);
    }
    right = alone;
    left = [...waiting.values()].flat();
  }
  return [
    ...found,
    ...left.map((one): [Entry, undefined] => [one, undefined]),
    ...right.map((one): [undefined, Entry] => [undefined, one]),
  ];
}

/**
 * What differs between two standings. Other words or another source for the same rule are no change of it.
 *
 * @example changesBetween({ pack, day: '2026-12-31' }, { pack, day: '2027-01-01' }) // what changes on 1 January
 */
export function changesBetween(before: Standing, after: Standing): RuleChange[] {
  const [was, is] = [entriesOf(before, after), entriesOf(after, before)];
  const changes: RuleChange[] = [];
  for (const table of ['measures', 'parameters', 'quotas', 'documents', 'steps'] as const)
    for (const [old, now] of pairs(was.get(table) ?? [], is.get(table) ?? [])) {
      const one = now ?? old;
      if (one === undefined) continue;
      const differs =
        old === undefined || now === undefined
          ? []
          : Object.keys(now.columns).filter((column) => old.columns[column] !== now.columns[column]);
      if (old !== undefined && now !== undefined && differs.length === 0) continue;
      changes.push({
        ...{ table, id: one.id, direction: one.measure?.direction, type: one.measure?.type },
        goods: one.measure?.goods ?? [''],
        before: old?.says ?? null,
        after: now?.says ?? null,
        ...{ differs, wording: one.wording },
      });
    }
  return changes.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

const orderOf = ({ table, direction, goods, id }: RuleChange): string =>
  `${table === 'measures' ? 0 : 1} ${table} ${direction ?? ''} ${goods[0] ?? ''} ${id}`;

/** Days in a span on which something begins, or has ended the day before; rising. */
export function daysOfChange(pack: Pack, from: string, to: string): string[] {
  const days = new Set<string>();
  const valid = [...pack.measures, ...[...pack.parameters.values()].flat(), ...pack.quotas.values()];
  for (const one of valid) for (const day of [one.from, one.to === undefined ? '' : dayAfter(one.to)]) days.add(day);
  return [...days].filter((day) => day >= from && day <= to).sort();
}

/** Whether a change may concern goods of a code, however many digits either has. */
export const concernsGoods = ({ goods }: Pick<RuleChange, 'goods'>, code: string): boolean =>
  goods.some((prefix) => prefix.startsWith(code) || code.startsWith(prefix));

/** One change as a line. @example lineOf(change) // 'duty, import, 0809: 5% -> 7% (Duty on fresh stone fruit.)' */
export function lineOf({ table, id, direction, type, goods, before, after, differs, wording }: RuleChange): string {
  const what = [type ?? table, direction, goods.map((prefix) => prefix || 'all goods').join(' ')]
    .filter(Boolean)
    .join(', ');
  const say = (text: string | null): string => (text === null ? 'nothing' : text === '' ? 'asked for' : text);
  const change =
    differs.length > 0 && before === after ? `other ${differs.join(', ')}` : `${say(before)} -> ${say(after)}`;
  return `${what}: ${change} (${wording.en || id})`;
}
