import { chmodSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { doctor, type Finding } from '../doctor.ts';
import { writeHighWater } from '../ledger/high-water.ts';
import { eventually } from './demo.ts';
import { FederatedNodes, registryFolder } from './nodes.ts';

/** `dostyk doctor` on six real nodes: nothing wrong where nothing is, and each thing that is, with what to do. */

let nodes: FederatedNodes;
beforeEach(async () => {
  nodes = await FederatedNodes.start();
});
afterEach(() => nodes.close());

const folder = () => join(nodes.directory, 'members', 'kz');

async function findings(
  change: { audit?: boolean; databaseUrl?: string; synchronousStandbys?: boolean } = {},
): Promise<Finding[]> {
  const all: Finding[] = [];
  for await (const finding of doctor({
    member: 'KZ',
    databaseUrl: nodes.database('KZ').urls.running,
    registry: registryFolder(nodes.directory, 'KZ'),
    genesis: nodes.genesis,
    keys: join(folder(), 'keys'),
    highWater: join(folder(), 'high-water.json'),
    witnessMarks: join(folder(), 'witness-marks.json'),
    audit: false,
    signal: new AbortController().signal,
    ...change,
  }))
    all.push(finding);
  return all;
}

const wrongIn = (all: readonly Finding[]) => [
  ...new Set(all.filter(({ state }) => state === 'wrong').map(({ check }) => check)),
];

test('a healthy node, and what each fault looks like', async () => {
  await nodes.append('KZ', [{ member: 'UZ' }]);
  await eventually(async () => {
    const { ledger } = nodes.node('KZ').context;
    return ledger.final?.size === (await ledger.size());
  });
  const healthy = await findings({ audit: true });
  expect(healthy.filter(({ state }) => state === 'wrong')).toEqual([]);
  expect(healthy.map(({ check }) => check)).toEqual(expect.arrayContaining(['keys', 'rights', 'marks', 'UZ', 'log']));
  expect(healthy.find(({ check }) => check === 'UZ')?.message).toMatch(/holds \d+ of this log/);

  // A standby is asked for and there is none: told with what to do, and all else is looked at.
  const alone = await findings({ synchronousStandbys: true });
  expect(wrongIn(alone)).toEqual(['standbys']);
  expect(alone.find(({ check }) => check === 'standbys')).toMatchObject({
    message: expect.stringContaining('synchronous_standby_names'),
    remedy: expect.stringContaining('OPERATIONS.md'),
  });
  expect(alone).toHaveLength((await findings()).length);

  const { owner } = nodes.database('KZ');
  await owner`GRANT DELETE ON ledger.entry TO dostyk_running`;
  expect(wrongIn(await findings())).toEqual(['rights']);
  await owner`REVOKE DELETE ON ledger.entry FROM dostyk_running`;

  await owner`UPDATE ledger.record SET bytes = set_byte(bytes, 9, get_byte(bytes, 9) # 1) WHERE index = 0`;
  expect(wrongIn(await findings())).toEqual([]);
  expect(wrongIn(await findings({ audit: true }))).toEqual(['log']);
  await owner`UPDATE ledger.record SET bytes = set_byte(bytes, 9, get_byte(bytes, 9) # 1) WHERE index = 0`;

  await owner`DELETE FROM trade.migration WHERE name LIKE '0001%'`;
  expect(wrongIn(await findings())).toEqual(['migrations']);

  renameSync(join(folder(), 'keys', 'log.key'), join(folder(), 'keys', 'log.key.away'));
  expect(wrongIn(await findings())).toContain('keys');
  renameSync(join(folder(), 'keys', 'log.key.away'), join(folder(), 'keys', 'log.key'));

  // A key that others can read is named, and which.
  chmodSync(join(folder(), 'keys', 'documents', 'kz.customs.key'), 0o640);
  const readable = await findings();
  expect(wrongIn(readable)).toEqual(['key files', 'migrations']);
  expect(readable.find(({ check }) => check === 'key files')?.message).toContain('kz.customs.key');
  chmodSync(join(folder(), 'keys', 'documents', 'kz.customs.key'), 0o600);

  const { origin } = nodes.node('KZ').context;
  await nodes.stop('KZ');
  await nodes.stop('TJ');
  writeHighWater(join(folder(), 'high-water.json'), origin, 999n);
  const late = await findings();
  expect(late.filter(({ check, state }) => check === 'marks' && state === 'wrong')[0]?.remedy).toContain(
    'dostyk recover',
  );
  // A member that is away is told of, and is nothing wrong here.
  expect(late.find(({ check }) => check === 'TJ')?.state).toBe('note');

  const unreachable = await findings({ databaseUrl: 'postgres://nobody:secret@127.0.0.1:1/none' });
  expect(unreachable).toHaveLength(1);
  expect(unreachable[0]).toMatchObject({ check: 'database and registry', state: 'wrong' });
  expect(JSON.stringify(unreachable)).not.toContain('secret');
});
