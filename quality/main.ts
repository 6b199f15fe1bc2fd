import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Demo, startDemo } from '../test/demo.ts';
import { lighthouse } from './lighthouse.ts';
import { lint } from './lint.ts';
import type { Part, Result } from './part.ts';
import { proxy } from './proxy.ts';

/** Runs the parts one after the other, and says at the end what each found. */

const PARTS: Readonly<Record<string, Part>> = { lint, lighthouse, proxy };

interface Row extends Result {
  readonly part: string;
}

/** @returns the exit code: 0 all held, 1 something falls short */
export async function main(names: readonly string[], { json }: { readonly json: boolean }): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'dostyk-quality-'));
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  let running: Promise<Demo> | undefined;
  const demo = (): Promise<Demo> => {
    if (running === undefined) say('Starting a demonstration');
    running ??= startDemo();
    return running;
  };
  const rows: Row[] = [];
  try {
    for (const name of names) rows.push(...(await runPart(name, { demo, folder, say })));
  } finally {
    await (await running?.catch(() => undefined))?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const ok = rows.every((row) => row.ok);
  process.stdout.write(json ? `${JSON.stringify({ ok, node: process.version, rows }, null, 2)}\n` : table(rows));
  return ok ? 0 : 1;
}

/** A part that breaks off falls short, and the others run all the same. */
async function runPart(name: string, surroundings: Parameters<Part>[0]): Promise<Row[]> {
  const part = PARTS[name];
  if (part === undefined) throw new Error(`there is no part ${name}`);
  try {
    return (await part(surroundings)).map((one) => ({ part: name, ...one }));
  } catch (error) {
    const details = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    return [{ part: name, name: 'run', value: 'broke off', bound: 'ends', ok: false, details }];
  }
}

function table(rows: readonly Row[]): string {
  const cells = [
    ['part', 'what', 'found', 'bound', ''],
    ...rows.map(({ part, name, value, bound, ok }) => [part, name, value, bound, ok ? 'held' : 'FALLS SHORT']),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const details = rows
    .filter(({ ok }) => !ok)
    .flatMap(({ part, name, details = [] }) => ['', `${part}, ${name}:`, ...details.map((one) => `  ${one}`)]);
  const short = rows.filter(({ ok }) => !ok).length;
  return `${[...details, '', ...lines, '', `${rows.length - short} held, ${short} fall short`].join('\n')}\n`;
}
