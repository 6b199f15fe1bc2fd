import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder that holds the project's package.json, from sources and from the build alike: SQL, data and
 * fonts stand only beside the sources.
 */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'dostyk')
      return folder;
    if (dirname(folder) === folder) throw new Error('no package.json of dostyk above this file');
  }
}
