import { expect, test } from 'vitest';
import { Witness } from '../ledger/witness.ts';
import type { WitnessState, WitnessStore } from '../ledger/witness-store.ts';
import { parseCheckpoint } from '../log/checkpoint.ts';
import { cosign } from '../log/cosignature.ts';
import { leafHash } from '../log/merkle.ts';
import { parseNote, type Signer } from '../log/note.ts';
import { parseTilePath } from '../log/tile.ts';
import { makeSigner } from '../test/ledger.ts';
import {
  type Answers,
  entriesNamed,
  holding,
  type LogKey,
  logSigner,
  MEMBERS,
  noteOf,
  offlineRegistry,
  originOf,
  sendTo,
  witnessSigners,
} from '../test/peers.ts';
import { concat } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { lookUpCosigned } from './restored-witness.ts';

/** UZ's witness was restored: what it must be shown of KZ's log before it cosigns again. */

const entries = entriesNamed('entry', 12);
const other = [...entries.slice(0, 3), ...entriesNamed('other', 9)];
const ORIGIN = originOf('KZ');
const away: Answers = () => 'away';
const nothing: Answers = () => undefined;
const witnesses = MEMBERS.filter((code) => code !== 'KZ' && code !== 'UZ');
const own = witnessSigners.get('UZ') as Signer;

/** The log's node: its tiles, and the newest that it says this witness cosigned. */
const log =
  (of: readonly Uint8Array[], cosigned?: string): Answers =>
  (path) => {
    if (path === '/log/cosigned/UZ') return cosigned;
    const address = parseTilePath(path.slice('/log/'.length));
    return address && concat(...of.slice(0, address.width).map((one) => leafHash(nodeCrypto, one)));
  };
const cosigned = async (of: readonly Uint8Array[], by: Signer = own): Promise<string> => {
  const note = await noteOf('KZ', of);
  return note + (await cosign(nodeCrypto, parseNote(note).text, 1_800_000_000n, by));
};

async function lookUp(
  answers: Readonly<Record<string, Answers>>,
  given: {
    mark?: bigint;
    holds?: readonly Uint8Array[];
    keys?: Readonly<Record<string, readonly LogKey[]>>;
    without?: readonly string[];
  } = {},
): Promise<{ known: boolean; size: bigint | undefined }> {
  const registry = offlineRegistry(given.keys);
  const states = new Map<string, WitnessState>();
  const store: WitnessStore = {
    update: async (origin, decide) => {
      const { answer, keep } = decide(states.get(origin));
      if (keep !== undefined) states.set(origin, keep);
      return answer;
    },
    all: async () => states,
  };
  if (given.holds !== undefined) {
    const note = await noteOf('KZ', given.holds);
    states.set(ORIGIN, { ...parseCheckpoint(parseNote(note).text), note, at: new Date() });
  }
  const witness = new Witness({ store, crypto: nodeCrypto, clock: () => new Date(), signer: own, logs: new Map() });
  const owner = registry.getMember('KZ');
  const known = await lookUpCosigned({
    witness,
    crypto: nodeCrypto,
    member: 'UZ',
    vkeys: [own.vkey],
    mark: given.mark ?? 0n,
    owner,
    log: owner.log,
    witnesses: registry.others('UZ').filter(({ code }) => code !== 'KZ' && !given.without?.includes(code)),
    signal: new AbortController().signal,
    send: sendTo(answers),
  });
  return { known, size: states.get(ORIGIN)?.size };
}

const all = (answer: Answers, change: Readonly<Record<string, Answers>> = {}) => ({
  KZ: log(entries),
  ...Object.fromEntries(witnesses.map((code) => [code, answer])),
  ...change,
});

test('all must answer, the log too; who is left out is not waited for', async () => {
  expect(await lookUp(all(nothing))).toEqual({ known: true, size: undefined });
  for (const code of [...witnesses, 'KZ']) expect((await lookUp(all(nothing, { [code]: away }))).known).toBe(false);
  expect((await lookUp(all(nothing, { KZ: () => 500 }))).known).toBe(false);
  expect((await lookUp(all(nothing, { CN: () => 'no checkpoint' }))).known).toBe(false);
  expect((await lookUp(all(nothing, { CN: away }), { without: ['CN'] })).known).toBe(true);
});

test('the newest of all that is shown is kept, where all of it is one history', async () => {
  const at = async (of: readonly Uint8Array[]) => holding('KZ', { witness: await noteOf('KZ', of) });
  const some = { CN: await at(entries.slice(0, 5)), TM: await at(entries.slice(0, 9)) };
  expect(await lookUp(all(nothing, some))).toEqual({ known: true, size: 9n });
  expect(await lookUp(all(nothing, { KZ: log(entries, await cosigned(entries)), ...some }))).toEqual({
    known: true,
    size: 12n,
  });
  // Of two histories it may have cosigned either: of one size, of two, against what it holds itself.
  for (const shown of [
    { CN: await at(entries.slice(0, 9)), TM: await at(other.slice(0, 9)) },
    { CN: await at(other.slice(0, 5)), TM: await at(entries.slice(0, 9)) },
    { KZ: log(entries, await cosigned(other.slice(0, 5))), TM: await at(entries.slice(0, 9)) },
  ])
    expect(await lookUp(all(nothing, shown))).toEqual({ known: false, size: undefined });
  for (const holds of [other.slice(0, 5), other.slice(0, 9), other.slice(0, 11)])
    expect(await lookUp(all(nothing, some), { holds })).toEqual({ known: false, size: BigInt(holds.length) });
  // What the log can't prove by its tiles follows from nothing.
  expect((await lookUp(all(nothing, { ...some, KZ: log(other) }))).known).toBe(false);
});

test('less than was cosigned is somebody who keeps it back', async () => {
  const nine = { CN: holding('KZ', { witness: await noteOf('KZ', entries.slice(0, 9)) }) };
  expect(await lookUp(all(nothing, nine), { mark: 10n })).toEqual({ known: false, size: undefined });
  expect(await lookUp(all(nothing, nine), { mark: 9n })).toEqual({ known: true, size: 9n });
  expect((await lookUp(all(nothing), { mark: 1n })).known).toBe(false);
});

test('what the log shows counts where this witness signed it under a key that held', async () => {
  const shows = async (note: string, keys?: Readonly<Record<string, readonly LogKey[]>>) =>
    (await lookUp(all(nothing, { KZ: log(entries, note) }), keys && { keys })).size;
  expect(await shows(await cosigned(entries))).toBe(12n);
  expect(await shows(await noteOf('KZ', entries))).toBeUndefined();
  expect(await shows(await cosigned(entries, witnessSigners.get('CN') as Signer))).toBeUndefined();
  const thief = makeSigner(ORIGIN);
  const note = await noteOf('KZ', entriesNamed('forged', 11), thief);
  const keys = {
    KZ: [
      { vkey: thief.vkey, from: 0, until: 10 },
      { vkey: logSigner('KZ').vkey, from: 10 },
    ],
  };
  expect(await shows(note + (await cosign(nodeCrypto, parseNote(note).text, 1n, own)), keys)).toBeUndefined();
});
