import { type ChildProcess, spawn } from 'node:child_process';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort, QUIET, tool } from './part.ts';

/**
 * An HTTP proxy for browsers. Calls of a node's API go on through Prism, one process a node, which holds request and answer against the
 * document that the node serves; everything else passes by.
 *
 * Prism runs without `--errors`: with it, it answers what breaks the document itself, and the node's own refusal would go untested. What
 * Prism finds is judged here instead: an answer has to keep to the document, and a request that doesn't has to be declined.
 */

/** What passes by Prism although it is the API: it reads every body to its end as text. */
const PASSED_BY = [/^\/api\/changes$/, /^\/api\/attachments(\/|$)/];

interface Found {
  readonly location: readonly (string | number)[];
  readonly message: string;
}

interface Prism {
  readonly port: number;
  readonly child: ChildProcess;
}

export class Gate {
  /** Calls that Prism has seen, by `METHOD /path` with ids left out. */
  readonly calls = new Map<string, number>();
  /** Calls that break the document and that the node declined, as it should. */
  declined = 0;
  /** Calls of the API that passed by Prism. */
  passedBy = 0;
  readonly violations: string[] = [];
  readonly #prisms = new Map<string, Promise<Prism>>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
    // What is asked for through a tunnel is read here all the same.
    this.#server.on('connect', (_, socket) => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      this.#server.emit('connection', socket);
    });
  }

  /** @returns its address */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    for (const one of this.#prisms.values()) (await one.catch(() => undefined))?.child.kill();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host}`);
    try {
      if (!url.pathname.startsWith('/api/')) return await pass(incoming, outgoing, url);
      if (PASSED_BY.some((one) => one.test(url.pathname))) {
        this.passedBy++;
        return await pass(incoming, outgoing, url);
      }
      await this.#validate(incoming, outgoing, url, await this.#prism(url.origin));
    } catch (error) {
      // As a connection that breaks off: the node is away, or the browser is.
      outgoing.destroy(error as Error);
    }
  }

  async #validate(incoming: IncomingMessage, outgoing: ServerResponse, url: URL, { port }: Prism): Promise<void> {
    const to = new URL(`${url.pathname.slice('/api'.length)}${url.search}`, `http://127.0.0.1:${port}`);
    const { status, headers, body } = await answerOf(incoming, to);
    const call = `${incoming.method} ${url.pathname.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}/g, '…')}`;
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
    const found = foundBy(headers, body);
    const broken = found.filter(({ location }) => location[0] !== 'request' || status < 400);
    if (broken.length === 0) {
      if (found.length > 0) this.declined++;
      delete headers['sl-violations'];
      outgoing.writeHead(status, headers).end(body);
      return;
    }
    const told = broken.map(({ location, message }) => `${call} ${status}: ${location.join('/')} ${message}`);
    this.violations.push(...told);
    const problem = {
      title: 'The call breaks the OpenAPI document',
      status: 500,
      code: 'document-broken',
      detail: told.join('\n'),
    };
    outgoing.writeHead(500, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  }

  /** The Prism before a node; started when it is first asked for. */
  #prism(origin: string): Promise<Prism> {
    const known = this.#prisms.get(origin);
    if (known !== undefined) return known;
    const started = startPrism(origin);
    started.catch((error: Error) => this.violations.push(error.message));
    this.#prisms.set(origin, started);
    return started;
  }
}

async function startPrism(origin: string): Promise<Prism> {
  const port = await freePort();
  const args = ['proxy', `${origin}/openapi.json`, `${origin}/api`, '--port', String(port), '--cors', 'false'];
  const child = spawn(process.execPath, [tool('prism'), ...args], {
    env: { ...process.env, ...QUIET },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (text: string): void => {
      if (log.length < 100_000) log += text;
      if (log.includes('Prism is listening')) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('close', (code) => reject(new Error(`Prism before ${origin} ended with ${code}:\n${log}`)));
  });
  return { port, child };
}

/** What Prism found: in a header beside the node's answer, or as an answer of its own. */
function foundBy(headers: IncomingHttpHeaders, body: Buffer): readonly Found[] {
  const header = headers['sl-violations'];
  if (typeof header === 'string') {
    // Cut off where there is too much to tell.
    if (!header.startsWith('[')) return [{ location: ['too many'], message: header.slice(0, 1000) }];
    return JSON.parse(header) as Found[];
  }
  const text = body.toString('utf8');
  const own = text.includes('https://stoplight.io/prism/errors');
  return own ? [{ location: ['prism'], message: text.slice(0, 1000) }] : [];
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function answerOf(incoming: IncomingMessage, to: URL): Promise<Answer> {
  const response = await forward(incoming, to);
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode ?? 502, headers: { ...response.headers }, body: Buffer.concat(parts) };
}

/** As it comes, part by part. */
async function pass(incoming: IncomingMessage, outgoing: ServerResponse, to: URL): Promise<void> {
  const response = await forward(incoming, to);
  outgoing.writeHead(response.statusCode ?? 502, response.headers);
  outgoing.flushHeaders();
  response.on('error', () => outgoing.destroy());
  outgoing.on('close', () => response.destroy());
  response.pipe(outgoing);
}

function forward(incoming: IncomingMessage, to: URL): Promise<IncomingMessage> {
  const { 'proxy-connection': _, ...headers } = incoming.headers;
  return new Promise((resolve, reject) => {
    const onward = request(to, { method: incoming.method ?? 'GET', headers }, resolve);
    onward.once('error', reject);
    incoming.once('error', reject);
    incoming.pipe(onward);
  });
}
