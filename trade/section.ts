import { z } from 'zod';
import {
  Commitment,
  Country,
  Currency,
  Day,
  DecimalText,
  Identifier,
  Instant,
  MoneyValue,
  text,
  Zone,
} from '../values/schema.ts';
import { INCOTERMS, SECTIONS } from './lists.ts';

/**
 * The sections of a dossier: each is a record of its own with its own audience, so that a transit
 * member sees goods, mass and transport and neither value nor contract. Names after UN/CEFACT.
 */

export { INCOTERMS, SECTIONS };
export const SectionName = z.enum(SECTIONS);
export type SectionName = z.infer<typeof SectionName>;

export const Place = z.strictObject({
  name: text(120),
  country: Country,
  /** UN/LOCODE where one exists. */
  locode: z
    .string()
    .regex(/^[A-Z]{2}[A-Z2-9]{3}$/)
    .optional(),
});
export type Place = z.infer<typeof Place>;

export const Party = z.strictObject({
  name: text(200),
  country: Country,
  address: text(300).optional(),
  /** Tax or registration number of the party in its own country. */
  identifier: text(60).optional(),
});
export type Party = z.infer<typeof Party>;

/** A file beside the log, named by the hash of its salted bytes. */
export const FileReference = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(120)
    // A name, never a path: it is shown and downloaded under it.
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._()-]*$/u, 'must be a plain file name')
    .refine((name) => !name.includes('..'), { message: 'must be a plain file name' }),
  mediaType: z.enum(['application/pdf', 'image/jpeg', 'image/png', 'text/csv', 'application/xml', 'application/json']),
  size: z.int().min(1).max(20_971_520),
  /** SHA-256 over salt and bytes, lower-case hex. */
  hash: Commitment,
  salt: z.string().regex(/^[A-Za-z0-9+/]{22}==$/, 'must be 16 bytes in base64'),
});
export type FileReference = z.infer<typeof FileReference>;

/** A paper: its kind is a UN/EDIFACT 1001 code, e.g. 380 commercial invoice, 851 phytosanitary certificate. */
export const TradeDocument = z.strictObject({
  code: z.string().regex(/^[1-9]\d{0,2}$/, 'must be a UN/EDIFACT 1001 document code'),
  number: text(60),
  issued: Day,
  expires: Day.optional(),
  issuer: text(200).optional(),
  file: FileReference.optional(),
});
export type TradeDocument = z.infer<typeof TradeDocument>;
const Documents = z.array(TradeDocument).max(100);

/** UN/CEFACT Recommendation 21 package type codes. */
export const PackageCode = z.string().regex(/^[0-9A-Z]{2}$/, 'must be a UN/CEFACT Rec. 21 code');
export const Packages = z.strictObject({
  code: PackageCode,
  count: z.int().min(1).max(1_000_000),
  marks: text(200).optional(),
});

/** Harmonized System code: six digits shared by all, eight or ten owned by a member. */
export const HsCode = z.string().regex(/^(\d{6}|\d{8}|\d{10})$/, 'must be 6, 8 or 10 digits without spaces');

export const ConsignmentItem = z.strictObject({
  number: z.int().min(1).max(9999),
  hs: HsCode,
  description: text(500),
  origin: Country,
  /** Kilograms. */
  netMass: DecimalText,
  grossMass: DecimalText,
  packages: z.array(Packages).min(1).max(20),
});
export type ConsignmentItem = z.infer<typeof ConsignmentItem>;

/**
 * What a trader or a cargo claims, and what an authority has said of it. `claimed` is the operator's
 * word; `recognised` names the programme and number that an authority gave.
 */
export const StatusClaim = z.strictObject({
  state: z.enum(['claimed', 'recognised', 'not-recognised']),
  programme: text(120),
  number: text(60).optional(),
});

export const GoodsSection = z.strictObject({
  consignor: Party,
  consignee: Party,
  items: z.array(ConsignmentItem).min(1).max(2000),
  /** Kilograms, the whole consignment with its packages. */
  grossMass: DecimalText,
  trustedTrader: StatusClaim.optional(),
  /** Agricultural green channel. */
  greenChannel: StatusClaim.optional(),
  documents: Documents.default([]),
});
export type GoodsSection = z.infer<typeof GoodsSection>;

export const CommercialSection = z.strictObject({
  seller: Party,
  buyer: Party,
  contract: z.strictObject({ number: text(60), date: Day }).optional(),
  incoterm: z.strictObject({ code: z.enum(INCOTERMS), place: text(120) }),
  currency: Currency,
  /** The value of each item, by its number in the goods section. */
  values: z
    .array(z.strictObject({ item: z.int().min(1).max(9999), value: MoneyValue }))
    .min(1)
    .max(2000),
  documents: Documents.default([]),
});
export type CommercialSection = z.infer<typeof CommercialSection>;

/** ISO 6346 containers, trailers and wagons that carry the goods. */
export const TransportEquipment = z.strictObject({
  kind: z.enum(['container', 'trailer', 'wagon']),
  identification: text(30),
  seals: z.array(text(30)).max(10).default([]),
});
export type TransportEquipment = z.infer<typeof TransportEquipment>;

/** The vehicle itself: its plate, train or wagon number. */
export const TransportMeans = z.strictObject({
  mode: z.enum(['road', 'rail']),
  identification: text(30),
  country: Country,
});
export type TransportMeans = z.infer<typeof TransportMeans>;

export const Leg = z.strictObject({
  mode: z.enum(['road', 'rail']),
  from: Place,
  to: Place,
  departure: Instant.optional(),
  arrival: Instant.optional(),
});

export const TransportSection = z.strictObject({
  carrier: Party,
  legs: z.array(Leg).min(1).max(20),
  equipment: z.array(TransportEquipment).max(100).default([]),
  /** Degrees Celsius to be kept on the way. */
  temperature: z
    .strictObject({ minimum: z.number().min(-60).max(60), maximum: z.number().min(-60).max(60) })
    .optional(),
  documents: Documents.default([]),
});
export type TransportSection = z.infer<typeof TransportSection>;

export const SanitarySection = z.strictObject({
  /** Establishments that a protocol asks to be registered. */
  registrations: z
    .array(
      z.strictObject({
        kind: z.enum(['orchard', 'packing-house', 'slaughterhouse', 'processing-plant', 'storage']),
        number: text(60),
        name: text(200),
        place: Place,
      }),
    )
    .max(50)
    .default([]),
  treatments: z
    .array(
      z.strictObject({
        kind: z.enum(['cold-treatment', 'fumigation', 'irradiation', 'heat-treatment']),
        started: Instant,
        ended: Instant,
        /** What was held or used, e.g. temperature and days; unknown is said as such. */
        parameters: text(300),
        place: Place.optional(),
      }),
    )
    .max(20)
    .default([]),
  documents: Documents.default([]),
});
export type SanitarySection = z.infer<typeof SanitarySection>;

/** Personal data stand here alone, so that they can be erased alone. */
export const DriverSection = z.strictObject({
  drivers: z
    .array(
      z.strictObject({
        name: text(120),
        licence: text(40).optional(),
        country: Country.optional(),
        phone: z
          .string()
          .regex(/^\+\d{6,15}$/)
          .optional(),
      }),
    )
    .min(1)
    .max(4),
});
export type DriverSection = z.infer<typeof DriverSection>;

export const AttachmentsSection = z.strictObject({ documents: Documents });
export type AttachmentsSection = z.infer<typeof AttachmentsSection>;

export const SectionContents = z.strictObject({
  commercial: CommercialSection.optional(),
  transport: TransportSection,
  goods: GoodsSection,
  sanitary: SanitarySection.optional(),
  driver: DriverSection.optional(),
  attachments: AttachmentsSection.optional(),
});
export type SectionContents = z.infer<typeof SectionContents>;

/** From where to where, and over which posts in which order; post ids are those of the registry. */
export const Route = z.strictObject({
  origin: Place,
  destination: Place,
  posts: z.array(Identifier).max(30),
});
export type Route = z.infer<typeof Route>;

export const AudienceEntry = z.strictObject({
  member: Country,
  authorities: z.array(Identifier).min(1).max(30).optional(),
});
export type AudienceEntry = z.infer<typeof AudienceEntry>;

/** An instant and the IANA zone of the place where it was read. */
export const ZonedInstant = z.strictObject({ at: Instant, zone: Zone });
