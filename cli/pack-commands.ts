import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { demoTemplate } from '../members/genesis.ts';
import { shippedGoods, shippedPacks } from '../platform.ts';
import { packageRoot } from '../storage/package-root.ts';
import { MOST_LETTERS, WORD_LANGUAGES } from '../trade/goods/goods.ts';
import { searchGoods } from '../trade/goods/search.ts';
import { type Answer, LEFT_OUT, NOT_ASSESSED, type Stage } from '../trade/measures/answer.ts';
import { requirementsView } from '../trade/measures/answer-view.ts';
import { changesBetween, concernsGoods, lineOf, type RuleChange } from '../trade/measures/changes.ts';
import { countOf, coverageOf, coverageTable, withCoverage } from '../trade/measures/coverage.ts';
import type { Decimal } from '../trade/measures/decimal.ts';
import { ask } from '../trade/measures/engine.ts';
import type { Citation, Pack } from '../trade/measures/measure.ts';
import { readPack } from '../trade/measures/pack.ts';
import { readQuestion } from '../trade/measures/query.ts';
import { dayBefore, isPlainDate } from '../values/plain-date.ts';
import { Refusal } from '../values/refusal.ts';
import { addImportCommand } from './import-command.ts';
import { EXIT, print } from './outcome.ts';
import { packFiles } from './pack-files.ts';

/** Commands about what goods need and cost, from packs on this machine: packs, requirements. */

const SHIPPED = (): string => join(packageRoot(), 'trade', 'packs');

/** Reads a pack from a folder or an archive; a fault of either is one of the pack. */
function packAt(path: string): ReturnType<typeof readPack> {
  const found = packFiles(path);
  return 'files' in found ? readPack(found.files) : found;
}

/** A pack without a fault. @throws Refusal 422 `pack-refused` */
function wholePack(folder: string): Pack {
  const read = packAt(folder);
  if ('pack' in read) return read.pack;
  throw new Refusal(422, 'pack-refused', `${folder} has faults.`, { remedy: `See \`dostyk packs check ${folder}\`.` });
}

const cited = (citation: Citation | undefined): string =>
  citation === undefined
    ? ''
    : `${citation.source.title}, ${citation.place} (${citation.confidence}, read ${citation.read}) ${citation.source.address}`;

const known = (amount: Decimal | undefined): string => (amount === undefined ? 'unknown' : amount.toFixed(2));

function describeStage(stage: Stage, currency: string): string[] {
  const { member, direction, posts, schedule, items, fees, controls, steps, findings, ordinary, best } = stage;
  const over = posts.map(({ post }) => post).join(', ');
  const lines = ['', `${member}  ${direction}${over === '' ? '' : ` over ${over}`}`];
  if (schedule === undefined) return [...lines, '  nothing is compiled for this member: unknown'];
  lines.push(
    `  pack ${schedule.pack.version} of ${schedule.pack.published}, compiled from public sources, not confirmed by any member`,
  );
  for (const { measure, state } of controls)
    lines.push(
      `  ${state.padEnd(10)} ${measure.type}: ${measure.wording.en}`,
      `             ${cited(measure.citation)}`,
    );
  for (const [i, step] of steps.entries())
    lines.push(`  ${i + 1}. ${'act' in step ? step.act.wording.en : step.document.wording.en}`);
  for (const { number, code, options } of items)
    for (const { kind, state, lines: charges, total } of options) {
      lines.push(`  item ${number} (${code}) ${kind}, ${state}: ${known(total)} ${currency}`);
      for (const { measure, amount } of charges)
        lines.push(
          `    ${measure.series} ${measure.rateText} = ${'lacks' in amount ? `unknown (${amount.lacks} ${amount.what})` : amount.toFixed(2)}`,
          `      ${cited(measure.citation)}`,
        );
    }
  for (const { measure, amount } of fees)
    lines.push(
      `  ${measure.series} ${measure.rateText} = ${'lacks' in amount ? `unknown (${amount.lacks} ${amount.what})` : amount.toFixed(2)}  ${cited(measure.citation)}`,
    );
  for (const { code, measure, params } of findings)
    lines.push(
      `  ! ${code}${measure === undefined ? '' : ` (${measure})`} ${Object.values(params).join(' ')}`.trimEnd(),
    );
  return [
    ...lines,
    `  charges with the ordinary duty: ${known(ordinary)} ${currency}; at best ${known(best)} ${currency}`,
  ];
}

function describe(answer: Answer, currency: string): string {
  const { stages, landed } = answer;
  return [
    ...stages.flatMap((stage) => describeStage(stage, currency)),
    '',
    `Landed cost with ordinary duties: ${known(landed.ordinary)} ${currency}; at best ${known(landed.best)} ${currency}`,
    `Left out: ${LEFT_OUT.join(', ')}. Not assessed: ${NOT_ASSESSED.join(', ')}.`,
  ].join('\n');
}

export function addPackCommands(program: Command): void {
  const packs = program.command('packs').description('rules of members, as tables that people can review');
  packs
    .command('check')
    .description('read packs whole and tell every fault with file and line; exits 0 only when there is none')
    .argument('[folder...]', 'folders of packs, or .zip archives of them; those that ship if none is named')
    .option('--json', 'print faults as JSON')
    .action((folders: string[], { json }: { json?: boolean }) => {
      const all = folders.length > 0 ? folders : readdirSync(SHIPPED()).map((name) => join(SHIPPED(), name));
      const results = all.map((folder) => {
        const read = packAt(folder);
        return 'faults' in read
          ? { folder, measures: 0, faults: read.faults }
          : {
              folder,
              member: read.pack.member,
              version: read.pack.version,
              measures: read.pack.measures.length,
              faults: [],
            };
      });
      print(json, { packs: results }, () =>
        results
          .flatMap(({ folder, measures, faults }) =>
            faults.length === 0
              ? [`${folder}: in order, ${measures} measures`]
              : faults.map(
                  ({ file, line, column, code, message }) =>
                    `${join(folder, file)}${line === undefined ? '' : `:${line}`}${column === undefined ? '' : ` ${column}`}: ${message} [${code}]`,
                ),
          )
          .join('\n'),
      );
      process.exitCode = results.every(({ faults }) => faults.length === 0) ? EXIT.done : EXIT.declined;
    });

  addImportCommand(packs);

  const tell = (changes: readonly RuleChange[]): string[] => changes.map((one) => `  ${lineOf(one)}`);
  const dayOf = (text: string): string => {
    if (isPlainDate(text)) return text;
    throw new Refusal(400, 'usage', `${text} is no day.`, { remedy: 'Write YYYY-MM-DD.' });
  };

  packs
    .command('diff')
    .description('what two versions of a pack say differently on a day: rates, papers, steps, quotas')
    .argument('<before>', 'folder or .zip of the one version')
    .argument('<after>', 'folder or .zip of the other')
    .option('--on <day>', 'YYYY-MM-DD; the day of the newer version if not said')
    .option('--goods <code>', 'only what concerns goods of this code', '')
    .option('--json', 'print changes as JSON')
    .addHelpText('after', '\nExample: dostyk packs diff kz-1 kz-2 --goods 0809')
    .action((before: string, after: string, { on, goods, json }: { on?: string; goods: string; json?: boolean }) => {
      const [was, is] = [wholePack(before), wholePack(after)];
      if (was.member !== is.member)
        throw new Refusal(
          400,
          'usage',
          `These are rules of ${was.member} and of ${is.member}; versions of one are compared.`,
        );
      const day = dayOf(on ?? (was.published > is.published ? was.published : is.published));
      const changes = changesBetween({ pack: was, day }, { pack: is, day });
      const found = changes.filter((one) => goods === '' || concernsGoods(one, goods));
      print(json, { on: day, before: was.version, after: is.version, changes: found }, () =>
        [
          `${is.member} version ${was.version} -> ${is.version} on ${day}: ${found.length} changes`,
          ...tell(found),
        ].join('\n'),
      );
    });

  packs
    .command('changes')
    .description('what changes in the packs that ship on a day, or from one day to another')
    .option('--on <day>', 'YYYY-MM-DD')
    .option('--since <day>', 'the first day')
    .option('--until <day>', 'the last day')
    .option('--member <code>', 'only this member, e.g. KZ')
    .option('--goods <code>', 'only what concerns goods of this code', '')
    .option('--json', 'print changes as JSON')
    .addHelpText('after', '\nExample: dostyk packs changes --on 2027-01-01')
    .action(async (options: Record<string, string | undefined> & { json?: boolean }) => {
      const { on, member, goods = '' } = options;
      const [since, until] = [options['since'] ?? on, options['until'] ?? on];
      if (since === undefined || until === undefined || dayOf(until) < dayOf(since))
        throw new Refusal(400, 'usage', 'Name a day with --on, or a span with --since and --until.', {
          remedy: 'Example: dostyk packs changes --on 2027-01-01',
        });
      const schedules = [...(await shippedPacks().inForce(until))].filter(
        ([code]) => member === undefined || code === member,
      );
      if (schedules.length === 0) throw new Refusal(400, 'usage', `No pack of ${member} ships.`);
      const found = schedules.map(([code, { pack }]) => ({
        member: code,
        changes: changesBetween({ pack, day: dayBefore(since) }, { pack, day: until }).filter(
          (one) => goods === '' || concernsGoods(one, goods),
        ),
      }));
      print(options.json, { since, until, members: found }, () =>
        found
          .flatMap(({ member: code, changes }) => [`${code}: ${changes.length} changes`, ...tell(changes)])
          .join('\n'),
      );
    });

  packs
    .command('coverage')
    .description('what the packs that ship know of the goods they speak of; unknown and absent are counted')
    .option('--on <day>', 'YYYY-MM-DD; the day of the newest pack if not said')
    .option('--goods <code>', 'only goods under this code')
    .option('--write', 'put the table into trade/README.md of this copy')
    .option('--json', 'print every cell as JSON')
    .action(
      async ({ on, goods = '', write, json }: { on?: string; goods?: string; write?: boolean; json?: boolean }) => {
        const schedules = await shippedPacks().inForce(on ?? '');
        const newest = [...schedules.values()]
          .map(({ pack }) => pack.published)
          .sort()
          .at(-1);
        const day = on ?? newest ?? '';
        if (!isPlainDate(day)) throw new Refusal(400, 'usage', `${day} is no day.`, { remedy: 'Write YYYY-MM-DD.' });
        const cells = coverageOf(schedules, day).filter(({ subheading }) => subheading.startsWith(goods));
        const index = shippedGoods()();
        const table = coverageTable(cells, (code) => index.goods.subheadings.get(code)?.en ?? '');
        if (write === true) {
          const file = join(packageRoot(), 'trade', 'README.md');
          const text = withCoverage(readFileSync(file, 'utf8'), table);
          if (text === undefined) throw new Refusal(500, 'usage', 'trade/README.md has no place for the table.');
          writeFileSync(file, text);
        }
        const members = [...schedules.keys()].sort().map((member) => ({
          member,
          ...countOf(cells.filter((cell) => cell.member === member)),
        }));
        print(json, { on: day, members, all: countOf(cells), cells }, () =>
          [
            table,
            '',
            ...members.map(
              ({ member, known: found, unknown, absent }) =>
                `${member}: ${found} known, ${unknown} unknown, ${absent} absent`,
            ),
          ].join('\n'),
        );
      },
    );

  program
    .command('goods')
    .description('goods by words in eight languages or by the first digits of their code, typos forgiven')
    .argument('<words...>', 'e.g. черешня, 樱桃, gilos, 0809')
    .option('--language <code>', 'words of it come first: zh, kk, ky, tg, tk, uz, ru, en', 'en')
    .option('--limit <number>', 'how many at most', '10')
    .option('--json', 'print what is found as JSON')
    .action((words: string[], options: { language: string; limit: string; json?: boolean }) => {
      const language = WORD_LANGUAGES.find((one) => one === options.language);
      const limit = Number(options.limit);
      if (language === undefined || !Number.isInteger(limit) || limit < 1 || limit > 50)
        throw new Refusal(400, 'usage', 'A language is one of eight, a limit is a number from 1 to 50.', {
          remedy: `Languages: ${WORD_LANGUAGES.join(', ')}.`,
        });
      const typed = words.join(' ');
      if (typed.length > MOST_LETTERS)
        throw new Refusal(400, 'usage', `Words of goods are at most ${MOST_LETTERS} letters long.`, {
          remedy: 'Leave some out.',
        });
      const hits = searchGoods(shippedGoods()(), typed, language, limit);
      const items = hits.map(({ subheading: { code, en, ru }, word }) => ({ code, en, ru, word: word ?? null }));
      print(options.json, { items }, () =>
        items.length === 0
          ? 'Nothing is called so here. Other goods may be asked for by their code.'
          : items
              .map(({ code, en, ru, word }) => `${code}  ${en} · ${ru}${word === null ? '' : ` (${word})`}`)
              .join('\n'),
      );
    });

  program
    .command('requirements')
    .description('papers, steps and charges along a whole way, from the packs that ship; what nobody found is unknown')
    .requiredOption('--hs <code>', 'goods by 6, 8 or 10 digits')
    .requiredOption('--from <country>', 'where the goods leave')
    .requiredOption('--to <country>', 'where they are bound for')
    .option('--origin <country>', 'where they were made or grown; as --from if not said')
    .option('--via <crossings>', 'crossings in order, with commas, e.g. yallama,khorgos')
    .option('--mode <mode>', 'road or rail')
    .option('--mass <kg>', 'net mass in kilograms')
    .option('--value <amount>', 'price of the goods')
    .option('--currency <code>', 'of the price and of the answer', 'USD')
    .option('--incoterm <code>', 'of Incoterms 2020')
    .option('--carriage <amount>', 'carriage up to the border of the destination that the price leaves out')
    .option('--onward <amount>', 'carriage from that border on that the price holds')
    .option('--insurance <amount>', 'insurance that the price leaves out')
    .option('--duties <amount>', 'duties and taxes that a price delivered duty paid holds')
    .option('--date <day>', 'YYYY-MM-DD; today if not said')
    .option('--rate <rate...>', 'exchange rates as USD/KZT=520')
    .option('--paper <paper...>', 'papers that are there: ids of a pack or codes of UN/EDIFACT 1001')
    .option('--claim <claim...>', 'answers as UZ/proof-of-origin=yes')
    .option('--registered <what...>', 'what is registered with the destination, e.g. orchard packing-house')
    .option('--treated <how...>', 'how the goods were treated, e.g. cold-treatment')
    .option('--wholly <answer>', 'yes or no: wholly obtained in the country of origin')
    .option('--changed <answer>', 'yes or no: made from goods of another heading')
    .option('--added <percent>', 'value added in the country of origin')
    .option('--direct <answer>', 'yes or no: carried directly')
    .option('--trader <kind...>', 'trusted, small')
    .option('--green <answer>', 'yes or no: the green channel of perishables')
    .option('--regime <regime>', 'tir or national-guarantee')
    .option('--predeclared <answer>', 'yes or no: declared before arrival')
    .option('--vehicles <number>', 'how many carry the goods', '1')
    .option('--json', 'print the answer as JSON')
    .action(async (options: Record<string, string | string[] | boolean | undefined>) => {
      const template = demoTemplate();
      const today = new Date().toISOString().slice(0, 10);
      const { rate: rates, paper: papers, claim: claims, ...words } = options;
      const question = readQuestion({ ...words, rates, papers, claims }, template.posts, today);
      const members = new Set(template.members.map(({ code }) => code as string));
      const answer = ask(question, await shippedPacks().inForce(question.on), members);
      print(options['json'] === true, requirementsView(answer, question), () => describe(answer, question.currency));
    });
}
