import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCheckpoint } from '../log/checkpoint.ts';
import { cosign } from '../log/cosignature.ts';
import { seal, uuidv7 } from '../log/envelope.ts';
import { type Evidence, encodeProven } from '../log/evidence.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { signNote } from '../log/note.ts';
import { formatProof } from '../log/proof.ts';
import { fullTileRoot, type ReadTile, TileReader } from '../log/tile.ts';
import { type CheckpointMemory, verify } from '../log/verify.ts';
import { authorship } from '../members/authorship.ts';
import { makeDemo } from '../members/genesis.ts';
import { readKey, signerOf } from '../members/keys.ts';
import { openRegistry, registryReader } from '../members/registry.ts';
import { readRegistryFolder } from '../members/registry-folder.ts';
import { concat } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { peersRequire } from './peer-packages.ts';
import { median, report } from './report.ts';

/**
 * Evidence of records in a log of 100,000 entries, verified with no network: record, commitment, path to the root, checkpoint, all
 * cosignatures, registry. Warm, as who checks many records of one log does: the registry and a
 * checkpoint checked before are known again, every path is computed from its leaf on. Cold: nothing is known, registry included. Beside it, another library
 * verifying a credential with the same text in it, its documents at hand, which has one signature and no log.
 */

const ENTRIES = 100_000;
const CHECKED = 5000;
const RUNS = 3;
const TEXT = 'x'.repeat(1230);

interface World {
  readonly evidence: readonly Evidence[];
  readonly genesis: string;
}

async function world(): Promise<World> {
  const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-bench-')), 'demo');
  const now = new Date();
  await makeDemo({ directory, basePort: 7000, random: nodeRandom, now });
  const genesis = readFileSync(join(directory, 'registry', 'genesis.txt'), 'utf8').trim();
  const versions = readRegistryFolder(join(directory, 'registry'));
  const registry = await openRegistry(nodeCrypto, versions, genesis);
  const [owner, ...others] = registry.members;
  if (owner === undefined) throw new Error('no members');
  const { origin } = owner.log;
  const key = (code: string, name: string) =>
    signerOf(readKey(join(directory, 'members', code.toLowerCase(), 'keys', `${name}.key`)));
  const records = Array.from({ length: ENTRIES }, (_, i) =>
    seal(
      {
        v: 1,
        id: uuidv7(now.getTime(), nodeRandom),
        log: origin,
        registry: 1,
        type: 'correction',
        issuer: { member: owner.code },
        to: [{ member: owner.code }],
        after: [],
        at: now.toISOString(),
        body: { i, text: TEXT },
      },
      { crypto: nodeCrypto, random: nodeRandom },
    ),
  );
  const leaves = records.map(({ commitment }) => leafHash(nodeCrypto, commitment));
  let edge = EMPTY_EDGE;
  for (const leaf of leaves) edge = appendLeaf(nodeCrypto, edge, leaf);
  const roots = new Map<string, Uint8Array>();
  const read: ReadTile = async ({ level, n, width }) => {
    const from = Number(n) * 256;
    if (level === 0) return concat(...leaves.slice(from, from + width));
    const hashes: Uint8Array[] = [];
    for (let i = 0; i < width; i++) {
      const below = `${level - 1}/${from + i}`;
      const root =
        roots.get(below) ?? fullTileRoot(nodeCrypto, await read({ level: level - 1, n: BigInt(from + i), width: 256 }));
      roots.set(below, root);
      hashes.push(root);
    }
    return concat(...hashes);
  };
  const reader = new TileReader(nodeCrypto, edge.size, read);
  const body = formatCheckpoint({ origin, size: edge.size, root: edgeRoot(nodeCrypto, edge) });
  let checkpoint = await signNote(nodeCrypto, body, [key(owner.code, 'log')]);
  for (const { code } of others)
    checkpoint += await cosign(nodeCrypto, body, BigInt(Math.floor(now.getTime() / 1000)), key(code, 'witness'));
  const evidence: Evidence[] = [];
  for (let i = 0; i < CHECKED; i++) {
    const index = (i * 7919) % ENTRIES;
    const sealed = records[index];
    if (sealed === undefined) throw new Error('no such record');
    const hashes = await reader.inclusionProof(BigInt(index));
    const proof = formatProof({ index: BigInt(index), hashes, checkpoint });
    evidence.push({ format: 'dostyk-evidence/v1', ...encodeProven({ ...sealed, proof }), registry: versions });
  }
  rmSync(join(directory, '..'), { recursive: true, force: true });
  return { evidence, genesis };
}

/** @param cold whether each verification begins with nothing */
async function rate({ evidence, genesis }: World, count: number, cold: boolean): Promise<number> {
  let checkpoints: CheckpointMemory = new WeakMap();
  let registry = registryReader(nodeCrypto);
  const now = new Date();
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    if (cold) [checkpoints, registry] = [new WeakMap(), registryReader(nodeCrypto)];
    const one = evidence[i % evidence.length] as Evidence;
    const verdict = await verify(one, {
      crypto: nodeCrypto,
      now,
      genesis,
      registry,
      authorship,
      checkpoints,
      allowDemo: true,
    });
    if (verdict.answer !== 'valid') throw new Error(`${verdict.answer}: ${verdict.reason} ${verdict.message}`);
  }
  return count / ((performance.now() - started) / 1000);
}

interface Peer {
  readonly verifyOne: () => Promise<boolean>;
}

/** A credential with the text of one of our records, signed and derived as that library asks for; its documents are at hand. */
async function peer(): Promise<Peer> {
  const require = peersRequire('@trustvc/w3c-vc', '@digitalbazaar/ecdsa-multikey');
  const { signCredential, deriveCredential, verifyCredential, getDocumentLoader } = require('@trustvc/w3c-vc');
  const { generate } = await import(require.resolve('@digitalbazaar/ecdsa-multikey'));
  const id = 'did:web:example.org';
  const pair = await generate({ id: `${id}#key-1`, controller: id, curve: 'P-256' });
  const secret = await pair.export({ publicKey: true, secretKey: true, includeContext: true });
  const method = await pair.export({ publicKey: true, includeContext: true });
  const issuer = {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id,
    verificationMethod: [method],
    assertionMethod: [method.id],
  };
  const bundled = await getDocumentLoader();
  const documentLoader = async (url: string): Promise<unknown> => {
    const document = url === id ? issuer : url === method.id ? method : undefined;
    return document === undefined ? bundled(url) : { contextUrl: null, document, documentUrl: url };
  };
  const credential = {
    '@context': ['https://www.w3.org/ns/credentials/v2', { '@vocab': 'https://example.org/terms#' }],
    type: ['VerifiableCredential'],
    issuer: id,
    validFrom: '2026-01-01T00:00:00Z',
    credentialSubject: { id: 'did:example:consignment', i: 1, text: TEXT },
  };
  const { signed, error } = await signCredential(credential, secret, 'ecdsa-sd-2023', {
    documentLoader,
    mandatoryPointers: ['/credentialSubject'],
  });
  if (signed === undefined) throw new Error(String(error));
  const { derived } = await deriveCredential(signed, ['/credentialSubject'], { documentLoader });
  return { verifyOne: async () => (await verifyCredential(derived, { documentLoader })).verified };
}

async function peerRate({ verifyOne }: Peer, count: number): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < count; i++) if (!(await verifyOne())) throw new Error('The peer does not verify.');
  return count / ((performance.now() - started) / 1000);
}

export async function run(): Promise<void> {
  process.stdout.write(`making a log of ${ENTRIES} entries and ${CHECKED} proofs\n`);
  const made = await world();
  const other = await peer();
  const [warm, cold, theirs]: [number[], number[], number[]] = [[], [], []];
  await rate(made, 1000, false);
  await rate(made, 20, true);
  await peerRate(other, 5);
  for (let i = 0; i < RUNS; i++) {
    warm.push(await rate(made, CHECKED, false));
    cold.push(await rate(made, 200, true));
    theirs.push(await peerRate(other, 30));
  }
  const name = `@trustvc/w3c-vc (${median(theirs).toFixed(0)}/s)`;
  const [fast, slow] = [median(warm), median(cold)];
  report('verify', [
    {
      name: `verified a thread, ${ENTRIES} entries`,
      value: fast,
      unit: '/s',
      peer: name,
      ratio: fast / median(theirs),
      target: '≥ 10,000',
      ok: fast >= 10_000,
    },
    {
      name: 'verified cold, registry and six signatures included',
      value: slow,
      unit: '/s',
      peer: name,
      ratio: slow / median(theirs),
      target: '≥ 400',
      ok: slow >= 400,
    },
  ]);
}
