import { afterEach, beforeEach, expect, test } from 'vitest';
import { Mirrors } from '../ledger/mirror.ts';
import type { WitnessState } from '../ledger/witness-store.ts';
import { parseCheckpoint } from '../log/checkpoint.ts';
import { type ForkEvidence, ofOneSize, ofTwoSizes } from '../log/fork.ts';
import { parseNote } from '../log/note.ts';
import type { Registry } from '../members/registry.ts';
import { eventually } from '../test/demo.ts';
import { makeSigner } from '../test/ledger.ts';
import {
  type Answers,
  entriesNamed,
  hashOf,
  holding,
  type LogKey,
  listenAs,
  logSigner,
  noteOf,
  originOf,
  readerOf,
} from '../test/peers.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { storedForks } from './fork-store.ts';
import { Forks } from './forks.ts';

/** UZ watches the other logs, with a real database, among peers that may be honest or not. */

const ORIGIN = originOf('KZ');
const entries = entriesNamed('entry', 12);
const other = [...entries.slice(0, 9), ...entriesNamed('other', 3)];

let database: TestDatabase;
let answers: Record<string, Answers>;
let faults: string[];
let forks: Forks | undefined;
beforeEach(async () => {
  database = await testDatabase(['ledger', 'federation']);
  [answers, faults, forks] = [{}, [], undefined];
});
afterEach(async () => {
  await forks?.stop();
  await database.drop();
});

async function watch(
  given: { states?: Readonly<Record<string, string>>; keys?: Readonly<Record<string, readonly LogKey[]>> } = {},
): Promise<{ forks: Forks; registry: Registry; mirrors: Mirrors }> {
  const registry = await listenAs(answers, given.keys);
  const mirrors = new Mirrors(database.sql, nodeCrypto);
  const made = new Forks({
    member: 'UZ',
    registry,
    sql: database.sql,
    crypto: nodeCrypto,
    clock: () => new Date('2026-06-11T00:00:00Z'),
    mirrors,
    witness: {
      state: async (origin): Promise<WitnessState | undefined> => {
        const note = given.states?.[origin];
        return note === undefined ? undefined : { ...parseCheckpoint(parseNote(note).text), note, at: new Date() };
      },
    },
    fault: async (member, code) => void faults.push(`${member} ${code}`),
    everyMs: 20,
  });
  forks = made;
  return { forks: made, registry, mirrors };
}

/** Mirrored here to these sizes. */
async function mirror(mirrors: Mirrors, of: readonly Uint8Array[], sizes: readonly number[]): Promise<void> {
  for (const size of sizes)
    await mirrors.extend(ORIGIN, await noteOf('KZ', of.slice(0, size)), [logSigner('KZ').vkey], async (from) =>
      of.slice(Number(from), size),
    );
}

const twoSizes = async (smaller: readonly Uint8Array[], larger: readonly Uint8Array[]): Promise<ForkEvidence> => {
  const size = BigInt(smaller.length);
  return ofTwoSizes(
    ORIGIN,
    await noteOf('KZ', smaller),
    await noteOf('KZ', larger),
    await readerOf(larger, size).root(),
    await readerOf(larger).consistencyProof(size),
  );
};
const ofWholeSize = async () => ofOneSize(ORIGIN, await noteOf('KZ', entries), await noteOf('KZ', other));
const copy = async (of: readonly Uint8Array[], shown = of): Promise<Answers> =>
  holding('KZ', { mirror: await noteOf('KZ', of), entries: shown });

test('a proof is kept before anyone is asked for a copy, and freezes', async () => {
  let hung = 0;
  answers['CN'] = (path) => {
    if (path.startsWith('/mirror/')) hung++;
    return 'away';
  };
  const { forks: watching, mirrors } = await watch();
  await mirror(mirrors, entries, [5, 12]);
  expect(await watching.take(await ofWholeSize())).toBe(true);
  expect(watching.isFrozen(ORIGIN)).toBe(true);
  expect(hung).toBe(0);
  expect(await storedForks(database.sql)).toMatchObject([{ origin: ORIGIN, common: 12n }]);
  expect(faults).toEqual(['KZ two-histories']);
  expect(await watching.take(await ofWholeSize())).toBe(false);
  const again = (await watch()).forks;
  expect(again.isFrozen(ORIGIN)).toBe(false);
  await again.open();
  expect(again.isFrozen(ORIGIN)).toBe(true);
  expect(again.all).toMatchObject([{ origin: ORIGIN, common: 12n }]);
});

test('the smaller of two signed sizes is the most that all copies can agree on', async () => {
  const { forks: watching, mirrors } = await watch();
  await mirror(mirrors, entries, [5, 9, 12]);
  await watching.take(await twoSizes(other.slice(0, 11), entries));
  expect(watching.all).toMatchObject([{ common: 9n }]);
});

test('copies that part lower the size, those that give no signed root do not', async () => {
  answers['CN'] = await copy(entries.slice(0, 9));
  answers['KG'] = await copy(entries, entriesNamed('lie', 12));
  answers['TJ'] = await copy(other);
  const { forks: watching, mirrors } = await watch();
  await mirror(mirrors, entries, [5, 8, 12]);
  await watching.take(await ofWholeSize());
  watching.start();
  await eventually(async () => watching.all[0]?.common !== 12n);
  // They part at 9, where nothing was signed.
  expect(watching.all).toMatchObject([{ common: 8n }]);
  expect(await storedForks(database.sql)).toMatchObject([{ common: 8n }]);
  expect(faults).toEqual(['KZ two-histories', 'KG mirror-mismatch']);
});

test('a proof that the database did not take is not lost', async () => {
  const { forks: watching } = await watch();
  await database.owner`ALTER TABLE federation.fork RENAME TO away`;
  await expect(watching.take(await ofWholeSize())).rejects.toThrow('does not exist');
  expect(watching.isFrozen(ORIGIN)).toBe(true);
  await database.owner`ALTER TABLE federation.away RENAME TO fork`;
  watching.start();
  await eventually(async () => watching.all.length === 1);
  expect(await storedForks(database.sql)).toMatchObject([{ origin: ORIGIN }]);
  expect(faults).toEqual(['KZ two-histories']);
});

test('what a witness holds is compared with the checkpoint here and with the copy here, log by log', async () => {
  const shows = async (of: readonly Uint8Array[]): Promise<Answers> => {
    const held = await noteOf('KZ', of);
    // Of the log that comes first nothing can be read.
    return (path) =>
      path === `/witness/${hashOf('CN')}/checkpoint` ? 'garbage' : holding('KZ', { witness: held })(path);
  };
  const { forks: watching, registry, mirrors } = await watch({ states: { [ORIGIN]: await noteOf('KZ', entries) } });
  await mirror(mirrors, entries, [10]);
  for (const same of [entries, entries.slice(0, 10), entries.slice(0, 4), entriesNamed('beyond', 11), []]) {
    answers['TJ'] = await shows(same);
    await watching.compare(registry.getMember('TJ'));
    expect(watching.isFrozen(ORIGIN)).toBe(false);
  }
  for (const forked of [other, other.slice(0, 10), [...entries.slice(0, 2), ...other].slice(0, 4)]) {
    answers['TJ'] = await shows(forked);
    const fresh = await watch({ states: { [ORIGIN]: await noteOf('KZ', entries) } });
    await database.owner`DELETE FROM federation.fork`;
    await fresh.forks.compare(fresh.registry.getMember('TJ'));
    expect(fresh.forks.isFrozen(ORIGIN)).toBe(true);
  }
});

test('a peer is heard: a proof freezes, what is none is its own fault, a log that is not listed here nobody’s', async () => {
  const told = (...evidence: unknown[]): Answers => {
    const body = JSON.stringify({ forks: evidence.map((one) => ({ evidence: one })) });
    return (path) => (path === '/forks' ? body : undefined);
  };
  const proof = await ofWholeSize();
  const { forks: watching, registry } = await watch();
  answers['CN'] = told(ofOneSize(ORIGIN, proof.first, proof.first), { ...proof, origin: 'demo.xx.dostyk/log' });
  await watching.hear(registry.getMember('CN'));
  expect(watching.isFrozen(ORIGIN)).toBe(false);
  expect(faults).toEqual(['CN fork-unproven']);
  answers['KG'] = told({ ...proof, origin: originOf('CN') }, proof);
  await watching.hear(registry.getMember('KG'));
  expect(watching.isFrozen(originOf('CN'))).toBe(false);
  expect(watching.isFrozen(ORIGIN)).toBe(true);
  expect(faults).toEqual(['CN fork-unproven', 'KG checkpoint-unsigned', 'KZ two-histories']);
});

test('what a key signed beyond where it was cut off is no second history', async () => {
  const thief = makeSigner(ORIGIN);
  const keys = {
    KZ: [
      { vkey: thief.vkey, from: 0, until: 11 },
      { vkey: logSigner('KZ').vkey, from: 0 },
    ],
  };
  const { forks: watching } = await watch({ keys });
  const stolen = ofOneSize(ORIGIN, await noteOf('KZ', entries), await noteOf('KZ', other, thief));
  await expect(watching.take(stolen)).rejects.toMatchObject({ code: 'checkpoint-unsigned' });
  expect(watching.isFrozen(ORIGIN)).toBe(false);
});
