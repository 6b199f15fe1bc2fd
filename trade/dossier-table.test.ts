import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DossierFiling } from './contract.ts';
import { type Written, writeDossierTable } from './dossier-columns.ts';
import { readDossierTable } from './dossier-table.ts';

const HEADER =
  'dossier,consignor,consignor country,consignee,consignee country,place of departure,country of departure,place of destination,country of destination,posts,carrier,carrier country,hs,description,origin,net,gross,package,packages,value,currency,incoterm,incoterm place';
const ROW: Record<string, string> = {
  dossier: 'A-1',
  consignor: 'Orchards',
  'consignor country': 'UZ',
  consignee: 'Market',
  'consignee country': 'kz',
  'place of departure': 'Fergana',
  'country of departure': 'UZ',
  'place of destination': 'Almaty',
  'country of destination': 'KZ',
  posts: 'uz-yallama kz-konysbayeva',
  carrier: 'Cold Trucks',
  'carrier country': 'UZ',
  hs: '080929',
  description: 'Cherries',
  origin: 'UZ',
  net: '1000',
  gross: '1100.5',
  package: 'CT',
  packages: '100',
  value: '2500',
  currency: 'USD',
  incoterm: 'DAP',
  'incoterm place': 'Almaty',
};
const line = (change: Record<string, string> = {}): string =>
  HEADER.split(',')
    .map((name) => change[name] ?? ROW[name] ?? '')
    .join(',');
const read = (...changes: Record<string, string>[]) => readDossierTable([HEADER, ...changes.map(line)].join('\n'));
const found = (...changes: Record<string, string>[]) =>
  read(...changes).findings.map(({ code, row, params }) => `${code} ${row} ${params?.['column'] ?? ''}`.trim());

describe('a table of dossiers', () => {
  test('gives one filing for each reference, in the order of the file, as the node takes it', () => {
    const { dossiers, findings } = read(
      { dossier: 'B' },
      {},
      { hs: '081310', description: 'Apricots', gross: '99.75', net: '90', consignor: '' },
    );
    expect(findings).toEqual([]);
    expect(dossiers.map(({ reference, row }) => [reference, row])).toEqual([
      ['B', 2],
      ['A-1', 3],
    ]);
    const filing = DossierFiling.parse(dossiers[1]?.filing);
    expect(filing.route.posts).toEqual(['uz-yallama', 'kz-konysbayeva']);
    expect(filing.sections.goods.items.map(({ number, hs }) => [number, hs])).toEqual([
      [1, '080929'],
      [2, '081310'],
    ]);
    expect(filing.sections.goods.grossMass).toBe('1200.25');
    expect(filing.sections.goods.consignee).toEqual({ name: 'Market', country: 'KZ' });
    expect(filing.sections.commercial?.values).toHaveLength(2);
  });

  test('names what is missing or differs by row and column, and then gives no dossier at all', () => {
    expect(found({}, { carrier: 'Others' })).toEqual(['cell-differs 3 carrier']);
    expect(found({ 'place of departure': '' })).toEqual(['cell-missing 2 place of departure']);
    expect(found({ dossier: '' })).toEqual(['reference-missing 2 dossier']);
    expect(found({}, { currency: 'CNY', value: '5' })).toEqual(['currency-differs 2 dossier']);
    expect(found({}, { hs: '99' })).toEqual(['cell-wrong 3 hs']);
    expect(found({}, { dossier: 'B', net: 'much' })).toEqual(['number-wrong 3 net']);
    expect(read({}, { hs: '99' }).dossiers).toEqual([]);
    expect(readDossierTable('dossier,hs\nA,080929').findings.map(({ params }) => params?.['column'])).toContain(
      'consignee',
    );
    expect(readDossierTable('').findings.length).toBeGreaterThan(0);
    expect(readDossierTable('x'.repeat(5_000_001)).findings).toMatchObject([{ code: 'table-too-large' }]);
    const rows = Array.from({ length: 20_001 }, (_, i) => line({ dossier: String(i) }));
    expect(readDossierTable([HEADER, ...rows].join('\n')).findings).toMatchObject([{ code: 'table-too-long' }]);
  });

  test('reads headers in Russian and Chinese, any separator', () => {
    const names: Record<string, string> = {
      dossier: 'номер досье',
      consignor: '发货人',
      posts: 'посты',
      hs: 'Код ТН ВЭД',
    };
    const header = HEADER.split(',').map((name) => names[name] ?? name);
    expect(readDossierTable([header.join(';'), line().replaceAll(',', ';')].join('\r\n')).findings).toEqual([]);
  });
});

describe('what is written', () => {
  const text = fc
    .string({ unit: fc.constantFrom(...'abc XYZ,;"\n=+-@шұқ樱桃'), minLength: 1, maxLength: 20 })
    .map((value) => value.replaceAll(/\s+/g, ' ').trim())
    // Such a text goes out with an apostrophe before it, and is refused as a formula where it comes in without.
    .filter((value) => value !== '' && !/^[=+@]|^-\D/.test(value));
  const decimal = fc.integer({ min: 1, max: 9_999_999 }).map((n) => String(n / 100));
  const country = fc.constantFrom('CN', 'KZ', 'KG', 'TJ', 'TM', 'UZ');
  const place = fc.record({ name: text, country });
  const party = fc.record({ name: text, country, address: text, identifier: text });
  const dossier = fc
    .record({
      origin: place,
      destination: place,
      posts: fc.uniqueArray(fc.constantFrom('uz-yallama', 'kz-konysbayeva', 'cn-khorgos'), { minLength: 1 }),
      consignor: party,
      consignee: party,
      carrier: fc.record({ name: text, country }),
      items: fc.array(
        fc.record({
          hs: fc.constantFrom('080929', '760110', '8541430000'),
          description: text,
          origin: country,
          netMass: decimal,
          grossMass: decimal,
          packages: fc
            .record({ code: fc.constantFrom('CT', 'BX'), count: fc.integer({ min: 1, max: 5000 }) })
            .map((one) => [one]),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      amount: decimal,
      incoterm: fc.record({ code: fc.constantFrom('DAP', 'FCA'), place: text }),
    })
    .map(({ origin, destination, posts, consignor, consignee, carrier, items, amount, incoterm }) => ({
      route: { origin, destination, posts },
      sections: {
        goods: { consignor, consignee, items: items.map((item, i) => ({ number: i + 1, ...item })), documents: [] },
        transport: {
          carrier,
          legs: [{ mode: 'road', from: origin, to: destination }],
          equipment: [{ kind: 'trailer', identification: '40 1234 BB', seals: ['S-1', 'S-2'] }],
          documents: [],
        },
        commercial: {
          seller: consignor,
          buyer: consignee,
          incoterm,
          currency: 'USD',
          values: items.map((_, i) => ({ item: i + 1, value: { amount, currency: 'USD' } })),
          documents: [],
        },
      },
    }));

  test('reads back to the same dossiers', () => {
    fc.assert(
      fc.property(fc.array(dossier, { minLength: 1, maxLength: 4 }), (dossiers) => {
        const named = dossiers.map((one, i) => [`R${i}`, one] as unknown as [string, Written]);
        const table = readDossierTable(writeDossierTable(named));
        expect(table.findings).toEqual([]);
        const again = table.dossiers.map(({ filing }) => filing as { sections: { goods: { grossMass?: string } } });
        for (const { sections } of again) delete sections.goods.grossMass;
        expect(again).toEqual(dossiers);
      }),
      { numRuns: 60 },
    );
  });

  test('is no formula for any spreadsheet', () => {
    const [one] = fc.sample(dossier, { numRuns: 1, seed: 1 });
    for (const evil of ['=1+1', '+A1', '@SUM(A1)', '-cmd', '\t=1'])
      expect(writeDossierTable([[evil, one as unknown as Written]])).toMatch(/\r\n"?'/);
  });
});
