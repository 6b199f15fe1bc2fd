import { randomUUID } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { filing } from './filing.ts';
import { expectSound, newVisitor, signIn, watchErrors } from './web.ts';

/** A desk with several movements: many released at once, and what was decided on paper entered after an outage. */

const POST = 'uz-yallama';
const SCRIPT = '<script>alert(1)</script><img src=x onerror=alert(2)>';
let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Dossiers and the one truck that carries them, by an exporter that drives itself. */
async function send(plate: string, descriptions: readonly string[]): Promise<string[]> {
  const exporter = demo.client('UZ/exporter');
  const dossiers: string[] = [];
  for (const description of descriptions) {
    const body = filing({ to: 'KZ', posts: [POST, 'kz-konysbayeva'], description });
    await exporter.call('POST', '/api/dossiers', { body });
    dossiers.push(body.dossier);
  }
  await exporter.call('POST', '/api/movements', {
    body: {
      movement: randomUUID(),
      carrier: { name: SCRIPT, country: 'UZ' },
      leg: { mode: 'road', from: { name: 'Tashkent', country: 'UZ' }, to: { name: 'Shymkent', country: 'KZ' } },
      posts: [POST, 'kz-konysbayeva'],
      means: { mode: 'road', identification: plate, country: 'UZ' },
      consignments: dossiers.map((dossier) => ({ dossier })),
    },
  });
  return dossiers;
}

async function stateOf(dossier: string): Promise<string | undefined> {
  const view = (await demo.client('UZ/customs').call('GET', `/api/dossiers/${dossier}`)) as {
    timeline: { post: string; state: string }[];
  };
  return view.timeline.find((one) => one.post === POST)?.state;
}

test('several are released at once, each named before, and one that is held meanwhile does not stop the others', async () => {
  const [good = '', other = ''] = await send('ONE 1', [SCRIPT, 'Cotton']);
  const visitor = await newVisitor(browser);
  const page = await signIn(visitor, demo, 'UZ/customs', '/desk');
  const errors = watchErrors(page);
  await page.getByLabel('Post').selectOption(POST);
  await page.getByRole('link', { name: 'ONE 1' }).waitFor();
  expect(await page.locator('main').textContent()).toContain(SCRIPT);
  await page.getByRole('link', { name: 'ONE 1' }).focus();
  await page.keyboard.press('x');
  await page.keyboard.press('Shift+R');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Cotton').waitFor();
  await expectSound(page, 'bulk-release');
  // While the dialog stands open its operator files another version of one of them.
  await demo.client('UZ/exporter').call('POST', `/api/dossiers/${other}/amendments`, {
    body: { baseVersion: 1, sections: { driver: { drivers: [{ name: 'Another Driver' }] } }, reason: 'Another driver' },
  });
  await dialog.getByRole('button', { name: 'Release these 2' }).click();
  await dialog.locator('.wrong').waitFor();
  await dialog.getByText('released', { exact: true }).waitFor();
  expect([await stateOf(good), await stateOf(other)]).toEqual(['released', 'expected']);
  // Markup that anyone wrote stood there as text: nothing ran, nothing was fetched for it.
  expect(errors.filter((one) => !one.includes('409'))).toEqual([]);
  await visitor.close();
});

test('after an outage what stands on paper is entered, with its time, and the sheet no longer asks for it', async () => {
  const [paper = ''] = await send('TWO 2', ['Grapes']);
  const visitor = await newVisitor(browser, { width: 768 });
  const page = await signIn(visitor, demo, 'UZ/customs', `/desk/downtime?post=${POST}`);
  const entry = page.getByRole('group', { name: /TWO 2/ });
  await entry.getByLabel('Decision').selectOption('hold');
  await entry.getByLabel('Time on paper').fill('2026-11-20T09:30');
  await expectSound(page, 'downtime-entry');
  // Typed before a reload, and still there after it.
  await page.waitForTimeout(300);
  await page.reload();
  await page.getByRole('button', { name: 'Enter one decision' }).click();
  await eventually(async () => (await stateOf(paper)) === 'held');
  const trail = (await demo.client('UZ/customs').call('GET', '/api/trail')) as { items: Record<string, unknown>[] };
  expect(trail.items[0]).toMatchObject({ what: 'hold', subject: paper, post: POST });
  expect(String(trail.items[0]?.['text'])).toContain('2026-11-20 09:30');
  await visitor.close();
});

test('a version filed while a decision is being written is shown, and nothing typed is lost', async () => {
  const [changing = ''] = await send('FOUR 4', ['Melons']);
  const visitor = await newVisitor(browser);
  const page = await signIn(visitor, demo, 'UZ/customs', '/desk');
  await page.getByLabel('Post').selectOption(POST);
  await page.getByRole('link', { name: 'FOUR 4' }).focus();
  await page.keyboard.press('h');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('In words').fill('The invoice is not readable');
  await demo.client('UZ/exporter').call('POST', `/api/dossiers/${changing}/amendments`, {
    body: { baseVersion: 1, sections: { driver: { drivers: [{ name: 'Another Driver' }] } }, reason: 'Another driver' },
  });
  // The page hears of it by itself.
  await dialog.getByText('version 2', { exact: false }).first().waitFor();
  expect(await dialog.getByLabel('In words').inputValue()).toBe('The invoice is not readable');
  await dialog.getByRole('button', { name: 'Hold' }).click();
  await dialog.getByRole('alert').waitFor();
  expect(await stateOf(changing)).toBe('expected');
  await dialog.getByRole('button', { name: 'I have read version 2' }).click();
  await dialog.getByRole('button', { name: 'Hold' }).click();
  await page.getByText('The decision is recorded').waitFor();
  expect(await stateOf(changing)).toBe('held');
  // The same form again is another act, and begins empty.
  await page.getByRole('button', { name: 'Hold' }).click();
  expect(await dialog.getByLabel('In words').inputValue()).toBe('');
  await dialog.getByLabel('In words').fill('Still not readable');
  await dialog.getByRole('button', { name: 'Hold' }).click();
  await dialog.waitFor({ state: 'hidden' });
  const trail = (await demo.client('UZ/customs').call('GET', '/api/trail')) as { items: { text?: string }[] };
  expect(trail.items[0]?.text).toBe('Still not readable');
  await visitor.close();
});

test.each([360, 768])('the desk fits a window of %i pixels', async (width) => {
  const visitor = await newVisitor(browser, { width });
  const page = await signIn(visitor, demo, 'UZ/customs', '/desk');
  await page.getByLabel('Post').selectOption(POST);
  await page.getByRole('link', { name: 'ONE 1' }).waitFor();
  await expectSound(page, `desk-${width}`);
  await page.getByRole('link', { name: 'ONE 1' }).click();
  await page.getByRole('heading', { name: 'Declared and presented' }).waitFor();
  await expectSound(page, `desk-movement-${width}`);
  await visitor.close();
});

test('a requirement is declared with its source, and what is not there is counted at the desk', async () => {
  await send('THREE 3', ['Tulips']);
  const visitor = await newVisitor(browser, { width: 1440 });
  const page = await signIn(visitor, demo, 'UZ/customs', '/requirements/declared');
  await page.getByRole('button', { name: 'Declare a requirement' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Short name').fill('test-dried-fruit');
  await dialog.getByLabel('HS code').fill('0813');
  await dialog.getByLabel('Direction').selectOption('export');
  await dialog.getByLabel('Phytosanitary certificate', { exact: true }).check();
  await dialog.getByLabel('Title of the source').fill(SCRIPT);
  await dialog.getByLabel('Address of the source').fill('javascript:alert(1)');
  await dialog.getByLabel('Kind of source').selectOption('demonstration');
  await expectSound(page, 'requirement-form');
  await dialog.getByRole('button', { name: 'Declare it' }).click();
  await page.getByText('The requirement is declared').waitFor();
  await page.getByRole('row', { name: /0813/ }).getByText(SCRIPT).waitFor();
  expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
  await page.goto(`${demo.address('UZ')}/en/desk`);
  await page.getByLabel('Post').selectOption(POST);
  const row = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'THREE 3' }) });
  await row.getByText('one paper missing').first().waitFor();
  await visitor.close();
});

test("another member's officer is refused what an own one is shown, by the node itself", async () => {
  const own = (await demo.client('UZ/customs').call('GET', '/api/desk/movements', { query: { post: POST } })) as {
    items: { movement: string }[];
  };
  const path = `/api/desk/movements/${own.items[0]?.movement}`;
  const answers = await Promise.all(
    ['KZ/customs', 'TJ/customs', 'UZ/plant-health', 'UZ/exporter'].map(async (as) => {
      const { status } = await demo.client(as).send('GET', path, { query: { post: POST } });
      return status;
    }),
  );
  expect(answers).toEqual([403, 403, 403, 403]);
});

test('the officer sees which paper meets which rule of the own member; the operator is told before filing, step by step', async () => {
  const exporter = demo.client('UZ/exporter');
  const body = filing({ to: 'KZ', posts: [POST, 'kz-konysbayeva'], description: 'Table grapes' });
  for (const item of body.sections.goods.items) item.hs = '080610';
  Object.assign(body.sections.goods, { documents: [{ code: '851', number: 'UZ-17', issued: '2026-06-01' }] });
  await exporter.call('POST', '/api/dossiers', { body });
  const movement = randomUUID();
  await exporter.call('POST', '/api/movements', {
    body: {
      movement,
      carrier: { name: 'Carrier', country: 'UZ' },
      leg: { mode: 'road', from: { name: 'Tashkent', country: 'UZ' }, to: { name: 'Shymkent', country: 'KZ' } },
      posts: [POST, 'kz-konysbayeva'],
      means: { mode: 'road', identification: 'RULES 5', country: 'UZ' },
      consignments: [{ dossier: body.dossier }],
    },
  });
  const kz = demo.client('KZ/customs');
  await eventually(async () => (await kz.send('GET', `/api/movements/${movement}`)).status === 200);
  const officer = await signIn(await newVisitor(browser), demo, 'KZ/customs', '/desk');
  const errors = watchErrors(officer);
  await officer.goto(`${demo.address('KZ')}/en/desk/movements/${movement}?post=kz-konysbayeva`);
  await officer.getByText('What members ask for').click();
  await officer.getByText('Kazakhstan: import', { exact: true }).waitFor();
  await officer
    .getByText(/Met by .*851.* UZ-17 \(Goods\)/)
    .first()
    .waitFor();
  await expectSound(officer, 'rules-officer');

  const visitor = await newVisitor(browser, { width: 390 });
  // A copy takes no papers over: what met the rule before is to be brought again.
  const page = await signIn(visitor, demo, 'UZ/exporter', '/dossiers');
  await page.goto(`${demo.address('UZ')}/en/dossiers/${body.dossier}/copy`);
  await page.getByRole('button', { name: 'To the check' }).click();
  await page.getByRole('heading', { name: 'What members ask for' }).waitFor();
  const stage = page.locator('details', { hasText: 'Kazakhstan: import' });
  const rule = stage.getByRole('listitem').filter({ hasText: 'Plant products of the quarantine list' });
  await rule.getByText('needed', { exact: true }).waitFor();
  await expectSound(page, 'rules-filing');
  await rule.getByRole('button', { name: 'Correct: Documents' }).click();
  await page.getByRole('heading', { level: 1, name: 'Documents' }).waitFor();
  expect(errors).toEqual([]);
});
