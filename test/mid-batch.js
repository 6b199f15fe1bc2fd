// Appends pairs of records and kills its own process, with no chance to clean up, at a stage of a batch. Uses the build, as a
// node does. Arguments: database URL, origin, stage: 'fold' (inside the transaction), 'commit' (as the commit is on its way) or
// 'none'. Prints each receipt that was acknowledged.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Ledger } from '../dist/ledger/ledger.js';
import { seal, uuidv7 } from '../dist/log/envelope.js';
import { formatVkey } from '../dist/log/note.js';
import { connect } from '../dist/storage/connection.js';
import { nodeCrypto, nodeRandom } from '../dist/values/node-crypto.js';

const [, , url, origin, stage] = process.argv;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const vkey = formatVkey(nodeCrypto, origin, 1, publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
let folds = 0;
const sql = connect(url, { max: 2 });
const ledger = await Ledger.open({
  sql,
  origin,
  member: 'KZ',
  registryVersion: 1,
  signer: { vkey, sign: async (bytes) => sign(null, bytes, privateKey) },
  quorum: 4,
  crypto: nodeCrypto,
  clock: () => new Date(),
  random: nodeRandom,
  sequenceEveryMs: 5,
  // Nothing is signed: each run has a key of its own.
  signEveryMs: 1_000_000,
  fold: async () => {
    if (++folds < 4) return;
    if (stage === 'fold') process.kill(process.pid, 'SIGKILL');
    if (stage === 'commit') setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1);
  },
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
for (let i = 0; i < 8; i++) {
  const receipts = await Promise.all(
    [0, 1, 2].map(() => {
      const pair = randomUUID();
      return ledger.append([record(pair), record(pair)], { account: 'a' });
    }),
  );
  for (const { records } of receipts) writeSync(1, `${JSON.stringify(records)}\n`);
}
await ledger.stop();
await sql.end();
process.exit(0);
