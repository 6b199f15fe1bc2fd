import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, found, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { tradeRouter } from './handlers.ts';
import type { AnswerBody, DecisionBody } from './record.ts';
import { findRecord } from './store.ts';

const { fileDossier, amendDossier, withdrawDossier, getDossier, decide, answer, appeal, decideAppeal } = tradeRouter;
const { declareRequirement, declaredRequirements } = tradeRouter;

let nodes: HandlerNodes;
let dossier: string;
beforeAll(async () => {
  nodes = await HandlerNodes.open('CN', 'KZ', 'UZ');
});
afterAll(() => nodes.close());
beforeEach(async () => {
  const input = filing();
  dossier = (await call(fileDossier, input as never, { context: await nodes.as('UZ/exporter') })).dossier;
  await nodes.deliver();
});

type Said = Partial<Omit<DecisionBody, 'manifest'>> & { version?: number };
const APPEAL = { to: 'kz.customs', text: 'In writing.' };

/** A decision as the customs of a post's member say it; it is not delivered yet. */
const says = async (post: string, decision: DecisionBody['decision'], said: Said = {}, name?: string, key?: string) =>
  call(
    decide,
    {
      dossier,
      version: 1,
      post,
      decision,
      reason: { code: decision === 'release' ? 'in-order' : 'goods-differ' },
      ...said,
    },
    { context: await nodes.as(name ?? `${post.slice(0, 2).toUpperCase()}/customs`, key) },
  );
const at = async (name: string, post: string) => {
  const { timeline } = await call(getDossier, { dossier }, { context: await nodes.as(name) });
  const entry = timeline.find((one) => one.post === post);
  if (entry === undefined) throw new Error(`no ${post}`);
  return entry;
};
const reply = async (decision: string, name = 'UZ/exporter', files: AnswerBody['files'] = []) =>
  call(answer, { dossier, decision, text: 'It was weighed again.', files }, { context: await nodes.as(name) });
const contest = async (decision: string, name = 'UZ/exporter') =>
  call(appeal, { dossier, decision, grounds: 'The scale was wrong.' }, { context: await nodes.as(name) });
const rules = async (commitment: string, outcome: 'upheld' | 'dismissed', name = 'KZ/customs') =>
  call(decideAppeal, { dossier, appeal: commitment, outcome, reason: 'Heard.' }, { context: await nodes.as(name) });

describe('who decides', () => {
  test('the authority of the post, and everyone on the route sees it', async () => {
    await says('kz-nur-zholy', 'release');
    await nodes.deliver();
    for (const name of ['UZ/exporter', 'UZ/customs', 'CN/customs', 'KZ/customs'])
      expect(await at(name, 'kz-nur-zholy')).toMatchObject({ state: 'released', decisions: [{ standing: true }] });
  });

  test('nobody else: an operator, an authority without the mandate, a foreign officer', async () => {
    const act = (name: string) => () => says('kz-nur-zholy', 'release', {}, name);
    expect(await nodes.refusal('KZ', act('KZ/exporter'))).toMatchObject({ status: 403, code: 'not-an-authority' });
    expect(await nodes.refusal('KZ', act('KZ/plant-health'))).toMatchObject({ status: 403, code: 'mandate-missing' });
    expect(await nodes.refusal('UZ', act('UZ/customs'))).toMatchObject({ status: 403, code: 'post-foreign' });
    expect(await nodes.refusal('KZ', () => says('kz-nowhere', 'release'))).toMatchObject({
      status: 422,
      code: 'post-unknown',
    });
  });

  test('only what it may see', async () => {
    const input = filing({ from: 'UZ', to: 'UZ', posts: [] });
    const { dossier: inland } = await call(fileDossier, input as never, { context: await nodes.as('UZ/exporter') });
    await nodes.deliver();
    expect(await nodes.refusal('KZ', () => says('kz-nur-zholy', 'release', { dossier: inland }))).toMatchObject({
      status: 404,
      code: 'dossier-unknown',
    });
  });
});

describe('what a decision brings along', () => {
  test('each kind what it needs, all findings at once', async () => {
    const wrong = async (decision: DecisionBody['decision'], said: Said) =>
      found(await nodes.refusal('KZ', () => says('kz-nur-zholy', decision, said)));
    const inOrder = { reason: { code: 'in-order' as const } };
    expect(await wrong('query', inOrder)).toEqual(['/question question-missing', '/reason/code reason-missing']);
    expect(await wrong('hold', inOrder)).toEqual(['/reason/code reason-missing', '/appeal appeal-missing']);
    expect(await wrong('refuse', {})).toEqual(['/appeal appeal-missing']);
    expect(await wrong('inspect', inOrder)).toEqual(['/reason/code reason-missing']);
    expect(await wrong('refuse', { appeal: { ...APPEAL, to: 'uz.customs' } })).toEqual([
      '/appeal/to appeal-authority-wrong',
    ]);
    expect(await wrong('hold', { appeal: { ...APPEAL, to: 'kz.chamber' } })).toEqual([
      '/appeal/to appeal-authority-wrong',
    ]);
    expect(await wrong('release', { movement: '01900000-0000-7000-8000-000000000000' })).toEqual([
      '/movement consignment-not-aboard',
    ]);
  });

  test('a post that the route does not pass', async () => {
    const refused = await nodes.refusal('KZ', () => says('kz-dostyk', 'release'));
    expect(found(refused)).toEqual(['/post post-not-on-route']);
  });

  test('the version in force, no other', async () => {
    expect(await nodes.refusal('KZ', () => says('kz-nur-zholy', 'release', { version: 2 }))).toMatchObject({
      status: 409,
      code: 'version-conflict',
    });
    await says('kz-nur-zholy', 'release');
    await call(amendDossier, { dossier, baseVersion: 1, reason: 'More.', sections: { driver: null } } as never, {
      context: await nodes.as('UZ/exporter'),
    });
    await nodes.deliver();
    // A decision on an older version never carries over.
    expect(await at('KZ/customs', 'kz-nur-zholy')).toMatchObject({
      state: 'expected',
      decisions: [{ standing: false }],
    });
    expect(await nodes.refusal('KZ', () => says('kz-nur-zholy', 'release'))).toMatchObject({
      code: 'version-conflict',
    });
    await says('kz-nur-zholy', 'release', { version: 2 });
    expect((await at('KZ/customs', 'kz-nur-zholy')).state).toBe('released');
  });

  test('nothing on a withdrawn dossier', async () => {
    await call(withdrawDossier, { dossier, reason: 'Sold.' }, { context: await nodes.as('UZ/exporter') });
    await nodes.deliver();
    expect(await nodes.refusal('KZ', () => says('kz-nur-zholy', 'release'))).toMatchObject({
      status: 409,
      code: 'dossier-withdrawn',
    });
  });
});

describe('requirements', () => {
  const asks = {
    requirement: 'cn.apricots',
    direction: 'import' as const,
    goods: '0813',
    certificates: ['phytosanitary' as const],
    documents: ['852'],
    source: {
      title: 'Demonstration',
      address: 'https://example.org',
      read: '2026-01-01',
      confidence: 'demonstration' as const,
    },
    validFrom: '2026-01-01',
  };

  test('what is asked for and missing keeps the post from releasing', async () => {
    const declare = async (name: string, change = {}) =>
      call(declareRequirement, { ...asks, ...change }, { context: await nodes.as(name) });
    expect(await nodes.refusal('CN', () => declare('CN/chamber'))).toMatchObject({ code: 'mandate-missing' });
    expect(found(await nodes.refusal('CN', () => declare('CN/customs', { validTo: '2025-01-01' })))).toEqual([
      '/validTo dates-out-of-order',
    ]);
    await declare('CN/customs');
    const refused = await nodes.refusal('CN', () => says('cn-khorgos', 'release'));
    expect(refused).toMatchObject({ status: 409, code: 'requirement-unmet' });
    expect(refused.findings.map(({ code, params }) => [code, params?.['what']])).toEqual([
      ['certificate-missing', 'phytosanitary'],
      ['document-missing', '852'],
    ]);
    await says('cn-khorgos', 'hold', { reason: { code: 'document-missing' }, appeal: { ...APPEAL, to: 'cn.customs' } });
    await nodes.deliver();
    expect(await at('UZ/exporter', 'cn-khorgos')).toMatchObject({
      state: 'held',
      awaited: { what: 'amendment', from: { kind: 'operator', id: 'uz.exporter' } },
      missing: [{ what: 'phytosanitary' }, { what: '852' }],
    });
    // A transit post asks for nothing here.
    await says('kz-nur-zholy', 'release');

    const listed = async (goods?: string) =>
      (await call(declaredRequirements, { ...(goods && { goods }) }, { context: await nodes.as('KZ/exporter') })).items;
    expect(await listed('081310')).toMatchObject([
      { requirement: 'cn.apricots', member: 'CN', authority: 'cn.customs' },
    ]);
    expect(await listed('760110')).toEqual([]);
    await declare('CN/customs', { validTo: '2026-01-02' });
    await says('cn-khorgos', 'release');
  });
});

describe('query and answer', () => {
  test('the operator answers, then the authority decides on that', async () => {
    const query = await says('kz-nur-zholy', 'query', { question: 'Why 1100 kg?' });
    await nodes.deliver();
    expect(await at('UZ/exporter', 'kz-nur-zholy')).toMatchObject({
      state: 'queried',
      awaited: { what: 'answer', from: { kind: 'operator', id: 'uz.exporter' } },
    });
    const answered = await reply(query.record.commitment);
    await nodes.deliver();
    expect(await at('CN/customs', 'kz-nur-zholy')).toMatchObject({
      state: 'answered',
      awaited: { what: 'decision', from: { kind: 'authority', id: 'kz.customs' } },
      decisions: [{ answer: { text: 'It was weighed again.' } }],
    });
    const release = await says('kz-nur-zholy', 'release', { reason: { code: 'answer-accepted' } });
    const stored = await findRecord(nodes.node('KZ').context.sql, release.record.commitment);
    expect(stored?.envelope.after.slice(1)).toEqual([query.record.commitment, answered.record.commitment]);
    await nodes.deliver();
    const end = await at('UZ/exporter', 'kz-nur-zholy');
    expect(end).toMatchObject({ state: 'released', awaited: { what: 'arrival' } });
    expect(end.decisions.map(({ standing }) => standing)).toEqual([false, true]);
  });

  test('refusals', async () => {
    const query = await says('kz-nur-zholy', 'query', { question: 'Why 1100 kg?' });
    const { commitment } = query.record;
    expect(await nodes.refusal('UZ', () => reply(commitment))).toMatchObject({ status: 422, code: 'decision-unknown' });
    await nodes.deliver();
    expect(await nodes.refusal('UZ', () => reply(commitment, 'UZ/customs'))).toMatchObject({ code: 'not-an-operator' });
    expect(await nodes.refusal('UZ', () => reply(commitment, 'UZ/importer'))).toMatchObject({
      status: 404,
      code: 'dossier-unknown',
    });
    // The filer's own member alone: an answer from elsewhere would be nobody's.
    expect(await nodes.refusal('KZ', () => reply(commitment, 'KZ/exporter'))).toMatchObject({
      code: 'dossier-unknown',
    });
    const file = {
      name: 'a.pdf',
      mediaType: 'application/pdf' as const,
      size: 3,
      hash: 'b'.repeat(64),
      salt: `${'A'.repeat(22)}==`,
    };
    expect(found(await nodes.refusal('UZ', () => reply(commitment, 'UZ/exporter', [file])))).toEqual([
      '/files/0 file-not-uploaded',
    ]);
    const hold = await says('kz-konysbayeva', 'hold', { appeal: APPEAL });
    await nodes.deliver();
    expect(await nodes.refusal('UZ', () => reply(hold.record.commitment))).toMatchObject({
      status: 409,
      code: 'not-a-query',
    });
    await says('kz-nur-zholy', 'release');
    await nodes.deliver();
    expect(await nodes.refusal('UZ', () => reply(commitment))).toMatchObject({ status: 409, code: 'not-a-query' });
  });
});

describe('appeal', () => {
  test('upheld, it annuls the refusal; dismissed, the refusal stands', async () => {
    for (const outcome of ['upheld', 'dismissed'] as const) {
      const post = outcome === 'upheld' ? 'kz-nur-zholy' : 'kz-konysbayeva';
      const refusal = await says(post, 'refuse', { appeal: APPEAL });
      await nodes.deliver();
      const filed = await contest(refusal.record.commitment);
      await nodes.deliver();
      expect(await at('CN/customs', post)).toMatchObject({ state: 'refused', awaited: { what: 'appeal-outcome' } });
      await rules(filed.record.commitment, outcome);
      await nodes.deliver();
      const after = await at('UZ/exporter', post);
      if (outcome === 'upheld') {
        expect(after).toMatchObject({ state: 'expected', awaited: { what: 'decision', from: { id: 'kz.customs' } } });
        await says(post, 'release', { reason: { code: 'appeal-upheld' } });
        expect((await at('KZ/customs', post)).state).toBe('released');
      } else expect(after).toMatchObject({ state: 'refused', awaited: null });
    }
  });

  test('refusals', async () => {
    const inspection = await says('kz-konysbayeva', 'inspect');
    const refusal = await says('kz-nur-zholy', 'refuse', { appeal: APPEAL });
    await nodes.deliver();
    const { commitment } = refusal.record;
    expect(await nodes.refusal('UZ', () => contest(inspection.record.commitment))).toMatchObject({
      status: 409,
      code: 'not-appealable',
    });
    expect(await nodes.refusal('UZ', () => contest(commitment, 'UZ/importer'))).toMatchObject({
      code: 'dossier-unknown',
    });
    const filed = await contest(commitment);
    expect(await nodes.refusal('UZ', () => contest(commitment))).toMatchObject({
      status: 409,
      code: 'already-appealed',
    });
    expect(await nodes.refusal('KZ', () => rules(filed.record.commitment, 'upheld'))).toMatchObject({
      status: 422,
      code: 'appeal-unknown',
    });
    await nodes.deliver();
    const appealed = filed.record.commitment;
    expect(await nodes.refusal('KZ', () => rules(appealed, 'upheld', 'KZ/chamber'))).toMatchObject({
      code: 'mandate-missing',
    });
    expect(await nodes.refusal('CN', () => rules(appealed, 'upheld', 'CN/customs'))).toMatchObject({
      status: 403,
      code: 'appeal-foreign',
    });
    await rules(appealed, 'dismissed');
    expect(await nodes.refusal('KZ', () => rules(appealed, 'upheld'))).toMatchObject({
      status: 409,
      code: 'appeal-decided',
    });
  });
});

test('a repeated decision is answered as before, even when another has followed', async () => {
  const first = await says('kz-nur-zholy', 'inspect', {}, undefined, 'decision-1');
  await says('kz-nur-zholy', 'release', { reason: { code: 'inspection-passed' } });
  const before = await nodes.footprint('KZ');
  expect(await says('kz-nur-zholy', 'inspect', {}, undefined, 'decision-1')).toEqual({ ...first, repeated: true });
  expect(await nodes.footprint('KZ')).toEqual(before);
});

test('of two decisions at the same moment one stands: an authority does not contradict itself', async () => {
  await nodes.warm('KZ');
  const outcomes = await Promise.allSettled([
    says('kz-nur-zholy', 'release'),
    says('kz-nur-zholy', 'inspect'),
    says('kz-konysbayeva', 'release'),
  ]);
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
  expect(refused).toEqual(['already-filed']);
  expect(['released', 'inspecting']).toContain((await at('KZ/customs', 'kz-nur-zholy')).state);
});

test('two officers of different members decide at once and neither waits for the other', async () => {
  await Promise.all([says('kz-nur-zholy', 'release'), says('cn-khorgos', 'release')]);
  await nodes.deliver();
  const states = async (name: string) => {
    const { timeline, digests } = await call(getDossier, { dossier }, { context: await nodes.as(name) });
    return { states: timeline.map(({ state }) => state), digest: digests.common };
  };
  const seen = await Promise.all(['UZ/exporter', 'KZ/customs', 'CN/customs'].map(states));
  expect(seen[0]?.states).toEqual(['expected', 'expected', 'released', 'released']);
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
});

test('an answer in time is not lost to a repeat of the query', async () => {
  const query = await says('kz-nur-zholy', 'query', { question: 'One?' });
  await nodes.deliver();
  const again = await says('kz-nur-zholy', 'query', { question: 'Two?' });
  await reply(query.record.commitment);
  await nodes.deliver();
  // Said without knowledge of each other: the second query stands and is still to be answered.
  expect(await at('CN/customs', 'kz-nur-zholy')).toMatchObject({ state: 'queried' });
  await reply(again.record.commitment);
  await nodes.deliver();
  expect(await at('CN/customs', 'kz-nur-zholy')).toMatchObject({ state: 'answered' });
  expect(await refusalOf(reply(query.record.commitment))).toMatchObject({ code: 'not-a-query' });
});
