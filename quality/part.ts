import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Demo, root } from '../test/demo.ts';

/** What the parts share: how they say what they found, and how they run a tool. */

export interface Result {
  /** What was looked at, e.g. 'spectral' or the name of a page. */
  readonly name: string;
  readonly value: string;
  /** As text, e.g. '≥ 95'. */
  readonly bound: string;
  readonly ok: boolean;
  /** What falls short, a line each. */
  readonly details?: readonly string[];
}

export interface Surroundings {
  /** A federation for whoever asks first, and for the parts after it. */
  readonly demo: () => Promise<Demo>;
  /** A folder that is removed at the end. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

export type Part = (surroundings: Surroundings) => Promise<readonly Result[]>;

export const QUALITY = join(root, 'quality');

/** Tools that would report their use, or ask for a newer version of themselves, are told not to. */
export const QUIET = {
  REDOCLY_TELEMETRY: 'off',
  REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
  SCARF_ANALYTICS: 'false',
  CI: '1',
};

/** Where one of the installed tools begins. */
export const tool = (name: string): string => join(QUALITY, 'node_modules', '.bin', name);

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script with this Node to its end. @param script a path, or the name of one of the installed tools */
export function run(
  script: string,
  args: readonly string[],
  { env = {}, heard }: { env?: NodeJS.ProcessEnv; heard?: (text: string) => void } = {},
): Promise<Finished> {
  const path = script.includes('/') ? script : tool(script);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...args], {
      cwd: root,
      env: { ...process.env, ...QUIET, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      heard?.(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      heard?.(text);
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A port of this machine that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
