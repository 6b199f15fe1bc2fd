import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ED25519,
  ED25519_COSIGNATURE,
  formatSignature,
  formatVkey,
  parseNote,
  parseVkey,
  signNote,
} from '../log/note.ts';
import { entryOf, RegistryHand } from '../test/registry.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { makeDemo } from './genesis.ts';
import { makeKey, signerOf } from './keys.ts';
import { keysAt, openRegistry, parseDocument, type RegistryDocument, type RegistryVersion } from './registry.ts';
import { mergeRegistries } from './registry-merge.ts';
import { missingOf, stepOf } from './registry-step.ts';

/** The registry over time: who may do what alone, what the others do, and how every node comes to the same. */

const ALL = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'];
const without = (...codes: string[]) => ALL.filter((code) => !codes.includes(code));
const top = mkdtempSync(join(tmpdir(), 'dostyk-life-'));
let genesis: string;
let hand: RegistryHand;
let first: RegistryVersion;
beforeAll(async () => {
  const directory = join(top, 'demo');
  genesis = await makeDemo({ directory, basePort: 7000, random: nodeRandom, now: new Date('2026-06-11T00:00:00Z') });
  hand = new RegistryHand(directory);
  first = hand.version(1);
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const open = (...versions: RegistryVersion[]) => openRegistry(nodeCrypto, versions, genesis);
const newMemberKey = (code: string) => makeKey(`demo.${code.toLowerCase()}.dostyk/member`, ED25519, nodeRandom);
const kindOf = (a: RegistryVersion, b: RegistryVersion) => stepOf(parseDocument(a.json), parseDocument(b.json)).kind;
const move = (code: string, port: number) => (document: RegistryDocument) => {
  entryOf(document, code).address = `http://127.0.0.1:${port}`;
};

/** Holds with these signatures, and with any one fewer does not. */
async function needsExactly(change: (document: RegistryDocument) => void, signers: string[], before = [first]) {
  const last = before.at(-1) ?? first;
  const whole = await hand.next(last, change, signers);
  expect((await open(...before, whole)).document.version).toBe(before.length + 1);
  for (const missing of signers) {
    const short = await hand.next(last, change, [...signers.filter((one) => one !== missing)]);
    await expect(open(...before, short), `without ${missing}`).rejects.toMatchObject({ code: expect.any(String) });
  }
  return whole;
}

describe('who must sign', () => {
  test('its own entry, a member alone: address, keys, authorities', async () => {
    const next = await needsExactly(move('KZ', 9000), ['KZ']);
    expect(kindOf(first, next)).toBe('own-entry');
    // Five others can't do it to it.
    await expect(open(first, await hand.next(first, move('KZ', 9000), without('KZ')))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
  });

  test('a lost or stolen member key: the five others, and not its holder', async () => {
    const key = newMemberKey('KZ');
    const change = (document: RegistryDocument) => {
      entryOf(document, 'KZ').memberKey = key.vkey;
    };
    const next = await needsExactly(change, without('KZ'));
    expect(kindOf(first, next)).toBe('member-key');
    await expect(open(first, await hand.next(first, change, ['KZ']))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    // It can't lend that step its weight later either.
    await expect(open(first, await hand.next(first, change, ALL))).rejects.toMatchObject({ code: 'registry-invalid' });
    // The old key changes nothing any more, the new one does.
    await expect(open(first, next, await hand.next(next, move('KZ', 9000), ['KZ']))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    const after = await hand.next(next, move('KZ', 9000), [signerOf(key)]);
    expect((await open(first, next, after)).getMember('KZ').address).toBe('http://127.0.0.1:9000');
    // With anything else besides it is everyone's.
    const more = (document: RegistryDocument) => {
      change(document);
      move('KZ', 9000)(document);
    };
    await expect(open(first, await hand.next(first, more, without('KZ')))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
  });

  test('a log that is closed: the five others; a log that follows: its member and three of them', async () => {
    const close = (document: RegistryDocument) => {
      entryOf(document, 'KZ').log.closed = { size: 40, reason: 'Two histories were seen from size 40 on.' };
    };
    const closed = await needsExactly(close, without('KZ'));
    expect(kindOf(first, closed)).toBe('log-closed');
    // Closed is all that the others may do to it.
    const rekey = (document: RegistryDocument) => {
      close(document);
      entryOf(document, 'KZ').log.keys = [{ vkey: makeKey('demo.kz.dostyk/log', ED25519, nodeRandom).vkey, from: 0 }];
    };
    await expect(open(first, await hand.next(first, rekey, without('KZ')))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    // The member can't close, open or move it by itself.
    await expect(open(first, await hand.next(first, close, ['KZ']))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    const reopen = (document: RegistryDocument) => {
      delete entryOf(document, 'KZ').log.closed;
    };
    await expect(open(first, closed, await hand.next(closed, reopen, ['KZ']))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    const key = makeKey('demo.kz.dostyk/log2', ED25519, nodeRandom);
    const follow = (document: RegistryDocument) => {
      const entry = entryOf(document, 'KZ');
      entry.earlierLogs = [entry.log];
      entry.log = {
        origin: 'demo.kz.dostyk/log2',
        keys: [{ vkey: key.vkey, from: 0 }],
        explanation: 'A backup of the third of June was restored and signed again.',
      };
    };
    const followed = await needsExactly(follow, ['KZ', 'CN', 'TJ', 'UZ'], [first, closed]);
    const step = stepOf(parseDocument(closed.json), parseDocument(followed.json));
    const lacks = (...signed: string[]) =>
      missingOf(step, (vkey) => signed.some((member) => hand.signer(member).vkey === vkey));
    expect(lacks()).toEqual({ members: ['KZ'], besides: { count: 3, of: without('KZ') } });
    expect(lacks('KZ', 'CN')).toEqual({ members: [], besides: { count: 2, of: without('KZ', 'CN') } });
    expect(lacks('KZ', 'CN', 'TJ', 'UZ')).toEqual({ members: [] });
    expect(kindOf(closed, followed)).toBe('log-succeeded');
    const registry = await open(first, closed, followed);
    expect(registry.memberOfLog('demo.kz.dostyk/log')?.code).toBe('KZ');
    expect(registry.view.logOf('demo.kz.dostyk/log')).toMatchObject({ member: 'KZ', closed: 40n });
    expect(registry.view.logOf('demo.kz.dostyk/log2')).not.toHaveProperty('closed');
    // Without its word of explanation, or from a log that is open, nobody goes on elsewhere.
    const silent = (document: RegistryDocument) => {
      follow(document);
      delete entryOf(document, 'KZ').log.explanation;
    };
    await expect(open(first, closed, await hand.next(closed, silent, ['KZ', 'CN', 'TJ', 'UZ']))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    await expect(open(first, await hand.next(first, follow, ['KZ', 'CN', 'TJ', 'UZ']))).rejects.toMatchObject({
      code: 'registry-invalid',
    });
    // The past is not told anew on the way, nor anything else changed; and not by the member alone afterwards.
    const longer = (document: RegistryDocument) => {
      for (const { closed: end } of entryOf(document, 'KZ').earlierLogs ?? []) if (end !== undefined) end.size = 50;
    };
    // Nor by everyone: an earlier log that is open, or a key of it in the new one under the new name.
    const endless = (document: RegistryDocument) => {
      for (const log of entryOf(document, 'KZ').earlierLogs ?? []) delete log.closed;
    };
    const reuse = (document: RegistryDocument) => {
      const { log, earlierLogs = [] } = entryOf(document, 'KZ');
      const { publicKey } = parseVkey(nodeCrypto, earlierLogs[0]?.keys[0]?.vkey ?? '');
      log.keys = [{ vkey: formatVkey(nodeCrypto, log.origin, ED25519, publicKey), from: 0 }];
    };
    for (const [change, signers] of [
      [longer, ['KZ', 'CN', 'TJ', 'UZ']],
      [move('KZ', 9000), ['KZ', 'CN', 'TJ', 'UZ']],
      [endless, ALL],
      [reuse, ['KZ', 'CN', 'TJ', 'UZ']],
    ] as const)
      await expect(
        open(
          first,
          closed,
          await hand.next(
            closed,
            (document) => {
              follow(document);
              change(document);
            },
            signers,
          ),
        ),
      ).rejects.toMatchObject({ code: 'registry-invalid' });
    const explain = (document: RegistryDocument) => {
      entryOf(document, 'KZ').log.explanation = 'Nothing happened.';
    };
    for (const change of [longer, explain])
      await expect(open(first, closed, followed, await hand.next(followed, change, ['KZ']))).rejects.toMatchObject({
        code: 'registry-invalid',
      });
  });

  test('a seventh joins: all six, and itself; a member leaves: all six; a quorum: all six', async () => {
    const keys = {
      member: newMemberKey('AD'),
      log: makeKey('demo.ad.dostyk/log', ED25519, nodeRandom),
      witness: makeKey('demo.ad.dostyk/witness', ED25519_COSIGNATURE, nodeRandom),
      node: makeKey('demo.ad.dostyk/node', ED25519, nodeRandom),
    };
    const join = (document: RegistryDocument) => {
      const pattern = entryOf(document, 'KZ');
      document.members.unshift({
        ...pattern,
        code: 'AD',
        memberKey: keys.member.vkey,
        log: { origin: 'demo.ad.dostyk/log', keys: [{ vkey: keys.log.vkey, from: 0 }] },
        witness: { keys: [{ vkey: keys.witness.vkey, from: { 'demo.kz.dostyk/log': 70 } }] },
        node: { keys: [{ vkey: keys.node.vkey, from: 0 }] },
        authorities: [],
        posts: [],
      });
      document.quorum = 5;
      document.earlierQuorums = [{ quorum: 4, below: { 'demo.kz.dostyk/log': 70 } }];
    };
    const self = signerOf(keys.member);
    const joined = await hand.next(first, join, [...ALL, self]);
    const registry = await open(first, joined);
    expect(registry.others('KZ').map(({ code }) => code)).toEqual(['AD', 'CN', 'KG', 'TJ', 'TM', 'UZ']);
    for (const signers of [ALL, [...without('TM'), self]])
      await expect(open(first, await hand.next(first, join, signers))).rejects.toMatchObject({
        code: 'registry-invalid',
      });
    // What was final stays final: the old quorum and the old witnesses below the size, the new ones from there on.
    const log = 'demo.kz.dostyk/log';
    expect([registry.quorumOf(log, 69n), registry.quorumOf(log, 70n)]).toEqual([4, 5]);
    expect(registry.witnessesOf(log, 69n).map(({ member }) => member)).toEqual(without('KZ'));
    expect(registry.witnessesOf(log, 70n).map(({ member }) => member)).toEqual(['AD', ...without('KZ')]);

    const leave = (document: RegistryDocument) => {
      const entry = entryOf(document, 'TM');
      entry.log.closed = { size: 12, reason: 'The member leaves.' };
      entry.left = '2026-11-01T00:00:00.000Z';
      entry.witness.keys = entry.witness.keys.map((key) => ({ ...key, below: { [log]: 90 } }));
    };
    const left = await hand.next(joined, leave, [...ALL, self]);
    const after = await open(first, joined, left);
    expect(after.members.map(({ code }) => code)).toEqual(['AD', ...without('TM')]);
    expect(after.getMember('TM').left).toBeDefined();
    expect(after.view.logOf('demo.tm.dostyk/log')).toMatchObject({ member: 'TM', closed: 12n });
    expect(after.witnessesOf(log, 89n).map(({ member }) => member)).toContain('TM');
    expect(after.witnessesOf(log, 90n).map(({ member }) => member)).not.toContain('TM');
    // Nor on a log that there was not yet, and which the cut-off can't name.
    expect(after.witnessesOf('demo.kz.dostyk/log2', 5n).map(({ member }) => member)).not.toContain('TM');
    const cosigning = (document: RegistryDocument) => {
      leave(document);
      for (const key of entryOf(document, 'TM').witness.keys) delete key.below;
    };
    const speaking = (document: RegistryDocument) => {
      leave(document);
      delete entryOf(document, 'TM').log.closed;
    };
    for (const change of [cosigning, speaking])
      await expect(open(first, joined, await hand.next(joined, change, [...ALL, self]))).rejects.toMatchObject({
        code: 'registry-invalid',
      });
    // Who has left has no entry of its own to change, and does not come back alone.
    const back = (document: RegistryDocument) => {
      delete entryOf(document, 'TM').left;
    };
    for (const change of [move('TM', 9000), back])
      await expect(open(first, joined, left, await hand.next(left, change, ['TM']))).rejects.toMatchObject({
        code: 'registry-invalid',
      });
    // Nobody is put out by the others, and nobody slips away alone.
    for (const signers of [[...without('TM'), self], ['TM']])
      await expect(open(first, joined, await hand.next(joined, leave, signers))).rejects.toMatchObject({
        code: 'registry-invalid',
      });
    await needsExactly((document) => {
      document.quorum = 3;
    }, ALL);
  });
});

test('a key that was cut off holds for the sizes up to there', async () => {
  const key = makeKey('demo.kz.dostyk/log', ED25519, nodeRandom);
  const next = await hand.next(
    first,
    (document) => {
      const { log } = entryOf(document, 'KZ');
      log.keys = [
        { ...(log.keys[0] ?? { vkey: '', from: 0 }), until: 100 },
        { vkey: key.vkey, from: 80 },
      ];
    },
    ['KZ'],
  );
  const { log } = (await open(first, next)).getMember('KZ');
  const old = log.keys[0]?.vkey ?? '';
  expect([79n, 80n, 100n, 101n].map((size) => keysAt(log, size))).toEqual([
    [old],
    [old, key.vkey],
    [old, key.vkey],
    [key.vkey],
  ]);
});

test('what was said under a version is judged by that version', async () => {
  const next = await hand.next(
    first,
    (document) => {
      for (const authority of entryOf(document, 'KZ').authorities) authority.mandates = [];
    },
    ['KZ'],
  );
  const { view } = await open(first, next);
  expect(view.hasMandate('KZ', 'kz.customs', 'decide')).toBe(false);
  expect(view.at(2)?.hasMandate('KZ', 'kz.customs', 'decide')).toBe(false);
  expect(view.at(1)?.hasMandate('KZ', 'kz.customs', 'decide')).toBe(true);
  expect(view.at(3)).toBeUndefined();
});

describe('two versions in flight', () => {
  const merge = (mine: RegistryVersion[], theirs: RegistryVersion[]) =>
    mergeRegistries(nodeCrypto, genesis, mine, theirs);

  test('the longer chain where one goes on from the other', async () => {
    const next = await hand.next(first, move('KZ', 9000), ['KZ']);
    expect(await merge([first], [first, next])).toMatchObject({ changed: true });
    expect(await merge([first, next], [first])).toMatchObject({ changed: false });
    expect((await merge([first, next], [first])).contested).toBeUndefined();
    expect(await merge([], [first])).toMatchObject({ changed: true });
  });

  test('of two with one number every node takes the same, in whatever order it hears of them', async () => {
    const replace = (document: RegistryDocument) => {
      entryOf(document, 'KZ').memberKey = newMemberKey('KZ').vkey;
    };
    const stolen = await hand.next(first, move('KZ', 9999), ['KZ']);
    const chains = [
      [first, await hand.next(first, move('UZ', 9001), ['UZ'])],
      [first, await hand.next(first, move('TJ', 9002), ['TJ'])],
      [first, stolen],
      [first, stolen, await hand.next(stolen, move('KZ', 9998), ['KZ'])],
      [first, await hand.next(first, replace, without('KZ'))],
    ];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(chains, { minLength: chains.length }), async (order) => {
        let mine = [first];
        for (const theirs of order) mine = [...(await merge(mine, theirs)).registry.versions];
        expect(mine.at(-1)?.note).toBe(chains.at(-1)?.at(-1)?.note);
      }),
      { numRuns: 12 },
    );
  });

  test('any two chains stand in one order, whichever way they part: no three go round in a circle', async () => {
    const hash = ({ note }: RegistryVersion) => toHex(nodeCrypto.sha256(utf8(note)));
    /** Signed alone, with a lower hash than another. */
    const below = async (other: RegistryVersion, before: RegistryVersion, code: string): Promise<RegistryVersion> => {
      for (let port = 9100; ; port++) {
        const made = await hand.next(before, move(code, port), [code]);
        if (hash(made) < hash(other)) return made;
      }
    };
    const x = await hand.next(first, move('KZ', 9001), ['KZ']);
    const z = await below(x, first, 'CN');
    // More members signed a, but the hash is for b; and before both comes z.
    const a = await hand.next(x, move('TJ', 9002), ['TJ']);
    const b = await below(a, x, 'KZ');
    const signed = await hand.next(x, move('UZ', 9003), ['UZ', 'TM']);
    const chains = [[x], [z], [x, a], [x, b], [x, signed], [z, await hand.next(z, move('UZ', 9004), ['UZ'])]].map(
      (versions) => [first, ...versions],
    );
    const wins = new Map(chains.map((chain) => [chain, 0]));
    for (const [i, a] of chains.entries())
      for (const b of chains.slice(i + 1)) {
        const { registry, changed } = await merge(a, b);
        expect((await merge(b, a)).registry.versions.at(-1)).toEqual(registry.versions.at(-1));
        const winner = changed ? b : a;
        wins.set(winner, (wins.get(winner) ?? 0) + 1);
      }
    // One order: the last wins none, the next one, and so on.
    expect([...wins.values()].sort((a, b) => a - b)).toEqual(chains.map((_, i) => i));
  });

  test('of two of one kind that which more members signed', async () => {
    const alone = [first, await hand.next(first, move('KZ', 9200), ['KZ'])];
    const two = await hand.next(first, move('KZ', 9201), ['KZ', 'UZ']);
    for (const on of [
      [first, two],
      [first, two, await hand.next(two, move('KZ', 9202), ['KZ'])],
    ]) {
      expect(await merge(alone, on)).toMatchObject({ changed: true });
      expect(await merge(on, alone)).toMatchObject({ changed: false });
    }
  });

  test('without a key nobody makes another note of a version: signatures stand once each, in order, and no others', async () => {
    const { note, json } = await hand.next(first, move('KZ', 9300), ['CN', 'KZ']);
    await open(first, { note, json });
    const { text, signatures } = parseNote(note);
    const [one, two] = signatures.map((signature) => formatSignature(signature));
    const stranger = parseNote(await signNote(nodeCrypto, text, [signerOf(newMemberKey('KZ'))])).signatures;
    for (const lines of [`${two}${one}`, `${one}${one}${two}`, `${one}${two}${stranger.map(formatSignature).join('')}`])
      await expect(open(first, { note: `${text}\n${lines}`, json })).rejects.toMatchObject({
        code: 'registry-invalid',
      });
  });

  test('two that everyone signed are told of every member', async () => {
    const quorum = (count: number) => hand.next(first, (document) => void (document.quorum = count), ALL);
    const { contested } = await merge([first, await quorum(3)], [first, await quorum(5)]);
    expect(contested).toEqual({ version: 2, members: ALL });
  });

  test('who stole a key can’t undo the step that took it away, however much it signs', async () => {
    const key = newMemberKey('KZ');
    const replaced = await hand.next(
      first,
      (document) => {
        entryOf(document, 'KZ').memberKey = key.vkey;
      },
      without('KZ'),
    );
    let thief = [first];
    for (let i = 0; i < 5; i++)
      thief = [...thief, await hand.next(thief.at(-1) ?? first, move('KZ', 9000 + i), ['KZ'])];
    const kept = await merge([first, replaced], thief);
    expect(kept).toMatchObject({ changed: false, contested: { version: 2, members: ['KZ'] } });
    expect(await merge(thief, [first, replaced])).toMatchObject({ changed: true });
    // Nor where that step came later, and however many sign with it.
    const other = await hand.next(first, move('UZ', 9001), ['UZ']);
    const late = await hand.next(
      other,
      (document) => void (entryOf(document, 'KZ').memberKey = key.vkey),
      without('KZ'),
    );
    const helped = [first, await hand.next(first, move('KZ', 9002), ['KZ', 'CN'])];
    expect(await merge(helped, [first, other, late])).toMatchObject({ changed: true });
    expect(await merge([first, other, late], helped)).toMatchObject({ changed: false });
  });

  test('a chain that is none changes nothing', async () => {
    const unsigned = await hand.next(first, move('KZ', 9000), ['UZ']);
    await expect(merge([first], [first, unsigned])).rejects.toMatchObject({ code: 'registry-invalid' });
    await expect(merge([first], [])).rejects.toMatchObject({ code: 'registry-invalid' });
  });
});
