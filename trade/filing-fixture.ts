import fc from 'fast-check';
import { demoTemplate } from '../members/genesis.ts';
import { Registry, type RegistryDocument } from '../members/registry.ts';
import { DossierFiling } from './contract.ts';

/** The demonstration's registry without keys, and dossiers that are in order, for tests of what is filed. */

export function demoRegistry(): Registry {
  const { members, authorities, posts, quorum } = demoTemplate();
  const document = {
    v: 1,
    version: 1,
    publishedAt: '2026-01-01T00:00:00Z',
    quorum,
    members: members.map(({ code, name, currency, zones }) => {
      const lower = code.toLowerCase();
      const keys = [{ vkey: '-', from: 0 }];
      return {
        code,
        name,
        currency,
        zones,
        address: `http://127.0.0.1/${lower}`,
        memberKey: '-',
        log: { origin: `demo.${lower}.dostyk/log`, keys },
        witness: { keys },
        node: { keys },
        authorities: authorities.map((one) => ({ ...one, id: `${lower}.${one.id}`, documentKeys: [] })),
        posts: posts
          .filter(({ member }) => member === code)
          .map(({ member: _, ...post }) => ({
            ...post,
            id: `${lower}-${post.id}`,
            authority: `${lower}.${post.authority}`,
          })),
      };
    }),
  };
  return new Registry(document as unknown as RegistryDocument, '0'.repeat(64), []);
}

interface Change {
  readonly from?: string;
  readonly to?: string;
  readonly posts?: readonly string[];
  readonly mode?: string;
}

/** A dossier with every section, in order from end to end. */
export function validFiling(change: Change = {}): DossierFiling {
  const { from = 'UZ', to = 'CN', mode = 'road' } = change;
  const posts = change.posts ?? ['uz-yallama', 'kz-konysbayeva', 'kz-nur-zholy', 'cn-khorgos'];
  const origin = { name: 'Fergana', country: from };
  const destination = { name: 'Ürümqi', country: to };
  const consignor = { name: 'Orchard', country: from };
  const consignee = { name: 'Market', country: to };
  return DossierFiling.parse({
    route: { origin, destination, posts },
    sections: {
      commercial: {
        seller: consignor,
        buyer: consignee,
        incoterm: { code: 'DAP', place: 'Ürümqi' },
        currency: 'USD',
        values: [
          { item: 1, value: { amount: '30000', currency: 'USD' } },
          { item: 2, value: { amount: '1200.50', currency: 'USD' } },
        ],
        documents: [{ code: '380', number: 'I-1', issued: '2026-06-01', expires: '2027-06-01' }],
      },
      goods: {
        consignor,
        consignee,
        items: [
          {
            number: 1,
            hs: '080929',
            description: 'Fresh sweet cherries',
            origin: from,
            netMass: '18000',
            grossMass: '19000.5',
            packages: [{ code: 'CT', count: 3600 }],
          },
          {
            number: 2,
            hs: '0813100000',
            description: 'Dried apricots',
            origin: from,
            netMass: '1000',
            grossMass: '1000',
            packages: [{ code: '5M', count: 40 }],
          },
        ],
        grossMass: '20000.5',
      },
      transport: {
        carrier: consignor,
        legs: [
          {
            mode,
            from: origin,
            to: { name: 'Halfway', country: from },
            departure: '2026-06-11T04:00:00Z',
            arrival: '2026-06-11T09:00:00Z',
          },
          { mode, from: { name: 'Halfway', country: from }, to: destination, departure: '2026-06-11T10:00:00Z' },
        ],
        equipment: [
          { kind: 'container', identification: 'CSQU3054383', seals: ['S1', 'S2'] },
          { kind: 'trailer', identification: 'T 1', seals: ['S3'] },
        ],
        temperature: { minimum: 0, maximum: 4 },
      },
      sanitary: {
        treatments: [
          {
            kind: 'cold-treatment',
            started: '2026-06-01T00:00:00Z',
            ended: '2026-06-10T00:00:00Z',
            parameters: '1 °C',
          },
        ],
      },
      driver: { drivers: [{ name: 'A Driver' }] },
      attachments: { documents: [] },
    },
  });
}

/** Ways through the registry, one crossing after the other, no post twice, all by one mode. */
export function ways(registry: Registry): fc.Arbitrary<Change> {
  const posts = registry.members.flatMap(({ code, posts: own }) => own.map((post) => ({ ...post, member: code })));
  return fc
    .tuple(
      fc.constantFrom('road', 'rail'),
      fc.constantFrom(...registry.members.map(({ code }) => code)),
      fc.array(fc.nat(), { maxLength: 8 }),
    )
    .map(([mode, from, steps]) => {
      const passed: string[] = [];
      let here: string = from;
      for (const step of steps) {
        const onward = posts.flatMap((leaving) => {
          if (leaving.member !== here || passed.includes(leaving.id) || !leaving.mode.includes(mode as never))
            return [];
          const entering = posts.find((one) => one.crossing === leaving.crossing && one.member !== here);
          return entering === undefined || passed.includes(entering.id) ? [] : [{ leaving, entering }];
        });
        const next = onward[step % Math.max(1, onward.length)];
        if (next === undefined) break;
        passed.push(next.leaving.id, next.entering.id);
        here = next.entering.member;
      }
      return { from, to: here, posts: passed, mode };
    });
}
