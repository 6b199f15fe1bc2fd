import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../storage/package-root.ts';

/**
 * Other people's programs stand in a package of their own, so that who builds the product installs none of them: installed on the first
 * run that asks for one of them.
 */
export function peersRequire(...names: readonly string[]): NodeJS.Require {
  const folder = join(packageRoot(), 'bench', 'peers');
  if (names.some((name) => !existsSync(join(folder, 'node_modules', name))))
    spawnSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
  return createRequire(join(folder, 'package.json'));
}
