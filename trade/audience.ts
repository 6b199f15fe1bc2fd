import { canonicalJson } from '../log/canonical.ts';
import type { Registry } from '../members/registry.ts';
import type { Finding } from '../values/refusal.ts';
import { membersOnRoute } from './reading.ts';
import type { AudienceEntry, Route, SectionName } from './section.ts';
import { SECTIONS } from './section.ts';
import type { PostBook } from './state.ts';

/** Who reads which section: by member at the sender, by authority at the receiver. */

/** The part of the registry that trade's pure code reads. */
export function postBook(registry: Registry): PostBook {
  return {
    post: (id) => registry.findPost(id),
    isMember: (code) => registry.findMember(code) !== undefined,
  };
}

export type Audiences = Readonly<Partial<Record<SectionName, readonly AudienceEntry[]>>>;

/**
 * Who reads a section where the filer names nobody: value and contract only the filer's, origin's and destination's members;
 * goods, transport and sanitary papers every route member; a driver's data only authorities that decide.
 */
export function usualAudience(section: SectionName, route: Route, filer: string, registry: Registry): AudienceEntry[] {
  const members = membersOnRoute(route, filer, postBook(registry));
  if (section === 'commercial' || section === 'attachments') {
    const ends = new Set([filer, route.origin.country, route.destination.country]);
    return members.filter((member) => ends.has(member)).map((member) => ({ member }));
  }
  if (section === 'driver') {
    return members.flatMap((member) => {
      const authorities = registry
        .getMember(member)
        .authorities.filter(({ mandates }) => mandates.includes('decide'))
        .map(({ id }) => id);
      // No authorities named would mean all of them.
      return authorities.length === 0 ? [] : [{ member, authorities }];
    });
  }
  return members.map((member) => ({ member }));
}

/** The audience that a filer named, or the usual one, by member. The filer's own member always reads. */
export function audienceOf(
  section: SectionName,
  audiences: Audiences | undefined,
  route: Route,
  filer: string,
  registry: Registry,
): AudienceEntry[] {
  const usual = usualAudience(section, route, filer, registry);
  const named = audiences?.[section];
  if (named === undefined) return usual;
  // A member named without authorities means those that usually read the section, not all of them.
  const whole = (member: string): AudienceEntry => usual.find((one) => one.member === member) ?? { member };
  const asked = named.map((one) => (one.authorities === undefined ? whole(one.member) : one));
  const withFiler = asked.some(({ member }) => member === filer) ? asked : [...asked, whole(filer)];
  return [...withFiler].sort((a, b) => (a.member < b.member ? -1 : a.member > b.member ? 1 : 0));
}

/**
 * The audience of a section when the filer says nothing new of it. Whoever was shut out stays shut out on another route; members
 * that are new on it read what they usually read.
 */
export function audienceAfter(
  section: SectionName,
  before: readonly AudienceEntry[],
  from: Route,
  to: Route,
  filer: string,
  registry: Registry,
): readonly AudienceEntry[] {
  if (canonicalJson(from) === canonicalJson(to)) return before;
  const could = new Set(usualAudience(section, from, filer, registry).map(({ member }) => member));
  return usualAudience(section, to, filer, registry).flatMap((usual) => {
    const had = before.find(({ member }) => member === usual.member);
    if (had !== undefined) return [had];
    return could.has(usual.member) ? [] : [usual];
  });
}

/** Audiences may be narrowed, never widened; goods and transport reach every route member. */
export function checkAudiences(
  audiences: Audiences | undefined,
  route: Route,
  filer: string,
  registry: Registry,
): Finding[] {
  const findings: Finding[] = [];
  const members = membersOnRoute(route, filer, postBook(registry));
  for (const section of SECTIONS) {
    const named = audiences?.[section];
    if (named === undefined) continue;
    const path = `/audiences/${section}`;
    const usual = new Map(usualAudience(section, route, filer, registry).map((one) => [one.member, one]));
    const seen = new Set<string>();
    for (const [i, { member, authorities }] of named.entries()) {
      if (seen.has(member)) {
        findings.push({
          path: `${path}/${i}/member`,
          code: 'audience-repeated',
          message: `${member} stands twice; name its authorities in one place.`,
          params: { member },
        });
      }
      seen.add(member);
      if (!members.includes(member)) {
        findings.push({
          path: `${path}/${i}/member`,
          code: 'audience-off-route',
          message: `${member} is not on the route and can't be an addressee.`,
          params: { member },
        });
      } else if (!usual.has(member)) {
        findings.push({
          path: `${path}/${i}/member`,
          code: 'audience-too-wide',
          message: `${member} does not usually read this section; it can be narrowed, not widened.`,
          params: { member, section },
        });
      }
      for (const [j, authority] of (authorities ?? []).entries()) {
        if (registry.findAuthority(authority)?.member !== member) {
          findings.push({
            path: `${path}/${i}/authorities/${j}`,
            code: 'authority-unknown',
            message: `${member} has no authority ${authority}.`,
            params: { authority },
          });
        } else if (usual.get(member)?.authorities?.includes(authority) === false) {
          findings.push({
            path: `${path}/${i}/authorities/${j}`,
            code: 'audience-too-wide',
            message: `${authority} does not usually read this section; it can be narrowed, not widened.`,
            params: { authority, section },
          });
        }
      }
    }
    if (
      (section === 'goods' || section === 'transport') &&
      members.some((member) => !named.some((one) => one.member === member && one.authorities === undefined))
    ) {
      findings.push({
        path,
        code: 'audience-too-narrow',
        message: 'Every member on the route reads goods and transport.',
        params: { section },
      });
    }
  }
  return findings;
}
