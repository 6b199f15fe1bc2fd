import { expect, test } from 'vitest';
import { ask } from '../trade/measures/engine.ts';
import { readPack } from '../trade/measures/pack.ts';
import { type Schedule, scheduleOf } from '../trade/measures/schedule.ts';
import { BENCH_MEMBERS, questionOf, syntheticPack } from './synthetic-packs.ts';

test('what the bench measures is in order, and its questions have whole answers', () => {
  const schedules = new Map<string, Schedule>();
  for (const member of BENCH_MEMBERS) {
    const read = readPack(syntheticPack(member, 1000));
    if ('faults' in read) throw new Error(JSON.stringify(read.faults[0]));
    expect(read.pack.measures.length).toBe(1005);
    schedules.set(member, scheduleOf(read.pack, 'compiled'));
  }
  for (let i = 0; i < 50; i++) {
    const { stages, landed } = ask(questionOf(i, 1000), schedules, new Set(BENCH_MEMBERS));
    expect(stages.map(({ direction }) => direction)).toEqual(['export', 'transit', 'import']);
    expect(stages.every(({ controls }) => controls.length > 0)).toBe(true);
    expect(landed.ordinary).toBeDefined();
  }
});
