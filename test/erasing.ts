import { call } from '@orpc/server';
import { inject } from 'vitest';
import { connect, type Sql } from '../storage/connection.ts';
import { tradeRouter } from '../trade/handlers.ts';
import { requestErasure } from '../trade/store.ts';
import type { FederatedNodes } from './nodes.ts';

/** What tests of erasure share: asking for it, looking for words in every table of a database, backups of whole databases. */

export const LEGAL_BASIS = 'Demonstration law, article 1';

/** Asks a member's node for an erasure, as `dostyk erase` does. */
export async function ask(nodes: FederatedNodes, member: string, dossier: string, section: string): Promise<void> {
  const erasure = connect(nodes.database(member).urls.erasure, { max: 1 });
  try {
    await requestErasure(erasure, { dossier, section, legalBasis: LEGAL_BASIS, reason: 'request' });
  } finally {
    await erasure.end();
  }
}

export async function contextOf(nodes: FederatedNodes, member: string, account: string) {
  const node = nodes.node(member);
  const caller = node.accounts.find(`${member.toLowerCase()}-${account}`);
  if (caller === undefined) throw new Error(`no account ${account}`);
  return node.requestContext(caller, 'test');
}

/** A dossier as an account of a member sees it now; undefined where it is not there yet. */
export async function seen(nodes: FederatedNodes, member: string, account: string, dossier: string) {
  const context = await contextOf(nodes, member, account);
  try {
    return await call(tradeRouter.getDossier, { dossier }, { context });
  } catch {
    // Not here yet.
    return undefined;
  }
}

/** A word as it may stand in a table: as it is, in hexadecimal, and in base64 at each of three places. */
function formsOf(word: string): string[] {
  const bytes = Buffer.from(word);
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // What the neighbours decide is left out.
    return text.slice(shift === 0 ? 0 : 4, Math.floor((shift + bytes.length) / 3) * 4);
  });
  return [word, bytes.toString('hex'), ...base64].map((form) => form.toLowerCase());
}

/** Every table, of every schema that is the project's, in which a word stands in some form. */
export async function tablesWith(sql: Sql, word: string): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    SELECT schemaname || '.' || tablename AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`;
  const forms = formsOf(word);
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await sql<{ text: string }[]>`SELECT lower(one::text) AS text FROM ${sql(name)} AS one`;
    if (rows.some(({ text }) => forms.some((form) => text.includes(form)))) found.push(name);
  }
  return found;
}

async function asAdmin(act: (admin: Sql) => Promise<unknown>): Promise<void> {
  const admin = connect(inject('adminUrl'), { max: 1 });
  try {
    await act(admin);
  } finally {
    await admin.end();
  }
}

const nameOf = (nodes: FederatedNodes, member: string): string =>
  new URL(nodes.database(member).urls.migration).pathname.slice(1);

const disconnect = (admin: Sql, name: string) =>
  admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`;

/** A copy of a whole database. The node must not run. */
export async function backUp(nodes: FederatedNodes, member: string, label: string): Promise<void> {
  const name = nameOf(nodes, member);
  await asAdmin(async (admin) => {
    await disconnect(admin, name);
    await admin.unsafe(`CREATE DATABASE ${name}_${label} TEMPLATE ${name} OWNER "${name}_migration"`);
  });
}

/** Puts a copy in the place of the database. The node must not run. */
export async function restore(nodes: FederatedNodes, member: string, label: string): Promise<void> {
  const name = nameOf(nodes, member);
  await asAdmin(async (admin) => {
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
    await admin.unsafe(`ALTER DATABASE ${name}_${label} RENAME TO ${name}`);
  });
}
