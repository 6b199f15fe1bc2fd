import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../values/node-crypto.ts';
import { digests } from './digest.ts';
import { CONTENTS, DossierTeller, everyone, heldBy, tellEvent, tellMovement, testRegistry, uuid } from './fixture.ts';
import { foldDossier } from './project.ts';
import { foldMovement } from './project-movement.ts';
import { contextOf } from './reading.ts';
import type { FoldInput } from './state.ts';
import { dossierView, mayRead, maySee, movementView, type Reader, readableFiles } from './view.ts';

const context = contextOf(testRegistry());
const [ID, OTHER, TRUCK] = [uuid(1), uuid(2), uuid(50)];
const file = {
  name: 'invoice.pdf',
  mediaType: 'application/pdf',
  size: 5,
  hash: 'a'.repeat(64),
  salt: `${'A'.repeat(22)}==`,
};
const INVOICE = {
  ...(CONTENTS.commercial as object),
  documents: [{ code: '380', number: '1', issued: '2026-06-01', file }],
};

function tale(): DossierTeller {
  const told = new DossierTeller(ID);
  told.file({ ...CONTENTS, commercial: INVOICE });
  return told;
}

function seen(reader: Reader, said: readonly FoldInput[]) {
  const held = heldBy(reader.member, said);
  const of = (field: string, id: string) => held.filter((one) => one.envelope.body[field] === id);
  const state = foldDossier(ID, of('dossier', ID), context);
  const truck = foldMovement(TRUCK, of('movement', TRUCK), context);
  return dossierView({
    state,
    movements: truck.current === null ? [] : [truck],
    digests: digests(state, nodeCrypto.sha256),
    reader,
    publication: ({ index }) => (index === 0 ? 'final' : 'published'),
    requirements: [],
    asOf: '2026-06-12',
  });
}

const states = (reader: Reader, said: readonly FoldInput[]) =>
  Object.fromEntries(seen(reader, said)?.sections.map((one) => [one.name, one.state]) ?? []);

describe('who may read', () => {
  test('an authority by member and name, an operator only by name', () => {
    const all = everyone(['KZ']) as { member: never }[];
    const customs = [{ member: 'KZ' as never, authorities: ['kz.customs'] }];
    expect(mayRead({ member: 'KZ', authority: 'kz.chamber' }, all)).toBe(true);
    expect(mayRead({ member: 'KZ', authority: 'kz.chamber' }, customs)).toBe(false);
    expect(mayRead({ member: 'KZ', authority: 'kz.customs' }, customs)).toBe(true);
    expect(mayRead({ member: 'CN', authority: 'kz.customs' }, customs)).toBe(false);
    expect(mayRead({ member: 'KZ', operator: 'kz.exporter' }, all)).toBe(false);
    expect(mayRead({ member: 'KZ', operator: 'kz.customs' }, customs)).toBe(true);
    expect(mayRead({ member: 'KZ', operator: 'kz.exporter' }, 'public')).toBe(true);
  });

  test('the filer all, the destination the value, the transit member goods and transport only', () => {
    const { said } = tale();
    const open = { goods: 'readable', transport: 'readable', commercial: 'readable' };
    expect(states({ member: 'UZ', operator: 'uz.exporter' }, said)).toEqual(open);
    expect(states({ member: 'UZ', operator: 'uz.broker', actsFor: ['uz.exporter'] }, said)).toEqual(open);
    expect(states({ member: 'CN', authority: 'cn.customs' }, said)).toEqual(open);
    const transit = seen({ member: 'KZ', authority: 'kz.customs' }, said);
    expect(transit?.sections.find((one) => one.name === 'commercial')).toMatchObject({ state: 'closed' });
    expect(JSON.stringify(transit)).not.toContain('40000');
    expect(transit?.digests.sections).not.toHaveProperty('commercial');
    expect(transit?.records.map((one) => one.type)).toEqual(['section', 'section', 'manifest'].sort().reverse());
  });

  test('who may not see it learns nothing', () => {
    const { said } = tale();
    expect(seen({ member: 'UZ', operator: 'uz.broker' }, said)).toBeUndefined();
    expect(seen({ member: 'KZ', operator: 'kz.exporter' }, said)).toBeUndefined();
    expect(seen({ member: 'TM', authority: 'tm.customs' }, said)).toBeUndefined();
    const state = foldDossier(ID, said, context);
    expect(maySee({ member: 'KZ', operator: 'uz.exporter' }, state)).toBe(false);
  });

  test('a section that has not arrived is awaited by its audience and closed to others', () => {
    const told = tale();
    const commercial = told.sections.get('commercial')?.commitment;
    const partly = told.said.filter((one) => one.commitment !== commercial);
    expect(states({ member: 'CN', authority: 'cn.customs' }, partly)).toMatchObject({ commercial: 'awaited' });
    expect(states({ member: 'KZ', authority: 'kz.customs' }, partly)).toMatchObject({ commercial: 'closed' });
  });

  test('a section narrowed to one authority is closed to the others of its member', () => {
    const told = tale();
    const goods = told.sections.get('goods');
    if (goods === undefined) throw new Error('no goods');
    const audience = [
      ...everyone(['CN', 'UZ']),
      { member: 'KZ', authorities: ['kz.customs'] },
    ] as typeof goods.audience;
    told.sections.set('goods', { ...goods, audience });
    told.file({});
    expect(states({ member: 'KZ', authority: 'kz.customs' }, told.said)).toMatchObject({ goods: 'readable' });
    const chamber = seen({ member: 'KZ', authority: 'kz.chamber' }, told.said);
    expect(chamber).toMatchObject({ goods: '', grossMass: '' });
    expect(JSON.stringify(chamber)).not.toContain('cherries');
    expect(Object.keys(chamber?.digests.sections ?? {})).toEqual(['transport']);
    expect(chamber?.records.map((one) => one.commitment)).not.toContain(goods.commitment);
  });

  test('what a section says of its own audience binds, however wide the manifest names it', () => {
    const told = tale();
    const goods = told.sections.get('goods');
    const named = told.said.find((one) => one.commitment === goods?.commitment);
    if (named === undefined) throw new Error('no goods');
    const to = [...everyone(['CN', 'UZ']), { member: 'KZ' as never, authorities: ['kz.customs'] }];
    const said = told.said.map((one) =>
      one === named ? { ...one, envelope: { ...one.envelope, to: to as typeof one.envelope.to } } : one,
    );
    expect(states({ member: 'KZ', authority: 'kz.customs' }, said)).toMatchObject({ goods: 'readable' });
    expect(states({ member: 'KZ', authority: 'kz.chamber' }, said)).toMatchObject({ goods: 'closed' });
  });

  test('files go to those who read the section that names them', () => {
    const state = foldDossier(ID, tale().said, context);
    expect(readableFiles({ member: 'CN', authority: 'cn.customs' }, state)).toHaveLength(1);
    expect(readableFiles({ member: 'UZ', operator: 'uz.exporter' }, state)).toHaveLength(1);
    expect(readableFiles({ member: 'KZ', authority: 'kz.customs' }, state)).toEqual([]);
  });
});

describe('what is shown', () => {
  test('summary, versions, certificates, movements, publication', () => {
    const told = tale();
    told.certify(4);
    const truck = tellMovement(told.teller, TRUCK, [ID]);
    tellEvent(told.teller, truck, 'departed');
    told.file({ goods: CONTENTS.goods });
    const view = seen({ member: 'KZ', authority: 'kz.customs' }, told.said);
    expect(view).toMatchObject({
      state: 'under-way',
      version: 2,
      origin: 'Fergana, UZ',
      goods: '080929 Fresh sweet cherries',
      grossMass: '21200',
      versions: [{ version: 1 }, { version: 2, reason: 'amended' }],
      certificates: [{ certificate: uuid(4), state: 'in-force', manifestVersion: 1 }],
      movements: [{ movement: TRUCK, from: 'Fergana', to: 'Ürümqi', lastEvent: 'departed' }],
    });
    expect(view?.records.find((one) => one.index === 0)?.publication).toBe('final');
  });

  test("a shipper sees the truck with its own consignment, not the others'", () => {
    const told = tale();
    const truck = tellMovement(told.teller, TRUCK, [ID, OTHER]);
    const packages = [ID, OTHER].map((dossier) => ({ dossier, expected: 1, counted: 1 }));
    const toMeans = { mode: 'road' as const, identification: 'X', country: 'CN' as never };
    tellEvent(told.teller, truck, 'reloaded', { reload: { toMovement: uuid(51), toMeans, packages } });
    const state = foldMovement(
      TRUCK,
      told.said.filter((one) => one.envelope.body['movement'] === TRUCK),
      context,
    );
    const view = (reader: Reader, own: string[]) => movementView(state, reader, new Set(own), nodeCrypto.sha256);
    expect(view({ member: 'UZ', operator: 'uz.carrier' }, [])?.consignments).toHaveLength(2);
    expect(view({ member: 'KZ', authority: 'kz.customs' }, [])?.consignments).toHaveLength(2);
    const own = view({ member: 'UZ', operator: 'uz.exporter' }, [ID]);
    expect(own?.consignments).toEqual([{ dossier: ID }]);
    expect(JSON.stringify(own)).not.toContain(OTHER);
    expect(view({ member: 'UZ', operator: 'uz.broker' }, [])).toBeUndefined();
    expect(view({ member: 'TM', authority: 'tm.customs' }, [])).toBeUndefined();
  });
});
