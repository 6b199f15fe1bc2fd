import { Gunzip, gzipSync } from 'fflate';
import { concat, fromBase64Url, toBase64Url } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';

/** W3C Bitstring Status List 1.0: one bit a certificate, compressed, multibase base64url. */

/** The least length that hides one holder among many. */
export const STATUS_LIST_BITS = 131_072;
const MAX_BITS = 16_777_216;

export function emptyStatusList(bits: number = STATUS_LIST_BITS): Uint8Array {
  if (bits < STATUS_LIST_BITS || bits > MAX_BITS || bits % 8 !== 0)
    throw new RangeError('not a length of a status list');
  return new Uint8Array(bits / 8);
}

/** Bit 0 is the left-most bit of the first byte. */
export function statusBit(list: Uint8Array, index: number): boolean {
  return ((list[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
}

export function setStatusBit(list: Uint8Array, index: number): void {
  if (index < 0 || index >= list.length * 8) throw new RangeError('the index is not in the list');
  list[index >> 3] = (list[index >> 3] ?? 0) | (0x80 >> (index & 7));
}

export function encodeStatusList(list: Uint8Array): string {
  return `u${toBase64Url(gzipSync(list, { level: 9, mtime: 0 }))}`;
}

/**
 * @throws Refusal `status-list-invalid`: not multibase base64url of gzip, or not of the stated length; a
 * compressed bomb is stopped at that length
 */
export function decodeStatusList(text: string, bits: number): Uint8Array {
  const invalid = (message: string, cause?: unknown) => new Refusal(400, 'status-list-invalid', message, { cause });
  if (!text.startsWith('u')) throw invalid('The list is not in multibase base64url.');
  if (bits < STATUS_LIST_BITS || bits > MAX_BITS || bits % 8 !== 0)
    throw invalid('The length of the list is not allowed.');
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const compressed = fromBase64Url(text.slice(1));
    const gunzip = new Gunzip((chunk) => {
      length += chunk.length;
      if (length > bits / 8) throw new RangeError('longer than stated');
      chunks.push(chunk);
    });
    for (let at = 0; at < compressed.length; at += 1024) {
      gunzip.push(compressed.subarray(at, at + 1024), at + 1024 >= compressed.length);
    }
  } catch (cause) {
    throw invalid('The list could not be unpacked.', cause);
  }
  if (length !== bits / 8) throw invalid('The list is not as long as stated.');
  return concat(...chunks);
}
