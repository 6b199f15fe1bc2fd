import { equal, toHex } from '../values/bytes.ts';
import { openCheckpoint } from './checkpoint.ts';
import { cosignaturesOf, type WitnessKey } from './cosignature.ts';
import type { LogCrypto } from './crypto.ts';
import { Recomputation } from './recomputation.ts';
import { parseBundle, tilePath, tilesOf, tileWidth } from './tile.ts';

/** The audit that anyone can run on anyone's log, on a server or in a browser. */

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
  /** Records that a recovery could not bring back. */
  readonly lost: number;
  readonly tiles: number;
  readonly checkpoints: number;
  readonly cosignatures: number;
  readonly findings: readonly AuditFinding[];
}

export interface AuditKeys {
  readonly origin: string;
  readonly logKeys: readonly string[];
  /** Keys whose cosignatures count on a checkpoint of a size. */
  readonly witnessesOf: (size: bigint) => readonly WitnessKey[];
}

export type Progress = (done: number, of: number) => void;

/** At most so many findings are kept: a log that is broken from some index on says the same again and again. */
const MAX_FINDINGS = 100;

export class Findings {
  readonly all: AuditFinding[] = [];

  add(code: string, message: string, index?: bigint): void {
    if (this.all.length < MAX_FINDINGS)
      this.all.push(index === undefined ? { code, message } : { code, message, index: Number(index) });
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
  const found = new Findings();
  const { checkpoint, note } = await openCheckpoint(
    crypto,
    new TextDecoder().decode(await fetchPath('checkpoint')),
    keys.logKeys,
  );
  if (checkpoint.origin !== keys.origin) found.add('origin-differs', `The log calls itself ${checkpoint.origin}.`);
  const cosignatures = await cosignaturesOf(crypto, note, keys.witnessesOf(checkpoint.size));
  const tree = new Recomputation(crypto);
  let tiles = 0;
  for (let n = 0n; n * 256n < checkpoint.size; n++) {
    const width = tileWidth(0, n, checkpoint.size);
    const path = tilePath({ level: 'entries', n, width });
    const entries = bundleOf(await fetchPath(path));
    if (entries?.length !== width) {
      found.add('gap', `${path} is no bundle of ${width} entries.`, tree.edge.size);
      return report();
    }
    for (const entry of entries) tree.add(entry);
    progress(Number(tree.edge.size), Number(checkpoint.size));
  }
  if (!equal(tree.root, checkpoint.root))
    found.add('root-differs', `The entries give the root ${toHex(tree.root)}, another was signed.`);
  for (const address of tilesOf(checkpoint.size)) {
    tiles++;
    const bytes = await fetchPath(tilePath(address));
    if (!equal(bytes, tree.tile(address.level, address.n, address.width)))
      found.add('tile-differs', `${tilePath(address)} is not what the entries give.`);
  }
  return report();

  function report(): AuditReport {
    return {
      origin: checkpoint.origin,
      size: Number(checkpoint.size),
      records: 0,
      erased: 0,
      lost: 0,
      tiles,
      checkpoints: 1,
      cosignatures: cosignatures.length,
      findings: found.all,
    };
  }
}

function bundleOf(bytes: Uint8Array): Uint8Array[] | undefined {
  try {
    return parseBundle(bytes);
  } catch {
    // Not of the form of a bundle: the caller says where.
    return undefined;
  }
}
