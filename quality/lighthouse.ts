import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { launchOptions } from '../test/browser.ts';
import { type Demo, eventually } from '../test/demo.ts';
import { filing } from '../test/filing.ts';
import { signIn } from '../test/web.ts';
import { freePort, type Part, type Result, run } from './part.ts';

/**
 * Pages as a phone on a slow network would have them, measured by Lighthouse with its own preset. Each run begins without cache and
 * worker; cookies and what a page keeps of its own stay, so that who is signed in stays so.
 */

const RUNS = 3;
const BOUNDS = { performance: 90, accessibility: 95, 'best-practices': 95 } as const;
type Category = keyof typeof BOUNDS;

const POSTS = ['uz-yallama', 'kz-konysbayeva'];
/** So many that a list is as long as on a working day. */
const FILED = 30;

interface Measured {
  readonly name: string;
  readonly url: string;
  /** Text that the page shows once it is what it should be. */
  readonly shows: string;
  /** What is done before it is measured. */
  readonly before?: () => Promise<void>;
}

interface Report {
  readonly finalDisplayedUrl: string;
  readonly runtimeError?: { readonly message: string };
  readonly categories: Readonly<
    Record<Category, { readonly score: number | null; readonly auditRefs: readonly { id: string; weight: number }[] }>
  >;
  readonly audits: Readonly<
    Record<string, { readonly score: number | null; readonly title: string; readonly displayValue?: string }>
  >;
}

export const lighthouse: Part = async ({ demo: running, folder, say }) => {
  const demo = await running();
  const port = await freePort();
  const options = await launchOptions();
  // Lighthouse opens its page beside those of this profile, and has its cookies.
  const browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
    ...options,
    args: [...options.args, `--remote-debugging-port=${port}`],
  });
  try {
    const results: Result[] = [];
    for (const page of await pagesOf(demo, browser)) {
      await page.before?.();
      await visit(browser, page);
      const reports: Report[] = [];
      for (let i = 0; i < RUNS; i++) reports.push(await measure(page, port));
      const result = judge(page.name, reports);
      say(`lighthouse: ${page.name}: ${result.value}`);
      results.push(result);
    }
    return results;
  } finally {
    await browser.close();
  }
};

/** Those that anyone sees come first: nobody is signed in yet. */
async function pagesOf(demo: Demo, browser: BrowserContext): Promise<readonly Measured[]> {
  const { dossier, movement } = await fill(demo);
  const link = (await demo.client('UZ/exporter').call('POST', `/api/movements/${movement}/driver-links`, {
    body: {},
  })) as { path: string };
  const [uz, kz] = [`${demo.address('UZ')}/en`, `${demo.address('KZ')}/en`];
  return [
    { name: 'start', url: `${uz}/`, shows: 'One dossier, every border on the way' },
    { name: 'trust', url: `${uz}/trust`, shows: 'Can the logs be trusted?' },
    { name: 'verify', url: `${uz}/verify`, shows: 'keys were received' },
    { name: "driver's page", url: `${uz}${link.path}`, shows: 'I have arrived here' },
    {
      name: "operator's list",
      url: `${uz}/dossiers`,
      shows: 'Dried apricots',
      before: async () => void (await signIn(browser, demo, 'UZ/exporter')),
    },
    { name: 'dossier', url: `${uz}/dossiers/${dossier}`, shows: 'Dried apricots' },
    {
      name: "officer's desk",
      url: `${kz}/desk`,
      shows: '40 777 AAA',
      before: async () => {
        const page = await signIn(browser, demo, 'KZ/customs', '/desk');
        await page.getByLabel('Post').selectOption('kz-konysbayeva');
      },
    },
  ];
}

/** Dossiers from one member to the next, each on a truck of its own, known at both. */
async function fill(demo: Demo): Promise<{ dossier: string; movement: string }> {
  const exporter = demo.client('UZ/exporter');
  let last = { dossier: '', movement: '' };
  for (let i = 0; i < FILED; i++) {
    const body = filing({ to: 'KZ', posts: POSTS });
    await exporter.call('POST', '/api/dossiers', { body });
    const { movement } = (await exporter.call('POST', '/api/movements', {
      body: {
        carrier: { name: 'Carrier', country: 'UZ' },
        leg: { mode: 'road', from: { name: 'Here', country: 'UZ' }, to: { name: 'There', country: 'KZ' } },
        posts: POSTS,
        means: { mode: 'road', identification: i === FILED - 1 ? '40 777 AAA' : `40 ${100 + i} AAA`, country: 'UZ' },
        consignments: [{ dossier: body.dossier }],
      },
    })) as { movement: string };
    last = { dossier: body.dossier, movement };
  }
  const officer = demo.client('KZ/customs');
  await eventually(async () => {
    const query = { post: 'kz-konysbayeva', limit: '100' };
    const { items } = (await officer.call('GET', '/api/desk/movements', { query })) as { items: unknown[] };
    return items.length === FILED;
  });
  return last;
}

/** Makes sure that the page is what is to be measured. */
async function visit(browser: BrowserContext, { url, shows }: Measured): Promise<void> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.getByText(shows).first().waitFor();
  for (const one of browser.pages()) await one.close();
}

async function measure({ name, url }: Measured, port: number): Promise<Report> {
  const { code, stdout, stderr } = await run('lighthouse', [
    url,
    `--port=${port}`,
    '--output=json',
    '--quiet',
    `--only-categories=${Object.keys(BOUNDS).join(',')}`,
    '--no-enable-error-reporting',
  ]);
  if (code !== 0) throw new Error(`Lighthouse ended with ${code} on ${name}: ${stderr.slice(-1000)}`);
  const report = JSON.parse(stdout) as Report;
  if (report.runtimeError !== undefined) throw new Error(`Lighthouse on ${name}: ${report.runtimeError.message}`);
  if (new URL(report.finalDisplayedUrl).pathname !== new URL(url).pathname)
    throw new Error(`${name} led to ${report.finalDisplayedUrl}`);
  return report;
}

function judge(name: string, reports: readonly Report[]): Result {
  const scores = (Object.keys(BOUNDS) as Category[]).map((category) => ({
    category,
    score: median(reports.map(({ categories }) => Math.round((categories[category].score ?? 0) * 100))),
  }));
  const short = scores.filter(({ category, score }) => score < BOUNDS[category]);
  const value = scores.map(({ category, score }) => `${category} ${score}`).join(' · ');
  const bound = Object.values(BOUNDS)
    .map((one) => `≥ ${one}`)
    .join(' · ');
  return {
    name,
    value,
    bound,
    ok: short.length === 0,
    details: short.flatMap(({ category }) => failing(category, reports)),
  };
}

/** The audits of a category that cost points, by what they cost. */
function failing(category: Category, reports: readonly Report[]): string[] {
  const sorted = [...reports].sort((a, b) => (a.categories[category].score ?? 0) - (b.categories[category].score ?? 0));
  const report = sorted[Math.floor(sorted.length / 2)];
  if (report === undefined) return [];
  const cost = ({ id, weight }: { id: string; weight: number }) => weight * (1 - (report.audits[id]?.score ?? 1));
  return report.categories[category].auditRefs
    .filter((one) => cost(one) > 0.1)
    .sort((a, b) => cost(b) - cost(a))
    .map(({ id }) => `${category}: ${report.audits[id]?.title ?? id} ${report.audits[id]?.displayValue ?? ''}`.trim());
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
