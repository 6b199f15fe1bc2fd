import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Answer, ChargeLine, Stage } from './answer.ts';
import { Decimal } from './decimal.ts';
import { ask } from './engine.ts';
import { QUESTION, schedules, type Tables } from './fixture.ts';
import { isCharge } from './measure.ts';
import type { Question } from './question.ts';

/** What holds of every pack and every question. */

const MEMBERS = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'];
const DOCUMENTS = ['permit', 'origin-certificate', 'health-certificate'];
type Row = Readonly<Record<string, string>>;

const rate = fc.oneof(
  fc.constantFrom('free', 'unknown'),
  fc.integer({ min: 1, max: 900 }).map((amount) => `${amount} USD/vehicle`),
  fc.integer({ min: 0, max: 60 }).map((percent) => `${percent}%`),
  fc.integer({ min: 1, max: 900 }).map((cents) => `${cents / 100} USD/kg`),
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 90 }))
    .map(([a, b]) => `max(${a}%, ${b / 100} USD/kg)`),
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 90 }))
    .map(([a, b]) => `min(${a}%, ${b / 100} USD/kg)`),
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 90 }))
    .map(([a, b]) => `${a}% + ${b / 100} USD/kg`),
);
const prefix = fc.constantFrom('*', '08', '0809', '080929', '10', '1001');
const group = fc
  .uniqueArray(
    fc.constantFrom(
      ...DOCUMENTS.map((id) => `document ${id}`),
      'mass<=100 kg',
      'direct-transport',
      'registered orchard',
      'trader small',
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((atoms) => atoms.join(' + '));
const requires = fc.array(group, { minLength: 1, maxLength: 3 }).map((groups) => groups.join(' | '));
const area = fc.constantFrom('*', 'CN', 'KZ', 'CN KZ');

/** One row for each series, prefix, area and condition, so that no pack contradicts itself. */
const charge = fc.record({
  type: fc.constantFrom('duty', 'vat', 'excise', 'fee'),
  goods: prefix,
  area,
  when: fc.constantFrom('', 'trader small'),
  rate,
});
const preference = fc.record({
  type: fc.constantFrom('preference', 'suspension'),
  goods: prefix,
  rate,
  area,
  requires,
});
const control = fc.record({
  type: fc.constantFrom('phytosanitary', 'licence', 'conformity'),
  goods: prefix,
  area,
  requires,
});
const pack = fc
  .tuple(
    fc.uniqueArray(charge, {
      maxLength: 24,
      selector: ({ type, goods, area: where, when }) => `${type} ${goods} ${where} ${when}`,
    }),
    fc.array(preference, { maxLength: 4 }),
    fc.array(control, { maxLength: 4 }),
  )
  .map(([charges, preferences, controls]): Row[] => {
    const others = charges.some(({ type }) => type === 'excise') ? 'value + duty + excise' : 'value + duty';
    const base = charges.some(({ type }) => type === 'duty') || preferences.length > 0 ? others : 'value';
    return [
      ...charges.map((row) => ({
        ...row,
        base: row.type === 'vat' ? base.replace('duty', hasDuty(charges) ? 'duty' : 'value') : '',
      })),
      ...preferences.map((row, i) => ({ ...row, series: `scheme-${i}` })),
      ...controls.map((row, i) => ({ ...row, series: `control-${i}` })),
    ].map((row, i) => ({ ...row, measure: `m-${i}` }));
  })
  .filter(
    (rows) => new Set(rows.map((row) => JSON.stringify({ ...row, measure: '', series: '' }))).size === rows.length,
  );
const hasDuty = (charges: readonly { readonly type: string }[]): boolean => charges.some(({ type }) => type === 'duty');

const tables = (measures: readonly Row[], member = 'UZ'): Tables => ({
  member,
  'documents.csv': DOCUMENTS.map((document) => ({ document })),
  'measures.csv': measures,
});
const question = fc
  .record({
    hs: fc.constantFrom('080929', '080910', '100199'),
    origin: fc.constantFrom('CN', 'KZ'),
    mass: fc.integer({ min: 1, max: 30_000 }).map(String),
    value: fc.integer({ min: 1, max: 90_000 }).map(String),
    papers: fc.subarray(DOCUMENTS),
    direct: fc.constantFrom(true, false, undefined),
    small: fc.boolean(),
  })
  .map(
    ({ hs, origin, mass, value, papers, direct, small }): Question => ({
      ...QUESTION,
      items: [{ number: 1, hs, origin, mass, value }],
      papers,
      direct,
      trader: small ? ['small'] : [],
    }),
  );

const answer = (one: Question, ...packs: readonly Tables[]): Answer => ask(one, schedules(...packs), new Set(MEMBERS));
const importOf = (one: Answer): Stage => one.stages.find(({ direction }) => direction === 'import') as Stage;
/** What an answer says, without the objects it says it with. */
const said = (stage: Stage): unknown => ({
  options: stage.items.map(({ options }) =>
    options.map(({ measure, state, total, lines }) => [
      measure?.measure,
      state,
      total?.toFixed(),
      lines.map((line) => [line.measure.measure, JSON.stringify(line.amount)]).sort(),
    ]),
  ),
  fees: stage.fees.map(({ measure, amount }) => [measure.measure, String(amount)]).sort(),
  controls: stage.controls.map(({ measure, state }) => [measure.measure, state]),
  ordinary: stage.ordinary?.toFixed(),
  best: stage.best?.toFixed(),
});

test('the order in which measures stand is of no matter', () => {
  const twice = pack.chain((rows) =>
    fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })),
  );
  fc.assert(
    fc.property(twice, question, ([rows, shuffled], one) => {
      expect(said(importOf(answer(one, tables(shuffled))))).toEqual(said(importOf(answer(one, tables(rows)))));
    }),
    { numRuns: 150 },
  );
});

test('a paper more removes no option, closes none, and costs nothing', () => {
  fc.assert(
    fc.property(pack, question, fc.constantFrom(...DOCUMENTS), (rows, one, paper) => {
      const before = importOf(answer(one, tables(rows)));
      const after = importOf(answer({ ...one, papers: [...(one.papers ?? []), paper] }, tables(rows)));
      const order = ['closed', 'unknown', 'open', 'available'];
      const states = (stage: Stage): Map<string, number> =>
        new Map(stage.items[0]?.options.map(({ measure, state }) => [measure?.measure ?? '', order.indexOf(state)]));
      for (const [measure, state] of states(before)) {
        const now = states(after).get(measure);
        expect(now).toBeDefined();
        if (state === 3) expect(now).toBe(3);
        if (state > 0) expect(now).toBeGreaterThan(0);
      }
      if (before.best !== undefined) expect(after.best?.lessThanOrEqualTo(before.best)).toBe(true);
      for (const { measure, state } of before.controls)
        if (state === 'met')
          expect(after.controls.find((control) => control.measure.measure === measure.measure)?.state).toBe('met');
    }),
    { numRuns: 150 },
  );
});

test('a waiver never raises a charge', () => {
  fc.assert(
    fc.property(pack, question, prefix, (rows, one, goods) => {
      const waived = [...rows, { measure: 'waiver', type: 'suspension', series: 'waiver', goods, rate: 'free' }];
      const before = importOf(answer(one, tables(rows)));
      const after = importOf(answer(one, tables(waived)));
      if (before.best !== undefined) expect(after.best?.lessThanOrEqualTo(before.best)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('an exemption within a series never raises what is ordinary', () => {
  fc.assert(
    fc.property(pack, question, fc.nat(), (rows, one, at) => {
      const charges = rows.filter((row) => isCharge(row['type'] as 'duty') && row['requires'] === undefined);
      const row = charges[at % Math.max(1, charges.length)];
      fc.pre(row !== undefined && row['when'] === '');
      const same = (other: Row): boolean =>
        ['type', 'goods', 'area'].every((column) => other[column] === row?.[column]) && other['when'] !== '';
      fc.pre(!rows.some(same));
      const exempt = [...rows, { ...row, measure: 'exemption', when: 'trader small', rate: 'free' }];
      const small: Question = { ...one, trader: ['small'] };
      const before = importOf(answer(small, tables(rows)));
      const after = importOf(answer(small, tables(exempt)));
      if (before.ordinary !== undefined) expect(after.ordinary?.lessThanOrEqualTo(before.ordinary)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('validity includes its ends and nothing beside them', () => {
  const day = fc
    .integer({ min: 0, max: 900 })
    .map((days) => new Date(Date.UTC(2025, 0, 1 + days)).toISOString().slice(0, 10));
  fc.assert(
    fc.property(day, day, day, (a, b, on) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      const rows = [{ measure: 'duty', type: 'duty', rate: '5%', from, to }];
      const found = importOf(answer({ ...QUESTION, on }, tables(rows))).items[0]?.options.some(
        ({ measure }) => measure !== undefined,
      );
      expect(found).toBe(from <= on && on <= to);
    }),
    { numRuns: 300 },
  );
});

test('members that change places change their answers and nothing else', () => {
  fc.assert(
    fc.property(pack, pack, question, fc.constantFrom(...MEMBERS.slice(1)), (home, way, one, other) => {
      const swap = (code: string): string => (code === 'UZ' ? other : code === other ? 'UZ' : code);
      const rename = (rows: readonly Row[]): Row[] =>
        rows.map((row) => ({
          ...row,
          ...(row['area'] === undefined || row['area'] === '*'
            ? {}
            : { area: row['area'].split(' ').map(swap).join(' ') }),
        }));
      const exported = way
        .filter((row) => !isCharge(row['type'] as 'duty'))
        .map((row) => ({ ...row, direction: 'export' }));
      const swapped: Question = {
        ...one,
        items: one.items.map((item) => ({ ...item, origin: swap(item.origin) })),
        from: swap(one.from),
        to: swap(one.to),
        posts: one.posts.map(({ post, member }) => ({ post, member: swap(member) })),
      };
      const before = answer(one, tables(home, 'UZ'), tables(exported, 'CN'));
      const after = answer(swapped, tables(rename(home), swap('UZ')), tables(rename(exported), swap('CN')));
      expect(after.stages.map((stage) => [swap(stage.member), stage.direction, said(stage)])).toEqual(
        before.stages.map((stage) => [stage.member, stage.direction, said(stage)]),
      );
    }),
    { numRuns: 80 },
  );
});

/** Two items of different goods. */
const pair = fc.tuple(question, question).map(
  ([one, other]): Question => ({
    ...one,
    items: [...one.items, ...other.items.map((item) => ({ ...item, number: 2 }))],
  }),
);
const amountsOf = (lines: readonly ChargeLine[]): (Decimal | undefined)[] =>
  lines.map(({ amount }) => ('lacks' in amount ? undefined : amount));
const summed = (amounts: readonly (Decimal | undefined)[]): Decimal | undefined =>
  amounts.reduce((sum, one) => (one === undefined ? undefined : sum?.plus(one)), new Decimal(0) as Decimal | undefined);

test('totals are the sums of their lines, and what is not known is explained', () => {
  fc.assert(
    fc.property(pack, pair, (rows, one) => {
      const { items, fees, ordinary, best, findings } = importOf(answer(one, tables(rows)));
      for (const { options } of items)
        for (const { total, lines } of options)
          if (total !== undefined) expect(total.toFixed()).toBe(summed(amountsOf(lines))?.toFixed());
      const least = items.map(({ options }) => {
        const sums = options.flatMap(({ state, total }) => (state === 'available' && total ? [total] : []));
        return sums.length === 0 ? undefined : Decimal.min(...sums);
      });
      const whole = amountsOf(fees);
      if (ordinary !== undefined)
        expect(ordinary.toFixed()).toBe(
          summed([...whole, ...items.flatMap(({ options }) => amountsOf(options[0]?.lines ?? []))])?.toFixed(),
        );
      if (best !== undefined) expect(best.toFixed()).toBe(summed([...whole, ...least])?.toFixed());
      const optional = rows.filter(({ type }) => type === 'preference' || type === 'suspension');
      const reasons = findings.filter(
        ({ code, measure }) =>
          code === 'rate-not-found' || (code === 'rate-unknown' && !optional.some((row) => row['measure'] === measure)),
      );
      expect(ordinary === undefined).toBe(reasons.length > 0);
    }),
    { numRuns: 300 },
  );
});

test('a measure of other goods or another direction changes nothing', () => {
  fc.assert(
    fc.property(pack, pack, question, fc.constantFrom('72', '7208'), (rows, more, one, goods) => {
      const seen = new Set<string>();
      const other = more
        .map((row, i): Row => ({ ...row, measure: `other-${i}`, goods, base: '' }))
        .filter((row) => {
          const key = JSON.stringify({ ...row, measure: '', rate: '', series: row['requires'] ?? row['series'] });
          return !seen.has(key) && seen.add(key);
        });
      const leaving = more
        .filter((row) => isCharge(row['type'] as 'duty'))
        .map((row, i) => ({ ...row, measure: `leaving-${i}`, direction: 'export', base: '' }));
      const before = importOf(answer(one, tables(rows)));
      const after = importOf(answer(one, tables([...rows, ...other, ...leaving])));
      expect(said(after)).toEqual(said(before));
      expect(after.findings).toEqual(before.findings);
    }),
    { numRuns: 150 },
  );
});

test('twice the goods at twice the value cost twice as much', () => {
  fc.assert(
    fc.property(pack, pair, (all, one) => {
      const rows = all.map((row): Row => (row['rate']?.endsWith('/vehicle') === true ? { ...row, rate: '7%' } : row));
      const twice: Question = {
        ...one,
        items: one.items.map((item) => ({
          ...item,
          mass: String(Number(item.mass) * 2),
          value: String(Number(item.value) * 2),
        })),
      };
      const [before, after] = [one, twice].map((which) => importOf(answer(which, tables(rows))));
      const lines = (stage: Stage | undefined, times: number): unknown =>
        stage?.items.map(({ options }) =>
          options.map((option) => amountsOf(option.lines).map((amount) => amount?.times(times).toFixed())),
        );
      expect(lines(after, 1)).toEqual(lines(before, 2));
      expect(after?.ordinary?.toFixed()).toBe(before?.ordinary?.times(2).toFixed());
    }),
    { numRuns: 150 },
  );
});

test('the currency of the answer changes amounts by the rate alone', () => {
  fc.assert(
    fc.property(pack, pair, fc.constantFrom('2', '7.2', '12000', '0.5'), (rows, one, worth) => {
      const own: Tables = { ...tables(rows), 'exchange.csv': [{ currency: 'USD', amount: worth, per: '1' }] };
      const times = (text: string | undefined): string => new Decimal(text ?? '0').times(worth).toFixed();
      const local: Question = {
        ...one,
        currency: 'UZS',
        items: one.items.map((item) => ({ ...item, value: times(item.value) })),
      };
      const [dollars, sums] = [one, local].map((which) => importOf(answer(which, own)));
      const lines = (stage: Stage | undefined, rate: string): unknown => [
        stage?.items.map(({ options }) =>
          options.map((option) => [
            option.state,
            ...amountsOf(option.lines).map((amount) => amount?.times(rate).toFixed(10)),
          ]),
        ),
        amountsOf(stage?.fees ?? []).map((amount) => amount?.times(rate).toFixed(10)),
        stage?.ordinary?.times(rate).toFixed(10),
        stage?.best?.times(rate).toFixed(10),
      ];
      expect(lines(sums, '1')).toEqual(lines(dollars, worth));
    }),
    { numRuns: 150 },
  );
});

test('items that change places change their answers and nothing else', () => {
  fc.assert(
    fc.property(pack, pair, fc.constantFrom('0', '700'), (rows, one, toBorder) => {
      const way: Question = { ...one, incoterm: 'FCA', costs: { toBorder, insurance: '10' } };
      const before = importOf(answer(way, tables(rows)));
      const after = importOf(answer({ ...way, items: [...way.items].reverse() }, tables(rows)));
      const byNumber = ({ items }: Stage): unknown =>
        Object.fromEntries(
          items.map(({ number, options }) => [number, options.map(({ total }) => total?.toFixed(10))]),
        );
      expect(byNumber(after)).toEqual(byNumber(before));
      expect(after.ordinary?.toFixed(10)).toBe(before.ordinary?.toFixed(10));
    }),
    { numRuns: 150 },
  );
});
