import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { LANGUAGES } from '../../members/registry.ts';
import { LANGUAGE_FOLDER, readMessages } from '../build/languages.ts';

/** Customs terms: each with the public source that uses it for the same concept, or without one; and the catalogues use them. */

const KINDS = ['law', 'official', 'scholarly', 'other'] as const;
/** `law`: also a rule or a treaty; `official`: a page or form of an authority; `other`: the press, a guide of the trade. */
const Source = z.strictObject({
  address: z.url({ protocol: /^https?$/ }),
  place: z.string().min(5),
  kind: z.enum(KINDS),
  read: z.iso.date(),
});
/** `stem`: what stays of the term in every form in which the messages write it; without one, the term itself. */
const Word = z.strictObject({ term: z.string().min(1), stem: z.string().min(1).optional(), source: Source.nullable() });
const others = LANGUAGES.filter((language) => language !== 'en');
const Term = z.strictObject({
  english: z.string().min(1),
  /** Keys of the messages that use the term. */
  messages: z.array(z.string()).min(1),
  /** Without a source nobody has found one yet. */
  words: z.strictObject(Object.fromEntries(others.map((language) => [language, Word]))),
});

const terms = z.record(z.string(), Term).parse(JSON.parse(readFileSync(`${LANGUAGE_FOLDER}/terms.json`, 'utf8')));

/** Messages that are listed under a term and don't hold its word. */
function withoutWord(language: string, messages: Readonly<Record<string, string>>): string[] {
  return Object.entries(terms).flatMap(([name, { messages: keys, words }]) => {
    const { term, stem = term } = words[language] as z.infer<typeof Word>;
    return keys
      .filter((key) => !messages[key]?.toLowerCase().includes(stem.toLowerCase()))
      .map((key) => `${name}: no ‘${stem}’ in ${key}, ‘${messages[key]}’`);
  });
}

test.each(others)('the catalogue of %s says them', (language) => {
  expect(withoutWord(language, readMessages(language))).toEqual([]);
});

test('a catalogue that says another word is found', () => {
  expect(withoutWord('uz', { ...readMessages('uz'), 'filing.seals': 'Muhrlar' })).toEqual([
    'seal: no ‘plomba’ in filing.seals, ‘Muhrlar’',
  ]);
});

test('the README tells how many are sourced, and by what', () => {
  const readme = readFileSync(`${LANGUAGE_FOLDER}/../README.md`, 'utf8');
  const all = Object.values(terms);
  for (const language of others) {
    const kinds = all.flatMap(({ words }) => words[language]?.source?.kind ?? []);
    const counts = KINDS.map((kind) => kinds.filter((one) => one === kind).length);
    expect(readme).toContain(`| ${language} | ${kinds.length} of ${all.length} | ${counts.join(' | ')} |`);
  }
});
