import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, found, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { fetchAwaited, putAttachment, servePeerAttachment } from './attachment-handlers.ts';
import { sealDraft } from './filing.ts';
import { tradeRouter } from './handlers.ts';
import { files, table } from './measures/fixture.ts';
import { packTable } from './pack-handlers.ts';
import type { FileReference } from './section.ts';

const { packs, packVersions, publishPack, requirements } = tradeRouter;

let nodes: HandlerNodes;
beforeAll(async () => {
  nodes = await HandlerNodes.open('KZ', 'UZ');
});
afterAll(() => nodes.close());

async function* whole(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
const put = async (name: string, text: string | Uint8Array, as = 'UZ/ministry'): Promise<FileReference> =>
  putAttachment(await nodes.as(as), { name, mediaType: 'text/csv' }, whole(text));

/** A pack that asks for so much duty on everything. */
function tables(version: number, published: string, rate: string, member = 'UZ'): Map<string, string> {
  const own = files({ member, 'measures.csv': [{ measure: 'duty', type: 'duty', rate, from: '2020-01-01' }] });
  own.set('pack.csv', table('pack.csv', [{ member, version: String(version), published, currency: 'UZS' }]));
  return own;
}
async function upload(texts: ReadonlyMap<string, string>): Promise<FileReference[]> {
  const uploaded: FileReference[] = [];
  for (const [name, text] of texts) uploaded.push(await put(name, text));
  return uploaded;
}
const publish = async (uploaded: FileReference[], as = 'UZ/ministry', key?: string) =>
  call(publishPack, { tables: uploaded, reason: 'A test.' }, { context: await nodes.as(as, key) });
const duty = async (node: string, date = '2026-06-20') => {
  const query = { hs: '080929', from: 'KZ', to: 'UZ', value: '100', date };
  const { stages } = await call(requirements, query, { context: await nodes.as(`${node}/exporter`) });
  const stage = stages.find(({ member }) => member === 'UZ');
  return [stage?.pack?.state, stage?.pack?.version, stage?.items[0]?.options[0]?.lines[0]?.measure.rate];
};
const fetch = (
  act = async (_: string, hash: string) => (await servePeerAttachment(nodes.node('UZ').context, 'KZ', hash)).chunks,
) =>
  fetchAwaited(nodes.node('KZ').context, act as never, (_, error) => {
    throw error;
  });
const versionsAt = async (node: string) =>
  (await call(packVersions, { member: 'UZ' as never }, { context: await nodes.as(`${node}/exporter`) })).versions;

test('only the authority that answers for the rules publishes them, and only its own', async () => {
  const texts = tables(1, '2026-06-01', '1%');
  await expect(put('pack.csv', 'a', 'UZ/customs')).rejects.toMatchObject({ code: 'mandate-missing' });
  const uploaded = await upload(texts);
  for (const [name, code] of [
    ['UZ/customs', 'mandate-missing'],
    ['UZ/exporter', 'not-an-authority'],
  ] as const)
    expect(await nodes.refusal('UZ', () => publish(uploaded, name))).toMatchObject({ status: 403, code });
  const foreign = await upload(tables(1, '2026-06-01', '1%', 'KZ'));
  expect(found(await nodes.refusal('UZ', () => publish(foreign)))).toEqual(['/tables/pack.csv pack-foreign']);
});

test('a pack with faults is refused with file and line, and the pack in force stays in force', async () => {
  expect((await duty('UZ'))[0]).toBe('compiled');
  const uploaded = await upload(tables(1, '2026-06-01', '1 percent'));
  const refused = await nodes.refusal('UZ', () => publish(uploaded));
  expect(refused).toMatchObject({ status: 422, code: 'pack-refused' });
  expect(refused.findings).toMatchObject([
    {
      path: '/tables/measures.csv',
      code: 'cell-unreadable',
      params: { file: 'measures.csv', line: 2, column: 'rate' },
    },
  ]);
  expect((await duty('UZ'))[0]).toBe('compiled');
});

test('what is published is confirmed here at once, and at the others when its tables have come', async () => {
  const uploaded = await upload(tables(1, '2026-06-01', '1%'));
  expect(await publish(uploaded, 'UZ/ministry', 'once')).toMatchObject({ member: 'UZ', version: 1, repeated: false });
  expect(await publish(uploaded, 'UZ/ministry', 'once')).toMatchObject({ member: 'UZ', version: 1, repeated: true });
  expect(await duty('UZ')).toEqual(['confirmed', 1, '1%']);
  expect((await duty('UZ', '2026-05-31'))[0]).toBe('compiled');

  expect((await duty('KZ'))[0]).toBe('compiled');
  await nodes.deliver();
  expect((await duty('KZ'))[0]).toBe('compiled');
  expect(await versionsAt('KZ')).toMatchObject([
    { version: 1, state: 'confirmed', here: false, inForce: false },
    { state: 'compiled', here: true, inForce: true },
  ]);
  while ((await fetch()) > 0);
  expect(await duty('KZ')).toEqual(['confirmed', 1, '1%']);
  expect(await versionsAt('KZ')).toMatchObject([
    {
      version: 1,
      state: 'confirmed',
      authority: 'uz.ministry',
      here: true,
      inForce: true,
      faults: [],
      reason: 'A test.',
    },
    { state: 'compiled', inForce: false },
  ]);
  const listed = await call(
    packs,
    { member: 'UZ' as never, on: '2026-06-20' as never },
    { context: await nodes.as('KZ/exporter') },
  );
  expect(listed.packs).toMatchObject([{ member: 'UZ', version: 1, state: 'confirmed', measures: 1 }]);
});

test('a version rises, holds from its day, and may be read table by table by anyone', async () => {
  const again = await upload(tables(1, '2026-06-01', '2%'));
  expect(await nodes.refusal('UZ', () => publish(again))).toMatchObject({ status: 409, code: 'pack-version-taken' });
  const earlier = await upload(tables(2, '2026-05-01', '2%'));
  expect(await nodes.refusal('UZ', () => publish(earlier))).toMatchObject({ status: 409, code: 'pack-version-taken' });
  const next = tables(2, '2026-07-01', '2%');
  await publish(await upload(next));
  expect([await duty('UZ', '2026-06-30'), await duty('UZ', '2026-07-01')]).toEqual([
    ['confirmed', 1, '1%'],
    ['confirmed', 2, '2%'],
  ]);
  const context = await nodes.as('UZ/importer');
  const { size, chunks } = await packTable(context, 'UZ', 2, 'measures.csv');
  const bytes: Uint8Array[] = [];
  for await (const piece of chunks) bytes.push(piece);
  expect([Buffer.concat(bytes).toString(), size]).toEqual([
    next.get('measures.csv'),
    Buffer.byteLength(next.get('measures.csv') ?? ''),
  ]);
  for (const [member, version, name] of [
    ['UZ', 3, 'measures.csv'],
    ['UZ', 2, 'nothing.csv'],
    ['XX', 1, 'pack.csv'],
  ] as const)
    expect(await refusalOf(packTable(context, member, version, name))).toMatchObject({
      status: 404,
      code: 'pack-unknown',
    });
});

test('what changes from one day to another is told by member and goods, across versions, page by page', async () => {
  const { packChanges } = tradeRouter;
  const context = await nodes.as('KZ/exporter');
  const ask = (query: object) => call(packChanges, { member: 'UZ', ...query } as never, { context });
  await nodes.deliver();
  while ((await fetch()) > 0);
  const changed = await ask({ since: '2026-07-01', until: '2026-07-01' });
  expect(changed).toMatchObject({
    packs: [{ member: 'UZ', before: { version: 1, state: 'confirmed' }, after: { version: 2, state: 'confirmed' } }],
    items: [
      { member: 'UZ', table: 'measures', id: 'duty', type: 'duty', before: '1%', after: '2%', differs: ['rate'] },
    ],
    count: 1,
  });
  expect((await ask({ since: '2026-07-02', until: '2026-07-30' })).items).toEqual([]);
  // From what ships to what was published.
  const whole = await ask({ since: '2026-06-01', until: '2026-06-01', limit: 500 });
  expect(whole.count).toBeGreaterThan(20);
  const pages = await Promise.all(
    [0, 5].map((skip) => ask({ since: '2026-06-01', until: '2026-06-01', limit: 5, skip })),
  );
  expect(pages.flatMap(({ items }) => items)).toEqual(whole.items.slice(0, 10));
  const cherries = await ask({ since: '2026-06-01', until: '2026-06-01', goods: '080929', limit: 500 });
  expect(cherries.count).toBeLessThan(whole.count);
  expect(await refusalOf(ask({ since: '2026-07-02', until: '2026-07-01' }))).toMatchObject({ code: 'span-reversed' });
});

test('a feed tells of versions and of what lies ahead, is whole XML, and is the same for the same', async () => {
  const node = nodes.node('UZ');
  const feed = await node.changesFeed({ member: 'UZ' });
  expect(feed).toContain('<title>UZ: version 2 of the rules, published by uz.ministry</title>');
  expect(await node.changesFeed({ member: 'UZ' })).toBe(feed);
  const all = await node.changesFeed({});
  expect(all).toMatch(/<title>KZ: (one rule changes|\d+ rules change) on 20\d\d-\d\d-\d\d<\/title>/);
  const tags = [...all.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)].filter(
    ([text, , , single]) => single === '' && !text.startsWith('<?'),
  );
  const open: string[] = [];
  for (const [, close, name = ''] of tags) {
    if (close === '') open.push(name);
    else expect(open.pop()).toBe(name);
  }
  expect(open).toEqual([]);
  const ids = [...all.matchAll(/<id>([^<]+)<\/id>/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect((await node.changesFeed({ goods: '99' })).match(/<entry>/g)?.length).toBeLessThan(ids.length);
  for (const query of [{ member: 'uz' }, { goods: '8' }, { other: 'x' }] as Record<string, string>[])
    expect(await refusalOf(node.changesFeed(query))).toMatchObject({ status: 400, code: 'input-invalid' });
});

test('a record that names a pack with faults, or of another, changes nothing in force, and the faults are told', async () => {
  const { context } = nodes.node('UZ');
  const broken = await upload(tables(3, '2026-06-01', 'nothing at all'));
  const other = await upload(tables(5, '2026-07-01', '9%'));
  const binary = [await put('pack.csv', 'a,b'), ...(await upload(tables(6, '2026-07-01', '9%'))).slice(1)];
  for (const [version, named] of [
    [3, broken],
    [4, other],
    [6, binary],
  ] as const) {
    const body = { version, published: '2026-07-01', tables: [...named], reason: 'Unchecked.' };
    const draft = { type: 'pack', authority: 'uz.ministry', to: 'public' as const, body };
    const sealing = { ...context, now: nodes.now };
    await context.ledger.append([sealDraft(draft, sealing)], { account: 'a test' });
  }
  await nodes.deliver();
  while ((await fetch()) > 0);
  for (const node of ['UZ', 'KZ']) {
    expect(await duty(node, '2026-07-02')).toEqual(['confirmed', 2, '2%']);
    expect((await versionsAt(node)).map(({ version, faults }) => [version, faults[0]?.file, faults[0]?.line])).toEqual([
      [6, 'pack.csv', 1],
      [4, 'pack.csv', 2],
      [3, 'measures.csv', 2],
      [2, undefined, undefined],
      [1, undefined, undefined],
      [expect.any(Number), undefined, undefined],
    ]);
  }
});

test('a file of another member is no table, whoever names it: it stays with its readers', async () => {
  const secret = await putAttachment(
    await nodes.as('UZ/exporter'),
    { name: 'measures.csv', mediaType: 'text/csv' },
    whole('buyer,price'),
  );
  const { context } = nodes.node('KZ');
  const body = { version: 1, published: '2026-06-01', tables: [secret], reason: 'Not mine.' };
  const draft = { type: 'pack', authority: 'kz.ministry', to: 'public' as const, body };
  await context.ledger.append([sealDraft(draft, { ...context, now: nodes.now })], { account: 'a test' });
  await nodes.deliver();
  const { versions } = await call(packVersions, { member: 'KZ' as never }, { context: await nodes.as('UZ/importer') });
  expect(versions[0]).toMatchObject({ version: 1, here: false, inForce: false, faults: [] });
  const unknown = { status: 404, code: 'attachment-unknown' };
  expect(await refusalOf(servePeerAttachment(nodes.node('UZ').context, 'KZ', secret.hash))).toMatchObject(unknown);
  expect(await refusalOf(packTable(await nodes.as('UZ/importer'), 'KZ', 1, 'measures.csv'))).toMatchObject({
    status: 404,
  });
});

test('a record of one without the mandate is no version', async () => {
  const { context } = nodes.node('UZ');
  const body = {
    version: 9,
    published: '2026-07-01',
    tables: await upload(tables(9, '2026-07-01', '9%')),
    reason: '-',
  };
  const draft = { type: 'pack', authority: 'uz.customs', to: 'public' as const, body };
  await context.ledger.append([sealDraft(draft, { ...context, now: nodes.now })], { account: 'a test' });
  expect((await versionsAt('UZ'))[0]?.version).toBe(6);
});
