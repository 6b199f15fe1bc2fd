import { expect, test } from 'vitest';
import { demoTemplate } from '../../members/genesis.ts';
import { shippedPacks } from '../pack-store.ts';
import type { FindingCode } from './answer.ts';
import { ask } from './engine.ts';
import { readQuestion } from './query.ts';

/**
 * Ways of goods for which the packs that ship have an answer from end to end: every paper, charge and control at each member, with its
 * source, once who asks has answered what only they know. The facts below are those of a made-up consignment of 20 t for 40,000 USD.
 */

interface Lane {
  readonly hs: string;
  readonly from: string;
  readonly to: string;
  readonly via: string;
  /** Answered with yes; every other question with no. */
  readonly yes?: readonly string[];
}

const LANES: readonly Lane[] = [
  { hs: '850760', from: 'CN', to: 'KZ', via: 'khorgos', yes: ['CN/outside-export-duty-list'] },
  { hs: '847130', from: 'CN', to: 'KG', via: 'torugart', yes: ['CN/outside-export-duty-list'] },
  {
    hs: '520512',
    from: 'CN',
    to: 'UZ',
    via: 'khorgos,yallama',
    yes: ['CN/outside-export-duty-list', 'UZ/proof-of-origin'],
  },
  { hs: '080929', from: 'KG', to: 'CN', via: 'irkeshtam' },
  { hs: '071333', from: 'KG', to: 'KZ', via: 'korday' },
  { hs: '080910', from: 'TJ', to: 'KZ', via: 'saryasia,yallama' },
  { hs: '080620', from: 'TJ', to: 'UZ', via: 'saryasia', yes: ['UZ/proof-of-origin', 'UZ/fta-direct-sale'] },
  { hs: '080711', from: 'TM', to: 'KZ', via: 'farap,yallama', yes: ['TM/private-exporter'] },
  { hs: '080929', from: 'UZ', to: 'CN', via: 'yallama,khorgos' },
  { hs: '080610', from: 'UZ', to: 'KZ', via: 'yallama' },
  { hs: '080910', from: 'UZ', to: 'KG', via: 'dostlik' },
  { hs: '080810', from: 'UZ', to: 'TM', via: 'farap' },
];

/** Rates of a made-up day. */
const RATES = [
  'USD/CNY=7.1',
  'USD/KZT=520',
  'USD/KGS=87.4',
  'USD/TJS=9.3',
  'USD/TMT=3.5',
  'USD/UZS=12000',
  'EUR/USD=1.15',
];

/** What may remain: papers that are still to be got, and what a member forbids. */
const SETTLED: ReadonlySet<FindingCode> = new Set<FindingCode>(['paper-missing']);

const packs = await shippedPacks().inForce('2026-12-01');
const { members, posts } = demoTemplate();
const codes = new Set<string>(members.map(({ code }) => code));
const claims = [...packs].flatMap(([member, { pack }]) => [...pack.claims.keys()].map((claim) => `${member}/${claim}`));

function answer({ hs, from, to, via, yes = [] }: Lane, answered = true) {
  const question = readQuestion(
    {
      ...{ hs, from, to, via, mode: 'road', mass: '20000', value: '40000', currency: 'USD', incoterm: 'FCA' },
      ...{ carriage: '2000', insurance: '100', date: '2026-12-01', rates: RATES, wholly: 'yes', direct: 'yes' },
      ...{ green: 'no', predeclared: 'no', regime: 'tir', vehicles: '1' },
      claims: answered ? claims.map((one) => `${one}=${yes.includes(one) ? 'yes' : 'no'}`) : [],
    },
    posts,
    '2026-12-01',
  );
  return ask(question, packs, codes);
}

test.each(LANES)('$hs from $from to $to over $via is complete from end to end', (lane) => {
  const { stages, landed, findings } = answer(lane);
  expect([stages[0]?.member, stages.at(-1)?.member]).toEqual([lane.from, lane.to]);
  expect([...findings, ...stages.flatMap((stage) => stage.findings)].filter(({ code }) => !SETTLED.has(code))).toEqual(
    [],
  );
  expect(landed.ordinary?.greaterThan('40000')).toBe(true);
  for (const { member, items, fees, controls, documents, steps, ordinary } of stages) {
    expect(ordinary, member).toBeDefined();
    expect(documents.length + steps.length, member).toBeGreaterThan(0);
    for (const { state, measure } of controls) expect(['met', 'open'], `${member} ${measure.measure}`).toContain(state);
    const lines = [...fees, ...items.flatMap(({ options }) => options.flatMap((option) => option.lines))];
    for (const { measure } of [...lines, ...controls]) expect(measure.citation, measure.measure).toBeDefined();
  }
});

test('every member is an end of one of them, half of them cross a third member, and without the answers none is complete', () => {
  expect(new Set(LANES.flatMap(({ from, to }) => [from, to]))).toEqual(codes);
  expect(LANES.filter(({ via }) => via.includes(',')).length).toBeGreaterThanOrEqual(4);
  const open = LANES.filter((lane) =>
    answer(lane, false).stages.some(({ findings }) => findings.some(({ code }) => !SETTLED.has(code))),
  );
  expect(open.length).toBeGreaterThan(0);
});
