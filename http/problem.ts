import { z } from 'zod';
import { isOutage } from '../platform.ts';
import { type Finding, Refusal } from '../values/refusal.ts';

/** Problem details (RFC 9457): the one form in which a node declines. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  /** Stable and kebab-case; `/problems/<code>` explains it. */
  code: z.string(),
  detail: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  findings: z
    .array(
      z.object({
        path: z.string(),
        code: z.string(),
        message: z.string(),
        params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
        row: z.int().optional(),
        column: z.int().optional(),
      }),
    )
    .optional(),
  remedy: z.string().optional(),
  instance: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'Sign in',
  403: 'Not permitted',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'In conflict with what is there',
  410: 'Gone',
  408: 'Too slow',
  413: 'Too large',
  415: 'Media type not accepted',
  422: 'The content is wrong',
  429: 'Too many requests',
  431: 'Too large',
  500: 'The node failed',
  502: 'A peer failed',
  503: 'Not available now',
};

export function problemOf(refusal: Refusal, requestId: string): Problem {
  const { status, code, message, params, findings, remedy } = refusal;
  return {
    type: `/problems/${code}`,
    title: TITLES[status] ?? 'The request was declined',
    status,
    code,
    detail: message,
    ...(Object.keys(params).length === 0 ? {} : { params: { ...params } }),
    ...(findings.length === 0
      ? {}
      : {
          findings: findings.map((one) => ({
            ...one,
            ...(one.params === undefined ? {} : { params: { ...one.params } }),
          })),
        }),
    ...(remedy === undefined ? {} : { remedy }),
    instance: `urn:request:${requestId}`,
  };
}

/** What is thrown as a refusal: itself, or an accident of which nothing is told. */
export function refusalOf(error: unknown): { readonly refusal: Refusal; readonly accident: boolean } {
  if (error instanceof Refusal) return { refusal: error, accident: error.status >= 500 };
  if (error instanceof Error && isOutage(error)) {
    const refusal = new Refusal(503, 'ledger-unavailable', 'The database does not answer.', {
      params: { retryAfter: 2 },
      remedy: 'Repeat with the same Idempotency-Key.',
      cause: error,
    });
    return { refusal, accident: true };
  }
  return { refusal: new Refusal(500, 'internal', 'The node failed; the request id leads to its log.'), accident: true };
}

/** Parameters `retryAfter` (seconds) and `allow` (methods) are headers as well. */
export function problemResponse(refusal: Refusal, requestId: string): Response {
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-request-id': requestId,
  });
  const { retryAfter, allow } = refusal.params;
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter));
  if (allow !== undefined) headers.set('allow', String(allow));
  // RFC 6750, 3.1: who sent no token is told no error.
  if (refusal.status === 401)
    headers.set('www-authenticate', /token-missing$/.test(refusal.code) ? 'Bearer' : 'Bearer error="invalid_token"');
  return new Response(JSON.stringify(problemOf(refusal, requestId)), { status: refusal.status, headers });
}

interface Issue {
  readonly path?: readonly unknown[] | undefined;
  readonly code?: string;
  readonly message: string;
  /** Of fields that the schema does not know. */
  readonly keys?: readonly string[];
}

/** Findings of a schema's issues, with JSON Pointers; each unknown field is one. */
export function findingsOf(issues: readonly Issue[]): Finding[] {
  const found = issues.slice(0, 100).flatMap(({ path = [], code, message, keys = [] }): Finding[] => {
    const place = path.map((part) => (part as { key?: unknown } | null)?.key ?? part);
    if (code !== 'unrecognized_keys') return [{ path: pointer(place), code: 'form-wrong', message }];
    return keys.map((key) => ({
      path: pointer([...place, key]),
      code: 'unknown-field',
      message: 'there is no such field',
    }));
  });
  return found.slice(0, 100);
}

/** RFC 6901. */
const pointer = (place: readonly unknown[]): string =>
  place.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
