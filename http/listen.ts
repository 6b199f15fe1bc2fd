import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { Refusal } from '../values/refusal.ts';
import { problemResponse, refusalOf } from './problem.ts';

export interface RunningServer {
  readonly port: number;
  /** Ends when the requests in flight have ended, or after two seconds. */
  stop(): Promise<void>;
}

export interface Listening {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/**
 * Listens; resolves when the port is open.
 * @throws Refusal 500 `port-taken`
 * @example const { port, stop } = await listen(createApp({ node, signIn }), { host: '127.0.0.1', port: 8080 });
 */
export async function listen(
  app: { readonly fetch: (request: Request, connection?: object) => Response | Promise<Response> },
  { host, port }: Listening,
): Promise<RunningServer> {
  const server = createServer(
    { requestTimeout: 120_000, headersTimeout: 15_000, keepAliveTimeout: 10_000, maxHeaderSize: 16_384 },
    getRequestListener((request, connection) => app.fetch(request, connection), {
      // What a route throws is the app's own to answer; here comes what is no request.
      errorHandler: (error) => {
        const { refusal } = error instanceof RequestError ? { refusal: unreadable(undefined) } : refusalOf(error);
        return problemResponse(refusal, crypto.randomUUID());
      },
    }),
  );
  server.on('clientError', answerUnreadable);
  await openPort(server, { host, port });
  return { port: portOf(server, port), stop: () => stop(server) };
}

/** @throws Refusal 500 `port-taken` */
export function openPort(server: Server, { host, port }: Listening): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Refusal(500, 'port-taken', `Port ${port} is taken.`, {
              params: { port },
              remedy: 'Stop what listens there, or make a demonstration with another --port.',
              cause: error,
            })
          : error,
      );
    });
    server.listen(port, host, () => resolve());
  });
}

function portOf(server: Server, asked: number): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : asked;
}

function stop(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2000).unref();
  });
}

function unreadable(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Refusal(431, 'headers-too-large', 'Address and headers have at most 16 KiB together.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Refusal(408, 'request-timeout', 'The request came too slowly.');
  return new Refusal(400, 'request-malformed', 'The request is not HTTP, or its Host is no host.');
}

/** Answers what the parser gave up on; there is no request that the app could answer. */
async function answerUnreadable(error: Error & { code?: string }, socket: Socket): Promise<void> {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const response = problemResponse(unreadable(error.code), crypto.randomUUID());
  const body = Buffer.from(await response.arrayBuffer());
  const head = [
    `HTTP/1.1 ${response.status} ${response.status === 431 ? 'Request Header Fields Too Large' : 'Bad Request'}`,
    ...[...response.headers].map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}
