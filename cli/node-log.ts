/** The lines of a node: JSON, one an event, with the id of the request or of the act that it belongs to. */

export const LEVELS = ['error', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

export type Log = (entry: Readonly<Record<string, unknown>>) => void;

/**
 * @param least `error`: failures alone; `info`: requests, starts and stops too; `debug`: every act of the background too
 * @example const log = logLines('info', (line) => process.stdout.write(line));
 */
export function logLines(least: Level, write: (line: string) => void, clock = () => new Date()): Log {
  const shown = new Set<unknown>(LEVELS.slice(0, LEVELS.indexOf(least) + 1));
  return (entry) => {
    if (shown.has(entry['level'])) write(`${JSON.stringify({ at: clock().toISOString(), ...entry })}\n`);
  };
}
