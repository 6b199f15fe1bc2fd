import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RegistryVersion } from './registry-document.ts';

/**
 * Versions in a folder, `000001.note` and `000001.json` and so on.
 * @param known those that came another way: they stand in for files that are not there
 */
export function readRegistryFolder(folder: string, known: readonly RegistryVersion[] = []): RegistryVersion[] {
  const numbers = new Set(
    readdirSync(folder).flatMap((name) => (/^\d{6}\.note$/.test(name) ? [Number.parseInt(name, 10)] : [])),
  );
  const read = (number: number): RegistryVersion => {
    const path = join(folder, String(number).padStart(6, '0'));
    return { note: readFileSync(`${path}.note`, 'utf8'), json: readFileSync(`${path}.json`, 'utf8') };
  };
  const last = Math.max(0, ...numbers);
  return Array.from({ length: last }, (_, i) => (numbers.has(i + 1) ? read(i + 1) : known[i])).filter(
    (version) => version !== undefined,
  );
}
