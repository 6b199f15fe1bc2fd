import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROBLEMS } from '../http/problems.ts';
import { readSources } from './architecture.ts';
import { dostyk, root } from './demo.ts';

/** What the documents say of the program is so. */

const readme = readFileSync(join(root, 'README.md'), 'utf8');

interface Row {
  named: string;
  command: string;
  proof: string;
  state: string;
}

function rowsOf(text: string): Row[] {
  const table = text.slice(text.indexOf('| Named in the source'));
  return table
    .split('\n\n')[0]!
    .split('\n')
    .slice(2)
    .map((line) => {
      const [, named = '', , command = '', proof = '', state = ''] = line.split('|').map((cell) => cell.trim());
      return { named, command: command.replaceAll('`', ''), proof: proof.replaceAll('`', ''), state };
    });
}

/** Why a row that says *works* can't be believed. */
function doubts(row: Row): string[] {
  if (row.state !== 'works' && row.state !== 'first cut') return [];
  return [
    ...(row.command.startsWith('dostyk ') ? [] : [`${row.named}: no command`]),
    ...(row.proof !== '' && existsSync(join(root, row.proof)) ? [] : [`${row.named}: no test ${row.proof}`]),
  ];
}

test('the table names every part of the framework, and what works has a command and a test', async () => {
  const rows = rowsOf(readme);
  expect(rows.map(({ named }) => named)).toEqual([
    'six equal members',
    'treaty',
    'the Spirit (respect, trust, benefit, assistance)',
    'result-oriented framework',
    'security framework',
    'platform on smooth trade',
    'centre on poverty reduction',
    'centre on education exchange',
    'centre on desertification',
    'smooth trade',
    'industrial investment',
    'connectivity',
    'green mining',
    'agricultural modernization',
    'personnel exchanges',
    'multilateral and open',
  ]);
  expect(rows.flatMap(doubts)).toEqual([]);
  expect(rows.every(({ state }) => ['works', 'first cut', 'planned'].includes(state))).toBe(true);
  for (const { command } of rows.filter(({ state }) => state === 'works')) {
    const help = await dostyk([...command.split(' ').slice(1), '--help']);
    expect([command, help.code]).toEqual([command, 0]);
  }
});

test('seen red: a row that works without a test', () => {
  expect(doubts({ named: 'x', command: 'dostyk members', proof: 'test/absent.test.ts', state: 'works' })).toEqual([
    'x: no test test/absent.test.ts',
  ]);
  expect(doubts({ named: 'x', command: '', proof: 'test/readme.test.ts', state: 'works' })).toEqual(['x: no command']);
});

test('every command has help and tells its exit codes', async () => {
  const commands = [
    '',
    'start',
    'up',
    'node',
    'init',
    'play',
    'dossier',
    'dossier file',
    'dossier import',
    'dossier show',
    'dossier list',
    'dossier amend',
    'dossier withdraw',
    'movement',
    'movement declare',
    'decide',
    'certificate issue',
    'certificate revoke',
    'verify',
    'key',
    'key encrypt',
    'key token',
    'log show',
    'log prove',
    'log audit',
    'members',
    'replay',
    'doctor',
    'recover',
    'succeed',
    'registry show',
    'registry draft',
    'registry sign',
    'registry check',
    'registry add',
    'delegation add',
    'attachment put',
    'requirement list',
    'packs',
    'packs check',
    'packs coverage',
    'goods',
    'requirements',
  ];
  const helps = await Promise.all(commands.map((command) => dostyk([...command.split(' ').filter(Boolean), '--help'])));
  expect(helps.map(({ code }) => code)).toEqual(commands.map(() => 0));
  expect(helps[0]!.stdout).toContain('Exit codes: 0 done');
  const wrong = await Promise.all([
    dostyk(['nonsense']),
    dostyk(['verify']),
    dostyk(['dossier', 'show', 'x', '--nonsense']),
    dostyk(['dossier', 'list']),
    dostyk(['decide', 'x']),
  ]);
  expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
});

test('every code that the sources can answer with is explained', () => {
  const codes = new Set<string>();
  for (const [path, text] of readSources(root)) {
    if (path.includes('.test.') || path.startsWith('test/')) continue;
    for (const match of text.replaceAll(/\/\*[\s\S]*?\*\//g, '').matchAll(/new Refusal\(\s*[^,]+?,\s*'([a-z0-9-]+)'/g))
      codes.add(match[1]!);
  }
  expect(codes.size).toBeGreaterThan(80);
  expect([...codes].filter((code) => !Object.hasOwn(PROBLEMS, code))).toEqual([]);
});

test('links in the documents lead somewhere', () => {
  for (const name of [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'THREATS.md',
    'OPERATIONS.md',
  ]) {
    const text = readFileSync(join(root, name), 'utf8');
    for (const match of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect([name, match[1], existsSync(join(root, match[1]!))]).toEqual([name, match[1], true]);
    for (const match of text.matchAll(/`((?:[a-z]+\/)+[a-z-]+(?:\.test)?\.ts)`/g))
      expect([name, match[1], existsSync(join(root, match[1]!))]).toEqual([name, match[1], true]);
  }
});
