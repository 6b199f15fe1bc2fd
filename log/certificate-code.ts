import { decode, encode } from 'cborg';
import { concat, equal, toHex, utf8 } from '../values/bytes.ts';
import { fromBase45, toBase45 } from './base45.ts';
import { type LogCrypto, verifyStrict } from './crypto.ts';

/**
 * The code that stands on a printed certificate: a COSE_Sign1 (RFC 9052) by the authority's document key over the certificate's
 * commitment and what a reader compares with the paper. It proves who signed; that the log holds the record only the evidence file
 * proves.
 *
 * `DSTK1:` and base45 (RFC 9285) of the tagged message; at most 300 bytes before that. Payload: a CBOR map with the keys below.
 */

export const CODE_PREFIX = 'DSTK1:';
export const MAX_CODE_BYTES = 300;
/** Of the number's UTF-8; a longer one stands as the beginning of its hash. */
const MAX_NUMBER_BYTES = 72;
const EDDSA = -8;

export const CODE_KINDS = ['origin', 'phytosanitary', 'conformity'] as const;

export interface CertificateCode {
  readonly member: string;
  readonly authority: string;
  /** Lower-case hex. */
  readonly commitment: string;
  readonly kind: (typeof CODE_KINDS)[number];
  /** As on the paper; undefined where it was too long to stand in the code. */
  readonly number: string | undefined;
  /** The first 8 bytes of the SHA-256 of the number, lower-case hex. */
  readonly numberHash: string;
  readonly validFrom: Date;
  readonly validUntil: Date;
  /** Place in the authority's revocation list. */
  readonly statusIndex: number;
  readonly demo: boolean;
}

/** The end of a document key's id names it among those of its authority. */
const keyHint = (kid: string): Uint8Array => utf8(kid.slice(-8));

const shortHash = (crypto: LogCrypto, text: string): Uint8Array => crypto.sha256(utf8(text)).slice(0, 8);

function payloadOf(
  crypto: LogCrypto,
  code: Omit<CertificateCode, 'numberHash'> & { readonly number: string },
): Uint8Array {
  const commitment = Uint8Array.from(code.commitment.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const number = utf8(code.number).length > MAX_NUMBER_BYTES ? shortHash(crypto, code.number) : code.number;
  return encode(
    new Map<number, unknown>([
      [1, 1],
      [2, code.member],
      [3, code.authority],
      [4, commitment],
      [5, CODE_KINDS.indexOf(code.kind)],
      [6, number],
      [7, Math.floor(code.validFrom.getTime() / 1000)],
      [8, Math.floor(code.validUntil.getTime() / 1000)],
      [9, code.statusIndex],
      [10, code.demo],
    ]),
  );
}

/** What is signed: RFC 9052, 4.4. */
const toBeSigned = (protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array =>
  encode(['Signature1', protectedHeader, new Uint8Array(), payload]);

/**
 * @returns the text of the QR code
 * @throws RangeError when it does not fit
 */
export async function makeCode(
  crypto: LogCrypto,
  code: Omit<CertificateCode, 'numberHash'> & { readonly number: string },
  signer: { readonly kid: string; sign(bytes: Uint8Array): Promise<Uint8Array> },
): Promise<string> {
  const protectedHeader = encode(
    new Map<number, unknown>([
      [1, EDDSA],
      [4, keyHint(signer.kid)],
    ]),
  );
  const payload = payloadOf(crypto, code);
  const signature = await signer.sign(toBeSigned(protectedHeader, payload));
  // Tag 18, COSE_Sign1: an array of protected header, unprotected header, payload, signature.
  const message = concat(Uint8Array.of(0xd2), encode([protectedHeader, new Map(), payload, signature]));
  if (message.length > MAX_CODE_BYTES) throw new RangeError(`a code of ${message.length} bytes`);
  return CODE_PREFIX + toBase45(message);
}

/** Whether a text claims to be one of our codes at all. */
export const isCode = (text: string): boolean => text.trim().startsWith(CODE_PREFIX);

const STRICT = {
  useMaps: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
  strict: true,
} as const;

export interface OpenedCode extends CertificateCode {
  readonly keyHint: Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** @throws RangeError for anything that `makeCode` would not write */
export function parseCode(text: string): OpenedCode {
  const trimmed = text.trim();
  if (!isCode(trimmed)) throw new RangeError('not a code of ours');
  // Three characters for two bytes: nothing longer is unpacked.
  if (trimmed.length > CODE_PREFIX.length + Math.ceil(MAX_CODE_BYTES * 1.5))
    throw new RangeError('longer than any code');
  const message = fromBase45(trimmed.slice(CODE_PREFIX.length));
  if (message.length > MAX_CODE_BYTES || message[0] !== 0xd2) throw new RangeError('not a COSE_Sign1');
  let parts: unknown;
  let header: unknown;
  let body: unknown;
  try {
    parts = decode(message.subarray(1), STRICT);
    const [first, , third] = parts as [Uint8Array, unknown, Uint8Array];
    header = decode(first, STRICT);
    body = decode(third, STRICT);
  } catch (cause) {
    throw new RangeError('not CBOR as it must be', { cause });
  }
  const [protectedHeader, unprotected, payload, signature] = parts as unknown[];
  const map = (value: unknown): ReadonlyMap<unknown, unknown> => {
    if (!(value instanceof Map)) throw new RangeError('a map is missing');
    return value;
  };
  const [named, fields] = [map(header), map(body)];
  const text2 = (key: number, max: number): string => {
    const value = fields.get(key);
    if (typeof value !== 'string' || value.length === 0 || value.length > max) throw new RangeError(`field ${key}`);
    return value;
  };
  const whole = (key: number, max: number): number => {
    const value = fields.get(key);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max)
      throw new RangeError(`field ${key}`);
    return value;
  };
  const hint = named.get(4);
  const commitment = fields.get(4);
  const number = fields.get(6);
  const kind = CODE_KINDS[whole(5, CODE_KINDS.length - 1)];
  if (
    !(protectedHeader instanceof Uint8Array && payload instanceof Uint8Array && signature instanceof Uint8Array) ||
    !(unprotected instanceof Map && unprotected.size === 0) ||
    (parts as unknown[]).length !== 4 ||
    signature.length !== 64 ||
    named.size !== 2 ||
    named.get(1) !== EDDSA ||
    !(hint instanceof Uint8Array && hint.length === 8) ||
    fields.size !== 10 ||
    fields.get(1) !== 1 ||
    !(commitment instanceof Uint8Array && commitment.length === 32) ||
    kind === undefined ||
    !(typeof number === 'string' || (number instanceof Uint8Array && number.length === 8)) ||
    typeof fields.get(10) !== 'boolean' ||
    // One code, one text: what is written otherwise is none of ours.
    !equal(encode(fields), payload) ||
    !equal(encode(named), protectedHeader)
  )
    throw new RangeError('not of the form of a code');
  return {
    member: text2(2, 2),
    authority: text2(3, 64),
    commitment: toHex(commitment),
    kind,
    number: typeof number === 'string' ? number : undefined,
    numberHash: typeof number === 'string' ? '' : toHex(number),
    validFrom: new Date(whole(7, 253_402_300_799) * 1000),
    validUntil: new Date(whole(8, 253_402_300_799) * 1000),
    statusIndex: whole(9, 16_777_215),
    demo: fields.get(10) === true,
    keyHint: hint,
    signed: toBeSigned(protectedHeader, payload),
    signature,
  };
}

/** The answers to a code alone, a closed set; none of them is *valid*: that needs the evidence file. */
export const CODE_ANSWERS = ['signed', 'not-a-code', 'altered', 'untrusted', 'not-yet-valid', 'ended'] as const;

export interface CodeVerdict {
  readonly answer: (typeof CODE_ANSWERS)[number];
  readonly code?: CertificateCode;
}

/** What a verifier knows of the authorities' document keys; see `RegistryView`. */
export interface DocumentKeys {
  documentKeys(member: string, authority: string): readonly { readonly kid: string; readonly publicKey: Uint8Array }[];
  hasMandate(member: string, authority: string, mandate: string): boolean;
}

/**
 * Checks the signature of a code with no network. Never throws: whatever is wrong is an answer.
 *
 * @param allowDemo a production verifier answers *untrusted* to a demonstration's codes
 * @example (await verifyCode(text, { crypto, view, now: new Date(), allowDemo: true })).answer // 'signed'
 */
export async function verifyCode(
  text: string,
  {
    crypto,
    view,
    now,
    allowDemo = false,
  }: { readonly crypto: LogCrypto; readonly view: DocumentKeys; readonly now: Date; readonly allowDemo?: boolean },
): Promise<CodeVerdict> {
  if (!isCode(text)) return { answer: 'not-a-code' };
  let opened: OpenedCode;
  try {
    opened = parseCode(text);
  } catch (error) {
    if (error instanceof RangeError) return { answer: 'altered' };
    throw error;
  }
  const { keyHint: hint, signed, signature, ...code } = opened;
  const keys = view.documentKeys(code.member, code.authority).filter(({ kid }) => equal(keyHint(kid), hint));
  if (keys.length === 0 || !view.hasMandate(code.member, code.authority, `certify-${code.kind}`))
    return { answer: 'untrusted', code };
  let fits = false;
  for (const { publicKey } of keys) fits ||= await verifyStrict(crypto, publicKey, signed, signature);
  if (!fits) return { answer: 'altered' };
  if (code.demo && !allowDemo) return { answer: 'untrusted', code };
  if (now < code.validFrom) return { answer: 'not-yet-valid', code };
  if (now > code.validUntil) return { answer: 'ended', code };
  return { answer: 'signed', code };
}
