import { fileTypeFromBuffer } from 'file-type';
import type { Finding } from '../values/refusal.ts';
import { FileReference } from './section.ts';

/**
 * Does a file hold what it is declared to be? Its beginning is looked at: binary types by their marks, texts by their encoding and
 * their start. What lies behind the head is not read.
 */

export const MAX_FILE_BYTES = 20_971_520;
/** How much of a file's beginning is looked at. */
export const HEAD_BYTES = 65_536;

const TEXTS: ReadonlySet<string> = new Set(['text/csv', 'application/json', 'application/xml']);

/**
 * @param head the first bytes, at most `HEAD_BYTES`
 * @param whole true when `head` is the whole file
 * @returns a finding where the content does not match, undefined where it does
 */
export async function mismatch(
  head: Uint8Array,
  mediaType: FileReference['mediaType'],
  whole: boolean,
): Promise<Finding | undefined> {
  const finding = (code: string, message: string): Finding => ({
    path: '/mediaType',
    code,
    message,
    params: { declared: mediaType },
  });
  if (head.length === 0) return finding('file-empty', 'The file is empty.');
  const detected = await fileTypeFromBuffer(head);
  if (!TEXTS.has(mediaType)) {
    return detected?.mime === mediaType
      ? undefined
      : finding(
          'file-type-differs',
          `The file is declared as ${mediaType} and is ${detected?.mime ?? 'of another type'}.`,
        );
  }
  if (detected !== undefined && !(mediaType === 'application/xml' && detected.mime === 'application/xml')) {
    return finding('file-type-differs', `The file is declared as ${mediaType} and is ${detected.mime}.`);
  }
  let text: string;
  try {
    // A character may be cut at the end of the head.
    text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: !whole });
  } catch {
    return finding('file-not-text', 'The file is not UTF-8 text.');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a text file holds none of these
  if (/[\u0000-\u0008\u000e-\u001f]/.test(text)) return finding('file-not-text', 'The file holds control characters.');
  const start = text.replace(/^\ufeff/, '').trimStart();
  if (mediaType === 'application/xml') {
    // What stands before the root element must end within the head, so that no document type can hide behind a long comment.
    const root = start.replace(/^(?:<\?[\s\S]*?\?>|<!--[\s\S]*?-->|\s)+/, '');
    if (/^<!DOCTYPE/i.test(root) || /<!ENTITY/i.test(text))
      return finding('xml-doctype', 'XML with a document type or entities is not accepted.');
    const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(start)?.[1];
    if (declared !== undefined && !/^(utf-8|us-ascii)$/i.test(declared))
      return finding('file-not-text', `The file says that it is written in ${declared.slice(0, 40)}, not in UTF-8.`);
    if (!/^<[\p{L}_:]/u.test(root)) return finding('file-type-differs', 'The file is not XML.');
  }
  if (mediaType === 'application/json') {
    if (!/^[[{]/.test(start)) return finding('file-type-differs', 'The file is not a JSON object or array.');
    if (whole) {
      try {
        JSON.parse(start);
      } catch {
        return finding('file-type-differs', 'The file is not JSON.');
      }
    }
  }
  return undefined;
}

/** A file's name and declared type, as an upload gives them. */
export const FileDeclaration = FileReference.pick({ name: true, mediaType: true });
