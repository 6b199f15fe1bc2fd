import { closeSync, existsSync, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { type Fault, type FaultCode, MOST_BYTES } from '../trade/measures/table.ts';
import { Refusal } from '../values/refusal.ts';

/** The tables of a pack from a folder or a ZIP archive of this machine, read without trust in either. */

export type PackFiles = { readonly files: ReadonlyMap<string, string> } | { readonly faults: readonly Fault[] };

/** What an archive weighs, packed and unpacked, and how many entries it has. */
const MOST_ARCHIVE = 100 * 1024 * 1024;
const MOST_UNPACKED = 256 * 1024 * 1024;
const MOST_ENTRIES = 64;

class Faulty extends Error {
  readonly fault: Fault;
  constructor(file: string, code: FaultCode, message: string) {
    super(message);
    this.fault = { file: file.slice(0, 100), code, message };
  }
}

const textOf = (name: string, bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Faulty(name, 'not-text', 'A table is text in UTF-8.');
  }
};

const tooLarge = (name: string, limit: number): Faulty =>
  new Faulty(name, 'file-too-large', `At most ${limit / 1024 / 1024} MiB are read.`);

/** A regular file up to a size, which is known before anything of it is read. */
function fileOf(path: string, name: string, most: number): Uint8Array {
  if (lstatSync(path).isSymbolicLink()) throw new Faulty(name, 'link', 'A pack holds tables, not links.');
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (!fstatSync(file).isFile()) throw new Faulty(name, 'file-unknown', 'A pack holds tables, nothing else.');
    if (size > most) throw tooLarge(name, most);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** @param path a folder of tables, or a `.zip` of one @throws Refusal 400 `usage` where there is neither */
export function packFiles(path: string): PackFiles {
  if (!existsSync(path))
    throw new Refusal(400, 'usage', `${path} is not there.`, {
      remedy: 'Name the folder of one pack, or a .zip of it.',
    });
  try {
    if (path.toLowerCase().endsWith('.zip') && lstatSync(path).isFile())
      return { files: tablesOfArchive(fileOf(path, path, MOST_ARCHIVE)) };
    if (!lstatSync(path).isDirectory())
      throw new Refusal(400, 'usage', `${path} is no folder.`, {
        remedy: 'Name the folder of one pack, or a .zip of it.',
      });
    const files = new Map<string, string>();
    for (const name of readdirSync(path)) files.set(name, textOf(name, fileOf(join(path, name), name, MOST_BYTES)));
    return { files };
  } catch (error) {
    if (error instanceof Faulty) return { faults: [error.fault] };
    throw error;
  }
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

const damaged = (message: string, name = 'archive'): Faulty => new Faulty(name, 'archive-damaged', message);

/** A plain name within the archive; whatever could lead elsewhere is refused. */
function checkName(name: string): void {
  const parts = name.split('/');
  const plain = /^[\p{L}\p{N}._ -]+$/u;
  if (name.length > 200 || parts.some((part) => part === '..' || part === '.' || !plain.test(part)))
    throw new Faulty(name, 'archive-name', 'A name in an archive is a plain file name, in one folder at most.');
  if (parts.length > 2)
    throw new Faulty(name, 'archive-name', 'Tables lie in the archive itself or in one folder of it.');
}

/** The central directory, which alone counts (APPNOTE.TXT 4.3.12 to 4.3.16); ZIP64 and parts of archives are not read. */
function entriesOf(bytes: Buffer): Entry[] {
  const end = bytes.length - 22;
  let at = end;
  // A comment may follow the end record: it reaches exactly to the end of the archive.
  while (
    at >= 0 &&
    at > end - 65_536 &&
    !(bytes.readUInt32LE(at) === 0x06054b50 && at + 22 + bytes.readUInt16LE(at + 20) === bytes.length)
  )
    at--;
  if (at < 0 || bytes.readUInt32LE(at) !== 0x06054b50) throw damaged('This is no ZIP archive, or its end is missing.');
  const count = bytes.readUInt16LE(at + 10);
  const start = bytes.readUInt32LE(at + 16);
  if (count > MOST_ENTRIES) throw new Faulty('archive', 'too-many', `An archive has at most ${MOST_ENTRIES} entries.`);
  if (
    bytes.readUInt32LE(at + 4) !== 0 ||
    bytes.readUInt16LE(at + 8) !== count ||
    start + bytes.readUInt32LE(at + 12) !== at
  )
    throw damaged('Its directory does not stand where its end says.');
  const entries: Entry[] = [];
  for (let i = 0, here = start; i < count; i++) {
    if (here + 46 > at || bytes.readUInt32LE(here) !== 0x02014b50)
      throw damaged('An entry of its directory is damaged.');
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(here + offset));
    const name = textOf('archive', bytes.subarray(here + 46, here + 46 + (nameLength ?? 0)));
    const flags = bytes.readUInt16LE(here + 8);
    const kind = (bytes.readUInt32LE(here + 38) >>> 16) & 0o170000;
    if ((flags & 1) !== 0) throw new Faulty(name, 'archive-encrypted', 'Encrypted archives are not read.');
    if (kind !== 0 && kind !== 0o100000 && kind !== 0o040000)
      throw new Faulty(name, 'link', 'A pack holds tables, not links.');
    const entry = {
      ...{ name, method: bytes.readUInt16LE(here + 10), checksum: bytes.readUInt32LE(here + 16) },
      ...{
        packed: bytes.readUInt32LE(here + 20),
        size: bytes.readUInt32LE(here + 24),
        at: bytes.readUInt32LE(here + 42),
      },
    };
    here += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0);
    checkName(name.endsWith('/') ? name.slice(0, -1) : name);
    if (name.endsWith('/') && entry.size === 0) continue;
    entries.push(entry);
  }
  return entries;
}

/** Where the packed bytes of an entry lie; its own header must say the same as the directory. */
function rangeOf(bytes: Buffer, { name, method, packed, at }: Entry): readonly [number, number] {
  if (at + 30 > bytes.length || bytes.readUInt32LE(at) !== 0x04034b50)
    throw damaged('The header of an entry is missing.', name);
  const length = bytes.readUInt16LE(at + 26);
  const own = bytes.subarray(at + 30, at + 30 + length).toString('utf8');
  if (own !== name || bytes.readUInt16LE(at + 8) !== method)
    throw damaged('The entry calls itself otherwise than the directory does.', name);
  const start = at + 30 + length + bytes.readUInt16LE(at + 28);
  if (start + packed > bytes.length) throw damaged('The entry reaches beyond the archive.', name);
  return [start, start + packed];
}

function unpacked(bytes: Buffer, entry: Entry, [from, to]: readonly [number, number]): Uint8Array {
  const { name, method, size, checksum } = entry;
  const packed = bytes.subarray(from, to);
  let out: Uint8Array;
  if (method === 0) out = packed;
  else if (method === 8)
    try {
      // No more is unpacked than was announced, whatever the bytes would make.
      out = inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
    } catch {
      throw damaged('The entry does not unpack to what its directory announces.', name);
    }
  else throw damaged(`The entry is packed in a way that is not read (method ${method}).`, name);
  if (out.length !== size || crc32(out) !== checksum)
    throw damaged('The entry is not what its directory announces.', name);
  return out;
}

/** @throws Faulty */
function tablesOfArchive(archive: Uint8Array): Map<string, string> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries = entriesOf(bytes);
  let total = 0;
  for (const { name, size } of entries) {
    if (size > MOST_BYTES) throw tooLarge(name, MOST_BYTES);
    total += size;
  }
  if (total > MOST_UNPACKED) throw tooLarge('archive', MOST_UNPACKED);
  const placed = entries.map((entry) => ({ entry, range: rangeOf(bytes, entry) }));
  const order = [...placed].sort((a, b) => a.entry.at - b.entry.at);
  for (const [i, { entry, range }] of order.entries()) {
    const next = order[i + 1];
    if (next !== undefined && range[1] > next.entry.at) throw damaged('Entries of the archive overlap.', entry.name);
  }
  const folders = new Set(entries.map(({ name }) => (name.includes('/') ? name.split('/')[0] : '')));
  if (folders.size > 1)
    throw new Faulty('archive', 'archive-name', 'All tables lie in the same folder of the archive.');
  const files = new Map<string, string>();
  const seen = new Set<string>();
  for (const { entry, range } of placed) {
    const name = entry.name.split('/').at(-1) ?? '';
    const key = name.normalize('NFC').toLowerCase();
    if (seen.has(key)) throw new Faulty(entry.name, 'duplicate', 'The archive has this name twice.');
    seen.add(key);
    files.set(name, textOf(name, unpacked(bytes, entry, range)));
  }
  return files;
}
