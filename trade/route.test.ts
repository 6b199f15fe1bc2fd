import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { demoRegistry, validFiling, ways } from './filing-fixture.ts';
import { checkLegs, crossingsOf } from './route.ts';
import type { Route } from './section.ts';

const registry = demoRegistry();
const route = (from: string, to: string, posts: string[]): Route => ({
  origin: { name: 'A', country: from },
  destination: { name: 'B', country: to },
  posts,
});
const found = (from: string, to: string, posts: string[]) =>
  crossingsOf(route(from, to, posts), registry).findings.map(({ path, code }) => `${path} ${code}`);

describe('posts lie opposite each other', () => {
  test('every way through the registry is one', () => {
    fc.assert(
      fc.property(ways(registry), (way) => {
        const { crossings, findings } = crossingsOf(validFiling(way).route, registry);
        expect(findings).toEqual([]);
        expect(crossings.flatMap(({ posts }) => posts.map(({ id }) => id))).toEqual(way.posts);
      }),
    );
  });

  test.each([
    ['unknown', 'UZ', 'KZ', ['uz-nowhere', 'kz-konysbayeva'], '/route/posts/0 post-unknown'],
    ['twice', 'UZ', 'KZ', ['uz-yallama', 'kz-konysbayeva', 'uz-yallama'], '/route/posts/2 post-repeated'],
    ['not opposite', 'UZ', 'KZ', ['uz-yallama', 'kz-korday'], '/route/posts/1 posts-not-opposite'],
    ['the wrong way round', 'UZ', 'KZ', ['kz-konysbayeva', 'uz-yallama'], '/route/posts/0 route-broken'],
    ['one post of two', 'UZ', 'KZ', ['uz-yallama'], '/route/posts/0 crossing-half'],
    ['none', 'UZ', 'KZ', [], '/route/destination route-broken'],
    ['too short', 'UZ', 'CN', ['uz-yallama', 'kz-konysbayeva'], '/route/destination route-broken'],
    ['beyond the end', 'UZ', 'UZ', ['uz-yallama', 'kz-konysbayeva'], '/route/destination route-broken'],
  ])('%s', (_, from, to, posts, finding) => expect(found(from, to, posts)).toEqual([finding]));

  test('within one state, and over the edge of the membership, there is less to pass', () => {
    expect(found('KZ', 'KZ', [])).toEqual([]);
    expect(found('KZ', 'DE', ['kz-bakhty'])).toEqual([]);
    expect(found('DE', 'KZ', ['kz-bakhty'])).toEqual([]);
    expect(found('DE', 'CN', ['kz-nur-zholy', 'cn-khorgos'])).toEqual([]);
    expect(found('DE', 'CN', ['uz-yallama', 'uz-alat', 'tm-farap'])).toContain('/route/destination route-broken');
  });
});

describe('legs follow the posts', () => {
  const way = route('UZ', 'CN', ['uz-yallama', 'kz-konysbayeva', 'kz-nur-zholy', 'cn-khorgos']);
  const rail = route('CN', 'UZ', ['cn-horgos-rail', 'kz-altynkol', 'kz-saryagash', 'uz-keles']);
  const legs = (...stages: [string, string, string][]) =>
    stages.map(([mode, from, to]) => ({
      mode: mode as 'road' | 'rail',
      from: { name: 'x', country: from },
      to: { name: 'y', country: to },
    }));
  const check = (on: Route, given: ReturnType<typeof legs>) =>
    checkLegs(given, on, crossingsOf(on, registry).crossings, registry).map(({ path, code }) => `${path} ${code}`);

  test('by road over road posts, by rail over rail posts', () => {
    expect(check(way, legs(['road', 'UZ', 'CN']))).toEqual([]);
    expect(
      check(way, legs(['rail', 'UZ', 'UZ'], ['road', 'UZ', 'KZ'], ['road', 'KZ', 'CN'], ['rail', 'CN', 'CN'])),
    ).toEqual([]);
    expect(check(rail, legs(['rail', 'CN', 'KZ'], ['rail', 'KZ', 'UZ']))).toEqual([]);
    expect(check(way, legs(['rail', 'UZ', 'CN']))).toEqual(['/sections/transport/legs/0/mode mode-differs']);
    expect(check(way, legs(['road', 'UZ', 'KZ'], ['rail', 'KZ', 'CN']))).toEqual([
      '/sections/transport/legs/1/mode mode-differs',
    ]);
  });

  test('from the origin to the destination, over no other state', () => {
    expect(check(way, legs(['road', 'KZ', 'CN']))).toEqual(['/sections/transport/legs/0/from leg-off-route']);
    expect(check(way, legs(['road', 'UZ', 'KZ']))).toEqual(['/sections/transport/legs/0/to leg-off-route']);
    expect(check(way, legs(['road', 'UZ', 'KG'], ['road', 'KG', 'CN']))).toEqual([
      '/sections/transport/legs/0/to leg-off-route',
    ]);
    expect(check(way, legs(['road', 'UZ', 'CN'], ['road', 'KZ', 'CN']))).toEqual([
      '/sections/transport/legs leg-off-route',
    ]);
    // What lies outside the membership is not in the registry and not judged.
    expect(check(route('KZ', 'DE', ['kz-bakhty']), legs(['road', 'KZ', 'RU'], ['road', 'RU', 'DE']))).toEqual([]);
  });

  test('a way that passes a state twice is divided as it must be', () => {
    const loop = route('UZ', 'UZ', ['uz-saryasia-rail', 'tj-dusti-rail', 'tj-fotehobod', 'uz-oybek']);
    expect(check(loop, legs(['rail', 'UZ', 'TJ'], ['road', 'TJ', 'UZ']))).toEqual([]);
    expect(
      check(loop, legs(['road', 'UZ', 'UZ'], ['rail', 'UZ', 'TJ'], ['road', 'TJ', 'UZ'], ['rail', 'UZ', 'UZ'])),
    ).toEqual([]);
    const longer = route('UZ', 'KG', [
      ...['uz-saryasia', 'tj-dusti', 'tj-fotehobod', 'uz-oybek'],
      ...['uz-savay', 'kg-kara-suu'],
    ]);
    expect(check(longer, legs(['road', 'UZ', 'UZ'], ['rail', 'UZ', 'KG']))).toEqual([]);
    expect(check(longer, legs(['road', 'UZ', 'KG']))).toEqual(['/sections/transport/legs/0/mode mode-differs']);
    expect(check(loop, legs(['road', 'UZ', 'UZ']))).toEqual(['/sections/transport/legs/0/mode mode-differs']);
  });
});
