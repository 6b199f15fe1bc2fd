import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatCheckpoint, openCheckpoint } from '../log/checkpoint.ts';
import { formatEvidence, parseEvidence } from '../log/evidence.ts';
import { type ForkEvidence, ofOneSize, ofTwoSizes, verifyFork } from '../log/fork.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { ED25519, signNote } from '../log/note.ts';
import { TileReader } from '../log/tile.ts';
import { verify } from '../log/verify.ts';
import { makeKey, readKey, signerOf, writeKey } from '../members/keys.ts';
import { succeed } from '../operations.ts';
import { eventually } from '../test/demo.ts';
import { FederatedNodes, registryFolder } from '../test/nodes.ts';
import { entryOf, RegistryHand } from '../test/registry.ts';
import { evidenceOf } from '../trade/evidence-handlers.ts';
import { concat, toHex } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';

/** Two histories of one log: what proves them, what does not, and what six nodes then do. */

let nodes: FederatedNodes;
beforeEach(async () => {
  nodes = await FederatedNodes.start(300);
});
afterEach(() => nodes.close());

const logSigner = (member: string) =>
  signerOf(readKey(`${nodes.directory}/members/${member.toLowerCase()}/keys/log.key`));

/** A checkpoint as the member's own log key signs it, over whatever commitments. */
async function signed(member: string, commitments: readonly Uint8Array[]): Promise<string> {
  const { origin } = nodes.node(member).context;
  let edge = EMPTY_EDGE;
  for (const one of commitments) edge = appendLeaf(nodeCrypto, edge, leafHash(nodeCrypto, one));
  const body = formatCheckpoint({ origin, size: edge.size, root: edgeRoot(nodeCrypto, edge) });
  return signNote(nodeCrypto, body, [logSigner(member)]);
}

const commitmentsOf = async (member: string): Promise<Uint8Array[]> =>
  (
    await nodes.database(member).owner<{ commitment: Uint8Array }[]>`SELECT commitment FROM ledger.entry ORDER BY index`
  ).map(({ commitment }) => new Uint8Array(commitment));

async function settled(member: string): Promise<bigint> {
  const { ledger, origin } = nodes.node(member).context;
  return eventually(async () => {
    const size = await ledger.size();
    if (ledger.final?.size !== size) return undefined;
    const others = nodes.members.filter((one) => one !== member);
    const reached = await Promise.all(others.map((one) => nodes.node(one).federation.mirrors.size(origin)));
    return reached.every((one) => one === size) && size;
  });
}

/** Another history that parts from the true one at an index. */
const other = (commitments: readonly Uint8Array[], from: number): Uint8Array[] =>
  commitments.map((one, i) => (i < from ? one : nodeCrypto.sha256(one)));

const frozenAt = (member: string, origin: string): boolean => nodes.node(member).federation.forks.isFrozen(origin);

async function twoSizes(
  origin: string,
  first: string,
  second: string,
  tree: readonly Uint8Array[],
  size: bigint,
): Promise<ForkEvidence> {
  const reader = (upTo: bigint) =>
    new TileReader(nodeCrypto, upTo, ({ n, width }) =>
      concat(...tree.slice(Number(n) * 256, Number(n) * 256 + width).map((one) => leafHash(nodeCrypto, one))),
    );
  return ofTwoSizes(
    origin,
    first,
    second,
    await reader(size).root(),
    await reader(BigInt(tree.length)).consistencyProof(size),
  );
}

test('what proves a fork and what does not', async () => {
  for (let i = 0; i < 5; i++) await nodes.append('KZ', [{ member: 'UZ' }]);
  await settled('KZ');
  const { origin, registry } = nodes.node('KZ').context;
  const keys = registry.getMember('KZ').log.keys.map(({ vkey }) => vkey);
  const truth = await commitmentsOf('KZ');
  const [whole, shorter] = [await signed('KZ', truth), await signed('KZ', truth.slice(0, 4))];
  const [forged, shorterForged] = [
    await signed('KZ', other(truth, 2)),
    await signed('KZ', other(truth, 2).slice(0, 4)),
  ];
  const check = (evidence: ForkEvidence, at = (_: bigint) => keys) => verifyFork(evidence, nodeCrypto, keys, at);
  expect((await check(ofOneSize(origin, whole, forged))).first.size).toBe(BigInt(truth.length));
  await check(await twoSizes(origin, shorterForged, whole, truth, 4n));
  // One history, one checkpoint, a proof of the wrong tree, none at all, the wrong order, another log, another's signature; and of an
  // honest log a root that its tree never had, with the true proof and with none.
  const honest = await twoSizes(origin, shorter, whole, truth, 4n);
  const invented = Buffer.alloc(32, 7).toString('base64');
  for (const no of [
    { ...honest, under: { root: invented, proof: honest.under?.proof ?? [] } },
    { ...honest, under: { root: invented, proof: [] } },
    ofOneSize(origin, whole, whole),
    await twoSizes(origin, shorter, whole, truth, 4n),
    await twoSizes(origin, shorterForged, whole, other(truth, 2), 4n),
    ofOneSize(origin, shorter, whole),
    await twoSizes(origin, whole, shorterForged, truth, 4n),
    ofOneSize('demo.uz.dostyk/log', whole, forged),
  ])
    await expect(check(no)).rejects.toMatchObject({ code: 'fork-unproven' });
  await expect(check(ofOneSize(origin, whole, forged.replace(/.{8}\n$/, 'AAAAAAA=\n')))).rejects.toMatchObject({
    code: expect.any(String),
  });
  // What a key signed beyond where it was cut off is not the log's word.
  await expect(check(ofOneSize(origin, whole, forged), () => [])).rejects.toMatchObject({
    code: 'checkpoint-unsigned',
  });
});

test('a log that signs two histories is frozen at all nodes, stays as it was before, is closed by the five and goes on in a new one', async () => {
  for (let i = 0; i < 4; i++) await nodes.append('KZ', [{ member: 'UZ' }]);
  const size = await settled('KZ');
  const { origin } = nodes.node('KZ').context;
  const truth = await commitmentsOf('KZ');
  // It shows one witness another checkpoint of the size that all have cosigned.
  const note = await signed('KZ', other(truth, truth.length - 1));
  const { address } = nodes.settings('TJ');
  const answer = await fetch(`${address}/witness/add-checkpoint`, { method: 'POST', body: `old ${size}\n\n${note}` });
  expect(answer.status).toBe(422);
  const others = nodes.members.filter((member) => member !== 'KZ');
  await eventually(async () => others.every((member) => nodes.node(member).federation.forks.all.length === 1));
  for (const member of others) {
    const fork = nodes.node(member).federation.forks.all[0];
    expect(fork).toMatchObject({ origin, common: size });
    // Told when the proof is kept.
    await eventually(async () =>
      (await nodes.node(member).federation.status()).faults.some(({ code }) => code === 'two-histories'),
    );
  }
  // Frozen: nothing more of it becomes final or is taken over; it is not condemned: its records stay where they are.
  const later = await nodes.append('KZ', [{ member: 'UZ' }]);
  const elsewhere = await nodes.append('CN', [{ member: 'UZ' }]);
  await eventually(async () => (await nodes.taken('UZ', 'CN')).includes(elsewhere));
  expect(await nodes.taken('UZ', 'KZ')).not.toContain(later);
  expect(nodes.node('KZ').context.ledger.publicationOf(later)).not.toBe('final');
  expect((await nodes.taken('UZ', 'KZ')).length).toBeGreaterThan(0);

  // The five close it where all copies agree.
  const hand = new RegistryHand(nodes.directory);
  const closed = await hand.next(
    hand.version(1),
    (document) => {
      entryOf(document, 'KZ').log.closed = { size: Number(size), reason: 'Two histories were seen.' };
    },
    others,
  );
  hand.write(closed, registryFolder(nodes.directory, 'UZ'));
  await eventually(async () =>
    nodes.members.every((member) => nodes.node(member).context.registry.document.version === 2),
  );
  await eventually(async () => others.every((member) => frozenAt(member, origin)));
  expect(nodes.node('UZ').context.registry.view.logOf(origin)).toMatchObject({ closed: size });

  // It goes on in a new log, with its explanation and three others' signatures.
  await nodes.stop('KZ');
  const key = makeKey('demo.kz.dostyk/log2', ED25519, nodeRandom);
  const successor = await hand.next(
    closed,
    (document) => {
      const entry = entryOf(document, 'KZ');
      entry.earlierLogs = [entry.log];
      entry.log = {
        origin: 'demo.kz.dostyk/log2',
        keys: [{ vkey: key.vkey, from: 0 }],
        explanation: 'A restored backup was signed on; see the letter of the third of June.',
      };
    },
    ['KZ', 'CN', 'TJ', 'UZ'],
  );
  hand.write(closed, registryFolder(nodes.directory, 'KZ'));
  hand.write(successor, registryFolder(nodes.directory, 'KZ'));
  const keyFile = `${nodes.directory}/members/kz/keys/log.key`;
  rmSync(keyFile);
  writeKey(keyFile, key);
  rmSync(`${nodes.directory}/members/kz/high-water.json`);
  const { urls } = nodes.database('KZ');
  const settings = {
    member: 'KZ',
    databaseUrl: urls.running,
    migrationUrl: urls.migration,
    registry: registryFolder(nodes.directory, 'KZ'),
    genesis: nodes.genesis,
  };
  // The node does not take the old database for the new log.
  await expect(nodes.open('KZ')).rejects.toMatchObject({ code: 'log-origin-differs' });
  const { views, ...succession } = await succeed(settings);
  expect(succession).toMatchObject({ from: origin, to: 'demo.kz.dostyk/log2', closed: size });
  const [taken] = await nodes.database('KZ').sql<{ count: bigint }[]>`
    SELECT count(*) AS count FROM federation.received WHERE bytes IS NOT NULL`;
  expect(views.records).toBe(Number(taken?.count));
  await expect(succeed(settings)).rejects.toMatchObject({ code: 'succession-done' });
  await nodes.open('KZ');
  await eventually(async () =>
    nodes.members.every((member) => nodes.node(member).context.registry.document.version === 3),
  );
  const first = await nodes.append('KZ', [{ member: 'UZ' }]);
  expect(first).toBe(0);
  await eventually(async () => (await nodes.taken('UZ', 'KZ')).includes(first));
  await eventually(async () => nodes.node('KZ').context.ledger.publicationOf(first) === 'final');
  // What the old log held is proven by its member still, of what lies beyond its end nothing.
  const { context } = nodes.node('KZ');
  const evidence = await evidenceOf(context, toHex(truth[0] ?? new Uint8Array()));
  const told = await verify(parseEvidence(formatEvidence(evidence)), nodes.verifyOptions());
  expect(told).toMatchObject({ answer: 'valid', index: 0n, record: { log: origin } });
  const [beyond] = await context.sql<{ commitment: Uint8Array }[]>`
    SELECT commitment FROM ledger.earlier_record WHERE index = ${later}`;
  await expect(evidenceOf(context, toHex(beyond?.commitment ?? new Uint8Array()))).rejects.toMatchObject({
    code: 'record-unknown',
  });
  // The old log is still held, as far as it counts, and serves as it did.
  const held = await nodes.database('UZ').sql`SELECT 1 FROM federation.received WHERE origin = ${origin}`;
  expect(held.length).toBeGreaterThan(0);
  expect(await nodes.node('KZ').audit()).toMatchObject({ findings: [] });
});

test('two witnesses that were shown two histories find out from each other; one that lies about a fork is the one at fault', async () => {
  for (let i = 0; i < 3; i++) await nodes.append('KZ', [{ member: 'UZ' }]);
  const size = await settled('KZ');
  const { origin } = nodes.node('KZ').context;
  const truth = await commitmentsOf('KZ');
  // TJ alone comes to hold another history at a smaller size than what the others have mirrored.
  const note = await signed('KZ', other(truth, 1).slice(0, Number(size) - 1));
  await nodes.stop('KZ');
  const { checkpoint } = await openCheckpoint(nodeCrypto, note, [logSigner('KZ').vkey]);
  await nodes.database('TJ').owner`
      UPDATE ledger.witness_state SET size = ${checkpoint.size}, root = ${Buffer.from(checkpoint.root)}, note = ${note} WHERE origin = ${origin}`;
  const others = nodes.members.filter((member) => member !== 'KZ');
  await eventually(async () => others.every((member) => nodes.node(member).federation.forks.all.length === 1));
  const evidence = nodes.node('UZ').federation.forks.all[0]?.evidence;
  expect(evidence?.under).toBeDefined();
  // What is no fork freezes nothing, whoever shows it.
  const bogus: ForkEvidence = { ...(evidence as ForkEvidence), origin: 'demo.cn.dostyk/log' };
  await expect(nodes.node('UZ').federation.forks.take(bogus)).rejects.toMatchObject({ code: 'checkpoint-unsigned' });
  const { address } = nodes.settings('UZ');
  for (const body of [JSON.stringify(bogus), '{}', 'no JSON', '[]'])
    expect((await fetch(`${address}/forks`, { method: 'POST', body })).status).toBeGreaterThanOrEqual(400);
  expect(frozenAt('UZ', 'demo.cn.dostyk/log')).toBe(false);
  // And it outlives a restart.
  await nodes.stop('UZ');
  await nodes.open('UZ');
  await eventually(async () => frozenAt('UZ', origin));
});

test('a stranger’s key makes no fork', async () => {
  const { origin, registry } = nodes.node('KZ').context;
  const keys = registry.getMember('KZ').log.keys.map(({ vkey }) => vkey);
  const stranger = signerOf(makeKey(origin, ED25519, nodeRandom));
  const body = (root: number) => formatCheckpoint({ origin, size: 3n, root: new Uint8Array(32).fill(root) });
  const evidence = ofOneSize(
    origin,
    await signNote(nodeCrypto, body(1), [stranger]),
    await signNote(nodeCrypto, body(2), [stranger]),
  );
  await expect(verifyFork(evidence, nodeCrypto, keys, () => keys)).rejects.toMatchObject({
    code: 'checkpoint-unsigned',
  });
});
