import type { Groups, Truth } from './condition.ts';
import type { ValueLine } from './customs-value.ts';
import type { Decimal } from './decimal.ts';
import type { Act, Direction, DocumentKind, Duty, Measure } from './measure.ts';
import type { QuotaBalance } from './quota.ts';
import type { Lacking } from './rate.ts';
import type { Schedule } from './schedule.ts';

/** What the engine answers, before it is put into words or JSON. */

/** One charge and how it came about. */
export interface ChargeLine {
  readonly measure: Measure;
  /** The item that it is charged on; absent where it is charged on the consignment. */
  readonly item: number | undefined;
  /** What per cents are of; undefined where that is not known. */
  readonly base: Decimal | undefined;
  readonly amount: Decimal | Lacking;
}

export interface GroupState {
  readonly atoms: readonly { readonly atom: Groups[number][number]; readonly state: Truth }[];
  readonly state: Truth;
}

/** A rate of duty that could be taken, with the charges that follow from it. */
export interface Option {
  readonly kind: Duty;
  /** Undefined where nothing is known of the duty. */
  readonly measure: Measure | undefined;
  /** `available`: all that it hangs on is there. `open`: it can be had with papers. `closed`: not today. `unknown`: a fact is missing. */
  readonly state: 'available' | 'open' | 'closed' | 'unknown';
  readonly groups: readonly GroupState[];
  /** Undefined where the measure has none, or nobody told what was drawn; its state is then `unknown`. */
  readonly quota: QuotaBalance | undefined;
  readonly lines: readonly ChargeLine[];
  /** Of these lines; undefined where one of them is not known. */
  readonly total: Decimal | undefined;
}

export interface ItemAnswer {
  readonly number: number;
  /** The member's own code, or the six digits. */
  readonly code: string;
  /** What the member calls ordinary first, then by their ids. */
  readonly options: readonly Option[];
}

export interface Control {
  readonly measure: Measure;
  readonly items: readonly number[];
  /** `may-apply`: a fact is missing that would tell. */
  readonly state: 'met' | 'open' | 'prohibited' | 'may-apply' | 'unknown';
  readonly groups: readonly GroupState[];
}

export interface NeededDocument {
  readonly kind: DocumentKind;
  readonly held: boolean;
  /** Whether no way leads past it. */
  readonly always: boolean;
}

export type Step = { readonly document: DocumentKind } | { readonly act: Act };

export type FindingCode =
  | 'pack-missing'
  | 'rate-not-found'
  | 'rate-unknown'
  | 'control-not-found'
  | 'digits-needed'
  | 'fact-needed'
  | 'exchange-missing'
  | 'quantity-missing'
  | 'value-missing'
  | 'value-incomplete'
  | 'measures-contradict'
  | 'prohibited'
  | 'paper-missing'
  | 'way-not-told';

export interface AnswerFinding {
  readonly code: FindingCode;
  readonly member: string;
  readonly item?: number;
  readonly measure?: string;
  readonly params: Readonly<Record<string, string>>;
}

/** One member's part of the way. */
export interface Stage {
  readonly member: string;
  readonly direction: Direction;
  /** Where the goods leave or enter it, in order. */
  readonly posts: readonly { readonly post: string; readonly at: 'exit' | 'entry' }[];
  readonly schedule: Schedule | undefined;
  readonly value:
    | { readonly lines: readonly ValueLine[]; readonly total: Decimal; readonly complete: boolean }
    | undefined;
  readonly items: readonly ItemAnswer[];
  /** Charges on the consignment. */
  readonly fees: readonly ChargeLine[];
  readonly controls: readonly Control[];
  readonly documents: readonly NeededDocument[];
  readonly steps: readonly Step[];
  readonly findings: readonly AnswerFinding[];
  /** With the ordinary duty; undefined where a line is not known. */
  readonly ordinary: Decimal | undefined;
  /** With the lowest of the options that are available; undefined where none is known. */
  readonly best: Decimal | undefined;
}

export interface Answer {
  readonly stages: readonly Stage[];
  readonly price: Decimal | undefined;
  /** Price, costs that are stated, and charges that the Incoterm lays on the buyer; undefined where one is not known. */
  readonly landed: { readonly ordinary: Decimal | undefined; readonly best: Decimal | undefined };
  readonly findings: readonly AnswerFinding[];
}

/** What no answer of this platform holds. */
export const NOT_ASSESSED = ['sanctions-of-third-states', 'export-controls-of-third-states'] as const;
/** What a landed cost leaves out. */
export const LEFT_OUT = ['broker', 'storage', 'waiting', 'reloading', 'inland-carriage', 'bank', 'fines'] as const;
