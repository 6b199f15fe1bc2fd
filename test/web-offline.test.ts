import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { newVisitor } from './web.ts';

/** What a browser keeps for times without a network: taken away when the node says so, and never in place of something newer. */

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

test('a newer page is told of; a worker that the node answers with 410 goes with all that it kept', async () => {
  const visitor = await newVisitor(browser, { width: 360 });
  const page = await visitor.newPage();
  await page.goto(`${demo.address('KZ')}/en/trust`);
  const kept = () =>
    page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('dostyk-')).length);
  await eventually(async () => (await kept()) === 2);
  const answers = await page.evaluate(async () => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return all.flat().map(({ url }) => new URL(url).pathname);
  });
  expect(answers.filter((path) => !/^\/(en\/$|assets\/)/.test(path))).toEqual([]);

  await page.route('**/en/trust', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<script src="/newer.js"></script>' }),
  );
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.getByText('A newer version of this page is here.').waitFor();
  await page.unroute('**/en/trust');

  await page.route('**/service-worker.js', (route) => route.fulfill({ status: 410 }));
  // On the next visit, or the one after: the worker may be just about to be asked whether it is the newest.
  await eventually(async () => {
    await page.reload();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const workers = await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
    return workers === 0 && (await kept()) === 0;
  });
  await visitor.close();
});
