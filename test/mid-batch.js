// Appends pairs of records and kills its own process, with no chance to clean up, at a stage of a batch. Uses the build, as a
// node does. Arguments: database URL, origin, stage: 'fold' (inside the transaction), 'commit' (as the commit is on its way) or
// 'none'. Prints each receipt that was acknowledged.
import { generateKeyPairSync } from 'node:crypto';
import { openPairs } from './pairs.js';

const [, , url, origin, stage] = process.argv;
let folds = 0;
const { append, end } = await openPairs({
  url,
  origin,
  privateKey: generateKeyPairSync('ed25519').privateKey,
  max: 2,
  // Nothing is signed: each run has a key of its own.
  signEveryMs: 1_000_000,
  fold: async () => {
    if (++folds < 4) return;
    if (stage === 'fold') process.kill(process.pid, 'SIGKILL');
    if (stage === 'commit') setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1);
  },
});
for (let i = 0; i < 8; i++) await Promise.all([append(), append(), append()]);
await end();
