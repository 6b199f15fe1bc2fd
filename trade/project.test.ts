import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../values/node-crypto.ts';
import { digests } from './digest.ts';
import {
  CONTENTS,
  DossierTeller,
  everyone,
  heldBy,
  MEMBERS,
  ROUTE,
  randomHistory,
  shuffled,
  Teller,
  testRegistry,
  uuid,
} from './fixture.ts';
import { foldDossier } from './project.ts';
import { contextOf } from './reading.ts';
import type { DossierState, FoldInput } from './state.ts';
import { foldRequirement } from './subject.ts';

const context = contextOf(testRegistry());
const ID = uuid(1);
const fold = (records: readonly FoldInput[], id = ID): DossierState => foldDossier(id, records, context);
const tale = (): DossierTeller => {
  const told = new DossierTeller(ID);
  told.file();
  return told;
};
const at = (state: DossierState, post: string) => state.posts.find((one) => one.post === post);
const aside = (state: DossierState, record: FoldInput) =>
  state.setAside.find((one) => one.commitment === record.commitment)?.reason;
const reaches = (state: DossierState): string => digests(state, nodeCrypto.sha256).common;
const choices = fc.array(fc.nat(1 << 20), { minLength: 3, maxLength: 40 });

describe('a function of the set', () => {
  test('every order and every repeat gives the same state and digests', () => {
    fc.assert(
      fc.property(choices, fc.nat(), (numbers, seed) => {
        const { said } = randomHistory(numbers);
        const state = fold(said);
        const again = fold(shuffled(said, seed));
        expect(again).toEqual(state);
        expect(digests(again, nodeCrypto.sha256)).toEqual(digests(state, nodeCrypto.sha256));
      }),
      { numRuns: 150 },
    );
  });

  test('nothing is lost: each record is in causal order, waiting or set aside', () => {
    fc.assert(
      fc.property(choices, fc.nat(), (numbers, seed) => {
        const some = shuffled(randomHistory(numbers).said, seed).filter((_, i) => (i * 7 + seed) % 5 !== 0);
        const state = fold(some);
        const seen = new Set([...state.records, ...state.waiting, ...state.setAside].map((one) => one.commitment));
        expect(seen).toEqual(new Set(some.map((one) => one.commitment)));
        const place = new Map(state.records.map((one, i) => [one.commitment, i]));
        for (const one of some) {
          for (const cause of one.envelope.after) {
            const [before, own] = [place.get(cause), place.get(one.commitment)];
            if (before !== undefined && own !== undefined) expect(before).toBeLessThan(own);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('members of the route hold different records and compute one digest', () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        const { said, members } = randomHistory(numbers);
        const states = members.map((member) => fold(heldBy(member, said)));
        expect(new Set(states.map(reaches)).size).toBe(1);
        const [first = {}, ...others] = states.map((state) => digests(state, nodeCrypto.sha256).sections);
        for (const sections of others) {
          expect(sections.goods).toBe(first.goods);
          expect(sections.transport).toBe(first.transport);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('members permuted, states permuted', () => {
    const to = new Map(MEMBERS.map((code, i) => [code, MEMBERS[(i + 2) % MEMBERS.length] ?? code]));
    const swap = (text: string): string =>
      text
        .replaceAll(/"(CN|KG|KZ|TJ|TM|UZ)"/g, (_, code) => `"${to.get(code)}"`)
        .replaceAll(
          /"(cn|kg|kz|tj|tm|uz)([-.])/g,
          (_, code, mark) => `"${to.get(code.toUpperCase())?.toLowerCase()}${mark}`,
        )
        .replaceAll(/demo\.(cn|kg|kz|tj|tm|uz)\./g, (_, code) => `demo.${to.get(code.toUpperCase())?.toLowerCase()}.`);
    const json = (value: unknown): string =>
      JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? Number(one) : one));
    const { posts } = context;
    const back = new Map([...to].map(([from, into]) => [into, from]));
    const foreign = (id: string): string =>
      `${back.get(id.slice(0, 2).toUpperCase() as never)?.toLowerCase()}${id.slice(2)}`;
    const swapped = {
      posts: {
        isMember: posts.isMember,
        post: (id: string) => {
          const found = posts.post(foreign(id));
          return found && (JSON.parse(swap(json(found))) as typeof found);
        },
      },
    };
    fc.assert(
      fc.property(choices, (numbers) => {
        const { said } = randomHistory(numbers);
        const permuted = (JSON.parse(swap(json(said))) as FoldInput[]).map((one) => ({
          ...one,
          index: BigInt(one.index),
        }));
        const ours = foldDossier(ID, said, { posts });
        const theirs = foldDossier(ID, permuted, swapped);
        expect(theirs).toEqual(JSON.parse(swap(json(ours))));
      }),
      { numRuns: 60 },
    );
  });
});

describe('the manifest chain', () => {
  test('the highest version in an unbroken chain is in force', () => {
    const told = tale();
    const second = told.file({ goods: CONTENTS.goods });
    const third = told.file({ goods: CONTENTS.goods });
    expect(fold(told.said).current?.version).toBe(3);
    const without = fold(told.said.filter((one) => one !== second));
    expect(without.current?.version).toBe(1);
    expect(without.waiting.map((one) => one.commitment)).toEqual([third.commitment]);
    expect(without.waiting[0]?.missing).toEqual([second.commitment]);
  });

  test('two manifests of one version: both kept, no decision stands', () => {
    const told = tale();
    told.decide('kz-nur-zholy', 'release');
    expect(at(fold(told.said), 'kz-nur-zholy')?.phase).toBe('released');
    const twin = told.file({}, { version: 1, previous: null });
    told.decide('kz-nur-zholy', 'release');
    const state = fold(told.said);
    expect(state.contradictions).toMatchObject([{ version: 1 }]);
    expect(state.contradictions[0]?.manifests).toContain(twin.commitment);
    expect(state.decisions.every((one) => !one.standing)).toBe(true);
  });

  test('a twin told to one member alone makes the dossier contradictory there', () => {
    const told = tale();
    told.file({}, { version: 1, previous: null, to: everyone(['KZ']) });
    expect(fold(heldBy('KZ', told.said)).contradictions).toHaveLength(1);
    expect(fold(heldBy('CN', told.said)).contradictions).toHaveLength(0);
    expect(reaches(fold(heldBy('KZ', told.said)))).not.toBe(reaches(fold(heldBy('CN', told.said))));
  });

  test("another member can't amend, and can't take an id over unseen", () => {
    const told = tale();
    const body = {
      ...told.manifest.envelope.body,
      version: 2,
      previous: told.manifest.commitment,
      operator: 'kz.exporter',
    };
    const foreign = told.teller.say('manifest', body, { member: 'KZ', after: [told.manifest.commitment] });
    expect(fold(told.said).current?.version).toBe(1);
    expect(fold(told.said).contradictions).toEqual([]);
    expect(aside(fold(told.said), foreign)).toBe('foreign-filer');
    const { previous: _, ...first } = { ...body, version: 1 };
    told.teller.say('manifest', first, { member: 'KZ' });
    expect(fold(told.said).contradictions).toHaveLength(1);
    // A chain of its own from the middle is another dossier under the same id, too.
    const apart = tale();
    apart.teller.say('manifest', { ...body, version: 5, previous: 'f'.repeat(64) }, { member: 'KZ' });
    expect(fold(apart.said).contradictions).toMatchObject([{ version: 5 }]);
  });

  test('another operator of the member, a broken link, a narrow audience', () => {
    const told = tale();
    const body = { ...told.manifest.envelope.body, version: 2, previous: told.manifest.commitment };
    const after = [told.manifest.commitment];
    const other = told.teller.say('manifest', { ...body, operator: 'uz.broker' }, { member: 'UZ', after });
    expect(aside(fold(told.said), other)).toBe('foreign-operator');
    const broken = tale();
    const jump = broken.file({}, { version: 3 });
    expect(aside(fold(broken.said), jump)).toBe('chain-broken');
    const narrow = tale();
    const hidden = narrow.file({}, { to: everyone(['CN', 'UZ']) });
    expect(aside(fold(narrow.said), hidden)).toBe('misaddressed');
    expect(fold(narrow.said).current?.version).toBe(1);
  });

  test('a member that joins the route begins with the version it is told', () => {
    const told = tale();
    told.decide('kz-nur-zholy', 'release');
    told.route = { ...ROUTE, posts: ['uz-yallama', 'kz-konysbayeva', 'kg-irkeshtam', 'cn-irkeshtam'] };
    told.file(CONTENTS, { after: [] });
    told.decide('kg-irkeshtam', 'release');
    const states = ['CN', 'KG', 'KZ', 'UZ'].map((member) => fold(heldBy(member, told.said)));
    expect(states.map((one) => one.current?.version)).toEqual([2, 2, 2, 2]);
    expect(new Set(states.map(reaches)).size).toBe(1);
    expect(states[1]?.manifests).toHaveLength(1);
  });
});

describe('sections', () => {
  test('only what the manifest in force names counts', () => {
    const told = tale();
    const stray = told.teller.say(
      'section',
      { dossier: ID, section: 'goods', version: 9, operator: 'uz.exporter', content: CONTENTS.goods },
      { member: 'UZ' },
    );
    const state = fold(told.said);
    expect(state.sections.map((one) => one.commitment)).not.toContain(stray.commitment);
    expect(state.sections.every((one) => one.content !== null)).toBe(true);
    expect(fold(heldBy('KZ', told.said)).sections.find((one) => one.name === 'commercial')?.content).toBeNull();
  });

  test('a section of another name under the named commitment is not taken', () => {
    const told = tale();
    const goods = told.sections.get('goods');
    if (goods === undefined) throw new Error('no goods');
    told.sections.set('transport', { ...goods, name: 'transport' });
    told.file({});
    expect(fold(told.said).sections.find((one) => one.name === 'transport')?.content).toBeNull();
  });
});

describe('decisions', () => {
  test('the last that knew of the others stands', () => {
    const told = tale();
    const hold = told.decide('kz-nur-zholy', 'hold');
    const release = told.decide('kz-nur-zholy', 'release', { after: [hold.commitment] });
    const state = fold(told.said);
    expect(at(state, 'kz-nur-zholy')).toMatchObject({ phase: 'released', standing: [release.commitment] });
    expect(state.decisions.find((one) => one.commitment === hold.commitment)?.standing).toBe(false);
  });

  test('two that did not know of each other conflict, whatever came first, until a third names both', () => {
    const told = tale();
    const hold = told.decide('kz-nur-zholy', 'hold');
    const release = told.decide('kz-nur-zholy', 'release');
    for (const order of [told.said, told.said.toReversed()]) {
      expect(at(fold(order), 'kz-nur-zholy')).toMatchObject({
        phase: 'conflicting',
        awaits: { what: 'clarification', from: 'authority' },
      });
    }
    told.decide('kz-nur-zholy', 'refuse', { after: [hold.commitment, release.commitment] });
    expect(at(fold(told.said), 'kz-nur-zholy')?.phase).toBe('refused');
  });

  test('a decision on an older version never carries over', () => {
    const told = tale();
    const release = told.decide('kz-nur-zholy', 'release');
    told.file({ goods: CONTENTS.goods });
    const state = fold(told.said);
    expect(at(state, 'kz-nur-zholy')).toMatchObject({ phase: 'undecided', everReleased: true });
    expect(state.decisions.find((one) => one.commitment === release.commitment)).toMatchObject({
      standing: false,
      manifestVersion: 1,
    });
  });

  test('by the authority of the post, on the route, to all members', () => {
    const told = tale();
    const foreign = told.decide('kz-nur-zholy', 'release', { member: 'CN', authority: 'cn.customs' });
    const chamber = told.decide('kz-nur-zholy', 'release', { authority: 'kz.chamber' });
    const elsewhere = told.decide('kg-dostuk', 'release');
    const nowhere = told.decide('kz-nowhere', 'release');
    const narrow = told.decide('kz-nur-zholy', 'release', { to: everyone(['KZ', 'UZ']) });
    const state = foldDossier(ID, told.said, { posts: context.posts });
    expect(state.decisions).toEqual([]);
    expect([foreign, chamber, elsewhere, nowhere, narrow].map((one) => aside(state, one))).toEqual([
      'foreign-post',
      'foreign-post',
      'post-not-on-route',
      'post-unknown',
      'misaddressed',
    ]);
    expect(aside(fold(told.said), foreign)).toBe('authorship');
  });

  test('one on a manifest that is not here waits', () => {
    const told = tale();
    const late = told.decide('kz-nur-zholy', 'hold', { manifest: 'f'.repeat(64), after: [] });
    const state = fold(
      told.said.map((one) => (one === late ? { ...one, envelope: { ...one.envelope, after: [] } } : one)),
    );
    expect(state.waiting).toEqual([{ commitment: late.commitment, type: 'decision', missing: ['f'.repeat(64)] }]);
  });

  test('what each word awaits', () => {
    const awaits = (decision: Parameters<DossierTeller['decide']>[1], reason?: string) => {
      const told = tale();
      told.decide('kz-nur-zholy', decision, reason === undefined ? {} : { reason });
      const post = at(fold(told.said), 'kz-nur-zholy');
      return [post?.phase, post?.awaits?.what, post?.awaits?.from];
    };
    expect(awaits('release')).toEqual(['released', undefined, undefined]);
    expect(awaits('hold', 'document-missing')).toEqual(['held', 'amendment', 'operator']);
    expect(awaits('hold', 'document-invalid')).toEqual(['held', 'amendment', 'operator']);
    expect(awaits('hold', 'goods-differ')).toEqual(['held', 'amendment', 'operator']);
    expect(awaits('hold', 'pest-suspected')).toEqual(['held', 'decision', 'authority']);
    expect(awaits('query')).toEqual(['queried', 'answer', 'operator']);
    expect(awaits('inspect')).toEqual(['inspecting', 'inspection', 'authority']);
    expect(awaits('refuse')).toEqual(['refused', undefined, undefined]);
  });
});

describe('answers and appeals', () => {
  test('an answer by the filer, after the query', () => {
    const told = tale();
    const query = told.decide('kz-nur-zholy', 'query');
    const foreign = told.answer(query, { member: 'KZ' });
    const early = told.answer(query, { after: [] });
    expect(at(fold(told.said), 'kz-nur-zholy')?.phase).toBe('queried');
    const authorless = foldDossier(ID, told.said, { posts: context.posts });
    expect(aside(authorless, foreign)).toBe('foreign-operator');
    expect(aside(authorless, early)).toBe('not-after-its-cause');
    const answer = told.answer(query);
    expect(at(fold(told.said), 'kz-nur-zholy')).toMatchObject({
      phase: 'answered',
      awaits: { what: 'decision', from: 'authority', since: answer.envelope.at },
    });
    told.decide('kz-nur-zholy', 'release', { after: [answer.commitment] });
    expect(at(fold(told.said), 'kz-nur-zholy')?.phase).toBe('released');
  });

  test('an answer to what is no query, an appeal against a release', () => {
    const told = tale();
    const release = told.decide('kz-nur-zholy', 'release');
    const state = fold([...told.said, told.answer(release), told.appeal(release)]);
    expect(state.setAside.map((one) => one.reason).sort()).toEqual(['not-a-query', 'not-appealable']);
  });

  test('an appeal: pending, dismissed, upheld', () => {
    const told = tale();
    const refusal = told.decide('kz-nur-zholy', 'refuse');
    const appeal = told.appeal(refusal);
    expect(at(fold(told.said), 'kz-nur-zholy')).toMatchObject({
      phase: 'refused',
      awaits: { what: 'appeal-outcome', since: appeal.envelope.at },
    });
    const before = [...told.said];
    told.decideAppeal(appeal, 'dismissed', { member: 'KZ' });
    expect(at(fold(told.said), 'kz-nur-zholy')).toMatchObject({ phase: 'refused', awaits: null });
    const upheld = told.decideAppeal(appeal, 'upheld', { member: 'KZ' });
    expect(at(fold([...before, upheld]), 'kz-nur-zholy')).toMatchObject({
      phase: 'undecided',
      standing: [],
      awaits: { what: 'decision', from: 'authority', since: upheld.envelope.at },
    });
    expect(at(fold(told.said), 'kz-nur-zholy')?.phase).toBe('conflicting');
  });

  test("another member's outcome counts for nothing", () => {
    const told = tale();
    const appeal = told.appeal(told.decide('kz-nur-zholy', 'refuse'));
    const foreign = told.decideAppeal(appeal, 'upheld', { member: 'CN' });
    expect(aside(fold(told.said), foreign)).toBe('foreign-authority');
    expect(at(fold(told.said), 'kz-nur-zholy')?.phase).toBe('refused');
  });
});

test('what a member says in the log that follows a closed one is later, though its indexes begin anew', () => {
  const second = 'demo.kz.dostyk/log2';
  const number = (origin: string): number => (origin === second ? 1 : (context.logNumber?.(origin) ?? 0));
  const two = { posts: context.posts, logNumber: number };
  const asks = {
    requirement: 'kz.x',
    direction: 'transit',
    source: { title: 'D', address: 'https://example.org', read: '2026-01-01', confidence: 'demonstration' },
    validFrom: '2020-01-01',
  };
  const teller = new Teller();
  const say = (goods: string) =>
    teller.say('requirement', { ...asks, goods }, { member: 'KZ', authority: 'kz.customs', to: 'public' });
  say('07');
  const [before, after] = [say('08'), say('09')];
  const moved = { ...after, origin: second, index: 0n, envelope: { ...after.envelope, log: second } };
  for (const said of [
    [before, moved],
    [moved, before],
  ])
    expect(foldRequirement(said, two).state?.body.goods).toBe('09');

  const told = new DossierTeller(ID, { filer: 'KZ' });
  told.file();
  const withdrawal = told.withdraw();
  const amended = told.file({ goods: CONTENTS.goods });
  const tail = told.said
    .slice(told.said.indexOf(withdrawal) + 1)
    .map((one, i) => ({ ...one, origin: second, index: BigInt(i) }));
  const state = foldDossier(ID, [...told.said.slice(0, told.said.indexOf(withdrawal) + 1), ...tail], two);
  expect(aside(state, amended)).toBe('after-withdrawal');
});

describe('withdrawal, certificates, what is set aside', () => {
  test('what comes after a withdrawal is shown and changes nothing', () => {
    const told = tale();
    const release = told.decide('uz-yallama', 'release');
    const withdrawal = told.withdraw();
    const late = told.decide('kz-nur-zholy', 'release', { after: [withdrawal.commitment] });
    const amended = told.file({ goods: CONTENTS.goods });
    const state = fold(told.said);
    expect(state.withdrawal?.commitment).toBe(withdrawal.commitment);
    expect(state.current?.version).toBe(1);
    expect(aside(state, amended)).toBe('after-withdrawal');
    expect(state.decisions.find((one) => one.commitment === late.commitment)?.standing).toBe(false);
    expect(state.decisions.find((one) => one.commitment === release.commitment)?.standing).toBe(true);
    expect(state.records.map((one) => one.commitment)).toContain(late.commitment);
  });

  test("another member can't withdraw", () => {
    const told = tale();
    const foreign = told.withdraw({ member: 'KZ' });
    const state = foldDossier(ID, told.said, { posts: context.posts });
    expect(state.withdrawal).toBeNull();
    expect(aside(state, foreign)).toBe('foreign-operator');
  });

  test('a certificate is revoked by its issuer alone, and shown with its version', () => {
    const told = tale();
    const certificate = told.certify(7);
    told.file({ goods: CONTENTS.goods });
    const foreign = told.revoke(certificate, { member: 'KZ', authority: 'kz.chamber' });
    const state = fold(told.said);
    expect(state.certificates).toMatchObject([{ certificate: uuid(7), state: 'in-force', manifestVersion: 1 }]);
    expect(aside(state, foreign)).toBe('foreign-authority');
    const mismatch = told.teller.say(
      'revocation',
      { certificate: uuid(8), commitment: certificate.commitment, dossier: ID, reason: 'x' },
      { member: 'UZ', authority: 'uz.chamber', after: [certificate.commitment] },
    );
    expect(aside(fold(told.said), mismatch)).toBe('certificate-not-counted');
    told.revoke(certificate);
    expect(fold(told.said).certificates[0]?.state).toBe('revoked');
  });

  test('an id twice in one log: the lower index counts', () => {
    const told = tale();
    const hold = told.decide('kz-nur-zholy', 'hold');
    const again = told.decide('kz-nur-zholy', 'release', { after: [hold.commitment], id: hold.envelope.id });
    const state = fold(told.said.toReversed());
    expect(at(state, 'kz-nur-zholy')?.phase).toBe('held');
    expect(aside(state, again)).toBe('id-repeated');
  });

  test('a commitment at two indexes counts at the lower one', () => {
    const told = tale();
    const again = { ...told.manifest, index: told.manifest.index + 90n };
    for (const list of [
      [...told.said, again],
      [again, ...told.said],
    ]) {
      expect(fold(list).current?.index).toBe(Number(told.manifest.index));
    }
  });

  test('an unreadable body and a foreign author are kept, marked and not folded', () => {
    const told = tale();
    const unreadable = told.teller.say('decision', { dossier: ID, post: 7 }, { member: 'KZ', authority: 'kz.customs' });
    const foreign = told.decide('kz-nur-zholy', 'release', { member: 'TM', authority: 'kz.customs' });
    const state = fold(told.said);
    expect(aside(state, unreadable)).toBe('unreadable');
    expect(aside(state, foreign)).toBe('authorship');
    expect(at(state, 'kz-nur-zholy')?.phase).toBe('undecided');
  });

  test('nothing that a body may hold makes the fold throw', () => {
    const types = ['section', 'manifest', 'decision', 'answer', 'appeal', 'certificate', 'event', 'slip', '__proto__'];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(fc.string(), fc.jsonValue()), (type, body) => {
        const told = tale();
        const { record } = { record: told.teller.say('decision', {}, { member: 'KZ' }) };
        const odd = { ...record, envelope: { ...record.envelope, type, body } } as FoldInput;
        expect(() => fold([...told.said.slice(0, -1), odd])).not.toThrow();
      }),
      { numRuns: 100 },
    );
  });
});
