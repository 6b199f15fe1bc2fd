import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJourney } from './journey.ts';
import { say } from './outcome.ts';
import { type JourneyReport, playJourney } from './play.ts';
import { startDemo } from './up.ts';

/** `npm start`: the whole demonstration, sample journeys and all. */
export interface StartOptions {
  readonly directory: string;
  readonly port: number;
  readonly once: boolean;
  readonly play: boolean;
  readonly json?: string | undefined;
  readonly journeys: string;
  readonly signal: AbortSignal;
}

export async function playAll(
  paths: readonly string[],
  directory: string,
  signal: AbortSignal,
): Promise<JourneyReport[]> {
  const read = paths.map(readJourney);
  return Promise.all(
    read.map(({ journey, folder }) =>
      playJourney(journey, folder, {
        directory,
        signal,
        onStep: (name, done, of, title, ms) =>
          say(`  ${name.padEnd(10)} ${String(done).padStart(3)}/${of}  ${title} (${ms} ms)`),
      }),
    ),
  );
}

/** One line a dossier and member, then the checks. */
export function describeReports(reports: readonly JourneyReport[]): string {
  const lines: string[] = [];
  for (const { journey, title, ok, error, steps, dossiers, checks, ms } of reports) {
    lines.push(
      '',
      `${ok ? 'done  ' : 'FAILED'} ${journey}: ${title} (${steps.length} steps, ${(ms / 1000).toFixed(1)} s)`,
    );
    if (error !== undefined) lines.push(`  ${error}`);
    for (const { dossier, members, digestsEqual } of dossiers) {
      const states = members.map(({ member, state, version }) => `${member} ${state} v${version}`).join('  ');
      lines.push(`  ${dossier.slice(0, 8)}  ${states}  digests ${digestsEqual ? 'equal' : 'DIFFER'}`);
    }
    for (const { title: check, ok: held, detail } of checks)
      lines.push(`  ${held ? 'yes' : 'NO '} ${check}: ${detail}`);
  }
  return lines.join('\n');
}

/** @returns true when every journey and check held */
export function writeReports(reports: readonly JourneyReport[], json: string | undefined): boolean {
  const ok = reports.every((report) => report.ok);
  if (json !== undefined)
    writeFileSync(json, `${JSON.stringify({ at: new Date().toISOString(), ok, journeys: reports }, null, 2)}\n`);
  return ok;
}

/** @returns the exit code */
export async function start(options: StartOptions): Promise<number> {
  const { directory, port, once, play, json, journeys, signal } = options;
  const began = performance.now();
  const demo = await startDemo({ directory, basePort: port, signal, say });
  try {
    say(`Serving after ${((performance.now() - began) / 1000).toFixed(1)} s:`);
    for (const { member, address } of demo.nodes) say(`  ${member}  ${address}/`);
    let ok = true;
    const paths =
      play && existsSync(journeys)
        ? readdirSync(journeys)
            .filter((name) => name.endsWith('.json'))
            .sort()
            .map((name) => join(journeys, name))
        : [];
    if (paths.length > 0) {
      say(`Playing ${paths.length} journeys`);
      const reports = await playAll(paths, directory, signal);
      ok = writeReports(reports, json);
      process.stdout.write(`${describeReports(reports)}\n`);
    }
    if (once) return ok ? 0 : 1;
    say('\nServing until Ctrl-C.');
    await new Promise<void>((resolve) =>
      signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    return ok ? 0 : 1;
  } finally {
    say('Stopping');
    await demo.stop();
  }
}
