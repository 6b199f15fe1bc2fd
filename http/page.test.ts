import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DostykNode } from '../platform.ts';
import { filing } from '../test/filing.ts';
import { type Answer, ask, differing, problemIn, Served } from '../test/served-node.ts';
import { POST_STATES } from '../trade/contract.ts';
import { stylesheet } from './page.ts';

let served: Served;
let port: number;
let dossier: string;
const EVIL = `<script>alert(1)</script>" onmouseover="alert(2)' &`;
beforeAll(async () => {
  served = await Served.start();
  port = await served.serve();
  const body = filing({
    from: 'KZ',
    posts: ['kz-nur-zholy', 'cn-khorgos'],
    description: EVIL,
  });
  dossier = body.dossier;
  const answer = await ask(port, '/api/dossiers', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await served.token('kz-exporter')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  expect(answer.status, answer.text).toBe(200);
});
afterAll(() => served?.stop());

/** Every mark that a page of this node must have, whatever it shows. */
function checkPage({ status, headers, text }: Answer): void {
  expect(status, text).toBe(200);
  expect(headers['content-type']).toBe('text/html; charset=UTF-8');
  expect(headers['content-security-policy']).toBe(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  expect(headers['cache-control']).toBe('no-store');
  expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
  for (const element of ['<h1', '<main>', '<header>', '<footer>', '<title>'])
    expect([element, text.split(element).length - 1]).toEqual([element, 1]);
  expect(text).toContain('Not affiliated with, or endorsed by, any state or body.');
  expect(text).not.toMatch(/<script|<style|<img|<iframe|<object| style=| on[a-z]+="|javascript:/i);
  expect(text).not.toContain('[object');
  expect(text).not.toContain('undefined');
  const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, id] of text.matchAll(/aria-labelledby="([^"]+)"/g)) expect(ids).toContain(id);
}

describe('in a demonstration', () => {
  test('the start page shows members as equals, heads and dossiers, and says what it is', async () => {
    const page = await ask(port, '/');
    checkPage(page);
    expect(page.text).toContain('<strong>Demonstration.</strong> No document shown here is official.');
    expect(page.text).toContain(`href="/dossiers/${dossier}"`);
    const { registry } = served.node.context;
    const names = [...page.text.matchAll(/<th scope="row">(?:<a href="http[^"]*">)?([^<]+)/g)].map(([, name]) =>
      name?.replace(' (this node)', ''),
    );
    expect(names.slice(0, 6)).toEqual(registry.members.map(({ name }) => name.en).sort());
    for (const language of ['zh', 'kk', 'ky', 'tg', 'tk', 'uz', 'ru'])
      expect(page.text).toContain(`<span lang="${language}">`);
  });

  test('a dossier’s page tells state and what is awaited, post by post', async () => {
    const page = await ask(port, `/dossiers/${dossier}`);
    checkPage(page);
    expect(page.text).toContain('No document shown here is official.');
    expect([...page.text.matchAll(/<li>\s*<h3>/g)]).toHaveLength(2);
    expect(page.text).toMatch(/arrival by operator kz\.exporter, since <time datetime="2026-06-11T/);
    expect(page.text).not.toContain('<ul></ul>');
    for (const title of ['Posts on the way', 'Movements', 'Certificates', 'Records and digests'])
      expect(page.text).toContain(title);
  });

  test('markup in a field is text', async () => {
    for (const path of ['/', `/dossiers/${dossier}`]) {
      const { text } = await ask(port, path);
      expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot; onmouseover=&quot;alert(2)&#39; &amp;');
      expect(text).not.toContain('<script>');
    }
  });

  test('markup from a peer or in the registry is text, and only addresses of the web are links', async () => {
    const { registry } = served.node.context;
    const strange = {
      ...registry,
      document: registry.document,
      getMember: registry.getMember.bind(registry),
      members: registry.members.map((one) => ({
        ...one,
        name: { ...one.name, en: `${EVIL}${one.name.en}` },
        address: one.code === 'CN' ? 'javascript:alert(3)' : `http://x"><b>/`,
      })),
    };
    const own = await served.serve({
      node: differing(served.node, {
        context: { ...served.node.context, registry: strange },
        federation: {
          status: async () => ({
            peers: [],
            faults: [{ member: 'UZ', code: EVIL, detail: EVIL, count: 1, lastAt: '2026-06-11T04:00:00.000Z' }],
          }),
        },
      }),
    });
    const { text } = await ask(own, '/');
    expect(text).toContain('1 kinds of faults of peers are recorded');
    expect(text).not.toMatch(/<script|<b>|javascript:| onmouseover="/);
    expect(text.split('&lt;script&gt;').length - 1).toBeGreaterThan(7);
  });

  test('an unknown dossier, and what is no id at all, are not found', async () => {
    for (const id of [filing().dossier, 'x', '%2e%2e%2f', encodeURIComponent(EVIL)]) {
      const answer = await ask(port, `/dossiers/${id}`);
      expect([id, answer.status, problemIn(answer).code]).toEqual([id, 404, 'dossier-unknown']);
    }
  });
});

describe('outside a demonstration', () => {
  const real = (node: DostykNode) => differing(node, { context: { ...node.context, demo: false } });

  test('the page shows what is public and no dossier', async () => {
    const own = await served.serve({ node: real(served.node) });
    const page = await ask(own, '/');
    checkPage(page);
    expect(page.text).not.toContain('Demonstration');
    expect(page.text).not.toContain('/dossiers/');
    expect(page.text).not.toContain('alert(1)');
    expect(page.text).toContain(served.node.context.origin);
    const closed = await ask(own, `/dossiers/${dossier}`);
    expect([closed.status, problemIn(closed).code]).toEqual([404, 'dossier-unknown']);
    expect(closed.text).not.toContain('alert(1)');
  });
});

test('the style sheet loads nothing, and knows dark, print, narrow and every state that has a colour', async () => {
  const { status, headers, text } = await ask(port, '/page.css');
  expect([status, headers['content-type'], text]).toEqual([200, 'text/css; charset=utf-8', stylesheet]);
  expect(stylesheet).not.toMatch(/url\(|@import|expression/);
  for (const part of ['prefers-color-scheme:dark', '@media print', 'overflow-x:auto', ':focus-visible'])
    expect(stylesheet).toContain(part);
  const coloured = [...stylesheet.matchAll(/\.([a-z]+)(?=[,{][^}]*color:var\(--(?:stop|warn|go)\))/g)];
  expect(coloured.length).toBeGreaterThan(0);
  for (const [, state] of coloured)
    expect([...POST_STATES, 'contradictory', 'notice', 'status'] as string[]).toContain(state);
});
