import { z } from 'zod';
import type { LogCrypto } from '../log/crypto.ts';
import { ED25519, parseNote, parseVkey, signersOf, type VerifierKey } from '../log/note.ts';
import type { RegistryReader, RegistryView } from '../log/verify.ts';
import { fromBase64, toHex, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { Country, Currency, Identifier, Instant, Zone } from '../values/schema.ts';
import { checkKeys } from './registry-keys.ts';

/** The eight languages of the project; every name is given in each. */
export const LANGUAGES = ['zh', 'kk', 'ky', 'tg', 'tk', 'uz', 'ru', 'en'] as const;
const name = z.string().min(1).max(200);
export const Names = z.strictObject({ zh: name, kk: name, ky: name, tg: name, tk: name, uz: name, ru: name, en: name });
export type Names = z.infer<typeof Names>;

export const MANDATES = [
  'decide',
  'decide-appeals',
  'report-events',
  'require',
  'publish-rules',
  'certify-origin',
  'certify-phytosanitary',
  'certify-conformity',
] as const;
export type Mandate = (typeof MANDATES)[number];

/** A key and the log size from which it holds. */
const DatedKey = z.strictObject({ vkey: z.string().max(300), from: z.int().min(0) });

export const Authority = z.strictObject({
  id: Identifier,
  kind: z.enum(['customs', 'plant-health', 'veterinary', 'chamber', 'conformity', 'railway', 'ministry']),
  name: Names,
  mandates: z.array(z.enum(MANDATES)).max(20),
  documentKeys: z
    .array(z.strictObject({ kid: z.string().max(200), publicKey: z.string().length(44), from: z.int().min(0) }))
    .max(20),
});
export type Authority = z.infer<typeof Authority>;

export const Post = z.strictObject({
  id: Identifier,
  /** The authority that decides here. */
  authority: Identifier,
  /** Both posts of a crossing name it alike. */
  crossing: Identifier,
  name,
  mode: z
    .array(z.enum(['road', 'rail']))
    .min(1)
    .max(2),
  zone: Zone,
  latitude: z.number().min(-90).max(90).optional(),
  longitude: z.number().min(-180).max(180).optional(),
});
export type Post = z.infer<typeof Post>;

export const MemberEntry = z.strictObject({
  code: Country,
  name: Names,
  currency: Currency,
  zones: z.array(Zone).min(1).max(20),
  /** Where the node is reached, without a slash at the end. */
  address: z.url().max(300),
  /** Offline: signs this member's part of the registry and nothing else. */
  memberKey: z.string().max(300),
  log: z.strictObject({ origin: z.string().min(3).max(200), keys: z.array(DatedKey).min(1).max(20) }),
  witness: z.strictObject({ keys: z.array(DatedKey).min(1).max(20) }),
  node: z.strictObject({ keys: z.array(DatedKey).min(1).max(20) }),
  authorities: z.array(Authority).max(100),
  posts: z.array(Post).max(1000),
});
export type MemberEntry = z.infer<typeof MemberEntry>;

export const RegistryDocument = z.strictObject({
  v: z.literal(1),
  version: z.int().min(1),
  publishedAt: Instant,
  /** Cosignatures by other members that make a checkpoint final. */
  quorum: z.int().min(1).max(50),
  notice: z.string().max(300).optional(),
  members: z.array(MemberEntry).min(1).max(60),
});
export type RegistryDocument = z.infer<typeof RegistryDocument>;

export interface RegistryVersion {
  readonly note: string;
  readonly json: string;
}

const NO_PREVIOUS = '0'.repeat(64);

/** The text that member keys sign. */
export function registryText(crypto: LogCrypto, version: number, json: string, previousNote?: string): string {
  const previous = previousNote === undefined ? NO_PREVIOUS : toHex(crypto.sha256(utf8(previousNote)));
  return `dostyk-registry/v1\n${version}\n${toHex(crypto.sha256(utf8(json)))}\n${previous}\n`;
}

/** The registry in force, with the look-ups that the rest of the program needs. Members are ordered by code. */
export class Registry {
  readonly document: RegistryDocument;
  /** SHA-256 of the genesis note: what verifiers pin. */
  readonly genesis: string;
  readonly versions: readonly RegistryVersion[];
  readonly #members: ReadonlyMap<string, MemberEntry>;
  readonly #posts: ReadonlyMap<string, Post & { readonly member: string }>;
  readonly #authorities: ReadonlyMap<string, Authority & { readonly member: string }>;

  constructor(document: RegistryDocument, genesis: string, versions: readonly RegistryVersion[]) {
    this.document = document;
    this.genesis = genesis;
    this.versions = versions;
    this.#members = new Map(document.members.map((member) => [member.code, member]));
    this.#posts = new Map(
      document.members.flatMap(({ code, posts }) => posts.map((post) => [post.id, { ...post, member: code }])),
    );
    this.#authorities = new Map(
      document.members.flatMap(({ code, authorities }) => authorities.map((one) => [one.id, { ...one, member: code }])),
    );
  }

  get members(): readonly MemberEntry[] {
    return this.document.members;
  }

  findMember(code: string): MemberEntry | undefined {
    return this.#members.get(code);
  }

  /** @throws Refusal 404 `member-unknown` */
  getMember(code: string): MemberEntry {
    const member = this.#members.get(code);
    if (member === undefined)
      throw new Refusal(404, 'member-unknown', `The registry lists no member ${code}.`, { params: { code } });
    return member;
  }

  findPost(id: string): (Post & { readonly member: string }) | undefined {
    return this.#posts.get(id);
  }

  findAuthority(id: string): (Authority & { readonly member: string }) | undefined {
    return this.#authorities.get(id);
  }

  memberOfLog(origin: string): MemberEntry | undefined {
    return this.document.members.find(({ log }) => log.origin === origin);
  }

  others(member: string): readonly MemberEntry[] {
    return this.document.members.filter(({ code }) => code !== member);
  }

  isDemo(origin: string): boolean {
    return origin.startsWith('demo.');
  }

  /** Witness keys of all but this member: a log's own witness never counts. */
  witnessesFor(member: string): { readonly member: string; readonly vkey: string }[] {
    return this.others(member).flatMap(({ code, witness }) => witness.keys.map(({ vkey }) => ({ member: code, vkey })));
  }

  /** What the verifier asks of a registry. */
  get view(): RegistryView {
    return {
      version: this.document.version,
      publishedAt: this.document.publishedAt,
      quorum: this.document.quorum,
      logOf: (origin) => {
        const member = this.memberOfLog(origin);
        return (
          member && {
            member: member.code,
            demo: this.isDemo(origin),
            keys: member.log.keys.map(({ vkey, from }) => ({ vkey, from: BigInt(from) })),
          }
        );
      },
      witnesses: () =>
        this.members.flatMap(({ code, witness }) => witness.keys.map(({ vkey }) => ({ member: code, vkey }))),
      documentKeys: (member, authority) => {
        const found = this.#authorities.get(authority);
        if (found?.member !== member) return [];
        return found.documentKeys.map(({ kid, publicKey, from }) => ({
          kid,
          publicKey: fromBase64(publicKey),
          from: BigInt(from),
        }));
      },
      hasMandate: (member, authority, mandate) => {
        const found = this.#authorities.get(authority);
        return found?.member === member && (found.mandates as readonly string[]).includes(mandate);
      },
      postAuthority: (post) => {
        const found = this.#posts.get(post);
        return found && { member: found.member, authority: found.authority };
      },
    };
  }
}

function invalid(message: string, cause?: unknown): Refusal {
  return new Refusal(500, 'registry-invalid', message, { cause });
}

function parseDocument(json: string): RegistryDocument {
  try {
    return RegistryDocument.parse(JSON.parse(json));
  } catch (cause) {
    throw invalid('A registry version is not of the registry form.', cause);
  }
}

/** Rules that a single version must keep, whoever signed it. */
function checkDocument(document: RegistryDocument): void {
  const codes = document.members.map(({ code }) => code);
  if (codes.join() !== [...new Set(codes)].sort().join()) throw invalid('Members must be listed once each, by code.');
  const origins = new Set(document.members.map(({ log }) => log.origin));
  if (origins.size !== codes.length) throw invalid('Two members name one log.');
  for (const { code, authorities, posts } of document.members) {
    const prefix = `${code.toLowerCase()}.`;
    const own = new Set(authorities.map(({ id }) => id));
    if (own.size !== authorities.length || [...own].some((id) => !id.startsWith(prefix)))
      throw invalid(`An authority of ${code} has a foreign or repeated id.`);
    const postIds = new Set(posts.map(({ id }) => id));
    if (
      postIds.size !== posts.length ||
      posts.some(({ id, authority }) => !id.startsWith(`${code.toLowerCase()}-`) || !own.has(authority))
    ) {
      throw invalid(`A post of ${code} has a foreign id, a repeated id or a foreign authority.`);
    }
  }
}

/** Which of the members' keys must have signed the step from one version to the next. */
function requiredSigners(
  before: RegistryDocument | undefined,
  after: RegistryDocument,
): readonly (readonly string[])[] {
  const all = (before ?? after).members.map(({ memberKey }) => memberKey);
  if (before === undefined) return [all];
  const changed = after.members.filter((member) => {
    const old = before.members.find(({ code }) => code === member.code);
    return JSON.stringify(old) !== JSON.stringify(member);
  });
  const [only] = changed;
  const sameRest =
    before.quorum === after.quorum && before.notice === after.notice && before.members.length === after.members.length;
  const old = before.members.find(({ code }) => code === only?.code);
  // A member's own entry is its own business; its member key, the membership, the quorum and the notice are everyone's.
  if (sameRest && changed.length === 1 && only !== undefined && old?.memberKey === only.memberKey)
    return [[only.memberKey], all];
  return [all];
}

/**
 * Walks the chain from the pinned genesis: each version's JSON fits its note, each note names the one before, and those who
 * must have signed did.
 *
 * @param genesis SHA-256 of the genesis note, lower-case hex
 * @throws Refusal `registry-untrusted` for another genesis, `registry-invalid` for a broken chain
 */
export async function openRegistry(
  crypto: LogCrypto,
  versions: readonly RegistryVersion[],
  genesis: string,
): Promise<Registry> {
  const [first] = versions;
  if (first === undefined) throw invalid('The registry is empty.');
  if (toHex(crypto.sha256(utf8(first.note))) !== genesis) {
    throw new Refusal(500, 'registry-untrusted', 'The registry does not begin at the genesis that is pinned here.', {
      remedy: 'Use the evidence and the genesis hash of the same registry.',
    });
  }
  let document: RegistryDocument | undefined;
  let previous: string | undefined;
  for (const [i, { note: text, json }] of versions.entries()) {
    const next = parseDocument(json);
    checkDocument(next);
    checkKeys(crypto, next);
    const note = parseNote(text);
    if (next.version !== i + 1 || note.text !== registryText(crypto, i + 1, json, previous)) {
      throw invalid(`Version ${i + 1} of the registry does not fit its note.`);
    }
    const keysOf = (vkeys: readonly string[]): VerifierKey[] => vkeys.map((vkey) => parseVkey(crypto, vkey));
    const choices = requiredSigners(document, next);
    const signed = await signersOf(
      crypto,
      note,
      keysOf(choices.flat()).filter(({ type }) => type === ED25519),
    );
    const signedBy = new Set(signed.map(({ publicKey }) => toHex(publicKey)));
    const enough = choices.some((vkeys) => keysOf(vkeys).every(({ publicKey }) => signedBy.has(toHex(publicKey))));
    if (!enough) throw invalid(`Version ${i + 1} of the registry lacks a signature that it needs.`);
    document = next;
    previous = text;
  }
  if (document === undefined) throw invalid('The registry is empty.');
  return new Registry(document, genesis, versions);
}

/** The reader that `verify` takes as an argument. */
export function registryReader(crypto: LogCrypto): RegistryReader {
  return { read: async (versions, genesis) => (await openRegistry(crypto, versions, genesis)).view };
}
