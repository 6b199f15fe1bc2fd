import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { filing } from './filing.ts';
import { newVisitor, signIn } from './web.ts';

/** Markup in every text that anyone may write, read by everyone who may read it; and pages of what belongs to another. */

/** Breaks out of an attribute or a text, wherever it is put as markup; at most 30 characters, as the shortest field takes. */
const MARKUP = '"><img src=/x onerror=h=1>';

let demo: Demo;
let browser: Browser;
let dossier = '';
let movement = '';
let link = '';
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
  const call = async <T>(as: string, path: string, body: object): Promise<T> => {
    const answer = await demo.client(as).send('POST', path, { body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body as T;
  };
  const posts = ['uz-yallama', 'kz-konysbayeva'];
  const party = { name: MARKUP, country: 'UZ', address: MARKUP, identifier: MARKUP };
  const document = { code: '851', number: MARKUP, issued: '2026-11-01', issuer: MARKUP };
  const place = (country: string) => ({ name: MARKUP, country });
  const plain = filing({ to: 'KZ', posts });
  dossier = plain.dossier;
  const leg = { mode: 'road', from: place('UZ'), to: place('KZ') };
  const equipment = [{ kind: 'trailer', identification: MARKUP, seals: [MARKUP] }];
  const claim = { state: 'claimed', programme: MARKUP };
  await call('UZ/exporter', '/api/dossiers', {
    dossier,
    route: { origin: place('UZ'), destination: place('KZ'), posts },
    sections: {
      commercial: {
        ...plain.sections.commercial,
        seller: party,
        buyer: { ...party, country: 'KZ' },
        contract: { number: MARKUP, date: '2026-11-01' },
        incoterm: { code: 'DAP', place: MARKUP },
        documents: [{ ...document, code: '380' }],
      },
      goods: {
        ...plain.sections.goods,
        consignor: party,
        consignee: { ...party, country: 'KZ' },
        items: plain.sections.goods.items.map((item) => ({
          ...item,
          description: MARKUP,
          packages: [{ code: 'CT', count: 100, marks: MARKUP }],
        })),
        trustedTrader: claim,
        greenChannel: claim,
        documents: [document],
      },
      transport: { carrier: party, legs: [leg], equipment, documents: [] },
      sanitary: {
        registrations: [{ kind: 'orchard', number: MARKUP, name: MARKUP, place: place('UZ') }],
        treatments: [
          {
            kind: 'fumigation',
            started: '2026-11-01T00:00:00Z',
            ended: '2026-11-02T00:00:00Z',
            parameters: MARKUP,
          },
        ],
        documents: [],
      },
      driver: { drivers: [{ name: MARKUP, licence: MARKUP }] },
    },
  });
  await call('UZ/exporter', `/api/dossiers/${dossier}/amendments`, {
    baseVersion: 1,
    sections: { transport: { carrier: party, legs: [leg], equipment: [], documents: [document] } },
    reason: MARKUP,
  });
  ({ movement } = await call<{ movement: string }>('UZ/exporter', '/api/movements', {
    movement: randomUUID(),
    carrier: party,
    leg,
    posts,
    means: { mode: 'road', identification: MARKUP, country: 'UZ' },
    trailers: [MARKUP],
    equipment,
    consignments: [{ dossier }],
  }));
  ({ path: link } = await call<{ path: string }>('UZ/exporter', `/api/movements/${movement}/driver-links`, {
    label: MARKUP,
    instructions: MARKUP,
  }));
  const now = new Date().toISOString().replace(/\.\d+Z/, 'Z');
  const seals = { broken: [], fitted: [MARKUP] };
  await call('UZ/exporter', `/api/movements/${movement}/events`, {
    event: 'seals-fitted',
    place: MARKUP,
    occurredAt: now,
    zone: 'Asia/Tashkent',
    source: 'operator',
    note: MARKUP,
    seals,
  });
  await call('UZ/customs', `/api/movements/${movement}/events`, {
    event: 'presented',
    post: 'uz-yallama',
    occurredAt: now,
    zone: 'Asia/Tashkent',
    source: 'authority',
    note: MARKUP,
    presented: { means: MARKUP, trailers: [MARKUP], seals: [MARKUP] },
  });
  const decision = { version: 2, post: 'uz-yallama' };
  const decisions = `/api/dossiers/${dossier}/decisions`;
  const reason = { code: 'document-missing', text: MARKUP };
  type Made = { decision: string; record: { commitment: string } };
  const query = await call<Made>('UZ/customs', decisions, { ...decision, decision: 'query', reason, question: MARKUP });
  await call('UZ/exporter', `/api/dossiers/${dossier}/answers`, {
    decision: query.record.commitment,
    text: MARKUP,
    files: [],
  });
  const appeal = { to: 'uz.customs', text: MARKUP };
  const hold = await call<Made>('UZ/customs', decisions, { ...decision, decision: 'hold', reason, appeal });
  const appealed = await call<Made>('UZ/exporter', `/api/dossiers/${dossier}/appeals`, {
    decision: hold.record.commitment,
    grounds: MARKUP,
  });
  await call('UZ/customs', `/api/dossiers/${dossier}/appeal-outcomes`, {
    appeal: appealed.record.commitment,
    outcome: 'dismissed',
    reason: MARKUP,
  });
  const { certificate } = await call<{ certificate: string }>('UZ/chamber', '/api/certificates', {
    dossier,
    version: 2,
    kind: 'origin',
    number: MARKUP,
    statement: MARKUP,
    validFrom: now,
    validUntil: '2027-11-23T00:00:00Z',
  });
  await call('UZ/chamber', `/api/certificates/${certificate}/revocation`, { reason: MARKUP });
  await call('UZ/customs', '/api/requirements/declared', {
    requirement: 'attack',
    direction: 'export',
    goods: '0813',
    source: { title: MARKUP, address: `javascript:${MARKUP}`, read: '2026-11-23', confidence: 'demonstration' },
    validFrom: '2026-01-01',
  });
  await eventually(async () => {
    const view = await demo.client('KZ/customs').send('GET', `/api/dossiers/${dossier}`);
    return view.status === 200;
  });
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Notes whatever a page does that markup would make it do. */
async function watched(context: BrowserContext): Promise<() => Promise<string[]>> {
  const done: string[] = [];
  context.on('request', (request) => {
    if (new URL(request.url()).pathname === '/x') done.push(`asked for ${request.url()}`);
  });
  context.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) done.push(message.text());
  });
  return async () => {
    for (const page of context.pages()) {
      const ran = await page.evaluate(() => 'h' in window || document.querySelector('img[src="/x"]') !== null);
      if (ran) done.push(`markup at ${page.url()}`);
    }
    return done;
  };
}

const visit = async (page: Page, member: string, path: string): Promise<void> => {
  await page.goto(`${demo.address(member)}/en${path}`);
  await page.locator('main h1').first().waitFor();
  await page.getByText('Loading …').first().waitFor({ state: 'hidden' });
  await page.waitForTimeout(300);
  await page.locator('main').evaluate((main) => {
    for (const one of main.querySelectorAll('details')) one.open = true;
  });
  await page.waitForTimeout(200);
};

describe('markup in every text', () => {
  test.each([
    ['UZ/exporter', ['/dossiers', '/movements']],
    ['UZ/customs', ['/desk', '/trail', '/requirements/declared', '/desk/downtime?post=uz-yallama']],
    ['KZ/customs', ['/desk', '/movements', '/dossiers']],
    ['KZ/plant-health', ['/dossiers']],
  ])('is text on every page that %s reads', async (as, paths) => {
    const [member = '', role] = as.split('/');
    const context = await newVisitor(browser);
    const found = await watched(context);
    const page = await signIn(context, demo, as, '/');
    const shown: string[] = [];
    for (const path of [
      ...paths,
      `/dossiers/${dossier}`,
      `/movements/${movement}`,
      `/print/movements/${movement}`,
      ...['invoice', 'packing-list', 'consignment-note'].map((form) => `/print/${dossier}/${form}`),
      ...(role === 'customs'
        ? [`/desk/movements/${movement}?post=${member === 'UZ' ? 'uz-yallama' : 'kz-konysbayeva'}`]
        : []),
    ]) {
      await visit(page, member, path);
      if ((await page.locator('main').innerText()).includes(MARKUP)) shown.push(path);
      expect(await found(), path).toEqual([]);
    }
    expect(shown).toContain(`/dossiers/${dossier}`);
    expect(shown).toContain(`/movements/${movement}`);
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
    await context.close();
  });

  test("is text on the driver's page", async () => {
    const phone = await newVisitor(browser, { width: 360 });
    const found = await watched(phone);
    const page = await phone.newPage();
    await page.goto(`${demo.address('UZ')}/en${link}`);
    await page.getByRole('heading', { level: 1, name: MARKUP }).waitFor();
    await page.getByText('Because').first().waitFor();
    expect(await found()).toEqual([]);
    await phone.close();
  });

  test.each([
    ['UZ/exporter', [`/dossiers/new/attack`, '/movements/new', '/delegations', '/webhooks', '/dossiers', '/movements']],
    ['UZ/customs', ['/dossiers/DOSSIER', '/requirements/declared', '/verify', '/desk']],
  ])('typed by %s into every field stays text, whatever is then pressed', async (as, paths) => {
    const [member = ''] = as.split('/');
    const context = await newVisitor(browser);
    const found = await watched(context);
    const page = await signIn(context, demo, as, '/');
    page.on('dialog', (dialog) => void dialog.dismiss());
    let typed = 0;
    const fill = async (within: string): Promise<void> => {
      const fields = `${within} :is(textarea, input:not([type]), input[type="text"], input[type="search"], input[type="tel"], input[type="url"])`;
      for (const field of await page.locator(fields).filter({ visible: true }).all()) {
        await field.fill(MARKUP);
        typed++;
      }
    };
    for (const path of paths) {
      await visit(page, member, path.replace('DOSSIER', dossier));
      await fill('main');
      // A form of several steps: all of them, each with one more of what can be added.
      for (let step = 0; step < 9; step++) {
        const next = page.getByRole('button', { name: 'Continue', exact: true });
        if ((await next.count()) === 0) break;
        for (const add of await page.getByRole('button', { name: /^Add / }).all())
          if (await add.isEnabled()) await add.click();
        await fill('main');
        await next.click();
        await page.waitForTimeout(150);
      }
      for (const open of await page.locator('main button:enabled').filter({ visible: true }).all()) {
        if (!(await open.isVisible().catch(() => false))) continue;
        const name = (await open.textContent()) ?? '';
        if (/Sign|Discard|Back|Remove|Scan/.test(name)) continue;
        await open.click({ timeout: 2000 }).catch(() => undefined);
        if ((await page.locator('dialog[open]').count()) === 0) continue;
        await fill('dialog[open]');
        await page
          .locator('dialog[open] button[type="submit"]')
          .first()
          .click({ timeout: 2000 })
          .catch(() => undefined);
        await page.waitForTimeout(200);
        await page.keyboard.press('Escape');
      }
      expect(await found(), path).toEqual([]);
    }
    expect(typed).toBeGreaterThan(as === 'UZ/exporter' ? 40 : 5);
    await context.close();
  });
});

test("another's dossier is not to be had by its id, on any page or by any act", async () => {
  const context = await newVisitor(browser);
  const page = await signIn(context, demo, 'UZ/importer', '/');
  for (const path of [
    `/dossiers/${dossier}`,
    `/dossiers/${dossier}/amend`,
    `/dossiers/${dossier}/copy`,
    `/print/${dossier}/invoice`,
    `/movements/${movement}`,
    `/print/movements/${movement}`,
  ]) {
    await visit(page, 'UZ', path);
    expect(await page.locator('main').innerText(), path).not.toContain('onerror');
  }
  await context.close();
  const other = demo.client('UZ/importer');
  const answers = await Promise.all(
    (
      [
        ['GET', `/api/dossiers/${dossier}`, undefined],
        ['GET', `/api/dossiers/${dossier}/versions/2/differences`, undefined],
        ['POST', `/api/dossiers/${dossier}/amendments`, { baseVersion: 2, sections: { driver: null }, reason: 'x' }],
        ['POST', `/api/dossiers/${dossier}/withdrawal`, { reason: 'x' }],
        ['GET', `/api/movements/${movement}`, undefined],
        ['POST', `/api/movements/${movement}/driver-links`, {}],
        ['GET', `/api/movements/${movement}/driver-links`, undefined],
      ] as const
    ).map(async ([method, path, body]) => {
      const { status, body: answer } = await other.send(method, path, body === undefined ? {} : { body });
      return [status, (answer as { code: string }).code];
    }),
  );
  expect(answers).toEqual([
    [404, 'dossier-unknown'],
    [404, 'dossier-unknown'],
    [404, 'dossier-unknown'],
    [404, 'dossier-unknown'],
    [404, 'movement-unknown'],
    [404, 'movement-unknown'],
    [404, 'movement-unknown'],
  ]);
});
