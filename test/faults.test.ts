import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Demo, dostyk, eventually, startDemo } from './demo.ts';
import { filing } from './filing.ts';

/** Faults on real processes: whatever is killed, nothing acknowledged is lost, nothing is applied twice, all ends equal. */

let demo: Demo;
const filed: string[] = [];

beforeAll(async () => {
  demo = await startDemo();
});
afterAll(async () => {
  expect(await demo?.stop()).toBe(0);
});

interface Receipt {
  dossier: string;
  records: { index: number; commitment: string }[];
  repeated: boolean;
}

async function file(): Promise<string> {
  const body = filing();
  const receipt = await demo
    .client('UZ/exporter')
    .call<Receipt>('POST', '/api/dossiers', { body, idempotencyKey: `file-${body.dossier}` });
  filed.push(receipt.dossier);
  return receipt.dossier;
}

/** Files again and again while something happens; an acknowledged dossier is remembered. */
async function fileDuring(act: () => Promise<void>, count = 12): Promise<void> {
  const filing_ = (async () => {
    for (let i = 0; i < count; i++) {
      await file();
      await delay(120);
    }
  })();
  await delay(200);
  await act();
  await filing_;
}

async function everythingIsEverywhere(): Promise<void> {
  for (const dossier of filed) {
    const digests = await eventually(async () => {
      const seen = await Promise.all(
        ['UZ', 'KZ', 'CN'].map((member) => demo.client(`${member}/customs`).send('GET', `/api/dossiers/${dossier}`)),
      );
      if (seen.some(({ status }) => status !== 200)) return false;
      return seen.map(({ body }) => (body as { digests: { common: string } }).digests.common);
    });
    expect(new Set(digests).size).toBe(1);
  }
}

async function auditsAreClean(): Promise<void> {
  const audit = await eventually(async () => {
    const done = await dostyk(['--directory', demo.directory, 'log', 'audit', '--json']);
    return done.code === 0 && done;
  });
  const { audits } = JSON.parse(audit.stdout) as { audits: { findings: unknown[]; cosignatures: number }[] };
  expect(audits.flatMap(({ findings }) => findings)).toEqual([]);
}

const health = async (member: string) =>
  (await (await fetch(`${demo.address(member)}/health`)).json()) as {
    published: number;
    final: number;
    faults: { member: string; code: string }[];
  };

test('kill -9 of the filer’s node in the midst of filing: nothing acknowledged is lost, nothing filed twice', async () => {
  await fileDuring(async () => {
    const pid = await demo.nodePid('UZ');
    process.kill(pid, 'SIGKILL');
    await eventually(async () => (await demo.nodePid('UZ')) !== pid);
  });
  const { items } = await demo
    .client('UZ/exporter')
    .call<{ items: { dossier: string }[] }>('GET', '/api/dossiers', { query: { limit: '200' } });
  expect(items.map(({ dossier }) => dossier).sort()).toEqual([...filed].sort());
  await everythingIsEverywhere();
});

test('kill -9 of a route member’s node while records come: it catches up, once', async () => {
  await fileDuring(async () => {
    const pid = await demo.nodePid('KZ');
    process.kill(pid, 'SIGKILL');
    await delay(500);
  }, 6);
  await everythingIsEverywhere();
});

test('kill -9 of PostgreSQL and all its backends: filing waits and goes on', async () => {
  await fileDuring(async () => {
    const pidFile = postmasterPid();
    const children = spawnSync('pgrep', ['-P', String(pidFile)], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean)
      .map(Number);
    process.kill(pidFile, 'SIGKILL');
    for (const child of children) {
      try {
        process.kill(child, 'SIGKILL');
      } catch {
        // It ended with its postmaster.
      }
    }
    await eventually(
      async () => demo.log().includes('PostgreSQL ended') && (await fetch(`${demo.address('UZ')}/health`)).ok,
    );
  }, 8);
  await everythingIsEverywhere();
  await auditsAreClean();
});

/** The first line of the lock file is the postmaster's process id; its folder depends on who runs the test. */
function postmasterPid(): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const settings = JSON.parse(readFileSync(join(demo.directory, 'postgres', 'server.json'), 'utf8')) as {
        port: number;
      };
      if (command[0]?.endsWith('/postgres') && command.includes(`port=${settings.port}`)) return Number(pid);
    } catch {
      // The process ended while we looked.
    }
  }
  throw new Error('no postmaster');
}

test('a witness that is down delays nothing but its own cosignature; two that are down delay final, never intake', async () => {
  const stopped = [await demo.nodePid('TM'), await demo.nodePid('TJ')];
  process.kill(stopped[0]!, 'SIGSTOP');
  const one = await file();
  const receipt = await demo
    .client('UZ/customs')
    .call<{ records: { index: number; publication: string }[] }>('GET', `/api/dossiers/${one}`);
  const last = Math.max(...receipt.records.map(({ index }) => index));
  await eventually(async () => (await health('UZ')).final > last);

  process.kill(stopped[1]!, 'SIGSTOP');
  await delay(300);
  const two = await file();
  const view = await eventually(async () => {
    const seen = await demo.client('CN/customs').send('GET', `/api/dossiers/${two}`);
    return seen.status === 200 && seen;
  });
  expect(view.status).toBe(200);
  const own = await demo.client('UZ/customs').call<{ records: { index: number }[] }>('GET', `/api/dossiers/${two}`);
  const highest = Math.max(...own.records.map(({ index }) => index));
  await eventually(async () => (await health('UZ')).published > highest);
  await delay(3000);
  expect((await health('UZ')).final).toBeLessThanOrEqual(highest);
  for (const pid of stopped) process.kill(pid, 'SIGCONT');
  await eventually(async () => (await health('UZ')).final > highest);
});

test('a peer that sends garbage is reported, harms nobody, and is heard again when it is well', async () => {
  const pid = await demo.nodePid('KG');
  const port = Number(new URL(demo.address('KG')).port);
  // The supervisor would start it again: it is stopped, and its port taken as soon as it is let go.
  process.kill(pid, 'SIGKILL');
  const garbage = createServer((request, response) => {
    if (request.url?.includes('add-checkpoint')) response.end('— demo.kg.dostyk/witness AAAAAAAA\n');
    else response.end(Buffer.alloc(50_000, 7));
  });
  const listening = await eventually(
    () =>
      new Promise<boolean>((resolve) => {
        garbage.once('error', () => resolve(false));
        garbage.listen(port, '127.0.0.1', () => resolve(true));
      }),
  );
  if (listening) {
    await file();
    await eventually(async () => (await health('UZ')).faults.some(({ member }) => member === 'KG'));
    await new Promise((resolve) => {
      garbage.close(resolve);
      garbage.closeAllConnections();
    });
  }
  expect(listening).toBe(true);
  await file();
  await everythingIsEverywhere();
  await eventually(async () => (await fetch(`${demo.address('KG')}/health`)).ok);
  await auditsAreClean();
});

test('a journey of decisions ends after all that, and every view replays', async () => {
  const dossier = await file();
  await eventually(
    async () => (await demo.client('KZ/customs').send('GET', `/api/dossiers/${dossier}`)).status === 200,
  );
  const decided = await demo
    .client('KZ/customs')
    .call<{ record: { commitment: string } }>('POST', `/api/dossiers/${dossier}/decisions`, {
      body: { version: 1, post: 'kz-konysbayeva', decision: 'release', reason: { code: 'in-order' } },
    });
  await eventually(async () => {
    const view = await demo
      .client('UZ/exporter')
      .call<{ timeline: { decisions: { commitment: string }[] }[] }>('GET', `/api/dossiers/${dossier}`);
    return view.timeline[1]?.decisions[0]?.commitment === decided.record.commitment;
  });
  expect(existsSync(demo.directory)).toBe(true);
});
