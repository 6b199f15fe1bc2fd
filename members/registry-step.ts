import { canonicalJson } from '../log/canonical.ts';
import { logsOf, type MemberEntry, type RegistryDocument, registryInvalid } from './registry-document.ts';

/** From one version of the registry to the next: what kind of step it is, and who must sign it. */

/**
 * `own-entry`: a member changes what is its own, by its own key · `member-key`: the others give a member a new member key ·
 * `log-closed`: the others close a log at a size · `log-succeeded`: a member goes on in a new log after its own was closed ·
 * `everyone`: all else, membership and quorum above all.
 */
export type StepKind = 'genesis' | 'own-entry' | 'member-key' | 'log-closed' | 'log-succeeded' | 'everyone';

/** A key that may sign, and whose it is. */
export interface StepSigner {
  readonly member: string;
  readonly vkey: string;
}

export interface RegistryStep {
  readonly kind: StepKind;
  /** Whose entry changes, where it is one. */
  readonly member?: string;
  /** Any one of these is enough, each of them whole; with `some`, so many of another group besides. */
  readonly choices: readonly (readonly StepSigner[])[];
  readonly some?: { readonly count: number; readonly of: readonly StepSigner[] };
}

/** Is the step signed by those who must? */
export function isSigned({ choices, some }: RegistryStep, by: (vkey: string) => boolean): boolean {
  if (some !== undefined && some.of.filter(({ vkey }) => by(vkey)).length < some.count) return false;
  return choices.some((choice) => choice.length > 0 && choice.every(({ vkey }) => by(vkey)));
}

/** Whose signatures a step lacks, by the choice that lacks fewest; and how many of some others besides. */
export function missingOf({ choices, some }: RegistryStep, by: (vkey: string) => boolean) {
  const without = (signers: readonly StepSigner[]): string[] =>
    signers.flatMap(({ member, vkey }) => (by(vkey) ? [] : member)).sort();
  const members = choices.map(without).reduce((least, one) => (one.length < least.length ? one : least));
  const open = without(some?.of ?? []).filter((one) => !members.includes(one));
  const signed =
    some === undefined ? 0 : some.of.filter(({ vkey, member }) => by(vkey) || members.includes(member)).length;
  const count = (some?.count ?? 0) - signed;
  return count > 0 ? { members, besides: { count, of: open } } : { members };
}

/** All keys that have a say in a step. */
export function signersOfStep({ choices, some }: RegistryStep): StepSigner[] {
  const all = [...choices.flat(), ...(some?.of ?? [])];
  return [...new Map(all.map((one) => [one.vkey, one])).values()];
}

const signer = ({ code, memberKey }: MemberEntry): StepSigner => ({ member: code, vkey: memberKey });
const same = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);
const active = ({ members }: RegistryDocument): MemberEntry[] => members.filter(({ left }) => left === undefined);

/**
 * What kind of step leads from one version to the next, and which keys must have signed it: those of the version before, and
 * for who joins its own.
 *
 * @example stepOf(before, after).kind // 'own-entry'
 */
export function stepOf(before: RegistryDocument | undefined, after: RegistryDocument): RegistryStep {
  if (before === undefined) return { kind: 'genesis', choices: [active(after).map(signer)] };
  const joining = active(after).filter(({ code }) => !active(before).some((one) => one.code === code));
  const all = [...active(before), ...joining].map(signer);
  const everyone: RegistryStep = { kind: 'everyone', choices: [all] };
  const { version: _, publishedAt: __, members: ___, ...rest } = before;
  const { version: ____, publishedAt: _____, members: ______, ...restAfter } = after;
  if (!same(rest, restAfter) || before.members.length !== after.members.length) return everyone;
  const changed = after.members.filter((one, i) => !same(before.members[i], one));
  const [now] = changed;
  // Nothing changed at all: a member may say so, by anyone it is everyone's.
  if (now === undefined || changed.length > 1) return everyone;
  const old = before.members.find(({ code }) => code === now.code);
  if (old === undefined || old.left !== undefined || now.left !== undefined) return everyone;
  return ofOneEntry(old, now, active(before), all) ?? everyone;
}

function ofOneEntry(
  old: MemberEntry,
  now: MemberEntry,
  members: readonly MemberEntry[],
  all: readonly StepSigner[],
): RegistryStep | undefined {
  const member = now.code;
  const others = members.filter(({ code }) => code !== member).map(signer);
  // Not the member itself: with a stolen key more signatures could be put on such a step later. Where nobody else is there, everyone.
  const byOthers = others.length === 0 ? [all] : [others];
  if (same({ ...now, memberKey: '' }, { ...old, memberKey: '' }))
    return { kind: 'member-key', member, choices: byOthers };
  if (now.memberKey !== old.memberKey) return undefined;
  const { closed, ...open } = now.log;
  if (old.log.closed === undefined && closed !== undefined)
    return same({ ...now, log: open }, old) ? { kind: 'log-closed', member, choices: byOthers } : undefined;
  if (old.log.closed !== undefined && now.log.origin !== old.log.origin) return ofSuccessor(old, now, others, all);
  const past = ({ log: { origin, closed: end, explanation }, earlierLogs }: MemberEntry) => ({
    origin,
    end,
    explanation,
    earlierLogs,
  });
  if (!same(past(old), past(now))) return undefined;
  return { kind: 'own-entry', member, choices: [[signer(old)], all] };
}

/** The closed log becomes an earlier one; the new log has an explanation, and more than half of the others agree. */
function ofSuccessor(
  old: MemberEntry,
  now: MemberEntry,
  others: readonly StepSigner[],
  all: readonly StepSigner[],
): RegistryStep | undefined {
  const fits =
    now.log.closed === undefined &&
    now.log.explanation !== undefined &&
    same(now.earlierLogs, logsOf(old)) &&
    same({ ...now, log: null, earlierLogs: null }, { ...old, log: null, earlierLogs: null });
  if (!fits) return undefined;
  return {
    kind: 'log-succeeded',
    member: now.code,
    choices: [[signer(old)], all],
    some: { count: Math.min(others.length, Math.floor(others.length / 2) + 1), of: others },
  };
}

/** How many hands a step of each kind needs, the strongest last: see decisions/0007. */
const STRENGTH: readonly StepKind[] = ['own-entry', 'log-succeeded', 'member-key', 'log-closed', 'everyone', 'genesis'];

/** What a step weighs against another with the same number. */
export interface Weight {
  readonly kind: StepKind;
  /** How many members signed it. */
  readonly signers: number;
}

/**
 * Is a step stronger than another: by its kind, so that one who stole a key can't undo the step that takes it away, then by how
 * many signed it?
 */
export function isStronger(step: Weight, than: Weight): boolean {
  const difference = STRENGTH.indexOf(step.kind) - STRENGTH.indexOf(than.kind);
  return difference === 0 ? step.signers > than.signers : difference > 0;
}

/**
 * Rules that a single version must keep, whoever signed it.
 * @throws Refusal 500 `registry-invalid`
 */
export function checkDocument(document: RegistryDocument): void {
  const codes = document.members.map(({ code }) => code);
  if (codes.join() !== [...new Set(codes)].sort().join())
    throw registryInvalid('Members must be listed once each, by code.');
  const origins = document.members.flatMap((member) => logsOf(member).map(({ origin }) => origin));
  if (new Set(origins).size !== origins.length) throw registryInvalid('Two members name one log.');
  for (const member of document.members) {
    const { code, authorities, posts, earlierLogs = [], left, log, witness } = member;
    if (earlierLogs.some(({ closed }) => closed === undefined))
      throw registryInvalid(`An earlier log of ${code} is not closed.`);
    if (left !== undefined && log.closed === undefined) throw registryInvalid(`${code} has left with its log open.`);
    if (left !== undefined && witness.keys.some(({ below }) => below === undefined))
      throw registryInvalid(`${code} has left with a witness key that still counts.`);
    const prefix = `${code.toLowerCase()}.`;
    const own = new Set(authorities.map(({ id }) => id));
    if (own.size !== authorities.length || [...own].some((id) => !id.startsWith(prefix)))
      throw registryInvalid(`An authority of ${code} has a foreign or repeated id.`);
    const postIds = new Set(posts.map(({ id }) => id));
    if (
      postIds.size !== posts.length ||
      posts.some(({ id, authority }) => !id.startsWith(`${code.toLowerCase()}-`) || !own.has(authority))
    ) {
      throw registryInvalid(`A post of ${code} has a foreign id, a repeated id or a foreign authority.`);
    }
  }
  if (active(document).length === 0) throw registryInvalid('No member is left.');
}
