import type { Envelope } from '../log/envelope.ts';
import { readRecords } from './reading.ts';
import type { PackBody, RequirementBody, StatusListBody } from './record.ts';
import type { FoldContext, FoldInput, Waiting } from './state.ts';

/** What a record is about: the unit that is folded anew when one of its records arrives. */
export interface Subject {
  readonly kind: 'dossier' | 'movement' | 'status-list' | 'requirement' | 'pack' | 'correction';
  readonly id: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ID = /^[a-z0-9]+([.-][a-z0-9]+)*$/;

const NAMED_BY: Readonly<Record<string, readonly [Subject['kind'], string]>> = {
  section: ['dossier', 'dossier'],
  manifest: ['dossier', 'dossier'],
  withdrawal: ['dossier', 'dossier'],
  decision: ['dossier', 'dossier'],
  answer: ['dossier', 'dossier'],
  appeal: ['dossier', 'dossier'],
  'appeal-outcome': ['dossier', 'dossier'],
  certificate: ['dossier', 'dossier'],
  revocation: ['dossier', 'dossier'],
  erased: ['dossier', 'dossier'],
  'erasure-acknowledged': ['dossier', 'dossier'],
  movement: ['movement', 'movement'],
  event: ['movement', 'movement'],
  'status-list': ['status-list', 'list'],
  requirement: ['requirement', 'requirement'],
};

/**
 * The subject of a record of trade; undefined for records of other domains and for bodies that name none.
 * Lists and requirements are one authority's: another's of the same name is another subject. A member has one pack.
 *
 * @example subjectOf(envelope) // { kind: 'dossier', id: '0190…' }
 */
export function subjectOf(envelope: Pick<Envelope, 'type' | 'body' | 'issuer'>): Subject | undefined {
  if (envelope.type === 'pack') return { kind: 'pack', id: envelope.issuer.member };
  if (envelope.type === 'correction' || envelope.type === 'correction-answer') {
    // An id is its node's own: another's of the same name is another correction.
    const { correction, reported } = envelope.body;
    const at = envelope.type === 'correction' ? envelope.issuer.member : reported;
    return typeof correction === 'string' && UUID.test(correction) && typeof at === 'string' && /^[A-Z]{2}$/.test(at)
      ? { kind: 'correction', id: `${at}/${correction}` }
      : undefined;
  }
  const named = Object.hasOwn(NAMED_BY, envelope.type) ? NAMED_BY[envelope.type] : undefined;
  if (named === undefined) return undefined;
  const [kind, field] = named;
  const id = envelope.body[field];
  if (typeof id !== 'string') return undefined;
  if (kind === 'dossier' || kind === 'movement') return UUID.test(id) ? { kind, id } : undefined;
  const { authority } = envelope.issuer;
  return authority !== undefined && ID.test(id) && id.length <= 64 ? { kind, id: `${authority}/${id}` } : undefined;
}

/** What an authority says now: of its statements under one name the last in its log. */
export interface Statement<Body> {
  readonly commitment: string;
  readonly member: string;
  readonly authority: string;
  readonly origin: string;
  readonly index: number;
  readonly body: Body;
}

export type RequirementState = Statement<RequirementBody>;
export type StatusListState = Statement<StatusListBody>;
export type PackState = Statement<PackBody>;

/** The statement in force, and what of its name waits. */
export interface Folded<S> {
  readonly state: S | undefined;
  readonly waiting: readonly Waiting[];
}

function newest<T extends 'requirement' | 'status-list'>(type: T, records: readonly FoldInput[], context: FoldContext) {
  const reading = readRecords(records, context);
  return { last: reading.inLogOrder(type).at(-1), waiting: reading.waiting() };
}

export function foldRequirement(records: readonly FoldInput[], context: FoldContext): Folded<RequirementState> {
  const { last, waiting } = newest('requirement', records, context);
  if (last === undefined || last.authority === null) return { state: undefined, waiting };
  const { commitment, member, authority, origin, index, body } = last;
  return { state: { commitment, member, authority, origin, index, body }, waiting };
}

/** A list belongs to the authority whose name it bears. */
export function foldStatusList(records: readonly FoldInput[], context: FoldContext): Folded<StatusListState> {
  const { last, waiting } = newest('status-list', records, context);
  if (last === undefined || last.authority !== last.body.list) return { state: undefined, waiting };
  const { commitment, member, authority, origin, index, body } = last;
  return { state: { commitment, member, authority, origin, index, body }, waiting };
}

/** A member's versions in order: one that does not rise above those before it, or goes back in time, is no version. */
export function foldPacks(
  records: readonly FoldInput[],
  context: FoldContext,
): { readonly versions: readonly PackState[]; readonly waiting: readonly Waiting[] } {
  const reading = readRecords(records, context);
  const versions: PackState[] = [];
  for (const { commitment, member, authority, origin, index, body } of reading.inLogOrder('pack')) {
    const last = versions.at(-1)?.body;
    if (authority === null) continue;
    if (last === undefined || (body.version > last.version && body.published >= last.published))
      versions.push({ commitment, member, authority, origin, index, body });
  }
  return { versions, waiting: reading.waiting() };
}
