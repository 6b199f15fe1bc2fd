import { concat, equal, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { type LogCrypto, verifyStrict } from './crypto.ts';
import { ED25519_COSIGNATURE, formatSignature, type Note, type NoteSignature, parseVkey, type Signer } from './note.ts';

/** C2SP tlog-cosignature v1: a witness's statement that it saw this checkpoint, consistent with all before, at a time. */

function cosignedBytes(text: string, seconds: bigint): Uint8Array {
  return utf8(`cosignature/v1\ntime ${seconds}\n${text}`);
}

function timeBytes(seconds: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, seconds);
  return bytes;
}

/**
 * The signature line of a witness for a checkpoint's text.
 * @param seconds POSIX time
 */
export async function cosign(crypto: LogCrypto, text: string, seconds: bigint, signer: Signer): Promise<string> {
  const key = parseVkey(crypto, signer.vkey);
  const signature = await signer.sign(cosignedBytes(text, seconds));
  return formatSignature({ name: key.name, id: key.id, signature: concat(timeBytes(seconds), signature) });
}

export interface WitnessKey {
  readonly member: string;
  readonly vkey: string;
}

export interface Cosignature {
  readonly member: string;
  /** POSIX seconds, as the witness states. */
  readonly time: bigint;
  readonly line: NoteSignature;
}

/**
 * The cosignatures by known witnesses on a checkpoint note, one a member.
 * @throws Refusal `note-signature-invalid` when a known witness's signature does not fit
 */
export async function cosignaturesOf(
  crypto: LogCrypto,
  note: Note,
  witnesses: readonly WitnessKey[],
): Promise<Cosignature[]> {
  const found = new Map<string, Cosignature>();
  const keys = witnesses.map(({ member, vkey }) => ({ member, key: parseVkey(crypto, vkey) }));
  for (const line of note.signatures) {
    const known = keys.find(
      ({ key }) => key.type === ED25519_COSIGNATURE && key.name === line.name && equal(key.id, line.id),
    );
    if (known === undefined) continue;
    const fits = line.signature.length === 72;
    const time = fits ? new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0) : 0n;
    const valid =
      fits &&
      time > 0n &&
      (await verifyStrict(crypto, known.key.publicKey, cosignedBytes(note.text, time), line.signature.subarray(8)));
    if (!valid) {
      throw new Refusal(
        403,
        'note-signature-invalid',
        'A cosignature by a known witness does not fit the checkpoint.',
        {
          params: { name: line.name },
        },
      );
    }
    found.set(known.member, { member: known.member, time, line });
  }
  return [...found.values()];
}

/** The time that counts: the median of the cosignatures' times, in POSIX seconds; undefined without any. */
export function medianTime(cosignatures: readonly Cosignature[]): bigint | undefined {
  const times = cosignatures.map(({ time }) => time).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return times[Math.floor((times.length - 1) / 2)];
}
