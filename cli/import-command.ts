import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type ImportSpec, importTable, withRows } from '../trade/measures/import-table.ts';
import { readPack } from '../trade/measures/pack.ts';
import { MOST_BYTES } from '../trade/measures/table.ts';
import { Refusal } from '../values/refusal.ts';
import { EXIT, print } from './outcome.ts';
import { packFiles } from './pack-files.ts';

/** `dostyk packs import`: rows of a table as a ministry holds it, into the tables of a pack. All of them, or none. */

interface Options {
  readonly to: string;
  readonly columns: string[];
  readonly set?: string[];
  readonly source: string;
  readonly place: string;
  readonly read: string;
  readonly confidence: string;
  readonly decimal: string;
  readonly pad?: string;
  readonly encoding: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const ENCODINGS = ['utf-8', 'utf-16le', 'windows-1251'];

const usage = (message: string, remedy: string): Refusal => new Refusal(400, 'usage', message, { remedy });

/** `name=value` pairs. */
function pairsOf(list: readonly string[], option: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const one of list) {
    const at = one.indexOf('=');
    if (at < 1) throw usage(`${one} is no pair.`, `Write ${option} name=value.`);
    found[one.slice(0, at)] = one.slice(at + 1);
  }
  return found;
}

function textOf(path: string, encoding: string): string {
  if (!ENCODINGS.includes(encoding)) throw usage(`${encoding} is not read.`, `One of ${ENCODINGS.join(', ')}.`);
  if (!existsSync(path) || !statSync(path).isFile()) throw usage(`${path} is no file.`, 'Name a CSV table.');
  if (statSync(path).size > MOST_BYTES)
    throw usage(`${path} is too large.`, `At most ${MOST_BYTES / 1024 / 1024} MiB are read.`);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(readFileSync(path));
  } catch (cause) {
    throw new Refusal(422, 'file-refused', `${path} is not text in ${encoding}.`, {
      remedy: 'Name its encoding with --encoding.',
      cause,
    });
  }
}

function specOf({ columns, set = [], source, place, read, confidence, decimal, pad }: Options): ImportSpec {
  if (decimal !== 'point' && decimal !== 'comma')
    throw usage(`${decimal} is no decimal sign.`, 'Write point or comma.');
  if (pad !== undefined && pad !== '8' && pad !== '10')
    throw usage('Codes are of 8 or of 10 digits.', 'Write --pad 10.');
  return {
    columns: pairsOf(columns, '--columns'),
    fixed: { source, place, read, confidence, ...pairsOf(set, '--set') },
    decimal,
    ...(pad === undefined ? {} : { pad: pad === '8' ? 8 : 10 }),
  };
}

/** Writes tables beside the old ones and puts them in their place; whoever reads meanwhile reads a whole pack. */
function replaceTables(folder: string, tables: ReadonlyMap<string, string>): void {
  const beside = (name: string): string => join(folder, `${name}.new`);
  try {
    for (const [name, text] of tables) writeFileSync(beside(name), text);
    for (const name of tables.keys()) renameSync(beside(name), join(folder, name));
  } finally {
    for (const name of tables.keys()) rmSync(beside(name), { force: true });
  }
}

/** @param packs the command `packs` */
export function addImportCommand(packs: Command): void {
  packs
    .command('import')
    .description('add rows of a CSV table, as a ministry holds it, to a pack: all of them, or none')
    .argument('<table>', 'CSV with comma, semicolon or tab')
    .requiredOption('--to <folder>', 'folder of the pack')
    .requiredOption('--columns <pair...>', 'columns of measures.csv and their headers, e.g. goods="HS code" rate=Duty')
    .option('--set <pair...>', 'columns that are the same in all rows, e.g. type=duty direction=import from=2026-01-01')
    .requiredOption('--source <id>', 'of sources.csv')
    .option('--place <text>', 'where in the source; {row} and {code} are put in', 'row {row}')
    .requiredOption('--read <day>', 'when the source was read, YYYY-MM-DD')
    .requiredOption('--confidence <word>', 'official, copy or secondary')
    .option('--decimal <sign>', 'point or comma', 'point')
    .option('--pad <digits>', '8 or 10: codes of one digit less have lost a leading zero')
    .option('--encoding <name>', ENCODINGS.join(', '), 'utf-8')
    .option('--dry-run', 'tell what would be added, and write nothing')
    .option('--json', 'print the outcome as JSON')
    .addHelpText(
      'after',
      '\nExample: dostyk packs import tariff.csv --to packs/kz --columns goods="Код ТН ВЭД" rate=Ставка --set type=duty\n' +
        '  direction=import from=2026-01-01 --source ett-2026 --read 2026-11-24 --confidence copy --decimal comma --pad 10',
    )
    .action((table: string, options: Options) => {
      const found = packFiles(options.to);
      const pack = 'files' in found ? readPack(found.files) : found;
      if (!('files' in found) || 'faults' in pack)
        throw new Refusal(422, 'pack-refused', `${options.to} has faults.`, {
          remedy: `See \`dostyk packs check ${options.to}\`.`,
        });
      if (!statSync(options.to).isDirectory()) throw usage('An archive is not written into.', 'Unpack it first.');
      const { measures, codes, findings } = importTable(textOf(table, options.encoding), specOf(options));
      if (findings.length > 0) {
        print(options.json, { added: 0, findings }, () =>
          findings
            .map(({ row, column, code, message }) => `${table}:${row} ${column}: ${message} [${code}]`)
            .join('\n'),
        );
        process.exitCode = EXIT.declined;
        return;
      }
      const known = new Set(pack.pack.codes.map(({ code }) => code));
      const tables = new Map<string, string>();
      let added = 0;
      for (const [file, key, rows] of [
        ['codes.csv', 'code', codes.filter(({ code = '' }) => !known.has(code))],
        ['measures.csv', 'measure', measures],
      ] as const) {
        if (rows.length === 0) continue;
        const merged = withRows(file, found.files.get(file) ?? '', key, rows);
        if ('taken' in merged)
          throw new Refusal(
            409,
            'rows-taken',
            `${file} has other rows of the same name: ${merged.taken.slice(0, 5).join(', ')}.`,
            {
              params: { count: merged.taken.length },
              remedy: 'Change those by hand, or end them and import under another series.',
            },
          );
        if (merged.added > 0) tables.set(file, merged.text);
        if (file === 'measures.csv') added = merged.added;
      }
      const read = readPack(new Map([...found.files, ...tables]));
      if ('faults' in read) {
        print(options.json, { added: 0, faults: read.faults }, () =>
          read.faults.map(({ file, line, message, code }) => `${file}:${line ?? ''} ${message} [${code}]`).join('\n'),
        );
        process.exitCode = EXIT.declined;
        return;
      }
      if (options.dryRun !== true) replaceTables(options.to, tables);
      const words = options.dryRun === true ? 'would be added' : 'added';
      print(
        options.json,
        { added, rows: measures.length, findings: [], written: options.dryRun !== true },
        () => `${added} of ${measures.length} rows ${words}; the others stand there already`,
      );
    });
}
