import { oc } from '@orpc/contract';
import { z } from 'zod';
import { ERASURE_REASONS } from '../log/erased.ts';
import { Commitment, Country, Identifier, Instant, MoneyValue, text, Uuid } from '../values/schema.ts';
import { RecordAccepted, RecordReceipt } from './accepted.ts';
import { correctionContract } from './correction-contract.ts';
import { deskContract } from './desk-contract.ts';
import { driverContract } from './driver-contract.ts';
import { packContract } from './pack-contract.ts';
import { page, pageOf } from './paging.ts';
import {
  AnswerBody,
  AppealBody,
  AppealOutcomeBody,
  CERTIFICATE_KINDS,
  DECISIONS,
  DecisionBody,
  EventBody,
  MovementBody,
  RequirementBody,
} from './record.ts';
import { requirementsContract } from './requirements-contract.ts';
import { rulesContract, StageRules } from './rules-contract.ts';
import { AudienceEntry, ConsignmentItem, Route, SectionContents, SectionName } from './section.ts';
import { POST_STATES } from './state.ts';
import { webhookContract } from './webhook-contract.ts';

/**
 * What can be asked of the smooth-trade platform. The server, the command line and the web app use
 * this one contract. Refusals are RFC 9457 problem details with a stable `code`.
 */

/** What a client files: the sections in full; who may read them follows from the route unless named. */
export const DossierFiling = z.strictObject({
  /** The client may choose the id, so that a repeat is recognised. */
  dossier: Uuid.optional(),
  route: Route,
  sections: SectionContents,
  /** Narrower audiences than the usual ones; a route member can't be shut out of goods and transport. */
  audiences: z.partialRecord(SectionName, z.array(AudienceEntry).max(30)).optional(),
  /** The operator for whom this is filed, where the caller acts under a delegation. */
  onBehalfOf: Identifier.optional(),
});
export type DossierFiling = z.infer<typeof DossierFiling>;

export const Amendment = z.strictObject({
  /** The version that the caller saw; another one in force refuses the amendment. */
  baseVersion: z.int().min(1),
  route: Route.optional(),
  /** Only the sections that change, each whole; `null` takes a section out. */
  sections: z.strictObject({
    commercial: SectionContents.shape.commercial.nullable(),
    transport: SectionContents.shape.transport.optional(),
    goods: SectionContents.shape.goods.optional(),
    sanitary: SectionContents.shape.sanitary.nullable(),
    driver: SectionContents.shape.driver.nullable(),
    attachments: SectionContents.shape.attachments.nullable(),
  }),
  audiences: z.partialRecord(SectionName, z.array(AudienceEntry).max(30)).optional(),
  reason: text(500),
});
export type Amendment = z.infer<typeof Amendment>;

/** What is wrong with an input, and where; data, not an error. */
const FindingView = z.object({
  path: z.string(),
  code: z.string(),
  message: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  row: z.int().optional(),
  column: z.int().optional(),
});

export const FilingReceipt = z.object({
  dossier: Uuid,
  version: z.int(),
  manifest: Commitment,
  records: z.array(RecordReceipt),
  sequencedAt: Instant,
  /** True when the same request with the same Idempotency-Key had been answered before. */
  repeated: z.boolean(),
});

const Who = z.object({
  kind: z.enum(['operator', 'carrier', 'authority']),
  id: z.string(),
  member: Country.optional(),
});

export const RecordedDecision = z.object({
  commitment: Commitment,
  member: Country,
  authority: Identifier,
  post: Identifier,
  decision: z.enum(DECISIONS),
  reason: DecisionBody.shape.reason,
  question: z.string().optional(),
  appeal: DecisionBody.shape.appeal,
  manifestVersion: z.int(),
  /** False once a newer manifest or a later decision at this post stands. */
  standing: z.boolean(),
  at: Instant,
  answer: z.object({ commitment: Commitment, text: z.string(), at: Instant }).optional(),
  appealed: z
    .object({
      commitment: Commitment,
      grounds: z.string(),
      at: Instant,
      outcome: z.object({ outcome: z.enum(['upheld', 'dismissed']), reason: z.string(), at: Instant }).optional(),
    })
    .optional(),
});
export type RecordedDecision = z.infer<typeof RecordedDecision>;

/** What is waited for, from whom, since when. */
const Awaited = z.object({
  from: Who,
  what: z.enum([
    'arrival',
    'decision',
    'answer',
    'amendment',
    'inspection',
    'departure',
    'appeal-outcome',
    'clarification',
  ]),
  since: Instant,
});
export const TimelineEntry = z.object({
  post: Identifier,
  member: Country,
  authority: Identifier,
  state: z.enum(POST_STATES),
  /** Null when nothing is. */
  awaited: Awaited.nullable(),
  decisions: z.array(RecordedDecision),
  arrivedAt: Instant.nullable(),
  leftAt: Instant.nullable(),
  /** Requirements of this post's member that the dossier as seen here does not meet. */
  missing: z.array(
    z.object({
      requirement: Identifier,
      kind: z.enum(['certificate', 'document', 'registration', 'treatment']),
      what: z.string(),
    }),
  ),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

export const CertificateView = z.object({
  certificate: Uuid,
  commitment: Commitment,
  kind: z.enum(CERTIFICATE_KINDS),
  number: z.string(),
  dossier: Uuid,
  member: Country,
  authority: Identifier,
  manifestVersion: z.int(),
  validFrom: Instant,
  validUntil: Instant,
  state: z.enum(['in-force', 'revoked']),
  revocation: z.object({ reason: z.string(), at: Instant }).optional(),
});

export const SectionView = z.object({
  name: SectionName,
  version: z.int(),
  commitment: Commitment,
  audience: z.array(AudienceEntry),
  /** `readable`: content is here · `awaited`: addressed to this node and not arrived · `closed`: not for this reader · `erased`. */
  state: z.enum(['readable', 'awaited', 'closed', 'erased']),
  content: z.unknown().optional(),
  /** When and on what legal basis its issuer erased it, who of the members that had it has said that it erased its copy, and who not. */
  erased: z
    .object({
      at: Instant,
      legalBasis: z.string(),
      reason: z.enum(ERASURE_REASONS),
      acknowledged: z.array(z.object({ member: Country, at: Instant })),
      awaited: z.array(Country),
    })
    .optional(),
});

export const DossierSummary = z.object({
  dossier: Uuid,
  member: Country,
  operator: Identifier,
  version: z.int(),
  state: z.enum(['filed', 'under-way', 'held', 'released', 'refused', 'arrived', 'withdrawn', 'contradictory']),
  origin: z.string(),
  destination: z.string(),
  goods: z.string(),
  grossMass: z.string(),
  filedAt: Instant,
  changedAt: Instant,
  /** What is waited for at the first post where something is; null when nothing is. */
  awaited: Awaited.extend({ post: Identifier }).nullable(),
});
export type DossierSummary = z.infer<typeof DossierSummary>;

export const FieldChange = z.object({
  /** Names on the way to the field; an element of a list by its own name. */
  place: z.array(z.string()),
  before: z.string().nullable(),
  after: z.string().nullable(),
});

export const VersionDifferences = z.object({
  dossier: Uuid,
  version: z.int(),
  at: Instant,
  reason: z.string().optional(),
  route: z.array(FieldChange),
  /** Sections that changed. `closed`: it changed, and its words are not for this reader; `awaited`: they are not here; `erased`. */
  sections: z.array(
    z.object({
      name: SectionName,
      state: z.enum(['added', 'changed', 'removed', 'closed', 'awaited', 'erased']),
      changes: z.array(FieldChange),
    }),
  ),
});
export type VersionDifferences = z.infer<typeof VersionDifferences>;

export const DossierView = DossierSummary.extend({
  manifest: Commitment,
  route: Route,
  sections: z.array(SectionView),
  versions: z.array(z.object({ version: z.int(), manifest: Commitment, at: Instant, reason: z.string().optional() })),
  timeline: z.array(TimelineEntry),
  certificates: z.array(CertificateView),
  movements: z.array(
    z.object({
      movement: Uuid,
      means: z.string(),
      from: z.string(),
      to: z.string(),
      packages: z.int().optional(),
      lastEvent: z.string().optional(),
    }),
  ),
  /** Versions that were filed twice with different content; empty in an honest dossier. */
  contradictions: z.array(z.object({ version: z.int(), manifests: z.array(Commitment) })),
  digests: z.object({ common: Commitment, sections: z.partialRecord(SectionName, Commitment) }),
  records: z.array(
    z.object({
      commitment: Commitment,
      type: z.string(),
      member: Country,
      index: z.int(),
      at: Instant,
      publication: z.enum(['sequenced', 'published', 'final']),
    }),
  ),
});
export type DossierView = z.infer<typeof DossierView>;

export const MovementEvent = EventBody.extend({ commitment: Commitment, member: Country });
export const MovementView = z.object({
  movement: Uuid,
  member: Country,
  operator: Identifier,
  version: z.int(),
  means: MovementBody.shape.means,
  leg: MovementBody.shape.leg,
  posts: z.array(Identifier),
  trailers: z.array(z.string()),
  equipment: MovementBody.shape.equipment,
  seals: z.array(z.string()),
  consignments: MovementBody.shape.consignments,
  events: z.array(MovementEvent),
  contradictions: z.array(z.object({ version: z.int(), records: z.array(Commitment) })),
  changedAt: Instant,
  digest: Commitment,
});
export type MovementView = z.infer<typeof MovementView>;

export const ImportAnswer = z.object({
  accepted: z.int(),
  refused: z.int(),
  results: z.array(
    z.object({
      row: z.int(),
      receipt: FilingReceipt.optional(),
      refusal: z.object({ code: z.string(), detail: z.string(), findings: z.array(FindingView).optional() }).optional(),
    }),
  ),
});

const ItemsTable = z.strictObject({ csv: z.string().min(1).max(5_000_000) });

const base = oc.$route({ tags: ['trade'] });

export type { DeskRow } from './desk-contract.ts';
export { POST_STATES };

export const tradeContract = {
  ...deskContract,
  fileDossier: base
    .route({ method: 'POST', path: '/dossiers', summary: 'File a dossier' })
    .input(DossierFiling)
    .output(FilingReceipt),
  checkDossier: base
    .route({ method: 'POST', path: '/dossier-checks', summary: 'Check a dossier without filing it' })
    .input(DossierFiling)
    .output(
      z.object({
        findings: z.array(FindingView),
        /** What members' rules ask for; nothing in them keeps a dossier from being filed. */
        rules: z.array(StageRules),
      }),
    ),
  importDossiers: base
    .route({ method: 'POST', path: '/dossier-imports', summary: 'File many dossiers, each on its own' })
    .input(z.strictObject({ dossiers: z.array(z.unknown()).min(1).max(500) }))
    .output(ImportAnswer),
  parseDossiers: base
    .route({
      method: 'POST',
      path: '/dossier-tables',
      summary: 'Read whole dossiers from a CSV table, without filing them',
    })
    .input(ItemsTable)
    .output(
      z.object({
        /** As `importDossiers` takes them, in the order of the file; none where there is a finding. */
        dossiers: z.array(z.object({ reference: z.string(), row: z.int(), filing: z.unknown() })),
        findings: z.array(FindingView),
      }),
    ),
  parseItems: base
    .route({ method: 'POST', path: '/item-tables', summary: 'Read consignment items from a CSV table' })
    .input(ItemsTable)
    .output(
      z.object({
        items: z.array(ConsignmentItem),
        values: z.array(z.object({ item: z.int(), value: MoneyValue })),
        findings: z.array(FindingView),
      }),
    ),
  listDossiers: base
    .route({ method: 'GET', path: '/dossiers', summary: 'List the dossiers that the caller may see' })
    .input(
      z.object({
        ...page,
        state: DossierSummary.shape.state.optional(),
        post: Identifier.optional(),
        /** In ids, places and goods, partners, plates, containers and seals, as far as the caller may read them. */
        search: z.string().max(100).optional(),
        /** Only those where something is awaited from the caller's operator or authority. */
        awaiting: z.literal('me').optional(),
        /** Last filed first, last changed first, or with `awaiting` the longest awaited first. */
        sort: z.enum(['filed', 'changed', 'awaited']).default('filed'),
      }),
    )
    .output(pageOf(DossierSummary)),
  getDossier: base
    .route({ method: 'GET', path: '/dossiers/{dossier}', summary: 'One dossier as the caller may see it' })
    .input(z.object({ dossier: Uuid }))
    .output(DossierView),
  compareVersions: base
    .route({
      method: 'GET',
      path: '/dossiers/{dossier}/versions/{version}/differences',
      summary: 'What a version says differently from the one before it, field by field',
    })
    .input(z.object({ dossier: Uuid, version: z.coerce.number().int().min(1).max(9999) }))
    .output(VersionDifferences),
  amendDossier: base
    .route({ method: 'POST', path: '/dossiers/{dossier}/amendments', summary: 'Replace sections by new versions' })
    .input(Amendment.extend({ dossier: Uuid }))
    .output(FilingReceipt),
  withdrawDossier: base
    .route({ method: 'POST', path: '/dossiers/{dossier}/withdrawal', summary: 'Withdraw a dossier' })
    .input(z.strictObject({ dossier: Uuid, reason: text(500) }))
    .output(RecordAccepted),
  decide: base
    .route({ method: 'POST', path: '/dossiers/{dossier}/decisions', summary: 'Decide on a consignment at a post' })
    .input(DecisionBody.omit({ manifest: true }).extend({ version: z.int().min(1) }))
    .output(RecordAccepted),
  answer: base
    .route({ method: 'POST', path: '/dossiers/{dossier}/answers', summary: "Answer an authority's query" })
    .input(AnswerBody.omit({ operator: true }))
    .output(RecordAccepted),
  appeal: base
    .route({ method: 'POST', path: '/dossiers/{dossier}/appeals', summary: 'Appeal against a hold or refusal' })
    .input(AppealBody.omit({ operator: true }))
    .output(RecordAccepted),
  decideAppeal: base
    .route({ method: 'POST', path: '/dossiers/{dossier}/appeal-outcomes', summary: 'Decide an appeal' })
    .input(AppealOutcomeBody)
    .output(RecordAccepted),
  declareMovement: base
    .route({ method: 'POST', path: '/movements', summary: 'Declare a truck or train on one leg' })
    .input(
      MovementBody.omit({ version: true, previous: true, operator: true, movement: true }).extend({
        movement: Uuid.optional(),
      }),
    )
    .output(RecordAccepted.extend({ movement: Uuid })),
  amendMovement: base
    .route({
      method: 'POST',
      path: '/movements/{movement}/amendments',
      summary: 'Change means, equipment or consignments of a movement',
    })
    .input(MovementBody.omit({ version: true, previous: true, operator: true }).extend({ baseVersion: z.int().min(1) }))
    .output(RecordAccepted.extend({ movement: Uuid })),
  listMovements: base
    .route({ method: 'GET', path: '/movements', summary: 'List movements by post' })
    .input(z.object({ ...page, post: Identifier.optional(), search: z.string().max(100).optional() }))
    .output(pageOf(MovementView.omit({ events: true }))),
  getMovement: base
    .route({ method: 'GET', path: '/movements/{movement}', summary: 'One movement with its events' })
    .input(z.object({ movement: Uuid }))
    .output(MovementView),
  reportEvent: base
    .route({ method: 'POST', path: '/movements/{movement}/events', summary: 'Report what happened to a movement' })
    .input(EventBody.omit({ operator: true }))
    .output(RecordAccepted),
  issueCertificate: base
    .route({ method: 'POST', path: '/certificates', summary: 'Issue a certificate about the goods of a dossier' })
    .input(
      z.strictObject({
        dossier: Uuid,
        version: z.int().min(1),
        kind: z.enum(CERTIFICATE_KINDS),
        number: text(60),
        items: z.array(z.int().min(1)).min(1).max(2000).optional(),
        statement: text(2000),
        validFrom: Instant,
        validUntil: Instant,
      }),
    )
    .output(RecordAccepted.extend({ certificate: Uuid })),
  listCertificates: base
    .route({ method: 'GET', path: '/certificates', summary: 'List certificates' })
    .input(z.object({ ...page, dossier: Uuid.optional() }))
    .output(pageOf(CertificateView)),
  getCertificate: base
    .route({ method: 'GET', path: '/certificates/{certificate}', summary: 'One certificate' })
    .input(z.object({ certificate: Uuid }))
    .output(CertificateView),
  revokeCertificate: base
    .route({ method: 'POST', path: '/certificates/{certificate}/revocation', summary: 'Revoke a certificate' })
    .input(z.strictObject({ certificate: Uuid, reason: text(1000) }))
    .output(RecordAccepted),
  certificateEvidence: base
    .route({
      method: 'GET',
      path: '/certificates/{certificate}/evidence',
      summary: 'The evidence file (.dostyk) of a final certificate',
    })
    .input(z.object({ certificate: Uuid }))
    .output(z.looseObject({ format: z.string() })),
  certificateCode: base
    .route({
      method: 'GET',
      path: '/certificates/{certificate}/code',
      summary: 'The code of a final certificate, to be printed as QR: a COSE_Sign1 by the authority, in base45',
    })
    .input(z.object({ certificate: Uuid }))
    .output(z.object({ code: z.string(), number: z.string(), authority: Identifier })),
  recordEvidence: base
    .route({
      method: 'GET',
      path: '/records/{commitment}/evidence',
      summary: 'The evidence file (.dostyk) of a record that the caller may read',
    })
    .input(z.object({ commitment: Commitment }))
    .output(z.looseObject({ format: z.string() })),
  declaredRequirements: base
    .route({
      method: 'GET',
      path: '/requirements/declared',
      summary: 'What authorities have declared that they ask for',
    })
    .input(z.object({ ...page, goods: z.string().max(10).optional() }))
    .output(pageOf(RequirementBody.extend({ member: Country, authority: Identifier }))),
  declareRequirement: base
    .route({ method: 'POST', path: '/requirements/declared', summary: 'Declare what an authority asks for' })
    .input(RequirementBody)
    .output(RecordAccepted),
  ...driverContract,
  ...webhookContract,
  ...requirementsContract,
  ...packContract,
  ...correctionContract,
  ...rulesContract,
};

export type TradeContract = typeof tradeContract;
