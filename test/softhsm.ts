import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredKey } from '../members/key-file.ts';
import type { Secrets } from '../members/key-secrets.ts';
import { readKey } from '../members/keys.ts';
import { concat, fromBase64, fromHex } from '../values/bytes.ts';

/** A token of SoftHSM, where Debian's packages put it: `apt-get install softhsm2`. DOSTYK_TEST_SOFTHSM names it elsewhere, or is empty. */

const PLACES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
];
const { DOSTYK_TEST_SOFTHSM: asked } = process.env;

function whyNot(library: string | undefined): string | undefined {
  if (library === undefined) return 'there is no SoftHSM on this machine';
  try {
    createRequire(import.meta.url).resolve('koffi');
    execFileSync('softhsm2-util', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    return `SoftHSM can't be used: ${(error as Error).message.split('\n')[0]}`;
  }
}

const library = (asked === undefined ? PLACES : [asked]).find((path) => path !== '' && existsSync(path));
export const MODULE = library ?? '/absent';
/** Why nothing was tested with a token; undefined where it can be. */
export const untested = whyNot(library);
/** Says in the title what the run then prints. */
export const named = (title: string): string => (untested === undefined ? title : `NOT TESTED, ${untested}: ${title}`);

export const PIN = '246810';

export interface Token {
  readonly label: string;
  readonly secrets: Secrets;
  /** Puts the seed of a key file into the token and the token's place into the file. */
  take(path: string, key: string): void;
  /** As if it were drawn out of its reader. */
  away(): void;
  back(): void;
  remove(): void;
}

let configured: string | undefined;

/** SoftHSM reads its configuration once a process: all tokens of a process are in one folder. */
function tokens(): string {
  if (configured === undefined) {
    configured = mkdtempSync(join(tmpdir(), 'dostyk-softhsm-'));
    mkdirSync(join(configured, 'tokens'));
    const conf = join(configured, 'softhsm2.conf');
    writeFileSync(
      conf,
      `directories.tokendir = ${configured}/tokens\nobjectstore.backend = file\nslots.removable = true\nlog.level = ERROR\n`,
    );
    process.env.SOFTHSM2_CONF = conf;
  }
  return configured;
}

export function softToken(label: string): Token {
  const folder = tokens();
  const util = (...args: string[]) => execFileSync('softhsm2-util', args, { stdio: 'pipe' });
  util('--init-token', '--free', '--label', label, '--pin', PIN, '--so-pin', '12345678');
  let count = 0;
  return {
    label,
    secrets: { pin: async () => PIN, passphrase: async () => '' },
    take(path, key) {
      const { vkey, seed } = readKey(path);
      const der = concat(fromHex('302e020100300506032b657004220420'), fromBase64(seed));
      const pem = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
      const file = join(folder, 'import.pem');
      writeFileSync(file, pem.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
      count++;
      const id = count.toString(16).padStart(2, '0');
      util('--import', file, '--token', label, '--label', key, '--id', id, '--pin', PIN);
      rmSync(file);
      const stored: StoredKey = { vkey, pkcs11: { module: MODULE, token: label, key } };
      rmSync(path);
      writeFileSync(path, JSON.stringify(stored), { mode: 0o600 });
    },
    away: () => renameSync(join(folder, 'tokens'), join(folder, 'away')),
    back: () => renameSync(join(folder, 'away'), join(folder, 'tokens')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
