import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allOwn } from '../ledger/replay.ts';
import { DOMAINS, replay } from '../platform.ts';
import { connect, type Sql } from '../storage/connection.ts';
import { ensureDatabase } from '../storage/database.ts';
import { removeEmbedded, startEmbedded } from '../storage/embedded.ts';
import { migrate } from '../storage/migrate.ts';
import { demoRegistry } from '../trade/filing-fixture.ts';
import { fill, newSigner } from './filling.ts';
import { type Figure, report } from './report.ts';

/**
 * All views of a member's node dropped and folded anew from its records, as `dostyk replay` does: dossiers with all sections, filed
 * through the real seal, append and fold. Beside it, what reading the same records and parsing them takes without any fold.
 */

const MEMBER = 'UZ';

/** Records a second, read and parsed and no more. */
async function readOnly(sql: Sql, origin: string): Promise<number> {
  const started = performance.now();
  let records = 0;
  for await (const batch of allOwn(sql, origin))
    for (const { text } of batch) {
      JSON.parse(text);
      records++;
    }
  return records / ((performance.now() - started) / 1000);
}

export async function run({ full }: { readonly full: boolean }): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'dostyk-bench-'));
  const server = await startEmbedded({ directory });
  const figures: Figure[] = [];
  const registry = demoRegistry();
  try {
    for (const records of full ? [10_000, 100_000] : [10_000]) {
      const urls = await ensureDatabase(server.adminUrl, `replay_${records}`);
      const owner = connect(urls.migration, { max: 1 });
      for (const domain of DOMAINS) await migrate(owner, domain);
      const sql = connect(urls.running, { max: 8 });
      process.stdout.write(`filling: ${records} records\n`);
      const { origin } = registry.getMember(MEMBER).log;
      const filed = await fill(sql, { member: MEMBER, registry, signer: newSigner(origin), records });
      const started = performance.now();
      const done = await replay(sql, registry, MEMBER, (at, of) => process.stdout.write(`\r${at} of ${of}`));
      const rate = done.records / ((performance.now() - started) / 1000);
      process.stdout.write('\n');
      if (!done.equal) throw new Error('The views are not what they were.');
      const read = await readOnly(sql, origin);
      figures.push(
        {
          name: `replay of ${done.records} records`,
          value: rate,
          unit: 'records/s',
          peer: `read and parsed only (${Math.round(read)}/s)`,
          ratio: rate / read,
          target: '≥ 8000',
          ok: rate >= 8000,
        },
        { name: `filed with seal, append and fold, ${records}`, value: filed, unit: 'records/s' },
        {
          name: `peak memory of all that, ${records}`,
          value: process.resourceUsage().maxRSS / 1024,
          unit: 'MiB',
        },
      );
      await Promise.all([sql.end(), owner.end()]);
    }
  } finally {
    await server.stop();
    removeEmbedded(directory);
  }
  report('replay', figures);
}
