import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connect, type Sql } from '../storage/connection.ts';
import { openBrowser } from './browser.ts';
import { startDemo } from './demo.ts';
import { filing } from './filing.ts';
import { newVisitor, signIn } from './web.ts';

/**
 * How long a desk with ten thousand movements takes from a key to the next paint. Not run with the others, and no time is asserted:
 * `MEASURE=1 npx vitest run test/web-desk-speed.test.ts` prints the figures.
 */

const POST = 'uz-yallama';
const FILED = 50;
const COPIES = 200;

/** Copies every row under other ids: all that was filed here begins alike. */
async function copy(sql: Sql, table: string, texts: readonly string[], times: readonly string[] = []): Promise<void> {
  const columns = await sql<{ name: string }[]>`
    SELECT column_name AS name FROM information_schema.columns
    WHERE table_schema = 'trade' AND table_name = ${table} ORDER BY ordinal_position`;
  const values = columns.map(({ name }) => {
    if (texts.includes(name)) return `replace(${name}, '01900000-', lpad(to_hex(k), 8, '0') || '-')`;
    return times.includes(name) ? `${name} + 1000 * k` : name;
  });
  const names = columns.map(({ name }) => name).join(', ');
  await sql.unsafe(
    `INSERT INTO trade.${table} (${names}) SELECT ${values.join(', ')} FROM trade.${table}, generate_series(1, ${COPIES - 1}) AS k`,
  );
}

interface Timing {
  readonly name: string;
  readonly duration: number;
}

test.runIf(process.env['MEASURE'] !== undefined)(
  'ten thousand movements are walked, searched and paged by keyboard',
  async () => {
    const [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
    try {
      const exporter = demo.client('UZ/exporter');
      for (let i = 0; i < FILED; i++) {
        const body = filing({ to: 'KZ', posts: [POST, 'kz-konysbayeva'], description: `Goods ${i}` });
        body.dossier = `01900000${body.dossier.slice(8)}` as typeof body.dossier;
        await exporter.call('POST', '/api/dossiers', { body });
        await exporter.call('POST', '/api/movements', {
          body: {
            movement: `01900000${randomUUID().slice(8)}`,
            carrier: { name: 'Carrier', country: 'UZ' },
            leg: { mode: 'road', from: { name: 'Here', country: 'UZ' }, to: { name: 'There', country: 'KZ' } },
            posts: [POST, 'kz-konysbayeva'],
            means: { mode: 'road', identification: `01900000-${i}`, country: 'UZ' },
            consignments: [{ dossier: body.dossier }],
          },
        });
      }
      const environment = readFileSync(`/proc/${await demo.nodePid('UZ')}/environ`, 'utf8').split('\0');
      const url = environment.find((one) => one.startsWith('DATABASE_URL='))?.slice('DATABASE_URL='.length) ?? '';
      const sql = connect(url, { max: 1 });
      await copy(sql, 'dossier', ['dossier', 'search', 'search_own', 'summary', 'state'], ['filed_at']);
      await copy(sql, 'dossier_post', ['dossier'], ['since']);
      await copy(sql, 'reader', ['subject']);
      await copy(sql, 'movement', ['movement', 'search', 'state'], ['declared_at']);
      await copy(sql, 'movement_consignment', ['movement', 'dossier']);
      await copy(sql, 'desk_line', ['movement', 'search', 'line'], ['place']);
      await sql.end();

      const visitor = await newVisitor(browser);
      await visitor.addInitScript(() => {
        const timings: unknown[] = [];
        Object.assign(window, { timings });
        new PerformanceObserver((list) => {
          for (const { name, duration } of list.getEntries()) timings.push({ name, duration });
        }).observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit);
      });
      const page = await signIn(visitor, demo, 'UZ/customs', '/desk');
      await page.getByLabel('Post').selectOption(POST);
      await page.locator('ol.desk > li').nth(40).waitFor();
      await page.locator('ol.desk a').first().focus();
      for (let i = 0; i < 30; i++) await page.keyboard.press('j', { delay: 20 });
      for (let i = 0; i < 10; i++) {
        await page.keyboard.press('x', { delay: 20 });
        await page.keyboard.press('k', { delay: 20 });
      }
      await page.keyboard.press('/');
      await page.keyboard.type('0000004d-49', { delay: 60 });
      await page.getByRole('link', { name: '0000004d-49' }).waitFor();
      expect(await page.locator('ol.desk > li').count()).toBeLessThan(50);
      await page.keyboard.press('Control+a');
      await page.keyboard.press('Delete');
      await page.locator('ol.desk > li').nth(40).waitFor();
      await page.getByRole('button', { name: 'Next page' }).click();
      await page.getByRole('button', { name: 'First page' }).waitFor();
      const timings = await page.evaluate(() => (window as unknown as { timings: Timing[] }).timings);
      const sorted = timings.map(({ duration }) => duration).sort((a, b) => a - b);
      process.stdout.write(
        `events to next paint, 16 ms or more: ${sorted.length}, median ${sorted[sorted.length >> 1]}, longest ${sorted.at(-1)} ms\n`,
      );
    } finally {
      await browser.close();
      await demo.stop();
    }
  },
);
