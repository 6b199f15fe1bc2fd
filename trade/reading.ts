import { authorship } from '../members/authorship.ts';
import type { Registry } from '../members/registry.ts';
import { logsOf } from '../members/registry-document.ts';
import { compareText, markOf, type Settled, settle } from './causality.ts';
import { BODIES, type TradeRecordType } from './record.ts';
import type { Route } from './section.ts';
import type { FoldContext, FoldInput, PostBook, RecordMark, SetAside, To, Waiting } from './state.ts';

/** Why a record that has arrived changes nothing. Stable: shown, counted, translated. */
export type AsideReason =
  | 'unreadable'
  | 'id-repeated'
  | 'misaddressed'
  | 'foreign-filer'
  | 'foreign-operator'
  | 'foreign-authority'
  | 'foreign-post'
  | 'post-unknown'
  | 'post-not-on-route'
  | 'chain-broken'
  | 'manifest-not-counted'
  | 'section-not-as-named'
  | 'decision-not-counted'
  | 'appeal-not-counted'
  | 'certificate-not-counted'
  | 'not-a-query'
  | 'not-appealable'
  | 'not-after-its-cause'
  | 'after-withdrawal'
  | 'withdrawn-already'
  | 'revoked-already'
  | 'erasure-foreign'
  | 'erased-already'
  | 'erasure-not-counted'
  | 'authorship';

type BodyOf<T extends TradeRecordType> = ReturnType<(typeof BODIES)[T]['parse']>;

/** A record that could be read, with what it says. */
export interface Said<T extends TradeRecordType = TradeRecordType> extends RecordMark {
  readonly type: T;
  readonly after: readonly string[];
  readonly body: BodyOf<T>;
}

/** The records of one subject, read and in causal order, and what is kept without being folded. */
export interface Reading {
  readonly settled: Settled;
  readonly records: readonly RecordMark[];
  readonly of: <T extends TradeRecordType>(type: T) => readonly Said<T>[];
  /** Those of a type in the order of their logs: an order for what one member says, and for nothing else. */
  readonly inLogOrder: <T extends TradeRecordType>(type: T) => readonly Said<T>[];
  /** Whether one member said this later than that: further on in its log, or in a later log. */
  readonly isLater: (one: RecordMark, than: RecordMark) => boolean;
  readonly setAside: (record: RecordMark, reason: AsideReason | string) => void;
  /** Keeps a record until what it names is here and folded. */
  readonly wait: (record: RecordMark, missing: string) => void;
  readonly isWaiting: (commitment: string) => boolean;
  readonly isAside: (commitment: string) => boolean;
  readonly waiting: () => readonly Waiting[];
  readonly aside: () => readonly SetAside[];
}

function isTradeType(type: string): type is TradeRecordType {
  return Object.hasOwn(BODIES, type);
}

/** What the folds take from the registry in force. */
export function contextOf(registry: Registry): FoldContext {
  const { view } = registry;
  const numbers = new Map(
    registry.document.members.flatMap((member) =>
      logsOf(member).map(({ origin }, number) => [origin, number] as const),
    ),
  );
  return {
    logNumber: (origin) => numbers.get(origin) ?? 0,
    posts: {
      post: (id) => {
        const post = registry.findPost(id);
        return post && { member: post.member, authority: post.authority };
      },
      isMember: (code) => registry.findMember(code) !== undefined,
    },
    authorship: (envelope) => authorship(envelope, view),
  };
}

/**
 * Reads the records of one subject: settles their order, parses their bodies and asks the authorship
 * table. Nothing received makes it throw: what can't be read is set aside.
 */
export function readRecords(inputs: readonly FoldInput[], context: FoldContext): Reading {
  const settled = settle(inputs, context.arrived);
  const aside = new Map<string, SetAside>();
  const waiting = new Map(settled.waiting.map((one) => [one.commitment, one]));
  const said = new Map<TradeRecordType, Said[]>();

  const setAside = (record: RecordMark, reason: string): void => {
    const { commitment, type, member } = record;
    if (!aside.has(commitment)) aside.set(commitment, { commitment, type, member, reason });
  };
  const number = context.logNumber ?? (() => 0);
  const byLog = (a: RecordMark, b: RecordMark): number =>
    number(a.origin) - number(b.origin) || a.index - b.index || compareText(a.commitment, b.commitment);
  // The map holds under each type records of that type alone.
  const of = <T extends TradeRecordType>(type: T) => (said.get(type) ?? []) as unknown as readonly Said<T>[];
  for (const one of settled.repeated) setAside(markOf(one), 'id-repeated');
  for (const input of settled.ordered) {
    const mark = markOf(input);
    const { type, body, after } = input.envelope;
    if (!isTradeType(type)) continue;
    const parsed = BODIES[type].safeParse(body);
    const outside = parsed.success ? context.authorship?.(input.envelope) : undefined;
    if (!parsed.success) setAside(mark, 'unreadable');
    else if (outside !== undefined) setAside(mark, 'authorship');
    else {
      const list = said.get(type) ?? [];
      list.push({ ...mark, type, after, body: parsed.data });
      said.set(type, list);
    }
  }
  return {
    settled,
    records: settled.ordered.map(markOf),
    of,
    inLogOrder: (type) => [...of(type)].sort(byLog),
    isLater: (one, than) => one.member === than.member && byLog(than, one) < 0,
    setAside,
    wait: ({ commitment, type }, missing) => {
      waiting.set(commitment, { commitment, type, missing: [missing] });
    },
    isWaiting: (commitment) => waiting.has(commitment),
    isAside: (commitment) => aside.has(commitment),
    waiting: () => [...waiting.values()].sort((a, b) => compareText(a.commitment, b.commitment)),
    aside: () => [...aside.values()].sort((a, b) => compareText(a.commitment, b.commitment)),
  };
}

/**
 * The members that a dossier concerns, by code: the filer's, origin, destination, and each post's.
 * Places outside the membership have no node to tell.
 */
export function membersOnRoute(route: Route, filer: string, posts: PostBook): string[] {
  const members = new Set([filer]);
  for (const place of [route.origin, route.destination]) {
    if (posts.isMember(place.country)) members.add(place.country);
  }
  for (const id of route.posts) {
    const post = posts.post(id);
    if (post !== undefined) members.add(post.member);
  }
  return [...members].sort();
}

export function isAddressedToAll(to: To, members: readonly string[]): boolean {
  return to === 'public' || members.every((member) => to.some((one) => one.member === member));
}

/** The later of instants as the project writes them; seconds and milliseconds may mix. */
export function latest(first: string, ...others: readonly (string | null | undefined)[]): string {
  let last = first;
  for (const other of others) {
    if (other !== null && other !== undefined && Date.parse(other) > Date.parse(last)) last = other;
  }
  return last;
}
