import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseEvidence } from '../log/evidence.ts';
import { verify } from '../log/verify.ts';
import { authorship } from '../members/authorship.ts';
import { registryReader } from '../members/registry.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { type ApiAnswer, ApiClient, asRefusal, demoClients } from './api-client.ts';
import { type Check, differences, expand, type Journey, type Names, pointer, type Step } from './journey.ts';
import { describe } from './outcome.ts';

/** Plays journeys as an ordinary API client; nothing here knows any particular journey. */

export interface StepReport {
  readonly id: string;
  readonly as: string;
  readonly call: string;
  readonly status: number;
  readonly ms: number;
}

export interface DossierAtMember {
  readonly member: string;
  readonly state: string;
  readonly version: number;
  readonly digests: { readonly common: string; readonly sections: Readonly<Record<string, string>> };
  readonly records: readonly unknown[];
}

export interface CheckReport {
  readonly title: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface JourneyReport {
  readonly journey: string;
  readonly title: string;
  readonly ok: boolean;
  readonly error?: string;
  readonly ms: number;
  readonly steps: readonly StepReport[];
  readonly dossiers: readonly {
    readonly dossier: string;
    readonly members: readonly DossierAtMember[];
    readonly digestsEqual: boolean;
  }[];
  readonly checks: readonly CheckReport[];
}

export interface PlayOptions {
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onStep: (journey: string, done: number, of: number, title: string, ms: number) => void;
}

interface Playing extends PlayOptions {
  readonly clients: Map<string, ApiClient>;
  readonly names: Names;
  readonly dossiers: Set<string>;
}

function clientFor({ directory, clients }: Playing, as: string): ApiClient {
  const known = clients.get(as);
  if (known !== undefined) return known;
  const credentials = demoClients(directory)[as];
  if (credentials === undefined) throw new Refusal(422, 'journey-invalid', `The demonstration has no client ${as}.`);
  const client = new ApiClient(credentials);
  clients.set(as, client);
  return client;
}

/** @returns a report; a failed step ends the journey and is told there, never thrown */
export async function playJourney(journey: Journey, folder: string, options: PlayOptions): Promise<JourneyReport> {
  const started = performance.now();
  const playing: Playing = {
    ...options,
    clients: new Map(),
    names: {
      saved: new Map(),
      uuids: new Map(),
      run: randomUUID().slice(0, 8),
      now: () => new Date(),
      uuid: randomUUID,
    },
    dossiers: new Set(),
  };
  const steps: StepReport[] = [];
  let error: string | undefined;
  try {
    for (const step of journey.steps) {
      const report = await playStep(step, folder, playing);
      steps.push(report);
      options.onStep(journey.journey, steps.length, journey.steps.length, step.title ?? step.id, report.ms);
    }
  } catch (thrown) {
    const at = journey.steps[steps.length];
    error = `step '${at?.id}' (${at?.as} ${at?.call}): ${thrown instanceof Refusal ? describe(thrown) : (thrown as Error).message}`;
  }
  const checks: CheckReport[] = [];
  for (const check of error === undefined ? journey.checks : []) checks.push(await playCheck(check, playing));
  const dossiers = await Promise.all([...playing.dossiers].map((dossier) => dossierEverywhere(dossier, playing)));
  const ok = error === undefined && checks.every((one) => one.ok);
  return {
    journey: journey.journey,
    title: journey.title,
    ok,
    ...(error === undefined ? {} : { error }),
    ms: Math.round(performance.now() - started),
    steps,
    dossiers,
    checks,
  };
}

async function playStep(step: Step, folder: string, playing: Playing): Promise<StepReport> {
  const started = performance.now();
  const { names, signal } = playing;
  const [method = 'GET', path = '/'] = (expand(step.call, names) as string).split(' ');
  const client = clientFor(playing, step.as);
  const request = {
    signal,
    ...(step.query === undefined ? {} : { query: expand(step.query, names) as Record<string, string> }),
    ...(step.body === undefined ? {} : { body: expand(step.body, names) }),
    ...(step.attach === undefined
      ? {}
      : { file: { bytes: readFileSync(join(folder, step.attach.path)), mediaType: step.attach.mediaType } }),
    ...(method === 'GET' ? {} : { idempotencyKey: `${names.run}:${step.id}` }),
  };
  const answer =
    step.until === undefined
      ? await client.send(method, path, request)
      : await poll(() => client.send(method, path, request), step, signal);
  const { expect } = step;
  if (expect !== undefined) {
    if (answer.status !== expect.status) {
      const told = answer.status >= 400 ? describe(asRefusal(answer)) : '';
      throw new Refusal(409, 'step-failed', `answered ${answer.status}, not ${expect.status}. ${told}`);
    }
    const code = (answer.body as { code?: string } | null)?.code;
    if (expect.code !== undefined && code !== expect.code)
      throw new Refusal(409, 'step-failed', `answered with the code ${code}, not ${expect.code}.`);
    const wrong = differences(answer.body, expand(expect.match ?? {}, names) as Record<string, unknown>);
    if (wrong.length > 0) throw new Refusal(409, 'step-failed', wrong.join('; '));
  }
  for (const [name, at] of Object.entries(step.save ?? {})) {
    const value = pointer(answer.body, at);
    if (value === undefined)
      throw new Refusal(409, 'step-failed', `the answer has nothing at '${at}' to save as '${name}'.`);
    names.saved.set(name, value);
  }
  noteDossiers(answer.body, playing.dossiers);
  return {
    id: step.id,
    as: step.as,
    call: step.call,
    status: answer.status,
    ms: Math.round(performance.now() - started),
  };
}

/** Receipts name the dossiers that a journey files. */
function noteDossiers(body: unknown, dossiers: Set<string>): void {
  const receipts = [
    body,
    ...((body as { results?: { receipt?: unknown }[] } | null)?.results ?? []).map(({ receipt }) => receipt),
  ];
  for (const receipt of receipts) {
    const { dossier, manifest } = (receipt ?? {}) as { dossier?: unknown; manifest?: unknown };
    if (typeof dossier === 'string' && typeof manifest === 'string') dossiers.add(dossier);
  }
}

async function poll(ask: () => Promise<ApiAnswer>, step: Step, signal: AbortSignal): Promise<ApiAnswer> {
  const seconds = step.until?.seconds ?? 60;
  const until = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    const wrong =
      answer.status < 400 ? differences(answer.body, step.until?.match ?? {}) : [describe(asRefusal(answer))];
    if (wrong.length === 0) return answer;
    if (performance.now() > until)
      throw new Refusal(409, 'step-failed', `not within ${seconds} s: ${wrong.join('; ')}`);
    await delay(150, undefined, { signal });
  }
}

async function playCheck(check: Check, playing: Playing): Promise<CheckReport> {
  const { title } = check;
  try {
    if (check.digests !== undefined) {
      const dossier = String(expand(check.digests, playing.names));
      const until = performance.now() + 30_000;
      for (;;) {
        const { members, digestsEqual } = await dossierEverywhere(dossier, playing);
        const found = members.map(({ member }) => member);
        const all = (check.members ?? []).every((member) => found.includes(member));
        if (all && digestsEqual)
          return { title, ok: true, detail: `${found.join(', ')}: ${members[0]?.digests.common.slice(0, 16)}` };
        if (performance.now() > until)
          return {
            title,
            ok: false,
            detail: members.map(({ member, digests }) => `${member} ${digests.common.slice(0, 16)}`).join(', '),
          };
        await delay(200, undefined, { signal: playing.signal });
      }
    }
    if (check.verify !== undefined) {
      const evidence = expand(check.verify, playing.names);
      const verdict = await verify(parseEvidence(Buffer.from(JSON.stringify(evidence))), {
        crypto: nodeCrypto,
        now: new Date(),
        genesis: readFileSync(join(playing.directory, 'registry', 'genesis.txt'), 'utf8').trim(),
        registry: registryReader(nodeCrypto),
        authorship,
        allowDemo: true,
      });
      return {
        title,
        ok: verdict.answer === (check.answer ?? 'valid'),
        detail: `${verdict.answer}: ${verdict.message} Cosigned by ${verdict.cosigners.join(', ')}.`,
      };
    }
    const [method = 'GET', path = '/'] = String(expand(check.call ?? '', playing.names)).split(' ');
    const answer = await clientFor(playing, check.as ?? '').send(method, path, { signal: playing.signal });
    const wrong = differences(answer.body, check.match ?? {});
    return { title, ok: wrong.length === 0, detail: wrong.length === 0 ? 'as expected' : wrong.join('; ') };
  } catch (error) {
    return { title, ok: false, detail: (error as Error).message };
  }
}

/** The dossier as the customs of each member that has it sees it. */
async function dossierEverywhere(dossier: string, playing: Playing) {
  const officers = Object.entries(demoClients(playing.directory)).filter(([name]) => name.endsWith('/customs'));
  const members: DossierAtMember[] = [];
  for (const [name, { member }] of officers) {
    const answer = await clientFor(playing, name).send('GET', `/api/dossiers/${dossier}`, { signal: playing.signal });
    if (answer.status !== 200) continue;
    const { state, version, digests, records } = answer.body as DossierAtMember;
    members.push({ member, state, version, digests, records });
  }
  members.sort((a, b) => (a.member < b.member ? -1 : 1));
  const same = (digest: (one: DossierAtMember) => string | undefined): boolean =>
    new Set(members.map(digest).filter((one) => one !== undefined)).size <= 1;
  const sections = new Set(members.flatMap(({ digests }) => Object.keys(digests.sections)));
  const digestsEqual =
    same(({ digests }) => digests.common) &&
    [...sections].every((section) => same(({ digests }) => digests.sections[section]));
  return { dossier, members, digestsEqual };
}
