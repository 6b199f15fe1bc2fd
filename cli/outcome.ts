import { Refusal } from '../values/refusal.ts';

/** How a command ends and what it prints. Results go to stdout, everything else to stderr. */

export const EXIT = { done: 0, declined: 1, usage: 2, unavailable: 3, interrupted: 130 } as const;

export const EXIT_HELP =
  'Exit codes: 0 done, 1 declined or a negative answer, 2 wrong usage, 3 something is not available, 130 interrupted.';

export function printJson(value: unknown): void {
  process.stdout.write(
    `${JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one), 2)}\n`,
  );
}

/** Prints a result: as data with --json, else by `human`. */
export function print(json: boolean | undefined, value: unknown, human: () => string): void {
  if (json === true) printJson(value);
  else process.stdout.write(`${human()}\n`);
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A line that is overwritten on a terminal, and on anything else printed now and then. */
export function progress(act: string): (done: number, of?: number) => void {
  let last = 0;
  return (done, of) => {
    const now = performance.now();
    const complete = done === of;
    if (now - last < (process.stderr.isTTY ? 100 : 2000) && !complete) return;
    last = now;
    const line = `${act}: ${done}${of === undefined ? '' : ` of ${of}`}`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}${complete ? '\n' : ''}` : `${line}\n`);
  };
}

export function exitCodeOf(refusal: Refusal): number {
  if (refusal.code === 'usage') return EXIT.usage;
  return refusal.status >= 500 ? EXIT.unavailable : EXIT.declined;
}

/** Says what was wrong, where, and what to do. */
export function describe(refusal: Refusal): string {
  const lines = [`${refusal.message} [${refusal.code}]`];
  for (const { path, message, row, column } of refusal.findings) {
    const place = row === undefined ? path : `row ${row}${column === undefined ? '' : `, column ${column}`}`;
    lines.push(`  ${place}: ${message}`);
  }
  if (refusal.remedy !== undefined) lines.push(refusal.remedy);
  return lines.join('\n');
}

/** Ends the process for whatever was thrown. */
export function fail(error: unknown, json: boolean): never {
  const refusal = error instanceof Refusal ? error : undefined;
  if (json) {
    printJson({
      error:
        refusal === undefined
          ? { code: 'internal', detail: (error as Error).message }
          : {
              code: refusal.code,
              detail: refusal.message,
              findings: refusal.findings,
              params: refusal.params,
              remedy: refusal.remedy,
            },
    });
  }
  say(refusal === undefined ? ((error as Error).stack ?? String(error)) : describe(refusal));
  process.exit(refusal === undefined ? EXIT.unavailable : exitCodeOf(refusal));
}
