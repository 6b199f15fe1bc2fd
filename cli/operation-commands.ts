import { resolve } from 'node:path';
import type { Command } from 'commander';
import { doctor, type Finding } from '../doctor.ts';
import { recover, succeed } from '../operations.ts';
import { Refusal } from '../values/refusal.ts';
import { EXIT, print, progress, say } from './outcome.ts';
import { commandSecrets } from './terminal.ts';

/** Commands for who runs a node: doctor, recover, succeed. */

interface OwnSettings {
  readonly member: string;
  readonly databaseUrl: string;
  readonly registry: string;
  readonly genesis: string;
}

const OWN = ['DATABASE_URL', 'DOSTYK_MEMBER', 'DOSTYK_REGISTRY', 'DOSTYK_GENESIS'] as const;

/**
 * A node's settings, from the environment that it runs with.
 * @throws Refusal 400 `usage` naming what is not set
 */
export function ownSettings(environment: NodeJS.ProcessEnv): OwnSettings {
  const missing = OWN.filter((name) => (environment[name] ?? '') === '');
  if (missing.length > 0) throw new Refusal(400, 'usage', `${missing.join(', ')} must be set, as for the node itself.`);
  const value = (name: (typeof OWN)[number]): string => environment[name] ?? '';
  return {
    member: value('DOSTYK_MEMBER'),
    databaseUrl: value('DATABASE_URL'),
    registry: resolve(value('DOSTYK_REGISTRY')),
    genesis: value('DOSTYK_GENESIS'),
  };
}

const members = (text: string | undefined): string[] =>
  (text ?? '').split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim().toUpperCase()]));

/** Whole numbers as ranges: '3, 7-9'. */
export function asRanges(numbers: readonly bigint[]): string {
  const ranges: [bigint, bigint][] = [];
  for (const one of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1n === one) last[1] = one;
    else ranges.push([one, one]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

const MARKS = { well: 'well ', note: 'note ', wrong: 'WRONG' } as const;

export function addOperationCommands(program: Command, signal: AbortSignal): void {
  program
    .command('doctor')
    .description('what is wrong with a node and what to do; settings as for the node; exits 0 when nothing is wrong')
    .option('--audit', 'recompute the whole log as well')
    .option('--json', 'print the findings as JSON')
    .action(async (options: { audit?: boolean; json?: boolean }) => {
      const { DOSTYK_KEYS: keys, DOSTYK_HIGH_WATER: highWater, DOSTYK_WITNESS_MARKS: witnessMarks } = process.env;
      if (keys === undefined) throw new Refusal(400, 'usage', 'DOSTYK_KEYS must be set, as for the node itself.');
      const findings: Finding[] = [];
      const audit = options.audit === true;
      const onProgress = progress('Entries');
      for await (const finding of doctor({
        ...ownSettings(process.env),
        keys,
        secrets: commandSecrets(),
        highWater,
        witnessMarks,
        synchronousStandbys: process.env['DOSTYK_SYNCHRONOUS_STANDBYS'] === '1',
        audit,
        signal,
        onProgress,
      })) {
        findings.push(finding);
        const { check, state, message, remedy } = finding;
        if (options.json !== true)
          process.stdout.write(
            `${MARKS[state]}  ${check}: ${message}${remedy === undefined ? '' : `\n       ${remedy}`}\n`,
          );
      }
      if (options.json === true) print(true, { findings }, () => '');
      process.exitCode = findings.some(({ state }) => state === 'wrong') ? EXIT.declined : EXIT.done;
    });

  program
    .command('succeed')
    .description(
      'make the own database ready for the log that follows a closed one, as the registry has it (DATABASE_MIGRATION_URL besides the settings of the node, which must not run)',
    )
    .option('--yes', 'do not ask: the database then holds the new log')
    .option('--json', 'print the result as JSON')
    .action(async (options: { yes?: boolean; json?: boolean }) => {
      const { DATABASE_MIGRATION_URL: migrationUrl } = process.env;
      if (migrationUrl === undefined) throw new Refusal(400, 'usage', 'DATABASE_MIGRATION_URL must be set.');
      if (options.yes !== true)
        throw new Refusal(400, 'usage', 'From then on the database holds the new log.', {
          remedy: 'Make a backup, then say --yes.',
        });
      const settings = { ...ownSettings(process.env), migrationUrl };
      const { from, to, closed, beyond } = await succeed(settings, progress('Views'));
      print(
        options.json,
        { from, to, closed, beyond },
        () =>
          `${from} counts up to ${closed}; the database is ready for ${to}. ${beyond === 0 ? 'Nothing lies beyond.' : `${beyond} entries beyond count no more and are kept in ledger.earlier_record: say again what still holds.`}`,
      );
    });

  program
    .command('recover')
    .description(
      'bring back the end of the own log that the database lost, from the mirrors and addressees of the other members (settings as for the node, which must not run)',
    )
    .option('--absent <codes>', 'members that are away for good, parted by commas; nobody waits for their answer')
    .option('--json', 'print the result as JSON')
    .action(async (options: { absent?: string; json?: boolean }) => {
      const { DOSTYK_KEYS: keys, DOSTYK_HIGH_WATER: highWater, DATABASE_MIGRATION_URL: migrationUrl } = process.env;
      const { DATABASE_ERASURE_URL: erasureUrl } = process.env;
      if (keys === undefined) throw new Refusal(400, 'usage', 'DOSTYK_KEYS must be set, as for the node itself.');
      const showing = new Map<string, ReturnType<typeof progress>>();
      const recovered = await recover({
        ...ownSettings(process.env),
        keys,
        secrets: commandSecrets(),
        highWater,
        migrationUrl,
        erasureUrl,
        absent: members(options.absent),
        signal,
        onProgress: (act, done, of) => {
          const show = showing.get(act) ?? progress(act);
          showing.set(act, show);
          show(done, of);
        },
      });
      if (recovered === undefined) {
        print(
          options.json,
          { recovered: false },
          () => 'Nothing is missing: nobody holds more of this log than the database.',
        );
        return;
      }
      const { fromSize, toSize, records, lost, erased, views } = recovered;
      print(options.json, { recovered: true, fromSize, toSize, records, lost, erased, views: views.after }, () =>
        [
          `Entries ${fromSize} to ${toSize - 1n} are back, ${records} of their records too.`,
          lost.length === 0
            ? 'Nothing is lost.'
            : `Lost: ${lost.length} records that no other member had, at ${asRanges(lost)}.`,
          ...(erased.length === 0 ? [] : [`Erased and not brought back: ${erased.length}, at ${asRanges(erased)}.`]),
        ].join('\n'),
      );
      if (lost.length > 0) say('What is lost was addressed to this member alone; its entries and all proofs stay.');
      process.exitCode = EXIT.done;
    });
}
