import { implement } from '@orpc/server';
import { requireMandate } from '../members/mandate.ts';
import { Refusal } from '../values/refusal.ts';
import { accepted, append, newId, refuseFindings, sealOne } from './acting.ts';
import { tradeContract } from './contract.ts';
import { type CorrectionState, dueAt, standingOf } from './correction.ts';
import type { CorrectionView } from './correction-contract.ts';
import type { CorrectionAnswerBody, CorrectionBody } from './record.ts';
import type { TradeContext } from './requirements-handlers.ts';
import type { AudienceEntry } from './section.ts';
import { audiencesOf, countCorrections, findCorrection, listCorrections, publishedPacks } from './store.ts';

/** Corrections: said by anyone, brought to the member concerned, answered by the authority that publishes its rules. */

const os = implement(tradeContract).$context<TradeContext>();

const HOUR = 3_600_000;
/** Said without an account, so the node bounds how many it takes. */
export const MOST_AN_HOUR = 60;

function viewOf(state: CorrectionState, now: Date): CorrectionView {
  const { body, reported, at, answers } = state;
  const { correction, about, version, measure, question, text, source } = body;
  return {
    ...{ correction, about, reported: reported as CorrectionView['reported'], text, at },
    ...{ version: version ?? null, measure: measure ?? null, question: question ?? null, source: source ?? null },
    due: dueAt(state),
    state: standingOf(state, now.toISOString()),
    answers: answers.map((one) => ({
      ...{ authority: one.authority, at: one.at, outcome: one.outcome, text: one.text },
      version: one.version ?? null,
    })),
  };
}

/** Those who answer for a member's rules, all of its authorities where the registry names none; and the node that took it in. */
function concerned({ registry }: TradeContext, about: CorrectionBody['about'], reported: string): AudienceEntry[] {
  const { authorities } = registry.getMember(about);
  const ids = authorities.filter(({ mandates }) => mandates.includes('publish-rules')).map(({ id }) => id);
  return [
    ids.length === 0 ? { member: about } : { member: about, authorities: ids },
    ...(reported === about ? [] : [{ member: reported as AudienceEntry['member'] }]),
  ];
}

const report = os.reportCorrection.handler(async ({ input, context }) => {
  const { registry, sql, member, clock } = context;
  const { about } = input;
  if (registry.findMember(about) === undefined)
    throw new Refusal(422, 'member-unknown', `The registry lists no member ${about}.`, { params: { member: about } });
  const correction = newId(context, 'correction');
  const receipt = await append(context, 'report-correction', input, async () => {
    const now = clock();
    if ((await countCorrections(sql, member, new Date(now.getTime() - HOUR))) >= MOST_AN_HOUR)
      throw new Refusal(429, 'too-many-corrections', 'Many corrections were sent here within the hour.', {
        params: { retryAfter: 600 },
        remedy: 'Send it again later, or at another member’s node.',
      });
    const body: CorrectionBody = { correction, ...input };
    return {
      sealed: [sealOne(context, { type: 'correction', to: concerned(context, about, member), body }, new Map())],
    };
  });
  const said = await findCorrection(sql, correction);
  return { ...accepted(receipt), correction, due: dueAt({ at: said?.at ?? receipt.sequencedAt }) };
});

async function known({ sql }: TradeContext, correction: string): Promise<CorrectionState> {
  const found = await findCorrection(sql, correction);
  if (found !== undefined) return found;
  throw new Refusal(404, 'correction-unknown', 'There is no such correction at this node, or not yet.', {
    params: { correction },
  });
}

const get = os.getCorrection.handler(async ({ input, context }) =>
  viewOf(await known(context, input.correction), context.clock()),
);

const list = os.listCorrections.handler(async ({ input, context }) => {
  requireMandate(context.caller, context.registry, 'publish-rules');
  const { answered, ...query } = input;
  const { items, next } = await context.reading((sql) =>
    listCorrections(sql, context.member, { ...query, answered: answered === 'yes' }),
  );
  return { items: items.map((one) => viewOf(one, context.clock())), next };
});

const answer = os.answerCorrection.handler(async ({ input, context }) => {
  const authority = requireMandate(context.caller, context.registry, 'publish-rules');
  const { sql, member } = context;
  const receipt = await append(context, 'answer-correction', input, async () => {
    const state = await known(context, input.correction);
    if (state.body.about !== member)
      throw new Refusal(403, 'correction-foreign', `This is about the rules of ${state.body.about}.`, {
        params: { member: state.body.about },
      });
    const { outcome, version } = input;
    const versions = (await publishedPacks(sql, { member })).map(({ body }) => body.version);
    if (outcome === 'changed' && (version === undefined || !versions.includes(version)))
      refuseFindings([
        {
          path: '/version',
          code: 'version-unpublished',
          message: 'A change names the published version that makes it; publish the pack first.',
        },
      ]);
    if (outcome === 'kept' && version !== undefined)
      refuseFindings([{ path: '/version', code: 'version-needless', message: 'What is kept names no version.' }]);
    const body: CorrectionAnswerBody = { ...input, reported: state.reported as CorrectionAnswerBody['reported'] };
    const to = concerned(context, state.body.about, state.reported);
    const after = [state.commitment];
    const draft = { type: 'correction-answer', authority, to, after, body };
    return { sealed: [sealOne(context, draft, await audiencesOf(sql, after))] };
  });
  return accepted(receipt);
});

export const correctionHandlers = {
  reportCorrection: report,
  getCorrection: get,
  listCorrections: list,
  answerCorrection: answer,
};
