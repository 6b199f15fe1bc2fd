import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatCheckpoint, openCheckpoint } from '../log/checkpoint.ts';
import { type ForkEvidence, ofOneSize, verifyFork } from '../log/fork.ts';
import { signNote } from '../log/note.ts';
import { readKey, signerOf } from '../members/keys.ts';
import { LANGUAGES } from '../members/registry.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { openBrowser } from './browser.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { entryOf, RegistryHand } from './registry.ts';
import { expectSound, newVisitor } from './web.ts';

/** What the trust page says of two histories, in each language: real nodes, a real second history, a real browser. */

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

test('two histories are shown with their proof, and then that the others closed the log', async () => {
  const signer = signerOf(readKey(join(demo.directory, 'members', 'tj', 'keys', 'log.key')));
  // Something that it has said: a delegation of one of its operators.
  await demo.client('TJ/exporter').call('POST', '/api/delegations', {
    body: { to: 'tj.broker', scopes: ['file'], until: new Date(Date.now() + 86_400_000).toISOString() },
  });
  const newest = await eventually(async () => {
    const answer = await fetch(`${demo.address('TJ')}/log/checkpoint`);
    const note = answer.ok ? await answer.text() : '';
    return note.split('\n— ').length > 5 && !note.includes('\n0\n') && note;
  });
  const { checkpoint } = await openCheckpoint(nodeCrypto, newest, [signer.vkey]);
  const other = formatCheckpoint({ ...checkpoint, root: nodeCrypto.sha256(checkpoint.root) });
  const evidence = ofOneSize(checkpoint.origin, newest, await signNote(nodeCrypto, other, [signer]));
  const kept = await fetch(`${demo.address('UZ')}/forks`, { method: 'POST', body: JSON.stringify(evidence) });
  expect(await kept.json()).toEqual({ kept: true });
  // Another node hears of it by itself.
  await eventually(async () => {
    const { forks } = (await (await fetch(`${demo.address('KZ')}/forks`)).json()) as { forks: unknown[] };
    return forks.length === 1;
  });

  for (const language of LANGUAGES) {
    const visitor = await newVisitor(browser, { width: language === 'en' ? 1440 : 360 });
    const page = await visitor.newPage();
    await page.goto(`${demo.address('UZ')}/${language}/trust`);
    const words = JSON.parse(readFileSync(new URL(`../web/languages/${language}.json`, import.meta.url), 'utf8'));
    const notice = page.locator('main').getByText(words['trust.forkTitle'].split('{')[0].split('：')[0].trim());
    await notice.first().waitFor();
    const link = page.getByRole('link', { name: words['trust.forkProof'] });
    const saved = (await link.getAttribute('href')) ?? '';
    const shown = JSON.parse(decodeURIComponent(saved.slice(saved.indexOf(',') + 1))) as ForkEvidence;
    await verifyFork(shown, nodeCrypto, [signer.vkey], () => [signer.vkey]);
    await page.waitForLoadState('networkidle');
    await expectSound(page, `trust-fork-${language}`);
    await visitor.close();
  }

  // The five close it; every running node takes that up without being started by anyone.
  const hand = new RegistryHand(demo.directory);
  const closed = await hand.next(
    hand.version(1),
    (document) => {
      entryOf(document, 'TJ').log.closed = { size: Number(checkpoint.size), reason: 'Two histories were seen.' };
    },
    ['CN', 'KG', 'KZ', 'TM', 'UZ'],
  );
  hand.write(closed);
  await eventually(async () => {
    const { version } = (await (await fetch(`${demo.address('UZ')}/members`)).json()) as { version: number };
    return version === 2;
  });
  const visitor = await newVisitor(browser, { width: 360 });
  const page = await visitor.newPage();
  await page.goto(`${demo.address('UZ')}/en/trust`);
  await page.getByText('Log closed: Tajikistan').waitFor();
  await page.getByText('These stay valid.').waitFor();
  await page.waitForLoadState('networkidle');
  await expectSound(page, 'trust-closed-en');
  await visitor.close();
});
