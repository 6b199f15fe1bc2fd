import { INCOTERMS } from '../lists.ts';
import type { Answer, ChargeLine, Control, NeededDocument, Option, Stage } from './answer.ts';
import { type Decimal, decimalText } from './decimal.ts';
import type { Direction } from './measure.ts';
import type { Question, QuestionItem } from './question.ts';
import type { QuotaEvent } from './quota.ts';
import { Unreadable } from './rate.ts';

/**
 * Worked examples as people write and read them: a row of a Markdown table is a question and what was reckoned by hand. This reads the
 * question, and writes an answer in the same words, so that the two can be laid side by side. For tests only.
 */

export interface Example {
  readonly number: string;
  /** Line of the file, for whoever looks for it. */
  readonly line: number;
  readonly question: Question;
  /** Whose part of the way the row speaks of, and what it is to that member. */
  readonly member: string;
  readonly direction: Direction;
  /** Members of whom there is no pack in this example. */
  readonly missing: ReadonlySet<string>;
  /** Quota → its events; a quota that is not named is one of which nobody told. */
  readonly quotas: ReadonlyMap<string, readonly QuotaEvent[]>;
  /** Part of the answer → what it says. */
  readonly expected: ReadonlyMap<string, string>;
  readonly reckoning: string;
  readonly shows: readonly string[];
}

const COLUMNS = ['No.', 'Way', 'Goods', 'Facts', 'Expected', 'Reckoning', 'Shows'];
const bare = (number: string): string => number.replaceAll(',', '');
const split = (text: string, by: string): string[] => (text === '' ? [] : text.split(by).map((one) => one.trim()));

type Draft = { -readonly [K in keyof Question]: Question[K] } & {
  quotas: Map<string, QuotaEvent[]>;
  missing: string[];
};

/** `CN → KZ → **UZ**`: the member that is asked stands out; posts are named by their member and its neighbour. */
function readWay(text: string): Pick<Question, 'from' | 'to' | 'posts'> & { member: string; direction: Direction } {
  const way = split(text.replaceAll('*', ''), '→');
  const asked = /\*\*([A-Z]{2})\*\*/.exec(text)?.[1];
  const [from] = way;
  const to = way.at(-1);
  if (from === undefined || to === undefined || asked === undefined)
    throw new Unreadable('A way reads A → **B**, and the member that is asked stands out.', text);
  const posts = way.slice(1).flatMap((next, i) => {
    const here = way[i] ?? '';
    return [
      { post: `${here}-to-${next}`.toLowerCase(), member: here },
      { post: `${next}-from-${here}`.toLowerCase(), member: next },
    ];
  });
  return { from, to, posts, member: asked, direction: asked === from ? 'export' : asked === to ? 'import' : 'transit' };
}

const UNIT = /^([\d,.]+) (kg|t|g|l|m|m2|m3|cm3|item|pair|kWh)$/;

/** `080929 of CN, 20,000 kg, 40,000 USD`; a member's own code stands in brackets: `610910 (KG 61091001) of CN`. */
function readItem(text: string, number: number): { item: QuestionItem; currency: string | undefined } {
  const [head = '', ...rest] = text.split(/, (?=\S)/);
  const named = /^(\d{6,10})(?: \(([A-Z]{2}) (\d{8,10})\))? of ([A-Z]{2})$/.exec(head);
  if (named === null) throw new Unreadable('Goods read 080929 of CN, 20,000 kg, 40,000 USD.', text);
  const [, hs = '', member, own, origin = ''] = named;
  let item: QuestionItem = { number, hs, origin };
  if (member !== undefined && own !== undefined) item = { ...item, national: { [member]: own } };
  let currency: string | undefined;
  for (const part of rest) {
    const [, amount = '', unit = ''] = UNIT.exec(part) ?? [];
    const price = /^([\d,.]+) ([A-Z]{3})$/.exec(part);
    if (unit === 'kg') item = { ...item, mass: bare(amount) };
    else if (unit !== '') item = { ...item, quantities: { ...item.quantities, [unit]: bare(amount) } };
    else if (price !== null) {
      currency = price[2];
      item = { ...item, value: bare(price[1] ?? '') };
    } else throw new Unreadable(`${part} is neither an amount nor a price.`, text);
  }
  return { item, currency };
}

const COSTS: Readonly<Record<string, 'toBorder' | 'afterBorder' | 'insurance' | 'duties'>> = {
  'carriage to border': 'toBorder',
  'carriage after border': 'afterBorder',
  insurance: 'insurance',
  'duties inside': 'duties',
};
const YES: Readonly<Record<string, (draft: Draft, yes: boolean) => void>> = {
  'carried directly': (draft, yes) => (draft.direct = yes),
  'wholly obtained': (draft, yes) => (draft.originated = { ...draft.originated, wholly: yes }),
  'heading changed': (draft, yes) => (draft.originated = { ...draft.originated, changed: yes }),
  'green channel': (draft, yes) => (draft.green = yes),
  predeclared: (draft, yes) => (draft.predeclared = yes),
};
const WORDS: readonly [RegExp, (draft: Draft, found: RegExpExecArray) => void][] = [
  [/^(\d{4}-\d\d-\d\d)$/, (draft, [, on = '']) => (draft.on = on)],
  [
    /^(carriage to border|carriage after border|insurance|duties inside) ([\d,.]+)$/,
    (draft, [, what = '', amount = '']) => (draft.costs = { ...draft.costs, [COSTS[what] ?? '']: bare(amount) }),
  ],
  [
    /^([A-Z]{3}) 1 = ([A-Z]{3}) ([\d,.]+)$/,
    (draft, [, of = '', into = '', amount = '']) => (draft.rates = [{ of, in: into, amount: bare(amount) }]),
  ],
  [/^papers (.+)$/, (draft, [, all = '']) => (draft.papers = split(all, ','))],
  [/^registered (.+)$/, (draft, [, all = '']) => (draft.registered = split(all, ','))],
  [/^treated (.+)$/, (draft, [, all = '']) => (draft.treated = split(all, ','))],
  [/^added ([\d.]+) %$/, (draft, [, added = '']) => (draft.originated = { ...draft.originated, added })],
  [/^(trusted|small) trader$/, (draft, [, who = '']) => (draft.trader = [who as 'trusted' | 'small'])],
  [/^TIR$/, (draft) => (draft.regime = 'tir')],
  [/^national guarantee$/, (draft) => (draft.regime = 'national-guarantee')],
  [/^by (road|rail)$/, (draft, [, mode = '']) => (draft.mode = mode as 'road' | 'rail')],
  [/^(\d+) vehicles$/, (draft, [, count = '']) => (draft.vehicles = Number(count))],
  [
    /^([\d,]+) (km|days) in ([A-Z]{2})$/,
    (draft, [, count = '', unit = '', member = '']) =>
      (draft.stay = { ...draft.stay, [member]: { ...draft.stay?.[member], [unit]: bare(count) } }),
  ],
  [
    /^answer ([A-Z]{2}\/[a-z-]+) = (yes|no)$/,
    (draft, [, claim = '', yes = '']) => (draft.claims = { ...draft.claims, [claim]: yes === 'yes' }),
  ],
  [/^way not told$/, (draft) => (draft.posts = [])],
  [/^no pack of ([A-Z]{2})$/, (draft, [, member = '']) => draft.missing.push(member)],
  [/^quota ([a-z-]+) untouched$/, (draft, [, quota = '']) => draft.quotas.set(quota, [])],
  [
    /^quota ([a-z-]+) (drawn|returned) ([\d,.]+) on (\S+)$/,
    (draft, [, quota = '', kind = '', amount = '', on = '']) =>
      event(draft, quota, { event: '', kind: kind as 'drawn', on, amount: bare(amount) }),
  ],
  [
    /^quota ([a-z-]+) (blocked|unblocked) on (\S+)$/,
    (draft, [, quota = '', kind = '', on = '']) => event(draft, quota, { event: '', kind: kind as 'blocked', on }),
  ],
];

function event({ quotas }: Draft, quota: string, one: QuotaEvent): void {
  const before = quotas.get(quota) ?? [];
  quotas.set(quota, [...before, { ...one, event: `e${before.length + 1}` }]);
}

function readFact(draft: Draft, text: string): void {
  const incoterm = INCOTERMS.find((one) => one === text);
  if (incoterm !== undefined) {
    draft.incoterm = incoterm;
    return;
  }
  const no = text.startsWith('not ');
  const truth = Object.entries(YES).find(([words]) => words === (no ? text.slice(4) : text));
  if (truth !== undefined) {
    truth[1](draft, !no);
    return;
  }
  for (const [pattern, take] of WORDS) {
    const found = pattern.exec(text);
    if (found === null) continue;
    take(draft, found);
    return;
  }
  throw new Unreadable(`${text} is no fact that examples know.`, text);
}

function readRow(cells: readonly string[], line: number): Example {
  const [number = '', way = '', goods = '', facts = '', expected = '', reckoning = '', shows = ''] = cells;
  const { member, direction, ...told } = readWay(way);
  const items = split(goods, '<br>').map((text, i) => readItem(text, i + 1));
  const draft: Draft = {
    ...{ ...told, items: items.map(({ item }) => item), on: '', quotas: new Map(), missing: [] },
    currency: items.find(({ currency }) => currency !== undefined)?.currency ?? 'USD',
  };
  for (const fact of split(facts, ';')) readFact(draft, fact);
  if (draft.on === '') throw new Unreadable('An example names its day.', facts);
  const { quotas, missing, ...question } = draft;
  const parts = split(expected, '<br>').map((part): [string, string] => {
    const at = part.indexOf(': ');
    if (at < 0) throw new Unreadable('What is expected reads part: content.', part);
    return [part.slice(0, at), part.slice(at + 2).replaceAll(/(?<=\d),(?=\d{3})/g, '')];
  });
  return {
    ...{ number, line, question, member, direction, quotas, reckoning },
    ...{ missing: new Set(missing), expected: new Map(parts), shows: split(shows, ';') },
  };
}

/**
 * Reads the examples of a Markdown file: all its tables whose header is that of examples.
 *
 * @throws {Unreadable} naming the line that can't be read
 * @example readExamples(text)[0].expected.get('charges') // 'duty-fruit 6000, vat 5520'
 */
export function readExamples(text: string): Example[] {
  const examples: Example[] = [];
  let inside = false;
  for (const [i, line] of text.split('\n').entries()) {
    if (!line.startsWith('|')) {
      inside = false;
      continue;
    }
    const cells = split(line.slice(1, line.lastIndexOf('|')), '|');
    if (cells.join() === COLUMNS.join()) inside = true;
    else if (inside && !/^-+$/.test(cells[0] ?? ''))
      try {
        if (cells.length !== COLUMNS.length) throw new Unreadable(`A row has ${COLUMNS.length} cells.`, line);
        examples.push(readRow(cells, i + 1));
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        throw new Unreadable(`line ${i + 1}: ${error.message} (${error.part})`, error.part);
      }
  }
  return examples;
}

const known = (amount: Decimal | undefined): string => (amount === undefined ? 'unknown' : decimalText(amount));
const list = (parts: readonly string[]): string => (parts.length === 0 ? 'none' : parts.join(', '));
const sorted = (parts: readonly string[]): string => list([...parts].sort());

/** A charge by its measure; of several items, the item's number first. What is nothing is left out. */
function charges(lines: readonly ChargeLine[], several: boolean): string[] {
  return lines.flatMap(({ measure: { measure }, item, amount }) => {
    const name = several && item !== undefined ? `${item} ${measure}` : measure;
    if ('lacks' in amount) return [`${name} unknown`];
    return amount.isZero() ? [] : [`${name} ${decimalText(amount)}`];
  });
}

const control = ({ measure, state }: Control): string => `${measure.measure} ${state}`;
const paper = ({ kind, held, always }: NeededDocument): string =>
  `${kind.document}${held ? ' held' : ''}${always ? '' : ' perhaps'}`;
const option = ({ kind, measure }: Option): string => measure?.measure ?? `no ${kind}`;

/** One part of an answer, in the words of the table. */
export function partOf(part: string, stage: Stage, { landed, findings }: Answer): string {
  const { items, fees, value } = stage;
  const options = items[0]?.options ?? [];
  switch (part) {
    case 'value':
      return value === undefined ? 'unknown' : `${decimalText(value.total)}${value.complete ? '' : ' incomplete'}`;
    case 'code':
      return list(items.map(({ code }) => code));
    case 'charges':
      return sorted(charges([...items.flatMap((item) => item.options[0]?.lines ?? []), ...fees], items.length > 1));
    case 'options':
      return list(options.map((one) => `${option(one)} ${one.state} ${known(one.total)}`));
    case 'states':
      return list(options.map((one) => `${option(one)} ${one.state}`));
    case 'quota':
      return list(
        options.flatMap(({ kind, measure, quota }) =>
          kind !== 'quota' ? [] : [`${measure?.quota} ${quota?.state ?? 'unknown'} ${known(quota?.left)}`],
        ),
      );
    case 'controls':
      return list(stage.controls.map(control));
    case 'papers':
      return sorted(stage.documents.map(paper));
    case 'steps':
      return stage.steps.map((step) => ('act' in step ? step.act.step : step.document.document)).join(' → ');
    case 'findings':
      return sorted(
        [...stage.findings, ...findings].map(({ code, measure, params }) =>
          [code, ...(measure === undefined ? [] : [measure]), ...Object.values(params)].join(' '),
        ),
      );
    case 'ordinary':
      return known(stage.ordinary);
    case 'best':
      return known(stage.best);
    case 'landed':
      return known(landed.ordinary);
    case 'landed at best':
      return known(landed.best);
    default:
      throw new Unreadable(`An answer has no part ${part}.`, part);
  }
}
