import { Decimal } from './decimal.ts';
import type { Pack } from './measure.ts';
import { readPack } from './pack.ts';
import type { Question } from './question.ts';
import { TABLES } from './reading.ts';
import { type Schedule, scheduleOf } from './schedule.ts';

/** Packs for tests, made up and marked so: tables from short rows. */

type Cells = Readonly<Record<string, string>>;

const CITED = { source: 'made-up', place: 'row of a test', read: '2026-11-24', confidence: 'demonstration' };
const WORDS = { en: 'Made up for a test.', ru: 'Придумано для проверки.' };

export function table(file: string, rows: readonly Cells[]): string {
  const columns = TABLES[file]?.columns ?? [];
  const quote = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = rows.map((row) => columns.map((column) => quote(row[column] ?? '')).join(','));
  return [columns.join(','), ...lines, ''].join('\n');
}

export interface Tables {
  readonly member?: string;
  readonly currency?: string;
  readonly [file: `${string}.csv`]: readonly Cells[];
}

/** The files of a pack; rows are cited, worded and in force from 2026 on unless they say otherwise. */
export function files({ member = 'UZ', currency = 'UZS', ...tables }: Tables): Map<string, string> {
  const found = new Map([
    ['pack.csv', table('pack.csv', [{ member, version: '1', published: '2026-01-01', currency }])],
    [
      'sources.csv',
      table('sources.csv', [
        {
          source: 'made-up',
          title: 'Made up',
          publisher: 'This test',
          edition: '2026-01-01',
          address: 'https://example.org/made-up',
        },
      ]),
    ],
    ['measures.csv', table('measures.csv', [])],
  ]);
  for (const [file, rows] of Object.entries(tables as Record<string, readonly Cells[]>))
    found.set(
      file,
      table(
        file,
        rows.map((row) => ({
          ...CITED,
          ...WORDS,
          from: '2026-01-01',
          direction: 'import',
          goods: '*',
          area: '*',
          at: 'entry',
          form: 'unknown',
          ...row,
        })),
      ),
    );
  return found;
}

export function packOf(tables: Tables): Pack {
  const read = readPack(files(tables));
  if ('faults' in read)
    throw new Error(read.faults.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'));
  return read.pack;
}

export function schedules(...tables: readonly Tables[]): Map<string, Schedule> {
  return new Map(tables.map((one) => [one.member ?? 'UZ', scheduleOf(packOf(one), 'compiled')]));
}

/** 20 t of something of CN for UZ, 40,000 USD delivered at the border. */
export const QUESTION: Question = {
  items: [{ number: 1, hs: '080929', origin: 'CN', mass: '20000', value: '40000' }],
  from: 'CN',
  to: 'UZ',
  posts: [
    { post: 'cn-khorgos', member: 'CN' },
    { post: 'kz-nur-zholy', member: 'KZ' },
    { post: 'kz-konysbayeva', member: 'KZ' },
    { post: 'uz-yallama', member: 'UZ' },
  ],
  on: '2026-06-01',
  mode: 'road',
  currency: 'USD',
  incoterm: 'DAP',
};

export const decimal = (text: string): Decimal => new Decimal(text);
