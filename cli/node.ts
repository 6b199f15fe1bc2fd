import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Statement } from '../http/figures.ts';
import { listen } from '../http/listen.ts';
import { Metrics } from '../http/metrics.ts';
import { createApp } from '../http/server.ts';
import { SignIn } from '../http/sign-in.ts';
import { secretsOf } from '../members/key-secrets.ts';
import { openNode } from '../platform.ts';
import { describeError, Malfunction } from '../values/describe-error.ts';
import { actOf, type Observer } from '../values/observe.ts';
import { Refusal } from '../values/refusal.ts';
import { LEVELS, type Log } from './node-log.ts';

/** `dostyk node`: one member, from the environment alone. */

// Of several hosts, as libpq writes them, no URL parser takes more than one.
const PostgresUrl = z.string().regex(/^postgres(ql)?:\/\/[^\s/]+\/\S+$/, 'must be a postgres:// address');
const HttpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
  .refine((url) => !url.endsWith('/'), { message: 'must not end with a slash' });

export const Environment = z.object({
  DATABASE_URL: PostgresUrl,
  DATABASE_MIGRATION_URL: PostgresUrl.optional(),
  /** A standby from which lists are read when it has caught up. */
  DATABASE_REPLICA_URL: PostgresUrl.optional(),
  /** `1`: what is acknowledged must be on a standby too; else nothing is. */
  DOSTYK_SYNCHRONOUS_STANDBYS: z
    .enum(['0', '1'], 'must be 1 or 0')
    .default('0')
    .transform((text) => text === '1'),
  /** The role that may null what is erased; without it orders are kept until `dostyk erase` carries them out. */
  DATABASE_ERASURE_URL: PostgresUrl.optional(),
  DOSTYK_MEMBER: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code'),
  DOSTYK_KEYS: z.string().min(1, 'must be the folder of the key files'),
  /** Files with the passphrase of encrypted keys and the PIN of tokens; otherwise they are credentials of systemd. */
  DOSTYK_KEY_PASSPHRASE_FILE: z.string().min(1).optional(),
  DOSTYK_KEY_PIN_FILE: z.string().min(1).optional(),
  /** Set by systemd. */
  CREDENTIALS_DIRECTORY: z.string().min(1).optional(),
  DOSTYK_REGISTRY: z.string().min(1, "must be the folder of the registry's versions"),
  DOSTYK_GENESIS: z.string().regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the genesis note in lower-case hex'),
  DOSTYK_ACCOUNTS: z.string().min(1, 'must be the accounts file'),
  DOSTYK_ISSUER: HttpUrl,
  /** The node's client for browsers at that issuer; without both nobody signs in with a browser. */
  DOSTYK_CLIENT_ID: z.string().min(1).optional(),
  DOSTYK_CLIENT_SECRET: z.string().min(1).optional(),
  /** What the member withholds of its figures and explains; a JSON file. */
  DOSTYK_STATEMENT: z.string().min(1).optional(),
  /** File, outside of the database, of the largest size that was signed; without it all others are asked at every start. */
  DOSTYK_HIGH_WATER: z.string().min(1).optional(),
  /** File, outside of the database, of what was cosigned last of each log; without it all others are asked at every start. */
  DOSTYK_WITNESS_MARKS: z.string().min(1).optional(),
  /** Codes of members that are away for long, parted by commas: their answer is not waited for at the start. */
  DOSTYK_ABSENT: z
    .string()
    .regex(/^([A-Z]{2}(,[A-Z]{2})*)?$/, 'must be codes of members, parted by commas')
    .default('')
    .transform((text) => (text === '' ? [] : text.split(','))),
  /** Which lines the node writes: failures; requests too; every act of the background too. */
  DOSTYK_LOG_LEVEL: z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info'),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
});
export type Environment = z.infer<typeof Environment>;

/**
 * Reads the settings; every problem is told at once.
 * @throws Refusal `environment-invalid`
 */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = Environment.safeParse(environment);
  if (parsed.success) return parsed.data;
  throw new Refusal(500, 'environment-invalid', 'The settings of the node are incomplete.', {
    findings: parsed.error.issues.map(({ path, message, code }) => {
      const name = String(path[0]);
      const missing = code === 'invalid_type' && environment[name] === undefined;
      return { path: `/${name}`, code: missing ? 'missing' : 'form-wrong', message: missing ? 'is not set' : message };
    }),
    remedy: 'See README, production.',
  });
}

/** @throws Refusal 500 `statement-invalid` */
function readStatement(file: string | undefined): Statement | undefined {
  if (file === undefined) return undefined;
  try {
    return Statement.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new Refusal(500, 'statement-invalid', `${file} is not of the form of a statement: see http/README.md.`, {
      cause,
    });
  }
}

const STUCK_MS = 60_000;

/** Runs until the signal; stops cleanly: requests in flight end, what is queued is sequenced. */
export async function runNode(environment: Environment, signal: AbortSignal, log: Log): Promise<void> {
  let accounts: unknown;
  try {
    accounts = JSON.parse(readFileSync(environment.DOSTYK_ACCOUNTS, 'utf8'));
  } catch (cause) {
    throw new Refusal(500, 'accounts-invalid', `${environment.DOSTYK_ACCOUNTS} can't be read as JSON.`, { cause });
  }
  const metrics = new Metrics({ ofProcess: true });
  const observer: Observer = {
    measure: (measure, value, peer) => metrics.measure(measure, value, peer),
    ended: (act) => log({ level: 'debug', ...act }),
  };
  const onError: OnError = (act, error, requestId = actOf(error)) => {
    metrics.failure();
    log({ level: 'error', act, requestId, error: describeError(error) });
  };
  // What nobody caught leaves the process in an unknown state: it ends, and whoever runs it starts it again. Nothing acknowledged
  // is lost by that; see decisions/0004.
  process.on('uncaughtException', (error) => {
    onError('uncaught', error);
    process.exit(1);
  });
  // A new version of the registry changes keys, members and rules at every place: the node is opened anew under it, in one process.
  while (!signal.aborted) await runUntilRenewed(environment, accounts, { signal, log, onError, metrics, observer });
  log({ level: 'info', act: 'stopped', member: environment.DOSTYK_MEMBER });
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  );

type OnError = (act: string, error: unknown, requestId?: string) => void;

/** Whom a node tells; they outlive its being opened anew. */
interface Telling {
  readonly log: Log;
  readonly onError: OnError;
  readonly metrics: Metrics;
  readonly observer: Observer;
}

async function runUntilRenewed(
  environment: Environment,
  accounts: unknown,
  { signal, log, onError, metrics, observer }: Telling & { readonly signal: AbortSignal },
): Promise<void> {
  const renewed = new AbortController();
  const ended = AbortSignal.any([signal, renewed.signal]);
  const node = await openNode({
    member: environment.DOSTYK_MEMBER,
    databaseUrl: environment.DATABASE_URL,
    migrationUrl: environment.DATABASE_MIGRATION_URL,
    replicaUrl: environment.DATABASE_REPLICA_URL,
    synchronousStandbys: environment.DOSTYK_SYNCHRONOUS_STANDBYS,
    erasureUrl: environment.DATABASE_ERASURE_URL,
    keys: environment.DOSTYK_KEYS,
    secrets: secretsOf(environment),
    registry: environment.DOSTYK_REGISTRY,
    genesis: environment.DOSTYK_GENESIS,
    accounts,
    highWater: environment.DOSTYK_HIGH_WATER,
    witnessMarks: environment.DOSTYK_WITNESS_MARKS,
    absent: environment.DOSTYK_ABSENT,
    onError,
    observer,
    onRegistry: (version) => {
      log({ level: 'info', act: 'registry', version });
      renewed.abort();
    },
  });
  const { address } = node.context.registry.getMember(environment.DOSTYK_MEMBER);
  const signIn = new SignIn({
    issuer: environment.DOSTYK_ISSUER,
    audience: `${address}/api`,
    accounts: node.accounts,
    clock: () => new Date(),
  });
  // The witness listens before the sequencer starts: six nodes that start together must not wait for each other.
  const { DOSTYK_CLIENT_ID: clientId, DOSTYK_CLIENT_SECRET: clientSecret } = environment;
  const browser = clientId !== undefined && clientSecret !== undefined ? { clientId, clientSecret } : undefined;
  const server = await listen(
    createApp({ node, signIn, browser, statement: readStatement(environment.DOSTYK_STATEMENT), log, metrics }),
    {
      host: environment.HOST,
      port: environment.PORT,
    },
  );
  const starting = node.start();
  starting.catch(() => undefined);
  // A batch that neither commits nor fails would block the log without a sound.
  const watchdog = setInterval(() => {
    if (node.context.ledger.busyMs < STUCK_MS) return;
    onError('sequence', new Malfunction('a batch has been under way for a minute'));
    process.exit(1);
  }, 5000);
  // Serves and witnesses meanwhile; only its own log waits.
  await Promise.race([starting, whenAborted(ended)]);
  log({ level: 'info', act: 'started', member: environment.DOSTYK_MEMBER, port: server.port });
  await whenAborted(ended);
  clearInterval(watchdog);
  await server.stop();
  await node.stop();
}
