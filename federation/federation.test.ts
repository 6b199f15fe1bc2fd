import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readKey, signerOf } from '../members/keys.ts';
import { eventually } from '../test/demo.ts';
import { FederatedNodes } from '../test/nodes.ts';
import { nodeRandom } from '../values/node-crypto.ts';
import { askPeer } from './peer-client.ts';
import { makeToken } from './token.ts';

/** Six nodes over real HTTP. The tests build on each other: the logs grow from one to the next. */

let nodes: FederatedNodes;
beforeAll(async () => {
  nodes = await FederatedNodes.start();
});
afterAll(() => nodes.close());

const finalOf = (member: string): number => Number(nodes.node(member).context.ledger.final?.size ?? 0n);
const publishedOf = (member: string): number => Number(nodes.node(member).context.ledger.published?.size ?? 0n);

test('what is addressed to a member reaches it and nobody else, once; what is public reaches all; all of it is final', async () => {
  const toTwo = await nodes.append('UZ', [{ member: 'KZ' }, { member: 'CN' }]);
  const toAll = await nodes.append('UZ', 'public');
  const own = await nodes.append('UZ', [{ member: 'UZ' }]);
  for (const member of nodes.members.filter((code) => code !== 'UZ')) {
    const expected = ['KZ', 'CN'].includes(member) ? [toTwo, toAll] : [toAll];
    await eventually(async () => (await nodes.taken(member, 'UZ')).join() === expected.join());
  }
  await eventually(async () => finalOf('UZ') > own);
  await delay(1000);
  for (const member of nodes.members.filter((code) => code !== 'UZ'))
    expect(await nodes.taken(member, 'UZ')).not.toContain(own);
});

test('each tells how far it is with the others, and has nothing to report', async () => {
  await Promise.all(nodes.members.map((member) => nodes.append(member, 'public')));
  for (const member of nodes.members) {
    const { peers } = await eventually(async () => {
      const status = await nodes.node(member).federation.status();
      const level = status.peers.every(
        (peer) =>
          peer.cosigned === publishedOf(peer.member) &&
          peer.mirrored === peer.cosigned &&
          peer.taken === peer.cosigned &&
          peer.cosignedOurs === publishedOf(member),
      );
      return level && status;
    });
    expect(peers.map((peer) => peer.member)).toEqual(nodes.members.filter((code) => code !== member));
    expect(peers.every(({ lagSeconds, lastContact }) => lagSeconds === 0 && lastContact !== null)).toBe(true);
  }
});

test('one member away: final all the same; two: published and taken over, not final; back: all catches up', async () => {
  await nodes.stop('TM');
  const one = await nodes.append('KZ', 'public');
  await eventually(async () => finalOf('KZ') > one);
  await nodes.stop('TJ');
  const two = await nodes.append('KZ', 'public');
  await eventually(async () => (await nodes.taken('UZ', 'KZ')).includes(two));
  await delay(1500);
  expect(publishedOf('KZ')).toBeGreaterThan(two);
  expect(finalOf('KZ')).toBeLessThanOrEqual(two);
  await nodes.open('TJ');
  await eventually(async () => finalOf('KZ') > two);
  await nodes.open('TM');
  for (const member of ['TJ', 'TM'])
    await eventually(async () => {
      const taken = await nodes.taken(member, 'KZ');
      return taken.includes(one) && taken.includes(two);
    });
});

test('what its owner withholds comes from another for whom it is too, and to nobody for whom it is not', async () => {
  const index = await nodes.append('KG', [{ member: 'UZ' }, { member: 'CN' }]);
  await eventually(async () => (await nodes.taken('CN', 'KG')).includes(index));
  // The next one KG hides from UZ: its slip lists it, and it is never handed over.
  const { owner } = nodes.database('KG');
  await owner.unsafe(`CREATE FUNCTION ledger.hide() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
    IF NEW.member = ''UZ'' AND NEW.index > ${index} AND EXISTS (SELECT 1 FROM ledger.addressee WHERE index = NEW.index AND member = ''CN'')
    THEN RETURN NULL; END IF; RETURN NEW; END'`);
  await owner`CREATE TRIGGER hide BEFORE INSERT ON ledger.addressee FOR EACH ROW EXECUTE FUNCTION ledger.hide()`;
  try {
    const hidden = await nodes.append('KG', [{ member: 'CN' }, { member: 'UZ' }]);
    await eventually(async () => (await nodes.taken('CN', 'KG')).includes(hidden));
    await eventually(async () => (await nodes.taken('UZ', 'KG')).includes(hidden));
    // TJ, for whom it is not, is passed nothing by CN.
    const { origin } = nodes.node('KG').context;
    expect(await nodes.node('CN').federation.servePassed('UZ', origin, String(hidden))).toMatchObject({
      records: [{ index: hidden }],
    });
    expect(await nodes.node('CN').federation.servePassed('TJ', origin, String(hidden))).toMatchObject({ records: [] });
    await expect(nodes.node('CN').federation.servePassed('UZ', origin, '-1')).rejects.toMatchObject({
      code: 'pull-invalid',
    });
  } finally {
    await owner`DROP TRIGGER hide ON ledger.addressee`;
    await owner`DROP FUNCTION ledger.hide()`;
  }
});

test('records are served to a node that shows a fresh token of its own, once', async () => {
  const peer = nodes.node('KZ').context.registry.getMember('KZ');
  const key = signerOf(readKey(join(nodes.directory, 'members', 'uz', 'keys', 'node.key')));
  const { origin } = nodes.node('UZ').context;
  const ask = async (token?: string) => {
    const answer = await askPeer(`${peer.address}/peer/records?from=0&below=1000&limit=500`, {
      maxBytes: 1_000_000,
      ...(token === undefined ? {} : { token }),
    });
    const body = JSON.parse(Buffer.from(answer.body).toString()) as { code?: string; records?: { bytes: string }[] };
    return { status: answer.status, ...body };
  };
  const make = (from: string, to: string, at = new Date()) => makeToken(key, from, to, at, nodeRandom);
  await nodes.append('KZ', [{ member: 'UZ' }]);
  const foreign = await nodes.append('KZ', [{ member: 'CN' }]);
  await eventually(async () => publishedOf('KZ') > foreign);
  const token = await make(origin, peer.log.origin);
  const served = await ask(token);
  expect(served.status).toBe(200);
  const addressed = (served.records ?? []).map(
    ({ bytes }) => (JSON.parse(Buffer.from(bytes, 'base64').toString()) as { to: unknown }).to,
  );
  expect(addressed.length).toBeGreaterThan(0);
  for (const to of addressed)
    expect(to === 'public' || (to as { member: string }[]).some(({ member }) => member === 'UZ')).toBe(true);
  expect(await ask(token)).toMatchObject({ status: 401, code: 'node-token-replayed' });
  expect(await ask(await make(origin, 'demo.tm.dostyk/log'))).toMatchObject({
    status: 401,
    code: 'node-token-invalid',
  });
  expect(await ask(await make('demo.tm.dostyk/log', peer.log.origin))).toMatchObject({ code: 'node-token-invalid' });
  const old = new Date(Date.now() - 120_000);
  expect(await ask(await make(origin, peer.log.origin, old))).toMatchObject({ code: 'node-token-expired' });
  expect(await ask()).toMatchObject({ status: 401, code: 'node-token-missing' });
});

test('a mirror that stays behind what was cosigned is reported, whether or not anybody asks', async () => {
  const { sql } = nodes.database('CN');
  const origin = nodes.node('KG').context.origin;
  await nodes.stop('KG');
  await sql`UPDATE ledger.witness_state SET size = size + 1, at = now() - interval '2 minutes' WHERE origin = ${origin}`;
  const fault = await eventually(async () => {
    const rows = await sql<
      { code: string }[]
    >`SELECT code FROM federation.fault WHERE member = 'KG' AND code = 'data-withheld'`;
    return rows[0];
  });
  expect(fault.code).toBe('data-withheld');
});

test('every log audits clean after all that', async () => {
  for (const member of nodes.members.filter((code) => code !== 'KG')) {
    expect([member, (await nodes.node(member).audit()).findings]).toEqual([member, []]);
  }
});
