import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, dostyk, root, startDemo } from './demo.ts';

/** The plain page in a real browser, with a journey behind it. `SCREENSHOTS=folder` keeps pictures. */

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
  const played = await dostyk([
    '--directory',
    demo.directory,
    'play',
    join(root, 'examples/journeys/cherries.json'),
    join(root, 'examples/journeys/groupage.json'),
  ]);
  expect(played.code, played.stdout).toBe(0);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function open(path: string, width: number, scheme: 'light' | 'dark' = 'light'): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme, bypassCSP: false });
  const answer = await page.goto(`${demo.address('KZ')}${path}`);
  expect(answer?.status()).toBe(200);
  return page;
}

/** Runs axe through the debugger, so that the page's own policy stays in force. */
async function violations(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const { result } = await session.send('Runtime.evaluate', {
    expression:
      "axe.run().then((r) => JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' | '))))",
    awaitPromise: true,
  });
  return JSON.parse(String(result.value)) as string[];
}

async function dossierPath(page: Page, text: string): Promise<string> {
  return (await page.getByRole('link', { name: text }).first().getAttribute('href')) ?? '';
}

describe.each([360, 768, 1440])('at %i px', (width) => {
  test('the start page and a dossier: nothing overflows, no barrier for anyone, light and dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const home = await open('/', width, scheme);
      expect(await home.getByRole('heading', { level: 1 }).textContent()).toBe('One dossier, every border on the way');
      expect(await home.locator('tbody tr').count()).toBeGreaterThan(6 + 12);
      const cherries = await dossierPath(home, '080929');
      const dossier = await open(cherries, width, scheme);
      expect(await dossier.locator('.timeline > li').count()).toBe(4);
      expect(await dossier.textContent('.timeline')).toContain('The record of the cold treatment is missing.');
      for (const [name, page] of [
        ['home', home],
        ['dossier', dossier],
      ] as const) {
        expect(
          await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
          `${name} ${width}`,
        ).toBe(true);
        expect(await violations(page), `${name} ${width} ${scheme}`).toEqual([]);
        if (process.env['SCREENSHOTS'] !== undefined) {
          mkdirSync(process.env['SCREENSHOTS'], { recursive: true });
          await page.screenshot({
            path: join(process.env['SCREENSHOTS'], `${name}-${width}-${scheme}.png`),
            fullPage: true,
          });
        }
        await page.close();
      }
    }
  });
});

test('no script runs, whatever a field says, and a keyboard reaches every link', async () => {
  const page = await open('/', 1440);
  await page.setContent('<p>own page</p>');
  await page.goto(`${demo.address('KZ')}/`);
  expect(await page.locator('script').count()).toBe(0);
  const links = await page.locator('a').count();
  const reached = new Set<string>();
  for (let i = 0; i < links + 10; i++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate<string>("document.activeElement?.getAttribute('href') ?? ''"));
  }
  expect(reached.size).toBeGreaterThan(10);
  await page.close();
});
