import { implement } from '@orpc/server';
import { canonicalBytes } from '../log/canonical.ts';
import type { Audience } from '../log/envelope.ts';
import type { RequestContext } from '../members/context.ts';
import { requireMandate, requirePost } from '../members/mandate.ts';
import { toHex } from '../values/bytes.ts';
import { type Finding, Refusal } from '../values/refusal.ts';
import { accepted, append, inForce, readerOf, refuseFindings, requireVersion, sealOne } from './acting.ts';
import { tradeContract } from './contract.ts';
import { checkFiles, ownDossier } from './dossier-handlers.ts';
import type { DecisionBody } from './record.ts';
import type { DecisionState, DossierState } from './state.ts';
import { allRequirements, audiencesOf, dossierUnknown, getDossierState, movementsOf } from './store.ts';
import { missingAt } from './timeline.ts';
import { maySee } from './view.ts';

const os = implement(tradeContract).$context<RequestContext>();

const audience = (state: DossierState): Audience => {
  const to = state.current?.to ?? [];
  return to === 'public' ? 'public' : [...to];
};

async function seenDossier(context: RequestContext, dossier: string): Promise<DossierState> {
  const state = await getDossierState(context.sql, dossier);
  if (maySee(readerOf(context), state)) return state;
  throw dossierUnknown(dossier);
}

/** What a decision must bring along, by its kind. */
function checkDecision(
  decision: Omit<DecisionBody, 'manifest' | 'dossier'>,
  state: DossierState,
  { registry, member }: Pick<RequestContext, 'registry' | 'member'>,
  aboard: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const { current } = state;
  if (current !== null && !current.route.posts.includes(decision.post)) {
    findings.push({ path: '/post', code: 'post-not-on-route', message: `The route does not pass ${decision.post}.` });
  }
  if (decision.decision === 'query' && decision.question === undefined) {
    findings.push({ path: '/question', code: 'question-missing', message: 'A query asks a question.' });
  }
  if (decision.decision !== 'release' && decision.reason.code === 'in-order') {
    findings.push({
      path: '/reason/code',
      code: 'reason-missing',
      message: `To ${decision.decision} needs a reason other than 'in-order'.`,
    });
  }
  if ((decision.decision === 'hold' || decision.decision === 'refuse') && decision.appeal === undefined) {
    findings.push({ path: '/appeal', code: 'appeal-missing', message: 'Say where this can be appealed.' });
  }
  if (decision.appeal !== undefined) {
    const authority = registry.findAuthority(decision.appeal.to);
    if (authority?.member !== member || !authority.mandates.includes('decide-appeals')) {
      findings.push({
        path: '/appeal/to',
        code: 'appeal-authority-wrong',
        message: `${decision.appeal.to} is no authority of this member that decides appeals.`,
        params: { authority: decision.appeal.to },
      });
    }
  }
  if (decision.movement !== undefined && !aboard.includes(decision.movement)) {
    findings.push({
      path: '/movement',
      code: 'consignment-not-aboard',
      message: 'No such movement carries the consignment.',
      params: { movement: decision.movement },
    });
  }
  return findings;
}

/** What the decision answers to: the decisions that stand at this post, with what was said to them. */
function causes(state: DossierState, post: string): string[] {
  const { current } = state;
  if (current === null) return [];
  const at = state.posts.find((one) => one.post === post);
  const standing = new Set(at?.standing ?? []);
  const here = state.decisions.filter((one: DecisionState) => one.post === post && one.manifest === current.commitment);
  const named = here.filter(
    (one) => standing.has(one.commitment) || one.appeals.some((appeal) => appeal.result === 'upheld'),
  );
  return [
    current.commitment,
    ...named.flatMap((one) => [
      one.commitment,
      ...one.answers.map(({ commitment }) => commitment),
      ...one.appeals.flatMap((appeal) => [appeal.commitment, ...appeal.outcomes.map(({ commitment }) => commitment)]),
    ]),
  ].slice(0, 100);
}

const decide = os.decide.handler(async ({ input, context }) => {
  const post = requirePost(context.caller, context.registry, input.post);
  const state = await seenDossier(context, input.dossier);
  const { version, ...decision } = input;
  const receipt = await append(context, 'decide', input, async () => {
    const current = inForce(state);
    requireVersion(current, version);
    const aboard = (await movementsOf(context.sql, input.dossier)).map(({ movement }) => movement);
    refuseFindings(checkDecision(decision, state, context, aboard));
    if (decision.decision === 'release') {
      const missing = missingAt(
        state,
        await allRequirements(context.sql),
        post.member,
        context.clock().toISOString().slice(0, 10),
      );
      if (missing.length > 0) {
        throw new Refusal(
          409,
          'requirement-unmet',
          `What is asked for here is missing: ${missing.map(({ what }) => what).join(', ')}.`,
          {
            findings: missing.map(({ requirement, kind, what }) => ({
              path: '/decision',
              code: `${kind}-missing`,
              message: `${requirement} asks for: ${what}.`,
              params: { requirement, what },
            })),
            remedy: 'Hold the consignment with the reason document-missing until the operator amends the dossier.',
          },
        );
      }
    }
    const after = causes(state, post.id);
    const draft = {
      type: 'decision',
      authority: post.authority,
      to: audience(state),
      after,
      body: { ...decision, manifest: current.commitment },
    };
    return {
      sealed: [sealOne(context, draft, await audiencesOf(context.sql, after))],
      // Of two decisions made at once on the same grounds one stands: the authority does not contradict itself.
      once: [`decision/${post.id}/${toHex(context.crypto.sha256(canonicalBytes(after)))}`],
    };
  });
  return accepted(receipt);
});

/** The decision that the operator replies to. */
function repliable(
  state: DossierState,
  commitment: string,
  kinds: readonly DecisionState['decision'][],
  code: string,
  message: string,
): DecisionState {
  const decision = state.decisions.find((one) => one.commitment === commitment);
  if (decision === undefined)
    throw new Refusal(422, 'decision-unknown', 'The dossier has no such decision here.', {
      params: { decision: commitment },
    });
  if (kinds.includes(decision.decision) && decision.standing) return decision;
  throw new Refusal(409, code, message, { params: { decision: decision.decision } });
}

const answer = os.answer.handler(async ({ input, context }) => {
  const { state, operator } = await ownDossier(context, input.dossier, 'answer');
  const receipt = await append(context, 'answer', input, async () => {
    inForce(state);
    const query = repliable(
      state,
      input.decision,
      ['query'],
      'not-a-query',
      'Only a query that stands can be answered.',
    );
    refuseFindings(await checkFiles(context, input.files, '/files'));
    const draft = { type: 'answer', to: audience(state), after: [query.commitment], body: { ...input, operator } };
    return { sealed: [sealOne(context, draft, await audiencesOf(context.sql, draft.after))] };
  });
  return accepted(receipt);
});

const appeal = os.appeal.handler(async ({ input, context }) => {
  const { state, operator } = await ownDossier(context, input.dossier, 'appeal');
  const receipt = await append(context, 'appeal', input, async () => {
    inForce(state);
    const decision = repliable(
      state,
      input.decision,
      ['hold', 'refuse'],
      'not-appealable',
      'Only a hold or refusal that stands can be appealed.',
    );
    if (decision.appeals.some(({ result }) => result === 'pending')) {
      throw new Refusal(409, 'already-appealed', 'An appeal against this decision is pending.');
    }
    const draft = { type: 'appeal', to: audience(state), after: [decision.commitment], body: { ...input, operator } };
    return {
      sealed: [sealOne(context, draft, await audiencesOf(context.sql, draft.after))],
      once: [`appeal/${decision.commitment}/${decision.appeals.length}`],
    };
  });
  return accepted(receipt);
});

const decideAppeal = os.decideAppeal.handler(async ({ input, context }) => {
  const authority = requireMandate(context.caller, context.registry, 'decide-appeals');
  const state = await seenDossier(context, input.dossier);
  const receipt = await append(context, 'decide-appeal', input, async () => {
    inForce(state);
    const decision = state.decisions.find((one) => one.appeals.some(({ commitment }) => commitment === input.appeal));
    const found = decision?.appeals.find(({ commitment }) => commitment === input.appeal);
    if (decision === undefined || found === undefined) {
      throw new Refusal(422, 'appeal-unknown', 'The dossier has no such appeal here.', {
        params: { appeal: input.appeal },
      });
    }
    const to = decision.appeal?.to ?? decision.authority;
    if (to !== authority)
      throw new Refusal(403, 'appeal-foreign', `The appeal goes to ${to}.`, { params: { authority: to } });
    if (found.result !== 'pending')
      throw new Refusal(409, 'appeal-decided', 'The appeal has been decided.', { params: { result: found.result } });
    const draft = {
      type: 'appeal-outcome',
      authority,
      to: audience(state),
      after: [found.commitment],
      body: { ...input },
    };
    return {
      sealed: [sealOne(context, draft, await audiencesOf(context.sql, draft.after))],
      once: [`appeal-outcome/${found.commitment}`],
    };
  });
  return accepted(receipt);
});

export const decisionHandlers = { decide, answer, appeal, decideAppeal };
