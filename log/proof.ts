import { fromBase64, toBase64 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { HASH_BYTES } from './merkle.ts';

/**
 * C2SP tlog-proof v1: index, inclusion hashes and the checkpoint with its cosignatures, as text:
 * `c2sp.org/tlog-proof@v1`, `index <n>`, hashes in base64, an empty line, the checkpoint note.
 */
export interface TlogProof {
  readonly index: bigint;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
}

const HEADER = 'c2sp.org/tlog-proof@v1\n';

export function formatProof({ index, hashes, checkpoint }: TlogProof): string {
  return `${HEADER}index ${index}\n${hashes.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`;
}

/** @throws Refusal `proof-invalid` */
export function parseProof(text: string): TlogProof {
  const invalid = (message: string) => new Refusal(400, 'proof-invalid', message);
  if (!text.startsWith(HEADER)) throw invalid('The text is no tlog-proof v1.');
  // An `extra` line may stand before the index; it is not authenticated and not used.
  const rest = text.slice(HEADER.length).replace(/^extra [A-Za-z0-9+/=]+\n/, '');
  const end = rest.indexOf('\n\n');
  if (end < 0) throw invalid('The proof has no checkpoint.');
  const [first, ...lines] = rest.slice(0, end).split('\n');
  const match = /^index (0|[1-9]\d{0,19})$/.exec(first ?? '');
  if (match === null) throw invalid('The proof has no index.');
  if (lines.length > 64) throw invalid('An inclusion proof has at most 64 hashes.');
  const hashes = lines.map((line) => {
    try {
      const hash = fromBase64(line);
      if (hash.length === HASH_BYTES) return hash;
    } catch (cause) {
      throw new Refusal(400, 'proof-invalid', 'A hash of the proof is not base64.', { cause });
    }
    throw invalid('A hash of the proof is not 32 bytes.');
  });
  return { index: BigInt(match[1] ?? '0'), hashes, checkpoint: rest.slice(end + 2) };
}
