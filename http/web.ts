import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { LANGUAGES } from '../members/registry.ts';
import { Refusal } from '../values/refusal.ts';
import type { HttpNode } from './node.ts';

/** The web app: its shell under `/{language}/…`, and its built files. */

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
const COMPRESSED = new Set(['.css', '.html', '.js', '.json', '.svg', '.webmanifest']);

interface Built {
  readonly bytes: Buffer;
  readonly brotli: Buffer | undefined;
}

/** Where the build put the app; beside the sources and from the build itself alike. */
function builtFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const found = [join(here, '..', 'web'), join(here, '..', 'dist', 'web')].find((one) =>
    existsSync(join(one, '.vite', 'manifest.json')),
  );
  if (found === undefined)
    throw new Refusal(500, 'web-not-built', 'The web app is not built.', { remedy: 'Run `npm run build`.' });
  return found;
}

/** The language of the address, of the last visit, or of the browser. */
function languageOf(c: Context): (typeof LANGUAGES)[number] {
  const remembered = getCookie(c, 'dostyk-language');
  const wished = (c.req.header('accept-language') ?? '')
    .split(',')
    .map((one) => one.split(';')[0]?.trim().slice(0, 2).toLowerCase());
  return LANGUAGES.find((one) => one === remembered) ?? LANGUAGES.find((one) => wished.includes(one)) ?? 'en';
}

type App = Hono<{ Variables: { requestId: string } }>;

export function mountWeb(
  app: App,
  { node, issuer }: { readonly node: Pick<HttpNode, 'context'>; readonly issuer: string },
): void {
  const folder = builtFolder();
  const files = new Map<string, Built>();
  const load = (name: string): Built | undefined => {
    const known = files.get(name);
    if (known !== undefined) return known;
    const path = join(folder, name);
    if (!existsSync(path)) return undefined;
    const brotli = existsSync(`${path}.br`) ? readFileSync(`${path}.br`) : undefined;
    const built = { bytes: readFileSync(path), brotli };
    files.set(name, built);
    return built;
  };
  const { registry } = node.context;
  const members = registry.document.members.map(({ address }) => new URL(address).origin);
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data: blob:",
    // Each member publishes its own log and figures; the page reads them from each.
    `connect-src 'self' ${members.join(' ')}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "media-src 'self' blob:",
    "base-uri 'none'",
    `form-action 'self' ${new URL(issuer).origin}`,
    "frame-ancestors 'none'",
  ].join('; ');
  const shell = load('index.html')?.bytes.toString('utf8') ?? '';

  const file = (c: Context, name: string, cache: string): Response => {
    const extension = extname(name);
    const built = TYPES[extension] === undefined ? undefined : load(name);
    if (built === undefined) throw new Refusal(404, 'route-unknown', 'There is nothing at this address.');
    c.header('content-type', TYPES[extension] ?? '');
    c.header('cache-control', cache);
    // A worker runs under the policy of its own answer.
    if (extension === '.js') c.header('content-security-policy', policy);
    c.header('vary', 'accept-encoding');
    if (
      built.brotli !== undefined &&
      COMPRESSED.has(extension) &&
      /\bbr\b/.test(c.req.header('accept-encoding') ?? '')
    ) {
      c.header('content-encoding', 'br');
      return c.body(built.brotli as Uint8Array<ArrayBuffer>);
    }
    return c.body(built.bytes as Uint8Array<ArrayBuffer>);
  };

  app.get('/assets/:name', (c) =>
    file(c, `assets/${plainName(c.req.param('name'))}`, 'public, max-age=31536000, immutable'),
  );
  app.get('/service-worker.js', (c) => file(c, 'service-worker.js', 'no-cache'));
  app.get('/manifest.webmanifest', (c) => file(c, 'manifest.webmanifest', 'no-cache'));
  app.get('/icon.svg', (c) => file(c, 'icon.svg', 'public, max-age=86400'));
  app.get('/favicon.ico', (c) => c.redirect('/icon.svg', 302));
  app.get('/', (c) => {
    c.header('vary', 'accept-language, cookie');
    return c.redirect(`/${languageOf(c)}/`, 302);
  });
  const page = (c: Context, language: string): Response => {
    c.header('content-security-policy', policy);
    c.header('permissions-policy', 'camera=(self), geolocation=(), microphone=()');
    // The shell names the files of this build: always asked for anew.
    c.header('cache-control', 'no-cache');
    return c.html(shell.replace('<html lang="en"', `<html lang="${language}"`));
  };
  for (const language of LANGUAGES) {
    app.get(`/${language}`, (c) => c.redirect(`/${language}/`, 302));
    app.get(`/${language}/*`, (c) => page(c, language));
  }
  // Short addresses, as they stand on papers and in certificates.
  for (const path of ['/verify', '/trust', '/driver', '/dossiers/:id', '/desk'])
    app.get(path, (c) => c.redirect(`/${languageOf(c)}${c.req.path}`, 302));
}

function plainName(name: string): string {
  if (/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/.test(name)) return name;
  throw new Refusal(404, 'route-unknown', 'There is nothing at this address.');
}
