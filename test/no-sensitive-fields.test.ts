import { expect, test } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from '../http/open-api.ts';
import { Envelope } from '../log/envelope.ts';
import { AccountsFile } from '../members/account.ts';
import { DelegationBody } from '../members/delegation.ts';
import { RegistryDocument } from '../members/registry.ts';
import { DOMAINS } from '../platform.ts';
import { BODIES } from '../trade/record.ts';
import { testDatabase } from './postgres.ts';

/**
 * No schema has a field for ethnicity, religion, biometrics or political opinion: of no record, no request or answer, no registry, no
 * account, and no column of a database.
 */

const WORDS =
  /^(ethni\w*|race|racial\w*|nationalit\w*|natsional\w*|tribe|tribal|clan|caste|religio\w*|faith|creed|confession\w*|denomination|church|biometric\w*|fingerprint\w*|iris|retina\w*|facial\w*|face|faceprint|voiceprint|gait|dna|genetic\w*|genom\w*|politic\w*|ideolog\w*|partisan\w*)$/;

/** @example wordsOf('politicalOpinion') // ['political', 'opinion'] */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);

const sensitive = (names: Iterable<string>): string[] =>
  [...new Set(names)].filter((name) => wordsOf(name).some((word) => WORDS.test(word)));

/** Names of properties in a JSON schema, and whatever else is a key or a parameter's name there. */
function namesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const one of value) namesIn(one, found);
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) {
      found.add(key);
      if (key === 'name' && typeof inner === 'string') found.add(inner);
      namesIn(inner, found);
    }
  return found;
}

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });

test('no record, registry or account has such a field', () => {
  for (const [name, schema] of Object.entries({
    ...BODIES,
    delegation: DelegationBody,
    envelope: Envelope,
    registry: RegistryDocument,
    accounts: AccountsFile,
  })) {
    const names = namesIn(schemaOf(schema));
    expect(names.size, name).toBeGreaterThan(5);
    expect([name, sensitive(names)]).toEqual([name, []]);
  }
});

test('no request or answer has one', async () => {
  const names = namesIn(
    await openApiDocument({ address: 'http://127.0.0.1', issuer: 'http://127.0.0.1', cookie: 'x' }),
  );
  expect(names).toContain('consignor');
  expect(sensitive(names)).toEqual([]);
});

test('no column has one', async () => {
  const database = await testDatabase(DOMAINS);
  const rows = await database.owner<{ name: string }[]>`
    SELECT table_name || ' ' || column_name AS name FROM information_schema.columns WHERE table_schema = ANY (${[...DOMAINS]})`;
  await database.drop();
  expect(rows.length).toBeGreaterThan(100);
  expect(sensitive(rows.map(({ name }) => name))).toEqual([]);
});

test('seen red: planted fields are found', () => {
  const planted = schemaOf(
    z.object({ drivers: z.array(z.object({ name: z.string(), politicalOpinion: z.string() })) }),
  );
  expect(sensitive(namesIn(planted))).toEqual(['politicalOpinion']);
  expect(sensitive(['ethnicity', 'religion', 'face_image', 'iris-scan', 'driver biometrics'])).toHaveLength(5);
  expect(sensitive(['trace', 'surface', 'party', 'priority', 'addressee'])).toEqual([]);
});
