import { describe, expect, test } from 'vitest';
import { type Bug, Simulation, type SimulationOptions } from './simulation.ts';

/**
 * Schedules by the thousand: crashes, restored backups, partitions, late, lost and repeated messages, liars. Never two final roots of
 * a size or two final histories, with at most two liars; nothing acknowledged is lost; when the network heals, all becomes final.
 *
 * A failure prints its seed: `new Simulation({ seed, … }).run()` is the same again.
 */

async function schedules(from: number, count: number, options: Omit<SimulationOptions, 'seed'>) {
  const total = { violations: [] as string[], finals: 0, crashes: 0, restores: 0, messages: 0, forksProven: 0 };
  for (let seed = from; seed < from + count; seed++) {
    const report = await new Simulation({ ...options, seed }).run();
    total.violations.push(...report.violations.map((what) => `seed ${seed}: ${what}`));
    for (const name of ['finals', 'crashes', 'restores', 'messages', 'forksProven'] as const)
      total[name] += report[name];
  }
  return total;
}

describe('whatever happens', () => {
  test.each<[string, Omit<SimulationOptions, 'seed'>]>([
    ['all honest', {}],
    ['two witnesses lie', { liars: 2 }],
    ['a log lies', { lyingLog: true }],
    ['a log and two witnesses lie', { lyingLog: true, liars: 2 }],
  ])('%s: 500 schedules', async (_, options) => {
    const total = await schedules(1, 500, options);
    expect(total.violations).toEqual([]);
    // Something did happen.
    expect(total.finals).toBeGreaterThan(1000);
    expect(total.crashes).toBeGreaterThan(500);
    expect(total.restores).toBeGreaterThan(100);
    if (options.lyingLog === true) expect(total.forksProven).toBeGreaterThan(0);
  });
});

test('a third lying witness is one too many: two final histories are made, and honest nodes hold the proof of them', async () => {
  for (let seed = 50; seed < 1000; seed++) {
    const { violations, forksProven } = await new Simulation({ seed, lyingLog: true, liars: 3 }).run();
    if (!violations.some((one) => /two final/.test(one))) continue;
    expect(forksProven).toBeGreaterThan(0);
    return;
  }
  throw new Error('not found in 950 schedules');
});

describe('a planted bug is found', () => {
  test.each<[Bug, RegExp]>([
    ['no-look-up', /two final/],
    ['look-up-of-two', /two final/],
    ['no-start-up-check', /proven to fork|another history/],
    ['no-consistency', /two final/],
    ['quorum-of-three', /two final/],
  ])('%s', async (bug, what) => {
    for (let seed = 1; seed <= 4000; seed += 100) {
      const { violations } = await schedules(seed, 100, { lyingLog: true, liars: 2, bugs: [bug] });
      if (violations.some((one) => what.test(one))) return;
    }
    throw new Error('not found in 4,000 schedules');
  });
});
