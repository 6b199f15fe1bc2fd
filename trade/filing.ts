import { canonicalJson } from '../log/canonical.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { type Audience, type Envelope, type Sealed, seal, uuidv7 } from '../log/envelope.ts';
import type { Registry } from '../members/registry.ts';
import { toHex } from '../values/bytes.ts';
import { type Audiences, audienceAfter, audienceOf, postBook } from './audience.ts';
import type { Amendment, DossierFiling } from './contract.ts';
import { membersOnRoute } from './reading.ts';
import type { ManifestBody } from './record.ts';
import { type AudienceEntry, type Route, SECTIONS, type SectionName } from './section.ts';

/** Turning a filing into records: one a section, each to its own audience, and one manifest to every route member. */

export interface SealingContext {
  readonly origin: string;
  readonly member: string;
  readonly registry: Registry;
  readonly now: Date;
  readonly random: (length: number) => Uint8Array;
  readonly crypto: LogCrypto;
}

export interface RecordDraft {
  readonly type: string;
  readonly authority?: string | undefined;
  readonly to: Audience;
  readonly after?: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
}

/** The envelope of a draft: id, log, registry version and time are the node's. */
export function envelopeOf(draft: RecordDraft, { origin, member, registry, now, random }: SealingContext): Envelope {
  return {
    v: 1,
    id: uuidv7(now.getTime(), random),
    log: origin,
    registry: registry.document.version,
    type: draft.type,
    issuer: draft.authority === undefined ? { member } : { member, authority: draft.authority },
    to: draft.to,
    after: [...(draft.after ?? [])],
    at: now.toISOString(),
    body: { ...draft.body },
  };
}

/** @param audiences of the records named in `after` */
export function sealDraft(
  draft: RecordDraft,
  context: SealingContext,
  audiences: ReadonlyMap<string, Audience> = new Map(),
): Sealed {
  return seal(envelopeOf(draft, context), { ...context, audienceOf: (commitment) => audiences.get(commitment) });
}

/** Every route member, as an audience. */
export function routeAudience(route: Route, filer: string, registry: Registry): AudienceEntry[] {
  return membersOnRoute(route, filer, postBook(registry)).map((member) => ({ member }));
}

export interface SealedFiling {
  readonly dossier: string;
  readonly version: number;
  readonly manifest: Sealed;
  /** Sections first, the manifest last. */
  readonly sealed: readonly Sealed[];
  /** Names that the log may use once. */
  readonly once: readonly string[];
}

interface SectionEntry {
  readonly name: SectionName;
  readonly version: number;
  readonly commitment: string;
  readonly audience: readonly AudienceEntry[];
}

/** What is in force now, with the filer's own copies of the contents. */
export interface CurrentDossier {
  readonly dossier: string;
  readonly manifest: {
    readonly commitment: string;
    readonly version: number;
    readonly to: Audience;
    readonly route: Route;
    readonly sections: readonly SectionEntry[];
  };
  readonly contents: Readonly<Partial<Record<SectionName, unknown>>>;
}

export function sealFiling(
  filing: DossierFiling & { readonly dossier: string },
  operator: string,
  context: SealingContext,
): SealedFiling {
  return sealVersion(
    {
      dossier: filing.dossier,
      version: 1,
      route: filing.route,
      contents: filing.sections,
      audiences: filing.audiences,
      operator,
    },
    undefined,
    context,
  );
}

/**
 * A new version: sections that change, or whose audience changes with the route, are sealed anew; the others keep commitment and
 * version.
 */
export function sealAmendment(
  amendment: Amendment,
  current: CurrentDossier,
  operator: string,
  context: SealingContext,
): SealedFiling {
  const contents: Partial<Record<SectionName, unknown>> = { ...current.contents };
  for (const name of SECTIONS) {
    const change = amendment.sections[name];
    if (change === null) delete contents[name];
    else if (change !== undefined) contents[name] = change;
  }
  const version = current.manifest.version + 1;
  const route = amendment.route ?? current.manifest.route;
  return sealVersion(
    {
      dossier: current.dossier,
      version,
      route,
      contents,
      audiences: amendment.audiences,
      operator,
      reason: amendment.reason,
    },
    current,
    context,
  );
}

interface Version {
  readonly dossier: string;
  readonly version: number;
  readonly route: Route;
  readonly contents: Readonly<Partial<Record<SectionName, unknown>>>;
  readonly audiences: Audiences | undefined;
  readonly operator: string;
  readonly reason?: string;
}

function sealVersion(next: Version, current: CurrentDossier | undefined, context: SealingContext): SealedFiling {
  const { dossier, version, route, contents, operator } = next;
  const { member, registry } = context;
  const sealed: Sealed[] = [];
  const entries: SectionEntry[] = [];
  for (const name of SECTIONS) {
    const content = contents[name];
    if (content === undefined) continue;
    const before = current?.manifest.sections.find((one) => one.name === name);
    // Erased, and nothing new is said in its place: it stays named as it is.
    if (content === null && before !== undefined) {
      entries.push(before);
      continue;
    }
    const audience =
      before === undefined || current === undefined || next.audiences?.[name] !== undefined
        ? audienceOf(name, next.audiences, route, member, registry)
        : audienceAfter(name, before.audience, current.manifest.route, route, member, registry);
    const unchanged =
      before !== undefined &&
      canonicalJson(current?.contents[name]) === canonicalJson(content) &&
      canonicalJson(before.audience) === canonicalJson(audience);
    if (unchanged) {
      entries.push(before);
      continue;
    }
    // A section that comes back after it was taken out has a higher version than it ever had: none exceeds its manifest's.
    const body = {
      dossier,
      section: name,
      version: before === undefined ? version : before.version + 1,
      operator,
      content,
    };
    const record = sealDraft({ type: 'section', to: [...audience], body }, context);
    sealed.push(record);
    entries.push({ name, version: body.version, commitment: toHex(record.commitment), audience });
  }
  const to = routeAudience(route, member, registry);
  const previous = current?.manifest;
  // A member that is new on the route has not seen the version before: then this one stands on its own.
  const seenByAll =
    previous !== undefined &&
    (previous.to === 'public' ||
      to.every((one) => (previous.to as readonly AudienceEntry[]).some((old) => old.member === one.member)));
  const body: ManifestBody = {
    dossier,
    version,
    ...(previous === undefined ? {} : { previous: previous.commitment }),
    operator,
    route,
    sections: entries.map((entry) => ({ ...entry, audience: [...entry.audience] })),
    ...(next.reason === undefined ? {} : { reason: next.reason }),
  };
  const manifest = sealDraft(
    { type: 'manifest', to, after: seenByAll ? [previous.commitment] : [], body },
    context,
    new Map(previous === undefined ? [] : [[previous.commitment, previous.to]]),
  );
  return { dossier, version, manifest, sealed: [...sealed, manifest], once: [`manifest/${dossier}/${version}`] };
}
