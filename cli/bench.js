// `npm run bench -- NAME`: builds what is missing, then runs bench/NAME.ts from the build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const names = readdirSync(join(root, 'bench'))
  .filter(
    (name) =>
      name.endsWith('.ts') &&
      !name.endsWith('.test.ts') &&
      !['filling.ts', 'peer-packages.ts', 'report.ts', 'synthetic-packs.ts'].includes(name),
  )
  .map((name) => name.slice(0, -3));
const [name = '', ...rest] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [--full]\nNAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
const prepared = spawnSync(process.execPath, [join(root, 'cli', 'dostyk.js')], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, DOSTYK_PREPARE_ONLY: '1' },
});
if (prepared.status !== 0) process.exit(prepared.status ?? 3);
const module = join(root, 'dist', 'bench', `${name}.js`);
if (!existsSync(module)) throw new Error(`${module} was not built`);
const { run } = await import(pathToFileURL(module).href);
await run({ full: rest.includes('--full') });
process.exit(0);
