import { createServer } from 'node:net';

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** One that is free now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** A base port for a demonstration, below the range from which the system takes ports for connections. */
export async function basePort(): Promise<number> {
  // Test files that run side by side draw from ranges of their own.
  const lane = Number(process.env['VITEST_POOL_ID'] ?? 0) % 8;
  for (;;) {
    const base = 10_000 + lane * 2500 + Math.floor(Math.random() * 22) * 100;
    const ports = Array.from({ length: 6 }, (_, i) => [base + 1 + i, base + 101 + i]).flat();
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base;
  }
}
