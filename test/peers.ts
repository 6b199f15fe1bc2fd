import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { PeerAnswer } from '../federation/peer-client.ts';
import { formatCheckpoint } from '../log/checkpoint.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { ED25519_COSIGNATURE, type Signer, signNote } from '../log/note.ts';
import { formatBundle, parseTilePath, TileReader } from '../log/tile.ts';
import { Registry, type RegistryDocument } from '../members/registry.ts';
import { concat, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { makeSigner } from './ledger.ts';

/** Six members of whom a test plays all but one: what they answer is what it says. */

export const MEMBERS = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'];
export const originOf = (code: string): string => `demo.${code.toLowerCase()}.dostyk/log`;
export const logSigners = new Map(MEMBERS.map((code) => [code, makeSigner(originOf(code))]));
export const witnessSigners = new Map(
  MEMBERS.map((code) => [code, makeSigner(`demo.${code.toLowerCase()}.dostyk/witness`, ED25519_COSIGNATURE)]),
);
export const logSigner = (code: string): Signer => logSigners.get(code) as Signer;

export interface LogKey {
  readonly vkey: string;
  readonly from: number;
  readonly until?: number;
}

/** @param keys of logs that have others than `logSigner` */
export function registryOf(address: string, keys: Readonly<Record<string, readonly LogKey[]>> = {}): Registry {
  const members = MEMBERS.map((code) => ({
    code,
    address: `${address}/${code}`,
    memberKey: makeSigner('member').vkey,
    log: { origin: originOf(code), keys: keys[code] ?? [{ vkey: logSigner(code).vkey, from: 0 }] },
    witness: { keys: [{ vkey: witnessSigners.get(code)?.vkey, from: 0 }] },
    authorities: [],
    posts: [],
  }));
  const document = { v: 1, version: 1, publishedAt: '2026-06-11T00:00:00.000Z', quorum: 4, members };
  return new Registry(document as unknown as RegistryDocument, 'test', []);
}

export const entriesNamed = (name: string, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => nodeCrypto.sha256(utf8(`${name} ${i}`)));

export const rootOf = (entries: readonly Uint8Array[]): Uint8Array =>
  edgeRoot(
    nodeCrypto,
    entries.reduce((edge, one) => appendLeaf(nodeCrypto, edge, leafHash(nodeCrypto, one)), EMPTY_EDGE),
  );

/** A checkpoint over these entries, by the log's own key where no other is named. */
export const noteOf = (code: string, entries: readonly Uint8Array[], by = logSigner(code)): Promise<string> =>
  signNote(
    nodeCrypto,
    formatCheckpoint({ origin: originOf(code), size: BigInt(entries.length), root: rootOf(entries) }),
    [by],
  );

/** Of at most 256 entries. */
export const readerOf = (entries: readonly Uint8Array[], size = BigInt(entries.length)): TileReader =>
  new TileReader(nodeCrypto, size, ({ n, width }) =>
    concat(...entries.slice(Number(n) * 256, Number(n) * 256 + width).map((one) => leafHash(nodeCrypto, one))),
  );

/** What one member answers, by path; undefined: 404. 'away' does not answer. */
export type Answers = (path: string) => string | Uint8Array | number | 'away' | undefined;

export const hashOf = (code: string): string => toHex(nodeCrypto.sha256(utf8(originOf(code))));

/** One that holds a log as witness, as mirror, or as both. */
export function holding(
  code: string,
  { witness, mirror, entries = [] }: { witness?: string; mirror?: string; entries?: readonly Uint8Array[] },
): Answers {
  return (path) => {
    if (path === `/witness/${hashOf(code)}/checkpoint`) return witness;
    if (path === `/mirror/${hashOf(code)}/checkpoint`) return mirror;
    const address = parseTilePath(path.slice(`/mirror/${hashOf(code)}/`.length));
    if (!path.startsWith('/mirror/') || address?.level !== 'entries') return undefined;
    const from = Number(address.n) * 256;
    return formatBundle(entries.slice(from, from + address.width));
  };
}

const ADDRESS = 'http://peers.invalid';
export const offlineRegistry = (keys?: Readonly<Record<string, readonly LogKey[]>>): Registry =>
  registryOf(ADDRESS, keys);

/** In place of the network; `asked` has every address in order. */
export function sendTo(answers: Readonly<Record<string, Answers>>, asked: string[] = []) {
  return async (url: string): Promise<PeerAnswer> => {
    asked.push(url.slice(ADDRESS.length));
    const [, code = '', ...path] = new URL(url).pathname.split('/');
    const told = answers[code]?.(`/${path.join('/')}`);
    if (told === 'away') throw new Refusal(502, 'peer-unreachable', `${code} does not answer.`);
    const body = typeof told === 'string' ? utf8(told) : told instanceof Uint8Array ? told : new Uint8Array();
    return { status: typeof told === 'number' ? told : told === undefined ? 404 : 200, contentType: '', body };
  };
}

/** The same over HTTP, until the test is finished. @returns the registry that names their addresses */
export async function listenAs(
  answers: Readonly<Record<string, Answers>>,
  keys?: Readonly<Record<string, readonly LogKey[]>>,
): Promise<Registry> {
  const server = createServer((request, response) => {
    const [, code = '', ...path] = new URL(request.url ?? '/', 'http://x').pathname.split('/');
    const told = answers[code]?.(`/${path.join('/')}`);
    if (told === 'away') return void response.destroy();
    response.writeHead(typeof told === 'number' ? told : told === undefined ? 404 : 200);
    response.end(typeof told === 'number' ? undefined : told);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return registryOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys);
}
