import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Country, Currency, Day, DecimalText, text } from '../values/schema.ts';
import { MOST_LETTERS, WORD_LANGUAGES } from './goods/goods.ts';
import { INCOTERMS } from './lists.ts';
import { RequirementsView } from './measures/answer-view.ts';
import { REGIMES, REGISTERED, TRADERS, TREATED } from './measures/condition.ts';

/** What goods need and what they cost along a whole way: for anyone, without an account. */

const Word = z.string().max(40);
const List = z.string().max(2000);

/** As an address writes it, so that an answer can be passed on as one. Lists are separated by commas. */
export const RequirementsQuery = z.strictObject({
  hs: Word,
  from: Word,
  to: Word,
  origin: Word.optional(),
  via: List.optional(),
  mode: Word.optional(),
  mass: Word.optional(),
  value: Word.optional(),
  currency: Word.optional(),
  incoterm: Word.optional(),
  carriage: Word.optional(),
  onward: Word.optional(),
  insurance: Word.optional(),
  duties: Word.optional(),
  date: Word.optional(),
  rates: List.optional(),
  papers: List.optional(),
  claims: List.optional(),
  registered: List.optional(),
  treated: List.optional(),
  wholly: Word.optional(),
  changed: Word.optional(),
  added: Word.optional(),
  direct: Word.optional(),
  trader: List.optional(),
  green: Word.optional(),
  regime: Word.optional(),
  predeclared: Word.optional(),
  vehicles: Word.optional(),
});
export type RequirementsQuery = z.infer<typeof RequirementsQuery>;

const Hs = z.string().regex(/^(\d{6}|\d{8}|\d{10})$/, 'must have 6, 8 or 10 digits');
const Paper = z.string().regex(/^([a-z0-9]+(-[a-z0-9]+)*|\d{1,4})$/, 'must be an id or a code of UN/EDIFACT 1001');

/** A whole consignment, up to 200 items. */
export const RequirementsQuestion = z.strictObject({
  items: z
    .array(
      z.strictObject({
        number: z.int().min(1).max(999),
        hs: Hs,
        /** Member → its own code, where it differs. */
        national: z.record(Country, Hs).optional(),
        origin: Country,
        mass: DecimalText.optional(),
        value: DecimalText.optional(),
        quantities: z.record(z.string().max(12), DecimalText).optional(),
      }),
    )
    .min(1)
    .max(200),
  from: Country,
  to: Country,
  /** Crossings in order, as `via` of an address names them. */
  via: z.array(text(64)).max(40).default([]),
  on: Day.optional(),
  mode: z.enum(['road', 'rail']).optional(),
  currency: Currency,
  incoterm: z.enum(INCOTERMS).optional(),
  costs: z
    .strictObject({
      toBorder: DecimalText.optional(),
      afterBorder: DecimalText.optional(),
      insurance: DecimalText.optional(),
      duties: DecimalText.optional(),
    })
    .optional(),
  rates: z
    .array(z.strictObject({ of: Currency, in: Currency, amount: DecimalText, per: DecimalText.optional() }))
    .max(40)
    .optional(),
  papers: z.array(Paper).max(200).optional(),
  registered: z.array(z.enum(REGISTERED)).max(10).optional(),
  treated: z.array(z.enum(TREATED)).max(10).optional(),
  originated: z
    .strictObject({ wholly: z.boolean().optional(), changed: z.boolean().optional(), added: DecimalText.optional() })
    .optional(),
  direct: z.boolean().optional(),
  trader: z.array(z.enum(TRADERS)).max(2).optional(),
  green: z.boolean().optional(),
  regime: z.enum(REGIMES).optional(),
  predeclared: z.boolean().optional(),
  /** `MEMBER/claim` → yes or no. */
  claims: z.record(z.string().max(80), z.boolean()).optional(),
  vehicles: z.int().min(1).max(999).optional(),
  stay: z.record(Country, z.strictObject({ km: DecimalText.optional(), days: DecimalText.optional() })).optional(),
});
export type RequirementsQuestion = z.infer<typeof RequirementsQuestion>;

/** What is known of each member's rules. */
export const PackView = z.object({
  member: Country,
  version: z.int(),
  published: z.string(),
  state: z.enum(['compiled', 'confirmed']),
  measures: z.int(),
  /** Rates of which it says that nobody found them. */
  unknown: z.int(),
  sources: z.array(
    z.object({ title: z.string(), publisher: z.string(), edition: z.string().nullable(), address: z.string() }),
  ),
});

const base = oc.$route({ tags: ['trade'] });

const NamedView = z.object({ code: z.string(), en: z.string(), ru: z.string() });
const GoodsView = NamedView.extend({ heading: NamedView.nullable(), chapter: NamedView.nullable() });

export const requirementsContract = {
  requirements: base
    .route({ method: 'GET', path: '/requirements', summary: 'Papers, steps and charges along a whole way, by address' })
    .input(RequirementsQuery)
    .output(RequirementsView),
  askRequirements: base
    .route({ method: 'POST', path: '/requirements', summary: 'Papers, steps and charges of a whole consignment' })
    .input(RequirementsQuestion)
    .output(RequirementsView),
  goods: base
    .route({ method: 'GET', path: '/goods', summary: 'Goods by words in eight languages or by digits, typos forgiven' })
    .input(
      z.strictObject({
        q: z.string().min(1).max(MOST_LETTERS),
        language: z.enum(WORD_LANGUAGES).optional(),
        limit: z.coerce.number().int().min(1).max(50).default(10),
      }),
    )
    .output(
      z.object({
        items: z.array(
          /** `word`: that which was meant; null where digits were typed. */
          GoodsView.extend({ word: z.string().nullable() }),
        ),
      }),
    ),
  getGoods: base
    .route({
      method: 'GET',
      path: '/goods/{code}',
      summary: 'What goods of a code are called, with heading and chapter',
    })
    .input(z.strictObject({ code: z.string().regex(/^(\d{2}){1,5}$/, 'must have 2, 4, 6, 8 or 10 digits') }))
    /** `code`: as far as it has words of its own, which is six digits at most. */
    .output(GoodsView),
  packs: base
    .route({
      method: 'GET',
      path: '/packs',
      summary: "Each member's rules: which version is in force, and its sources",
    })
    .input(z.strictObject({ member: Country.optional(), on: Day.optional() }))
    .output(z.object({ packs: z.array(PackView) })),
};
