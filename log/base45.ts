/** Base45 (RFC 9285): bytes as characters that a QR code holds in its dense alphanumeric mode. */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
const VALUE: ReadonlyMap<string, number> = new Map([...ALPHABET].map((character, value) => [character, value]));

/** @example toBase45(utf8('AB')) // 'BB8' */
export function toBase45(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    let n = pair ? (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0) : (bytes[i] ?? 0);
    for (let digit = 0; digit < (pair ? 3 : 2); digit++) {
      text += ALPHABET[n % 45];
      n = Math.floor(n / 45);
    }
  }
  return text;
}

/** @throws RangeError for anything that `toBase45` would not write */
export function fromBase45(text: string): Uint8Array {
  if (text.length % 3 === 1) throw new RangeError('base45 of an impossible length');
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i += 3) {
    const digits = Math.min(3, text.length - i);
    let n = 0;
    for (let place = digits - 1; place >= 0; place--) {
      const value = VALUE.get(text.charAt(i + place));
      if (value === undefined) throw new RangeError('not a character of base45');
      n = n * 45 + value;
    }
    if (n > (digits === 3 ? 65_535 : 255)) throw new RangeError('base45 out of range');
    if (digits === 3) bytes.push(n >> 8, n & 255);
    else bytes.push(n);
  }
  return Uint8Array.from(bytes);
}
