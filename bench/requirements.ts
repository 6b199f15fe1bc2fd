import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../storage/package-root.ts';
import { ask } from '../trade/measures/engine.ts';
import type { Measure } from '../trade/measures/measure.ts';
import { readPack } from '../trade/measures/pack.ts';
import { matches, type Schedule, scheduleOf } from '../trade/measures/schedule.ts';
import { peersRequire } from './peer-packages.ts';
import { type Figure, quantile, report } from './report.ts';
import { BENCH_MEMBERS, codeOf, codesOf, questionOf, syntheticPack } from './synthetic-packs.ts';

/**
 * Answers for whole ways from synthetic packs of 10³ to 10⁶ measures, each size in a process of its own; and two rule engines that are
 * given the same import rules of one member and asked which of them concern the goods.
 */

const DAY = '2026-06-01';
const ORIGIN = 'UZ';

function schedule(member: string, count: number): Schedule {
  const read = readPack(syntheticPack(member, count));
  if ('faults' in read) throw new Error(JSON.stringify(read.faults[0]));
  return scheduleOf(read.pack, 'compiled');
}

interface Measured {
  readonly measures: number;
  readonly loadMs: number;
  readonly heapMb: number;
  readonly residentMb: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** One size, in this process. @param measures of all six members together */
export function measure(measures: number): Measured {
  const each = Math.ceil(measures / BENCH_MEMBERS.length);
  const schedules = new Map<string, Schedule>();
  let loadMs = 0;
  for (const member of BENCH_MEMBERS) {
    // The text is made before the clock starts: a node reads it from its disk.
    const files = syntheticPack(member, each);
    const started = performance.now();
    const read = readPack(files);
    if ('faults' in read) throw new Error(JSON.stringify(read.faults[0]));
    schedules.set(member, scheduleOf(read.pack, 'compiled'));
    loadMs += performance.now() - started;
  }
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const members = new Set<string>(BENCH_MEMBERS);
  for (let i = 0; i < 3000; i++) ask(questionOf(i, each), schedules, members);
  const times: number[] = [];
  const started = performance.now();
  for (let i = 0; performance.now() - started < 5000; i++) {
    const question = questionOf(i + 3000, each);
    const begun = performance.now();
    ask(question, schedules, members);
    times.push(performance.now() - begun);
  }
  return {
    measures,
    loadMs,
    heapMb: heapUsed / 2 ** 20,
    residentMb: rss / 2 ** 20,
    perSecond: (1000 * times.length) / times.reduce((sum, time) => sum + time, 0),
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  };
}

function measureApart(measures: number): Measured {
  const module = pathToFileURL(join(packageRoot(), 'dist', 'bench', 'requirements.js')).href;
  const script = `const { measure } = await import(${JSON.stringify(module)}); console.log(JSON.stringify(measure(${measures})))`;
  const done = spawnSync(
    process.execPath,
    ['--expose-gc', '--max-old-space-size=8192', '--input-type=module', '-e', script],
    {
      encoding: 'utf8',
    },
  );
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout) as Measured;
}

type Asked = (code: string) => Promise<string[]>;

/** A rule engine that was given the rules. */
interface Peer {
  readonly name: string;
  readonly load: (rules: readonly Measure[], require: NodeJS.Require) => Asked;
}

const dayNumber = (day: string): number => Number(day.replaceAll('-', ''));
const areaOf = ({ area }: Measure): string => (area.countries === undefined ? '*' : [...area.countries].join(' '));

interface RulesEngine {
  addOperator(name: string, test: (fact: string, value: string) => boolean): void;
  addRule(rule: object): void;
  run(facts: object): Promise<{ events: { type: string }[] }>;
}

const PEERS: readonly Peer[] = [
  {
    // A rule a measure: every condition is tested until one fails; the first and rarest is the code.
    name: 'json-rules-engine',
    load(rules, require) {
      const { Engine } = require('json-rules-engine') as { Engine: new () => RulesEngine };
      const engine = new Engine();
      engine.addOperator('beginsWith', (fact, value) => fact.startsWith(value));
      for (const one of rules) {
        const area = areaOf(one);
        engine.addRule({
          conditions: {
            all: [
              { fact: 'code', operator: 'beginsWith', value: one.goods[0] ?? '' },
              ...(area === '*' ? [] : [{ fact: 'origin', operator: 'equal', value: area }]),
              { fact: 'day', operator: 'greaterThanInclusive', value: dayNumber(one.from) },
              { fact: 'day', operator: 'lessThanInclusive', value: dayNumber(one.to ?? '9999-12-31') },
            ],
          },
          event: { type: one.measure },
        });
      }
      return async (code) => {
        const { events } = await engine.run({ code, origin: ORIGIN, day: dayNumber(DAY) });
        return events.map(({ type }) => type);
      };
    },
  },
  {
    // A decision table that collects every row that holds, as its documentation advises for rates by table.
    name: '@gorules/zen-engine',
    load(rules, require) {
      const { ZenEngine } = require('@gorules/zen-engine') as {
        ZenEngine: new () => {
          createDecision(content: object): { evaluate(facts: object): Promise<{ result: unknown }> };
        };
      };
      const place = { x: 0, y: 0 };
      const rows = rules.map((one, i) => ({
        _id: String(i),
        code: `startsWith($, "${one.goods[0] ?? ''}")`,
        origin: areaOf(one) === '*' ? '' : `"${areaOf(one)}"`,
        day: `[${dayNumber(one.from)}..${dayNumber(one.to ?? '9999-12-31')}]`,
        out: `"${one.measure}"`,
      }));
      const decision = new ZenEngine().createDecision({
        nodes: [
          { id: 'in', type: 'inputNode', name: 'in', position: place },
          {
            id: 'table',
            type: 'decisionTableNode',
            name: 'table',
            position: place,
            content: {
              hitPolicy: 'collect',
              inputs: ['code', 'origin', 'day'].map((field) => ({ id: field, name: field, field })),
              outputs: [{ id: 'out', name: 'out', field: 'measure' }],
              rules: rows,
            },
          },
          { id: 'out', type: 'outputNode', name: 'out', position: place },
        ],
        edges: [
          { id: '1', sourceId: 'in', targetId: 'table', type: 'edge' },
          { id: '2', sourceId: 'table', targetId: 'out', type: 'edge' },
        ],
      });
      return async (code) => {
        const { result } = await decision.evaluate({ code, origin: ORIGIN, day: dayNumber(DAY) });
        return (result as { measure: string }[]).map((row) => row.measure);
      };
    },
  },
];

const PEER_LOAD_MS = 60_000;
const PEER_ANSWER_MS = 2000;

/** Grows a peer until it bears no more, checks that it finds what ours finds, and compares at the last size it bore. */
async function compare(peer: Peer, require: NodeJS.Require): Promise<Figure> {
  let last: Figure | undefined;
  // The largest is what one pack may hold.
  for (const count of [1000, 10_000, 100_000, 160_000]) {
    const own = schedule('CN', count);
    const rules = own.pack.measures.filter(({ direction }) => direction === 'import');
    const begun = performance.now();
    const asked = peer.load(rules, require);
    const found = new Set(await asked(codeOf(1)));
    if (performance.now() - begun > PEER_LOAD_MS) break;
    const ours = matches(own, 'import', codeOf(1), ORIGIN, DAY).map((match) => match.measure.measure);
    if (ours.length === 0 || ours.length !== found.size || ours.some((one) => !found.has(one)))
      throw new Error(`${peer.name} finds ${[...found].join(' ')}, ours ${ours.join(' ')}`);
    let answers = 0;
    const started = performance.now();
    while (performance.now() - started < 3000 || answers === 0) await asked(codeOf(answers++ % codesOf(count)));
    const theirs = (1000 * answers) / (performance.now() - started);
    // Ours answers the whole stage: rates, papers, steps and charges, where the peer only tells which rules hold.
    const schedules = new Map([['CN', own]]);
    const members = new Set(['CN']);
    const question = (i: number) => ({ ...questionOf(i, count), posts: [] });
    for (let i = 0; i < 1000; i++) ask(question(i), schedules, members);
    let whole = 0;
    const again = performance.now();
    for (; performance.now() - again < 3000; whole++) ask(question(whole), schedules, members);
    const mine = (1000 * whole) / (performance.now() - again);
    last = {
      name: `answers of one member, ${count.toLocaleString('en')} measures`,
      value: mine,
      unit: '/s',
      peer: `${peer.name} (${theirs.toFixed(1)}/s)`,
      ratio: mine / theirs,
      target: '≥ 20',
      ok: mine / theirs >= 20,
    };
    if (1000 / theirs > PEER_ANSWER_MS / 10) break;
  }
  if (last === undefined) throw new Error(`${peer.name} bears no size`);
  return last;
}

export async function run(): Promise<void> {
  const figures: Figure[] = [];
  for (const size of [1000, 10_000, 100_000, 1_000_000]) {
    const { loadMs, heapMb, residentMb, perSecond, p50, p99 } = measureApart(size);
    const whole = size === 1_000_000;
    const name = size.toLocaleString('en');
    figures.push(
      {
        name: `${name} measures: load`,
        value: loadMs / 1000,
        unit: 's',
        ...(whole ? { target: '≤ 10', ok: loadMs <= 10_000 } : {}),
      },
      {
        name: `${name}: resident (heap ${heapMb.toFixed(0)} MiB)`,
        value: residentMb,
        unit: 'MiB',
        ...(whole ? { target: '≤ 1,024', ok: residentMb <= 1024 } : {}),
      },
      {
        name: `${name}: answers for a way over three members`,
        value: perSecond,
        unit: '/s',
        ...(whole ? { target: '≥ 10,000', ok: perSecond >= 10_000 } : {}),
      },
      {
        name: `${name}: p99 (p50 ${(1000 * p50).toFixed(0)} µs)`,
        value: 1000 * p99,
        unit: 'µs',
        ...(whole ? { target: '≤ 2,000', ok: p99 <= 2 } : {}),
      },
    );
  }
  const require = peersRequire('json-rules-engine', '@gorules/zen-engine');
  for (const peer of PEERS) figures.push(await compare(peer, require));
  report('requirements', figures);
}
