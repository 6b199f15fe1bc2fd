import { compareText } from './causality.ts';
import { contradictionsOf, isChained, isStart } from './chain.ts';
import { latest, type Reading, readRecords, type Said } from './reading.ts';
import type { MovementBody } from './record.ts';
import type { FoldContext, FoldInput, MovementEventState, MovementState, MovementVersion } from './state.ts';

function foldVersions(reading: Reading) {
  const said = [...reading.of('movement')].sort(
    (a, b) => a.body.version - b.body.version || compareText(a.commitment, b.commitment),
  );
  const base = said.find((one) => one.authority === null);
  const here = new Set(reading.records.map((one) => one.commitment));
  const ours = said.filter((one) => one.member === base?.member && one.authority === null);
  const counted = new Map<string, Said<'movement'>>();
  for (const one of said) {
    const { version, previous } = one.body;
    if (one.member !== base?.member || one.authority !== null) reading.setAside(one, 'foreign-filer');
    else if (one.body.operator !== base.body.operator) reading.setAside(one, 'foreign-operator');
    else if (
      !isChained(
        { version, previous, after: one.after },
        (c) => counted.get(c)?.body.version,
        (c) => here.has(c),
      )
    )
      reading.setAside(one, 'chain-broken');
    else counted.set(one.commitment, one);
  }
  const rivals = said.filter(
    (one) => one.member !== base?.member && one.authority === null && isStart(one, (c) => here.has(c)),
  );
  const contradictions = contradictionsOf(
    [...ours, ...rivals].map(({ commitment, at, body }) => ({ commitment, at, version: body.version })),
    new Set(rivals.map((one) => one.body.version)),
  );
  return { base, counted, contradictions };
}

/** Why an event is not taken from this issuer. An operator speaks for its own movement, an authority at its member's posts. */
function foreign(one: Said<'event'>, member: string, context: FoldContext): string | undefined {
  if (one.authority === null)
    return one.member === member && one.body.source !== 'authority' ? undefined : 'foreign-operator';
  if (one.body.source !== 'authority') return 'foreign-authority';
  if (one.body.post === undefined) return undefined;
  const post = context.posts.post(one.body.post);
  if (post === undefined) return 'post-unknown';
  return post.member === one.member ? undefined : 'foreign-post';
}

function foldSeals(current: MovementBody | null, events: readonly MovementEventState[]): string[] {
  const seals = new Set(current?.equipment.flatMap((one) => one.seals));
  for (const { body } of events) {
    for (const seal of body.seals?.broken ?? []) seals.delete(seal);
    for (const seal of body.seals?.fitted ?? []) seals.add(seal);
  }
  return [...seals].sort();
}

/**
 * Folds the records of one movement: its versions and its events. Like a dossier's, a function of the
 * set of records.
 *
 * @param records any records of this movement, in any order, repeats allowed
 * @returns the state as plain JSON; `current` is null until a version is here
 */
export function foldMovement(movement: string, records: readonly FoldInput[], context: FoldContext): MovementState {
  const reading = readRecords(records, context);
  const { base, counted, contradictions } = foldVersions(reading);
  const versions = [...counted.values()];
  const top = versions.at(-1)?.body.version;
  const inForce = versions.find((one) => one.body.version === top);

  const events: MovementEventState[] = [];
  for (const one of reading.of('event')) {
    if (base === undefined || inForce === undefined) {
      reading.wait(one, movement);
      continue;
    }
    const reason = foreign(one, base.member, context);
    if (reason !== undefined) {
      reading.setAside(one, reason);
      continue;
    }
    // An event speaks of the consignments that were on board by the newest version it knew of.
    const known = versions.filter((version) => reading.settled.follows(one.commitment, version.commitment)).at(-1);
    const { commitment, member, authority, at, to, body } = one;
    events.push({ commitment, member, authority, at, to, version: (known ?? inForce).body.version, body });
  }
  events.sort(
    (a, b) => Date.parse(a.body.occurredAt) - Date.parse(b.body.occurredAt) || compareText(a.commitment, b.commitment),
  );

  const [first, ...others] = reading.records;
  return {
    movement,
    member: base?.member ?? '',
    operator: base?.body.operator ?? '',
    origin: base?.origin ?? '',
    versions: versions.map(({ commitment, index, at, to, body }): MovementVersion => {
      const { version, previous = null, consignments } = body;
      return { commitment, version, previous, index, at, to, consignments };
    }),
    current: inForce?.body ?? null,
    contradictions,
    events,
    seals: foldSeals(inForce?.body ?? null, events),
    changedAt: latest(first?.at ?? '', ...others.map((one) => one.at)),
    records: reading.records,
    waiting: reading.waiting(),
    setAside: reading.aside(),
  };
}
