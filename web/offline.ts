import { t } from './languages/index.ts';
import { toast } from './parts/say.tsx';

/**
 * Keeps this page for times without a network, and tells when the node has a newer one. The kill switch is the worker's own address: a
 * node that answers it with 404 or 410 has every page take its worker and what it kept away.
 */

const WORKER = '/service-worker.js';
const LOOK_MS = 1_800_000;

export function keepOffline(): void {
  if (!('serviceWorker' in navigator)) return;
  void begin().catch(() => undefined);
  let told = false;
  const look = async (): Promise<void> => {
    if (told || document.visibilityState !== 'visible' || !(await isOutdated())) return;
    told = true;
    toast(t('part.newVersion'), { label: t('part.reload'), act: () => location.reload() });
  };
  document.addEventListener('visibilitychange', () => void look());
  setInterval(() => void look(), LOOK_MS);
}

async function begin(): Promise<void> {
  const answer = await fetch(WORKER, { method: 'HEAD', cache: 'no-store' }).catch(() => undefined);
  if (answer !== undefined && [404, 410].includes(answer.status)) return takeAway();
  await navigator.serviceWorker.register(WORKER);
  const { active } = await navigator.serviceWorker.ready;
  // Also what was asked for before the worker was there and comes later, on a slow line much later.
  new PerformanceObserver((list) => {
    const urls = list.getEntries().flatMap(({ name }) => (name.includes('/assets/') ? [name] : []));
    if (urls.length > 0) active?.postMessage({ path: location.pathname, urls });
  }).observe({ type: 'resource', buffered: true });
}

async function takeAway(): Promise<void> {
  for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
  for (const name of await caches.keys()) if (name.startsWith('dostyk-')) await caches.delete(name);
}

/** Whether the node's shell names another script than the one that runs here. */
async function isOutdated(): Promise<boolean> {
  const own = document.querySelector<HTMLScriptElement>('script[type="module"][src]')?.getAttribute('src');
  if (own == null) return false;
  try {
    const answer = await fetch(location.pathname, { headers: { accept: 'text/html' }, cache: 'no-cache' });
    return answer.ok && !(await answer.text()).includes(own);
  } catch {
    // Away: nothing newer can be had.
    return false;
  }
}
