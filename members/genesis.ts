import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../log/canonical.ts';
import { ED25519, ED25519_COSIGNATURE, parseVkey, signNote } from '../log/note.ts';
import { toBase64, toBase64Url, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { type KeyFile, makeKey, signerOf, writeKey } from './keys.ts';
import {
  type Authority,
  LANGUAGES,
  type MemberEntry,
  type Names,
  type RegistryDocument,
  type Retention,
  registryText,
} from './registry.ts';

/** What a demonstration is made of: `demo.json`, or another list of members in the same form. */
export interface DemoTemplate {
  readonly notice: string;
  /** Stands beside the name of each authority: it is none of the state's. */
  readonly label: Names;
  readonly quorum: number;
  /** Retention periods of every member; the demonstration's own values. */
  readonly retention?: readonly Retention[];
  readonly members: readonly {
    readonly code: string;
    readonly name: Names;
    readonly currency: string;
    readonly zones: readonly string[];
  }[];
  readonly authorities: readonly {
    readonly id: string;
    readonly kind: Authority['kind'];
    readonly name: Names;
    readonly mandates: Authority['mandates'];
  }[];
  readonly operators: readonly { readonly id: string; readonly name: string }[];
  readonly posts: readonly {
    readonly member: string;
    readonly id: string;
    readonly crossing: string;
    readonly name: string;
    readonly authority: string;
    readonly mode: readonly ('road' | 'rail')[];
    readonly zone: string;
    readonly latitude: number;
    readonly longitude: number;
  }[];
}

/** Settings of one node, in its folder's `node.json`. */
export interface NodeSettings {
  readonly member: string;
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** The OpenID Connect issuer whose tokens the node accepts. */
  readonly issuer: string;
}

/** A client of the API as the demonstration hands it out, by names such as `KZ/customs`. */
export interface DemoClient {
  readonly member: string;
  readonly node: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly operator?: string;
  readonly authority?: string;
}

export interface DemoOptions {
  readonly directory: string;
  /** Nodes listen on basePort + 1 …, issuers on basePort + 101 …, in the order of members. */
  readonly basePort: number;
  readonly random: (length: number) => Uint8Array;
  readonly now: Date;
  readonly template?: DemoTemplate;
}

/** The demonstration's data, found beside the sources from the build as well. */
export function demoTemplate(): DemoTemplate {
  const here = dirname(fileURLToPath(import.meta.url));
  const file = [join(here, 'demo.json'), join(here, '..', '..', 'members', 'demo.json')].find(existsSync);
  if (file === undefined) throw new Error('members/demo.json is missing');
  return JSON.parse(readFileSync(file, 'utf8')) as DemoTemplate;
}

const withMember = (name: Names, member: Names, label: Names): Names =>
  Object.fromEntries(
    LANGUAGES.map((language) => [language, `${name[language]} (${member[language]}, ${label[language]})`]),
  ) as Names;

/**
 * Makes a demonstration: each member's keys in its own folder, the registry's first version signed by all member keys,
 * accounts, and clients for the API. All or nothing: the folder appears when it is complete.
 *
 * @returns the genesis hash
 * @throws Refusal 409 `directory-exists`
 */
export async function makeDemo({
  directory,
  basePort,
  random,
  now,
  template = demoTemplate(),
}: DemoOptions): Promise<string> {
  if (existsSync(directory)) {
    throw new Refusal(409, 'directory-exists', `${directory} exists already.`, {
      remedy: 'Use it, name another --directory, or delete it.',
    });
  }
  const making = `${directory}.${process.pid}.making`;
  rmSync(making, { recursive: true, force: true });
  const entries: MemberEntry[] = [];
  const memberKeys: KeyFile[] = [];
  const clients: Record<string, DemoClient> = {};
  const codes = template.members.map(({ code }) => code).sort();
  for (const [i, code] of codes.entries()) {
    const member = template.members.find((one) => one.code === code);
    if (member === undefined) continue;
    const lower = code.toLowerCase();
    const folder = join(making, 'members', lower);
    mkdirSync(join(folder, 'keys', 'documents'), { recursive: true, mode: 0o700 });
    const base = `demo.${lower}.dostyk`;
    const keys = {
      member: makeKey(`${base}/member`, ED25519, random),
      log: makeKey(`${base}/log`, ED25519, random),
      witness: makeKey(`${base}/witness`, ED25519_COSIGNATURE, random),
      node: makeKey(`${base}/node`, ED25519, random),
    };
    memberKeys.push(keys.member);
    for (const [name, key] of Object.entries(keys)) writeKey(join(folder, 'keys', `${name}.key`), key);
    const authorities = template.authorities.map(({ id, kind, name, mandates }): Authority => {
      const key = makeKey(`${base}/${lower}.${id}`, ED25519, random);
      writeKey(join(folder, 'keys', 'documents', `${lower}.${id}.key`), key);
      const { publicKey, name: kid } = parseVkey(nodeCrypto, key.vkey);
      return {
        id: `${lower}.${id}`,
        kind,
        name: withMember(name, member.name, template.label),
        mandates,
        documentKeys: [
          { kid: `${kid}#${toHex(nodeCrypto.sha256(publicKey)).slice(0, 8)}`, publicKey: toBase64(publicKey), from: 0 },
        ],
      };
    });
    const settings: NodeSettings = {
      member: code,
      address: `http://127.0.0.1:${basePort + 1 + i}`,
      host: '127.0.0.1',
      port: basePort + 1 + i,
      issuer: `http://127.0.0.1:${basePort + 101 + i}`,
    };
    entries.push({
      code,
      name: member.name,
      currency: member.currency,
      zones: [...member.zones],
      address: settings.address,
      memberKey: keys.member.vkey,
      log: { origin: `${base}/log`, keys: [{ vkey: keys.log.vkey, from: 0 }] },
      witness: { keys: [{ vkey: keys.witness.vkey, from: 0 }] },
      node: { keys: [{ vkey: keys.node.vkey, from: 0 }] },
      authorities,
      posts: template.posts
        .filter((post) => post.member === code)
        .map(({ member: _, ...post }) => ({
          ...post,
          id: `${lower}-${post.id}`,
          authority: `${lower}.${post.authority}`,
          mode: [...post.mode],
        })),
      ...(template.retention === undefined ? {} : { retention: [...template.retention] }),
    });
    const accounts: { subject: string; name: string; operator?: string; authority?: string }[] = [];
    for (const { id, name, role } of [
      ...template.operators.map(({ id, name }) => ({ id, name, role: 'operator' as const })),
      ...template.authorities.map(({ id, name }) => ({ id, name: name.en, role: 'authority' as const })),
    ]) {
      const clientId = `${lower}-${id}`;
      accounts.push({ subject: clientId, name: `${name} (${member.name.en}, demo)`, [role]: `${lower}.${id}` });
      // Two persons an authority: a desk has shifts.
      if (role === 'authority')
        accounts.push({
          subject: `${clientId}-2`,
          name: `${name}, second officer (${member.name.en}, demo)`,
          authority: `${lower}.${id}`,
        });
      clients[`${code}/${id}`] = {
        member: code,
        node: settings.address,
        issuer: settings.issuer,
        clientId,
        clientSecret: toBase64Url(random(24)),
        [role]: `${lower}.${id}`,
      };
    }
    const operators = template.operators.map(({ id, name }) => ({
      id: `${lower}.${id}`,
      name: `${name} (${member.name.en}, demo)`,
    }));
    writeFileSync(join(folder, 'node.json'), `${JSON.stringify(settings, null, 2)}\n`);
    writeFileSync(
      join(folder, 'accounts.json'),
      `${JSON.stringify({ member: code, operators, accounts }, null, 1)}\n`,
      { mode: 0o600 },
    );
  }
  const document: RegistryDocument = {
    v: 1,
    version: 1,
    publishedAt: now.toISOString(),
    quorum: Math.min(template.quorum, Math.max(1, entries.length - 1)),
    notice: template.notice,
    members: entries,
  };
  const json = canonicalJson(document);
  const note = await signNote(nodeCrypto, registryText(nodeCrypto, 1, json), memberKeys.map(signerOf));
  const genesis = toHex(nodeCrypto.sha256(utf8(note)));
  mkdirSync(join(making, 'registry'));
  writeFileSync(join(making, 'registry', '000001.json'), json);
  writeFileSync(join(making, 'registry', '000001.note'), note);
  writeFileSync(join(making, 'registry', 'genesis.txt'), `${genesis}\n`);
  writeFileSync(join(making, 'clients.json'), `${JSON.stringify(clients, null, 1)}\n`, { mode: 0o600 });
  mkdirSync(dirname(directory), { recursive: true });
  renameSync(making, directory);
  return genesis;
}
