import { randomBytes } from 'node:crypto';
import { connect, type Sql } from './connection.ts';
import { ensureGroupRoles } from './migrate.ts';

/** How a node reaches its database: one role to run, one to migrate, one to erase. */
export interface DatabaseUrls {
  readonly running: string;
  readonly migration: string;
  readonly erasure: string;
}

function withRole(adminUrl: string, database: string, role: string, password: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  url.username = role;
  url.password = password;
  return url.href;
}

/**
 * Makes sure that a database and its three login roles exist on the embedded server; passwords are set
 * anew each time, so that none need be kept.
 *
 * @param name lower-case name, e.g. 'dostyk_kz'
 */
export async function ensureDatabase(adminUrl: string, name: string): Promise<DatabaseUrls> {
  if (!/^[a-z][a-z0-9_]{0,50}$/.test(name)) throw new RangeError('not a database name');
  const admin = connect(adminUrl, { max: 1 });
  try {
    await ensureGroupRoles(admin);
    const passwords = { running: '', migration: '', erasure: '' };
    for (const kind of ['running', 'migration', 'erasure'] as const) {
      passwords[kind] = randomBytes(18).toString('hex');
      await ensureLogin(admin, `${name}_${kind}`, passwords[kind]);
    }
    await admin`GRANT dostyk_running TO ${admin(`${name}_running`)}`;
    await admin`GRANT dostyk_erasure TO ${admin(`${name}_erasure`)}`;
    const [known] = await admin`SELECT 1 FROM pg_database WHERE datname = ${name}`;
    if (known === undefined) await admin`CREATE DATABASE ${admin(name)} OWNER ${admin(`${name}_migration`)}`;
    await admin`REVOKE CONNECT ON DATABASE ${admin(name)} FROM PUBLIC`;
    await admin`GRANT CONNECT ON DATABASE ${admin(name)} TO ${admin(`${name}_running`)}, ${admin(`${name}_erasure`)}`;
    return {
      running: withRole(adminUrl, name, `${name}_running`, passwords.running),
      migration: withRole(adminUrl, name, `${name}_migration`, passwords.migration),
      erasure: withRole(adminUrl, name, `${name}_erasure`, passwords.erasure),
    };
  } finally {
    await admin.end();
  }
}

async function ensureLogin(admin: Sql, role: string, password: string): Promise<void> {
  const [known] = await admin`SELECT 1 FROM pg_roles WHERE rolname = ${role}`;
  // Role names come from `ensureDatabase`'s own pattern and the password is hexadecimal: CREATE ROLE takes no parameters.
  await admin.unsafe(`${known === undefined ? 'CREATE' : 'ALTER'} ROLE "${role}" LOGIN PASSWORD '${password}'`);
}
