import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'vitest';
import type { Statement } from '../http/figures.ts';
import { type RunningIssuer, startIssuer } from '../http/identity-provider.ts';
import { listen, type RunningServer } from '../http/listen.ts';
import { PROBLEMS } from '../http/problems.ts';
import { createApp } from '../http/server.ts';
import { SignIn } from '../http/sign-in.ts';
import type { DostykNode } from '../platform.ts';
import { HandlerNodes } from './handler-nodes.ts';
import { basePort } from './ports.ts';

/** One real node behind a real server, with a real issuer: what the tests of this folder talk to. */

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly instance: string;
  readonly params?: Record<string, unknown>;
  readonly findings?: { readonly path: string; readonly code: string }[];
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Sends a request as it is: no default headers, no normalised path, no redirects. */
export function ask(port: number, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text: Buffer.concat(parts).toString('utf8'),
        }),
      );
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** Sends bytes as they are and reads to the end of the connection. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8').on('data', (part: string) => {
      received += part;
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(received));
  });
}

/** The problem that an answer tells, after checking that it has every mark of one. */
export function problemIn(answer: Answer): Problem {
  expect(answer.headers['content-type'], answer.text).toBe('application/problem+json');
  expect(answer.headers['cache-control']).toBe('no-store');
  const problem = JSON.parse(answer.text) as Problem;
  expect(problem).toMatchObject({ status: answer.status, type: `/problems/${problem.code}` });
  expect(problem.instance).toBe(`urn:request:${answer.headers['x-request-id']}`);
  expect(Object.keys(PROBLEMS)).toContain(problem.code);
  return problem;
}

export class Served {
  readonly nodes: HandlerNodes;
  readonly node: DostykNode;
  readonly issuer: RunningIssuer;
  readonly audience: string;
  readonly logged: Readonly<Record<string, unknown>>[] = [];
  readonly #servers: RunningServer[] = [];

  private constructor(nodes: HandlerNodes, issuer: RunningIssuer, audience: string) {
    this.nodes = nodes;
    this.node = nodes.node('KZ');
    this.issuer = issuer;
    this.audience = audience;
  }

  static async start(): Promise<Served> {
    const nodes = await HandlerNodes.open('KZ');
    const audience = `${nodes.node('KZ').context.registry.getMember('KZ').address}/api`;
    const port = (await basePort()) + 1;
    const issuer = await startIssuer({
      issuer: `http://127.0.0.1:${port}`,
      host: '127.0.0.1',
      port,
      clients: ['kz-exporter', 'kz-importer', 'kz-customs', 'kz-stranger'].map((clientId) => ({
        clientId,
        clientSecret: `secret of ${clientId}`,
      })),
      resource: audience,
    });
    return new Served(nodes, issuer, audience);
  }

  /** @returns the port of a server for this node, or for one that differs from it in something */
  async serve(
    options: {
      readonly node?: DostykNode;
      readonly issuer?: string;
      readonly clock?: () => Date;
      readonly statement?: Statement;
    } = {},
  ): Promise<number> {
    const { node = this.node, issuer = this.issuer.issuer, clock = () => new Date(), statement } = options;
    const signIn = new SignIn({ issuer, audience: this.audience, accounts: node.accounts, clock });
    const server = await listen(createApp({ node, signIn, statement, log: (entry) => this.logged.push(entry) }), {
      host: '127.0.0.1',
      port: 0,
    });
    this.#servers.push(server);
    return server.port;
  }

  async token(client: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> {
    const answer = await this.askIssuer(client, parameters);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body.access_token ?? '';
  }

  async askIssuer(
    client: string,
    parameters: Readonly<Record<string, string>> = {},
    secret = `secret of ${client}`,
  ): Promise<{ status: number; body: { access_token?: string; error?: string; expires_in?: number } }> {
    const answer = await fetch(`${this.issuer.issuer}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${client}:${encodeURIComponent(secret)}`).toString('base64')}`,
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
    });
    return { status: answer.status, body: (await answer.json()) as never };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.issuer.stop();
    await this.nodes.close();
  }
}

/** The node with some of its functions replaced. */
export function differing(node: DostykNode, changes: Partial<Record<keyof DostykNode, unknown>>): DostykNode {
  return Object.create(node, Object.getOwnPropertyDescriptors(changes)) as DostykNode;
}
