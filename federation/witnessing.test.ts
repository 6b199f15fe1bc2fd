import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAddCheckpoint } from '../log/add-checkpoint.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { cosign } from '../log/cosignature.ts';
import { seal, uuidv7 } from '../log/envelope.ts';
import { ED25519_COSIGNATURE } from '../log/note.ts';
import { type KeyFile, makeKey, signerOf } from '../members/keys.ts';
import { Registry } from '../members/registry.ts';
import { eventually } from '../test/demo.ts';
import { HandlerNodes } from '../test/handler-nodes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Witnessing } from './witnessing.ts';

/** A real log, and five witnesses over real HTTP that may be honest or not. */

interface Fake {
  readonly code: string;
  readonly key: KeyFile;
  readonly server: Server;
  held: bigint;
  asked: number;
  /** What it does instead; undefined: what a witness should. */
  instead: ((response: ServerResponse, note: string) => void | Promise<void>) | undefined;
}

let nodes: HandlerNodes;
let witnesses: Fake[];
let witnessing: Witnessing;
let faults: { member: string; code: string }[];

async function honest(fake: Fake, body: string, logKeys: readonly string[]): Promise<[number, string]> {
  const { oldSize, note } = parseAddCheckpoint(body);
  const { checkpoint, note: parsed } = await openCheckpoint(nodeCrypto, note, logKeys);
  if (oldSize !== fake.held) return [409, `${fake.held}\n`];
  fake.held = checkpoint.size;
  return [200, await cosign(nodeCrypto, parsed.text, BigInt(Math.floor(Date.now() / 1000)), signerOf(fake.key))];
}

beforeEach(async () => {
  nodes = await HandlerNodes.open('KZ');
  const { registry, ledger, tiles, crypto } = nodes.node('KZ').context;
  const logKeys = registry.getMember('KZ').log.keys.map(({ vkey }) => vkey);
  faults = [];
  witnesses = await Promise.all(
    registry.others('KZ').map(async ({ code }): Promise<Fake> => {
      const server = createServer(async (request, response) => {
        let body = '';
        for await (const part of request.setEncoding('utf8')) body += part;
        fake.asked++;
        if (fake.instead !== undefined) return void (await fake.instead(response, parseAddCheckpoint(body).note));
        const [status, text] = await honest(fake, body, logKeys);
        response.writeHead(status).end(text);
      });
      const key = makeKey(`demo.${code.toLowerCase()}.dostyk/witness`, ED25519_COSIGNATURE, nodeRandom);
      const fake: Fake = { code, key, server, held: 0n, asked: 0, instead: undefined };
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return fake;
    }),
  );
  const members = registry.members.map((member) => {
    const fake = witnesses.find(({ code }) => code === member.code);
    if (fake === undefined) return member;
    const { port } = fake.server.address() as AddressInfo;
    return { ...member, address: `http://127.0.0.1:${port}`, witness: { keys: [{ vkey: fake.key.vkey, from: 0 }] } };
  });
  witnessing = new Witnessing({
    member: 'KZ',
    registry: new Registry({ ...registry.document, members }, registry.genesis, registry.versions),
    ledger,
    tiles,
    crypto,
    onFault: (member, code) => void faults.push({ member, code }),
    onContact: () => undefined,
    retryMs: 100,
    renewMs: 2000,
  });
});
afterEach(async () => {
  await witnessing.stop();
  for (const { server } of witnesses) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await nodes.close();
});

/** One more record in the log, and a checkpoint over it. */
async function grow(): Promise<bigint> {
  const { ledger, crypto, origin, random } = nodes.node('KZ').context;
  const record = {
    v: 1 as const,
    id: uuidv7(Date.now(), random),
    log: origin,
    registry: 1,
    type: 'withdrawal',
    issuer: { member: 'KZ' },
    to: [{ member: 'UZ' }],
    after: [],
    at: new Date().toISOString(),
    body: { operator: 'kz.exporter' },
  };
  await ledger.append([seal(record, { crypto, random })], { account: 'test' });
  return (await ledger.sign()).size;
}

const finalSize = (): bigint => nodes.node('KZ').context.ledger.final?.size ?? 0n;
const cosigners = async (size: bigint): Promise<string[]> =>
  (await nodes.node('KZ').context.ledger.cosigned())
    .filter((one) => one.size === size)
    .map(({ witness }) => witness)
    .sort();
const everyone = (): string[] => witnesses.map(({ code }) => code).sort();

test('the newest checkpoint goes to all, becomes final, and is cosigned anew while nothing changes', async () => {
  witnessing.start();
  const size = await grow();
  await eventually(async () => (await cosigners(size)).length === 5);
  await eventually(async () => finalSize() === size);
  const before = witnesses.map(({ asked }) => asked);
  await eventually(async () => witnesses.every(({ asked }, i) => asked > (before[i] ?? 0)));
  expect(faults).toEqual([]);
});

test('a witness that holds another size than was thought tells it, and cosigns', async () => {
  witnessing.start();
  const first = await grow();
  await eventually(async () => (await cosigners(first)).length === 5);
  for (const fake of witnesses) fake.held = 0n;
  const second = await grow();
  await eventually(async () => (await cosigners(second)).length === 5);
  expect(faults).toEqual([]);
});

test('with one witness away a checkpoint is final, with two it is not, until one is back', async () => {
  const [one, two] = witnesses as [Fake, Fake];
  one.instead = (response) => void response.destroy();
  witnessing.start();
  const first = await grow();
  await eventually(async () => finalSize() === first);
  two.instead = (response) => void response.destroy();
  const second = await grow();
  await delay(1500);
  expect(finalSize()).toBe(first);
  expect(nodes.node('KZ').context.ledger.published?.size).toBe(second);
  two.instead = undefined;
  await eventually(async () => finalSize() === second);
  one.instead = undefined;
  await eventually(async () => (await cosigners(second)).join() === everyone().join());
});

test('a witness that never answers holds up no checkpoint', async () => {
  const [silent] = witnesses as [Fake];
  silent.instead = () => undefined;
  witnessing.start();
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    const size = await grow();
    const since = performance.now();
    await eventually(async () => finalSize() === size);
    waits.push(performance.now() - since);
    await delay(600);
  }
  expect(Math.max(...waits)).toBeLessThan(1500);
  expect(faults.every(({ member, code }) => member === silent.code && code === 'unreachable')).toBe(true);
  expect(silent.asked).toBeGreaterThan(1);
});

const other = makeKey('demo.zz.dostyk/witness', ED25519_COSIGNATURE, nodeRandom);
const wrong: [string, (response: ServerResponse, note: string, fake: Fake) => void | Promise<void>, string][] = [
  ['a size beyond the end of the log', (response) => void response.writeHead(409).end('999999999\n'), 'witness-ahead'],
  ['409 with the size that was sent', (response) => void response.writeHead(409).end('0\n'), 'witness-refuses'],
  ['422', (response) => void response.writeHead(422).end('no\n'), 'witness-refuses'],
  ['409 without a size', (response) => void response.writeHead(409).end('many\n'), 'witness-refuses'],
  ['500', (response) => void response.writeHead(500).end('x'), 'witness-error'],
  ['garbage', (response) => void response.end(Buffer.alloc(3000, 7)), 'note-invalid'],
  ['nothing', (response) => void response.end(), 'cosignature-invalid'],
  [
    'a signature that does not fit',
    async (response, note, fake) =>
      void response.end(await cosign(nodeCrypto, `${note.split('\n\n')[0]}x\n`, 1n, signerOf(fake.key))),
    'note-signature-invalid',
  ],
  [
    'a cosignature by somebody else',
    async (response, note) =>
      void response.end(await cosign(nodeCrypto, `${note.split('\n\n')[0]}\n`, 1n, signerOf(other))),
    'cosignature-invalid',
  ],
  ['more than a cosignature', (response) => void response.end(Buffer.alloc(100_000, 0x20)), 'peer-oversized'],
  ['a redirect', (response) => void response.writeHead(302, { location: '/elsewhere' }).end(), 'unreachable'],
];
test.each(wrong)(
  'a witness that answers %s is reported, counts for nothing, and is heard when it is well',
  async (_, answer, code) => {
    const [bad] = witnesses as [Fake];
    bad.instead = (response, note) => answer(response, note, bad);
    witnessing.start();
    const size = await grow();
    await eventually(async () => finalSize() === size && faults.length > 0);
    expect(faults[0]).toEqual({ member: bad.code, code });
    expect(await cosigners(size)).not.toContain(bad.code);
    bad.instead = undefined;
    await eventually(async () => (await cosigners(size)).includes(bad.code));
  },
);

test('a witness that names another size each time is reported', async () => {
  const [bad] = witnesses as [Fake];
  let size = 0;
  bad.instead = (response) => void response.writeHead(409).end(`${1 + (size++ % 3)}\n`);
  for (let i = 0; i < 3; i++) await grow();
  witnessing.start();
  await eventually(async () => faults.some(({ member }) => member === bad.code));
  expect(faults[0]).toEqual({ member: bad.code, code: 'witness-error' });
});

test('a drip of bytes ends with the time limit', async () => {
  const [slow] = witnesses as [Fake];
  let drip: NodeJS.Timeout | undefined;
  slow.instead = (response) => {
    drip = setInterval(() => response.write('—'), 200);
  };
  witnessing.start();
  const size = await grow();
  await eventually(async () => faults.length > 0);
  clearInterval(drip);
  expect(faults[0]).toEqual({ member: slow.code, code: 'unreachable' });
  expect(finalSize()).toBe(size);
});
