import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call } from '@orpc/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { carryOutErasures } from '../erasing.ts';
import { allOwn } from '../ledger/replay.ts';
import { formatEvidence, parseEvidence } from '../log/evidence.ts';
import { verify } from '../log/verify.ts';
import { recover } from '../operations.ts';
import { replay } from '../platform.ts';
import { connect } from '../storage/connection.ts';
import { putAttachment } from '../trade/attachment-handlers.ts';
import { evidenceOf } from '../trade/evidence-handlers.ts';
import { tradeRouter } from '../trade/handlers.ts';
import { findDossier } from '../trade/store.ts';
import { eventually } from './demo.ts';
import { ask, backUp, contextOf, LEGAL_BASIS, restore, seen, tablesWith } from './erasing.ts';
import { filing } from './filing.ts';
import { FederatedNodes, registryFolder } from './nodes.ts';

/** Erasure on six real nodes: what is gone, where, and that all else stays. */

const DRIVER = 'Zhanibekova-Qyzmarker';
const SELLER = 'Marker-Trading-House';
const FILE = 'marker inside of a file';
const ROUTE = ['UZ', 'KZ', 'CN'] as const;

let nodes: FederatedNodes;
beforeEach(async () => {
  nodes = await FederatedNodes.start();
});
afterEach(() => nodes.close());

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A dossier with a driver and, in its commercial section, a seller and a file that are known again. */
async function fileOne(): Promise<string> {
  const context = await contextOf(nodes, 'UZ', 'exporter');
  const file = await putAttachment(
    context,
    { name: 'invoice.pdf', mediaType: 'application/pdf' },
    one(Buffer.from(`%PDF-1.7\n${FILE}`)),
  );
  const input = filing();
  input.sections.driver.drivers = [{ name: DRIVER }];
  input.sections.commercial.seller.name = SELLER;
  Object.assign(input.sections.commercial.documents[0] ?? {}, { file });
  const { dossier } = await call(tradeRouter.fileDossier, input as never, { context });
  return dossier;
}

const stateAt = async (member: string, dossier: string) =>
  (await findDossier(nodes.node(member).context.sql, dossier)) ?? undefined;

const sectionAt = async (member: string, dossier: string, name: string) =>
  (await stateAt(member, dossier))?.state.sections.find((section) => section.name === name);

/** Until all that is on the route has the dossier whole. */
const arrived = (dossier: string, members: readonly string[] = ROUTE) =>
  eventually(async () => {
    for (const member of members) if ((await sectionAt(member, dossier, 'driver'))?.content == null) return undefined;
    return true;
  });

/** Until the section is erased at all of these, and they all know it of each other. */
const erasedAt = (dossier: string, section: string, members: readonly string[], acknowledged: readonly string[]) =>
  eventually(async () => {
    for (const member of members) {
      const found = (await stateAt(member, dossier))?.state.erasures?.filter((erasure) => erasure.section === section);
      if (found === undefined || found.length === 0) return undefined;
      for (const { acknowledged: said } of found)
        if (said.map((each) => each.member).join() !== [...acknowledged].sort().join()) return undefined;
    }
    return true;
  });

const digestsAt = async (member: string, dossier: string) => (await stateAt(member, dossier))?.digests;

const recoverOf = (member: string) =>
  recover({
    member,
    databaseUrl: nodes.database(member).urls.running,
    migrationUrl: nodes.database(member).urls.migration,
    erasureUrl: nodes.database(member).urls.erasure,
    registry: registryFolder(nodes.directory, member),
    genesis: nodes.genesis,
    keys: join(nodes.directory, 'members', member.toLowerCase(), 'keys'),
    highWater: join(nodes.directory, 'members', member.toLowerCase(), 'high-water.json'),
    absent: [],
    signal: new AbortController().signal,
  });

const final = (member: string) =>
  eventually(async () => {
    const { ledger } = nodes.node(member).context;
    return ledger.final?.size === (await ledger.size());
  });

/** Every own record that is left, proven as its member gives it out, and what a verifier says of it. */
async function answersOf(member: string): Promise<{ answers: Record<string, number>; commitments: string[] }> {
  const { context } = nodes.node(member);
  const answers: Record<string, number> = {};
  const commitments: string[] = [];
  for await (const batch of allOwn(context.sql, context.origin)) {
    for (const { commitment } of batch) {
      const evidence = await evidenceOf(context, commitment);
      const { answer } = await verify(parseEvidence(formatEvidence(evidence)), nodes.verifyOptions());
      answers[answer] = (answers[answer] ?? 0) + 1;
      commitments.push(commitment);
    }
  }
  return { answers, commitments };
}

test('a section is erased at every member that had it, everywhere, and every other proof stays', async () => {
  const dossier = await fileOne();
  await arrived(dossier);
  // Another version of the driver's section, and a decision on it.
  await call(
    tradeRouter.amendDossier,
    {
      dossier,
      baseVersion: 1,
      reason: 'Another driver',
      sections: { driver: { drivers: [{ name: `${DRIVER} II` }] } },
    } as never,
    { context: await contextOf(nodes, 'UZ', 'exporter') },
  );
  await eventually(async () => (await stateAt('KZ', dossier))?.state.current?.version === 2);
  await call(
    tradeRouter.decide,
    { dossier, version: 2, post: 'kz-konysbayeva', decision: 'release', reason: { code: 'in-order' } } as never,
    { context: await contextOf(nodes, 'KZ', 'customs') },
  );
  await eventually(async () => (await stateAt('CN', dossier))?.state.decisions.length === 1);
  await eventually(async () => (await tablesWith(nodes.database('CN').owner, FILE)).length > 0);
  // Where it lives. `trade/README.md` lists these places; what is new here must be erased too.
  expect(await tablesWith(nodes.database('UZ').owner, DRIVER)).toEqual([
    'ledger.record',
    'trade.dossier',
    'trade.record',
  ]);
  expect(await tablesWith(nodes.database('KZ').owner, DRIVER)).toEqual([
    'federation.received',
    'trade.dossier',
    'trade.record',
  ]);
  expect(await tablesWith(nodes.database('CN').owner, SELLER)).toEqual([
    'federation.received',
    'trade.dossier',
    'trade.record',
  ]);
  expect(await tablesWith(nodes.database('CN').owner, FILE)).toEqual(['trade.attachment_chunk']);
  const readme = readFileSync(new URL('../trade/README.md', import.meta.url), 'utf8');
  for (const place of [
    'ledger.record',
    'federation.received',
    'trade.record',
    'trade.dossier',
    'trade.attachment_chunk',
  ])
    expect(readme).toContain(`\`${place}\``);
  const driverRecord = (await sectionAt('UZ', dossier, 'driver'))?.commitment ?? '';
  await final('UZ');
  const before = await answersOf('UZ');
  expect(before.commitments).toContain(driverRecord);

  await ask(nodes, 'UZ', dossier, 'driver');
  await ask(nodes, 'UZ', dossier, 'commercial');
  await erasedAt(dossier, 'driver', ROUTE, ['CN', 'KZ']);
  await erasedAt(dossier, 'commercial', ['UZ', 'CN'], ['CN']);

  for (const member of nodes.members)
    for (const word of [DRIVER, SELLER, FILE])
      expect({ member, word, tables: await tablesWith(nodes.database(member).owner, word) }).toEqual({
        member,
        word,
        tables: [],
      });
  // Bytes and salt, both.
  expect(await nodes.database('UZ').sql`SELECT 1 FROM ledger.record WHERE (bytes IS NULL) <> (salt IS NULL)`).toEqual(
    [],
  );

  // The same at all: erased on a legal basis, the decision stands, the digests agree.
  const section = await sectionAt('KZ', dossier, 'driver');
  expect(section).toMatchObject({
    content: null,
    version: 2,
    erased: { legalBasis: LEGAL_BASIS, reason: 'request' },
  });
  for (const member of ROUTE) {
    const { state } = (await stateAt(member, dossier)) ?? {};
    expect(state?.contradictions).toEqual([]);
    expect(state?.waiting).toEqual([]);
    expect(state?.setAside).toEqual([]);
    expect(state?.posts.find(({ post }) => post === 'kz-konysbayeva')?.phase).toBe('released');
    // Both versions of the driver's.
    expect(state?.erasures?.filter((each) => each.section === 'driver')).toHaveLength(2);
  }
  const [uz, kz, cn] = await Promise.all(ROUTE.map((member) => digestsAt(member, dossier)));
  expect(kz?.common).toBe(uz?.common);
  expect(cn?.common).toBe(uz?.common);
  expect(kz?.sections.driver).toMatch(/^[0-9a-f]{64}$/);
  expect(kz?.sections.driver).toBe(uz?.sections.driver);
  expect(cn?.sections).toEqual(uz?.sections);
  expect(kz?.sections.commercial).toBeUndefined();

  // What a reader sees.
  const view = await seen(nodes, 'KZ', 'customs', dossier);
  expect(view?.sections.find(({ name }) => name === 'driver')).toMatchObject({
    state: 'erased',
    erased: { legalBasis: LEGAL_BASIS, acknowledged: [{ member: 'CN' }, { member: 'KZ' }], awaited: [] },
  });
  expect(view?.sections.find(({ name }) => name === 'commercial')?.state).toBe('closed');

  // No evidence of what is erased; evidence of all else, and the log as it was.
  await final('UZ');
  await expect(evidenceOf(nodes.node('UZ').context, driverRecord)).rejects.toMatchObject({ code: 'record-erased' });
  await expect(
    call(
      tradeRouter.recordEvidence,
      { commitment: driverRecord },
      { context: await contextOf(nodes, 'UZ', 'exporter') },
    ),
  ).rejects.toMatchObject({ code: 'record-erased' });
  const compared = await call(
    tradeRouter.compareVersions,
    { dossier, version: 2 },
    { context: await contextOf(nodes, 'KZ', 'customs') },
  );
  expect(compared.sections).toEqual([{ name: 'driver', state: 'erased', changes: [] }]);
  const after = await answersOf('UZ');
  expect(Object.keys(after.answers)).toEqual(['valid']);
  const gone = before.commitments.filter((commitment) => !after.commitments.includes(commitment));
  expect(gone).toHaveLength(3);
  expect(gone).toContain(driverRecord);
  for (const member of ROUTE) expect(await nodes.node(member).audit()).toMatchObject({ findings: [], lost: 0 });
  expect(await nodes.node('UZ').audit()).toMatchObject({ erased: 3 });
  for (const member of ROUTE) {
    const { sql, registry } = nodes.node(member).context;
    expect(await replay(sql, registry, member)).toMatchObject({ equal: true });
  }

  // The dossier goes on: an amendment that says nothing of the driver keeps the section named, and erased.
  const commercial = { ...filing().sections.commercial, documents: [] };
  await call(
    tradeRouter.amendDossier,
    { dossier, baseVersion: 2, reason: 'Values anew', sections: { commercial } } as never,
    { context: await contextOf(nodes, 'UZ', 'exporter') },
  );
  await eventually(async () => (await stateAt('CN', dossier))?.state.current?.version === 3);
  expect(await sectionAt('CN', dossier, 'driver')).toMatchObject({ version: 2, erased: { legalBasis: LEGAL_BASIS } });
  expect(await sectionAt('CN', dossier, 'commercial')).toMatchObject({
    version: 2,
    content: { seller: { name: 'Seller' } },
  });
});

test('a member that was away, and one whose node may not null: nothing is withheld, nothing is served, both come after', async () => {
  await nodes.stop('CN');
  await nodes.stop('KZ');
  nodes.withoutErasure.add('KZ');
  await nodes.open('KZ');
  const dossier = await fileOne();
  await arrived(dossier, ['UZ', 'KZ']);
  await ask(nodes, 'UZ', dossier, 'driver');
  await eventually(async () => (await sectionAt('KZ', dossier, 'driver'))?.erased);
  // At KZ the bytes wait for who may null them; no view has them, and nobody is given them.
  expect(await tablesWith(nodes.database('KZ').owner, DRIVER)).toEqual(['federation.received']);
  const { origin } = nodes.node('UZ').context;
  const { index } = (await nodes.database('KZ').owner<{ index: bigint }[]>`SELECT index FROM ledger.erased`)[0] ?? {
    index: -1n,
  };
  for (const served of [
    nodes.node('KZ').federation.servePassed('CN', origin, String(index)),
    nodes.node('KZ').federation.serveHeld('UZ', origin, { from: String(index), below: String(index + 1n), limit: '1' }),
    nodes.node('UZ').federation.serveRecords('CN', { from: String(index), below: String(index + 1n), limit: '1' }),
  ])
    expect((await served).records).toEqual([]);

  // CN learns of both at once, from the order alone.
  await nodes.open('CN');
  await erasedAt(dossier, 'driver', ['UZ', 'CN'], ['CN']);
  expect(await nodes.database('CN').owner`SELECT 1 FROM federation.undelivered`).toEqual([]);
  expect((await nodes.node('CN').federation.status()).faults.filter(({ code }) => code === 'withheld')).toEqual([]);
  expect((await digestsAt('CN', dossier))?.sections).toEqual((await digestsAt('UZ', dossier))?.sections);
  expect(await tablesWith(nodes.database('CN').owner, DRIVER)).toEqual([]);
  expect((await stateAt('UZ', dossier))?.state.erasures?.[0]?.acknowledged.map(({ member }) => member)).toEqual(['CN']);

  // Who may null does so at KZ: its node says so by itself.
  const erasure = connect(nodes.database('KZ').urls.erasure, { max: 1 });
  expect(await carryOutErasures(erasure, nodes.node('KZ').context.origin)).toBe(1);
  expect(await carryOutErasures(erasure, nodes.node('KZ').context.origin)).toBe(0);
  await erasure.end();
  await erasedAt(dossier, 'driver', ROUTE, ['CN', 'KZ']);
  expect(await tablesWith(nodes.database('KZ').owner, DRIVER)).toEqual([]);
});

test('backups: what a restored database brings back is erased again, at its issuer and at an addressee; a recovery neither resurrects nor loses it', async () => {
  await final('UZ');
  await nodes.stop('UZ');
  await backUp(nodes, 'UZ', 'empty');
  await nodes.open('UZ');
  const dossier = await fileOne();
  await arrived(dossier);
  for (const member of ['UZ', 'CN']) await nodes.stop(member);
  for (const member of ['UZ', 'CN']) await backUp(nodes, member, 'full');
  for (const member of ['UZ', 'CN']) await nodes.open(member);
  await ask(nodes, 'UZ', dossier, 'driver');
  await erasedAt(dossier, 'driver', ROUTE, ['CN', 'KZ']);
  const digests = await digestsAt('KZ', dossier);
  await final('UZ');

  // An addressee's backup: the order comes again with the first pull.
  await nodes.stop('CN');
  await restore(nodes, 'CN', 'full');
  expect(await tablesWith(nodes.database('CN').owner, DRIVER)).toContain('federation.received');
  await nodes.open('CN').catch(async () => {
    await nodes.stop('CN');
    await recoverOf('CN');
    await nodes.open('CN');
  });
  await eventually(async () => (await tablesWith(nodes.database('CN').owner, DRIVER)).length === 0);

  // The issuer's: it recovers its end, with the order in it, and nulls before it serves.
  for (const [label, erased] of [
    ['full', 0],
    ['empty', 1],
  ] as const) {
    await nodes.stop('UZ');
    await restore(nodes, 'UZ', label);
    expect(await tablesWith(nodes.database('UZ').owner, DRIVER)).toHaveLength(label === 'full' ? 3 : 0);
    const recovered = await recoverOf('UZ');
    expect(recovered).toMatchObject({ lost: [], erased: expect.any(Array) });
    expect(recovered?.erased).toHaveLength(erased);
    expect(await tablesWith(nodes.database('UZ').owner, DRIVER)).toEqual([]);
    await nodes.open('UZ');
    expect(await nodes.node('UZ').audit()).toMatchObject({ findings: [], erased: 1, lost: 0 });
    expect((await digestsAt('UZ', dossier))?.sections.driver).toBe(digests?.sections.driver);
    await final('UZ');
  }

  // A part of the database alone comes from a backup: gone before the node is open.
  const { owner } = nodes.database('UZ');
  await nodes.stop('UZ');
  await owner`UPDATE ledger.record SET bytes = ${Buffer.from(DRIVER)}, salt = ${Buffer.alloc(16)} WHERE index = (SELECT index FROM ledger.erased)`;
  await nodes.open('UZ');
  expect(await tablesWith(owner, DRIVER)).toEqual([]);
});
