import { randomUUID } from 'node:crypto';

/** A filing as a trader would send it, between any two members whose posts are given; tests change what they need. */
export function filing(
  change: { from?: string; to?: string; posts?: string[]; gross?: string; description?: string } = {},
) {
  const {
    from = 'UZ',
    to = 'CN',
    posts = ['uz-yallama', 'kz-konysbayeva', 'kz-nur-zholy', 'cn-khorgos'],
    gross = '1100',
    description = 'Dried apricots',
  } = change;
  const party = (name: string, country: string) => ({ name, country });
  const place = (name: string, country: string) => ({ name, country });
  return {
    dossier: randomUUID(),
    route: { origin: place('Here', from), destination: place('There', to), posts },
    sections: {
      commercial: {
        seller: party('Seller', from),
        buyer: party('Buyer', to),
        incoterm: { code: 'DAP', place: 'There' },
        currency: 'USD',
        values: [{ item: 1, value: { amount: '2500.50', currency: 'USD' } }],
        documents: [{ code: '380', number: 'INV-1', issued: '2026-01-05' }],
      },
      goods: {
        consignor: party('Seller', from),
        consignee: party('Buyer', to),
        items: [
          {
            number: 1,
            hs: '081310',
            description,
            origin: from,
            netMass: '1000',
            grossMass: gross,
            packages: [{ code: 'CT', count: 100 }],
          },
        ],
        grossMass: gross,
        documents: [],
      },
      transport: {
        carrier: party('Carrier', from),
        legs: [{ mode: 'road', from: place('Here', from), to: place('There', to) }],
        equipment: [],
        documents: [],
      },
      driver: { drivers: [{ name: 'A Driver' }] },
    },
  };
}
