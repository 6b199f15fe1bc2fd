import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ED25519 } from '../log/note.ts';
import { makeDemo } from '../members/genesis.ts';
import { makeKey } from '../members/keys.ts';
import { openRegistry, type RegistryVersion } from '../members/registry.ts';
import { entryOf, RegistryHand } from '../test/registry.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { fetchNewerRegistry, registryOffer } from './registry-exchange.ts';

/** What one node makes of versions that it is offered: a thief’s many, and the others' one that prevails over them. */

const top = mkdtempSync(join(tmpdir(), 'dostyk-offer-'));
let genesis: string;
let first: RegistryVersion;
const thief: RegistryVersion[] = [];
const prevailing: RegistryVersion[] = [];
beforeAll(async () => {
  const directory = join(top, 'demo');
  genesis = await makeDemo({ directory, basePort: 7000, random: nodeRandom, now: new Date('2026-06-11T00:00:00Z') });
  const hand = new RegistryHand(directory);
  first = hand.version(1);
  thief.push(first);
  for (let port = 9000; port < 9012; port++)
    thief.push(
      await hand.next(
        thief.at(-1) ?? first,
        (document) => void (entryOf(document, 'KZ').address = `http://127.0.0.1:${port}`),
        ['KZ'],
      ),
    );
  const { vkey } = makeKey('demo.kz.dostyk/member', ED25519, nodeRandom);
  const replaced = await hand.next(first, (document) => void (entryOf(document, 'KZ').memberKey = vkey), [
    'CN',
    'KG',
    'TJ',
    'TM',
    'UZ',
  ]);
  prevailing.push(first, replaced);
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const open = (versions: readonly RegistryVersion[]) => openRegistry(nodeCrypto, versions, genesis);

test('a peer with fewer versions may hold those that prevail: it is asked for them', async () => {
  let held = prevailing;
  const peer = createServer(({ url = '' }, answer) => {
    const from = Number(new URL(url, 'http://peer').searchParams.get('from'));
    answer.end(JSON.stringify({ versions: held.slice(from - 1) }));
  });
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  try {
    const address = `http://127.0.0.1:${(peer.address() as AddressInfo).port}`;
    const ask = async (mine: RegistryVersion[]) =>
      fetchNewerRegistry(address, await open(mine), AbortSignal.timeout(60_000));
    expect(await ask(thief)).toEqual(prevailing);
    expect(await ask([first])).toEqual(prevailing);
    expect(await ask(prevailing)).toBeUndefined();
    held = thief;
    expect(await ask(prevailing)).toEqual(thief);
  } finally {
    peer.close();
  }
});

test('of two offers at once that which prevails is kept, whichever comes first', async () => {
  for (const offers of [
    [prevailing, thief],
    [thief, prevailing],
  ]) {
    let kept: readonly RegistryVersion[] = [];
    const offer = registryOffer(await open([first]), {
      crypto: nodeCrypto,
      keep: async (versions) => void (kept = versions),
      fault: async () => undefined,
    });
    await Promise.all(offers.map(offer));
    expect(kept).toEqual(prevailing);
  }
});

test('what could not be kept is taken up when it is offered again', async () => {
  const opened: number[] = [];
  let away = true;
  const offer = registryOffer(await open([first]), {
    crypto: nodeCrypto,
    keep: async () => {
      if (away) throw new Error('the database is away');
    },
    fault: async () => undefined,
    onRegistry: (version) => void opened.push(version),
  });
  await expect(offer(prevailing)).rejects.toThrow('away');
  expect(opened).toEqual([]);
  away = false;
  await offer(prevailing);
  await offer(prevailing);
  expect(opened).toEqual([2]);
});
