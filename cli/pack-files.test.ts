import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { files } from '../trade/measures/fixture.ts';
import { readPack } from '../trade/measures/pack.ts';
import { packFiles } from './pack-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'dostyk-pack-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Entry {
  readonly name: string;
  readonly bytes: Buffer;
  readonly stored?: boolean;
  /** What the directory says instead of the truth. */
  readonly size?: number;
  readonly checksum?: number;
  readonly localName?: string;
  readonly flags?: number;
  readonly method?: number;
  readonly attributes?: number;
  readonly at?: number;
}

/** An archive byte by byte, so that each trick can be made. */
function zip(
  entries: readonly Entry[],
  { comment = '', count = entries.length }: { comment?: string; count?: number } = {},
): Buffer {
  const body: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const one of entries) {
    const packed = one.stored === true ? one.bytes : deflateRawSync(one.bytes);
    const method = one.method ?? (one.stored === true ? 0 : 8);
    const local = Buffer.alloc(30);
    const own = Buffer.from(one.localName ?? one.name);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(own.length, 26);
    const header = Buffer.alloc(46);
    const name = Buffer.from(one.name);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt16LE(one.flags ?? 0, 8);
    header.writeUInt16LE(method, 10);
    header.writeUInt32LE(one.checksum ?? crc32(one.bytes), 16);
    header.writeUInt32LE(packed.length, 20);
    header.writeUInt32LE(one.size ?? one.bytes.length, 24);
    header.writeUInt16LE(name.length, 28);
    header.writeUInt32LE(one.attributes ?? 0, 38);
    header.writeUInt32LE(one.at ?? at, 42);
    directory.push(header, name);
    body.push(local, own, packed);
    at += 30 + own.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...body, ...directory, end, Buffer.from(comment)]);
}

let made = 0;
const saved = (bytes: Uint8Array): string => {
  const path = join(folder, `${made++}.zip`);
  writeFileSync(path, bytes);
  return path;
};
const fault = (bytes: Uint8Array) => {
  const read = packFiles(saved(bytes));
  return 'faults' in read
    ? read.faults.map(({ file, code }) => `${file} ${code}`).join()
    : [...read.files.keys()].join();
};
const tables = files({});
const whole = (prefix = '', stored = false): Entry[] =>
  [...tables].map(([name, text]) => ({ name: `${prefix}${name}`, bytes: Buffer.from(text), stored }));
const small: Entry = { name: 'pack.csv', bytes: Buffer.from('a,b\n') };

test('a pack is the same from a folder, from an archive, and from an archive with one folder', () => {
  const plain = join(folder, 'plain');
  mkdirSync(plain);
  for (const [name, text] of tables) writeFileSync(join(plain, name), text);
  const directory = { name: 'pack/', bytes: Buffer.alloc(0), stored: true };
  for (const path of [
    plain,
    saved(zip(whole())),
    saved(zip(whole('', true), { comment: 'made by hand' })),
    saved(zip([directory, ...whole('pack/')])),
  ]) {
    const read = packFiles(path);
    expect('files' in read && new Map([...read.files].sort())).toEqual(new Map([...tables].sort()));
    expect('pack' in readPack('files' in read ? read.files : new Map())).toBe(true);
  }
});

test.each([
  ['a way out', { name: '../pack.csv' }, '../pack.csv archive-name'],
  ['the root', { name: '/etc/pack.csv' }, '/etc/pack.csv archive-name'],
  ['a drive', { name: 'C:pack.csv' }, 'C:pack.csv archive-name'],
  ['another separator', { name: '..\\pack.csv' }, '..\\pack.csv archive-name'],
  ['a control character', { name: 'pack\u0000.csv' }, 'pack\u0000.csv archive-name'],
  ['folders in folders', { name: 'a/b/pack.csv' }, 'a/b/pack.csv archive-name'],
  ['a link', { attributes: 0o120777 * 0x10000 }, 'pack.csv link'],
  ['a device', { attributes: 0o060644 * 0x10000 }, 'pack.csv link'],
  ['encryption', { flags: 1 }, 'pack.csv archive-encrypted'],
  ['another packing', { method: 14 }, 'pack.csv archive-damaged'],
  ['another name in its own header', { localName: 'other.csv' }, 'pack.csv archive-damaged'],
  ['a wrong checksum', { checksum: 1 }, 'pack.csv archive-damaged'],
  ['less announced than it holds', { size: 2 }, 'pack.csv archive-damaged'],
  ['more announced than it holds', { size: 200 }, 'pack.csv archive-damaged'],
  ['a table of more than is read', { size: 65 * 1024 * 1024 }, 'pack.csv file-too-large'],
  ['a header elsewhere', { at: 3 }, 'pack.csv archive-damaged'],
  ['what is no text', { bytes: Buffer.from([0xff, 0xfe, 0x41]) }, 'pack.csv not-text'],
])('%s is refused', (_, change: Partial<Entry>, told) => {
  expect(fault(zip([{ ...small, ...change }]))).toBe(told);
});

test('a bomb is not unpacked beyond what it announces, and not at all where it announces too much', () => {
  const bomb = { name: 'measures.csv', bytes: Buffer.alloc(60 * 1024 * 1024, 0x61) };
  expect(fault(zip([{ ...bomb, size: 1000 }]))).toBe('measures.csv archive-damaged');
  const many = Array.from({ length: 5 }, (_, i) => ({ ...small, name: `t${i}.csv`, size: 60 * 1024 * 1024 }));
  expect(fault(zip(many))).toBe('archive file-too-large');
});

test('entries that overlap, stand twice, or are too many are refused', () => {
  const twice = { ...small, name: 'PACK.csv' };
  expect(fault(zip([small, twice]))).toBe('PACK.csv duplicate');
  expect(fault(zip([small, { ...small, at: 0 }]))).toBe('pack.csv archive-damaged');
  expect(
    fault(
      zip([
        { ...small, name: 'a/pack.csv' },
        { ...small, name: 'b/measures.csv' },
      ]),
    ),
  ).toBe('archive archive-name');
  expect(fault(zip(Array.from({ length: 65 }, (_, i) => ({ ...small, name: `t${i}.csv` }))))).toBe('archive too-many');
});

test('whatever is cut off, turned or no archive at all is told as damaged', () => {
  const good = zip(whole());
  for (let cut = 1; cut < good.length; cut += 37)
    expect(fault(good.subarray(0, good.length - cut))).toBe('archive archive-damaged');
  expect(fault(zip([small], { count: 2 }))).toBe('archive archive-damaged');
  for (const bytes of [Buffer.alloc(0), Buffer.from('PK'), Buffer.alloc(100, 7)])
    expect(fault(bytes)).toBe('archive archive-damaged');
  // Any one byte turned: refused, or read as the very same tables.
  for (let i = 0; i < good.length; i += 11) {
    const turned = Buffer.from(good);
    turned[i] = (turned[i] ?? 0) ^ 0x55;
    const read = packFiles(saved(turned));
    if ('files' in read) for (const [name, text] of read.files) expect(text).toBe(tables.get(name));
  }
});

test('what is too large is told by its size, a link in a folder by its kind', () => {
  const huge = join(folder, 'huge');
  mkdirSync(huge);
  writeFileSync(join(huge, 'measures.csv'), '');
  truncateSync(join(huge, 'measures.csv'), 100 * 1024 * 1024);
  expect(packFiles(huge)).toMatchObject({ faults: [{ file: 'measures.csv', code: 'file-too-large' }] });
  const archive = join(folder, 'huge.zip');
  writeFileSync(archive, '');
  truncateSync(archive, 101 * 1024 * 1024);
  expect(packFiles(archive)).toMatchObject({ faults: [{ code: 'file-too-large' }] });
  const linked = join(folder, 'linked');
  mkdirSync(linked);
  symlinkSync('/etc/passwd', join(linked, 'pack.csv'));
  expect(packFiles(linked)).toMatchObject({ faults: [{ file: 'pack.csv', code: 'link' }] });
  mkdirSync(join(folder, 'nested', 'pack.csv'), { recursive: true });
  expect(packFiles(join(folder, 'nested'))).toMatchObject({ faults: [{ file: 'pack.csv', code: 'file-unknown' }] });
  expect(() => packFiles(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
});
