import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Refusal } from '../values/refusal.ts';
import { findingsOf, Problem, problemOf, problemResponse, refusalOf } from './problem.ts';

const issuesOf = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues ?? [];

/** What RFC 6901 says a pointer leads to. */
function at(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((within, part) => (within as Record<string, unknown>)[part], value);
}

describe('findings', () => {
  test('lead to what is wrong, whatever the fields are called', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (outer, inner) => {
        fc.pre(outer !== '__proto__' && inner !== '__proto__');
        const value = { [outer]: [{ [inner]: 'wrong' }] };
        const schema = z.strictObject({ [outer]: z.array(z.strictObject({ [inner]: z.number() })) });
        const found = findingsOf(issuesOf(schema, value));
        expect(found.map(({ code }) => code)).toEqual(['form-wrong']);
        expect(at(value, found[0]?.path ?? '')).toBe('wrong');
      }),
      { numRuns: 200 },
    );
  });

  test('name each unknown field, also one called __proto__, and at most a hundred', () => {
    const schema = z.strictObject({ known: z.number().optional() });
    expect(
      findingsOf(issuesOf(schema, JSON.parse('{"a":1,"b/~c":2,"__proto__":3}'))).map(({ path, code }) => [path, code]),
    ).toEqual([
      ['/a', 'unknown-field'],
      ['/b~1~0c', 'unknown-field'],
      ['/__proto__', 'unknown-field'],
    ]);
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, i]));
    expect(findingsOf(issuesOf(schema, many))).toHaveLength(100);
    expect(findingsOf(issuesOf(z.array(z.number()), Array(5000).fill('x')))).toHaveLength(100);
  });
});

describe('a problem', () => {
  test('has the form that the API describes and leaves out what is not there', () => {
    const refusal = new Refusal(422, 'findings', 'Wrong.', {
      params: { version: 2 },
      findings: [{ path: '/a', code: 'b', message: 'c', row: 1, column: 2, params: { d: 'e' } }],
      remedy: 'Do it.',
    });
    const problem = problemOf(refusal, 'abc');
    expect(Problem.strict().parse(problem)).toEqual(problem);
    expect(problem).toMatchObject({ type: '/problems/findings', instance: 'urn:request:abc', detail: 'Wrong.' });
    expect(Object.keys(problemOf(new Refusal(404, 'x', 'y'), 'abc'))).toEqual([
      'type',
      'title',
      'status',
      'code',
      'detail',
      'instance',
    ]);
  });

  test.each([
    [401, 'token-missing', {}, 'www-authenticate', 'Bearer'],
    [401, 'node-token-missing', {}, 'www-authenticate', 'Bearer'],
    [401, 'token-expired', {}, 'www-authenticate', 'Bearer error="invalid_token"'],
    [429, 'queue-full', { retryAfter: 3 }, 'retry-after', '3'],
    [405, 'method-not-allowed', { allow: 'GET, HEAD' }, 'allow', 'GET, HEAD'],
  ])('%i %s carries its header', (status, code, params, header, value) => {
    const answer = problemResponse(new Refusal(status, code, '', { params }), 'abc');
    expect([answer.status, answer.headers.get(header), answer.headers.get('content-type')]).toEqual([
      status,
      value,
      'application/problem+json',
    ]);
  });
});

test('what is thrown is a refusal, an outage, or nothing that anyone is told of', () => {
  const refusal = new Refusal(409, 'version-conflict', 'no');
  expect(refusalOf(refusal)).toEqual({ refusal, accident: false });
  expect(refusalOf(new Refusal(500, 'key-foreign', 'no')).accident).toBe(true);
  for (const code of ['CONNECTION_CLOSED', 'ECONNREFUSED', '57P01', '08006', '53300'])
    expect(refusalOf(Object.assign(new Error('secret'), { code }))).toMatchObject({
      refusal: { status: 503, code: 'ledger-unavailable', params: { retryAfter: 2 } },
      accident: true,
    });
  for (const thrown of [
    new Error('secret'),
    Object.assign(new Error('secret'), { code: '23505' }),
    'secret',
    { status: 200, code: 'secret' },
    null,
    undefined,
  ]) {
    const { refusal: told, accident } = refusalOf(thrown);
    expect([told.status, told.code, accident]).toEqual([500, 'internal', true]);
    expect(JSON.stringify(problemOf(told, 'abc'))).not.toContain('secret');
  }
});
