import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import chromium from '@sparticuz/chromium';
import { type Browser, type LaunchOptions, chromium as playwright } from 'playwright-core';

/** What a page must do is waited for this long: machines are busy. */
const PATIENCE_MS = 120_000;

/** A real Chromium from an npm package. */
export async function openBrowser(): Promise<Browser> {
  const browser = await playwright.launch(await launchOptions());
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
  };
  return browser;
}

/**
 * How that Chromium is started. Its package's own list of arguments is not used: it switches web security off, which would blind
 * every test of a security header.
 */
export async function launchOptions(): Promise<LaunchOptions & { readonly args: string[] }> {
  const executablePath = await chromium.executablePath();
  const env: Record<string, string> = { ...(process.env as Record<string, string>) };
  // Where the system lacks libnss3 the package brings it along, packed.
  if (!['/usr/lib/x86_64-linux-gnu/libnss3.so', '/usr/lib64/libnss3.so'].some(existsSync)) {
    env['LD_LIBRARY_PATH'] = `${unpackLibraries()}:${env['LD_LIBRARY_PATH'] ?? ''}`;
  }
  // Set by `npm run quality -- proxy`, which holds what goes by against the API's description.
  const server = process.env['DOSTYK_API_PROXY'];
  return {
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    env,
    ...(server === undefined ? {} : { proxy: { server } }),
  };
}

/** The libraries as a tar archive under brotli: unpacked by hand, as no tar may be installed. */
function unpackLibraries(): string {
  const require = createRequire(import.meta.url);
  const folder = dirname(dirname(require.resolve('@sparticuz/chromium')));
  const candidates = [join(folder, 'bin'), join(folder, '..', 'bin'), join(folder, '..', '..', 'bin')];
  const bin = candidates.find((one) => existsSync(join(one, 'al2023.tar.br')));
  if (bin === undefined) throw new Error('al2023.tar.br of @sparticuz/chromium was not found');
  const tar = brotliDecompressSync(readFileSync(join(bin, 'al2023.tar.br')));
  const target = mkdtempSync(join(tmpdir(), 'dostyk-chromium-'));
  const { mkdirSync, writeFileSync } = require('node:fs') as typeof import('node:fs');
  for (let at = 0; at + 512 <= tar.length; ) {
    const text = (from: number, length: number) =>
      tar.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const name = text(0, 100);
    if (name === '') break;
    const size = Number.parseInt(text(124, 12), 8) || 0;
    const path = join(target, name);
    if (text(156, 1) === '5') mkdirSync(path, { recursive: true });
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, tar.subarray(at + 512, at + 512 + size), { mode: 0o755 });
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return join(target, 'lib');
}
