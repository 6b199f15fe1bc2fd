import type { Envelope } from '../log/envelope.ts';

interface Slip {
  readonly to: string;
  readonly from: number;
  readonly upTo: number;
  readonly indexes: readonly number[];
}

type Found = (code: string, message: string, index: bigint) => void;

/** What slips say, held against the records between them: each tells its addressee of all that is for it, and of nothing else. */
export class SlipChain {
  readonly #found: Found;
  readonly #upTo = new Map<string, number>();
  readonly #due = new Map<string, number[]>();
  readonly #erased = new Set<number>();
  /** Where the last slip to a member stands. */
  readonly #at = new Map<string, number>();
  #lost = -1;

  constructor(found: Found) {
    this.#found = found;
  }

  erased(index: bigint): void {
    this.#erased.add(Number(index));
  }

  /** What nobody could give back may have been a slip to anyone, of all before it. */
  lost(index: bigint): void {
    this.erased(index);
    this.#lost = Number(index);
  }

  record({ type, to, issuer, body }: Envelope, index: bigint): void {
    if (type === 'slip') this.#slip(body as unknown as Slip, index);
    else if (to !== 'public') {
      for (const member of new Set(to.map((one) => one.member)))
        if (member !== issuer.member) this.#due.set(member, [...(this.#due.get(member) ?? []), Number(index)]);
    }
  }

  #slip({ to, from, upTo, indexes }: Slip, index: bigint): void {
    const lost = this.#lost > (this.#at.get(to) ?? -1) ? this.#lost : -1;
    const before = this.#upTo.get(to) ?? 0;
    if (lost < 0 ? from !== before : from < before)
      this.#found('slip-chain', `A slip to ${to} does not begin where the one before ended.`, index);
    const due = this.#due.get(to) ?? [];
    // Whom an erased record was for is no longer known.
    const listed = indexes.filter((one) => !this.#erased.has(one) && !(one < lost && due.includes(one)));
    if (listed.join() !== due.filter((one) => one < upTo && one > lost).join())
      this.#found('slip-incomplete', `A slip to ${to} does not list what is for it.`, index);
    this.#upTo.set(to, upTo);
    this.#at.set(to, Number(index));
    this.#due.set(
      to,
      due.filter((one) => one >= upTo),
    );
  }

  end(): void {
    for (const [member, due] of this.#due) {
      const first = due.find((one) => one > this.#lost);
      if (first !== undefined) this.#found('slip-missing', `No slip tells ${member} of the record.`, BigInt(first));
    }
  }
}
