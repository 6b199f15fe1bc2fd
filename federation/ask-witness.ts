import type { SignedHead } from '../ledger/ledger.ts';
import { formatAddCheckpoint } from '../log/add-checkpoint.ts';
import { cosignaturesOf, type WitnessKey } from '../log/cosignature.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { formatSignature, parseNote } from '../log/note.ts';
import type { MemberEntry } from '../members/registry.ts';
import { fromUtf8 } from '../values/bytes.ts';
import { askPeer, declinedWith } from './peer-client.ts';

/** A log's side of C2SP tlog-witness: one checkpoint to one witness, with the proof from what that holds. */
export interface AskWitnessOptions {
  readonly crypto: LogCrypto;
  /** The witness's keys that count at this size. */
  readonly keys: readonly WitnessKey[];
  readonly proofFrom: (size: bigint) => Promise<readonly Uint8Array[]>;
  readonly signal: AbortSignal;
  readonly requestId?: string;
  readonly onContact?: () => void;
  readonly send?: typeof askPeer;
}

export interface AskedWitness {
  /** What it is now known to hold; undefined where that must be asked anew. */
  readonly held: bigint | undefined;
  /** Checked; undefined where there are none. */
  readonly cosignatures?: readonly { readonly member: string; readonly time: bigint; readonly line: string }[];
  readonly fault?: { readonly code: string; readonly detail: string };
}

const ATTEMPTS = 3;

/**
 * @param held what the witness is believed to hold
 * @throws Refusal `peer-unreachable`, `peer-oversized`, `note-signature-invalid`, `note-invalid`
 */
export async function askWitness(
  witness: MemberEntry,
  head: SignedHead,
  held: bigint,
  { crypto, keys, proofFrom, signal, onContact, requestId, send = askPeer }: AskWitnessOptions,
): Promise<AskedWitness> {
  let oldSize = held;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await send(`${witness.address}/witness/add-checkpoint`, {
      method: 'POST',
      body: formatAddCheckpoint({ oldSize, proof: await proofFrom(oldSize), note: head.note }),
      maxBytes: 20_000,
      signal,
      ...(requestId === undefined ? {} : { requestId }),
    });
    onContact?.();
    const body = fromUtf8(answer.body);
    const told = answer.status === 409 && /^\d{1,19}\n$/.test(body) ? BigInt(body.trim()) : undefined;
    if (told !== undefined && told !== oldSize && told <= head.size) {
      oldSize = told;
      continue;
    }
    if (told !== undefined && told > head.size) {
      const detail = `holds size ${told} of this log, which ends at ${head.size}`;
      return { held: undefined, fault: { code: 'witness-ahead', detail } };
    }
    // It has just started, and looks up what it cosigned before.
    if (answer.status === 503) return { held: undefined };
    if (answer.status !== 200) {
      const code = answer.status === 422 || answer.status === 409 ? 'witness-refuses' : 'witness-error';
      return { held: undefined, fault: { code, detail: declinedWith(answer) } };
    }
    const cosignatures = await cosignaturesOf(crypto, parseNote(head.note + body), keys);
    if (cosignatures.length === 0)
      return {
        held: undefined,
        fault: { code: 'cosignature-invalid', detail: 'answered without a cosignature of its own' },
      };
    return {
      held: head.size,
      cosignatures: cosignatures.map(({ member, time, line }) => ({ member, time, line: formatSignature(line) })),
    };
  }
  return { held: oldSize, fault: { code: 'witness-error', detail: 'tells another size at every request' } };
}
