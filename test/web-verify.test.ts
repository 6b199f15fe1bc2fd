import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { encode } from 'uqr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import { openBrowser } from './browser.ts';
import { type Demo, dostyk, eventually, root, startDemo } from './demo.ts';
import { expectSound, newVisitor, signIn } from './web.ts';

/** Certificates on paper and as files, checked by anyone in a real browser; printed forms read back by a second decoder. */

let demo: Demo;
let browser: Browser;
let evidence = '';
let code = '';
let dossier = '';
let certificate = '';
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
  const played = await dostyk(['--directory', demo.directory, 'play', join(root, 'examples/journeys/cherries.json')]);
  expect(played.code, played.stdout).toBe(0);
  const owner = demo.client('UZ/exporter');
  const list = (await owner.call('GET', '/api/certificates')) as {
    items: { certificate: string; dossier: string; kind: string }[];
  };
  const found = list.items.find(({ kind }) => kind === 'origin');
  [certificate, dossier] = [found?.certificate ?? '', found?.dossier ?? ''];
  evidence = JSON.stringify(await eventually(() => owner.call('GET', `/api/certificates/${certificate}/evidence`)));
  code = ((await owner.call('GET', `/api/certificates/${certificate}/code`)) as { code: string }).code;
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm');
  await prepareZXingModule({
    overrides: { wasmBinary: readFileSync(wasm).buffer as ArrayBuffer },
    fireImmediately: true,
  });
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

async function open(width = 1440): Promise<Page> {
  const visitor = await newVisitor(browser, { width });
  const page = await visitor.newPage();
  await page.goto(`${demo.address('KZ')}/en/verify`);
  await page.getByText('keys were received').waitFor();
  return page;
}

async function answerTo(page: Page, text: string): Promise<string> {
  await page.getByLabel('Or the text of the code or the file').fill(text);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.locator('#answer .notice').waitFor();
  return page.locator('#answer').innerText();
}

describe('anyone', () => {
  test('checks an evidence file at another member than it came from, also without a network', async () => {
    const page = await open();
    const first = await answerTo(page, evidence);
    expect(first).toContain('Valid');
    expect(first).toContain('Chamber of commerce');
    expect(first).toContain('DEMONSTRATION, NOT AN OFFICIAL DOCUMENT');
    await expectSound(page, 'verify-valid');
    await page.context().setOffline(true);
    await page.setInputFiles('input[type=file]', {
      name: 'a.dostyk',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(evidence),
    });
    await page.getByText('Valid', { exact: true }).waitFor();
    await page.context().close();
  });

  test('opens the page again without a network and checks a code there', async () => {
    const page = await open();
    // What the page runs on is kept once it is told to the worker.
    const isKept = async (): Promise<boolean> => {
      await navigator.serviceWorker.ready;
      const files = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/assets/'));
      const kept = await Promise.all(files.map(({ name }) => caches.match(name)));
      return [...kept, await caches.match('/en/')].every((one) => one !== undefined);
    };
    // Not by `waitForFunction`: a promise is true there, whatever it resolves to.
    await eventually(() => page.evaluate(isKept));
    await page.context().setOffline(true);
    await page.reload();
    expect(await answerTo(page, code)).toContain('log proof not checked');
    await page.context().close();
  });

  test('is told that a code alone is signed, never that it is valid', async () => {
    const page = await open(360);
    const text = await answerTo(page, code);
    expect(text).toContain('log proof not checked');
    expect(text).not.toMatch(/^Valid/m);
    await expectSound(page, 'verify-code-360');
    await page.context().close();
  });

  test('scans a code from the picture of a camera, or is told that the camera is not allowed', async () => {
    const visitor = await newVisitor(browser, { width: 360 });
    const page = await visitor.newPage();
    // This Chromium has no camera at all: the first is denied, the next shows a sheet of paper. All that follows the picture is the app's.
    await page.addInitScript(
      (rows: boolean[][]) => {
        let asked = 0;
        navigator.mediaDevices.getUserMedia = async () => {
          if (asked++ === 0) throw new DOMException('denied', 'NotAllowedError');
          const paper = document.createElement('canvas');
          [paper.width, paper.height] = [640, 480];
          const context = paper.getContext('2d') as CanvasRenderingContext2D;
          const module = Math.floor(480 / rows.length);
          setInterval(() => {
            context.fillStyle = '#f4f1e8';
            context.fillRect(0, 0, 640, 480);
            context.fillStyle = '#222';
            for (const [y, row] of rows.entries())
              for (const [x, dark] of row.entries())
                if (dark) context.fillRect(80 + x * module, y * module, module, module);
          }, 100);
          return paper.captureStream(10);
        };
      },
      encode(code, { ecc: 'M', border: 4 }).data,
    );
    await page.goto(`${demo.address('KZ')}/en/verify`);
    await page.getByText('keys were received').waitFor();
    await page.getByRole('button', { name: 'Scan with the camera' }).click();
    await page.getByText('The browser does not allow the camera here').waitFor();
    await expectSound(page, 'verify-camera-denied-360');
    await page.getByRole('button', { name: 'Stop the camera' }).click();
    await page.getByRole('button', { name: 'Scan with the camera' }).click();
    await page.locator('#answer').getByText('log proof not checked').waitFor();
    expect(await page.locator('#answer').innerText()).toContain('Chamber of commerce');
    expect(await page.locator('video').count()).toBe(0);
    await expectSound(page, 'verify-scanned-360');
    await visitor.close();
  });

  test('is told what is altered, foreign or too large, and why', async () => {
    const page = await open();
    const altered = JSON.parse(evidence) as { record: string };
    altered.record = `${altered.record.slice(0, 40)}${altered.record[40] === 'A' ? 'B' : 'A'}${altered.record.slice(41)}`;
    expect(await answerTo(page, JSON.stringify(altered))).toContain('Not valid');
    expect(await answerTo(page, `${code.slice(0, 60)}${code[60] === 'A' ? 'B' : 'A'}${code.slice(61)}`)).toMatch(
      /Altered|Not trusted/,
    );
    expect(await answerTo(page, 'https://example.org/ticket/123')).toContain('not a Dostyk code');
    expect(await answerTo(page, '<script>alert(1)</script>')).toContain('not a Dostyk code');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.evaluate(() => navigator.clipboard.writeText(`{"a":"${'x'.repeat(9_000_000)}"}`));
    const field = page.getByLabel('Or the text of the code or the file');
    await field.fill('');
    await field.press('ControlOrMeta+v');
    await page.locator('#answer').getByText('too large').waitFor();
    expect(await field.inputValue()).toBe('');
    await expectSound(page, 'verify-refused');
    await page.context().close();
  });

  test('is warned when the node shows another beginning of the keys than was trusted first', async () => {
    const page = await open();
    await page.evaluate(() => {
      const known = JSON.parse(localStorage.getItem('dostyk-registry') ?? '{}') as { genesis: string };
      known.genesis = '0'.repeat(64);
      localStorage.setItem('dostyk-registry', JSON.stringify(known));
    });
    await page.reload();
    await page.getByText('another beginning of the list of keys').waitFor();
    await expectSound(page, 'verify-genesis');
    await page.context().close();
  });
});

describe('on paper', () => {
  test('the code is read from a print of 4 cm at 300 dpi by another decoder', async () => {
    // 300 dpi: 96 CSS pixels an inch are drawn as 300.
    const context = await browser.newContext({ viewport: { width: 1000, height: 1400 }, deviceScaleFactor: 300 / 96 });
    const page = await signIn(context, demo, 'UZ/exporter', `/print/${dossier}/${certificate}`);
    await page.emulateMedia({ media: 'print' });
    const picture = page.locator('svg.qr');
    await picture.waitFor();
    const png = await picture.screenshot();
    const width = png.readUInt32BE(16);
    expect(width).toBeGreaterThan(465);
    expect(width).toBeLessThan(480);
    const [read] = await readBarcodes(new Uint8Array(png), { formats: ['QRCode'] });
    expect(read?.text).toBe(code);
    await context.close();
  });

  test.each(['invoice', 'packing-list', 'consignment-note'])(
    'the %s fits an A4 sheet and says that it is a demonstration',
    async (form) => {
      const visitor = await newVisitor(browser);
      const page = await signIn(visitor, demo, 'UZ/exporter', `/print/${dossier}/${form}`);
      await page.getByText('Fresh sweet cherries').first().waitFor();
      await page.locator('svg.qr').waitFor();
      await expectSound(page, `print-${form}`);
      await page.emulateMedia({ media: 'print' });
      await page.setViewportSize({ width: Math.round((180 / 25.4) * 96), height: 1000 });
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(wide).toBeLessThanOrEqual(0);
      const pdf = await page.pdf({ format: 'A4' });
      expect(pdf.length).toBeGreaterThan(10_000);
      expect(await page.locator('.sheet').innerText()).toContain('DEMONSTRATION, NOT AN OFFICIAL DOCUMENT');
      await visitor.close();
    },
  );

  test('the sheet of a movement names what is aboard, as far as the reader may see it', async () => {
    const { items } = (await demo.client('UZ/exporter').call('GET', '/api/movements')) as {
      items: { movement: string; means: { identification: string }; consignments: { dossier: string }[] }[];
    };
    const found = items.find(({ consignments }) => consignments.some((one) => one.dossier === dossier));
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'UZ/exporter', `/print/movements/${found?.movement}`);
    await page.locator('svg.qr').waitFor();
    await expectSound(page, 'print-movement');
    const text = await page.locator('.sheet').innerText();
    for (const one of [found?.means.identification ?? '?', dossier, 'Fresh sweet cherries', 'DEMONSTRATION'])
      expect(text).toContain(one);
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize({ width: Math.round((180 / 25.4) * 96), height: 1000 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide).toBeLessThanOrEqual(0);
    await visitor.close();
  });

  test('a form whose part is not for the reader says so', async () => {
    const visitor = await newVisitor(browser);
    const page = await signIn(visitor, demo, 'KZ/customs', `/print/${dossier}/invoice`);
    await page.getByText('The part that this paper is made of is not for you.').waitFor();
    await visitor.close();
  });
});

describe('at last, once revoked', () => {
  test('newer evidence says so', async () => {
    await demo.client('UZ/chamber').call('POST', `/api/certificates/${certificate}/revocation`, {
      body: { reason: 'Issued in error.' },
    });
    const owner = demo.client('UZ/exporter');
    const page = await open();
    const text = await eventually(async () => {
      const newer = JSON.stringify(await owner.call('GET', `/api/certificates/${certificate}/evidence`));
      const answer = await answerTo(page, newer);
      if (!answer.includes('Revoked')) throw new Error(answer);
      return answer;
    });
    expect(text).toContain('The authority has revoked it.');
    expect(text).not.toContain('none came with it');
    await expectSound(page, 'verify-revoked');
    await page.context().close();
  });
});

describe('at last, once a section is erased', () => {
  test('the dossier and the paper that was made of it say when it went, on what basis and who has confirmed it', async () => {
    const environment = readFileSync(`/proc/${await demo.nodePid('UZ')}/environ`, 'utf8').split('\0');
    const env = Object.fromEntries(environment.filter(Boolean).map((line) => line.split(/=(.*)/s).slice(0, 2)));
    const asked = ['--dossier', dossier, '--section', 'commercial', '--legal-basis', 'The law of the demonstration'];
    const ordered = await dostyk(['erase', ...asked, '--yes'], { env });
    expect(ordered.code, ordered.stderr).toBe(0);
    for (const width of [360, 1440]) {
      const visitor = await newVisitor(browser, { width });
      const page = await signIn(visitor, demo, 'UZ/exporter', `/dossiers/${dossier}`);
      await page.getByText('Legal basis: The law of the demonstration').waitFor();
      await eventually(async () => {
        await page.reload();
        await page.getByText('Legal basis: The law of the demonstration').waitFor();
        return page.getByText('Every member that had it has confirmed').isVisible();
      });
      await expectSound(page, `dossier-erased-${width}`);
      await page.goto(`${demo.address('UZ')}/en/print/${dossier}/invoice`);
      await page.getByText('Legal basis: The law of the demonstration').waitFor();
      await expectSound(page, `print-erased-${width}`);
      await page.goto(`${demo.address('UZ')}/en/print/${dossier}/packing-list`);
      await page.getByText('Fresh sweet cherries').first().waitFor();
      await visitor.close();
    }
  });
});
