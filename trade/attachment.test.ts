import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FileDeclaration, HEAD_BYTES, mismatch } from './attachment.ts';
import { FileReference } from './section.ts';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex');
const text = (value: string): Buffer => Buffer.from(value);
const xml = 'application/xml';

describe('a file that is what it is declared to be', () => {
  test.each([
    ['application/pdf', text('%PDF-1.7\n1 0 obj')],
    ['image/png', png],
    ['image/jpeg', jpeg],
    ['text/csv', text('a;b\nш;樱桃\n')],
    ['text/csv', text('\ufeffa,b\r\n1,2\r\n')],
    ['application/json', text(' {"a":1}')],
    ['application/json', text('[]')],
    [xml, text('<a/>')],
    [xml, text('<?xml version="1.0" encoding="UTF-8"?>\n<!-- <!DOCTYPE no> --><?pi x?>\n<п:а/>')],
  ] as const)('%s', async (type, bytes) => expect(await mismatch(bytes, type, true)).toBeUndefined());
});

describe('a file that is not', () => {
  test.each([
    ['image/jpeg', png, 'file-type-differs'],
    ['application/pdf', text('<html>'), 'file-type-differs'],
    ['application/pdf', text('MZ\u0090'), 'file-type-differs'],
    ['text/csv', png, 'file-type-differs'],
    ['text/csv', text('%PDF-1.7\n'), 'file-type-differs'],
    ['text/csv', text('a\u0000b'), 'file-not-text'],
    ['text/csv', Buffer.from([0x61, 0xff, 0x62]), 'file-not-text'],
    ['text/csv', Buffer.from('ячмень', 'utf16le'), 'file-not-text'],
    ['application/json', text('"a"'), 'file-type-differs'],
    ['application/json', text('{"a":1'), 'file-type-differs'],
    ['application/json', text('['.repeat(60_000)), 'file-type-differs'],
    [xml, text('a'), 'file-type-differs'],
    [xml, text('<>'), 'file-type-differs'],
    [xml, text('<!-- never closed'), 'file-type-differs'],
    [xml, text('<!DOCTYPE a><a/>'), 'xml-doctype'],
    [xml, text('<?xml version="1.0"?><!doctype a SYSTEM "file:///etc/passwd"><a/>'), 'xml-doctype'],
    [xml, text(`<!--${' '.repeat(1000)}--> <!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`), 'xml-doctype'],
    [xml, text('<?xml version="1.0" encoding="UTF-7"?><a/>'), 'file-not-text'],
    ['application/pdf', Buffer.alloc(0), 'file-empty'],
  ] as const)('%s %#', async (type, bytes, code) => expect((await mismatch(bytes, type, true))?.code).toBe(code));

  test('a document type behind a comment longer than the head hides from nobody', async () => {
    const long = text(`<!--${'-='.repeat(HEAD_BYTES)}--><!DOCTYPE a><a/>`);
    expect((await mismatch(long.subarray(0, HEAD_BYTES), xml, false))?.code).toBe('file-type-differs');
  });
});

test('a character that is cut at the end of the head is none of the file’s faults', async () => {
  const bytes = text('a;樱');
  expect(await mismatch(bytes.subarray(0, 3), 'text/csv', false)).toBeUndefined();
  expect((await mismatch(bytes.subarray(0, 3), 'text/csv', true))?.code).toBe('file-not-text');
});

test('whatever the bytes, it answers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ unit: 'binary' }).map((value) => new TextEncoder().encode(value)),
      ),
      fc.constantFrom(...FileReference.shape.mediaType.options),
      fc.boolean(),
      async (bytes, type, whole) => {
        const found = await mismatch(bytes, type, whole);
        expect(found === undefined || found.path === '/mediaType').toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

test.each([
  '../a.pdf',
  'a/b.pdf',
  '..',
  '.a',
  'a..pdf',
  'C:\\a.pdf',
  'a\u0000.pdf',
  'a\n.pdf',
  '',
  ' a.pdf',
  'x'.repeat(121),
])('a name is no path: %j', (name) =>
  expect(FileDeclaration.safeParse({ name, mediaType: 'application/pdf' }).success).toBe(false),
);
test.each(['a.pdf', 'Счёт 1.pdf', '发票 (1).pdf', 'a_b-c.1.pdf'])('a name: %j', (name) =>
  expect(FileDeclaration.safeParse({ name, mediaType: 'application/pdf' }).success).toBe(true),
);
