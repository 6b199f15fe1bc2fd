import { fromBase64, toBase64 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { HASH_BYTES } from './merkle.ts';

/** The body of C2SP tlog-witness `add-checkpoint`: `old <size>`, 0-63 proof lines, an empty line, the checkpoint note. */
export interface AddCheckpoint {
  readonly oldSize: bigint;
  readonly proof: readonly Uint8Array[];
  readonly note: string;
}

export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  return `old ${oldSize}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${note}`;
}

/** @throws Refusal `add-checkpoint-invalid` */
export function parseAddCheckpoint(text: string): AddCheckpoint {
  const invalid = (message: string) => new Refusal(400, 'add-checkpoint-invalid', message);
  const end = text.indexOf('\n\n');
  if (end < 0) throw invalid('The body has no empty line before the checkpoint.');
  const [first, ...lines] = text.slice(0, end).split('\n');
  const match = /^old (0|[1-9]\d{0,19})$/.exec(first ?? '');
  if (match === null) throw invalid('The first line is not `old <size>`.');
  if (lines.length > 63) throw invalid('A consistency proof has at most 63 hashes.');
  const proof = lines.map((line) => {
    try {
      const hash = fromBase64(line);
      if (hash.length === HASH_BYTES) return hash;
    } catch (cause) {
      throw new Refusal(400, 'add-checkpoint-invalid', 'A proof line is not base64.', { cause });
    }
    throw invalid('A proof line is not 32 bytes.');
  });
  return { oldSize: BigInt(match[1] ?? '0'), proof, note: text.slice(end + 2) };
}
