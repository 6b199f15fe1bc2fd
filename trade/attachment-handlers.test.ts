import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, found, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { fromBase64 } from '../values/bytes.ts';
import {
  fetchAwaited,
  getAttachment,
  putAttachment,
  type ReadableFile,
  servePeerAttachment,
} from './attachment-handlers.ts';
import { tradeRouter } from './handlers.ts';
import type { FileReference } from './section.ts';

const { fileDossier, decide, answer } = tradeRouter;

let nodes: HandlerNodes;
beforeAll(async () => {
  nodes = await HandlerNodes.open('CN', 'KZ', 'UZ');
});
afterAll(() => nodes.close());

const pdf = (bytes: number): Buffer => Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(bytes - 9, 0x20)]);

/** A body as it comes over the wire: in parts that fit nothing. */
async function* inParts(bytes: Buffer, part = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += part) yield bytes.subarray(at, at + part);
}
async function* broken(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error('the sender went away');
}
const put = async (bytes: Buffer, mediaType = 'application/pdf', name = 'invoice.pdf', as = 'UZ/exporter') =>
  putAttachment(await nodes.as(as), { name, mediaType }, inParts(bytes));
const get = async (name: string, hash: string) => getAttachment(await nodes.as(name), hash);
const serve = (member: string, peer: string, hash: string) =>
  servePeerAttachment(nodes.node(member).context, peer, hash);
async function bytesOf({ chunks }: Pick<ReadableFile, 'chunks'>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
/** A dossier whose invoice is this file: for the members at both ends of the way, not for those between. */
async function fileWith(file: FileReference): Promise<string> {
  const input = filing();
  Object.assign(input.sections.commercial.documents[0] ?? {}, { file });
  const { dossier } = await call(fileDossier, input as never, { context: await nodes.as('UZ/exporter') });
  await nodes.deliver();
  return dossier;
}

describe('putting', () => {
  test('what comes out is what went in, under the hash of salt and bytes', async () => {
    for (const size of [20, 65_536, 65_537, 262_144, 262_145, 1_000_003]) {
      const bytes = pdf(size);
      bytes.writeUInt32BE(size, size - 4);
      const file = await put(bytes);
      const hash = createHash('sha256').update(fromBase64(file.salt)).update(bytes).digest('hex');
      expect(file).toMatchObject({ name: 'invoice.pdf', mediaType: 'application/pdf', size, hash });
      const back = await get('UZ/exporter', file.hash);
      expect([back.size, (await bytesOf(back)).equals(bytes)]).toEqual([size, true]);
    }
  });

  test('the same bytes twice have two salts and two hashes: a hash tells nothing of a file', async () => {
    const [one, two] = [await put(pdf(100)), await put(pdf(100))];
    expect(one.hash).not.toBe(two.hash);
  });

  test('20 MB and not a byte more; nothing stays of what is refused', async () => {
    expect((await put(pdf(20_971_520))).size).toBe(20_971_520);
    expect(await nodes.refusal('UZ', () => put(pdf(20_971_521)))).toMatchObject({
      status: 413,
      code: 'file-too-large',
    });
    const png = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(300_000)]);
    const refused = (bytes: Buffer, mediaType?: string, name?: string) =>
      nodes.refusal('UZ', () => put(bytes, mediaType, name));
    expect(found(await refused(png))).toEqual(['/mediaType file-type-differs']);
    expect(found(await refused(Buffer.from('{"a":'), 'application/json'))).toEqual(['/mediaType file-type-differs']);
    expect(found(await refused(Buffer.from('<!DOCTYPE a><a/>'), 'application/xml'))).toEqual([
      '/mediaType xml-doctype',
    ]);
    expect(await refused(Buffer.alloc(0))).toMatchObject({ status: 422, code: 'file-refused' });
    for (const name of ['../../etc/passwd', 'a/b.pdf', '.hidden', 'a\\b.pdf', 'a\u0000.pdf', 'a..b'])
      expect(found(await refused(pdf(20), undefined, name))).toContain('/name form-wrong');
    expect(found(await refused(pdf(20), 'text/html'))).toEqual(['/mediaType form-wrong']);
    expect(await nodes.refusal('UZ', () => put(pdf(20), undefined, undefined, 'UZ/customs'))).toMatchObject({
      status: 403,
      code: 'mandate-missing',
    });
  });

  test('a sender that goes away leaves nothing; what a dead process left is swept', async () => {
    const before = await nodes.footprint('UZ');
    const context = await nodes.as('UZ/exporter');
    const body = broken(pdf(600_000));
    await expect(putAttachment(context, { name: 'a.pdf', mediaType: 'application/pdf' }, body)).rejects.toThrow(
      'went away',
    );
    expect(await nodes.footprint('UZ')).toEqual(before);

    await context.sql`
      INSERT INTO trade.attachment_chunk (hash, n, bytes)
      VALUES (${`upload-${String(nodes.now.getTime()).padStart(14, '0')}-ab`}, 0, ${Buffer.from('x')})`;
    const none = async () => {
      throw new Error('nothing is awaited');
    };
    const sweep = () => fetchAwaited(context, none, () => undefined);
    await sweep();
    expect((await nodes.footprint('UZ'))['trade.attachment_chunk']).toBe((before['trade.attachment_chunk'] ?? 0) + 1);
    nodes.advance(3_700_000);
    await sweep();
    expect(await nodes.footprint('UZ')).toEqual(before);
  });

  test('senders that send nothing keep no connection from the others', async () => {
    const context = await nodes.as('UZ/exporter');
    const release: (() => void)[] = [];
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield pdf(300_000);
      await new Promise<void>((resolve) => {
        release.push(resolve);
      });
    }
    const uploads = Array.from({ length: 30 }, () =>
      putAttachment(context, { name: 'a.pdf', mediaType: 'application/pdf' }, stalled()),
    );
    while (release.length < uploads.length) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await call(fileDossier, filing() as never, { context })).version).toBe(1);
    for (const one of release) one();
    expect(new Set((await Promise.all(uploads)).map(({ hash }) => hash)).size).toBe(30);
  });
});

describe('reading', () => {
  test('who uploaded it, and who may read a section that names it', async () => {
    const file = await put(pdf(500), 'application/pdf', 'Счёт 1.pdf');
    const unknown = { status: 404, code: 'attachment-unknown' };
    expect((await get('UZ/exporter', file.hash)).name).toBe('file');
    expect(await refusalOf(get('UZ/importer', file.hash))).toMatchObject(unknown);
    expect(await refusalOf(get('UZ/customs', file.hash))).toMatchObject(unknown);
    await fileWith(file);
    expect((await get('UZ/exporter', file.hash)).name).toBe('Счёт 1.pdf');
    expect((await get('UZ/customs', file.hash)).name).toBe('Счёт 1.pdf');
    expect(await refusalOf(get('UZ/importer', file.hash))).toMatchObject(unknown);
    // A transit member does not even know of it; at the destination it is awaited.
    expect(await refusalOf(get('KZ/customs', file.hash))).toMatchObject(unknown);
    expect(await refusalOf(get('CN/customs', file.hash))).toMatchObject(unknown);
    for (const nonsense of ['', 'x', '../1', 'upload-1', 'f'.repeat(64)])
      expect(await refusalOf(get('UZ/exporter', nonsense))).toMatchObject(unknown);
  });

  test('a peer has what is addressed to it', async () => {
    const bytes = pdf(300_000);
    const file = await put(bytes);
    await expect(serve('UZ', 'CN', file.hash)).rejects.toMatchObject({ code: 'attachment-unknown' });
    await fileWith(file);
    expect((await bytesOf(await serve('UZ', 'CN', file.hash))).equals(bytes)).toBe(true);
    for (const peer of ['KZ', 'KG', 'XX'])
      await expect(serve('UZ', peer, file.hash)).rejects.toMatchObject({ code: 'attachment-unknown' });
  });

  test('a file of an answer goes to all on the route', async () => {
    const dossier = await fileWith(await put(pdf(30)));
    const query = await call(
      decide,
      { dossier, version: 1, post: 'kz-nur-zholy', decision: 'query', question: '?', reason: { code: 'goods-differ' } },
      { context: await nodes.as('KZ/customs') },
    );
    await nodes.deliver();
    const file = await put(pdf(40), 'application/pdf', 'weighing.pdf');
    const body = { dossier, decision: query.record.commitment, text: 'See the slip.', files: [file] };
    await call(answer, body, { context: await nodes.as('UZ/exporter') });
    await nodes.deliver();
    expect((await serve('UZ', 'KZ', file.hash)).size).toBe(40);
    expect(await refusalOf(serve('UZ', 'TJ', file.hash))).toMatchObject({ code: 'attachment-unknown' });
  });
});

describe('fetching', () => {
  const from = async (member: string, hash: string) => (await serve(member, 'CN', hash)).chunks;
  const fetch = (
    act: (member: string, hash: string) => Promise<AsyncIterable<Uint8Array>>,
    faults: string[] = [],
  ): Promise<number> =>
    fetchAwaited(nodes.node('CN').context, act, (file, error) => {
      faults.push(`${file.owner} ${(error as { code?: string }).code ?? (error as Error).message}`);
    });

  test('an awaited file arrives and is what its hash says', async () => {
    while ((await fetch(from)) > 0);
    const bytes = pdf(400_000);
    const file = await put(bytes);
    await fileWith(file);
    expect(await refusalOf(get('CN/customs', file.hash))).toMatchObject({ code: 'attachment-unknown' });
    expect(await fetch(from)).toBe(1);
    expect((await bytesOf(await get('CN/customs', file.hash))).equals(bytes)).toBe(true);
    expect(await fetch(from)).toBe(0);
  });

  test('another file than the hash names, a huge one, a peer that is away: nothing is kept, it is asked again', async () => {
    const file = await put(pdf(70));
    await fileWith(file);
    const before = await nodes.footprint('CN');
    const faults: string[] = [];
    await fetch(async () => inParts(pdf(71)), faults);
    await fetch(async () => inParts(pdf(20_971_521)), faults);
    await fetch(async () => {
      throw new Error('away');
    }, faults);
    expect(faults).toEqual(['UZ file-differs', 'UZ file-too-large', 'UZ away']);
    expect(await nodes.footprint('CN')).toEqual(before);
    expect(await fetch(from)).toBe(1);
  });

  test('one member names many files that it does not deliver: the files of others arrive all the same', async () => {
    const { sql } = nodes.node('CN').context;
    await sql`
      INSERT INTO trade.attachment (hash, media_type, size, salt, state, owner, at)
      SELECT lpad(to_hex(n), 64, '0'), 'application/pdf', 10, ${`${'A'.repeat(22)}==`}, 'awaited', 'KG', '2020-01-01'
      FROM generate_series(1, 40) AS n`;
    const file = await put(pdf(90));
    await fileWith(file);
    const asked: string[] = [];
    const act = async (member: string, hash: string) => {
      if (member === 'UZ') return from(member, hash);
      asked.push(hash);
      throw new Error('away');
    };
    expect(await fetch(act)).toBe(1);
    // And each of its own has its turn.
    for (let i = 0; i < 3; i++) await fetch(act);
    expect(new Set(asked).size).toBe(40);
    await sql`DELETE FROM trade.attachment WHERE owner = 'KG'`;
  });
});
