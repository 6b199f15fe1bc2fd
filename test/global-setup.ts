import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { removeEmbedded, startEmbedded } from '../storage/embedded.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    adminUrl: string;
  }
}

/** One real PostgreSQL for the whole run; each test makes a database of its own (`test/postgres.ts`). */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'dostyk-test-'));
  const server = await startEmbedded({ directory });
  project.provide('adminUrl', server.adminUrl);
  return async () => {
    await server.stop();
    removeEmbedded(directory);
  };
}
