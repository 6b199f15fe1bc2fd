import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson } from '../log/canonical.ts';
import type { Envelope } from '../log/envelope.ts';
import { ED25519, ED25519_COSIGNATURE, formatNote, parseNote, signNote } from '../log/note.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { openAccounts } from './account.ts';
import { authorship, RECORD_TYPES } from './authorship.ts';
import { actsFor, type Delegation } from './delegation.ts';
import { demoTemplate, makeDemo } from './genesis.ts';
import { makeKey, readKey, signerOf, writeKey } from './keys.ts';
import { requireMandate, requireOperator, requirePost } from './mandate.ts';
import {
  LANGUAGES,
  openRegistry,
  type Registry,
  type RegistryDocument,
  type RegistryVersion,
  registryText,
} from './registry.ts';

const top = mkdtempSync(join(tmpdir(), 'dostyk-members-'));
const directory = join(top, 'demo');
const NOW = new Date('2026-06-11T00:00:00Z');
let genesis: string;
let first: RegistryVersion;
let registry: Registry;
beforeAll(async () => {
  genesis = await makeDemo({ directory, basePort: 7000, random: nodeRandom, now: NOW });
  const read = (name: string) => readFileSync(join(directory, 'registry', name), 'utf8');
  first = { note: read('000001.note'), json: read('000001.json') };
  registry = await openRegistry(nodeCrypto, [first], genesis);
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const memberSigner = (code: string) =>
  signerOf(readKey(join(directory, 'members', code.toLowerCase(), 'keys', 'member.key')));

/** A second version, changed and signed by these members. */
async function second(
  change: (document: RegistryDocument) => void,
  signers: readonly string[],
  previous = first.note,
): Promise<RegistryVersion> {
  const document = JSON.parse(first.json) as RegistryDocument;
  document.version = 2;
  change(document);
  const json = canonicalJson(document);
  return {
    json,
    note: await signNote(nodeCrypto, registryText(nodeCrypto, 2, json, previous), signers.map(memberSigner)),
  };
}
const ALL = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'];
const open = (...versions: RegistryVersion[]) => openRegistry(nodeCrypto, versions, genesis);

describe('the chain of versions', () => {
  test('opens from the pinned genesis, and from no other', async () => {
    expect(registry.document.version).toBe(1);
    await expect(openRegistry(nodeCrypto, [first], 'f'.repeat(64))).rejects.toMatchObject({
      code: 'registry-untrusted',
    });
    await expect(open()).rejects.toMatchObject({ code: 'registry-invalid' });
  });

  test('a genesis that one member did not sign, a changed text, a changed JSON', async () => {
    const note = parseNote(first.note);
    const short = formatNote({ ...note, signatures: note.signatures.slice(1) });
    await expect(
      openRegistry(nodeCrypto, [{ ...first, note: short }], toHex(nodeCrypto.sha256(utf8(short)))),
    ).rejects.toMatchObject({ code: 'registry-invalid' });
    await expect(open({ ...first, json: first.json.replace('"quorum":4', '"quorum":1') })).rejects.toMatchObject({
      code: 'registry-invalid',
    });
  });

  test('a member’s own entry is changed by its own key alone', async () => {
    const address = (document: RegistryDocument) => void (document.members[2]!.address = 'https://kz.example');
    expect((await open(first, await second(address, ['KZ']))).getMember('KZ').address).toBe('https://kz.example');
    await expect(open(first, await second(address, ['UZ']))).rejects.toMatchObject({ code: 'registry-invalid' });
    expect((await open(first, await second(address, ALL))).document.version).toBe(2);
  });

  test('quorum and membership are everyone’s, and two changes in one', async () => {
    for (const change of [
      (document: RegistryDocument) => void (document.quorum = 3),
      (document: RegistryDocument) => void document.members.pop(),
      (document: RegistryDocument) => {
        document.members[2]!.address = 'https://kz.example';
        document.notice = 'Official.';
      },
      (document: RegistryDocument) => {
        document.members[2]!.address = 'https://kz.example';
        document.members[3]!.address = 'https://tj.example';
      },
    ]) {
      await expect(open(first, await second(change, ['KZ']))).rejects.toMatchObject({ code: 'registry-invalid' });
      await expect(open(first, await second(change, ALL.slice(1)))).rejects.toMatchObject({ code: 'registry-invalid' });
      expect((await open(first, await second(change, ALL))).document.version).toBe(2);
    }
  });

  test('another predecessor, a version left out, a document that breaks the rules', async () => {
    const none = (): void => undefined;
    await expect(open(first, await second(none, ALL, `${first.note}x`))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    await expect(open(first, await second((document) => void (document.version = 3), ALL))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    await expect(open(first, await second((document) => void document.members.reverse(), ALL))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    await expect(
      open(first, await second((document) => void (document.members[0]!.authorities[0]!.id = 'kz.customs'), ALL)),
    ).rejects.toMatchObject({ code: 'registry-invalid' });
    await expect(
      open(first, await second((document) => void (document.members[0]!.posts[0]!.authority = 'kz.customs'), ALL)),
    ).rejects.toMatchObject({ code: 'registry-invalid' });
    await expect(
      open(
        first,
        await second((document) => void (document.members[0]!.log.origin = document.members[1]!.log.origin), ALL),
      ),
    ).rejects.toMatchObject({ code: 'registry-invalid' });
    await expect(
      open(first, await second((document) => Object.assign(document, { extra: 1 }), ALL)),
    ).rejects.toMatchObject({ code: 'registry-invalid' });
  });
});

describe('a member’s own entry, which it signs alone, can’t disturb the others', () => {
  const fresh = (role: string, type = ED25519) => makeKey(`demo.kz.dostyk/${role}`, type, nodeRandom).vkey;
  const kz = (document: RegistryDocument) => document.members[2]!;
  const changes: [string, (document: RegistryDocument) => void][] = [
    ['a key that is none', (document) => void (kz(document).witness.keys[0]!.vkey = 'demo.kz.dostyk/witness+00+x')],
    [
      'another’s witness key',
      (document) => void (kz(document).witness.keys[0]!.vkey = document.members[5]!.witness.keys[0]!.vkey),
    ],
    ['one key in two roles', (document) => void (kz(document).node.keys[0]!.vkey = kz(document).memberKey)],
    ['a witness key that is no cosigner’s', (document) => void (kz(document).witness.keys[0]!.vkey = fresh('witness'))],
    [
      'a log key that is a cosigner’s',
      (document) => void (kz(document).log.keys[0]!.vkey = fresh('log', ED25519_COSIGNATURE)),
    ],
    ['a log key by another name', (document) => void (kz(document).log.keys[0]!.vkey = fresh('node'))],
    [
      'a document key that is not base64',
      (document) => void (kz(document).authorities[0]!.documentKeys[0]!.publicKey = '*'.repeat(44)),
    ],
    [
      'a document key of another length',
      (document) => void (kz(document).authorities[0]!.documentKeys[0]!.publicKey = 'A'.repeat(44)),
    ],
    [
      'another authority’s document key',
      (document) =>
        void (kz(document).authorities[0]!.documentKeys[0]!.publicKey =
          document.members[1]!.authorities[0]!.documentKeys[0]!.publicKey),
    ],
  ];
  test.each(changes)('%s', async (_, change) => {
    await expect(open(first, await second(change, ALL))).rejects.toMatchObject({ code: 'registry-invalid' });
  });
  test('new keys of its own are its own to name', async () => {
    const change = (document: RegistryDocument): void => {
      kz(document).log.keys.push({ vkey: fresh('log'), from: 100 });
      kz(document).witness.keys.push({ vkey: fresh('witness', ED25519_COSIGNATURE), from: 100 });
      kz(document).node.keys.push({ vkey: fresh('node'), from: 100 });
    };
    expect((await open(first, await second(change, ['KZ']))).getMember('KZ').log.keys).toHaveLength(2);
  });
});

test('whatever is given as a registry, an account file or a key is refused, never worse', async () => {
  const { default: fc } = await import('fast-check');
  const { Refusal } = await import('../values/refusal.ts');
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), fc.oneof(fc.string(), fc.json()), async (note, json) => {
      const pinned = toHex(nodeCrypto.sha256(utf8(note)));
      expect(await openRegistry(nodeCrypto, [{ note, json }], pinned).catch((error: unknown) => error)).toBeInstanceOf(
        Refusal,
      );
      expect(await open(first, { note, json }).catch((error: unknown) => error)).toBeInstanceOf(Refusal);
    }),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(() => openAccounts(value)).toThrow(Refusal);
    }),
  );
});

describe('who may author what', () => {
  const envelope = (
    type: string,
    issuer: Envelope['issuer'],
    body: Record<string, unknown> = {},
    log = `demo.${issuer.member.toLowerCase()}.dostyk/log`,
  ): Envelope => ({
    v: 1,
    id: '0190a1b2-0000-7000-8000-000000000000',
    log,
    registry: 1,
    type,
    issuer,
    to: 'public',
    after: [],
    at: NOW.toISOString(),
    body,
  });
  const uz = (authority?: string) => (authority === undefined ? { member: 'UZ' } : { member: 'UZ', authority });
  const rows: [string, Envelope['issuer'], Record<string, unknown>, string | undefined][] = [
    ...['section', 'manifest', 'withdrawal', 'answer', 'appeal', 'movement'].flatMap(
      (type): [string, Envelope['issuer'], Record<string, unknown>, string | undefined][] => [
        [type, uz(), { operator: 'uz.exporter' }, undefined],
        [type, uz(), { operator: 'kz.exporter' }, 'operator-foreign'],
        [type, uz(), {}, 'operator-foreign'],
        [type, uz('uz.customs'), { operator: 'uz.exporter' }, 'author-not-operator'],
      ],
    ),
    ['event', uz(), { source: 'driver', operator: 'uz.carrier' }, undefined],
    ['event', uz('uz.railway'), { source: 'authority' }, undefined],
    ['event', uz('uz.chamber'), { source: 'authority' }, 'mandate-missing'],
    ['event', uz('uz.customs'), { source: 'operator', operator: 'uz.carrier' }, 'author-not-operator'],
    ['decision', uz('uz.customs'), { post: 'uz-yallama' }, undefined],
    ['decision', uz('uz.customs'), { post: 'kz-konysbayeva' }, 'post-foreign'],
    ['decision', uz('uz.chamber'), { post: 'uz-yallama' }, 'post-foreign'],
    ['decision', uz(), { post: 'uz-yallama' }, 'post-foreign'],
    ['decision', uz('uz.customs'), { post: 'uz-nowhere' }, 'post-unknown'],
    ['appeal-outcome', uz('uz.customs'), {}, undefined],
    ['appeal-outcome', uz('uz.chamber'), {}, 'mandate-missing'],
    ['certificate', uz('uz.chamber'), { kind: 'origin' }, undefined],
    ['certificate', uz('uz.chamber'), { kind: 'phytosanitary' }, 'mandate-missing'],
    ['certificate', uz('kz.chamber'), { kind: 'origin' }, 'mandate-missing'],
    ['certificate', uz(), { kind: 'origin' }, 'author-not-authority'],
    ['revocation', uz('uz.plant-health'), {}, undefined],
    ['revocation', uz('uz.customs'), {}, 'mandate-missing'],
    ['status-list', uz('uz.chamber'), { list: 'uz.chamber' }, undefined],
    ['status-list', uz('uz.chamber'), { list: 'uz.plant-health' }, 'list-foreign'],
    ['status-list', uz('uz.customs'), { list: 'uz.customs' }, 'mandate-missing'],
    ['requirement', uz('uz.customs'), {}, undefined],
    ['requirement', uz('uz.chamber'), {}, 'mandate-missing'],
    ['pack', uz('uz.ministry'), {}, undefined],
    ['pack', uz('uz.customs'), {}, 'mandate-missing'],
    ['pack', uz(), {}, 'author-not-authority'],
    ['correction', uz(), {}, undefined],
    ['correction', uz('uz.ministry'), {}, 'author-not-member'],
    ['correction-answer', uz('uz.ministry'), {}, undefined],
    ['correction-answer', uz('uz.customs'), {}, 'mandate-missing'],
    ['delegation', uz(), { from: 'uz.exporter', to: 'uz.broker' }, undefined],
    ['delegation', uz(), { from: 'kz.exporter', to: 'kz.broker' }, 'operator-foreign'],
    ['delegation', uz(), { from: 'kz.exporter', to: 'uz.broker' }, 'operator-foreign'],
    ['delegation', uz(), {}, 'operator-foreign'],
    ['delegation-revocation', uz(), { operator: 'uz.exporter' }, undefined],
    ['delegation-revocation', uz(), { operator: 'kz.exporter' }, 'operator-foreign'],
    ['delegation-revocation', uz('uz.customs'), { operator: 'uz.exporter' }, 'author-not-member'],
    ['erased', uz(), {}, undefined],
    ['erased', uz('uz.customs'), {}, 'author-not-member'],
    ['erasure-acknowledged', uz(), {}, undefined],
    ['slip', uz(), {}, undefined],
    ['decree', uz(), {}, 'type-unknown'],
  ];
  test.each(rows)('%s by %j of %j: %s', (type, issuer, body, reason) => {
    expect(authorship(envelope(type, issuer, body), registry.view)).toBe(reason);
  });
  test('every type has its row here, and nobody speaks in another’s log', () => {
    expect([...new Set(rows.map(([type]) => type))].filter((type) => type !== 'decree').sort()).toEqual(
      [...RECORD_TYPES].sort(),
    );
    for (const type of RECORD_TYPES)
      expect(authorship(envelope(type, uz(), { operator: 'uz.exporter' }, 'demo.kz.dostyk/log'), registry.view)).toBe(
        'issuer-not-owner',
      );
  });
});

describe('mandates', () => {
  const caller = (change: object) => ({ member: 'UZ', subject: 's', name: 'n', ...change });
  const code = (act: () => unknown): string | undefined => {
    try {
      act();
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  test('operators, authorities and posts', () => {
    expect(requireOperator(caller({ operator: 'uz.exporter' }), { scope: 'file' }, [], NOW)).toBe('uz.exporter');
    expect(code(() => requireOperator(caller({ authority: 'uz.customs' }), { scope: 'file' }, [], NOW))).toBe(
      'not-an-operator',
    );
    expect(requireMandate(caller({ authority: 'uz.chamber' }), registry, 'certify-origin')).toBe('uz.chamber');
    expect(code(() => requireMandate(caller({ authority: 'uz.chamber' }), registry, 'decide'))).toBe('mandate-missing');
    expect(code(() => requireMandate(caller({ authority: 'kz.chamber' }), registry, 'certify-origin'))).toBe(
      'mandate-missing',
    );
    expect(code(() => requireMandate(caller({ operator: 'uz.exporter' }), registry, 'decide'))).toBe(
      'not-an-authority',
    );
    expect(requirePost(caller({ authority: 'uz.customs' }), registry, 'uz-yallama').crossing).toBe('yallama');
    expect(code(() => requirePost(caller({ authority: 'uz.customs' }), registry, 'kz-konysbayeva'))).toBe(
      'post-foreign',
    );
    expect(code(() => requirePost(caller({ authority: 'uz.customs' }), registry, 'uz-nowhere'))).toBe('post-unknown');
  });

  test('a delegation holds for its scope, dossier and time, until it is taken back', () => {
    const delegation: Delegation = {
      delegation: 'd',
      from: 'uz.exporter',
      to: 'uz.broker',
      scopes: ['file'],
      until: '2026-06-12T00:00:00.000Z',
      commitment: 'c',
      at: '2026-06-10T00:00:00.000Z',
      revokedAt: null,
    };
    const act = { from: 'uz.exporter', to: 'uz.broker', scope: 'file' as const, now: NOW };
    expect(actsFor(delegation, act)).toBe(true);
    expect(actsFor(delegation, { ...act, scope: 'amend' })).toBe(false);
    expect(actsFor(delegation, { ...act, to: 'uz.carrier' })).toBe(false);
    expect(actsFor(delegation, { ...act, now: new Date('2026-06-12T00:00:00Z') })).toBe(false);
    expect(actsFor({ ...delegation, revokedAt: '2026-06-10T01:00:00.000Z' }, act)).toBe(false);
    expect(actsFor({ ...delegation, dossier: 'x' }, act)).toBe(false);
    expect(actsFor({ ...delegation, dossier: 'x' }, { ...act, dossier: 'x' })).toBe(true);
    expect(
      code(() =>
        requireOperator(
          caller({ operator: 'uz.carrier' }),
          { scope: 'file', onBehalfOf: 'uz.exporter' },
          [delegation],
          NOW,
        ),
      ),
    ).toBe('delegation-missing');
  });

  test('accounts act for their own member alone', () => {
    const file = {
      member: 'UZ',
      operators: [{ id: 'uz.exporter', name: 'E' }],
      accounts: [{ subject: 's', name: 'n', operator: 'uz.exporter' }],
    };
    expect(openAccounts(file).find('s')).toMatchObject({ member: 'UZ', operator: 'uz.exporter' });
    expect(openAccounts(file).find('other')).toBeUndefined();
    for (const accounts of [
      [{ subject: 's', name: 'n', operator: 'kz.exporter' }],
      [{ subject: 's', name: 'n', operator: 'uz.unknown' }],
      [{ subject: 's', name: 'n', authority: 'kz.customs' }],
      [{ subject: 's', name: 'n' }],
      [{ subject: 's', name: 'n', operator: 'uz.exporter', authority: 'uz.customs' }],
    ]) {
      expect(code(() => openAccounts({ ...file, accounts }))).toBe('accounts-invalid');
    }
  });
});

describe('keys and demonstrations', () => {
  test('key files are private, read back, never overwritten, and a seed that does not fit is found', () => {
    const path = join(directory, 'members', 'kz', 'keys', 'log.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'clients.json')).mode & 0o777).toBe(0o600);
    const key = readKey(path);
    expect(() => writeKey(path, key)).toThrow();
    const other = join(top, 'other.key');
    writeKey(other, { ...key, seed: readKey(join(directory, 'members', 'uz', 'keys', 'log.key')).seed });
    expect(() => readKey(other)).toThrow(expect.objectContaining({ code: 'key-unreadable' }) as Error);
    expect(() => readKey(join(top, 'absent.key'))).toThrow(
      expect.objectContaining({ code: 'key-unreadable' }) as Error,
    );
  });

  test('a demonstration is not made over another, and no two are alike', async () => {
    await expect(makeDemo({ directory, basePort: 7000, random: nodeRandom, now: NOW })).rejects.toMatchObject({
      code: 'directory-exists',
    });
    expect(await makeDemo({ directory: join(top, 'second'), basePort: 7000, random: nodeRandom, now: NOW })).not.toBe(
      genesis,
    );
  });

  test('every name stands in eight languages, and every authority says that it is a demonstration', () => {
    expect(LANGUAGES).toHaveLength(8);
    const { label } = demoTemplate();
    for (const { name, authorities } of registry.members) {
      expect(Object.keys(name).sort()).toEqual([...LANGUAGES].sort());
      expect(authorities.length).toBeGreaterThan(0);
      for (const authority of authorities)
        for (const language of LANGUAGES)
          expect(authority.name[language]).toContain(`${name[language]}, ${label[language]}`);
    }
    expect(registry.document.notice).toMatch(/DEMONSTRATION/);
  });

  test('members are alike: the same authorities, mandates and operators; posts stand in pairs', () => {
    const shape = (code: string) =>
      registry.getMember(code).authorities.map(({ id, mandates }) => [id.split('.')[1], mandates]);
    for (const { code } of registry.members) expect(shape(code)).toEqual(shape('KZ'));
    const sides = new Map<string, string[]>();
    for (const { code, zones, posts } of registry.members)
      for (const { crossing, zone } of posts) {
        sides.set(crossing, [...(sides.get(crossing) ?? []), code]);
        expect(zones).toContain(zone);
      }
    for (const [crossing, members] of sides) expect([crossing, new Set(members).size]).toEqual([crossing, 2]);
  });

  test('every private key is in a file that only its owner reads', () => {
    const keys = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.key'));
    expect(keys).toHaveLength(registry.members.flatMap(({ authorities }) => [1, 1, 1, 1, ...authorities]).length);
    for (const name of keys) expect([name, statSync(join(directory, name)).mode & 0o777]).toEqual([name, 0o600]);
  });
});
