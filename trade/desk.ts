import type { DeskRow, DeskStateName } from './desk-contract.ts';
import { isPerishable } from './perishable.ts';
import { applies, directionAt, missingFor } from './requirement.ts';
import type { GoodsSection, SanitarySection, TradeDocument, TransportSection } from './section.ts';
import type { DossierState, MovementState, SectionState } from './state.ts';
import type { RequirementState } from './subject.ts';

/** A desk's list: pure, a function of folded states. */

/** What a list needs of a dossier; of sections that are not open to every authority of the member, nothing. */
export interface Brief {
  readonly origin: string;
  readonly destination: string;
  readonly goods: readonly { readonly hs: string; readonly origin: string }[];
  readonly perishable: boolean;
  readonly trustedTrader: Claim;
  readonly greenChannel: Claim;
  readonly documents: readonly Pick<TradeDocument, 'code' | 'expires'>[];
  readonly registrations: readonly SanitarySection['registrations'][number]['kind'][];
  readonly treatments: readonly SanitarySection['treatments'][number]['kind'][];
  readonly certificates: readonly { readonly kind: string; readonly from: string; readonly until: string }[];
}
type Claim = DeskRow['trustedTrader'];

/** The claim that weighs least: one unrecognised trader makes the load unrecognised. */
const WEIGHT = ['not-recognised', 'none', 'claimed', 'recognised'] as const;

/** @example leastOf(['claimed', 'none']) // 'none' */
export function leastOf(claims: readonly Claim[]): Claim {
  return WEIGHT.find((one) => claims.includes(one)) ?? 'none';
}

/** Null where the goods are not here or not open. */
export function briefOf(state: DossierState, isOpen: (section: SectionState) => boolean): Brief | null {
  const contentOf = (name: SectionState['name']): unknown =>
    state.sections.find((one) => one.name === name && isOpen(one))?.content ?? null;
  const goods = contentOf('goods') as GoodsSection | null;
  const transport = contentOf('transport') as TransportSection | null;
  const sanitary = contentOf('sanitary') as SanitarySection | null;
  if (goods === null || state.current === null) return null;
  const kinds = new Map(goods.items.map(({ hs, origin }) => [`${hs} ${origin}`, { hs, origin }]));
  const documents = state.sections.flatMap(
    ({ content }) => (content as { documents?: readonly TradeDocument[] } | null)?.documents ?? [],
  );
  return {
    origin: state.current.route.origin.country,
    destination: state.current.route.destination.country,
    goods: [...kinds.values()],
    perishable: isPerishable(
      goods.items.map(({ hs }) => hs),
      transport?.temperature !== undefined,
    ),
    trustedTrader: goods.trustedTrader?.state ?? 'none',
    greenChannel: goods.greenChannel?.state ?? 'none',
    documents: documents.map(({ code, expires }) => ({ code, ...(expires !== undefined && { expires }) })),
    registrations: [...new Set(sanitary?.registrations.map(({ kind }) => kind))],
    treatments: [...new Set(sanitary?.treatments.map(({ kind }) => kind))],
    certificates: state.certificates
      .filter((one) => one.state === 'in-force')
      .map(({ kind, validFrom, validUntil }) => ({
        kind,
        from: validFrom.slice(0, 10),
        until: validUntil.slice(0, 10),
      })),
  };
}

/** @param asOf 'YYYY-MM-DD' */
export function missingOf(
  brief: Brief,
  requirements: readonly RequirementState[],
  member: string,
  asOf: string,
): number {
  const direction = directionAt(member, {
    origin: { country: brief.origin },
    destination: { country: brief.destination },
  });
  const asked = requirements
    .filter((one) => one.member === member && applies(one.body, direction, { items: brief.goods }, asOf))
    .map((one) => one.body);
  return missingFor(asked, {
    asOf,
    documents: brief.documents,
    sanitary: {
      registrations: brief.registrations.map((kind) => ({ kind })),
      treatments: brief.treatments.map((kind) => ({ kind })),
    },
    certificates: new Set(
      brief.certificates.filter(({ from, until }) => from <= asOf && asOf <= until).map(({ kind }) => kind),
    ),
  }).length;
}

/** Where one consignment stands at the desk's post. Times in milliseconds. */
export interface StopAt {
  readonly state: string;
  readonly awaitedFrom: string | null;
  readonly since: number | null;
  readonly perishable: boolean;
}

export interface DeskLine {
  readonly movement: string;
  readonly post: string;
  readonly state: DeskStateName;
  readonly rank: number;
  readonly place: number;
  readonly search: string;
  readonly line: DeskRowPart;
}
/** What a row says whatever day it is. */
export type DeskRowPart = Omit<DeskRow, 'missing' | 'consignments' | 'trustedTrader' | 'greenChannel'> & {
  readonly carried: readonly { readonly dossier: string; readonly packages?: number }[];
};

const WAITS_FOR_OTHERS: ReadonlySet<string> = new Set(['held', 'queried', 'inspecting', 'conflicting']);
const SETTLED: ReadonlySet<string> = new Set(['released', 'refused', 'passed']);

const instantOf = (time: number): string => new Date(time).toISOString();
const lowest = (times: readonly number[]): number | null => (times.length === 0 ? null : Math.min(...times));
const highest = (times: readonly number[]): number | null => (times.length === 0 ? null : Math.max(...times));
/** As typed, and without what people leave out. */
const spellings = (word: string): string[] => [word, word.replace(/[\s-]/g, '')];

/**
 * The line of one movement at one post.
 *
 * @param stops where the consignments that the version in force carries stand there; of those that are not here, none
 */
export function deskLine(
  state: MovementState,
  { post, authority }: { readonly post: string; readonly authority: string },
  stops: readonly StopAt[],
): DeskLine | undefined {
  const { current, movement } = state;
  if (current === null) return undefined;
  const timesOf = (...events: readonly string[]): number[] =>
    state.events
      .filter(({ body }) => body.post === post && events.includes(body.event))
      .map(({ body }) => Date.parse(body.occurredAt));
  const arrivedAt = lowest(timesOf('arrived-at-post', 'presented'));
  const leftAt = highest(timesOf('left-post'));
  const ageSince = lowest(
    stops
      .filter(({ awaitedFrom, since }) => awaitedFrom === authority && since !== null)
      .map(({ since }) => since ?? 0),
  );
  const settled = stops.length > 0 && stops.every((one) => SETTLED.has(one.state));
  const waits = stops.some((one) => WAITS_FOR_OTHERS.has(one.state));
  const name: DeskStateName =
    leftAt !== null && ageSince === null
      ? 'done'
      : waits && ageSince === null
        ? 'held'
        : arrivedAt === null
          ? 'expected'
          : 'here';
  const perishable = stops.some((one) => one.perishable);
  const declared = Date.parse(state.versions[0]?.at ?? state.changedAt);
  const expected = current.leg.arrival ?? current.leg.departure;
  const planned = expected === undefined ? declared : Date.parse(expected);
  let order: readonly [rank: number, place: number];
  if (name === 'done') order = [4, -(leftAt ?? declared)];
  else if (ageSince !== null) order = [0, ageSince];
  else if (waits || settled) order = [3, arrivedAt ?? planned];
  else if (arrivedAt !== null) order = [0, arrivedAt];
  else order = [perishable ? 1 : 2, planned];
  const [rank, place] = order;
  const equipment = current.equipment.map((one) => one.identification);
  const words = [
    movement,
    current.means.identification,
    ...current.trailers,
    ...equipment,
    ...state.seals,
    ...current.equipment.flatMap((one) => one.seals),
    current.carrier.name,
    ...current.consignments.map((one) => one.dossier),
  ];
  return {
    movement,
    post,
    state: name,
    rank,
    place,
    search: searchWord([...new Set(words.flatMap(spellings))].join('\n')).slice(0, 40_000),
    line: {
      movement,
      version: current.version,
      post,
      carrier: current.carrier.name,
      means: current.means,
      trailers: current.trailers,
      equipment,
      seals: [...state.seals],
      from: `${current.leg.from.name}, ${current.leg.from.country}`,
      to: `${current.leg.to.name}, ${current.leg.to.country}`,
      state: name,
      ...(expected !== undefined && { expectedAt: expected }),
      ...(arrivedAt !== null && { arrivedAt: instantOf(arrivedAt) }),
      ...(leftAt !== null && { leftAt: instantOf(leftAt) }),
      ...(ageSince !== null && { ageSince: instantOf(ageSince) }),
      perishable,
      consignmentCount: current.consignments.length,
      carried: current.consignments.map(({ dossier, packages }) => ({
        dossier,
        ...(packages !== undefined && { packages }),
      })),
    },
  };
}

export const searchWord = (text: string): string => text.trim().toLowerCase();
