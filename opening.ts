import type { Registry } from './members/registry.ts';
import { readRegistryFolder } from './members/registry-folder.ts';
import { type Contested, mergeRegistries } from './members/registry-merge.ts';
import { storedRegistry } from './members/registry-store.ts';
import { assertDurable, connect, type Sql } from './storage/connection.ts';
import { ensureGroupRoles, migrate } from './storage/migrate.ts';
import { nodeCrypto } from './values/node-crypto.ts';

/** A member's database and registry, opened: for its node and for its tools alike. */

/** Folders in the order in which their migrations run; each is a schema. */
export const DOMAINS = ['ledger', 'federation', 'members', 'trade'] as const;

export interface MemberOptions {
  readonly member: string;
  readonly databaseUrl: string;
  /** Folder with the registry's versions: `000001.note`, `000001.json` … */
  readonly registry: string;
  /** SHA-256 of the genesis note, lower-case hex. */
  readonly genesis: string;
  /** A standby must have what is acknowledged: asserted at the start and in every transaction that acknowledges. */
  readonly synchronousStandbys?: boolean | undefined;
}

/** Runs the migrations of every domain, as the role that owns the schemas. */
export async function migrateAll(migrationUrl: string): Promise<void> {
  const owner = connect(migrationUrl, { max: 1, name: 'dostyk-migration' });
  try {
    await assertDurable(owner);
    await ensureGroupRoles(owner);
    for (const domain of DOMAINS) await migrate(owner, domain);
  } finally {
    await owner.end({ timeout: 5 });
  }
}

/**
 * Opens what a member's tools need of its database and registry without running a node.
 * @returns `contested` where the folder has another version than the database with one number
 */
export async function openMember(
  options: MemberOptions,
): Promise<{ sql: Sql; registry: Registry; contested?: Contested | undefined }> {
  const sql = connect(options.databaseUrl, { max: 4 });
  try {
    await assertDurable(sql, undefined, undefined, options);
    const stored = await storedRegistry(sql);
    const { registry, contested } = await mergeRegistries(
      nodeCrypto,
      options.genesis,
      stored,
      readRegistryFolder(options.registry, stored),
    );
    registry.getMember(options.member);
    return { sql, registry, contested };
  } catch (error) {
    await sql.end({ timeout: 5 });
    throw error;
  }
}
