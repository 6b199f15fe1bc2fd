import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dostyk, type Finished } from './demo.ts';

/** `dostyk registry`: six offline keys and one next version, on paper between them. */

const top = mkdtempSync(join(tmpdir(), 'dostyk-registry-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const directory = join(top, 'demo');
const draft = join(top, 'next.json');
const run = (...args: string[]): Promise<Finished> => dostyk(['--directory', directory, ...args]);
const keyOf = (member: string) => join(directory, 'members', member, 'keys', 'member.key');
const edit = (change: (document: { members: { code: string; address: string }[]; quorum: number }) => void) => {
  const document = JSON.parse(readFileSync(draft, 'utf8'));
  change(document);
  writeFileSync(draft, JSON.stringify(document, null, 2));
};

test('a change of everyone gathers six signatures, is checked, and takes effect once it is whole', async () => {
  expect((await run('init')).code).toBe(0);
  expect(await run('registry', 'draft', draft)).toMatchObject({ code: 0 });
  expect(await run('registry', 'draft', draft)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('file-exists'),
  });
  edit((document) => {
    document.quorum = 3;
  });
  expect(await run('registry', 'check', draft, '--json')).toMatchObject({ code: 1 });
  for (const member of ['cn', 'kg', 'kz', 'tj', 'tm'])
    expect(await run('registry', 'sign', draft, '--key', keyOf(member))).toMatchObject({ code: 0 });
  const short = await run('registry', 'check', draft, '--json');
  expect(JSON.parse(short.stdout)).toMatchObject({ kind: 'everyone', complete: false, missing: ['UZ'] });
  expect(await run('registry', 'add', draft, '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('registry-incomplete'),
  });
  // What was signed is the text: a draft that changes afterwards has lost its signatures.
  const before = readFileSync(draft, 'utf8');
  edit((document) => {
    document.quorum = 2;
  });
  expect(JSON.parse((await run('registry', 'check', draft, '--json')).stdout).signed).toEqual([]);
  writeFileSync(draft, before);
  // Kept as it should be: encrypted, away from any node.
  const passphrase = join(top, 'passphrase');
  writeFileSync(passphrase, 'a long passphrase\n', { mode: 0o600 });
  await run('key', 'encrypt', keyOf('uz'), '--new-passphrase-file', passphrase, '--yes');
  expect(await run('registry', 'sign', draft, '--key', keyOf('uz'))).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('key-passphrase-missing'),
  });
  await dostyk(['--directory', directory, 'registry', 'sign', draft, '--key', keyOf('uz')], {
    env: { DOSTYK_KEY_PASSPHRASE_FILE: passphrase },
  });
  expect(await run('registry', 'add', draft)).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  expect(await run('registry', 'add', draft, '--yes')).toMatchObject({ code: 0 });
  expect(JSON.parse((await run('members', '--json')).stdout)).toMatchObject({ version: 2, quorum: 3 });
  expect(await run('registry', 'add', draft, '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the next is 3'),
  });
});

test('a member alone for its own entry, and a key that has no say', async () => {
  rmSync(draft);
  rmSync(draft.replace('.json', '.note'));
  await run('registry', 'draft', draft);
  edit(({ members }) => {
    for (const member of members) if (member.code === 'KZ') member.address = 'https://dostyk.example';
  });
  expect(
    await run('registry', 'sign', draft, '--key', join(directory, 'members', 'kz', 'keys', 'log.key')),
  ).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('signature-not-asked'),
  });
  expect((await run('registry', 'sign', draft, '--key', keyOf('kz'))).stdout).toContain('every signature it needs');
  expect(await run('registry', 'add', draft, '--yes')).toMatchObject({ code: 0 });
  const shown = JSON.parse((await run('registry', 'show', '--json')).stdout);
  expect(shown.versions.map(({ kind, member }: { kind: string; member?: string }) => [kind, member])).toEqual([
    ['genesis', undefined],
    ['everyone', undefined],
    ['own-entry', 'KZ'],
  ]);
});
