import { EXPECTED_CHARGES } from './engine.ts';
import { expectedControls } from './expected.ts';
import { DIRECTIONS, type Direction, type Measure } from './measure.ts';
import { matches, matchesBelow, type Schedule } from './schedule.ts';

/** What packs know of the goods they speak of: unknown is counted and never hidden. */

/** `known`: a rule with its source. `unknown`: a row says that nobody found it. `absent`: no row says anything. */
export type Knowledge = 'known' | 'unknown' | 'absent';

export interface Cell {
  readonly subheading: string;
  readonly member: string;
  readonly direction: Direction;
  /** Type of charge or control that is to be expected of such goods. */
  readonly expected: string;
  readonly state: Knowledge;
}

/** Subheadings that some pack speaks of, rising. */
export function subheadingsOf(schedules: Iterable<Schedule>): string[] {
  const found = new Set<string>();
  for (const { pack } of schedules) {
    for (const { goods } of pack.measures) for (const code of goods) if (code.length >= 6) found.add(code.slice(0, 6));
    for (const { code } of pack.codes) found.add(code.slice(0, 6));
  }
  return [...found].sort();
}

function stateOf(found: readonly Measure[], expected: string): Knowledge {
  const own = found.filter(({ type }) => type === expected);
  if (own.length === 0) return 'absent';
  return own.every(({ rate }) => rate?.op === 'unknown') ? 'unknown' : 'known';
}

const WORSE: readonly Knowledge[] = ['known', 'unknown', 'absent'];

/**
 * Each expected charge and control of each subheading, member and direction. It is known where it is known for goods from, or to, each of
 * the other members.
 *
 * @param day 'YYYY-MM-DD'
 */
export function coverageOf(schedules: ReadonlyMap<string, Schedule>, day: string): Cell[] {
  const cells: Cell[] = [];
  for (const subheading of subheadingsOf(schedules.values()))
    for (const [member, schedule] of [...schedules].sort(([a], [b]) => (a < b ? -1 : 1)))
      for (const direction of DIRECTIONS) {
        const found = [...schedules.keys()]
          .filter((other) => other !== member)
          .map((other) => [
            ...matches(schedule, direction, subheading, other, day).map(({ measure }) => measure),
            ...matchesBelow(schedule, direction, subheading, other, day),
          ]);
        for (const expected of [...EXPECTED_CHARGES[direction], ...expectedControls(direction, subheading)]) {
          const states = found.map((one) => stateOf(one, expected));
          const state = [...WORSE].reverse().find((one) => states.includes(one)) ?? 'absent';
          cells.push({ subheading, member, direction, expected, state });
        }
      }
  return cells;
}

export interface Count {
  readonly known: number;
  readonly unknown: number;
  readonly absent: number;
}

export function countOf(cells: readonly Cell[]): Count {
  const count = { known: 0, unknown: 0, absent: 0 };
  for (const { state } of cells) count[state]++;
  return count;
}

/** Subheadings by members as Markdown: how many of what is to be expected are known. */
export function coverageTable(cells: readonly Cell[], wording: (subheading: string) => string): string {
  const members = [...new Set(cells.map(({ member }) => member))];
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.subheading} ${cell.member}`;
    const before = groups.get(key);
    if (before === undefined) groups.set(key, [cell]);
    else before.push(cell);
  }
  const text = (own: readonly Cell[]): string => `${countOf(own).known}/${own.length}`;
  const rows = [...new Set(cells.map(({ subheading }) => subheading))].map(
    (subheading) =>
      `| ${subheading} ${wording(subheading)} | ${members
        .map((member) => text(groups.get(`${subheading} ${member}`) ?? []))
        .join(' | ')} |`,
  );
  const all = members.map((member) => text(cells.filter((cell) => cell.member === member)));
  return [
    `| subheading | ${members.join(' | ')} |`,
    `|---|${members.map(() => '---|').join('')}`,
    ...rows,
    `| **all** | ${all.map((one) => `**${one}**`).join(' | ')} |`,
  ].join('\n');
}

const BEGIN = '<!-- coverage: made by `dostyk packs coverage --write` -->';
const END = '<!-- /coverage -->';

/** A text with the table between its marks in place of the old one; undefined where it has no marks. */
export function withCoverage(text: string, table: string): string | undefined {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from === -1 || to < from) return undefined;
  return `${text.slice(0, from)}${BEGIN}\n\n${table}\n\n${text.slice(to)}`;
}
