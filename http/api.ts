import { OpenAPIHandler } from '@orpc/openapi/fetch';
import { ORPCError } from '@orpc/server';
import type { TradeContext } from '../platform.ts';
import { Malfunction } from '../values/describe-error.ts';
import { Refusal } from '../values/refusal.ts';
import { readBody } from './body.ts';
import type { HttpNode } from './node.ts';
import { parametersOf } from './operation.ts';
import { findingsOf } from './problem.ts';

/** The contracts over HTTP: JSON in, JSON out, everything else thrown. */

const JSON_LIMIT = 1_048_576;
const BULK_LIMIT = 8 * 1_048_576;
const BULK: readonly string[] = ['/dossier-imports', '/dossier-tables', '/item-tables'];

const notJson = (cause: unknown): Refusal =>
  new Refusal(400, 'json-malformed', `The body is not JSON: ${(cause as Error).message.slice(0, 200)}`, { cause });

const notJsonType = (): Refusal => new Refusal(415, 'content-type-not-json', 'The body must be application/json.');

const inputInvalid = (findings: Refusal['findings']): Refusal =>
  new Refusal(
    400,
    'input-invalid',
    `${findings.length === 1 ? 'One field is' : `${findings.length} fields are`} wrong.`,
    { findings, remedy: 'Correct what the findings name; see /openapi.json for the form.' },
  );

/**
 * A request as the contracts take it: the body read to its limit, known to be JSON, and freed of headers that mean nothing here.
 *
 * @param template of the operation below `/api`
 * @throws Refusal 400 `json-malformed`, `input-invalid`; 413 `body-too-large`; 415 `content-type-not-json`
 */
export async function contractRequest(request: Request, template: string): Promise<Request> {
  if (['GET', 'HEAD'].includes(request.method)) return new Request(request.url, { method: 'GET' });
  const type = request.headers.get('content-type');
  if (type !== null && !/^application\/json\s*(;|$)/i.test(type)) throw notJsonType();
  let body = await readBody(request, BULK.includes(template) ? BULK_LIMIT : JSON_LIMIT);
  // An operation with nothing to say beyond its address is called without a body.
  if (type === null && body.length > 0) throw notJsonType();
  if (type === null) body = new TextEncoder().encode('{}');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw notJson(cause);
  }
  // The address says what is meant; a body that says it again could only say something else.
  const repeated = parametersOf(template).filter((name) => Object.hasOwn(Object(value), name));
  if (repeated.length > 0)
    throw inputInvalid(
      repeated.map((name) => ({ path: `/${name}`, code: 'unknown-field', message: 'the address names it already' })),
    );
  return new Request(request.url, {
    method: request.method,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(body),
  });
}

/**
 * @returns answers a request of `contractRequest`, or throws what the handler threw: a refusal, or an accident with its cause
 */
export function serveContracts(
  routers: HttpNode['routers'],
): (request: Request, context: TradeContext) => Promise<Response> {
  const thrown = new WeakMap<TradeContext, unknown>();
  const handler = new OpenAPIHandler<TradeContext>(
    { trade: routers.trade, members: routers.members },
    {
      clientInterceptors: [
        async ({ next, context }) => {
          try {
            return await next();
          } catch (error) {
            thrown.set(context, error);
            throw error;
          }
        },
      ],
    },
  );
  return async (request, context) => {
    const { matched, response } = await handler.handle(request, { prefix: '/api', context });
    if (!matched) throw new Refusal(404, 'route-unknown', 'The API has no such operation.');
    if (response.status >= 400) throw declined(thrown.get(context), response.status);
    response.headers.set('cache-control', 'private, no-store');
    return response;
  };
}

/** @param thrown by the handler; undefined where the request did not get that far */
function declined(thrown: unknown, status: number): unknown {
  if (thrown instanceof ORPCError) {
    const { issues } = (thrown.data ?? {}) as { issues?: Parameters<typeof findingsOf>[0] };
    if (issues !== undefined) return inputInvalid(findingsOf(issues));
    const wrong = findingsOf((thrown.cause as { issues?: Parameters<typeof findingsOf>[0] } | undefined)?.issues ?? []);
    return new Malfunction(`${thrown.message}: ${wrong.map(({ path, message }) => `${path} ${message}`).join('; ')}`);
  }
  if (thrown !== undefined) return thrown;
  return status < 500
    ? new Refusal(status, 'request-malformed', 'The request can not be read.')
    : new Malfunction('the answer could not be written');
}
