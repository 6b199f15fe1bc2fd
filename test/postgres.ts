import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { connect, type Sql } from '../storage/connection.ts';
import { type DatabaseUrls, ensureDatabase } from '../storage/database.ts';
import { migrate } from '../storage/migrate.ts';

export interface TestDatabase {
  readonly urls: DatabaseUrls;
  /** As the running role. */
  readonly sql: Sql;
  /** As the owner of the schemas, who may do what the running role may not. */
  readonly owner: Sql;
  drop(): Promise<void>;
}

/** A fresh database on the run's server, with the migrations of these domains applied. */
export async function testDatabase(domains: readonly string[] = ['ledger']): Promise<TestDatabase> {
  const adminUrl = inject('adminUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const urls = await ensureDatabase(adminUrl, name);
  const owner = connect(urls.migration, { max: 2 });
  for (const domain of domains) await migrate(owner, domain);
  const sql = connect(urls.running, { max: 8 });
  return {
    urls,
    sql,
    owner,
    async drop() {
      await Promise.all([sql.end({ timeout: 1 }), owner.end({ timeout: 1 })]);
      const admin = connect(adminUrl, { max: 1 });
      await admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}
