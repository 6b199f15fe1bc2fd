import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { newVisitor } from './web.ts';

/** What a browser keeps for times without a network: taken away when the node says so, and never in place of something newer. */

let demo: Demo;
let browser: Browser;
let front: Server;
/** Paths that the front before the node answers by itself; requests of a page under a worker can't be caught in the browser. */
const own = new Map<string, { status: number; body: string }>();
/** Files that the front holds back until it is told to go on. */
let held: { file: RegExp; until: Promise<void> } | undefined;

beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
  const node = new URL(demo.address('KZ'));
  front = createServer(async (incoming, outgoing) => {
    const answer = own.get(incoming.url ?? '');
    if (answer !== undefined)
      return void outgoing.writeHead(answer.status, { 'content-type': 'text/html' }).end(answer.body);
    const { method, headers, url: path } = incoming;
    if (held?.file.test(path ?? '')) await held.until;
    const onward = request({ hostname: node.hostname, port: node.port, method, headers, path }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await browser?.close();
  front?.closeAllConnections();
  front?.close();
  await demo?.stop();
});

test('a file that comes long after the worker is there is kept as well', async () => {
  const visitor = await newVisitor(browser, { width: 360 });
  const page = await visitor.newPage();
  let goOn: () => void = () => undefined;
  held = { file: /verify-page/, until: new Promise<void>((resolve) => (goOn = resolve)) };
  await page.goto(`http://127.0.0.1:${(front.address() as AddressInfo).port}/en/verify`);
  const isShellKept = () => page.evaluate(async () => (await caches.match('/en/')) !== undefined);
  await eventually(isShellKept);
  await page.waitForTimeout(5000);
  goOn();
  await page.getByLabel('Or the text of the code or the file').waitFor();
  await eventually(() =>
    page.evaluate(async () => {
      const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
      return all.flat().some(({ url }) => url.includes('verify-page'));
    }),
  );
  held = undefined;
  await visitor.close();
});

test('a newer page is told of; a worker that the node answers with 410 goes with all that it kept', async () => {
  const visitor = await newVisitor(browser, { width: 360 });
  const page = await visitor.newPage();
  await page.goto(`http://127.0.0.1:${(front.address() as AddressInfo).port}/en/trust`);
  const kept = () =>
    page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('dostyk-')).length);
  await eventually(async () => (await kept()) === 2);
  const answers = await page.evaluate(async () => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return all.flat().map(({ url }) => new URL(url).pathname);
  });
  expect(answers.filter((path) => !/^\/(en\/$|assets\/)/.test(path))).toEqual([]);

  own.set('/en/trust', { status: 200, body: '<script src="/newer.js"></script>' });
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.getByText('A newer version of this page is here.').waitFor();
  own.clear();

  own.set('/service-worker.js', { status: 410, body: '' });
  // On the next visit, or the one after: the worker may be just about to be asked whether it is the newest.
  await eventually(async () => {
    await page.reload();
    await page.waitForTimeout(1000);
    const workers = await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
    return workers === 0 && (await kept()) === 0;
  });
  await visitor.close();
});
