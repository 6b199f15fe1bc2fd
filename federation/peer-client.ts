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
}

/**
 * One request to a peer, bounded in time and size: a peer that answers slowly, endlessly or not at all costs one timeout.
 * Redirects are not followed.
 *
 * @throws Refusal 502 `peer-unreachable`, `peer-oversized`
 */
export async function askPeer(
  url: string,
  { method = 'GET', token, body, timeoutMs = 5000, maxBytes, signal }: PeerRequest,
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
