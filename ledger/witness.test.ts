import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { formatAddCheckpoint } from '../log/add-checkpoint.ts';
import { formatCheckpoint } from '../log/checkpoint.ts';
import { cosignaturesOf } from '../log/cosignature.ts';
import { appendLeaf, type Edge, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { ED25519_COSIGNATURE, formatSignature, parseNote, signNote } from '../log/note.ts';
import { TileReader } from '../log/tile.ts';
import { makeSigner, ORIGIN } from '../test/ledger.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { concat, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { auditMirror } from './audit.ts';
import { Mirrors } from './mirror.ts';
import { Witness, type WitnessOptions } from './witness.ts';
import { PostgresWitnessStore } from './witness-store.ts';

const log = makeSigner(ORIGIN);
const witnessKey = makeSigner('demo.bb.dostyk/witness', ED25519_COSIGNATURE);
const entries = Array.from({ length: 600 }, (_, i) => nodeCrypto.sha256(utf8(`entry ${i}`)));
const leaves = entries.map((entry) => leafHash(nodeCrypto, entry));
const edgeAt = (size: number): Edge =>
  leaves.slice(0, size).reduce((edge, leaf) => appendLeaf(nodeCrypto, edge, leaf), EMPTY_EDGE);
const noteAt = (size: number, signer = log, root = edgeRoot(nodeCrypto, edgeAt(size))): Promise<string> =>
  signNote(nodeCrypto, formatCheckpoint({ origin: ORIGIN, size: BigInt(size), root }), [signer]);
const proofFrom = (old: number, size: number): Promise<Uint8Array[]> =>
  new TileReader(nodeCrypto, BigInt(size), ({ level, n, width }) => {
    if (level === 0) return concat(...leaves.slice(Number(n) * 256, Number(n) * 256 + width));
    return concat(
      ...Array.from({ length: width }, (_, i) =>
        edgeRoot(
          nodeCrypto,
          leaves.slice(i * 256, i * 256 + 256).reduce((edge, leaf) => appendLeaf(nodeCrypto, edge, leaf), EMPTY_EDGE),
        ),
      ),
    );
  }).consistencyProof(BigInt(old));

let database: TestDatabase;
const advanced: bigint[] = [];
async function makeWitness(change: Partial<WitnessOptions> = {}): Promise<Witness> {
  database = await testDatabase(['ledger']);
  advanced.length = 0;
  return new Witness({
    store: new PostgresWitnessStore(database.sql),
    crypto: nodeCrypto,
    clock: () => new Date('2026-06-11T00:00:00Z'),
    signer: witnessKey,
    logs: new Map([[ORIGIN, { keys: [log.vkey], keysAt: () => [log.vkey] }]]),
    onAdvanced: (_, size) => void advanced.push(size),
    ...change,
  });
}
afterEach(() => database.drop());

const ask = async (witness: Witness, oldSize: number, size: number, note?: string, proof?: Uint8Array[]) =>
  witness.addCheckpoint(
    formatAddCheckpoint({
      oldSize: BigInt(oldSize),
      proof: proof ?? (await proofFrom(Math.min(oldSize, size), size)),
      note: note ?? (await noteAt(size)),
    }),
  );

describe('add-checkpoint', () => {
  test('cosigns what is consistent, and the cosignature verifies', async () => {
    const witness = await makeWitness();
    expect(await witness.held(toHex(nodeCrypto.sha256(utf8(ORIGIN))))).toBeUndefined();
    for (const [old, size] of [
      [0, 0],
      [0, 5],
      [5, 5],
      [5, 300],
      [300, 600],
    ] as const) {
      const answer = await ask(witness, old, size);
      expect(answer.status, `${old} to ${size}: ${answer.body}`).toBe(200);
      const found = await cosignaturesOf(nodeCrypto, parseNote((await noteAt(size)) + answer.body), [
        { member: 'BB', vkey: witnessKey.vkey },
      ]);
      expect(found.map(({ member, time }) => [member, time])).toEqual([['BB', 1781136000n]]);
    }
    expect(advanced).toEqual([0n, 5n, 5n, 300n, 600n]);
    expect(await witness.held(toHex(nodeCrypto.sha256(utf8(ORIGIN))))).toBe(await noteAt(600));
    expect(await witness.held('00')).toBeUndefined();
  });

  test('declines with the status that C2SP names, and keeps what it held', async () => {
    const witness = await makeWitness();
    await ask(witness, 0, 300);
    const foreign = makeSigner(ORIGIN);
    const cases: [string, Promise<{ status: number; contentType: string; body: string }>, number][] = [
      ['bad form', witness.addCheckpoint('old x\n\n'), 400],
      ['old beyond the checkpoint', ask(witness, 400, 300), 400],
      ['a signature of nobody known', ask(witness, 300, 600, await noteAt(600, foreign)), 403],
      [
        'a known key whose signature fails',
        ask(witness, 300, 600, (await noteAt(600)).replace(/^(.*)\n600\n/, '$1\n599\n')),
        403,
      ],
      ['an unknown log', ask(witness, 0, 5, (await noteAt(5)).replaceAll(ORIGIN, 'demo.zz.dostyk/log')), 404],
      ['another size than held', ask(witness, 5, 600), 409],
      ['a wrong proof', ask(witness, 300, 600, undefined, [nodeCrypto.sha256(utf8('x'))]), 422],
      ['no proof', ask(witness, 300, 600, undefined, []), 422],
      [
        'the same size with another root',
        ask(witness, 300, 300, await noteAt(300, log, nodeCrypto.sha256(utf8('other'))), []),
        422,
      ],
    ];
    for (const [name, answer, status] of cases) expect([name, (await answer).status]).toEqual([name, status]);
    const conflict = await ask(witness, 5, 600);
    expect([conflict.contentType, conflict.body]).toEqual(['text/x.tlog.size', '300\n']);
    expect(await witness.held(toHex(nodeCrypto.sha256(utf8(ORIGIN))))).toBe(await noteAt(300));
    const empty = await makeWitness();
    expect((await ask(empty, 0, 0, await noteAt(0, log, nodeCrypto.sha256(utf8('x'))), [])).status).toBe(422);
    expect((await ask(empty, 0, 5, undefined, [nodeCrypto.sha256(utf8('x'))])).status).toBe(422);
  });

  test('of a note nothing is kept or passed on but the log’s own signature', async () => {
    const shown: (readonly [string, string])[] = [];
    const witness = await makeWitness({ onFork: (_, held, other) => void shown.push([held, other]) });
    // Proofs of two histories must stay of a size that everybody takes.
    const padding = Array.from({ length: 60 }, (_, i) =>
      formatSignature({
        name: `${ORIGIN}/${'x'.repeat(400)}`,
        id: Uint8Array.of(i, 0, 0, 0),
        signature: Uint8Array.of(1),
      }),
    ).join('');
    const other = await noteAt(5, log, nodeCrypto.sha256(utf8('fork')));
    expect((await ask(witness, 0, 5, (await noteAt(5)) + padding)).status).toBe(200);
    expect((await ask(witness, 5, 5, other + padding, [])).status).toBe(422);
    expect((await witness.state(ORIGIN))?.note).toBe(await noteAt(5));
    expect(shown).toEqual([[await noteAt(5), other]]);
  });

  test('cosigns nothing of a log that is frozen, closed there, or of which it does not know what it cosigned', async () => {
    const frozen = await makeWitness({ isFrozen: (origin) => origin === ORIGIN });
    expect((await ask(frozen, 0, 5)).status).toBe(403);
    await database.drop();
    const unknown = await makeWitness({ closedAtFirst: true });
    expect((await ask(unknown, 0, 5)).status).toBe(503);
    unknown.open(ORIGIN);
    expect((await ask(unknown, 0, 5)).status).toBe(200);
    await database.drop();
    const closed = await makeWitness({
      logs: new Map([[ORIGIN, { keys: [log.vkey], keysAt: () => [log.vkey], closed: 300n }]]),
    });
    expect((await ask(closed, 0, 300)).status).toBe(200);
    expect((await ask(closed, 300, 301)).status).toBe(403);
    await database.drop();
    const cut = await makeWitness({
      logs: new Map([[ORIGIN, { keys: [log.vkey], keysAt: (size) => (size <= 300n ? [log.vkey] : []) }]]),
    });
    expect((await ask(cut, 0, 300)).status).toBe(200);
    expect((await ask(cut, 300, 301)).status).toBe(403);
  });

  test('what is about to be cosigned is marked before the signature is made', async () => {
    const marks: bigint[] = [];
    const witness = await makeWitness({
      onKept: (_, size) => void marks.push(size),
      signer: {
        vkey: witnessKey.vkey,
        sign: (bytes) => {
          expect(marks).toEqual([5n]);
          return witnessKey.sign(bytes);
        },
      },
    });
    expect((await ask(witness, 0, 5)).status).toBe(200);
    expect((await ask(witness, 0, 300)).status).toBe(409);
    expect(marks).toEqual([5n]);
  });

  test('of two simultaneous histories one wins', async () => {
    const witness = await makeWitness();
    await ask(witness, 0, 5);
    const other = await noteAt(300, log, nodeCrypto.sha256(utf8('fork')));
    const answers = await Promise.all([
      ask(witness, 5, 300),
      ask(witness, 5, 300, other),
      ask(witness, 5, 600),
      ask(witness, 5, 300),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('mirrors', () => {
  test('take over what recomputes to the signed root, in any pieces', async () => {
    database = await testDatabase(['ledger']);
    const mirrors = new Mirrors(database.sql, nodeCrypto);
    const fetch = (step: number) => async (from: bigint) => entries.slice(Number(from), Number(from) + step);
    expect(await mirrors.extend(ORIGIN, await noteAt(10), [log.vkey], fetch(3))).toBe(10n);
    expect(await mirrors.extend(ORIGIN, await noteAt(600), [log.vkey], fetch(256))).toBe(600n);
    expect(await mirrors.extend(ORIGIN, await noteAt(300), [log.vkey], fetch(1))).toBe(600n);
    expect(toHex((await mirrors.commitments(ORIGIN, [599n])).get(599n)!)).toBe(toHex(entries[599]!));
  });

  test('taken over twice at once are one; of two histories at once one is refused, and they do not mix', async () => {
    database = await testDatabase(['ledger']);
    const mirrors = new Mirrors(database.sql, nodeCrypto);
    const slowly = (from: readonly Uint8Array[]) => async (index: bigint) => {
      await delay(30);
      return from.slice(Number(index));
    };
    const same = await Promise.all(
      [10, 10, 20].map(async (size) => mirrors.extend(ORIGIN, await noteAt(size), [log.vkey], slowly(entries))),
    );
    expect(same.map(Number)).toSatisfy((sizes: number[]) => sizes[2] === 20 && sizes.every((size) => size >= 10));
    const fork = entries.map((entry, i) => (i < 20 ? entry : nodeCrypto.sha256(entry)));
    const forked = edgeRoot(
      nodeCrypto,
      fork.slice(0, 40).reduce((edge, entry) => appendLeaf(nodeCrypto, edge, leafHash(nodeCrypto, entry)), EMPTY_EDGE),
    );
    const outcomes = await Promise.allSettled([
      mirrors.extend(ORIGIN, await noteAt(30), [log.vkey], slowly(entries)),
      mirrors.extend(ORIGIN, await noteAt(40, log, forked), [log.vkey], slowly(fork)),
    ]);
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
    const { findings } = await auditMirror(database.sql, nodeCrypto, { origin: ORIGIN, logKeys: [log.vkey] });
    expect(findings).toEqual([]);
  });

  test('keep nothing of what does not', async () => {
    database = await testDatabase(['ledger']);
    const mirrors = new Mirrors(database.sql, nodeCrypto);
    const wrong = entries.map((entry, i) => (i === 7 ? nodeCrypto.sha256(entry) : entry));
    await expect(
      mirrors.extend(ORIGIN, await noteAt(10), [log.vkey], async (from) => wrong.slice(Number(from))),
    ).rejects.toMatchObject({ code: 'mirror-mismatch' });
    await expect(mirrors.extend(ORIGIN, await noteAt(10), [log.vkey], async () => [])).rejects.toMatchObject({
      code: 'mirror-mismatch',
    });
    await expect(
      mirrors.extend(ORIGIN, await noteAt(10), [log.vkey], async () => [new Uint8Array(31)]),
    ).rejects.toMatchObject({ code: 'mirror-mismatch' });
    await expect(
      mirrors.extend(ORIGIN, await noteAt(10, makeSigner(ORIGIN)), [log.vkey], async () => entries),
    ).rejects.toMatchObject({ code: 'checkpoint-unsigned' });
    expect(await mirrors.size(ORIGIN)).toBe(0n);
    expect(await database.sql`SELECT 1 FROM ledger.mirror_entry`).toEqual([]);
  });
});
