import { expect, test } from 'vitest';
import { describeError, Malfunction, tellError } from './describe-error.ts';
import { Refusal } from './refusal.ts';

const NAME = 'Aibek Nurlanov';

test('of PostgreSQL the code, table and constraint are told, never the row', () => {
  const error = Object.assign(new Error(`invalid input syntax for type integer: "${NAME}"`), {
    name: 'PostgresError',
    code: '23505',
    schema_name: 'trade',
    table_name: 'dossier',
    column_name: 'member',
    constraint_name: 'dossier_pkey',
    detail: `Key (driver)=(${NAME}) already exists.`,
    where: `COPY dossier, line 1: "${NAME}"`,
    parameters: [NAME],
    query: `INSERT ${NAME}`,
  });
  expect(describeError(error)).toEqual({
    name: 'PostgresError',
    code: '23505',
    table: 'dossier',
    column: 'member',
    constraint: 'dossier_pkey',
    frames: expect.any(Array),
  });
  expect(JSON.stringify(describeError(error))).not.toContain(NAME);
  expect(tellError(error)).toBe('PostgresError 23505');
});

test('a message is told where this project wrote it for the log, and nowhere else', () => {
  const parse = (): unknown => {
    try {
      return JSON.parse(`{"driver": "${NAME}" x}`);
    } catch (error) {
      return error;
    }
  };
  expect(describeError(new Malfunction('the batch hangs'))).toMatchObject({ message: 'the batch hangs' });
  expect(describeError(new Refusal(503, 'peer-unreachable', 'a:1 does not answer.'))).toMatchObject({
    code: 'peer-unreachable',
    message: 'a:1 does not answer.',
  });
  const nested = new Refusal(503, 'peer-unreachable', 'No answer.', {
    cause: new Refusal(404, 'operator-unknown', `There is no ${NAME}.`, { cause: parse() }),
  });
  expect(describeError(nested)).toMatchObject({
    message: 'No answer.',
    cause: { code: 'operator-unknown', cause: { name: 'SyntaxError' } },
  });
  for (const error of [
    parse(),
    nested,
    NAME,
    { message: NAME },
    Object.assign(new Error(), { name: NAME, code: `${NAME}?` }),
  ])
    expect(JSON.stringify(describeError(error))).not.toContain(NAME);
});

test('frames are places in code; a message that looks like one is none', () => {
  const error = new Error(`x\n    at ${NAME} (/a/b.ts:1:1)`);
  const { frames = [] } = describeError(error);
  expect(frames[0]).toContain('describe-error.test.ts');
  expect(JSON.stringify(frames)).not.toContain('Aibek');
});

test('of the operating system, what was tried and where', () => {
  const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
    address: '127.0.0.1',
    port: 5432,
  });
  expect(describeError(error)).toMatchObject({
    code: 'ECONNREFUSED',
    syscall: 'connect',
    address: '127.0.0.1',
    port: 5432,
  });
});
