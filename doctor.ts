import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dueSections, silentMembers } from './erasing.ts';
import { storedForks } from './federation/fork-store.ts';
import { heldBy } from './federation/holdings.ts';
import { auditReceived } from './federation/received-audit.ts';
import { listFaults } from './federation/store.ts';
import { auditOwn } from './ledger/audit.ts';
import { awaitedErasures } from './ledger/erasing.ts';
import { auditHeld } from './ledger/held-audit.ts';
import { readHighWater, WitnessMarks } from './ledger/high-water.ts';
import { PostgresWitnessStore } from './ledger/witness-store.ts';
import { readStoredKey } from './members/key-file.ts';
import { type Secrets, secretsOf } from './members/key-secrets.ts';
import { openSigner } from './members/keyring.ts';
import { logsOf, type Registry } from './members/registry.ts';
import { DOMAINS, type NodeOptions, openMember } from './platform.ts';
import type { Sql } from './storage/connection.ts';
import { assertKept } from './storage/durable.ts';
import { packageRoot } from './storage/package-root.ts';
import { nodeCrypto } from './values/node-crypto.ts';
import { Refusal } from './values/refusal.ts';

/** `dostyk doctor`: what is wrong with a member's node, and what to do. Reads; changes nothing. */

export interface Finding {
  /** What was looked at. */
  readonly check: string;
  readonly state: 'well' | 'note' | 'wrong';
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export interface DoctorOptions
  extends Pick<
    NodeOptions,
    | 'member'
    | 'databaseUrl'
    | 'registry'
    | 'genesis'
    | 'keys'
    | 'secrets'
    | 'highWater'
    | 'witnessMarks'
    | 'synchronousStandbys'
  > {
  /** Recompute the whole log as well. */
  readonly audit: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
}

type Look = () => Promise<readonly Omit<Finding, 'check'>[]>;

const well = (message: string): Omit<Finding, 'check'> => ({ state: 'well', message });
const wrong = (message: string, remedy: string): Omit<Finding, 'check'> => ({ state: 'wrong', message, remedy });
const note = (message: string, remedy: string): Omit<Finding, 'check'> => ({ state: 'note', message, remedy });

/** One check after the other; a check that fails is a finding, and the next goes on. */
export async function* doctor(options: DoctorOptions): AsyncGenerator<Finding> {
  let opened: { sql: Sql; registry: Registry } | undefined;
  const look = async function* (check: string, act: Look): AsyncGenerator<Finding> {
    try {
      for (const finding of await act()) yield { check, ...finding };
    } catch (error) {
      if (options.signal.aborted) throw error;
      const { message, remedy } =
        error instanceof Refusal ? error : { message: (error as Error).message, remedy: undefined };
      yield { check, ...wrong(message, remedy ?? 'See the log of the node.') };
    }
  };
  yield* look('database and registry', async () => {
    // Without a standby the rest can still be looked at: it has a look of its own.
    const { contested, ...found } = await openMember({ ...options, synchronousStandbys: false });
    opened = found;
    const { version } = found.registry.document;
    const here = well(`PostgreSQL answers and keeps what it acknowledges; the registry is at version ${version}.`);
    if (contested === undefined) return [here];
    const rival = `The registry's folder has another version ${contested.version} than the database.`;
    return [here, note(rival, 'See decisions/0007; the node goes on with the one that prevails.')];
  });
  if (opened === undefined) return;
  const { sql, registry } = opened;
  try {
    yield* look('keys', () => lookAtKeys(options, registry));
    yield* look('key files', () => lookAtKeyFiles(options.keys));
    yield* look('migrations', () => lookAtMigrations(sql));
    yield* look('rights', () => lookAtRights(sql));
    yield* look('marks', () => lookAtMarks(options, sql, registry));
    for (const peer of registry.others(options.member))
      yield* look(peer.code, () => lookAtPeer(options, sql, registry, peer.code));
    yield* look('histories', () => lookAtHistories(sql, registry, options.member));
    yield* look('erasures', () => lookAtErasures(sql, registry, options.member));
    yield* look('standbys', () => lookAtStandbys(options, sql));
    yield* look('backups', () => lookAtBackups(sql));
    if (options.audit)
      yield* look('log', async () => {
        const { log } = registry.getMember(options.member);
        const report = await auditOwn(
          sql,
          nodeCrypto,
          {
            origin: log.origin,
            logKeys: log.keys.map(({ vkey }) => vkey),
            witnessesOf: (size) => registry.witnessesOf(log.origin, size),
          },
          options.onProgress,
        );
        if (report.findings.length === 0)
          return [well(`${report.size} entries, ${report.erased} erased, ${report.lost} lost: all as it was signed.`)];
        return report.findings
          .slice(0, 10)
          .map(({ code, message }) =>
            wrong(`${code}: ${message}`, 'Stop the node; restore the database and run `dostyk recover`.'),
          );
      });
    if (options.audit)
      yield* look('copies', async () => {
        const logs = registry.document.members
          .flatMap(logsOf)
          .map(({ origin, keys }) => ({ origin, logKeys: keys.map(({ vkey }) => vkey) }));
        const held = [...(await auditHeld(sql, nodeCrypto, logs)), ...(await auditReceived(sql, nodeCrypto))];
        if (held.length === 0) return [well('What is held of other logs is as they signed it.')];
        return held
          .slice(0, 10)
          .map(({ code, message }) => wrong(`${code}: ${message}`, 'Stop the node and restore the database.'));
      });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function lookAtKeys({ keys: folder, secrets = secretsOf({}), member }: DoctorOptions, registry: Registry) {
  const { log, witness, node } = registry.getMember(member);
  const findings: Omit<Finding, 'check'>[] = [];
  for (const [name, keys] of [
    ['log', log.keys] as const,
    ['witness', witness.keys] as const,
    ['node', node.keys] as const,
  ]) {
    const file = join(folder, `${name}.key`);
    const { vkey } = readStoredKey(file);
    const listed = keys.find((one) => one.vkey === vkey);
    if (listed === undefined) {
      findings.push(
        wrong(
          `The ${name} key is not the one that the registry lists.`,
          'Put the right file there, or sign a registry version with this key.',
        ),
      );
      continue;
    }
    const cut = ('until' in listed && listed.until !== undefined) || ('below' in listed && listed.below !== undefined);
    findings.push(
      cut
        ? wrong(`The ${name} key was cut off.`, 'Put the file of the key there that the registry lists after it.')
        : await lookInside(name, file, secrets),
    );
  }
  return findings;
}

async function lookInside(name: string, file: string, secrets: Secrets): Promise<Omit<Finding, 'check'>> {
  try {
    await (await openSigner(file, secrets)).close();
    return well(`The ${name} key is the one that the registry lists, and signs.`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Whoever looks need not have what the service has.
    return error.code === 'key-passphrase-missing'
      ? note(
          `The ${name} key is the one that the registry lists; it was not opened: no passphrase or PIN is at hand here.`,
          'Name a file by DOSTYK_KEY_PASSPHRASE_FILE or DOSTYK_KEY_PIN_FILE to have it opened.',
        )
      : wrong(`The ${name} key: ${error.message} [${error.code}]`, error.remedy ?? 'See OPERATIONS.md, keys.');
  }
}

/** Whoever reads a key in clear can sign with it. */
async function lookAtKeyFiles(folder: string) {
  const documents = join(folder, 'documents');
  const files = [
    ...readdirSync(folder).map((name) => join(folder, name)),
    ...(existsSync(documents) ? readdirSync(documents).map((name) => join(documents, name)) : []),
  ].filter((path) => path.endsWith('.key'));
  const open = files.filter((path) => (statSync(path).mode & 0o077) !== 0);
  return open.length === 0
    ? [well('Nobody but their owner reads the key files.')]
    : open.map((path) => wrong(`Others can read ${path}.`, 'chmod 600; if others have read it, list a new key.'));
}

async function lookAtMigrations(sql: Sql) {
  const missing: string[] = [];
  for (const domain of DOMAINS) {
    const rows = await sql<{ name: string }[]>`SELECT name FROM ${sql(domain)}.migration`;
    const applied = new Set(rows.map(({ name }) => name));
    for (const file of readdirSync(join(packageRoot(), domain, 'migrations')))
      if (file.endsWith('.sql') && !applied.has(file)) missing.push(`${domain}/${file}`);
  }
  return missing.length === 0
    ? [well('All migrations are applied.')]
    : [wrong(`Not applied: ${missing.join(', ')}.`, 'Start the node once with DATABASE_MIGRATION_URL.')];
}

/** The running role must not be able to take back what it said. */
async function lookAtRights(sql: Sql) {
  const rows = await sql<{ name: string }[]>`
    SELECT relname || ': ' || right_ AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    CROSS JOIN unnest(ARRAY['DELETE', 'TRUNCATE', 'UPDATE']) AS right_
    WHERE nspname = 'ledger' AND relkind = 'r' AND has_table_privilege(pg_class.oid, right_)
      AND NOT (right_ = 'UPDATE' AND relname IN ('log_state', 'witness_state')) ORDER BY name`;
  return rows.length === 0
    ? [well('The running role can add to the log and change nothing in it.')]
    : [
        wrong(
          `The running role has more rights than it needs: ${rows.map(({ name }) => name).join(', ')}.`,
          'Run the node as a role of its own that is no owner and no superuser.',
        ),
      ];
}

async function lookAtMarks({ highWater, witnessMarks }: DoctorOptions, sql: Sql, registry: Registry) {
  const findings: Omit<Finding, 'check'>[] = [];
  const [state] = await sql<{ origin: string; size: bigint }[]>`SELECT origin, size FROM ledger.log_state`;
  if (highWater === undefined || witnessMarks === undefined)
    findings.push(
      note(
        'There is no mark outside of the database.',
        'Set DOSTYK_HIGH_WATER and DOSTYK_WITNESS_MARKS: without them every member must answer at each start.',
      ),
    );
  const mark = highWater === undefined || state === undefined ? undefined : readHighWater(highWater, state.origin);
  if (mark !== undefined && state !== undefined)
    findings.push(
      mark > state.size
        ? wrong(
            `Size ${mark} was signed; the database ends at ${state.size}.`,
            'Stop the node and run `dostyk recover`.',
          )
        : well(`The log has ${state.size} entries; nothing beyond was signed.`),
    );
  if (witnessMarks !== undefined) {
    const marks = new WitnessMarks(witnessMarks);
    const held = await new PostgresWitnessStore(sql).all();
    const behind = registry.members.filter(({ log }) => marks.get(log.origin) > (held.get(log.origin)?.size ?? 0n));
    findings.push(
      behind.length === 0
        ? well('The witness holds what it cosigned.')
        : note(
            `The database has forgotten what was cosigned for ${behind.map(({ code }) => code).join(', ')}.`,
            'The node asks the others at its start; those must answer, or be named in DOSTYK_ABSENT.',
          ),
    );
  }
  return findings;
}

const FAR_SECONDS = 60;

async function lookAtPeer({ member, signal }: DoctorOptions, sql: Sql, registry: Registry, code: string) {
  const peer = registry.getMember(code);
  const { log } = registry.getMember(member);
  const asked = Date.now();
  const answer = await fetch(`${peer.address}/registry?from=${registry.document.version}`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    redirect: 'error',
  }).catch(() => undefined);
  if (answer?.ok !== true)
    return [
      note(
        `${peer.address} does not answer.`,
        'Its cosignature is missed until it is back; nothing else waits for it.',
      ),
    ];
  const findings: Omit<Finding, 'check'>[] = [];
  const skew = Math.round((Date.parse(answer.headers.get('date') ?? '') - asked) / 1000);
  if (Math.abs(skew) > FAR_SECONDS)
    findings.push(
      wrong(`Its clock is ${skew} s from this one.`, 'Set both by NTP: tokens between nodes are good for a minute.'),
    );
  const { versions } = (await answer.json()) as { versions: { note: string }[] };
  if (versions.length > 1) findings.push(note('It has a newer registry.', 'A running node takes it up by itself.'));
  if (versions.length > 0 && versions[0]?.note !== registry.versions.at(-1)?.note)
    findings.push(
      note(
        'It has another version of the registry with this number.',
        'See decisions/0007; running nodes come to one.',
      ),
    );
  const held = await heldBy(peer, 'witness', {
    crypto: nodeCrypto,
    log,
    signal,
  });
  const [state] = await sql<{ size: bigint }[]>`SELECT size FROM ledger.log_state`;
  const size = held?.checkpoint.size ?? 0n;
  findings.push(
    size > (state?.size ?? 0n)
      ? wrong(
          `It holds size ${size} of this log; the database ends at ${state?.size}.`,
          'Stop the node and run `dostyk recover`.',
        )
      : well(`Answers; holds ${size} of this log's ${state?.size ?? 0n} entries.`),
  );
  return findings;
}

async function lookAtHistories(sql: Sql, registry: Registry, member: string) {
  const findings: Omit<Finding, 'check'>[] = [];
  for (const { origin, common } of await storedForks(sql))
    findings.push(
      registry.view.logOf(origin)?.closed === undefined
        ? wrong(
            `Two histories of ${origin} are proven; copies agree up to ${common}.`,
            `The others close it there: \`dostyk registry draft\`, log.closed, five signatures.`,
          )
        : well(`Two histories of ${origin} were proven; it is closed.`),
    );
  for (const { member: code, code: fault, detail, lastAt } of await listFaults(sql))
    if (Date.now() - Date.parse(lastAt) < 600_000)
      findings.push(
        note(
          `${code}: ${fault}, ${detail}`,
          code === member ? 'See the log of the node.' : 'Tell the operators of that node.',
        ),
      );
  return findings.length === 0 ? [well('One history of every log, and no fault in the last ten minutes.')] : findings;
}

async function lookAtErasures(sql: Sql, registry: Registry, member: string) {
  const now = new Date();
  const findings: Omit<Finding, 'check'>[] = [];
  const { count, since } = await awaitedErasures(sql);
  if (count > 0)
    findings.push(
      wrong(
        `${count} erasures are ordered and not carried out here, the first since ${since?.toISOString()}.`,
        'Give the node DATABASE_ERASURE_URL, or run `dostyk erase --yes` with it.',
      ),
    );
  const silent = await silentMembers(sql, member, now);
  for (const one of silent)
    findings.push(
      wrong(
        `${one.member} has not acknowledged ${one.count} erasures, the first since ${one.since.toISOString()}.`,
        'Tell the operators of that node: it may still hold what it was told to erase.',
      ),
    );
  const due = await dueSections(sql, registry, member, now);
  if (due.length > 0)
    findings.push(
      note(
        `The retention period of ${due.length} sections has ended.`,
        'See them with `dostyk erase --due`; add --yes.',
      ),
    );
  return findings.length === 0 ? [well('Nothing is left to erase, and nobody has been silent for long.')] : findings;
}

/** As every transaction asserts it that acknowledges. */
async function lookAtStandbys({ synchronousStandbys }: DoctorOptions, sql: Sql) {
  await assertKept(sql, { synchronousStandbys });
  const [row] = await sql<{ names: string }[]>`SELECT current_setting('synchronous_standby_names') AS names`;
  if (synchronousStandbys === true)
    return [well(`A standby has what is acknowledged: synchronous_standby_names is '${row?.names}'.`)];
  if (row?.names === '') return [well('No standby is waited for, and none is asked for.')];
  return [
    note(
      `A standby is waited for ('${row?.names}'), and nothing asserts it.`,
      'Set DOSTYK_SYNCHRONOUS_STANDBYS=1: then nothing is acknowledged by a server that waits for none.',
    ),
  ];
}

async function lookAtBackups(sql: Sql) {
  const [row] = await sql<{ archive: string; standby: string }[]>`
    SELECT current_setting('archive_mode') AS archive, current_setting('synchronous_standby_names') AS standby`;
  if (row?.archive !== 'off' || row.standby !== '')
    return [well(`archive_mode ${row?.archive}, synchronous standbys '${row?.standby}'.`)];
  return [
    note(
      'The database has no archive and no standby.',
      'See OPERATIONS.md, backups: what only this member holds can be brought back by nobody else.',
    ),
  ];
}
