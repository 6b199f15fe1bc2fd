import type { Envelope } from '../log/envelope.ts';
import type { Tx } from '../storage/connection.ts';

type Found = (code: string, message: string, index?: bigint) => void;

/** A lost table says the same for every record: what else is wrong must still be heard. */
const MAX_FINDINGS = 20;

/**
 * What is kept beside the records so that they are delivered (addressees, slips), held against the records
 * themselves. What is erased or lost can't be held against anything.
 */
export class Routing {
  readonly #tx: Tx;
  readonly #found: Found;
  /** Of the records since the last comparison. */
  #records: { readonly record: Envelope; readonly index: bigint }[] = [];
  readonly #unknown = new Set<bigint>();
  readonly #slips = new Map<string, bigint>();

  constructor(tx: Tx, found: Found) {
    this.#tx = tx;
    let left = MAX_FINDINGS;
    this.#found = (...finding) => {
      if (left-- > 0) found(...finding);
    };
  }

  unknown(index: bigint): void {
    this.#unknown.add(index);
  }

  record(record: Envelope, index: bigint): void {
    this.#records.push({ record, index });
    if (record.type !== 'slip') return;
    const { to, upTo } = record.body as { to?: unknown; upTo?: unknown };
    this.#slips.set(`${String(to)} ${String(upTo)}`, index);
  }

  async compare(from: bigint, below: bigint): Promise<void> {
    const due = new Set(
      this.#records.flatMap(({ record: { to, issuer }, index }) =>
        to === 'public'
          ? [`* ${index}`]
          : to.filter(({ member }) => member !== issuer.member).map(({ member }) => `${member} ${index}`),
      ),
    );
    const stored = await this.#tx<{ member: string; index: bigint }[]>`
      SELECT member, index FROM ledger.addressee WHERE index >= ${from} AND index < ${below}`;
    for (const { member, index } of stored)
      if (!due.delete(`${member} ${index}`) && !this.#unknown.has(index))
        this.#found('addressee-differs', `The record is kept for ${member}, to whom it is not addressed.`, index);
    for (const one of due) {
      const [member = '', index = '0'] = one.split(' ');
      this.#found('addressee-differs', `The record is not kept for ${member}, to whom it is addressed.`, BigInt(index));
    }
    this.#records = [];
  }

  async end(size: bigint): Promise<void> {
    const stored = await this.#tx<{ member: string; up_to: bigint; index: bigint }[]>`
      SELECT member, up_to, index FROM ledger.slip`;
    for (const { member, up_to, index } of stored) {
      const slip = `${member} ${up_to}`;
      if (this.#slips.get(slip) === index) this.#slips.delete(slip);
      else if (!this.#unknown.has(index))
        this.#found('slip-differs', `The slip to ${member} up to ${up_to} is not the record.`, index);
    }
    for (const [slip, index] of this.#slips) this.#found('slip-differs', `The slip ${slip} is not kept as one.`, index);
    const [beyond] = await this.#tx<
      { index: bigint }[]
    >`SELECT index FROM ledger.addressee WHERE index >= ${size} LIMIT 1`;
    if (beyond !== undefined)
      this.#found('addressee-differs', 'An addressee is kept of what is not in the log.', beyond.index);
  }
}
