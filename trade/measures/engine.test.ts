import { expect, test } from 'vitest';
import type { Answer, Stage } from './answer.ts';
import { decimalText } from './decimal.ts';
import { ask } from './engine.ts';
import { files, QUESTION, schedules, type Tables } from './fixture.ts';
import { readPack } from './pack.ts';
import type { Question } from './question.ts';

const MEMBERS = new Set(['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ']);
const cherries: Tables = {
  'documents.csv': [
    { document: 'origin-certificate', code: '861' },
    { document: 'phytosanitary-certificate', code: '851', needs: 'field-check' },
    { document: 'field-check' },
    { document: 'permit', code: '911' },
  ],
  'steps.csv': [
    { step: 'inspection', after: 'declaration' },
    { step: 'declaration', after: 'phytosanitary-certificate' },
  ],
  'parameters.csv': [{ parameter: 'BCU', value: '412000', unit: 'UZS' }],
  'measures.csv': [
    { measure: 'duty', type: 'duty', goods: '0809', rate: 'max(10%, 0.3 USD/kg)' },
    {
      measure: 'free-trade',
      type: 'preference',
      goods: '*',
      area: 'KZ',
      rate: 'free',
      requires: 'document origin-certificate + direct-transport',
    },
    { measure: 'excise', type: 'excise', rate: 'free' },
    { measure: 'vat', type: 'vat', rate: '12%', base: 'value + duty + excise' },
    { measure: 'fee-low', type: 'fee', rate: '1 BCU', when: 'value<=10000 USD' },
    { measure: 'fee-high', type: 'fee', rate: '2.5 BCU', when: 'value>10000 USD' },
    {
      measure: 'phyto',
      type: 'phytosanitary',
      goods: '08',
      requires: 'document phytosanitary-certificate + document permit | mass<=5 kg',
    },
  ],
};
const RATES = [{ of: 'USD', in: 'UZS', amount: '12000' }];

const stageOf = (answer: Answer, member: string): Stage => {
  const stage = answer.stages.find((one) => one.member === member);
  if (stage === undefined) throw new Error(`no stage of ${member}`);
  return stage;
};
const at = (question: Partial<Question> = {}, tables: Tables = cherries): Stage =>
  stageOf(ask({ ...QUESTION, rates: RATES, ...question }, schedules(tables), MEMBERS), 'UZ');
const amounts = (stage: Stage): Record<string, string> =>
  Object.fromEntries(
    [...(stage.items[0]?.options[0]?.lines ?? []), ...stage.fees].map(({ measure, amount }) => [
      measure.measure,
      'lacks' in amount ? `lacks ${amount.lacks} ${amount.what}`.trim() : decimalText(amount),
    ]),
  );

test('duty, VAT on value and duty, a fee by bracket', () => {
  const stage = at();
  // 20,000 kg × 0.30 = 6,000 > 10 % of 40,000; VAT 12 % of 46,000; 2.5 × 412,000 / 12,000.
  expect(amounts(stage)).toEqual({ duty: '6000', excise: '0', vat: '5520', 'fee-high': '85.833333' });
  expect(stage.ordinary && decimalText(stage.ordinary)).toBe('11605.833333');
  expect(stage.direction).toBe('import');
});

test('without a rate of exchange nothing is guessed', () => {
  const stage = at({ rates: [] });
  expect(amounts(stage)).toMatchObject({ duty: '6000', 'fee-high': 'lacks currency BCU' });
  expect(stage.ordinary).toBeUndefined();
  expect(stage.findings.map(({ code }) => code)).toContain('exchange-missing');
});

test('without a value no bracket is chosen', () => {
  const stage = at({ items: [{ number: 1, hs: '080929', origin: 'CN', mass: '20000' }] });
  expect(stage.ordinary).toBeUndefined();
  expect(stage.findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['value-missing', 'fact-needed']));
});

test('carriage to the border is part of the customs value where the price leaves it out', () => {
  const stage = at({ incoterm: 'FCA', costs: { toBorder: '60000', insurance: '0' } });
  // 100,000 × 10 % > 6,000
  expect(amounts(stage)).toMatchObject({ duty: '10000', vat: '13200' });
  expect(at({ incoterm: 'FCA' }).findings).toContainEqual({
    code: 'value-incomplete',
    member: 'UZ',
    params: { what: 'carriage-to-border insurance' },
  });
});

test('a preference stands beside the ordinary duty and is had with its papers', () => {
  const items = [{ number: 1, hs: '080929', origin: 'KZ', mass: '20000', value: '40000' }];
  const states = (question: Partial<Question>): unknown[] =>
    at({ items, ...question }).items[0]?.options.map(({ kind, state, total }) => [
      kind,
      state,
      total && decimalText(total),
    ]) ?? [];
  expect(states({ direct: true })).toEqual([
    ['duty', 'available', '11520'],
    ['preference', 'open', '4800'],
  ]);
  expect(states({ direct: false })[1]).toEqual(['preference', 'closed', '4800']);
  expect(states({ direct: true, papers: ['861'] })[1]).toEqual(['preference', 'available', '4800']);
  expect(at({ items, direct: true, papers: ['861'] }).best?.toFixed(2)).toBe('4885.83');
});

test('papers come before what needs them, and only what is missing is missing', () => {
  const stage = at();
  expect(stage.steps.map((step) => ('document' in step ? step.document.document : step.act.step))).toEqual([
    'field-check',
    'phytosanitary-certificate',
    'permit',
    'declaration',
    'inspection',
  ]);
  expect(stage.controls.map(({ state }) => state)).toEqual(['open']);
  expect(at({ papers: ['851', '911'] }).controls.map(({ state }) => state)).toEqual(['met']);
  const few = [{ number: 1, hs: '080929', origin: 'CN', mass: '5', value: '10' }];
  expect(at({ items: few }).controls.map(({ state }) => state)).toEqual(['met']);
});

test('validity includes both its ends', () => {
  const rows = [
    { measure: 'old', type: 'duty', rate: '5%', to: '2026-06-30' },
    { measure: 'new', type: 'duty', rate: '7%', from: '2026-07-01' },
  ];
  const duty = (on: string): unknown => amounts(at({ on }, { 'measures.csv': rows }));
  expect(duty('2026-06-30')).toEqual({ old: '2000' });
  expect(duty('2026-07-01')).toEqual({ new: '2800' });
  expect(duty('2025-12-31')).toEqual({});
});

test('a rate that is part of its own base', () => {
  const tables: Tables = {
    'measures.csv': [
      { measure: 'duty', type: 'duty', rate: '20%' },
      { measure: 'excise', type: 'excise', rate: '20%', base: 'gross(value + duty)' },
    ],
  };
  // (40,000 + 8,000) / 0.8 × 20 %
  expect(amounts(at({}, tables))).toEqual({ duty: '8000', excise: '12000' });
});

test('what a pack does not say is unknown, never nothing', () => {
  const stage = at({}, { 'measures.csv': [] });
  const told = stage.findings.map(({ code, params }) => `${code} ${params['what'] ?? ''}`);
  expect(told).toEqual(
    expect.arrayContaining([
      'rate-not-found duty',
      'rate-not-found vat',
      'rate-not-found fee',
      'control-not-found phytosanitary',
    ]),
  );
  expect(stage.ordinary).toBeUndefined();
  const answer = ask(QUESTION, new Map(), MEMBERS);
  expect(answer.stages.map(({ member, direction }) => [member, direction])).toEqual([
    ['CN', 'export'],
    ['KZ', 'transit'],
    ['UZ', 'import'],
  ]);
  expect(answer.stages.flatMap(({ findings }) => findings.map(({ code }) => code))).toEqual(
    Array(3).fill('pack-missing'),
  );
  expect(answer.landed).toEqual({ ordinary: undefined, best: undefined });
});

test('a charge on the consignment falls on items by their value where a base names it', () => {
  const tables: Tables = {
    'measures.csv': [
      { measure: 'fee', type: 'fee', rate: '100 USD' },
      { measure: 'vat', type: 'vat', rate: '10%', base: 'value + fee' },
    ],
  };
  const items = [
    { number: 1, hs: '080929', origin: 'CN', mass: '1', value: '300' },
    { number: 2, hs: '080910', origin: 'CN', mass: '1', value: '100' },
  ];
  const stage = at({ items }, tables);
  expect(stage.items.map(({ options }) => options[0]?.lines.map(({ amount }) => String(amount)))).toEqual([
    ['37.5'],
    ['12.5'],
  ]);
  expect(stage.fees.map(({ amount }) => String(amount))).toEqual(['100']);
});

test('a code of six digits is not enough where rates differ below it', () => {
  const tables: Tables = {
    'codes.csv': [{ code: '08092910' }, { code: '08092990' }],
    'measures.csv': [
      { measure: 'one', type: 'duty', goods: '08092910', rate: '5%' },
      { measure: 'two', type: 'duty', goods: '08092990', rate: '9%' },
    ],
  };
  expect(at({}, tables).findings).toContainEqual({
    code: 'digits-needed',
    member: 'UZ',
    item: 1,
    params: { series: 'duty', codes: '08092910 08092990' },
  });
  const items = [{ number: 1, hs: '08092990', origin: 'CN', mass: '1', value: '100' }];
  expect(amounts(at({ items }, tables))).toEqual({ two: '9' });
});

test('two measures that fit equally and differ contradict each other', () => {
  const tables: Tables = {
    'conditions.csv': [{ condition: 'a' }, { condition: 'b' }],
    'measures.csv': [
      { measure: 'one', type: 'duty', rate: '5%', when: 'claim a' },
      { measure: 'two', type: 'duty', rate: '9%', when: 'claim b' },
    ],
  };
  const stage = at({ claims: { 'UZ/a': true, 'UZ/b': true } }, tables);
  expect(stage.findings.map(({ code }) => code)).toContain('measures-contradict');
  expect(stage.ordinary).toBeUndefined();
  expect(amounts(at({ claims: { 'UZ/a': true, 'UZ/b': false } }, tables))).toEqual({ one: '2000' });
});

test('a prohibition bars, unless what it asks for is there', () => {
  const tables: Tables = {
    'documents.csv': [{ document: 'licence' }],
    'measures.csv': [{ measure: 'ban', type: 'prohibition', goods: '0809', requires: 'document licence' }],
  };
  expect(at({}, tables).controls[0]?.state).toBe('prohibited');
  expect(at({ papers: ['licence'] }, tables).controls[0]?.state).toBe('met');
});

test('the longest code wins, then the smaller area, then what has a condition, in whatever order they stand', () => {
  const rows = [
    { measure: 'all', type: 'duty', goods: '*', rate: '1%' },
    { measure: 'heading', type: 'duty', goods: '0809', rate: '2%', except: '080930' },
    { measure: 'heading-of-two', type: 'duty', goods: '0809', area: 'CN KZ', rate: '3%', except: '080930' },
    { measure: 'heading-of-one', type: 'duty', goods: '0809', area: 'KZ', rate: '4%', except: '080930' },
    {
      measure: 'small',
      type: 'duty',
      goods: '0809',
      area: 'CN KZ',
      rate: '5%',
      when: 'trader small',
      except: '080930',
    },
    { measure: 'line', type: 'duty', goods: '080910', rate: '6%' },
  ];
  const duty = (origin: string, hs: string, question: Partial<Question> = {}, order = rows): string[] =>
    Object.keys(
      amounts(
        at({ items: [{ number: 1, hs, origin, mass: '1', value: '100' }], ...question }, { 'measures.csv': order }),
      ),
    );
  for (const order of [rows, [...rows].reverse()]) {
    expect(duty('TJ', '080930', {}, order)).toEqual(['all']);
    expect(duty('TJ', '080929', {}, order)).toEqual(['heading']);
    expect(duty('CN', '080929', {}, order)).toEqual(['heading-of-two']);
    expect(duty('CN', '080929', { trader: ['small'] }, order)).toEqual(['small']);
    expect(duty('KZ', '080929', { trader: ['small'] }, order)).toEqual(['heading-of-one']);
    expect(duty('CN', '080910', { trader: ['small'] }, order)).toEqual(['line']);
  }
});

test('transit without duty has a sum', () => {
  const way = { ...QUESTION, items: [{ number: 1, hs: '080929', origin: 'CN', mass: '1', value: '10' }] };
  const tables: Tables = {
    member: 'KZ',
    'measures.csv': [{ measure: 'toll', type: 'fee', direction: 'transit', rate: '40 USD' }],
  };
  expect(stageOf(ask(way, schedules(tables), MEMBERS), 'KZ').ordinary?.toFixed()).toBe('40');
});

test('what a buyer pays on the way is what the Incoterm says', () => {
  const fee = (member: string, direction: string, amount: string): Tables => ({
    member,
    'measures.csv': ['duty', 'excise', 'vat', 'fee'].map((type) => ({
      ...{ measure: `${type}-${direction}`, type, direction, rate: type === 'fee' ? `${amount} USD` : 'free' },
    })),
  });
  const packs = schedules(fee('CN', 'export', '1'), fee('KZ', 'transit', '20'), fee('UZ', 'import', '300'));
  const landed = (incoterm: NonNullable<Question['incoterm']>): string | undefined =>
    ask({ ...QUESTION, incoterm, costs: { insurance: '0' } }, packs, MEMBERS).landed.ordinary?.toFixed();
  expect(landed('EXW')).toBe('40321');
  for (const term of ['FCA', 'FAS', 'FOB', 'CFR', 'CIF', 'CPT', 'CIP'] as const) expect(landed(term)).toBe('40320');
  for (const term of ['DAP', 'DPU'] as const) expect(landed(term)).toBe('40300');
  expect(landed('DDP')).toBe('40000');
});

test('a pack tells what happened to its quotas, event by event, up to the day', () => {
  const tables = (...events: Record<string, string>[]) => ({
    'quotas.csv': [{ quota: 'q', volume: '100', unit: 't', critical: '20' }],
    'quota-events.csv': events,
    'measures.csv': [{ measure: 'inside', type: 'quota', rate: '1%', quota: 'q' }],
  });
  const quota = (...events: Record<string, string>[]): unknown => {
    const answer = ask(QUESTION, schedules(tables(...events)), MEMBERS);
    const found = stageOf(answer, 'UZ').items[0]?.options.find(({ kind }) => kind === 'quota')?.quota;
    return found && [found.state, found.left.toString()];
  };
  const opened = { event: 'e-1', quota: 'q', kind: 'unblocked', on: '2026-01-01' };
  const drawn = { event: 'e-2', quota: 'q', kind: 'drawn', amount: '85', on: '2026-02-01' };
  expect(quota()).toBeUndefined();
  expect(quota(opened)).toEqual(['open', '100']);
  expect(quota(drawn, opened)).toEqual(['critical', '15']);
  expect(quota(opened, drawn, { event: 'e-3', quota: 'q', kind: 'returned', amount: '50', on: '2026-03-01' })).toEqual([
    'open',
    '65',
  ]);
  expect(quota(opened, { ...drawn, on: '2099-01-01' })).toEqual(['open', '100']);
  expect(quota({ ...opened, kind: 'blocked' })).toEqual(['blocked', '100']);
  for (const [wrong, code] of [
    [{ ...drawn, quota: 'other' }, 'not-declared'],
    [{ ...drawn, amount: '' }, 'cell-missing'],
    [{ ...opened, amount: '5' }, 'cell-missing'],
    [{ ...drawn, kind: 'lost' }, 'cell-unreadable'],
    [{ ...drawn, source: '' }, 'source-missing'],
  ] as const) {
    const read = readPack(files(tables(wrong)));
    expect('faults' in read ? read.faults.map((one) => `${one.file} ${one.code}`) : []).toContain(
      `quota-events.csv ${code}`,
    );
  }
});

test('a quota of which nobody told is neither full nor empty', () => {
  const tables: Tables = {
    'quotas.csv': [{ quota: 'q', volume: '100', unit: 't' }],
    'measures.csv': [{ measure: 'inside', type: 'quota', rate: '1%', quota: 'q' }],
  };
  const option = (quotas?: Parameters<typeof ask>[3]): unknown => {
    const answer = ask(QUESTION, schedules(tables), MEMBERS, quotas);
    const found = stageOf(answer, 'UZ').items[0]?.options.find(({ kind }) => kind === 'quota');
    return [found?.state, found?.quota?.state];
  };
  expect(option()).toEqual(['unknown', undefined]);
  expect(option(new Map([['UZ', new Map([['other', []]])]]))).toEqual(['unknown', undefined]);
  expect(option(new Map([['UZ', new Map([['q', []]])]]))).toEqual(['available', 'open']);
});

test('a paper is asked without fail where facts bar every other way', () => {
  const paper = (mass: string): unknown[] =>
    at({ items: [{ number: 1, hs: '080929', origin: 'CN', mass, value: '10' }] }).documents.map(({ always }) => always);
  expect(paper('5')).toEqual([false, false, false]);
  expect(paper('6')).toEqual([true, true, true]);
  expect(at().findings).toContainEqual({
    ...{ code: 'paper-missing', member: 'UZ', measure: 'phyto', params: { ways: '1' } },
  });
});

test('a value is told to be missing only where it is', () => {
  const tables: Tables = {
    'measures.csv': [
      { measure: 'duty', type: 'duty', rate: 'unknown' },
      { measure: 'vat', type: 'vat', rate: '12%', base: 'value + duty' },
    ],
  };
  const codes = at({}, tables).findings.map(({ code }) => code);
  expect(codes).toContain('rate-unknown');
  expect(codes).not.toContain('value-missing');
});

test('a charge that facts speak against leaves nothing said, which is not nothing', () => {
  const tables: Tables = {
    'measures.csv': [
      { measure: 'duty', type: 'duty', rate: '5%', when: 'trader small' },
      { measure: 'excise', type: 'excise', rate: 'free' },
      { measure: 'vat', type: 'vat', rate: 'free', when: 'trader small' },
      { measure: 'fee', type: 'fee', rate: 'free' },
    ],
  };
  const missing = (trader: readonly 'small'[]): unknown[] =>
    at({ trader }, tables)
      .findings.filter(({ code }) => code === 'rate-not-found')
      .map(({ params }) => params['what']);
  expect(missing(['small'])).toEqual([]);
  expect(missing([])).toEqual(['duty', 'vat']);
  expect(at({ trader: [] }, tables).ordinary).toBeUndefined();
  expect(at({ trader: ['small'] }, tables).ordinary?.toFixed()).toBe('2000');
});
