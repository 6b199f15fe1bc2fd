import { afterEach, beforeEach, expect, test } from 'vitest';
import { cosign } from '../log/cosignature.ts';
import { formatSignature, parseNote, type Signer } from '../log/note.ts';
import {
  type Answers,
  entriesNamed,
  holding,
  listenAs,
  MEMBERS,
  noteOf,
  originOf,
  witnessSigners,
} from '../test/peers.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { findEnd } from './recovering.ts';

/** KZ's database ends at 5 of 12: whose word and whose entries the end is taken from. */

const entries = entriesNamed('entry', 12);
const other = [...entries.slice(0, 7), ...entriesNamed('other', 5)];

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase(['ledger', 'federation']);
  for (const [index, commitment] of entries.slice(0, 5).entries())
    await database.owner`INSERT INTO ledger.entry (index, commitment) VALUES (${index}, ${Buffer.from(commitment)})`;
});
afterEach(() => database.drop());

async function find(
  answers: Readonly<Record<string, Answers>>,
  { size = 5n, mark = 0n, absent = [] as readonly string[] } = {},
) {
  const nothing = Object.fromEntries(MEMBERS.map((code) => [code, () => undefined]));
  return findEnd(size, mark, {
    sql: database.sql,
    registry: await listenAs({ ...nothing, ...answers }),
    member: 'KZ',
    crypto: nodeCrypto,
    absent,
    signal: new AbortController().signal,
    tokenFor: async () => '',
  });
}
const witnessing = async (of: readonly Uint8Array[]) => holding('KZ', { witness: await noteOf('KZ', of) });
const mirroring = async (of: readonly Uint8Array[], shown = of) =>
  holding('KZ', { mirror: await noteOf('KZ', of), entries: shown });
const found = { size: 12n, commitments: entries.slice(5) };

test('the largest size that anyone holds signed, and entries from a mirror that give its root', async () => {
  expect(await find({})).toBeUndefined();
  expect(await find({ CN: await mirroring(entries.slice(0, 5)) })).toBeUndefined();
  expect(await find({ CN: await mirroring(entries) })).toMatchObject(found);
  await expect(
    find({ CN: await mirroring(entries.slice(0, 11)), KG: await witnessing(entries) }),
  ).rejects.toMatchObject({
    code: 'recover-incomplete',
  });
  await expect(find({ CN: await mirroring(entries) }, { mark: 13n })).rejects.toMatchObject({
    code: 'recover-incomplete',
    params: { signed: 13, held: 12 },
  });
  expect(await find({ CN: await mirroring(entries) }, { mark: 12n })).toMatchObject(found);
  await expect(find({ CN: await mirroring(entriesNamed('another', 12)) })).rejects.toMatchObject({
    code: 'log-diverged',
  });
});

test('every member must answer that is not named as absent', async () => {
  const one = await mirroring(entries);
  for (const bad of [(() => 'away') as Answers, () => 500, () => 'no checkpoint'])
    await expect(find({ CN: one, TJ: bad })).rejects.toMatchObject({
      code: 'recover-unanswered',
      params: { members: 'TJ' },
    });
  expect(await find({ CN: one, TJ: () => 'away' }, { absent: ['TJ'] })).toMatchObject(found);
});

test('a mirror that lies or shows nothing keeps the log from no other', async () => {
  const silent: Answers = (path) => (path.includes('/tile/') ? 500 : honest(path));
  const honest = await mirroring(entries);
  const lies = await mirroring(entries, other);
  const short = await mirroring(entries, entries.slice(0, 8));
  for (const bad of [silent, lies, short]) {
    expect(await find({ CN: bad, KG: bad, UZ: honest })).toMatchObject(found);
    await expect(find({ CN: bad })).rejects.toMatchObject({
      code: bad === lies ? 'log-diverged' : expect.stringMatching(/peer-refuses|bad-answer/),
    });
  }
});

test('of the note nothing is kept but what the log and its witnesses signed', async () => {
  const note = await noteOf('KZ', entries);
  const { text, signatures } = parseNote(note);
  const [own] = signatures;
  const line = await cosign(nodeCrypto, text, 1_800_000_000n, witnessSigners.get('UZ') as Signer);
  const junk = Array.from({ length: 20 }, (_, i) =>
    formatSignature({ name: originOf('KZ'), id: Uint8Array.of(i, 0, 0, 0), signature: new Uint8Array(64) }),
  ).join('');
  const self = await cosign(nodeCrypto, text, 1_800_000_000n, witnessSigners.get('KZ') as Signer);
  const repeated = own === undefined ? '' : formatSignature(own).repeat(20);
  const padded = note + repeated + junk + line + self;
  const end = await find({ CN: holding('KZ', { mirror: padded, witness: padded, entries }) });
  expect(end?.note).toBe(note);
  expect(end?.cosignatures).toEqual([{ member: 'UZ', time: 1_800_000_000n, line }]);
});
