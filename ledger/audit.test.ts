import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { auditRemote } from '../log/audit.ts';
import { formatCheckpoint } from '../log/checkpoint.ts';
import { cosign } from '../log/cosignature.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { ED25519_COSIGNATURE, parseNote, signNote } from '../log/note.ts';
import type { Sql } from '../storage/connection.ts';
import {
  auditOf,
  freshDatabase,
  ledgerOptions,
  makeSigner,
  ORIGIN,
  openLedger,
  record,
  signedAll,
  signer,
} from '../test/ledger.ts';
import { type TestDatabase, testDatabase } from '../test/postgres.ts';
import { utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { auditMirror, auditOwn } from './audit.ts';
import { Ledger } from './ledger.ts';
import { Mirrors } from './mirror.ts';
import { SlipChain } from './slip-chain.ts';
import { TileSource } from './tiles.ts';

const witness = makeSigner('demo.bb.dostyk/witness', ED25519_COSIGNATURE);
const witnesses = [{ member: 'BB', vkey: witness.vkey }];
const keys = { origin: ORIGIN, logKeys: [signer.vkey], witnessesOf: () => witnesses };

/** A log of 300 records for two members with their slips, its last checkpoint cosigned by one witness. */
async function written(): Promise<TestDatabase> {
  const database = await testDatabase(['ledger']);
  const ledger = await Ledger.open(ledgerOptions(database));
  ledger.start();
  for (const count of [2, 298])
    await ledger.append(
      Array.from({ length: count }, () => record([{ member: 'KZ' }, { member: 'UZ' }])),
      { account: 'a' },
    );
  await signedAll(ledger, database);
  await ledger.stop();
  const { size, note } = ledger.published!;
  const line = await cosign(nodeCrypto, parseNote(note).text, 1_800_000_000n, witness);
  await ledger.addCosignatures(size, [{ member: 'BB', time: 1_800_000_000n, line }]);
  return database;
}

/** The codes that an audit finds after a change, which is then taken back. */
async function codesAfter(
  database: TestDatabase,
  statement: string,
  audit: typeof auditOwn | typeof auditMirror,
): Promise<string[]> {
  const codes: string[] = [];
  const takeBack = new Error('take back');
  await database.owner
    .begin(async (tx) => {
      await tx.unsafe(statement);
      const inside = { begin: (_: string, run: (tx: unknown) => unknown) => run(tx) } as unknown as Sql;
      codes.push(...(await audit(inside, nodeCrypto, keys)).findings.map(({ code }) => code));
      throw takeBack;
    })
    .catch((error: unknown) => {
      if (error !== takeBack) throw error;
    });
  return codes;
}

const flip = (column: string, byte = 3): string =>
  `${column} = set_byte(${column}, ${byte}, get_byte(${column}, ${byte}) # 1)`;
const newest = 'size = (SELECT max(size) FROM ledger.checkpoint)';

let database: TestDatabase;
beforeAll(async () => {
  database = await written();
});
afterAll(() => database.drop());

describe('an own log', () => {
  test('is clean, each part counted', async () => {
    const { findings, ...counts } = await auditOwn(database.sql, nodeCrypto, keys);
    expect(findings).toEqual([]);
    expect(counts).toMatchObject({ size: 302, records: 302, erased: 0, tiles: 1, cosignatures: 1 });
  });

  test('is clean while it grows', async () => {
    const database = await freshDatabase();
    const ledger = await openLedger(database);
    let growing = true;
    const grow = (async () => {
      while (growing)
        await Promise.all(Array.from({ length: 40 }, () => ledger.append([record(), record()], { account: 'a' })));
    })();
    const findings: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      await delay(100);
      findings.push(...(await auditOf(database)).findings);
    }
    growing = false;
    await grow;
    expect(findings).toEqual([]);
  });

  test('is clean after an erasure, which is counted', async () => {
    const other = await written();
    onTestFinished(() => other.drop());
    await other.owner`UPDATE ledger.record SET bytes = NULL, salt = NULL WHERE index IN (0, 7)`;
    expect(await auditOwn(other.sql, nodeCrypto, keys)).toMatchObject({ findings: [], erased: 2, records: 300 });
  });

  test.each<[string, string, string]>([
    ['an entry', `UPDATE ledger.entry SET ${flip('commitment')} WHERE index = 5`, 'record-differs'],
    ['an entry, seen from the tree', `UPDATE ledger.entry SET ${flip('commitment')} WHERE index = 5`, 'root-differs'],
    ['a record', `UPDATE ledger.record SET ${flip('bytes', 0)} WHERE index = 5`, 'record-unreadable'],
    ['a salt', `UPDATE ledger.record SET ${flip('salt')} WHERE index = 5`, 'record-differs'],
    ['an id', 'UPDATE ledger.record SET id = gen_random_uuid() WHERE index = 5', 'id-differs'],
    ['a tile', `UPDATE ledger.tile SET ${flip('data', 4000)}`, 'tile-differs'],
    ['the number of tiles', 'DELETE FROM ledger.tile', 'tile-missing'],
    ['the root', `UPDATE ledger.log_state SET ${flip('root')}`, 'root-differs'],
    ['the size', 'UPDATE ledger.log_state SET size = size - 1', 'gap'],
    ['the size, down to nothing', 'UPDATE ledger.log_state SET size = 0', 'gap'],
    ['the origin in a checkpoint', `UPDATE ledger.checkpoint SET body = 'x' || body WHERE ${newest}`, 'root-differs'],
    [
      'the note of a checkpoint',
      `UPDATE ledger.checkpoint SET note = replace(note, '302', '301') WHERE ${newest}`,
      'signature-invalid',
    ],
    [
      'a signature',
      "UPDATE ledger.checkpoint SET note = replace(note, substr(note, length(note) - 20, 6), 'AAAAAA')",
      'signature-invalid',
    ],
    [
      'a cosignature',
      "UPDATE ledger.cosignature SET line = replace(line, substr(line, length(line) - 20, 6), 'AAAAAA')",
      'signature-invalid',
    ],
    ['whose a cosignature is', "UPDATE ledger.cosignature SET witness = 'CC'", 'cosignature-unknown'],
    [
      'the end of the log',
      'DELETE FROM ledger.slip; DELETE FROM ledger.addressee; DELETE FROM ledger.record WHERE index = 301; DELETE FROM ledger.entry WHERE index = 301',
      'gap',
    ],
    ['a record that is there no more', 'DELETE FROM ledger.record WHERE index = 4', 'record-missing'],
    [
      'a checkpoint beyond the log',
      'INSERT INTO ledger.checkpoint SELECT 400, body, note, at FROM ledger.checkpoint LIMIT 1',
      'log-shorter',
    ],
  ])('that was changed in %s is found out', async (_, statement, code) => {
    expect(await codesAfter(database, statement, auditOwn)).toContain(code);
  });
});

describe('slips', () => {
  type Body = [from: number, upTo: number, indexes: number[]];
  const codesOf = (log: readonly ('UZ' | 'public' | 'own' | 'erased' | 'lost' | Body)[]): string[] => {
    const codes: string[] = [];
    const chain = new SlipChain((code) => codes.push(code));
    for (const [i, one] of log.entries()) {
      const index = BigInt(i);
      if (one === 'erased') chain.erased(index);
      else if (one === 'lost') chain.lost(index);
      else if (Array.isArray(one)) {
        const [from, upTo, indexes] = one;
        chain.record(
          record([{ member: 'UZ' }], { type: 'slip', body: { to: 'UZ', from, upTo, indexes } }).record,
          index,
        );
      } else chain.record(record(one === 'public' ? one : [{ member: one === 'own' ? 'KZ' : one }]).record, index);
    }
    chain.end();
    return codes;
  };

  test.each<[string, Parameters<typeof codesOf>[0], string[]]>([
    ['in order', ['UZ', 'own', 'public', 'UZ', [0, 4, [0, 3]], 'UZ', [4, 6, [5]]], []],
    ['of what was erased since', ['UZ', 'erased', [0, 2, [0, 1]]], []],
    ['with a hole between two', ['UZ', [0, 1, [0]], 'UZ', [2, 3, [2]]], ['slip-chain']],
    ['begun anew', ['UZ', [0, 1, [0]], 'UZ', [0, 3, [2]]], ['slip-chain']],
    ['that leave one out', ['UZ', 'UZ', [0, 2, [1]]], ['slip-incomplete']],
    ['that list what is not for them', ['UZ', 'own', [0, 2, [0, 1]]], ['slip-incomplete']],
    ['that never came', ['UZ', [0, 1, [0]], 'UZ'], ['slip-missing']],
    ['of which one is lost', ['UZ', 'lost', 'UZ', [0, 3, [2]]], []],
    ['after one that is lost', ['UZ', 'lost', 'UZ', [1, 3, [2]]], []],
    ['of which the last is lost', ['UZ', [0, 1, [0]], 'UZ', 'lost'], []],
    ['that list what was lost', ['UZ', 'lost', [0, 2, [0, 1]]], []],
    ['that leave one out behind what is lost', ['UZ', 'lost', 'UZ', 'UZ', [0, 4, [3]]], ['slip-incomplete']],
    [
      'that list what was told before, behind what is lost',
      ['UZ', [0, 1, [0]], 'lost', [1, 3, [0]]],
      ['slip-incomplete'],
    ],
    ['begun anew behind what is lost', ['UZ', [0, 1, [0]], 'lost', 'UZ', [0, 4, [3]]], ['slip-chain']],
    ['that never came behind what is lost', ['lost', 'UZ'], ['slip-missing']],
    ['with a hole before what is lost', ['UZ', [0, 1, [0]], 'UZ', [2, 3, [2]], 'lost'], ['slip-chain']],
  ])('%s', (_, log, codes) => {
    expect(codesOf(log)).toEqual(codes);
  });
});

describe('a mirror', () => {
  const entries = Array.from({ length: 300 }, (_, i) => nodeCrypto.sha256(utf8(`entry ${i}`)));
  const rootAt = (size: number) =>
    edgeRoot(
      nodeCrypto,
      entries
        .slice(0, size)
        .reduce((edge, entry) => appendLeaf(nodeCrypto, edge, leafHash(nodeCrypto, entry)), EMPTY_EDGE),
    );
  const noteAt = (size: number) =>
    signNote(nodeCrypto, formatCheckpoint({ origin: ORIGIN, size: BigInt(size), root: rootAt(size) }), [signer]);

  beforeAll(async () => {
    const mirrors = new Mirrors(database.sql, nodeCrypto);
    for (const size of [10, 300])
      await mirrors.extend(ORIGIN, await noteAt(size), [signer.vkey], async (from) => entries.slice(Number(from)));
  });

  test('is clean', async () => {
    expect(await auditMirror(database.sql, nodeCrypto, keys)).toMatchObject({
      size: 300,
      checkpoints: 2,
      findings: [],
    });
  });

  test.each<[string, string, string]>([
    ['an entry', `UPDATE ledger.mirror_entry SET ${flip('commitment')} WHERE index = 5`, 'root-differs'],
    ['a missing entry', 'DELETE FROM ledger.mirror_entry WHERE index = 5', 'gap'],
    ['the edge', `UPDATE ledger.mirror SET ${flip('edge')} WHERE size = 10`, 'root-differs'],
    ['a root', `UPDATE ledger.mirror SET ${flip('root')} WHERE size = 10`, 'root-differs'],
    ['a checkpoint', "UPDATE ledger.mirror SET note = replace(note, '300', '301')", 'signature-invalid'],
    [
      'whose checkpoint it is',
      'UPDATE ledger.mirror SET note = (SELECT note FROM ledger.mirror WHERE size = 10)',
      'checkpoint-differs',
    ],
  ])('that was changed in %s is found out', async (_, statement, code) => {
    expect(await codesAfter(database, statement, auditMirror)).toContain(code);
  });
});

describe('anyone’s log', () => {
  test.each<[string, (path: string, bytes: Uint8Array) => Uint8Array, string[]]>([
    ['as it is', (_, bytes) => bytes, []],
    [
      'with a changed entry',
      (path, bytes) => (path === 'tile/entries/000' ? bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) : bytes),
      ['root-differs', 'tile-differs', 'tile-differs'],
    ],
    [
      'with a changed partial tile',
      (path, bytes) => (path === 'tile/0/001.p/46' ? bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) : bytes),
      ['tile-differs'],
    ],
    [
      'with a bundle cut short',
      (path, bytes) => (path === 'tile/entries/001.p/46' ? bytes.subarray(0, 34 * 5) : bytes),
      ['gap'],
    ],
    ['with garbage', (path, bytes) => (path === 'tile/entries/000' ? utf8('garbage') : bytes), ['gap']],
  ])('%s', async (_, change, codes) => {
    const tiles = new TileSource(database.sql, nodeCrypto);
    const [{ note } = { note: '' }] = await database.sql<
      { note: string }[]
    >`SELECT note FROM ledger.checkpoint WHERE size = 302`;
    const report = await auditRemote(
      async (path) => change(path, path === 'checkpoint' ? utf8(note) : await tiles.serve(path, 302n)),
      nodeCrypto,
      keys,
    );
    expect(report.findings.map(({ code }) => code)).toEqual(codes);
  });
});
