import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { Readable } from 'node:stream';
import { serve } from '@hono/node-server';
import { OpenAPIHandler } from '@orpc/openapi/fetch';
import { ORPCError } from '@orpc/server';
import { Hono } from 'hono';
import type { RequestContext } from '../members/context.ts';
import { describeMembers } from '../members/handlers.ts';
import type { DostykNode } from '../platform.ts';
import { Refusal } from '../values/refusal.ts';
import { readBody } from './body.ts';
import { Metrics, metricsText } from './metrics.ts';
import { openApiDocument } from './open-api.ts';
import { dossierPage, homePage, pageHeaders, stylesheet } from './page.ts';
import { findingsOf, problemResponse, refusalOf } from './problem.ts';
import { PROBLEMS } from './problems.ts';
import type { SignIn } from './sign-in.ts';

export interface ServerOptions {
  readonly node: DostykNode;
  readonly signIn: SignIn;
  /** One structured line a request or failure; never a body, a token or a query. */
  readonly log?: (entry: Readonly<Record<string, unknown>>) => void;
}

type Variables = { requestId: string };

const JSON_LIMIT = 1_048_576;
const BULK_LIMIT = 8 * 1_048_576;
const BULK = /^\/api\/(dossier-imports|item-tables)$/;
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** Every route of one node. */
export function createApp({ node, signIn, log = () => undefined }: ServerOptions): Hono<{ Variables: Variables }> {
  const { context } = node;
  const app = new Hono<{ Variables: Variables }>();
  const metrics = new Metrics();
  const document = openApiDocument(context.registry.getMember(context.member).address);

  const logAccident = (error: unknown, refusal: Refusal, requestId: string): void => {
    const cause = error instanceof Refusal ? (error.cause ?? error) : error;
    log({
      level: 'error',
      requestId,
      code: refusal.code,
      error: cause instanceof Error ? (cause.stack ?? cause.message) : refusal.message,
    });
  };
  const decline = (error: unknown, requestId: string): Response => {
    const { refusal, accident } = refusalOf(error);
    if (accident) {
      const cause = error instanceof Refusal ? error.cause : error;
      log({
        level: 'error',
        requestId,
        code: refusal.code,
        error: cause instanceof Error ? (cause.stack ?? cause.message) : refusal.message,
      });
    }
    return problemResponse(refusal, requestId);
  };

  app.use(async (c, next) => {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && /^[A-Za-z0-9-]{8,64}$/.test(given) ? given : randomUUID();
    c.set('requestId', requestId);
    const started = performance.now();
    await next();
    c.header('x-request-id', requestId);
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'no-referrer');
    c.header('x-frame-options', 'DENY');
    if (!c.res.headers.has('content-security-policy'))
      c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    const route = routeOf(c.req.path);
    metrics.count(route, c.req.method, c.res.status);
    log({
      level: 'info',
      requestId,
      method: c.req.method,
      route,
      status: c.res.status,
      ms: Math.round(performance.now() - started),
    });
  });
  app.onError((error, c) => decline(error, c.get('requestId')));
  app.notFound((c) =>
    decline(
      new Refusal(404, 'route-unknown', 'There is nothing at this address.', { remedy: 'See /openapi.json.' }),
      c.get('requestId'),
    ),
  );

  // Contracts.
  const api = new OpenAPIHandler<RequestContext>(
    { trade: node.routers.trade, members: node.routers.members },
    {
      clientInterceptors: [
        async ({ next, context: { requestId } }) => {
          try {
            return await next();
          } catch (error) {
            if (error instanceof ORPCError) throw error;
            const { refusal, accident } = refusalOf(error);
            if (accident) logAccident(error, refusal, requestId);
            const { status, code, message, params, findings, remedy } = refusal;
            throw new ORPCError(code, {
              status,
              message,
              data: { refusal: { status, code, params, findings, remedy } },
            });
          }
        },
      ],
      customErrorResponseBodyEncoder: (error) => ({ thrown: error }),
    },
  );
  app.post('/api/attachments', async (c) => {
    const requestId = c.get('requestId');
    const caller = await signIn.caller(c.req.header('authorization'));
    const mediaType = (c.req.header('content-type') ?? '').split(';')[0]?.trim() ?? '';
    const requestContext = await node.requestContext(caller, requestId);
    if (c.req.raw.body === null) throw new Refusal(422, 'file-refused', 'The file is empty.');
    const declared = Number(c.req.header('content-length') ?? 0);
    if (declared > 20_971_520) throw new Refusal(413, 'file-too-large', 'A file has at most 20 MB.');
    return c.json(
      await node.putAttachment(
        requestContext,
        { name: c.req.query('name') ?? '', mediaType },
        c.req.raw.body as unknown as AsyncIterable<Uint8Array>,
      ),
    );
  });
  app.get('/api/attachments/:hash', async (c) => {
    const caller = await signIn.caller(c.req.header('authorization'));
    const file = await node.getAttachment(await node.requestContext(caller, c.get('requestId')), c.req.param('hash'));
    return streamed(file);
  });
  app.get('/api/members', (c) => c.json(describeMembers(context.registry), 200, { 'cache-control': 'no-cache' }));
  app.all('/api/*', async (c) => {
    const requestId = c.get('requestId');
    const caller = await signIn.caller(c.req.header('authorization'));
    const idempotencyKey = c.req.header('idempotency-key');
    if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,200}$/.test(idempotencyKey)) {
      throw new Refusal(
        400,
        'idempotency-key-invalid',
        'An Idempotency-Key has 1 to 200 printable characters without spaces.',
      );
    }
    let request = c.req.raw;
    if (!['GET', 'HEAD'].includes(request.method)) {
      const body = await readBody(request, BULK.test(c.req.path) ? BULK_LIMIT : JSON_LIMIT);
      if (!/^application\/json\b/.test(request.headers.get('content-type') ?? '')) {
        throw new Refusal(415, 'content-type-not-json', 'The body must be application/json.');
      }
      try {
        JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
      } catch (cause) {
        throw new Refusal(400, 'json-malformed', `The body is not JSON: ${(cause as Error).message.slice(0, 200)}`, {
          cause,
        });
      }
      request = new Request(request.url, { method: request.method, headers: request.headers, body: Buffer.from(body) });
    }
    const { matched, response } = await api.handle(request, {
      prefix: '/api',
      context: await node.requestContext(caller, requestId, idempotencyKey),
    });
    if (!matched)
      throw new Refusal(404, 'route-unknown', 'The API has no such operation.', { remedy: 'See /openapi.json.' });
    return response.status < 400 ? response : decline(await thrownBy(response), requestId);
  });
  app.get('/openapi.json', async (c) => c.json(await document, 200, { 'access-control-allow-origin': '*' }));
  app.get('/problems/:code', (c) => {
    const text = Object.hasOwn(PROBLEMS, c.req.param('code')) ? PROBLEMS[c.req.param('code')] : undefined;
    if (text === undefined) throw new Refusal(404, 'route-unknown', 'There is no such problem code.');
    return c.text(`${c.req.param('code')}\n\n${text}\n`);
  });

  // The log, as C2SP has it.
  app.get('/log/checkpoint', async (c) => {
    const { ledger } = context;
    const head = ledger.published;
    if (head === undefined) throw new Refusal(404, 'checkpoint-unknown', 'Nothing is signed yet.');
    return c.body(await ledger.cosignedNote(head.size), 200, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'public, max-age=2',
    });
  });
  app.get('/log/tile/*', async (c) => {
    const bytes = await context.tiles.serve(c.req.path.slice('/log/'.length), context.ledger.published?.size ?? 0n);
    return c.body(Buffer.from(bytes), 200, { 'content-type': 'application/octet-stream', 'cache-control': IMMUTABLE });
  });
  app.post('/witness/add-checkpoint', async (c) => {
    const body = Buffer.from(await readBody(c.req.raw, 64_000)).toString('utf8');
    const answer = await node.federation.witness.addCheckpoint(body);
    return c.body(answer.body, answer.status as 200, { 'content-type': answer.contentType });
  });
  app.get('/witness/:origin/checkpoint', async (c) => {
    const note = await node.federation.witness.held(c.req.param('origin'));
    if (note === undefined) throw new Refusal(404, 'checkpoint-unknown', 'No checkpoint of such a log is held here.');
    return c.body(note, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
  });

  // The address that evidence of certificates names.
  app.get('/status/:authority', async (c) =>
    c.json(await node.statusList(c.req.param('authority')), 200, {
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=60',
    }),
  );

  // Between nodes.
  app.get('/peer/records', async (c) => {
    const peer = await node.federation.authenticate(c.req.header('authorization'));
    const { from = '', below = '', limit = '' } = c.req.query();
    return c.json(await node.federation.serveRecords(peer, { from, below, limit }));
  });
  app.get('/peer/attachments/:hash', async (c) => {
    const peer = await node.federation.authenticate(c.req.header('authorization'));
    return streamed(await node.servePeerAttachment(peer, c.req.param('hash')));
  });
  app.get('/registry', (c) => c.json({ genesis: context.registry.genesis, versions: context.registry.versions }));
  app.get('/members', (c) => c.json(describeMembers(context.registry)));

  // For operations and for people.
  app.get('/health', async (c) => {
    const database = await node.databaseOk();
    const { ledger } = context;
    const federation = database ? await node.federation.status() : { peers: [], faults: [] };
    const health = {
      member: context.member,
      version: '0.1.0',
      database: database ? 'ok' : 'away',
      queued: ledger.queued,
      published: Number(ledger.published?.size ?? 0n),
      final: Number(ledger.final?.size ?? 0n),
      ...federation,
    };
    return c.json(health, database ? 200 : 503, { 'cache-control': 'no-store' });
  });
  app.get('/metrics', async (c) =>
    c.text(await metricsText(node, metrics), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  app.get('/page.css', (c) =>
    c.body(stylesheet, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=300' }),
  );
  app.get('/', async (c) => c.html(await homePage(node), 200, pageHeaders));
  app.get('/dossiers/:id', async (c) =>
    c.html(await dossierPage(node, c.req.param('id'), c.get('requestId')), 200, pageHeaders),
  );
  return app;
}

/** The error behind a failed answer of the contracts, as the encoder passed it on. */
async function thrownBy(response: Response): Promise<unknown> {
  const body = (await response.json()) as {
    thrown?: { code?: string; data?: { refusal?: unknown; issues?: never[] }; message?: string };
  };
  return asRefusal(response.status, body.thrown ?? {});
}

function asRefusal(
  status: number,
  thrown: { code?: string; data?: { issues?: never[]; refusal?: unknown }; message?: string },
): unknown {
  const refusal = thrown.data?.refusal as
    | { status: number; code: string; text: string; params: never; findings: never; remedy?: string }
    | undefined;
  if (refusal !== undefined) {
    const { remedy } = refusal;
    return new Refusal(refusal.status, refusal.code, thrown.message ?? '', {
      params: refusal.params,
      findings: refusal.findings,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  if (status === 400 && Array.isArray(thrown.data?.issues)) {
    const findings = findingsOf(thrown.data.issues);
    return new Refusal(
      400,
      'input-invalid',
      `${findings.length === 1 ? 'One field is' : `${findings.length} fields are`} wrong.`,
      {
        findings,
        remedy: 'Correct what the findings name; see /openapi.json for the form.',
      },
    );
  }
  if (status === 405) return new Refusal(405, 'method-not-allowed', 'This address does not take that method.');
  if (status < 500) return new Refusal(status, 'request-malformed', thrown.message ?? 'The request can not be read.');
  return new Error(thrown.message ?? 'a handler failed');
}

function streamed(file: {
  name: string;
  mediaType: string;
  size: number;
  chunks: AsyncGenerator<Uint8Array>;
}): Response {
  return new Response(Readable.toWeb(Readable.from(file.chunks)) as unknown as BodyInit, {
    headers: {
      'content-type': file.mediaType,
      'content-length': String(file.size),
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
      'cache-control': 'private, no-store',
    },
  });
}

/** A path without ids, for metrics and logs. */
function routeOf(path: string): string {
  return path
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}/g, ':id')
    .replace(/^\/log\/tile\/.*/, '/log/tile/*')
    .replace(/^\/status\/.*/, '/status/:authority')
    .replace(
      /^\/(?!api|log|witness|peer|status|registry|members|health|metrics|openapi|problems|page|dossiers|$).*/,
      '/*',
    )
    .slice(0, 80);
}

export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens; resolves when the port is open. */
export function listen(
  app: Hono<{ Variables: Variables }>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: app.fetch,
        hostname: host,
        port,
        serverOptions: {
          requestTimeout: 120_000,
          headersTimeout: 15_000,
          keepAliveTimeout: 10_000,
          maxHeaderSize: 16_384,
        },
      },
      (info) => {
        resolve({
          port: info.port,
          stop: () =>
            new Promise((done) => {
              server.close(() => done());
              const http = server as Server;
              http.closeIdleConnections();
              setTimeout(() => http.closeAllConnections(), 2000).unref();
            }),
        });
      },
    ) as Server;
    server.once('error', (error: Error & { code?: string }) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Refusal(500, 'port-taken', `Port ${port} is taken.`, {
              params: { port },
              remedy: 'Stop what listens there, or make a demonstration with another --port.',
              cause: error,
            })
          : error,
      );
    });
  });
}
