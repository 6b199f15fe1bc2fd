import { expect, test } from 'vitest';
import { membersContract } from '../members/contract.ts';
import { tradeContract } from '../trade/contract.ts';
import { operationsAt, parametersOf } from './operation.ts';

test('every operation of the contracts is found at its address and at no other', () => {
  for (const contract of [...Object.values(tradeContract), ...Object.values(membersContract)]) {
    const { method, path = '' } = contract['~orpc'].route;
    expect(method, path).toMatch(/^(GET|POST)$/);
    const address = path.replaceAll(/\{[a-z]+\}/g, 'some-id');
    expect(operationsAt(address)[0]?.template.split('/').length).toBe(path.split('/').length);
    expect(operationsAt(address)).toContainEqual(expect.objectContaining({ method, template: path }));
    expect(operationsAt(`${address}/more/and/more`)).toEqual([]);
    expect(operationsAt(`/before${address}`).map(({ template }) => template)).not.toContain(path);
  }
});

test('no two operations share method and address', () => {
  const all = [...Object.values(tradeContract), ...Object.values(membersContract)]
    .map((contract) => contract['~orpc'].route)
    .map(({ method, path }) => `${method} ${path?.replaceAll(/\{[a-z]+\}/g, '{}')}`);
  expect(new Set(all).size).toBe(all.length);
});

test.each([
  ['', []],
  ['/', []],
  ['/dossiers', ['GET', 'POST']],
  ['/dossiers/', ['GET', 'POST']],
  ['/dossiersx', []],
  ['/dossiers//decisions', []],
  ['/dossiers/a/b/c', []],
  ['/DOSSIERS', []],
])('%j has %j', (path, methods) => {
  expect(
    operationsAt(path)
      .map(({ method }) => method)
      .sort(),
  ).toEqual(methods);
});

test('what stands in an address has its name', () => {
  expect(parametersOf('/dossiers')).toEqual([]);
  expect(parametersOf('/dossiers/{dossier}/files/{hash}')).toEqual(['dossier', 'hash']);
});
