import { heads } from './causality.ts';
import { type Chain, foldChain } from './chain.ts';
import { foldErasures, withoutErased } from './erasure.ts';
import { isAddressedToAll, latest, membersOnRoute, type Reading, readRecords, type Said } from './reading.ts';
import type {
  AnswerState,
  AppealState,
  CertificateState,
  DecisionState,
  DossierState,
  ErasureState,
  FoldContext,
  FoldInput,
  PostState,
  SectionState,
} from './state.ts';

/**
 * The fold of a dossier: a function of the *set* of its records. Every order that respects `after`,
 * every repeat and every batch gives the same state; concurrent conflicts are kept and shown.
 */

/** Reasons for a hold that the operator, not the authority, can end. */
const OPERATOR_MENDS: ReadonlySet<string> = new Set(['document-missing', 'document-invalid', 'goods-differ']);

interface Counted extends Omit<DecisionState, 'standing' | 'answers' | 'appeals'> {
  /** Said after the withdrawal: shown, without effect. */
  readonly late: boolean;
}

/** Records that answer to another one: it must be here, be folded, and be among the causes. */
function cause<T>(
  reading: Reading,
  record: Said,
  named: string,
  counted: ReadonlyMap<string, T>,
  reason: string,
): T | undefined {
  const found = counted.get(named);
  if (found === undefined) {
    if (reading.isAside(named) || reading.records.some((one) => one.commitment === named && !reading.isWaiting(named)))
      reading.setAside(record, reason);
    else reading.wait(record, named);
    return undefined;
  }
  return found;
}

function readDecisions(reading: Reading, chain: Chain, context: FoldContext): Map<string, Counted> {
  const counted = new Map<string, Counted>();
  for (const one of reading.of('decision')) {
    const { body } = one;
    const manifest = cause(reading, one, body.manifest, chain.counted, 'manifest-not-counted');
    if (manifest === undefined) continue;
    const post = context.posts.post(body.post);
    if (post === undefined) reading.setAside(one, 'post-unknown');
    else if (!manifest.route.posts.includes(body.post)) reading.setAside(one, 'post-not-on-route');
    else if (post.member !== one.member || post.authority !== one.authority) reading.setAside(one, 'foreign-post');
    else if (!isAddressedToAll(one.to, membersOnRoute(manifest.route, chain.member, context.posts)))
      reading.setAside(one, 'misaddressed');
    else {
      counted.set(one.commitment, {
        commitment: one.commitment,
        member: one.member,
        authority: post.authority,
        post: body.post,
        decision: body.decision,
        reason: body.reason,
        question: body.question ?? null,
        appeal: body.appeal ?? null,
        movement: body.movement ?? null,
        manifest: body.manifest,
        manifestVersion: manifest.version,
        at: one.at,
        to: one.to,
        late: chain.isAfterWithdrawal(one),
      });
    }
  }
  return counted;
}

/** What both answers and appeals must hold: by the filer's member, after the decision, to the same members. */
function isReply(reading: Reading, chain: Chain, context: FoldContext, one: Said, decision: Counted): boolean {
  const manifest = chain.counted.get(decision.manifest);
  if (one.member !== chain.member || one.authority !== null) reading.setAside(one, 'foreign-operator');
  else if (!reading.settled.follows(one.commitment, decision.commitment)) reading.setAside(one, 'not-after-its-cause');
  else if (
    manifest === undefined ||
    !isAddressedToAll(one.to, membersOnRoute(manifest.route, chain.member, context.posts))
  )
    reading.setAside(one, 'misaddressed');
  else return true;
  return false;
}

function readAnswers(reading: Reading, chain: Chain, context: FoldContext, decisions: ReadonlyMap<string, Counted>) {
  const answers = new Map<string, AnswerState[]>();
  for (const one of reading.inLogOrder('answer')) {
    const decision = cause(reading, one, one.body.decision, decisions, 'decision-not-counted');
    if (decision === undefined) continue;
    if (decision.decision !== 'query') reading.setAside(one, 'not-a-query');
    else if (isReply(reading, chain, context, one, decision)) {
      const { commitment, at, index, to, body } = one;
      const list = answers.get(body.decision) ?? [];
      list.push({ commitment, operator: body.operator, text: body.text, files: body.files, at, index, to });
      answers.set(body.decision, list);
    }
  }
  return answers;
}

function readAppeals(reading: Reading, chain: Chain, context: FoldContext, decisions: ReadonlyMap<string, Counted>) {
  const filed = new Map<string, { decision: Counted; appeal: AppealState }>();
  for (const one of reading.inLogOrder('appeal')) {
    const decision = cause(reading, one, one.body.decision, decisions, 'decision-not-counted');
    if (decision === undefined) continue;
    if (decision.decision !== 'hold' && decision.decision !== 'refuse') reading.setAside(one, 'not-appealable');
    else if (isReply(reading, chain, context, one, decision)) {
      const { commitment, at, index, to } = one;
      const appeal = { commitment, grounds: one.body.grounds, at, index, to, outcomes: [], result: 'pending' as const };
      filed.set(commitment, { decision, appeal });
    }
  }
  for (const one of reading.of('appeal-outcome')) {
    const entry = cause(reading, one, one.body.appeal, filed, 'appeal-not-counted');
    if (entry === undefined) continue;
    const { decision, appeal } = entry;
    const manifest = chain.counted.get(decision.manifest);
    if (one.authority === null || one.member !== decision.member) reading.setAside(one, 'foreign-authority');
    else if (chain.isAfterWithdrawal(one)) reading.setAside(one, 'after-withdrawal');
    else if (!reading.settled.follows(one.commitment, appeal.commitment)) reading.setAside(one, 'not-after-its-cause');
    else if (
      manifest === undefined ||
      !isAddressedToAll(one.to, membersOnRoute(manifest.route, chain.member, context.posts))
    )
      reading.setAside(one, 'misaddressed');
    else {
      const { commitment, member, authority, at, to, body } = one;
      const outcome = { commitment, member, authority, outcome: body.outcome, reason: body.reason, at, to };
      filed.set(appeal.commitment, { decision, appeal: { ...appeal, outcomes: [...appeal.outcomes, outcome] } });
    }
  }
  const appeals = new Map<string, AppealState[]>();
  for (const { decision, appeal } of filed.values()) {
    const said = new Set(heads(appeal.outcomes, reading.settled.follows).map((one) => one.outcome));
    const [only = 'pending'] = said;
    const list = appeals.get(decision.commitment) ?? [];
    list.push({ ...appeal, result: said.size > 1 ? 'conflicting' : only });
    appeals.set(decision.commitment, list);
  }
  return appeals;
}

function phaseOf(decision: DecisionState): Pick<PostState, 'phase' | 'since' | 'awaits'> {
  const { at } = decision;
  const pending = decision.appeals.find((one) => one.result === 'pending');
  const dispute = decision.appeals.find((one) => one.result === 'conflicting');
  if (dispute !== undefined) {
    const since = latest(dispute.at, ...dispute.outcomes.map((one) => one.at));
    return { phase: 'conflicting', since, awaits: { what: 'clarification', from: 'authority', since } };
  }
  const appealed = pending && { what: 'appeal-outcome' as const, from: 'authority' as const, since: pending.at };
  switch (decision.decision) {
    case 'release':
      return { phase: 'released', since: at, awaits: null };
    case 'inspect':
      return { phase: 'inspecting', since: at, awaits: { what: 'inspection', from: 'authority', since: at } };
    case 'refuse':
      return { phase: 'refused', since: at, awaits: appealed ?? null };
    case 'query': {
      const [answer] = decision.answers;
      if (answer === undefined)
        return { phase: 'queried', since: at, awaits: { what: 'answer', from: 'operator', since: at } };
      return { phase: 'answered', since: answer.at, awaits: { what: 'decision', from: 'authority', since: answer.at } };
    }
    case 'hold': {
      const mends = OPERATOR_MENDS.has(decision.reason.code);
      const awaits = mends
        ? { what: 'amendment' as const, from: 'operator' as const, since: at }
        : { what: 'decision' as const, from: 'authority' as const, since: at };
      return { phase: 'held', since: at, awaits: appealed ?? awaits };
    }
  }
}

function foldPosts(chain: Chain, decisions: readonly DecisionState[], context: FoldContext, reading: Reading) {
  const posts: PostState[] = [];
  const unknownPosts: string[] = [];
  const { current } = chain;
  for (const id of current?.route.posts ?? []) {
    const post = context.posts.post(id);
    if (post === undefined || current === null) {
      unknownPosts.push(id);
      continue;
    }
    const here = decisions.filter((one) => one.post === id);
    const versions = new Set(here.map((one) => one.manifest));
    const everReleased = [...versions].some((manifest) => {
      const last = heads(
        here.filter((one) => one.manifest === manifest && !chain.isAfterWithdrawal(one)),
        reading.settled.follows,
      );
      return last.length > 0 && last.every((one) => one.decision === 'release');
    });
    const stand = here.filter((one) => one.standing);
    const { member, authority } = post;
    const common = { post: id, member, authority, standing: stand.map((one) => one.commitment), everReleased };
    const [only] = stand;
    if (stand.length > 1) {
      const since = latest(current.at, ...stand.map((one) => one.at));
      posts.push({
        ...common,
        phase: 'conflicting',
        since,
        awaits: { what: 'clarification', from: 'authority', since },
      });
    } else if (only !== undefined) posts.push({ ...common, ...phaseOf(only) });
    else {
      const annulled = here
        .filter((one) => one.manifest === current.commitment)
        .flatMap((one) => one.appeals.filter((appeal) => appeal.result === 'upheld'))
        .flatMap((appeal) => appeal.outcomes.map((outcome) => outcome.at));
      const since = latest(current.at, ...annulled);
      const awaits = annulled.length > 0 ? { what: 'decision' as const, from: 'authority' as const, since } : null;
      posts.push({ ...common, phase: 'undecided', since, awaits });
    }
  }
  return { posts, unknownPosts };
}

function foldCertificates(reading: Reading, chain: Chain): CertificateState[] {
  const counted = new Map<string, CertificateState>();
  for (const one of reading.of('certificate')) {
    const { body } = one;
    const manifest = cause(reading, one, body.manifest, chain.counted, 'manifest-not-counted');
    if (manifest === undefined) continue;
    if (one.authority === null) {
      reading.setAside(one, 'foreign-authority');
      continue;
    }
    counted.set(one.commitment, {
      commitment: one.commitment,
      certificate: body.certificate,
      kind: body.kind,
      number: body.number,
      dossier: body.dossier,
      member: one.member,
      authority: one.authority,
      origin: one.origin,
      index: one.index,
      at: one.at,
      to: one.to,
      manifest: body.manifest,
      manifestVersion: manifest.version,
      validFrom: body.validFrom,
      validUntil: body.validUntil,
      status: body.status,
      goods: body.goods,
      state: 'in-force',
      revocation: null,
    });
  }
  // One issuer: of its revocations the first in its log counts.
  for (const one of reading.inLogOrder('revocation')) {
    const certificate = cause(reading, one, one.body.commitment, counted, 'certificate-not-counted');
    if (certificate === undefined) continue;
    if (one.member !== certificate.member || one.authority !== certificate.authority)
      reading.setAside(one, 'foreign-authority');
    else if (one.body.certificate !== certificate.certificate) reading.setAside(one, 'certificate-not-counted');
    else if (certificate.revocation !== null) reading.setAside(one, 'revoked-already');
    else {
      const revocation = { commitment: one.commitment, reason: one.body.reason, at: one.at, to: one.to };
      counted.set(certificate.commitment, { ...certificate, state: 'revoked', revocation });
    }
  }
  return [...counted.values()];
}

function foldSections(reading: Reading, chain: Chain, erasures: readonly ErasureState[]): SectionState[] {
  const here = new Map(reading.of('section').map((one) => [one.commitment, one]));
  return (chain.current?.sections ?? []).map(({ name, version, commitment, audience }) => {
    const named = { name, version, commitment, audience };
    const erasure = erasures.find((one) => one.commitment === commitment);
    if (erasure !== undefined) {
      const { order, at, legalBasis, reason } = erasure;
      return { ...named, to: erasure.to, content: null, erased: { order, at, legalBasis, reason } };
    }
    const record = here.get(commitment);
    if (record === undefined) return { ...named, to: null, content: null };
    const same = record.body.section === name && record.body.version === version && record.member === chain.member;
    if (!same) reading.setAside(record, 'section-not-as-named');
    return same ? { ...named, to: record.to, content: record.body.content } : { ...named, to: null, content: null };
  });
}

/**
 * Folds the records of one dossier.
 *
 * @param records any records of this dossier, in any order, repeats allowed
 * @returns the state as plain JSON; `current` is null until a manifest is here
 * @example foldDossier(id, records, { posts: registry }).posts[0]?.phase // 'held'
 */
export function foldDossier(dossier: string, records: readonly FoldInput[], context: FoldContext): DossierState {
  const reading = readRecords(withoutErased(records).kept, context);
  const chain = foldChain(reading, context);
  const counted = readDecisions(reading, chain, context);
  const answers = readAnswers(reading, chain, context, counted);
  const appeals = readAppeals(reading, chain, context, counted);

  const onCurrent = [...counted.values()].filter((one) => one.manifest === chain.current?.commitment && !one.late);
  const last = new Set<string>();
  for (const post of new Set(onCurrent.map((one) => one.post))) {
    const here = onCurrent.filter((one) => one.post === post);
    for (const one of heads(here, reading.settled.follows)) last.add(one.commitment);
  }
  const decisions = [...counted.values()].map(({ late: _, ...one }): DecisionState => {
    const own = appeals.get(one.commitment) ?? [];
    const annulled = own.some((appeal) => appeal.result === 'upheld');
    const standing = last.has(one.commitment) && !annulled && chain.contradictions.length === 0;
    return { ...one, standing, answers: answers.get(one.commitment) ?? [], appeals: own };
  });
  const erasures = foldErasures(reading, chain);
  const sections = foldSections(reading, chain, erasures);
  const certificates = foldCertificates(reading, chain);
  const { posts, unknownPosts } = foldPosts(chain, decisions, context, reading);
  return {
    dossier,
    member: chain.member,
    operator: chain.operator,
    manifests: [...chain.counted.values()],
    current: chain.current,
    contradictions: chain.contradictions,
    sections,
    decisions,
    posts,
    unknownPosts,
    certificates,
    withdrawal: chain.withdrawal,
    ...(erasures.length > 0 && { erasures }),
    records: reading.records,
    waiting: reading.waiting(),
    setAside: reading.aside(),
  };
}
