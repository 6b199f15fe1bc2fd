import { canonicalBytes } from '../log/canonical.ts';
import { toHex } from '../values/bytes.ts';
import { compareText } from './causality.ts';
import { isAddressedToAll } from './reading.ts';
import type { SectionName } from './section.ts';
import type { DossierState, MovementState, To } from './state.ts';

/**
 * Digests of folded content. They hold nothing of receipt, publication or waiting, and nothing that
 * only some of the members concerned were told: members with the same audience compute the same.
 */

export type Sha256 = (data: Uint8Array) => Uint8Array;

export interface DossierDigests {
  readonly common: string;
  readonly sections: Partial<Record<SectionName, string>>;
}

const hashOf = (value: unknown, sha256: Sha256): string => toHex(sha256(canonicalBytes(value)));

const sorted = (commitments: readonly string[]): string[] => [...commitments].sort(compareText);

function membersOf(to: To | undefined): string[] {
  return to === undefined || to === 'public' ? [] : [...new Set(to.map((one) => one.member))].sort();
}

/**
 * One digest over what all members on the route hold, one over each section that is here.
 *
 * @param sha256 e.g. `nodeCrypto.sha256`
 * @returns lower-case hex; a section that is not here has none, one that is erased that of its order
 */
export function digests(state: DossierState, sha256: Sha256): DossierDigests {
  const { current } = state;
  const places = [current?.route.origin.country, current?.route.destination.country];
  const addressed = membersOf(current?.to).filter((member) => places.includes(member as (typeof places)[number]));
  const members = [...new Set([...addressed, ...state.posts.map((one) => one.member)])];
  // A member that has left the route may still be told of the manifest, and of nothing else.
  const toAll = ({ to }: { readonly to: To }): boolean => isAddressedToAll(to, members);
  const common = {
    dossier: state.dossier,
    member: state.member,
    operator: state.operator,
    manifest: current?.commitment ?? null,
    manifests: state.manifests.filter(toAll).map(({ version, commitment }) => ({ version, commitment })),
    contradictions: state.contradictions.map(({ version, manifests }) => ({ version, manifests })),
    decisions: state.decisions
      .filter(toAll)
      .map((one) => ({
        commitment: one.commitment,
        standing: one.standing,
        answers: sorted(one.answers.filter(toAll).map((answer) => answer.commitment)),
        appeals: one.appeals.filter(toAll).map((appeal) => ({
          commitment: appeal.commitment,
          result: appeal.result,
          outcomes: sorted(appeal.outcomes.filter(toAll).map((outcome) => outcome.commitment)),
        })),
      }))
      .sort((a, b) => compareText(a.commitment, b.commitment)),
    posts: state.posts.map(({ post, phase, standing }) => ({ post, phase, standing: sorted(standing) })),
    certificates: state.certificates
      .filter(toAll)
      .map(({ commitment, revocation }) => ({
        commitment,
        revocation: revocation !== null && toAll(revocation) ? revocation.commitment : null,
      }))
      .sort((a, b) => compareText(a.commitment, b.commitment)),
    withdrawal: state.withdrawal?.commitment ?? null,
  };
  const sections: Partial<Record<SectionName, string>> = {};
  for (const { name, version, commitment, content, erased } of state.sections) {
    if (erased !== undefined) sections[name] = hashOf({ name, version, commitment, erased: erased.order }, sha256);
    else if (content !== null) sections[name] = hashOf({ name, version, commitment, content }, sha256);
  }
  return { common: hashOf(common, sha256), sections };
}

/** A digest over the versions and events of a movement that all its addressees hold; lower-case hex. */
export function movementDigest(state: MovementState, sha256: Sha256): string {
  const members = membersOf(state.versions.at(-1)?.to);
  const toAll = ({ to }: { readonly to: To }): boolean => isAddressedToAll(to, members);
  return hashOf(
    {
      movement: state.movement,
      member: state.member,
      operator: state.operator,
      versions: state.versions.filter(toAll).map(({ version, commitment }) => ({ version, commitment })),
      contradictions: state.contradictions.map(({ version, manifests }) => ({ version, manifests })),
      events: state.events.filter(toAll).map((one) => one.commitment),
    },
    sha256,
  );
}
