import { expect, test } from 'vitest';
import { membersContract } from '../members/contract.ts';
import { tradeContract } from '../trade/contract.ts';
import { openApiDocument } from './open-api.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
}

test('the OpenAPI document names every operation, its problems, and schemas that exist', async () => {
  const document = (await openApiDocument({
    address: 'http://node.example',
    issuer: 'http://issuer.example',
    cookie: 'dostyk-kz',
  })) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
    servers: { url: string }[];
    components: { schemas: Record<string, unknown> };
  };
  expect(document.openapi).toMatch(/^3\.1/);
  expect(document.servers).toEqual([{ url: 'http://node.example/api' }]);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  // What is streamed has no contract: changes, two of files, and tables of packs.
  expect(operations).toHaveLength(Object.keys(tradeContract).length + Object.keys(membersContract).length + 5);
  for (const operation of operations) {
    expect(operation.summary, JSON.stringify(operation).slice(0, 200)).toBeTruthy();
    expect(operation.tags).toHaveLength(1);
    expect(Object.keys(operation.responses['4XX']?.content ?? {})).toEqual(['application/problem+json']);
    expect(operation.responses['200']).toBeDefined();
  }
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name!,
  );
  expect(references.length).toBeGreaterThan(0);
  expect(references.filter((name) => document.components.schemas[name] === undefined)).toEqual([]);
});

test('it says how to sign in, how to repeat, how to send a file, what needs no sign-in, and what each parameter means', async () => {
  const document = (await openApiDocument({
    address: 'http://node.example',
    issuer: 'http://issuer.example',
    cookie: 'dostyk-kz',
  })) as {
    paths: Record<
      string,
      Record<string, Operation & { parameters?: { name: string; description?: string }[]; security?: unknown[] }>
    >;
    components: { securitySchemes: unknown };
  };
  expect(document.components.securitySchemes).toMatchObject({
    oauth2: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'http://issuer.example/token' } } },
  });
  const open: string[] = [];
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, { parameters = [], security }] of Object.entries(operations)) {
      const names = parameters.map(({ name }) => name);
      for (const { name, description } of parameters) expect(description, `${path} ${name}`).toBeTruthy();
      expect([path, method, names.includes('Idempotency-Key')]).toEqual([
        path,
        method,
        method === 'post' && path !== '/attachments',
      ]);
      for (const [, name] of path.matchAll(/\{([a-z]+)\}/g)) expect(names, path).toContain(name);
      const usual = method === 'get' ? [{ oauth2: [] }, { session: [] }] : undefined;
      if (JSON.stringify(security) !== JSON.stringify(usual))
        open.push(`${method} ${path} ${JSON.stringify(security)}`);
    }
  expect(open.sort()).toEqual([
    'get /corrections/{correction} []',
    'get /driver [{"driverLink":[]}]',
    'get /goods []',
    'get /goods/{code} []',
    'get /members []',
    'get /packs []',
    'get /packs/changes []',
    'get /packs/changes.atom []',
    'get /packs/{member} []',
    'get /packs/{member}/{version}/{table} []',
    'get /requirements []',
    'post /corrections []',
    'post /driver/reports [{"driverLink":[]}]',
    'post /requirements []',
  ]);
  expect(Object.keys(document.paths['/attachments'] ?? {})).toEqual(['post']);
  expect(Object.keys(document.paths['/attachments/{hash}'] ?? {})).toEqual(['get']);
});
