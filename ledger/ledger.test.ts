import { spawnSync } from 'node:child_process';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { seal } from '../log/envelope.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { parseProof } from '../log/proof.ts';
import { tilesOf } from '../log/tile.ts';
import { connect } from '../storage/connection.ts';
import {
  auditOf as audit,
  entriesOf as entries,
  freshDatabase as fresh,
  ORIGIN,
  openLedger as open,
  record,
  signedAll,
} from '../test/ledger.ts';
import { equal, toHex } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { auditOwn } from './audit.ts';
import { type Fold, Ledger } from './ledger.ts';
import { proveRecord, TileSource } from './tiles.ts';

describe('appending', () => {
  test('many at once: contiguous, in the order of receipts, tree and tiles as the twin has them, audit clean', async () => {
    const database = await fresh();
    const ledger = await open(database);
    const receipts = await Promise.all(
      Array.from({ length: 150 }, (_, i) =>
        ledger.append(
          Array.from({ length: 1 + (i % 4) }, () => record()),
          { account: 'a' },
        ),
      ),
    );
    await signedAll(ledger, database);
    const rows = await entries(database);
    expect(rows.map(({ index }) => index)).toEqual(rows.map((_, i) => BigInt(i)));
    for (const { records } of receipts) {
      for (const [i, one] of records.entries()) {
        expect(one.index).toBe(records[0]!.index + i);
        expect(toHex(rows[one.index]!.commitment)).toBe(one.commitment);
      }
    }
    const root = edgeRoot(
      nodeCrypto,
      rows.reduce((edge, { commitment }) => appendLeaf(nodeCrypto, edge, leafHash(nodeCrypto, commitment)), EMPTY_EDGE),
    );
    const [state] = await database.sql<{ root: Uint8Array; size: bigint }[]>`SELECT root, size FROM ledger.log_state`;
    expect(equal(state!.root, root)).toBe(true);
    const tiles = new TileSource(database.sql, nodeCrypto);
    expect(equal(await tiles.reader(state!.size).root(), root)).toBe(true);
    const stored = await database.sql`SELECT level, n FROM ledger.tile`;
    expect(stored).toHaveLength([...tilesOf(state!.size)].filter(({ width }) => width === 256).length);
    expect((await audit(database)).findings).toEqual([]);
  });

  test('slips chain, list what is for each addressee and never slips', async () => {
    const database = await fresh();
    const ledger = await open(database);
    for (let i = 0; i < 3; i++)
      await ledger.append(
        [record([{ member: 'UZ' }, { member: 'TM' }]), record([{ member: 'UZ' }]), record('public')],
        { account: 'a' },
      );
    const rows = await database.sql<
      { bytes: Uint8Array; index: bigint }[]
    >`SELECT bytes, index FROM ledger.record ORDER BY index`;
    const records = rows.map(
      ({ bytes }) =>
        JSON.parse(Buffer.from(bytes).toString()) as {
          type: string;
          to: unknown;
          body: { to: string; from: number; upTo: number; indexes: number[] };
        },
    );
    for (const member of ['UZ', 'TM']) {
      const slips = records.filter(({ type, body }) => type === 'slip' && body.to === member).map(({ body }) => body);
      expect(slips).toHaveLength(3);
      expect(slips.map(({ from }) => from)).toEqual([0, ...slips.slice(0, -1).map(({ upTo }) => upTo)]);
      expect(
        slips
          .flatMap(({ indexes }) => indexes)
          .every((index) => records[index]!.type !== 'slip' && JSON.stringify(records[index]!.to).includes(member)),
      ).toBe(true);
      expect(slips.flatMap(({ indexes }) => indexes)).toHaveLength(member === 'UZ' ? 6 : 3);
    }
    expect(records.some(({ type, body }) => type === 'slip' && body.to === 'KZ')).toBe(false);
  });

  test('a repeat gets its receipt, the same key with another request is refused, across restarts', async () => {
    const database = await fresh();
    const ledger = await open(database);
    const options = { account: 'a', idempotency: { key: 'k', request: 'r' } };
    const [one, two] = await Promise.all([ledger.append([record()], options), ledger.append([record()], options)]);
    expect([one, two].map(({ repeated }) => repeated).sort()).toEqual([false, true]);
    expect(two.records).toEqual(one.records);
    await ledger.stop();
    const again = await open(database);
    expect(await again.append([record()], options)).toEqual({ ...one, repeated: true });
    await expect(
      again.append([record()], { ...options, idempotency: { key: 'k', request: 'other' } }),
    ).rejects.toMatchObject({ code: 'idempotency-conflict' });
    expect((await again.append([record()], { ...options, account: 'b' })).repeated).toBe(false);
    expect((await entries(database)).length).toBe(2 + 2);
  });

  test('a name is used once: of two simultaneous appends one wins, the other leaves nothing', async () => {
    const database = await fresh();
    const ledger = await open(database);
    const once = ['manifest/x/2'];
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() =>
        ledger.append([record([{ member: 'KZ' }]), record([{ member: 'KZ' }])], { account: 'a', once }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(
      outcomes.filter((one) => one.status === 'rejected').map((one) => (one.reason as { code: string }).code),
    ).toEqual(['already-filed', 'already-filed']);
    expect(await entries(database)).toHaveLength(2);
  });

  test('a record that is in the log is not appended again', async () => {
    const database = await fresh();
    const ledger = await open(database);
    const sealed = record([{ member: 'KZ' }]);
    const first = await ledger.append([sealed], { account: 'a' });
    // The retry of a commit whose outcome was unknown finds itself.
    expect((await ledger.append([sealed], { account: 'a' })).records).toEqual(first.records);
    const twin = seal(sealed.record, { crypto: nodeCrypto, random: nodeRandom });
    await expect(ledger.append([twin], { account: 'a' })).rejects.toMatchObject({ code: 'record-exists' });
    expect(await entries(database)).toHaveLength(1);
  });

  test("what is not this log's, or is twice in one append, is refused and leaves nothing", async () => {
    const database = await fresh();
    const ledger = await open(database);
    for (const foreign of [{ log: 'demo.bb.dostyk/log' }, { issuer: { member: 'UZ' } }]) {
      await expect(ledger.append([record(), record(undefined, foreign)], { account: 'a' })).rejects.toMatchObject({
        code: 'record-foreign',
        status: 422,
      });
    }
    const one = record();
    const twin = seal(one.record, { crypto: nodeCrypto, random: nodeRandom });
    const outcomes = await Promise.allSettled([
      ledger.append([one, twin], { account: 'a' }),
      ledger.append([record([{ member: 'KZ' }])], { account: 'a' }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect((outcomes[0] as PromiseRejectedResult).reason).toMatchObject({ code: 'record-exists' });
    expect(await entries(database)).toHaveLength(1);
  });

  test('a full queue is told to wait', async () => {
    const database = await fresh();
    const ledger = await open(database, { maxQueue: 10, sequenceEveryMs: 200 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, () => ledger.append([record([{ member: 'KZ' }])], { account: 'a' })),
    );
    const refused = outcomes
      .filter((one) => one.status === 'rejected')
      .map((one) => one.reason as { code: string; status: number; params: { retryAfter: number } });
    expect(refused.length).toBe(20);
    expect(refused[0]).toMatchObject({ code: 'queue-full', status: 429, params: { retryAfter: 1 } });
    expect(await entries(database)).toHaveLength(10);
  });

  test('stopping sequences what is queued; after it nothing is taken', async () => {
    const database = await fresh();
    const ledger = await open(database, { sequenceEveryMs: 300 });
    const queued = [1, 2, 3].map(() => ledger.append([record([{ member: 'KZ' }])], { account: 'a' }));
    await ledger.stop();
    await Promise.all(queued);
    expect(await entries(database)).toHaveLength(3);
    await expect(ledger.append([record()], { account: 'a' })).rejects.toMatchObject({ code: 'ledger-unavailable' });
  });
});

describe('when something dies', () => {
  test('a fold that throws fails its own append and no other, and leaves nothing', async () => {
    const database = await fresh();
    const bad = record([{ member: 'KZ' }]);
    const fold: Fold = async (_, records) => {
      if (records.some(({ envelope }) => envelope.id === bad.record.id)) throw new Error('a bug in a fold');
    };
    const ledger = await open(database, { fold, sequenceEveryMs: 50 });
    const outcomes = await Promise.allSettled([
      ledger.append([record([{ member: 'KZ' }])], { account: 'a' }),
      ledger.append([bad], { account: 'a' }),
      ledger.append([record([{ member: 'KZ' }])], { account: 'a' }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await entries(database)).toHaveLength(2);
    expect((await audit(database)).findings).toEqual([]);
  });

  test('kill -9 in mid-batch, at each stage: what was acknowledged is there once, what was not is there wholly or not at all', async () => {
    const database = await fresh();
    const script = new URL('../test/mid-batch.js', import.meta.url).pathname;
    const acknowledged: { commitment: string; index: number }[] = [];
    for (const stage of ['fold', 'commit', 'none']) {
      const { stdout, signal } = spawnSync(process.execPath, [script, database.urls.running, ORIGIN, stage], {
        encoding: 'utf8',
        timeout: 600_000,
      });
      expect([stage, signal]).toEqual([stage, stage === 'none' ? null : 'SIGKILL']);
      for (const line of stdout.split('\n').filter(Boolean))
        acknowledged.push(...(JSON.parse(line) as typeof acknowledged));
    }
    expect(acknowledged.length).toBeGreaterThan(20);
    const rows = await entries(database);
    expect(rows.map(({ index }) => index)).toEqual(rows.map((_, i) => BigInt(i)));
    for (const { commitment, index } of acknowledged) expect(toHex(rows[index]!.commitment)).toBe(commitment);
    // Each append is two records of one pair: none is there by half.
    const halves = await database.owner`
      SELECT 1 FROM (SELECT convert_from(bytes, 'UTF8')::json->'body'->>'pair' AS pair FROM ledger.record) AS record
      WHERE pair IS NOT NULL GROUP BY pair HAVING count(*) <> 2`;
    expect(halves).toEqual([]);
    expect(
      (
        await auditOwn(database.owner, nodeCrypto, { origin: ORIGIN, logKeys: [], witnessesOf: () => [] })
      ).findings.filter(({ code }) => code !== 'signature-invalid'),
    ).toEqual([]);
  });

  test('a session that is ended in mid-transaction costs nothing, and nobody is told of a repeat', async () => {
    const database = await fresh();
    const admin = connect(inject('adminUrl'), { max: 1 });
    onTestFinished(() => admin.end());
    let folds = 0;
    const fold: Fold = async (tx) => {
      if (++folds > 2) return;
      const [own] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
      void admin`SELECT pg_terminate_backend(${own!.pid})`.execute();
      await tx`SELECT pg_sleep(10)`;
    };
    const ledger = await open(database, { fold });
    const receipts = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        ledger.append([record(), record()], { account: 'a', idempotency: { key: `k${i}`, request: 'r' } }),
      ),
    );
    expect(folds).toBeGreaterThan(2);
    expect(new Set(receipts.flatMap(({ records }) => records.map(({ index }) => index))).size).toBe(20);
    expect(receipts.every(({ repeated }) => !repeated)).toBe(true);
    await signedAll(ledger, database);
    expect((await audit(database)).findings).toEqual([]);
  });

  test('a commit whose answer is lost is found again by its own bytes', async () => {
    const database = await fresh();
    let lost = 0;
    // The first commit goes through; the process is told that the connection was lost.
    const sql = new Proxy(database.sql, {
      get(target, name) {
        if (name !== 'begin') return Reflect.get(target, name) as unknown;
        return async (run: (tx: never) => Promise<unknown>) => {
          const done = await target.begin(run as never);
          if (Array.isArray(done) && lost++ === 0)
            throw Object.assign(new Error('lost'), { code: 'CONNECTION_CLOSED' });
          return done;
        };
      },
    });
    const ledger = await open(database, { sql });
    const options = { account: 'a', idempotency: { key: 'k', request: 'r' }, once: ['x'] };
    const receipt = await ledger.append([record([{ member: 'KZ' }])], options);
    expect(lost).toBeGreaterThan(1);
    expect(receipt.repeated).toBe(false);
    expect(await entries(database)).toHaveLength(1);
    expect(await ledger.append([record([{ member: 'KZ' }])], options)).toEqual({ ...receipt, repeated: true });
  });

  test('a deadlock or a serialisation failure is tried again, the batch whole', async () => {
    const database = await fresh();
    let folds = 0;
    const ledger = await open(database, {
      sequenceEveryMs: 50,
      fold: async (tx, records) => {
        if (++folds === 1) await tx.unsafe("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$");
        expect(records).toHaveLength(2);
      },
    });
    await Promise.all([1, 2].map(() => ledger.append([record([{ member: 'KZ' }])], { account: 'a' })));
    expect(folds).toBe(2);
  });

  test('two processes over one database sequence one log', async () => {
    const database = await fresh();
    const [a, b] = [await open(database), await open(database)];
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b).append([record(), record()], { account: 'a' })),
    );
    await signedAll(a, database);
    await signedAll(b, database);
    expect((await audit(database)).findings).toEqual([]);
    const [count] = await database.owner<
      { count: bigint }[]
    >`SELECT count(*) FROM ledger.record WHERE convert_from(bytes, 'UTF8')::json->>'type' = 'decision'`;
    expect(count!.count).toBe(80n);
  });
});

describe('evidence of a record', () => {
  test('is of the final checkpoint when there is one, else of the published', async () => {
    const database = await fresh();
    const ledger = await open(database);
    const sealed = record([{ member: 'KZ' }]);
    const commitment = toHex(sealed.commitment);
    const tiles = new TileSource(database.sql, nodeCrypto);
    await expect(proveRecord(ledger, tiles, commitment)).rejects.toMatchObject({ code: 'record-unknown' });
    await ledger.append([sealed], { account: 'a' });
    await signedAll(ledger, database);
    const proven = await proveRecord(ledger, tiles, commitment);
    expect(proven.final).toBe(false);
    expect(parseProof(proven.proof).index).toBe(0n);
    await ledger.addCosignatures(
      1n,
      ['A', 'B', 'C'].map((member) => ({ member, time: 1n, line: `— ${member} AAAAAAA=\n` })),
    );
    expect(ledger.final).toBeUndefined();
    await ledger.addCosignatures(1n, [{ member: 'D', time: 1n, line: '— D AAAAAAA=\n' }]);
    expect(ledger.final?.size).toBe(1n);
    expect((await proveRecord(ledger, tiles, commitment)).proof.match(/— [ABCD] /g)).toHaveLength(4);
    // A renewal brings the newest line of each; what an older size gathers changes nothing.
    await ledger.addCosignatures(1n, [{ member: 'A', time: 7n, line: '— A BBBBBBB=\n' }]);
    expect(ledger.final?.note.match(/— A .*/g)).toEqual(['— A BBBBBBB=']);
    await ledger.append([record([{ member: 'KZ' }])], { account: 'a' });
    await signedAll(ledger, database);
    await ledger.addCosignatures(
      2n,
      ['A', 'B', 'C', 'D'].map((member) => ({ member, time: 9n, line: `— ${member} AAAAAAA=\n` })),
    );
    await ledger.addCosignatures(1n, [{ member: 'E', time: 9n, line: '— E AAAAAAA=\n' }]);
    expect(ledger.final?.size).toBe(2n);
    expect(await ledger.cosigned()).toEqual(
      ['A', 'B', 'C', 'D', 'E'].map((witness) => ({ witness, size: witness === 'E' ? 1n : 2n, time: 9n })),
    );
    await ledger.stop();
    expect((await Ledger.open(ledger.options)).final).toEqual(ledger.final);
  });
});

describe('what may not happen', () => {
  test('the running role changes and deletes nothing but the two states', async () => {
    const database = await fresh();
    const ledger = await open(database);
    await ledger.append([record()], { account: 'a' });
    for (const statement of [
      'UPDATE ledger.entry SET index = index + 1',
      'DELETE FROM ledger.entry',
      'UPDATE ledger.record SET bytes = NULL',
      'TRUNCATE ledger.record CASCADE',
      'DELETE FROM ledger.checkpoint',
      "UPDATE ledger.checkpoint SET note = ''",
      'DELETE FROM ledger.log_state',
      "INSERT INTO ledger.migration (name, checksum) VALUES ('x', 'x')",
      'DROP TABLE ledger.tile',
    ]) {
      await expect(database.sql.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('a log that was changed below what was signed is not opened, and nothing is signed over a change', async () => {
    const database = await fresh();
    const ledger = await open(database);
    await ledger.append([record(), record()], { account: 'a' });
    await signedAll(ledger, database);
    await ledger.stop();
    const quiet = await Ledger.open(ledger.options);
    await database.owner.unsafe(
      'UPDATE ledger.entry SET commitment = set_byte(commitment, 0, get_byte(commitment, 0) # 1) WHERE index = 1',
    );
    await expect(Ledger.open(ledger.options)).rejects.toMatchObject({ code: 'log-inconsistent' });
    await database.owner.unsafe('UPDATE ledger.log_state SET size = 0');
    await expect(Ledger.open(ledger.options)).rejects.toMatchObject({
      code: 'log-inconsistent',
      message: expect.stringContaining('state says 0'),
    });
    await database.owner.unsafe('UPDATE ledger.log_state SET size = 5');
    await expect(quiet.sign()).rejects.toMatchObject({ code: 'log-inconsistent' });
    await expect(Ledger.open({ ...ledger.options, origin: 'demo.bb.dostyk/log' })).rejects.toMatchObject({
      code: 'log-origin-differs',
    });
  });
});
