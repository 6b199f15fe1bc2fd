import type { Ledger, SignedHead } from '../ledger/ledger.ts';
import type { TileSource } from '../ledger/tiles.ts';
import type { LogCrypto } from '../log/crypto.ts';
import type { MemberEntry, Registry } from '../members/registry.ts';
import { tellError } from '../values/describe-error.ts';
import { type Observer, observed } from '../values/observe.ts';
import { Refusal } from '../values/refusal.ts';
import { askWitness } from './ask-witness.ts';

export interface WitnessingOptions {
  readonly member: string;
  readonly registry: Registry;
  readonly ledger: Ledger;
  readonly tiles: TileSource;
  readonly crypto: LogCrypto;
  readonly onFault: (member: string, code: string, detail: string) => void;
  /** A peer answered: it can be reached. */
  readonly onContact: (member: string) => void;
  readonly observer?: Observer | undefined;
  readonly roundMs?: number;
  /** A witness that does not hold the newest checkpoint is asked again after this. */
  readonly retryMs?: number;
  /** An unchanged checkpoint is cosigned anew after this. */
  readonly renewMs?: number;
}

/**
 * Has the own log witnessed, in rounds: the newest checkpoint goes to all others at once, one request in flight a witness;
 * the next round starts after as many answers as the quorum needs, or two seconds. Cosignatures scattered over many
 * checkpoints would never add up.
 */
export class Witnessing {
  readonly #options: WitnessingOptions;
  /** What each witness holds of this log, as far as known. */
  readonly #heldBy = new Map<string, bigint>();
  /** One request in flight a witness. */
  readonly #inFlight = new Map<string, Promise<boolean>>();
  readonly #abort = new AbortController();
  #wake: (() => void) | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: WitnessingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.ledger.onSigned(() => this.#wake?.());
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake?.();
    await this.#loop;
    await Promise.all(this.#inFlight.values());
  }

  async #run(): Promise<void> {
    const { ledger, renewMs = 60_000, retryMs = 1500 } = this.#options;
    let last: { readonly size: bigint; readonly at: number } | undefined;
    let asked = 0;
    while (!this.#abort.signal.aborted) {
      const head = ledger.published;
      const now = performance.now();
      const due = head !== undefined && (last === undefined || head.size > last.size || now - last.at > renewMs);
      // A witness that was away is asked again on its own: it also learns here that there is something to pull.
      const behind =
        head === undefined ? [] : this.#others().filter(({ code }) => this.#heldBy.get(code) !== head.size);
      if (head !== undefined && due) {
        last = { size: head.size, at: now };
        asked = now;
        await observed(this.#options.observer, 'witness round', (requestId) => this.#round(head, requestId));
      } else if (head !== undefined && behind.length > 0 && now - asked > retryMs) {
        // Not awaited: one that hangs must not hold up the next checkpoint.
        asked = now;
        void observed(this.#options.observer, 'ask witnesses again', (requestId) =>
          Promise.all(behind.map((witness) => this.#start(witness, head, requestId))),
        );
      } else {
        await this.#sleep(behind.length > 0 ? retryMs : 1000);
      }
    }
  }

  #others(): readonly MemberEntry[] {
    return this.#options.registry.others(this.#options.member);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Undefined when a request to this witness is still in flight. */
  #start(witness: MemberEntry, head: SignedHead, requestId: string): Promise<boolean> | undefined {
    if (this.#inFlight.has(witness.code)) return undefined;
    const asking = this.#ask(witness, head, requestId).finally(() => this.#inFlight.delete(witness.code));
    this.#inFlight.set(witness.code, asking);
    return asking;
  }

  async #round(head: SignedHead, requestId: string): Promise<void> {
    const { registry, roundMs = 2000 } = this.#options;
    const enough = registry.document.quorum;
    const asked = this.#others().flatMap((witness) => this.#start(witness, head, requestId) ?? []);
    let answers = 0;
    let open = asked.length;
    if (open === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, roundMs);
      for (const asking of asked) {
        void asking.then((cosigned) => {
          if (cosigned) answers++;
          open--;
          if (answers < enough && open > 0) return;
          clearTimeout(timer);
          resolve();
        });
      }
    });
  }

  /** One witness, one checkpoint; never throws: what goes wrong is a fault and the next round tries again. */
  async #ask(witness: MemberEntry, head: SignedHead, requestId: string): Promise<boolean> {
    const { onFault, onContact, ledger, crypto, registry, tiles } = this.#options;
    try {
      const asked = await askWitness(witness, head, this.#heldBy.get(witness.code) ?? 0n, {
        crypto,
        keys: registry.witnessesOf(ledger.options.origin, head.size).filter((key) => key.member === witness.code),
        proofFrom: (size) => tiles.reader(head.size).consistencyProof(size),
        onContact: () => onContact(witness.code),
        signal: this.#abort.signal,
        requestId,
      });
      // What it holds is asked anew next time: a witness that was wrong once is not wrong for ever.
      if (asked.held === undefined) this.#heldBy.delete(witness.code);
      else this.#heldBy.set(witness.code, asked.held);
      if (asked.fault !== undefined) onFault(witness.code, asked.fault.code, asked.fault.detail);
      if (asked.cosignatures === undefined) return false;
      await ledger.addCosignatures(head.size, asked.cosignatures);
      return true;
    } catch (error) {
      if (this.#abort.signal.aborted) return false;
      const code = error instanceof Refusal ? error.code : 'cosignature-invalid';
      onFault(witness.code, code === 'peer-unreachable' ? 'unreachable' : code, tellError(error));
      return false;
    }
  }
}
