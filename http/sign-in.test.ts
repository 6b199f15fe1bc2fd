import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts } from '../members/account.ts';
import { refusalOf } from '../test/handler-nodes.ts';
import { basePort } from '../test/ports.ts';
import { type RunningIssuer, startIssuer } from './identity-provider.ts';
import { SignIn } from './sign-in.ts';

const RESOURCE = 'http://node.example/api';
const accounts = openAccounts({
  member: 'KZ',
  operators: [{ id: 'kz.exporter', name: 'Exporter' }],
  accounts: [
    { subject: 'kz-exporter', name: 'Exporter', operator: 'kz.exporter' },
    { subject: 'kz-customs', name: 'Customs', authority: 'kz.customs' },
  ],
});
const signIn = (issuer: string, change: { audience?: string; clock?: () => Date } = {}) =>
  new SignIn({ issuer, audience: RESOURCE, accounts, clock: () => new Date(), ...change });
const codeOf = async (act: Promise<unknown>): Promise<[number, string]> => {
  const { status, code } = await refusalOf(act);
  return [status, code];
};

describe('tokens of the demonstration’s issuer', () => {
  let issuer: RunningIssuer;
  let port: number;
  beforeAll(async () => {
    port = (await basePort()) + 1;
    issuer = await startIssuer({
      issuer: `http://127.0.0.1:${port}`,
      host: '127.0.0.1',
      port,
      clients: ['kz-exporter', 'kz-customs', 'kz-stranger'].map((clientId) => ({ clientId, clientSecret: 'secret' })),
      resource: RESOURCE,
    });
  });
  afterAll(() => issuer?.stop());

  const ask = async (client: string, parameters: Record<string, string> = {}, secret = 'secret') => {
    const answer = await fetch(`${issuer.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
    });
    return { status: answer.status, body: (await answer.json()) as { access_token?: string; error?: string } };
  };
  const bearer = async (client: string): Promise<string> => `Bearer ${(await ask(client)).body.access_token}`;

  test('name the caller, for an operator or for an authority', async () => {
    const desk = signIn(issuer.issuer);
    expect(await desk.caller(await bearer('kz-exporter'))).toEqual({
      member: 'KZ',
      subject: 'kz-exporter',
      name: 'Exporter',
      operator: 'kz.exporter',
    });
    expect(await desk.caller(await bearer('kz-customs'))).toMatchObject({ authority: 'kz.customs' });
    expect(await codeOf(desk.caller(await bearer('kz-stranger')))).toEqual([403, 'account-unknown']);
  });

  test('are those of RFC 9068: signed, for one API, for ten minutes', async () => {
    const { body } = await ask('kz-exporter', { resource: RESOURCE });
    const [header, payload] = (body.access_token ?? '')
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
    expect(header).toMatchObject({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
    expect(payload).toMatchObject({ iss: issuer.issuer, sub: 'kz-exporter', client_id: 'kz-exporter', aud: RESOURCE });
    expect(Number(payload?.['exp']) - Number(payload?.['iat'])).toBe(600);
  });

  test('are good until they expire, and for their audience alone', async () => {
    const token = await bearer('kz-exporter');
    const later = (seconds: number) => signIn(issuer.issuer, { clock: () => new Date(Date.now() + seconds * 1000) });
    expect(await later(590).caller(token)).toMatchObject({ subject: 'kz-exporter' });
    expect(await codeOf(later(610).caller(token))).toEqual([401, 'token-expired']);
    const elsewhere = signIn(issuer.issuer, { audience: 'http://other.example/api' });
    expect(await codeOf(elsewhere.caller(token))).toEqual([401, 'token-invalid']);
  });

  test('are given to a known client, for the node’s own API, by one grant', async () => {
    expect(await ask('kz-exporter', {}, 'guess')).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await ask('kz-nobody')).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await ask('kz-exporter', { resource: 'http://other.example/api' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_target' },
    });
    expect((await ask('kz-exporter', { grant_type: 'password', username: 'a', password: 'b' })).status).toBe(400);
    expect((await ask('kz-exporter', { grant_type: 'authorization_code', code: 'x' })).status).toBe(400);
  });

  test('no two issuers share a port', async () => {
    const second = startIssuer({ issuer: issuer.issuer, host: '127.0.0.1', port, clients: [], resource: RESOURCE });
    expect(await codeOf(second)).toEqual([500, 'port-taken']);
  });

  test.each([undefined, '', 'Bearer', 'Bearer ', 'Bearer a b', 'Basic eDp5', 'Bearer ä'])(
    '%j carries none',
    async (header) => {
      expect(await codeOf(signIn(issuer.issuer).caller(header))).toEqual([401, 'token-missing']);
    },
  );
});

describe('tokens of an issuer with another mind', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
  });

  interface Odd {
    issuer: string;
    /** What it serves now; tests change it. */
    metadata: () => { status: number; body: string };
    keys: () => { status: number; body: string };
  }
  async function oddIssuer(keys: readonly JWK[]): Promise<Odd> {
    const odd: Odd = {
      issuer: '',
      metadata: () => ({ status: 200, body: JSON.stringify({ issuer: odd.issuer, jwks_uri: `${odd.issuer}/keys` }) }),
      keys: () => ({ status: 200, body: JSON.stringify({ keys }) }),
    };
    server = createServer((request, response) => {
      const { status, body } = request.url === '/keys' ? odd.keys() : odd.metadata();
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    odd.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return odd;
  }
  async function makeKey(alg = 'ES256', kid = 'one') {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
  }
  interface Claims {
    typ?: string;
    sub?: string | undefined;
    exp?: number | string | undefined;
    nbf?: number;
    iss?: string;
  }
  async function make({ alg, kid, privateKey }: Awaited<ReturnType<typeof makeKey>>, issuer: string, claims: Claims) {
    const { typ = 'at+jwt', ...rest } = claims;
    const payload = { iss: issuer, aud: RESOURCE, sub: 'kz-customs', exp: Math.floor(Date.now() / 1000) + 60, ...rest };
    return `Bearer ${await new SignJWT(payload as never).setProtectedHeader({ alg, typ, kid }).sign(privateKey)}`;
  }

  test('are refused where a claim, the type or the algorithm is another', async () => {
    const key = await makeKey();
    const strange = await makeKey('RS512', 'two');
    const odd = await oddIssuer([key.jwk, strange.jwk]);
    const desk = signIn(odd.issuer);
    expect(await desk.caller(await make(key, odd.issuer, {}))).toMatchObject({ authority: 'kz.customs' });
    const now = Math.floor(Date.now() / 1000);
    for (const claims of [
      { typ: 'JWT' },
      { typ: 'dostyk-node+jwt' },
      { iss: 'http://other.example' },
      { exp: undefined },
      { exp: 'tomorrow' },
      { sub: undefined },
      { nbf: now + 3600 },
    ])
      expect([claims, ...(await codeOf(desk.caller(await make(key, odd.issuer, claims))))]).toEqual([
        claims,
        401,
        'token-invalid',
      ]);
    expect(await codeOf(desk.caller(await make(strange, odd.issuer, {})))).toEqual([401, 'token-invalid']);
    expect(await codeOf(desk.caller(await make(await makeKey(), odd.issuer, {})))).toEqual([401, 'token-invalid']);
    // The public key as a shared secret.
    const confused = await new SignJWT({ iss: odd.issuer, aud: RESOURCE, sub: 'kz-customs', exp: now + 60 })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'one' })
      .sign(new TextEncoder().encode(JSON.stringify(key.jwk)));
    expect(await codeOf(desk.caller(`Bearer ${confused}`))).toEqual([401, 'token-invalid']);
  });

  test('wait where its keys do not come: the token may be good', async () => {
    const key = await makeKey();
    const odd = await oddIssuer([key.jwk]);
    const token = await make(key, odd.issuer, {});
    const good = odd.keys;
    for (const keys of [
      { status: 500, body: 'no' },
      { status: 200, body: 'no' },
      { status: 200, body: '{"keys":7}' },
    ]) {
      odd.keys = () => keys;
      const refused = await refusalOf(signIn(odd.issuer).caller(token));
      expect([keys, refused.status, refused.code, refused.params]).toEqual([
        keys,
        503,
        'sign-in-unavailable',
        { retryAfter: 5 },
      ]);
    }
    odd.keys = good;
    expect(await signIn(odd.issuer).caller(token)).toMatchObject({ subject: 'kz-customs' });
  });

  test('wait where its metadata do not come or are another’s, and are read once they come', async () => {
    const key = await makeKey();
    const odd = await oddIssuer([key.jwk]);
    const token = await make(key, odd.issuer, {});
    const good = odd.metadata;
    const desk = signIn(odd.issuer);
    for (const metadata of [
      { status: 200, body: 'no' },
      { status: 200, body: '{}' },
      { status: 200, body: JSON.stringify({ issuer: 'http://other.example', jwks_uri: `${odd.issuer}/keys` }) },
      { status: 503, body: good().body },
    ]) {
      odd.metadata = () => metadata;
      expect([metadata, ...(await codeOf(desk.caller(token)))]).toEqual([metadata, 503, 'sign-in-unavailable']);
    }
    odd.metadata = good;
    expect(await desk.caller(token)).toMatchObject({ subject: 'kz-customs' });
    expect(await codeOf(signIn('http://127.0.0.1:1').caller(token))).toEqual([503, 'sign-in-unavailable']);
  });

  test('by a new key are good as soon as the issuer shows it', async () => {
    const [old, renewed] = await Promise.all([makeKey(), makeKey('ES256', 'two')]);
    const odd = await oddIssuer([old.jwk]);
    const desk = signIn(odd.issuer);
    expect(await desk.caller(await make(old, odd.issuer, {}))).toMatchObject({ subject: 'kz-customs' });
    odd.keys = () => ({ status: 200, body: JSON.stringify({ keys: [renewed.jwk] }) });
    await delay(2100);
    expect(await desk.caller(await make(renewed, odd.issuer, {}))).toMatchObject({ subject: 'kz-customs' });
    expect(await codeOf(desk.caller(await make(old, odd.issuer, {})))).toEqual([401, 'token-invalid']);
  });
});
