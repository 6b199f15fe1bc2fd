import contracts from 'virtual:contracts';
import { createORPCClient } from '@orpc/client';
import type { ContractRouterClient } from '@orpc/contract';
import { OpenAPILink } from '@orpc/openapi-client/fetch';
import type { membersContract } from '../members/contract.ts';
import type { tradeContract } from '../trade/contract.ts';
import { type MessageKey, t, tMaybe } from './languages/index.ts';
import { noteRefusal, online, session, unattended } from './session.ts';

/** The node's API, typed by the very contracts that the node serves. */

export interface Finding {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly row?: number;
  readonly column?: number;
}

/** Why the node declined, or that it did not answer: then `code` is `network`. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly findings: readonly Finding[];
  readonly remedy: string | undefined;

  constructor(problem: {
    status: number;
    code: string;
    detail?: string;
    params?: Readonly<Record<string, string | number>>;
    findings?: readonly Finding[];
    remedy?: string;
  }) {
    super(problem.detail ?? problem.code);
    this.status = problem.status;
    this.code = problem.code;
    this.params = problem.params ?? {};
    this.findings = problem.findings ?? [];
    this.remedy = problem.remedy;
  }
}

/** The sentence for a problem in the reader's language; the node's own English one where there is none yet. */
export function problemText(problem: unknown): string {
  if (!(problem instanceof ApiProblem)) return t('problem.unexpected');
  return tMaybe(`problem.${problem.code}`, problem.params) ?? problem.message;
}

/** The sentence for one finding. */
export function findingText({ code, message, params }: Finding): string {
  return tMaybe(`finding.${code}`, params) ?? message;
}

/** Headers of this session for a request that is none of the contracts', such as an upload. */
export function sessionHeaders(): Record<string, string> {
  return { 'x-csrf-token': session.value?.csrf ?? '', ...unattended() };
}

/**
 * `fetch` with the session's mark; answers that decline are thrown.
 * @throws ApiProblem
 */
export async function send(request: Request | string, init: RequestInit = {}): Promise<Response> {
  const given = new Request(request, init);
  for (const [name, value] of Object.entries(sessionHeaders())) given.headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(given);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    online.value = false;
    throw new ApiProblem({ status: 0, code: 'network' });
  }
  online.value = true;
  if (response.ok) return response;
  const problem = await problemOf(response);
  noteRefusal(problem.code);
  throw problem;
}

async function problemOf(response: Response): Promise<ApiProblem> {
  try {
    return new ApiProblem({ status: response.status, code: 'unexpected', ...(await response.json()) });
  } catch {
    // Whatever stands before the node answered instead of it.
    return new ApiProblem({ status: response.status, code: 'unexpected' });
  }
}

interface Options {
  /** The same for a repeat of the same act: it is then done once. */
  readonly idempotencyKey?: string;
}

type Client = ContractRouterClient<{ trade: typeof tradeContract; members: typeof membersContract }, Options>;

/** @example const { items, next } = await api.trade.listDossiers({ limit: 50 }) */
export const api: Client = createORPCClient(
  new OpenAPILink<Options>(contracts, {
    url: () => `${location.origin}/api`,
    headers: ({ context }) =>
      context.idempotencyKey === undefined ? {} : { 'idempotency-key': context.idempotencyKey },
    fetch: (request, init) => send(request, init),
  }),
);

/** For a new act; kept with what is typed, so that a repeat after a lost answer does nothing twice. */
export const newIdempotencyKey = (): string => crypto.randomUUID();

export type { MessageKey };
