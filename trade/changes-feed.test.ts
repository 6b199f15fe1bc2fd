import { expect, test } from 'vitest';
import { atomOf } from './changes-feed.ts';

test('whatever a title holds stays text', () => {
  const feed = atomOf({
    address: 'https://node.example',
    path: '/api/packs/changes.atom?a=1&b=2',
    title: '<script> & "quotes" \u0000\u0007',
    entries: [
      {
        ...{ id: 'changes/a', title: ']]> <x>', updated: '2026-01-02', link: '/x?a=1&b=2' },
        lines: Array.from({ length: 60 }, (_, i) => `line ${i}`),
      },
    ],
  });
  expect(feed).toContain('<title>&lt;script&gt; &amp; &quot;quotes&quot; </title>');
  expect(feed).toContain('<title>]]&gt; &lt;x&gt;</title>');
  expect(feed).toContain('href="https://node.example/x?a=1&amp;b=2"');
  expect(feed).toContain('<updated>2026-01-02T00:00:00Z</updated>');
  expect(feed).toContain('line 49\n… 10 more</content>');
});

test('a feed without entries is one all the same', () => {
  expect(atomOf({ address: 'https://node.example', path: '/f', title: 'T', entries: [] })).toContain(
    '<updated>2026-01-01T',
  );
});
