// What the processes of tests share that append pairs of records to a log. Uses the build, as a node does.
import { createPublicKey, randomUUID, sign } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Ledger } from '../dist/ledger/ledger.js';
import { seal, uuidv7 } from '../dist/log/envelope.js';
import { formatVkey } from '../dist/log/note.js';
import { connect } from '../dist/storage/connection.js';
import { nodeCrypto, nodeRandom } from '../dist/values/node-crypto.js';

/** A log that runs, what appends a pair to it and prints the receipts once they are acknowledged, and what ends the process. */
export async function openPairs({ url, origin, privateKey, max, ...options }) {
  const sql = connect(url, { max });
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const ledger = await Ledger.open({
    sql,
    origin,
    member: 'KZ',
    registryVersion: 1,
    signer: { vkey: formatVkey(nodeCrypto, origin, 1, raw), sign: async (bytes) => sign(null, bytes, privateKey) },
    quorum: 4,
    crypto: nodeCrypto,
    clock: () => new Date(),
    random: nodeRandom,
    sequenceEveryMs: 5,
    ...options,
  });
  ledger.start();
  const record = (pair) =>
    seal(
      {
        v: 1,
        id: uuidv7(Date.now(), nodeRandom),
        log: origin,
        registry: 1,
        type: 'decision',
        issuer: { member: 'KZ' },
        to: [{ member: 'KZ' }, { member: 'UZ' }],
        after: [],
        at: new Date().toISOString(),
        body: { pair },
      },
      { crypto: nodeCrypto, random: nodeRandom },
    );
  return {
    append: async () => {
      const pair = randomUUID();
      const { records } = await ledger.append([record(pair), record(pair)], { account: 'a' });
      writeSync(1, `${JSON.stringify(records)}\n`);
    },
    end: async () => {
      await ledger.stop();
      await sql.end();
      process.exit(0);
    },
  };
}
