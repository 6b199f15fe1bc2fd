import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authorship } from '../members/authorship.ts';
import { makeDemo } from '../members/genesis.ts';
import { makeKey, readKey, signerOf } from '../members/keys.ts';
import { type RegistryDocument, registryReader } from '../members/registry.ts';
import { concat, fromBase64, toBase64, utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { formatCheckpoint } from './checkpoint.ts';
import { cosign } from './cosignature.ts';
import { signDetached } from './detached-signature.ts';
import { type Envelope, type Sealed, seal, uuidv7 } from './envelope.ts';
import { type Evidence, encodeProven, formatEvidence, parseEvidence } from './evidence.ts';
import { leafHash } from './merkle.ts';
import { ED25519, signNote } from './note.ts';
import { formatProof } from './proof.ts';
import { emptyStatusList, encodeStatusList, setStatusBit } from './status-list.ts';
import { TileReader } from './tile.ts';
import { type Answer, type VerifyOptions, verify } from './verify.ts';

const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-verify-')), 'demo');
const NOW = new Date('2026-06-11T06:00:00Z');
let genesis: string;
let document: RegistryDocument;
let registry: Evidence['registry'];
let options: VerifyOptions;

beforeAll(async () => {
  genesis = await makeDemo({ directory, basePort: 7000, random: nodeRandom, now: NOW });
  const read = (name: string) => readFileSync(join(directory, 'registry', name), 'utf8');
  registry = [{ note: read('000001.note'), json: read('000001.json') }];
  document = JSON.parse(registry[0]!.json) as RegistryDocument;
  options = {
    crypto: nodeCrypto,
    now: NOW,
    genesis,
    registry: registryReader(nodeCrypto),
    authorship,
    allowDemo: true,
  };
});
afterAll(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

const key = (member: string, name: string) =>
  signerOf(readKey(join(directory, 'members', member.toLowerCase(), 'keys', `${name}.key`)));

interface Making {
  member?: string;
  authority?: string;
  type?: string;
  body?: Record<string, unknown>;
  log?: string;
  signWith?: string;
  unsigned?: boolean;
  signatures?: Envelope['signatures'];
}

async function make({
  member = 'UZ',
  authority = 'uz.chamber',
  type = 'certificate',
  body,
  log,
  signWith = authority,
  unsigned = type !== 'certificate',
  signatures,
}: Making = {}): Promise<Sealed> {
  const record: Envelope = {
    v: 1,
    id: uuidv7(NOW.getTime(), nodeRandom),
    log: log ?? `demo.${member.toLowerCase()}.dostyk/log`,
    registry: 1,
    type,
    issuer: { member, authority },
    to: type === 'status-list' ? 'public' : [{ member: 'UZ' }, { member: 'CN' }],
    after: [],
    at: NOW.toISOString(),
    body: body ?? {
      kind: 'origin',
      number: '1',
      validFrom: '2026-06-01T00:00:00Z',
      validUntil: '2026-07-01T00:00:00Z',
      status: { list: authority, index: 42 },
    },
    ...(signatures === undefined ? {} : { signatures }),
  };
  const kid =
    document.members.flatMap(({ authorities }) => authorities).find(({ id }) => id === signWith)?.documentKeys[0]
      ?.kid ?? '';
  const signed = unsigned
    ? record
    : await signDetached(record, { kid, sign: key(signWith.slice(0, 2), join('documents', signWith)).sign });
  return seal(signed, { crypto: nodeCrypto, random: nodeRandom });
}

function statusList(change: { bits?: number[]; authority?: string; validUntil?: string } = {}): Promise<Sealed> {
  const { authority = 'uz.chamber', validUntil = '2026-06-11T07:00:00Z' } = change;
  const list = emptyStatusList();
  for (const bit of change.bits ?? []) setStatusBit(list, bit);
  const body = {
    list: authority,
    purpose: 'revocation',
    encodedList: encodeStatusList(list),
    length: 131_072,
    asOf: '2026-06-11T05:30:00Z',
    validUntil,
  };
  return make({ type: 'status-list', authority, body });
}

/** A log of these records, witnessed by these members. */
async function logOf(
  sealed: readonly Sealed[],
  witnesses: readonly string[],
  member = 'UZ',
  origin = `demo.${member.toLowerCase()}.dostyk/log`,
  signer = key(member, 'log'),
) {
  const leaves = sealed.map(({ commitment }) => leafHash(nodeCrypto, commitment));
  const reader = new TileReader(nodeCrypto, BigInt(leaves.length), ({ n, width }) =>
    concat(...leaves.slice(Number(n) * 256, Number(n) * 256 + width)),
  );
  const body = formatCheckpoint({ origin, size: BigInt(leaves.length), root: await reader.root() });
  let note = await signNote(nodeCrypto, body, [signer]);
  for (const witness of witnesses)
    note += await cosign(nodeCrypto, body, BigInt(NOW.getTime() / 1000), key(witness, 'witness'));
  return async (index: number) => {
    const { bytes, salt } = sealed[index]!;
    return encodeProven({
      bytes,
      salt,
      proof: formatProof({
        index: BigInt(index),
        hashes: await reader.inclusionProof(BigInt(index)),
        checkpoint: note,
      }),
    });
  };
}

const FOUR = ['CN', 'KG', 'KZ', 'TJ'];

/** Evidence of the record at index 1 of a log of several, with the status list at index 3. */
async function evidence(certificate?: Sealed, list?: Sealed | null, witnesses = FOUR): Promise<Evidence> {
  const others = [await make(), await make()];
  const records = [
    others[0]!,
    certificate ?? (await make()),
    others[1]!,
    ...(list === null ? [] : [list ?? (await statusList())]),
  ];
  const prove = await logOf(records, witnesses);
  return {
    format: 'dostyk-evidence/v1',
    ...(await prove(1)),
    registry,
    ...(list === null ? {} : { status: await prove(3) }),
  };
}

const answer = async (given: Evidence, change: Partial<VerifyOptions> = {}): Promise<[Answer, string]> => {
  const verdict = await verify(parseEvidence(formatEvidence(given)), { ...options, ...change });
  return [verdict.answer, verdict.reason];
};

describe('each answer', () => {
  test('valid, with time, cosigners, registry and status told', async () => {
    const verdict = await verify(await evidence(), options);
    expect(verdict).toMatchObject({
      answer: 'valid',
      cosigners: FOUR,
      time: NOW.toISOString(),
      index: 1n,
      registry: { version: 1 },
      status: { asOf: '2026-06-11T05:30:00Z' },
      timeDiffers: false,
    });
    expect(
      await answer(await evidence(await make({ type: 'requirement', authority: 'uz.customs', body: {} }), null)),
    ).toEqual(['valid', 'proven']);
  });
  test('revoked', async () =>
    expect(await answer(await evidence(undefined, await statusList({ bits: [42] })))).toEqual(['revoked', 'revoked']));
  test('revoked even by a list that has run out', async () =>
    expect(
      await answer(await evidence(undefined, await statusList({ bits: [42], validUntil: '2026-06-11T05:31:00Z' }))),
    ).toEqual(['revoked', 'revoked']));
  test('status-unknown without a list', async () =>
    expect(await answer(await evidence(undefined, null))).toEqual(['status-unknown', 'status-list-missing']));
  test('status-unknown with another authority’s list', async () =>
    expect(await answer(await evidence(undefined, await statusList({ authority: 'uz.plant-health' })))).toEqual([
      'status-unknown',
      'status-list-foreign',
    ]));
  test('status-stale with a list that has run out', async () =>
    expect(await answer(await evidence(undefined, await statusList({ validUntil: '2026-06-11T05:59:59Z' })))).toEqual([
      'status-stale',
      'status-list-expired',
    ]));
  test('status-stale when the certificate is newer than the list', async () => {
    const [list, certificate] = [await statusList(), await make()];
    const prove = await logOf([list, certificate], FOUR);
    expect(
      await answer({ format: 'dostyk-evidence/v1', ...(await prove(1)), registry, status: await prove(0) }),
    ).toEqual(['status-stale', 'status-list-older']);
  });
  test('not-final with three cosignatures, and a log’s own witness never counts', async () => {
    expect(await answer(await evidence(undefined, undefined, FOUR.slice(0, 3)))).toEqual([
      'not-final',
      'cosignatures-missing',
    ]);
    expect(await answer(await evidence(undefined, undefined, [...FOUR.slice(0, 3), 'UZ']))).toEqual([
      'not-final',
      'cosignatures-missing',
    ]);
  });
  test('untrusted: a demonstration, to a production verifier', async () =>
    expect(await answer(await evidence(), { allowDemo: false })).toEqual(['untrusted', 'demonstration']));
  test('untrusted: another genesis', async () =>
    expect(await answer(await evidence(), { genesis: '0'.repeat(64) })).toEqual(['untrusted', 'registry-untrusted']));
  test('untrusted: an older registry than was seen', async () =>
    expect(await answer(await evidence(), { highestRegistry: 2 })).toEqual(['untrusted', 'registry-outdated']));
  test('invalid outside its own period', async () =>
    expect(
      await answer(await evidence(undefined, await statusList({ validUntil: '2027-01-01T00:00:00Z' })), {
        now: new Date('2026-07-01T00:00:01Z'),
      }),
    ).toEqual(['invalid', 'outside-validity']));
});

describe('attacks', () => {
  test('a commitment copied into another member’s log proves nothing', async () => {
    const certificate = await make();
    const prove = await logOf([certificate], FOUR, 'CN');
    expect((await answer({ format: 'dostyk-evidence/v1', ...(await prove(0)), registry }))[0]).toBe('invalid');
  });
  test('a record that names the log it was copied into, of another issuer', async () => {
    const certificate = await make({ log: 'demo.cn.dostyk/log' });
    const prove = await logOf([certificate], ['KG', 'KZ', 'TJ', 'TM'], 'CN');
    expect(await answer({ format: 'dostyk-evidence/v1', ...(await prove(0)), registry })).toEqual([
      'invalid',
      'issuer-not-owner',
    ]);
  });
  test('an authority without the mandate', async () =>
    expect(await answer(await evidence(await make({ authority: 'uz.customs' })))).toEqual([
      'invalid',
      'mandate-missing',
    ]));
  test('an authority of another member', async () =>
    expect(await answer(await evidence(await make({ authority: 'cn.chamber', signWith: 'uz.chamber' })))).toEqual([
      'invalid',
      'mandate-missing',
    ]));
  test('another authority’s document key', async () =>
    expect(await answer(await evidence(await make({ signWith: 'uz.plant-health' })))).toEqual([
      'invalid',
      'document-key-unknown',
    ]));
  test('no signature of the authority', async () =>
    expect(await answer(await evidence(await make({ unsigned: true })))).toEqual([
      'invalid',
      'document-signature-missing',
    ]));
  test('a national signature is present and not checked here', async () => {
    const gost = { alg: 'GOST', kid: 'x', jws: 'x' };
    const signed = await make({ signatures: [gost] });
    expect(signed.record.signatures).toHaveLength(2);
    expect(await answer(await evidence(await make({ unsigned: true, signatures: [gost] })))).toEqual([
      'invalid',
      'document-signature-missing',
    ]);
    const both = await verify(await evidence(signed), options);
    // The EdDSA signature was made over the record without any signatures, so it still fits.
    expect([both.answer, both.unchecked]).toEqual(['valid', ['GOST']]);
  });
  test('a signature moved from another certificate', async () => {
    const [a, b] = [await make(), await make({ unsigned: true })];
    const forged = seal({ ...b.record, signatures: a.record.signatures! }, { crypto: nodeCrypto, random: nodeRandom });
    expect(await answer(await evidence(forged))).toEqual(['invalid', 'document-signature-invalid']);
  });
  test('keys that come with the file are not trusted', async () => {
    const text = registry[0]!.json.replace(
      document.members[0]!.log.keys[0]!.vkey,
      document.members[1]!.log.keys[0]!.vkey,
    );
    expect(await answer({ ...(await evidence()), registry: [{ ...registry[0]!, json: text }] })).toEqual([
      'invalid',
      'registry-invalid',
    ]);
  });
  test('a list of the log that follows a closed one is newer, and one of the closed log older, whatever their indexes', async () => {
    const [first, second] = ['demo.uz.dostyk/log', 'demo.uz.dostyk/log2'];
    const successor = makeKey(second, ED25519, nodeRandom);
    const reader = registryReader(nodeCrypto);
    const later: VerifyOptions['registry'] = {
      read: async (...given) => {
        const view = await reader.read(...given);
        const next = { member: 'UZ', demo: true, number: 1, keys: [{ vkey: successor.vkey, from: 0n }] };
        const succeeded: typeof view = {
          ...view,
          at: () => succeeded,
          logOf: (origin) => {
            const log = origin === second ? next : view.logOf(origin);
            return log && origin === first ? { ...log, closed: 3n } : log;
          },
        };
        return succeeded;
      },
    };
    const list = await statusList();
    const renewed = await make({ type: 'status-list', body: list.record.body, log: second });
    const [early, late] = [await make(), await make({ log: second })];
    const old = await logOf([await make(), await make(), early], FOUR);
    const older = await logOf([await make(), await make(), list], FOUR);
    const next = await logOf([renewed, late], FOUR, 'UZ', second, signerOf(successor));
    const told = async (proven: object, status: Evidence['status'], known = later) =>
      answer({ format: 'dostyk-evidence/v1', ...proven, registry, ...(status && { status }) } as Evidence, {
        registry: known,
      });
    expect(await told(await old(2), await next(0))).toEqual(['valid', 'proven']);
    expect(await told(await next(1), await older(2))).toEqual(['status-stale', 'status-list-older']);
    // Without the registry that lists it the second log is nobody's.
    expect(await told(await old(2), await next(0), reader)).not.toEqual(['valid', 'proven']);
  });
  test('a list of a log that is not the certificate’s', async () => {
    const foreign = await make({
      member: 'CN',
      authority: 'cn.chamber',
      type: 'status-list',
      body: (await statusList()).record.body,
    });
    const prove = await logOf([foreign], ['KG', 'KZ', 'TJ', 'TM'], 'CN');
    expect(await answer({ ...(await evidence()), status: await prove(0) })).toEqual([
      'status-unknown',
      'status-list-foreign',
    ]);
  });
});

test('a changed byte anywhere is never valid, and never an exception', async () => {
  const good = await evidence();
  const damage = (text: string, at: number): string => {
    const bytes = fromBase64(text);
    bytes[at % bytes.length]! ^= 1;
    return toBase64(bytes);
  };
  for (let at = 0; at < 60; at++) {
    for (const bad of [
      { ...good, record: damage(good.record, at * 17) },
      { ...good, salt: damage(good.salt, at) },
      { ...good, status: { ...good.status!, record: damage(good.status!.record, at * 13) } },
      { ...good, proof: flip(good.proof, at * 11) },
      { ...good, registry: [{ ...registry[0]!, note: flip(registry[0]!.note, at * 7) }] },
      { ...good, registry: [{ ...registry[0]!, json: flip(registry[0]!.json, at * 101) }] },
    ]) {
      const verdict = await verify(bad as Evidence, options);
      expect(verdict.answer).not.toBe('valid');
    }
  }
});

/** Another letter or digit at a place of a text; unknown signature names are ignored by design, so names are left alone. */
function flip(text: string, at: number): string {
  const places = [...text].flatMap((character, i) => (/[0-9]/.test(character) && !isInName(text, i) ? [i] : []));
  const i = places[at % places.length] ?? 0;
  return `${text.slice(0, i)}${(Number(text[i]) + 1) % 10}${text.slice(i + 1)}`;
}

function isInName(text: string, i: number): boolean {
  const line = text.slice(
    text.lastIndexOf('\n', i) + 1,
    text.indexOf('\n', i) === -1 ? undefined : text.indexOf('\n', i),
  );
  // Signature lines of witnesses: one damaged refuses the note, one with a damaged key id is unknown and leaves three.
  return line.startsWith('—') && text.slice(text.lastIndexOf('\n', i) + 1, i).split(' ').length <= 2;
}

test('bytes that are no text at all', () => {
  expect(() => parseEvidence(utf8('{}'))).toThrow();
});
