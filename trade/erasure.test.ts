import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ErasedBody } from '../log/erased.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { digests } from './digest.ts';
import { CONTENTS, DossierTeller, everyone, shuffled, testRegistry, uuid } from './fixture.ts';
import { foldDossier } from './project.ts';
import { contextOf } from './reading.ts';
import { dueOf } from './retention.ts';
import type { FoldInput } from './state.ts';

const ID = uuid(1);
const context = contextOf(testRegistry());
const fold = (records: readonly FoldInput[]) => foldDossier(ID, records, context);

function tale() {
  const told = new DossierTeller(ID);
  told.file();
  const section = (name: string) => told.said.find(({ envelope }) => envelope.body['section'] === name) as FoldInput;
  const order = (target: FoldInput, change: Partial<ErasedBody> = {}, saying: { member?: string; to?: unknown } = {}) =>
    told.teller.say(
      'erased',
      {
        commitment: target.commitment,
        log: target.origin,
        index: Number(target.index),
        id: target.envelope.id,
        dossier: ID,
        section: target.envelope.body['section'],
        legalBasis: 'A law',
        reason: 'request',
        ...change,
      },
      { member: told.filer, to: target.envelope.to, ...(saying as { member?: string }) },
    );
  const acknowledge = (erased: FoldInput, member: string) =>
    told.teller.say(
      'erasure-acknowledged',
      { dossier: ID, order: erased.commitment },
      { member, to: erased.envelope.to, after: [erased.commitment] },
    );
  return { told, section, order, acknowledge };
}

test('a section that is erased is absent to the fold, whether its bytes are here or not, in every order of arrival', () => {
  const { told, section, order, acknowledge } = tale();
  const goods = section('goods');
  const decision = told.decide('kz-konysbayeva', 'release');
  const erased = order(goods);
  acknowledge(erased, 'KZ');
  const state = fold(told.said);
  expect(state.sections.find(({ name }) => name === 'goods')).toMatchObject({
    content: null,
    erased: { order: erased.commitment, legalBasis: 'A law', reason: 'request', at: erased.envelope.at },
  });
  expect(state.decisions).toMatchObject([{ commitment: decision.commitment, standing: true }]);
  expect([state.contradictions, state.waiting, state.setAside]).toEqual([[], [], []]);
  expect(digests(state, nodeCrypto.sha256).sections.goods).toMatch(/^[0-9a-f]{64}$/);
  expect(state.erasures).toMatchObject([{ acknowledged: [{ member: 'KZ' }] }]);
  const without = told.said.filter((one) => one !== goods);
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (seed, here) => {
      const again = fold(shuffled(here ? told.said : without, seed));
      expect(again).toEqual(state);
      expect(digests(again, nodeCrypto.sha256)).toEqual(digests(state, nodeCrypto.sha256));
    }),
    { numRuns: 40 },
  );
});

test('no order erases a manifest or a decision, what another member said, or what it told to others than the section', () => {
  const { told, section, order } = tale();
  const goods = section('goods');
  const decision = told.decide('kz-konysbayeva', 'hold');
  const [manifest] = told.manifests as [FoldInput];
  const wrong = [
    order(manifest, { section: 'goods' }),
    order(decision, { section: 'goods' }),
    order(goods, {}, { member: 'KZ' }),
    order(goods, {}, { to: everyone(['KZ', 'UZ']) }),
    order(goods, { section: 'driver' }),
    order(goods, { index: Number(goods.index) + 1 }),
    order(goods, { id: uuid(99) }),
  ];
  const state = fold(told.said);
  expect(state.erasures).toBeUndefined();
  expect(state.sections.find(({ name }) => name === 'goods')?.content).toEqual(CONTENTS.goods);
  expect(state.current?.commitment).toBe(manifest.commitment);
  expect(state.decisions).toHaveLength(1);
  expect(state.setAside.map(({ commitment }) => commitment).sort()).toEqual(wrong.map((one) => one.commitment).sort());
});

test('who had no copy acknowledges nothing, and nobody twice', () => {
  const { told, section, order, acknowledge } = tale();
  const erased = order(section('commercial'));
  const foreign = acknowledge(erased, 'KZ');
  acknowledge(erased, 'CN');
  const twice = acknowledge(erased, 'CN');
  const own = acknowledge(erased, 'UZ');
  const state = fold(told.said);
  expect(state.erasures?.[0]?.acknowledged.map(({ member }) => member)).toEqual(['CN']);
  expect(state.setAside.map(({ commitment }) => commitment)).toEqual(
    expect.arrayContaining([foreign.commitment, own.commitment]),
  );
  expect(state.setAside).toHaveLength(3);
  expect(twice).toBeDefined();
});

test('a retention period counts from the record, and only where the member states one', () => {
  const { section } = tale();
  const record = section('goods');
  const entry = { ...testRegistry().getMember('UZ'), retention: [{ section: 'goods', days: 10, legalBasis: 'A law' }] };
  const end = Date.parse(record.envelope.at) + 10 * 86_400_000;
  expect(dueOf(record, entry, new Date(end - 1))).toBeUndefined();
  expect(dueOf(record, entry, new Date(end))).toMatchObject({ section: 'goods', since: new Date(end).toISOString() });
  expect(dueOf(section('commercial'), entry, new Date(end))).toBeUndefined();
  expect(dueOf(record, testRegistry().getMember('UZ'), new Date(end))).toBeUndefined();
});
