import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../values/node-crypto.ts';
import type { TimelineEntry } from './contract.ts';
import { movementDigest } from './digest.ts';
import {
  CONTENTS,
  DossierTeller,
  heldBy,
  ROUTE,
  shuffled,
  Teller,
  tellEvent,
  tellMovement,
  testRegistry,
  uuid,
} from './fixture.ts';
import { foldDossier } from './project.ts';
import { foldMovement } from './project-movement.ts';
import { contextOf } from './reading.ts';
import type { FoldInput } from './state.ts';
import { foldRequirement } from './subject.ts';
import { stateOf, stopsOf, timelineOf } from './timeline.ts';

const context = contextOf(testRegistry());
const [ID, TRUCK, TRUCK2] = [uuid(1), uuid(50), uuid(51)];

const movementsIn = (said: readonly FoldInput[]) =>
  [TRUCK, TRUCK2]
    .map((id) =>
      foldMovement(
        id,
        said.filter((one) => one.envelope.body['movement'] === id && one.envelope.type !== 'decision'),
        context,
      ),
    )
    .filter((one) => one.current !== null);
const dossierIn = (said: readonly FoldInput[]) =>
  foldDossier(
    ID,
    said.filter((one) => one.envelope.body['dossier'] === ID),
    context,
  );
const stops = (said: readonly FoldInput[]) => stopsOf(dossierIn(said), movementsIn(said));
const whole = (said: readonly FoldInput[]) => stateOf(dossierIn(said), movementsIn(said), stops(said));
const line = (said: readonly FoldInput[], post: string): TimelineEntry | undefined =>
  timelineOf(dossierIn(said), movementsIn(said), [], '2026-06-12').find((one) => one.post === post);

function loaded(): { told: DossierTeller; truck: FoldInput } {
  const told = new DossierTeller(ID);
  told.file();
  return { told, truck: tellMovement(told.teller, TRUCK, [ID]) };
}

describe('a movement', () => {
  test('every order and every repeat gives the same state and digest', () => {
    const events = [
      'departed',
      'arrived-at-post',
      'left-post',
      'seals-broken',
      'seals-fitted',
      'temperature-read',
    ] as const;
    const numbers = fc.array(fc.nat(1 << 20), { minLength: 3, maxLength: 30 });
    fc.assert(
      fc.property(numbers, fc.nat(), (choices, seed) => {
        const teller = new Teller();
        const versions = [tellMovement(teller, TRUCK, [ID])];
        for (const n of choices) {
          const before = versions.at(-1);
          if (n % 9 === 0 && before !== undefined)
            versions.push(tellMovement(teller, TRUCK, n % 2 ? [ID] : [], { before }));
          else if (n % 31 === 0) tellMovement(teller, TRUCK, [uuid(9)]);
          else {
            const about = versions[n % versions.length];
            const seal = `S${n % 3}`;
            const seals = { broken: n % 2 ? [seal] : [], fitted: n % 2 ? [] : [seal] };
            const occurredAt = `2026-06-12T00:0${n % 4}:00Z`;
            if (about !== undefined) tellEvent(teller, about, events[n % 6] ?? 'departed', { occurredAt, seals });
          }
        }
        const state = foldMovement(TRUCK, teller.said, context);
        const again = foldMovement(TRUCK, shuffled(teller.said, seed), context);
        expect(again).toEqual(state);
        expect(movementDigest(again, nodeCrypto.sha256)).toBe(movementDigest(state, nodeCrypto.sha256));
      }),
      { numRuns: 100 },
    );
  });

  test('versions chain; two of one version contradict', () => {
    const teller = new Teller();
    const first = tellMovement(teller, TRUCK, [ID]);
    tellMovement(teller, TRUCK, [], { before: first });
    expect(foldMovement(TRUCK, teller.said, context)).toMatchObject({ current: { version: 2 }, contradictions: [] });
    const twin = tellMovement(teller, TRUCK, [uuid(2)], { before: first });
    const state = foldMovement(TRUCK, teller.said, context);
    expect(state.contradictions).toMatchObject([{ version: 2 }]);
    expect(state.contradictions[0]?.manifests).toContain(twin.commitment);
  });

  test('events stand by when they occurred, whoever said them first', () => {
    const teller = new Teller();
    const truck = tellMovement(teller, TRUCK, [ID]);
    tellEvent(teller, truck, 'arrived', { occurredAt: '2026-06-12T09:00:00Z' });
    tellEvent(teller, truck, 'departed', { occurredAt: '2026-06-12T08:00:00.000Z' });
    for (let hour = 1; hour < 8; hour++)
      tellEvent(teller, truck, 'temperature-read', { occurredAt: `2026-06-12T0${8 - hour}:00:00Z` });
    const { events } = foldMovement(TRUCK, teller.said, context);
    expect(events.map((one) => Number(one.body.occurredAt.slice(11, 13)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('an operator speaks for its own movement, an authority at its own posts', () => {
    const teller = new Teller();
    const truck = tellMovement(teller, TRUCK, [ID]);
    const foreign = tellEvent(teller, truck, 'departed', { saying: { member: 'KZ' } });
    const elsewhere = tellEvent(teller, truck, 'arrived-at-post', {
      post: 'cn-khorgos',
      saying: { member: 'KZ', authority: 'kz.railway' },
    });
    tellEvent(teller, truck, 'arrived-at-post', {
      post: 'kz-nur-zholy',
      saying: { member: 'KZ', authority: 'kz.railway' },
    });
    const state = foldMovement(TRUCK, teller.said, context);
    expect(state.setAside.map((one) => [one.commitment, one.reason]).sort()).toEqual(
      [
        [foreign.commitment, 'foreign-operator'],
        [elsewhere.commitment, 'foreign-post'],
      ].sort(),
    );
    expect(state.events).toHaveLength(1);
  });

  test('seals: fitted, broken, changed at reloading', () => {
    const teller = new Teller();
    const truck = tellMovement(teller, TRUCK, [ID]);
    expect(foldMovement(TRUCK, teller.said, context).seals).toEqual(['S1']);
    tellEvent(teller, truck, 'seals-broken', { seals: { broken: ['S1'], fitted: [] } });
    tellEvent(teller, truck, 'seals-fitted', { seals: { broken: [], fitted: ['S3', 'S2'] } });
    expect(foldMovement(TRUCK, teller.said, context).seals).toEqual(['S2', 'S3']);
  });

  test('an event waits for the version that it names', () => {
    const teller = new Teller();
    const truck = tellMovement(teller, TRUCK, [ID]);
    const event = tellEvent(teller, truck, 'departed');
    const state = foldMovement(TRUCK, [event], context);
    expect(state).toMatchObject({ current: null, events: [], waiting: [{ missing: [truck.commitment] }] });
  });
});

describe('the timeline', () => {
  test('one post from expectation to departure', () => {
    const { told, truck } = loaded();
    const post = 'uz-yallama';
    const { said, teller } = told;
    expect(line(said, post)).toMatchObject({
      state: 'expected',
      awaited: { what: 'arrival', from: { kind: 'carrier', id: 'uz.carrier' }, since: told.manifest.envelope.at },
    });
    const departed = tellEvent(teller, truck, 'departed', { occurredAt: '2026-06-12T01:00:00Z' });
    expect(line(said, post)?.awaited?.since).toBe(departed.envelope.body['occurredAt']);
    tellEvent(teller, truck, 'arrived-at-post', { post, occurredAt: '2026-06-12T02:00:00Z' });
    expect(line(said, post)).toMatchObject({
      state: 'arrived',
      arrivedAt: '2026-06-12T02:00:00Z',
      awaited: { what: 'decision', from: { kind: 'authority', id: 'uz.customs' }, since: '2026-06-12T02:00:00Z' },
    });
    const release = told.decide(post, 'release', { at: '2026-06-12T03:00:00Z' });
    expect(line(said, post)).toMatchObject({
      state: 'released',
      awaited: { what: 'departure', from: { kind: 'carrier' }, since: release.envelope.at },
    });
    tellEvent(teller, truck, 'left-post', { post, occurredAt: '2026-06-12T04:00:00Z' });
    expect(line(said, post)).toMatchObject({ state: 'passed', awaited: null, leftAt: '2026-06-12T04:00:00Z' });
    expect(line(said, 'kz-konysbayeva')).toMatchObject({
      state: 'expected',
      awaited: { what: 'arrival', since: '2026-06-12T04:00:00Z' },
    });
  });

  test('without a vehicle, the operator is asked for; a release before arrival awaits the arrival', () => {
    const told = new DossierTeller(ID);
    told.file();
    told.decide('kz-nur-zholy', 'release');
    expect(line(told.said, 'uz-yallama')?.awaited?.from).toMatchObject({
      kind: 'operator',
      id: 'uz.exporter',
      member: 'UZ',
    });
    expect(line(told.said, 'kz-nur-zholy')).toMatchObject({ state: 'released', awaited: { what: 'arrival' } });
  });

  test('who left without a release is not past the post', () => {
    const { told, truck } = loaded();
    tellEvent(told.teller, truck, 'left-post', { post: 'uz-yallama' });
    expect(line(told.said, 'uz-yallama')).toMatchObject({ state: 'arrived', awaited: { what: 'decision' } });
    told.decide('uz-yallama', 'hold');
    expect(line(told.said, 'uz-yallama')?.state).toBe('held');
  });

  test('a post that was passed stays passed under a later version', () => {
    const { told, truck } = loaded();
    told.decide('uz-yallama', 'release');
    tellEvent(told.teller, truck, 'left-post', { post: 'uz-yallama' });
    told.decide('kz-nur-zholy', 'release');
    told.file({ goods: CONTENTS.goods });
    expect(stops(told.said).map((one) => one.state)).toEqual(['passed', 'expected', 'expected', 'expected']);
  });

  test('query, answer, appeal: from whom and since when', () => {
    const { told } = loaded();
    const query = told.decide('kz-nur-zholy', 'query');
    expect(line(told.said, 'kz-nur-zholy')?.awaited).toMatchObject({
      what: 'answer',
      from: { id: 'uz.exporter' },
      since: query.envelope.at,
    });
    const answer = told.answer(query);
    expect(line(told.said, 'kz-nur-zholy')?.awaited).toMatchObject({
      what: 'decision',
      from: { id: 'kz.customs' },
      since: answer.envelope.at,
    });
    expect(line(told.said, 'kz-nur-zholy')?.decisions[0]?.answer?.text).toBe('Because.');
    const refusal = told.decide('kz-nur-zholy', 'refuse', { after: [answer.commitment] });
    expect(line(told.said, 'kz-nur-zholy')).toMatchObject({ state: 'refused', awaited: null });
    const appeal = told.appeal(refusal);
    expect(line(told.said, 'kz-nur-zholy')?.awaited).toMatchObject({
      what: 'appeal-outcome',
      from: { id: 'kz.customs' },
      since: appeal.envelope.at,
    });
    const outcome = told.decideAppeal(appeal, 'upheld', { member: 'KZ' });
    expect(line(told.said, 'kz-nur-zholy')).toMatchObject({
      state: 'expected',
      awaited: { what: 'decision', since: outcome.envelope.at },
      decisions: [{}, { standing: false, appealed: { outcome: { outcome: 'upheld' } } }],
    });
  });

  test('a withdrawn dossier awaits nothing; a contradictory one awaits a word of its operator everywhere', () => {
    const { told } = loaded();
    told.decide('kz-nur-zholy', 'query');
    const twin = told.file({}, { version: 1, previous: null });
    for (const stop of stops(told.said)) {
      expect(stop.awaited).toMatchObject({
        what: 'clarification',
        from: { kind: 'operator' },
        since: twin.envelope.at,
      });
    }
    const other = loaded().told;
    other.withdraw();
    expect(stops(other.said).every((stop) => stop.awaited === null)).toBe(true);
  });

  test('what a member asks for in vain', () => {
    const { told } = loaded();
    const source = { title: 'Demo', address: 'https://example.org', read: '2026-01-01', confidence: 'demonstration' };
    const asks = {
      requirement: 'cn.cherries',
      direction: 'import',
      goods: '0809',
      certificates: ['origin'],
      treatments: ['cold-treatment'],
      source,
      validFrom: '2020-01-01',
    };
    const said = told.teller.say('requirement', asks, { member: 'CN', authority: 'cn.customs', to: 'public' });
    const requirement = foldRequirement([said], context).state;
    if (requirement === undefined) throw new Error('not folded');
    const missing = () =>
      timelineOf(dossierIn(told.said), [], [requirement], '2026-06-12').map((one) =>
        one.missing.map((gap) => gap.what),
      );
    expect(missing()).toEqual([[], [], [], ['origin', 'cold-treatment']]);
    const certificate = told.certify(3);
    expect(missing()[3]).toEqual(['cold-treatment']);
    told.revoke(certificate);
    expect(missing()[3]).toEqual(['origin', 'cold-treatment']);
  });
});

describe('reloading, splitting, unloading', () => {
  const at = (minute: number) => `2026-06-13T00:${String(minute).padStart(2, '0')}:00Z`;

  test('goods that change trucks at a post have left it with the truck that takes them on', () => {
    const { told, truck } = loaded();
    const { teller, said } = told;
    for (const post of ROUTE.posts) told.decide(post, 'release');
    for (const [i, post] of ROUTE.posts.entries()) {
      tellEvent(teller, truck, 'arrived-at-post', { post, occurredAt: at(i * 2) });
      if (post !== 'cn-khorgos') tellEvent(teller, truck, 'left-post', { post, occurredAt: at(i * 2 + 1) });
    }
    const second = tellMovement(teller, TRUCK2, [ID], { posts: [], saying: { member: 'CN' } });
    const reload = {
      toMovement: TRUCK2,
      toMeans: { mode: 'road' as const, identification: 'X', country: 'CN' as never },
      packages: [{ dossier: ID, expected: 4000, counted: 4000 }],
    };
    const saying = { member: 'CN', authority: 'cn.customs' };
    tellEvent(teller, truck, 'reloaded', { post: 'cn-khorgos', reload, occurredAt: at(10), saying });
    expect(line(said, 'cn-khorgos')?.state).toBe('released');
    expect(whole(said)).toBe('released');
    tellEvent(teller, second, 'departed', { occurredAt: at(11) });
    expect(line(said, 'cn-khorgos')).toMatchObject({ state: 'passed', leftAt: at(11) });
    tellEvent(teller, second, 'arrived', { occurredAt: at(12) });
    expect(whole(said)).toBe('arrived');
  });

  test('split over two trucks, it has left when both have', () => {
    const { told, truck } = loaded();
    const other = tellMovement(told.teller, TRUCK2, [ID]);
    told.decide('uz-yallama', 'release');
    tellEvent(told.teller, truck, 'left-post', { post: 'uz-yallama', occurredAt: at(1) });
    expect(line(told.said, 'uz-yallama')?.state).toBe('released');
    tellEvent(told.teller, other, 'left-post', { post: 'uz-yallama', occurredAt: at(2) });
    expect(line(told.said, 'uz-yallama')).toMatchObject({ state: 'passed', leftAt: at(2) });
  });

  test('a truck of another member that names a dossier it does not carry holds it up, and never brings it past a post', () => {
    const { told, truck } = loaded();
    const { teller, said } = told;
    const saying = { member: 'KZ' };
    const liar = tellMovement(teller, TRUCK2, [ID], { saying });
    for (const post of ROUTE.posts) told.decide(post, 'release');
    tellEvent(teller, liar, 'left-post', { post: 'uz-yallama', occurredAt: at(1), saying });
    tellEvent(teller, liar, 'arrived', { occurredAt: at(2), saying });
    expect(line(said, 'uz-yallama')).toMatchObject({ state: 'released', leftAt: null });
    expect(whole(said)).toBe('released');
    // Both stand at the post, each with the member that declared it.
    expect(movementsIn(said).map(({ member }) => member)).toEqual(['UZ', 'KZ']);
    tellEvent(teller, truck, 'left-post', { post: 'uz-yallama', occurredAt: at(3) });
    expect(line(said, 'uz-yallama')).toMatchObject({ state: 'passed', leftAt: at(3) });
  });

  test('split over two trucks, it has arrived when both have', () => {
    const { told, truck } = loaded();
    const other = tellMovement(told.teller, TRUCK2, [ID]);
    for (const post of ROUTE.posts) {
      told.decide(post, 'release');
      for (const one of [truck, other]) tellEvent(told.teller, one, 'left-post', { post });
    }
    tellEvent(told.teller, truck, 'arrived');
    expect(whole(told.said)).toBe('released');
    tellEvent(told.teller, other, 'arrived');
    expect(whole(told.said)).toBe('arrived');
  });

  test('what was unloaded stays when the truck goes on', () => {
    const { told, truck } = loaded();
    const post = 'uz-yallama';
    tellEvent(told.teller, truck, 'arrived-at-post', { post, occurredAt: at(1) });
    told.decide(post, 'hold', { reason: 'goods-differ' });
    const without = tellMovement(told.teller, TRUCK, [], { before: truck });
    tellEvent(told.teller, without, 'left-post', { post, occurredAt: at(3) });
    expect(line(told.said, post)).toMatchObject({
      state: 'held',
      arrivedAt: at(1),
      leftAt: null,
      awaited: { what: 'amendment' },
    });
    expect(whole(told.said)).toBe('held');
  });
});

describe('the dossier as a whole', () => {
  test('the gravest word first', () => {
    const { told, truck } = loaded();
    const { said } = told;
    expect(whole(said)).toBe('filed');
    tellEvent(told.teller, truck, 'departed');
    expect(whole(said)).toBe('under-way');
    for (const post of ROUTE.posts) told.decide(post, 'release');
    expect(whole(said)).toBe('released');
    tellEvent(told.teller, truck, 'arrived');
    expect(whole(said)).toBe('released');
    for (const post of ROUTE.posts) tellEvent(told.teller, truck, 'left-post', { post });
    expect(whole(said)).toBe('arrived');
    told.file({ goods: CONTENTS.goods });
    expect(whole(said)).toBe('arrived');
    told.decide('kz-nur-zholy', 'hold');
    expect(whole(said)).toBe('held');
    told.decide('kz-konysbayeva', 'refuse');
    expect(whole(said)).toBe('refused');
    told.withdraw();
    expect(whole(said)).toBe('withdrawn');
    told.file({}, { version: 1, previous: null });
    expect(whole(said)).toBe('contradictory');
  });

  test('members of the route see one timeline', () => {
    const { told, truck } = loaded();
    tellEvent(told.teller, truck, 'departed');
    told.decide('uz-yallama', 'release');
    told.decide('kz-nur-zholy', 'query');
    const [first, ...others] = ['UZ', 'KZ', 'CN'].map((member) => stops(heldBy(member, told.said)));
    for (const other of others) expect(other).toEqual(first);
    expect(stops(heldBy('TM', told.said))).toEqual([]);
  });
});
