import type { DossierFiling, DossierView } from '../../../trade/contract.ts';
import type {
  CommercialSection,
  DriverSection,
  FileReference,
  GoodsSection,
  SanitarySection,
  SectionContents,
  TradeDocument,
  TransportSection,
} from '../../../trade/section.ts';

/** What a person types before it is a filing: everything is text, and anything may be missing. */

export interface PartyForm {
  readonly name: string;
  readonly country: string;
  readonly address: string;
  readonly identifier: string;
}

export interface ItemForm {
  readonly hs: string;
  readonly description: string;
  readonly origin: string;
  readonly netMass: string;
  readonly grossMass: string;
  readonly packageCode: string;
  readonly packageCount: string;
  readonly marks: string;
  readonly value: string;
  /** Kinds of packages beyond the first, as an earlier version had them. */
  readonly morePackages: readonly {
    readonly code: string;
    readonly count: number;
    readonly marks?: string | undefined;
  }[];
}

export interface DocumentForm {
  readonly section: 'goods' | 'commercial' | 'transport' | 'sanitary' | 'attachments';
  readonly code: string;
  readonly number: string;
  readonly issued: string;
  readonly expires: string;
  readonly issuer: string;
  readonly file: FileReference | null;
}

export interface LegForm {
  readonly mode: 'road' | 'rail';
  readonly fromName: string;
  readonly fromCountry: string;
  readonly toName: string;
  readonly toCountry: string;
  readonly departure: string;
  readonly arrival: string;
}

export interface FilingForm {
  /** The same for every attempt to file this draft: it is filed once. */
  readonly idempotencyKey: string;
  readonly step: number;
  readonly consignor: PartyForm;
  readonly consignee: PartyForm;
  /** Where other than the consignor and the consignee. */
  readonly seller: PartyForm | null;
  readonly buyer: PartyForm | null;
  readonly originName: string;
  readonly originCountry: string;
  readonly destinationName: string;
  readonly destinationCountry: string;
  readonly posts: readonly string[];
  readonly items: readonly ItemForm[];
  readonly trustedTrader: string;
  readonly greenChannel: string;
  readonly commercial: boolean;
  readonly incoterm: string;
  readonly incotermPlace: string;
  readonly currency: string;
  readonly contractNumber: string;
  readonly contractDate: string;
  readonly carrier: PartyForm;
  readonly legs: readonly LegForm[];
  readonly equipment: readonly {
    readonly kind: 'container' | 'trailer' | 'wagon';
    readonly identification: string;
    readonly seals: string;
  }[];
  readonly minimum: string;
  readonly maximum: string;
  readonly registrations: readonly {
    readonly kind: string;
    readonly number: string;
    readonly name: string;
    readonly placeName: string;
    readonly placeCountry: string;
  }[];
  readonly treatments: readonly {
    readonly kind: string;
    readonly started: string;
    readonly ended: string;
    readonly parameters: string;
  }[];
  readonly drivers: readonly { readonly name: string; readonly licence: string; readonly phone: string }[];
  readonly documents: readonly DocumentForm[];
}

export const EMPTY_PARTY: PartyForm = { name: '', country: '', address: '', identifier: '' };
export const EMPTY_ITEM: ItemForm = {
  hs: '',
  description: '',
  origin: '',
  netMass: '',
  grossMass: '',
  packageCode: 'CT',
  packageCount: '',
  marks: '',
  value: '',
  morePackages: [],
};
export const EMPTY_LEG: LegForm = {
  mode: 'road',
  fromName: '',
  fromCountry: '',
  toName: '',
  toCountry: '',
  departure: '',
  arrival: '',
};

/** @param country where the operator is */
export function emptyForm(country: string, idempotencyKey: string): FilingForm {
  return {
    idempotencyKey,
    step: 0,
    consignor: { ...EMPTY_PARTY, country },
    consignee: EMPTY_PARTY,
    seller: null,
    buyer: null,
    originName: '',
    originCountry: country,
    destinationName: '',
    destinationCountry: '',
    posts: [],
    items: [{ ...EMPTY_ITEM, origin: country }],
    trustedTrader: '',
    greenChannel: '',
    commercial: true,
    incoterm: 'DAP',
    incotermPlace: '',
    currency: 'USD',
    contractNumber: '',
    contractDate: '',
    carrier: { ...EMPTY_PARTY, country },
    legs: [],
    equipment: [],
    minimum: '',
    maximum: '',
    registrations: [],
    treatments: [],
    drivers: [],
    documents: [],
  };
}

const given = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim());
/** Absent, not empty: the node knows no empty texts. */
const only = <K extends string>(key: K, text: string): { readonly [key in K]?: string } => {
  const value = given(text);
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: string });
};
const day = (text: string) => text as TradeDocument['issued'];
const country = (text: string) => text.trim() as SectionContents['goods']['consignor']['country'];

const party = (form: PartyForm): SectionContents['goods']['consignor'] => ({
  name: form.name.trim(),
  country: country(form.country),
  ...only('address', form.address),
  ...only('identifier', form.identifier),
});

/** A decimal as it is typed in any of the eight languages: spaces between groups, comma or point. */
export const decimal = (text: string): string => text.replaceAll(/[\s\u00a0\u202f]/g, '').replace(',', '.');

/** The sum of decimals as text, exactly. */
export function sum(texts: readonly string[]): string {
  const parts = texts.map((one) => /^(\d+)(?:\.(\d{1,6}))?$/.exec(decimal(one)));
  const micro = parts.reduce(
    (total, match) =>
      total + (match === null ? 0n : BigInt(match[1] ?? 0) * 1_000_000n + BigInt((match[2] ?? '').padEnd(6, '0'))),
    0n,
  );
  const fraction = (micro % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '');
  return `${micro / 1_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

function documentsOf(form: FilingForm, section: DocumentForm['section']): TradeDocument[] {
  return form.documents
    .filter((one) => one.section === section)
    .map(({ code, number, issued, expires, issuer, file }) => ({
      code: code.trim(),
      number: number.trim(),
      issued: day(issued),
      ...(expires === '' ? {} : { expires: day(expires) }),
      ...only('issuer', issuer),
      ...(file === null ? {} : { file }),
    }));
}

/** The legs as typed, or one from origin to destination where none was. */
export function legsOf(form: FilingForm): LegForm[] {
  if (form.legs.length > 0) return [...form.legs];
  return [
    {
      mode: 'road',
      fromName: form.originName,
      fromCountry: form.originCountry,
      toName: form.destinationName,
      toCountry: form.destinationCountry,
      departure: '',
      arrival: '',
    },
  ];
}

/** What is filed: what is wrong with it is for the node to say. */
export function toFiling(form: FilingForm): DossierFiling {
  const goods: GoodsSection = {
    consignor: party(form.consignor),
    consignee: party(form.consignee),
    items: form.items.map((item, i) => ({
      number: i + 1,
      hs: item.hs.replaceAll(/[\s.]/g, ''),
      description: item.description.trim(),
      origin: country(item.origin),
      netMass: decimal(item.netMass),
      grossMass: decimal(item.grossMass),
      packages: [
        {
          code: item.packageCode.trim().toUpperCase(),
          count: Number(decimal(item.packageCount)),
          ...only('marks', item.marks),
        },
        ...item.morePackages,
      ],
    })),
    grossMass: sum(form.items.map((item) => item.grossMass)),
    ...(given(form.trustedTrader) === undefined
      ? {}
      : { trustedTrader: { state: 'claimed' as const, programme: form.trustedTrader.trim() } }),
    ...(given(form.greenChannel) === undefined
      ? {}
      : { greenChannel: { state: 'claimed' as const, programme: form.greenChannel.trim() } }),
    documents: documentsOf(form, 'goods'),
  };
  const transport: TransportSection = {
    carrier: party(form.carrier),
    legs: legsOf(form).map((leg) => ({
      mode: leg.mode,
      from: { name: leg.fromName.trim(), country: country(leg.fromCountry) },
      to: { name: leg.toName.trim(), country: country(leg.toCountry) },
      ...(leg.departure === '' ? {} : { departure: instant(leg.departure) }),
      ...(leg.arrival === '' ? {} : { arrival: instant(leg.arrival) }),
    })),
    equipment: form.equipment.map((one) => ({
      kind: one.kind,
      identification: one.identification.trim(),
      seals: one.seals.split(/[,;\s]+/).filter((seal) => seal !== ''),
    })),
    ...(given(form.minimum) === undefined && given(form.maximum) === undefined
      ? {}
      : { temperature: { minimum: Number(decimal(form.minimum)), maximum: Number(decimal(form.maximum)) } }),
    documents: documentsOf(form, 'transport'),
  };
  const commercial: CommercialSection = {
    seller: party(form.seller ?? form.consignor),
    buyer: party(form.buyer ?? form.consignee),
    ...(given(form.contractNumber) === undefined
      ? {}
      : { contract: { number: form.contractNumber.trim(), date: day(form.contractDate) } }),
    incoterm: { code: form.incoterm as CommercialSection['incoterm']['code'], place: form.incotermPlace.trim() },
    currency: form.currency.trim().toUpperCase(),
    values: form.items.map((item, i) => ({
      item: i + 1,
      value: { amount: decimal(item.value), currency: form.currency.trim().toUpperCase() },
    })),
    documents: documentsOf(form, 'commercial'),
  };
  const sanitaryDocuments = documentsOf(form, 'sanitary');
  const sanitary: SanitarySection = {
    registrations: form.registrations.map((one) => ({
      kind: one.kind as SanitarySection['registrations'][number]['kind'],
      number: one.number.trim(),
      name: one.name.trim(),
      place: { name: one.placeName.trim(), country: country(one.placeCountry) },
    })),
    treatments: form.treatments.map((one) => ({
      kind: one.kind as SanitarySection['treatments'][number]['kind'],
      started: instant(one.started),
      ended: instant(one.ended),
      parameters: one.parameters.trim(),
    })),
    documents: sanitaryDocuments,
  };
  const drivers: DriverSection['drivers'] = form.drivers.map((one) => ({
    name: one.name.trim(),
    ...only('licence', one.licence),
    ...only('phone', one.phone.replaceAll(/[\s()-]/g, '')),
  }));
  const attachments = documentsOf(form, 'attachments');
  return {
    route: {
      origin: { name: form.originName.trim(), country: country(form.originCountry) },
      destination: { name: form.destinationName.trim(), country: country(form.destinationCountry) },
      posts: [...form.posts],
    },
    sections: {
      goods,
      transport,
      ...(form.commercial ? { commercial } : {}),
      ...(sanitary.registrations.length + sanitary.treatments.length + sanitaryDocuments.length === 0
        ? {}
        : { sanitary }),
      ...(drivers.length === 0 ? {} : { driver: { drivers } }),
      ...(attachments.length === 0 ? {} : { attachments: { documents: attachments } }),
    },
  };
}

/** A local time of a date-time field as an instant; what is no time stays as it is, for the node to name. */
function instant(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? local : time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

const differs = (one: unknown, other: unknown): boolean =>
  one !== undefined && JSON.stringify(one) !== JSON.stringify(other);

/** An instant as a date-time field wants it: the reader's own clock. */
function local(text: string | undefined): string {
  if (text === undefined) return '';
  const time = new Date(text);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** A form filled from a dossier, for an amendment or a copy. @param copy leaves out what belongs to the earlier consignment alone */
export function fromView(view: DossierView, idempotencyKey: string, copy: boolean): FilingForm {
  const content = <T>(name: string): T | undefined =>
    view.sections.find((one) => one.name === name)?.content as T | undefined;
  const goods = content<GoodsSection>('goods');
  const transport = content<TransportSection>('transport');
  const commercial = content<CommercialSection>('commercial');
  const sanitary = content<SanitarySection>('sanitary');
  const partyForm = (one: SectionContents['goods']['consignor'] | undefined): PartyForm =>
    one === undefined
      ? EMPTY_PARTY
      : { name: one.name, country: one.country, address: one.address ?? '', identifier: one.identifier ?? '' };
  const documents = (['goods', 'commercial', 'transport', 'sanitary', 'attachments'] as const).flatMap((section) =>
    (content<{ documents?: TradeDocument[] }>(section)?.documents ?? []).map(
      (one): DocumentForm => ({
        section,
        code: one.code,
        number: one.number,
        issued: one.issued,
        expires: one.expires ?? '',
        issuer: one.issuer ?? '',
        file: one.file ?? null,
      }),
    ),
  );
  return {
    ...emptyForm(view.member, idempotencyKey),
    consignor: partyForm(goods?.consignor),
    consignee: partyForm(goods?.consignee),
    seller: differs(commercial?.seller, goods?.consignor) ? partyForm(commercial?.seller) : null,
    buyer: differs(commercial?.buyer, goods?.consignee) ? partyForm(commercial?.buyer) : null,
    originName: view.route.origin.name,
    originCountry: view.route.origin.country,
    destinationName: view.route.destination.name,
    destinationCountry: view.route.destination.country,
    posts: view.route.posts,
    items: (goods?.items ?? []).map((item) => ({
      hs: item.hs,
      description: item.description,
      origin: item.origin,
      netMass: item.netMass,
      grossMass: item.grossMass,
      packageCode: item.packages[0]?.code ?? '',
      packageCount: String(item.packages[0]?.count ?? ''),
      marks: item.packages[0]?.marks ?? '',
      morePackages: item.packages.slice(1),
      value: commercial?.values.find((one) => one.item === item.number)?.value.amount ?? '',
    })),
    trustedTrader: goods?.trustedTrader?.programme ?? '',
    greenChannel: goods?.greenChannel?.programme ?? '',
    commercial: commercial !== undefined,
    incoterm: commercial?.incoterm.code ?? 'DAP',
    incotermPlace: commercial?.incoterm.place ?? '',
    currency: commercial?.currency ?? 'USD',
    contractNumber: commercial?.contract?.number ?? '',
    contractDate: commercial?.contract?.date ?? '',
    carrier: partyForm(transport?.carrier),
    legs: (transport?.legs ?? []).map((leg) => ({
      mode: leg.mode,
      fromName: leg.from.name,
      fromCountry: leg.from.country,
      toName: leg.to.name,
      toCountry: leg.to.country,
      departure: copy ? '' : local(leg.departure),
      arrival: copy ? '' : local(leg.arrival),
    })),
    equipment: copy
      ? []
      : (transport?.equipment ?? []).map((one) => ({
          kind: one.kind,
          identification: one.identification,
          seals: one.seals.join(', '),
        })),
    minimum: transport?.temperature === undefined ? '' : String(transport.temperature.minimum),
    maximum: transport?.temperature === undefined ? '' : String(transport.temperature.maximum),
    registrations: (sanitary?.registrations ?? []).map((one) => ({
      kind: one.kind,
      number: one.number,
      name: one.name,
      placeName: one.place.name,
      placeCountry: one.place.country,
    })),
    treatments: copy
      ? []
      : (sanitary?.treatments ?? []).map((one) => ({
          kind: one.kind,
          started: local(one.started),
          ended: local(one.ended),
          parameters: one.parameters,
        })),
    drivers: copy
      ? []
      : (content<DriverSection>('driver')?.drivers ?? []).map((one) => ({
          name: one.name,
          licence: one.licence ?? '',
          phone: one.phone ?? '',
        })),
    documents: copy ? [] : documents,
  };
}

/** The sections that an amendment changes, each whole; null takes one out. */
export function changedSections(
  before: DossierFiling['sections'],
  after: DossierFiling['sections'],
): Record<string, unknown> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changes: Record<string, unknown> = {};
  for (const name of names as Set<keyof SectionContents>) {
    if (JSON.stringify(before[name]) === JSON.stringify(after[name])) continue;
    changes[name] = after[name] ?? null;
  }
  return changes;
}

/** The id of the field that a finding's path names. @example fieldId('/sections/goods/items/0/hs') // 'f-sections-goods-items-0-hs' */
export const fieldId = (path: string): string => `f${path.replaceAll('/', '-')}`;

/** The step on which a finding's field stands. */
export function stepOf(path: string): number {
  const rules: readonly (readonly [RegExp, number])[] = [
    [/\/documents\//, 7],
    [/^\/route/, 1],
    [/^\/sections\/goods\/(consignor|consignee)/, 0],
    [/^\/sections\/goods/, 2],
    [/^\/sections\/commercial/, 3],
    [/^\/sections\/transport/, 4],
    [/^\/sections\/sanitary/, 5],
    [/^\/sections\/driver/, 6],
  ];
  return rules.find(([rule]) => rule.test(path))?.[1] ?? 8;
}
