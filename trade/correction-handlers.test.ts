import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, found, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { putAttachment } from './attachment-handlers.ts';
import { MOST_AN_HOUR } from './correction-handlers.ts';
import { sealDraft } from './filing.ts';
import { tradeRouter } from './handlers.ts';
import { files } from './measures/fixture.ts';
import type { FileReference } from './section.ts';

const { answerCorrection, getCorrection, listCorrections, publishPack, reportCorrection } = tradeRouter;

let nodes: HandlerNodes;
beforeAll(async () => {
  nodes = await HandlerNodes.open('CN', 'KZ', 'UZ');
});
afterAll(() => nodes.close());

/** Anyone at all at a node, as http/ calls for those without an account. */
const anyone = async (node: string, key?: string) =>
  nodes.node(node).requestContext({ subject: 'anyone', name: '', member: node as never }, 'test', key);
const wrong = { about: 'KZ' as never, version: 1, measure: 'vat', text: 'The rate rose in January.' };
const report = async (node = 'UZ', key?: string) => call(reportCorrection, wrong, { context: await anyone(node, key) });
const read = async (node: string, correction: string) =>
  call(getCorrection, { correction }, { context: await anyone(node) });
const list = async (as: string, query: object = {}) => call(listCorrections, query, { context: await nodes.as(as) });
const answer = async (correction: string, said: object, as = 'KZ/ministry') =>
  call(
    answerCorrection,
    { correction, outcome: 'kept', text: 'It is as the law says.', ...said },
    { context: await nodes.as(as) },
  );

test('anyone says so at any node; the focal point of the member concerned has it on a clock', async () => {
  const { correction, due, repeated } = await report('UZ', 'once');
  expect(repeated).toBe(false);
  expect(await report('UZ', 'once')).toMatchObject({ correction, due, repeated: true });
  expect(await read('UZ', correction)).toMatchObject({ ...wrong, reported: 'UZ', state: 'open', answers: [], due });
  expect(Date.parse(due) - Date.parse((await read('UZ', correction)).at)).toBe(30 * 86_400_000);
  expect((await list('KZ/ministry')).items).toEqual([]);
  await nodes.deliver();
  expect((await list('KZ/ministry')).items).toMatchObject([{ correction, text: wrong.text, state: 'open' }]);
  for (const [as, code] of [
    ['KZ/customs', 'mandate-missing'],
    ['KZ/exporter', 'not-an-authority'],
  ] as const)
    expect(await refusalOf(list(as))).toMatchObject({ status: 403, code });
  // Others learn nothing of it, not even by its id.
  expect(await refusalOf(read('CN', correction))).toMatchObject({ status: 404, code: 'correction-unknown' });
  expect((await list('UZ/ministry')).items).toEqual([]);
});

test('only the member concerned answers, and a change names the published version that makes it', async () => {
  const { correction } = await report();
  await nodes.deliver();
  expect(await nodes.refusal('UZ', () => answer(correction, {}, 'UZ/ministry'))).toMatchObject({
    status: 403,
    code: 'correction-foreign',
  });
  expect(await nodes.refusal('KZ', () => answer(correction, {}, 'KZ/customs'))).toMatchObject({
    code: 'mandate-missing',
  });
  for (const said of [{ outcome: 'changed' }, { outcome: 'changed', version: 9 }])
    expect(found(await nodes.refusal('KZ', () => answer(correction, said)))).toEqual(['/version version-unpublished']);
  expect(found(await nodes.refusal('KZ', () => answer(correction, { version: 1 })))).toEqual([
    '/version version-needless',
  ]);
  const tables: FileReference[] = [];
  for (const [name, text] of files({ member: 'KZ', currency: 'KZT' }))
    tables.push(
      await putAttachment(
        await nodes.as('KZ/ministry'),
        { name, mediaType: 'text/csv' },
        (async function* () {
          yield Buffer.from(text);
        })(),
      ),
    );
  await call(publishPack, { tables, reason: 'VAT rose.' }, { context: await nodes.as('KZ/ministry') });
  await answer(correction, { outcome: 'changed', version: 1, text: 'Version 1 has the new rate.' });
  await nodes.deliver();
  for (const node of ['KZ', 'UZ'])
    expect(await read(node, correction)).toMatchObject({
      state: 'changed',
      answers: [{ authority: 'kz.ministry', outcome: 'changed', version: 1, text: 'Version 1 has the new rate.' }],
    });
  expect((await list('KZ/ministry', { answered: 'yes' })).items).toMatchObject([{ correction, state: 'changed' }]);
});

test('what another member says to it in its own log is no answer', async () => {
  const { correction } = await report();
  const { context } = nodes.node('UZ');
  const [held] = await context.sql<{ commitment: string }[]>`
    SELECT commitment FROM trade.record WHERE kind = 'correction' AND subject = ${`UZ/${correction}`}`;
  const body = { correction, reported: 'UZ', outcome: 'kept', text: 'Says who is not asked.' };
  const to = [{ member: 'KZ' as const, authorities: ['kz.ministry'] }, { member: 'UZ' as const }];
  const after = [held?.commitment ?? ''];
  const draft = { type: 'correction-answer', authority: 'uz.ministry', to: to as never, after, body };
  const sealing = { ...context, now: nodes.now };
  await context.ledger.append([sealDraft(draft, sealing, new Map([[after[0] ?? '', to as never]]))], {
    account: 'a test',
  });
  await nodes.deliver();
  for (const node of ['UZ', 'KZ']) expect(await read(node, correction)).toMatchObject({ state: 'open', answers: [] });
  await answer(correction, {});
});

test('what is not answered in thirty days is overdue, and an answer ends that', async () => {
  const { correction } = await report('KZ');
  expect((await read('KZ', correction)).state).toBe('open');
  nodes.advance(30 * 86_400_000 + 1000);
  expect((await read('KZ', correction)).state).toBe('overdue');
  const pages: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await list('KZ/ministry', { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
    pages.push(...page.items.map((one) => one.correction));
    cursor = page.next;
  }
  // The oldest first.
  expect([pages.length, pages.at(-1)]).toEqual([2, correction]);
  await answer(correction, {});
  expect(await read('KZ', correction)).toMatchObject({ state: 'kept', answers: [{ outcome: 'kept', version: null }] });
  await answer(correction, { text: 'Once more: article 3.' });
  expect((await read('KZ', correction)).answers.map(({ text }) => text)).toEqual([
    'It is as the law says.',
    'Once more: article 3.',
  ]);
});

test('a node takes so many an hour and says when to come again', async () => {
  for (let n = 0; n < MOST_AN_HOUR; n++) await report('CN');
  expect(await nodes.refusal('CN', () => report('CN'))).toMatchObject({ status: 429, code: 'too-many-corrections' });
  nodes.advance(3_600_000);
  await report('CN');
});

test('a member that is none is told so', async () => {
  const said = call(reportCorrection, { ...wrong, about: 'DE' as never }, { context: await anyone('UZ') });
  expect(await refusalOf(said)).toMatchObject({ status: 422, code: 'member-unknown' });
});
