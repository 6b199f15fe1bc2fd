import { rmSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { refreshEvidence } from '../cli/refresh.ts';
import { proveRecord } from '../ledger/tiles.ts';
import { seal, uuidv7 } from '../log/envelope.ts';
import { type Evidence, encodeProven } from '../log/evidence.ts';
import { ED25519 } from '../log/note.ts';
import { verify } from '../log/verify.ts';
import { makeKey, writeKey } from '../members/keys.ts';
import { eventually } from '../test/demo.ts';
import { FederatedNodes, registryFolder } from '../test/nodes.ts';
import { entryOf, RegistryHand } from '../test/registry.ts';
import { toHex } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';

/** Versions of the registry on their way between six nodes. */

let nodes: FederatedNodes;
afterEach(() => nodes.close());

const versionAt = (member: string): number => nodes.node(member).context.registry.document.version;
const allAt = async (version: number, members = nodes.members) => {
  await eventually(async () => members.every((member) => versionAt(member) === version));
  await nodes.reopened();
};
const faultsAt = async (member: string) =>
  (await nodes.node(member).federation.status()).faults.map((one) => `${one.member} ${one.code}`);

test('what one node is given reaches all, also one that was away, and holds over a restart', async () => {
  nodes = await FederatedNodes.start(200);
  const hand = new RegistryHand(nodes.directory);
  await nodes.stop('UZ');
  const second = await hand.next(
    hand.version(1),
    (document) => {
      entryOf(document, 'KZ').authorities[0] = { ...entryOf(document, 'KZ').authorities[0], mandates: [] } as never;
    },
    ['KZ'],
  );
  hand.write(second, registryFolder(nodes.directory, 'KZ'));
  await allAt(
    2,
    nodes.members.filter((member) => member !== 'UZ'),
  );
  const third = await hand.next(
    second,
    (document) => {
      document.quorum = 3;
    },
    [...nodes.members],
  );
  hand.write(third, registryFolder(nodes.directory, 'CN'));
  await nodes.open('UZ');
  await allAt(3);
  // Nobody else has the files: each node keeps what came.
  await nodes.stop('TJ');
  await nodes.open('TJ');
  expect(versionAt('TJ')).toBe(3);
  // And they go on working together under it.
  const index = await nodes.append('KZ', [{ member: 'UZ' }]);
  await eventually(async () => (await nodes.taken('UZ', 'KZ')).includes(index));
  await eventually(async () => nodes.node('KZ').context.ledger.publicationOf(index) === 'final');
});

test('two versions of one number: all come to the same, and it is told whose was signed twice', async () => {
  nodes = await FederatedNodes.start(200);
  const hand = new RegistryHand(nodes.directory);
  const of = (member: string) =>
    hand.next(
      hand.version(1),
      (document) => {
        entryOf(document, member).zones = ['Asia/Almaty'];
      },
      [member],
    );
  const [a, b] = [await of('CN'), await of('UZ')];
  hand.write(a, registryFolder(nodes.directory, 'CN'));
  hand.write(b, registryFolder(nodes.directory, 'UZ'));
  const winner = await eventually(async () => {
    const notes = nodes.members.map((member) => nodes.node(member).context.registry.versions.at(-1)?.note);
    const [first] = notes;
    return first !== hand.version(1).note && notes.every((note) => note === first) && first;
  });
  expect([a.note, b.note]).toContain(winner);
  // One of the two nodes held the other version: it says so.
  await eventually(async () => {
    const faults = [...(await faultsAt('CN')), ...(await faultsAt('UZ'))];
    return faults.includes('CN registry-two-versions') && faults.includes('UZ registry-two-versions');
  });
});

test('a node that is opened with another version in its folder than it had tells of it at once', async () => {
  nodes = await FederatedNodes.start(3_600_000);
  const hand = new RegistryHand(nodes.directory);
  const of = (member: string, signers: string[]) =>
    hand.next(hand.version(1), (document) => void (entryOf(document, member).zones = ['Asia/Almaty']), signers);
  const folder = registryFolder(nodes.directory, 'UZ');
  hand.write(await of('CN', ['CN']), folder);
  await allAt(2, ['UZ']);
  await nodes.stop('UZ');
  const prevailing = await of('TJ', ['TJ', 'UZ']);
  hand.write(prevailing, folder);
  await nodes.open('UZ');
  const { faults } = await (await fetch(`${nodes.settings('UZ').address}/health`)).json();
  for (const member of ['CN', 'TJ'])
    expect(faults).toContainEqual(expect.objectContaining({ member, code: 'registry-two-versions' }));
  expect(nodes.errors).toContainEqual(expect.stringMatching(/^UZ: .*Two versions 2 .*CN, TJ/));
  expect(nodes.node('UZ').context.registry.versions.at(-1)).toEqual(prevailing);
});

test('a record that was said under a version not known yet is asked for again, not lost', async () => {
  nodes = await FederatedNodes.start(3_600_000);
  const hand = new RegistryHand(nodes.directory);
  const second = await hand.next(
    hand.version(1),
    (document) => {
      const { authorities } = entryOf(document, 'KZ');
      const customs = authorities.find(({ id }) => id === 'kz.customs');
      if (customs !== undefined) customs.mandates = [...customs.mandates, 'publish-rules'];
    },
    ['KZ'],
  );
  hand.write(second, registryFolder(nodes.directory, 'KZ'));
  await allAt(2, ['KZ']);
  const { ledger, origin } = nodes.node('KZ').context;
  const record = {
    v: 1 as const,
    id: uuidv7(Date.now(), nodeRandom),
    log: origin,
    registry: 2,
    type: 'correction-answer',
    issuer: { member: 'KZ', authority: 'kz.customs' },
    to: [{ member: 'UZ' }],
    after: [],
    at: new Date().toISOString(),
    body: {},
  };
  const { records } = await ledger.append([seal(record, { crypto: nodeCrypto, random: nodeRandom })], {
    account: 'test',
  });
  const index = records[0]?.index ?? -1;
  const later = await nodes.append('KZ', [{ member: 'UZ' }], 1);
  await eventually(async () => (await nodes.taken('UZ', 'KZ')).includes(later));
  expect(await nodes.taken('UZ', 'KZ')).not.toContain(index);
  await eventually(async () => (await faultsAt('UZ')).includes('KZ registry-behind'));
  hand.write(second, registryFolder(nodes.directory, 'UZ'));
  await allAt(2, ['KZ', 'UZ']);
  await eventually(async () => (await nodes.taken('UZ', 'KZ')).includes(index));
});

test('a compromised log key is cut off: what it signed beyond counts no more, and the record is proven anew', async () => {
  nodes = await FederatedNodes.start(200);
  const index = await nodes.append('KZ', [{ member: 'UZ' }]);
  const final = (at: number) => eventually(async () => nodes.node('KZ').context.ledger.publicationOf(at) === 'final');
  await final(index);
  const { ledger, tiles, registry, sql } = nodes.node('KZ').context;
  const [entry] = await sql<{ commitment: Uint8Array }[]>`SELECT commitment FROM ledger.entry WHERE index = ${index}`;
  const proven = await proveRecord(ledger, tiles, toHex(entry?.commitment ?? new Uint8Array()));
  const evidence: Evidence = {
    format: 'dostyk-evidence/v1',
    ...encodeProven(proven),
    registry: [...registry.versions],
  };
  const options = nodes.verifyOptions();
  expect(await verify(evidence, options)).toMatchObject({ answer: 'valid' });

  const hand = new RegistryHand(nodes.directory);
  const key = makeKey('demo.kz.dostyk/log', ED25519, nodeRandom);
  const keyFile = `${nodes.directory}/members/kz/keys/log.key`;
  rmSync(keyFile);
  writeKey(keyFile, key);
  const second = await hand.next(
    hand.version(1),
    (document) => {
      const { log } = entryOf(document, 'KZ');
      log.keys = [...log.keys.map((one) => ({ ...one, until: 0 })), { vkey: key.vkey, from: 1 }];
    },
    ['KZ'],
  );
  hand.write(second, registryFolder(nodes.directory, 'KZ'));
  await allAt(2);
  // Who knows of the new registry believes the old proof no more; the file alone does not know.
  const known = { ...evidence, registry: [...evidence.registry, second] };
  expect(await verify(known, options)).toMatchObject({ answer: 'untrusted', reason: 'log-key-cut-off' });
  expect(await verify(evidence, { ...options, highestRegistry: 2 })).toMatchObject({ reason: 'registry-outdated' });
  const later = await eventually(() => nodes.append('KZ', [{ member: 'UZ' }]));
  await final(later);
  const fetchBytes = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
  const fresh = await refreshEvidence(evidence, nodes.genesis, fetchBytes);
  expect(await verify(fresh, { ...options, highestRegistry: 2 })).toMatchObject({
    answer: 'valid',
    index: BigInt(index),
  });
  // A place that the log does not hold it at is not proven, whoever asks.
  const elsewhere = { ...evidence, proof: evidence.proof.replace(/index \d+/, `index ${later}`) };
  await expect(refreshEvidence(elsewhere, nodes.genesis, fetchBytes)).rejects.toMatchObject({
    code: 'refresh-impossible',
  });
});
