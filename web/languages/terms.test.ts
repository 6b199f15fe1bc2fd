import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LANGUAGES } from '../../members/registry.ts';
import { LANGUAGE_FOLDER, readMessages } from '../build/languages.ts';

/** Customs terms: each with the public source that uses it for the same concept, or without one; and the catalogues use them. */

interface Term {
  readonly english: string;
  /** Keys of the messages that use the term. */
  readonly messages: readonly string[];
  /** By language; a term may be the stem to which endings are added. Without a source nobody has looked it up yet. */
  readonly words: Readonly<
    Record<
      string,
      {
        readonly term: string;
        readonly source: { readonly address: string; readonly place: string; readonly read: string } | null;
      }
    >
  >;
}

const terms = JSON.parse(readFileSync(`${LANGUAGE_FOLDER}/terms.json`, 'utf8')) as Record<string, Term>;
const others = LANGUAGES.filter((language) => language !== 'en');

test.each(others)('the catalogue of %s says them', (language) => {
  const messages = readMessages(language);
  for (const [name, { messages: keys, words }] of Object.entries(terms)) {
    const { term = '?' } = words[language] ?? {};
    for (const key of keys) expect(messages[key]?.toLowerCase(), `${name} in ${key}`).toContain(term.toLowerCase());
  }
});

test('each source has an address, a place in it and the day on which it was read', () => {
  for (const { words } of Object.values(terms)) {
    expect(Object.keys(words).sort()).toEqual([...others].sort());
    for (const { source } of Object.values(words)) {
      if (source === null) continue;
      expect(new URL(source.address).protocol).toMatch(/^https?:$/);
      expect(source.place.length).toBeGreaterThan(4);
      expect(source.read).toMatch(/^\d{4}-\d\d-\d\d$/);
    }
  }
});

test('the README tells how many are sourced', () => {
  const readme = readFileSync(`${LANGUAGE_FOLDER}/../README.md`, 'utf8');
  const all = Object.values(terms);
  for (const language of others) {
    const sourced = all.filter(({ words }) => words[language]?.source != null).length;
    expect(readme).toContain(`| ${language} | ${sourced} of ${all.length} |`);
  }
});
