import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { expectSound, newVisitor, signIn, watchErrors } from './web.ts';

/** What is needed and what it costs: the public page, in a real browser on a real node, without an account. */

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

const QUESTION =
  'hs=080929&from=UZ&to=CN&via=yallama%2Ckhorgos-road&mode=road&mass=20000&value=40000&currency=USD&incoterm=DAP&date=2026-12-01';

describe.each([360, 768, 1440])('at %i px', (width) => {
  test('a question and its answer are sound', async () => {
    const visitor = await newVisitor(browser, { width });
    const page = await visitor.newPage();
    const errors = watchErrors(page);
    await page.goto(`${demo.address('KG')}/en/requirements`);
    await page.getByRole('heading', { level: 1, name: 'What is needed, and what it costs' }).waitFor();
    await expectSound(page, `requirements-empty-${width}`);
    await page.goto(`${demo.address('KG')}/en/requirements?${QUESTION}`);
    await page.getByRole('heading', { name: 'China: import' }).waitFor();
    await expectSound(page, `requirements-${width}`);
    expect(errors).toEqual([]);
    await visitor.close();
  });
});

test('an exporter asks by keyboard, sees each stage with its sources, and passes the address on', async () => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${demo.address('UZ')}/en/requirements`);
  // In Uzbek, with a slip, on an English page.
  await page.getByLabel('Goods in words').fill('giols');
  await page.getByRole('button', { name: /^080929/ }).click();
  expect(await page.getByLabel('Goods code (HS)').inputValue()).toBe('080929');
  await page.getByLabel('From', { exact: true }).selectOption('UZ');
  await page.getByLabel('To', { exact: true }).selectOption('CN');
  await page.getByLabel('Mode').selectOption('road');
  await page.getByLabel('Crossing 1').selectOption({ label: 'Yallama – Konysbayeva' });
  await page.getByLabel('Crossing 2').selectOption({ label: 'Nur Zholy – Khorgos' });
  // The way has reached its end: no further crossing is offered.
  expect(await page.getByLabel('Crossing 3').count()).toBe(0);
  await page.getByLabel('Net mass, kg').fill('20000');
  await page.getByLabel('Price of the goods').fill('40000');
  await page.getByLabel('Currency').fill('usd');
  await page.getByLabel('Incoterm').selectOption('DAP');
  await page.getByLabel('On which day').fill('2026-12-01');
  await page.getByLabel('On which day').press('Enter');
  for (const name of ['Uzbekistan: export', 'Kazakhstan: transit', 'China: import'])
    await page.getByRole('heading', { name }).waitFor();
  const answered = await (await page.request.get(`${demo.address('UZ')}/api/requirements?${QUESTION}`)).json();
  const china = page.getByRole('region', { name: 'China: import', exact: true });
  // Duty before what stands on it.
  const kinds = await china
    .locator('.table', { hasText: 'Charges with the ordinary duty' })
    .locator('th strong')
    .allInnerTexts();
  expect(kinds).toEqual(['duty', 'excise', 'VAT', 'fee']);
  // Every address of a source that the node named for China stands on the page, and none beside them.
  const named = new Set(
    [...JSON.stringify(answered.stages.at(-1)).matchAll(/"address":"([^"]+)"/g)].map(([, address]) => address),
  );
  const shown = new Set(
    await china.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
  );
  expect(shown.size).toBeGreaterThan(3);
  for (const address of shown) expect(named).toContain(address);
  expect(new URL(page.url()).searchParams.get('via')).toBe('yallama,khorgos-road');

  const second = await visitor.newPage();
  await second.goto(page.url());
  await second.getByRole('heading', { name: 'China: import' }).waitFor();
  expect(await second.locator('#answer').innerText()).toBe(await page.locator('#answer').innerText());
  await visitor.close();
});

test('a paper that is there is taken into the answer, and into its address', async () => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${demo.address('CN')}/en/requirements?${QUESTION}`);
  const china = page.getByRole('region', { name: 'China: import', exact: true });
  await china.waitFor();
  const needed = china.locator('.controls > li', { hasText: 'An import declaration is filed' });
  expect(await needed.innerText()).toContain('needed');
  await china.getByRole('checkbox', { name: /Import goods declaration/ }).check();
  await needed.getByText('met').waitFor();
  expect(new URL(page.url()).searchParams.get('papers')).not.toBeNull();
  await visitor.close();
});

test('two days are compared, and what differs is marked', async () => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${demo.address('KZ')}/en/requirements?${QUESTION}`);
  await page.getByRole('link', { name: 'Compare with another route or day' }).click();
  await page.getByRole('heading', { name: 'Comparison' }).waitFor();
  await page.getByLabel('On which day').fill('2015-01-01');
  await page.getByRole('button', { name: 'Show what is needed' }).click();
  await page.locator('tr.differs', { hasText: '1 Jan 2015' }).waitFor();
  // Ten years earlier nothing of what is compiled was in force.
  await page.locator('tr.differs', { hasText: 'Papers: China' }).waitFor();
  await expectSound(page, 'requirements-compared');
  await page.getByRole('link', { name: 'End the comparison' }).click();
  await page.getByRole('link', { name: 'Compare with another route or day' }).waitFor();
  await visitor.close();
});

test('what is watched is asked anew, and what has changed is told', async () => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${demo.address('KZ')}/en/requirements?${QUESTION}`);
  await page.getByRole('button', { name: 'Tell me when this changes' }).click();
  await page.getByText('Kept in this browser').waitFor();
  await page.goto(`${demo.address('KZ')}/en/requirements`);
  await page.getByText('unchanged since').waitFor();
  // As if the rules had been others when it was looked at.
  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.getItem('dostyk-watched') ?? '[]');
    localStorage.setItem('dostyk-watched', JSON.stringify([{ ...kept[0], digest: 'another' }]));
  });
  await page.reload();
  await page.getByText(/^changed since/).waitFor();
  await expectSound(page, 'requirements-watched');
  await page.getByRole('button', { name: 'Stop' }).click();
  expect(await page.getByText('What you keep an eye on').count()).toBe(0);
  await visitor.close();
});

test('what cannot be read is told, and what was typed stays', async () => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  await page.goto(`${demo.address('TJ')}/en/requirements?${QUESTION.replace('080929', '0809')}&mass=heavy`);
  await page.getByRole('alert').waitFor();
  expect(await page.getByRole('alert').innerText()).toContain('6, 8 or 10 digits');
  expect(await page.getByLabel('Goods code (HS)').inputValue()).toBe('0809');
  await visitor.close();
});

test('whoever finds an answer wrong says so; the authority concerned answers at its desk, and the address tells it', async () => {
  const visitor = await newVisitor(browser, { width: 390 });
  const page = await visitor.newPage();
  const errors = watchErrors(page);
  await page.goto(`${demo.address('UZ')}/en/requirements?${QUESTION}`);
  const stage = page.getByRole('region', { name: 'Kazakhstan: transit' });
  await stage.getByRole('button', { name: 'Something is wrong here' }).click();
  const dialog = page.getByRole('dialog', { name: 'Tell Kazakhstan what is wrong' });
  // Nothing typed is told, and nothing is sent.
  await dialog.getByRole('button', { name: 'Send' }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('What is wrong, and how it should be').fill('A fee is missing.\nIt stands in the decree.');
  await dialog.getByLabel(/Where it stands otherwise/).fill('https://example.org/decree');
  await expectSound(page, 'correction-report');
  await dialog.getByRole('button', { name: 'Send' }).click();
  const address = await stage.getByRole('link', { name: /corrections/ }).getAttribute('href');
  await page.goto(`${demo.address('UZ')}${address}`);
  await page.getByText('awaits an answer').waitFor();
  expect(await page.locator('blockquote').innerText()).toContain('A fee is missing.');
  await expectSound(page, 'correction');

  const officer = await signIn(await newVisitor(browser), demo, 'KZ/ministry', '/corrections');
  await eventually(async () => {
    if ((await officer.getByText('A fee is missing.').count()) > 0) return true;
    await officer.reload();
    await officer.locator('main h1').waitFor();
    return false;
  });
  await expectSound(officer, 'corrections');
  await officer.getByRole('button', { name: 'Answer' }).click();
  const form = officer.getByRole('dialog', { name: 'Answer a correction' });
  await form.getByLabel('What became of it').selectOption('changed');
  await form.getByLabel('Published version that changes it').fill('3');
  await form.getByLabel('The answer, with its reason').fill('There is none: article 5.');
  await form.getByRole('button', { name: 'Send' }).click();
  await form.getByText(/publish the rules first/).waitFor();
  await form.getByLabel('What became of it').selectOption('kept');
  await form.getByRole('button', { name: 'Send' }).click();
  await officer.getByText('Nothing here.').waitFor();
  await officer.getByRole('combobox').first().selectOption('yes');
  await officer.getByText('There is none: article 5.').waitFor();

  await eventually(async () => {
    await page.reload();
    await page.locator('blockquote').waitFor();
    return (await page.getByText('There is none: article 5.').count()) > 0;
  });
  await page.goto(`${demo.address('UZ')}/en/corrections/00000000-0000-4000-8000-000000000000`);
  await page.getByText('There is no such correction at this node').waitFor();
  expect(errors.filter((text) => !/404|422|400/.test(text))).toEqual([]);
});

test('what changes is listed between two days, by member and goods, at an address of its own', async () => {
  const visitor = await newVisitor(browser, { width: 390 });
  const page = await visitor.newPage();
  const errors = watchErrors(page);
  await page.goto(`${demo.address('TJ')}/en/requirements`);
  await page.getByRole('link', { name: 'What changes, and when' }).click();
  await page.getByRole('heading', { level: 1, name: 'What changes' }).waitFor();
  await page.getByLabel('From', { exact: true }).fill('2027-01-01');
  await page.getByLabel('To', { exact: true }).fill('2027-01-01');
  await page.getByLabel('Rules of').selectOption('KZ');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText(/^\d+ changes from 1 Jan 2027 to 1 Jan 2027$/).waitFor();
  await page.getByText('VAT of 10 % on listed medicines from 2027.').waitFor();
  expect(new URL(page.url()).search).toBe('?since=2027-01-01&until=2027-01-01&member=KZ');
  await expectSound(page, 'changes-390');
  const feed = await page.getByRole('link', { name: 'Atom feed' }).getAttribute('href');
  const answer = await fetch(`${demo.address('TJ')}${feed}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/atom+xml; charset=utf-8']);
  expect(await answer.text()).toContain('KZ: ');
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${demo.address('TJ')}/en/requirements/changes?since=2026-12-02&until=2026-12-02&member=TJ`);
  await page.getByText('Nothing is known to change.').waitFor();
  await expectSound(page, 'changes-none');
  await page.goto(`${demo.address('TJ')}/en/requirements/changes?since=2027-01-01&until=2027-01-01`);
  await page.getByText(/^\d+ changes from/).waitFor();
  await expectSound(page, 'changes-1280');
  await page.goto(`${demo.address('TJ')}/en/requirements/changes?since=2027-01-02&until=2027-01-01`);
  await page.getByText('The span ends before it begins.').waitFor();
  expect(errors.filter((text) => !/422/.test(text))).toEqual([]);
});
