// `npm test`: installs and builds what is missing, then types, lint and every test, with one closing line.
// Plain JavaScript on purpose: it must run before anything is installed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const started = Date.now();
let passed = 0;
let failed = 0;

function step(title, args, env = {}) {
  console.log(`\n== ${title}`);
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status === 0;
}

function counted(title, args) {
  if (step(title, args)) passed++;
  else failed++;
}

if (!step('packages and build', ['cli/dostyk.js'], { DOSTYK_PREPARE_ONLY: '1' })) process.exit(1);
counted('types', ['node_modules/typescript/bin/tsc', '--noEmit']);
counted('lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']);
const folder = mkdtempSync(join(tmpdir(), 'dostyk-results-'));
const results = join(folder, 'results.json');
const ok = step('tests', [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${results}`,
  ...process.argv.slice(2),
]);
try {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(results, 'utf8'));
  passed += numPassedTests;
  failed += numFailedTests;
  // What this machine has no device or package for is named, not passed over.
  for (const { fullName } of testResults.flatMap(({ assertionResults }) => assertionResults))
    if (fullName.startsWith('NOT TESTED')) console.log(fullName);
} catch (error) {
  console.error(`The results can't be read: ${error.message}`);
  failed++;
}
rmSync(folder, { recursive: true, force: true });
if (!ok && failed === 0) failed++;
console.log(`\n${Math.round((Date.now() - started) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
