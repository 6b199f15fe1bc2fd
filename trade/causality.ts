import type { FoldInput, RecordMark, Waiting } from './state.ts';

/**
 * Six logs have no total order; `after` gives a partial one. Everything here is a function of the set
 * of records: arrival order and repeats can't matter.
 */

export interface Settled {
  /** Causes before effects; among records free to stand next to each other the lower commitment first. */
  readonly ordered: readonly FoldInput[];
  readonly waiting: readonly Waiting[];
  /** Records of the same id and log as one with a lower index: they do not count. */
  readonly repeated: readonly FoldInput[];
  /** Does `later` name `earlier` in its `after`, directly or through others of this subject? */
  readonly follows: (later: string, earlier: string) => boolean;
}

/** One record for each commitment, then for each id in a log the one with the lower index. */
function distinct(records: readonly FoldInput[]): { kept: FoldInput[]; repeated: FoldInput[] } {
  const byCommitment = new Map<string, FoldInput>();
  for (const record of records) {
    const held = byCommitment.get(record.commitment);
    if (held === undefined || record.index < held.index) byCommitment.set(record.commitment, record);
  }
  const first = new Map<string, FoldInput>();
  const all = [...byCommitment.values()].sort(byPlace);
  for (const record of all) {
    const key = `${record.origin}\n${record.envelope.id}`;
    if (!first.has(key)) first.set(key, record);
  }
  const counts = new Set(first.values());
  return { kept: all.filter((one) => counts.has(one)), repeated: all.filter((one) => !counts.has(one)) };
}

function byPlace(a: FoldInput, b: FoldInput): number {
  if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 1;
  if (a.index !== b.index) return a.index < b.index ? -1 : 1;
  return compareText(a.commitment, b.commitment);
}

/** By UTF-16 code units: the same on every machine, unlike a collation. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Adds a commitment to an ascending list, at its place. */
function insert(sorted: string[], commitment: string): void {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < commitment) low = middle + 1;
    else high = middle;
  }
  sorted.splice(low, 0, commitment);
}

/**
 * Puts the records of one subject in causal order and sets apart those that must wait.
 *
 * @param arrived commitments of other subjects that are here: they hold nothing up
 */
export function settle(records: readonly FoldInput[], arrived: (commitment: string) => boolean = () => false): Settled {
  const { kept, repeated } = distinct(records);
  const here = new Map(kept.map((record) => [record.commitment, record]));
  // A repeat has arrived: what names it need not wait, though it counts for nothing itself.
  const elsewhere = new Set(repeated.map((record) => record.commitment));
  const causes = new Map<string, Set<string>>();
  const effects = new Map<string, string[]>();
  const missing = new Map<string, string[]>();
  for (const { commitment, envelope } of kept) {
    const own = new Set(envelope.after.filter((cause) => here.has(cause)));
    causes.set(commitment, own);
    for (const cause of own) effects.set(cause, [...(effects.get(cause) ?? []), commitment]);
    const absent = envelope.after.filter((cause) => !here.has(cause) && !elsewhere.has(cause) && !arrived(cause));
    missing.set(commitment, [...new Set(absent)].sort());
  }

  const ordered: FoldInput[] = [];
  const ancestors = new Map<string, ReadonlySet<string>>();
  const open = new Map([...causes].map(([commitment, own]) => [commitment, own.size]));
  const free = [...here.keys()].filter((one) => open.get(one) === 0 && missing.get(one)?.length === 0).sort();
  for (let next = free.shift(); next !== undefined; next = free.shift()) {
    const record = here.get(next);
    if (record === undefined) continue;
    ordered.push(record);
    const above = new Set<string>();
    for (const cause of causes.get(next) ?? []) {
      above.add(cause);
      for (const one of ancestors.get(cause) ?? []) above.add(one);
    }
    ancestors.set(next, above);
    for (const effect of effects.get(next) ?? []) {
      const left = (open.get(effect) ?? 0) - 1;
      open.set(effect, left);
      if (left === 0 && missing.get(effect)?.length === 0) insert(free, effect);
    }
  }

  const waiting = kept
    .filter((record) => !ancestors.has(record.commitment))
    .map(({ commitment, envelope }) => ({
      commitment,
      type: envelope.type,
      missing: [
        ...(missing.get(commitment) ?? []),
        ...[...(causes.get(commitment) ?? [])].filter((cause) => !ancestors.has(cause)),
      ].sort(),
    }))
    .sort((a, b) => compareText(a.commitment, b.commitment));
  return {
    ordered,
    waiting,
    repeated,
    follows: (later, earlier) => ancestors.get(later)?.has(earlier) === true,
  };
}

/**
 * Those that no other of them follows. More than one: they did not know of each other.
 * @example heads([query, release], settled.follows) // [release], when it names the query
 */
export function heads<T extends { readonly commitment: string }>(
  records: readonly T[],
  follows: Settled['follows'],
): T[] {
  return records.filter((one) => !records.some((other) => follows(other.commitment, one.commitment)));
}

export function markOf({ origin, index, commitment, envelope }: FoldInput): RecordMark {
  return {
    commitment,
    id: envelope.id,
    type: envelope.type,
    origin,
    index: Number(index),
    member: envelope.issuer.member,
    authority: envelope.issuer.authority ?? null,
    at: envelope.at,
    to: envelope.to,
  };
}
