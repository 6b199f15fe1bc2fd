import { expect, test } from 'vitest';
import { LANGUAGES } from '../../members/registry.ts';
import { compileMessages, readMessages } from '../build/languages.ts';

/** Eight catalogues, each whole: the same keys and the same parameters as the English one, and every message compiles. */

const english = readMessages('en');
/** Not the words of a plural's arms, which stand in braces as well. */
const parameters = (message: string): string[] =>
  [...new Set([...message.matchAll(/(?<!(?:one|few|many|other) ?)\{(\w+)[,}]/g)].map(([, name = '']) => name))].sort();

test.each(LANGUAGES)('the catalogue of %s is whole', (language) => {
  const messages = readMessages(language);
  expect(Object.keys(messages).sort()).toEqual(Object.keys(english).sort());
  expect(Object.values(messages).filter((text) => text.trim() === '')).toEqual([]);
  const differing = Object.keys(english).filter(
    (key) => parameters(messages[key] ?? '').join() !== parameters(english[key] ?? '').join(),
  );
  expect(differing).toEqual([]);
  expect(() => compileMessages(language)).not.toThrow();
});
