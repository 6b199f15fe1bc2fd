import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { demoRegistry } from './filing-fixture.ts';
import { uuid } from './fixture.ts';
import { checkEvent, checkMovement, knownZones } from './movement.ts';
import { EVENTS, EventBody, MovementBody } from './record.ts';

const registry = demoRegistry();
const place = (name: string, country: string) => ({ name, country });
const movement = MovementBody.omit({ version: true, previous: true, operator: true }).parse({
  movement: uuid(1),
  carrier: place('Carrier', 'UZ'),
  leg: {
    mode: 'road',
    from: place('Fergana', 'UZ'),
    to: place('Khorgos', 'CN'),
    departure: '2026-06-11T00:00:00Z',
    arrival: '2026-06-12T00:00:00Z',
  },
  posts: ['uz-yallama', 'kz-konysbayeva', 'kz-nur-zholy', 'cn-khorgos'],
  means: { mode: 'road', identification: '40 777 UZ', country: 'UZ' },
  equipment: [{ kind: 'container', identification: 'CSQU3054383', seals: ['S1'] }],
  consignments: [{ dossier: uuid(2) }, { dossier: uuid(3), packages: 10 }],
});
type Movement = typeof movement;

describe('a movement', () => {
  const found = (change: Partial<Movement>) =>
    checkMovement({ ...movement, ...change }, registry).map(({ path, code }) => `${path} ${code}`);
  const { leg, means, posts } = movement;

  test('in order has no findings', () => expect(found({})).toEqual([]));

  const wrongs: [string, Partial<Movement>, string][] = [
    ['an unknown post', { posts: ['uz-nowhere'] }, '/posts/0 post-unknown'],
    ['a post twice', { posts: [...posts, 'uz-yallama'] }, '/posts/4 post-repeated'],
    ['a rail post by road', { posts: ['kz-altynkol'] }, '/posts/0 mode-differs'],
    ['a train on a road leg', { means: { ...means, mode: 'rail' } }, '/means/mode mode-differs'],
    ['there before it left', { leg: { ...leg, arrival: '2026-06-10T23:59:59Z' } }, '/leg/arrival times-out-of-order'],
    [
      'a consignment twice',
      { consignments: [{ dossier: uuid(2) }, { dossier: uuid(2), packages: 1 }] },
      '/consignments/1/dossier consignment-repeated',
    ],
    [
      'a wrong container number',
      { equipment: [{ kind: 'container', identification: 'CSQU3054380', seals: [] }] },
      '/equipment/0/identification container-number-wrong',
    ],
  ];
  test.each(wrongs)('%s', (_, change, finding) => expect(found(change)).toEqual([finding]));
});

describe('an event', () => {
  const now = new Date('2026-06-11T12:00:00Z');
  const zones = knownZones();
  const event = EventBody.omit({ operator: true }).parse({
    movement: uuid(1),
    event: 'departed',
    place: 'Fergana',
    occurredAt: '2026-06-11T00:00:00Z',
    zone: 'Asia/Tashkent',
    source: 'operator',
  });
  type Event = typeof event;
  const found = (change: object) =>
    checkEvent({ ...event, ...change } as Event, { movement, registry, now, zones }).map(
      ({ path, code }) => `${path} ${code}`,
    );
  const at = { post: 'kz-nur-zholy', zone: 'Asia/Almaty' };
  const reload = {
    toMovement: uuid(9),
    toMeans: { mode: 'road', identification: '01 KZ', country: 'KZ' },
    packages: [{ dossier: uuid(2), expected: 4000, counted: 3999 }],
  };
  const seals = (broken: string[], fitted: string[]) => ({ seals: { broken, fitted } });

  test.each([
    ['departed', {}],
    ['ten minutes ahead of this clock', { occurredAt: '2026-06-11T12:10:00Z' }],
    ['at a post', { event: 'arrived-at-post', ...at }],
    ['reported by an authority', { event: 'presented', source: 'authority', ...at }],
    ['broken', { event: 'seals-broken', ...seals(['S1'], []) }],
    ['fitted', { event: 'seals-fitted', ...seals([], ['S2']) }],
    ['reloaded, sealed anew', { event: 'reloaded', ...at, reload, ...seals(['S1'], ['S2']) }],
    ['onto other wagons', { event: 'gauge-changed', ...at, reload }],
    ['read', { event: 'temperature-read', temperature: 1.5 }],
    ['on the road', { event: 'problem', problem: 'queue', source: 'driver', place: undefined }],
  ])('in order: %s', (_, change) => expect(found(change)).toEqual([]));

  test.each([
    ['the future', { occurredAt: '2026-06-11T12:10:01Z' }, '/occurredAt event-from-future'],
    ['no zone', { zone: 'Asia/Nowhere' }, '/zone zone-unknown'],
    ['a post elsewhere', { ...at, post: 'cn-torugart' }, '/post post-not-on-way'],
    [
      "an authority's clock of another zone",
      { ...at, zone: 'Asia/Shanghai', source: 'authority' },
      '/zone zone-differs',
    ],
    ['at no post', { event: 'arrived-at-post' }, '/post post-missing'],
    ['nowhere', { place: undefined }, '/place place-missing'],
    ['reloaded onto nothing', { event: 'reloaded' }, '/reload reload-missing'],
    [
      'reloaded onto itself',
      { event: 'reloaded', reload: { ...reload, toMovement: uuid(1) } },
      '/reload/toMovement reload-onto-itself',
    ],
    ['a reloading that is none', { reload }, '/reload reload-unexpected'],
    [
      'a strange consignment',
      { event: 'reloaded', reload: { ...reload, packages: [{ dossier: uuid(7), expected: 1, counted: 1 }] } },
      '/reload/packages/0/dossier consignment-not-aboard',
    ],
    [
      'counted twice',
      { event: 'reloaded', reload: { ...reload, packages: [...reload.packages, ...reload.packages] } },
      '/reload/packages/1/dossier consignment-repeated',
    ],
    ['no temperature', { event: 'temperature-read' }, '/temperature temperature-missing'],
    ['a temperature by the way', { temperature: 2 }, '/temperature temperature-unexpected'],
    ['a problem without a code', { event: 'problem' }, '/problem problem-missing'],
    ['a problem by the way', { problem: 'queue' }, '/problem problem-unexpected'],
    ['no seals', { event: 'seals-broken' }, '/seals seals-missing'],
    ['the other seals', { event: 'seals-fitted', ...seals(['S1'], []) }, '/seals seals-missing'],
    ['seals by the way', { event: 'delayed', ...seals(['S1'], []) }, '/seals seals-unexpected'],
    ['a seal twice', { event: 'seals-fitted', ...seals([], ['S2', 'S2']) }, '/seals/fitted/1 seal-repeated'],
  ])('out of order: %s', (_, change, finding) => expect(found(change)).toEqual([finding]));

  test('whatever has the form of an event is checked without an exception', () => {
    const any = fc.record(
      {
        event: fc.constantFrom(...EVENTS),
        post: fc.constantFrom('kz-nur-zholy', 'x', undefined),
        place: fc.constantFrom('Here', undefined),
        zone: fc.constantFrom('Asia/Almaty', 'X'),
        source: fc.constantFrom('operator', 'authority', 'driver'),
        reload: fc.constantFrom(reload, undefined),
        seals: fc.constantFrom({ broken: [], fitted: [] }, { broken: ['S1', 'S1'], fitted: ['S1'] }, undefined),
        temperature: fc.constantFrom(-80, 80, undefined),
      },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(any, (change) => Array.isArray(found(change))));
  });
});
