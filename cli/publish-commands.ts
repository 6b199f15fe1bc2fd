import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Refusal } from '../values/refusal.ts';
import { ApiClient, credentialsFor } from './api-client.ts';
import { print, progress } from './outcome.ts';

/** Commands about published rules, through a node: packs publish, versions, fetch. */

interface Asking {
  readonly as?: string;
  readonly json?: boolean;
}

interface Version {
  readonly version: number;
  readonly published: string;
  readonly state: string;
  readonly inForce: boolean;
  readonly authority: string | null;
  readonly reason: string | null;
  readonly here: boolean;
  readonly tables: readonly { readonly name: string; readonly size: number }[];
  readonly faults: readonly { readonly file: string; readonly line?: number; readonly message: string }[];
}

/** The tables of a folder, told apart from whatever else lies there. */
function tablesOf(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.csv') && statSync(join(folder, name)).isFile());
    if (names.includes('pack.csv')) return names.sort();
  } catch (cause) {
    throw new Refusal(400, 'usage', `${folder} can't be read: ${(cause as Error).message}`, { cause });
  }
  throw new Refusal(400, 'usage', `${folder} has no pack.csv.`, { remedy: 'Name the folder of one pack.' });
}

function describe({ version, published, state, inForce, authority, reason, here, faults }: Version): string {
  const who = authority === null ? 'compiled from public sources, not confirmed' : `${state} by ${authority}`;
  const [fault] = faults;
  return [
    `${String(version).padStart(4)}  ${published}  ${who}${inForce ? ', in force' : ''}${here ? '' : ', not all here yet'}`,
    ...(reason === null ? [] : [`      ${reason}`]),
    ...(fault === undefined ? [] : [`      out of force: ${fault.file}:${fault.line ?? ''} ${fault.message}`]),
  ].join('\n');
}

/** @param program to which `packs` was added before */
export function addPublishCommands(program: Command, signal: AbortSignal): void {
  const packs = program.commands.find((one) => one.name() === 'packs');
  if (packs === undefined) throw new Error('packs is not a command');
  const client = (options: Asking): ApiClient =>
    new ApiClient(credentialsFor(options.as, program.opts<{ directory: string }>().directory, process.env));
  const common = (command: Command): Command =>
    command
      .option('--as <client>', 'client of the demonstration, e.g. KZ/ministry')
      .option('--json', 'print the whole answer as JSON');

  common(
    packs
      .command('publish')
      .description("publish a version of the member's own rules, as its authority; this is final")
      .argument('<folder>', 'folder of the pack')
      .requiredOption('--reason <text>', 'what changes, and why')
      .option('--yes', 'do it'),
  ).action(async (folder: string, options: Asking & { reason: string; yes?: boolean }) => {
    const names = tablesOf(folder);
    if (options.yes !== true)
      throw new Refusal(400, 'usage', 'A published version stays in the log of all members.', {
        remedy: 'Look at it with `dostyk packs check`, then repeat with --yes.',
      });
    const node = client(options);
    const told = progress('tables uploaded');
    const tables: unknown[] = [];
    for (const [i, name] of names.entries()) {
      const file = { bytes: readFileSync(join(folder, name)), mediaType: 'text/csv' };
      tables.push(await node.call('POST', '/api/attachments', { query: { name }, file, signal }));
      told(i + 1, names.length);
    }
    const answer = await node.call<{ member: string; version: number; record: { commitment: string } }>(
      'POST',
      '/api/packs',
      { body: { tables, reason: options.reason }, signal },
    );
    print(
      options.json,
      answer,
      () => `${answer.member} version ${answer.version} is published, record ${answer.record.commitment}`,
    );
  });

  common(
    packs
      .command('versions')
      .description("versions of a member's rules as a node holds them: in force, confirmed by whom, with which faults")
      .argument('<member>', 'e.g. KZ'),
  ).action(async (member: string, options: Asking) => {
    const answer = await client(options).call<{ versions: Version[] }>(
      'GET',
      `/api/packs/${encodeURIComponent(member)}`,
      { signal },
    );
    print(options.json, answer, () => answer.versions.map(describe).join('\n') || 'none');
  });

  common(
    packs
      .command('fetch')
      .description("save the tables of a version of a member's rules")
      .argument('<member>', 'e.g. KZ')
      .argument('<version>', 'its number')
      .requiredOption('--to <folder>', 'a folder; it is made, and must not hold tables'),
  ).action(async (member: string, version: string, options: Asking & { to: string }) => {
    const { to } = options;
    const node = client(options);
    const path = `/api/packs/${encodeURIComponent(member)}`;
    const { versions } = await node.call<{ versions: Version[] }>('GET', path, { signal });
    const found = versions.find((one) => String(one.version) === version);
    if (found === undefined)
      throw new Refusal(404, 'pack-unknown', `${member} has no version ${version} here.`, {
        remedy: `Versions: ${versions.map((one) => one.version).join(', ') || 'none'}.`,
      });
    mkdirSync(to, { recursive: true });
    if (readdirSync(to).some((name) => name.endsWith('.csv')))
      throw new Refusal(400, 'usage', `${to} holds tables already.`, { remedy: 'Name another folder.' });
    const texts = new Map<string, Uint8Array>();
    const told = progress('tables fetched');
    for (const [i, { name }] of found.tables.entries()) {
      texts.set(name, await node.call<Uint8Array>('GET', `${path}/${version}/${encodeURIComponent(name)}`, { signal }));
      told(i + 1, found.tables.length);
    }
    for (const [name, bytes] of texts) writeFileSync(join(to, name), bytes);
    const saved = { member, version: found.version, state: found.state, folder: to, tables: [...texts.keys()] };
    print(
      options.json,
      saved,
      () => `${texts.size} tables of ${member} version ${version}, ${found.state}, are in ${to}`,
    );
  });
}
