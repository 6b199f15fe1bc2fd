import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient, credentialsFor } from '../cli/api-client.ts';
import { removeEmbedded } from '../storage/embedded.ts';
import { basePort } from './ports.ts';

/** A whole demonstration as a user runs it: the built command in its own process, nodes and PostgreSQL as children. */
export const root = new URL('..', import.meta.url).pathname.replace(/\/$/, '');
const COMMAND = join(root, 'cli', 'dostyk.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. */
export function dostyk(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(options.input ?? '');
  });
}

export interface Demo {
  readonly directory: string;
  readonly child: ChildProcess;
  readonly log: () => string;
  client(as: string): ApiClient;
  address(member: string): string;
  /** Process id of a member's node, as the system has it now. */
  nodePid(member: string): Promise<number>;
  stop(): Promise<number | null>;
}

/** @param env for the demonstration and each of its nodes */
export async function startDemo(env: NodeJS.ProcessEnv = {}): Promise<Demo> {
  const directory = join(mkdtempSync(join(tmpdir(), 'dostyk-demo-')), 'demo');
  const child = spawn(process.execPath, [COMMAND, '--directory', directory, 'up', '--port', String(await basePort())], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const until = Date.now() + 600_000;
  while (!log.includes('Serving until')) {
    if (child.exitCode !== null || Date.now() > until) {
      // Else it goes on starting, at ports that the next test may draw.
      child.kill('SIGTERM');
      throw new Error(`the demonstration did not come up:\n${log}`);
    }
    await delay(100);
  }
  const settings = (member: string) =>
    JSON.parse(readFileSync(join(directory, 'members', member.toLowerCase(), 'node.json'), 'utf8')) as {
      address: string;
      port: number;
    };
  const clients = new Map<string, ApiClient>();
  return {
    directory,
    child,
    log: () => log,
    client(as) {
      const known = clients.get(as) ?? new ApiClient(credentialsFor(as, directory, {}));
      clients.set(as, known);
      return known;
    },
    address: (member) => settings(member).address,
    async nodePid(member) {
      const { port } = settings(member);
      const { readdirSync } = await import('node:fs');
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
          const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          if (
            command.includes('main.js\0node') &&
            environment.split('\0').includes(`PORT=${port}`) &&
            environment.includes(directory)
          )
            return Number(pid);
        } catch {
          // The process ended while we looked.
        }
      }
      throw new Error(`no process of ${member}`);
    },
    async stop() {
      child.kill('SIGTERM');
      const code = await ended;
      removeEmbedded(join(directory, 'postgres'));
      rmSync(join(directory, '..'), { recursive: true, force: true });
      return code;
    },
  };
}

/** Waits until a condition holds. The limit is for what never comes to hold: a busy machine takes long, and is not wrong. */
export async function eventually<T>(act: () => Promise<T | undefined | false>): Promise<T> {
  // As long as six nodes on a busy machine may take.
  const seconds = 400;
  const until = Date.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const value = await act();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) throw new Error(`not within ${seconds} s${last === undefined ? '' : `: ${String(last)}`}`);
    await delay(150);
  }
}
