import type { MemberView } from '../../../members/contract.ts';
import type { RequirementsQuery } from '../../../trade/requirements-contract.ts';
import { href } from '../../languages/index.ts';

/** A question as it stands in the address, so that an answer can be passed on. Empty words are left out. */
export type Asked = Readonly<Partial<Record<keyof RequirementsQuery, string>>>;

/** Every name of the query: the compiler holds them complete. */
const NAMES = Object.keys({
  ...{ hs: true, from: true, to: true, origin: true, via: true, mode: true, mass: true, value: true, currency: true },
  ...{ incoterm: true, carriage: true, onward: true, insurance: true, duties: true, date: true, rates: true },
  ...{ papers: true, claims: true, registered: true, treated: true, wholly: true, changed: true, added: true },
  ...{ direct: true, trader: true, green: true, regime: true, predeclared: true, vehicles: true },
} satisfies Record<keyof RequirementsQuery, true>) as (keyof RequirementsQuery)[];

/** @param text what follows `?` */
export function askedOf(text: string): Asked {
  const given = new URLSearchParams(text);
  return Object.fromEntries(NAMES.flatMap((name) => (given.get(name) ? [[name, given.get(name) ?? '']] : [])));
}

export function textOf(asked: Asked): string {
  const words = new URLSearchParams();
  for (const name of NAMES) if (asked[name]) words.set(name, asked[name]);
  return words.toString();
}

/** The page of a question, beside another one where two are compared. */
export function addressOf(asked: Asked, beside?: Asked): string {
  const words = new URLSearchParams(textOf(asked));
  if (beside !== undefined) words.set('beside', textOf(beside));
  return href(`/requirements?${words}`);
}

export const isWhole = ({ hs, from, to }: Asked): boolean => Boolean(hs && from && to);

/** A crossing that leads out of a member. */
export interface Crossing {
  readonly crossing: string;
  readonly label: string;
  readonly to: string;
}

/** Crossings out of a member, by the names of their two posts. */
export function crossingsOut(members: readonly MemberView[], from: string, mode: string | undefined): Crossing[] {
  const posts = members.flatMap(({ code, posts: own }) => own.map((post) => ({ ...post, member: code as string })));
  return posts
    .filter((post) => post.member === from && (!mode || (post.mode as readonly string[]).includes(mode)))
    .flatMap((own) => {
      const other = posts.find((post) => post.crossing === own.crossing && post.member !== from);
      return other === undefined
        ? []
        : [{ crossing: own.crossing, label: `${own.name} – ${other.name}`, to: other.member }];
    })
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** The members that a way leads through, from its start to where its crossings lead. */
export function wayOf(members: readonly MemberView[], from: string, via: readonly string[]): string[] {
  const way = [from];
  for (const crossing of via) {
    const next = crossingsOut(members, way.at(-1) ?? '', undefined).find((one) => one.crossing === crossing)?.to;
    if (next === undefined) break;
    way.push(next);
  }
  return way;
}

export const listOf = (text: string | undefined): string[] => (text ?? '').split(',').filter((part) => part !== '');
