/** Bytes and their texts. Works in Node and in browsers; every decoder is strict and throws `RangeError`. */

const encoder = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Strict: throws `RangeError` on malformed UTF-8; a byte order mark is kept as a character. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new RangeError('not UTF-8');
  }
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Lower case only, so that one value has one text. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new RangeError('not lower-case hexadecimal');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SIX_BITS = Int8Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)));

/** Standard alphabet with padding; the unused bits must be zero, so that one value has one text. */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new RangeError('not base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  // −1 for any character but a digit; padding reads as zero, at the end alone.
  const digit = (i: number): number => (i >= text.length - padding ? 0 : (SIX_BITS[text.charCodeAt(i)] ?? -1));
  const whole = text.length - (padding === 0 ? 0 : 4);
  let at = 0;
  for (let i = 0; i < whole; i += 4) {
    const bits =
      ((SIX_BITS[text.charCodeAt(i)] ?? -1) << 18) |
      ((SIX_BITS[text.charCodeAt(i + 1)] ?? -1) << 12) |
      ((SIX_BITS[text.charCodeAt(i + 2)] ?? -1) << 6) |
      (SIX_BITS[text.charCodeAt(i + 3)] ?? -1);
    if (bits < 0) throw new RangeError('not base64');
    bytes[at] = bits >> 16;
    bytes[at + 1] = bits >> 8;
    bytes[at + 2] = bits;
    at += 3;
  }
  if (padding === 0) return bytes;
  const last = (digit(whole) << 18) | (digit(whole + 1) << 12) | (digit(whole + 2) << 6) | digit(whole + 3);
  if (last < 0) throw new RangeError('not base64');
  if ((last & (padding === 2 ? 0xffff : 0xff)) !== 0) throw new RangeError('not canonical base64');
  bytes[at] = last >> 16;
  if (padding === 1) bytes[at + 1] = last >> 8;
  return bytes;
}

export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** URL-safe alphabet without padding (RFC 7515). */
export function fromBase64Url(text: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new RangeError('not base64url');
  const padded = text.replaceAll('-', '+').replaceAll('_', '/');
  return fromBase64(padded + '='.repeat((4 - (padded.length % 4)) % 4));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
