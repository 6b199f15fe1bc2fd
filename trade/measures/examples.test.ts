import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { INCOTERMS } from '../lists.ts';
import type { Answer, Control, FindingCode, Option, Stage } from './answer.ts';
import type { Atom, Groups } from './condition.ts';
import { ask } from './engine.ts';
import { type Example, partOf, readExamples } from './example-table.ts';
import { DIRECTIONS, MEASURE_TYPES, type Measure, type Pack } from './measure.ts';
import { readPack } from './pack.ts';
import type { QuotaBalance } from './quota.ts';
import { type Rate, UNITS } from './rate.ts';
import { type Schedule, scheduleOf } from './schedule.ts';

/** The worked examples: what people reckoned by hand is what the engine answers, and no kind of thing is without a row. */

const folder = new URL('./examples/', import.meta.url).pathname;
const packs = new Map<string, Pack>();
for (const name of readdirSync(folder).filter((one) => !one.endsWith('.md'))) {
  const files = readdirSync(`${folder}${name}`);
  const read = readPack(new Map(files.map((file) => [file, readFileSync(`${folder}${name}/${file}`, 'utf8')])));
  if ('faults' in read) throw new Error(JSON.stringify(read.faults, null, 1));
  packs.set(read.pack.member, read.pack);
}
const MEMBERS = new Set(packs.keys());
const schedules = new Map([...packs].map(([member, pack]) => [member, scheduleOf(pack, 'compiled')]));
const text = readFileSync(`${folder}examples.md`, 'utf8');
const examples = readExamples(text);

function answerOf({ question, member, missing, quotas }: Example): { answer: Answer; stage: Stage } {
  const known = new Map<string, Schedule>([...schedules].filter(([one]) => !missing.has(one)));
  const answer = ask(question, known, MEMBERS, new Map([[member, quotas]]));
  const stage = answer.stages.find((one) => one.member === member);
  if (stage === undefined) throw new Error(`no stage of ${member}`);
  return { answer, stage };
}

/** Parts whose order says nothing. */
const UNORDERED = new Set(['charges', 'papers', 'findings']);
const told = (part: string, said: string): string => (UNORDERED.has(part) ? said.split(', ').sort().join(', ') : said);

test.each(examples.map((one) => [one.number, one.shows.join('; '), one] as const))('%s: %s', (_, __, example) => {
  const { answer, stage } = answerOf(example);
  expect(stage.direction).toBe(example.direction);
  const expected = new Map([['findings', 'none'], ...example.expected]);
  const parts = [...expected].map(([part, said]) => [part, told(part, said)]);
  const found = [...expected.keys()].map((part) => [part, told(part, partOf(part, stage, answer))]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(parts));
});

/** Lists that the compiler holds complete: a new code without a row is red. */
const keys = <T extends string>(all: Readonly<Record<T, true>>): T[] => Object.keys(all) as T[];
const FINDINGS = keys<FindingCode>({
  ...{ 'pack-missing': true, 'rate-not-found': true, 'rate-unknown': true, 'control-not-found': true },
  ...{ 'digits-needed': true, 'fact-needed': true, 'exchange-missing': true, 'quantity-missing': true },
  ...{ 'value-missing': true, 'value-incomplete': true, 'measures-contradict': true, prohibited: true },
  ...{ 'paper-missing': true, 'way-not-told': true },
});
const ATOMS = keys<Atom['kind']>({
  ...{ document: true, registered: true, treated: true, origin: true, 'value-added': true, 'direct-transport': true },
  ...{ trader: true, channel: true, regime: true, mode: true, post: true, predeclared: true, claim: true },
  ...{ mass: true, value: true },
});
const RATES = keys<Rate['op']>({ unknown: true, percent: true, specific: true, sum: true, max: true, min: true });
const CONTROL_STATES = keys<Control['state']>({
  ...{ met: true, open: true, prohibited: true, 'may-apply': true, unknown: true },
});
const OPTION_STATES = keys<Option['state']>({ available: true, open: true, closed: true, unknown: true });
const QUOTA_STATES = keys<QuotaBalance['state'] | 'unknown'>({
  ...{ open: true, critical: true, exhausted: true, blocked: true, 'not-in-period': true, unknown: true },
});
/** What no table of the engine lists. */
const NAMED = [
  ...['ad valorem', 'compound', 'maximum by amount', 'maximum by per cent', 'minimum by amount', 'minimum by per cent'],
  ...['bounded from above', 'bounded between', 'bounded from below'],
  ...['specific by mass', 'specific by the tonne', 'specific by the piece', 'specific by the litre'],
  ...['specific by area', 'specific by length', 'specific by volume', 'specific by energy'],
  ...['currency before the change', 'currency on the day of the change', 'currency after the change'],
  ...['stated rate before published', 'rate of ten units', 'answer in another currency', 'exchange missing'],
  ...['parameter', 'parameter on its last day', 'parameter on the first day of the next'],
  ...[
    'freight added',
    'freight missing',
    'freight taken out',
    'insurance added',
    'insurance missing',
    'price as it is',
  ],
  ...['duties taken out', 'duties inside not told', 'Incoterm not told', 'value missing', 'quantity missing'],
  ...['VAT on value and duty', 'VAT on excise', 'VAT on fee', 'gross base', 'excise on value and duty'],
  ...['additional duty', 'fee bracket at its upper edge', 'fee bracket above its edge', 'fee per vehicle'],
  ...['fee per kilometre', 'fee per day', 'fee of the consignment once', 'freight shared by mass'],
  ...['freight shared by value', 'wholly obtained', 'change of heading', 'value added at its edge'],
  ...['value added below its edge', 'direct transport missing', 'direct transport denied'],
  ...['preference beside ordinary duty', 'preference open for want of a paper', 'origin, not the way, decides'],
  ...['ordinary, preference, quota, suspension side by side', 'quota open', 'quota critical at its edge'],
  ...['quota exhausted', 'quota returned', 'quota blocked', 'quota unblocked', 'quota unknown'],
  ...['quota outside its period', 'exclusion of an area', 'except', 'longest code wins', 'smaller area wins'],
  ...['national digits needed', 'national digits given', 'contradiction of two equal measures', 'answer of the asker'],
  ...['unknown rate makes the total unknown', 'rate not found', 'control not found', 'control that may apply'],
  ...['control of which nothing more is known', 'fact needed', 'pack missing', 'way not told'],
  ...['validity before its first day', 'validity on its first day', 'validity on its last day'],
  ...['validity the day after', 'exemption by mass at its edge', 'exemption by mass above its edge'],
  ...['exemption by value at its edge', 'exemption by value above its edge', 'prohibition without a way out'],
  ...['prohibition with a way out', 'licence', 'own export licence', 'phytosanitary', 'veterinary', 'sanitary'],
  ...['conformity', 'document asked for', 'market access by protocol', 'registered establishment', 'treatment'],
  ...['transit by TIR', 'transit by national guarantee', 'trusted trader', 'green channel of perishables'],
  ...["small trader's path", 'predeclaration', 'mode of transport', 'post on the way', 'steps in order'],
  ...['papers that need others', 'landed cost ordinary', 'landed cost at best', 'landed cost unknown'],
  ...['landed cost under EXW', 'landed cost under DDP'],
];

const atomsIn = (groups: Groups): string[] => groups.flatMap((group) => group.map(({ kind }) => `condition ${kind}`));
function ratesIn(rate: Rate): string[] {
  if (rate.op === 'specific') return [`rate ${rate.op}`, `unit ${rate.unit}`];
  return [`rate ${rate.op}`, ...('of' in rate ? rate.of.flatMap(ratesIn) : [])];
}

/** Measures that what a row expects names. */
function measuresOf({ member, expected }: Example): Measure[] {
  const words = new Set([...expected.values()].flatMap((said) => said.split(/[\s,]+/)));
  return packs.get(member)?.measures.filter(({ measure }) => words.has(measure)) ?? [];
}

/** What a row shows by what is asked and expected of it, whatever it says that it shows. */
function kindsOf(example: Example): string[] {
  const { member, direction, question, expected, shows } = example;
  const said = (part: string): string[] => expected.get(part)?.split(', ') ?? [];
  const last = (prefix: string, all: readonly string[], at: number): string[] =>
    all.map((one) => `${prefix} ${one.split(' ').at(at)}`);
  return [
    ...shows,
    `${direction} ${member}`,
    `Incoterm ${question.incoterm}`,
    ...said('findings').map((one) => `finding ${one.split(' ')[0]}`),
    ...last('control', said('controls'), 1),
    ...last('option', said('options'), -2),
    ...last('option', said('states'), -1),
    ...last('quota', said('quota'), 1),
    ...measuresOf(example).flatMap(({ type, rate, base, when, requires }) => [
      ...[`type ${type}`, ...(base.gross ? ['gross'] : []), ...atomsIn(when), ...atomsIn(requires)],
      ...(rate === undefined ? [] : ratesIn(rate)),
    ]),
  ];
}

const REQUIRED = [
  ...NAMED,
  ...[...MEMBERS].flatMap((member) => DIRECTIONS.map((direction) => `${direction} ${member}`)),
  ...INCOTERMS.map((code) => `Incoterm ${code}`),
  ...FINDINGS.map((code) => `finding ${code}`),
  ...CONTROL_STATES.map((state) => `control ${state}`),
  ...OPTION_STATES.map((state) => `option ${state}`),
  ...QUOTA_STATES.map((state) => `quota ${state}`),
  ...MEASURE_TYPES.map((type) => `type ${type}`),
  ...ATOMS.map((kind) => `condition ${kind}`),
  ...RATES.map((op) => `rate ${op}`),
  ...Object.keys(UNITS).map((unit) => `unit ${unit}`),
];

/** Kinds of which none of the rows shows anything. */
const uncovered = (rows: readonly Example[]): string[] => {
  const shown = new Set(rows.flatMap(kindsOf));
  return REQUIRED.filter((kind) => !shown.has(kind));
};

test('every kind of thing has a row', () => {
  expect(uncovered(examples)).toEqual([]);
  // Seen red: what only one row shows is missed with it.
  expect(uncovered(examples.filter(({ shows }) => !shows.includes('fee per day')))).toContain('unit day');
});

test('rows name what is on the list, are numbered in order, and reckon', () => {
  expect(examples.map(({ number }) => Number(number))).toEqual(examples.map((_, i) => i + 1));
  expect(examples.length).toBeGreaterThanOrEqual(48);
  const names = new Set(NAMED);
  for (const { number, shows, reckoning, expected } of examples) {
    expect(
      shows.filter((one) => !names.has(one)),
      number,
    ).toEqual([]);
    expect([shows.length > 0, reckoning.length > 10, expected.size > 0], number).toEqual([true, true, true]);
  }
});

test('members stand evenly: no fewer than half of the rows of any other', () => {
  const counts = [...MEMBERS].map((one) => examples.filter(({ member }) => member === one).length);
  expect(Math.min(...counts) * 2).toBeGreaterThanOrEqual(Math.max(...counts));
});

test('every measure of the packs occurs in a row', () => {
  const used = new Map<string, Set<string>>();
  for (const example of examples) {
    const known = used.get(example.member) ?? new Set();
    used.set(example.member, known);
    for (const { measure } of measuresOf(example)) known.add(measure);
  }
  const free = (rate: Rate | undefined): boolean => rate?.op === 'percent' && rate.percent.isZero();
  const idle = [...packs].flatMap(([member, { measures }]) =>
    measures
      .filter(({ measure, rate }) => !free(rate) && used.get(member)?.has(measure) !== true)
      .map(({ measure }) => `${member} ${measure}`),
  );
  expect(idle).toEqual([]);
});

test('the packs say that they are made up', () => {
  expect(MEMBERS).toEqual(new Set(['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ']));
  for (const { measures, sources } of packs.values()) {
    expect(new Set(measures.map(({ citation }) => citation?.confidence))).toEqual(new Set(['demonstration']));
    expect([...sources.values()].map(({ title }) => title)).toEqual(['Made up for the examples, no law of any state']);
  }
});

const row = (cells: string): string =>
  `| No. | Way | Goods | Facts | Expected | Reckoning | Shows |\n|---|---|---|---|---|---|---|\n${cells}`;
test.each([
  ['| 1 | CN → UZ | 080929 of CN | 2026-03-02 | value: 1 | x | y |', 'stands out'],
  ['| 1 | CN → **UZ** | cherries | 2026-03-02 | value: 1 | x | y |', 'Goods read'],
  ['| 1 | CN → **UZ** | 080929 of CN, 5 bushels | 2026-03-02 | value: 1 | x | y |', 'neither an amount nor a price'],
  ['| 1 | CN → **UZ** | 080929 of CN | 2026-03-02; on a Monday | value: 1 | x | y |', 'no fact that examples know'],
  ['| 1 | CN → **UZ** | 080929 of CN | DAP | value: 1 | x | y |', 'names its day'],
  ['| 1 | CN → **UZ** | 080929 of CN | 2026-03-02 | value 1 | x | y |', 'part: content'],
  ['| 1 | CN → **UZ** | 080929 of CN | 2026-03-02 |', '7 cells'],
])('what is no example is refused: %s', (cells, message) => {
  expect(() => readExamples(row(cells))).toThrow(`line 3: `);
  expect(() => readExamples(row(cells))).toThrow(message);
});
