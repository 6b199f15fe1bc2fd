import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as fontkit from 'fontkit';
import { expect, test } from 'vitest';
import { LANGUAGES } from '../../members/registry.ts';
import { hanFont } from '../build/han-fonts.ts';
import { localeData, readMessages } from '../build/languages.ts';

/** Every character of every catalogue, of dates, numbers and members' names has its glyph in a font that is shipped. */

const require = createRequire(import.meta.url);
const css = readFileSync(new URL('./fonts.css', import.meta.url), 'utf8');

interface Face {
  readonly weight: string;
  has(character: string): boolean;
}

/** The faces of fonts.css, each with the range for which a browser asks it. */
function faces(): Face[] {
  return [...css.matchAll(/@font-face\s*{([^}]*)}/g)].map(([, block = '']) => {
    const file = /url\("([^"]+)"\)/.exec(block)?.[1] ?? '';
    const font = fontkit.create(readFileSync(require.resolve(file))) as fontkit.Font;
    const ranges = [
      ...(/unicode-range:([^;}]*)/.exec(block)?.[1] ?? '').matchAll(/U\+([0-9A-F]+)(?:-([0-9A-F]+))?/gi),
    ].map(([, from = '', to = from]) => [Number.parseInt(from, 16), Number.parseInt(to, 16)] as const);
    return {
      weight: /font-weight:\s*(\d+)/.exec(block)?.[1] ?? '',
      has: (character) => {
        const point = character.codePointAt(0) ?? 0;
        return ranges.some(([from, to]) => from <= point && point <= to) && font.hasGlyphForCodePoint(point);
      },
    };
  });
}

test('the fonts that are shipped have every character of all catalogues', async () => {
  const demo = JSON.parse(readFileSync(new URL('../../members/demo.json', import.meta.url), 'utf8')) as unknown;
  const shipped = faces();
  expect(shipped).toHaveLength(8);
  for (const weight of [400, 700] as const) {
    const han = fontkit.create(await hanFont(weight)) as fontkit.Font;
    const own = shipped.filter((one) => one.weight === String(weight));
    const hasGlyph = (character: string): boolean =>
      own.some((one) => one.has(character)) || han.hasGlyphForCodePoint(character.codePointAt(0) ?? 0);
    for (const language of LANGUAGES) {
      const text = JSON.stringify([readMessages(language), localeData(language), demo]);
      const missing = [...new Set(text)].filter((one) => !/[\n\t]/.test(one) && !hasGlyph(one));
      expect(missing, `${language}, ${weight}`).toEqual([]);
    }
  }
});
