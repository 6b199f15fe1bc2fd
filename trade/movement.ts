import type { Registry } from '../members/registry.ts';
import type { Finding } from '../values/refusal.ts';
import { checkEquipment } from './dossier.ts';
import type { EventBody, MovementBody } from './record.ts';

/** What is wrong with a movement or an event beyond its form. */

const TEN_MINUTES = 600_000;

export function checkMovement(
  movement: Pick<MovementBody, 'posts' | 'leg' | 'means' | 'equipment' | 'consignments'>,
  registry: Registry,
): Finding[] {
  const findings: Finding[] = [];
  const report = (path: string, code: string, message: string): void => {
    findings.push({ path, code, message });
  };
  const passed = new Set<string>();
  for (const [i, id] of movement.posts.entries()) {
    if (passed.has(id)) report(`/posts/${i}`, 'post-repeated', `The movement passes ${id} twice.`);
    passed.add(id);
    const post = registry.findPost(id);
    if (post === undefined) report(`/posts/${i}`, 'post-unknown', `The registry lists no post ${id}.`);
    else if (!post.mode.includes(movement.leg.mode))
      report(`/posts/${i}`, 'mode-differs', `${id} is not a ${movement.leg.mode} post.`);
  }
  if (movement.means.mode !== movement.leg.mode)
    report('/means/mode', 'mode-differs', 'The means of transport do not fit the mode of the leg.');
  const { departure, arrival } = movement.leg;
  if (departure !== undefined && arrival !== undefined && Date.parse(arrival) < Date.parse(departure)) {
    report('/leg/arrival', 'times-out-of-order', 'The arrival lies before the departure.');
  }
  const aboard = new Set<string>();
  for (const [i, { dossier }] of movement.consignments.entries()) {
    if (aboard.has(dossier))
      report(`/consignments/${i}/dossier`, 'consignment-repeated', 'The consignment stands twice.');
    aboard.add(dossier);
  }
  checkEquipment(movement.equipment, '/equipment', report);
  return findings;
}

export interface EventCheck {
  readonly movement: Pick<MovementBody, 'posts' | 'consignments'>;
  readonly registry: Registry;
  readonly now: Date;
  /** IANA zone names that the runtime knows. */
  readonly zones: ReadonlySet<string>;
}

const AT_POST: ReadonlySet<string> = new Set(['arrived-at-post', 'presented', 'left-post', 'gauge-changed']);
/** A change of gauge may set the boxes onto other wagons, and what is reloaded is sealed anew. */
const WITH_RELOAD: ReadonlySet<string> = new Set(['reloaded', 'gauge-changed']);
const WITH_SEALS: ReadonlySet<string> = new Set(['seals-broken', 'seals-fitted', ...WITH_RELOAD]);

/**
 * What is wrong with an event beyond its form: time, zone and place, and whether it says what its kind needs and nothing of another
 * kind.
 */
export function checkEvent(
  event: Omit<EventBody, 'operator'>,
  { movement, registry, now, zones }: EventCheck,
): Finding[] {
  const findings: Finding[] = [];
  const report = (path: string, code: string, message: string): void => {
    findings.push({ path, code, message });
  };
  if (Date.parse(event.occurredAt) > now.getTime() + TEN_MINUTES)
    report('/occurredAt', 'event-from-future', 'The event lies in the future.');
  if (!zones.has(event.zone)) report('/zone', 'zone-unknown', `${event.zone} is no IANA time zone.`);
  if (event.post !== undefined) {
    if (!movement.posts.includes(event.post))
      report('/post', 'post-not-on-way', `The movement does not pass ${event.post}.`);
    const zone = registry.findPost(event.post)?.zone;
    if (event.source === 'authority' && zone !== undefined && zone !== event.zone)
      report('/zone', 'zone-differs', `${event.post} keeps ${zone}.`);
  }
  if (AT_POST.has(event.event) && event.post === undefined)
    report('/post', 'post-missing', `The event '${event.event}' happens at a post.`);
  if (event.event === 'problem' && event.problem === undefined)
    report('/problem', 'problem-missing', 'A problem has a code.');
  if (event.event !== 'problem' && event.problem !== undefined)
    report('/problem', 'problem-unexpected', "What is wrong is reported as 'problem'.");
  // A driver between two posts is nowhere that has a name, and positions of persons are not asked for.
  if (event.post === undefined && event.place === undefined && event.source !== 'driver')
    report('/place', 'place-missing', 'An event has a post or a place.');
  if (event.event === 'reloaded' && event.reload === undefined)
    report('/reload', 'reload-missing', 'Reloading says onto which means and how many packages were counted.');
  if (event.reload !== undefined && !WITH_RELOAD.has(event.event))
    report('/reload', 'reload-unexpected', `The event '${event.event}' is no reloading.`);
  if (event.reload?.toMovement === event.movement && event.event === 'reloaded')
    report('/reload/toMovement', 'reload-onto-itself', 'Reloading goes on in another movement.');
  if (event.event === 'temperature-read' && event.temperature === undefined)
    report('/temperature', 'temperature-missing', 'A reading has a temperature.');
  if (event.event !== 'temperature-read' && event.temperature !== undefined)
    report('/temperature', 'temperature-unexpected', "A temperature is reported as 'temperature-read'.");
  checkSeals(event, report);
  checkPresented(event, movement, report);
  const counted = new Set<string>();
  for (const [i, { dossier }] of (event.reload?.packages ?? []).entries()) {
    if (counted.has(dossier))
      report(`/reload/packages/${i}/dossier`, 'consignment-repeated', 'The consignment is counted twice.');
    counted.add(dossier);
  }
  for (const [i, { dossier }] of (event.reload?.packages ?? []).entries()) {
    if (!movement.consignments.some((one) => one.dossier === dossier)) {
      report(`/reload/packages/${i}/dossier`, 'consignment-not-aboard', 'The consignment is not aboard this movement.');
    }
  }
  return findings;
}

function checkPresented(
  { event, source, presented }: Pick<EventBody, 'event' | 'source' | 'presented'>,
  movement: EventCheck['movement'],
  report: (path: string, code: string, message: string) => void,
): void {
  if (presented === undefined) return;
  if (event !== 'presented' || source !== 'authority')
    report('/presented', 'presented-unexpected', 'Only an authority notes what stands before it, as presented.');
  const noted = new Set<string>();
  for (const [i, { dossier }] of (presented.consignments ?? []).entries()) {
    const path = `/presented/consignments/${i}/dossier`;
    if (noted.has(dossier)) report(path, 'consignment-repeated', 'The consignment is noted twice.');
    noted.add(dossier);
    if (!movement.consignments.some((one) => one.dossier === dossier))
      report(path, 'consignment-not-aboard', 'The consignment is not aboard this movement.');
  }
}

function checkSeals(
  { event, seals }: Pick<EventBody, 'event' | 'seals'>,
  report: (path: string, code: string, message: string) => void,
): void {
  if (event === 'seals-broken' && (seals?.broken.length ?? 0) === 0)
    report('/seals', 'seals-missing', 'The event names the seals that were broken.');
  if (event === 'seals-fitted' && (seals?.fitted.length ?? 0) === 0)
    report('/seals', 'seals-missing', 'The event names the seals that were fitted.');
  if (seals === undefined) return;
  if (!WITH_SEALS.has(event)) report('/seals', 'seals-unexpected', `The event '${event}' says nothing of seals.`);
  for (const name of ['broken', 'fitted'] as const) {
    const seen = new Set<string>();
    for (const [i, seal] of seals[name].entries()) {
      if (seen.has(seal)) report(`/seals/${name}/${i}`, 'seal-repeated', `Seal ${seal} stands twice.`);
      seen.add(seal);
    }
  }
}

/** Zone names of the runtime, and UTC. */
export function knownZones(): ReadonlySet<string> {
  return new Set([...Intl.supportedValuesOf('timeZone'), 'UTC']);
}
