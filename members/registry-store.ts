import type { Sql } from '../storage/connection.ts';
import type { RegistryVersion } from './registry-document.ts';

/** Versions of the registry as this node holds them, from genesis on. */
export async function storedRegistry(sql: Sql): Promise<RegistryVersion[]> {
  return sql<RegistryVersion[]>`SELECT note, json FROM members.registry_version ORDER BY version`;
}

/** Keeps a chain in the place of what is there; of one that gave way nothing stays. */
export async function keepRegistry(sql: Sql, versions: readonly RegistryVersion[]): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`LOCK TABLE members.registry_version IN SHARE ROW EXCLUSIVE MODE`;
    await tx`DELETE FROM members.registry_version WHERE version > ${versions.length}`;
    await tx`
      INSERT INTO members.registry_version (version, note, json)
      SELECT version, note, json FROM unnest(${versions.map(({ note }) => note)}::text[], ${versions.map(({ json }) => json)}::text[])
        WITH ORDINALITY AS given (note, json, version)
      ON CONFLICT (version) DO UPDATE SET note = excluded.note, json = excluded.json, at = now()
        WHERE registry_version.note <> excluded.note`;
  });
}
