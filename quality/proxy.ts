import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../test/demo.ts';
import { Gate } from './gate.ts';
import { type Part, type Result, run } from './part.ts';

/** The browser tests once more, with each call of the API held against the OpenAPI document on its way. */

/** Fewer calls than these, and what was to be looked at was not. */
const ENOUGH_CALLS = 150;

interface Tests {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export const proxy: Part = async ({ folder, say }) => {
  const gate = new Gate();
  const address = await gate.open();
  const file = join(folder, 'tests.json');
  say(`proxy: the browser tests through ${address}`);
  try {
    const { stdout, stderr } = await run(
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      [
        'run',
        ...['test/web-', '--exclude', 'test/web-desk-speed.test.ts', '--no-file-parallelism'],
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
      ],
      { env: { DOSTYK_API_PROXY: address }, heard: (text) => say(text.trimEnd()) },
    );
    let tests: Tests;
    try {
      tests = JSON.parse(readFileSync(file, 'utf8')) as Tests;
    } catch {
      throw new Error(`the tests did not run:\n${stdout}${stderr}`);
    }
    return results(gate, tests);
  } finally {
    await gate.close();
  }
};

function results(gate: Gate, tests: Tests): readonly Result[] {
  const failed = tests.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]?.split('\n')[0] ?? ''}`);
  const calls = [...gate.calls.values()].reduce((sum, one) => sum + one, 0);
  const { numPassedTests, numFailedTests } = tests;
  return [
    {
      name: 'browser tests',
      value: `${numPassedTests} passed, ${numFailedTests} failed`,
      bound: '0 failed',
      ok: numPassedTests > 0 && numFailedTests === 0,
      details: failed,
    },
    {
      name: 'validated calls',
      value: `${calls} of ${gate.calls.size} kinds, ${gate.declined} declined, ${gate.passedBy} passed by`,
      bound: `≥ ${ENOUGH_CALLS}`,
      ok: calls >= ENOUGH_CALLS,
      details: ['Too few: the browser does not come by here, or the tests broke off.'],
    },
    {
      name: 'violations',
      value: String(gate.violations.length),
      bound: '0',
      ok: gate.violations.length === 0,
      details: [...new Set(gate.violations)],
    },
  ];
}
