import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import { askSecret, newPassphrase } from '../cli/terminal.ts';
import { dostyk } from './demo.ts';
import { MODULE, named, PIN, softToken, untested } from './softhsm.ts';

/** `dostyk key`: from nothing to a file that a node can use, and nothing lost or said on the way. */

const top = mkdtempSync(join(tmpdir(), 'dostyk-keys-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const secret = (name: string, text: string): string => {
  const path = join(top, name);
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
};
const FIRST = 'first passphrase';
const SECOND = 'second passphrase';
const first = secret('first', FIRST);
const second = secret('second', SECOND);
const file = join(top, 'log.key');
const run = async (passphraseFile: string | undefined, ...args: string[]) => {
  const environment = passphraseFile === undefined ? {} : { DOSTYK_KEY_PASSPHRASE_FILE: passphraseFile };
  const finished = await dostyk(['key', ...args], { env: environment });
  for (const one of [FIRST, SECOND]) expect(finished.stdout + finished.stderr).not.toContain(one);
  return finished;
};

test('a key is made, encrypted, given another passphrase, and put in clear; each final step asks', async () => {
  const made = await run(undefined, 'make', file, '--name', 'demo.aa.dostyk/log', '--role', 'log', '--plain', '--json');
  expect(made.code).toBe(0);
  const { vkey } = JSON.parse(made.stdout) as { vkey: string };
  const { seed } = JSON.parse(readFileSync(file, 'utf8')) as { seed: string };
  expect(made.stdout).not.toContain(seed);
  const again = await run(undefined, 'make', file, '--name', 'demo.aa.dostyk/log', '--role', 'log', '--plain');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('file-exists') });

  expect(await run(undefined, 'encrypt', file, '--new-passphrase-file', first)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--yes'),
  });
  expect(
    await run(undefined, 'encrypt', file, '--new-passphrase-file', secret('short', 'short'), '--yes'),
  ).toMatchObject({ code: 2 });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ vkey, seed });
  expect(await run(undefined, 'encrypt', file, '--new-passphrase-file', first, '--yes')).toMatchObject({ code: 0 });
  expect(readFileSync(file, 'utf8')).not.toContain(seed);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await run(undefined, 'encrypt', file, '--yes')).toMatchObject({ code: 3 });

  const shown = await run(first, 'show', file, '--open', '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({ vkey, form: 'encrypted', othersRead: false, opens: true });
  expect(await run(second, 'show', file, '--open')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('key-passphrase-wrong'),
  });
  // Nobody to ask, and no file: said, and not waited for.
  expect(await run(undefined, 'show', file, '--open')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('key-passphrase-missing'),
  });

  expect(await run(first, 'passphrase', file, '--new-passphrase-file', second, '--yes')).toMatchObject({ code: 0 });
  expect(await run(first, 'show', file, '--open')).toMatchObject({ code: 3 });
  expect(await run(second, 'decrypt', file, '--yes')).toMatchObject({ code: 0 });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ vkey, seed });
  expect(readdirSync(top).filter((name) => name.endsWith('.new'))).toEqual([]);
});

test('a key that is made without --plain is never in clear', async () => {
  const path = join(top, 'new.key');
  const args = ['make', path, '--name', 'demo.aa.dostyk/witness', '--role', 'witness'];
  expect(await run(undefined, ...args)).toMatchObject({ code: 3 });
  expect(existsSync(path)).toBe(false);
  expect(await run(undefined, ...args, '--new-passphrase-file', first)).toMatchObject({ code: 0 });
  expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')))).toEqual(['vkey', 'encrypted']);
  expect(await run(first, 'show', path, '--open')).toMatchObject({ code: 0 });
});

/** A terminal as Node shows one, with what a person types. */
function terminal(typed: readonly string[]) {
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
  const output = new PassThrough();
  let shown = '';
  const left = [...typed];
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    // Each question is answered when it stands there, and echo is off by then.
    if (!shown.endsWith(': ')) return;
    expect(raw.at(-1)).toBe(true);
    for (const letter of left.shift() ?? '') input.write(letter);
  });
  return { input, output, raw, shown: () => shown };
}

test('a person is asked without echo, may correct and break off, and says a new passphrase twice', async () => {
  const one = terminal(['pasx\u007fs 友谊\r']);
  expect(await askSecret('Passphrase: ', one)).toBe('pass 友谊');
  expect(one.shown()).toBe('Passphrase: \n');
  expect(one.raw).toEqual([true, false]);
  await expect(askSecret('Passphrase: ', terminal(['abc\u0003']))).rejects.toMatchObject({ code: 'usage' });
  const twice = terminal([`${FIRST}\r`, `${FIRST}\r`]);
  expect(await newPassphrase('log.key', undefined, twice)).toBe(FIRST);
  expect(twice.shown()).not.toContain(FIRST);
  await expect(newPassphrase('log.key', undefined, terminal([`${FIRST}\r`, `${SECOND}\r`]))).rejects.toMatchObject({
    code: 'usage',
  });
  const none = { input: Object.assign(new PassThrough(), { isTTY: false }), output: new PassThrough() };
  expect(() => askSecret('Passphrase: ', none)).toThrow(
    expect.objectContaining({ code: 'key-passphrase-missing' }) as Error,
  );
});

test.skipIf(untested !== undefined)(
  named('a key is made in a token by the command, and its file opens there'),
  async () => {
    const token = softToken('dostyk-command');
    try {
      const path = join(top, 'token.key');
      const environment = {
        DOSTYK_KEY_PIN_FILE: secret('pin', PIN),
        SOFTHSM2_CONF: process.env.SOFTHSM2_CONF ?? '',
      };
      const args = ['--module', MODULE, '--token', 'dostyk-command', '--key', 'log', '--name', 'demo.aa.dostyk/log'];
      const call = (...more: string[]) => dostyk(['key', ...more], { env: environment });
      expect(await call('token', path, ...args, '--role', 'log')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('token-key-missing'),
      });
      const made = await call('token', path, ...args, '--role', 'log', '--make', '--json');
      expect(made).toMatchObject({ code: 0 });
      expect(made.stdout + readFileSync(path, 'utf8')).not.toContain(PIN);
      expect(JSON.parse((await call('show', path, '--open', '--json')).stdout)).toMatchObject({
        form: 'token',
        vkey: (JSON.parse(made.stdout) as { vkey: string }).vkey,
        opens: true,
      });
      expect(await call('encrypt', path, '--yes')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('key-in-token'),
      });
    } finally {
      token.remove();
    }
  },
);
