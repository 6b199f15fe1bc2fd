import { Unreadable } from './rate.ts';

/** A post of the registry, as far as a way needs it. */
export interface WayPost {
  /** With or without its member's code before it: `yallama`, `uz-yallama`. */
  readonly id: string;
  readonly member: string;
  readonly crossing: string;
  readonly mode: readonly string[];
}

/** Whether somebody who says a word may mean a post: its id, its crossing, or how its crossing begins. */
function means(word: string, { id, member, crossing }: WayPost): boolean {
  const own = `${member.toLowerCase()}-`;
  const bare = id.startsWith(own) ? id.slice(own.length) : id;
  return (
    word === id || word === bare || word === `${own}${bare}` || word === crossing || crossing.startsWith(`${word}-`)
  );
}

/**
 * Posts in order from names of crossings: each crossing is left by the post of the state that the goods are in, and entered by the
 * one opposite.
 *
 * @throws {Unreadable} a name that no crossing has, that several have, or that does not lie on the way; a way that ends elsewhere
 * @example findWay(['yallama', 'khorgos'], posts, 'UZ', 'CN', 'road').map(({ id }) => id) // uz-yallama, kz-konysbayeva, kz-nur-zholy, cn-khorgos
 */
export function findWay(
  words: readonly string[],
  posts: readonly WayPost[],
  from: string,
  to: string | undefined,
  mode: string | undefined,
): WayPost[] {
  const way: WayPost[] = [];
  let here = from;
  for (const word of words) {
    const meant = posts.filter((post) => (mode === undefined || post.mode.includes(mode)) && means(word, post));
    const crossings = [...new Set(meant.map(({ crossing }) => crossing))];
    const passable = crossings.filter((crossing) =>
      posts.some((post) => post.crossing === crossing && post.member === here),
    );
    const [crossing, ...others] = passable;
    if (crossing === undefined)
      throw new Unreadable(
        crossings.length === 0
          ? `No crossing is called ${word}.`
          : `The goods are in ${here} and can't leave it over ${word}.`,
        word,
      );
    if (others.length > 0) throw new Unreadable(`${word} may be ${passable.join(' or ')}.`, word);
    const sides = posts.filter((post) => post.crossing === crossing);
    const leaving = sides.find(({ member }) => member === here);
    const entering = sides.find(({ member }) => member !== here);
    if (leaving === undefined || entering === undefined) throw new Unreadable(`${word} has one side only.`, word);
    way.push(leaving, entering);
    here = entering.member;
  }
  if (way.length > 0 && to !== undefined && here !== to)
    throw new Unreadable(`The way ends in ${here}, the goods are bound for ${to}.`, to);
  return way;
}
