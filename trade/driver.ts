import type { Names, Registry } from '../members/registry.ts';
import type { DriverCrossing, DriverView } from './driver-contract.ts';
import type { DossierState, MovementState } from './state.ts';
import type { RequirementState } from './subject.ts';
import { timelineOf } from './timeline.ts';

/** A movement as its driver needs it: what is settled at each crossing, what is missing and why it is held. Pure. */

export interface Aboard {
  readonly state: DossierState;
  /** Every movement that carries or carried the dossier. */
  readonly movements: readonly MovementState[];
}

type Crossing = DriverView['crossings'][number];
type Stop = Crossing['consignments'][number];

const HELD: ReadonlySet<string> = new Set(['held', 'queried', 'answered', 'inspecting', 'refused', 'conflicting']);
const GONE_ON: ReadonlySet<string> = new Set(['released', 'passed']);

/** The gravest word of the consignments at one post. */
export function crossingState(states: readonly string[]): DriverCrossing['state'] {
  if (states.some((one) => HELD.has(one))) return 'held';
  if (states.length > 0 && states.every((one) => one === 'passed')) return 'passed';
  if (states.length > 0 && states.every((one) => GONE_ON.has(one))) return 'settled';
  return states.includes('arrived') ? 'waits' : 'expected';
}

const earliest = (times: readonly (string | null)[]): string | null =>
  times.filter((one) => one !== null).sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;

export interface DriverInput {
  readonly movement: MovementState;
  /** By dossier id; one that is not here is shown as expected everywhere. */
  readonly aboard: ReadonlyMap<string, Aboard>;
  readonly registry: Pick<Registry, 'findPost' | 'getMember' | 'findAuthority'>;
  readonly requirements: readonly RequirementState[];
  /** Codes of certificates by commitment. */
  readonly codes: ReadonlyMap<string, string>;
  /** 'YYYY-MM-DD' */
  readonly asOf: string;
}

type Seen = Omit<DriverView, 'label' | 'instructions' | 'until' | 'asOf' | 'demo'>;

/** @returns undefined where the movement's declaration is not here */
export function driverView({ movement, aboard, registry, requirements, codes, asOf }: DriverInput): Seen | undefined {
  const { current } = movement;
  if (current === null) return undefined;
  const consignments = current.consignments.map(({ dossier, packages }, i) => ({
    number: i + 1,
    dossier,
    packages: packages ?? null,
  }));
  const timelines = consignments.map(({ number, dossier }) => {
    const found = aboard.get(dossier);
    return { number, entries: found === undefined ? [] : timelineOf(found.state, found.movements, requirements, asOf) };
  });
  const crossings = current.posts.flatMap((id): Crossing[] => {
    const post = registry.findPost(id);
    if (post === undefined) return [];
    const stops = timelines.flatMap(({ number, entries }): Stop[] => {
      const entry = entries.find((one) => one.post === id);
      if (entry === undefined) return [];
      const said = entry.decisions.findLast((one) => one.standing);
      const held = said !== undefined && said.decision !== 'release';
      return [
        {
          number,
          state: entry.state,
          awaited:
            entry.awaited === null
              ? null
              : { from: entry.awaited.from.kind, what: entry.awaited.what, since: entry.awaited.since },
          reason: held ? said.reason : null,
          missing: entry.missing.map(({ kind, what }) => ({ kind, what })),
        },
      ];
    });
    const own = (event: string): string | null =>
      earliest(
        movement.events
          .filter(({ body }) => body.post === id && body.event === event)
          .map(({ body }) => body.occurredAt),
      );
    const leftAt = own('left-post');
    const member = registry.getMember(post.member);
    return [
      {
        post: id,
        name: post.name,
        member: post.member as Crossing['member'],
        memberName: member.name,
        authorityName: registry.findAuthority(post.authority)?.name ?? member.name,
        zone: post.zone,
        state:
          leftAt !== null && !stops.some(({ state }) => HELD.has(state))
            ? 'passed'
            : crossingState(stops.map(({ state }) => state)),
        arrivedAt: own('arrived-at-post'),
        leftAt,
        consignments: stops,
      },
    ];
  });
  const certificates = consignments.flatMap(({ number, dossier }) =>
    (aboard.get(dossier)?.state.certificates ?? []).map((one) => ({
      certificate: one.certificate,
      consignment: number,
      kind: one.kind,
      number: one.number,
      authorityName: (registry.findAuthority(one.authority)?.name ?? null) as Names | null,
      validUntil: one.validUntil,
      state: one.state,
      code: codes.get(one.commitment) ?? null,
    })),
  );
  const place = ({ name, country }: { readonly name: string; readonly country: DriverView['from']['country'] }) => ({
    name,
    country,
  });
  return {
    movement: movement.movement,
    means: current.means,
    trailers: current.trailers,
    equipment: current.equipment.map(({ kind, identification }) => ({ kind, identification })),
    seals: [...movement.seals],
    from: place(current.leg.from),
    to: place(current.leg.to),
    consignments,
    crossings,
    certificates,
    reports: movement.events
      .filter(({ body }) => body.source === 'driver')
      .slice(-20)
      .reverse()
      .map(({ body }) => ({
        event: body.event,
        post: body.post ?? null,
        problem: body.problem ?? null,
        at: body.occurredAt,
      })),
  };
}
