import { Decimal } from './decimal.ts';
import type { Pack } from './measure.ts';
import { isInForce } from './measure.ts';
import type { StatedRate } from './question.ts';

const ONE = new Decimal(1);

/**
 * What currencies and parameters are worth in the currency of calculation on a day, at rates that the asker states or else the
 * member publishes; through the member's own currency where no direct rate is known.
 */
export class Exchange {
  readonly #to: string;
  readonly #own: string;
  readonly #pack: Pack;
  readonly #day: string;
  readonly #stated: readonly StatedRate[];
  readonly #known = new Map<string, Decimal | undefined>();

  constructor(pack: Pack, to: string, day: string, stated: readonly StatedRate[]) {
    this.#pack = pack;
    this.#own = pack.currency;
    this.#to = to;
    this.#day = day;
    this.#stated = stated;
  }

  /** Direct or reversed, stated before published. */
  #direct(of: string, into: string): Decimal | undefined {
    if (of === into) return ONE;
    for (const rate of this.#stated) {
      if (rate.of === of && rate.in === into) return new Decimal(rate.amount).div(rate.per ?? '1');
      if (rate.of === into && rate.in === of) return new Decimal(rate.per ?? '1').div(rate.amount);
    }
    if (into !== this.#own && of !== this.#own) return undefined;
    const foreign = into === this.#own ? of : into;
    let latest: Pack['exchange'][number] | undefined;
    for (const rate of this.#pack.exchange)
      if (rate.currency === foreign && rate.from <= this.#day && (latest === undefined || rate.from > latest.from))
        latest = rate;
    if (latest === undefined) return undefined;
    const worth = new Decimal(latest.amount).div(latest.per);
    return into === this.#own ? worth : ONE.div(worth);
  }

  /** One unit of a currency, or of a parameter of the pack, in the currency of calculation. */
  worth(of: string, isParameter: boolean): Decimal | undefined {
    if (of === this.#to) return ONE;
    if (this.#known.has(of)) return this.#known.get(of);
    let worth: Decimal | undefined;
    if (isParameter) {
      const parameter = this.#pack.parameters.get(of)?.find((one) => isInForce(one, this.#day));
      if (parameter !== undefined) worth = this.worth(parameter.currency, false)?.times(parameter.value);
    } else {
      worth = this.#direct(of, this.#to);
      if (worth === undefined) {
        const own = this.#direct(of, this.#own);
        const there = own && this.#direct(this.#own, this.#to);
        worth = there && own.times(there);
      }
    }
    this.#known.set(of, worth);
    return worth;
  }
}
