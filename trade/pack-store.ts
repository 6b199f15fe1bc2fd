import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sql } from '../storage/connection.ts';
import { packageRoot } from '../storage/package-root.ts';
import { Refusal } from '../values/refusal.ts';
import { readGoods } from './goods/goods.ts';
import { type GoodsIndex, indexOf } from './goods/search.ts';
import { readPack } from './measures/pack.ts';
import { type Schedule, scheduleOf } from './measures/schedule.ts';
import type { Fault } from './measures/table.ts';
import { type PublishedPack, publishedPacks, readTables } from './published-store.ts';

/** Where the rules of members come from. */
export interface Packs {
  /** @param day 'YYYY-MM-DD' @returns member → its measures; a member of which nothing is known is absent */
  inForce(day: string): Promise<ReadonlyMap<string, Schedule>>;
}

export interface ShippedPack {
  readonly version: number;
  readonly published: string;
  /** Name → text. */
  readonly tables: ReadonlyMap<string, string>;
}

/** The packs of a node: what ships, and what members' authorities published. */
export interface NodePacks extends Packs {
  /** Of a published version: what is wrong with it, none where it can be used; undefined while its tables are not all here. */
  faultsOf(published: PublishedPack): Promise<readonly Fault[] | undefined>;
  /** What ships of a member's rules. */
  shipped(member: string): Promise<ShippedPack | undefined>;
}

/** The files of a pack that stand in a folder: name → text. */
export function filesOfFolder(folder: string): Map<string, string> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

const SHIPPED = (): string => join(packageRoot(), 'trade', 'packs');

/**
 * The packs that ship, read when first asked for: compiled from public sources, not confirmed by any member.
 *
 * @throws Refusal 500 `pack-refused` one of them can't be read
 */
export function shippedPacks(folder = SHIPPED()): Packs {
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

/** Reads of one process that are kept: the versions in force, and some that were asked for of other days. */
const MOST_READ = 24;

/**
 * What a member's authority published is used before what ships: of the versions whose day has come the highest that can be read. One
 * that has faults, or whose tables are not all here, leaves the one before it in force.
 */
export function nodePacks(sql: Sql, folder = SHIPPED()): NodePacks {
  const compiled = shippedPacks(folder);
  const kept = new Map<string, Promise<Schedule | readonly Fault[]>>();
  /** What was found wrong with versions: small, and kept when the version itself no longer is. */
  const judged = new Map<string, readonly Fault[]>();
  const ships = new Map<string, ShippedPack>();

  async function read({ commitment, member, body }: PublishedPack): Promise<Schedule | readonly Fault[]> {
    const before = kept.get(commitment);
    const reading =
      before ??
      readTables(sql, body.tables).then((texts) => {
        if (!(texts instanceof Map)) return [texts];
        const found = readPack(texts);
        if ('faults' in found) return found.faults;
        const { pack } = found;
        if (pack.member === member && pack.version === body.version && pack.published === body.published)
          return scheduleOf(pack, 'confirmed');
        const message = `pack.csv speaks of version ${pack.version} of ${pack.member} of ${pack.published}, the record of another.`;
        return [{ file: 'pack.csv', line: 2, code: 'not-declared' as const, message }];
      });
    // What is used again is kept longest.
    kept.delete(commitment);
    kept.set(commitment, reading);
    reading.catch(() => kept.delete(commitment));
    for (const oldest of kept.keys()) if (kept.size > MOST_READ) kept.delete(oldest);
    return reading;
  }

  return {
    async inForce(day) {
      const found = new Map(await compiled.inForce(day));
      const done = new Set<string>();
      for (const one of await publishedPacks(sql, { on: day })) {
        if (done.has(one.member) || !one.here) continue;
        const schedule = await read(one);
        if (!('pack' in schedule)) continue;
        found.set(one.member, schedule);
        done.add(one.member);
      }
      return found;
    },
    async faultsOf(published) {
      if (!published.here) return undefined;
      const before = judged.get(published.commitment);
      if (before !== undefined) return before;
      const schedule = await read(published);
      const faults = 'pack' in schedule ? [] : schedule;
      judged.set(published.commitment, faults);
      return faults;
    },
    async shipped(member) {
      const pack = (await compiled.inForce('')).get(member)?.pack;
      if (pack === undefined) return undefined;
      const { version, published } = pack;
      const held = ships.get(member) ?? {
        version,
        published,
        tables: filesOfFolder(join(folder, member.toLowerCase())),
      };
      ships.set(member, held);
      return held;
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
