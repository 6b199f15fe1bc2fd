import type { DeskRow } from './contract.ts';
import type { GoodsSection, TransportSection } from './section.ts';
import type { DossierState, MovementState } from './state.ts';
import type { RequirementState } from './subject.ts';
import { missingAt, type Stop, stopsOf } from './timeline.ts';
import { goodsOf, maySee, type Reader, readableContent } from './view.ts';

/** What an officer's list says of a movement at one post, and how urgent it is there. */

export type DeskState = DeskRow['state'];

/**
 * HS chapters whose goods spoil: live animals, meat, fish, dairy and eggs, live plants, vegetables, fruit. The project's own rule, looking
 * at goods alone; a temperature to be kept counts as well. No authority has stated it.
 */
const PERISHABLE_CHAPTERS: ReadonlySet<string> = new Set(['01', '02', '03', '04', '06', '07', '08']);

export function isPerishable(state: DossierState): boolean {
  const contentOf = (name: string): unknown => state.sections.find((one) => one.name === name)?.content;
  const goods = contentOf('goods') as GoodsSection | null | undefined;
  const transport = contentOf('transport') as TransportSection | null | undefined;
  return (
    transport?.temperature !== undefined ||
    goods?.items.some(({ hs }) => PERISHABLE_CHAPTERS.has(hs.slice(0, 2))) === true
  );
}

export interface Aboard {
  readonly dossier: DossierState;
  /** All movements that carry or carried it. */
  readonly movements: readonly MovementState[];
}

const HELD: ReadonlySet<string> = new Set(['held', 'queried', 'answered', 'inspecting', 'refused', 'conflicting']);

const timeOf = ({ events }: MovementState, post: string, ...kinds: readonly string[]): string | undefined =>
  events.find(({ body }) => body.post === post && kinds.includes(body.event))?.body.occurredAt;

export interface DeskPlace {
  readonly state: DeskState;
  /** Smaller is more urgent. */
  readonly rank: number;
  /** Milliseconds since 1970 by which equals are ordered, ascending. */
  readonly at: number;
}

/** Where a movement stands at a post. */
export function placeAt(movement: MovementState, post: string, aboard: readonly Aboard[]): DeskPlace {
  const stops = aboard.flatMap(({ dossier, movements }) =>
    dossier.withdrawal === null ? stopsOf(dossier, movements).filter((one) => one.post === post) : [],
  );
  const arrived = timeOf(movement, post, 'arrived-at-post', 'presented');
  const left = timeOf(movement, post, 'left-post');
  const { leg } = movement.current ?? {};
  const expected = leg?.arrival ?? leg?.departure ?? movement.versions[0]?.at ?? movement.changedAt;
  const spoils = aboard.some(({ dossier }) => isPerishable(dossier));
  if (left !== undefined || (stops.length > 0 && stops.every((one) => one.state === 'passed')))
    return { state: 'done', rank: 4, at: -Date.parse(left ?? movement.changedAt) };
  if (stops.some((one) => HELD.has(one.state)))
    return { state: 'held', rank: spoils ? 0 : 1, at: Date.parse(arrived ?? expected) };
  if (arrived !== undefined) return { state: 'here', rank: spoils ? 0 : 1, at: Date.parse(arrived) };
  return { state: 'expected', rank: spoils ? 2 : 3, at: Date.parse(expected) };
}

/** The claim that weighs least of those aboard: one unrecognised trader makes the load unrecognised. */
const WEIGHT = ['not-recognised', 'none', 'claimed', 'recognised'] as const;

function least(claims: readonly (string | undefined)[]): DeskRow['trustedTrader'] {
  const found = WEIGHT.find((one) => claims.some((claim) => (claim ?? 'none') === one));
  return found ?? 'none';
}

/** A line of the list as this authority may see it: goods that are not for it are not told. */
export function deskRow(
  movement: MovementState,
  post: string,
  aboard: readonly Aboard[],
  {
    reader,
    requirements,
    asOf,
  }: { readonly reader: Reader; readonly requirements: readonly RequirementState[]; readonly asOf: string },
): DeskRow | undefined {
  const { current } = movement;
  if (current === null) return undefined;
  const visible = aboard.filter(({ dossier }) => maySee(reader, dossier) && dossier.current !== null);
  const goods = visible.map(({ dossier }) => readableContent(reader, dossier, 'goods') as GoodsSection | undefined);
  const arrivedAt = timeOf(movement, post, 'arrived-at-post', 'presented');
  const leftAt = timeOf(movement, post, 'left-post');
  const expectedAt = current.leg.arrival ?? current.leg.departure;
  const consignments = visible.map(({ dossier, movements }, i): DeskRow['consignments'][number] => {
    const stop: Stop | undefined = stopsOf(dossier, movements).find((one) => one.post === post);
    const packages = current.consignments.find((one) => one.dossier === dossier.dossier)?.packages;
    const told = goods[i] === undefined ? { goods: '', grossMass: '' } : goodsOf(dossier);
    return {
      dossier: dossier.dossier,
      version: dossier.current?.version ?? 1,
      ...told,
      ...(packages === undefined ? {} : { packages }),
      state: stop?.state ?? 'expected',
      onRoute: stop !== undefined,
      awaited: stop?.awaited?.what ?? null,
      missing: stop === undefined ? 0 : missingAt(dossier, requirements, stop.member, asOf).length,
    };
  });
  const { state } = placeAt(movement, post, visible);
  return {
    movement: movement.movement,
    version: current.version,
    post,
    state,
    means: current.means,
    carrier: current.carrier.name,
    trailers: current.trailers,
    equipment: current.equipment.map(({ identification }) => identification),
    seals: [...movement.seals],
    from: `${current.leg.from.name}, ${current.leg.from.country}`,
    to: `${current.leg.to.name}, ${current.leg.to.country}`,
    ...(expectedAt === undefined ? {} : { expectedAt }),
    ...(arrivedAt === undefined ? {} : { arrivedAt }),
    ...(leftAt === undefined ? {} : { leftAt }),
    perishable: visible.some(({ dossier }, i) => goods[i] !== undefined && isPerishable(dossier)),
    trustedTrader: least(goods.map((one) => one?.trustedTrader?.state)),
    greenChannel: least(goods.map((one) => one?.greenChannel?.state)),
    missing: consignments.reduce((total, one) => total + one.missing, 0),
    consignments,
  };
}
