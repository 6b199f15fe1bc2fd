import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { filing } from './filing.ts';
import { expectSound, newVisitor, signIn, violations, watchErrors } from './web.ts';

/** A driver on a phone: a link without an account, no network, two taps, once. In a real browser on real nodes. */

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

let dossier: string;
let movement: string;
const plate = '40 777 AAA';
beforeEach(async () => {
  const send = async (as: string, path: string, body: unknown) => {
    const answer = await demo.client(as).send('POST', path, { body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body as { dossier: string; movement: string };
  };
  const input = filing({ from: 'UZ', to: 'KZ', posts: ['uz-yallama', 'kz-konysbayeva'] });
  ({ dossier } = await send('UZ/exporter', '/api/dossiers', input));
  ({ movement } = await send('UZ/carrier', '/api/movements', {
    carrier: { name: 'Carrier', country: 'UZ' },
    leg: { mode: 'road', from: { name: 'Tashkent', country: 'UZ' }, to: { name: 'Shymkent', country: 'KZ' } },
    posts: ['uz-yallama', 'kz-konysbayeva'],
    means: { mode: 'road', identification: plate, country: 'UZ' },
    equipment: [{ kind: 'trailer', identification: '40 1234 BB', seals: ['S-1'] }],
    consignments: [{ dossier }],
  }));
});

async function link(label = ''): Promise<{ link: string; path: string }> {
  const answer = await demo
    .client('UZ/carrier')
    .send('POST', `/api/movements/${movement}/driver-links`, { body: label === '' ? {} : { label } });
  return answer.body as { link: string; path: string };
}

interface Event {
  event: string;
  source: string;
  problem?: string;
}
const reported = async (): Promise<Event[]> => {
  const { body } = await demo.client('UZ/carrier').send('GET', `/api/movements/${movement}`);
  return (body as { events: Event[] }).events.filter(({ source }) => source === 'driver');
};

/** A phone that has opened the page once, with all that it keeps. */
async function open(path: string, language = 'en', width = 360): Promise<{ phone: BrowserContext; page: Page }> {
  const phone = await newVisitor(browser, { width });
  const page = await phone.newPage();
  await page.goto(`${demo.address('UZ')}/${language}${path}`);
  await page.getByRole('heading', { level: 1, name: plate }).waitFor();
  return { phone, page };
}

/** Waits until the worker has everything that this page loaded. */
async function keptBy(page: Page): Promise<void> {
  const isKept = () =>
    page.evaluate(async () => {
      const [shells, files] = await Promise.all([caches.open('dostyk-shells'), caches.open('dostyk-files')]);
      const own = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/assets/'));
      const kept = (await files.keys()).map(({ url }) => url);
      return (
        navigator.serviceWorker.controller !== null &&
        (await shells.keys()).length > 0 &&
        own.length > 0 &&
        own.every(({ name }) => kept.includes(name))
      );
    });
  await eventually(isKept);
}

/** Takes the network from the page and from its worker, which has a connection of its own. */
async function setOffline(phone: BrowserContext, offline: boolean): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  const { targetInfos } = await session.send('Target.getTargets');
  const workers = phone.serviceWorkers().map((one) => one.url());
  for (const { targetId } of targetInfos.filter(
    ({ type, url }) => type === 'service_worker' && workers.includes(url),
  )) {
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    const conditions = { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    // The worker has done it when it says so.
    const done = new Promise<void>((resolve) => {
      session.on('Target.receivedMessageFromTarget', (event) => {
        if (event.sessionId === sessionId && (JSON.parse(event.message) as { id?: number }).id === 2) resolve();
      });
    });
    for (const [i, [method, params]] of [
      ['Network.enable', {}],
      ['Network.emulateNetworkConditions', conditions],
    ].entries())
      await session.send('Target.sendMessageToTarget', {
        sessionId,
        message: JSON.stringify({ id: i + 1, method, params }),
      });
    await done;
  }
  await phone.setOffline(offline);
  // A worker that is started anew has a connection again: what it asks for is refused here.
  if (offline) await phone.route('**/api/**', (route) => route.abort('internetdisconnected'));
  else await phone.unroute('**/api/**');
}

test('a carrier makes a link on the movement page, and revokes it', async () => {
  const visitor = await newVisitor(browser);
  const page = await signIn(visitor, demo, 'UZ/carrier', `/movements/${movement}`);
  const errors = watchErrors(page);
  await page.getByLabel('For whom').fill('First driver');
  await page.getByLabel('What the driver should know').fill('Call before Yallama.');
  await page.getByRole('button', { name: 'Make a link' }).click();
  await page.getByText('The link is ready').waitFor();
  const address = await page.locator('code', { hasText: '/en/driver#' }).innerText();
  await page.getByRole('img', { name: 'Code with the link for the driver' }).waitFor();
  await expectSound(page, 'movement-driver-links');

  const { phone, page: driver } = await open(address.slice(address.indexOf('/driver#')));
  await driver.getByText('Call before Yallama.').waitFor();
  expect(driver.url()).toBe(`${demo.address('UZ')}/en/driver`);

  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('revoked').first().waitFor();
  await driver.getByRole('button', { name: 'Ask again now' }).click();
  await driver.getByText('This link was revoked.').waitFor();
  await expectSound(driver, 'driver-ended-360');
  expect(await driver.getByText(plate).count()).toBe(0);
  expect(errors).toEqual([]);
  await visitor.close();
  await phone.close();
});

describe('a driver', () => {
  test.each([360, 768, 1440])(
    'sees the posts in order, why it is held and what is settled, at %i px',
    async (width) => {
      const { path } = await link();
      const { phone, page } = await open(path, 'en', width);
      const errors = watchErrors(page);
      const decide = (decision: string, reason: object) =>
        demo.client('UZ/customs').send('POST', `/api/dossiers/${dossier}/decisions`, {
          body: {
            version: 1,
            post: 'uz-yallama',
            decision,
            reason,
            ...(decision === 'hold' ? { appeal: { to: 'uz.customs', text: 'To the head of the post.' } } : {}),
          },
        });
      await decide('hold', { code: 'seal-differs', text: 'Seal S-1 is not as declared.' });
      await page.getByRole('button', { name: 'Ask again now' }).click();
      await page.getByText('Because a seal differs.').waitFor();
      await page.getByText('Seal S-1 is not as declared.').waitFor();
      await expectSound(page, `driver-held-${width}`);
      await decide('release', { code: 'in-order' });
      await page.getByRole('button', { name: 'Ask again now' }).click();
      await page.getByText('may go on', { exact: true }).first().waitFor();
      await page.getByRole('button', { name: 'Report a problem' }).click();
      await page.getByRole('heading', { name: 'What is wrong?' }).waitFor();
      await expectSound(page, `driver-problem-${width}`);
      const targets = await page
        .locator('.driver .button:visible')
        .evaluateAll((all) =>
          all.map((one) => Math.round(Math.min(one.getBoundingClientRect().height, one.getBoundingClientRect().width))),
        );
      expect(Math.min(...targets)).toBeGreaterThanOrEqual(44);
      expect(errors).toEqual([]);
      await phone.close();
    },
  );

  test('without a network sees what was known, reports in two taps, and it is sent once, also after a reload', async () => {
    const { path } = await link();
    const { phone, page } = await open(path);
    await keptBy(page);
    await setOffline(phone, true);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: plate }).waitFor();
    await page.getByText('No connection').waitFor();

    await page.getByRole('button', { name: 'Report a problem' }).click();
    // Twice, as a thumb on a bad screen does.
    await page.getByRole('button', { name: 'A seal is broken' }).dblclick();
    await page.getByText('One report waits to be sent').waitFor();
    await page.getByRole('button', { name: 'I have arrived here' }).first().click();
    await page.getByRole('button', { name: 'Yes, report it' }).click();
    await page.getByText('2 reports wait to be sent').waitFor();
    await expectSound(page, 'driver-offline-360');
    await page.reload();
    await page.getByText('2 reports wait to be sent').waitFor();
    expect(await reported()).toEqual([]);

    await setOffline(phone, false);
    await eventually(async () => (await reported()).length === 2);
    await page.getByText('What you reported').waitFor();
    await expect.poll(() => page.getByText('wait to be sent').count()).toBe(0);
    await page.reload();
    await page.getByText('What you reported').waitFor();
    expect((await reported()).map(({ event, problem }) => problem ?? event).sort()).toEqual([
      'arrived-at-post',
      'seal-broken',
    ]);
    await phone.close();
  });

  test('whose answers get lost on the way back reports once all the same', async () => {
    const { path } = await link();
    const { phone, page } = await open(path);
    let lost = 0;
    await page.route('**/api/driver/reports', async (route) => {
      // It arrives and is recorded; the answer does not come.
      if (lost++ < 2) await route.fetch();
      if (lost <= 2) await route.abort();
      else await route.continue();
    });
    await page.getByRole('button', { name: 'Report a problem' }).click();
    await page.getByRole('button', { name: 'A long queue' }).click();
    await eventually(async () => lost >= 3);
    await page.getByText('What you reported').waitFor();
    await eventually(async () => (await page.getByText('to be sent').count()) === 0);
    expect((await reported()).map(({ problem }) => problem)).toEqual(['queue']);
    await phone.close();
  });

  test('whose movement has arrived is told that the link has ended, and what was not taken', async () => {
    const { path } = await link();
    const { phone, page } = await open(path);
    await keptBy(page);
    await setOffline(phone, true);
    await page.getByRole('button', { name: 'Report a problem' }).click();
    await page.getByRole('button', { name: 'Goods are damaged' }).click();
    await page.getByText('One report waits to be sent').waitFor();
    const arrived = await demo.client('UZ/carrier').send('POST', `/api/movements/${movement}/events`, {
      body: {
        event: 'arrived',
        place: 'Shymkent',
        occurredAt: new Date().toISOString(),
        zone: 'Asia/Almaty',
        source: 'operator',
      },
    });
    expect(arrived.status).toBe(200);
    // The first sending is still on its way when the page learns that the link has ended, and fails after that.
    let held: (() => void) | undefined;
    await page.route('**/api/driver/reports', async (route) => {
      if (held !== undefined) return route.continue();
      await new Promise<void>((resolve) => {
        held = resolve;
      });
      await route.abort();
    });
    await setOffline(phone, false);
    await eventually(async () => held !== undefined);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByText('This journey has ended').first().waitFor();
    held?.();
    await page.getByText('A report was not taken').waitFor();
    expect(await reported()).toEqual([]);
    await phone.close();
  });

  test('shows the code of a certificate full screen', async () => {
    const now = Date.now();
    const issued = await demo.client('UZ/chamber').send('POST', '/api/certificates', {
      body: {
        dossier,
        version: 1,
        kind: 'origin',
        number: 'DEMO-CO-1',
        statement: 'Produced in the country of origin (demonstration).',
        validFrom: new Date(now - 3_600_000).toISOString(),
        validUntil: new Date(now + 86_400_000).toISOString(),
      },
    });
    expect(issued.status, JSON.stringify(issued.body)).toBe(200);
    const { certificate } = issued.body as { certificate: string };
    const code = async () =>
      (await demo.client('UZ/exporter').send('GET', `/api/certificates/${certificate}/code`)).status === 200;
    await eventually(code);
    const { path } = await link();
    const { phone, page } = await open(path);
    await page.getByRole('button', { name: 'Certificate of origin DEMO-CO-1' }).click();
    await page.getByRole('img', { name: 'Code of certificate DEMO-CO-1' }).waitFor();
    const folder = process.env['SCREENSHOTS'];
    if (folder !== undefined) await page.screenshot({ path: `${folder}/driver-code-360.png` });
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Close' }).click();
    expect(await page.getByRole('img', { name: 'Code of certificate DEMO-CO-1' }).count()).toBe(0);
    await phone.close();
  });

  test('with a link that nobody made, or none, is told so', async () => {
    const phone = await newVisitor(browser, { width: 360 });
    const page = await phone.newPage();
    await page.goto(`${demo.address('UZ')}/en/driver`);
    await page.getByText('No link is open in this browser').waitFor();
    await expectSound(page, 'driver-none-360');
    await page.goto(`${demo.address('UZ')}/driver#${'A'.repeat(43)}`);
    await page.getByText('This link is not known here').waitFor();
    expect(page.url()).toBe(`${demo.address('UZ')}/en/driver`);
    await phone.close();
  });
});
