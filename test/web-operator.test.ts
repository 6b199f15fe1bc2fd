import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { filing } from './filing.ts';
import { expectSound, newVisitor, signIn } from './web.ts';

/** What an operator does beside filing: files, a copy, a broker, a shared truck, an appeal, a withdrawal. In a real browser on real nodes. */

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

async function file(description: string): Promise<string> {
  const body = { ...filing({ to: 'KZ', posts: ['uz-yallama', 'kz-konysbayeva'], description }), dossier: randomUUID() };
  const answer = await demo.client('UZ/exporter').send('POST', '/api/dossiers', { body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return body.dossier;
}

let dossier: string;
beforeEach(async () => {
  dossier = await file('Dried apricots');
});

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
const visitor = async (as: string, path: string, act: (page: Page) => Promise<void>): Promise<void> => {
  const context = await newVisitor(browser);
  await act(await signIn(context, demo, as, path));
  await context.close();
};

test('a file is attached with progress, can be stopped, and is read by an authority on the way', async () => {
  const bytes = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(1_500_000), Buffer.from('\n%%EOF\n')]);
  const paper = { name: 'invoice.pdf', mimeType: 'application/pdf', buffer: bytes };
  await visitor('UZ/exporter', `/dossiers/${dossier}/amend`, async (page) => {
    await heading(page, 'Parties');
    for (let step = 0; step < 7; step++) await page.getByRole('button', { name: 'Continue', exact: true }).click();
    await heading(page, 'Documents');
    await page.getByRole('button', { name: 'Add a document' }).click();
    const added = page.getByRole('group').last();
    await added.getByLabel('Kind').selectOption('271');
    await added.getByLabel('Number').fill('PL-77');
    await added.getByLabel('Issued on').fill('2026-11-20');
    await added.getByLabel('Stands with').selectOption('transport');
    // A slow line: how far it is, and a way to stop.
    const line = await page.context().newCDPSession(page);
    const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 60_000 };
    await line.send('Network.enable');
    await line.send('Network.emulateNetworkConditions', conditions);
    await added.locator('input[type=file]').setInputFiles(paper);
    await added.getByText(/^Sending: [1-9]\d* of 1465 kB$/).waitFor();
    await expectSound(page, 'attachment-sending');
    await added.getByRole('button', { name: 'Cancel' }).click();
    await added.getByText('Choose a file').waitFor();
    await line.send('Network.emulateNetworkConditions', { ...conditions, uploadThroughput: -1 });
    // A page that calls itself a picture is refused where it stands.
    await added
      .locator('input[type=file]')
      .setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('<html>') });
    await added.locator('.wrong').waitFor();
    await added.locator('input[type=file]').setInputFiles(paper);
    await added.getByText('invoice.pdf, 1465 kB').waitFor();
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
    await page.getByLabel('Reason').fill('The packing list.');
    await page.getByText('The node finds nothing wrong').waitFor();
    await page.getByRole('button', { name: 'File the new version' }).click();
    await page.getByText('Version 2 is filed').waitFor();
  });
  await eventually(async () => {
    const { status } = await demo.client('KZ/customs').send('GET', `/api/dossiers/${dossier}`);
    return status === 200;
  });
  await visitor('KZ/customs', `/dossiers/${dossier}`, async (page) => {
    const link = page.getByRole('link', { name: 'invoice.pdf, 1465 kB' });
    await link.waitFor();
    const download = await eventually(async () => {
      const [one] = await Promise.all([page.waitForEvent('download'), link.click()]);
      return (await one.failure()) === null ? one : undefined;
    });
    expect(readFileSync(await download.path()).equals(bytes)).toBe(true);
    await expectSound(page, 'dossier-with-file');
  });
});

test('a copy takes the parties and the goods over, and neither papers nor driver', async () => {
  await visitor('UZ/exporter', `/dossiers/${dossier}`, async (page) => {
    await page.getByRole('link', { name: 'Copy into a new draft' }).click();
    await heading(page, 'Parties');
    expect(await page.getByLabel('Name').first().inputValue()).toBe('Seller');
    await page.getByRole('button', { name: 'To the check' }).click();
    await heading(page, 'Check before you file');
    await page.getByText('The node finds nothing wrong').waitFor();
    const facts = await page.locator('dl.facts').innerText();
    expect(facts).toContain('Dried apricots');
    expect(facts).not.toContain('A Driver');
    expect(facts).not.toContain('INV-1');
    await page.getByRole('button', { name: 'File the dossier' }).click();
    await page.getByText('Version 1 is filed').waitFor();
    expect(page.url()).not.toContain(dossier);
  });
});

test('a broker acts once it is authorised, for one dossier, and no longer once that is taken back', async () => {
  const other = await file('Not for the broker');
  const seen = async (): Promise<string[]> => {
    const { items } = (await demo.client('UZ/forwarder').call('GET', '/api/dossiers')) as {
      items: { dossier: string }[];
    };
    return items.map((one) => one.dossier).filter((one) => [dossier, other].includes(one));
  };
  expect(await seen()).toEqual([]);
  await visitor('UZ/exporter', '/delegations', async (page) => {
    await page.getByRole('button', { name: 'Authorise another' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('To', { exact: true }).selectOption('uz.forwarder');
    await dialog.getByLabel('Until').fill('2027-12-31');
    await dialog.getByLabel('For one dossier only').fill(dossier);
    await expectSound(page, 'delegation-form');
    await dialog.getByRole('button', { name: 'Authorise another' }).click();
    await page.getByText('The authorisation is given').waitFor();
    expect(await seen()).toEqual([dossier]);
    await expectSound(page, 'delegations');
    await page.getByRole('button', { name: 'Take back' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('The work is done.');
    await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await page.locator('.state', { hasText: 'Taken back' }).waitFor();
  });
  expect(await seen()).toEqual([]);
});

test('one truck is declared with two consignments, one of them in part', async () => {
  const second = await file('Walnuts');
  await visitor('UZ/exporter', `/movements/new?dossier=${dossier}`, async (page) => {
    await page.getByLabel('Plate, train or wagon number').fill('GROUP 1');
    await page.getByRole('button', { name: 'Add a consignment' }).click();
    const added = page.getByRole('group', { name: 'Consignment 2' });
    await added.locator('input').first().fill(second);
    await added.locator('input').last().fill('40');
    await expectSound(page, 'movement-two');
    await page.getByRole('button', { name: 'Declare the movement' }).click();
    await heading(page, /GROUP 1/);
    await page.getByRole('row', { name: new RegExp(`${second}.*40`) }).waitFor();
    await page.getByRole('row', { name: new RegExp(`${dossier}.*all`) }).waitFor();
  });
});

test('a hold is appealed and decided, both with their reasons; at last the dossier is withdrawn, once it is confirmed', async () => {
  const held = await demo.client('UZ/customs').send('POST', `/api/dossiers/${dossier}/decisions`, {
    body: {
      version: 1,
      post: 'uz-yallama',
      decision: 'hold',
      reason: { code: 'document-missing', text: 'No packing list.' },
      appeal: { to: 'uz.customs', text: 'To the head of the post.' },
    },
  });
  expect(held.status).toBe(200);
  await visitor('UZ/exporter', `/dossiers/${dossier}`, async (page) => {
    await page.getByText('No packing list.').waitFor();
    await page.getByRole('button', { name: 'Appeal' }).click();
    await page.getByRole('dialog').getByLabel('Grounds').fill('It stands on the invoice.');
    await expectSound(page, 'appeal-form');
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByText('The appeal is sent').waitFor();
  });
  await visitor('UZ/customs', `/dossiers/${dossier}`, async (page) => {
    await page.getByText('It stands on the invoice.').waitFor();
    await page.getByRole('button', { name: 'Decide the appeal' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('Seen there.');
    await expectSound(page, 'appeal-outcome-form');
    await page.getByRole('dialog').getByRole('button', { name: 'Decide', exact: true }).click();
    await page.getByText('Seen there.').waitFor();
  });
  await visitor('UZ/exporter', `/dossiers/${dossier}`, async (page) => {
    await page.getByText('Seen there.').waitFor();
    await page.getByRole('button', { name: 'Withdraw' }).click();
    const dialog = page.getByRole('dialog', { name: 'Withdraw this dossier?' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    const { state } = (await demo.client('UZ/exporter').call('GET', `/api/dossiers/${dossier}`)) as { state: string };
    expect(state).not.toBe('withdrawn');
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await dialog.getByLabel('Reason').fill('Sold elsewhere.');
    await dialog.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('The dossier is withdrawn').waitFor();
    await page.locator('.state', { hasText: 'withdrawn' }).first().waitFor();
    expect(await page.getByRole('link', { name: 'Amend' }).count()).toBe(0);
    await expectSound(page, 'dossier-withdrawn');
  });
});
