import { generateKeyPairSync, sign } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { auditOwn } from '../ledger/audit.ts';
import { Ledger, type LedgerOptions } from '../ledger/ledger.ts';
import { type Envelope, type Sealed, seal, uuidv7 } from '../log/envelope.ts';
import { ED25519, formatVkey, type Signer } from '../log/note.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { type TestDatabase, testDatabase } from './postgres.ts';

/** A log of a member KZ on a database of its own, for tests of `ledger/`. */

export const ORIGIN = 'demo.aa.dostyk/log';

export function makeSigner(name: string, type = ED25519): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { vkey: formatVkey(nodeCrypto, name, type, raw), sign: async (bytes) => sign(null, bytes, privateKey) };
}

export const signer = makeSigner(ORIGIN);

let n = 0;
export function record(
  to: Envelope['to'] = [{ member: 'KZ' }, { member: 'UZ' }],
  change: Partial<Envelope> = {},
): Sealed {
  n++;
  return seal(
    {
      v: 1,
      id: uuidv7(Date.now(), nodeRandom),
      log: ORIGIN,
      registry: 1,
      type: 'decision',
      issuer: { member: 'KZ' },
      to,
      after: [],
      at: new Date().toISOString(),
      body: { n },
      ...change,
    },
    { crypto: nodeCrypto, random: nodeRandom },
  );
}

/** Dropped at the test's end, after the ledgers that were opened on it have stopped. */
export async function freshDatabase(): Promise<TestDatabase> {
  const database = await testDatabase(['ledger']);
  onTestFinished(() => database.drop());
  return database;
}

export function ledgerOptions(database: Pick<TestDatabase, 'sql'>, change: Partial<LedgerOptions> = {}): LedgerOptions {
  return {
    sql: database.sql,
    origin: ORIGIN,
    member: 'KZ',
    registryVersion: 1,
    signer,
    quorum: 4,
    crypto: nodeCrypto,
    clock: () => new Date(),
    random: nodeRandom,
    fold: async () => undefined,
    sequenceEveryMs: 5,
    signEveryMs: 20,
    ...change,
  };
}

export async function openLedger(database: TestDatabase, change: Partial<LedgerOptions> = {}): Promise<Ledger> {
  const ledger = await Ledger.open(ledgerOptions(database, change));
  ledger.start();
  // Vitest runs these in reverse: the database goes last.
  onTestFinished(() => ledger.stop());
  return ledger;
}

export const entriesOf = (database: TestDatabase) =>
  database.owner<
    { index: bigint; commitment: Uint8Array }[]
  >`SELECT index, commitment FROM ledger.entry ORDER BY index`;

export const auditOf = (database: TestDatabase) =>
  auditOwn(database.sql, nodeCrypto, { origin: ORIGIN, logKeys: [signer.vkey], witnessesOf: () => [] });

export async function signedAll(ledger: Ledger, database: TestDatabase): Promise<void> {
  const [state] = await database.sql<{ size: bigint }[]>`SELECT size FROM ledger.log_state`;
  while ((ledger.published?.size ?? -1n) < (state?.size ?? 0n)) await delay(20);
}
