import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { makeDemo } from '../members/genesis.ts';
import { packageRoot } from '../storage/package-root.ts';
import { describeError } from '../values/describe-error.ts';
import { nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { readEnvironment, runNode } from './node.ts';
import { logLines } from './node-log.ts';
import { EXIT, print, say } from './outcome.ts';
import { describeReports, playAll, start, writeReports } from './start.ts';
import { startDemo } from './up.ts';

export function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1024 || number > 65_000)
    throw new InvalidArgumentError('A port from 1024 to 65000.');
  return number;
}

/** Commands that run something: start, up, node, init, play. */
export function addRunningCommands(program: Command, signal: AbortSignal): void {
  const directory = (): string => program.opts<{ directory: string }>().directory;

  program
    .command('start')
    .description('make a demonstration of six if there is none, run it and play the sample journeys')
    .option('--once', 'end after the journeys')
    .option('--no-play', 'play no journeys')
    .option('--port <number>', 'base port of a new demonstration; nodes listen on the ones above', port, 7000)
    .option('--json <file>', 'write the report of the journeys to this file')
    .action(async (options: { once?: boolean; play: boolean; port: number; json?: string }) => {
      process.exitCode = await start({
        ...options,
        once: options.once === true,
        directory: directory(),
        journeys: join(packageRoot(), 'examples', 'journeys'),
        signal,
        json: options.json,
      });
    });

  program
    .command('up')
    .description(
      'run the demonstration: PostgreSQL, one identity provider and one node a member, restarted when they die',
    )
    .option('--port <number>', 'base port of a new demonstration', port, 7000)
    .option('--json <file>', 'write addresses and process ids to this file')
    .action(async (options: { port: number; json?: string }) => {
      const demo = await startDemo({ directory: directory(), basePort: options.port, signal, say });
      const nodes = demo.nodes.map(({ member, address, pid }) => ({ member, address, pid: pid() }));
      if (options.json !== undefined)
        writeFileSync(options.json, `${JSON.stringify({ nodes, postgres: demo.postgresPid() }, null, 2)}\n`);
      for (const { member, address } of nodes) process.stdout.write(`${member}  ${address}/\n`);
      say('Serving until Ctrl-C.');
      await new Promise<void>((done) =>
        signal.aborted ? done() : signal.addEventListener('abort', () => done(), { once: true }),
      );
      say('Stopping');
      await demo.stop();
      process.exitCode = EXIT.done;
    });

  program
    .command('node')
    .description('run one member in production; settings come from the environment (see README)')
    .action(async () => {
      const environment = readEnvironment(process.env);
      const log = logLines(environment.DOSTYK_LOG_LEVEL, (line) => process.stdout.write(line));
      try {
        await runNode(environment, signal, log);
      } catch (error) {
        if (error instanceof Refusal) throw error;
        // Its message may show what stood in a record.
        log({ level: 'error', act: 'start', error: describeError(error) });
        throw new Refusal(500, 'internal', 'The node could not start; its log says why.');
      }
      process.exitCode = EXIT.done;
    });

  program
    .command('init')
    .description('make a demonstration: member keys, registry, accounts, clients')
    .option('--port <number>', 'base port', port, 7000)
    .option('--json', 'print the result as JSON')
    .action(async (options: { port: number; json?: boolean }) => {
      const genesis = await makeDemo({
        directory: resolve(directory()),
        basePort: options.port,
        random: nodeRandom,
        now: new Date(),
      });
      print(
        options.json,
        { directory: directory(), genesis },
        () =>
          `Made ${directory()}. Genesis ${genesis}\nMember keys lie in members/*/keys/member.key: a real member keeps its own offline.`,
      );
    });

  program
    .command('play')
    .description('play journeys against a running demonstration')
    .argument('<journey...>', 'JSON files, see examples/README.md')
    .option('--json <file>', 'write the report to this file')
    .action(async (paths: string[], options: { json?: string }) => {
      const reports = await playAll(paths, directory(), signal);
      const ok = writeReports(reports, options.json);
      process.stdout.write(`${describeReports(reports)}\n`);
      process.exitCode = ok ? EXIT.done : EXIT.declined;
    });
}
