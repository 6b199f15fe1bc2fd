import { Refusal } from '../values/refusal.ts';

/** Bodies are read to their limit and no further: what is longer is refused while it streams in. */

const tooLarge = (limit: number): Refusal =>
  new Refusal(413, 'body-too-large', `The body is larger than ${limit} bytes.`, {
    params: { limit },
    remedy: 'Send less at once.',
  });

export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > limit) throw tooLarge(limit);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
