import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { Ledger } from '../ledger/ledger.ts';
import { ED25519, formatVkey, type Signer } from '../log/note.ts';
import type { Registry } from '../members/registry.ts';
import { foldInto } from '../platform.ts';
import type { Sql } from '../storage/connection.ts';
import { sealFiling } from '../trade/filing.ts';
import { validFiling } from '../trade/filing-fixture.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';

/** Dossiers with all sections in a member's database, through the real seal, append and fold. */
export interface Filling {
  readonly member: string;
  readonly registry: Registry;
  /** The log's. */
  readonly signer: Signer;
  /** At least so many, sections and manifests together. */
  readonly records: number;
}

export function newSigner(origin: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { vkey: formatVkey(nodeCrypto, origin, ED25519, raw), sign: async (bytes) => sign(null, bytes, privateKey) };
}

/** @returns records a second */
export async function fill(sql: Sql, { member, registry, signer, records }: Filling): Promise<number> {
  const { origin } = registry.getMember(member).log;
  const ledger = await Ledger.open({
    sql,
    origin,
    member,
    registryVersion: 1,
    signer,
    quorum: registry.document.quorum,
    crypto: nodeCrypto,
    clock: () => new Date(),
    random: nodeRandom,
    fold: foldInto(registry, member),
    maxQueue: 10_000,
  });
  ledger.start();
  const filing = validFiling();
  let appended = 0;
  const worker = async (): Promise<void> => {
    while (appended < records) {
      const { sealed, once } = sealFiling({ ...filing, dossier: randomUUID() }, `${member.toLowerCase()}.exporter`, {
        origin,
        member,
        registry,
        now: new Date(),
        random: nodeRandom,
        crypto: nodeCrypto,
      });
      appended += sealed.length;
      await ledger.append(sealed, { account: 'bench', once });
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: 200 }, worker));
  const seconds = (performance.now() - started) / 1000;
  await ledger.stop();
  return appended / seconds;
}
