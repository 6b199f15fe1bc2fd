import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { filing } from '../test/filing.ts';
import { type Answer, type Asked, ask, differing, problemIn, Served, sendRaw } from '../test/served-node.ts';
import { Refusal } from '../values/refusal.ts';
import { Statement } from './figures.ts';
import { listen } from './listen.ts';
import { createApp } from './server.ts';
import { SignIn } from './sign-in.ts';

let served: Served;
let port: number;
let exporter: string;
beforeAll(async () => {
  served = await Served.start();
  port = await served.serve();
  exporter = await served.token('kz-exporter');
});
afterAll(() => served?.stop());

const bearer = (token = exporter): Record<string, string> => ({ authorization: `Bearer ${token}` });
const json = (body: unknown, headers: Readonly<Record<string, string>> = {}): Asked => ({
  method: 'POST',
  headers: { ...bearer(), 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const codeOf = (answer: Answer): [number, string] => [answer.status, problemIn(answer).code];

describe('every answer', () => {
  test('carries its request id and the headers that keep browsers from guessing', async () => {
    for (const path of ['/', '/health', '/page.css', '/log/checkpoint', '/nowhere', '/api/dossiers', '/openapi.json']) {
      const { headers } = await ask(port, path);
      expect(headers['x-request-id'], path).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers['x-content-type-options'], path).toBe('nosniff');
      expect(headers['referrer-policy'], path).toBe('no-referrer');
      expect(headers['cross-origin-opener-policy'], path).toBe('same-origin');
      // Public data may be read by pages of other members' nodes.
      expect(headers['cross-origin-resource-policy'], path).toBe(
        path === '/log/checkpoint' ? 'cross-origin' : 'same-origin',
      );
      expect(headers['strict-transport-security'], path).toBeUndefined();
      expect(headers['content-security-policy'], path).toMatch(/^default-src 'none'/);
      expect(headers['content-security-policy'], path).not.toMatch(/unsafe|\*/);
    }
    for (const given of ['0198c6f0-0000-7000-8000-000000000000', '0123456789abcdef0123456789abcdef'])
      expect((await ask(port, '/', { headers: { 'x-request-id': given } })).headers['x-request-id']).toBe(given);
    // Of another form it could carry a name into the log.
    for (const strange of ['a', 'Ivan-Passport-0123456789', 'x'.repeat(65), 'a"b c=d{}]'])
      expect((await ask(port, '/', { headers: { 'x-request-id': strange } })).headers['x-request-id']).not.toBe(
        strange,
      );
  });

  test('of a node whose address is under TLS keeps browsers there', async () => {
    const { context } = served.node;
    const { registry } = context;
    const getMember = (code: string) => ({ ...registry.getMember(code), address: 'https://node.example' });
    const own = await served.serve({
      node: differing(served.node, {
        context: { ...context, registry: { members: registry.members, document: registry.document, getMember } },
      }),
    });
    expect((await ask(own, '/health')).headers['strict-transport-security']).toBe('max-age=31536000');
  });

  test('of the contracts is kept by no cache', async () => {
    const answer = await ask(port, '/api/dossiers', { headers: bearer() });
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'private, no-store']);
  });

  test('to HEAD is that to GET without its body', async () => {
    for (const path of ['/api/dossiers', '/health', '/log/checkpoint', '/']) {
      const [get, head] = await Promise.all([
        ask(port, path, { headers: bearer() }),
        ask(port, path, { method: 'HEAD', headers: bearer() }),
      ]);
      expect([path, head.status, head.text]).toEqual([path, get.status, '']);
      expect(head.headers['content-type'], path).toBe(get.headers['content-type']);
    }
  });
});

describe('addresses and methods', () => {
  test('an unknown address is told, under the API and beside it', async () => {
    expect(codeOf(await ask(port, '/nowhere'))).toEqual([404, 'route-unknown']);
    expect(codeOf(await ask(port, '/problems/nonsense'))).toEqual([404, 'route-unknown']);
    expect(codeOf(await ask(port, '/problems/constructor'))).toEqual([404, 'route-unknown']);
    expect(codeOf(await ask(port, '/api/nowhere', { headers: bearer() }))).toEqual([404, 'route-unknown']);
  });

  test('a method that an address does not take is told, with those that it takes', async () => {
    for (const [method, path, allowed] of [
      ['POST', '/health', 'GET, HEAD'],
      ['GET', '/witness/add-checkpoint', 'POST'],
      ['DELETE', '/api/dossiers', 'GET, HEAD, POST'],
      ['PUT', '/api/dossiers/x/decisions', 'POST'],
      ['PATCH', '/api/attachments', 'POST'],
      ['POST', '/api/members', 'GET, HEAD'],
      ['OPTIONS', '/api/dossiers', 'GET, HEAD, POST'],
    ] as const) {
      const answer = await ask(port, path, { method, headers: bearer() });
      expect([method, path, ...codeOf(answer), answer.headers['allow']]).toEqual([
        method,
        path,
        405,
        'method-not-allowed',
        allowed,
      ]);
    }
  });

  test('what HTTP itself does not allow is a problem too', async () => {
    const told = async (text: string): Promise<[string, string]> => {
      const [head = '', body = ''] = (await sendRaw(port, text)).split('\r\n\r\n');
      expect(head).toMatch(/content-type: application\/problem\+json/i);
      return [head.split(' ')[1] ?? '', (JSON.parse(body) as { code: string }).code];
    };
    expect(await told('nonsense\r\n\r\n')).toEqual(['400', 'request-malformed']);
    expect(await told('GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n')).toEqual([
      '400',
      'request-malformed',
    ]);
    expect(await told(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`)).toEqual(['431', 'headers-too-large']);
    expect(await told(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)).toEqual([
      '431',
      'headers-too-large',
    ]);
  });
});

describe('bodies', () => {
  test('must be JSON, and say so', async () => {
    expect(codeOf(await ask(port, '/api/dossiers', json('{"a":')))).toEqual([400, 'json-malformed']);
    expect(codeOf(await ask(port, '/api/dossiers', json('')))).toEqual([400, 'json-malformed']);
    expect(
      codeOf(await ask(port, '/api/dossiers', { ...json('"\xff"'), body: Buffer.from([0x22, 0xff, 0x22]) })),
    ).toEqual([400, 'json-malformed']);
    for (const type of ['text/plain', 'application/json-seq', 'multipart/form-data; boundary=x', 'x-application/json'])
      expect([type, ...codeOf(await ask(port, '/api/dossiers', json('{}', { 'content-type': type })))]).toEqual([
        type,
        415,
        'content-type-not-json',
      ]);
    for (const type of ['application/json; charset=utf-8', 'Application/JSON'])
      expect(codeOf(await ask(port, '/api/dossiers', json('{}', { 'content-type': type })))[1]).toBe('input-invalid');
    expect(
      codeOf(await ask(port, '/api/dossiers', json('{}', { 'content-disposition': 'attachment; filename=a' })))[1],
    ).toBe('input-invalid');
  });

  test('may be left out where the address says all; nothing is not the same as an empty text of another type', async () => {
    const path = '/api/movements/0198c6f0-0000-7000-8000-000000000000/driver-links';
    expect(codeOf(await ask(port, path, { method: 'POST', headers: bearer() }))[1]).toBe('movement-unknown');
    expect(codeOf(await ask(port, '/api/dossiers', { method: 'POST', headers: bearer() }))[1]).toBe('input-invalid');
    expect(
      codeOf(await ask(port, path, { method: 'POST', headers: { ...bearer(), 'content-type': 'text/plain' } }))[1],
    ).toBe('content-type-not-json');
  });

  test('name each field that is wrong by its JSON Pointer, and those that are unknown as such', async () => {
    const problem = problemIn(
      await ask(
        port,
        '/api/dossiers',
        json({ ...filing(), 'a/b~c': 1, dossier: 'x', route: { ...filing().route, posts: [7] } }),
      ),
    );
    expect([problem.status, problem.code]).toEqual([400, 'input-invalid']);
    const found = problem.findings?.map(({ path, code }) => `${path} ${code}`) ?? [];
    expect(found).toContain('/dossier form-wrong');
    expect(found).toContain('/route/posts/0 form-wrong');
    expect(found).toContain('/a~1b~0c unknown-field');
  });

  test('of strange shapes reach no further', async () => {
    for (const body of [
      '[]',
      'null',
      '1',
      '"x"',
      '{"__proto__":{"member":"KZ"}}',
      `${'['.repeat(400_000)}${']'.repeat(400_000)}`,
      `{"sections":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    ])
      expect([body.slice(0, 30), ...codeOf(await ask(port, '/api/dossiers', json(body)))]).toEqual([
        body.slice(0, 30),
        400,
        'input-invalid',
      ]);
    expect(
      (await ask(port, '/api/dossiers?__proto__[a]=1&constructor[prototype][a]=1', { headers: bearer() })).status,
    ).toBe(200);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  test('cannot name another subject than the address does', async () => {
    const id = filing().dossier;
    const problem = problemIn(
      await ask(port, `/api/dossiers/${id}/withdrawal`, json({ dossier: filing().dossier, reason: 'mine' })),
    );
    expect([problem.code, problem.findings?.map(({ path, code }) => `${path} ${code}`)]).toEqual([
      'input-invalid',
      ['/dossier unknown-field'],
    ]);
  });

  test('are refused past their limit, whether it is declared or shows while they stream', async () => {
    const large = Buffer.alloc(1_048_577, 0x20);
    const declared = await ask(port, '/api/dossiers', { ...json(''), body: large });
    expect([...codeOf(declared), problemIn(declared).params]).toEqual([413, 'body-too-large', { limit: 1_048_576 }]);
    // A table may be larger: this one is read, and is no JSON.
    expect(codeOf(await ask(port, '/api/item-tables', { ...json(''), body: large }))[1]).toBe('json-malformed');
    const chunked = `POST /api/dossiers HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${exporter}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n`;
    const answer = await sendRaw(port, `${chunked}200000\r\n${' '.repeat(0x200000)}\r\n0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });
});

describe('who asks', () => {
  test('no token is asked for; a wrong one is told; neither says more', async () => {
    const none = await ask(port, '/api/dossiers');
    expect([...codeOf(none), none.headers['www-authenticate']]).toEqual([401, 'token-missing', 'Bearer']);
    const wrong = await ask(port, '/api/dossiers', { headers: bearer('nonsense') });
    expect([...codeOf(wrong), wrong.headers['www-authenticate']]).toEqual([
      401,
      'token-invalid',
      'Bearer error="invalid_token"',
    ]);
    expect(codeOf(await ask(port, '/api/dossiers', { headers: { authorization: 'Basic eDp5' } }))[1]).toBe(
      'token-missing',
    );
    expect(codeOf(await ask(port, '/peer/records'))[1]).toBe('node-token-missing');
  });

  test('an endless Idempotency-Key is refused before anything is done', async () => {
    for (const key of ['a b', 'x'.repeat(201)])
      expect(codeOf(await ask(port, '/api/dossiers', json(filing(), { 'idempotency-key': key })))[1]).toBe(
        'idempotency-key-invalid',
      );
  });
});

describe('accidents', () => {
  const secret = 'password of the database';
  const failing = (error: unknown) =>
    differing(served.node, { requestContext: () => Promise.reject(error), databaseOk: async () => true });

  test('of a node tell nothing but the request id, which leads to one line of the log', async () => {
    const own = await served.serve({ node: failing(new Error(secret)) });
    served.logged.length = 0;
    const answer = await ask(own, '/api/dossiers', { headers: bearer() });
    expect(codeOf(answer)).toEqual([500, 'internal']);
    expect(answer.text).not.toContain(secret);
    const lines = served.logged.filter(({ level }) => level === 'error');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ requestId: answer.headers['x-request-id'], code: 'internal' });
    // What it is and where it came from; its message could show what stood in a record.
    expect(lines[0]?.['error']).toMatchObject({
      name: 'Error',
      frames: expect.arrayContaining([expect.stringContaining('server.test.ts')]),
    });
    expect(JSON.stringify(lines)).not.toContain(secret);
  });

  test('within a handler are told once too, with their cause', async () => {
    const context = await served.nodes.as('KZ/exporter');
    const own = await served.serve({
      node: differing(served.node, {
        requestContext: () =>
          Promise.resolve({
            ...context,
            reading: () => Promise.reject(new Error(secret)),
          }),
      }),
    });
    served.logged.length = 0;
    const answer = await ask(own, '/api/dossiers', { headers: bearer() });
    expect(codeOf(answer)).toEqual([500, 'internal']);
    expect(answer.text).not.toContain(secret);
    const lines = served.logged.filter(({ level }) => level === 'error');
    expect(lines).toMatchObject([{ error: { name: 'Error' } }]);
    expect(JSON.stringify(lines)).not.toContain(secret);
  });

  test('of the database ask to come again', async () => {
    const outage = Object.assign(new Error('no'), { code: 'CONNECTION_CLOSED' });
    const own = await served.serve({
      node: differing(served.node, {
        requestContext: () => Promise.reject(outage),
        databaseOk: async () => false,
        federation: { status: () => Promise.reject(outage) },
      }),
    });
    const api = await ask(own, '/api/dossiers', { headers: bearer() });
    expect([...codeOf(api), api.headers['retry-after']]).toEqual([503, 'ledger-unavailable', '2']);
    expect(codeOf(await ask(own, '/figures'))).toEqual([503, 'ledger-unavailable']);
    const health = await ask(own, '/health');
    expect([health.status, (JSON.parse(health.text) as { database: string }).database]).toEqual([503, 'away']);
    const metrics = await ask(own, '/metrics');
    expect([metrics.status, metrics.text.includes('\ndostyk_database_up 0\n')]).toEqual([200, true]);
    expect(metrics.text).toContain('dostyk_http_requests_total{route="/health",method="GET",status="503"} 1');
  });

  test('of a file that can not be read do not show why', async () => {
    // biome-ignore lint/correctness/useYield: it fails before the first piece
    async function* broken(): AsyncGenerator<Uint8Array> {
      throw new Error(secret);
    }
    async function* brokenLater(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a beginning');
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error(secret);
    }
    let chunks: () => AsyncGenerator<Uint8Array> = broken;
    const getAttachment = async () => ({ name: "a'b.pdf", mediaType: 'application/pdf', size: 20, chunks: chunks() });
    const own = await served.serve({ node: differing(served.node, { getAttachment }) });
    const path = `/api/attachments/${'a'.repeat(64)}`;
    const first = await ask(own, path, { headers: bearer() });
    expect(codeOf(first)).toEqual([500, 'internal']);
    expect(first.text).not.toContain(secret);
    // Who asks for the head alone reads nothing of the file.
    expect((await ask(own, path, { method: 'HEAD', headers: bearer() })).status).toBe(200);
    served.logged.length = 0;
    chunks = brokenLater;
    const printed = vi.spyOn(console, 'error').mockReturnValue();
    const later = await sendRaw(
      own,
      `GET ${path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${exporter}\r\nconnection: close\r\n\r\n`,
    );
    expect(later).toContain('a beginning');
    expect(later).not.toContain(secret);
    expect(printed.mock.calls.map(String).join()).not.toContain(secret);
    printed.mockRestore();
    expect(served.logged.filter(({ level }) => level === 'error')).toMatchObject([{ error: { name: 'Error' } }]);
    expect(JSON.stringify(served.logged)).not.toContain(secret);
  });
});

describe('what is logged and counted', () => {
  test('is the route and never what stands in it', async () => {
    const own = await served.serve();
    served.logged.length = 0;
    const id = filing().dossier;
    for (const path of [
      `/api/dossiers/${id}?note=passport`,
      '/api/dossiers/Ivan-Passport',
      '/api/Ivan-Passport',
      '/Ivan-Passport',
      `/dossiers/Ivan-Passport`,
      '/log/tile/0/000',
      '/problems/Ivan-Passport',
    ])
      await ask(own, path, { headers: bearer() });
    const metrics = (await ask(own, '/metrics')).text;
    for (const text of [JSON.stringify(served.logged), metrics]) {
      expect(text).not.toMatch(/passport/i);
      expect(text).not.toContain(id);
      expect(text).not.toContain(exporter);
    }
    expect(served.logged.map(({ route }) => route).slice(0, 7)).toEqual([
      '/api/dossiers/{dossier}',
      '/api/dossiers/{dossier}',
      '/*',
      '/*',
      '/dossiers/{id}',
      '/log/tile/*',
      '/problems/{code}',
    ]);
    expect(served.logged[0]).toMatchObject({ level: 'info', method: 'GET', status: 404, ms: expect.any(Number) });
    expect(metrics).toContain(
      'dostyk_http_requests_total{route="/api/dossiers/{dossier}",method="GET",status="404"} 1',
    );
    expect(metrics).toMatch(/^# TYPE dostyk_log_published_size gauge$/m);
    for (const line of metrics.trim().split('\n'))
      expect(line).toMatch(/^(|# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"\\\n]*",?)+\})? -?\d+(\.\d+)?(e-\d+)?)$/);
  });

  test('does not grow with what strangers ask for', async () => {
    const own = await served.serve();
    const count = async () => (await ask(own, '/metrics')).text.split('\n').length;
    await ask(own, '/api/stranger-0');
    await ask(own, '/log/tile/stranger-0');
    await ask(own, '/stranger-0');
    await count();
    const before = await count();
    for (let i = 1; i < 20; i++) {
      await ask(own, `/api/stranger-${i}`);
      await ask(own, `/log/tile/stranger-${i}`);
      await ask(own, `/stranger-${i}`);
    }
    expect((await count()) - before).toBeLessThanOrEqual(1);
  });
});

describe('files', () => {
  test('go up and come down as they are, as a download and nothing else', async () => {
    const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(300_000, 0x41)]);
    const put = await ask(port, `/api/attachments?${new URLSearchParams({ name: 'счёт (1).pdf' })}`, {
      method: 'POST',
      headers: { ...bearer(), 'content-type': 'application/pdf' },
      body: content,
    });
    expect(put.status, put.text).toBe(200);
    const { hash, size } = JSON.parse(put.text) as { hash: string; size: number };
    expect(size).toBe(content.length);
    const got = await ask(port, `/api/attachments/${hash}`, { headers: bearer() });
    expect([got.status, got.text]).toEqual([200, content.toString('utf8')]);
    expect(got.headers['content-disposition']).toMatch(/^attachment; filename\*=UTF-8''[A-Za-z0-9%._-]+$/);
    expect(got.headers['cache-control']).toBe('private, no-store');
    expect(got.headers['content-security-policy']).toMatch(/^default-src 'none'/);
    const head = await ask(port, `/api/attachments/${hash}`, { method: 'HEAD', headers: bearer() });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(content.length)]);
    const importer = bearer(await served.token('kz-importer'));
    expect(codeOf(await ask(port, `/api/attachments/${hash}`, { headers: importer }))[1]).toBe('attachment-unknown');
  });

  test('that declare too much, or nothing, are refused', async () => {
    const put = (headers: Record<string, string>, body: string) =>
      ask(port, '/api/attachments?name=a.pdf', { method: 'POST', headers: { ...bearer(), ...headers }, body });
    expect(codeOf(await put({ 'content-type': 'application/pdf' }, ''))).toEqual([422, 'file-refused']);
    expect(codeOf(await put({}, '%PDF-1.7'))).toEqual([422, 'file-refused']);
    const declared = await sendRaw(
      port,
      `POST /api/attachments?name=a.pdf HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${exporter}\r\ncontent-type: application/pdf\r\ncontent-length: 100000000\r\nconnection: close\r\n\r\n`,
    );
    expect(declared).toMatch(/^HTTP\/1.1 413 /);
    expect(declared).toContain('file-too-large');
  });
});

describe('listening', () => {
  test('on a port that is taken is refused', async () => {
    const { issuer } = served.issuer;
    const signIn = new SignIn({ issuer, audience: 'x', accounts: served.node.accounts, clock: () => new Date() });
    const app = createApp({ node: served.node, signIn });
    const refused = await listen(app, { host: '127.0.0.1', port }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect((refused as Refusal).code).toBe('port-taken');
  });
});

test('a member withholds a figure in so many words, and explains itself', async () => {
  const explanations = [{ at: '2026-11-23T10:00:00Z', about: 'unreachable', text: { en: 'A power cut.' } }];
  const statement = Statement.parse({ withheld: ['queued', 'peers'], explanations });
  const own = await served.serve({ statement });
  const figures = JSON.parse((await ask(own, '/figures')).text) as Record<string, unknown>;
  expect(figures).toMatchObject({ member: 'KZ', queued: 'withheld', peers: 'withheld', explanations });
  expect(typeof figures['published']).toBe('number');
  const open = JSON.parse((await ask(port, '/figures')).text) as Record<string, unknown>;
  expect(open).toMatchObject({ queued: 0, explanations: [] });
  for (const wrong of [
    { withheld: ['all'] },
    { explanations: [{ at: 'today', about: 'x', text: { en: 'y' } }] },
    { text: 1 },
  ])
    expect(Statement.safeParse(wrong).success).toBe(false);
});

test('what anyone may ask is answered without an account, whatever credentials come with it', async () => {
  const path = '/api/requirements?hs=080929&from=UZ&to=CN&via=yallama,khorgos&mode=road&date=2026-12-01';
  for (const headers of [{}, { authorization: 'Bearer nonsense' }, bearer()]) {
    const answer = await ask(port, path, { headers });
    expect(answer.status).toBe(200);
    expect((JSON.parse(answer.text) as { stages: unknown[] }).stages).toHaveLength(3);
  }
  const wrong = await ask(port, `${path}&mass=heavy`);
  expect(codeOf(wrong)).toEqual([400, 'question-unreadable']);
  expect((await ask(port, '/api/requirements/declared')).status).toBe(401);
});

test('goods are named for anyone; what is too long or has no words is told', async () => {
  const get = (path: string) => ask(port, `/api${path}`);
  const found = await get(`/goods?q=${encodeURIComponent('樱桃')}&language=zh`);
  expect([found.status, JSON.parse(found.text).items[0].code]).toEqual([200, '080929']);
  expect(JSON.parse((await get('/goods/0809290000')).text)).toMatchObject({
    code: '080929',
    heading: { code: '0809' },
  });
  expect(codeOf(await get('/goods/0815'))).toEqual([404, 'goods-unnamed']);
  for (const path of ['/goods/8', '/goods/cherries', '/goods/080929000011', '/goods', `/goods?q=${'a'.repeat(201)}`])
    expect(codeOf(await get(path)), path).toEqual([400, 'input-invalid']);
  for (const wrong of ['limit=0', 'limit=51', 'limit=x', 'language=de', 'other=1'])
    expect(codeOf(await get(`/goods?q=a&${wrong}`)), wrong).toEqual([400, 'input-invalid']);
});
