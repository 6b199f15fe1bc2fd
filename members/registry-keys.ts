import type { LogCrypto } from '../log/crypto.ts';
import { ED25519, ED25519_COSIGNATURE, parseVkey, type VerifierKey } from '../log/note.ts';
import { fromBase64, toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import type { RegistryDocument } from './registry.ts';

function invalid(message: string, cause?: unknown): Refusal {
  return new Refusal(500, 'registry-invalid', message, { cause });
}

/**
 * Each role of each member has a key of its own, of its type; a log's key is named as its log. Without this one member's entry,
 * which it signs alone, could take another's cosignatures for its own, or stop every verifier with a key that is none.
 *
 * @throws Refusal 500 `registry-invalid`
 */
export function checkKeys(crypto: LogCrypto, { members }: RegistryDocument): void {
  const seen = new Set<string>();
  const add = (owner: string, publicKey: Uint8Array): void => {
    const hex = toHex(publicKey);
    if (seen.has(hex)) throw invalid(`A key of ${owner} is listed twice.`);
    seen.add(hex);
  };
  for (const { code, memberKey, log, earlierLogs = [], witness, node, authorities } of members) {
    const logs = [...earlierLogs, log];
    const roles: readonly [number, readonly string[]][] = [
      [
        ED25519,
        [memberKey, ...logs.flatMap(({ keys }) => keys.map(({ vkey }) => vkey)), ...node.keys.map(({ vkey }) => vkey)],
      ],
      [ED25519_COSIGNATURE, witness.keys.map(({ vkey }) => vkey)],
    ];
    for (const [type, vkeys] of roles) {
      for (const vkey of vkeys) {
        const key = readVkey(crypto, code, vkey);
        if (key.type !== type) throw invalid(`A key of ${code} is of another type than its role.`);
        add(code, key.publicKey);
      }
    }
    if (logs.some(({ origin, keys }) => keys.some(({ vkey }) => readVkey(crypto, code, vkey).name !== origin)))
      throw invalid(`A log key of ${code} does not bear the name of its log.`);
    for (const { id, documentKeys } of authorities)
      for (const { publicKey } of documentKeys) add(id, readPublicKey(id, publicKey));
  }
}

function readVkey(crypto: LogCrypto, owner: string, vkey: string): VerifierKey {
  try {
    return parseVkey(crypto, vkey);
  } catch (cause) {
    throw invalid(`A key of ${owner} is no verifier key.`, cause);
  }
}

function readPublicKey(owner: string, text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(text);
  } catch (cause) {
    throw invalid(`A document key of ${owner} is not base64.`, cause);
  }
  if (bytes.length !== 32) throw invalid(`A document key of ${owner} has not 32 bytes.`);
  return bytes;
}
