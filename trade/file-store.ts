import type { Sql, Tx } from '../storage/connection.ts';
import { Refusal } from '../values/refusal.ts';
import type { FileReference } from './section.ts';

/** Files beside the log, in pieces. A file is *awaited* until its bytes are here and its hash has been checked. */

/** Bytes of a piece at most. */
export const CHUNK_BYTES = 262_144;

export interface AttachmentRow {
  readonly hash: string;
  readonly mediaType: FileReference['mediaType'];
  readonly size: number;
  /** Base64. */
  readonly salt: string;
  readonly state: 'awaited' | 'present';
  /** The member whose node holds it. */
  readonly owner: string;
  /** The account that put it here; null for what came from elsewhere. */
  readonly uploadedBy: string | null;
}

/**
 * The name of an upload that is under way, unlike any hash; names sort by time.
 * @param random hexadecimal, so that no two uploads share a name
 */
export function uploadName(now: Date, random: string): string {
  return `upload-${String(now.getTime()).padStart(14, '0')}-${random}`;
}

/**
 * Writes one piece of an upload that is under way, on its own: a slow sender must not keep a connection, or a transaction, of
 * those that everything else needs.
 *
 * @param n from 0
 */
export async function writeChunk(sql: Sql | Tx, upload: string, n: number, bytes: Uint8Array): Promise<void> {
  await sql`INSERT INTO trade.attachment_chunk (hash, n, bytes) VALUES (${upload}, ${n}, ${bytes})`;
}

/**
 * Gives the pieces of an upload their hash; the file is present from the commit on. A file that was
 * present before keeps its bytes. The caller has checked the hash.
 */
export async function finishAttachment(tx: Tx, upload: string, file: Omit<AttachmentRow, 'state'>): Promise<void> {
  // Fetched from elsewhere: what named it may have been erased meanwhile.
  const fetched = file.uploadedBy === null;
  const changed = fetched
    ? await tx`UPDATE trade.attachment SET state = 'present', size = ${file.size} WHERE hash = ${file.hash} AND state = 'awaited' RETURNING hash`
    : await tx`
    INSERT INTO trade.attachment AS held (hash, media_type, size, salt, state, owner, uploaded_by)
    VALUES (${file.hash}, ${file.mediaType}, ${file.size}, ${file.salt}, 'present', ${file.owner}, ${file.uploadedBy})
    ON CONFLICT (hash) DO UPDATE SET state = 'present', size = EXCLUDED.size WHERE held.state = 'awaited'
    RETURNING hash`;
  if (changed.length === 0) await tx`DELETE FROM trade.attachment_chunk WHERE hash = ${upload}`;
  else await tx`UPDATE trade.attachment_chunk SET hash = ${file.hash} WHERE hash = ${upload}`;
}

/** Takes back what was written of an upload that failed. */
export async function dropUpload(sql: Sql | Tx, upload: string): Promise<void> {
  await sql`DELETE FROM trade.attachment_chunk WHERE hash = ${upload}`;
}

/**
 * Takes back what uploads left that began before a time and never ended, because their process did.
 * @returns how many pieces
 */
export async function sweepUploads(sql: Sql | Tx, before: Date): Promise<number> {
  const rows = await sql`
    DELETE FROM trade.attachment_chunk WHERE hash >= ${uploadName(new Date(0), '')} AND hash < ${uploadName(before, '')}
    RETURNING n`;
  return rows.length;
}

export async function findAttachment(sql: Sql | Tx, hash: string): Promise<AttachmentRow | undefined> {
  const [row] = await sql<AttachmentRow[]>`
    SELECT hash, media_type AS "mediaType", size, salt, state, owner, uploaded_by AS "uploadedBy"
    FROM trade.attachment WHERE hash = ${hash}`;
  return row;
}

/**
 * The bytes of a present file, piece by piece.
 * @throws Refusal 404 `attachment-unknown` when it is not here, or not yet
 */
export async function* readChunks(sql: Sql | Tx, hash: string): AsyncGenerator<Uint8Array> {
  const file = await findAttachment(sql, hash);
  if (file?.state !== 'present')
    throw new Refusal(404, 'attachment-unknown', 'There is no such file here, or not yet.');
  for (let n = 0; ; n++) {
    const [row] = await sql<{ bytes: Uint8Array }[]>`
      SELECT bytes FROM trade.attachment_chunk WHERE hash = ${hash} AND n = ${n}`;
    if (row === undefined) return;
    yield row.bytes;
  }
}

/**
 * Files of others that are still to be fetched, the longest awaited first.
 * @param limit for each owner: one that names files it does not deliver must not hold up the files of the others
 */
export async function awaitedAttachments(sql: Sql | Tx, limit: number): Promise<AttachmentRow[]> {
  return sql<AttachmentRow[]>`
    SELECT hash, media_type AS "mediaType", size, salt, state, owner, uploaded_by AS "uploadedBy"
    FROM (
      SELECT *, row_number() OVER (PARTITION BY owner ORDER BY at, hash) AS place
      FROM trade.attachment WHERE state = 'awaited'
    ) AS awaited
    WHERE place <= ${limit} ORDER BY at, hash`;
}

/** Names files of members that are to be fetched from their nodes; what is here already stays. */
export async function awaitFiles(
  tx: Tx,
  files: readonly (Omit<FileReference, 'name'> & { readonly owner: string })[],
): Promise<void> {
  await tx`
    INSERT INTO trade.attachment (hash, media_type, size, salt, state, owner)
    SELECT hash, media_type, size::int, salt, 'awaited', owner
    FROM unnest(
      ${files.map((one) => one.hash)}::text[], ${files.map((one) => one.mediaType)}::text[],
      ${files.map((one) => String(one.size))}::text[], ${files.map((one) => one.salt)}::text[],
      ${files.map((one) => one.owner)}::text[]
    ) AS named (hash, media_type, size, salt, owner)
    ON CONFLICT DO NOTHING`;
}

/** Puts a file that could not be fetched behind the others of its owner. */
export async function postponeAttachment(sql: Sql | Tx, hash: string, now: Date): Promise<void> {
  await sql`UPDATE trade.attachment SET at = ${now} WHERE hash = ${hash} AND state = 'awaited'`;
}

/** The dossiers that name a file; who may see one of them and the naming section may fetch it. */
export async function dossiersNaming(sql: Sql | Tx, hash: string): Promise<string[]> {
  const rows = await sql<{ dossier: string }[]>`
    SELECT dossier FROM trade.attachment_reference WHERE hash = ${hash} ORDER BY dossier`;
  return rows.map((row) => row.dossier);
}
