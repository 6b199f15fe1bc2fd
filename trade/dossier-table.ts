import { Decimal } from 'decimal.js';
import type { Finding } from '../values/refusal.ts';
import { DOSSIER_COLUMNS, type DossierColumn } from './dossier-columns.ts';
import { placesOf, type Row, readItems, readTable } from './item-table.ts';

/**
 * Whole dossiers out of a table that a trader keeps: rows of one reference are one dossier, each row an item of it. What a dossier has once
 * may stand in each of its rows or in the first alone; where two rows say it differently, that is a finding.
 */

export interface DossierTable {
  readonly dossiers: readonly { readonly reference: string; readonly row: number; readonly filing: unknown }[];
  readonly findings: readonly Finding[];
}

const MAX_ROWS = 20_000;
const REQUIRED: readonly DossierColumn[] = [
  'dossier',
  'consignor',
  'consignorCountry',
  'consignee',
  'consigneeCountry',
  'originPlace',
  'originCountry',
  'destinationPlace',
  'destinationCountry',
  'posts',
  'carrier',
  'carrierCountry',
];

/** As many digits as the masses of a whole table can have: their sum is exact. */
const Exact = Decimal.clone({ precision: 60 });
const sum = (decimals: readonly string[]): string =>
  decimals.reduce((total, one) => total.plus(one), new Exact(0)).toFixed();

const given = (name: string, value: string): object => (value === '' ? {} : { [name]: value });

/**
 * Reads dossiers that are to be filed. Nothing is checked here but the form of the table: each dossier is checked as any other when it is
 * filed.
 *
 * @returns the dossiers in the order of the file; none where there is a finding, so that nothing is filed out of half a table
 */
export function readDossierTable(csv: string): DossierTable {
  const table = readTable(csv, MAX_ROWS);
  if ('code' in table) return { dossiers: [], findings: [table] };
  const { header, rows } = table;
  const { at, findings } = placesOf<DossierColumn>(header, DOSSIER_COLUMNS, REQUIRED);
  findings.push(...readItems({ header, rows: [] }).findings);
  if (findings.length > 0) return { dossiers: [], findings };

  const cellOf = ({ cells }: Row, name: DossierColumn): string => cells[at.get(name) ?? -1] ?? '';
  const finding = ({ row }: Row, name: DossierColumn, code: string, message: string): void => {
    const column = at.get(name) ?? 0;
    findings.push({ path: '/csv', code, message, row, column: column + 1, params: { column: header[column] ?? name } });
  };
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const reference = cellOf(row, 'dossier');
    if (reference === '') finding(row, 'dossier', 'reference-missing', 'The row names no dossier.');
    const group = groups.get(reference);
    if (group === undefined) groups.set(reference, [row]);
    else group.push(row);
  }
  const dossiers = [...groups].map(([reference, own]) => {
    const [first = { row: 1, cells: [] }] = own;
    const said = (name: DossierColumn): string => {
      const values = own.map((row) => ({ row, value: cellOf(row, name) })).filter(({ value }) => value !== '');
      const other = values.find(({ value }) => value !== values[0]?.value);
      if (other !== undefined)
        finding(other.row, name, 'cell-differs', `Rows of dossier '${reference}' say this differently.`);
      const value = values[0]?.value ?? '';
      if (value === '' && REQUIRED.includes(name))
        finding(first, name, 'cell-missing', `No row of dossier '${reference}' says this.`);
      return value;
    };
    return { reference, row: first.row, filing: filingOf(said) };

    function filingOf(text: typeof said): unknown {
      const { items, values, findings: wrong } = readItems({ header, rows: own });
      findings.push(...wrong);
      const party = (name: 'consignor' | 'consignee'): object => ({
        name: text(name),
        country: text(`${name}Country`).toUpperCase(),
        ...given('address', text(`${name}Address`)),
        ...given('identifier', text(`${name}Id`)),
      });
      const [consignor, consignee] = [party('consignor'), party('consignee')];
      const origin = { name: text('originPlace'), country: text('originCountry').toUpperCase() };
      const destination = { name: text('destinationPlace'), country: text('destinationCountry').toUpperCase() };
      const currencies = [...new Set(values.map(({ value }) => value.currency))];
      if (currencies.length > 1) finding(first, 'dossier', 'currency-differs', 'The values are in several currencies.');
      const kind = text('equipmentKind').toLowerCase() || 'trailer';
      const seals = text('seals').split('/');
      const equipment = text('equipment')
        .split('/')
        .map((one) => one.trim())
        .filter((one) => one !== '')
        .map((identification, i) => ({
          kind,
          identification,
          seals: (seals[i] ?? '').split(/\s+/).filter((one) => one !== ''),
        }));
      const incoterm = text('incoterm').toUpperCase();
      return {
        route: {
          origin,
          destination,
          posts: text('posts')
            .split(/[\s,;]+/)
            .filter((one) => one !== ''),
        },
        sections: {
          goods: {
            consignor,
            consignee,
            items,
            grossMass: sum(items.map(({ grossMass }) => grossMass)),
            documents: [],
          },
          transport: {
            carrier: { name: text('carrier'), country: text('carrierCountry').toUpperCase() },
            legs: [{ mode: text('mode').toLowerCase() || 'road', from: origin, to: destination }],
            equipment,
            documents: [],
          },
          ...(values.length === 0
            ? {}
            : {
                commercial: {
                  seller: consignor,
                  buyer: consignee,
                  incoterm: { code: incoterm, place: text('incotermPlace') },
                  currency: currencies[0],
                  values,
                  documents: [],
                },
              }),
        },
      };
    }
  });
  return findings.length > 0 ? { dossiers: [], findings } : { dossiers, findings };
}
