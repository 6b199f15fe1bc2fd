import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import { describeMembers } from '../members/handlers.ts';
import { requireWithinLink } from '../members/mandate.ts';
import { describeError } from '../values/describe-error.ts';
import { ROOT_CONTEXT, SpanKind, traced, traceOf } from '../values/observe.ts';
import { Refusal } from '../values/refusal.ts';
import { contractRequest, serveContracts } from './api.ts';
import { readBody } from './body.ts';
import { Changes } from './changes.ts';
import { download } from './download.ts';
import { figuresOf, type Statement } from './figures.ts';
import { Metrics } from './metrics.ts';
import type { HttpNode } from './node.ts';
import { openApiDocument } from './open-api.ts';
import { isOpen, operationsAt } from './operation.ts';
import { problemResponse, refusalOf } from './problem.ts';
import { PROBLEMS } from './problems.ts';
import { type BrowserSignIn, Sessions } from './session.ts';
import type { SignIn } from './sign-in.ts';
import { mountWeb } from './web.ts';

export interface ServerOptions {
  readonly node: HttpNode;
  readonly signIn: SignIn;
  /** Without it nobody signs in with a browser. */
  readonly browser?: BrowserSignIn | undefined;
  /** What the member withholds of its figures and explains. */
  readonly statement?: Statement | undefined;
  /** One structured line a request or failure; never a body, a token, a query or the message of an accident. */
  readonly log?: (entry: Readonly<Record<string, unknown>>) => void;
  /** One for the process: a node that is opened anew goes on counting. */
  readonly metrics?: Metrics | undefined;
}

/**
 * An id that is taken over from who asks: a UUID or 32 hexadecimal digits, as proxies and peers give them. Of another form it could
 * carry a name into the log.
 */
const REQUEST_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/;
/** Routes that nodes call: their traces go on here. Anyone else's begin here. */
const BETWEEN_NODES = /^\/(?:peer|witness|log|mirror|registry|forks)(?:\/|$)/;

type App = Hono<{ Variables: { requestId: string } }>;

const FILE_LIMIT = 20_971_520;
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** For pages of other members' nodes: public data, without anyone's session. */
const ANYONE = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' };
const METHODS = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'];

const SECURED: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['x-frame-options', 'DENY'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
];

/** Every route of one node. */
export function createApp(options: ServerOptions): App {
  const { node, signIn, browser, statement, log = () => undefined, metrics = new Metrics() } = options;
  const { context } = node;
  const app: App = new Hono();
  const changes = new Changes(node);
  const sessions = new Sessions({ node, signIn, accounts: node.accounts, browser });
  const api = serveContracts(node.routers);
  const { address } = context.registry.getMember(context.member);
  const document = openApiDocument({ address, issuer: signIn.issuer, cookie: sessions.cookie });
  const underTls = address.startsWith('https:');
  const secured = underTls ? [...SECURED, ['strict-transport-security', 'max-age=31536000'] as const] : SECURED;

  const logAccident = (error: unknown, code: string, requestId: string): void => {
    metrics.failure();
    log({ level: 'error', requestId, code, error: describeError(error) });
  };
  const decline = (error: unknown, requestId: string): Response => {
    const { refusal, accident } = refusalOf(error);
    metrics.refusal(refusal.code);
    if (accident) logAccident(error, refusal.code, requestId);
    return problemResponse(refusal, requestId);
  };
  /** Why nothing answered: another method would have, or nothing is there. */
  const unanswered = (method: string, path: string): Refusal => {
    const allowed = methodsAt(app, path);
    if (allowed.length === 0)
      return new Refusal(404, 'route-unknown', 'There is nothing at this address.', { remedy: 'See /openapi.json.' });
    return new Refusal(405, 'method-not-allowed', `This address does not take ${method}.`, {
      params: { allow: allowed.join(', ') },
    });
  };

  app.use(async (c, next) => {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    c.set('requestId', requestId);
    const started = performance.now();
    const parent = BETWEEN_NODES.test(c.req.path) ? traceOf(c.req.header('traceparent')) : ROOT_CONTEXT;
    const route = await traced(
      'request',
      async (span) => {
        await next();
        const answered = routeOf(c.req.method, c.req.path, matchedRoutes(c));
        span.updateName(answered);
        span.setAttributes({
          'http.route': answered,
          'http.response.status_code': c.res.status,
          'dostyk.request_id': requestId,
        });
        return answered;
      },
      { kind: SpanKind.SERVER, parent },
    );
    c.header('x-request-id', requestId);
    for (const [name, value] of secured) if (!c.res.headers.has(name)) c.header(name, value);
    if (!c.res.headers.has('content-security-policy'))
      c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    const ms = performance.now() - started;
    metrics.request(route, c.req.method, c.res.status, ms / 1000);
    log({
      level: 'info',
      requestId,
      method: c.req.method,
      route,
      status: c.res.status,
      ms: Math.round(ms),
    });
  });
  app.onError((error, c) => decline(error, c.get('requestId')));
  app.notFound((c) => decline(unanswered(c.req.method, c.req.path), c.get('requestId')));

  // Contracts.
  app.post('/api/attachments', async (c) => {
    const requestId = c.get('requestId');
    const caller = await sessions.caller(c);
    requireWithinLink(caller, '/attachments');
    const mediaType = (c.req.header('content-type') ?? '').split(';')[0]?.trim() ?? '';
    const requestContext = await node.requestContext(caller, requestId);
    if (c.req.raw.body === null) throw new Refusal(422, 'file-refused', 'The file is empty.');
    const declared = Number(c.req.header('content-length') ?? 0);
    if (declared > FILE_LIMIT) throw new Refusal(413, 'file-too-large', 'A file has at most 20 MB.');
    return c.json(
      await node.putAttachment(
        requestContext,
        { name: c.req.query('name') ?? '', mediaType },
        c.req.raw.body as unknown as AsyncIterable<Uint8Array>,
      ),
    );
  });
  app.get('/api/attachments/:hash', async (c) => {
    const caller = await sessions.caller(c);
    requireWithinLink(caller, '/attachments/{hash}');
    const file = await node.getAttachment(await node.requestContext(caller, c.get('requestId')), c.req.param('hash'));
    return download(file, c.req.method, (error) => logAccident(error, 'internal', c.get('requestId')));
  });
  app.get('/api/packs/changes.atom', async (c) =>
    c.body(await node.changesFeed(c.req.query()), 200, {
      'content-type': 'application/atom+xml; charset=utf-8',
      'cache-control': 'max-age=3600',
    }),
  );
  app.get('/api/packs/:member/:version/:table', async (c) => {
    const { member, version, table } = c.req.param();
    const file = await node.packTable(member, Number(version), table);
    return download(file, c.req.method, (error) => logAccident(error, 'internal', c.get('requestId')));
  });
  app.get('/api/changes', async (c) => {
    const caller = await sessions.listener(c);
    requireWithinLink(caller, '/changes');
    return changes.stream(c, caller, () => sessions.listener(c));
  });
  app.get('/api/members', (c) => c.json(describeMembers(context.registry), 200, { 'cache-control': 'no-cache' }));
  app.all('/api/*', async (c) => {
    const requestId = c.get('requestId');
    const { method, path } = c.req;
    const operation = operationsAt(below(path)).find((one) => one.method === (method === 'HEAD' ? 'GET' : method));
    const open = operation !== undefined && isOpen(operation);
    const caller = open ? { ...ANYONE_AT_ALL, member: context.member } : await sessions.caller(c);
    const idempotencyKey = c.req.header('idempotency-key');
    if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,200}$/.test(idempotencyKey)) {
      throw new Refusal(
        400,
        'idempotency-key-invalid',
        'An Idempotency-Key has 1 to 200 printable characters without spaces.',
      );
    }
    if (operation === undefined) throw unanswered(method, path);
    requireWithinLink(caller, operation.template);
    const request = await contractRequest(c.req.raw, operation.template);
    return api(request, await node.requestContext(caller, requestId, idempotencyKey));
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
      ...ANYONE,
    });
  });
  app.get('/log/cosigned/:member', async (c) => {
    const note = await context.ledger.cosignedBy(c.req.param('member'));
    if (note === undefined) throw new Refusal(404, 'checkpoint-unknown', 'That member has cosigned nothing here.');
    return c.body(note, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
  });
  app.get('/log/tile/*', async (c) => {
    const bytes = await context.tiles.serve(c.req.path.slice('/log/'.length), context.ledger.published?.size ?? 0n);
    return c.body(Buffer.from(bytes), 200, {
      'content-type': 'application/octet-stream',
      'cache-control': IMMUTABLE,
      ...ANYONE,
    });
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

  // Other members' logs, as far as they are held here.
  app.get('/mirror/:origin/checkpoint', async (c) => {
    const note = await node.federation.mirrored(c.req.param('origin'));
    if (note === undefined) throw new Refusal(404, 'checkpoint-unknown', 'No such log is held here.');
    return c.body(note, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
  });
  app.get('/mirror/:origin/tile/*', async (c) => {
    const hash = c.req.param('origin');
    const path = c.req.path.slice(`/mirror/${hash}/`.length);
    return c.body(Buffer.from(await node.federation.serveMirror(hash, path)), 200, {
      'content-type': 'application/octet-stream',
      'cache-control': IMMUTABLE,
      ...ANYONE,
    });
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
  app.get('/peer/held', async (c) => {
    const peer = await node.federation.authenticate(c.req.header('authorization'));
    const { origin = '', from = '', below = '', limit = '' } = c.req.query();
    return c.json(await node.federation.serveHeld(peer, origin, { from, below, limit }));
  });
  app.get('/peer/passed', async (c) => {
    const peer = await node.federation.authenticate(c.req.header('authorization'));
    const { origin = '', index = '' } = c.req.query();
    return c.json(await node.federation.servePassed(peer, origin, index));
  });
  app.get('/peer/attachments/:hash', async (c) => {
    const peer = await node.federation.authenticate(c.req.header('authorization'));
    const file = await node.servePeerAttachment(peer, c.req.param('hash'));
    return download(file, c.req.method, (error) => logAccident(error, 'internal', c.get('requestId')));
  });
  app.get('/registry', (c) => {
    const from = Number(c.req.query('from') ?? 1);
    if (!Number.isSafeInteger(from) || from < 1)
      throw new Refusal(400, 'registry-question-invalid', 'from is the number of a version, 1 or more.');
    const { genesis, versions } = context.registry;
    return c.json({ genesis, versions: versions.slice(from - 1) }, 200, ANYONE);
  });
  // Proofs of two histories: for anyone to check.
  app.get('/forks', (c) => c.json({ forks: node.federation.forks.all.map(describeFork) }, 200, ANYONE));
  app.post('/forks', async (c) => {
    return c.json({ kept: await node.federation.forks.offer(jsonOf(await readBody(c.req.raw, 64_000))) });
  });
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
      erasuresAwaited: database ? (await node.awaitedErasures()).count : null,
      ...federation,
    };
    return c.json(health, database ? 200 : 503, { 'cache-control': 'no-store' });
  });
  app.get('/figures', async (c) =>
    c.json(await figuresOf(node, statement), 200, { 'cache-control': 'public, max-age=2', ...ANYONE }),
  );
  app.get('/metrics', async (c) =>
    c.text(await metrics.text(node), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  sessions.mount(app);
  mountWeb(app, { node, issuer: signIn.issuer });
  return app;
}

const describeFork = ({ origin, evidence, common, at }: HttpNode['federation']['forks']['all'][number]) => ({
  origin,
  common: Number(common),
  at: at.toISOString(),
  evidence,
});

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Not JSON: of no form that is taken.
    return undefined;
  }
}

/** Who asks what anyone may ask: for no operator and no authority, whatever else the request brings. */
const ANYONE_AT_ALL = { subject: 'anyone', name: '' };

const below = (path: string): string => path.slice('/api'.length);

/** Methods that an address takes, sorted; empty where nothing is there. */
function methodsAt(app: App, path: string): string[] {
  const plain = METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, one]]) => one.method === method),
  );
  const contracts = path.startsWith('/api/') ? operationsAt(below(path)).map(({ method }) => method) : [];
  const found = new Set([...plain, ...contracts]);
  if (found.has('GET')) found.add('HEAD');
  return [...found].sort();
}

/** The address that answered as the contracts and routes write it, so that metrics and logs hold nothing that stood in it. */
function routeOf(method: string, path: string, matched: readonly { readonly method: string; readonly path: string }[]) {
  const plain = matched.find((one) => one.method !== 'ALL');
  if (plain !== undefined) return plain.path.replaceAll(/:([a-z]+)/g, '{$1}');
  const operations = path.startsWith('/api/') ? operationsAt(below(path)) : [];
  const operation = operations.find((one) => one.method === method) ?? operations[0];
  return operation === undefined ? '/*' : `/api${operation.template}`;
}
