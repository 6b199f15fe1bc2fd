import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Keeps a process running: when it dies it is started again, after a pause that grows while it keeps dying. */
export interface SupervisedOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly onExit?: (name: string, code: number | null, pauseMs: number) => void;
}

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 10_000;
/** A process that lived this long has recovered: the next pause is the first again. */
const RECOVERED = 30_000;

export class Supervised {
  readonly #options: SupervisedOptions;
  readonly #abort = new AbortController();
  #child: ChildProcess | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    const { name, command, args, env, logFile, onExit } = this.#options;
    mkdirSync(dirname(logFile), { recursive: true });
    let pause = FIRST_PAUSE;
    while (!this.#abort.signal.aborted) {
      const log = createWriteStream(logFile, { flags: 'a' });
      const started = performance.now();
      const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      this.#child = child;
      child.stdout?.pipe(log, { end: false });
      child.stderr?.pipe(log, { end: false });
      const code = await new Promise<number | null>((resolve) => {
        child.once('exit', resolve);
        child.once('error', () => resolve(null));
      });
      log.end();
      if (this.#abort.signal.aborted) return;
      if (performance.now() - started > RECOVERED) pause = FIRST_PAUSE;
      onExit?.(name, code, pause);
      await delay(pause, undefined, { signal: this.#abort.signal }).catch(() => undefined);
      pause = Math.min(LONGEST_PAUSE, pause * 2);
    }
  }

  /** Asks the process to end, and after a while makes it. */
  async stop(graceMs = 8000): Promise<void> {
    this.#abort.abort();
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await this.#loop;
      clearTimeout(force);
    }
  }
}
