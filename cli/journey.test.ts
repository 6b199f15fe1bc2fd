import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Refusal } from '../values/refusal.ts';
import { differences, expand, type Names, pointer, readJourney } from './journey.ts';
import { readEnvironment } from './node.ts';
import { describe as describeRefusal, exitCodeOf } from './outcome.ts';
import { Supervised } from './supervisor.ts';

const folder = mkdtempSync(join(tmpdir(), 'dostyk-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const names = (saved: Record<string, unknown> = {}): Names => ({
  saved: new Map(Object.entries(saved)),
  uuids: new Map(),
  run: 'r1',
  now: () => new Date('2026-06-11T10:00:00Z'),
  uuid: () => 'u-1',
});

describe('references in journeys', () => {
  test('times, runs, ids and what was saved', () => {
    const one = names({ x: { a: 1 }, 'y-2': 'text' });
    expect(
      expand(
        {
          at: '${now}',
          later: '${now+2h}',
          before: '${now-90m}',
          day: '${today-3d}',
          whole: '${x}',
          within: 'a ${y-2} ${run}',
          ids: ['${uuid:a}', '${uuid:a}'],
          n: 5,
          none: null,
        },
        one,
      ),
    ).toEqual({
      at: '2026-06-11T10:00:00.000Z',
      later: '2026-06-11T12:00:00.000Z',
      before: '2026-06-11T08:30:00.000Z',
      day: '2026-06-08',
      whole: { a: 1 },
      within: 'a text r1',
      ids: ['u-1', 'u-1'],
      n: 5,
      none: null,
    });
    expect(() => expand('${nothing}', one)).toThrow(
      expect.objectContaining({ code: 'journey-invalid', params: { name: 'nothing' } }) as Error,
    );
  });
  test('what has no reference is left as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!JSON.stringify(value).includes('${'));
        expect(expand(value, names())).toEqual(value);
      }),
    );
  });
  test('pointers and differences', () => {
    const value = { 'a/b': [{ '~': 1 }], c: null };
    expect(pointer(value, '/a~1b/0/~0')).toBe(1);
    expect(pointer(value, '')).toBe(value);
    expect(pointer(value, '/c/d')).toBeUndefined();
    expect(differences(value, { '/c': null, '/a~1b/0': { '~': 1 } })).toEqual([]);
    expect(differences(value, { '/c': 1, '/x': 2 })).toEqual(['/c is null, not 1', '/x is undefined, not 2']);
  });
});

describe('journey files', () => {
  const write = (value: unknown): string => {
    const path = join(folder, 'j.json');
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };
  const step = { id: 'a', as: 'KZ/customs', call: 'GET /api/me' };
  test('those of the examples are journeys, with sources and what is unknown', () => {
    const examples = new URL('../examples/journeys', import.meta.url).pathname;
    for (const name of readdirSync(examples).filter((one) => one.endsWith('.json'))) {
      const { journey } = readJourney(join(examples, name));
      expect(journey.sources.length, name).toBeGreaterThan(0);
      expect(journey.unknown.length, name).toBeGreaterThan(0);
      expect(readFileSync(join(examples, name), 'utf8')).toContain('DEMONSTRATION, NOT AN OFFICIAL DOCUMENT');
    }
  });
  test.each([
    ['no JSON', '{', 'journey-invalid'],
    ['no steps', { journey: 'a', title: 't', steps: [] }, 'journey-invalid'],
    ['an unknown field', { journey: 'a', title: 't', steps: [{ ...step, hurry: true }] }, 'journey-invalid'],
    ['a wrong call', { journey: 'a', title: 't', steps: [{ ...step, call: 'FETCH /x' }] }, 'journey-invalid'],
    ['two steps of one id', { journey: 'a', title: 't', steps: [step, step] }, 'journey-invalid'],
  ])('%s is refused with the place', (_, value, code) => {
    expect(() => readJourney(write(value))).toThrow(expect.objectContaining({ code }) as Error);
  });
  test('an absent file', () =>
    expect(() => readJourney(join(folder, 'absent.json'))).toThrow(
      expect.objectContaining({ code: 'file-unreadable' }) as Error,
    ));
});

test('settings of a node: every problem at once, and no value in the answer', () => {
  const refusal = (() => {
    try {
      readEnvironment({
        DATABASE_URL: 'mysql://user:secret@host/db',
        DOSTYK_MEMBER: 'kaz',
        DOSTYK_GENESIS: 'x',
        DOSTYK_ISSUER: 'https://issuer.example/',
        PORT: '99999',
      });
    } catch (error) {
      return error as Refusal;
    }
    return undefined;
  })();
  expect(refusal?.code).toBe('environment-invalid');
  expect(refusal?.findings.map(({ path, code }) => `${path} ${code}`)).toEqual([
    '/DATABASE_URL form-wrong',
    '/DOSTYK_MEMBER form-wrong',
    '/DOSTYK_KEYS missing',
    '/DOSTYK_REGISTRY missing',
    '/DOSTYK_GENESIS form-wrong',
    '/DOSTYK_ACCOUNTS missing',
    '/DOSTYK_ISSUER form-wrong',
    '/PORT form-wrong',
  ]);
  expect(describeRefusal(refusal!)).not.toContain('secret');
  expect(
    readEnvironment({
      DATABASE_URL: 'postgres://u:p@h/d',
      DOSTYK_MEMBER: 'KZ',
      DOSTYK_KEYS: 'k',
      DOSTYK_REGISTRY: 'r',
      DOSTYK_GENESIS: 'a'.repeat(64),
      DOSTYK_ACCOUNTS: 'a',
      DOSTYK_ISSUER: 'https://issuer.example',
    }),
  ).toMatchObject({ HOST: '127.0.0.1', PORT: 8080 });
});

test('exit codes follow what happened', () => {
  expect(
    [
      new Refusal(400, 'usage', ''),
      new Refusal(409, 'version-conflict', ''),
      new Refusal(503, 'ledger-unavailable', ''),
    ].map(exitCodeOf),
  ).toEqual([2, 1, 3]);
});

test('a process that dies is started again with growing pauses; one that is stopped stays so', async () => {
  const pauses: number[] = [];
  const supervised = new Supervised({
    name: 'x',
    command: process.execPath,
    args: ['-e', 'process.exit(7)'],
    env: {},
    logFile: join(folder, 'logs', 'x.log'),
    onExit: (_, code, pause) => void pauses.push(code === 7 ? pause : -1),
  });
  supervised.start();
  while (pauses.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  await supervised.stop();
  expect(pauses.slice(0, 3)).toEqual([200, 400, 800]);
  const count = pauses.length;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(pauses).toHaveLength(count);

  const stubborn = new Supervised({
    name: 'y',
    command: process.execPath,
    args: ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"],
    env: {},
    logFile: join(folder, 'logs', 'y.log'),
  });
  stubborn.start();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const pid = stubborn.pid!;
  await stubborn.stop(300);
  expect(() => process.kill(pid, 0)).toThrow();
});
