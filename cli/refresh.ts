import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { openCheckpoint } from '../log/checkpoint.ts';
import { cosignaturesOf } from '../log/cosignature.ts';
import { openSealed } from '../log/envelope.ts';
import { decodeProven, type Evidence, parseEvidence } from '../log/evidence.ts';
import { leafHash, verifyInclusion } from '../log/merkle.ts';
import { formatProof, parseProof } from '../log/proof.ts';
import { TileReader, tilePath } from '../log/tile.ts';
import { keysAt, openRegistry, type Registry } from '../members/registry.ts';
import { mergeRegistries } from '../members/registry-merge.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';

/**
 * Proves a record anew under the newest checkpoint of its log, from what the log serves to anyone: for a proof whose key was cut off
 * since, or that was made when too few had cosigned.
 */

export type FetchBytes = (url: string) => Promise<Uint8Array>;

const Versions = z.object({
  versions: z.array(z.object({ note: z.string().max(200_000), json: z.string().max(1_000_000) })).max(1000),
});
const PATIENCE_MS = 15_000;

function impossible(message: string, cause?: unknown): Refusal {
  return new Refusal(409, 'refresh-impossible', message, { cause });
}

/** The registry of the file, or what the member whose log it is shows as its newer one. */
async function newestRegistry(
  evidence: Evidence,
  genesis: string,
  origin: string,
  fetchBytes: FetchBytes,
): Promise<Registry> {
  const own = await openRegistry(nodeCrypto, evidence.registry, genesis);
  const owner = own.memberOfLog(origin);
  if (owner === undefined) throw impossible('The registry of the file lists no log of that name.');
  const answer = Versions.safeParse(
    JSON.parse(new TextDecoder().decode(await fetchBytes(`${owner.address}/registry`))) as unknown,
  );
  if (!answer.success) throw impossible(`What ${owner.code} shows as the registry is none.`);
  return (await mergeRegistries(nodeCrypto, genesis, own.versions, answer.data.versions)).registry;
}

/**
 * @param genesis SHA-256 of the genesis note that is pinned here
 * @throws Refusal 409 `refresh-impossible` where the log does not hold the record at its place any more or nothing newer is final;
 *   `registry-untrusted`, `peer-unreachable` and what else is wrong with an answer
 */
export async function refreshEvidence(evidence: Evidence, genesis: string, fetchBytes: FetchBytes): Promise<Evidence> {
  const proven = decodeProven(evidence);
  const { record, commitment } = openSealed(proven.bytes, proven.salt, nodeCrypto);
  const { index } = parseProof(proven.proof);
  const registry = await newestRegistry(evidence, genesis, record.log, fetchBytes);
  const owner = registry.memberOfLog(record.log);
  if (owner?.log.origin !== record.log)
    throw impossible('The log of the record was closed; its member serves a newer one.');
  const base = `${owner.address}/log`;
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const text = new TextDecoder().decode(await fetchBytes(`${base}/checkpoint`));
    const all = owner.log.keys.map(({ vkey }) => vkey);
    const { checkpoint, note } = await openCheckpoint(nodeCrypto, text, all);
    const cosigned = await cosignaturesOf(nodeCrypto, note, registry.witnessesOf(record.log, checkpoint.size));
    const inForce = await openCheckpoint(nodeCrypto, text, keysAt(owner.log, checkpoint.size)).catch(() => undefined);
    if (
      inForce !== undefined &&
      checkpoint.size > index &&
      cosigned.length >= registry.quorumOf(record.log, checkpoint.size)
    ) {
      const tiles = new TileReader(nodeCrypto, checkpoint.size, (address) =>
        fetchBytes(`${base}/${tilePath(address)}`),
      );
      const hashes = await tiles.inclusionProof(index);
      if (
        !verifyInclusion(nodeCrypto, index, checkpoint.size, leafHash(nodeCrypto, commitment), hashes, checkpoint.root)
      )
        throw impossible('The log does not hold the record at its place.');
      const status = evidence.address === undefined ? undefined : parseEvidence(await fetchBytes(evidence.address));
      return {
        ...evidence,
        proof: formatProof({ index, hashes, checkpoint: text }),
        registry: [...registry.versions],
        ...(status === undefined ? {} : { status: { record: status.record, salt: status.salt, proof: status.proof } }),
      };
    }
    // A checkpoint that was just signed is cosigned within seconds.
    if (performance.now() > until) throw impossible('The log shows no final checkpoint under a key that holds.');
    await delay(500);
  }
}
