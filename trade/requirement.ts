import type { RequirementBody } from './record.ts';
import type { Route, SanitarySection, TradeDocument } from './section.ts';

/** What authorities ask for, held against what a dossier brings. */

export interface Missing {
  readonly requirement: string;
  readonly kind: 'certificate' | 'document' | 'registration' | 'treatment';
  readonly what: string;
}

export interface Presented {
  readonly sanitary?:
    | {
        readonly registrations: readonly Pick<SanitarySection['registrations'][number], 'kind'>[];
        readonly treatments: readonly Pick<SanitarySection['treatments'][number], 'kind'>[];
      }
    | undefined;
  /** Of all sections that the reader sees. */
  readonly documents: readonly Pick<TradeDocument, 'code' | 'expires'>[];
  /** Kinds of certificates in force. */
  readonly certificates: ReadonlySet<string>;
  /** 'YYYY-MM-DD': a paper that expired before this day is no paper. */
  readonly asOf: string;
}

/** Import at the destination, export at the origin, else transit. */
export function directionAt(
  member: string,
  route: { readonly [end in 'origin' | 'destination']: Pick<Route[end], 'country'> },
): RequirementBody['direction'] {
  if (member === route.destination.country) return 'import';
  return member === route.origin.country ? 'export' : 'transit';
}

/** @param asOf 'YYYY-MM-DD'; validity includes both its ends */
export function applies(
  requirement: RequirementBody,
  direction: RequirementBody['direction'],
  goods: { readonly items: readonly { readonly hs: string; readonly origin: string }[] },
  asOf: string,
): boolean {
  const { origins } = requirement;
  return (
    requirement.direction === direction &&
    requirement.validFrom <= asOf &&
    (requirement.validTo === undefined || asOf <= requirement.validTo) &&
    goods.items.some(
      (item) =>
        item.hs.startsWith(requirement.goods) &&
        (origins === undefined || (origins as readonly string[]).includes(item.origin)),
    )
  );
}

/**
 * What is missing, by requirement: an absent paper is named, never guessed.
 * @example missingFor([cherries], presented).map(({ what }) => what) // ['cold-treatment']
 */
export function missingFor(requirements: readonly RequirementBody[], presented: Presented): Missing[] {
  const { sanitary, documents, certificates, asOf } = presented;
  const codes = new Set(
    documents.filter(({ expires }) => expires === undefined || asOf <= expires).map(({ code }) => code),
  );
  const registered = new Set(sanitary?.registrations.map(({ kind }) => kind));
  const treated = new Set(sanitary?.treatments.map(({ kind }) => kind));
  return requirements.flatMap((one) => [
    ...one.certificates
      .filter((kind) => !certificates.has(kind))
      .map((what) => ({ requirement: one.requirement, kind: 'certificate' as const, what })),
    ...one.documents
      .filter((code) => !codes.has(code))
      .map((what) => ({ requirement: one.requirement, kind: 'document' as const, what })),
    ...one.registrations
      .filter((kind) => !registered.has(kind))
      .map((what) => ({ requirement: one.requirement, kind: 'registration' as const, what })),
    ...one.treatments
      .filter((kind) => !treated.has(kind))
      .map((what) => ({ requirement: one.requirement, kind: 'treatment' as const, what })),
  ]);
}
