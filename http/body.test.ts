import fc from 'fast-check';
import { expect, test } from 'vitest';
import { refusalOf } from '../test/handler-nodes.ts';
import { readBody } from './body.ts';

const LIMIT = 1000;

/** A request whose body counts how much of it was asked for. */
function streamed(lengths: Iterable<number>, headers: Readonly<Record<string, string>> = {}) {
  let given = 0;
  let cancelled = false;
  const source = lengths[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { value, done } = source.next();
        if (done) return controller.close();
        given += value;
        controller.enqueue(new Uint8Array(value).fill(0x41));
      },
      cancel() {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const request = new Request('http://node.example/', { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
  return { request, given: () => given, cancelled: () => cancelled };
}

test('a body within the limit is read whole, however it is cut; one beyond is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 8 }), async (lengths) => {
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const { request } = streamed(lengths);
      if (total <= LIMIT) expect(await readBody(request, LIMIT)).toHaveLength(total);
      else
        expect(await refusalOf(readBody(request, LIMIT))).toMatchObject({
          status: 413,
          code: 'body-too-large',
          params: { limit: LIMIT },
        });
    }),
    { numRuns: 100 },
  );
});

test('of a body without end in sight no more is asked for than the limit and one piece', async () => {
  const { request, given, cancelled } = streamed(
    (function* () {
      for (let i = 0; i < 1000; i++) yield 300;
    })(),
  );
  expect((await refusalOf(readBody(request, LIMIT))).code).toBe('body-too-large');
  expect(given()).toBeLessThanOrEqual(LIMIT + 2 * 300);
  expect(cancelled()).toBe(true);
});

test('of a body that declares too much nothing is asked for; what it declares otherwise is not believed', async () => {
  const declared = streamed([10], { 'content-length': '100000000' });
  expect((await refusalOf(readBody(declared.request, LIMIT))).code).toBe('body-too-large');
  expect(declared.given()).toBe(0);
  for (const length of ['10', 'x', '-5']) {
    const lying = streamed([600, 600], { 'content-length': length });
    expect((await refusalOf(readBody(lying.request, LIMIT))).code).toBe('body-too-large');
  }
  expect(await readBody(new Request('http://node.example/', { method: 'POST' }), LIMIT)).toHaveLength(0);
});
