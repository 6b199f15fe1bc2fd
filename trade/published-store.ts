import { isUtf8 } from 'node:buffer';
import type { Sql, Tx } from '../storage/connection.ts';
import { awaitFiles, readChunks } from './file-store.ts';
import { type Fault, MOST_BYTES } from './measures/table.ts';
import type { FileReference } from './section.ts';
import type { PackState } from './subject.ts';

/** Versions of members' rules as their authorities published them. */

/** @param versions all of the member, in order */
export async function writePacks(tx: Tx, member: string, versions: readonly PackState[]): Promise<void> {
  await tx`DELETE FROM trade.pack WHERE member = ${member}`;
  await tx`DELETE FROM trade.pack_table WHERE member = ${member}`;
  for (const state of versions) {
    const { version, published, tables } = state.body;
    await tx`
      INSERT INTO trade.pack (member, version, published, commitment, body)
      VALUES (${member}, ${version}, ${published}::text::date, ${state.commitment}, ${JSON.stringify(state)})`;
    await tx`
      INSERT INTO trade.pack_table (member, version, hash)
      SELECT ${member}, ${version}::int, hash FROM unnest(${tables.map(({ hash }) => hash)}::text[]) AS named (hash)
      ON CONFLICT DO NOTHING`;
  }
  await awaitFiles(
    tx,
    versions.flatMap(({ body }) => body.tables.map((file) => ({ ...file, owner: member }))),
  );
}

export interface PublishedPack extends PackState {
  /** Whether all its tables have arrived. A file of another member is no table of this one's, whoever names it. */
  readonly here: boolean;
}

/** Published versions, the highest of each member first. */
export async function publishedPacks(
  sql: Sql | Tx,
  { member, on }: { readonly member?: string | undefined; readonly on?: string | undefined } = {},
): Promise<PublishedPack[]> {
  const rows = await sql<{ body: string; here: boolean }[]>`
    SELECT body, NOT EXISTS (
      SELECT 1 FROM trade.pack_table AS named LEFT JOIN trade.attachment AS file USING (hash)
      WHERE named.member = pack.member AND named.version = pack.version
        AND (file.state IS DISTINCT FROM 'present' OR file.owner <> named.member)
    ) AS here
    FROM trade.pack
    WHERE (${member === undefined} OR member = ${member ?? ''})
      AND (${on === undefined} OR published <= ${on ?? '9999-12-31'}::text::date)
    ORDER BY member, version DESC`;
  return rows.map(({ body, here }) => ({ ...(JSON.parse(body) as PackState), here }));
}

/** Whether a published version of the file's own member names it: such files are for anyone. */
export async function isOfPack(sql: Sql | Tx, hash: string): Promise<boolean> {
  const [row] = await sql`
    SELECT 1 FROM trade.pack_table AS named JOIN trade.attachment AS file USING (hash)
    WHERE hash = ${hash} AND file.owner = named.member LIMIT 1`;
  return row !== undefined;
}

/**
 * The texts of tables: name → text, or what keeps them from being read.
 * @throws Refusal 404 `attachment-unknown` where one is not here
 */
export async function readTables(
  sql: Sql | Tx,
  tables: readonly Pick<FileReference, 'name' | 'hash'>[],
): Promise<Map<string, string> | Fault> {
  const texts = new Map<string, string>();
  let size = 0;
  for (const { name, hash } of tables) {
    if (texts.has(name)) return { file: name, code: 'duplicate', message: 'The pack names this table twice.' };
    const pieces: Uint8Array[] = [];
    for await (const piece of readChunks(sql, hash)) {
      pieces.push(piece);
      size += piece.length;
      if (size > MOST_BYTES)
        return {
          file: name,
          code: 'file-too-large',
          message: `All tables hold at most ${MOST_BYTES / 1024 / 1024} MiB.`,
        };
    }
    const bytes = Buffer.concat(pieces);
    if (!isUtf8(bytes)) return { file: name, code: 'not-text', message: 'A table is text in UTF-8.' };
    texts.set(name, bytes.toString('utf8'));
  }
  return texts;
}
