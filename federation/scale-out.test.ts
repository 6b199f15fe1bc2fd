import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seal, uuidv7 } from '../log/envelope.ts';
import { type DostykNode, openNode } from '../platform.ts';
import { eventually } from '../test/demo.ts';
import { FederatedNodes, registryFolder } from '../test/nodes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';

/** Several whole nodes of one member over one database: one log, one sequencing at a time, going on when one dies. */

let nodes: FederatedNodes;
let second: DostykNode | undefined;
beforeEach(async () => {
  nodes = await FederatedNodes.start();
});
afterEach(async () => {
  await second?.stop();
  second = undefined;
  await nodes.close();
});

async function openSecond(): Promise<DostykNode> {
  const folder = join(nodes.directory, 'members', 'kz');
  const node = await openNode({
    member: 'KZ',
    databaseUrl: nodes.database('KZ').urls.running,
    keys: join(folder, 'keys'),
    registry: registryFolder(nodes.directory, 'KZ'),
    genesis: nodes.genesis,
    accounts: JSON.parse(readFileSync(join(folder, 'accounts.json'), 'utf8')),
    highWater: join(folder, 'second-high-water.json'),
    witnessMarks: join(folder, 'second-witness-marks.json'),
    sequenceEveryMs: 5,
    signEveryMs: 100,
  });
  await node.start();
  return node;
}

function append(node: DostykNode): Promise<number> {
  const { ledger, origin } = node.context;
  const record = {
    v: 1 as const,
    id: uuidv7(Date.now(), nodeRandom),
    log: origin,
    registry: 1,
    type: 'withdrawal',
    issuer: { member: 'KZ' },
    to: [{ member: 'UZ' }],
    after: [],
    at: new Date().toISOString(),
    body: { operator: 'kz.exporter' },
  };
  const sealed = seal(record, { crypto: nodeCrypto, random: nodeRandom });
  return ledger.append([sealed], { account: 'test' }).then(({ records }) => records[0]?.index ?? Number.NaN);
}

test('two nodes write one log at once; one goes, the other goes on; all of it reaches its addressee once', async () => {
  second = await openSecond();
  const first = nodes.node('KZ');
  const given = await Promise.all(
    Array.from({ length: 60 }, (_, i) => append(i % 2 === 0 ? first : (second ?? first))),
  );
  expect(new Set(given).size).toBe(60);
  await nodes.stop('KZ');
  for (let i = 0; i < 10; i++) given.push(await append(second));
  // The other's address is the one that the peers know: it comes back, and finds what was written meanwhile.
  await nodes.open('KZ');
  for (let i = 0; i < 10; i++) given.push(await append(nodes.node('KZ')));
  await eventually(async () => (await nodes.taken('UZ', 'KZ')).length === given.length);
  expect(await nodes.taken('UZ', 'KZ')).toEqual([...given].sort((a, b) => a - b));
  const last = Math.max(...given);
  await eventually(async () => nodes.node('KZ').context.ledger.publicationOf(last) === 'final');
  expect(await nodes.node('KZ').audit()).toMatchObject({ findings: [] });
  expect((await nodes.node('UZ').federation.status()).faults.filter(({ code }) => code === 'two-histories')).toEqual(
    [],
  );
});
