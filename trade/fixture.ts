import { canonicalBytes } from '../log/canonical.ts';
import type { Audience, Envelope } from '../log/envelope.ts';
import { Registry, type RegistryDocument } from '../members/registry.ts';
import { toHex } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import type { DecisionBody, EventBody, ManifestBody, MovementBody } from './record.ts';
import type { SectionName } from './section.ts';
import type { FoldInput } from './state.ts';

/** A registry and tellers of histories for tests of the folds. Nothing here is signed. */

export const MEMBERS = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'] as const;

const names = { zh: '-', kk: '-', ky: '-', tg: '-', tk: '-', uz: '-', ru: '-', en: '-' };
const POSTS: Readonly<Record<string, readonly string[]>> = {
  CN: ['cn-khorgos', 'cn-irkeshtam'],
  KG: ['kg-irkeshtam', 'kg-dostuk'],
  KZ: ['kz-nur-zholy', 'kz-konysbayeva'],
  TJ: ['tj-dusti'],
  TM: ['tm-farap'],
  UZ: ['uz-yallama', 'uz-dostlik', 'uz-saryasia', 'uz-alat'],
};

export function testRegistry(): Registry {
  const document: RegistryDocument = {
    v: 1,
    version: 1,
    publishedAt: '2026-01-01T00:00:00Z',
    quorum: 4,
    members: MEMBERS.map((code) => {
      const lower = code.toLowerCase();
      const keys = [{ vkey: `demo.${lower}.dostyk/log+00000000+`, from: 0 }];
      const authority = (
        name: string,
        kind: 'customs' | 'plant-health' | 'chamber' | 'ministry' | 'railway',
        mandates: string[],
      ) => ({
        id: `${lower}.${name}`,
        kind,
        name: names,
        mandates: mandates as RegistryDocument['members'][number]['authorities'][number]['mandates'],
        documentKeys: [],
      });
      return {
        code: code as RegistryDocument['members'][number]['code'],
        name: names,
        currency: 'XXX',
        zones: ['Asia/Almaty'],
        address: `http://127.0.0.1/${lower}`,
        memberKey: '-',
        log: { origin: `demo.${lower}.dostyk/log`, keys },
        witness: { keys },
        node: { keys },
        authorities: [
          authority('chamber', 'chamber', ['certify-origin']),
          authority('customs', 'customs', ['decide', 'require', 'report-events', 'decide-appeals']),
          authority('ministry', 'ministry', ['publish-rules']),
          authority('plant-health', 'plant-health', ['certify-phytosanitary', 'require']),
          authority('railway', 'railway', ['report-events']),
        ],
        posts: (POSTS[code] ?? []).map((id) => ({
          id,
          authority: `${lower}.customs`,
          crossing: id,
          name: id,
          mode: ['road' as const],
          zone: 'Asia/Almaty',
        })),
      };
    }),
  };
  return new Registry(document, '0'.repeat(64), []);
}

/** A UUID of a number: tests read better with ids that can be told apart. */
export function uuid(n: number): string {
  return `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

export const ROUTE: ManifestBody['route'] = {
  origin: { name: 'Fergana', country: 'UZ' as never },
  destination: { name: 'Ürümqi', country: 'CN' as never },
  posts: ['uz-yallama', 'kz-konysbayeva', 'kz-nur-zholy', 'cn-khorgos'],
};
const party = (country: string) => ({ name: 'Demo', country: country as never });

export const CONTENTS: Readonly<Partial<Record<SectionName, unknown>>> = {
  goods: {
    consignor: party('UZ'),
    consignee: party('CN'),
    items: [
      {
        number: 1,
        hs: '080929',
        description: 'Fresh sweet cherries',
        origin: 'UZ',
        netMass: '20000',
        grossMass: '21200',
        packages: [{ code: 'CT', count: 4000 }],
      },
    ],
    grossMass: '21200',
    documents: [],
  },
  transport: {
    carrier: party('UZ'),
    legs: [{ mode: 'road', from: ROUTE.origin, to: ROUTE.destination }],
    equipment: [],
    documents: [],
  },
  commercial: {
    seller: party('UZ'),
    buyer: party('CN'),
    incoterm: { code: 'DAP', place: 'Ürümqi' },
    currency: 'USD',
    values: [{ item: 1, value: { amount: '40000', currency: 'USD' } }],
    documents: [],
  },
};

export const everyone = (members: readonly string[]): Audience =>
  members.map((member) => ({ member: member as never }));

export interface Saying {
  readonly member: string;
  readonly authority?: string | undefined;
  readonly to?: Audience;
  readonly after?: readonly string[];
  readonly at?: string;
  /** To say the same id again in the same log. */
  readonly id?: string;
}

/** Tells a history: each saying takes the next index of its member's log and a minute of time. */
export class Teller {
  readonly said: FoldInput[] = [];
  readonly #sizes = new Map<string, bigint>();
  #minutes = 0;

  say(type: string, body: Record<string, unknown>, saying: Saying): FoldInput {
    const origin = `demo.${saying.member.toLowerCase()}.dostyk/log`;
    const index = this.#sizes.get(origin) ?? 0n;
    this.#sizes.set(origin, index + 1n);
    this.#minutes += 1;
    const at = new Date(Date.UTC(2026, 5, 11) + this.#minutes * 60_000).toISOString();
    const envelope: Envelope = {
      v: 1,
      id: saying.id ?? uuid(0xf000_0000 + this.#minutes),
      log: origin,
      registry: 1,
      type,
      issuer: {
        member: saying.member as never,
        ...(saying.authority !== undefined && { authority: saying.authority }),
      },
      to: saying.to ?? everyone(['CN', 'KZ', 'UZ']),
      after: [...(saying.after ?? [])] as never[],
      at: saying.at ?? at,
      body: JSON.parse(JSON.stringify(body)),
    };
    const commitment = toHex(nodeCrypto.sha256(canonicalBytes({ ...envelope, n: this.#minutes })));
    const record = { origin, index, commitment, envelope };
    this.said.push(record);
    return record;
  }
}

export type Contents = Readonly<Partial<Record<SectionName, unknown>>>;

/** One dossier of one operator, told step by step; every step returns the record that it said. */
export class DossierTeller {
  readonly teller: Teller;
  readonly dossier: string;
  readonly filer: string;
  route: ManifestBody['route'];
  readonly manifests: FoldInput[] = [];
  /** By section: version, commitment, audience as the newest manifest names them. */
  readonly sections = new Map<SectionName, ManifestBody['sections'][number]>();

  constructor(dossier: string, options: { filer?: string; teller?: Teller; route?: ManifestBody['route'] } = {}) {
    this.dossier = dossier;
    this.teller = options.teller ?? new Teller();
    this.filer = options.filer ?? 'UZ';
    this.route = options.route ?? ROUTE;
  }

  get said(): FoldInput[] {
    return this.teller.said;
  }

  get operator(): string {
    return `${this.filer.toLowerCase()}.exporter`;
  }

  get members(): string[] {
    const posts = this.route.posts.map((post) => post.slice(0, 2).toUpperCase());
    return [...new Set([this.filer, this.route.origin.country, this.route.destination.country, ...posts])].sort();
  }

  get manifest(): FoldInput {
    const last = this.manifests.at(-1);
    if (last === undefined) throw new Error('nothing is filed yet');
    return last;
  }

  /** Says the sections and the manifest of the next version. */
  file(
    contents: Contents = CONTENTS,
    saying: Partial<Saying> & { version?: number; previous?: string | null } = {},
  ): FoldInput {
    const { version = this.manifests.length + 1, previous, ...rest } = saying;
    for (const [name, content] of Object.entries(contents) as [SectionName, unknown][]) {
      const audience = name === 'commercial' ? everyone([this.filer, 'CN'].sort()) : everyone(this.members);
      const next = (this.sections.get(name)?.version ?? 0) + 1;
      const record = this.teller.say(
        'section',
        { dossier: this.dossier, section: name, version: next, operator: this.operator, content },
        { member: this.filer, to: audience },
      );
      this.sections.set(name, {
        name,
        version: next,
        commitment: record.commitment,
        audience: audience as ManifestBody['sections'][number]['audience'],
      });
    }
    const before = previous === undefined ? this.manifests.at(-1)?.commitment : (previous ?? undefined);
    const manifest = this.teller.say(
      'manifest',
      {
        dossier: this.dossier,
        version,
        ...(before !== undefined && { previous: before }),
        operator: this.operator,
        route: this.route,
        sections: [...this.sections.values()],
        ...(version > 1 && { reason: 'amended' }),
      },
      { member: this.filer, to: everyone(this.members), after: before === undefined ? [] : [before], ...rest },
    );
    this.manifests.push(manifest);
    return manifest;
  }

  decide(
    post: string,
    decision: DecisionBody['decision'],
    saying: Partial<Saying> & { manifest?: string; reason?: string } = {},
  ): FoldInput {
    const { manifest = this.manifest.commitment, reason, after = [], ...rest } = saying;
    const member = post.slice(0, 2).toUpperCase();
    const code = reason ?? (decision === 'release' ? 'in-order' : 'other');
    return this.teller.say(
      'decision',
      {
        dossier: this.dossier,
        manifest,
        post,
        decision,
        reason: { code },
        ...(decision === 'query' && { question: 'Why?' }),
      },
      {
        member,
        authority: `${member.toLowerCase()}.customs`,
        to: everyone(this.members),
        after: [manifest, ...after],
        ...rest,
      },
    );
  }

  answer(query: FoldInput, saying: Partial<Saying> = {}): FoldInput {
    const body = {
      dossier: this.dossier,
      decision: query.commitment,
      operator: this.operator,
      text: 'Because.',
      files: [],
    };
    return this.teller.say('answer', body, {
      member: this.filer,
      to: everyone(this.members),
      after: [query.commitment],
      ...saying,
    });
  }

  appeal(decision: FoldInput, saying: Partial<Saying> = {}): FoldInput {
    const body = {
      dossier: this.dossier,
      decision: decision.commitment,
      operator: this.operator,
      grounds: 'It is there.',
    };
    return this.teller.say('appeal', body, {
      member: this.filer,
      to: everyone(this.members),
      after: [decision.commitment],
      ...saying,
    });
  }

  decideAppeal(appeal: FoldInput, outcome: 'upheld' | 'dismissed', saying: Saying): FoldInput {
    const body = { dossier: this.dossier, appeal: appeal.commitment, outcome, reason: 'Seen.' };
    const authority = `${saying.member.toLowerCase()}.customs`;
    return this.teller.say('appeal-outcome', body, {
      authority,
      to: everyone(this.members),
      after: [appeal.commitment],
      ...saying,
    });
  }

  withdraw(saying: Partial<Saying> = {}): FoldInput {
    const manifest = this.manifest.commitment;
    const body = { dossier: this.dossier, manifest, operator: this.operator, reason: 'Sold elsewhere.' };
    return this.teller.say('withdrawal', body, {
      member: this.filer,
      to: everyone(this.members),
      after: [manifest],
      ...saying,
    });
  }

  certify(n: number, saying: Partial<Saying> & { manifest?: string } = {}): FoldInput {
    const { manifest = this.manifest.commitment, ...rest } = saying;
    const goods = { item: 1, hs: '080929', description: 'Cherries', origin: 'UZ', netMass: '20000', packages: 4000 };
    const body = {
      certificate: uuid(n),
      kind: 'origin',
      number: `N-${n}`,
      dossier: this.dossier,
      manifest,
      goods: [goods],
      consignor: 'Demo',
      consignee: 'Demo',
      statement: 'Wholly obtained.',
      validFrom: '2026-06-01T00:00:00Z',
      validUntil: '2027-06-01T00:00:00Z',
      status: { list: `${this.filer.toLowerCase()}.chamber`, index: n },
    };
    return this.teller.say('certificate', body, {
      member: this.filer,
      authority: `${this.filer.toLowerCase()}.chamber`,
      to: everyone(this.members),
      after: [manifest],
      ...rest,
    });
  }

  revoke(certificate: FoldInput, saying: Partial<Saying> = {}): FoldInput {
    const { commitment, envelope } = certificate;
    const body = {
      certificate: envelope.body['certificate'],
      commitment,
      dossier: this.dossier,
      reason: 'Wrong number.',
    };
    return this.teller.say('revocation', body, {
      member: envelope.issuer.member,
      ...(envelope.issuer.authority !== undefined && { authority: envelope.issuer.authority }),
      to: everyone(this.members),
      after: [commitment],
      ...saying,
    });
  }
}

/** Declares a movement, or its next version. */
export function tellMovement(
  teller: Teller,
  movement: string,
  dossiers: readonly string[],
  more: Partial<MovementBody> & { saying?: Partial<Saying>; before?: FoldInput } = {},
): FoldInput {
  const { saying, before, ...body } = more;
  const member = saying?.member ?? 'UZ';
  return teller.say(
    'movement',
    {
      movement,
      version: before === undefined ? 1 : Number(before.envelope.body['version']) + 1,
      ...(before !== undefined && { previous: before.commitment }),
      operator: `${member.toLowerCase()}.carrier`,
      carrier: party(member),
      leg: { mode: 'road', from: ROUTE.origin, to: ROUTE.destination },
      posts: ROUTE.posts,
      means: { mode: 'road', identification: '40 777 UZ', country: 'UZ' },
      trailers: [],
      equipment: [{ kind: 'trailer', identification: 'T1', seals: ['S1'] }],
      consignments: dossiers.map((dossier) => ({ dossier })),
      ...body,
    },
    { member, to: everyone(['CN', 'KZ', 'UZ']), after: before === undefined ? [] : [before.commitment], ...saying },
  );
}

export function tellEvent(
  teller: Teller,
  version: FoldInput,
  event: EventBody['event'],
  more: Partial<EventBody> & { saying?: Partial<Saying> } = {},
): FoldInput {
  const { saying, ...body } = more;
  const member = saying?.member ?? version.envelope.issuer.member;
  const byAuthority = saying?.authority !== undefined;
  return teller.say(
    'event',
    {
      movement: version.envelope.body['movement'],
      event,
      occurredAt: `2026-06-12T00:${String(teller.said.length).padStart(2, '0')}:00Z`,
      zone: 'Asia/Almaty',
      source: byAuthority ? 'authority' : 'operator',
      ...(!byAuthority && { operator: `${member.toLowerCase()}.carrier` }),
      ...body,
    },
    { member, to: version.envelope.to, after: [version.commitment], ...saying },
  );
}

/** What a member holds of a history: its own records and those addressed to it. */
export function heldBy(member: string, said: readonly FoldInput[]): FoldInput[] {
  return said.filter(({ envelope }) => {
    if (envelope.issuer.member === member || envelope.to === 'public') return true;
    return envelope.to.some((one) => one.member === member);
  });
}

/**
 * A history made from numbers: filings, amendments, decisions that know of each other or don't, answers,
 * appeals, certificates, withdrawals, contradictions and records that must be set aside.
 */
export function randomHistory(choices: readonly number[], dossier = uuid(1)): DossierTeller {
  const tale = new DossierTeller(dossier);
  tale.file();
  let turn = 0;
  const pick = (below: number): number => (choices[turn++ % choices.length] ?? 0) % below;
  const of = (type: string): FoldInput[] => tale.said.filter((one) => one.envelope.type === type);
  const one = (list: readonly FoldInput[]): FoldInput | undefined => list[pick(Math.max(1, list.length))];
  const posts = ROUTE.posts;
  const words = ['release', 'hold', 'query', 'inspect', 'refuse'] as const;
  for (let step = 0; step < choices.length; step++) {
    const post = posts[pick(posts.length)] ?? '';
    const manifest = one(tale.manifests) ?? tale.manifest;
    switch (pick(16)) {
      case 0:
        tale.file({ goods: CONTENTS.goods });
        break;
      case 1: {
        const query = one(of('decision'));
        if (query !== undefined) tale.answer(query);
        break;
      }
      case 2: {
        const decision = one(of('decision'));
        if (decision !== undefined) tale.appeal(decision);
        break;
      }
      case 3: {
        const appeal = one(of('appeal'));
        const member = MEMBERS[pick(MEMBERS.length)] ?? 'KZ';
        if (appeal !== undefined) tale.decideAppeal(appeal, pick(2) === 0 ? 'upheld' : 'dismissed', { member });
        break;
      }
      case 4:
        tale.certify(100 + step);
        break;
      case 5: {
        const certificate = one(of('certificate'));
        if (certificate !== undefined) tale.revoke(certificate);
        break;
      }
      case 6:
        if (pick(6) === 0) tale.withdraw();
        break;
      case 7:
        if (pick(6) === 0) tale.file({}, { version: Math.max(1, pick(tale.manifests.length + 1)), previous: null });
        break;
      case 8: {
        const twin = one(tale.said);
        if (twin !== undefined)
          tale.teller.say(twin.envelope.type, twin.envelope.body, {
            ...twin.envelope.issuer,
            id: twin.envelope.id,
            to: twin.envelope.to,
            after: twin.envelope.after,
          });
        break;
      }
      case 9:
        tale.teller.say('decision', { dossier: tale.dossier, post: 7 }, { member: 'KZ', authority: 'kz.customs' });
        break;
      case 10:
        tale.decide(post, 'release', { member: 'TJ', authority: 'tj.customs', manifest: manifest.commitment });
        break;
      default: {
        const earlier = of('decision').filter((other) => other.envelope.body['post'] === post);
        const after = pick(3) === 0 ? [] : earlier.slice(-2).map((other) => other.commitment);
        tale.decide(post, words[pick(words.length)] ?? 'hold', { manifest: manifest.commitment, after });
      }
    }
  }
  return tale;
}

/** A fixed shuffle by numbers, with some records twice. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  let state = (seed >>> 0) + 1;
  const next = (): number => {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917;
    return state >>> 0;
  };
  const mixed = list.flatMap((one) => (next() % 4 === 0 ? [one, one] : [one]));
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    const [a, b] = [mixed[i] as T, mixed[j] as T];
    mixed[i] = b;
    mixed[j] = a;
  }
  return mixed;
}
