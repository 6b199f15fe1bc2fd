import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import subsetFont from 'subset-font';
import type { Plugin } from 'vite';
import { localeData, readMessages } from './languages.ts';

/**
 * `virtual:han-fonts`: the Chinese characters of the interface alone, cut out of Noto Sans SC (SIL Open Font License), so that a page
 * needs one small file for them; goods and names fall back to the font's own slices.
 */

const require = createRequire(import.meta.url);
const ID = '\0virtual:han-fonts';

/** Every Han character and Chinese mark that the Chinese catalogue and the members' names in it use. */
export function hanCharacters(): string {
  const demo = readFileSync(new URL('../../members/demo.json', import.meta.url), 'utf8');
  const all = new Set([
    ...Object.values(readMessages('zh')).join(''),
    ...'中文演示',
    ...JSON.stringify(localeData('zh')),
    ...demo,
  ]);
  return [...all]
    .filter((one) => /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u.test(one))
    .sort()
    .join('');
}

export async function hanFont(weight: 400 | 700): Promise<Buffer> {
  const file = `@fontsource/noto-sans-sc/files/noto-sans-sc-chinese-simplified-${weight}-normal.woff2`;
  return subsetFont(readFileSync(require.resolve(file)), hanCharacters(), { targetFormat: 'woff2' });
}

export function hanFonts(): Plugin {
  let faces: { readonly weight: number; readonly url: string }[] = [];
  return {
    name: 'dostyk-han-fonts',
    async buildStart() {
      faces = [];
      for (const weight of [400, 700] as const) {
        const source = await hanFont(weight);
        const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
        const fileName = `assets/han-${weight}-${hash}.woff2`;
        this.emitFile({ type: 'asset', fileName, source });
        faces.push({ weight, url: `/${fileName}` });
      }
    },
    resolveId: (source) => (source === 'virtual:han-fonts' ? ID : undefined),
    load: (asked) => (asked === ID ? `export default ${JSON.stringify(faces)};` : undefined),
  };
}
