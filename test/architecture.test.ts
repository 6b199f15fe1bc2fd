import { expect, test } from 'vitest';
import { breaches, readSources } from './architecture.ts';

const root = new URL('..', import.meta.url).pathname;
const sources = readSources(root);
const MEMBERS = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'];

test('the house keeps its rules', () => {
  expect(sources.size).toBeGreaterThan(20);
  expect(breaches(sources, MEMBERS)).toEqual([]);
});

const planted: readonly [string, string, string, RegExp][] = [
  [
    'values imports nothing of ours',
    'values/planted.ts',
    "import { Refusal } from '../log/note.ts';",
    /values\/planted.ts may not import/,
  ],
  [
    'log knows no ledger',
    'log/planted.ts',
    "import { Ledger } from '../ledger/ledger.ts';",
    /log\/planted.ts may not import/,
  ],
  ['log has no node: module', 'log/planted.ts', "import { readFileSync } from 'node:fs';", /no node: module/],
  [
    'a pure file sees no storage',
    'trade/planted.ts',
    "import { connect } from '../storage/connection.ts';",
    /trade\/planted.ts may not import/,
  ],
  [
    'a store sees no ledger',
    'trade/planted-store.ts',
    "import { Ledger } from '../ledger/ledger.ts';",
    /trade\/planted-store.ts may not import/,
  ],
  [
    'http sees no store',
    'http/planted.ts',
    "import * as store from '../trade/store.ts';",
    /http\/planted.ts may not import/,
  ],
  [
    'a new folder needs a row',
    'novel/planted.ts',
    "import { Refusal } from '../values/refusal.ts';",
    /not in the import table/,
  ],
  ['pure code has no clock', 'trade/planted.ts', 'export const at = Date.now();', /pure code takes clock/],
  ['no code names a member', 'trade/planted.ts', "export const first = 'KZ';", /members are data/],
  ['no endless files', 'trade/planted.ts', '\n'.repeat(600), /over 500/],
];

test.each(planted)('seen red: %s', (_, path, text, message) => {
  const found = breaches(new Map([...sources, [path, text]]), MEMBERS);
  expect(found.join('\n')).toMatch(message);
});

test('seen red: a cycle', () => {
  const cyclic = new Map([
    ['trade/a.ts', "import { b } from './b.ts';"],
    ['trade/b.ts', "import { a } from './a.ts';"],
  ]);
  expect(breaches(cyclic, MEMBERS).join()).toMatch(/cycle/);
});
