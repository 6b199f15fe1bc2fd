import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DemoClient } from '../members/genesis.ts';
import { type Finding, Refusal } from '../values/refusal.ts';

/** An ordinary client of a node: OAuth 2 client credentials, JSON, problem details. */

export interface Credentials {
  readonly node: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Who calls: `--as KZ/exporter` names a client of the demonstration; without it DOSTYK_NODE, DOSTYK_ISSUER, DOSTYK_CLIENT_ID and
 * DOSTYK_CLIENT_SECRET.
 * @throws Refusal `usage`
 */
export function credentialsFor(as: string | undefined, directory: string, environment: NodeJS.ProcessEnv): Credentials {
  if (as !== undefined) {
    const client = demoClients(directory)[as];
    if (client === undefined) {
      throw new Refusal(400, 'usage', `The demonstration has no client ${as}.`, {
        remedy: `One of: ${Object.keys(demoClients(directory)).join(' ')}`,
      });
    }
    return client;
  }
  const {
    DOSTYK_NODE: node,
    DOSTYK_ISSUER: issuer,
    DOSTYK_CLIENT_ID: clientId,
    DOSTYK_CLIENT_SECRET: clientSecret,
  } = environment;
  if (node !== undefined && issuer !== undefined && clientId !== undefined && clientSecret !== undefined)
    return { node, issuer, clientId, clientSecret };
  throw new Refusal(400, 'usage', 'Who calls is not said.', {
    remedy:
      'Give --as MEMBER/ROLE for a demonstration, or set DOSTYK_NODE, DOSTYK_ISSUER, DOSTYK_CLIENT_ID and DOSTYK_CLIENT_SECRET.',
  });
}

export function demoClients(directory: string): Readonly<Record<string, DemoClient>> {
  const file = join(directory, 'clients.json');
  if (!existsSync(file)) {
    throw new Refusal(400, 'usage', `There is no demonstration in ${directory}.`, {
      remedy: 'Make one with `dostyk init`, or name another --directory.',
    });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, DemoClient>;
}

export interface ApiRequest {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** A body that is sent as it is, under this type. */
  readonly file?: { readonly bytes: Uint8Array; readonly mediaType: string };
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  /** How long outages are waited out. */
  readonly patienceMs?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export class ApiClient {
  readonly #credentials: Credentials;
  #token: { readonly value: string; readonly until: number } | undefined;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  async #bearer(signal?: AbortSignal): Promise<string> {
    if (this.#token !== undefined && performance.now() < this.#token.until) return this.#token.value;
    const { issuer, clientId, clientSecret } = this.#credentials;
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
      ...(signal === undefined ? {} : { signal }),
    });
    const body = (await answer.json()) as { access_token?: string; expires_in?: number; error?: string };
    if (body.access_token === undefined) {
      throw new Refusal(401, 'token-invalid', `The identity provider gives no token: ${body.error ?? answer.status}.`, {
        remedy: 'Check the client id and secret.',
      });
    }
    this.#token = { value: body.access_token, until: performance.now() + ((body.expires_in ?? 60) - 30) * 1000 };
    return body.access_token;
  }

  /**
   * One request; outages (no connection, 429, 503) are waited out with growing pauses.
   * @returns status and body, whatever the status
   * @throws Refusal 503 `peer-unreachable` when the node stays away
   */
  async send(method: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    const until = performance.now() + (request.patienceMs ?? 60_000);
    for (let pause = 200; ; pause = Math.min(5000, pause * 2)) {
      let failure: unknown;
      try {
        const answer = await this.#once(method, path, request);
        if (answer.status !== 429 && answer.status !== 503) return answer;
        if (performance.now() + pause > until) return answer;
      } catch (error) {
        if (error instanceof Refusal || request.signal?.aborted === true) throw error;
        failure = error;
      }
      if (performance.now() + pause > until) {
        throw new Refusal(503, 'peer-unreachable', `${this.#credentials.node} does not answer.`, {
          remedy: 'Start it, or check its address.',
          cause: failure,
        });
      }
      await delay(pause, undefined, request.signal === undefined ? {} : { signal: request.signal });
    }
  }

  async #once(
    method: string,
    path: string,
    { query, body, file, idempotencyKey, signal }: ApiRequest,
  ): Promise<ApiAnswer> {
    const token = await this.#bearer(signal);
    const search = query === undefined ? '' : `?${new URLSearchParams(query)}`;
    const answer = await fetch(`${this.#credentials.node}${path}${search}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(file === undefined ? {} : { 'content-type': file.mediaType }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(file === undefined ? {} : { body: Buffer.from(file.bytes) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const type = answer.headers.get('content-type') ?? '';
    const parsed: unknown = /json/.test(type) ? await answer.json() : new Uint8Array(await answer.arrayBuffer());
    return { status: answer.status, body: parsed };
  }

  /**
   * As `send`, for those who want an answer or a refusal.
   * @throws Refusal with the node's own code
   */
  async call<T = unknown>(method: string, path: string, request: ApiRequest = {}): Promise<T> {
    const answer = await this.send(method, path, request);
    if (answer.status < 400) return answer.body as T;
    throw asRefusal(answer);
  }
}

export function asRefusal({ status, body }: ApiAnswer): Refusal {
  const problem = (body ?? {}) as {
    code?: string;
    detail?: string;
    findings?: Finding[];
    params?: Record<string, string | number>;
    remedy?: string;
  };
  return new Refusal(status, problem.code ?? 'internal', problem.detail ?? `The node answers ${status}.`, {
    findings: problem.findings ?? [],
    params: problem.params ?? {},
    ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
  });
}
