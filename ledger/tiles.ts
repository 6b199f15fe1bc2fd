import { cosignaturesOf } from '../log/cosignature.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { leafHash } from '../log/merkle.ts';
import { parseNote } from '../log/note.ts';
import { formatProof } from '../log/proof.ts';
import { formatBundle, fullTileRoot, parseTilePath, type ReadTile, TileReader, tileWidth } from '../log/tile.ts';
import type { RegistryView } from '../log/verify.ts';
import type { Sql } from '../storage/connection.ts';
import { concat, fromHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import type { Ledger } from './ledger.ts';
import { Mirrors } from './mirror.ts';

/** Reading the log: tiles and bundles for anyone, proofs and evidence for those who hold a record. */

/** Roots of full tiles never change: kept, a bounded number, so that a partial tile of level 1 is cheap. */
const MAX_ROOTS = 65_536;

export class TileSource {
  readonly #sql: Sql;
  readonly #crypto: LogCrypto;
  readonly #roots = new Map<string, Uint8Array>();

  constructor(sql: Sql, crypto: LogCrypto) {
    this.#sql = sql;
    this.#crypto = crypto;
  }

  async #root(level: number, n: bigint): Promise<Uint8Array> {
    const key = `${level}/${n}`;
    const known = this.#roots.get(key);
    if (known !== undefined) return known;
    const root = fullTileRoot(this.#crypto, await this.#full(level, n));
    if (this.#roots.size >= MAX_ROOTS) this.#roots.clear();
    this.#roots.set(key, root);
    return root;
  }

  async #full(level: number, n: bigint): Promise<Uint8Array> {
    const [row] = await this.#sql<
      { data: Uint8Array }[]
    >`SELECT data FROM ledger.tile WHERE level = ${level} AND n = ${n}`;
    if (row === undefined) throw new Refusal(404, 'tile-unknown', `There is no full tile ${level}/${n}.`);
    return row.data;
  }

  /** Bytes of a tile. A partial is the first hashes of the full tile to be, never stored. */
  readonly read: ReadTile = async ({ level, n, width }) => {
    if (width === 256) return this.#full(level, n);
    if (level === 0)
      return concat(...(await this.entries(n * 256n, width)).map((entry) => leafHash(this.#crypto, entry)));
    return concat(
      ...(await Promise.all(Array.from({ length: width }, (_, i) => this.#root(level - 1, n * 256n + BigInt(i))))),
    );
  };

  async entries(from: bigint, count: number): Promise<Uint8Array[]> {
    const rows = await this.#sql<{ commitment: Uint8Array }[]>`
      SELECT commitment FROM ledger.entry WHERE index >= ${from} AND index < ${from + BigInt(count)} ORDER BY index`;
    return rows.map(({ commitment }) => commitment);
  }

  /**
   * A tile or bundle as the log's routes serve it: only of what is published, at a width that exists.
   *
   * @param path below the log's prefix, e.g. 'tile/0/000.p/17'
   * @throws Refusal 404 `tile-unknown`
   */
  async serve(path: string, published: bigint): Promise<Uint8Array> {
    const address = parseTilePath(path);
    if (address === undefined) throw new Refusal(404, 'tile-unknown', 'This is no path of a tile.');
    const { level, n, width } = address;
    if (width > tileWidth(level === 'entries' ? 0 : level, n, published)) {
      throw new Refusal(404, 'tile-unknown', 'The log is not that long yet.');
    }
    return level === 'entries' ? formatBundle(await this.entries(n * 256n, width)) : this.read({ level, n, width });
  }

  reader(size: bigint): TileReader {
    return new TileReader(this.#crypto, size, this.read);
  }
}

export interface ProvenEntry {
  readonly index: bigint;
  readonly bytes: Uint8Array;
  readonly salt: Uint8Array;
  /** tlog-proof text against the newest final checkpoint that holds the entry, else the newest published one. */
  readonly proof: string;
  readonly final: boolean;
}

/**
 * Record, salt and proof of one own commitment.
 * @throws Refusal 404 `record-unknown`, 410 `record-erased`, 409 `not-published`
 */
export async function proveRecord(ledger: Ledger, tiles: TileSource, commitment: string): Promise<ProvenEntry> {
  const { sql } = ledger.options;
  const [row] = await sql<
    { index: bigint; id: string | null; bytes: Uint8Array | null; salt: Uint8Array | null; erased: boolean }[]
  >`
    SELECT record.index, id, bytes, salt, EXISTS (
      SELECT 1 FROM ledger.erased WHERE erased.origin = ${ledger.options.origin} AND erased.index = record.index) AS erased
    FROM ledger.entry JOIN ledger.record USING (index) WHERE entry.commitment = ${Buffer.from(fromHex(commitment))}`;
  if (row === undefined) throw new Refusal(404, 'record-unknown', 'No such record is in this log.');
  if (row.id === null) throw new Refusal(410, 'record-lost', 'The record was lost with its database; its entry stays.');
  if (row.erased || row.bytes === null || row.salt === null)
    throw new Refusal(410, 'record-erased', 'The record was erased.');
  const final = ledger.final !== undefined && row.index < ledger.final.size;
  const head = final ? ledger.final : ledger.published;
  if (head === undefined || row.index >= head.size) {
    throw new Refusal(409, 'not-published', 'The record is not under a signed checkpoint yet.', {
      params: { retryAfter: 1 },
    });
  }
  const hashes = await tiles.reader(head.size).inclusionProof(row.index);
  const checkpoint = await ledger.cosignedNote(head.size);
  return {
    index: row.index,
    bytes: row.bytes,
    salt: row.salt,
    proof: formatProof({ index: row.index, hashes, checkpoint }),
    final,
  };
}

/**
 * The same of a commitment in a log of this member that was closed, up to where it counts; undefined where none holds it.
 * @throws Refusal 410 `record-lost`, `record-erased`
 */
export async function proveEarlier(
  sql: Sql,
  crypto: LogCrypto,
  view: RegistryView,
  commitment: string,
): Promise<ProvenEntry | undefined> {
  const rows = await sql<
    {
      origin: string;
      index: bigint;
      id: string | null;
      bytes: Uint8Array | null;
      salt: Uint8Array | null;
      erased: boolean;
    }[]
  >`
    SELECT origin, index, id, bytes, salt, EXISTS (
      SELECT 1 FROM ledger.erased WHERE erased.origin = earlier_record.origin AND erased.index = earlier_record.index) AS erased
    FROM ledger.earlier_record WHERE commitment = ${Buffer.from(fromHex(commitment))}`;
  for (const { origin, index, id, bytes, salt, erased } of rows) {
    const closed = view.logOf(origin)?.closed ?? 0n;
    if (index >= closed) continue;
    if (id === null) throw new Refusal(410, 'record-lost', 'The record was lost with its database; its entry stays.');
    if (erased || bytes === null || salt === null) throw new Refusal(410, 'record-erased', 'The record was erased.');
    const signed = await sql<{ size: bigint; note: string }[]>`
      SELECT size, note FROM ledger.earlier_checkpoint
      WHERE origin = ${origin} AND size > ${index} AND size <= ${closed} ORDER BY size DESC LIMIT 100`;
    for (const { size, note } of signed) {
      const { length } = await cosignaturesOf(crypto, parseNote(note), view.witnessesOf(origin, size));
      const final = length >= view.quorumOf(origin, size);
      if (!final && size !== signed.at(-1)?.size) continue;
      const hashes = await new Mirrors(sql, crypto).reader(origin, size).inclusionProof(index);
      return { index, bytes, salt, proof: formatProof({ index, hashes, checkpoint: note }), final };
    }
  }
  return undefined;
}
