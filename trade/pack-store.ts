import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../storage/package-root.ts';
import { Refusal } from '../values/refusal.ts';
import { readGoods } from './goods/goods.ts';
import { type GoodsIndex, indexOf } from './goods/search.ts';
import { readPack } from './measures/pack.ts';
import { type Schedule, scheduleOf } from './measures/schedule.ts';

/** Where the rules of members come from. */
export interface Packs {
  /** @param day 'YYYY-MM-DD' @returns member → its measures; a member of which nothing is known is absent */
  inForce(day: string): Promise<ReadonlyMap<string, Schedule>>;
}

/** The files of a pack that stand in a folder: name → text. */
export function filesOfFolder(folder: string): Map<string, string> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/**
 * The packs that ship, read when first asked for: compiled from public sources, not confirmed by any member.
 *
 * @throws Refusal 500 `pack-refused` one of them can't be read
 */
export function shippedPacks(folder = join(packageRoot(), 'trade', 'packs')): Packs {
  let read: ReadonlyMap<string, Schedule> | undefined;
  return {
    async inForce() {
      read ??= new Map(
        readdirSync(folder)
          .sort()
          .map((name) => {
            const found = readPack(filesOfFolder(join(folder, name)));
            if ('faults' in found)
              throw new Refusal(500, 'pack-refused', `The pack ${name} can't be read.`, {
                remedy: 'See `dostyk packs check`.',
              });
            return [found.pack.member, scheduleOf(found.pack, 'compiled')];
          }),
      );
      return read;
    },
  };
}

/**
 * Goods in words, as they ship, read when first asked for.
 *
 * @throws Refusal 500 `pack-refused` the tables can't be read
 */
export function shippedGoods(folder = join(packageRoot(), 'trade', 'goods')): () => GoodsIndex {
  let index: GoodsIndex | undefined;
  return () => {
    if (index !== undefined) return index;
    const read = readGoods(new Map([...filesOfFolder(folder)].filter(([name]) => name.endsWith('.csv'))));
    if ('faults' in read) {
      const [{ file, line, message } = { file: '', line: 0, message: '' }] = read.faults;
      throw new Refusal(500, 'pack-refused', `The words of goods can't be read: ${file}:${line} ${message}`);
    }
    index = indexOf(read.goods);
    return index;
  };
}
