import { z } from 'zod';
import { ErasedBody } from '../log/erased.ts';
import { Commitment, Country, Day, DecimalText, Identifier, Instant, text, Uuid, Zone } from '../values/schema.ts';
import { CERTIFICATE_KINDS, DECISIONS, DRIVER_PROBLEMS, EVENTS, REASONS } from './lists.ts';
import {
  AttachmentsSection,
  AudienceEntry,
  CommercialSection,
  DriverSection,
  FileReference,
  GoodsSection,
  HsCode,
  Leg,
  Party,
  Route,
  SanitarySection,
  SectionName,
  TransportEquipment,
  TransportMeans,
  TransportSection,
} from './section.ts';

export { CERTIFICATE_KINDS, DECISIONS, EVENTS, REASONS };

/**
 * The bodies of the records of trade, one schema a record type. What a node receives from another
 * member is read with these same schemas: a body that does not fit is an *unreadable* record, kept
 * and counted, never folded.
 */

/** The filing operator: its id at its member's node, as the node vouches for it. */
const operator = Identifier;

const sectionOf = <N extends SectionName, S extends z.ZodType>(name: N, content: S) =>
  z.strictObject({ dossier: Uuid, section: z.literal(name), version: z.int().min(1).max(9999), operator, content });

/** One version of one section of a dossier. */
export const SectionBody = z.discriminatedUnion('section', [
  sectionOf('commercial', CommercialSection),
  sectionOf('transport', TransportSection),
  sectionOf('goods', GoodsSection),
  sectionOf('sanitary', SanitarySection),
  sectionOf('driver', DriverSection),
  sectionOf('attachments', AttachmentsSection),
]);

/** Which sections, in which versions, make up the dossier now; to every route member. */
export const ManifestBody = z.strictObject({
  dossier: Uuid,
  version: z.int().min(1).max(9999),
  previous: Commitment.optional(),
  operator,
  route: Route,
  sections: z
    .array(
      z.strictObject({
        name: SectionName,
        version: z.int().min(1).max(9999),
        commitment: Commitment,
        audience: z.array(AudienceEntry).max(30),
      }),
    )
    .min(1)
    .max(6),
  /** Why this version replaces the one before. */
  reason: text(500).optional(),
});

export const WithdrawalBody = z.strictObject({ dossier: Uuid, manifest: Commitment, operator, reason: text(500) });

/** An authority's word on one consignment at one post, made on one manifest. */
export const DecisionBody = z.strictObject({
  dossier: Uuid,
  manifest: Commitment,
  post: Identifier,
  decision: z.enum(DECISIONS),
  reason: z.strictObject({ code: z.enum(REASONS), text: text(1000).optional() }),
  /** With `query`: what is asked of the operator. */
  question: text(1000).optional(),
  /** With `hold` or `refuse`: where and until when to appeal. */
  appeal: z.strictObject({ to: Identifier, text: text(500), until: Day.optional() }).optional(),
  movement: Uuid.optional(),
});

export const AnswerBody = z.strictObject({
  dossier: Uuid,
  /** The query that is answered. */
  decision: Commitment,
  operator,
  text: text(2000),
  files: z.array(FileReference).max(10).default([]),
});

export const AppealBody = z.strictObject({ dossier: Uuid, decision: Commitment, operator, grounds: text(2000) });
export const AppealOutcomeBody = z.strictObject({
  dossier: Uuid,
  appeal: Commitment,
  outcome: z.enum(['upheld', 'dismissed']),
  reason: text(1000),
});

/** One truck or train on one leg. It carries many consignments, whole or in part. */
export const MovementBody = z.strictObject({
  movement: Uuid,
  version: z.int().min(1).max(9999),
  previous: Commitment.optional(),
  operator,
  carrier: Party,
  leg: Leg,
  posts: z.array(Identifier).max(30),
  means: TransportMeans,
  trailers: z.array(text(30)).max(4).default([]),
  equipment: z.array(TransportEquipment).max(200).default([]),
  consignments: z
    .array(
      z.strictObject({
        dossier: Uuid,
        /** Absent: the whole consignment. Present: the packages of it that this movement carries. */
        packages: z.int().min(1).max(1_000_000).optional(),
      }),
    )
    .max(500),
});

/** Something that happened to a movement at a place: time, zone and who saw it. Never a position of a person. */
export const EventBody = z.strictObject({
  movement: Uuid,
  event: z.enum(EVENTS),
  /** A post of the registry, or the name of a place. */
  post: Identifier.optional(),
  place: text(120).optional(),
  occurredAt: Instant,
  zone: Zone,
  source: z.enum(['operator', 'authority', 'driver']),
  operator: operator.optional(),
  note: text(500).optional(),
  /** What is wrong, with `problem`. */
  problem: z.enum(DRIVER_PROBLEMS).optional(),
  seals: z
    .strictObject({ broken: z.array(text(30)).max(20).default([]), fitted: z.array(text(30)).max(20).default([]) })
    .optional(),
  /** Reloading is plate to plate: the movement that goes on, with the packages counted. */
  reload: z
    .strictObject({
      toMovement: Uuid,
      toMeans: TransportMeans,
      packages: z.array(z.strictObject({ dossier: Uuid, expected: z.int().min(0), counted: z.int().min(0) })).max(500),
    })
    .optional(),
  /** What stood there, with `presented`: noted by an authority, to be held against what was declared. Absent: not looked at. */
  presented: z
    .strictObject({
      means: text(30).optional(),
      trailers: z.array(text(30)).max(4).optional(),
      seals: z.array(text(30)).max(40).optional(),
      consignments: z
        .array(
          z.strictObject({
            dossier: Uuid,
            packages: z.int().min(0).max(1_000_000).optional(),
            /** Kilograms. */
            grossMass: DecimalText.optional(),
          }),
        )
        .max(500)
        .optional(),
    })
    .optional(),
  /** Degrees Celsius, with `temperature-read`. */
  temperature: z.number().min(-80).max(80).optional(),
});

/** A certificate by the mandated authority, about goods of one dossier. */
export const CertificateBody = z.strictObject({
  certificate: Uuid,
  kind: z.enum(CERTIFICATE_KINDS),
  number: text(60),
  dossier: Uuid,
  manifest: Commitment,
  /** What is certified, taken from the goods section when it was issued. */
  goods: z
    .array(
      z.strictObject({
        item: z.int().min(1),
        hs: HsCode,
        description: text(500),
        origin: Country,
        netMass: z.string(),
        packages: z.int().min(1),
      }),
    )
    .min(1)
    .max(2000),
  consignor: text(200),
  consignee: text(200),
  statement: text(2000),
  validFrom: Instant,
  validUntil: Instant,
  /** The authority's revocation list and this certificate's place in it. */
  status: z.strictObject({ list: Identifier, index: z.int().min(0).max(16_777_215) }),
  /** Set by nodes whose origin is a demonstration's. */
  notice: z.literal('DEMONSTRATION, NOT AN OFFICIAL DOCUMENT').optional(),
});

export const RevocationBody = z.strictObject({
  certificate: Uuid,
  commitment: Commitment,
  dossier: Uuid,
  reason: text(1000),
});

/** W3C Bitstring Status List of one authority, public. */
export const StatusListBody = z.strictObject({
  list: Identifier,
  purpose: z.literal('revocation'),
  encodedList: z.string().max(4_000_000),
  length: z.int().min(131_072).max(16_777_216),
  asOf: Instant,
  validUntil: Instant,
  issued: z.strictObject({ count: z.int().min(0), root: Commitment }),
});

/**
 * What an authority asks for goods that cross its posts: documents, registrations, treatments. The
 * whole measure model builds on this; here it is what a post needs to know that a paper is missing.
 */
export const RequirementBody = z.strictObject({
  requirement: Identifier,
  direction: z.enum(['import', 'export', 'transit']),
  /** HS digits that the goods code must begin with. */
  goods: z.string().regex(/^\d{2,10}$/),
  origins: z.array(Country).min(1).max(300).optional(),
  certificates: z.array(z.enum(CERTIFICATE_KINDS)).max(3).default([]),
  documents: z
    .array(z.string().regex(/^[1-9]\d{0,2}$/))
    .max(50)
    .default([]),
  registrations: z
    .array(z.enum(['orchard', 'packing-house', 'slaughterhouse', 'processing-plant', 'storage']))
    .max(5)
    .default([]),
  treatments: z
    .array(z.enum(['cold-treatment', 'fumigation', 'irradiation', 'heat-treatment']))
    .max(4)
    .default([]),
  source: z.strictObject({
    title: text(300),
    address: text(300),
    read: Day,
    confidence: z.enum(['official', 'secondary', 'demonstration']),
  }),
  validFrom: Day,
  validTo: Day.optional(),
});

/**
 * A version of its member's own rules, by the authority that answers for them: the tables of a pack, each named by its hash.
 * Confirms what the tables say; `after` names the version before.
 */
export const PackBody = z.strictObject({
  version: z.int().min(1).max(999_999_999),
  /** The first day on which the version answers. */
  published: Day,
  tables: z.array(FileReference).min(1).max(20),
  /** What changes, and why. */
  reason: text(1000),
});

/** Somebody without an account says that an answer about a member's rules is wrong. Nothing in it says who. */
export const CorrectionBody = z.strictObject({
  correction: Uuid,
  /** The member whose rules are meant. */
  about: Country,
  /** Of the pack by which was answered. */
  version: z.int().min(1).max(999_999_999).optional(),
  /** The rule that is meant, by its id in the pack. */
  measure: z
    .string()
    .max(100)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be an id of a pack')
    .optional(),
  /** As the address of the answer writes it. */
  question: text(2000).optional(),
  text: text(2000),
  /** Where it stands otherwise. */
  source: text(500).optional(),
});

export const CorrectionAnswerBody = z.strictObject({
  correction: Uuid,
  /** The member at whose node it was said. */
  reported: Country,
  outcome: z.enum(['changed', 'kept']),
  text: text(2000),
  /** With `changed`: the version that says it otherwise. */
  version: z.int().min(1).max(999_999_999).optional(),
});

/** A member has erased its copy of the section that an order names. */
export const ErasureAcknowledgedBody = z.strictObject({
  dossier: Uuid,
  /** The commitment of the order, a record `erased`. */
  order: Commitment,
});

/** Record type → schema of its body. */
export const BODIES = {
  section: SectionBody,
  manifest: ManifestBody,
  withdrawal: WithdrawalBody,
  decision: DecisionBody,
  answer: AnswerBody,
  appeal: AppealBody,
  'appeal-outcome': AppealOutcomeBody,
  movement: MovementBody,
  event: EventBody,
  certificate: CertificateBody,
  revocation: RevocationBody,
  'status-list': StatusListBody,
  requirement: RequirementBody,
  pack: PackBody,
  correction: CorrectionBody,
  'correction-answer': CorrectionAnswerBody,
  erased: ErasedBody,
  'erasure-acknowledged': ErasureAcknowledgedBody,
} as const;

export type TradeRecordType = keyof typeof BODIES;
export type SectionBody = z.infer<typeof SectionBody>;
export type ManifestBody = z.infer<typeof ManifestBody>;
export type WithdrawalBody = z.infer<typeof WithdrawalBody>;
export type DecisionBody = z.infer<typeof DecisionBody>;
export type AnswerBody = z.infer<typeof AnswerBody>;
export type AppealBody = z.infer<typeof AppealBody>;
export type AppealOutcomeBody = z.infer<typeof AppealOutcomeBody>;
export type MovementBody = z.infer<typeof MovementBody>;
export type EventBody = z.infer<typeof EventBody>;
export type CertificateBody = z.infer<typeof CertificateBody>;
export type RevocationBody = z.infer<typeof RevocationBody>;
export type StatusListBody = z.infer<typeof StatusListBody>;
export type RequirementBody = z.infer<typeof RequirementBody>;
export type PackBody = z.infer<typeof PackBody>;
export type CorrectionBody = z.infer<typeof CorrectionBody>;
export type CorrectionAnswerBody = z.infer<typeof CorrectionAnswerBody>;
