import type { DossierFiling } from './contract.ts';

/**
 * Whole dossiers as rows of a table: one row an item, what belongs to the dossier repeated in each. The same table goes out for a national
 * window's form and comes in as an import.
 */

/** Column → the headers it goes by, in lower case; the first is the one that is written. */
export const DOSSIER_COLUMNS = {
  dossier: ['dossier', 'reference', 'досье', 'номер досье', '案卷', '参考号'],
  consignor: ['consignor', 'отправитель', 'грузоотправитель', '发货人'],
  consignorCountry: ['consignor country', 'страна отправителя', '发货人国家'],
  consignorAddress: ['consignor address', 'адрес отправителя', '发货人地址'],
  consignorId: ['consignor id', 'инн отправителя', '发货人编号'],
  consignee: ['consignee', 'получатель', 'грузополучатель', '收货人'],
  consigneeCountry: ['consignee country', 'страна получателя', '收货人国家'],
  consigneeAddress: ['consignee address', 'адрес получателя', '收货人地址'],
  consigneeId: ['consignee id', 'инн получателя', '收货人编号'],
  originPlace: ['place of departure', 'место отправления', '启运地'],
  originCountry: ['country of departure', 'страна отправления', '启运国'],
  destinationPlace: ['place of destination', 'место назначения', '目的地'],
  destinationCountry: ['country of destination', 'страна назначения', '目的国'],
  posts: ['posts', 'посты', 'пункты пропуска', '口岸'],
  mode: ['mode', 'вид транспорта', '运输方式'],
  carrier: ['carrier', 'перевозчик', '承运人'],
  carrierCountry: ['carrier country', 'страна перевозчика', '承运人国家'],
  equipmentKind: ['equipment kind', 'вид оборудования', '设备种类'],
  equipment: ['equipment', 'контейнер', 'прицеп', '集装箱'],
  seals: ['seals', 'пломбы', '封志'],
  incoterm: ['incoterm', 'инкотермс', '贸易术语'],
  incotermPlace: ['incoterm place', 'место инкотермс', '贸易术语地点'],
} as const satisfies Record<string, readonly string[]>;
export type DossierColumn = keyof typeof DOSSIER_COLUMNS;

const ITEM_HEADERS = [
  'number',
  'hs',
  'description',
  'origin',
  'net',
  'gross',
  'package',
  'packages',
  'marks',
  'value',
  'currency',
] as const;

/** What a spreadsheet would take for a formula is made text by an apostrophe, as spreadsheets themselves do. */
const cell = (value: string | number | undefined): string => {
  const text = String(value ?? '');
  const safe = /^[=+@\t\r]|^-[^\d\s]/.test(text) ? `'${text}` : text;
  return /[",;\n\r\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** What a reader of a dossier may have of a filing: sections that are closed are absent. */
export type Written = Pick<DossierFiling, 'route'> & {
  readonly sections: Partial<Pick<DossierFiling['sections'], 'goods' | 'transport' | 'commercial'>>;
};

/**
 * Dossiers as CSV (RFC 4180), with a byte order mark so that spreadsheets read it as UTF-8. An item of several kinds of packages has a row
 * for the first alone: the table has no place for the others, and their number stands in no other cell.
 *
 * @param dossiers each by the reference that stands in its rows
 */
export function writeDossierTable(dossiers: readonly (readonly [reference: string, dossier: Written])[]): string {
  const names = Object.keys(DOSSIER_COLUMNS) as DossierColumn[];
  const header = [...names.map((name) => DOSSIER_COLUMNS[name][0]), ...ITEM_HEADERS];
  const rows = dossiers.flatMap(([reference, { route, sections }]) => {
    const { goods, transport, commercial } = sections;
    const shared: Record<DossierColumn, string | undefined> = {
      dossier: reference,
      consignor: goods?.consignor.name,
      consignorCountry: goods?.consignor.country,
      consignorAddress: goods?.consignor.address,
      consignorId: goods?.consignor.identifier,
      consignee: goods?.consignee.name,
      consigneeCountry: goods?.consignee.country,
      consigneeAddress: goods?.consignee.address,
      consigneeId: goods?.consignee.identifier,
      originPlace: route.origin.name,
      originCountry: route.origin.country,
      destinationPlace: route.destination.name,
      destinationCountry: route.destination.country,
      posts: route.posts.join(' '),
      mode: transport?.legs[0]?.mode,
      carrier: transport?.carrier.name,
      carrierCountry: transport?.carrier.country,
      equipmentKind: transport?.equipment[0]?.kind,
      equipment: transport?.equipment.map(({ identification }) => identification).join(' / '),
      seals: transport?.equipment.map(({ seals }) => seals.join(' ')).join(' / '),
      incoterm: commercial?.incoterm.code,
      incotermPlace: commercial?.incoterm.place,
    };
    return (goods?.items ?? []).map((item) => {
      const value = commercial?.values.find((one) => one.item === item.number)?.value;
      const [packages] = item.packages;
      return [
        ...names.map((name) => shared[name]),
        item.number,
        item.hs,
        item.description,
        item.origin,
        item.netMass,
        item.grossMass,
        packages?.code,
        packages?.count,
        packages?.marks,
        value?.amount,
        value?.currency,
      ];
    });
  });
  return `\ufeff${[header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}
