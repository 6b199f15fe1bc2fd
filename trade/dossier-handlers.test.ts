import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filing } from '../test/filing.ts';
import { call, found, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { certificateHandlers } from './certificate-handlers.ts';
import type { Amendment, DossierFiling } from './contract.ts';
import { dossierHandlers } from './dossier-handlers.ts';
import { movementHandlers } from './movement-handlers.ts';
import { rulesHandlers } from './rules-handlers.ts';

const { fileDossier, importDossiers, parseItems, listDossiers, getDossier, amendDossier } = dossierHandlers;
const { withdrawDossier } = dossierHandlers;
const { checkDossier } = rulesHandlers;

let nodes: HandlerNodes;
beforeAll(async () => {
  nodes = await HandlerNodes.open('KZ', 'UZ');
});
afterAll(() => nodes.close());

const apricots = (): DossierFiling & { dossier: string } => filing() as never;
const file = async (name = 'UZ/exporter', input: DossierFiling = apricots(), key?: string) =>
  call(fileDossier, input, { context: await nodes.as(name, key) });
const view = async (name: string, dossier: string) => call(getDossier, { dossier }, { context: await nodes.as(name) });
const amendment = (change: Partial<Amendment>): Amendment => ({
  baseVersion: 1,
  sections: {} as Amendment['sections'],
  reason: 'A correction.',
  ...change,
});

describe('filing', () => {
  test('one record a section and one manifest; every route member reads what is for it', async () => {
    const input = apricots();
    const receipt = await file('UZ/exporter', input);
    expect(receipt).toMatchObject({ dossier: input.dossier, version: 1, repeated: false });
    expect(receipt.records.map(({ type }) => type)).toEqual(['section', 'section', 'section', 'section', 'manifest']);
    expect(receipt.records.at(-1)?.commitment).toBe(receipt.manifest);
    const indexes = receipt.records.map(({ index }) => index);
    expect(indexes).toEqual(indexes.map((_, i) => (indexes[0] ?? 0) + i));

    await nodes.deliver();
    const own = await view('UZ/exporter', input.dossier);
    expect(own.sections.map(({ name, state }) => [name, state])).toEqual([
      ['commercial', 'readable'],
      ['transport', 'readable'],
      ['goods', 'readable'],
      ['driver', 'readable'],
    ]);
    const transit = await view('KZ/customs', input.dossier);
    expect(Object.fromEntries(transit.sections.map(({ name, state }) => [name, state]))).toEqual({
      commercial: 'closed',
      transport: 'readable',
      goods: 'readable',
      driver: 'readable',
    });
    expect(transit.digests.common).toBe(own.digests.common);
    expect(JSON.stringify(transit)).not.toContain('2500.50');
    const plants = await view('KZ/plant-health', input.dossier);
    expect(plants.sections.find(({ name }) => name === 'driver')?.state).toBe('closed');
  });

  test('an authority cannot file, and a stranger is not told what there is', async () => {
    expect(await nodes.refusal('UZ', () => file('UZ/customs'))).toMatchObject({ status: 403, code: 'not-an-operator' });
    const { dossier } = await file();
    const stranger = await refusalOf(view('UZ/importer', dossier));
    const nothing = await refusalOf(view('UZ/importer', '01900000-0000-7000-8000-000000000000'));
    expect(stranger).toMatchObject({ status: 404, code: 'dossier-unknown' });
    expect({ ...stranger, params: {} }).toEqual({ ...nothing, params: {} });
    expect((await call(listDossiers, {}, { context: await nodes.as('UZ/importer') })).items).toEqual([]);
  });

  test('everything that is wrong is found at once, and nothing is filed', async () => {
    const input = apricots();
    const [item] = input.sections.goods.items;
    if (item === undefined) throw new Error('no item');
    item.hs = '770000';
    item.grossMass = '1200';
    item.netMass = '1300';
    input.route.posts = ['uz-yallama', 'kz-nur-zholy'];
    const refused = await nodes.refusal('UZ', () => file('UZ/exporter', input));
    expect(refused).toMatchObject({ status: 422, code: 'findings', params: { count: 4 } });
    expect(found(refused)).toEqual([
      '/route/posts/1 posts-not-opposite',
      '/sections/goods/items/0/hs hs-impossible',
      '/sections/goods/items/0/netMass net-exceeds-gross',
      '/sections/goods/grossMass items-exceed-gross',
    ]);
    const checked = await call(checkDossier, input, { context: await nodes.as('UZ/exporter') });
    expect(checked.findings).toEqual(refused.findings);
    expect(await call(checkDossier, apricots(), { context: await nodes.as('UZ/exporter') })).toMatchObject({
      findings: [],
    });
  });

  test('a file that was not uploaded is found at its document', async () => {
    const input = apricots();
    const document = input.sections.commercial?.documents[0];
    if (document === undefined) throw new Error('no document');
    document.file = {
      name: 'invoice.pdf',
      mediaType: 'application/pdf',
      size: 10,
      hash: 'a'.repeat(64),
      salt: `${'A'.repeat(22)}==`,
    };
    const refused = await nodes.refusal('UZ', () => file('UZ/exporter', input));
    expect(found(refused)).toEqual(['/sections/commercial/documents/0/file file-not-uploaded']);
  });

  test('a form that is wrong never reaches the handler', async () => {
    const input = { ...apricots(), surprise: 1 };
    const before = await nodes.footprint('UZ');
    await expect(file('UZ/exporter', input)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(await nodes.footprint('UZ')).toEqual(before);
  });

  test('an id is used once, by whomever', async () => {
    const input = apricots();
    await file('UZ/exporter', input);
    expect(await nodes.refusal('UZ', () => file('UZ/exporter', input))).toMatchObject({
      status: 409,
      code: 'already-filed',
    });
    await nodes.deliver();
    // At another member's node, where the dossier has arrived: two first manifests would make both contradictory.
    const foreign = { ...filing({ from: 'KZ', posts: ['kz-nur-zholy', 'cn-khorgos'] }), dossier: input.dossier };
    expect(await nodes.refusal('KZ', () => file('KZ/exporter', foreign as never))).toMatchObject({
      status: 409,
      code: 'already-filed',
    });
  });

  test('of two filings of one id at the same moment one is refused', async () => {
    const input = apricots();
    const outcomes = await Promise.allSettled([file('UZ/exporter', input), file('UZ/exporter', input)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'already-filed' } });
    const { contradictions } = await view('UZ/exporter', input.dossier);
    expect(contradictions).toEqual([]);
  });
});

describe('repeats', () => {
  test('one key, one answer: also without an id, also at the same moment', async () => {
    const { dossier: _, ...input } = apricots();
    const [first, second] = await Promise.all([
      file('UZ/exporter', input, 'key-1'),
      file('UZ/exporter', input, 'key-1'),
    ]);
    expect(first.dossier).toBe(second.dossier);
    expect(first.records).toEqual(second.records);
    expect([first.repeated, second.repeated].sort()).toEqual([false, true]);
    const before = await nodes.footprint('UZ');
    expect(await file('UZ/exporter', input, 'key-1')).toEqual({ ...first, repeated: true });
    expect(await nodes.footprint('UZ')).toEqual(before);
  });

  test('another request under the key is refused; another account has keys of its own', async () => {
    await file('UZ/exporter', apricots(), 'key-2');
    expect(await nodes.refusal('UZ', () => file('UZ/exporter', apricots(), 'key-2'))).toMatchObject({
      status: 409,
      code: 'idempotency-conflict',
    });
    expect((await file('UZ/forwarder', apricots(), 'key-2')).repeated).toBe(false);
  });

  test('what happened since does not stand in the way of a repeat', async () => {
    const input = apricots();
    const receipt = await file('UZ/exporter', input, 'key-3');
    const change = amendment({ sections: { driver: null } as never });
    const amended = async () =>
      call(amendDossier, { ...change, dossier: input.dossier }, { context: await nodes.as('UZ/exporter', 'key-4') });
    const first = await amended();
    expect(first).toMatchObject({ version: 2, repeated: false });
    expect(await amended()).toEqual({ ...first, repeated: true });
    expect(await file('UZ/exporter', input, 'key-3')).toEqual({ ...receipt, repeated: true });
  });
});

describe('import', () => {
  test('each row on its own; a repeat files nothing twice', async () => {
    const bad = apricots();
    bad.sections.goods.grossMass = '1';
    const dossiers = [apricots(), bad, { nonsense: true }, apricots(), 7];
    const act = async () => call(importDossiers, { dossiers }, { context: await nodes.as('UZ/exporter', 'import-1') });
    const first = await act();
    expect(first).toMatchObject({ accepted: 2, refused: 3 });
    expect(first.results.map(({ row, refusal }) => [row, refusal?.code])).toEqual([
      [1, undefined],
      [2, 'findings'],
      [3, 'findings'],
      [4, undefined],
      [5, 'findings'],
    ]);
    expect(first.results[1]?.refusal?.findings).toMatchObject([{ path: '/sections/goods/grossMass' }]);
    const unknown = first.results[2]?.refusal?.findings as { code: string }[];
    expect(unknown.map(({ code }) => code)).toContain('unknown-field');
    const before = await nodes.footprint('UZ');
    const second = await act();
    expect(second.results.flatMap(({ receipt }) => receipt?.repeated ?? [])).toEqual([true, true]);
    expect(await nodes.footprint('UZ')).toEqual(before);
  });

  test('a row on which the node fails is answered as such, told to the log, and filed by a repeat; the others stand', async () => {
    const context = await nodes.as('UZ/exporter', 'import-2');
    const dossiers = [apricots(), apricots(), apricots()];
    const faults: [string, unknown][] = [];
    let calls = 0;
    const failing: typeof context = {
      ...context,
      random: (length) => {
        calls += 1;
        if (calls === 1) throw new Error('no entropy');
        return context.random(length);
      },
      reportFault: (act, error) => faults.push([act, error]),
    };
    const first = await call(importDossiers, { dossiers }, { context: failing });
    expect(first).toMatchObject({ accepted: 2, refused: 1 });
    const [failed] = first.results.filter(({ refusal }) => refusal?.code === 'internal');
    expect(JSON.stringify(failed)).not.toContain('entropy');
    expect(faults).toEqual([[`import row ${failed?.row}`, new Error('no entropy')]]);

    const broken = {
      ...failing,
      idempotencyKey: 'import-3',
      random: () => {
        throw new Error('no entropy');
      },
    };
    await expect(call(importDossiers, { dossiers: [apricots(), apricots()] }, { context: broken })).rejects.toThrow(
      'no entropy',
    );

    const second = await call(importDossiers, { dossiers }, { context });
    expect(second).toMatchObject({ accepted: 3, refused: 0 });
    const repeated = second.results.map(({ row, receipt }) => [row, receipt?.repeated]);
    expect(repeated).toEqual([1, 2, 3].map((row) => [row, row !== failed?.row]));
  });

  test('a table of items is read by operators only', async () => {
    const csv =
      'number,hs,description,origin,net mass,gross mass,package code,package count\n1,081310,Apricots,UZ,10,11,CT,1\n';
    const read = await call(parseItems, { csv }, { context: await nodes.as('UZ/exporter') });
    expect(read).toMatchObject({ findings: [], items: [{ number: 1, hs: '081310' }] });
    expect(await refusalOf(call(parseItems, { csv }, { context: await nodes.as('UZ/customs') }))).toMatchObject({
      code: 'not-an-operator',
    });
  });
});

describe('amendment and withdrawal', () => {
  test('sections that change get a version, the others keep theirs; everyone on the route learns of it', async () => {
    const input = apricots();
    await file('UZ/exporter', input);
    const before = await view('UZ/exporter', input.dossier);
    const goods = structuredClone(input.sections.goods);
    goods.grossMass = '1150';
    const receipt = await call(
      amendDossier,
      { ...amendment({ sections: { goods } as never }), dossier: input.dossier },
      { context: await nodes.as('UZ/exporter') },
    );
    expect(receipt.records.map(({ type }) => type)).toEqual(['section', 'manifest']);
    await nodes.deliver();
    const after = await view('KZ/customs', input.dossier);
    expect(after).toMatchObject({
      version: 2,
      grossMass: '1150',
      versions: [{ version: 1 }, { reason: 'A correction.' }],
    });
    const versions = (of: typeof after) => Object.fromEntries(of.sections.map(({ name, version }) => [name, version]));
    expect(versions(after)).toEqual({ ...versions(before), goods: 2 });
    expect(after.digests.common).toBe((await view('UZ/exporter', input.dossier)).digests.common);
  });

  test('refusals: another version, findings, a stranger, another member, an authority', async () => {
    const { dossier } = await file();
    await nodes.deliver();
    const act = (name: string, change: Partial<Amendment>) => async () =>
      call(amendDossier, { ...amendment(change), dossier }, { context: await nodes.as(name) });
    expect(await nodes.refusal('UZ', act('UZ/exporter', { baseVersion: 2 }))).toMatchObject({
      status: 409,
      code: 'version-conflict',
      params: { inForce: 1, asked: 2 },
    });
    const goods = structuredClone(apricots().sections.goods);
    goods.grossMass = '5';
    expect(found(await nodes.refusal('UZ', act('UZ/exporter', { sections: { goods } as never })))).toEqual([
      '/sections/goods/grossMass items-exceed-gross',
    ]);
    expect(await nodes.refusal('UZ', act('UZ/importer', {}))).toMatchObject({ status: 404, code: 'dossier-unknown' });
    expect(await nodes.refusal('UZ', act('UZ/customs', {}))).toMatchObject({ status: 403, code: 'not-an-operator' });
    // An operator of the same name elsewhere is another operator.
    expect(await nodes.refusal('KZ', act('KZ/exporter', {}))).toMatchObject({ status: 404, code: 'dossier-unknown' });
  });

  test('of two amendments at the same moment one is refused and the dossier stays whole', async () => {
    const { dossier } = await file();
    const act = async (reason: string) =>
      call(
        amendDossier,
        { ...amendment({ reason, sections: { driver: null } as never }), dossier },
        { context: await nodes.as('UZ/exporter') },
      );
    const outcomes = await Promise.allSettled([act('one'), act('two')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await view('UZ/exporter', dossier)).toMatchObject({ version: 2, contradictions: [] });
  });

  test('of two withdrawals at the same moment one is refused', async () => {
    const { dossier } = await file();
    await nodes.warm('UZ');
    const withdraw = async () =>
      call(withdrawDossier, { dossier, reason: 'Sold elsewhere.' }, { context: await nodes.as('UZ/exporter') });
    const outcomes = await Promise.allSettled([withdraw(), withdraw()]);
    expect(outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))).toEqual(['already-filed']);
  });

  test('a withdrawn dossier is withdrawn for good', async () => {
    const { dossier } = await file();
    const withdraw = async () =>
      call(withdrawDossier, { dossier, reason: 'Sold elsewhere.' }, { context: await nodes.as('UZ/exporter') });
    expect((await withdraw()).record.type).toBe('withdrawal');
    await nodes.deliver();
    expect((await view('KZ/customs', dossier)).state).toBe('withdrawn');
    expect(await nodes.refusal('UZ', withdraw)).toMatchObject({ status: 409, code: 'dossier-withdrawn' });
    const act = async () =>
      call(amendDossier, { ...amendment({}), dossier }, { context: await nodes.as('UZ/exporter') });
    expect(await nodes.refusal('UZ', act)).toMatchObject({ status: 409, code: 'dossier-withdrawn' });
  });
});

describe('acting for another', () => {
  test('only with its delegation, in its scope, until its end', async () => {
    const input = { ...apricots(), onBehalfOf: 'uz.exporter' };
    expect(await nodes.refusal('UZ', () => file('UZ/broker', input))).toMatchObject({
      status: 403,
      code: 'delegation-missing',
    });
    const until = new Date(nodes.now.getTime() + 60_000).toISOString();
    const { members } = nodes.node('UZ').routers;
    const made = await call(
      members.delegate,
      { to: 'uz.broker', scopes: ['file', 'read'], until },
      { context: await nodes.as('UZ/exporter') },
    );
    expect(made.record.type).toBe('delegation');
    expect((await file('UZ/broker', input)).dossier).toBe(input.dossier);
    expect((await view('UZ/broker', input.dossier)).operator).toBe('uz.exporter');
    expect((await view('UZ/exporter', input.dossier)).operator).toBe('uz.exporter');

    const change = async () =>
      call(amendDossier, { ...amendment({}), dossier: input.dossier }, { context: await nodes.as('UZ/broker') });
    expect(await nodes.refusal('UZ', change)).toMatchObject({ status: 403, code: 'delegation-missing' });
    nodes.advance(60_001);
    const late = { ...apricots(), onBehalfOf: 'uz.exporter' };
    expect(await nodes.refusal('UZ', () => file('UZ/broker', late))).toMatchObject({ code: 'delegation-missing' });
    expect(await refusalOf(view('UZ/broker', input.dossier))).toMatchObject({ code: 'dossier-unknown' });
  });

  test('for one dossier: that one and no other is seen and changed', async () => {
    const [one, other] = [await file(), await file()];
    const until = new Date(nodes.now.getTime() + 60_000).toISOString();
    const { members } = nodes.node('UZ').routers;
    const given = await call(
      members.delegate,
      { to: 'uz.forwarder', scopes: ['read', 'amend'], dossier: one.dossier, until },
      { context: await nodes.as('UZ/exporter') },
    );
    const listed = async () =>
      (await call(listDossiers, { limit: 200 }, { context: await nodes.as('UZ/forwarder') })).items
        .filter(({ operator }) => operator === 'uz.exporter')
        .map(({ dossier }) => dossier);
    expect(await listed()).toEqual([one.dossier]);
    const seen = await view('UZ/forwarder', one.dossier);
    expect(seen.sections.every(({ state }) => state === 'readable')).toBe(true);
    expect(await refusalOf(view('UZ/forwarder', other.dossier))).toMatchObject({ code: 'dossier-unknown' });
    const { movement } = await call(
      movementHandlers.declareMovement,
      {
        carrier: { name: 'Carrier', country: 'UZ' },
        leg: { mode: 'road', from: { name: 'Here', country: 'UZ' }, to: { name: 'There', country: 'KZ' } },
        posts: ['uz-yallama'],
        means: { mode: 'road', identification: '40 777 AAA', country: 'UZ' },
        consignments: [one, other].map(({ dossier }) => ({ dossier })),
      },
      { context: await nodes.as('UZ/carrier') },
    );
    for (const { dossier } of [one, other]) {
      const times = { validFrom: nodes.now.toISOString(), validUntil: '2026-12-31T00:00:00Z' };
      const asked = { dossier, version: 1, kind: 'origin' as const, number: dossier, statement: 'So it is.', ...times };
      await call(certificateHandlers.issueCertificate, asked, { context: await nodes.as('UZ/chamber') });
    }
    const certified = async () =>
      (await call(certificateHandlers.listCertificates, {}, { context: await nodes.as('UZ/forwarder') })).items;
    expect((await certified()).map(({ dossier }) => dossier)).toEqual([one.dossier]);
    const carried = async () =>
      (await call(movementHandlers.listMovements, {}, { context: await nodes.as('UZ/forwarder') })).items;
    expect(await carried()).toMatchObject([{ movement, consignments: [{ dossier: one.dossier }] }]);
    const change = (dossier: string) => async () =>
      call(
        amendDossier,
        { ...amendment({ sections: { driver: null } as never }), dossier },
        { context: await nodes.as('UZ/forwarder') },
      );
    expect((await change(one.dossier)()).version).toBe(2);
    expect(await nodes.refusal('UZ', change(other.dossier))).toMatchObject({ code: 'dossier-unknown' });

    await call(
      members.revokeDelegation,
      { delegation: given.delegation, reason: 'Done.' },
      { context: await nodes.as('UZ/exporter') },
    );
    expect([await listed(), await certified(), await carried()]).toEqual([[], [], []]);
    expect(await refusalOf(view('UZ/forwarder', one.dossier))).toMatchObject({ code: 'dossier-unknown' });
  });

  test('an authorisation that names an operator of another member gives nothing here', async () => {
    const { dossier } = await file();
    await nodes.deliver();
    const context = await nodes.as('KZ/broker');
    const foreign = {
      delegation: dossier,
      from: 'uz.exporter',
      to: 'kz.broker',
      scopes: ['read', 'file', 'amend', 'withdraw'] as const,
      until: '2099-01-01T00:00:00Z',
      commitment: 'a'.repeat(64),
      at: '2026-01-01T00:00:00Z',
      revokedAt: null,
    };
    const tricked = { ...context, delegations: [{ ...foreign, scopes: [...foreign.scopes] }] };
    const unknown = { status: 404, code: 'dossier-unknown' };
    const act = () => call(amendDossier, { ...amendment({}), dossier }, { context: tricked });
    expect(await nodes.refusal('KZ', act)).toMatchObject(unknown);
    expect(await refusalOf(call(getDossier, { dossier }, { context: tricked }))).toMatchObject(unknown);
    const input = { ...apricots(), onBehalfOf: 'uz.exporter' };
    expect(await nodes.refusal('KZ', () => call(fileDossier, input, { context: tricked }))).toMatchObject({
      code: 'delegation-missing',
    });
  });
});
