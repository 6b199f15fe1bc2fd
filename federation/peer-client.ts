import { randomUUID } from 'node:crypto';
import { SpanKind, traced, traceHeaders } from '../values/observe.ts';
import { Refusal } from '../values/refusal.ts';

export interface PeerAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface PeerRequest {
  readonly method?: 'GET' | 'POST';
  readonly token?: string;
  readonly body?: string;
  readonly timeoutMs?: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** Of the act that asks; the peer's log has it too. */
  readonly requestId?: string;
}

/**
 * One request to a peer, bounded in time and size: a peer that answers slowly, endlessly or not at all costs one timeout.
 * Redirects are not followed.
 *
 * @throws Refusal 502 `peer-unreachable`, `peer-oversized`
 */
export function askPeer(url: string, request: PeerRequest): Promise<PeerAnswer> {
  const { host } = new URL(url);
  const options = { kind: SpanKind.CLIENT, attributes: { 'server.address': host } };
  return traced(
    'ask peer',
    async (span) => {
      const answer = await send(url, request);
      span.setAttribute('http.response.status_code', answer.status);
      return answer;
    },
    options,
  );
}

/** What a peer declined with, for a fault that others see: never its own words. */
export function declinedWith({ status, body }: Pick<PeerAnswer, 'status' | 'body'>): string {
  const [, code] = /"code":"([a-z-]{1,60})"/.exec(Buffer.from(body).toString('utf8')) ?? [];
  return code === undefined ? String(status) : `${status} ${code}`;
}

async function send(
  url: string,
  { method = 'GET', token, body, timeoutMs = 5000, maxBytes, signal, requestId = randomUUID() }: PeerRequest,
): Promise<PeerAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const unreachable = (cause: unknown): Refusal =>
    new Refusal(502, 'peer-unreachable', `${new URL(url).host} does not answer.`, { cause });
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      headers: {
        'x-request-id': requestId,
        ...traceHeaders(),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'text/plain; charset=utf-8' }),
      },
      ...(body === undefined ? {} : { body }),
    });
  } catch (cause) {
    throw unreachable(cause);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of answer.body ?? []) {
      length += chunk.length;
      if (length > maxBytes)
        throw new Refusal(502, 'peer-oversized', `${new URL(url).host} answers with more than ${maxBytes} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Refusal ? error : unreachable(error);
  }
  return { status: answer.status, contentType: answer.headers.get('content-type') ?? '', body: Buffer.concat(chunks) };
}
