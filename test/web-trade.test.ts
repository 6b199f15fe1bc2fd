import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { Keyboard } from './keyboard.ts';
import { randomFilings } from './random-goods.ts';
import { expectSound, newVisitor, signIn, watchErrors } from './web.ts';

/** From empty nodes with goods that nobody typed before: filed and decided in the browser, by keyboard alone, over two members. */

const SEED = Number(process.env['SEED'] ?? 20_261_123);
const [goods] = randomFilings(1, SEED) as [ReturnType<typeof randomFilings>[number]];
const [first] = goods.items as [(typeof goods.items)[number]];

let demo: Demo;
let browser: Browser;
let dossier = '';
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name });

describe(`an exporter, by keyboard alone (seed ${SEED})`, () => {
  test('files a dossier step by step and finds its reference', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'UZ/exporter', '/dossiers');
    const errors = watchErrors(page);
    const keys = new Keyboard(page);
    await expectSound(page, 'dossiers-empty');
    await keys.press('New dossier');
    await heading(page, 'Parties').waitFor();
    await keys.type('Name', goods.consignor);
    await keys.to('Registration number');
    await keys.page.keyboard.press('Tab');
    await keys.type('Name', goods.consignee);
    await keys.choose('Country', 'Kazakh');
    await expectSound(page, 'filing-parties');
    await keys.press('Continue');

    await heading(page, 'Way').waitFor();
    await keys.type('Place of departure', 'Tashkent');
    await keys.type('Place of destination', 'Shymkent');
    await keys.choose('Country of destination', 'Kazakh');
    await keys.choose('Crossing', 'Konys');
    await keys.press('Add this crossing');
    await page.getByText('Yallama').first().waitFor();
    await expectSound(page, 'filing-way');
    await keys.press('Continue');

    await heading(page, 'Goods').waitFor();
    for (const [i, item] of goods.items.entries()) {
      if (i > 0) await keys.press('Add an item');
      if (i > 0) await keys.to('Item 2', { back: true }).catch(() => undefined);
      await keys.type('Goods in plain words', item.description);
      await keys.type('HS code', item.hs);
      await keys.type('Net mass, kg', item.net);
      await keys.type('Gross mass, kg', item.gross);
      await keys.type('Packages', item.packages);
      if (goods.items.length > 1) break;
    }
    await expectSound(page, 'filing-goods');
    await keys.press('Continue');

    await heading(page, 'Values').waitFor();
    await keys.type('Place of the Incoterm', 'Shymkent');
    await keys.type(/^Item 1/, first.value);
    await keys.press('Continue');

    await heading(page, 'Transport').waitFor();
    await keys.type('Name', goods.carrier);
    await keys.press('Add equipment');
    await keys.type('Number', goods.trailer);
    await keys.type('Seals', goods.seal);
    await expectSound(page, 'filing-transport');
    await keys.press('To the check');

    await heading(page, 'Check before you file').waitFor();
    await page.getByText('The node finds nothing wrong').waitFor();
    await expectSound(page, 'filing-check');
    await keys.press('File the dossier');
    await page.getByText('Version 1 is filed').waitFor();
    dossier = /\/dossiers\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';
    expect(dossier).not.toBe('');
    // Markup in what was typed is text, here as everywhere.
    expect(await page.locator('main').textContent()).toContain(first.description);
    await expectSound(page, 'dossier-operator');
    expect(errors).toEqual([]);
    await visitor.close();
  });

  test('amends it, and sees before it files and after, field by field, what changes', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'UZ/exporter', `/dossiers/${dossier}`);
    await page.getByRole('link', { name: 'Amend' }).click();
    await heading(page, 'Parties').waitFor();
    await page.getByRole('button', { name: 'To the check' }).click();
    await page.getByText('Nothing is changed.').waitFor();
    await page.getByRole('button', { name: /^Change.*Carrier/ }).click();
    await page.getByLabel('Seals').fill(`${goods.seal}, SECOND-1`);
    await page.getByRole('button', { name: 'To the check' }).click();
    const row = page.getByRole('row', { name: new RegExp(`${goods.trailer} · Seals`) });
    await row.waitFor();
    expect(await row.getByRole('cell').allTextContents()).toEqual([goods.seal, `${goods.seal}, SECOND-1`]);
    expect(await page.getByRole('table').getByRole('row').count()).toBe(2);
    await page.getByLabel('Reason').fill('A second seal.');
    await page.getByText('The node finds nothing wrong').waitFor();
    await expectSound(page, 'amendment-check');
    await page.getByRole('button', { name: 'File the new version' }).click();
    await page.getByText('Version 2 is filed').waitFor();
    await page.getByText('2 versions').click();
    await page.getByText('What version 2 changed').click();
    await row.waitFor();
    expect(await row.getByRole('cell').allTextContents()).toEqual([goods.seal, `${goods.seal}, SECOND-1`]);
    await expectSound(page, 'dossier-versions');
    await visitor.close();
  });

  test('finds it by partner, trailer and seal, which others do not', async () => {
    const owner = demo.client('UZ/exporter');
    for (const search of [goods.consignee.slice(0, 20), goods.trailer, goods.seal, dossier]) {
      const body = await owner.call('GET', '/api/dossiers', { query: { search } });
      expect(
        (body as { items: { dossier: string }[] }).items.map((one) => one.dossier),
        search,
      ).toEqual([dossier]);
    }
    const other = await demo.client('UZ/importer').call('GET', '/api/dossiers', { query: { search: goods.seal } });
    expect((other as { items: unknown[] }).items).toEqual([]);
  });

  test('takes it as a table, and files what stands in a table, once it is in order', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'UZ/exporter', `/dossiers/${dossier}`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download as a table (CSV)' }).click(),
    ]);
    const table = readFileSync(await download.path(), 'utf8');
    expect(table).toContain(goods.seal);
    await page.goto(`${demo.address('UZ')}/en/import`);
    const give = (text: string) =>
      page.setInputFiles('input[type=file]', { name: 'many.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    const [header = '', row = ''] = table.trimEnd().split('\r\n');
    const named = (reference: string): string => row.replace(dossier, reference);
    await give([header, named('ONE'), named('TWO').replace(first.hs, '99')].join('\r\n'));
    await page.getByText('The table is not in order').waitFor();
    await page.getByRole('row', { name: /^3 hs/ }).waitFor();
    await expectSound(page, 'import-findings');
    await give([header, named('ONE'), named('TWO').replace('uz-yallama', 'uz-nowhere'), named('THREE')].join('\r\n'));
    await page.getByRole('button', { name: 'File 3 dossiers' }).click();
    await page.getByText('2 filed, 1 refused.').waitFor();
    await page.getByRole('row', { name: /^TWO refused/ }).waitFor();
    await expectSound(page, 'import-results');
    const [again] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the refused ones' }).click(),
    ]);
    const refused = readFileSync(await again.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    expect([refused.length, refused[1]?.startsWith('TWO,')]).toEqual([2, true]);
    await page
      .getByRole('link', { name: /^[0-9a-f-]{36}$/ })
      .first()
      .click();
    await heading(page, new RegExp(first.hs)).waitFor();
    await page.getByRole('button', { name: 'Withdraw' }).waitFor();
    await visitor.close();
  });
});

describe('a carrier', () => {
  test('declares the truck and reports that it set off', async () => {
    const visitor = await newVisitor(browser);
    // The exporter drives its own truck: the same operator declares it.
    const page = await signIn(visitor, demo, 'UZ/exporter', `/dossiers/${dossier}`);
    const keys = new Keyboard(page);
    await keys.press('Declare a movement');
    await heading(page, 'Declare a movement').waitFor();
    await keys.type('Plate, train or wagon number', goods.plate);
    await expectSound(page, 'movement-form');
    await keys.press('Declare the movement');
    await heading(page, goods.plate).waitFor();
    await keys.press('Report an event');
    await page.getByRole('dialog').waitFor();
    await keys.choose('What happened', 'Depart');
    await keys.type('Place', 'Tashkent');
    await keys.press('Send');
    await page.getByText('The event is reported').waitFor();
    await expectSound(page, 'movement');
    await visitor.close();
  });
});

describe('an officer, by keyboard alone', () => {
  test.each([
    ['UZ', 'uz-yallama', 'Yallama, Uzbekistan'],
    ['KZ', 'kz-konysbayeva', 'Konysbayeva, Kazakhstan'],
  ])('at %s sees the truck before it arrives, asks, and releases', async (member, post) => {
    const visitor = await newVisitor(browser);
    const officer = demo.client(`${member}/customs`);
    await eventually(async () => {
      const body = await officer.call('GET', '/api/desk/movements', { query: { post } });
      return (body as { items: unknown[] }).items.length === 1;
    });
    const page = await signIn(visitor, demo, `${member}/customs`, '/desk');
    const errors = watchErrors(page);
    const keys = new Keyboard(page);
    const name = (await officer.call('GET', '/api/members')) as {
      members: { posts: { id: string; name: string }[] }[];
    };
    const postName = name.members.flatMap((one) => one.posts).find((one) => one.id === post)?.name ?? '';
    await keys.choose('Post', postName);
    await page.getByRole('link', { name: goods.plate }).waitFor();
    await expectSound(page, `desk-${member}`);

    await keys.to(goods.plate);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    // Search takes letters; then out of the field, and single keys work the list.
    await page.keyboard.press('/');
    const found = page.waitForResponse((response) => response.url().includes('search='));
    await page.keyboard.insertText(goods.seal);
    // What is found comes in place of the list: who selects before that selects in the old one.
    await found;
    await page.getByRole('link', { name: goods.plate }).waitFor();
    await keys.to(goods.plate);
    await page.keyboard.press('j');
    await page.keyboard.press('r');
    await page.getByRole('dialog', { name: /^Release/ }).waitFor();
    await expectSound(page, `decide-${member}`);
    await keys.press('Release');
    await page.getByText('The decision is recorded').waitFor();
    await page.getByText('released').first().waitFor();
    // What stands there, beside what was declared.
    await page.getByRole('button', { name: 'Note what is here' }).click();
    await page.getByLabel('Seals').fill(`${goods.seal}, <b>X1</b>`);
    await expectSound(page, `presented-${member}`);
    await page.getByRole('button', { name: 'Note it' }).click();
    await page.getByText('It is noted').waitFor();
    await page
      .getByRole('row', { name: /^Seals/ })
      .getByText('differs')
      .waitFor();
    await page.getByText('<b>X1</b>').waitFor();
    await expectSound(page, `desk-movement-${member}`);
    const view = (await officer.call('GET', `/api/dossiers/${dossier}`)) as {
      timeline: { post: string; state: string }[];
    };
    expect(view.timeline.find((one) => one.post === post)?.state).toBe('released');
    expect(errors).toEqual([]);

    await page.goto(`${demo.address(member)}/en/trail`);
    await page.getByRole('cell', { name: 'Release' }).waitFor();
    await expectSound(page, `trail-${member}`);
    await page.goto(`${demo.address(member)}/en/desk/downtime?post=${post}`);
    await page.getByText(goods.plate).first().waitFor();
    await expectSound(page, `downtime-${member}`);
    await visitor.close();
  });

  test('sees what is for its authority and no more, and others see nothing', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'UZ/plant-health', `/dossiers/${dossier}`);
    await heading(page, new RegExp(first.hs)).waitFor();
    await expectSound(page, 'dossier-officer');
    await visitor.close();

    const stranger = await newVisitor(browser);
    const away = await signIn(stranger, demo, 'TJ/customs', `/dossiers/${dossier}`);
    await heading(away, 'No such dossier here').waitFor();
    expect(await away.locator('main').textContent()).not.toContain(first.description);
    const answer = await away.request.get(`${demo.address('TJ')}/api/desk/movements?post=kz-konysbayeva`);
    expect([answer.status(), (await answer.json()).code]).toEqual([403, 'post-foreign']);
    await stranger.close();
  });
});

describe('whatever happens to a form', () => {
  test('a session that ends in the midst of it, a reload and a lost network lose nothing', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'UZ/exporter', '/dossiers');
    await page.getByRole('link', { name: 'New dossier' }).first().click();
    await page.getByLabel('Name').first().fill('Typed before the session ended');
    await page.waitForTimeout(300);
    // Signed out elsewhere: this page does not know yet.
    await visitor.clearCookies();
    await page.getByRole('button', { name: 'To the check' }).click();
    await page.getByText('Your session has ended').or(page.getByText('Sign in to go on')).first().waitFor();
    await page
      .getByRole('link', { name: /Sign in/ })
      .first()
      .click();
    const account = page.locator('button[value="uz-exporter"]');
    if (await account.isVisible().catch(() => false)) await account.click();
    await heading(page, 'Check before you file').waitFor();
    await page.getByText('Typed before the session ended').first().waitFor();
    await page.reload();
    await page.getByText('Typed before the session ended').first().waitFor();
    await visitor.setOffline(true);
    await page.getByRole('button', { name: 'Check again' }).click();
    await page.getByText('The node does not answer').first().waitFor();
    await visitor.setOffline(false);
    await page.getByRole('button', { name: 'Check again' }).click();
    await page.getByText('things are to be corrected').waitFor();
    await expectSound(page, 'filing-errors');
    await visitor.close();
  });

  test('a huge paste is refused clearly, and rows with errors are named before anything is taken over', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'UZ/exporter', '/dossiers');
    await page.getByRole('link', { name: 'New dossier' }).first().click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Paste items from a spreadsheet').click();
    const field = page.getByLabel('Rows with their header');
    await field.evaluate((element) => {
      (element as HTMLTextAreaElement).value = 'x'.repeat(5_000_000);
      element.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await page.getByRole('button', { name: 'Read the rows' }).click();
    await page.getByText('more than fits').waitFor();
    await field.fill(
      'hs\tdescription\torigin\tnet\tgross\tpackage\tpackages\n080929\tCherries\tUZ\t10\t11\tCT\t5\n99\tBad\tUZ\t1\t2\tCT\t1\n',
    );
    await page.getByRole('button', { name: 'Read the rows' }).click();
    await page.getByText('Row 3').waitFor();
    await field.fill('hs\tdescription\torigin\tnet\tgross\tpackage\tpackages\n080929\tCherries\tUZ\t10\t11\tCT\t5\n');
    await page.getByRole('button', { name: 'Read the rows' }).click();
    await page.getByText('One item was taken over.').waitFor();
    await visitor.close();
  });
});
