import { z } from 'zod';
import { Country, Identifier } from '../../values/schema.ts';
import { type Answer, type ChargeLine, type GroupState, LEFT_OUT, NOT_ASSESSED, type Stage } from './answer.ts';
import type { Atom } from './condition.ts';
import { type Decimal, decimalText } from './decimal.ts';
import { type Citation, DIRECTIONS, DUTIES, MEASURE_TYPES, type Measure } from './measure.ts';
import type { Question } from './question.ts';

/** An answer as the API, the command line and the pages give it: amounts as decimal text, `null` where something is not known. */

const Amount = z.string().nullable();
/** YYYY-MM-DD. */
const Day = z.string().meta({ format: 'date' });
const Wording = z.object({ en: z.string(), ru: z.string() });
const CitationView = z.object({
  title: z.string(),
  publisher: z.string(),
  address: z.string(),
  edition: z.string().nullable(),
  place: z.string(),
  read: Day,
  confidence: z.enum(['official', 'copy', 'secondary', 'demonstration']),
});
const MeasureView = z.object({
  measure: z.string(),
  type: z.enum(MEASURE_TYPES),
  series: z.string(),
  rate: z.string().nullable(),
  from: Day,
  to: Day.nullable(),
  wording: Wording,
  citation: CitationView.nullable(),
});
export type MeasureView = z.infer<typeof MeasureView>;

const State = z.enum(['yes', 'no', 'unknown']);
/** One thing that a condition hangs on. */
const AtomView = z.object({
  kind: z.string(),
  /** Id of a paper or question, or what is registered, treated, compared. */
  what: z.string(),
  not: z.boolean(),
  state: State,
  /** Of papers and of questions that the pack words. */
  wording: Wording.nullable(),
});
const GroupView = z.object({ state: State, all: z.array(AtomView) });
const LineView = z.object({
  measure: MeasureView,
  item: z.int().nullable(),
  base: Amount,
  amount: Amount,
  lacks: z.object({ kind: z.enum(['rate', 'base', 'unit', 'currency']), what: z.string() }).nullable(),
});
export type LineView = z.infer<typeof LineView>;
const OptionView = z.object({
  kind: z.enum(DUTIES),
  measure: MeasureView.nullable(),
  state: z.enum(['available', 'open', 'closed', 'unknown']),
  groups: z.array(GroupView),
  quota: z.object({ state: z.string(), left: z.string() }).nullable(),
  lines: z.array(LineView),
  total: Amount,
});
export const ControlView = z.object({
  measure: MeasureView,
  items: z.array(z.int()),
  state: z.enum(['met', 'open', 'prohibited', 'may-apply', 'unknown']),
  groups: z.array(GroupView),
});
const PaperView = z.object({
  document: z.string(),
  code: z.string().nullable(),
  issuer: z.string().nullable(),
  where: z.string().nullable(),
  takes: z.string().nullable(),
  valid: z.string().nullable(),
  form: z.enum(['paper', 'electronic', 'either']).nullable(),
  needs: z.array(z.string()),
  held: z.boolean(),
  always: z.boolean(),
  wording: Wording,
  citation: CitationView,
});
const StepView = z.object({
  kind: z.enum(['document', 'act']),
  id: z.string(),
  at: z.enum(['exit', 'entry']).nullable(),
  authority: z.string().nullable(),
  where: z.string().nullable(),
  wording: Wording,
  citation: CitationView,
});
const FindingView = z.object({
  code: z.string(),
  member: Country,
  item: z.int().nullable(),
  measure: z.string().nullable(),
  params: z.record(z.string(), z.string()),
});
/** `compiled` from public sources, not confirmed by any member; or `confirmed` by the member's authority. Null: there is none. */
export const PackStanding = z
  .object({ version: z.int(), published: Day, state: z.enum(['compiled', 'confirmed']) })
  .nullable();
const StageView = z.object({
  member: Country,
  direction: z.enum(DIRECTIONS),
  posts: z.array(z.object({ post: Identifier, at: z.enum(['exit', 'entry']) })),
  pack: PackStanding,
  value: z
    .object({
      lines: z.array(z.object({ what: z.string(), amount: Amount })),
      total: z.string(),
      complete: z.boolean(),
    })
    .nullable(),
  items: z.array(z.object({ number: z.int(), code: z.string(), options: z.array(OptionView) })),
  fees: z.array(LineView),
  controls: z.array(ControlView),
  documents: z.array(PaperView),
  steps: z.array(StepView),
  /** What only the asker knows and this member asks, with what was answered. */
  claims: z.array(z.object({ claim: z.string(), wording: Wording, answer: z.boolean().nullable() })),
  findings: z.array(FindingView),
  ordinary: Amount,
  best: Amount,
});
export type StageView = z.infer<typeof StageView>;

export const RequirementsView = z.object({
  on: Day,
  from: Country,
  to: Country,
  currency: z.string(),
  items: z.array(z.object({ number: z.int(), hs: z.string(), origin: Country, mass: Amount, value: Amount })),
  stages: z.array(StageView),
  price: Amount,
  landed: z.object({ ordinary: Amount, best: Amount }),
  findings: z.array(FindingView),
  /** What a landed cost leaves out. */
  leftOut: z.array(z.string()),
  notAssessed: z.array(z.string()),
});
export type RequirementsView = z.infer<typeof RequirementsView>;

const amount = (value: Decimal | undefined): string | null => (value === undefined ? null : decimalText(value));

function citationView({ source, place, read, confidence }: Citation): z.infer<typeof CitationView> {
  const { title, publisher, address, edition } = source;
  return { title, publisher, address, edition: edition ?? null, place, read, confidence };
}

function measureView({ measure, type, series, rateText, from, to, wording, citation }: Measure): MeasureView {
  return {
    ...{ measure, type, series, rate: rateText === '' ? null : rateText, from, to: to ?? null },
    ...{ wording, citation: citation === undefined ? null : citationView(citation) },
  };
}

function lineView({ measure, item, base, amount: charged }: ChargeLine): LineView {
  const lacking = 'lacks' in charged ? { kind: charged.lacks, what: charged.what } : null;
  return {
    measure: measureView(measure),
    item: item ?? null,
    base: amount(base),
    amount: 'lacks' in charged ? null : decimalText(charged),
    lacks: lacking,
  };
}

/** What an atom is about, as text. */
function whatOf(atom: Atom): string {
  switch (atom.kind) {
    case 'document':
    case 'claim':
      return atom.id;
    case 'registered':
    case 'treated':
      return atom.what;
    case 'origin':
      return atom.criterion;
    case 'value-added':
      return `${decimalText(atom.atLeast)}%`;
    case 'mass':
      return `${atom.compare} ${decimalText(atom.limit)} kg`;
    case 'value':
      return `${atom.compare} ${decimalText(atom.limit)} ${atom.currency}`;
    case 'trader':
    case 'channel':
    case 'regime':
    case 'mode':
    case 'post':
      return atom.is;
    default:
      return '';
  }
}

function groupViews(groups: readonly GroupState[], stage: Stage): z.infer<typeof GroupView>[] {
  const pack = stage.schedule?.pack;
  return groups.map(({ state, atoms }) => ({
    state,
    all: atoms.map(({ atom, state: own }) => ({
      kind: atom.kind,
      what: whatOf(atom),
      not: 'not' in atom && atom.not,
      state: own,
      wording:
        (atom.kind === 'document'
          ? pack?.documents.get(atom.id)
          : atom.kind === 'claim'
            ? pack?.claims.get(atom.id)
            : undefined
        )?.wording ?? null,
    })),
  }));
}

/** Questions of a member that something in its part of the answer hangs on. */
function claimsOf(stage: Stage, question: Question): StageView['claims'] {
  const pack = stage.schedule?.pack;
  const asked = new Set<string>();
  const look = (groups: readonly (readonly Atom[])[]): void => {
    for (const atoms of groups) for (const atom of atoms) if (atom.kind === 'claim') asked.add(atom.id);
  };
  for (const { measure } of stage.controls) for (const groups of [measure.when, measure.requires]) look(groups);
  for (const { measure } of stage.fees) look(measure.when);
  for (const { options } of stage.items)
    for (const { measure, lines } of options) {
      if (measure !== undefined) for (const groups of [measure.when, measure.requires]) look(groups);
      for (const line of lines) look(line.measure.when);
    }
  const undecided = new Set(
    stage.findings.flatMap(({ code, measure }) => (code === 'fact-needed' && measure ? [measure] : [])),
  );
  if (undecided.size > 0) for (const { measure, when } of pack?.measures ?? []) if (undecided.has(measure)) look(when);
  return [...asked].sort().flatMap((claim) => {
    const known = pack?.claims.get(claim);
    return known === undefined
      ? []
      : [{ claim, wording: known.wording, answer: question.claims?.[`${stage.member}/${claim}`] ?? null }];
  });
}

function findingView({ code, member, item, measure, params }: Answer['findings'][number]): z.infer<typeof FindingView> {
  return { code, member, item: item ?? null, measure: measure ?? null, params };
}

function stageView(stage: Stage, question: Question): StageView {
  const { member, direction, posts, schedule, value, items, fees, controls, documents, steps, findings } = stage;
  return {
    member,
    direction,
    posts: [...posts],
    pack:
      schedule === undefined
        ? null
        : { version: schedule.pack.version, published: schedule.pack.published, state: schedule.state },
    value:
      value === undefined
        ? null
        : {
            lines: value.lines.map((line) => ({ what: line.what, amount: amount(line.amount) })),
            total: decimalText(value.total),
            complete: value.complete,
          },
    items: items.map(({ number, code, options }) => ({
      number,
      code,
      options: options.map(({ kind, measure, state, groups, quota, lines, total }) => ({
        kind,
        measure: measure === undefined ? null : measureView(measure),
        state,
        groups: groupViews(groups, stage),
        quota: quota === undefined ? null : { state: quota.state, left: decimalText(quota.left) },
        lines: lines.map(lineView),
        total: amount(total),
      })),
    })),
    fees: fees.map(lineView),
    controls: controls.map(({ measure, items: numbers, state, groups }) => ({
      measure: measureView(measure),
      items: [...numbers],
      state,
      groups: groupViews(groups, stage),
    })),
    documents: documents.map(({ kind, held, always }) => ({
      document: kind.document,
      code: kind.code ?? null,
      issuer: kind.issuer ?? null,
      where: kind.where ?? null,
      takes: kind.takes ?? null,
      valid: kind.valid ?? null,
      form: kind.form ?? null,
      needs: [...kind.needs],
      held,
      always,
      wording: kind.wording,
      citation: citationView(kind.citation),
    })),
    steps: steps.map((step) =>
      'act' in step
        ? {
            kind: 'act',
            id: step.act.step,
            at: step.act.at,
            authority: step.act.authority ?? null,
            where: step.act.where ?? null,
            wording: step.act.wording,
            citation: citationView(step.act.citation),
          }
        : {
            kind: 'document',
            id: step.document.document,
            at: null,
            authority: step.document.issuer ?? null,
            where: step.document.where ?? null,
            wording: step.document.wording,
            citation: citationView(step.document.citation),
          },
    ),
    claims: claimsOf(stage, question),
    findings: findings.map(findingView),
    ordinary: amount(stage.ordinary),
    best: amount(stage.best),
  };
}

/** @example requirementsView(ask(question, schedules, members), question).landed.ordinary // '44000' or null */
export function requirementsView(answer: Answer, question: Question): RequirementsView {
  const { on, from, to, currency } = question;
  return {
    ...{ on, from, to, currency },
    items: question.items.map(({ number, hs, origin, mass, value }) => ({
      number,
      hs,
      origin,
      mass: mass ?? null,
      value: value ?? null,
    })),
    stages: answer.stages.map((stage) => stageView(stage, question)),
    price: amount(answer.price),
    landed: { ordinary: amount(answer.landed.ordinary), best: amount(answer.landed.best) },
    findings: answer.findings.map(findingView),
    leftOut: [...LEFT_OUT],
    notAssessed: [...NOT_ASSESSED],
  };
}
