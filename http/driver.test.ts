import { afterAll, beforeAll, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call } from '../test/handler-nodes.ts';
import { ask, problemIn, Served } from '../test/served-node.ts';
import { tradeRouter } from '../trade/handlers.ts';

/** A driver's link over HTTP: what it opens, and what it does not. */

let served: Served;
let port: number;
let dossier: string;
let movement: string;
let token: string;
beforeAll(async () => {
  served = await Served.start();
  port = await served.serve();
  const input = filing({ from: 'KZ', to: 'CN', posts: ['kz-nur-zholy', 'cn-khorgos'] });
  const as = (name: string) => served.nodes.as(name);
  ({ dossier } = await call(tradeRouter.fileDossier, input as never, { context: await as('KZ/exporter') }));
  const truck = {
    carrier: { name: 'Carrier', country: 'KZ' },
    leg: { mode: 'road', from: { name: 'Almaty', country: 'KZ' }, to: { name: 'Khorgos', country: 'CN' } },
    posts: ['kz-nur-zholy', 'cn-khorgos'],
    means: { mode: 'road', identification: '777 AAA 02', country: 'KZ' },
    trailers: [],
    equipment: [],
    consignments: [{ dossier }],
  };
  ({ movement } = await call(tradeRouter.declareMovement, truck as never, { context: await as('KZ/carrier') }));
  const { path } = await call(tradeRouter.makeDriverLink, { movement }, { context: await as('KZ/carrier') });
  token = path.split('#')[1] ?? '';
});
afterAll(() => served?.stop());

const by = (secret = token) => ({ authorization: `Driver ${secret}` });

test('it opens its movement and takes reports, without an account', async () => {
  const answer = await ask(port, '/api/driver', { headers: by() });
  expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'private, no-store']);
  expect(JSON.parse(answer.text)).toMatchObject({ movement });
  const report = await ask(port, '/api/driver/reports', {
    method: 'POST',
    headers: { ...by(), 'content-type': 'application/json', 'idempotency-key': 'one' },
    body: JSON.stringify({
      report: 'problem',
      problem: 'queue',
      occurredAt: served.nodes.now.toISOString(),
      zone: 'Asia/Almaty',
    }),
  });
  expect([report.status, JSON.parse(report.text).repeated]).toEqual([200, false]);
});

test('it opens nothing else', async () => {
  for (const [method, path] of [
    ['GET', '/api/dossiers'],
    ['GET', `/api/dossiers/${dossier}`],
    ['GET', `/api/movements/${movement}`],
    ['GET', '/api/operators'],
    ['GET', '/api/me'],
    ['GET', '/api/requirements/declared'],
    ['POST', `/api/movements/${movement}/driver-links`],
    ['POST', '/api/dossiers'],
  ] as const) {
    const problem = problemIn(
      await ask(port, path, {
        method,
        headers: { ...by(), 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: '{}' } : {}),
      }),
    );
    expect([path, problem.status, problem.code]).toEqual([path, 403, 'driver-link-narrow']);
  }
  const exporter = await served.token('kz-exporter');
  for (const path of ['/api/driver'])
    expect(problemIn(await ask(port, path, { headers: { authorization: `Bearer ${exporter}` } })).code).toBe(
      'not-a-driver',
    );
  // Files and the stream of changes are not among what it opens either.
  expect(problemIn(await ask(port, `/api/attachments/${'a'.repeat(64)}`, { headers: by() })).status).toBeGreaterThan(
    400,
  );
  expect(problemIn(await ask(port, '/api/changes', { headers: by() })).code).toBe('driver-link-narrow');
  const upload = { method: 'POST', headers: { ...by(), 'content-type': 'application/pdf' }, body: '%PDF-1.7' };
  expect(problemIn(await ask(port, '/api/attachments?name=a.pdf', upload)).status).toBe(403);
});

test('wrong ones are told so, then to wait; a right one passes all the while', async () => {
  const codes = new Set<string>();
  for (let i = 0; i < 35; i++) {
    const wrong = String(i).padStart(43, 'A');
    codes.add(problemIn(await ask(port, '/api/driver', { headers: by(wrong) })).code);
  }
  expect([...codes]).toEqual(['driver-link-unknown', 'too-many-attempts']);
  expect((await ask(port, '/api/driver', { headers: by() })).status).toBe(200);
  for (const strange of ['', 'x y', `${token} ${token}`, `${token}x`])
    expect((await ask(port, '/api/driver', { headers: by(strange) })).status).toBeGreaterThanOrEqual(401);
});
