import { Command } from 'commander';
import { addClientCommands } from './client-commands.ts';
import { addErasureCommands } from './erasure-commands.ts';
import { addKeyCommands } from './key-commands.ts';
import { addLogCommands } from './log-commands.ts';
import { addOperationCommands } from './operation-commands.ts';
import { EXIT, EXIT_HELP, fail } from './outcome.ts';
import { addPackCommands } from './pack-commands.ts';
import { addPublishCommands } from './publish-commands.ts';
import { addRegistryCommands } from './registry-commands.ts';
import { addRunningCommands } from './running-commands.ts';

/** The `dostyk` command. */
const abort = new AbortController();
let interrupts = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    abort.abort();
    interrupts++;
    // The first asks, the second insists.
    if (interrupts > 1) process.exit(EXIT.interrupted);
  });
}

export function program(signal: AbortSignal): Command {
  const command = new Command('dostyk')
    .description(
      'Dostyk: one dossier across equal members. Independent software; not affiliated with any state or body.',
    )
    .version('0.1.0')
    .option('--directory <folder>', 'folder of the demonstration', '.dostyk/demo')
    .showHelpAfterError('(see --help)')
    .addHelpText('after', `\n${EXIT_HELP}`)
    .configureHelp({ showGlobalOptions: true });
  addRunningCommands(command, signal);
  addClientCommands(command, signal);
  addLogCommands(command, signal);
  addPackCommands(command);
  addPublishCommands(command, signal);
  addRegistryCommands(command);
  addKeyCommands(command);
  addOperationCommands(command, signal);
  addErasureCommands(command, signal);
  const strict = (one: Command): void => {
    one.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage));
    for (const child of one.commands) strict(child);
  };
  strict(command);
  return command;
}

try {
  await program(abort.signal).parseAsync();
  if (abort.signal.aborted && process.exitCode === undefined) process.exitCode = EXIT.interrupted;
} catch (error) {
  if (abort.signal.aborted) process.exit(EXIT.interrupted);
  fail(error, process.argv.includes('--json'));
}
