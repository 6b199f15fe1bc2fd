import { openCheckpoint } from '../log/checkpoint.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { appendLeaf, type Edge, EMPTY_EDGE, edgeFromBytes, edgeRoot, edgeToBytes, leafHash } from '../log/merkle.ts';
import { formatBundle, fullTileRoot, parseTilePath, type ReadTile, TileReader, tileWidth } from '../log/tile.ts';
import { byteaArray, type Sql } from '../storage/connection.ts';
import { concat, equal } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';

/** Copies of the other members' logs, each checked against a checkpoint that its log signed. */
export class Mirrors {
  readonly #sql: Sql;
  readonly #crypto: LogCrypto;

  constructor(sql: Sql, crypto: LogCrypto) {
    this.#sql = sql;
    this.#crypto = crypto;
  }

  async #edge(origin: string): Promise<Edge> {
    const [row] = await this.#sql<{ size: bigint; edge: Uint8Array }[]>`
      SELECT size, edge FROM ledger.mirror WHERE origin = ${origin} ORDER BY size DESC LIMIT 1`;
    return row === undefined ? EMPTY_EDGE : edgeFromBytes(row.size, row.edge);
  }

  async size(origin: string): Promise<bigint> {
    return (await this.#edge(origin)).size;
  }

  /**
   * Extends the mirror to a signed checkpoint: fetches the entries between, recomputes the root, and stores all or nothing.
   *
   * @param fetchEntries entries from an index on, as many as it likes
   * @returns the size of the mirror
   * @throws Refusal 502 `mirror-mismatch` when the entries do not give the signed root; nothing is stored
   */
  async extend(
    origin: string,
    note: string,
    logKeys: readonly string[],
    fetchEntries: (from: bigint, to: bigint) => Promise<readonly Uint8Array[]>,
  ): Promise<bigint> {
    const { checkpoint } = await openCheckpoint(this.#crypto, note, logKeys);
    if (checkpoint.origin !== origin) throw new Refusal(502, 'mirror-mismatch', 'The checkpoint is of another log.');
    const before = await this.#edge(origin);
    if (checkpoint.size < before.size) return before.size;
    let edge = before;
    const commitments: Uint8Array[] = [];
    while (edge.size < checkpoint.size) {
      const entries = await fetchEntries(edge.size, checkpoint.size);
      if (entries.length === 0)
        throw new Refusal(502, 'mirror-mismatch', 'The log does not deliver the entries that it signed.');
      for (const entry of entries.slice(0, Number(checkpoint.size - edge.size))) {
        if (entry.length !== 32) throw new Refusal(502, 'mirror-mismatch', 'An entry is not 32 bytes.');
        commitments.push(entry);
        edge = appendLeaf(this.#crypto, edge, leafHash(this.#crypto, entry));
      }
    }
    const root = edgeRoot(this.#crypto, edge);
    if (!equal(root, checkpoint.root)) {
      throw new Refusal(502, 'mirror-mismatch', `The entries do not give the root signed at size ${checkpoint.size}.`, {
        params: { origin, size: Number(checkpoint.size) },
      });
    }
    if (edge.size === before.size) return edge.size;
    const indexes = commitments.map((_, i) => (before.size + BigInt(i)).toString());
    const stored = await this.#sql.begin(async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(hashtextextended(${origin}, 7306))`;
      // Entries were checked as continuing `before`; where another has extended the mirror since, they may not continue it.
      const [now] = await tx<{ size: bigint }[]>`
        SELECT size FROM ledger.mirror WHERE origin = ${origin} ORDER BY size DESC LIMIT 1`;
      if ((now?.size ?? 0n) !== before.size) return false;
      await tx`
        INSERT INTO ledger.mirror_entry (origin, index, commitment)
        SELECT ${origin}, * FROM unnest(${indexes}::bigint[], ${byteaArray(tx, commitments)})`;
      await tx`
        INSERT INTO ledger.mirror (origin, size, root, edge, note)
        VALUES (${origin}, ${edge.size}, ${Buffer.from(root)}, ${Buffer.from(edgeToBytes(edge))}, ${note})`;
      return true;
    });
    if (!stored) return this.extend(origin, note, logKeys, fetchEntries);
    return edge.size;
  }

  /** Up to where a log is held here, as its own note says. */
  async newest(origin: string): Promise<{ size: bigint; note: string } | undefined> {
    const [row] = await this.#sql<{ size: bigint; note: string }[]>`
      SELECT size, note FROM ledger.mirror WHERE origin = ${origin} ORDER BY size DESC LIMIT 1`;
    return row;
  }

  /** The largest size up to a limit at which this copy was checked against a signed checkpoint. */
  async signedBelow(origin: string, limit: bigint): Promise<bigint> {
    const [row] = await this.#sql<{ size: bigint | null }[]>`
      SELECT max(size) AS size FROM ledger.mirror WHERE origin = ${origin} AND size <= ${limit}`;
    return row?.size ?? 0n;
  }

  /** Roots and proofs over the entries of a copy, up to a size that it has. */
  reader(origin: string, size: bigint): TileReader {
    const read: ReadTile = async ({ level, n, width }) => {
      if (level > 0) {
        const below = Array.from({ length: width }, (_, i) =>
          read({ level: level - 1, n: n * 256n + BigInt(i), width: 256 }),
        );
        return concat(...(await Promise.all(below)).map((tile) => fullTileRoot(this.#crypto, tile)));
      }
      const rows = await this.#sql<{ commitment: Uint8Array }[]>`
        SELECT commitment FROM ledger.mirror_entry
        WHERE origin = ${origin} AND index >= ${n * 256n} AND index < ${n * 256n + BigInt(width)} ORDER BY index`;
      return concat(...rows.map(({ commitment }) => leafHash(this.#crypto, commitment)));
    };
    return new TileReader(this.#crypto, size, read);
  }

  /**
   * A bundle of entries as a mirror serves it, of what it has checked against a signed checkpoint.
   * @throws Refusal 404 `tile-unknown`
   */
  async serve(origin: string, path: string): Promise<Uint8Array> {
    const address = parseTilePath(path);
    const size = await this.size(origin);
    if (address?.level !== 'entries' || address.width > tileWidth(0, address.n, size))
      throw new Refusal(404, 'tile-unknown', 'No such bundle of entries is held here.');
    const from = address.n * 256n;
    const rows = await this.#sql<{ commitment: Uint8Array }[]>`
      SELECT commitment FROM ledger.mirror_entry
      WHERE origin = ${origin} AND index >= ${from} AND index < ${from + BigInt(address.width)} ORDER BY index`;
    return formatBundle(rows.map(({ commitment }) => commitment));
  }

  /** Commitments of these indexes, by index. */
  async commitments(origin: string, indexes: readonly bigint[]): Promise<Map<bigint, Uint8Array>> {
    const rows = await this.#sql<{ index: bigint; commitment: Uint8Array }[]>`
      SELECT index, commitment FROM ledger.mirror_entry WHERE origin = ${origin} AND index = ANY (${indexes.map(String)}::bigint[])`;
    return new Map(rows.map(({ index, commitment }) => [index, commitment]));
  }
}
