import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Demo } from './demo.ts';

/** What tests of the web app share: signing in as a role, axe under the page's own policy, pictures. */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Visit {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  readonly language?: string;
}

/** A browser of its own for one person: no cookies, no drafts of others. */
export async function newVisitor(
  browser: Browser,
  { width = 1440, scheme = 'light' }: Visit = {},
): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, bypassCSP: false });
}

/** The subject in the demonstration of a role at a member. @example subjectOf('KZ/customs') // 'kz-customs' */
export const subjectOf = (as: string): string => as.toLowerCase().replace('/', '-');

/**
 * Signs in as a person does: by the node's button, on the identity provider's page.
 *
 * @param as member and role, e.g. `KZ/customs`
 * @param path where to go then, below the language
 */
export async function signIn(
  context: BrowserContext,
  demo: Demo,
  as: string,
  path = '/',
  language = 'en',
): Promise<Page> {
  const page = await context.newPage();
  const address = demo.address(as.split('/')[0] ?? '');
  await page.goto(`${address}/sign-in?return=/${language}${path}&language=${language}`);
  await page.locator(`button[value="${subjectOf(as)}"]`).click();
  await page.waitForURL(`${address}/${language}${path}`);
  await page.locator('main h1').waitFor();
  return page;
}

/** Runs axe through the debugger, so that the page's own policy stays in force. */
export async function violations(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const { result } = await session.send('Runtime.evaluate', {
    expression:
      "axe.run().then((r) => JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' | '))))",
    awaitPromise: true,
  });
  await session.detach();
  return JSON.parse(String(result.value)) as string[];
}

const validator = new HtmlValidate({
  extends: ['html-validate:standard'],
  rules: {
    // Written by the browser out of the page as it stands, not by hand.
    'doctype-style': 'off',
    'no-trailing-whitespace': 'off',
    'attribute-boolean-style': 'off',
    'attribute-empty-style': 'off',
    'void-style': 'off',
    'no-inline-style': 'error',
    'require-sri': 'off',
    'long-title': 'off',
  },
});

/** What the page as rendered breaks of the rules of HTML. */
export async function invalidHtml(page: Page): Promise<string[]> {
  // A tool that works the page leaves empty attributes behind.
  const report = await validator.validateString((await page.content()).replaceAll(' style=""', ''));
  return report.results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, selector }) => `${ruleId}: ${message} (${selector})`),
  );
}

/** Nothing sticks out to the side, and no barrier for anyone. `SCREENSHOTS=folder` keeps a picture. */
export async function expectSound(page: Page, name: string): Promise<void> {
  // First: a picture and axe write into the page.
  expect(await invalidHtml(page), name).toEqual([]);
  const folder = process.env['SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  const { scroll, width } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    width: document.documentElement.clientWidth,
  }));
  expect(scroll, `${name}: wider than the window`).toBeLessThanOrEqual(width);
  expect(await violations(page), name).toEqual([]);
}

/** What the page said to its console as an error, and what failed to load: to be empty at the end. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  return errors;
}
