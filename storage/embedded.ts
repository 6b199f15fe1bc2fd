import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../values/refusal.ts';
import { connect } from './connection.ts';
import {
  chooseHome,
  earlierHome,
  installBinaries,
  type RunAs,
  readSettings,
  serverUser,
  writeSettings,
} from './embedded-home.ts';

export { removeEmbedded } from './embedded-home.ts';

/**
 * A real PostgreSQL of the project's own, from binaries inside an npm package. PostgreSQL refuses to run
 * as root, and a 0700 folder above shuts others out: as root, binaries and data lie in a folder that
 * `nobody` can reach and the server runs as `nobody`.
 */
export interface EmbeddedOptions {
  /** Where the server's data, port and password are kept. */
  readonly directory: string;
  /** Without it, the one of before, or a free one where that is taken. */
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

function chownAll(folder: string, user: RunAs): void {
  chownSync(folder, user.uid, user.gid);
  for (const name of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, name.name);
    if (name.isDirectory()) chownAll(path, user);
    else if (!name.isSymbolicLink()) chownSync(path, user.uid, user.gid);
  }
}

/** Whether a server may listen there; 0 asks for any port. Resolves to the port, or undefined where it is taken. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
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

/** When a process began, in the kernel's own count: with its id it names the process for good. Empty where that isn't told. */
function beganAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? 'ended' : (fields[18] ?? '');
  } catch {
    // No such process, or no such file system.
    return '';
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

/**
 * A lock file whose process has ended is PostgreSQL's own to clear; one whose number another program has by now would keep it from
 * starting for ever. A server whose starter was killed is left over: it is stopped. A live server of a live process is a refusal.
 */
async function clearTheWay(data: string, owner: { pid: number; since: string } | undefined): Promise<void> {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!(pid > 0) || !alive(pid)) return;
  const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') : [];
  if (command.length > 1 && !command.includes(data)) {
    rmSync(file);
    return;
  }
  const leftOver =
    owner !== undefined && beganAt(owner.pid) !== owner.since && (owner.since !== '' || !alive(owner.pid));
  if (!leftOver) {
    throw new Refusal(409, 'postgres-running', `Another PostgreSQL (process ${pid}) uses ${data}.`, {
      params: { pid },
      remedy: 'Stop the other instance, or use another --directory.',
    });
  }
  for (const [signal, patience] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 10_000],
  ] as const) {
    process.kill(pid, signal);
    for (const until = performance.now() + patience; performance.now() < until; await delay(50))
      if (!existsSync(file)) return;
  }
}

/**
 * Starts the server; resolves once it answers.
 *
 * @throws Refusal `postgres-missing`, `postgres-running`, `postgres-init-failed`, `postgres-start-failed`,
 *   `postgres-settings-unreadable`, `postgres-unreachable-folder`
 * @example const server = await startEmbedded({ directory: '.dostyk/postgres' });
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const directory = resolve(options.directory);
  const user = serverUser();
  mkdirSync(directory, { recursive: true });
  const known = readSettings(directory);
  const home = known?.home ?? (known && earlierHome(directory)) ?? chooseHome(directory, user);
  const data = join(home, 'data');
  await clearTheWay(data, known?.owner);
  const port = options.port ?? (known?.port && (await tryPort(known.port))) ?? (await tryPort(0));
  if (port === undefined) throw new Refusal(500, 'postgres-start-failed', 'No port on 127.0.0.1 is free.');
  const password = known?.password ?? randomBytes(24).toString('hex');
  const native = installBinaries(directory, home);
  // Written before the data are made: data whose password nobody knows would be lost.
  writeSettings(directory, { port, password, home, owner: { pid: process.pid, since: beganAt(process.pid) } });
  initialise(native, data, password, user);
  if (user !== undefined && statSync(data).uid !== user.uid) chownAll(data, user);

  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    max_connections: 200,
    shared_buffers: '128MB',
    log_min_messages: 'warning',
    // Rows, which hold what was declared, stay out of its log.
    log_error_verbosity: 'terse',
    timezone: 'UTC',
  };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
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
        options.onLog?.(line);
      }
    });
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
    child.once('error', (error) => {
      tail.push(error.message);
      resolve(null);
    });
  });
  const adminUrl = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  await answers(adminUrl, child, exited, tail);
  return { adminUrl, port, pid: child.pid ?? 0, exited, stop: () => stop(child, exited) };
}

/** Waits until the server answers, or says why it does not. */
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
  for (const until = performance.now() + 60_000; ; ) {
    const sql = connect(url, { max: 1 });
    try {
      await Promise.race([sql`SELECT 1`, failed]);
      return;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      const denied = (error as { code?: string }).code === '28P01';
      if (denied || performance.now() > until) {
        await stop(child, exited);
        throw new Refusal(
          500,
          'postgres-start-failed',
          denied ? 'The password in server.json is not that of the data.' : 'PostgreSQL does not answer.',
          { cause: error, ...(denied ? { remedy: 'Restore server.json, or remove the folder to begin anew.' } : {}) },
        );
      }
      await delay(50);
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
