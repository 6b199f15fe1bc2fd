import { implement } from '@orpc/server';
import { requireOperator } from '../members/mandate.ts';
import { readerOf } from './acting.ts';
import { tradeContract } from './contract.ts';
import { findingsOn } from './dossier-handlers.ts';
import { type Declared, declaredOf, questionOf, rulesOf } from './dossier-rules.ts';
import { requirementsView } from './measures/answer-view.ts';
import { ask } from './measures/engine.ts';
import type { RequirementBody } from './record.ts';
import { applies, directionAt, missingFor } from './requirement.ts';
import type { TradeContext } from './requirements-handlers.ts';
import type { DossierRules } from './rules-contract.ts';
import type { GoodsSection, SectionName } from './section.ts';
import { allRequirements, dossierUnknown, findDossier } from './store.ts';
import { mayRead, maySee, owns } from './view.ts';

/** Dossiers held against members' rules: before filing by the operator, at the desk by the officer. */

const os = implement(tradeContract).$context<TradeContext>();

const today = ({ clock }: TradeContext): string => clock().toISOString().slice(0, 10);

async function answered(context: TradeContext, declared: Declared, on: string) {
  const { registry, packs } = context;
  const question = questionOf(declared, (post) => registry.findPost(post)?.member, on);
  const members = new Set<string>(registry.members.map(({ code }) => code));
  return requirementsView(ask(question, await packs.inForce(on), members), question);
}

const check = os.checkDossier.handler(async ({ input, context }) => {
  const { caller, delegations, clock } = context;
  requireOperator(caller, { scope: 'file', onBehalfOf: input.onBehalfOf }, delegations, clock());
  const findings = await findingsOn(context, input);
  const declared = declaredOf(input.route, input.sections, []);
  const { stages } = rulesOf(await answered(context, declared, today(context)), declared, []);
  return { findings, rules: stages };
});

const asksOf = ({ certificates, documents, registrations, treatments }: RequirementBody) => [
  ...certificates.map((what) => ({ kind: 'certificate', what })),
  ...documents.map((what) => ({ kind: 'document', what })),
  ...registrations.map((what) => ({ kind: 'registration', what })),
  ...treatments.map((what) => ({ kind: 'treatment', what })),
];

const rules = os.dossierRules.handler(async ({ input, context }): Promise<DossierRules> => {
  const { sql, member, caller } = context;
  const reader = readerOf(context);
  const state = (await findDossier(sql, input.dossier))?.state;
  if (state === undefined || !maySee(reader, state) || state.current === null) throw dossierUnknown(input.dossier);
  const on = today(context);
  const whole = owns(reader, state);
  const sections: Partial<Record<SectionName, unknown>> = {};
  const closed: SectionName[] = [];
  for (const { name, audience, content } of state.sections)
    if (content !== null && (whole || mayRead(reader, audience))) sections[name] = content;
    else closed.push(name);
  const goods = sections.goods as GoodsSection | undefined;
  if (goods === undefined) return { on: on as DossierRules['on'], closed, stages: [], declared: [] };
  const certificates = state.certificates.filter(
    (one) => one.state === 'in-force' && one.validFrom.slice(0, 10) <= on && on <= one.validUntil.slice(0, 10),
  );
  const { route } = state.current;
  const declared = declaredOf(route, { ...sections, goods }, certificates);
  // An officer decides by the own member's rules; who filed sees the whole way.
  const shown = caller.authority === undefined ? undefined : [member];
  const asked = (await allRequirements(sql)).filter(
    (one) =>
      (shown === undefined || shown.includes(one.member)) &&
      applies(one.body, directionAt(one.member, route), goods, on),
  );
  return {
    ...rulesOf(await answered(context, declared, on), declared, closed, shown),
    declared: asked.map(({ body, member: of, authority }) => {
      const presented = {
        ...{ sanitary: declared.sanitary, documents: declared.documents, asOf: on },
        certificates: new Set(certificates.map(({ kind }) => kind as string)),
      };
      const missing = new Set(missingFor([body], presented).map(({ kind, what }) => `${kind} ${what}`));
      return {
        ...{ requirement: body.requirement, source: body.source.title, authority },
        member: of as DossierRules['declared'][number]['member'],
        asked: asksOf(body).map((one) => ({ ...one, missing: missing.has(`${one.kind} ${one.what}`) })),
      };
    }),
  };
});

export const rulesHandlers = { checkDossier: check, dossierRules: rules };
