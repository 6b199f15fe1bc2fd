import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../values/refusal.ts';
import type { Sql } from './connection.ts';
import { packageRoot } from './package-root.ts';

const LOCK = 7_305_805_913n;

/**
 * Runs the forward-only numbered migrations of one domain's schema: `<domain>/migrations/0001-name.sql`. Under an advisory
 * lock and in one transaction, all or none, each with its checksum kept.
 *
 * @param domain name of the schema, and of the folder where no other is given
 * @param folder of the files
 * @returns names of what was applied now
 * @throws Refusal 500 `migration-changed` when a file that was applied has another content now, `migration-unknown` when the
 *   database was migrated by a newer program
 * @example await migrate(owner, 'ledger');
 */
export async function migrate(
  sql: Sql,
  domain: string,
  folder = join(packageRoot(), domain, 'migrations'),
): Promise<string[]> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  for (const [i, name] of files.entries()) {
    if (!/^\d{4}-[a-z0-9-]+\.sql$/.test(name) || Number(name.slice(0, 4)) !== i + 1)
      throw new Error(`${join(folder, name)} is not migration ${i + 1}`);
  }
  return sql.begin(async (tx) => {
    // A migration may take as long as it needs, and so may the one before it.
    await tx`SET LOCAL statement_timeout = 0`;
    await tx`SELECT pg_advisory_xact_lock(${LOCK})`;
    await tx`CREATE SCHEMA IF NOT EXISTS ${tx(domain)}`;
    await tx`CREATE TABLE IF NOT EXISTS ${tx(domain)}.migration (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;
    await tx`GRANT USAGE ON SCHEMA ${tx(domain)} TO dostyk_running, dostyk_erasure`;
    await tx`GRANT SELECT ON ${tx(domain)}.migration TO dostyk_running`;
    const applied = await tx<{ name: string; checksum: string }[]>`SELECT name, checksum FROM ${tx(domain)}.migration`;
    const before = new Map(applied.map(({ name, checksum }) => [name, checksum]));
    const unknown = [...before.keys()].find((name) => !files.includes(name));
    if (unknown !== undefined) {
      throw new Refusal(
        500,
        'migration-unknown',
        `The database has the migration ${domain}/${unknown}, this program hasn't.`,
        {
          params: { domain, name: unknown },
          remedy: 'Run the newer version of the program.',
        },
      );
    }
    const now: string[] = [];
    for (const name of files) {
      const text = readFileSync(join(folder, name), 'utf8');
      const checksum = createHash('sha256').update(text).digest('hex');
      const known = before.get(name);
      if (known === checksum) continue;
      if (known !== undefined) {
        throw new Refusal(
          500,
          'migration-changed',
          `The migration ${domain}/${name} was applied with another content.`,
          {
            params: { domain, name },
            remedy: 'Restore the file and add a new migration.',
          },
        );
      }
      await tx.unsafe(text);
      await tx`INSERT INTO ${tx(domain)}.migration (name, checksum) VALUES (${name}, ${checksum})`;
      now.push(name);
    }
    return now;
  });
}

/**
 * Group roles that migrations grant to. The running role may do what its grants say and nothing more.
 * Must run as a role that may create roles; where they exist already, nothing happens.
 */
export async function ensureGroupRoles(sql: Sql): Promise<void> {
  for (const role of ['dostyk_running', 'dostyk_erasure']) {
    const [known] = await sql`SELECT 1 FROM pg_roles WHERE rolname = ${role}`;
    if (known === undefined) {
      try {
        await sql`CREATE ROLE ${sql(role)} NOLOGIN`;
      } catch (error) {
        // Another node of the same server made it between our look and our act.
        if (!['42710', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
      }
    }
  }
}
