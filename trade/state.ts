import type { Envelope } from '../log/envelope.ts';
import type { ErasureReason } from '../log/erased.ts';
import type {
  AppealOutcomeBody,
  CertificateBody,
  DecisionBody,
  EventBody,
  ManifestBody,
  MovementBody,
} from './record.ts';
import type { AudienceEntry, FileReference, Route, SectionName } from './section.ts';

/**
 * What the folds make of records: plain JSON, so that a state survives PostgreSQL and a replay
 * compares equal. `null` where nothing is, never `undefined`. Nothing here depends on when a record
 * arrived or how far it is published.
 */

/** One record as the fold takes it. The ledger's and the federation's records have this shape. */
export interface FoldInput {
  readonly origin: string;
  readonly index: bigint;
  /** Lower-case hex. */
  readonly commitment: string;
  readonly envelope: Envelope;
  /** The envelope as JSON, where it is at hand. */
  readonly text?: string;
}

/** The part of the registry that a fold reads. */
export interface PostBook {
  /** The authority that decides at a post, and its member. */
  readonly post: (id: string) => { readonly member: string; readonly authority: string } | undefined;
  readonly isMember: (code: string) => boolean;
}

export interface FoldContext {
  readonly posts: PostBook;
  /** Which of its member's logs this is, from 0: one may follow another that was closed. Absent: each member has one. */
  readonly logNumber?: (origin: string) => number;
  /** The authorship table: a reason when this issuer may not author such a record. */
  readonly authorship?: (envelope: Envelope) => string | undefined;
  /** Commitments of other subjects that have arrived here; `after` may name them. */
  readonly arrived?: (commitment: string) => boolean;
}

export type To = 'public' | readonly AudienceEntry[];

export interface RecordMark {
  readonly commitment: string;
  readonly id: string;
  readonly type: string;
  readonly origin: string;
  readonly index: number;
  readonly member: string;
  readonly authority: string | null;
  readonly at: string;
  readonly to: To;
}

/** A record that has arrived and can't be folded before what it names in `after`. */
export interface Waiting {
  readonly commitment: string;
  readonly type: string;
  readonly missing: readonly string[];
}

/** A record that is kept and shown and changes nothing, and why. */
export interface SetAside {
  readonly commitment: string;
  readonly type: string;
  readonly member: string;
  readonly reason: string;
}

export interface ManifestState {
  readonly commitment: string;
  readonly version: number;
  readonly previous: string | null;
  readonly member: string;
  readonly operator: string;
  readonly index: number;
  readonly at: string;
  readonly to: To;
  readonly reason: string | null;
  readonly route: Route;
  readonly sections: ManifestBody['sections'];
}

export interface SectionState {
  readonly name: SectionName;
  readonly version: number;
  readonly commitment: string;
  /** Who may read it, as the manifest says. */
  readonly audience: readonly AudienceEntry[];
  /** To whom the section's own record is addressed; null while it is not here. */
  readonly to: To | null;
  /** Null while it is not here, and once it is erased. */
  readonly content: unknown;
  /** Its issuer erased it. */
  readonly erased?: Pick<ErasureState, 'order' | 'at' | 'legalBasis' | 'reason'>;
}

/** A section of any version that its issuer erased, and who has said that it erased its copy too. */
export interface ErasureState {
  /** Commitment of the order. */
  readonly order: string;
  readonly section: SectionName;
  /** Of the section's record. */
  readonly commitment: string;
  readonly at: string;
  readonly index: number;
  readonly to: To;
  readonly legalBasis: string;
  readonly reason: ErasureReason;
  /** By member. */
  readonly acknowledged: readonly { readonly member: string; readonly at: string }[];
}

export interface OutcomeState {
  readonly commitment: string;
  readonly member: string;
  readonly authority: string;
  readonly outcome: AppealOutcomeBody['outcome'];
  readonly reason: string;
  readonly at: string;
  readonly to: To;
}

export interface AppealState {
  readonly commitment: string;
  readonly grounds: string;
  readonly at: string;
  readonly index: number;
  readonly to: To;
  readonly outcomes: readonly OutcomeState[];
  readonly result: 'pending' | 'upheld' | 'dismissed' | 'conflicting';
}

export interface AnswerState {
  readonly commitment: string;
  readonly operator: string;
  readonly text: string;
  readonly files: readonly FileReference[];
  readonly at: string;
  readonly index: number;
  readonly to: To;
}

export interface DecisionState {
  readonly commitment: string;
  readonly member: string;
  readonly authority: string;
  readonly post: string;
  readonly decision: DecisionBody['decision'];
  readonly reason: DecisionBody['reason'];
  readonly question: string | null;
  readonly appeal: DecisionBody['appeal'] | null;
  readonly movement: string | null;
  readonly manifest: string;
  readonly manifestVersion: number;
  readonly at: string;
  readonly to: To;
  /** On the manifest in force, named by no later decision of its post, not annulled by an appeal. */
  readonly standing: boolean;
  /** By first to last in the filer's log. */
  readonly answers: readonly AnswerState[];
  readonly appeals: readonly AppealState[];
}

export const PHASES = [
  'undecided',
  'held',
  'queried',
  'answered',
  'inspecting',
  'released',
  'refused',
  'conflicting',
] as const;
export type Phase = (typeof PHASES)[number];

/** A post's state with where the movements are. */
export const POST_STATES = [
  'expected',
  'arrived',
  'held',
  'queried',
  'answered',
  'inspecting',
  'released',
  'refused',
  'conflicting',
  'passed',
] as const;

/** What the decisions of one post come to. Arrival and departure are the movements' part: `timelineOf`. */
export interface PostState {
  readonly post: string;
  readonly member: string;
  readonly authority: string;
  readonly phase: Phase;
  /** Commitments of the decisions that stand; more than one: conflicting. */
  readonly standing: readonly string[];
  /** When what led to this phase was said; the manifest's time while undecided. */
  readonly since: string;
  readonly awaits: {
    readonly what: 'answer' | 'decision' | 'inspection' | 'amendment' | 'appeal-outcome' | 'clarification';
    readonly from: 'operator' | 'authority';
    readonly since: string;
  } | null;
  /** A release on any version, not taken back on that version: what has left the post stays past it. */
  readonly everReleased: boolean;
}

export interface CertificateState {
  readonly commitment: string;
  readonly certificate: string;
  readonly kind: CertificateBody['kind'];
  readonly number: string;
  readonly dossier: string;
  readonly member: string;
  readonly authority: string;
  readonly origin: string;
  readonly index: number;
  readonly at: string;
  readonly to: To;
  readonly manifest: string;
  readonly manifestVersion: number;
  readonly validFrom: string;
  readonly validUntil: string;
  readonly status: CertificateBody['status'];
  readonly goods: CertificateBody['goods'];
  readonly state: 'in-force' | 'revoked';
  readonly revocation: {
    readonly commitment: string;
    readonly reason: string;
    readonly at: string;
    readonly to: To;
  } | null;
}

export interface Contradiction {
  readonly version: number;
  readonly manifests: readonly string[];
  /** When the last of them was said. */
  readonly at: string;
}

export interface DossierState {
  readonly dossier: string;
  /** The filing member and operator; empty until a manifest is here. */
  readonly member: string;
  readonly operator: string;
  /** By version; those that count. */
  readonly manifests: readonly ManifestState[];
  /** The manifest in force; null until one is here. */
  readonly current: ManifestState | null;
  readonly contradictions: readonly Contradiction[];
  /** As the manifest in force names them. */
  readonly sections: readonly SectionState[];
  /** In causal order, commitment as tie-break. */
  readonly decisions: readonly DecisionState[];
  /** In the order of the route. */
  readonly posts: readonly PostState[];
  /** Posts of the route that the registry does not list. */
  readonly unknownPosts: readonly string[];
  readonly certificates: readonly CertificateState[];
  readonly withdrawal: {
    readonly commitment: string;
    readonly reason: string;
    readonly at: string;
    readonly to: To;
  } | null;
  /** By place in the issuer's log; absent where nothing is erased. */
  readonly erasures?: readonly ErasureState[];
  /** In causal order, commitment as tie-break. */
  readonly records: readonly RecordMark[];
  readonly waiting: readonly Waiting[];
  readonly setAside: readonly SetAside[];
}

export interface MovementVersion {
  readonly commitment: string;
  readonly version: number;
  readonly previous: string | null;
  readonly index: number;
  readonly at: string;
  readonly to: To;
  readonly consignments: MovementBody['consignments'];
}

export interface MovementEventState {
  readonly commitment: string;
  readonly member: string;
  readonly authority: string | null;
  readonly at: string;
  readonly to: To;
  /** Version of the movement that the event was said about. */
  readonly version: number;
  readonly body: EventBody;
}

export interface MovementState {
  readonly movement: string;
  readonly member: string;
  readonly operator: string;
  readonly origin: string;
  readonly versions: readonly MovementVersion[];
  /** The version in force; null until one is here. */
  readonly current: MovementBody | null;
  readonly contradictions: readonly Contradiction[];
  /** By `occurredAt`, commitment as tie-break. */
  readonly events: readonly MovementEventState[];
  /** Seals that should be on the equipment now. */
  readonly seals: readonly string[];
  readonly changedAt: string;
  readonly records: readonly RecordMark[];
  readonly waiting: readonly Waiting[];
  readonly setAside: readonly SetAside[];
}
