import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { brotli } from './build/brotli.ts';
import { contracts } from './build/contracts.ts';
import { hanFonts } from './build/han-fonts.ts';
import { languages } from './build/languages.ts';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [languages(), contracts(), hanFonts(), brotli()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    manifest: true,
    sourcemap: false,
    target: 'es2022',
    // Fonts and icons stay files: the policy allows no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
