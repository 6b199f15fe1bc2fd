import type { Post, Registry } from '../members/registry.ts';
import type { Finding } from '../values/refusal.ts';
import type { Route, TransportSection } from './section.ts';

/** Whether a way can be gone: posts that lie opposite each other, and legs that follow them. */

type RoutePost = Post & { readonly member: string };

/** From one state into the next: the post that is left and the post that is entered, as far as the registry lists them. */
export interface Crossing {
  readonly from: string;
  readonly to: string;
  readonly posts: readonly RoutePost[];
}

const finding = (path: string, code: string, message: string, params: Finding['params'] = {}): Finding => ({
  path,
  code,
  message,
  params,
});

/**
 * Follows the posts of a route from origin to destination. Where the origin or the destination lies outside the membership, the
 * crossing there has one post: the other is in nobody's registry.
 *
 * @returns the crossings in order, empty with findings where the route is broken
 * @example crossingsOf(route, registry).crossings.map(({ from, to }) => `${from}-${to}`)
 */
export function crossingsOf(
  route: Route,
  registry: Registry,
): { readonly crossings: readonly Crossing[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const posts: RoutePost[] = [];
  for (const [i, id] of route.posts.entries()) {
    const post = registry.findPost(id);
    const path = `/route/posts/${i}`;
    if (post === undefined)
      findings.push(finding(path, 'post-unknown', `The registry lists no post ${id}.`, { post: id }));
    else posts.push(post);
    if (seen.has(id)) findings.push(finding(path, 'post-repeated', `The route passes ${id} twice.`, { post: id }));
    seen.add(id);
  }
  const broken = (one: Finding) => ({ crossings: [], findings: [...findings, one] });
  if (findings.length > 0) return { crossings: [], findings };

  const crossings: Crossing[] = [];
  const origin = route.origin.country;
  const destination = route.destination.country;
  let here = origin;
  let at = 0;
  const [first, second] = posts;
  if (first !== undefined && registry.findMember(origin) === undefined) {
    // Two posts of one crossing at the start: how the goods came into the first member is not told.
    const told = second === undefined || second.crossing !== first.crossing;
    crossings.push({ from: origin, to: first.member, posts: told ? [first] : [] });
    here = first.member;
    at = told ? 1 : 0;
  }
  for (; at < posts.length; at += 2) {
    const [leaving, entering] = [posts[at], posts[at + 1]];
    if (leaving === undefined) break;
    const path = `/route/posts/${at}`;
    const params = { post: leaving.id };
    if (leaving.member !== here) {
      const message = `The route is in ${here} and can't leave over ${leaving.id}, a post of ${leaving.member}.`;
      return broken(finding(path, 'route-broken', message, params));
    }
    if (entering === undefined) {
      if (registry.findMember(destination) !== undefined) {
        const message = `A crossing has two posts; the one opposite ${leaving.id} is missing.`;
        return broken(finding(path, 'crossing-half', message, params));
      }
      crossings.push({ from: here, to: destination, posts: [leaving] });
      here = destination;
      break;
    }
    if (leaving.crossing !== entering.crossing || leaving.member === entering.member) {
      const message = `${entering.id} is not opposite ${leaving.id}.`;
      return broken(finding(`/route/posts/${at + 1}`, 'posts-not-opposite', message, { post: entering.id }));
    }
    crossings.push({ from: here, to: entering.member, posts: [leaving, entering] });
    here = entering.member;
  }
  if (here !== destination) {
    const message = `The route ends in ${here}, the destination is in ${destination}.`;
    return broken(finding('/route/destination', 'route-broken', message));
  }
  return { crossings, findings };
}

type Leg = TransportSection['legs'][number];

const takes = ({ mode }: Leg, { posts }: Crossing): boolean => posts.every((post) => post.mode.includes(mode));

/**
 * Finds for each leg the crossings that it takes: from its own state as far along the way as it goes.
 *
 * @returns how many crossings lie behind each leg, undefined where no such division exists
 */
function divide(legs: readonly Leg[], crossings: readonly Crossing[], byMode: boolean): number[] | undefined {
  const countryAt = (place: number): string | undefined => crossings[place - 1]?.to ?? crossings[0]?.from;
  // Dead ends are remembered: a way may pass one state more than once.
  const dead = new Set<string>();
  const go = (leg: number, from: number): number[] | undefined => {
    const one = legs[leg];
    if (one === undefined) return from === crossings.length ? [] : undefined;
    const key = `${leg}/${from}`;
    if (dead.has(key) || one.from.country !== countryAt(from)) return undefined;
    for (let to = from; to <= crossings.length; to++) {
      const crossing = to > from ? crossings[to - 1] : undefined;
      if (byMode && crossing !== undefined && !takes(one, crossing)) break;
      if (one.to.country !== countryAt(to)) continue;
      const rest = go(leg + 1, to);
      if (rest !== undefined) return [to, ...rest];
    }
    dead.add(key);
    return undefined;
  };
  return go(0, 0);
}

/**
 * Holds legs against the crossings of the route: they begin at its origin, end at its destination, and go by road over road posts
 * and by rail over rail posts. Legs through states that the route does not name can't be held against it, and aren't.
 */
export function checkLegs(
  legs: TransportSection['legs'],
  route: Route,
  crossings: readonly Crossing[],
  registry: Registry,
): Finding[] {
  const onWay = new Set([
    route.origin.country,
    route.destination.country,
    ...crossings.flatMap(({ from, to }) => [from, to]),
  ]);
  const isOutside = (country: string): boolean => !onWay.has(country) && registry.findMember(country) === undefined;
  if (legs.some(({ from, to }) => isOutside(from.country) || isOutside(to.country))) return [];
  const path = (leg: number, end: string): string => `/sections/transport/legs/${leg}/${end}`;
  const [first] = legs;
  const last = legs.at(-1);
  const findings: Finding[] = [];
  if (first !== undefined && first.from.country !== route.origin.country) {
    const message = `The first leg begins in ${first.from.country}, the route in ${route.origin.country}.`;
    findings.push(finding(path(0, 'from'), 'leg-off-route', message));
  }
  if (last !== undefined && last.to.country !== route.destination.country) {
    const message = `The last leg ends in ${last.to.country}, the route in ${route.destination.country}.`;
    findings.push(finding(path(legs.length - 1, 'to'), 'leg-off-route', message));
  }
  const stray = legs.findIndex(({ from, to }) => !onWay.has(from.country) || !onWay.has(to.country));
  if (findings.length === 0 && stray >= 0)
    findings.push(finding(path(stray, 'to'), 'leg-off-route', 'This leg passes a state that the route does not.'));
  // Within one state there is nothing to cross.
  if (findings.length > 0 || crossings.length === 0) return findings;

  const division = divide(legs, crossings, false);
  if (division === undefined)
    return [finding('/sections/transport/legs', 'leg-off-route', 'The legs do not follow the posts of the route.')];
  if (divide(legs, crossings, true) !== undefined) return [];
  let from = 0;
  for (const [i, to] of division.entries()) {
    const leg = legs[i];
    const wrong = leg && crossings.slice(from, to).find((crossing) => !takes(leg, crossing));
    if (leg !== undefined && wrong !== undefined) {
      const names = wrong.posts.map(({ id }) => id).join(' and ');
      return [
        finding(path(i, 'mode'), 'mode-differs', `This leg goes by ${leg.mode}; ${names} can't be passed so.`, {
          mode: leg.mode,
        }),
      ];
    }
    from = to;
  }
  return [];
}
