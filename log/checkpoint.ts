import { equal, fromBase64, toBase64 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import type { LogCrypto } from './crypto.ts';
import { formatNote, type Note, parseNote, parseVkey, signersOf, type VerifierKey } from './note.ts';

/** C2SP tlog-checkpoint without extension lines: `origin\nsize\nbase64(root)\n`. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** @example formatCheckpoint({ origin: 'demo.kz.dostyk/log', size: 0n, root: emptyRoot(crypto) }) */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** @throws Refusal `checkpoint-invalid` */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin, size, root, end] = lines;
  const form =
    lines.length === 4 && end === '' && origin !== undefined && origin !== '' && /^(0|[1-9]\d{0,19})$/.test(size ?? '');
  if (!form || BigInt(size ?? '0') >= 1n << 64n) {
    throw new Refusal(400, 'checkpoint-invalid', 'The text is no checkpoint.');
  }
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(root ?? '');
  } catch (cause) {
    throw new Refusal(400, 'checkpoint-invalid', 'The root of the checkpoint is not base64.', { cause });
  }
  if (bytes.length !== 32) throw new Refusal(400, 'checkpoint-invalid', 'The root of the checkpoint is not 32 bytes.');
  return { origin: origin ?? '', size: BigInt(size ?? '0'), root: bytes };
}

export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  /** Which of the log's keys signed it. */
  readonly signers: readonly VerifierKey[];
  /** The note with the signatures of those alone, each once: what others wrote below it is of no use, and of any length. */
  readonly own: string;
}

/**
 * Reads a checkpoint note and checks that the log signed it: one of `logKeys`, named as the origin.
 * @throws Refusal `note-invalid`, `checkpoint-invalid`, `note-signature-invalid`, `checkpoint-unsigned`
 */
export async function openCheckpoint(
  crypto: LogCrypto,
  text: string,
  logKeys: readonly string[],
): Promise<OpenedCheckpoint> {
  const note = parseNote(text);
  const checkpoint = parseCheckpoint(note.text);
  const keys: VerifierKey[] = logKeys
    .map((vkey) => parseVkey(crypto, vkey))
    .filter((key) => key.name === checkpoint.origin);
  const signers = await signersOf(crypto, note, keys);
  if (signers.length === 0) {
    throw new Refusal(403, 'checkpoint-unsigned', 'No known key of the log signed this checkpoint.', {
      params: { origin: checkpoint.origin },
    });
  }
  const signatures = signers.flatMap(
    ({ name, id }) => note.signatures.find((one) => one.name === name && equal(one.id, id)) ?? [],
  );
  return { checkpoint, note, signers, own: formatNote({ text: note.text, signatures }) };
}

/**
 * As `openCheckpoint`, by the keys that hold at the size which the checkpoint states: what a key signed beyond where it was cut off is
 * not the log's.
 */
export function openCheckpointAt(
  crypto: LogCrypto,
  text: string,
  keysAt: (size: bigint) => readonly string[],
): Promise<OpenedCheckpoint> {
  return openCheckpoint(crypto, text, keysAt(parseCheckpoint(parseNote(text).text).size));
}
