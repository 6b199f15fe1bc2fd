import { isCurrencyCode } from '../codes.ts';
import { checkMeasures } from './check.ts';
import { ALWAYS, type Groups, type Names, readCondition } from './condition.ts';
import {
  type Act,
  type Area,
  type Base,
  type Citation,
  DIRECTIONS,
  type Direction,
  type DocumentKind,
  type ExchangeRate,
  isCharge,
  isDuty,
  MEASURE_TYPES,
  type Measure,
  type MeasureType,
  type NationalCode,
  type Pack,
  type Parameter,
  type Quota,
  type Wording,
} from './measure.ts';
import type { QuotaEvent } from './quota.ts';
import { readRate, UNITS, Unreadable } from './rate.ts';
import {
  address,
  currency,
  day,
  decimal,
  ID,
  known,
  type Line,
  oneOf,
  period,
  prefixes,
  Reading,
  validity,
  words,
} from './reading.ts';
import { type Cells, copied, type Fault, type Row } from './table.ts';

/**
 * A pack is a folder of tables. It is read whole or refused whole, with every fault's file and line.
 *
 * @example readPack(new Map([['pack.csv', …], ['sources.csv', …], ['measures.csv', …]]))
 */

const EVERYWHERE: Area = { area: '*', countries: undefined };
const VALUE: Base = { of: ['value'], gross: false };

/** Named conditions, resolved when they are first asked for; one that leads back to itself is circular. */
function readConditions(
  reading: Reading,
  documents: Names['documents'],
): { readonly names: Names; readonly claims: Pack['claims'] } {
  const expressions = new Map<string, { readonly text: string; readonly row: Row; readonly cells: Cells }>();
  const claims = new Map<string, { claim: string; citation: Citation; wording: Wording }>();
  reading.named('conditions.csv', 'condition', (id, row, cells) => {
    const text = cells.text(row, 'expression');
    const wording = reading.wording(row, cells);
    const citation = reading.citation(row, cells);
    if (text !== '') expressions.set(id, { text, row, cells });
    else if (citation !== undefined) claims.set(id, { claim: id, citation, wording });
    return id;
  });
  const resolved = new Map<string, Groups | 'open'>();
  const names: Names = {
    documents,
    claims: new Set(claims.keys()),
    condition: (id) => {
      const known = resolved.get(id);
      if (known === 'open') throw new Unreadable(`The condition ${id} leads back to itself.`, id);
      if (known !== undefined) return known;
      const expression = expressions.get(id);
      if (expression === undefined)
        throw new Unreadable(`conditions.csv has no condition ${id} with an expression.`, id);
      resolved.set(id, 'open');
      const groups = readCondition(expression.text, names);
      resolved.set(id, groups);
      return groups;
    },
  };
  for (const [id, { row, cells }] of expressions)
    try {
      names.condition(id);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      const circular = error.message.includes('leads back');
      cells.fault(row, 'expression', circular ? 'circular' : 'cell-unreadable', error.message);
      // Whoever names it is not at fault.
      resolved.set(id, ALWAYS);
    }
  return { names, claims };
}

function readDocuments(reading: Reading): Map<string, DocumentKind> {
  return reading.named('documents.csv', 'document', (document, row, cells) => {
    const citation = reading.citation(row, cells);
    const code = cells.read(row, 'code', (text) => {
      if (text !== '' && !/^[1-9]\d{0,2}$/.test(text)) throw new Unreadable('A code is one of UN/EDIFACT 1001.', text);
      return text === '' ? undefined : text;
    });
    const kind = {
      document,
      code,
      issuer: known(cells.text(row, 'issuer')),
      where: known(cells.text(row, 'where')),
      takes: cells.read(row, 'takes', period),
      valid: cells.read(row, 'valid', period),
      form: cells.read(row, 'form', (text) => known(oneOf(['', 'unknown', 'paper', 'electronic', 'either'])(text))),
      needs: words(cells.text(row, 'needs')),
      wording: reading.wording(row, cells),
    };
    return citation && { ...kind, form: kind.form as DocumentKind['form'], citation };
  });
}

function readArea(areas: ReadonlyMap<string, Area>, text: string): Area {
  if (text === '*') return EVERYWHERE;
  const countries = new Set<string>();
  for (const one of words(text)) {
    const named = areas.get(one);
    if (named?.countries !== undefined) for (const code of named.countries) countries.add(code);
    else if (/^[A-Z]{2}$/.test(one)) countries.add(one);
    else throw new Unreadable(`${one} is neither a country's code nor an area of areas.csv.`, one);
  }
  if (countries.size === 0) throw new Unreadable('An area is *, codes of countries, or areas of areas.csv.', text);
  return { area: text, countries };
}

const readBase = (text: string): Base => {
  if (text === '' || text === 'value') return VALUE;
  const gross = /^gross\((.+)\)$/.exec(text);
  const of = (gross?.[1] ?? text).split(' + ');
  for (const one of of)
    if (!ID.test(one)) throw new Unreadable('A base reads value + duty, or gross(value + duty).', one);
  return { of, gross: gross !== null };
};

function readMeasures(reading: Reading, areas: ReadonlyMap<string, Area>, names: Names): Line<Measure>[] {
  const seen = new Map<string, number>();
  const condition = (text: string): Groups => readCondition(text, names);
  const area = (text: string): Area => readArea(areas, text);
  const exclude = (text: string): ReadonlySet<string> =>
    text === '' ? NOBODY : (readArea(areas, text).countries ?? NOBODY);
  return reading.rows('measures.csv', (row, cells) => {
    const measure = copied(cells.some(row, 'measure'));
    if (!ID.test(measure))
      cells.fault(row, 'measure', 'cell-unreadable', 'An id has lower-case letters, digits and hyphens.');
    const before = seen.get(measure);
    if (before !== undefined) cells.fault(row, 'measure', 'duplicate', `${measure} stands in line ${before} already.`);
    else seen.set(measure, row.line);
    const type = cells.read<MeasureType>(row, 'type', oneOf(MEASURE_TYPES));
    const direction = cells.read<Direction>(row, 'direction', oneOf(DIRECTIONS));
    cells.some(row, 'goods');
    const goods = cells.read(row, 'goods', prefixes);
    const except = cells.read(row, 'except', prefixes) ?? [];
    const where = cells.read(row, 'area', area);
    const valid = validity(row, cells);
    const written = cells.read(row, 'rate', (text) => ({ text, rate: text === '' ? undefined : readRate(text) }));
    const rate = written?.rate;
    const requires = cells.read(row, 'requires', condition) ?? ALWAYS;
    const when = cells.read(row, 'when', condition) ?? ALWAYS;
    const wording = reading.wording(row, cells);
    const citation =
      rate?.op === 'unknown' && cells.text(row, 'source') === '' ? undefined : reading.citation(row, cells);
    const base = cells.read(row, 'base', readBase) ?? VALUE;
    if (type !== undefined && !cells.broken) {
      const charge = isCharge(type);
      if (charge && rate === undefined) cells.fault(row, 'rate', 'cell-missing', 'A charge has a rate, or is unknown.');
      if (!charge && rate !== undefined && rate.op !== 'unknown')
        cells.fault(row, 'rate', 'cell-unreadable', `A ${type} has no rate; write a fee beside it.`);
      const papers = (groups: Groups, denied: boolean): boolean =>
        groups.some((group) => group.some((one) => one.kind === 'document' && (!denied || one.not)));
      if (charge && (!isDuty(type) || type === 'duty') && requires !== ALWAYS)
        cells.fault(
          row,
          'requires',
          'cell-unreadable',
          `What a ${type} hangs on stands in the column when; what is asked for belongs to preferences, quotas, suspensions and controls.`,
        );
      if (papers(requires, true))
        cells.fault(row, 'requires', 'cell-unreadable', 'No way may ask that a paper be absent.');
      if ((!charge || isDuty(type)) && papers(when, false))
        cells.fault(row, 'when', 'cell-unreadable', 'A paper is asked for in the column requires.');
    }
    if (
      type === undefined ||
      direction === undefined ||
      goods === undefined ||
      where === undefined ||
      valid === undefined
    )
      return undefined;
    const quota = cells.read(row, 'quota', known);
    if ((type === 'quota') !== (quota !== undefined))
      cells.fault(row, 'quota', 'cell-missing', 'A measure of type quota names its quota, and no other does.');
    return {
      measure,
      type,
      series: cells.read(row, 'series', same) || type,
      direction,
      goods,
      except,
      area: where,
      exclude: cells.read(row, 'exclude', exclude) ?? NOBODY,
      when,
      rate,
      rateText: written?.text ?? '',
      base,
      requires,
      quota,
      citation,
      wording,
      from: valid.from,
      to: valid.to,
    };
  });
}
const same = (text: string): string => text;
const NOBODY: ReadonlySet<string> = new Set();

const QUOTA_EVENTS = ['drawn', 'returned', 'blocked', 'unblocked'] as const;

/** What happened to quotas. A row that frees a quota on its first day says that nobody has drawn on it yet. */
function readQuotaEvents(reading: Reading, quotas: ReadonlyMap<string, Quota>): Map<string, QuotaEvent[]> {
  const events = new Map<string, QuotaEvent[]>();
  reading.named('quota-events.csv', 'event', (event, row, cells) => {
    const quota = copied(cells.some(row, 'quota'));
    if (!quotas.has(quota)) cells.fault(row, 'quota', 'not-declared', `quotas.csv has no quota ${quota}.`);
    const kind = cells.read(row, 'kind', oneOf(QUOTA_EVENTS));
    const on = cells.read(row, 'on', day);
    const counted = kind === 'drawn' || kind === 'returned';
    const text = cells.text(row, 'amount');
    if (kind !== undefined && (text !== '') !== counted)
      cells.fault(row, 'amount', 'cell-missing', 'What is drawn or returned has an amount, and nothing else has one.');
    const amount = text === '' ? '' : cells.read(row, 'amount', decimal);
    if (reading.citation(row, cells) === undefined || kind === undefined || on === undefined || amount === undefined)
      return undefined;
    const one: QuotaEvent = kind === 'drawn' || kind === 'returned' ? { event, kind, on, amount } : { event, kind, on };
    if (!cells.broken) events.set(quota, [...(events.get(quota) ?? []), one]);
    return event;
  });
  return events;
}

/** Reads a pack. @returns the pack, or every fault that was found in it (the first hundred) */
export function readPack(
  files: ReadonlyMap<string, string>,
): { readonly pack: Pack } | { readonly faults: readonly Fault[] } {
  const reading = new Reading(files);
  const { faults } = reading;
  const [head, ...rest] = reading.rows('pack.csv', (row, cells) => ({
    member: cells.read(row, 'member', (text) => {
      if (!/^[A-Z]{2}$/.test(text)) throw new Unreadable('A member is named by its ISO 3166-1 alpha-2 code.', text);
      return text;
    }),
    version: cells.read(row, 'version', (text) => {
      if (!/^[1-9]\d{0,8}$/.test(text)) throw new Unreadable('Versions are counted 1, 2, 3 …', text);
      return Number(text);
    }),
    published: cells.read(row, 'published', day),
    currency: cells.read(row, 'currency', currency),
  }));
  if (reading.tables.has('pack.csv') && (head === undefined || rest.length > 0))
    faults.add('pack.csv', rest[0]?.line, undefined, 'not-a-table', 'pack.csv has one row.');

  for (const [id, source] of reading.named('sources.csv', 'source', (source, row, cells) => ({
    source,
    title: cells.some(row, 'title'),
    publisher: cells.some(row, 'publisher'),
    edition: cells.read(row, 'edition', (text) => (text === '' ? undefined : day(text))),
    address: cells.read(row, 'address', address) ?? '',
  })))
    reading.sources.set(id, source);

  const areas = reading.named('areas.csv', 'area', (area, row, cells) => {
    const citation = reading.citation(row, cells);
    reading.wording(row, cells);
    const countries = cells.read(row, 'countries', (text) => readArea(new Map(), text).countries);
    return citation && countries && { area, countries };
  });
  const documents = readDocuments(reading);
  const { names, claims } = readConditions(reading, new Map([...documents].map(([id, { code }]) => [id, code])));

  const parameters = new Map<string, Parameter[]>();
  const parameterRows = reading.rows('parameters.csv', (row, cells): Parameter | undefined => {
    const parameter = cells.some(row, 'parameter');
    if (!/^[A-Z][A-Z0-9-]{1,11}$/.test(parameter) || isCurrencyCode(parameter))
      cells.fault(
        row,
        'parameter',
        'cell-unreadable',
        'A parameter has 2 to 12 capital letters, digits and hyphens, and is no currency.',
      );
    reading.wording(row, cells);
    const citation = reading.citation(row, cells);
    const value = cells.read(row, 'value', decimal);
    const unit = cells.read(row, 'unit', currency);
    const valid = validity(row, cells);
    return citation && value && unit && valid ? { parameter, value, currency: unit, citation, ...valid } : undefined;
  });
  for (const { value } of parameterRows)
    parameters.set(value.parameter, [...(parameters.get(value.parameter) ?? []), value]);

  const quotas = reading.named('quotas.csv', 'quota', (quota, row, cells): Quota | undefined => {
    const citation = reading.citation(row, cells);
    const wording = reading.wording(row, cells);
    const volume = cells.read(row, 'volume', decimal);
    const unit = cells.read(row, 'unit', (text) => {
      if (!Object.hasOwn(UNITS, text)) throw new Unreadable(`No unit is called ${text}.`, text);
      return text;
    });
    const critical = cells.read(row, 'critical', (text) => (text === '' ? undefined : decimal(text)));
    const valid = validity(row, cells);
    return citation && volume && unit && valid
      ? { quota, volume, unit, critical, citation, wording, ...valid }
      : undefined;
  });
  const quotaEvents = readQuotaEvents(reading, quotas);
  const codes = reading.rows('codes.csv', (row, cells): NationalCode | undefined => {
    const code = cells.some(row, 'code');
    if (!/^(\d{8}|\d{10})$/.test(code))
      cells.fault(row, 'code', 'cell-unreadable', "A line of a member's own nomenclature has 8 or 10 digits.");
    const citation = reading.citation(row, cells);
    const wording = reading.wording(row, cells);
    const valid = validity(row, cells);
    return citation && valid && { code, citation, wording, ...valid };
  });
  const exchange = reading.rows('exchange.csv', (row, cells): ExchangeRate | undefined => {
    const citation = reading.citation(row, cells);
    const of = cells.read(row, 'currency', currency);
    const amount = cells.read(row, 'amount', decimal);
    const per = cells.read(row, 'per', decimal);
    const from = cells.read(row, 'from', day);
    return citation && of && amount && per && from ? { currency: of, amount, per, from, citation } : undefined;
  });
  const acts = reading.rows('steps.csv', (row, cells): Act | undefined => {
    const citation = reading.citation(row, cells);
    const direction = cells.read<Direction>(row, 'direction', oneOf(DIRECTIONS));
    const at = cells.read(row, 'at', oneOf(['exit', 'entry'] as const));
    return (
      citation &&
      direction &&
      at && {
        step: cells.some(row, 'step'),
        direction,
        at,
        after: words(cells.text(row, 'after')),
        goods: cells.read(row, 'goods', (text) => prefixes(text || '*')) ?? [''],
        when: cells.read(row, 'when', (text) => readCondition(text, names)) ?? ALWAYS,
        authority: known(cells.text(row, 'authority')),
        where: known(cells.text(row, 'where')),
        citation,
        wording: reading.wording(row, cells),
      }
    );
  });
  const measures = readMeasures(reading, areas, names);
  checkMeasures(
    { measures, codes, acts, documents, parameters: parameterRows, quotas, tables: reading.tables },
    faults,
  );

  const { member, version, published, currency: own } = head?.value ?? {};
  if (faults.all.length > 0 || !member || !version || !published || !own) return { faults: faults.all };
  const values = <T>(rows: readonly { readonly value: T }[]): T[] => rows.map(({ value }) => value);
  return {
    pack: {
      ...{ member, version, published, currency: own, sources: reading.sources, areas, documents, claims, parameters },
      ...{
        quotas,
        quotaEvents,
        acts: values(acts),
        codes: values(codes),
        exchange: values(exchange),
        measures: values(measures),
      },
    },
  };
}
