import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { guardedLookup, isAllowedUrl, isPublicAddress, postOutside } from './outgoing.ts';

let server: Server | undefined;
afterEach(() => server?.close());

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  '::ffff:10.0.0.1',
  'fe80::1',
  'fc00::1',
  'ff02::1',
  '64:ff9b::a00:1',
  '2001:db8::1',
  '2002:a00:1::',
  'no address',
])('is inside: %s', (address) => expect(isPublicAddress(address)).toBe(false));

test.each(['1.1.1.1', '172.32.0.1', '192.167.255.255', '2606:4700::1111', '2a00:1450::1'])(
  'is outside: %s',
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  'http://example.com/',
  'https://localhost/',
  'https://127.0.0.1/',
  'https://0x7f000001/',
  'https://2130706433/',
  'https://127.1/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://169.254.169.254/latest',
  'https://user:password@example.com/',
  'https://intranet/',
  'ftp://example.com/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  '',
])('is not posted to: %s', (url) => expect(isAllowedUrl(url, false)).toBe(false));

test('HTTP goes to this machine in a demonstration alone', () => {
  expect(isAllowedUrl('https://hooks.example.com/a?b=1', false)).toBe(true);
  for (const url of ['http://127.0.0.1:9/', 'http://localhost:9/', 'http://[::1]:9/']) {
    expect(isAllowedUrl(url, true), url).toBe(true);
    expect(isAllowedUrl(url, false), url).toBe(false);
  }
  expect(isAllowedUrl('http://10.0.0.1/', true)).toBe(false);
});

test('a name that leads inside is refused when it is resolved', async () => {
  const error = await new Promise((resolve) => guardedLookup(isPublicAddress)('localhost', {}, resolve as never));
  expect(String(error)).toContain('address-not-public');
});

async function answering(listener: Parameters<typeof createServer>[1]): Promise<string> {
  const opened = createServer(listener as never);
  server = opened;
  await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(opened.address() as AddressInfo).port}/`;
}

test('a redirect is not followed, an endless answer is not read, and nobody there is an outcome', async () => {
  const moved = await answering((_, answer) => answer.writeHead(307, { location: 'http://127.0.0.1:1/' }).end());
  expect(await postOutside(moved, '{}', {}, true)).toEqual({ status: 307, error: null });
  server?.close();
  const endless = await answering((_, answer) => {
    answer.writeHead(200);
    const write = (): void => {
      while (!answer.destroyed && answer.write('x'.repeat(10_000)));
      if (!answer.destroyed) answer.once('drain', write);
    };
    write();
  });
  expect(await postOutside(endless, '{}', {}, true)).toEqual({ status: 200, error: 'answer-too-long' });
  expect(await postOutside('http://127.0.0.1:1/', '{}', {}, true)).toEqual({ status: null, error: 'not-reached' });
  expect(await postOutside('http://127.0.0.1:1/', '{}', {}, false)).toEqual({
    status: null,
    error: 'address-not-allowed',
  });
});
