import { signal } from '@preact/signals';
import type { MemberView } from '../members/contract.ts';
import type { Names } from '../members/registry.ts';
import { nameIn, sortByName } from './languages/index.ts';

/** The members as equals, with their authorities and posts: asked once, named in the reader's language. */

export interface Members {
  readonly version: number;
  readonly genesis: string;
  readonly quorum: number;
  readonly members: readonly MemberView[];
}

export const members = signal<Members | null>(null);
let asked: Promise<void> | undefined;

export function loadMembers(): Promise<void> {
  asked ??= fetch('/members')
    .then(async (response) => {
      if (!response.ok) throw new Error(`answered ${response.status}`);
      members.value = (await response.json()) as Members;
    })
    .catch(() => {
      // Away: ids stand for names until it is back.
      asked = undefined;
    });
  return asked;
}

const found = (names: Names | undefined, id: string): string => (names === undefined ? id : nameIn(names));

/** Names by id; an id that the registry does not list is shown as it is. */
export function useMembers(): {
  readonly list: readonly MemberView[];
  readonly name: (code: string) => string;
  readonly authority: (id: string) => string;
  readonly post: (id: string) => string;
  readonly zone: (post: string) => string | undefined;
} {
  if (members.value === null) void loadMembers();
  const list = members.value?.members ?? [];
  const findPost = (id: string) => list.flatMap(({ posts }) => posts).find((one) => one.id === id);
  return {
    /** Alphabetically in the reader's language: no member comes first by its code. */
    list: sortByName(list, ({ name }) => nameIn(name)),
    name: (code) => found(list.find((one) => one.code === code)?.name, code),
    authority: (id) => found(list.flatMap(({ authorities }) => authorities).find((one) => one.id === id)?.name, id),
    post: (id) => {
      const post = findPost(id);
      const member = list.find(({ posts }) => posts.some((one) => one.id === id));
      return post === undefined || member === undefined ? id : `${post.name}, ${nameIn(member.name)}`;
    },
    zone: (id) => findPost(id)?.zone,
  };
}
