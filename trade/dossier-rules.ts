import type { RequirementsView, StageView } from './measures/answer-view.ts';
import type { Question } from './measures/question.ts';
import type { DossierRules, RuleView, StageRules } from './rules-contract.ts';
import type {
  CommercialSection,
  GoodsSection,
  Route,
  SanitarySection,
  SectionName,
  TradeDocument,
  TransportSection,
} from './section.ts';

/** A dossier held against members' rules: which paper meets what is asked for, and what is still to be brought. */

export interface Declared {
  readonly route: Route;
  readonly goods: GoodsSection;
  readonly transport?: TransportSection | undefined;
  readonly commercial?: CommercialSection | undefined;
  readonly sanitary?: SanitarySection | undefined;
  /** Of all sections that the reader sees. */
  readonly documents: readonly (Pick<TradeDocument, 'code' | 'number' | 'expires'> & {
    readonly section: SectionName;
  })[];
  /** In force. */
  readonly certificates: readonly { readonly kind: string; readonly number: string }[];
}

/** Kind of certificate → its code of UN/EDIFACT 1001. */
const CERTIFICATE_CODES: Readonly<Record<string, string>> = { phytosanitary: '851', origin: '861', conformity: '2' };

interface Paper {
  readonly code: string;
  readonly number: string;
  /** Null: a certificate of an authority in the log. */
  readonly section: SectionName | null;
}

/** Papers that are there and good on the day; a day of expiry is still good. */
function papersOf({ documents, certificates }: Declared, on: string): Paper[] {
  return [
    ...documents
      .filter(({ expires }) => expires === undefined || on <= expires)
      .map(({ code, number, section }) => ({ code, number, section })),
    ...certificates.flatMap(({ kind, number }) => {
      const code = CERTIFICATE_CODES[kind];
      return code === undefined ? [] : [{ code, number, section: null }];
    }),
  ];
}

/** The sections of a filing as they are held against the rules. */
export function declaredOf(
  route: Route,
  sections: Readonly<Partial<Record<SectionName, unknown>>> & { readonly goods: GoodsSection },
  certificates: Declared['certificates'],
): Declared {
  const documents = Object.entries(sections).flatMap(([section, content]) =>
    ((content as { documents?: readonly TradeDocument[] } | undefined)?.documents ?? []).map((one) => ({
      ...one,
      section: section as SectionName,
    })),
  );
  const { goods, transport, commercial, sanitary } = sections;
  return {
    ...{ route, goods, documents, certificates },
    transport: transport as TransportSection | undefined,
    commercial: commercial as CommercialSection | undefined,
    sanitary: sanitary as SanitarySection | undefined,
  };
}

/**
 * What the engine is asked of a dossier. Status that an operator only claims is no status.
 *
 * @param memberOf the member of a post; a post that the registry does not list is left out
 */
export function questionOf(declared: Declared, memberOf: (post: string) => string | undefined, on: string): Question {
  const { route, goods, transport, commercial, sanitary } = declared;
  const currency = commercial?.currency ?? 'USD';
  const priceOf = (number: number): string | undefined => {
    const value = commercial?.values.find(({ item }) => item === number)?.value;
    return value?.currency === currency ? value.amount : undefined;
  };
  const recognised = goods.trustedTrader?.state === 'recognised';
  const green = goods.greenChannel?.state === 'recognised' ? true : undefined;
  return {
    items: goods.items.map(({ number, hs, origin, netMass }) => ({
      ...{ number, hs, origin, mass: netMass, value: priceOf(number) },
    })),
    ...{ from: route.origin.country, to: route.destination.country, on, currency },
    posts: route.posts.flatMap((post) => {
      const member = memberOf(post);
      return member === undefined ? [] : [{ post, member }];
    }),
    mode: transport?.legs[0]?.mode,
    incoterm: commercial?.incoterm.code,
    papers: [...new Set(papersOf(declared, on).map(({ code }) => code))],
    registered: [...new Set(sanitary?.registrations.map(({ kind }) => kind))],
    treated: [...new Set(sanitary?.treatments.map(({ kind }) => kind))],
    ...{ trader: recognised ? ['trusted'] : [], green },
  };
}

type ControlView = StageView['controls'][number];

/** Where in the filing something is to be done about it (RFC 6901); empty where nothing there helps. */
function pathOf({ state, groups, items }: ControlView, { goods }: Declared): string {
  if (state === 'prohibited') {
    const index = goods.items.findIndex(({ number }) => items.includes(number));
    return `/sections/goods/items/${Math.max(0, index)}/hs`;
  }
  if (state !== 'open') return '';
  const lacking = groups.flatMap(({ all }) => all).filter((atom) => atom.state !== 'yes');
  const kinds = new Set(lacking.map(({ kind }) => kind));
  if (kinds.has('document')) return '/sections/attachments/documents/-';
  if (kinds.has('registered')) return '/sections/sanitary/registrations/-';
  return kinds.has('treated') ? '/sections/sanitary/treatments/-' : '';
}

/** What the answer leaves unknown about papers and controls; charges have a page of their own. */
const ABOUT_PAPERS: ReadonlySet<string> = new Set(['pack-missing', 'control-not-found', 'digits-needed']);

function stageRules(stage: StageView, declared: Declared, on: string): StageRules {
  const { member, direction, pack, controls, findings } = stage;
  const codes = new Map(stage.documents.map(({ document, code }) => [document, code]));
  const papers = papersOf(declared, on);
  const rules = controls.map((control): RuleView => {
    const { measure, state, items, groups } = control;
    const named = new Set(
      groups
        .flatMap(({ all }) => all)
        .flatMap(({ kind, what, state: own }) => (kind === 'document' && own === 'yes' ? [codes.get(what) ?? ''] : [])),
    );
    const by = papers.filter(({ code }) => named.has(code));
    return { ...{ measure, state, items, groups, by }, path: pathOf(control, declared) };
  });
  const unknown = findings.filter(({ code }) => ABOUT_PAPERS.has(code));
  return {
    ...{ member, direction, pack, rules },
    unknown: unknown.map(({ code, item, params }) => ({ code, item, params })),
  };
}

/** What needs doing first stands first. */
const ORDER: readonly RuleView['state'][] = ['prohibited', 'open', 'may-apply', 'unknown', 'met'];

/** @param members those whose rules are shown; all of the way if not said */
export function rulesOf(
  answer: RequirementsView,
  declared: Declared,
  closed: readonly SectionName[],
  members?: readonly string[],
): Pick<DossierRules, 'on' | 'closed' | 'stages'> {
  const { on } = answer;
  const stages = answer.stages
    .filter(({ member }) => members === undefined || members.includes(member))
    .map((stage) => stageRules(stage, declared, on))
    .map((stage) => ({
      ...stage,
      rules: [...stage.rules].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state)),
    }));
  return { on: on as DossierRules['on'], closed: [...closed], stages };
}
