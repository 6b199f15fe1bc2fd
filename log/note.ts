import { concat, equal, fromBase64, fromHex, toBase64, toHex, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { type LogCrypto, verifyStrict } from './crypto.ts';

/** Signed notes, after C2SP signed-note v1.0.0. */

export const ED25519 = 0x01;
export const ED25519_COSIGNATURE = 0x04;

/** A verifier key: `name+hex(keyID)+base64(type ‖ public key)`. */
export interface VerifierKey {
  readonly vkey: string;
  readonly name: string;
  readonly id: Uint8Array;
  readonly type: number;
  readonly publicKey: Uint8Array;
}

/** Whatever holds a private key: a file now, a PKCS#11 token later. `sign` is plain Ed25519 over the bytes. */
export interface Signer {
  readonly vkey: string;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface NoteSignature {
  readonly name: string;
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** The text, with its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const MAX_NOTE = 1_000_000;
const MAX_SIGNATURES = 100;

function invalid(message: string): Refusal {
  return new Refusal(400, 'note-invalid', message);
}

const isName = (name: string): boolean => name !== '' && !/[\s+]/u.test(name) && name.isWellFormed();

/** SHA-256(name ‖ 0x0A ‖ type ‖ public key), the first four bytes. */
export function keyId(crypto: LogCrypto, name: string, type: number, publicKey: Uint8Array): Uint8Array {
  return crypto.sha256(concat(utf8(name), Uint8Array.of(0x0a, type), publicKey)).slice(0, 4);
}

/** @example formatVkey(nodeCrypto, 'demo.kz.dostyk/log', ED25519, publicKey) */
export function formatVkey(crypto: LogCrypto, name: string, type: number, publicKey: Uint8Array): string {
  if (!isName(name)) throw invalid('A key name holds no white space and no plus sign.');
  return `${name}+${toHex(keyId(crypto, name, type, publicKey))}+${toBase64(concat(Uint8Array.of(type), publicKey))}`;
}

/** The same few keys are read for every note. */
const keysRead = new Map<string, VerifierKey>();

/** @throws Refusal `note-invalid` for anything but a vkey whose id fits its key */
export function parseVkey(crypto: LogCrypto, vkey: string): VerifierKey {
  const known = keysRead.get(vkey);
  if (known !== undefined) return known;
  const key = readVkey(crypto, vkey);
  if (keysRead.size >= 1000) keysRead.clear();
  keysRead.set(vkey, key);
  return key;
}

function readVkey(crypto: LogCrypto, vkey: string): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
  const name = match?.[1] ?? '';
  if (match === null || !isName(name)) throw invalid('Not a verifier key.');
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(match[3] ?? '');
  } catch (cause) {
    throw new Refusal(400, 'note-invalid', 'The key of a verifier key is not base64.', { cause });
  }
  const type = bytes[0] ?? 0;
  const publicKey = bytes.slice(1);
  if (type !== ED25519 && type !== ED25519_COSIGNATURE) throw invalid(`Key type ${type} is not supported.`);
  if (publicKey.length !== 32) throw invalid('An Ed25519 key has 32 bytes.');
  const id = keyId(crypto, name, type, publicKey);
  if (!equal(id, fromHex(match[2] ?? ''))) throw invalid('The id of a verifier key does not fit its key.');
  return { vkey, name, id, type, publicKey };
}

/**
 * Reads a signed note's form; no signature is checked here.
 * @throws Refusal `note-invalid`
 */
export function parseNote(text: string): Note {
  if (text.length > MAX_NOTE) throw invalid('The note is larger than 1 MB.');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a note holds no control character but the newline
  if (!text.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(text))
    throw invalid('The note holds a control character.');
  const end = text.lastIndexOf('\n\n');
  if (end < 0 || !text.endsWith('\n')) throw invalid('The note has no signatures.');
  const lines = text.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw invalid('The note has more than 100 signatures.');
  const signatures = lines.map((line) => {
    const match = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
    const name = match?.[1] ?? '';
    if (match === null || !isName(name)) throw invalid('A line of the note is no signature.');
    let blob: Uint8Array;
    try {
      blob = fromBase64(match[2] ?? '');
    } catch (cause) {
      throw new Refusal(400, 'note-invalid', 'A signature of the note is not base64.', { cause });
    }
    if (blob.length < 5) throw invalid('A signature of the note is too short.');
    return { name, id: blob.slice(0, 4), signature: blob.slice(4) };
  });
  return { text: text.slice(0, end + 1), signatures };
}

export function formatSignature({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${toBase64(concat(id, signature))}\n`;
}

export function formatNote(note: Note): string {
  return `${note.text}\n${note.signatures.map(formatSignature).join('')}`;
}

/** Signs a text that ends in a newline. */
export async function signNote(crypto: LogCrypto, text: string, signers: readonly Signer[]): Promise<string> {
  if (!text.endsWith('\n')) throw invalid('The text of a note ends with a newline.');
  const signatures: NoteSignature[] = [];
  for (const signer of signers) {
    const key = parseVkey(crypto, signer.vkey);
    signatures.push({ name: key.name, id: key.id, signature: await signer.sign(utf8(text)) });
  }
  return formatNote({ text, signatures });
}

/**
 * Which of the known keys signed this note. Unknown signatures are ignored; a known key whose signature
 * fails refuses the whole note.
 *
 * @returns the keys that signed, without repeats
 * @throws Refusal `note-signature-invalid`
 */
export async function signersOf(crypto: LogCrypto, note: Note, keys: readonly VerifierKey[]): Promise<VerifierKey[]> {
  const message = utf8(note.text);
  const signers: VerifierKey[] = [];
  for (const { name, id, signature } of note.signatures) {
    const key = keys.find((one) => one.type === ED25519 && one.name === name && equal(one.id, id));
    if (key === undefined || signers.includes(key)) continue;
    if (!(await verifyStrict(crypto, key.publicKey, message, signature))) {
      throw new Refusal(403, 'note-signature-invalid', 'A signature by a known key does not fit the note.', {
        params: { name },
      });
    }
    signers.push(key);
  }
  return signers;
}
