import { compareText } from './causality.ts';
import { isAddressedToAll, latest, membersOnRoute, type Reading, type Said } from './reading.ts';
import type { Contradiction, DossierState, FoldContext, ManifestState, RecordMark } from './state.ts';

/** Whose dossier it is, and which manifest is in force. */
export interface Chain {
  readonly member: string;
  readonly operator: string;
  /** By version, then commitment. */
  readonly counted: ReadonlyMap<string, ManifestState>;
  readonly current: ManifestState | null;
  readonly contradictions: readonly Contradiction[];
  readonly withdrawal: DossierState['withdrawal'];
  /** Named the withdrawal, or stands behind it in the filer's own log. */
  readonly isAfterWithdrawal: (record: Pick<RecordMark, 'commitment'>) => boolean;
}

const byVersion = (a: Said<'manifest'>, b: Said<'manifest'>): number =>
  a.body.version - b.body.version || compareText(a.commitment, b.commitment);

function stateOf(one: Said<'manifest'>): ManifestState {
  const { commitment, member, index, at, to, body } = one;
  return {
    commitment,
    version: body.version,
    previous: body.previous ?? null,
    member,
    operator: body.operator,
    index,
    at,
    to,
    reason: body.reason ?? null,
    route: body.route,
    sections: body.sections,
  };
}

/**
 * Versions that were said more than once, or by another member than the first. A manifest that is
 * wrongly addressed or chained still counts here: it is signed, and it says another thing than its twin.
 */
export function contradictionsOf(
  said: readonly { readonly commitment: string; readonly version: number; readonly at: string }[],
  rivalled: ReadonlySet<number>,
): Contradiction[] {
  const versions = new Map<number, { commitment: string; at: string }[]>();
  for (const one of said) versions.set(one.version, [...(versions.get(one.version) ?? []), one]);
  return [...versions]
    .filter(([version, twins]) => twins.length > 1 || rivalled.has(version))
    .sort(([a], [b]) => a - b)
    .map(([version, twins]) => ({
      version,
      manifests: twins.map((one) => one.commitment).sort(),
      at: twins.reduce((last, one) => latest(last, one.at), twins[0]?.at ?? ''),
    }));
}

/**
 * Why a version does not go on from the one before. A manifest that names its predecessor in `after`
 * waits for it. One that doesn't is new to some addressee, from whom the predecessor was kept because
 * it was not yet on the route: it stands on its own.
 */
export function isChained(
  one: { readonly version: number; readonly previous: string | undefined; readonly after: readonly string[] },
  versionOf: (commitment: string) => number | undefined,
  isHere: (commitment: string) => boolean,
): boolean {
  if (one.previous === undefined) return one.version === 1;
  if (one.version === 1) return false;
  const before = versionOf(one.previous);
  if (before !== undefined) return before === one.version - 1;
  return !one.after.includes(one.previous) && !isHere(one.previous);
}

/** The first version, or one that stands on its own. */
export function isStart(
  one: { readonly after: readonly string[]; readonly body: { readonly previous?: string | undefined } },
  isHere: (commitment: string) => boolean,
): boolean {
  const { previous } = one.body;
  return previous === undefined || (!one.after.includes(previous) && !isHere(previous));
}

/** Finds the filer, the withdrawal and the manifests that count. */
export function foldChain(reading: Reading, context: FoldContext): Chain {
  const manifests = [...reading.of('manifest')].sort(byVersion);
  const isToRoute = (one: Said<'manifest'>): boolean =>
    isAddressedToAll(one.to, membersOnRoute(one.body.route, one.member, context.posts));
  const base = manifests.find((one) => one.authority === null && isToRoute(one));
  const member = base?.member ?? '';
  const operator = base?.body.operator ?? '';
  const ours = manifests.filter((one) => one.member === member && one.authority === null);

  const withdrawals = reading.inLogOrder('withdrawal').filter((one) => {
    if (base !== undefined && (one.member !== member || one.authority !== null))
      reading.setAside(one, 'foreign-operator');
    else if (!ours.some((manifest) => manifest.commitment === one.body.manifest)) {
      if (reading.records.some((record) => record.commitment === one.body.manifest))
        reading.setAside(one, 'manifest-not-counted');
      else reading.wait(one, one.body.manifest);
    } else return true;
    return false;
  });
  const [first, ...repeats] = withdrawals;
  for (const one of repeats) reading.setAside(one, 'withdrawn-already');
  const places = new Map(reading.records.map((one) => [one.commitment, one]));
  const isAfterWithdrawal = ({ commitment }: Pick<RecordMark, 'commitment'>): boolean => {
    if (first === undefined) return false;
    if (reading.settled.follows(commitment, first.commitment)) return true;
    const place = places.get(commitment);
    return place !== undefined && reading.isLater(place, first);
  };

  const counted = new Map<string, ManifestState>();
  for (const one of manifests) {
    const { body, commitment } = one;
    const link = { version: body.version, previous: body.previous, after: one.after };
    if (one.member !== member || one.authority !== null) reading.setAside(one, 'foreign-filer');
    else if (body.operator !== operator) reading.setAside(one, 'foreign-operator');
    else if (!isToRoute(one)) reading.setAside(one, 'misaddressed');
    else if (isAfterWithdrawal(one)) reading.setAside(one, 'after-withdrawal');
    else if (
      !isChained(
        link,
        (c) => counted.get(c)?.version,
        (c) => places.has(c),
      )
    )
      reading.setAside(one, 'chain-broken');
    else counted.set(commitment, stateOf(one));
  }

  // Another member's chain under this id, said to its whole route, contradicts too: nothing in six logs
  // tells which of the two came first.
  const rivals = manifests.filter(
    (one) => one.member !== member && one.authority === null && isToRoute(one) && isStart(one, (c) => places.has(c)),
  );
  const said = [...ours, ...rivals].map(({ commitment, at, body }) => ({ commitment, at, version: body.version }));
  const top = [...counted.values()].at(-1)?.version;
  return {
    member,
    operator,
    counted,
    current: [...counted.values()].find((one) => one.version === top) ?? null,
    contradictions: contradictionsOf(said, new Set(rivals.map((one) => one.body.version))),
    withdrawal:
      first === undefined
        ? null
        : { commitment: first.commitment, reason: first.body.reason, at: first.at, to: first.to },
    isAfterWithdrawal,
  };
}
