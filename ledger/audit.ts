import { openCheckpoint } from '../log/checkpoint.ts';
import { cosignaturesOf, type WitnessKey } from '../log/cosignature.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { openSealed } from '../log/envelope.ts';
import { appendLeaf, type Edge, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { parseNote } from '../log/note.ts';
import { parseBundle, tilePath, tilesOf, tileWidth } from '../log/tile.ts';
import type { Sql } from '../storage/connection.ts';
import { concat, equal, fromBase64, toHex } from '../values/bytes.ts';

/** What an audit found wrong, and where. */
export interface AuditFinding {
  readonly code: string;
  readonly message: string;
  readonly index?: number;
}

export interface AuditReport {
  readonly origin: string;
  readonly size: number;
  readonly records: number;
  readonly erased: number;
  readonly tiles: number;
  readonly checkpoints: number;
  readonly cosignatures: number;
  readonly findings: readonly AuditFinding[];
}

export interface AuditKeys {
  readonly origin: string;
  readonly logKeys: readonly string[];
  readonly witnesses: readonly WitnessKey[];
}

type Progress = (done: number, of: number) => void;

/** Leaf hashes into full tiles of every level, and roots at the sizes that were signed. */
class Recomputation {
  readonly #crypto: LogCrypto;
  readonly #levels: Uint8Array[][] = [];
  readonly tiles = new Map<string, Uint8Array>();
  edge: Edge = EMPTY_EDGE;

  constructor(crypto: LogCrypto) {
    this.#crypto = crypto;
  }

  add(commitment: Uint8Array): void {
    const leaf = leafHash(this.#crypto, commitment);
    this.edge = appendLeaf(this.#crypto, this.edge, leaf);
    this.#push(0, leaf);
  }

  #push(level: number, hash: Uint8Array): void {
    const hashes = this.#levels[level] ?? [];
    this.#levels[level] = hashes;
    hashes.push(hash);
    if (hashes.length % 256 !== 0) return;
    const tile = hashes.slice(-256);
    this.tiles.set(`${level}/${hashes.length / 256 - 1}`, concat(...tile));
    let edge = EMPTY_EDGE;
    for (const one of tile) edge = appendLeaf(this.#crypto, edge, one);
    this.#push(level + 1, edgeRoot(this.#crypto, edge));
  }

  /** Bytes of any tile of the present tree. */
  tile(level: number, n: bigint, width: number): Uint8Array {
    return concat(...(this.#levels[level] ?? []).slice(Number(n) * 256, Number(n) * 256 + width));
  }

  get root(): Uint8Array {
    return edgeRoot(this.#crypto, this.edge);
  }
}

/**
 * Recomputes a node's own log from its records: contiguous indexes, commitments, full tiles, the state's root, every signed
 * checkpoint with its cosignatures, and the chain of slips. Finds a flipped bit anywhere.
 */
export async function auditOwn(
  sql: Sql,
  crypto: LogCrypto,
  keys: AuditKeys,
  progress: Progress = () => undefined,
): Promise<AuditReport> {
  const findings: AuditFinding[] = [];
  const found = (code: string, message: string, index?: bigint): void => {
    if (findings.length < 100)
      findings.push(index === undefined ? { code, message } : { code, message, index: Number(index) });
  };
  const [state] = await sql<
    { size: bigint; root: Uint8Array }[]
  >`SELECT size, root FROM ledger.log_state WHERE origin = ${keys.origin}`;
  const size = state?.size ?? 0n;
  const checkpoints = await sql<
    { size: bigint; body: string; note: string }[]
  >`SELECT size, body, note FROM ledger.checkpoint ORDER BY size`;
  const signedAt = new Map(checkpoints.map((one) => [one.size, one]));
  const tree = new Recomputation(crypto);
  const slips = new Map<string, bigint>();
  let erased = 0;
  let records = 0;
  let cosignatures = 0;

  const atSize = async (): Promise<void> => {
    const signed = signedAt.get(tree.edge.size);
    if (signed === undefined) return;
    if (!equal(fromBase64(signed.body.split('\n')[2] ?? ''), tree.root)) {
      found('root-differs', `The checkpoint of size ${signed.size} states another root than its entries give.`);
    }
    try {
      await openCheckpoint(crypto, signed.note, keys.logKeys);
      if (parseNote(signed.note).text !== signed.body)
        found('checkpoint-differs', `The note of size ${signed.size} has another body.`);
      const lines = await sql<{ line: string }[]>`SELECT line FROM ledger.cosignature WHERE size = ${signed.size}`;
      for (const { line } of lines) {
        cosignatures += (await cosignaturesOf(crypto, parseNote(signed.note + line), keys.witnesses)).length;
      }
    } catch (error) {
      found('signature-invalid', `The checkpoint of size ${signed.size}: ${(error as Error).message}`);
    }
  };

  await atSize();
  for (let from = 0n; from < size; from += 1000n) {
    const rows = await sql<
      { index: bigint; commitment: Uint8Array; bytes: Uint8Array | null; salt: Uint8Array | null }[]
    >`
      SELECT entry.index, commitment, bytes, salt FROM ledger.entry LEFT JOIN ledger.record USING (index)
      WHERE entry.index >= ${from} AND entry.index < ${from + 1000n} ORDER BY entry.index`;
    for (const { index, commitment, bytes, salt } of rows) {
      if (index !== tree.edge.size) {
        found('gap', `Index ${tree.edge.size} is missing.`, tree.edge.size);
        return report();
      }
      if (bytes === null || salt === null) erased++;
      else {
        records++;
        try {
          const sealed = openSealed(bytes, salt, crypto);
          if (!equal(sealed.commitment, commitment))
            found('record-differs', 'The record does not give the commitment in the log.', index);
          if (sealed.record.log !== keys.origin) found('origin-differs', 'The record names another log.', index);
          if (sealed.record.type === 'slip') {
            const { to, from: slipFrom, upTo } = sealed.record.body as { to: string; from: number; upTo: number };
            if (BigInt(slipFrom) !== (slips.get(to) ?? 0n))
              found('slip-chain', `A slip to ${to} does not begin where the one before ended.`, index);
            slips.set(to, BigInt(upTo));
          }
        } catch (error) {
          found('record-unreadable', (error as Error).message, index);
        }
      }
      tree.add(commitment);
      await atSize();
    }
    progress(Number(tree.edge.size), Number(size));
  }
  if (tree.edge.size !== size) found('gap', `The log ends at ${tree.edge.size}, its state says ${size}.`);
  if (state !== undefined && !equal(state.root, tree.root))
    found('root-differs', 'The stored root is not that of the entries.');
  const stored = await sql<{ level: number; n: bigint; data: Uint8Array }[]>`SELECT level, n, data FROM ledger.tile`;
  for (const { level, n, data } of stored) {
    const expected = tree.tiles.get(`${level}/${n}`);
    if (expected === undefined || !equal(expected, data))
      found('tile-differs', `Tile ${level}/${n} is not what the entries give.`);
  }
  if (stored.length !== tree.tiles.size)
    found('tile-missing', `${tree.tiles.size} full tiles are due, ${stored.length} are stored.`);
  for (const { size: signed } of checkpoints) {
    if (signed > tree.edge.size)
      found('log-shorter', `A checkpoint of size ${signed} was signed; the log ends at ${tree.edge.size}.`);
  }
  return report();

  function report(): AuditReport {
    return {
      origin: keys.origin,
      size: Number(size),
      records,
      erased,
      tiles: tree.tiles.size,
      checkpoints: checkpoints.length,
      cosignatures,
      findings,
    };
  }
}

/**
 * Recomputes anyone's log over its public routes: the signature, the entries, the root, every tile, the cosignatures.
 *
 * @param fetchPath bytes at a path below the log's prefix, e.g. 'checkpoint' or 'tile/0/000.p/17'
 */
export async function auditRemote(
  fetchPath: (path: string) => Promise<Uint8Array>,
  crypto: LogCrypto,
  keys: AuditKeys,
  progress: Progress = () => undefined,
): Promise<AuditReport> {
  const findings: AuditFinding[] = [];
  const { checkpoint, note } = await openCheckpoint(
    crypto,
    new TextDecoder().decode(await fetchPath('checkpoint')),
    keys.logKeys,
  );
  if (checkpoint.origin !== keys.origin)
    findings.push({ code: 'origin-differs', message: `The log calls itself ${checkpoint.origin}.` });
  const cosignatures = await cosignaturesOf(crypto, note, keys.witnesses);
  const tree = new Recomputation(crypto);
  for (let n = 0n; n * 256n < checkpoint.size; n++) {
    const width = tileWidth(0, n, checkpoint.size);
    const entries = parseBundle(await fetchPath(tilePath({ level: 'entries', n, width })));
    if (entries.length !== width)
      findings.push({ code: 'gap', message: `Bundle ${n} holds ${entries.length} entries, not ${width}.` });
    for (const entry of entries) tree.add(entry);
    progress(Number(tree.edge.size), Number(checkpoint.size));
  }
  if (!equal(tree.root, checkpoint.root)) {
    findings.push({
      code: 'root-differs',
      message: `The entries give the root ${toHex(tree.root)}, another was signed.`,
    });
  }
  let tiles = 0;
  for (const address of tilesOf(checkpoint.size)) {
    tiles++;
    const bytes = await fetchPath(tilePath(address));
    if (!equal(bytes, tree.tile(address.level, address.n, address.width))) {
      findings.push({ code: 'tile-differs', message: `${tilePath(address)} is not what the entries give.` });
    }
  }
  return {
    origin: checkpoint.origin,
    size: Number(checkpoint.size),
    records: 0,
    erased: 0,
    tiles,
    checkpoints: 1,
    cosignatures: cosignatures.length,
    findings,
  };
}
