import { Readable } from 'node:stream';

/** A file as a download and nothing else: a browser neither shows it nor guesses what it is. */

export interface Download {
  readonly name: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  readonly chunks: AsyncGenerator<Uint8Array>;
}

/**
 * The first piece is read before anything is answered, so that what fails at once is still a problem. What fails later breaks the
 * answer off, whose length was announced; the reason goes to `onBroken` alone.
 */
export async function download(
  { name, mediaType, size, chunks }: Download,
  method: string,
  onBroken: (error: unknown) => void,
): Promise<Response> {
  const headers = {
    'content-type': mediaType,
    'content-length': String(size),
    'content-disposition': `attachment; filename*=UTF-8''${extended(name)}`,
    'cache-control': 'private, no-store',
  };
  if (method === 'HEAD') return new Response(null, { headers });
  const first = await chunks.next();
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      if (first.done !== true) yield first.value;
      yield* chunks;
    } catch (error) {
      onBroken(error);
      throw new Error('the file broke off');
    } finally {
      await chunks.return(undefined);
    }
  }
  return new Response(Readable.toWeb(Readable.from(rest())) as unknown as BodyInit, { headers });
}

/** A value of RFC 8187, which allows fewer characters than a URL does. */
const extended = (name: string): string =>
  encodeURIComponent(name).replaceAll(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
