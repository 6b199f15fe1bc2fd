import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { type Demo, startDemo } from './demo.ts';
import { expectSound, newVisitor, signIn, watchErrors } from './web.ts';

/** Start page, trust page, parts and signing in, in a real browser on real nodes. */

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

describe.each([360, 768, 1440])('at %i px', (width) => {
  test('start, trust and parts are sound, light and dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const visitor = await newVisitor(browser, { width, scheme });
      const page = await visitor.newPage();
      const errors = watchErrors(page);
      for (const [path, title] of [
        ['/', 'One dossier, every border on the way'],
        ['/trust', 'Can the logs be trusted?'],
        ['/parts', 'Parts of this interface'],
      ] as const) {
        await page.goto(`${demo.address('KZ')}/en${path}`);
        await page.getByRole('heading', { level: 1, name: title }).waitFor();
        await page.waitForLoadState('networkidle');
        await expectSound(page, `${path.slice(1) || 'start'}-${width}-${scheme}`);
      }
      expect(errors).toEqual([]);
      await visitor.close();
    }
  });
});

test('an audit of each log runs in the browser and finds it whole', async () => {
  const visitor = await newVisitor(browser);
  const page = await visitor.newPage();
  // A log that begins is whole once enough of the others have countersigned it.
  const signatures = async (): Promise<number> =>
    (await (await page.request.get(`${demo.address('TJ')}/log/checkpoint`)).text()).split('\n— ').length - 1;
  const { quorum } = (await (await page.request.get(`${demo.address('TJ')}/members`)).json()) as { quorum: number };
  await expect.poll(signatures).toBeGreaterThan(quorum);
  await page.goto(`${demo.address('UZ')}/en/trust`);
  await page.getByRole('button', { name: 'Check the log of Tajikistan' }).click();
  await page.getByText('The log of Tajikistan is whole').waitFor();
  await visitor.close();
});

describe('a person', () => {
  test('signs in, locks the screen, hands over, and signs out everywhere', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'KZ/customs');
    await page.getByText('Customs authority (Kazakhstan, demo)').waitFor();
    const cookies = (await visitor.cookies()).filter(({ name }) => name === 'dostyk-kz');
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Lax' }]);

    await page.getByText('Customs authority (Kazakhstan, demo)').click();
    await page.getByRole('button', { name: 'Lock this screen' }).click();
    await page.getByRole('heading', { name: 'This screen is locked' }).waitFor();
    const refused = await page.request.get(`${demo.address('KZ')}/api/me`);
    expect([refused.status(), (await refused.json()).code]).toEqual([401, 'session-locked']);

    // The next shift: another officer takes the terminal over.
    await page.getByRole('link', { name: 'Hand over to another person' }).click();
    await page.locator('button[value="kz-customs-2"]').click();
    await page.getByText('second officer').waitFor();
    expect((await page.request.get(`${demo.address('KZ')}/api/me`)).status()).toBe(200);

    // The same person in a second browser is signed out as well.
    const other = await newVisitor(browser);
    const elsewhere = await signIn(other, demo, 'KZ/customs-2');
    await page.getByText('second officer').click();
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    const ended = await elsewhere.request.get(`${demo.address('KZ')}/api/me`);
    expect([ended.status(), (await ended.json()).code]).toEqual([401, 'session-ended']);
    await visitor.close();
    await other.close();
  });

  test('is not taken for signed in by a page of another origin, nor by a request without the mark of the session', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'KZ/exporter');
    const address = demo.address('KZ');
    const forged = await page.request.post(`${address}/api/delegations`, {
      data: { to: 'kz.broker', scopes: ['file'], until: '2030-01-01T00:00:00Z' },
    });
    expect([forged.status(), (await forged.json()).code]).toEqual([403, 'csrf-refused']);
    const out = await page.request.post(`${address}/sign-out`);
    expect(out.status()).toBe(403);
    expect((await page.request.get(`${address}/api/me`)).status()).toBe(200);

    // A form on a page of another member's node: same site, other origin.
    const evil = await visitor.newPage();
    await evil.goto(`${demo.address('CN')}/en/`);
    const answer = await evil.evaluate(async (to) => {
      try {
        return (await fetch(to, { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'a=1' })).type;
      } catch {
        return 'kept from the page';
      }
    }, `${address}/sign-out`);
    expect(answer).toBe('kept from the page');
    expect((await page.request.get(`${address}/api/me`)).status()).toBe(200);
    await visitor.close();
  });

  test('who returns from the identity provider with another state is not signed in', async () => {
    const visitor = await newVisitor(browser);
    const page = await visitor.newPage();
    const address = demo.address('KZ');
    await page.goto(`${address}/sign-in?return=/en/`);
    const answer = await page.goto(`${address}/sign-in/callback?code=x&state=y`);
    expect(answer?.status()).toBe(400);
    const open = await page.goto(`${address}/sign-in?return=//evil.example/`);
    expect(open?.url()).toContain('/interaction/');
    await page.locator('button[value="kz-exporter"]').click();
    await page.waitForURL(`${address}/en/`);
    await visitor.close();
  });
});
