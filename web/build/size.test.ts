import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

/** What a browser loads before the first page stands: the entry and all that it imports without being asked. */

const folder = fileURLToPath(new URL('../../dist/web/', import.meta.url));

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
}

test('the first page needs at most 150 kB of script, compressed, in every language', () => {
  const manifest = JSON.parse(readFileSync(`${folder}.vite/manifest.json`, 'utf8')) as Record<string, Chunk>;
  const needed = new Set<string>();
  const add = (name: string): void => {
    const chunk = manifest[name];
    if (chunk === undefined || needed.has(chunk.file)) return;
    needed.add(chunk.file);
    for (const one of chunk.imports ?? []) add(one);
  };
  add('index.html');
  expect(needed.size).toBeGreaterThan(0);
  const catalogues = Object.entries(manifest).filter(([name]) => /messages\/[a-z]{2}$/.test(name));
  expect(catalogues.length).toBe(8);
  // The less dense of the two forms in which it may be sent.
  const weigh = (file: string): number => gzipSync(readFileSync(folder + file)).length;
  const largest = Math.max(...catalogues.map(([, { file }]) => weigh(file)));
  const total = [...needed].filter((file) => file.endsWith('.js')).reduce((sum, file) => sum + weigh(file), largest);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThanOrEqual(150_000);
  expect(statSync(`${folder}index.html`).size).toBeLessThan(5000);
  if (process.env['MEASURE'] !== undefined) console.log(`${total} bytes of script for the first page`);
});
