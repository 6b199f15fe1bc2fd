import { createHash } from 'node:crypto';
import type { NodeContext, RequestContext } from '../members/context.ts';
import { requireMandate } from '../members/mandate.ts';
import { fromBase64, toBase64, toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { readerOf } from './acting.ts';
import { FileDeclaration, HEAD_BYTES, MAX_FILE_BYTES, mismatch } from './attachment.ts';
import { formFindings } from './dossier-handlers.ts';
import type { FileReference } from './section.ts';
import {
  type AttachmentRow,
  awaitedAttachments,
  CHUNK_BYTES,
  dossiersNaming,
  dropUpload,
  findAttachment,
  findDossier,
  finishAttachment,
  isOfPack,
  postponeAttachment,
  readChunks,
  sweepUploads,
  uploadName,
  writeChunk,
} from './store.ts';
import { filesOf, readableFiles } from './view.ts';

/** Files beside the log: put by an operator, read by whoever reads a section that names them; tables of packs by anyone. */

const tooLarge = (): Refusal =>
  new Refusal(413, 'file-too-large', 'A file has at most 20 MB.', { params: { maximum: MAX_FILE_BYTES } });

/**
 * Stores a file while it streams in. Nothing is left behind when it is too large, not what it is declared to be, or broken off.
 * @throws Refusal 403 `not-an-operator`, `mandate-missing`, 413 `file-too-large`, 422 `file-refused`
 */
export async function putAttachment(
  context: RequestContext,
  declared: { readonly name: string; readonly mediaType: string },
  body: AsyncIterable<Uint8Array>,
): Promise<FileReference> {
  const { caller, random, member, registry } = context;
  // Tables of a pack are files too, put by the authority that is to publish them.
  if (caller.operator === undefined && caller.authority === undefined)
    throw new Refusal(403, 'not-an-operator', 'Only an operator may upload files.');
  if (caller.operator === undefined) requireMandate(caller, registry, 'publish-rules');
  const parsed = FileDeclaration.safeParse(declared);
  if (!parsed.success)
    throw new Refusal(422, 'file-refused', 'The name or type of the file is not accepted.', {
      findings: formFindings(parsed.error.issues),
    });
  const { name, mediaType } = parsed.data;
  const salt = random(16);
  const { hash, size } = await store(context, { salt, mediaType, owner: member, uploadedBy: caller.subject }, body);
  return { name, mediaType, size, hash, salt: toBase64(salt) };
}

interface Storing {
  readonly salt: Uint8Array;
  readonly mediaType: FileReference['mediaType'];
  readonly owner: string;
  readonly uploadedBy: string | null;
  /** The hash that must come out. */
  readonly expected?: string;
}

async function store(
  { sql, random, clock }: Pick<NodeContext, 'sql' | 'random' | 'clock'>,
  file: Storing,
  body: AsyncIterable<Uint8Array>,
): Promise<{ hash: string; size: number }> {
  const upload = uploadName(clock(), toHex(random(16)));
  try {
    const { hash, size } = await writeAll(sql, upload, file, body);
    if (file.expected !== undefined && file.expected !== hash)
      throw new Refusal(502, 'file-differs', 'The peer delivered another file than its hash names.');
    const { mediaType, owner, uploadedBy } = file;
    const row = { hash, mediaType, size, salt: toBase64(file.salt), owner, uploadedBy };
    await sql.begin((tx) => finishAttachment(tx, upload, row));
    return { hash, size };
  } catch (error) {
    // Where the database itself is away, the sweep takes it back later.
    await dropUpload(sql, upload).catch(() => undefined);
    throw error;
  }
}

/** Writes a body piece by piece and looks at its beginning before the first. */
async function writeAll(
  sql: NodeContext['sql'],
  upload: string,
  { salt, mediaType }: Storing,
  body: AsyncIterable<Uint8Array>,
): Promise<{ hash: string; size: number }> {
  const hashing = createHash('sha256').update(salt);
  const piece = Buffer.alloc(CHUNK_BYTES);
  let filled = 0;
  let size = 0;
  let n = 0;
  const flush = async (last: boolean): Promise<void> => {
    if (n === 0) {
      const head = piece.subarray(0, Math.min(filled, HEAD_BYTES));
      const wrong = await mismatch(head, mediaType, last && filled <= HEAD_BYTES);
      if (wrong !== undefined) throw new Refusal(422, 'file-refused', wrong.message, { findings: [wrong] });
    }
    await writeChunk(sql, upload, n++, piece.subarray(0, filled));
    filled = 0;
  };
  for await (const part of body) {
    size += part.length;
    if (size > MAX_FILE_BYTES) throw tooLarge();
    hashing.update(part);
    for (let at = 0; at < part.length; ) {
      if (filled === CHUNK_BYTES) await flush(false);
      const taken = part.subarray(at, at + CHUNK_BYTES - filled);
      piece.set(taken, filled);
      filled += taken.length;
      at += taken.length;
    }
  }
  if (size === 0) throw new Refusal(422, 'file-refused', 'The file is empty.');
  await flush(true);
  return { hash: hashing.digest('hex'), size };
}

export interface ReadableFile {
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
  readonly chunks: AsyncGenerator<Uint8Array>;
}

const unknown = (hash: string): Refusal =>
  new Refusal(404, 'attachment-unknown', 'There is no such file here, or not yet.', { params: { hash } });

/** A file for a reader of a section or answer that names it, or for who uploaded it. */
export async function getAttachment(context: RequestContext, hash: string): Promise<ReadableFile> {
  const { sql, caller } = context;
  const held = /^[0-9a-f]{64}$/.test(hash) ? await findAttachment(sql, hash) : undefined;
  if (held === undefined || held.state !== 'present') throw unknown(hash);
  let name = held.uploadedBy === caller.subject ? 'file' : undefined;
  for (const dossier of await dossiersNaming(sql, hash)) {
    const found = await findDossier(sql, dossier);
    const file = found && readableFiles(readerOf(context), found.state).find((one) => one.hash === hash);
    if (file !== undefined) name = file.name;
  }
  if (name === undefined) throw unknown(hash);
  return { name, mediaType: held.mediaType, size: held.size, chunks: readChunks(sql, hash) };
}

/** A file for another member's node: only if a section that names it is addressed to that member, or it is a table of a pack. */
export async function servePeerAttachment(
  { sql }: Pick<NodeContext, 'sql'>,
  peer: string,
  hash: string,
): Promise<ReadableFile> {
  const held = /^[0-9a-f]{64}$/.test(hash) ? await findAttachment(sql, hash) : undefined;
  if (held === undefined || held.state !== 'present') throw unknown(hash);
  const served = { name: 'file', mediaType: held.mediaType, size: held.size, chunks: readChunks(sql, hash) };
  if (await isOfPack(sql, hash)) return served;
  for (const dossier of await dossiersNaming(sql, hash)) {
    const state = (await findDossier(sql, dossier))?.state;
    const named = state?.sections.some(
      ({ audience, content }) =>
        audience.some(({ member }) => member === peer) && filesOf(content).some((file) => file.hash === hash),
    );
    const answered = state?.decisions.some(({ answers }) =>
      answers.some(
        ({ to, files }) =>
          (to === 'public' || to.some(({ member }) => member === peer)) && files.some((file) => file.hash === hash),
      ),
    );
    if (named === true || answered === true) return served;
  }
  throw unknown(hash);
}

const AN_HOUR = 3_600_000;

/**
 * Fetches files that received sections name and that are not here yet: those of different members at the same time, so that a
 * slow or silent one delays its own files alone. Takes back what broken uploads have left.
 *
 * @param fetchFile the bytes of a file from the node of a member
 * @returns how many arrived
 */
export async function fetchAwaited(
  context: Pick<NodeContext, 'sql' | 'random' | 'clock'>,
  fetchFile: (member: string, hash: string) => Promise<AsyncIterable<Uint8Array>>,
  onFault: (file: AttachmentRow, error: unknown) => void,
): Promise<number> {
  const { sql, clock } = context;
  await sweepUploads(sql, new Date(clock().getTime() - AN_HOUR));
  const awaited = await awaitedAttachments(sql, 10);
  const fetchFrom = async (owner: string): Promise<number> => {
    let arrived = 0;
    for (const file of awaited.filter((one) => one.owner === owner)) {
      try {
        const { hash, mediaType } = file;
        const wanted = { salt: fromBase64(file.salt), mediaType, owner, uploadedBy: null, expected: hash };
        await store(context, wanted, await fetchFile(owner, hash));
        arrived++;
      } catch (error) {
        onFault(file, error);
        await postponeAttachment(sql, file.hash, clock());
      }
    }
    return arrived;
  };
  const owners = [...new Set(awaited.map(({ owner }) => owner))];
  const counts = await Promise.all(owners.map(fetchFrom));
  return counts.reduce((total, count) => total + count, 0);
}
