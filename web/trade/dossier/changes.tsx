import { useState } from 'preact/hooks';
import type { DossierFiling, VersionDifferences } from '../../../trade/contract.ts';
import { differences } from '../../../trade/difference.ts';
import { api } from '../../api.ts';
import { formatDate, formatDay, formatMass, type MessageKey, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Answer } from '../../parts/page.tsx';
import { Table } from '../../parts/table.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { countryName, documentName, packageName, word } from '../words.ts';

/** What versions of a dossier say differently, field by field, in the words of the form in which they were typed. */

export type FieldChange = VersionDifferences['route'][number];
export type SectionChanges = VersionDifferences['sections'][number];

/** Fields as the forms name them; where one name serves two, with what it stands in. */
const FIELDS: Readonly<Record<string, MessageKey>> = {
  'contract.date': 'filing.contractDate',
  'contract.number': 'filing.contractNumber',
  'destination.country': 'filing.destinationCountry',
  'destination.name': 'filing.destinationPlace',
  'incoterm.code': 'filing.incoterm',
  'incoterm.place': 'filing.incotermPlace',
  'origin.country': 'filing.originCountry',
  'origin.name': 'filing.originPlace',
  'temperature.maximum': 'filing.maximum',
  'temperature.minimum': 'filing.minimum',
  address: 'filing.address',
  arrival: 'changes.arrival',
  code: 'filing.documentKind',
  count: 'filing.packageCount',
  country: 'filing.country',
  currency: 'filing.currency',
  departure: 'changes.departure',
  description: 'filing.description',
  ended: 'filing.ended',
  expires: 'filing.expires',
  file: 'filing.file',
  from: 'filing.legFrom',
  grossMass: 'filing.grossMass',
  hs: 'filing.hs',
  identification: 'filing.identification',
  identifier: 'filing.identifier',
  issued: 'filing.issued',
  issuer: 'filing.issuer',
  kind: 'filing.documentKind',
  licence: 'filing.licence',
  marks: 'filing.marks',
  mode: 'filing.mode',
  name: 'filing.partyName',
  netMass: 'filing.netMass',
  number: 'filing.documentNumber',
  origin: 'filing.itemOrigin',
  parameters: 'filing.parameters',
  phone: 'filing.phone',
  posts: 'filing.posts',
  seals: 'filing.seals',
  started: 'filing.started',
  to: 'filing.legTo',
};

/** Parts that hold fields. */
const PARTS: Readonly<Record<string, MessageKey>> = {
  buyer: 'filing.buyer',
  carrier: 'filing.carrier',
  consignee: 'filing.consignee',
  consignor: 'filing.consignor',
  file: 'filing.file',
  from: 'filing.legFrom',
  greenChannel: 'filing.greenChannel',
  place: 'filing.place',
  seller: 'filing.seller',
  temperature: 'filing.temperature',
  to: 'filing.legTo',
  trustedTrader: 'filing.trustedTrader',
};

/** Parts that say nothing beside the field in them. */
const SILENT = new Set(['contract', 'destination', 'incoterm', 'origin']);

/** One element of a list, by its own name. */
const ELEMENTS: Readonly<Record<string, (name: string) => string>> = {
  documents: (name) => {
    const [code = '', ...number] = name.split(' ');
    return `${documentName(code)} ${number.join(' ')}`;
  },
  drivers: (name) => t('filing.driver', { number: name }),
  equipment: (name) => {
    const [kind = '', ...number] = name.split(' ');
    return `${word('equipment', kind)} ${number.join(' ')}`;
  },
  items: (name) => t('filing.item', { number: name }),
  legs: (name) => t('filing.leg', { number: name }),
  packages: (name) => packageName(name),
  registrations: (name) => {
    const [kind = '', ...number] = name.split(' ');
    return `${word('registration', kind)} ${number.join(' ')}`;
  },
  treatments: (name) => t('filing.treatment', { number: name }),
  values: (name) => t('filing.item', { number: name }),
};

/** What a field is called, after where it stands. @example placeText(['items', '2', 'netMass']) // 'Item 2 · Net mass, kg' */
export function placeText(place: readonly string[]): string {
  const words: string[] = [];
  for (let i = 0; i < place.length; i++) {
    const [name = '', next = ''] = [place[i], place[i + 1]];
    const element = ELEMENTS[name];
    if (element !== undefined && next !== '') {
      words.push(element(next));
      i += 1;
      continue;
    }
    // An amount with its currency is one thing: the value of its item.
    if (name === 'value') words.push(t(next === 'currency' ? 'filing.currency' : 'filing.values'));
    if (name === 'value') break;
    const last = i === place.length - 1;
    const key = last ? (FIELDS[`${place[i - 1]}.${name}`] ?? FIELDS[name] ?? PARTS[name]) : PARTS[name];
    if (key !== undefined) words.push(t(key));
    else if (!SILENT.has(name)) words.push(name);
  }
  return words.join(' · ');
}

/** How a value reads, after the field in which it stands. */
function valueText(place: readonly string[], value: string | null, post: (id: string) => string): string {
  if (value === null) return '–';
  const field = place.at(-1);
  if (field === 'posts') return value.split(', ').map(post).join(' → ');
  if (field === 'country' || (field === 'origin' && place.includes('items'))) return countryName(value);
  if (field === 'mode' || field === 'state') return word(field === 'mode' ? 'mode' : 'status', value);
  if (field === 'netMass' || field === 'grossMass') return formatMass(value);
  if (field === 'code' && place.includes('documents')) return documentName(value);
  if (field === 'code' && place.includes('packages')) return packageName(value);
  if (field === 'kind') return word(place[0] === 'equipment' ? 'equipment' : (place[0]?.slice(0, -1) ?? ''), value);
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return formatDay(value);
  return /^\d{4}-\d\d-\d\dT/.test(value) ? formatDate(value) : value;
}

/** Says nothing to a reader: a random number that a file is hashed with, and the hash itself. */
const shown = ({ place }: FieldChange): boolean => place.at(-1) !== 'salt' && place.at(-1) !== 'hash';

/** One row a field: before and after. */
export function ChangesTable({
  caption,
  changes,
}: {
  readonly caption: string;
  readonly changes: readonly FieldChange[];
}) {
  const { post } = useMembers();
  return (
    <Table
      caption={caption}
      rows={changes.filter(shown)}
      rowKey={({ place }) => place.join('/')}
      columns={[
        { key: 'field', head: t('changes.field'), rowHead: true, cell: ({ place }) => placeText(place) },
        { key: 'before', head: t('changes.before'), cell: ({ place, before }) => valueText(place, before, post) },
        { key: 'after', head: t('changes.after'), cell: ({ place, after }) => valueText(place, after, post) },
      ]}
    />
  );
}

/** All that a version changes: the way, and each section; of one that is closed to the reader, that it changed. */
export function Changes({
  route,
  sections,
}: {
  readonly route: readonly FieldChange[];
  readonly sections: readonly SectionChanges[];
}) {
  if (route.length === 0 && sections.length === 0) return <p class="quiet">{t('changes.none')}</p>;
  return (
    <>
      {route.length > 0 && <ChangesTable caption={t('filing.stepRoute')} changes={route} />}
      {sections.map(({ name, state, changes }) => {
        const caption = `${word('section', name)}: ${t(`changes.${state}`)}`;
        return changes.some(shown) ? (
          <ChangesTable key={name} caption={caption} changes={changes} />
        ) : (
          <p key={name}>{caption}</p>
        );
      })}
    </>
  );
}

/** What a filing changes of the one before it, before it is filed. */
export function changesBetween(
  before: DossierFiling,
  after: DossierFiling,
): Pick<VersionDifferences, 'route' | 'sections'> {
  const names = [
    ...new Set([...Object.keys(after.sections), ...Object.keys(before.sections)]),
  ] as SectionChanges['name'][];
  const sections = names.flatMap((name): SectionChanges[] => {
    const [old, now] = [before.sections[name], after.sections[name]];
    const changes = fieldChanges(old, now);
    if (changes.length === 0) return [];
    return [{ name, state: old === undefined ? 'added' : now === undefined ? 'removed' : 'changed', changes }];
  });
  return { route: fieldChanges(before.route, after.route), sections };
}

const fieldChanges = (before: unknown, after: unknown): FieldChange[] =>
  differences(before, after).map(({ place, ...values }) => ({ place: [...place], ...values }));

/** What one version changed, asked for when it is opened. */
export function VersionChanges({ dossier, version }: { readonly dossier: string; readonly version: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen((was) => was || event.currentTarget.open)}>
      <summary>{t('changes.show', { version })}</summary>
      {open && <Asked dossier={dossier} version={version} />}
    </details>
  );
}

function Asked({ dossier, version }: { readonly dossier: string; readonly version: number }) {
  const query = useQuery(() => api.trade.compareVersions({ dossier, version }), [dossier, version]);
  return <Answer query={query}>{({ route, sections }) => <Changes route={route} sections={sections} />}</Answer>;
}
