// `npm run quality -- [PART…]`: installs and builds what is missing, then runs quality/main.ts from its source.
// Plain JavaScript on purpose: it must run before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const PARTS = ['lint', 'lighthouse', 'proxy'];
const HELP = `usage: npm run quality -- [PART…] [--json]

Runs checks by other people's tools on a demonstration of its own. Without a PART all of them.

  lint        the OpenAPI document that a node serves, by Spectral and Redocly
  lighthouse  seven pages by Lighthouse, the median of three runs each
  proxy       the browser tests with each call of the API through Prism, which holds it against the OpenAPI document

  --json      the results as JSON on standard output, everything else on standard error
  --help      this

Exit codes: 0 all held  1 a part falls short  2 wrong usage  3 the tools can't be installed or built
The tools are installed on the first run, into quality/node_modules.`;

const given = process.argv.slice(2);
if (given.includes('--help') || given.includes('-h')) {
  console.log(HELP);
  process.exit(0);
}
const parts = given.filter((one) => one !== '--json');
const unknown = parts.filter((one) => !PARTS.includes(one));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(' ')}\n\n${HELP}`);
  process.exit(2);
}

/** Everything that is no result goes to standard error. */
function prepare(title, command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    // `npm run --silent` would silence what fails here as well.
    env: { ...process.env, npm_config_loglevel: 'error', ...env },
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  console.error(`${title} failed. ${error?.message ?? ''}`);
  process.exit(3);
}

prepare('Building', process.execPath, [join(root, 'cli', 'dostyk.js')], { DOSTYK_PREPARE_ONLY: '1' });
const installed = join(here, 'node_modules', '.package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(join(here, 'package-lock.json')).mtimeMs - 1000) {
  console.error('Installing the tools …');
  // No install script is needed; one of them would report the installation to its maker.
  prepare('Installing the tools', 'npm', ['ci', '--prefix', here, '--ignore-scripts', '--no-audit', '--no-fund']);
}
const { runnerImport } = await import('vite');
const options = { root, configFile: false, logLevel: 'error' };
const { module } = await runnerImport(join(here, 'main.ts'), options);
process.exit(await module.main(parts.length === 0 ? PARTS : parts, { json: given.includes('--json') }));
