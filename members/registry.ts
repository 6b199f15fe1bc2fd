import type { LogCrypto } from '../log/crypto.ts';
import { parseNote, parseVkey, signersOf } from '../log/note.ts';
import type { RegistryReader, RegistryView } from '../log/verify.ts';
import { fromBase64, toHex, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import {
  type Authority,
  logsOf,
  type MemberEntry,
  type Post,
  parseDocument,
  type RegistryDocument,
  type RegistryVersion,
  registryInvalid,
  registryNote,
  registryText,
} from './registry-document.ts';
import { checkKeys } from './registry-keys.ts';
import { checkDocument, isSigned, signersOfStep, stepOf } from './registry-step.ts';

export * from './registry-document.ts';

/** The registry in force, with the look-ups that the rest of the program needs. Members are ordered by code. */
export class Registry {
  readonly document: RegistryDocument;
  /** SHA-256 of the genesis note: what verifiers pin. */
  readonly genesis: string;
  readonly versions: readonly RegistryVersion[];
  readonly #members: ReadonlyMap<string, MemberEntry>;
  /** Made when they are first asked for: who verifies one file opens a registry for it alone. */
  #posts: ReadonlyMap<string, Post & { readonly member: string }> | undefined;
  #authorities: ReadonlyMap<string, Authority & { readonly member: string }> | undefined;

  readonly #views = new Map<number, RegistryView>();
  #view: RegistryView | undefined;

  constructor(document: RegistryDocument, genesis: string, versions: readonly RegistryVersion[]) {
    this.document = document;
    this.genesis = genesis;
    this.versions = versions;
    this.#members = new Map(document.members.map((member) => [member.code, member]));
  }

  /** Those who are members now. */
  get members(): readonly MemberEntry[] {
    return this.document.members.filter(({ left }) => left === undefined);
  }

  /** Also one that has left. */
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
    this.#posts ??= new Map(
      this.document.members.flatMap(({ code, posts }) => posts.map((post) => [post.id, { ...post, member: code }])),
    );
    return this.#posts.get(id);
  }

  findAuthority(id: string): (Authority & { readonly member: string }) | undefined {
    this.#authorities ??= new Map(
      this.document.members.flatMap(({ code, authorities }) =>
        authorities.map((one) => [one.id, { ...one, member: code }]),
      ),
    );
    return this.#authorities.get(id);
  }

  /** The member whose log it is or was. */
  memberOfLog(origin: string): MemberEntry | undefined {
    return this.document.members.find((member) => logsOf(member).some((log) => log.origin === origin));
  }

  others(member: string): readonly MemberEntry[] {
    return this.members.filter(({ code }) => code !== member);
  }

  isDemo(origin: string): boolean {
    return origin.startsWith('demo.');
  }

  /**
   * Keys whose cosignatures count on a checkpoint of this log at this size, of all but the log's owner: a log's own witness never
   * counts.
   */
  witnessesOf(origin: string, size: bigint): { readonly member: string; readonly vkey: string }[] {
    const owner = this.memberOfLog(origin)?.code;
    return this.document.members.flatMap(({ code, witness }) =>
      code === owner
        ? []
        : witness.keys
            .filter(({ from, below }) => {
              const first = typeof from === 'number' ? from : (from[origin] ?? 0);
              return BigInt(first) <= size && (below === undefined || size < BigInt(below[origin] ?? 0));
            })
            .map(({ vkey }) => ({ member: code, vkey })),
    );
  }

  /** How many cosignatures make a checkpoint of this log final at this size. */
  quorumOf(origin: string, size: bigint): number {
    const earlier = this.document.earlierQuorums?.find(({ below }) => size < BigInt(below[origin] ?? 0));
    return earlier?.quorum ?? this.document.quorum;
  }

  /** What the verifier asks of a registry. */
  get view(): RegistryView {
    this.#view ??= this.#makeView();
    return this.#view;
  }

  #makeView(): RegistryView {
    return {
      version: this.document.version,
      publishedAt: this.document.publishedAt,
      logOf: (origin) => {
        const member = this.memberOfLog(origin);
        if (member === undefined) return undefined;
        const logs = logsOf(member);
        const number = logs.findIndex((one) => one.origin === origin);
        const { keys, closed } = logs[number] ?? member.log;
        return {
          member: member.code,
          number,
          demo: this.isDemo(origin),
          keys: keys.map(dated),
          ...(closed === undefined ? {} : { closed: BigInt(closed.size) }),
        };
      },
      witnessesOf: (origin, size) => this.witnessesOf(origin, size),
      quorumOf: (origin, size) => this.quorumOf(origin, size),
      at: (version) => this.#viewAt(version),
      documentKeys: (member, authority) => {
        const found = this.findAuthority(authority);
        if (found?.member !== member) return [];
        return found.documentKeys.map(({ publicKey, ...key }) => ({ ...dated(key), publicKey: fromBase64(publicKey) }));
      },
      hasMandate: (member, authority, mandate) => {
        const found = this.findAuthority(authority);
        return found?.member === member && (found.mandates as readonly string[]).includes(mandate);
      },
      postAuthority: (post) => {
        const found = this.findPost(post);
        return found && { member: found.member, authority: found.authority };
      },
    };
  }

  /** An earlier version, for what was said under it; undefined for one that is not known yet. */
  #viewAt(version: number): RegistryView | undefined {
    if (version === this.document.version) return this.view;
    const known = this.#views.get(version);
    if (known !== undefined) return known;
    const stored = this.versions[version - 1];
    if (stored === undefined) return undefined;
    const { view } = new Registry(parseDocument(stored.json), this.genesis, this.versions);
    this.#views.set(version, view);
    return view;
  }
}

function dated<T extends { readonly from: number; readonly until?: number | undefined }>({ from, until, ...key }: T) {
  return { ...key, from: BigInt(from), ...(until === undefined ? {} : { until: BigInt(until) }) };
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
  if (first === undefined) throw registryInvalid('The registry is empty.');
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
      throw registryInvalid(`Version ${i + 1} of the registry does not fit its note.`);
    }
    const step = stepOf(document, next);
    const asked = new Map(signersOfStep(step).map(({ vkey }) => [vkey, parseVkey(crypto, vkey)]));
    const signed = await signersOf(crypto, note, [...asked.values()]);
    const by = (vkey: string): boolean => signed.some((key) => key === asked.get(vkey));
    if (!isSigned(step, by)) throw registryInvalid(`Version ${i + 1} of the registry lacks a signature that it needs.`);
    if (signed.length !== note.signatures.length || registryNote(note) !== text)
      throw registryInvalid(
        `The note of version ${i + 1} of the registry has a signature that nobody asked for, or out of its order.`,
      );
    document = next;
    previous = text;
  }
  if (document === undefined) throw registryInvalid('The registry is empty.');
  return new Registry(document, genesis, versions);
}

/** The reader that `verify` takes as an argument. A chain that it read just before is not walked again. */
export function registryReader(crypto: LogCrypto): RegistryReader {
  let last: { readonly registry: Registry; readonly view: RegistryView } | undefined;
  return {
    read: async (versions, genesis) => {
      const same =
        last?.registry.genesis === genesis &&
        last.registry.versions.length === versions.length &&
        last.registry.versions.every(({ note, json }, i) => note === versions[i]?.note && json === versions[i]?.json);
      if (last !== undefined && same) return last.view;
      const registry = await openRegistry(crypto, versions, genesis);
      last = { registry, view: registry.view };
      return last.view;
    },
  };
}
