import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JourneyReport } from '../cli/play.ts';
import { type Demo, dostyk, eventually, root, startDemo } from './demo.ts';
import { filing } from './filing.ts';

/** The journeys on real processes: six nodes, one PostgreSQL, real sign-in, played by an ordinary client. */

let demo: Demo;
let reports: JourneyReport[];
const folder = mkdtempSync(join(tmpdir(), 'dostyk-journeys-'));

beforeAll(async () => {
  demo = await startDemo();
  const json = join(folder, 'report.json');
  const paths = readdirSync(join(root, 'examples', 'journeys'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(root, 'examples', 'journeys', name));
  const played = await dostyk(['--directory', demo.directory, 'play', ...paths, '--json', json]);
  if (!existsSync(json)) throw new Error(played.stderr);
  reports = (JSON.parse(readFileSync(json, 'utf8')) as { journeys: JourneyReport[] }).journeys;
  expect(played.code, played.stdout).toBe(0);
});
afterAll(async () => {
  expect(await demo?.stop()).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

test('four journeys end, every check holds, all six members take part', () => {
  expect(reports.map(({ journey, ok }) => [journey, ok])).toEqual([
    ['aluminium', true],
    ['cherries', true],
    ['groupage', true],
    ['solar', true],
  ]);
  const members = new Set(
    reports.flatMap(({ dossiers }) => dossiers.flatMap((one) => one.members.map(({ member }) => member))),
  );
  expect([...members].sort()).toEqual(['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ']);
  expect(reports.flatMap(({ dossiers }) => dossiers)).toHaveLength(15);
  expect(reports.flatMap(({ dossiers }) => dossiers).every(({ digestsEqual }) => digestsEqual)).toBe(true);
});

test('one consignment of the groupage is held while eleven go on', () => {
  const states = reports
    .find(({ journey }) => journey === 'groupage')
    ?.dossiers.map(({ members }) => members.map(({ state }) => state).join());
  expect(states?.filter((state) => state === 'arrived,arrived')).toHaveLength(11);
  expect(states?.filter((state) => state === 'held,held')).toHaveLength(1);
});

test('every log audits clean over its public routes', async () => {
  const audit = await dostyk(['--directory', demo.directory, 'log', 'audit', '--json']);
  expect(audit.code, audit.stdout).toBe(0);
  const { audits } = JSON.parse(audit.stdout) as { audits: { member: string; size: number; findings: unknown[] }[] };
  expect(audits.map(({ member }) => member)).toEqual(['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ']);
  expect(audits.every(({ size, findings }) => size > 0 && findings.length === 0)).toBe(true);
});

test('a certificate is verified with no network at all', async () => {
  const { items } = await demo
    .client('UZ/plant-health')
    .call<{ items: { certificate: string; member: string }[] }>('GET', '/api/certificates');
  const file = join(folder, 'certificate.dostyk');
  const saved = await dostyk([
    '--directory',
    demo.directory,
    'certificate',
    'evidence',
    items.find((one) => one.member === 'UZ')!.certificate,
    '--as',
    'UZ/plant-health',
    '--out',
    file,
  ]);
  expect(saved.code, saved.stderr).toBe(0);
  const guard = join(folder, 'no-network.cjs');
  writeFileSync(
    guard,
    "for (const m of ['net','tls','dgram','dns']) { const x = require(m); for (const k of ['connect','createConnection','createSocket','lookup']) if (x[k]) x[k] = () => { console.error('NETWORK'); process.exit(99); }; }\nglobalThis.fetch = () => { console.error('NETWORK'); process.exit(99); };\n",
  );
  const env = { NODE_OPTIONS: `--require ${guard}` };
  const verified = await dostyk(['--directory', demo.directory, 'verify', file, '--demo', '--json'], { env });
  expect(verified.stderr).not.toContain('NETWORK');
  expect(verified.code, verified.stdout).toBe(0);
  expect(JSON.parse(verified.stdout)).toMatchObject({ verdicts: [{ answer: 'valid', reason: 'proven' }] });
  const asProduction = await dostyk(['--directory', demo.directory, 'verify', file], { env });
  expect([asProduction.code, asProduction.stdout.includes('UNTRUSTED (demonstration)')]).toEqual([1, true]);
  const pinnedElsewhere = await dostyk(
    ['--directory', demo.directory, 'verify', file, '--demo', '--genesis', 'a'.repeat(64)],
    { env },
  );
  expect([pinnedElsewhere.code, pinnedElsewhere.stdout.includes('UNTRUSTED (registry-untrusted)')]).toEqual([1, true]);
});

test('a journey written by someone else runs with no change of code', async () => {
  const { dossier: _, ...body } = filing({
    from: 'KG',
    to: 'KZ',
    posts: ['kg-ak-jol', 'kz-korday'],
    description: 'Honey',
  });
  const path = join(folder, 'honey.json');
  const journey = {
    journey: 'honey',
    title: 'Honey over one crossing',
    steps: [
      {
        id: 'file',
        as: 'KG/exporter',
        call: 'POST /api/dossiers',
        body,
        expect: { status: 200 },
        save: { honey: '/dossier' },
      },
      {
        id: 'seen',
        as: 'KZ/customs',
        call: 'GET /api/dossiers/${honey}',
        until: { match: { '/version': 1 }, seconds: 30 },
      },
      {
        id: 'release',
        as: 'KZ/customs',
        call: 'POST /api/dossiers/${honey}/decisions',
        body: { version: 1, post: 'kz-korday', decision: 'release', reason: { code: 'in-order' } },
        expect: { status: 200 },
      },
      {
        id: 'back',
        as: 'KG/exporter',
        call: 'GET /api/dossiers/${honey}',
        until: { match: { '/timeline/1/state': 'released' }, seconds: 30 },
      },
    ],
    checks: [{ title: 'digests', digests: '${honey}', members: ['KG', 'KZ'] }],
  };
  writeFileSync(path, JSON.stringify(journey));
  const played = await dostyk(['--directory', demo.directory, 'play', path]);
  expect(played.code, played.stdout).toBe(0);
  writeFileSync(path, JSON.stringify({ ...journey, steps: [{ ...journey.steps[0], expect: { status: 409 } }] }));
  const failing = await dostyk(['--directory', demo.directory, 'play', path]);
  expect([failing.code, failing.stdout.includes("step 'file'")]).toEqual([1, true]);
  writeFileSync(path, JSON.stringify({ ...journey, steps: [{ id: 'x' }] }));
  const broken = await dostyk(['--directory', demo.directory, 'play', path]);
  expect([broken.code, broken.stderr.includes('/steps/0/as')]).toEqual([1, true]);
});

test('a fresh copy without the examples folder installs, builds and is whole', async () => {
  const copy = join(folder, 'copy');
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => !/\/(node_modules|\.git|\.dostyk|examples)(\/|$)/.test(path.slice(root.length)),
  });
  expect(existsSync(join(copy, 'examples'))).toBe(false);
  const { spawnSync } = await import('node:child_process');
  const { basePort } = await import('./ports.ts');
  const started = spawnSync(
    process.execPath,
    [join(copy, 'cli', 'dostyk.js'), 'start', '--once', '--port', String(await basePort())],
    { cwd: copy, encoding: 'utf8', timeout: 600_000 },
  );
  expect(started.status, started.stderr).toBe(0);
  expect(started.stderr).toContain('Serving after');
});

test('a member publishes its rules; every other member fetches them and answers by them', async () => {
  const run = (...args: string[]) => dostyk(['--directory', demo.directory, 'packs', ...args, '--json']);
  const own = join(folder, 'pack');
  cpSync(join(root, 'trade', 'packs', 'kz'), own, { recursive: true });
  const [columns, row = ''] = readFileSync(join(own, 'pack.csv'), 'utf8').split('\n');
  writeFileSync(join(own, 'pack.csv'), `${columns}\n${row.replace(/^(..),\d+/, '$1,7')}\n`);
  const publish = ['publish', own, '--as', 'KZ/ministry', '--reason', 'Confirmed for a test.'];
  expect(await run(...publish)).toMatchObject({ code: 2 });
  expect((await run(...publish.with(3, 'KZ/customs'), '--yes')).stdout).toContain('mandate-missing');
  const published = await run(...publish, '--yes');
  expect([published.code, JSON.parse(published.stdout).version], published.stderr).toEqual([0, 7]);
  expect((await run(...publish, '--yes')).stdout).toContain('pack-version-taken');
  for (const member of ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'])
    await eventually(async () => {
      const answer = await fetch(`${demo.address(member)}/api/packs?member=KZ&on=2027-01-01`);
      const { packs } = (await answer.json()) as { packs: { state: string; version: number }[] };
      return packs[0]?.state === 'confirmed' && packs[0].version === 7;
    });
  const fetched = join(folder, 'fetched');
  expect(await run('fetch', 'KZ', '7', '--as', 'CN/customs', '--to', fetched)).toMatchObject({ code: 0 });
  expect(readdirSync(fetched)).toEqual(readdirSync(own));
  for (const name of readdirSync(own))
    expect(readFileSync(join(fetched, name)).equals(readFileSync(join(own, name))), name).toBe(true);
  expect(await run('fetch', 'KZ', '7', '--as', 'CN/customs', '--to', fetched)).toMatchObject({ code: 2 });
  expect((await run('fetch', 'KZ', '8', '--as', 'CN/customs', '--to', fetched)).stdout).toContain('pack-unknown');
  const told = await dostyk(['--directory', demo.directory, 'packs', 'versions', 'KZ', '--as', 'TM/exporter']);
  expect(told.stdout).toMatch(/^ +7 .*confirmed by kz\.ministry, in force\n +Confirmed for a test\.\n +\d+ .*compiled/);
});

test('replaying every view gives the same digests', async () => {
  const member = 'KZ';
  const pid = await demo.nodePid(member);
  const environment = Object.fromEntries(
    readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  await eventually(async () => {
    const replayed = await dostyk(['replay', '--json'], { env: environment });
    expect(replayed.code, replayed.stdout + replayed.stderr).toBe(0);
    const report = JSON.parse(replayed.stdout) as { equal: boolean; records: number };
    return report.equal && report.records > 100;
  });
});
