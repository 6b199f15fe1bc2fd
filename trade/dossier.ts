import { Decimal } from 'decimal.js';
import type { Registry } from '../members/registry.ts';
import type { Finding } from '../values/refusal.ts';
import { type Audiences, checkAudiences } from './audience.ts';
import { isContainerNumber, isCurrencyCode, isHsChapter, isPackageCode } from './codes.ts';
import { checkLegs, crossingsOf } from './route.ts';
import type {
  CommercialSection,
  GoodsSection,
  Route,
  SanitarySection,
  SectionContents,
  TradeDocument,
  TransportSection,
} from './section.ts';

/** What is wrong with a dossier beyond its form: impossible codes, sums that don't add up, times and places out of order. */

export interface DossierCheck {
  readonly registry: Registry;
  /** The member at whose node this is filed. */
  readonly member: string;
  /** Today at the filer, 'YYYY-MM-DD'. */
  readonly asOf: string;
}

interface Checkable {
  readonly route: Route;
  readonly sections: SectionContents;
  readonly audiences?: Audiences | undefined;
}

/** Sums of 2000 masses of 15 digits and 6 decimals, exactly. */
const Exact = Decimal.clone({ precision: 60 });

type Report = (path: string, code: string, message: string, params?: Record<string, string | number>) => void;

/**
 * All findings at once, each with a JSON Pointer into the filing. Never throws.
 *
 * @example checkDossier(filing, { registry, member: 'KZ', asOf: '2026-06-11' }) // []
 */
export function checkDossier(
  { route, sections, audiences }: Checkable,
  { registry, member, asOf }: DossierCheck,
): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (path, code, message, params) => {
    findings.push(params === undefined ? { path, code, message } : { path, code, message, params });
  };
  const way = crossingsOf(route, registry);
  findings.push(...way.findings);
  if (way.findings.length === 0) findings.push(...checkLegs(sections.transport.legs, route, way.crossings, registry));
  checkGoods(sections.goods, report);
  checkTransport(sections.transport, report);
  if (sections.commercial !== undefined) checkCommercial(sections.commercial, sections.goods, report);
  if (sections.sanitary !== undefined) checkSanitary(sections.sanitary, report);
  for (const [name, section] of Object.entries(sections)) {
    const documents = (section as { documents?: readonly TradeDocument[] } | undefined)?.documents ?? [];
    checkDocuments(documents, `/sections/${name}/documents`, asOf, report);
  }
  findings.push(...checkAudiences(audiences, route, member, registry));
  return findings;
}

function checkGoods(goods: GoodsSection, report: Report): void {
  const numbers = new Set<number>();
  let gross = new Exact(0);
  for (const [i, item] of goods.items.entries()) {
    const path = `/sections/goods/items/${i}`;
    if (numbers.has(item.number))
      report(`${path}/number`, 'item-repeated', `Item ${item.number} stands twice.`, { item: item.number });
    numbers.add(item.number);
    if (!isHsChapter(item.hs.slice(0, 2))) {
      report(
        `${path}/hs`,
        'hs-impossible',
        `${item.hs} begins with a chapter that the Harmonized System does not have.`,
        { hs: item.hs },
      );
    }
    for (const [j, { code }] of item.packages.entries()) {
      if (!isPackageCode(code))
        report(
          `${path}/packages/${j}/code`,
          'package-code-unknown',
          `${code} is no package type of UN/CEFACT Recommendation 21.`,
          { package: code },
        );
    }
    const [net, itemGross] = [new Exact(item.netMass), new Exact(item.grossMass)];
    if (net.lte(0)) report(`${path}/netMass`, 'mass-not-positive', 'The net mass must be more than zero.');
    if (net.gt(itemGross))
      report(
        `${path}/netMass`,
        'net-exceeds-gross',
        `The net mass ${item.netMass} kg exceeds the gross mass ${item.grossMass} kg.`,
      );
    gross = gross.plus(itemGross);
  }
  for (const name of ['trustedTrader', 'greenChannel'] as const) {
    if (goods[name]?.state === 'recognised' && goods[name].number === undefined)
      report(
        `/sections/goods/${name}`,
        'status-number-missing',
        'A status that an authority recognised has the number that it gave; without one it is a claim.',
      );
  }
  if (gross.gt(goods.grossMass)) {
    report(
      '/sections/goods/grossMass',
      'items-exceed-gross',
      `The items weigh ${gross.toFixed()} kg gross, more than the consignment's ${goods.grossMass} kg.`,
      {
        items: gross.toFixed(),
        consignment: goods.grossMass,
      },
    );
  }
}

function checkTransport(transport: TransportSection, report: Report): void {
  let last = '';
  for (const [i, leg] of transport.legs.entries()) {
    const path = `/sections/transport/legs/${i}`;
    const before = transport.legs[i - 1];
    if (before !== undefined && (before.to.name !== leg.from.name || before.to.country !== leg.from.country)) {
      report(
        `${path}/from`,
        'legs-not-joined',
        `The leg before ends in ${before.to.name}, this one begins in ${leg.from.name}.`,
      );
    }
    for (const name of ['departure', 'arrival'] as const) {
      const at = leg[name];
      if (at === undefined) continue;
      if (last !== '' && Date.parse(at) < Date.parse(last))
        report(`${path}/${name}`, 'times-out-of-order', `${at} lies before ${last}.`);
      last = at;
    }
  }
  const { temperature } = transport;
  if (temperature !== undefined && temperature.minimum > temperature.maximum) {
    report('/sections/transport/temperature', 'temperature-reversed', 'The lowest temperature is above the highest.');
  }
  checkEquipment(transport.equipment, '/sections/transport/equipment', report);
}

export function checkEquipment(equipment: TransportSection['equipment'], path: string, report: Report): void {
  const seals = new Set<string>();
  const named = new Set<string>();
  for (const [i, { kind, identification, seals: own }] of equipment.entries()) {
    if (named.has(`${kind} ${identification}`))
      report(`${path}/${i}/identification`, 'equipment-repeated', `The ${kind} ${identification} stands twice.`, {
        identification,
      });
    named.add(`${kind} ${identification}`);
    if (kind === 'container' && !isContainerNumber(identification)) {
      report(
        `${path}/${i}/identification`,
        'container-number-wrong',
        `${identification} is no ISO 6346 container number: form or check digit.`,
        { identification },
      );
    }
    for (const [j, seal] of own.entries()) {
      if (seals.has(seal)) report(`${path}/${i}/seals/${j}`, 'seal-repeated', `Seal ${seal} stands twice.`, { seal });
      seals.add(seal);
    }
  }
}

function checkCommercial(commercial: CommercialSection, goods: GoodsSection, report: Report): void {
  const items = new Set(goods.items.map(({ number }) => number));
  const valued = new Set<number>();
  if (!isCurrencyCode(commercial.currency)) {
    report('/sections/commercial/currency', 'currency-unknown', `${commercial.currency} is no currency of ISO 4217.`, {
      currency: commercial.currency,
    });
  }
  for (const [i, { item, value }] of commercial.values.entries()) {
    const path = `/sections/commercial/values/${i}`;
    if (!items.has(item)) report(`${path}/item`, 'item-unknown', `There is no item ${item} in the goods.`, { item });
    if (valued.has(item)) report(`${path}/item`, 'item-repeated', `Item ${item} is valued twice.`, { item });
    valued.add(item);
    if (value.currency !== commercial.currency) {
      report(
        `${path}/value/currency`,
        'currency-differs',
        `The dossier is in ${commercial.currency}, this value in ${value.currency}.`,
      );
    }
  }
  for (const item of items) {
    if (!valued.has(item))
      report('/sections/commercial/values', 'value-missing', `Item ${item} has no value.`, { item });
  }
}

function checkSanitary(sanitary: SanitarySection, report: Report): void {
  for (const [i, { started, ended }] of sanitary.treatments.entries()) {
    if (Date.parse(ended) < Date.parse(started)) {
      report(`/sections/sanitary/treatments/${i}/ended`, 'times-out-of-order', 'The treatment ends before it begins.');
    }
  }
}

function checkDocuments(documents: readonly TradeDocument[], path: string, asOf: string, report: Report): void {
  const tomorrow = new Date(Date.parse(`${asOf}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  for (const [i, { issued, expires }] of documents.entries()) {
    // A day of grace: it may be tomorrow already where the paper was issued.
    if (issued > tomorrow)
      report(`${path}/${i}/issued`, 'document-from-future', `The document is dated ${issued}, after today.`, {
        issued,
      });
    if (expires !== undefined && expires < issued)
      report(`${path}/${i}/expires`, 'dates-out-of-order', 'The document expires before it is issued.');
  }
}
