import fc from 'fast-check';

/** Goods, firms and numbers that nobody has typed before, the same again for the same seed. */

export interface RandomFiling {
  readonly consignor: string;
  readonly consignee: string;
  readonly carrier: string;
  readonly items: readonly {
    readonly hs: string;
    readonly description: string;
    readonly net: string;
    readonly gross: string;
    readonly packages: string;
    readonly value: string;
  }[];
  readonly trailer: string;
  readonly plate: string;
  readonly seal: string;
  readonly contract: string;
}

// Letters of all eight languages, and what markup would be made of.
const LETTERS = [...'abcdefghijklmnopqrstuvwxyzäçöşüýžňʻ‘әғқңөұүһіӣӯҳҷёйюя樱桃棉布机器&<>"\'/()-'];
const word = fc.array(fc.constantFrom(...LETTERS), { minLength: 3, maxLength: 12 }).map((letters) => letters.join(''));
const phrase = fc.array(word, { minLength: 2, maxLength: 5 }).map((words) => words.join(' '));
// HS headings of goods traded in the region; the last two digits of a subheading are drawn.
const heading = fc.constantFrom('0809', '0807', '0802', '5201', '6109', '8415', '7403', '3102', '8708', '9403');
const plain = (length: number) =>
  fc
    .array(fc.constantFrom(...'ABCDEFGHKLMNPRSTUVXYZ0123456789'), { minLength: length, maxLength: length })
    .map((letters) => letters.join(''));

const filing: fc.Arbitrary<RandomFiling> = fc.record({
  consignor: phrase,
  consignee: phrase,
  carrier: phrase,
  items: fc.array(
    fc
      .record({
        hs: fc.tuple(heading, fc.integer({ min: 10, max: 99 })).map(([four, two]) => `${four}${two}`),
        description: phrase,
        net: fc.integer({ min: 100, max: 18_000 }),
        tare: fc.integer({ min: 1, max: 900 }),
        packages: fc.integer({ min: 1, max: 4000 }),
        value: fc.integer({ min: 100, max: 90_000 }),
      })
      .map(({ hs, description, net, tare, packages, value }) => ({
        hs,
        description,
        net: String(net),
        gross: `${net + tare}.5`,
        packages: String(packages),
        value: `${value}.25`,
      })),
    { minLength: 1, maxLength: 2 },
  ),
  trailer: plain(8),
  plate: plain(8),
  seal: plain(7),
  contract: plain(9),
});

/** @example const [goods] = randomFilings(1, 20261123) */
export function randomFilings(count: number, seed: number): RandomFiling[] {
  return fc.sample(filing, { numRuns: count, seed });
}
