import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, found, HandlerNodes } from '../test/handler-nodes.ts';
import { tradeRouter } from './handlers.ts';
import { deliverDue, pauseAfter } from './webhook-handlers.ts';

const { addWebhook, listWebhooks, testWebhook, removeWebhook } = tradeRouter;

let nodes: HandlerNodes;
let server: Server;
let url: string;
let status = 200;
let received: { headers: IncomingHttpHeaders; body: string }[] = [];
beforeAll(async () => {
  nodes = await HandlerNodes.open('UZ');
  server = createServer((request, answer) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      answer.writeHead(status).end('noted');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterAll(async () => {
  server?.close();
  await nodes?.close();
});
beforeEach(async () => {
  status = 200;
  for (const as of ['UZ/exporter', 'UZ/importer'])
    for (const { webhook } of (await list(as)).items)
      await call(removeWebhook, { webhook, removed: true }, { context: await nodes.as(as) });
  received = [];
});

const add = async (as = 'UZ/exporter', to = url) => call(addWebhook, { url: to }, { context: await nodes.as(as) });
const list = async (as = 'UZ/exporter') => call(listWebhooks, undefined, { context: await nodes.as(as) });
const file = async (as = 'UZ/exporter') =>
  (await call(tradeRouter.fileDossier, filing() as never, { context: await nodes.as(as) })).dossier;
const { context } = { context: () => nodes.node('UZ').context };
/** Changes are told once no older transaction runs, and other tests run some. */
const deliverUntil = (met: () => boolean) =>
  expect
    .poll(async () => {
      nodes.advance(2000);
      await deliverDue(context());
      return met();
    })
    .toBe(true);
const subjects = (): string[] =>
  received.flatMap(({ body }) => (JSON.parse(body) as { data: { subject: string }[] }).data.map((one) => one.subject));

describe('a webhook', () => {
  test('is told what its operator may see and nothing else, signed with its secret', async () => {
    const { secret } = await add();
    const foreign = await file('UZ/importer');
    const own = await file();
    await deliverUntil(() => subjects().includes(own));
    expect(subjects()).not.toContain(foreign);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    expect(body).not.toContain('apricots');
    expect((await list()).items).toMatchObject([
      { url, state: 'active', deliveries: [{ status: 200, error: null, changes: 1 }] },
    ]);
    expect(JSON.stringify(await list())).not.toContain(secret.slice(6));
  });

  test('that refuses gets the same again under the same id, later and later, and is given up after a day', async () => {
    const { webhook } = await add();
    status = 500;
    const own = await file();
    await deliverUntil(() => received.length === 1);
    expect((await list()).items[0]).toMatchObject({ state: 'retrying' });
    nodes.advance(10);
    await deliverDue(context());
    expect(received).toHaveLength(1);
    nodes.advance(6000);
    await deliverDue(context());
    expect(received).toHaveLength(2);
    expect(received[1]?.headers['webhook-id']).toBe(received[0]?.headers['webhook-id']);
    nodes.advance(90_000_000);
    await deliverDue(context());
    expect((await list()).items[0]).toMatchObject({ state: 'failing' });
    nodes.advance(90_000_000);
    expect(await deliverDue(context())).toBe(false);

    status = 204;
    received = [];
    expect(await call(testWebhook, { webhook, test: true }, { context: await nodes.as('UZ/exporter') })).toEqual({
      status: 204,
      error: null,
    });
    expect((await list()).items[0]).toMatchObject({ state: 'active', failingSince: null });
    await deliverUntil(() => subjects().includes(own));
  });

  test("is its operator's alone", async () => {
    const { webhook } = await add();
    expect((await list('UZ/importer')).items).toEqual([]);
    for (const act of [
      async () => call(testWebhook, { webhook, test: true }, { context: await nodes.as('UZ/importer') }),
      async () => call(removeWebhook, { webhook, removed: true }, { context: await nodes.as('UZ/importer') }),
    ])
      expect(await nodes.refusal('UZ', act)).toMatchObject({ status: 404, code: 'webhook-unknown' });
    expect(await nodes.refusal('UZ', () => add('UZ/customs'))).toMatchObject({ code: 'not-an-operator' });
    expect(received).toEqual([]);
  });

  test.each([
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'http://example.com/',
    'https://[::1]/',
    'ftp://example.com/',
    'x',
  ])('does not lead to %s', async (to) => {
    expect(found(await nodes.refusal('UZ', () => add('UZ/exporter', to)))).toEqual(['/url address-not-allowed']);
  });

  test('is one of ten at most', async () => {
    for (let i = 0; i < 10; i++) await add();
    expect(await nodes.refusal('UZ', () => add())).toMatchObject({ status: 409, code: 'webhooks-full' });
  });
});

test('pauses double from five seconds to an hour', () => {
  expect([1, 2, 3, 10, 100].map(pauseAfter)).toEqual([5000, 10_000, 20_000, 2_560_000, 3_600_000]);
});
