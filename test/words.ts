import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { readMessages } from '../web/build/languages.ts';
import { expectSound } from './web.ts';

/** The words of a language, for tests that walk through the app in it. */

const MessageFormat = createRequire(import.meta.url)('@messageformat/core') as new (
  locale: string,
) => { compile(message: string): (params: object) => string };

/** @example wordsOf('ru')('part.continue') // 'Продолжить' */
export function wordsOf(language: string): (key: string, params?: Record<string, string | number>) => string {
  const messages = readMessages(language);
  // CLDR has no plural rules for Tajik; see web/build/languages.ts.
  const format = new MessageFormat(language === 'tg' ? 'zh' : language);
  return (key, params = {}) => {
    const message = messages[key];
    if (message === undefined) throw new Error(`no message ${key} in ${language}`);
    return format.compile(message)(params);
  };
}

const english = readMessages('en');

/** Words that stand on the page in English though the language has its own, and keys of messages that stand for themselves. */
async function foreignWords(page: Page, language: string): Promise<string[]> {
  const own = readMessages(language);
  const foreign = new Set([
    ...Object.keys(english),
    ...Object.entries(english).flatMap(([key, text]) => (own[key] === text || text.length < 3 ? [] : [text])),
  ]);
  const shown = await page.evaluate(() => {
    const texts: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
      if (node.parentElement?.closest('[lang="en"], script, style, code') === null) texts.push(node.textContent ?? '');
    for (const element of document.querySelectorAll('[aria-label], [placeholder], [title], [alt]'))
      for (const name of ['aria-label', 'placeholder', 'title', 'alt']) texts.push(element.getAttribute(name) ?? '');
    return [...texts, document.title.split(' · ')[0] ?? ''].map((text) => text.trim());
  });
  const ownTexts = new Set(Object.values(own));
  return [...new Set(shown)].filter((text) => foreign.has(text) && !ownTexts.has(text));
}

/** The page is sound, and all of it is in this language. */
export async function expectIn(language: string, page: Page, name: string): Promise<void> {
  await expectSound(page, `${language}-${name}`);
  expect(await page.evaluate(() => document.documentElement.lang), name).toBe(language);
  expect(await foreignWords(page, language), `${name}: words that are not in ${language}`).toEqual([]);
}
