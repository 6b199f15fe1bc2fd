import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../storage/package-root.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What was measured beside it in the same run, and ours divided by it. */
  readonly peer?: string;
  readonly ratio?: number;
  /** A bound as text, e.g. '≥ 0.55', and whether the value or ratio holds it. */
  readonly target?: string;
  readonly ok?: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** Prints one table and writes bench/results/NAME.json. */
export function report(name: string, figures: readonly Figure[]): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const folder = join(packageRoot(), 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, `${name}.json`),
    `${JSON.stringify({ name, at: new Date().toISOString(), machine, figures }, null, 2)}\n`,
  );
  process.stdout.write(`\n${machine}\n`);
  for (const { name: figure, value, unit, peer, ratio, target, ok } of figures) {
    const beside = peer === undefined ? '' : `  ${ratio === undefined ? '' : `${ratio.toFixed(2)} × `}${peer}`;
    const bound = target === undefined ? '' : `  target ${target}${ok === undefined ? '' : ok ? ', held' : ', MISSED'}`;
    process.stdout.write(
      `${figure.padEnd(46)} ${value.toLocaleString('en', { maximumFractionDigits: 1 }).padStart(10)} ${unit}${beside}${bound}\n`,
    );
  }
}
