import { canonicalJson } from '../log/canonical.ts';
import { erasureRefused, orderOf } from '../log/erased.ts';
import type { Chain } from './chain.ts';
import type { Reading } from './reading.ts';
import type { ErasureState, FoldInput, To } from './state.ts';

/** Sections that their issuer erased: pure, a function of the set of records. */

const membersOf = (to: To): string[] => (to === 'public' ? [] : [...new Set(to.map(({ member }) => member))].sort());

/** Members that have the record an order erases, beside its issuer, and have not said that they erased it. */
export function awaitedFrom({ to, acknowledged }: Pick<ErasureState, 'to' | 'acknowledged'>, issuer: string): string[] {
  const done = new Set(acknowledged.map(({ member }) => member));
  return membersOf(to).filter((member) => member !== issuer && !done.has(member));
}

/**
 * Parts what is folded from what is ordered to be erased: the fold takes a record that an order of its own issuer names as absent,
 * whether the bytes are still here or not.
 *
 * @param records all of one dossier
 */
export function withoutErased(records: readonly FoldInput[]): {
  readonly kept: readonly FoldInput[];
  readonly erased: readonly FoldInput[];
} {
  const orders = records.flatMap(({ envelope }) => {
    const order = orderOf(envelope);
    return order === undefined ? [] : [{ order, envelope }];
  });
  if (orders.length === 0) return { kept: records, erased: [] };
  const isErased = ({ commitment, envelope, index }: FoldInput): boolean =>
    orders.some(
      (one) =>
        one.order.commitment === commitment &&
        BigInt(one.order.index) === index &&
        erasureRefused(one.envelope, envelope) === undefined,
    );
  return { kept: records.filter((one) => !isErased(one)), erased: records.filter(isErased) };
}

/** The orders that count: by the filer's member, for a section that a counted manifest names, the first of each. */
export function foldErasures(reading: Reading, chain: Chain): readonly ErasureState[] {
  const named = new Map(
    [...chain.counted.values()].flatMap(({ sections }) => sections.map((one) => [one.commitment, one] as const)),
  );
  const counted = new Map<string, ErasureState>();
  const orders = new Map<string, ErasureState>();
  for (const one of reading.inLogOrder('erased')) {
    const { body, commitment: order, at, index, to } = one;
    const section = named.get(body.commitment);
    if (one.authority !== null || one.member !== chain.member) reading.setAside(one, 'erasure-foreign');
    else if (
      section?.name !== body.section ||
      canonicalJson(section.audience) !== canonicalJson(to) ||
      // What an order may erase has been parted from these records.
      reading.records.some(({ commitment }) => commitment === body.commitment)
    )
      reading.setAside(one, 'erasure-not-counted');
    else if (counted.has(body.commitment)) reading.setAside(one, 'erased-already');
    else {
      const { commitment, legalBasis, reason } = body;
      const state = { order, section: section.name, commitment, at, index, to, legalBasis, reason, acknowledged: [] };
      counted.set(commitment, state);
      orders.set(order, state);
    }
  }
  for (const one of reading.of('erasure-acknowledged')) {
    const state = orders.get(one.body.order);
    if (state === undefined) reading.setAside(one, 'erasure-not-counted');
    else if (one.authority !== null || !awaitedFrom(state, chain.member).includes(one.member))
      reading.setAside(one, 'erasure-foreign');
    else {
      const acknowledged = [...state.acknowledged, { member: one.member, at: one.at }];
      acknowledged.sort((a, b) => (a.member < b.member ? -1 : 1));
      orders.set(state.order, { ...state, acknowledged });
    }
  }
  return [...orders.values()];
}
