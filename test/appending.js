// One process of several over one database: appends pairs of records and signs, until it is told to stop. Uses the build, as a node does.
// Arguments: database URL, origin, file of the log's private key, and the number of the batch in whose transaction it kills itself, with
// no chance to clean up (0: never). Prints the receipts of what was acknowledged, a line an append.
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openPairs } from './pairs.js';

const [, , url, origin, keyFile, dies] = process.argv;
let folds = 0;
let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
const { append, end } = await openPairs({
  url,
  origin,
  privateKey: createPrivateKey(readFileSync(keyFile)),
  max: 4,
  signEveryMs: 20,
  fold: async () => {
    if (++folds === Number(dies)) process.kill(process.pid, 'SIGKILL');
  },
  onError: (act, error) => {
    process.stderr.write(`${act}: ${error.stack}\n`);
  },
});
const appending = async () => {
  while (!stopping) await append();
};
await Promise.all([appending(), appending(), appending()]);
await end();
