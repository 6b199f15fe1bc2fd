import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dostyk, root } from './demo.ts';

/** `dostyk packs` on folders, archives and tables of this machine, without a node. */

const folder = mkdtempSync(join(tmpdir(), 'dostyk-packs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const copyOf = (name: string): string => {
  const copy = join(folder, name);
  cpSync(join(root, 'trade', 'packs', 'tj'), copy, { recursive: true });
  return copy;
};
const packs = (...args: string[]) => dostyk(['packs', ...args]);
const all = (path: string): string =>
  readdirSync(path)
    .map((name) => readFileSync(join(path, name), 'utf8'))
    .join('\n');

test('two versions of a pack are compared, goods by goods', async () => {
  const [before, after] = [copyOf('before'), copyOf('after')];
  const file = join(after, 'measures.csv');
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(/^(vat[^\n]*),14%,/m, '$1,15%,');
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  const told = await packs('diff', before, after, '--json');
  expect(JSON.parse(told.stdout)).toMatchObject({
    changes: [{ type: 'vat', before: '14%', after: '15%', differs: ['rate'] }],
  });
  expect((await packs('diff', before, after)).stdout).toContain('14% -> 15%');
  expect((await packs('diff', before, before)).stdout).toContain('0 changes');
  expect(await packs('diff', before, join(root, 'trade', 'packs', 'kz'))).toMatchObject({ code: 2 });
  writeFileSync(join(after, 'measures.csv'), 'nonsense');
  expect(await packs('diff', before, after)).toMatchObject({ code: 1 });
});

test('what changes on a day is told of the packs that ship', async () => {
  const told = await packs('changes', '--on', '2027-01-01', '--member', 'TJ', '--json');
  expect(JSON.parse(told.stdout)).toMatchObject({
    members: [{ member: 'TJ', changes: [{ type: 'vat', before: '14%', after: '13%' }] }],
  });
  for (const args of [
    [],
    ['--on', 'tomorrow'],
    ['--since', '2027-01-02', '--until', '2027-01-01'],
    ['--on', '2027-01-01', '--member', 'XX'],
  ])
    expect(await packs('changes', ...args), args.join(' ')).toMatchObject({ code: 2 });
});

test('a ministry’s table goes into a pack whole or not at all, and once', async () => {
  const pack = copyOf('import');
  const table = join(folder, 'tariff.csv');
  const [source = ''] = readFileSync(join(pack, 'sources.csv'), 'utf8').split('\n')[1]?.split(',') ?? [];
  const args = [
    ...[
      'import',
      table,
      '--to',
      pack,
      '--columns',
      'goods=Код',
      'rate=Ставка',
      '--decimal',
      'comma',
      '--source',
      source,
    ],
    ...[
      '--set',
      'type=additional',
      'direction=import',
      'from=2027-01-01',
      'series=made-up',
      '--read',
      '2026-11-24',
      '--confidence',
      'copy',
    ],
  ];
  const before = all(pack);
  writeFileSync(table, 'Код;Ставка\n0809.29;5\n0810;nichts\n');
  const refused = await packs(...args);
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining(`${table}:3 rate: nichts`)]);
  writeFileSync(table, 'Код;Ставка\n0809.29;5\n0810;"6,5, но не менее 0,2 евро за 1 кг"\n');
  expect((await packs(...args, '--dry-run')).stdout).toContain('2 of 2 rows would be added');
  expect(all(pack)).toBe(before);
  expect((await packs(...args)).stdout).toContain('2 of 2 rows added');
  expect(readFileSync(join(pack, 'measures.csv'), 'utf8')).toContain('"max(6.5%, 0.2 EUR/kg)"');
  const once = all(pack);
  expect((await packs(...args)).stdout).toContain('0 of 2 rows added');
  expect(all(pack)).toBe(once);
  expect(await packs('check', pack)).toMatchObject({ code: 0 });
  writeFileSync(table, 'Код;Ставка\n0809.29;9\n');
  expect((await packs(...args)).stderr + (await packs(...args)).stdout).toContain('rows-taken');
  // A source that the pack does not have: the whole pack is checked before anything is written.
  const other = args.map((one) =>
    one === source ? 'no-such-source' : one === 'series=made-up' ? 'series=other' : one,
  );
  expect(await packs(...other)).toMatchObject({ code: 1, stdout: expect.stringContaining('not-declared') });
  expect(all(pack)).toBe(once);
  writeFileSync(table, Buffer.from([0xca, 0xee, 0xe4, 0x3b, 0xd1]));
  expect((await packs(...args)).code).toBe(1);
});

test('an archive that is none is told of with a file and a reason', async () => {
  const archive = join(folder, 'pack.zip');
  writeFileSync(archive, 'PK nothing');
  expect(await packs('check', archive)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('[archive-damaged]'),
  });
});
