import { type AuditKeys, type AuditReport, Findings, type Progress } from '../log/audit.ts';
import { formatCheckpoint, openCheckpoint } from '../log/checkpoint.ts';
import { cosignaturesOf } from '../log/cosignature.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { openSealed } from '../log/envelope.ts';
import { edgeToBytes } from '../log/merkle.ts';
import { parseNote } from '../log/note.ts';
import { Recomputation } from '../log/recomputation.ts';
import type { Sql, Tx } from '../storage/connection.ts';
import { equal } from '../values/bytes.ts';
import { auditReceipts, auditRecoveries } from './kept-audit.ts';
import { Routing } from './routing-audit.ts';
import { SlipChain } from './slip-chain.ts';

interface StoredEntry {
  readonly index: bigint;
  readonly commitment: Uint8Array;
  /** False where the entry has no row of a record. */
  readonly stored: boolean;
  readonly id: string | null;
  readonly bytes: Uint8Array | null;
  readonly salt: Uint8Array | null;
}

/**
 * Recomputes a node's own log from its records: contiguous indexes, commitments, full tiles, the state's root, every signed
 * checkpoint with its cosignatures, the chain of slips, and to whom each record is delivered. Finds a flipped bit anywhere. Reads
 * one snapshot, so that the log may grow meanwhile.
 *
 * @example const { findings } = await auditOwn(sql, nodeCrypto, { origin, logKeys, witnesses });
 */
export function auditOwn(
  sql: Sql,
  crypto: LogCrypto,
  keys: AuditKeys,
  progress: Progress = () => undefined,
): Promise<AuditReport> {
  return sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', (tx) =>
    auditSnapshot(tx, crypto, keys, progress),
  ) as Promise<AuditReport>;
}

async function auditSnapshot(tx: Tx, crypto: LogCrypto, keys: AuditKeys, progress: Progress): Promise<AuditReport> {
  const found = new Findings();
  const [state] = await tx<
    { size: bigint; root: Uint8Array; edge: Uint8Array }[]
  >`SELECT size, root, edge FROM ledger.log_state WHERE origin = ${keys.origin}`;
  const size = state?.size ?? 0n;
  const [other] = await tx<{ origin: string }[]>`SELECT origin FROM ledger.log_state WHERE origin <> ${keys.origin}`;
  if (other !== undefined) found.add('origin-differs', `The log's state is that of ${other.origin}.`);
  const checkpoints = await tx<
    { size: bigint; body: string; note: string }[]
  >`SELECT size, body, note FROM ledger.checkpoint ORDER BY size`;
  const signedAt = new Map(checkpoints.map((one) => [one.size, one]));
  const tree = new Recomputation(crypto);
  const slips = new SlipChain((...finding) => found.add(...finding));
  const routing = new Routing(tx, (...finding) => found.add(...finding));
  let erased = 0;
  let lost = 0;
  let records = 0;
  let cosignatures = 0;

  const atSize = async (): Promise<void> => {
    const signed = signedAt.get(tree.edge.size);
    if (signed === undefined) return;
    if (signed.body !== formatCheckpoint({ origin: keys.origin, size: signed.size, root: tree.root })) {
      found.add('root-differs', `The checkpoint of size ${signed.size} states another root than its entries give.`);
    }
    try {
      const { note } = await openCheckpoint(crypto, signed.note, keys.logKeys);
      if (note.text !== signed.body)
        found.add('checkpoint-differs', `The note of size ${signed.size} has another body.`);
      const lines = await tx<
        { witness: string; time: bigint; line: string }[]
      >`SELECT witness, time, line FROM ledger.cosignature WHERE size = ${signed.size}`;
      for (const { witness, time, line } of lines) {
        const [cosigned] = await cosignaturesOf(crypto, parseNote(signed.note + line), keys.witnessesOf(signed.size));
        if (cosigned?.member === witness && cosigned.time === time) cosignatures++;
        else if (cosigned?.member === witness)
          found.add('cosignature-differs', `A cosignature of ${witness} at size ${signed.size} states another time.`);
        else found.add('cosignature-unknown', `A cosignature at size ${signed.size} is by no known key of ${witness}.`);
      }
    } catch (error) {
      found.add('signature-invalid', `The checkpoint of size ${signed.size}: ${(error as Error).message}`);
    }
  };

  const check = ({ index, commitment, stored, id, bytes, salt }: StoredEntry): void => {
    if (!stored) {
      found.add('record-missing', 'The entry has no record.', index);
      return;
    }
    if (bytes === null || salt === null) {
      if (id === null) {
        lost++;
        slips.lost(index);
      } else {
        erased++;
        slips.erased(index);
      }
      routing.unknown(index);
      return;
    }
    records++;
    try {
      const sealed = openSealed(bytes, salt, crypto);
      if (!equal(sealed.commitment, commitment))
        found.add('record-differs', 'The record does not give the commitment in the log.', index);
      if (sealed.record.id !== id) found.add('id-differs', 'The record is stored under another id.', index);
      if (sealed.record.log !== keys.origin) found.add('origin-differs', 'The record names another log.', index);
      slips.record(sealed.record, index);
      routing.record(sealed.record, index);
    } catch (error) {
      routing.unknown(index);
      found.add('record-unreadable', (error as Error).message, index);
    }
  };

  const report = (): AuditReport => ({
    origin: keys.origin,
    size: Number(size),
    records,
    erased,
    lost,
    tiles: tree.tiles.size,
    checkpoints: checkpoints.length,
    cosignatures,
    findings: found.all,
  });

  await atSize();
  for (let from = 0n; from < size; from += 1000n) {
    const rows = await tx<StoredEntry[]>`
      SELECT entry.index, commitment, record.index IS NOT NULL AS stored, id, bytes, salt FROM ledger.entry LEFT JOIN ledger.record USING (index)
      WHERE entry.index >= ${from} AND entry.index < ${from + 1000n} ORDER BY entry.index`;
    // A state that says more than there is must not keep the audit looking for it.
    if (rows.length === 0) break;
    for (const row of rows) {
      if (row.index !== tree.edge.size) {
        found.add('gap', `Index ${tree.edge.size} is missing.`, tree.edge.size);
        return report();
      }
      check(row);
      tree.add(row.commitment);
      await atSize();
    }
    await routing.compare(from, from + 1000n);
    progress(Number(tree.edge.size), Number(size));
  }
  slips.end();
  await routing.end(size);
  const [beyond] = await tx<
    { index: bigint }[]
  >`SELECT max(index) AS index FROM ledger.entry HAVING max(index) >= ${size}`;
  if (tree.edge.size !== size || beyond !== undefined)
    found.add('gap', `The log ends at ${(beyond?.index ?? tree.edge.size - 1n) + 1n}, its state says ${size}.`);
  if (state !== undefined && !equal(state.root, tree.root))
    found.add('root-differs', 'The stored root is not that of the entries.');
  if (state !== undefined && !equal(state.edge, edgeToBytes(tree.edge)))
    found.add('root-differs', 'The stored edge, from which the log goes on, is not that of the entries.');
  const stored = await tx<{ level: number; n: bigint; data: Uint8Array }[]>`SELECT level, n, data FROM ledger.tile`;
  for (const { level, n, data } of stored) {
    const expected = tree.tiles.get(`${level}/${n}`);
    if (expected === undefined || !equal(expected, data))
      found.add('tile-differs', `Tile ${level}/${n} is not what the entries give.`);
  }
  if (stored.length !== tree.tiles.size)
    found.add('tile-missing', `${tree.tiles.size} full tiles are due, ${stored.length} are stored.`);
  const stray = await tx<{ size: bigint; witness: string }[]>`
    SELECT size, witness FROM ledger.cosignature WHERE NOT EXISTS (SELECT 1 FROM ledger.checkpoint WHERE checkpoint.size = cosignature.size)`;
  for (const { size: nowhere, witness } of stray)
    found.add('cosignature-unknown', `A cosignature of ${witness} is kept for size ${nowhere}, which was not signed.`);
  for (const { size: signed } of checkpoints) {
    if (signed < 0n || signed > tree.edge.size)
      found.add('log-shorter', `A checkpoint of size ${signed} was signed; the log ends at ${tree.edge.size}.`);
  }
  await auditReceipts(tx, (...finding) => found.add(...finding));
  await auditRecoveries(tx, (...finding) => found.add(...finding));
  return report();
}

/**
 * Recomputes the copy that this node holds of another's log: contiguous entries, and at each size that was taken over the signed
 * root, the edge from which the copy goes on, and the log's signature.
 */
export function auditMirror(sql: Sql, crypto: LogCrypto, keys: Omit<AuditKeys, 'witnessesOf'>): Promise<AuditReport> {
  return sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const found = new Findings();
    const steps = await tx<
      { size: bigint; root: Uint8Array; edge: Uint8Array; note: string }[]
    >`SELECT size, root, edge, note FROM ledger.mirror WHERE origin = ${keys.origin} ORDER BY size`;
    const tree = new Recomputation(crypto);
    for (const { size, root, edge, note } of steps) {
      const rows = await tx<{ index: bigint; commitment: Uint8Array }[]>`
        SELECT index, commitment FROM ledger.mirror_entry
        WHERE origin = ${keys.origin} AND index >= ${tree.edge.size} AND index < ${size} ORDER BY index`;
      for (const { index, commitment } of rows) {
        if (index !== tree.edge.size) break;
        tree.add(commitment);
      }
      if (tree.edge.size !== size) {
        found.add('gap', `Index ${tree.edge.size} is missing.`, tree.edge.size);
        break;
      }
      if (!equal(root, tree.root) || !equal(edge, edgeToBytes(tree.edge)))
        found.add('root-differs', `The entries do not give the root that is held at size ${size}.`);
      try {
        const opened = await openCheckpoint(crypto, note, keys.logKeys);
        if (opened.note.text !== formatCheckpoint({ origin: keys.origin, size, root: tree.root }))
          found.add('checkpoint-differs', `The checkpoint held at size ${size} states another root.`);
      } catch (error) {
        found.add('signature-invalid', `The checkpoint of size ${size}: ${(error as Error).message}`);
      }
    }
    return {
      origin: keys.origin,
      size: Number(tree.edge.size),
      records: 0,
      erased: 0,
      lost: 0,
      tiles: tree.tiles.size,
      checkpoints: steps.length,
      cosignatures: 0,
      findings: found.all,
    };
  }) as Promise<AuditReport>;
}
