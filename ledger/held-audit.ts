import { type AuditFinding, Findings } from '../log/audit.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { commitmentOf, openSealed } from '../log/envelope.ts';
import { Recomputation } from '../log/recomputation.ts';
import type { Sql, Tx } from '../storage/connection.ts';
import { equal, toHex } from '../values/bytes.ts';
import { auditMirror } from './audit.ts';

/** What a node holds of logs besides its own growing one: copies, what it cosigned last, and its own logs that were closed. */

export interface HeldLog {
  readonly origin: string;
  readonly logKeys: readonly string[];
}

/**
 * Holds all of it against what each log signed. Reads one snapshot.
 * @param logs every log that the registry lists
 */
export function auditHeld(sql: Sql, crypto: LogCrypto, logs: readonly HeldLog[]): Promise<readonly AuditFinding[]> {
  return sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const found = new Findings();
    const known = new Map(logs.map((log) => [log.origin, log]));
    for (const log of logs) {
      const here = { begin: (_: string, act: (tx: Tx) => unknown) => act(tx) } as unknown as Sql;
      for (const { code, message, index } of (await auditMirror(here, crypto, log)).findings)
        found.add(code, `The copy of ${log.origin}: ${message}`, index === undefined ? undefined : BigInt(index));
    }
    await beyondCopies(tx, known, found);
    await witnessed(tx, crypto, known, found);
    await earlier(tx, crypto, known, found);
    return found.all;
  }) as Promise<readonly AuditFinding[]>;
}

type Known = ReadonlyMap<string, HeldLog>;

/** Entries that no checkpoint covers, and copies of logs that nobody lists. */
async function beyondCopies(tx: Tx, known: Known, found: Findings): Promise<void> {
  const ends = await tx<
    { origin: string; size: bigint }[]
  >`SELECT origin, max(size) AS size FROM ledger.mirror GROUP BY origin`;
  for (const { origin } of ends)
    if (!known.has(origin)) found.add('log-unknown', `A copy is held of ${origin}, which the registry does not list.`);
  const rows = await tx<{ origin: string; index: bigint }[]>`
    SELECT origin, max(index) AS index FROM ledger.mirror_entry GROUP BY origin`;
  const endOf = new Map(ends.map(({ origin, size }) => [origin, size]));
  for (const { origin, index } of rows)
    if (index >= (endOf.get(origin) ?? 0n))
      found.add('gap', `The copy of ${origin} has an entry that no checkpoint covers.`, index);
  const [before] = await tx<{ origin: string; index: bigint }[]>`
    SELECT origin, index FROM ledger.mirror_entry WHERE index < 0 LIMIT 1`;
  if (before !== undefined)
    found.add('gap', `The copy of ${before.origin} has an entry before the first.`, before.index);
}

async function witnessed(tx: Tx, crypto: LogCrypto, known: Known, found: Findings): Promise<void> {
  const rows = await tx<{ origin: string; size: bigint; root: Uint8Array; note: string }[]>`
    SELECT origin, size, root, note FROM ledger.witness_state ORDER BY origin`;
  for (const { origin, size, root, note } of rows) {
    const log = known.get(origin);
    if (log === undefined) {
      found.add('log-unknown', `${origin} is held as cosigned, and the registry does not list it.`);
      continue;
    }
    try {
      const { checkpoint } = await openCheckpoint(crypto, note, log.logKeys);
      if (checkpoint.origin !== origin || checkpoint.size !== size || !equal(checkpoint.root, root))
        found.add('witness-differs', `What is held as cosigned of ${origin} is not what its checkpoint says.`);
    } catch (error) {
      found.add('signature-invalid', `What is held as cosigned of ${origin}: ${(error as Error).message}`);
    }
  }
}

/** An own log that was closed: entries, records, and every checkpoint of it. */
async function earlier(tx: Tx, crypto: LogCrypto, known: Known, found: Findings): Promise<void> {
  const checkpoints = await tx<{ origin: string; size: bigint; note: string }[]>`
    SELECT origin, size, note FROM ledger.earlier_checkpoint ORDER BY origin, size`;
  const rows = await tx<
    {
      origin: string;
      index: bigint;
      commitment: Uint8Array;
      id: string | null;
      bytes: Uint8Array | null;
      salt: Uint8Array | null;
    }[]
  >`SELECT origin, index, commitment, id, bytes, salt FROM ledger.earlier_record ORDER BY origin, index`;
  for (const origin of new Set([...checkpoints, ...rows].map((row) => row.origin))) {
    const log = known.get(origin);
    if (log === undefined) {
      found.add('log-unknown', `An earlier log ${origin} is held, and the registry does not list it.`);
      continue;
    }
    const tree = new Recomputation(crypto);
    const signed = checkpoints.filter((one) => one.origin === origin);
    const atSize = async (): Promise<void> => {
      const here = signed.find(({ size }) => size === tree.edge.size);
      if (here === undefined) return;
      try {
        const { checkpoint } = await openCheckpoint(crypto, here.note, log.logKeys);
        if (checkpoint.origin !== origin || checkpoint.size !== here.size || !equal(checkpoint.root, tree.root))
          found.add('root-differs', `The checkpoint of ${origin} of size ${here.size} is not what its entries give.`);
      } catch (error) {
        found.add('signature-invalid', `The checkpoint of ${origin} of size ${here.size}: ${(error as Error).message}`);
      }
    };
    await atSize();
    for (const { index, commitment, id, bytes, salt } of rows.filter((one) => one.origin === origin)) {
      if (index !== tree.edge.size) {
        const isStray = index < tree.edge.size;
        found.add('gap', `${origin} ${isStray ? 'has a stray' : 'lacks an'} entry.`, isStray ? index : tree.edge.size);
        break;
      }
      if (bytes !== null && salt !== null) {
        if (!equal(commitmentOf(salt, bytes, crypto), commitment))
          found.add(
            'record-differs',
            `The record of ${origin} does not give its commitment ${toHex(commitment)}.`,
            index,
          );
        else if (openSealed(bytes, salt, crypto).record.id !== id)
          found.add('id-differs', `The record of ${origin} is stored under another id.`, index);
      }
      tree.add(commitment);
      await atSize();
    }
    for (const { size } of signed)
      if (size < 0n || size > tree.edge.size)
        found.add('log-shorter', `${origin} ends at ${tree.edge.size}; ${size} was signed.`);
  }
}
