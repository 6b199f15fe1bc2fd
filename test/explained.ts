import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { localeData, readMessages } from '../web/build/languages.ts';
import { clockTimeAt, fillPattern, groupDigits, type LocaleData, offsetName } from '../web/languages/locale.ts';

/**
 * Whether all that stands on a page comes from what the node answered: each text is a message, a value of an answer, or both put
 * together. Written apart from the app's own formatting of sentences, from the catalogue and the answers alone.
 */

type Token =
  | string
  | { readonly type: 'content'; readonly value: string }
  | { readonly type: 'argument' | 'octothorpe'; readonly arg?: string }
  | { readonly type: 'plural' | 'select'; readonly cases: readonly { readonly tokens: readonly Token[] }[] };
const { parse } = createRequire(import.meta.url)('@messageformat/parser') as { parse(text: string): Token[] };

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Each way in which a message can read, as a pattern whose groups are its parameters. */
function patternsOf(tokens: readonly Token[]): string[] {
  return tokens.reduce<string[]>(
    (before, token) => {
      if (typeof token === 'string') return before.map((one) => one + literal(token));
      if (token.type === 'content') return before.map((one) => one + literal(token.value));
      if (token.type === 'plural' || token.type === 'select') {
        const cases = token.cases.flatMap((one) => patternsOf(one.tokens));
        return before.flatMap((one) => cases.map((other) => one + other));
      }
      return before.map((one) => `${one}(.+?)`);
    },
    [''],
  );
}

/** How long something takes is told by the clock, not by an answer. */
const BY_CLOCK = new Set(['part.minutes', 'part.hours', 'part.days']);

const english = readMessages('en');
const MESSAGES = Object.entries(english).flatMap(([key, text]) =>
  patternsOf(parse(text)).map((pattern) => ({ key, pattern: new RegExp(`^${pattern}$`, 's') })),
);
const locale = localeData('en') as LocaleData;
const ZONES = [
  'UTC',
  'Asia/Almaty',
  'Asia/Bishkek',
  'Asia/Dushanbe',
  'Asia/Ashgabat',
  'Asia/Tashkent',
  'Asia/Shanghai',
];
const SEPARATORS = /, | → | · |: |; | × | – | \(|[()]/;
/** Widest first: a time and a place have commas of their own. */
const BETWEEN = [' – ', ' → ', ': ', SEPARATORS];
const regions = new Intl.DisplayNames(['en'], { type: 'region' });

/** What the node has told one page so far. */
export class Told {
  readonly #values = new Set<string>();
  readonly #pending: Promise<void>[] = [];

  constructor(page: Page) {
    page.on('response', (response) => {
      if (!/json/.test(response.headers()['content-type'] ?? '')) return;
      this.#pending.push(
        response.json().then(
          (body) => this.#take(body),
          () => undefined,
        ),
      );
    });
  }

  #take(value: unknown): void {
    if (Array.isArray(value)) this.#add(String(value.length));
    if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        this.#add(name);
        this.#take(inner);
      }
    } else if (value !== null && value !== undefined) this.#add(String(value));
  }

  #add(text: string): void {
    // Within a sentence a wording stands without its full stop.
    const all = [text, ...text.split(SEPARATORS), text.trim(), text.replace(/\.$/, '')];
    for (const one of all) this.#values.add(one);
    if (/^-?\d+(\.\d+)?$/.test(text)) this.#values.add(groupDigits(text, locale));
    if (/^[A-Z]{2}$/.test(text)) this.#values.add(regions.of(text) ?? text);
    const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(text)?.slice(1).map(Number);
    if (day !== undefined) {
      const [year = 0, month = 0, date = 0] = day;
      this.#values.add(fillPattern(locale.medium, { year, month, day: date, weekday: 0 }, locale));
    }
    if (!/^\d{4}-\d\d-\d\dT.*Z$/.test(text)) return;
    for (const zone of ZONES) {
      const time = clockTimeAt(new Date(text), zone);
      const clock = `${String(time.hour).padStart(2, '0')}:${String(time.minute).padStart(2, '0')}`;
      this.#values.add(`${fillPattern(locale.medium, time, locale)}, ${clock} ${offsetName(time.offset)}`);
      this.#values.add(clock);
    }
  }

  #isExplained(given: string): boolean {
    const text = given.trim();
    if (!/[\p{L}\p{N}]/u.test(text) || this.#values.has(text)) return true;
    // Long names in short: the beginning or the end of one.
    const short = text.replace('…', '');
    if (/^[0-9a-f-]{12,}$/.test(short) && [...this.#values].some((one) => one.startsWith(short) || one.endsWith(short)))
      return true;
    for (const { key, pattern } of MESSAGES) {
      const match = pattern.exec(text);
      if (match === null || match[1] === text) continue;
      if (BY_CLOCK.has(key) || match.slice(1).every((one) => this.#isExplained(one))) return true;
    }
    return (
      BETWEEN.some((separator) => {
        const parts = text.split(separator);
        return parts.length > 1 && parts.every((part) => this.#isExplained(part));
      }) || this.#isPair(text)
    );
  }

  /** A word or number and its name, with nothing but a space between. */
  #isPair(text: string): boolean {
    const words = text.split(' ');
    const told = (part: string): boolean =>
      this.#values.has(part) || MESSAGES.some(({ pattern }) => pattern.source === `^${literal(part)}$`);
    return words.some((_, i) => i > 0 && told(words.slice(0, i).join(' ')) && told(words.slice(i).join(' ')));
  }

  /** Texts within an element that nobody told. To be empty. */
  async unexplained(page: Page, within = 'main'): Promise<string[]> {
    await Promise.all(this.#pending);
    const texts = await page.locator(within).evaluate((root) => {
      const found: string[] = [];
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
        if (node.parentElement?.closest('script, style, option') === null) found.push(node.textContent ?? '');
      return found;
    });
    return [...new Set(texts)].filter((text) => !this.#isExplained(text));
  }
}
