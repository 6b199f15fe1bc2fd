// One process of several over one database: appends pairs of records and signs, until it is told to stop. Uses the build, as a node does.
// Arguments: database URL, origin, file of the log's private key, and the number of the batch in whose transaction it kills itself, with
// no chance to clean up (0: never). Prints the receipts of what was acknowledged, a line an append.
import { createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { Ledger } from '../dist/ledger/ledger.js';
import { seal, uuidv7 } from '../dist/log/envelope.js';
import { formatVkey } from '../dist/log/note.js';
import { connect } from '../dist/storage/connection.js';
import { nodeCrypto, nodeRandom } from '../dist/values/node-crypto.js';

const [, , url, origin, keyFile, dies] = process.argv;
const privateKey = createPrivateKey(readFileSync(keyFile));
const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
let folds = 0;
let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
const sql = connect(url, { max: 4 });
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
  signEveryMs: 20,
  fold: async () => {
    if (++folds === Number(dies)) process.kill(process.pid, 'SIGKILL');
  },
  onError: (act, error) => {
    process.stderr.write(`${act}: ${error.stack}\n`);
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
const appending = async () => {
  while (!stopping) {
    const pair = randomUUID();
    const { records } = await ledger.append([record(pair), record(pair)], { account: 'a' });
    writeSync(1, `${JSON.stringify(records)}\n`);
  }
};
await Promise.all([appending(), appending(), appending()]);
await ledger.stop();
await sql.end();
process.exit(0);
