import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { doctor, type Finding } from '../doctor.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { cosignaturesOf } from '../log/cosignature.ts';
import { signDetached, verifyDetached } from '../log/detached-signature.ts';
import { seal, uuidv7 } from '../log/envelope.ts';
import { encryptKey } from '../members/key-file.ts';
import { readKey } from '../members/keys.ts';
import { fromBase64 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { eventually } from './demo.ts';
import { FederatedNodes, registryFolder } from './nodes.ts';
import { named, softToken, type Token, untested } from './softhsm.ts';

/** Six nodes, of which one keeps its keys in a token and one encrypts them: log, witness, node and document keys alike. */

let nodes: FederatedNodes;
let token: Token | undefined;
beforeAll(async () => {
  nodes = await FederatedNodes.start();
});
afterAll(async () => {
  await nodes.close();
  token?.remove();
});

const keysOf = (member: string) => join(nodes.directory, 'members', member.toLowerCase(), 'keys');
/** Those that a node uses; the member key is not one of them. */
const keyFiles = (member: string): string[] => [
  ...['log', 'witness', 'node'].map((name) => join(keysOf(member), `${name}.key`)),
  ...readdirSync(join(keysOf(member), 'documents')).map((name) => join(keysOf(member), 'documents', name)),
];

/** Everything that a node signs, signed and checked from outside. */
async function signsAll(member: string, peer: string): Promise<void> {
  const { ledger, origin, registry, documentSigner } = nodes.node(member).context;
  const index = await nodes.append(member, [{ member: peer }]);
  await eventually(async () => (ledger.final?.size ?? 0n) > BigInt(index));
  // Its log key, by what it shows; its peers' witness keys beside it.
  const { address } = registry.getMember(member);
  const text = await (await fetch(`${address}/log/checkpoint`)).text();
  const { checkpoint, note } = await openCheckpoint(
    nodeCrypto,
    text,
    registry.getMember(member).log.keys.map(({ vkey }) => vkey),
  );
  expect(checkpoint.size).toBeGreaterThan(BigInt(index));
  expect(
    (await cosignaturesOf(nodeCrypto, note, registry.witnessesOf(origin, checkpoint.size))).length,
  ).toBeGreaterThanOrEqual(registry.quorumOf(origin, checkpoint.size));
  // Its node key: a peer serves it records.
  const there = await nodes.append(peer, [{ member }]);
  await eventually(async () => (await nodes.taken(member, peer)).includes(there));
  // Its witness key: the peer's log has its cosignature.
  await eventually(async () => {
    const shown = await (await fetch(`${registry.getMember(peer).address}/log/checkpoint`)).text();
    return shown.includes(`— ${registry.getMember(member).witness.keys[0]?.vkey.split('+')[0]} `);
  });
  const authority = registry.getMember(member).authorities[0];
  const signer = documentSigner(authority?.id ?? '');
  const unsigned = {
    v: 1 as const,
    id: uuidv7(Date.now(), nodeRandom),
    log: origin,
    registry: 1,
    type: 'withdrawal',
    issuer: { member },
    to: [{ member }],
    after: [],
    at: new Date().toISOString(),
    body: {},
  };
  const signed = await signDetached(unsigned, signer);
  expect(seal(signed, { crypto: nodeCrypto, random: nodeRandom }).bytes.length).toBeGreaterThan(0);
  const [signature] = signed.signatures ?? [];
  const publicKey = fromBase64(authority?.documentKeys.at(-1)?.publicKey ?? '');
  expect(signature !== undefined && (await verifyDetached(nodeCrypto, signed, signature, publicKey))).toBe(true);
}

async function keyFindings(member: string): Promise<Finding[]> {
  const all: Finding[] = [];
  for await (const finding of doctor({
    member,
    databaseUrl: nodes.database(member).urls.running,
    registry: registryFolder(nodes.directory, member),
    genesis: nodes.genesis,
    keys: keysOf(member),
    secrets: nodes.secrets.get(member),
    audit: false,
    signal: new AbortController().signal,
  }))
    if (finding.check === 'keys') all.push(finding);
  return all;
}

test('a node whose keys are encrypted signs all that a node signs, and does not start without the passphrase', async () => {
  await nodes.stop('UZ');
  for (const path of keyFiles('UZ'))
    writeFileSync(
      path,
      JSON.stringify(await encryptKey(readKey(path), 'a long passphrase', nodeRandom, { n: 2 ** 14, r: 8, p: 1 })),
    );
  await expect(nodes.open('UZ')).rejects.toMatchObject({ code: 'key-passphrase-missing' });
  const pin = async () => '';
  nodes.secrets.set('UZ', { pin, passphrase: async () => 'another passphrase' });
  await expect(nodes.open('UZ')).rejects.toMatchObject({ code: 'key-passphrase-wrong' });
  nodes.secrets.delete('UZ');
  // Who looks without the service's credential is told so, and nothing is wrong.
  expect((await keyFindings('UZ')).map(({ state }) => state)).toEqual(['note', 'note', 'note']);
  nodes.secrets.set('UZ', { pin, passphrase: async () => 'a long passphrase' });
  await nodes.open('UZ');
  await signsAll('UZ', 'CN');
  expect((await keyFindings('UZ')).map(({ state }) => state)).toEqual(['well', 'well', 'well']);
});

test.skipIf(untested !== undefined)(
  named('a node whose keys are in a token signs all that a node signs, also after it lost the session'),
  async () => {
    await nodes.stop('KZ');
    token = softToken('dostyk-kz');
    for (const path of keyFiles('KZ')) token.take(path, path.split('/').at(-1) ?? '');
    await expect(nodes.open('KZ')).rejects.toMatchObject({ code: 'key-passphrase-missing' });
    nodes.secrets.set('KZ', token.secrets);
    await nodes.open('KZ');
    await signsAll('KZ', 'CN');
    expect((await keyFindings('KZ')).map(({ state }) => state)).toEqual(['well', 'well', 'well']);
    const { Pkcs11 } = await import('../members/pkcs11.ts');
    const { MODULE } = await import('./softhsm.ts');
    await Pkcs11.load(MODULE).exclusive(() => Pkcs11.load(MODULE).restart());
    await signsAll('KZ', 'CN');
    // Opened anew in one process, as a new version of the registry does it.
    await nodes.stop('KZ');
    await nodes.open('KZ');
    await signsAll('KZ', 'UZ');
  },
);
