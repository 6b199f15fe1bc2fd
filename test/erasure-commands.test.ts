import { join } from 'node:path';
import { call } from '@orpc/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tradeRouter } from '../trade/handlers.ts';
import { dostyk, eventually } from './demo.ts';
import { contextOf } from './erasing.ts';
import { filing } from './filing.ts';
import { FederatedNodes, registryFolder } from './nodes.ts';

/** `dostyk erase` and `dostyk erasures` beside six running nodes, as who answers for personal data calls them. */

let nodes: FederatedNodes;
beforeAll(async () => {
  nodes = await FederatedNodes.start();
});
afterAll(() => nodes.close());

const run = (args: string[], change: NodeJS.ProcessEnv = {}) => {
  const { urls } = nodes.database('UZ');
  const env = {
    DATABASE_URL: urls.running,
    DATABASE_ERASURE_URL: urls.erasure,
    DOSTYK_MEMBER: 'UZ',
    DOSTYK_KEYS: join(nodes.directory, 'members', 'uz', 'keys'),
    DOSTYK_REGISTRY: registryFolder(nodes.directory, 'UZ'),
    DOSTYK_GENESIS: nodes.genesis,
    ...change,
  };
  return dostyk(args, { env });
};
const json = async (args: string[]) => {
  const { stdout, code, stderr } = await run([...args, '--json']);
  if (stdout === '') throw new Error(stderr);
  return { code, ...JSON.parse(stdout) };
};

test('shown first, done with --yes, done once; refused where it makes no sense; acknowledged by all', async () => {
  const { dossier } = await call(tradeRouter.fileDossier, filing() as never, {
    context: await contextOf(nodes, 'UZ', 'exporter'),
  });
  const driver = ['erase', '--dossier', dossier, '--section', 'driver', '--legal-basis', 'A law'];
  const shown = await run(driver);
  expect(shown).toMatchObject({ code: 0 });
  expect(shown.stdout).toContain('Nothing was done');
  expect(await json(['erasures'])).toMatchObject({ erasures: [], awaitedHere: 0, due: 0 });
  expect(await json(['erase', '--due'])).toMatchObject({ code: 0, erased: false, wanted: [] });

  expect(await run(['erase', '--dossier', dossier, '--section', 'driver', '--yes'])).toMatchObject({ code: 2 });
  expect(await run(['erase', '--due', '--dossier', dossier])).toMatchObject({ code: 2 });
  expect(await run([...driver, '--yes'], { DATABASE_ERASURE_URL: undefined })).toMatchObject({ code: 2 });
  expect(
    await json(['erase', '--dossier', dossier, '--section', 'nothing', '--legal-basis', 'A law', '--yes']),
  ).toMatchObject({ code: 1, error: { code: 'section-unknown' } });

  expect(await json([...driver, '--yes'])).toMatchObject({ code: 0, erased: true, ordered: 1, waiting: 0 });
  expect(await json([...driver, '--yes'])).toMatchObject({ code: 0, ordered: 0, nulled: 0 });
  const { erasures } = await eventually(async () => {
    const report = await json(['erasures', '--dossier', dossier]);
    return report.erasures[0]?.awaited.length === 0 && report;
  }, 90);
  expect(erasures).toMatchObject([
    {
      dossier,
      section: 'driver',
      legalBasis: 'A law',
      member: 'UZ',
      acknowledged: [{ member: 'CN' }, { member: 'KZ' }],
    },
  ]);
  expect((await run(['erasures'])).stdout).toContain('acknowledged: CN');
  expect((await run(['doctor'])).stdout).toContain('Nothing is left to erase');
  const health = await (await fetch(`${nodes.settings('UZ').address}/health`)).json();
  expect(health).toMatchObject({ erasuresAwaited: 0 });

  // The node stands still: what is asked for is kept, and done when it runs again.
  const second = filing();
  await call(tradeRouter.fileDossier, second as never, { context: await contextOf(nodes, 'UZ', 'exporter') });
  await nodes.stop('UZ');
  const later = ['erase', '--dossier', second.dossier, '--section', 'driver', '--legal-basis', 'A law', '--yes'];
  expect(await json(later)).toMatchObject({ code: 3, ordered: 0, waiting: 1 });
  await nodes.open('UZ');
  await eventually(async () => (await json(['erasures', '--dossier', second.dossier])).erasures.length === 1, 90);
});
