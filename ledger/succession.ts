import { parseCheckpoint } from '../log/checkpoint.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, edgeToBytes, leafHash } from '../log/merkle.ts';
import { parseNote } from '../log/note.ts';
import type { Sql } from '../storage/connection.ts';
import { equal } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { LOCK } from './sequence.ts';

export interface Succession {
  readonly from: string;
  readonly to: string;
  /** Up to here the old log counts. */
  readonly closed: bigint;
  /** Records beyond: they count no more, and are kept. */
  readonly beyond: number;
}

/**
 * Makes room for a new log after the own was closed: the old one becomes one among the logs that are mirrored here, up to where it
 * was closed, its records become records that were received, and none is thrown away. All or nothing; by the role that owns the
 * schemas, since the running role deletes nothing.
 *
 * @param sql as the owner of the schemas
 * @throws Refusal 409 `succession-done` where the database holds the new log already, `log-diverged` where the copy here is not what
 *   the members closed
 */
export function succeedLog(
  sql: Sql,
  crypto: LogCrypto,
  { from, to, closed }: { readonly from: string; readonly to: string; readonly closed: bigint },
): Promise<Succession> {
  return sql.begin(async (tx): Promise<Succession> => {
    await tx`SET LOCAL statement_timeout = 0`;
    await tx`SELECT pg_advisory_xact_lock(${LOCK})`;
    const [state] = await tx<{ origin: string; size: bigint }[]>`SELECT origin, size FROM ledger.log_state`;
    if (state?.origin !== from)
      throw new Refusal(409, 'succession-done', `The database holds the log ${state?.origin}, not ${from}.`);
    const [signed] = await tx<
      { body: string; note: string }[]
    >`SELECT body, note FROM ledger.checkpoint WHERE size = ${closed}`;
    const entries = await tx<{ commitment: Uint8Array }[]>`
      SELECT commitment FROM ledger.entry WHERE index < ${closed} ORDER BY index`;
    let edge = EMPTY_EDGE;
    for (const { commitment } of entries) edge = appendLeaf(crypto, edge, leafHash(crypto, commitment));
    const root = edgeRoot(crypto, edge);
    if (
      signed === undefined ||
      edge.size !== closed ||
      !equal(parseCheckpoint(parseNote(signed.note).text).root, root)
    ) {
      throw new Refusal(
        409,
        'log-diverged',
        `The log here has no signed checkpoint at size ${closed}, at which it was closed.`,
        {
          params: { closed: Number(closed) },
          remedy: 'Restore a backup of the history that the members kept, and run this again.',
        },
      );
    }
    await tx`
      INSERT INTO ledger.earlier_record (origin, index, commitment, id, bytes, salt)
      SELECT ${from}, entry.index, commitment, id, bytes, salt FROM ledger.entry LEFT JOIN ledger.record USING (index)`;
    await tx`
      INSERT INTO ledger.earlier_checkpoint (origin, size, note)
      SELECT ${from}, size, note || coalesce((
        SELECT string_agg(line, '' ORDER BY witness) FROM (
          SELECT DISTINCT ON (witness) witness, line FROM ledger.cosignature
          WHERE cosignature.size = checkpoint.size ORDER BY witness, time DESC) AS newest), '')
      FROM ledger.checkpoint`;
    await tx`
      INSERT INTO ledger.mirror_entry (origin, index, commitment)
      SELECT ${from}, index, commitment FROM ledger.entry WHERE index < ${closed}`;
    await tx`
      INSERT INTO ledger.mirror (origin, size, root, edge, note)
      VALUES (${from}, ${closed}, ${Buffer.from(root)}, ${Buffer.from(edgeToBytes(edge))}, ${signed.note})`;
    await tx`
      INSERT INTO federation.received (origin, index, id, commitment, bytes, salt)
      SELECT ${from}, index, id, commitment, bytes, salt FROM ledger.entry JOIN ledger.record USING (index)
      WHERE index < ${closed} AND id IS NOT NULL`;
    await tx`
      INSERT INTO federation.cursor (origin, next, at) VALUES (${from}, ${closed}, now()) ON CONFLICT (origin) DO UPDATE SET next = excluded.next`;
    // What was said within the log is not said again; what counts no more may be, under the same names and keys.
    await tx`DELETE FROM ledger.once WHERE index >= ${closed}`;
    await tx`UPDATE ledger.once SET index = -1`;
    await tx`
      DELETE FROM ledger.request WHERE EXISTS (
        SELECT 1 FROM jsonb_array_elements(receipt -> 'records') AS record JOIN ledger.entry
          ON entry.commitment = decode(record ->> 'commitment', 'hex') WHERE entry.index >= ${closed})`;
    await tx`
      TRUNCATE ledger.addressee, ledger.slip, ledger.cosignature, ledger.checkpoint, ledger.tile, ledger.record, ledger.entry, ledger.log_state`;
    await tx`
      INSERT INTO ledger.log_state (origin, size, root, edge)
      VALUES (${to}, 0, ${edgeRoot(crypto, EMPTY_EDGE)}, ${edgeToBytes(EMPTY_EDGE)})`;
    return { from, to, closed, beyond: Number(state.size - closed) };
  }) as Promise<Succession>;
}
