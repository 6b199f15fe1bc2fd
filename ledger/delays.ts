import { type Observer, seconds } from '../values/observe.ts';

const KEPT = 512;

interface Signed {
  readonly size: bigint;
  readonly at: number;
  readonly cosigned: Set<string>;
  final: boolean;
}

/** How long the checkpoints that this process signed waited for each cosignature and to be final. A renewed cosignature is no new one. */
export class Delays {
  readonly #observer: Observer | undefined;
  /** Ascending; the oldest are forgotten. */
  #signed: Signed[] = [];

  constructor(observer: Observer | undefined) {
    this.#observer = observer;
  }

  signed(size: bigint): void {
    if (this.#observer === undefined) return;
    this.#signed.push({ size, at: performance.now(), cosigned: new Set(), final: false });
    if (this.#signed.length > KEPT) this.#signed = this.#signed.slice(-KEPT);
  }

  /** Who cosigns a size has seen every smaller one. */
  cosigned(size: bigint, members: readonly string[]): void {
    for (const one of this.#upTo(size)) {
      for (const member of members) {
        if (one.cosigned.has(member)) continue;
        one.cosigned.add(member);
        this.#observer?.measure('cosigned-seconds', seconds(one.at), member);
      }
    }
  }

  final(size: bigint): void {
    for (const one of this.#upTo(size)) {
      if (one.final) continue;
      one.final = true;
      this.#observer?.measure('final-seconds', seconds(one.at));
    }
  }

  #upTo(size: bigint): readonly Signed[] {
    return this.#signed.filter((one) => one.size <= size);
  }
}
