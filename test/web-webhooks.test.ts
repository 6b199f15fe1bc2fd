import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { filing } from './filing.ts';
import { expectSound, newVisitor, signIn, watchErrors } from './web.ts';

/** An operator's own system is told of a filing, by a webhook that was set up in the browser. */

let demo: Demo;
let browser: Browser;
let server: Server;
const received: string[] = [];
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
  server = createServer((request, answer) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      received.push(body);
      answer.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server?.close();
  await browser?.close();
  await demo?.stop();
});

test.each([360, 768, 1440])('a webhook is added, tested, told of a filing and removed, at %i px', async (width) => {
  const visitor = await newVisitor(browser, { width });
  const page = await signIn(visitor, demo, 'UZ/exporter', '/webhooks');
  const errors = watchErrors(page);
  await page.getByText('No webhook yet').waitFor();
  await page.getByLabel('Address of your system').fill('https://10.0.0.1/');
  await page.getByRole('button', { name: 'Add a webhook' }).click();
  await page.getByText('lead to a host on the public Internet').waitFor();
  expect(errors.splice(0)).toEqual([expect.stringContaining('422')]);

  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  await page.getByLabel('Address of your system').fill(url);
  await page.getByRole('button', { name: 'Add a webhook' }).click();
  await page.getByText('whsec_').waitFor();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('answered with 204').first().waitFor();
  await expectSound(page, `webhooks-${width}`);

  const input = filing({ from: 'UZ', to: 'KZ', posts: ['uz-yallama', 'kz-konysbayeva'] });
  const { body } = await demo.client('UZ/exporter').send('POST', '/api/dossiers', { body: input });
  const { dossier } = body as { dossier: string };
  await eventually(async () => received.some((one) => one.includes(dossier)));

  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('No webhook yet').waitFor();
  expect(errors).toEqual([]);
  await visitor.close();
});
