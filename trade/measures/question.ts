import type { Incoterm } from './customs-value.ts';

/** What is asked: goods, from where to where, over which posts, on which day, and what is known of them. Amounts are decimal text. */

export interface QuestionItem {
  readonly number: number;
  /** 6, 8 or 10 digits. */
  readonly hs: string;
  /** Member → its own code for the goods, where it differs. */
  readonly national?: Readonly<Record<string, string>> | undefined;
  /** ISO 3166-1 alpha-2. */
  readonly origin: string;
  /** Kilograms, net. */
  readonly mass?: string | undefined;
  /** In the question's currency. */
  readonly value?: string | undefined;
  /** Other units in which rates count: unit of `UNITS` → amount, for all of the item. */
  readonly quantities?: Readonly<Record<string, string>> | undefined;
}

/** `per` units of `of` are worth `amount` of `in`. */
export interface StatedRate {
  readonly of: string;
  readonly in: string;
  readonly amount: string;
  readonly per?: string | undefined;
}

export interface Question {
  readonly items: readonly QuestionItem[];
  readonly from: string;
  readonly to: string;
  /** On the way, in order; their members are those whose measures are asked for, beside origin and destination. */
  readonly posts: readonly { readonly post: string; readonly member: string }[];
  /** 'YYYY-MM-DD'. */
  readonly on: string;
  readonly mode?: 'road' | 'rail' | undefined;
  /** Of values and of the answer. */
  readonly currency: string;
  readonly incoterm?: Incoterm | undefined;
  readonly costs?:
    | { readonly [cost in 'toBorder' | 'afterBorder' | 'insurance' | 'duties']?: string | undefined }
    | undefined;
  readonly rates?: readonly StatedRate[] | undefined;
  /** Papers that are there: ids of a pack, or codes of UN/EDIFACT 1001. */
  readonly papers?: readonly string[] | undefined;
  readonly registered?: readonly string[] | undefined;
  readonly treated?: readonly string[] | undefined;
  readonly originated?:
    | {
        readonly wholly?: boolean | undefined;
        readonly changed?: boolean | undefined;
        /** Per cent of the price. */
        readonly added?: string | undefined;
      }
    | undefined;
  readonly direct?: boolean | undefined;
  readonly trader?: readonly ('trusted' | 'small')[] | undefined;
  readonly green?: boolean | undefined;
  readonly regime?: 'tir' | 'national-guarantee' | undefined;
  readonly predeclared?: boolean | undefined;
  /** `member/claim` → yes or no. */
  readonly claims?: Readonly<Record<string, boolean>> | undefined;
  /** How many vehicles carry the goods; one if not said. */
  readonly vehicles?: number | undefined;
  /** Member → kilometres and days on its territory. */
  readonly stay?:
    | Readonly<Record<string, { readonly km?: string | undefined; readonly days?: string | undefined }>>
    | undefined;
}
