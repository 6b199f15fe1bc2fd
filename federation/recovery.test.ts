import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readHighWater, writeHighWater } from '../ledger/high-water.ts';
import { recover } from '../operations.ts';
import { eventually } from '../test/demo.ts';
import { FederatedNodes, registryFolder } from '../test/nodes.ts';

/** What an operations team may do to a member, on six real nodes: a restored backup, a lost database, a lost file. */

let nodes: FederatedNodes;
beforeEach(async () => {
  nodes = await FederatedNodes.start();
});
afterEach(() => nodes.close());

const folder = (member: string) => join(nodes.directory, 'members', member.toLowerCase());
const mark = (member: string) => join(folder(member), 'high-water.json');
const settled = (member: string) =>
  eventually(async () => {
    const { ledger } = nodes.node(member).context;
    const size = await ledger.size();
    if (ledger.final?.size !== size) return undefined;
    const reached = await Promise.all(
      nodes.members
        .filter((one) => one !== member)
        .map((one) => nodes.node(one).federation.mirrors.size(nodes.node(member).context.origin)),
    );
    return reached.every((one) => one === size) && size;
  });

/** Everything in the ledger from an index on is gone, as after the restore of a backup. */
async function restoreTo(member: string, size: bigint): Promise<void> {
  const { owner } = nodes.database(member);
  await owner.begin(async (tx) => {
    const edge = await edgeAt(member, size);
    for (const table of ['addressee', 'slip', 'once', 'record'])
      await tx.unsafe(`DELETE FROM ledger.${table} WHERE index >= ${size}`);
    await tx.unsafe(`DELETE FROM ledger.cosignature WHERE size > ${size}`);
    await tx.unsafe(`DELETE FROM ledger.checkpoint WHERE size > ${size}`);
    await tx.unsafe(`DELETE FROM ledger.entry WHERE index >= ${size}`);
    await tx.unsafe(`DELETE FROM ledger.tile WHERE (n + 1) * (256 ^ (level + 1)) > ${size}`);
    await tx`UPDATE ledger.log_state SET size = ${size}, root = ${Buffer.from(edge.root)}, edge = ${Buffer.from(edge.edge)}`;
  });
}

async function edgeAt(member: string, size: bigint) {
  const { appendLeaf, EMPTY_EDGE, edgeRoot, edgeToBytes, leafHash } = await import('../log/merkle.ts');
  const { nodeCrypto } = await import('../values/node-crypto.ts');
  const rows = await nodes.database(member).owner<{ commitment: Uint8Array }[]>`
    SELECT commitment FROM ledger.entry WHERE index < ${size} ORDER BY index`;
  let edge = EMPTY_EDGE;
  for (const { commitment } of rows) edge = appendLeaf(nodeCrypto, edge, leafHash(nodeCrypto, commitment));
  return { root: edgeRoot(nodeCrypto, edge), edge: edgeToBytes(edge) };
}

const recoverOf = (member: string, absent: string[] = []) =>
  recover({
    member,
    databaseUrl: nodes.database(member).urls.running,
    migrationUrl: nodes.database(member).urls.migration,
    registry: registryFolder(nodes.directory, member),
    genesis: nodes.genesis,
    keys: join(folder(member), 'keys'),
    highWater: mark(member),
    absent,
    signal: new AbortController().signal,
  });

const dump = async (member: string) => {
  const { owner } = nodes.database(member);
  return {
    entries: await owner`SELECT index, encode(commitment, 'hex') FROM ledger.entry ORDER BY index`,
    records: await owner`SELECT index, encode(bytes, 'hex') FROM ledger.record ORDER BY index`,
    addressees: await owner`SELECT member, index FROM ledger.addressee ORDER BY member, index`,
    slips: await owner`SELECT member, up_to, index FROM ledger.slip ORDER BY member, up_to`,
    tiles: await owner`SELECT level, n, encode(data, 'hex') FROM ledger.tile ORDER BY level, n`,
    state: await owner`SELECT size, encode(root, 'hex'), encode(edge, 'hex') FROM ledger.log_state`,
  };
};

test('a restored backup: the node signs nothing, recovery brings the end back to the byte, what nobody had is listed', async () => {
  for (let i = 0; i < 3; i++) await nodes.append('KZ', [{ member: 'UZ' }]);
  const early = await settled('KZ');
  const kept: number[] = [];
  for (let i = 0; i < 260; i++)
    kept.push(await nodes.append('KZ', i % 2 === 0 ? [{ member: 'UZ' }, { member: 'CN' }] : 'public'));
  await settled('KZ');
  const before = await dump('KZ');
  const alone = await nodes.append('KZ', [{ member: 'KZ' }]);
  const size = await settled('KZ');
  await nodes.stop('KZ');
  await restoreTo('KZ', early);

  await expect(nodes.open('KZ')).rejects.toMatchObject({ code: 'log-behind' });
  await nodes.stop('KZ');
  const recovered = await recoverOf('KZ');
  expect(recovered).toMatchObject({
    fromSize: early,
    toSize: size,
    lost: [BigInt(alone)],
    views: { records: expect.any(Number) },
  });
  const after = await dump('KZ');
  const below = (rows: readonly { index?: bigint }[]) => rows.filter(({ index = -1n }) => index < BigInt(alone));
  expect(below(after.entries as never)).toEqual(before.entries);
  expect(below(after.records as never)).toEqual(before.records);
  expect(after.addressees).toEqual(before.addressees);
  expect(after.slips).toEqual(before.slips);
  expect(after.tiles).toEqual(before.tiles);
  await nodes.open('KZ');
  expect(await nodes.node('KZ').audit()).toMatchObject({ findings: [], lost: 1, size: Number(size) });
  // It goes on above what was signed, and the others go on with it.
  const next = await nodes.append('KZ', [{ member: 'UZ' }]);
  expect(next).toBeGreaterThanOrEqual(Number(size));
  await settled('KZ');
  await eventually(async () => (await nodes.taken('UZ', 'KZ')).includes(next));
  await nodes.stop('KZ');
  expect(await recoverOf('KZ')).toBeUndefined();
});

test('a deleted database is rebuilt whole from the others', async () => {
  const index = await nodes.append('KZ', [{ member: 'UZ' }]);
  const said = await nodes.append('UZ', [{ member: 'KZ' }]);
  await nodes.append('KZ', 'public');
  const size = await settled('KZ');
  await nodes.stop('KZ');
  await nodes.database('KZ').owner`DROP SCHEMA ledger, federation, members, trade CASCADE`;
  const recovered = await recoverOf('KZ');
  expect(recovered).toMatchObject({ fromSize: 0n, toSize: size, lost: [] });
  await nodes.open('KZ');
  expect(await nodes.node('KZ').audit()).toMatchObject({ findings: [], records: Number(size) });
  await eventually(async () => nodes.node('KZ').context.ledger.publicationOf(index) === 'final');
  // What the others had said to it comes again by itself.
  await eventually(async () => (await nodes.taken('KZ', 'UZ')).includes(said));
});

test('who must answer: two, or all where the mark is missing or ahead, but those that the operator names', async () => {
  await nodes.append('KZ', [{ member: 'UZ' }]);
  const size = await settled('KZ');
  await nodes.stop('KZ');
  for (const away of ['CN', 'KG', 'TJ']) await nodes.stop(away);
  // Two are left, and the mark is there: that is enough.
  await nodes.open('KZ');
  await nodes.stop('KZ');
  // Without the mark all five must answer.
  rmSync(mark('KZ'));
  const opening = nodes.open('KZ');
  const first = await Promise.race([
    opening.then(() => 'open'),
    new Promise((done) => setTimeout(done, 3000, 'waiting')),
  ]);
  expect(first).toBe('waiting');
  await expect(nodes.append('KZ', [{ member: 'UZ' }])).rejects.toMatchObject({ code: 'ledger-unavailable' });
  for (const away of ['CN', 'KG', 'TJ']) await nodes.open(away);
  await opening;
  await nodes.append('KZ', [{ member: 'UZ' }]);
  await settled('KZ');
  expect(readHighWater(mark('KZ'), nodes.node('KZ').context.origin)).toBeGreaterThan(size);
  await nodes.stop('KZ');
  // One is away for good: recovery waits for nobody who is named.
  await nodes.stop('TJ');
  await restoreTo('KZ', size);
  await expect(recoverOf('KZ')).rejects.toMatchObject({ code: 'recover-unanswered', params: { members: 'TJ' } });
  expect(await recoverOf('KZ', ['TJ'])).toMatchObject({ lost: [] });
});

test('a mark beyond what anyone holds, a damaged mark, entries that are not those that were signed', async () => {
  await nodes.append('KZ', [{ member: 'UZ' }]);
  const size = await settled('KZ');
  const { origin } = nodes.node('KZ').context;
  await nodes.stop('KZ');
  writeHighWater(mark('KZ'), origin, size + 5n);
  await expect(nodes.open('KZ')).rejects.toMatchObject({ code: 'log-behind' });
  await nodes.stop('KZ');
  await expect(recoverOf('KZ')).rejects.toMatchObject({ code: 'recover-incomplete' });
  const whole = readFileSync(mark('KZ'), 'utf8');
  writeFileSync(mark('KZ'), whole.slice(0, 10));
  await expect(nodes.open('KZ')).rejects.toMatchObject({ code: 'high-water-unreadable' });
  await nodes.stop('KZ');
  rmSync(mark('KZ'));
  // Another history in the database: found at the start, and not covered up by a recovery.
  await restoreTo('KZ', 0n);
  const other = Buffer.alloc(32, 7);
  await nodes.database('KZ').owner`INSERT INTO ledger.entry (index, commitment) VALUES (0, ${other})`;
  const { root, edge } = await edgeAt('KZ', 1n);
  await nodes.database('KZ')
    .owner`UPDATE ledger.log_state SET size = 1, root = ${Buffer.from(root)}, edge = ${Buffer.from(edge)}`;
  const before = await dump('KZ');
  await expect(recoverOf('KZ')).rejects.toMatchObject({ code: 'log-diverged' });
  expect(await dump('KZ')).toEqual(before);
});

test('a restored witness cosigns no other history: it asks first for what it cosigned', async () => {
  await nodes.append('KZ', [{ member: 'UZ' }]);
  const size = await settled('KZ');
  const { origin } = nodes.node('KZ').context;
  await nodes.stop('UZ');
  // The backup that is restored at UZ knows nothing of KZ's log.
  await nodes.database('UZ').owner`DELETE FROM ledger.witness_state WHERE origin = ${origin}`;
  await nodes.open('UZ');
  await eventually(async () => ((await nodes.node('UZ').federation.witness.state(origin))?.size ?? 0n) >= size);
  // The log and three witnesses are away: it cosigns nothing of it until they can be asked.
  await nodes.stop('UZ');
  await nodes.database('UZ').owner`DELETE FROM ledger.witness_state WHERE origin = ${origin}`;
  await nodes.append('KZ', [{ member: 'UZ' }]);
  const note = nodes.node('KZ').context.ledger.published?.note ?? '';
  for (const away of ['KZ', 'CN', 'KG', 'TJ']) await nodes.stop(away);
  rmSync(mark('UZ'), { force: true });
  void nodes.open('UZ').catch(() => undefined);
  const answer = await eventually(async () => {
    const { address } = nodes.settings('UZ');
    return fetch(`${address}/witness/add-checkpoint`, { method: 'POST', body: `old 0\n\n${note}` });
  });
  expect(answer.status).toBe(503);
});

test('a witness that lost its marks too asks about each log, also about one whose owner was absent at the first start', async () => {
  await nodes.append('KZ', [{ member: 'UZ' }]);
  const size = await settled('KZ');
  const { origin, ledger } = nodes.node('KZ').context;
  const note = ledger.published?.note ?? '';
  await nodes.stop('UZ');
  await nodes.stop('KZ');
  rmSync(join(folder('UZ'), 'witness-marks.json'));
  await nodes.database('UZ').owner`DELETE FROM ledger.witness_state WHERE origin = ${origin}`;
  const marks = () =>
    JSON.parse(readFileSync(join(folder('UZ'), 'witness-marks.json'), 'utf8')) as Record<string, unknown>;
  const ask = () =>
    fetch(`${nodes.settings('UZ').address}/witness/add-checkpoint`, { method: 'POST', body: `old 0\n\n${note}` });
  nodes.absent.set('UZ', ['KZ']);
  await nodes.open('UZ');
  await eventually(async () => Object.values(marks()).filter((mark) => mark === null).length === 1);
  expect(marks()[origin]).toBeNull();
  expect((await ask()).status).toBe(503);
  await nodes.stop('UZ');
  nodes.absent.delete('UZ');
  await nodes.open('UZ');
  expect((await ask()).status).toBe(503);
  await nodes.open('KZ');
  await eventually(async () => ((await nodes.node('UZ').federation.witness.state(origin))?.size ?? 0n) >= size);
});
