import { expect, test } from 'vitest';
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
  rootOf,
  sendTo,
} from '../test/peers.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { assertNothingAhead } from './start-up.ts';

/** Who must answer before a log is made longer, and what each answer means. */

const entries = entriesNamed('entry', 12);
const others = MEMBERS.filter((code) => code !== 'KZ');
const away: Answers = () => 'away';
const nothing: Answers = () => undefined;

interface Given {
  readonly size?: number | (() => number);
  readonly mark?: bigint | undefined;
  readonly absent?: readonly string[];
  readonly keys?: Readonly<Record<string, readonly LogKey[]>>;
}

/** @returns 'open', the code of the refusal, or 'waiting' after two rounds */
async function start(answers: Readonly<Record<string, Answers>>, given: Given = {}): Promise<string> {
  const registry = offlineRegistry(given.keys);
  const stop = new Error('waiting');
  const size = async () => BigInt(typeof given.size === 'function' ? given.size() : (given.size ?? 10));
  let rounds = 0;
  return assertNothingAhead({
    log: registry.getMember('KZ').log,
    crypto: nodeCrypto,
    size,
    rootAt: async (upTo) => rootOf(entries.slice(0, Number(upTo))),
    highWater: 'mark' in given ? given.mark : await size(),
    others: registry.others('KZ'),
    absent: given.absent ?? [],
    signal: new AbortController().signal,
    send: sendTo(answers),
    pause: async () => {
      if (++rounds === 2) throw stop;
    },
  }).then(
    () => 'open',
    (error: unknown) => (error === stop ? 'waiting' : (error as { code: string }).code),
  );
}

const all = (answer: Answers, change: Readonly<Record<string, Answers>> = {}) => ({
  ...Object.fromEntries(others.map((code) => [code, answer])),
  ...change,
});

test('two must answer where the mark is there and not ahead; that nothing is held is an answer', async () => {
  const holds = holding('KZ', { witness: await noteOf('KZ', entries.slice(0, 10)) });
  expect(await start(all(away, { CN: holds }))).toBe('waiting');
  expect(await start(all(away, { CN: holds, TJ: nothing }))).toBe('open');
  expect(await start(all(away, { CN: holds, TJ: () => 500 }))).toBe('waiting');
  expect(await start(all(away, { CN: holds, TJ: () => 'no checkpoint' }))).toBe('waiting');
  expect(await start(all(away, { CN: holds }), { absent: ['KG', 'TJ', 'TM', 'UZ'] })).toBe('open');
});

test('all must answer where the mark is missing or ahead, but those that are named as absent', async () => {
  const four = all(nothing, { UZ: away });
  for (const mark of [undefined, 11n]) {
    expect(await start(four, { mark })).toBe('waiting');
    expect(await start(all(nothing), { mark })).toBe(mark === undefined ? 'open' : 'log-behind');
    expect(await start(four, { mark, absent: ['UZ'] })).toBe(mark === undefined ? 'open' : 'log-behind');
  }
  expect(await start(all(away, { CN: nothing, KG: nothing }), { mark: 10n })).toBe('open');
});

test('one that holds more, or another root at any size, keeps the log from being made longer', async () => {
  const shows = async (of: readonly Uint8Array[]) => ({ CN: holding('KZ', { witness: await noteOf('KZ', of) }) });
  expect(await start(all(nothing, await shows(entries.slice(0, 11))))).toBe('log-behind');
  const other = entriesNamed('other', 10);
  expect(await start(all(nothing, await shows(other)))).toBe('log-diverged');
  expect(await start(all(nothing, await shows([...entries.slice(0, 3), ...other].slice(0, 4))))).toBe('log-diverged');
  // What another log, or no key of this one, signed is no answer.
  const stranger = await noteOf('KZ', entries, makeSigner(originOf('KZ')));
  const foreign = await noteOf('UZ', entries);
  for (const witness of [stranger, foreign])
    expect(await start(all(away, { CN: nothing, KG: holding('KZ', { witness }) }))).toBe('waiting');
  // Nor what is of another log, whose key would be listed here.
  const both = { KZ: ['KZ', 'UZ'].map((code) => ({ vkey: logSigner(code).vkey, from: 0 })) };
  const shown = { CN: nothing, KG: holding('KZ', { witness: foreign }) };
  expect(await start(all(away, shown), { keys: both })).toBe('waiting');
});

test('what a stolen key signed beyond where it was cut off keeps nobody from starting', async () => {
  const thief = makeSigner(originOf('KZ'));
  const keys = {
    KZ: [
      { vkey: thief.vkey, from: 0, until: 10 },
      { vkey: logSigner('KZ').vkey, from: 10 },
    ],
  };
  const beyond = holding('KZ', { witness: await noteOf('KZ', entriesNamed('forged', 11), thief) });
  expect(await start(all(nothing, { CN: beyond }), { keys })).toBe('open');
  // Also where all others hold nothing else: a log whose key was replaced waits for nobody.
  expect(await start(all(beyond), { keys })).toBe('open');
  const within = holding('KZ', { witness: await noteOf('KZ', entriesNamed('forged', 10), thief) });
  expect(await start(all(nothing, { CN: within }), { keys })).toBe('log-diverged');
});

test('another process that makes the log longer meanwhile is no lost end', async () => {
  let size = 10;
  const grows: Answers = (path) => {
    size = 12;
    return holding('KZ', { witness: longer })(path);
  };
  const longer = await noteOf('KZ', entries);
  expect(await start(all(grows), { size: () => size, mark: 10n })).toBe('open');
});
