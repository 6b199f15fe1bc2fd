import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeToken } from '../federation/token.ts';
import { PROBLEMS } from '../http/problems.ts';
import { readKey, signerOf } from '../members/keys.ts';
import { nodeRandom } from '../values/node-crypto.ts';
import { type Demo, eventually, startDemo } from './demo.ts';
import { filing } from './filing.ts';

/** Bad input against real nodes: each gets a documented answer and leaves nothing behind. */

let demo: Demo;
beforeAll(async () => {
  demo = await startDemo();
});
afterAll(async () => {
  expect(await demo?.stop()).toBe(0);
});

interface Problem {
  status: number;
  code: string;
  title: string;
  type: string;
  detail: string;
  instance: string;
  findings?: { path: string; code: string; row?: number; column?: number }[];
}

/** Records in UZ's log, and rows of requests: what a refused request must leave as it was. */
async function footprint(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 700));
  return ((await (await fetch(`${demo.address('UZ')}/health`)).json()) as { published: number }).published;
}

async function refused(
  as: string,
  method: string,
  path: string,
  request: { body?: unknown; raw?: string; type?: string; key?: string; query?: Record<string, string> } = {},
): Promise<Problem> {
  const token = as === '' ? '' : await tokenOf(as);
  const member = as === '' ? 'UZ' : as.slice(0, 2);
  const answer = await fetch(
    `${demo.address(member)}${path}${request.query === undefined ? '' : `?${new URLSearchParams(request.query)}`}`,
    {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(request.body !== undefined || request.raw !== undefined
          ? { 'content-type': request.type ?? 'application/json' }
          : {}),
        ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
      },
      ...(request.raw === undefined ? {} : { body: request.raw }),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    },
  );
  expect(answer.headers.get('content-type'), await answer.clone().text()).toBe('application/problem+json');
  const problem = (await answer.json()) as Problem;
  expect(problem).toMatchObject({
    status: answer.status,
    type: `/problems/${problem.code}`,
    title: expect.any(String),
    instance: expect.stringMatching(/^urn:request:/),
  });
  expect(Object.keys(PROBLEMS)).toContain(problem.code);
  return problem;
}

async function tokenOf(as: string): Promise<string> {
  const client = (
    JSON.parse(readFileSync(join(demo.directory, 'clients.json'), 'utf8')) as Record<
      string,
      { issuer: string; clientId: string; clientSecret: string }
    >
  )[as]!;
  const answer = await fetch(`${client.issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

type Filing = ReturnType<typeof filing>;
const changed = (change: (one: Filing) => void): Filing => {
  const one = filing();
  change(one);
  return one;
};

describe('what is filed', () => {
  const cases: [string, () => unknown, string, string, string?][] = [
    ['an unknown field', () => ({ ...filing(), extra: 1 }), 'input-invalid', 'unknown-field'],
    [
      'an unknown field within',
      () => changed((one) => Object.assign(one.sections.goods.items[0]!, { colour: 'red' })),
      'input-invalid',
      'unknown-field',
    ],
    [
      'an impossible HS chapter',
      () => changed((one) => void (one.sections.goods.items[0]!.hs = '770000')),
      'findings',
      'hs-impossible',
      '/sections/goods/items/0/hs',
    ],
    [
      'an HS code of seven digits',
      () => changed((one) => void (one.sections.goods.items[0]!.hs = '0813100')),
      'input-invalid',
      'form-wrong',
      '/sections/goods/items/0/hs',
    ],
    [
      'a negative mass',
      () => changed((one) => void (one.sections.goods.items[0]!.netMass = '-1')),
      'input-invalid',
      'form-wrong',
      '/sections/goods/items/0/netMass',
    ],
    [
      'a mass of zero',
      () => changed((one) => void (one.sections.goods.items[0]!.netMass = '0')),
      'findings',
      'mass-not-positive',
    ],
    [
      'net above gross',
      () => changed((one) => void (one.sections.goods.items[0]!.netMass = '1200')),
      'findings',
      'net-exceeds-gross',
    ],
    [
      'items exceeding the gross mass',
      () => changed((one) => void (one.sections.goods.grossMass = '1099.9')),
      'findings',
      'items-exceed-gross',
      '/sections/goods/grossMass',
    ],
    [
      'a document from the future',
      () => changed((one) => void (one.sections.commercial.documents[0]!.issued = '2099-01-01')),
      'findings',
      'document-from-future',
    ],
    [
      'dates out of order',
      () => changed((one) => Object.assign(one.sections.commercial.documents[0]!, { expires: '2025-12-31' })),
      'findings',
      'dates-out-of-order',
    ],
    [
      'legs out of order in time',
      () =>
        changed((one) =>
          Object.assign(one.sections.transport.legs[0]!, {
            departure: '2026-02-02T00:00:00Z',
            arrival: '2026-02-01T00:00:00Z',
          }),
        ),
      'findings',
      'times-out-of-order',
    ],
    [
      'over-long text',
      () => changed((one) => void (one.sections.goods.items[0]!.description = 'x'.repeat(501))),
      'input-invalid',
      'form-wrong',
    ],
    [
      'a control character',
      () => changed((one) => void (one.sections.goods.items[0]!.description = 'a\u0000b')),
      'input-invalid',
      'form-wrong',
    ],
    [
      'an impossible date',
      () => changed((one) => void (one.sections.commercial.documents[0]!.issued = '2026-02-30')),
      'input-invalid',
      'form-wrong',
    ],
    [
      'a file that was not uploaded',
      () =>
        changed((one) =>
          Object.assign(one.sections.commercial.documents[0]!, {
            file: {
              name: 'a.pdf',
              mediaType: 'application/pdf',
              size: 5,
              hash: 'a'.repeat(64),
              salt: 'AAAAAAAAAAAAAAAAAAAAAA==',
            },
          }),
        ),
      'findings',
      'file-not-uploaded',
    ],
    [
      'a path as file name',
      () =>
        changed((one) =>
          Object.assign(one.sections.commercial.documents[0]!, {
            file: {
              name: '../../etc/passwd',
              mediaType: 'application/pdf',
              size: 5,
              hash: 'a'.repeat(64),
              salt: 'AAAAAAAAAAAAAAAAAAAAAA==',
            },
          }),
        ),
      'input-invalid',
      'form-wrong',
    ],
    [
      'an unknown post',
      () => changed((one) => void (one.route.posts[0] = 'uz-nowhere')),
      'findings',
      'post-unknown',
      '/route/posts/0',
    ],
    [
      'posts that do not lie opposite',
      () => changed((one) => void (one.route.posts[1] = 'kz-korday')),
      'findings',
      'posts-not-opposite',
    ],
    [
      'a route that ends elsewhere',
      () => changed((one) => void (one.route.destination.country = 'TM')),
      'findings',
      'route-broken',
    ],
    [
      'an audience off the route',
      () => ({ ...filing(), audiences: { commercial: [{ member: 'TM' }] } }),
      'findings',
      'audience-off-route',
    ],
    [
      'a value wider than usual',
      () => ({ ...filing(), audiences: { commercial: [{ member: 'KZ' }] } }),
      'findings',
      'audience-too-wide',
    ],
    [
      'goods kept from a route member',
      () => ({ ...filing(), audiences: { goods: [{ member: 'UZ' }, { member: 'CN' }] } }),
      'findings',
      'audience-too-narrow',
    ],
    [
      'a container with a wrong check digit',
      () =>
        changed(
          (one) =>
            void (one.sections.transport.equipment as unknown[]).push({
              kind: 'container',
              identification: 'CSQU3054384',
              seals: [],
            }),
        ),
      'findings',
      'container-number-wrong',
    ],
  ];
  test('each is refused with code and place, and nothing is left behind', async () => {
    const before = await footprint();
    for (const [name, make, code, finding, path] of cases) {
      const problem = await refused('UZ/exporter', 'POST', '/api/dossiers', { body: make() });
      expect([name, problem.code], JSON.stringify(problem)).toEqual([name, code]);
      expect(
        problem.findings?.map((one) => one.code),
        name,
      ).toContain(finding);
      if (path !== undefined)
        expect(
          problem.findings?.map((one) => one.path),
          name,
        ).toContain(path);
    }
    expect(await footprint()).toBe(before);
    const { items } = await demo.client('UZ/exporter').call<{ items: unknown[] }>('GET', '/api/dossiers');
    expect(items).toEqual([]);
  });

  test('bodies that are no JSON, of another type, or endless', async () => {
    expect((await refused('UZ/exporter', 'POST', '/api/dossiers', { raw: '{"a":' })).code).toBe('json-malformed');
    expect((await refused('UZ/exporter', 'POST', '/api/dossiers', { raw: 'a=b', type: 'text/plain' })).code).toBe(
      'content-type-not-json',
    );
    expect((await refused('UZ/exporter', 'POST', '/api/dossiers', { raw: '', type: 'application/json' })).code).toBe(
      'json-malformed',
    );
    expect((await refused('UZ/exporter', 'POST', '/api/dossiers', { body: filing(), key: 'a b' })).code).toBe(
      'idempotency-key-invalid',
    );
    expect((await refused('UZ/exporter', 'POST', '/api/nonsense', { body: {} })).code).toBe('route-unknown');
    expect((await refused('UZ/exporter', 'GET', '/api/dossiers', { query: { limit: '1000' } })).code).toBe(
      'input-invalid',
    );
    expect((await refused('UZ/exporter', 'GET', '/api/dossiers', { query: { cursor: '!!' } })).code).toBe(
      'cursor-invalid',
    );
    expect((await refused('UZ/exporter', 'GET', '/api/dossiers/not-an-id')).code).toBe('input-invalid');
  });

  test('a body of 100 MB is refused while it streams, declared or not', async () => {
    const token = await tokenOf('UZ/exporter');
    const url = new URL(`${demo.address('UZ')}/api/dossiers`);
    const before = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${await demo.nodePid('UZ')}/status`, 'utf8'))?.[1]);
    for (const declared of [true, false]) {
      const status = await new Promise<number>((resolve, reject) => {
        const request = httpRequest(
          {
            host: url.hostname,
            port: url.port,
            path: url.pathname,
            method: 'POST',
            headers: {
              authorization: `Bearer ${token}`,
              'content-type': 'application/json',
              ...(declared ? { 'content-length': 100_000_000 } : {}),
            },
          },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
            request.destroy();
          },
        );
        request.on('error', (error: Error & { code?: string }) =>
          error.code === 'EPIPE' || error.code === 'ECONNRESET' ? undefined : reject(error),
        );
        const piece = Buffer.alloc(1_000_000, 0x20);
        let sent = 0;
        const more = (): void => {
          while (sent < 100 && !request.destroyed) {
            sent++;
            if (!request.write(piece)) return void request.once('drain', more);
          }
        };
        more();
      });
      expect(status).toBe(413);
    }
    const after = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${await demo.nodePid('UZ')}/status`, 'utf8'))?.[1]);
    expect(after - before).toBeLessThan(100_000);
  });

  test('tables name row and column', async () => {
    const csv =
      'hs;description;origin;net;gross;package;packages\n081310;Apricots;UZ;1000;1100;CT;100\n770000;x;UZ;1,234;2;CT;1\n081310;=CMD();UZ;1;2;CT;1\n';
    const answer = await demo
      .client('UZ/exporter')
      .call<{ items: unknown[]; findings: { row: number; column: number; code: string }[] }>(
        'POST',
        '/api/item-tables',
        { body: { csv } },
      );
    expect(answer.items).toHaveLength(1);
    expect(answer.findings.map(({ row, column, code }) => [row, column, code])).toEqual([
      [3, 4, 'number-ambiguous'],
      [3, 1, 'hs-impossible'],
      [4, 2, 'formula-refused'],
    ]);
  });

  test('an import tells row by row, and a bad one does not stop the others', async () => {
    const good = filing();
    const answer = await demo
      .client('UZ/exporter')
      .call<{ accepted: number; refused: number; results: { row: number; refusal?: { code: string } }[] }>(
        'POST',
        '/api/dossier-imports',
        { body: { dossiers: [good, {}, changed((one) => void (one.sections.goods.items[0]!.hs = '770000'))] } },
      );
    expect([answer.accepted, answer.refused]).toEqual([1, 2]);
    expect(answer.results.map(({ refusal }) => refusal?.code)).toEqual([undefined, 'findings', 'findings']);
  });
});

describe('who asks', () => {
  test('no token, a wrong one, an expired one, another member’s, another audience', async () => {
    expect((await refused('', 'GET', '/api/dossiers')).code).toBe('token-missing');
    const withToken = async (token: string): Promise<string> => {
      const answer = await fetch(`${demo.address('UZ')}/api/dossiers`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      return ((await answer.json()) as Problem).code;
    };
    expect(await withToken('abc')).toBe('token-invalid');
    expect(await withToken(await tokenOf('KZ/exporter'))).toBe('token-invalid');
    const [header, payload, signature] = (await tokenOf('UZ/exporter')).split('.');
    const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Record<string, unknown>;
    expect(
      await withToken(
        `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'uz-customs' })).toString('base64url')}.${signature}`,
      ),
    ).toBe('token-invalid');
    expect(await withToken(`${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`)).toBe(
      'token-invalid',
    );
    const forged = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setSubject('uz-customs')
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode('x'.repeat(32)));
    expect(await withToken(forged)).toBe('token-invalid');
  });

  test('an authority without mandate, a foreign officer, an operator as officer, an officer as operator', async () => {
    const body = filing();
    await demo.client('UZ/exporter').call('POST', '/api/dossiers', { body });
    await eventually(
      async () => (await demo.client('KZ/customs').send('GET', `/api/dossiers/${body.dossier}`)).status === 200,
    );
    const decision = { version: 1, post: 'kz-konysbayeva', decision: 'release', reason: { code: 'in-order' } };
    const path = `/api/dossiers/${body.dossier}/decisions`;
    const before = await footprint();
    expect((await refused('KZ/chamber', 'POST', path, { body: decision })).code).toBe('mandate-missing');
    expect((await refused('UZ/customs', 'POST', path, { body: decision })).code).toBe('post-foreign');
    expect((await refused('UZ/exporter', 'POST', path, { body: decision })).code).toBe('not-an-authority');
    expect((await refused('UZ/customs', 'POST', '/api/dossiers', { body: filing() })).code).toBe('not-an-operator');
    expect(
      (
        await refused('UZ/customs', 'POST', '/api/certificates', {
          body: {
            dossier: body.dossier,
            version: 1,
            kind: 'origin',
            number: 'X',
            statement: 'x',
            validFrom: '2026-01-01T00:00:00Z',
            validUntil: '2027-01-01T00:00:00Z',
          },
        })
      ).code,
    ).toBe('mandate-missing');
    expect(
      (
        await refused('UZ/forwarder', 'POST', `/api/dossiers/${body.dossier}/withdrawal`, {
          body: { reason: 'not mine' },
        })
      ).code,
    ).toBe('dossier-unknown');
    expect(
      (await refused('UZ/forwarder', 'POST', '/api/dossiers', { body: { ...filing(), onBehalfOf: 'uz.exporter' } }))
        .code,
    ).toBe('delegation-missing');
    expect(
      (await refused('UZ/customs', 'POST', path, { body: { ...decision, post: 'uz-yallama', version: 2 } })).code,
    ).toBe('version-conflict');
    expect(
      (
        await refused('UZ/customs', 'POST', path, {
          body: { ...decision, post: 'uz-yallama', decision: 'query', reason: { code: 'goods-differ' } },
        })
      ).findings?.[0]?.code,
    ).toBe('question-missing');
    expect(
      (
        await refused('UZ/customs', 'POST', path, {
          body: { ...decision, post: 'uz-yallama', decision: 'refuse', reason: { code: 'prohibited' } },
        })
      ).findings?.[0]?.code,
    ).toBe('appeal-missing');
    expect(
      (await refused('UZ/customs', 'POST', path, { body: { ...decision, post: 'uz-dostlik' } })).findings?.[0]?.code,
    ).toBe('post-not-on-route');
    expect(await footprint()).toBe(before);
  });

  test('a section is closed to those outside its audience, and the dossier unknown off the route', async () => {
    const body = filing();
    await demo.client('UZ/exporter').call('POST', '/api/dossiers', { body });
    const view = await eventually(async () => {
      const answer = await demo.client('KZ/customs').send('GET', `/api/dossiers/${body.dossier}`);
      return (
        answer.status === 200 && (answer.body as { sections: { name: string; state: string; content?: unknown }[] })
      );
    });
    expect(view.sections.find(({ name }) => name === 'commercial')).toMatchObject({ state: 'closed' });
    expect(view.sections.find(({ name }) => name === 'commercial')?.content).toBeUndefined();
    expect(view.sections.find(({ name }) => name === 'goods')?.state).toBe('readable');
    expect(JSON.stringify(view)).not.toContain('2500.50');
    const driver = await demo
      .client('KZ/chamber')
      .call<{ sections: { name: string; state: string }[] }>('GET', `/api/dossiers/${body.dossier}`);
    expect(driver.sections.find(({ name }) => name === 'driver')?.state).toBe('closed');
    expect((await refused('TM/customs', 'GET', `/api/dossiers/${body.dossier}`)).code).toBe('dossier-unknown');
    expect((await refused('UZ/importer', 'GET', `/api/dossiers/${body.dossier}`)).code).toBe('dossier-unknown');
    const manifest = (view as unknown as { manifest: string }).manifest;
    expect((await refused('UZ/importer', 'GET', `/api/records/${manifest}/evidence`)).code).toBe('record-unknown');
  });

  test('delegation: given, used, within its scope, taken back', async () => {
    const exporter = demo.client('UZ/exporter');
    const { delegation } = await exporter.call<{ delegation: string }>('POST', '/api/delegations', {
      body: { to: 'uz.broker', scopes: ['file', 'read'], until: new Date(Date.now() + 3_600_000).toISOString() },
    });
    const body = { ...filing(), onBehalfOf: 'uz.exporter' };
    const { dossier } = await demo.client('UZ/broker').call<{ dossier: string }>('POST', '/api/dossiers', { body });
    expect(await exporter.call('GET', `/api/dossiers/${dossier}`)).toMatchObject({ operator: 'uz.exporter' });
    expect(
      (await refused('UZ/broker', 'POST', `/api/dossiers/${dossier}/withdrawal`, { body: { reason: 'out of scope' } }))
        .code,
    ).toBe('delegation-missing');
    await exporter.call('POST', `/api/delegations/${delegation}/revocation`, { body: { reason: 'done' } });
    expect(
      (await refused('UZ/broker', 'POST', '/api/dossiers', { body: { ...filing(), onBehalfOf: 'uz.exporter' } })).code,
    ).toBe('delegation-missing');
    expect((await refused('UZ/broker', 'GET', `/api/dossiers/${dossier}`)).code).toBe('dossier-unknown');
  });
});

describe('said once', () => {
  test('a repeat with the same key is the same answer; another request under it is refused', async () => {
    const client = demo.client('UZ/exporter');
    const { dossier: _, ...body } = filing();
    const key = randomUUID();
    const first = await client.call<{ dossier: string; manifest: string; repeated: boolean }>('POST', '/api/dossiers', {
      body,
      idempotencyKey: key,
    });
    const again = await client.call<typeof first>('POST', '/api/dossiers', { body, idempotencyKey: key });
    expect(again).toEqual({ ...first, repeated: true });
    expect(
      (
        await refused('UZ/exporter', 'POST', '/api/dossiers', {
          body: { ...body, route: { ...body.route, posts: [] } },
          key,
        })
      ).code,
    ).toBe('idempotency-conflict');
  });

  test('two simultaneous amendments: one wins, the other is told, the dossier is not contradictory', async () => {
    const client = demo.client('UZ/exporter');
    const body = filing();
    await client.call('POST', '/api/dossiers', { body });
    const amend = (text: string) =>
      client.send('POST', `/api/dossiers/${body.dossier}/amendments`, {
        body: { baseVersion: 1, sections: {}, reason: text },
      });
    const answers = await Promise.all([amend('one'), amend('two'), amend('three')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(await client.call('GET', `/api/dossiers/${body.dossier}`)).toMatchObject({ version: 2, contradictions: [] });
    expect((await refused('UZ/exporter', 'POST', '/api/dossiers', { body })).code).toBe('already-filed');
  });
});

describe('files', () => {
  const put = async (bytes: string | Buffer, name: string, type: string) => {
    const answer = await fetch(`${demo.address('UZ')}/api/attachments?${new URLSearchParams({ name })}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenOf('UZ/exporter')}`, 'content-type': type },
      body: typeof bytes === 'string' ? bytes : new Uint8Array(bytes),
    });
    return { status: answer.status, body: (await answer.json()) as Problem & { hash: string; size: number } };
  };
  const pdf = readFileSync(new URL('../examples/go-check/main.go', import.meta.url));

  test('what is not what it is declared to be, path tricks and oversize are refused', async () => {
    for (const [bytes, name, type, finding] of [
      [pdf, 'a.pdf', 'application/pdf', 'file-type-differs'],
      ['%PDF-1.7 x', '../a.pdf', 'application/pdf', 'form-wrong'],
      ['%PDF-1.7 x', 'a\\b.pdf', 'application/pdf', 'form-wrong'],
      ['%PDF-1.7 x', '.htaccess', 'application/pdf', 'form-wrong'],
      ['MZ', 'a.exe', 'application/x-msdownload', 'form-wrong'],
      ['<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', 'a.xml', 'application/xml', 'xml-doctype'],
      ['{"a":', 'a.json', 'application/json', 'file-type-differs'],
      [Buffer.from([0x41, 0xff, 0x41]), 'a.csv', 'text/csv', 'file-not-text'],
    ] as const) {
      const answer = await put(bytes, name, type);
      expect([name, answer.status, answer.body.code], JSON.stringify(answer.body)).toEqual([name, 422, 'file-refused']);
      expect(answer.body.findings?.[0]?.code, name).toBe(finding);
    }
    expect(
      (await put(Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(21_000_000)]), 'big.pdf', 'application/pdf'))
        .body.code,
    ).toBe('file-too-large');
  });

  test('a file reaches the audience of the section that names it, and nobody else', async () => {
    const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(700_000, 0x41)]);
    const { body: reference } = await put(content, 'invoice.pdf', 'application/pdf');
    const body = changed((one) => Object.assign(one.sections.commercial.documents[0]!, { file: reference }));
    await demo.client('UZ/exporter').call('POST', '/api/dossiers', { body });
    const arrived = await eventually(async () => {
      const answer = await demo.client('CN/customs').send('GET', `/api/attachments/${reference.hash}`);
      return answer.status === 200 && (answer.body as Uint8Array);
    });
    expect(Buffer.compare(Buffer.from(arrived), content)).toBe(0);
    expect((await refused('KZ/customs', 'GET', `/api/attachments/${reference.hash}`)).code).toBe('attachment-unknown');
    expect((await refused('UZ/importer', 'GET', `/api/attachments/${reference.hash}`)).code).toBe('attachment-unknown');
  });
});

describe('between nodes', () => {
  const key = (member: string) =>
    signerOf(readKey(join(demo.directory, 'members', member.toLowerCase(), 'keys', 'node.key')));
  const origin = (member: string) => `demo.${member.toLowerCase()}.dostyk/log`;
  const pull = async (token: string | undefined, query = 'from=0&below=10&limit=10') => {
    const answer = await fetch(`${demo.address('UZ')}/peer/records?${query}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    return { status: answer.status, body: (await answer.json()) as Problem & { records: { index: number }[] } };
  };
  const token = (from: string, to: string, at = new Date(), signer = from) =>
    makeToken(key(signer), origin(from), origin(to), at, nodeRandom);

  test('a token is good once, for one callee, for a minute, from its own member', async () => {
    const good = await token('KZ', 'UZ');
    expect((await pull(good)).status).toBe(200);
    expect((await pull(good)).body.code).toBe('node-token-replayed');
    expect((await pull(undefined)).body.code).toBe('node-token-missing');
    expect((await pull(await token('KZ', 'CN'))).body.code).toBe('node-token-invalid');
    expect((await pull(await token('KZ', 'UZ', new Date(Date.now() - 120_000)))).body.code).toBe('node-token-expired');
    expect((await pull(await token('KZ', 'UZ', new Date(Date.now() + 300_000)))).body.code).toBe('node-token-invalid');
    expect((await pull(await token('KZ', 'UZ', new Date(), 'CN'))).body.code).toBe('node-token-invalid');
    expect((await pull('a.b.c')).body.code).toBe('node-token-invalid');
    expect((await pull(await token('KZ', 'UZ'), 'from=-1&below=x&limit=0')).body.code).toBe('pull-invalid');
  });

  test('a peer gets what is addressed to it and nothing else', async () => {
    await demo.client('UZ/exporter').call('POST', '/api/dossiers', { body: filing() });
    await footprint();
    const forKz = (await pull(await token('KZ', 'UZ'), 'from=0&below=1000&limit=500')).body.records;
    const forTm = (await pull(await token('TM', 'UZ'), 'from=0&below=1000&limit=500')).body.records;
    expect(forKz.length).toBeGreaterThan(3);
    expect(forTm).toEqual([]);
  });

  test('the witness answers as C2SP has it', async () => {
    const post = async (body: string) => {
      const answer = await fetch(`${demo.address('UZ')}/witness/add-checkpoint`, { method: 'POST', body });
      return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
    };
    const note = await (await fetch(`${demo.address('KZ')}/log/checkpoint`)).text();
    const size = note.split('\n')[1];
    expect((await post('nonsense')).status).toBe(400);
    expect((await post(`old 0\n\n${note.replaceAll('demo.kz', 'demo.xx')}`)).status).toBe(404);
    expect((await post(`old 0\n\n${note.replace(/^(.*\n)\d+/, '$1999999')}`)).status).toBe(403);
    expect((await post(`old 99999\n\n${note}`)).status).toBe(400);
    const conflict = await post(`old 0\n\n${note}`);
    expect(Number(size) === 0 ? [200, 409] : [409]).toContain(conflict.status);
    if (conflict.status === 409) {
      expect(conflict.type).toBe('text/x.tlog.size');
      expect(conflict.text).toMatch(/^\d+\n$/);
    }
  });

  test('the log’s routes serve what is published and nothing beyond', async () => {
    const get = async (path: string) => (await fetch(`${demo.address('UZ')}${path}`)).status;
    expect(await get('/log/checkpoint')).toBe(200);
    expect(await get('/log/tile/0/000.p/1')).toBe(200);
    expect(await get('/log/tile/entries/000.p/1')).toBe(200);
    expect(await get('/log/tile/0/009')).toBe(404);
    expect(await get('/log/tile/0/000.p/999')).toBe(404);
    expect(await get('/log/tile/0/..%2f..%2fpackage.json')).toBe(404);
  });
});

test('every code has its page, and text in a field does not become markup', async () => {
  expect(await (await fetch(`${demo.address('UZ')}/problems/version-conflict`)).text()).toContain(
    PROBLEMS['version-conflict'],
  );
  const body = changed((one) => void (one.sections.goods.items[0]!.description = '<script>alert(1)</script>"&'));
  await demo.client('UZ/exporter').call('POST', '/api/dossiers', { body });
  for (const path of ['/en/', `/en/dossiers/${body.dossier}`]) {
    const answer = await fetch(`${demo.address('UZ')}${path}`);
    const text = await answer.text();
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self';");
    // The page itself holds nothing of anyone: it asks for that, and shows it as text; see test/web-operator.test.ts.
    expect(text).not.toContain('alert(1)');
    expect(text.match(/<script(?! type="module" crossorigin src="\/assets\/)/g)).toBeNull();
  }
});
