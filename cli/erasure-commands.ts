import type { Command } from 'commander';
import { type ErasingOptions, eraseSections, erasureReport, sectionHere, sectionsDue } from '../operations.ts';
import { Refusal } from '../values/refusal.ts';
import { ownSettings } from './operation-commands.ts';
import { EXIT, print, progress, say } from './outcome.ts';

/** Commands for who answers for personal data at a member: erase, erasures. */

const settings = (signal: AbortSignal): ErasingOptions => ({
  ...ownSettings(process.env),
  erasureUrl: process.env['DATABASE_ERASURE_URL'],
  signal,
});

interface EraseOptions {
  readonly dossier?: string;
  readonly section?: string;
  readonly legalBasis?: string;
  readonly due?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface Wanted {
  readonly dossier: string;
  readonly section: string;
  readonly legalBasis: string;
  readonly reason: 'retention' | 'request';
  readonly line: string;
}

async function wantedOf(options: EraseOptions, open: ErasingOptions): Promise<Wanted[]> {
  const { dossier, section, legalBasis, due } = options;
  if (due === true) {
    if (dossier !== undefined || section !== undefined)
      throw new Refusal(
        400,
        'usage',
        '--due takes what is due at all dossiers; it goes without --dossier and --section.',
      );
    return (await sectionsDue(open)).map((one) => ({
      dossier: one.dossier,
      section: one.section,
      legalBasis: legalBasis ?? one.legalBasis,
      reason: 'retention',
      line: `${one.dossier}  ${one.section}  version ${one.version} of ${one.at.slice(0, 10)}, kept ${one.days} days, due since ${one.since.slice(0, 10)}`,
    }));
  }
  if (dossier === undefined && section === undefined) return [];
  if (dossier === undefined || section === undefined || legalBasis === undefined)
    throw new Refusal(400, 'usage', 'Say --dossier, --section and --legal-basis, or --due.');
  const { versions, erased } = await sectionHere(open, dossier, section);
  if (versions.length === 0 && erased.length === 0)
    throw new Refusal(404, 'section-unknown', `This member has filed no section ${section} in ${dossier}.`, {
      params: { dossier, section },
      remedy: "A section is erased by the member that filed it; its name is one of the dossier's.",
    });
  const members = (to: (typeof versions)[number]['to']): string =>
    to === 'public' ? 'everyone' : to.map(({ member }) => member).join(', ');
  if (versions.length === 0) return [];
  const line = `${dossier}  ${section}  ${versions.map(({ version, at, to }) => `version ${version} of ${at.slice(0, 10)}, for ${members(to)}`).join('; ')}`;
  return [{ dossier, section, legalBasis, reason: 'request', line }];
}

export function addErasureCommands(program: Command, signal: AbortSignal): void {
  program
    .command('erase')
    .description(
      'erase an own section of a dossier, here and at every member that has it; settings as for the node, and DATABASE_ERASURE_URL. Without --dossier and --due: only carry out what is ordered and waits here',
    )
    .option('--dossier <id>', 'the dossier')
    .option('--section <name>', 'the section: all its versions')
    .option('--legal-basis <text>', 'the law or decision; stands in the record that all who had the section get')
    .option('--due', 'every section whose retention period has ended')
    .option('--yes', 'do it; what is erased comes back from nowhere')
    .option('--json', 'print the result as JSON')
    .action(async (options: EraseOptions) => {
      const open = settings(signal);
      const wanted = await wantedOf(options, open);
      const asked = options.due === true || options.dossier !== undefined;
      if (options.yes !== true) {
        const { awaited } = await erasureReport(open);
        print(
          options.json,
          { erased: false, wanted: wanted.map(({ line: _, ...one }) => one), awaited: awaited.count },
          () =>
            [
              ...wanted.map(({ line }) => line),
              asked
                ? `${wanted.length} sections would be erased.`
                : `${awaited.count} orders wait here to be carried out.`,
              'Nothing was done: say --yes.',
            ].join('\n'),
        );
        return;
      }
      const { waiting, nulled } = await eraseSections(
        open,
        wanted.map(({ line: _, ...one }) => one),
        progress('Ordered'),
      );
      print(options.json, { erased: true, ordered: wanted.length - waiting, waiting, nulled }, () =>
        asked && wanted.length === 0
          ? 'Nothing is left to erase.'
          : `${wanted.length - waiting} ordered. Nothing that waited here has bytes any more; others acknowledge by themselves: \`dostyk erasures\`.`,
      );
      if (waiting > 0) {
        say(`${waiting} wait for the node, which orders them as soon as it runs.`);
        process.exitCode = EXIT.unavailable;
      }
    });

  program
    .command('erasures')
    .description('what was erased on which legal basis, who has acknowledged it and who not (settings as for the node)')
    .option('--dossier <id>', 'of one dossier')
    .option('--json', 'print as JSON')
    .action(async (options: { dossier?: string; json?: boolean }) => {
      const { erasures, awaited, due } = await erasureReport(settings(signal), options.dossier);
      print(options.json, { erasures, awaitedHere: awaited.count, due }, () =>
        [
          ...erasures.map(
            (one) =>
              `${one.at.slice(0, 10)}  ${one.member}  ${one.dossier}  ${one.section}  ${one.legalBasis}\n    acknowledged: ${one.acknowledged.map(({ member, at }) => `${member} ${at.slice(0, 10)}`).join(', ') || 'by nobody'}${one.awaited.length === 0 ? '' : `; not by ${one.awaited.join(', ')} since ${one.at.slice(0, 10)}`}`,
          ),
          `${erasures.length} erased; ${awaited.count} ordered and not carried out here; ${due} whose retention period has ended.`,
        ].join('\n'),
      );
    });
}
