import type { z } from 'zod';
import type { CertificateView as CertificateSchema, DossierSummary, DossierView, MovementView } from './contract.ts';
import { type DossierDigests, movementDigest, type Sha256 } from './digest.ts';
import { awaitedFrom } from './erasure.ts';
import type { FileReference } from './section.ts';
import type { CertificateState, DossierState, MovementState, RecordMark, SectionState, To } from './state.ts';
import type { RequirementState } from './subject.ts';
import { changedAt, stateOf, stopsOf, timelineOf } from './timeline.ts';

/** Who asks: an operator or an authority of this node's member. */
export interface Reader {
  readonly member: string;
  readonly operator?: string | undefined;
  readonly authority?: string | undefined;
  /** Operators that have authorised the caller to see all their dossiers. */
  readonly actsFor?: readonly string[] | undefined;
  /** Single dossiers that their operators have authorised the caller to see. */
  readonly actsOn?: readonly { readonly operator: string; readonly dossier: string }[] | undefined;
}

export type Publication = 'sequenced' | 'published' | 'final';

type Code = DossierSummary['member'];
type SectionView = DossierView['sections'][number];
type CertificateView = z.infer<typeof CertificateSchema>;

/** Addressed to this reader itself. An audience that names no bodies is for all authorities of the member, and for no operator. */
export function mayRead(reader: Reader, to: To): boolean {
  if (to === 'public') return true;
  const { authority, operator } = reader;
  const ours = to.filter((one) => one.member === reader.member);
  if (authority !== undefined) return ours.some((one) => one.authorities?.includes(authority) !== false);
  return operator !== undefined && ours.some((one) => one.authorities?.includes(operator) === true);
}

/** The filing operator sees its dossier whole; so does one that it has authorised. */
export function owns(
  reader: Reader,
  { member, operator, dossier }: { readonly member: string; readonly operator: string; readonly dossier?: string },
): boolean {
  if (reader.operator === undefined || reader.member !== member) return false;
  return (
    reader.operator === operator ||
    reader.actsFor?.includes(operator) === true ||
    reader.actsOn?.some((one) => one.operator === operator && one.dossier === dossier) === true
  );
}

/** Whether this reader may know that the dossier exists. */
export function maySee(reader: Reader, state: DossierState): boolean {
  if (state.current === null) return false;
  return (
    owns(reader, state) ||
    mayRead(reader, state.current.to) ||
    state.sections.some((section) => mayRead(reader, section.audience))
  );
}

function mayReadSection(reader: Reader, state: DossierState, section: SectionState): boolean {
  if (owns(reader, state)) return true;
  return mayRead(reader, section.audience) && (section.to === null || mayRead(reader, section.to));
}

function sectionView(reader: Reader, state: DossierState, section: SectionState): SectionView {
  const { name, version, commitment, content } = section;
  const named = { name, version, commitment, audience: [...section.audience] };
  if (!mayReadSection(reader, state, section)) return { ...named, state: 'closed' };
  if (section.erased !== undefined) {
    const { order, ...erased } = section.erased;
    const erasure = state.erasures?.find((one) => one.order === order);
    const acknowledged = (erasure?.acknowledged ?? []).map(({ member, at }) => ({ member: member as Code, at }));
    const awaited = erasure === undefined ? [] : (awaitedFrom(erasure, state.member) as Code[]);
    return { ...named, state: 'erased', erased: { ...erased, acknowledged, awaited } };
  }
  return content === null ? { ...named, state: 'awaited' } : { ...named, state: 'readable', content };
}

/** What a section says to this reader; undefined where it may not read it or it is not here. */
export function readableContent(reader: Reader, state: DossierState, name: SectionState['name']): unknown {
  const section = state.sections.find((one) => one.name === name);
  if (section === undefined || !mayReadSection(reader, state, section)) return undefined;
  return section.content ?? undefined;
}

/** Files that this reader may fetch: those of readable sections, and those of answers. */
export function readableFiles(reader: Reader, state: DossierState): FileReference[] {
  if (!maySee(reader, state)) return [];
  const files: FileReference[] = [];
  for (const section of state.sections) {
    if (mayReadSection(reader, state, section)) files.push(...filesOf(section.content));
  }
  for (const decision of state.decisions) for (const answer of decision.answers) files.push(...answer.files);
  return files;
}

/** The files that a section's documents name; none for a section that is not here. */
export function filesOf(content: unknown): FileReference[] {
  const documents = (content as { documents?: readonly { file?: FileReference }[] } | null)?.documents ?? [];
  return documents.flatMap((one) => (one.file === undefined ? [] : [one.file]));
}

/** What the goods section says in one line; empty where it is not here. */
export function goodsOf(state: DossierState): { goods: string; grossMass: string } {
  const content = state.sections.find((one) => one.name === 'goods')?.content as
    | { items: readonly { hs: string; description: string }[]; grossMass: string }
    | null
    | undefined;
  const [first] = content?.items ?? [];
  if (content == null || first === undefined) return { goods: '', grossMass: '' };
  const more = content.items.length - 1;
  const goods = `${first.hs} ${first.description}${more > 0 ? ` (+${more})` : ''}`;
  return { goods, grossMass: content.grossMass };
}

/** A line of a list of dossiers; undefined until a manifest is here. */
export function summaryOf(state: DossierState, movements: readonly MovementState[]): DossierSummary | undefined {
  const { current, manifests } = state;
  if (current === null) return undefined;
  const stops = stopsOf(state, movements);
  const waiting = stops.find((one) => one.awaited !== null);
  return {
    dossier: state.dossier,
    member: state.member as Code,
    operator: state.operator,
    version: current.version,
    state: stateOf(state, movements, stops),
    origin: `${current.route.origin.name}, ${current.route.origin.country}`,
    destination: `${current.route.destination.name}, ${current.route.destination.country}`,
    ...goodsOf(state),
    filedAt: manifests[0]?.at ?? current.at,
    changedAt: changedAt(state, movements),
    awaited: waiting?.awaited == null ? null : { ...waiting.awaited, post: waiting.post },
  };
}

export function certificateView(one: CertificateState): CertificateView {
  const { certificate, commitment, kind, number, dossier, authority, manifestVersion, validFrom, validUntil } = one;
  return {
    certificate,
    commitment,
    kind,
    number,
    dossier,
    member: one.member as Code,
    authority,
    manifestVersion,
    validFrom,
    validUntil,
    state: one.state,
    ...(one.revocation && { revocation: { reason: one.revocation.reason, at: one.revocation.at } }),
  };
}

function movementLine(dossier: string, state: MovementState): DossierView['movements'] {
  const { current } = state;
  const consignment = current?.consignments.find((one) => one.dossier === dossier);
  if (current === null || consignment === undefined) return [];
  const last = state.events.at(-1)?.body;
  return [
    {
      movement: state.movement,
      means: current.means.identification,
      from: current.leg.from.name,
      to: current.leg.to.name,
      ...(consignment.packages !== undefined && { packages: consignment.packages }),
      ...(last && { lastEvent: last.event }),
    },
  ];
}

export interface ViewInput {
  readonly state: DossierState;
  readonly movements: readonly MovementState[];
  readonly digests: DossierDigests;
  readonly reader: Reader;
  readonly publication: (record: Pick<RecordMark, 'origin' | 'index'>) => Publication;
  readonly requirements: readonly RequirementState[];
  /** 'YYYY-MM-DD', for the validity of requirements. */
  readonly asOf: string;
}

/**
 * A dossier as this reader may see it: sections by their audience (member *and* authority), the
 * filing operator its own wholly. Digests of sections go only to those who may read them.
 *
 * @returns undefined when the reader may not know of it
 */
export function dossierView(input: ViewInput): DossierView | undefined {
  const { state, movements, reader } = input;
  const { current } = state;
  const summary = summaryOf(state, movements);
  if (current === null || summary === undefined || !maySee(reader, state)) return undefined;
  const sections = state.sections.map((section) => sectionView(reader, state, section));
  const open = new Set(sections.filter((one) => one.state !== 'closed').map((one) => one.name));
  const closed = new Set(sections.filter((one) => one.state === 'closed').map((one) => one.commitment));
  const mine = owns(reader, state);
  return {
    ...summary,
    ...(!open.has('goods') && { goods: '', grossMass: '' }),
    manifest: current.commitment,
    route: current.route,
    sections,
    versions: state.manifests.map(({ version, commitment, at, reason }) => ({
      version,
      manifest: commitment,
      at,
      ...(reason !== null && { reason }),
    })),
    timeline: timelineOf(state, movements, input.requirements, input.asOf),
    certificates: state.certificates.filter((one) => mine || mayRead(reader, one.to)).map(certificateView),
    movements: movements.flatMap((movement) => movementLine(state.dossier, movement)),
    contradictions: state.contradictions.map(({ version, manifests }) => ({ version, manifests: [...manifests] })),
    digests: {
      common: input.digests.common,
      sections: Object.fromEntries(Object.entries(input.digests.sections).filter(([name]) => open.has(name as never))),
    },
    records: state.records
      .filter((one) => !closed.has(one.commitment) && (mine || mayRead(reader, one.to)))
      .map(({ commitment, type, member, index, at, origin }) => ({
        commitment,
        type,
        member: member as Code,
        index,
        at,
        publication: input.publication({ origin, index }),
      })),
  };
}

/**
 * A movement as this reader may see it: the carrier and the authorities it is addressed to, whole; the
 * operator of a dossier on board, with its own consignments only.
 *
 * @param ownDossiers dossiers on board that the reader may see as an operator
 * @returns undefined when the reader may not know of it
 */
export function movementView(
  state: MovementState,
  reader: Reader,
  ownDossiers: ReadonlySet<string>,
  sha256: Sha256,
): MovementView | undefined {
  const { current } = state;
  const inForce = state.versions.findLast((one) => one.version === current?.version);
  if (current === null || inForce === undefined) return undefined;
  const whole = owns(reader, state) || mayRead(reader, inForce.to);
  const consignments = current.consignments.filter((one) => whole || ownDossiers.has(one.dossier));
  if (!whole && consignments.length === 0) return undefined;
  const events = whole
    ? state.events
    : state.events.map((one) => {
        const { reload, ...body } = one.body;
        if (reload === undefined) return one;
        const packages = reload.packages.filter((pack) => ownDossiers.has(pack.dossier));
        return { ...one, body: { ...body, reload: { ...reload, packages } } };
      });
  return {
    movement: state.movement,
    member: state.member as Code,
    operator: state.operator,
    version: current.version,
    means: current.means,
    leg: current.leg,
    posts: current.posts,
    trailers: current.trailers,
    equipment: current.equipment,
    seals: [...state.seals],
    consignments,
    events: events.map((one) => ({ ...one.body, commitment: one.commitment, member: one.member as Code })),
    contradictions: state.contradictions.map(({ version, manifests }) => ({ version, records: [...manifests] })),
    changedAt: state.changedAt,
    digest: movementDigest(state, sha256),
  };
}
