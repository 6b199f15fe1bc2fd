import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readPack } from './pack.ts';

/** The packs that ship: read whole, and no value without the place where it was read. */

const folder = new URL('../packs/', import.meta.url).pathname;
const members = readdirSync(folder).sort();

test('some packs ship', () => {
  expect(members.length).toBeGreaterThan(0);
});

test.each(members)('the pack of %s is whole and cites every value', (member) => {
  const files = readdirSync(`${folder}${member}`);
  const read = readPack(new Map(files.map((name) => [name, readFileSync(`${folder}${member}/${name}`, 'utf8')])));
  expect('faults' in read ? read.faults : []).toEqual([]);
  if ('faults' in read) return;
  const { pack } = read;
  expect(pack.member.toLowerCase()).toBe(member);
  const uncited = pack.measures.filter(({ rate, citation }) => citation === undefined && rate?.op !== 'unknown');
  expect(uncited.map(({ measure }) => measure)).toEqual([]);
  for (const { source, address } of pack.sources.values())
    expect(
      new URL(address).pathname.length + new URL(address).search.length,
      `${source} leads to a page`,
    ).toBeGreaterThan(1);
  // Made up is for tests.
  expect(pack.measures.filter(({ citation }) => citation?.confidence === 'demonstration')).toEqual([]);
});
