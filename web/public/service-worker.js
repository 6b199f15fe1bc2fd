/*
 * Keeps what this browser has opened, so that it opens again without a network: the shell of the app and the files that a page says it
 * has loaded. Answers of the API are never kept here. The newest shell is asked for first, always; a page that was built anew brings
 * its own files, and old ones go.
 */
const SHELLS = 'dostyk-shells';
const FILES = 'dostyk-files';
const PATIENCE_MS = 4000;
const PAGE = /^\/(zh|kk|ky|tg|tk|uz|ru|en)\//;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

/** The shell is the same under every address of a language. */
const shellOf = (path) => `/${path.split('/')[1]}/`;

async function keepShell(path, response) {
  if (response.ok && response.type === 'basic' && /^text\/html/.test(response.headers.get('content-type') ?? ''))
    await (await caches.open(SHELLS)).put(shellOf(path), response);
}

async function openPage(request) {
  const { pathname } = new URL(request.url);
  const kept = () => caches.match(shellOf(pathname), { cacheName: SHELLS });
  const fresh = fetch(request).then(async (response) => {
    if (response.ok) await keepShell(pathname, response.clone());
    return response;
  });
  const slow = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, undefined));
  try {
    // On a bad line the kept shell opens after four seconds; the files it names are kept as well.
    return (await Promise.race([fresh, slow])) ?? (await kept()) ?? (await fresh);
  } catch (error) {
    const shell = await kept();
    if (shell !== undefined) return shell;
    throw error;
  }
}

/** Files are named by their content: what is kept is right. */
async function openFile(request) {
  const kept = await caches.match(request, { cacheName: FILES });
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (response.ok) await (await caches.open(FILES)).put(request, response.clone());
  return response;
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate' && PAGE.test(url.pathname)) event.respondWith(openPage(request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(openFile(request));
});

/** A page tells what it has loaded, also before this worker was there; files of older builds go when there are many. */
async function keep(path, urls) {
  const files = await caches.open(FILES);
  const one = async (url) => {
    if ((await files.match(url)) === undefined) await files.add(url).catch(() => undefined);
  };
  await Promise.all(urls.map(one));
  // After its files: a kept shell that lacks them would open as an empty page.
  const shell = await fetch(path, { cache: 'no-cache' }).catch(() => undefined);
  if (shell !== undefined) await keepShell(path, shell);
  const all = await files.keys();
  for (const request of all.slice(0, Math.max(0, all.length - 400))) await files.delete(request);
}

self.addEventListener('message', (event) => {
  const { path, urls } = event.data ?? {};
  if (typeof path !== 'string' || !PAGE.test(path) || !Array.isArray(urls)) return;
  const own = urls.filter((url) => typeof url === 'string' && url.startsWith(`${self.location.origin}/assets/`));
  event.waitUntil(keep(path, own.slice(0, 200)).then(() => event.source?.postMessage({ kept: own.length })));
});
