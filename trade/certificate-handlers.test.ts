import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../http/server.ts';
import type { SignIn } from '../http/sign-in.ts';
import { appendLeaf, EMPTY_EDGE, edgeRoot, leafHash } from '../log/merkle.ts';
import { decodeStatusList, statusBit } from '../log/status-list.ts';
import { demoTemplate } from '../members/genesis.ts';
import { filing } from '../test/filing.ts';
import { call, found, HandlerNodes, refusalOf } from '../test/handler-nodes.ts';
import { fromHex, toHex } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { tradeRouter } from './handlers.ts';
import { renewStatusLists, statusListEvidence } from './status-list-handlers.ts';
import { findCertificates, findRecord, findStatusList } from './store.ts';

const { fileDossier, amendDossier, getDossier, declareMovement } = tradeRouter;
const { issueCertificate, listCertificates, getCertificate, revokeCertificate } = tradeRouter;
const { certificateEvidence, recordEvidence } = tradeRouter;

let nodes: HandlerNodes;
let dossier: string;
let serial = 0;
beforeAll(async () => {
  nodes = await HandlerNodes.open('CN', 'KZ', 'UZ');
});
afterAll(() => nodes.close());
beforeEach(async () => {
  const input = filing();
  dossier = (await call(fileDossier, input as never, { context: await nodes.as('UZ/exporter') })).dossier;
});
// Whatever a test has done: no two certificates of an authority share a place in its list.
afterEach(async () => {
  const rows = await nodes.node('UZ').context.sql<{ places: number; issued: number }[]>`
    SELECT (SELECT count(*)::int FROM trade.status_index) AS places, (SELECT count(*)::int FROM trade.certificate) AS issued`;
  expect(rows[0]?.places).toBe(rows[0]?.issued);
});

type Asked = Parameters<typeof ask>[0];
const ask = (
  change: { version?: number; number?: string; items?: number[]; validFrom?: string; validUntil?: string } = {},
) => ({
  dossier,
  version: 1,
  kind: 'origin' as const,
  number: `CO-${++serial}`,
  statement: 'The goods originate as stated.',
  validFrom: new Date(nodes.now.getTime() - 3_600_000).toISOString(),
  validUntil: new Date(nodes.now.getTime() + 30 * 86_400_000).toISOString(),
  ...change,
});
const issue = async (change: Asked = {}, name = 'UZ/chamber', key?: string) =>
  call(issueCertificate, ask(change), { context: await nodes.as(name, key) });
const revoke = async (certificate: string, name = 'UZ/chamber', key?: string) =>
  call(revokeCertificate, { certificate, reason: 'Issued in error.' }, { context: await nodes.as(name, key) });
const renew = (member = 'UZ') => renewStatusLists(nodes.node(member).context);
const evidence = async (certificate: string, name = 'UZ/exporter') =>
  call(certificateEvidence, { certificate }, { context: await nodes.as(name) });
const list = async () => (await findStatusList(nodes.node('UZ').context.sql, 'uz.chamber'))?.body;

describe('issuing', () => {
  test('goods as filed, signed by the authority, marked as a demonstration', async () => {
    const { certificate, record } = await issue();
    const stored = await findRecord(nodes.node('UZ').context.sql, record.commitment);
    expect(stored?.envelope).toMatchObject({
      issuer: { member: 'UZ', authority: 'uz.chamber' },
      signatures: [{ alg: 'EdDSA' }],
      body: {
        certificate,
        notice: 'DEMONSTRATION, NOT AN OFFICIAL DOCUMENT',
        consignor: 'Seller',
        goods: [{ item: 1, hs: '081310', origin: 'UZ', netMass: '1000', packages: 100 }],
        status: { list: 'uz.chamber' },
      },
    });
    await nodes.deliver();
    for (const name of ['UZ/exporter', 'KZ/customs', 'CN/customs']) {
      const context = await nodes.as(name);
      expect(await call(getCertificate, { certificate }, { context })).toMatchObject({
        kind: 'origin',
        state: 'in-force',
      });
      expect((await call(listCertificates, { dossier }, { context })).items).toHaveLength(1);
      expect((await call(getDossier, { dossier }, { context })).certificates).toHaveLength(1);
    }
    const stranger = await nodes.as('UZ/importer');
    expect((await call(listCertificates, {}, { context: stranger })).items).toEqual([]);
    expect(await refusalOf(call(getCertificate, { certificate }, { context: stranger }))).toMatchObject({
      status: 404,
      code: 'certificate-unknown',
    });
  });

  test('refusals leave neither a record nor a place in the list', async () => {
    const wrong = (change: Asked, name?: string) => nodes.refusal('UZ', () => issue(change, name));
    expect(await wrong({}, 'UZ/customs')).toMatchObject({ status: 403, code: 'mandate-missing' });
    expect(await wrong({}, 'UZ/exporter')).toMatchObject({ status: 403, code: 'not-an-authority' });
    expect(await wrong({ version: 2 })).toMatchObject({ status: 409, code: 'version-conflict' });
    expect(found(await wrong({ items: [1, 2] }))).toEqual(['/items/1 item-unknown']);
    expect(found(await wrong({ validUntil: '2026-01-01T00:00:00Z' }))).toEqual(['/validUntil dates-out-of-order']);
    const number = 'CO-TAKEN';
    await issue({ number });
    expect(await wrong({ number })).toMatchObject({ status: 409, code: 'already-filed' });
    // The dossier has not arrived there.
    expect(await nodes.refusal('KZ', () => issue({}, 'KZ/chamber'))).toMatchObject({
      status: 404,
      code: 'dossier-unknown',
    });
    await call(amendDossier, { dossier, baseVersion: 1, reason: 'More.', sections: { driver: null } } as never, {
      context: await nodes.as('UZ/exporter'),
    });
    expect(await wrong({})).toMatchObject({ code: 'version-conflict' });
    expect((await issue({ version: 2 })).repeated).toBe(false);
  });

  test('one key, one certificate, also at the same moment', async () => {
    await nodes.warm('UZ');
    const input = ask();
    const act = async () => call(issueCertificate, input, { context: await nodes.as('UZ/chamber', 'issue-1') });
    const both = await Promise.all([act(), act()]);
    expect(both[0]?.certificate).toBe(both[1]?.certificate);
    expect(both.map(({ repeated }) => repeated).sort()).toEqual([false, true]);
    expect(await act()).toEqual({ ...both[0], repeated: true });
    expect(await findCertificates(nodes.node('UZ').context.sql, both[0]?.certificate ?? '')).toHaveLength(1);
  });

  test('of two under one number at the same moment one is refused', async () => {
    await nodes.warm('UZ');
    const outcomes = await Promise.allSettled([issue({ number: 'CO-TWICE' }), issue({ number: 'CO-TWICE' })]);
    expect(outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))).toEqual(['already-filed']);
  });
});

describe('revoking', () => {
  test('by the issuer alone, once', async () => {
    const { certificate } = await issue();
    await nodes.deliver();
    expect(await nodes.refusal('UZ', () => revoke(certificate, 'UZ/exporter'))).toMatchObject({
      code: 'not-an-authority',
    });
    expect(await nodes.refusal('UZ', () => revoke(certificate, 'UZ/customs'))).toMatchObject({
      code: 'mandate-missing',
    });
    expect(await nodes.refusal('UZ', () => revoke(certificate, 'UZ/plant-health'))).toMatchObject({
      status: 403,
      code: 'certificate-foreign',
    });
    expect(await nodes.refusal('KZ', () => revoke(certificate, 'KZ/chamber'))).toMatchObject({
      code: 'certificate-foreign',
    });
    await revoke(certificate, 'UZ/chamber', 'revoke-1');
    expect(await nodes.refusal('UZ', () => revoke(certificate))).toMatchObject({
      status: 409,
      code: 'already-revoked',
    });
    expect((await revoke(certificate, 'UZ/chamber', 'revoke-1')).repeated).toBe(true);
    await nodes.deliver();
    const context = await nodes.as('CN/customs');
    expect(await call(getCertificate, { certificate }, { context })).toMatchObject({
      state: 'revoked',
      revocation: { reason: 'Issued in error.' },
    });
  });
});

describe('status lists', () => {
  test('none where nothing was certified; then after each issue and revocation, and every hour', async () => {
    expect(await renew('CN')).toBe(0);
    const { certificate, record } = await issue();
    expect(await renew()).toBe(1);
    expect(await renew()).toBe(0);
    const first = await list();
    expect(Date.parse(first?.validUntil ?? '') - Date.parse(first?.asOf ?? '')).toBe(2 * 3_600_000);
    nodes.advance(3_599_000);
    expect(await renew()).toBe(0);
    nodes.advance(2000);
    expect(await renew()).toBe(1);
    await revoke(certificate);
    expect(await renew()).toBe(1);
    const last = await list();
    const [held] = await findCertificates(nodes.node('UZ').context.sql, certificate);
    expect(statusBit(decodeStatusList(last?.encodedList ?? '', last?.length ?? 0), held?.status.index ?? -1)).toBe(
      true,
    );
    expect(held?.commitment).toBe(record.commitment);
    expect(last?.issued.count).toBe(first?.issued.count);
  });

  test('count and root are those of the certificates in the order of the log', async () => {
    await issue();
    await issue();
    await renew();
    const { sql } = nodes.node('UZ').context;
    const rows = await sql<{ commitment: string }[]>`
      SELECT commitment FROM trade.record WHERE type = 'certificate' AND member = 'UZ' ORDER BY index`;
    const edge = rows.reduce(
      (grown, row) => appendLeaf(nodeCrypto, grown, leafHash(nodeCrypto, fromHex(row.commitment))),
      EMPTY_EDGE,
    );
    expect((await list())?.issued).toEqual({ count: rows.length, root: toHex(edgeRoot(nodeCrypto, edge)) });
  });

  test('a revocation that slips in while a list is made is in the next one', async () => {
    const { certificate } = await issue();
    await renew();
    nodes.advance(3_601_000);
    // The list reads the certificates; before it is appended, the revocation takes the place before it in the log.
    const { context } = nodes.node('UZ');
    const { ledger } = context;
    const late = {
      ...context,
      ledger: Object.assign(Object.create(ledger), {
        append: async (...args: Parameters<typeof ledger.append>) => {
          await revoke(certificate);
          return ledger.append(...args);
        },
      }),
    };
    expect(await renewStatusLists(late)).toBe(1);
    await nodes.publish('UZ');
    expect(await refusalOf(evidence(certificate))).toMatchObject({ status: 409, code: 'status-list-pending' });
    expect(await renew()).toBe(1);
    await nodes.publish('UZ');
    expect(await nodes.verify(await evidence(certificate))).toMatchObject({ answer: 'revoked' });
  });
});

describe('evidence', () => {
  test('valid, then stale, then revoked', async () => {
    const { certificate } = await issue();
    await renew();
    await nodes.publish('UZ');
    const before = await evidence(certificate);
    expect(before).toMatchObject({ format: 'dostyk-evidence/v1', notice: 'DEMONSTRATION, NOT AN OFFICIAL DOCUMENT' });
    expect(await nodes.verify(before)).toMatchObject({ answer: 'valid', cosigners: ['CN', 'KG', 'KZ', 'TJ'] });
    expect(await nodes.verify(before, { allowDemo: false })).toMatchObject({
      answer: 'untrusted',
      reason: 'demonstration',
    });

    const later = new Date(nodes.now.getTime() + 3 * 3_600_000);
    expect(await nodes.verify(before, { now: later })).toMatchObject({
      answer: 'status-stale',
      reason: 'status-list-expired',
    });
    await revoke(certificate);
    expect(await refusalOf(evidence(certificate))).toMatchObject({ code: 'status-list-pending' });
    await renew();
    await nodes.publish('UZ');
    expect(await nodes.verify(await evidence(certificate))).toMatchObject({ answer: 'revoked' });
    // What was handed out before says what it said: as of its own list.
    expect(await nodes.verify(before)).toMatchObject({ answer: 'valid' });
  });

  test('every part counts: a changed one is found', async () => {
    const { certificate } = await issue();
    await renew();
    await nodes.publish('UZ');
    const whole = await evidence(certificate);
    const { status, ...without } = whole as typeof whole & { status: Record<string, string> };
    expect(await nodes.verify(without)).toMatchObject({ answer: 'status-unknown' });
    expect(await nodes.verify({ ...whole, salt: `${'A'.repeat(22)}==` })).toMatchObject({ answer: 'invalid' });
    expect(await nodes.verify({ ...whole, record: status['record'], salt: status['salt'] })).toMatchObject({
      answer: 'invalid',
    });
    expect(await nodes.verify(whole, { genesis: '0'.repeat(64) })).toMatchObject({ answer: 'untrusted' });
  });

  test('a certificate leaves the node when it and its list are final, not before', async () => {
    const { certificate } = await issue();
    expect(await refusalOf(evidence(certificate))).toMatchObject({ status: 409, code: 'status-list-pending' });
    await renew();
    expect(await refusalOf(evidence(certificate))).toMatchObject({ status: 409, code: 'not-final' });
    await nodes.publish('UZ', 3);
    expect(await refusalOf(evidence(certificate))).toMatchObject({
      status: 409,
      code: 'not-final',
      params: { retryAfter: 1 },
    });
    await nodes.publish('UZ', 4);
    expect(await nodes.verify(await evidence(certificate))).toMatchObject({ answer: 'valid' });
    const another = await issue();
    expect(await refusalOf(evidence(another.certificate))).toMatchObject({ code: 'status-list-pending' });
    await nodes.deliver();
    expect(await refusalOf(evidence(certificate, 'KZ/customs'))).toMatchObject({
      status: 409,
      code: 'evidence-elsewhere',
      params: { member: 'UZ' },
    });
    expect(await refusalOf(evidence(certificate, 'UZ/importer'))).toMatchObject({ code: 'certificate-unknown' });
  });

  test('the newest list of an authority is there for everyone, at the address that evidence names', async () => {
    const { certificate } = await issue();
    await renew();
    await nodes.publish('UZ');
    const { address } = await evidence(certificate);
    expect(address).toMatch(/\/status\/uz\.chamber$/);
    const { context } = nodes.node('UZ');
    const app = createApp({ node: nodes.node('UZ'), signIn: { issuer: 'http://127.0.0.1:1' } as SignIn });
    const answer = await app.request(new URL(address as string).pathname);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect((await app.request('/status/uz.nobody')).status).toBe(404);
    const verdict = await nodes.verify(await answer.json());
    expect(verdict).toMatchObject({ answer: 'valid', record: { type: 'status-list', body: { list: 'uz.chamber' } } });
    for (const unknown of ['uz.conformity', 'kz.chamber', 'nobody'])
      expect(await refusalOf(statusListEvidence(context, unknown))).toMatchObject({
        status: 404,
        code: 'record-unknown',
      });
  });

  test('of any record that the caller may read, and of no other', async () => {
    const movement = await call(
      declareMovement,
      {
        carrier: { name: 'Carrier', country: 'UZ' },
        leg: { mode: 'road', from: { name: 'Here', country: 'UZ' }, to: { name: 'There', country: 'KZ' } },
        posts: ['uz-yallama'],
        means: { mode: 'road', identification: '40 777 AAA', country: 'UZ' },
        consignments: [],
      },
      { context: await nodes.as('UZ/carrier') },
    );
    const { manifest, sections } = await call(getDossier, { dossier }, { context: await nodes.as('UZ/exporter') });
    const commercial = sections.find(({ name }) => name === 'commercial')?.commitment ?? '';
    const driver = sections.find(({ name }) => name === 'driver')?.commitment ?? '';
    const prove = async (commitment: string, name: string) =>
      call(recordEvidence, { commitment }, { context: await nodes.as(name) });
    expect(await refusalOf(prove(manifest, 'UZ/exporter'))).toMatchObject({ status: 409, code: 'not-published' });
    await nodes.publish('UZ', 3);
    expect(await refusalOf(prove(manifest, 'UZ/exporter'))).toMatchObject({ status: 409, code: 'not-final' });
    await nodes.publish('UZ');
    for (const [commitment, name] of [
      [manifest, 'UZ/exporter'],
      [commercial, 'UZ/exporter'],
      [commercial, 'UZ/chamber'],
      [driver, 'UZ/customs'],
      [movement.record.commitment, 'UZ/carrier'],
    ] as const)
      expect(await nodes.verify(await prove(commitment, name))).toMatchObject({ answer: 'valid' });
    const unknown = { status: 404, code: 'record-unknown' };
    expect(await refusalOf(prove(driver, 'UZ/chamber'))).toMatchObject(unknown);
    expect(await refusalOf(prove(manifest, 'UZ/importer'))).toMatchObject(unknown);
    expect(await refusalOf(prove(movement.record.commitment, 'UZ/exporter'))).toMatchObject(unknown);
    expect(await refusalOf(prove('f'.repeat(64), 'UZ/exporter'))).toMatchObject(unknown);
    await nodes.deliver();
    // Received records are proven by the member whose log holds them.
    expect(await refusalOf(prove(manifest, 'KZ/customs'))).toMatchObject(unknown);
  });
});

test('where few others are listed, a published certificate leaves the node and verifiers say that it is not final', async () => {
  const template = demoTemplate();
  const few = ['KZ', 'UZ'];
  const smaller = {
    ...template,
    members: template.members.filter(({ code }) => few.includes(code)),
    posts: template.posts.filter(({ member }) => few.includes(member)),
  };
  const alone = await HandlerNodes.openOf(smaller, ['UZ']);
  try {
    const input = filing({ to: 'KZ', posts: ['uz-yallama', 'kz-konysbayeva'] });
    const filed = await call(fileDossier, input as never, { context: await alone.as('UZ/exporter') });
    const asked = { ...ask(), dossier: filed.dossier, validFrom: alone.now.toISOString() };
    const { certificate } = await call(issueCertificate, asked, { context: await alone.as('UZ/chamber') });
    await renewStatusLists(alone.node('UZ').context);
    const get = async () => call(certificateEvidence, { certificate }, { context: await alone.as('UZ/exporter') });
    expect(await refusalOf(get())).toMatchObject({ status: 409, code: 'not-published' });
    await alone.publish('UZ', 0);
    expect(await alone.verify(await get())).toMatchObject({ answer: 'not-final', cosigners: [] });
    await alone.publish('UZ', 1);
    expect(await alone.verify(await get())).toMatchObject({ answer: 'valid', cosigners: ['KZ'] });
  } finally {
    await alone.close();
  }
});
