import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freshDatabase, ledgerOptions, record, signedAll } from '../test/ledger.ts';
import { raiseHighWater, readHighWater, WitnessMarks, writeHighWater } from './high-water.ts';
import { Ledger } from './ledger.ts';

/** The two files that outlive a restored database. */

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dostyk-marks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'below', 'marks.json');
}
const LOGS = ['demo.aa.dostyk/log', 'demo.bb.dostyk/log'];
const [AA = '', BB = ''] = LOGS;

test('a mark is of one log, never goes down, and is not guessed from half a file', () => {
  const path = file();
  expect(readHighWater(path, AA)).toBeUndefined();
  raiseHighWater(path, AA, 7n);
  raiseHighWater(path, AA, 5n);
  expect(readHighWater(path, AA)).toBe(7n);
  writeHighWater(path, AA, 5n);
  expect(readHighWater(path, AA)).toBe(5n);
  expect(() => readHighWater(path, BB)).toThrow(expect.objectContaining({ code: 'high-water-unreadable' }));
  for (const text of ['', '{', '{}', `{"origin":"${AA}","size":"-1"}`, `{"origin":"${AA}","size":5}`]) {
    writeFileSync(path, text);
    expect(() => readHighWater(path, AA)).toThrow(expect.objectContaining({ code: 'high-water-unreadable' }));
  }
});

test('the mark is written before a signature leaves, also where the process ended between', async () => {
  const database = await freshDatabase();
  const signed: bigint[] = [];
  const broken = await Ledger.open(
    ledgerOptions(database, {
      onSigning: () => {
        throw new Error('the process ends here');
      },
    }),
  );
  broken.start();
  await broken.append([record()], { account: 'a' });
  const size = await broken.size();
  await expect(broken.sign()).rejects.toThrow('ends here');
  expect(broken.published).toBeUndefined();
  await broken.stop();
  const ledger = await Ledger.open(ledgerOptions(database, { onSigning: (at) => void signed.push(at) }));
  expect(ledger.published?.size).toBe(size);
  expect(signed).toEqual([]);
  ledger.start();
  expect(signed).toEqual([size]);
  const left: (readonly [bigint, bigint | undefined])[] = [];
  ledger.onSigned((head) => void left.push([head.size, signed.at(-1)]));
  await ledger.append([record()], { account: 'a' });
  await signedAll(ledger, database);
  await ledger.stop();
  expect(left.at(-1)?.[0]).toBeGreaterThan(size);
  for (const [head, mark] of left) expect(mark).toBe(head);
});

test('what was cosigned of a log stays unknown until it has been asked for, however often a node starts', () => {
  const path = file();
  const first = new WitnessMarks(path);
  first.open(LOGS);
  expect(LOGS.map((origin) => first.isKnown(origin))).toEqual([false, false]);
  first.set(AA, 0n);
  const second = new WitnessMarks(path);
  second.open(LOGS);
  expect(LOGS.map((origin) => second.isKnown(origin))).toEqual([true, false]);
  second.set(BB, 4n);
  second.set(BB, 3n);
  const third = new WitnessMarks(path);
  // Of one that was listed since nothing was cosigned.
  third.open([...LOGS, 'demo.cc.dostyk/log']);
  expect([...LOGS, 'demo.cc.dostyk/log'].map((origin) => [third.isKnown(origin), third.get(origin)])).toEqual([
    [true, 0n],
    [true, 4n],
    [true, 0n],
  ]);
  const whole = readFileSync(path, 'utf8');
  for (const text of ['', whole.slice(0, 12), '[1]', `{"${AA}":"x"}`, `{"${AA}":4}`]) {
    writeFileSync(path, text);
    expect(() => new WitnessMarks(path)).toThrow(expect.objectContaining({ code: 'high-water-unreadable' }));
  }
});
