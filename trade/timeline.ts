import type { DossierSummary, RecordedDecision, TimelineEntry } from './contract.ts';
import { latest } from './reading.ts';
import { applies, directionAt, missingFor } from './requirement.ts';
import type { GoodsSection, SanitarySection, SectionName, TradeDocument } from './section.ts';
import type {
  CertificateState,
  DecisionState,
  DossierState,
  MovementEventState,
  MovementState,
  PostState,
} from './state.ts';
import type { RequirementState } from './subject.ts';

/**
 * The way of a dossier over its posts: what the decisions say, joined with where its movements are.
 * Pure, and a function of folded states alone, so that every node shows the same.
 */

type Awaited = NonNullable<TimelineEntry['awaited']>;
type Missing = TimelineEntry['missing'];

/** A post's entry without what depends on today's date. */
export type Stop = Omit<TimelineEntry, 'missing'>;

/** One movement as far as it concerns this dossier. */
interface Carriage {
  readonly movement: MovementState;
  /** Whether the version in force carries the dossier. */
  readonly carries: boolean;
  /** Events said while the dossier was on board. */
  readonly events: readonly MovementEventState[];
  /** The event by which the goods went over to another vehicle. */
  readonly reload: MovementEventState | undefined;
}

function carriagesOf(dossier: string, movements: readonly MovementState[]): Carriage[] {
  return [...movements]
    .sort((a, b) => (a.movement < b.movement ? -1 : 1))
    .map((movement) => {
      const aboard = new Set(
        movement.versions
          .filter((one) => one.consignments.some((consignment) => consignment.dossier === dossier))
          .map((one) => one.version),
      );
      const events = movement.events.filter((one) => aboard.has(one.version));
      const reload = events.findLast((one) => one.body.reload?.packages.some((pack) => pack.dossier === dossier));
      const carries = movement.current?.consignments.some((one) => one.dossier === dossier) === true;
      return { movement, carries, events, reload };
    })
    .filter((one) => one.carries || one.events.length > 0);
}

const timesOf = (carriage: Carriage, post: string, ...events: readonly string[]): string[] =>
  carriage.events
    .filter((one) => one.body.post === post && events.includes(one.body.event))
    .map((one) => one.body.occurredAt);

const earliest = (times: readonly string[]): string | null =>
  times.reduce<string | null>(
    (first, one) => (first === null || Date.parse(one) < Date.parse(first) ? one : first),
    null,
  );

/** When the whole consignment had left a post: every vehicle that brought it has gone or was emptied there. */
function leaving(carriages: readonly Carriage[], post: string): string | null {
  const left: string[] = [];
  for (const one of carriages) {
    const arrived = timesOf(one, post, 'arrived-at-post', 'presented').length > 0;
    const gone = timesOf(one, post, 'left-post');
    left.push(...gone);
    if (one.reload?.body.post === post) {
      // A vehicle that took the goods over need not name the post: it has left when it departs or arrives.
      const taker = carriages.find((other) => other.movement.movement === one.reload?.body.reload?.toMovement);
      const onward = taker?.events.find((event) => ['departed', 'arrived'].includes(event.body.event));
      if (onward !== undefined) left.push(onward.body.occurredAt);
      continue;
    }
    const expected = one.carries && one.movement.current?.posts.includes(post) === true;
    if (expected && gone.length === 0 && (one.reload === undefined || arrived)) return null;
  }
  const [first, ...others] = left;
  return first === undefined ? null : latest(first, ...others);
}

function decisionView(one: DecisionState): RecordedDecision {
  const answer = one.answers.at(-1);
  const appeal = one.appeals.at(-1);
  const outcome = appeal?.outcomes.at(-1);
  return {
    commitment: one.commitment,
    member: one.member as RecordedDecision['member'],
    authority: one.authority,
    post: one.post,
    decision: one.decision,
    reason: one.reason,
    ...(one.question !== null && { question: one.question }),
    ...(one.appeal !== null && { appeal: one.appeal }),
    manifestVersion: one.manifestVersion,
    standing: one.standing,
    at: one.at,
    ...(answer && { answer: { commitment: answer.commitment, text: answer.text, at: answer.at } }),
    ...(appeal && {
      appealed: {
        commitment: appeal.commitment,
        grounds: appeal.grounds,
        at: appeal.at,
        ...(outcome && { outcome: { outcome: outcome.outcome, reason: outcome.reason, at: outcome.at } }),
      },
    }),
  };
}

function awaitedAt(
  post: PostState,
  state: DossierState,
  carriages: readonly Carriage[],
  before: Stop | undefined,
  times: { readonly arrivedAt: string | null; readonly leftAt: string | null },
): Awaited | null {
  const { arrivedAt } = times;
  const authority = { kind: 'authority' as const, id: post.authority, member: post.member as Stop['member'] };
  const operator = { kind: 'operator' as const, id: state.operator, member: state.member as Stop['member'] };
  const vehicle = carriages.find(
    (one) =>
      one.carries &&
      one.reload === undefined &&
      one.movement.current?.posts.includes(post.post) &&
      timesOf(one, post.post, 'left-post').length === 0,
  );
  const carrier =
    vehicle === undefined
      ? operator
      : { kind: 'carrier' as const, id: vehicle.movement.operator, member: vehicle.movement.member as Stop['member'] };
  const filed = state.manifests.find((one) => one.route.posts.includes(post.post))?.at ?? post.since;

  const [contradiction, ...others] = state.contradictions;
  if (contradiction !== undefined) {
    return {
      from: operator,
      what: 'clarification',
      since: latest(contradiction.at, ...others.map((one) => one.at)),
    };
  }
  if (post.awaits !== null) {
    const { what, from, since } = post.awaits;
    return { from: from === 'operator' ? operator : authority, what, since };
  }
  if (post.phase === 'refused') return null;
  if (post.phase === 'undecided' && (arrivedAt ?? times.leftAt) !== null)
    return { from: authority, what: 'decision', since: latest(post.since, arrivedAt ?? times.leftAt) };
  if (arrivedAt !== null) return { from: carrier, what: 'departure', since: latest(post.since, arrivedAt) };
  const departed = vehicle?.events.find((one) => one.body.event === 'departed')?.body.occurredAt;
  return { from: carrier, what: 'arrival', since: latest(filed, before?.leftAt, departed) };
}

/**
 * What each post of the route has said and what is awaited there, in the order of the route.
 *
 * @param movements those that carry or carried this dossier; others change nothing
 */
export function stopsOf(state: DossierState, movements: readonly MovementState[]): Stop[] {
  const carriages = carriagesOf(state.dossier, movements);
  const stops: Stop[] = [];
  for (const post of state.posts) {
    const arrivedAt = earliest(carriages.flatMap((one) => timesOf(one, post.post, 'arrived-at-post', 'presented')));
    const leftAt = leaving(carriages, post.post);
    const passed = leftAt !== null && (post.phase === 'released' || (post.phase === 'undecided' && post.everReleased));
    const undecided = arrivedAt === null && leftAt === null ? 'expected' : 'arrived';
    const over = passed || state.withdrawal !== null;
    stops.push({
      post: post.post,
      member: post.member as Stop['member'],
      authority: post.authority,
      state: passed ? 'passed' : post.phase === 'undecided' ? undecided : post.phase,
      awaited: over ? null : awaitedAt(post, state, carriages, stops.at(-1), { arrivedAt, leftAt }),
      decisions: state.decisions.filter((one) => one.post === post.post).map(decisionView),
      arrivedAt,
      leftAt,
    });
  }
  return stops;
}

function isInForce({ state, validFrom, validUntil }: CertificateState, asOf: string): boolean {
  return state === 'in-force' && validFrom.slice(0, 10) <= asOf && asOf <= validUntil.slice(0, 10);
}

/**
 * What a member asks for at its posts and this dossier, as far as it is here, does not bring. Without
 * the goods section nothing can be said, and nothing is.
 *
 * @param asOf 'YYYY-MM-DD'
 */
export function missingAt(
  state: DossierState,
  requirements: readonly RequirementState[],
  member: string,
  asOf: string,
): Missing {
  const contentOf = (name: SectionName): unknown => state.sections.find((one) => one.name === name)?.content;
  const goods = contentOf('goods') as GoodsSection | null | undefined;
  if (goods == null || state.current === null) return [];
  const direction = directionAt(member, state.current.route);
  const asked = requirements
    .filter((one) => one.member === member && applies(one.body, direction, goods, asOf))
    .map((one) => one.body);
  return missingFor(asked, {
    asOf,
    sanitary: (contentOf('sanitary') as SanitarySection | null | undefined) ?? undefined,
    documents: state.sections.flatMap(
      ({ content }) => (content as { documents?: readonly TradeDocument[] } | null)?.documents ?? [],
    ),
    certificates: new Set(state.certificates.filter((one) => isInForce(one, asOf)).map((one) => one.kind)),
  });
}

/**
 * The timeline of a dossier: what each post has said, what is awaited there from whom since when, and
 * what its member asks for in vain.
 *
 * @param asOf 'YYYY-MM-DD', for the validity of requirements
 * @example timelineOf(state, movements, requirements, '2026-06-11')[0]?.awaited?.what // 'decision'
 */
export function timelineOf(
  state: DossierState,
  movements: readonly MovementState[],
  requirements: readonly RequirementState[],
  asOf: string,
): TimelineEntry[] {
  return stopsOf(state, movements).map((stop) => ({
    ...stop,
    missing: missingAt(state, requirements, stop.member, asOf),
  }));
}

const HELD_UP: ReadonlySet<string> = new Set(['held', 'queried', 'answered', 'inspecting', 'conflicting']);

/** Where the dossier as a whole stands: the gravest word first. */
export function stateOf(
  state: DossierState,
  movements: readonly MovementState[],
  stops: readonly Stop[],
): DossierSummary['state'] {
  if (state.contradictions.length > 0) return 'contradictory';
  if (state.withdrawal !== null) return 'withdrawn';
  if (stops.some((one) => one.state === 'refused')) return 'refused';
  if (stops.some((one) => HELD_UP.has(one.state))) return 'held';
  const carriages = carriagesOf(state.dossier, movements);
  const destination = state.current?.route.destination.country;
  const aboard = carriages.filter((one) => one.carries && one.reload === undefined);
  const hasArrived = (one: Carriage): boolean => one.events.some((event) => event.body.event === 'arrived');
  if (
    stops.every((one) => one.state === 'passed') &&
    aboard.length > 0 &&
    aboard.every(hasArrived) &&
    aboard.some((one) => one.movement.current?.leg.to.country === destination)
  )
    return 'arrived';
  if (stops.length > 0 && stops.every((one) => one.state === 'released' || one.state === 'passed')) return 'released';
  return carriages.some((one) => one.events.length > 0) ? 'under-way' : 'filed';
}

/** When anything of it was last said: by a record of the dossier or an event of a vehicle that carries it. */
export function changedAt(state: DossierState, movements: readonly MovementState[]): string {
  const events = carriagesOf(state.dossier, movements).flatMap((one) => one.events.map((event) => event.at));
  return latest(state.current?.at ?? '', ...state.records.map((one) => one.at), ...events);
}
