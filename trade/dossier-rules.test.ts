import { expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { declaredOf, questionOf, rulesOf } from './dossier-rules.ts';
import { requirementsView } from './measures/answer-view.ts';
import { ask } from './measures/engine.ts';
import { schedules } from './measures/fixture.ts';

const ON = '2026-06-15';
const packs = schedules(
  {
    member: 'KZ',
    'documents.csv': [
      { document: 'phyto', code: '851' },
      { document: 'permit', code: '911' },
    ],
    'measures.csv': [
      { measure: 'phyto', type: 'phytosanitary', goods: '08', requires: 'document phyto | document permit' },
      { measure: 'house', type: 'market-access', goods: '08', requires: 'registered packing-house' },
      { measure: 'cold', type: 'sanitary', goods: '08', requires: 'treated cold-treatment' },
      { measure: 'ban', type: 'prohibition', goods: '0813', area: 'TJ' },
      { measure: 'trusted', type: 'document', goods: '*', requires: 'trader trusted' },
    ],
  },
  { member: 'UZ' },
);
const members = new Set(['KZ', 'UZ']);

function rules(
  change: (input: ReturnType<typeof filing>) => void = () => undefined,
  certificates: { kind: string; number: string }[] = [],
) {
  const input = filing({ to: 'KZ', posts: ['uz-yallama', 'kz-konysbayeva', 'kz-unlisted'] });
  change(input);
  const declared = declaredOf(input.route as never, input.sections as never, certificates);
  const memberOf = (post: string) => (post === 'kz-unlisted' ? undefined : post.slice(0, 2).toUpperCase());
  const question = questionOf(declared, memberOf, ON);
  const view = requirementsView(ask(question, packs, members), question);
  const { stages } = rulesOf(view, declared, [], ['KZ']);
  expect(stages.map(({ member, direction }) => [member, direction])).toEqual([['KZ', 'import']]);
  return {
    question,
    of: (measure: string) => {
      const found = stages[0]?.rules.find((one) => one.measure.measure === measure);
      return (
        found && [
          found.state,
          found.path,
          ...found.by.map(({ code, number, section }) => `${code} ${number} ${section}`),
        ]
      );
    },
    order: stages[0]?.rules.map(({ state }) => state),
  };
}
const paper = (code: string, more: object = {}) =>
  ({ code, number: `N-${code}`, issued: '2026-01-01', ...more }) as never;

test('what is asked of a dossier is what it says, and nothing more', () => {
  const { question } = rules();
  expect(question).toMatchObject({
    items: [{ number: 1, hs: '081310', origin: 'UZ', mass: '1000', value: '2500.50' }],
    ...{ from: 'UZ', to: 'KZ', on: ON, currency: 'USD', incoterm: 'DAP', mode: 'road', trader: [], green: undefined },
    posts: [
      { post: 'uz-yallama', member: 'UZ' },
      { post: 'kz-konysbayeva', member: 'KZ' },
    ],
    papers: ['380'],
  });
  // A value in another currency is no value in this one.
  expect(
    rules((one) => Object.assign(one.sections.commercial, { currency: 'EUR' })).question.items[0]?.value,
  ).toBeUndefined();
});

test('each rule leads to where something can be done about it', () => {
  const { of, order } = rules((one) => Object.assign(one.sections.goods.items[0] ?? {}, { origin: 'TJ' }));
  expect([of('phyto'), of('house'), of('cold'), of('ban'), of('trusted')]).toEqual([
    ['open', '/sections/attachments/documents/-'],
    ['open', '/sections/sanitary/registrations/-'],
    ['open', '/sections/sanitary/treatments/-'],
    ['prohibited', '/sections/goods/items/0/hs'],
    ['open', ''],
  ]);
  expect(order?.[0]).toBe('prohibited');
});

test('a paper meets it in whatever section, on its last day still, and a certificate of the log as well', () => {
  const met = ['met', '', '851 N-851 goods'];
  const bring = (more: object) =>
    rules((one) => Object.assign(one.sections.goods, { documents: [paper('851', more)] }));
  expect(bring({}).of('phyto')).toEqual(met);
  expect(bring({ expires: ON }).of('phyto')).toEqual(met);
  expect(bring({ expires: '2026-06-14' }).of('phyto')?.[0]).toBe('open');
  expect(rules(undefined, [{ kind: 'phytosanitary', number: 'P-1' }]).of('phyto')).toEqual(['met', '', '851 P-1 null']);
  const both = rules((one) => Object.assign(one.sections.transport, { documents: [paper('911'), paper('851')] }));
  expect(both.of('phyto')).toEqual(['met', '', '911 N-911 transport', '851 N-851 transport']);
});

test('a status that is only claimed is none', () => {
  const claim = (state: string) =>
    rules((one) => Object.assign(one.sections.goods, { trustedTrader: { state, programme: 'AEO' } })).of(
      'trusted',
    )?.[0];
  expect([claim('claimed'), claim('not-recognised'), claim('recognised')]).toEqual(['open', 'open', 'met']);
});
