/** Changes of rules as an Atom feed (RFC 4287), so that anyone's own reader tells when something changes. */

export interface FeedEntry {
  /** Part of a tag URI: the same entry always has the same. */
  readonly id: string;
  readonly title: string;
  /** 'YYYY-MM-DD', of the data: a feed that says the same is the same. */
  readonly updated: string;
  readonly lines: readonly string[];
  readonly link: string;
}

export interface Feed {
  /** Of the node, e.g. 'http://127.0.0.1:7003'. */
  readonly address: string;
  /** Of the feed itself, below the node's. */
  readonly path: string;
  readonly title: string;
  readonly entries: readonly FeedEntry[];
}

const MOST_LINES = 50;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** XML 1.0 has no place for control characters, escaped or not. */
const escaped = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]|[\ufffe\uffff]/gu, '').replace(/[&<>"']/g, (one) => ESCAPES[one] ?? '');

const moment = (day: string): string => `${day}T00:00:00Z`;

export function atomOf({ address, path, title, entries }: Feed): string {
  const tag = `tag:${new URL(address).hostname},2026:`;
  const updated =
    entries
      .map((one) => one.updated)
      .sort()
      .at(-1) ?? '2026-01-01';
  const lines = ({ lines: all }: FeedEntry): string =>
    [...all.slice(0, MOST_LINES), ...(all.length > MOST_LINES ? [`… ${all.length - MOST_LINES} more`] : [])].join('\n');
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
    `<id>${escaped(`${tag}${path}`)}</id>`,
    `<title>${escaped(title)}</title>`,
    '<author><name>Dostyk node, independent software</name></author>',
    `<link rel="self" href="${escaped(`${address}${path}`)}"/>`,
    `<updated>${moment(updated)}</updated>`,
    ...entries.map((one) =>
      [
        '<entry>',
        `<id>${escaped(`${tag}${one.id}`)}</id>`,
        `<title>${escaped(one.title)}</title>`,
        `<updated>${moment(one.updated)}</updated>`,
        `<link href="${escaped(`${address}${one.link}`)}"/>`,
        `<content type="text">${escaped(lines(one))}</content>`,
        '</entry>',
      ].join('\n'),
    ),
    '</feed>',
    '',
  ].join('\n');
}
