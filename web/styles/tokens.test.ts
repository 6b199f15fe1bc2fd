import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Contrast of every pair of text and ground (WCAG 2.2, 1.4.3 and 1.4.11), in light and dark. */

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

function tokens(block: string): ReadonlyMap<string, string> {
  return new Map(
    [...block.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{3,6})\b/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

const light = tokens(css.slice(0, css.indexOf('@media (prefers-color-scheme: dark)')));
const dark = new Map([
  ...light,
  ...tokens(css.slice(css.indexOf('@media (prefers-color-scheme: dark)'), css.indexOf('@media print'))),
]);

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const full = hex.length === 4 ? [...hex.slice(1)].map((one) => one + one).join('') : hex.slice(1);
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
    const channel = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const TEXT = [
  ...['ink', 'quiet', 'link', 'go', 'wait', 'stop'].flatMap((text) =>
    ['paper', 'card'].map((ground) => [text, ground]),
  ),
  ['ink', 'sunken'],
  ['quiet', 'sunken'],
  ['ink', 'accent-soft'],
  ['link', 'accent-soft'],
  ['accent-ink', 'accent'],
  ['go', 'go-soft'],
  ['wait', 'wait-soft'],
  ['stop', 'stop-soft'],
  ['paper', 'ink'],
] as const;
const MARKS = [
  ...['edge', 'focus', 'accent'].flatMap((mark) => ['paper', 'card'].map((ground) => [mark, ground])),
] as const;

test.each([
  ['light', light],
  ['dark', dark],
] as const)('%s: text has 4.5, marks and edges have 3', (_, scheme) => {
  const of = (name: string): string => {
    const value = scheme.get(name);
    if (value === undefined) throw new Error(`no token ${name}`);
    return value;
  };
  for (const [text = '', ground = ''] of TEXT)
    expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  for (const [mark = '', ground = ''] of MARKS)
    expect(contrast(of(mark), of(ground)), `${mark} on ${ground}`).toBeGreaterThanOrEqual(3);
});

test('every colour of the styles is a token', () => {
  for (const name of ['base.css', 'parts.css']) {
    const text = readFileSync(new URL(name, import.meta.url), 'utf8');
    expect(text.match(/#[0-9a-f]{3,8}\b/gi), name).toBeNull();
  }
});
