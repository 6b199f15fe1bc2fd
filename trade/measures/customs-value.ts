import type { INCOTERMS } from '../lists.ts';
import { type Decimal, ZERO } from './decimal.ts';
import type { Direction } from './measure.ts';

/**
 * The customs value of goods from their price: what the price leaves out of the way to the border is added, what it holds of the way
 * after it, and of duties, is taken out where it is stated apart. Members count transport and insurance to the place of entry in
 * (WTO Agreement on Customs Valuation, article 8(2), leaves the choice to each; each pack cites its own law).
 */

export type Incoterm = (typeof INCOTERMS)[number];

/** What a price holds by Incoterms 2020: carriage to the named place, insurance of it, duties of import. */
const INCLUDES: Readonly<
  Record<Incoterm, { readonly carriage: boolean; readonly insurance: boolean; readonly duties: boolean }>
> = {
  EXW: { carriage: false, insurance: false, duties: false },
  FCA: { carriage: false, insurance: false, duties: false },
  FAS: { carriage: false, insurance: false, duties: false },
  FOB: { carriage: false, insurance: false, duties: false },
  CFR: { carriage: true, insurance: false, duties: false },
  CPT: { carriage: true, insurance: false, duties: false },
  CIF: { carriage: true, insurance: true, duties: false },
  CIP: { carriage: true, insurance: true, duties: false },
  // The seller bears loss until delivery: what that costs is in the price.
  DAP: { carriage: true, insurance: true, duties: false },
  DPU: { carriage: true, insurance: true, duties: false },
  DDP: { carriage: true, insurance: true, duties: true },
};

/** Costs that stand apart from the price, in the currency of calculation. Absent is not known; nothing is zero. */
export interface Costs {
  /** Carriage, loading and handling up to the border of the destination. */
  readonly toBorder?: Decimal | undefined;
  /** The same from that border on. */
  readonly afterBorder?: Decimal | undefined;
  readonly insurance?: Decimal | undefined;
  /** Duties and taxes of import that a price delivered duty paid holds. */
  readonly duties?: Decimal | undefined;
}

export interface ValueLine {
  readonly what: 'price' | 'carriage-to-border' | 'insurance' | 'carriage-after-border' | 'duties';
  /** Negative where it is taken out; undefined where it belongs in and is not known. */
  readonly amount: Decimal | undefined;
}

export interface CustomsValue {
  readonly lines: readonly ValueLine[];
  readonly total: Decimal;
  /** Nothing that belongs in is unknown. Else the total is at least what is known. */
  readonly complete: boolean;
}

/**
 * @param incoterm undefined: the price is taken as it is, and not complete
 * @example customsValue(new Decimal(40000), 'FCA', { toBorder: new Decimal(1800), insurance: ZERO }).total // 41800
 */
export function customsValue(price: Decimal, incoterm: Incoterm | undefined, costs: Costs): CustomsValue {
  const lines: ValueLine[] = [{ what: 'price', amount: price }];
  if (incoterm === undefined) return { lines, total: price, complete: false };
  const { carriage, insurance, duties } = INCLUDES[incoterm];
  if (!carriage) lines.push({ what: 'carriage-to-border', amount: costs.toBorder });
  if (!insurance) lines.push({ what: 'insurance', amount: costs.insurance });
  // What is not stated apart stays in the value.
  if (carriage && costs.afterBorder !== undefined)
    lines.push({ what: 'carriage-after-border', amount: costs.afterBorder.negated() });
  if (duties && costs.duties !== undefined) lines.push({ what: 'duties', amount: costs.duties.negated() });
  let total = ZERO;
  let complete = !duties || costs.duties !== undefined;
  for (const { amount } of lines)
    if (amount === undefined) complete = false;
    else total = total.plus(amount);
  return { lines, total, complete };
}

/** Under these the seller clears goods on the way (Incoterms 2020, A7 and A9 of DAP, DPU and DDP). */
const DELIVERED: ReadonlySet<Incoterm> = new Set(['DAP', 'DPU', 'DDP']);

/**
 * What a buyer pays beside the price until the goods are there: costs that the price does not hold, and those charges that Incoterms 2020
 * lay on the buyer (A7, A9, B7, B9 of each): on export under EXW alone, in transit unless the price is that of goods delivered, on import
 * but under DDP. Costs that are not stated add nothing.
 */
export function besidePrice(
  incoterm: Incoterm | undefined,
  costs: Costs,
): { readonly costs: Decimal; readonly pays: (direction: Direction) => boolean } {
  const term = incoterm ?? 'DAP';
  const holds = INCLUDES[term];
  let sum = ZERO;
  if (!holds.carriage) sum = sum.plus(costs.toBorder ?? ZERO).plus(costs.afterBorder ?? ZERO);
  if (!holds.insurance) sum = sum.plus(costs.insurance ?? ZERO);
  const pays = (direction: Direction): boolean =>
    direction === 'import' ? !holds.duties : direction === 'export' ? term === 'EXW' : !DELIVERED.has(term);
  return { costs: sum, pays };
}
