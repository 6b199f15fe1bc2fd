import type { Groups } from './condition.ts';
import type { QuotaEvent } from './quota.ts';
import type { Rate } from './rate.ts';

/** The nouns of a pack: what one member asks for, and charges, when goods enter, leave or cross it. After TARIC and its kin. */

export const DIRECTIONS = ['import', 'export', 'transit'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Rates of duty stand beside each other as options; the other charges are added to whichever is taken. */
export const DUTIES = ['duty', 'preference', 'quota', 'suspension'] as const;
export const CHARGES = [...DUTIES, 'additional', 'excise', 'vat', 'fee'] as const;
export const CONTROLS = [
  'licence',
  'phytosanitary',
  'veterinary',
  'sanitary',
  'conformity',
  'prohibition',
  'market-access',
  'transit',
  'document',
] as const;
export const MEASURE_TYPES = [...CHARGES, ...CONTROLS] as const;
export type MeasureType = (typeof MEASURE_TYPES)[number];
export type Duty = (typeof DUTIES)[number];

const CHARGE_TYPES: ReadonlySet<string> = new Set(CHARGES);
export const isCharge = (type: MeasureType): boolean => CHARGE_TYPES.has(type);
export const isDuty = (type: MeasureType): type is Duty => (DUTIES as readonly string[]).includes(type);

/**
 * `official`: at the body that is answerable for it. `copy`: its text on somebody else's page. `secondary`: somebody wrote about it.
 * `demonstration`: made up, and says so.
 */
export const CONFIDENCES = ['official', 'copy', 'secondary', 'demonstration'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** Where a value was read. */
export interface Source {
  readonly source: string;
  readonly title: string;
  readonly publisher: string;
  /** Day of which the text is; absent where the source does not say. */
  readonly edition: string | undefined;
  readonly address: string;
}

export interface Citation {
  readonly source: Source;
  /** Article, table and row, heading. */
  readonly place: string;
  /** 'YYYY-MM-DD'. */
  readonly read: string;
  readonly confidence: Confidence;
}

/** In the project's own words; other languages fall back on English. */
export interface Wording {
  readonly en: string;
  readonly ru: string;
}

/** Where goods come from or go to; `countries` undefined is everywhere. */
export interface Area {
  readonly area: string;
  readonly countries: ReadonlySet<string> | undefined;
}

/** What a per cent is of: customs value and charges of other series. `gross`: the charge is part of its own base. */
export interface Base {
  readonly of: readonly string[];
  readonly gross: boolean;
}

/** Both ends of a validity are inside it. */
export interface Validity {
  readonly from: string;
  readonly to: string | undefined;
}

export interface Measure extends Validity {
  readonly measure: string;
  readonly type: MeasureType;
  /** Charges of one series compete: the longest goods code wins, then the smaller area, then what has a condition. Controls add up. */
  readonly series: string;
  readonly direction: Direction;
  /** Prefixes of goods codes; the empty one is all goods. */
  readonly goods: readonly string[];
  readonly except: readonly string[];
  /** Of origin on import, of destination on export. */
  readonly area: Area;
  readonly exclude: ReadonlySet<string>;
  /** What must be so for the measure to apply at all. */
  readonly when: Groups;
  readonly rate: Rate | undefined;
  /** As the pack writes it. */
  readonly rateText: string;
  readonly base: Base;
  /** What must be brought; for an option of duty, what it hangs on. */
  readonly requires: Groups;
  readonly quota: string | undefined;
  /** Absent only where the rate is unknown. */
  readonly citation: Citation | undefined;
  readonly wording: Wording;
}

/** A paper: who issues it, where, how long that takes (ISO 8601), how long it is good for, in which form. Undefined is unknown. */
export interface DocumentKind {
  readonly document: string;
  /** UN/EDIFACT 1001. */
  readonly code: string | undefined;
  readonly issuer: string | undefined;
  readonly where: string | undefined;
  readonly takes: string | undefined;
  readonly valid: string | undefined;
  readonly form: 'paper' | 'electronic' | 'either' | undefined;
  /** Papers that must exist before. */
  readonly needs: readonly string[];
  readonly citation: Citation;
  readonly wording: Wording;
}

/** An act that is no paper. */
export interface Act {
  readonly step: string;
  readonly direction: Direction;
  readonly at: 'exit' | 'entry';
  /** Acts and papers that come before. */
  readonly after: readonly string[];
  readonly goods: readonly string[];
  readonly when: Groups;
  readonly authority: string | undefined;
  readonly where: string | undefined;
  readonly citation: Citation;
  readonly wording: Wording;
}

/** Something that only the asker knows. */
export interface Claim {
  readonly claim: string;
  readonly citation: Citation;
  readonly wording: Wording;
}

/** An amount that rates count in, such as a base calculation unit. */
export interface Parameter extends Validity {
  readonly parameter: string;
  readonly value: string;
  readonly currency: string;
  readonly citation: Citation;
}

export interface Quota extends Validity {
  readonly quota: string;
  readonly volume: string;
  readonly unit: string;
  /** Per cent of the volume left at which it becomes critical. */
  readonly critical: string | undefined;
  readonly citation: Citation;
  readonly wording: Wording;
}

/** A line of the member's own nomenclature below the six digits that all share. */
export interface NationalCode extends Validity {
  readonly code: string;
  readonly citation: Citation;
  readonly wording: Wording;
}

/** `per` units of a currency are worth `amount` of the member's own, from a day on until the next rate. */
export interface ExchangeRate {
  readonly currency: string;
  readonly amount: string;
  readonly per: string;
  readonly from: string;
  readonly citation: Citation;
}

/** One member's rules. Its own: no other pack says anything of it. */
export interface Pack {
  readonly member: string;
  readonly version: number;
  readonly published: string;
  readonly currency: string;
  readonly sources: ReadonlyMap<string, Source>;
  readonly areas: ReadonlyMap<string, Area>;
  readonly documents: ReadonlyMap<string, DocumentKind>;
  readonly acts: readonly Act[];
  readonly claims: ReadonlyMap<string, Claim>;
  readonly parameters: ReadonlyMap<string, readonly Parameter[]>;
  readonly quotas: ReadonlyMap<string, Quota>;
  /** Quota → what happened to it; a quota that is absent here is one of which nothing is told. */
  readonly quotaEvents: ReadonlyMap<string, readonly QuotaEvent[]>;
  readonly codes: readonly NationalCode[];
  readonly exchange: readonly ExchangeRate[];
  readonly measures: readonly Measure[];
}

/** Whether a day lies in a validity, its ends included. */
export function isInForce({ from, to }: Validity, day: string): boolean {
  return from <= day && (to === undefined || day <= to);
}
