import { lookup } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';

/**
 * Posts to addresses that users name, and to nothing inside: the name is resolved here, each address it gives is checked, and the
 * connection goes to the checked address, so that a name can not change its mind in between.
 */

/** Not reachable from the public Internet: IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates). */
const INSIDE = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  INSIDE.addSubnet(net, prefix, 'ipv4');
/** Global unicast is 2000::/3 alone; within it, tunnels that carry IPv4 addresses and documentation. */
const OUTSIDE6 = new BlockList();
OUTSIDE6.addSubnet('2000::', 3, 'ipv6');
for (const [net, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  INSIDE.addSubnet(net, prefix, 'ipv6');

/** @example isPublicAddress('10.0.0.1') // false */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !INSIDE.check(address, 'ipv4');
  return isIP(address) === 6 && OUTSIDE6.check(address, 'ipv6') && !INSIDE.check(address, 'ipv6');
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);

/** Whether a URL may be posted to. @param demo lets plain HTTP go to this machine */
export function isAllowedUrl(text: string, demo: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (demo && url.protocol === 'http:' && (LOOPBACK.has(host) || host === 'localhost')) return true;
  return url.protocol === 'https:' && (isIP(host) === 0 ? host.includes('.') : isPublicAddress(host));
}

/** Resolves like the system, and fails where any address is one that must not be reached. */
export function guardedLookup(isAllowed: (address: string) => boolean): LookupFunction {
  return (host, options, callback) =>
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0);
      const [first] = found;
      if (first === undefined || !found.every(({ address }) => isAllowed(address)))
        return callback(new Error('address-not-public') as NodeJS.ErrnoException, '', 0);
      if (options.all === true) return callback(null, found);
      callback(null, first.address, first.family);
    });
}

export interface Outcome {
  /** Null when nothing answered. */
  readonly status: number | null;
  readonly error: string | null;
}

const TIMEOUT_MS = 5000;
const ANSWER_BYTES = 65_536;

/** One POST without redirects; never throws. An address outside what is allowed is an outcome as well. */
export function postOutside(
  text: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  demo: boolean,
): Promise<Outcome> {
  if (!isAllowedUrl(text, demo)) return Promise.resolve({ status: null, error: 'address-not-allowed' });
  const url = new URL(text);
  const plain = url.protocol === 'http:';
  const isAllowed = plain ? (address: string) => LOOPBACK.has(address) : isPublicAddress;
  return new Promise((resolve) => {
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      resolve(outcome);
      request.destroy();
    };
    const request = (plain ? httpRequest : httpsRequest)(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        lookup: guardedLookup(isAllowed),
        agent: false,
      },
      (answer) => {
        const status = answer.statusCode ?? null;
        let read = 0;
        answer.on('data', (part: Buffer) => {
          read += part.length;
          if (read > ANSWER_BYTES) end({ status, error: 'answer-too-long' });
        });
        answer.once('end', () => end({ status, error: null }));
        answer.once('error', () => end({ status: null, error: 'connection-lost' }));
      },
    );
    const timer = setTimeout(() => end({ status: null, error: 'no-answer-in-time' }), TIMEOUT_MS);
    request.once('error', (error: NodeJS.ErrnoException) =>
      end({ status: null, error: error.message === 'address-not-public' ? 'address-not-allowed' : 'not-reached' }),
    );
    request.end(body);
  });
}
