import type { Direction, MeasureType } from './measure.ts';

/**
 * Controls that a member must have said something of before silence means anything: plants and what is made of them, animals and what
 * comes of them, food, and what is built or worn. Where a pack is silent the answer is *unknown*, never *not needed*. Chapters after
 * the WTO agreements on sanitary and phytosanitary measures (annex A: plants, animals, food) and on technical barriers to trade.
 */
const CLASSES: readonly { readonly kind: MeasureType; readonly from: number; readonly to: number }[] = [
  { kind: 'veterinary', from: 1, to: 5 },
  { kind: 'phytosanitary', from: 6, to: 14 },
  { kind: 'sanitary', from: 16, to: 22 },
  { kind: 'veterinary', from: 41, to: 41 },
  { kind: 'veterinary', from: 51, to: 51 },
  { kind: 'conformity', from: 61, to: 65 },
  { kind: 'conformity', from: 84, to: 87 },
];

/** @example expectedControls('import', '080929') // ['phytosanitary'] */
export function expectedControls(direction: Direction, code: string): MeasureType[] {
  if (direction === 'transit') return [];
  const chapter = Number(code.slice(0, 2));
  return CLASSES.filter(
    ({ kind, from, to }) =>
      chapter >= from && chapter <= to && (direction === 'import' || kind === 'veterinary' || kind === 'phytosanitary'),
  ).map(({ kind }) => kind);
}
