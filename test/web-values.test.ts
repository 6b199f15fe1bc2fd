import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, dostyk, root, startDemo } from './demo.ts';
import { Told } from './explained.ts';
import { newVisitor, signIn } from './web.ts';

/** No screen shows a value that the node didn't answer: every text of every page is a message, or was told by an answer. */

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
  const played = await dostyk(['--directory', demo.directory, 'play', join(root, 'examples/journeys/cherries.json')]);
  expect(played.code, played.stdout).toBe(0);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

interface Listed {
  readonly items: readonly { readonly movement: string; readonly dossier: string; readonly certificate: string }[];
}

test.each([
  ['UZ/exporter', ['/dossiers', '/movements', '/delegations', '/webhooks', '/trust', '/']],
  ['UZ/customs', ['/dossiers', '/movements', '/desk', '/requirements/declared', '/trail']],
  ['CN/customs', ['/dossiers', '/movements', '/desk', '/requirements/declared', '/trail']],
  ['KZ/plant-health', ['/dossiers', '/movements', '/trail']],
])('%s is shown what was answered', async (as, paths) => {
  const [member = '', role] = as.split('/');
  const client = demo.client(as);
  const { items: dossiers } = await client.call<Listed>('GET', '/api/dossiers');
  const { items: movements } = await client.call<Listed>('GET', '/api/movements');
  const dossier = dossiers[0]?.dossier ?? '';
  const visitor = await newVisitor(browser);
  const page = await signIn(visitor, demo, as, '/');
  const own = [
    ...paths,
    `/dossiers/${dossier}`,
    ...['invoice', 'packing-list', 'consignment-note'].map((form) => `/print/${dossier}/${form}`),
    ...movements.map(({ movement }) => `/movements/${movement}`),
    ...(role === 'customs' ? movements.map(({ movement }) => `/desk/movements/${movement}?post=cn-khorgos`) : []),
  ];
  const found: Record<string, string[]> = {};
  for (const path of own) {
    const told = new Told(page);
    await page.goto(`${demo.address(member)}/en${path}`);
    await page.locator('main h1').first().waitFor();
    await page.waitForTimeout(300);
    await page.locator('main').evaluate((main) => {
      for (const one of main.querySelectorAll('details')) one.open = true;
    });
    await page.waitForTimeout(300);
    const texts = await told.unexplained(page);
    if (texts.length > 0) found[path] = texts;
  }
  expect(found).toEqual({});
  await visitor.close();
});
