import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Measure } from '../values/observe.ts';
import type { HttpNode } from './node.ts';
import { PROBLEMS } from './problems.ts';

/** From one millisecond to a minute: a request, a transaction, a round. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** What waits for other members may wait for hours. */
const LONG_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];
const RECORDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

const MEASURES: Readonly<Record<Measure, readonly [name: string, help: string, buckets: number[], labels?: ['peer']]>> =
  {
    'append-wait': ['dostyk_append_wait_seconds', 'From an append being asked for to its commit.', SECONDS],
    'batch-seconds': ['dostyk_batch_seconds', 'Sequencing one batch, with its commit.', SECONDS],
    'batch-records': ['dostyk_batch_records', 'Records in a batch.', RECORDS],
    'fold-seconds': ['dostyk_fold_seconds', 'Folding the records of one batch into the views.', SECONDS],
    'sign-seconds': ['dostyk_sign_seconds', 'Making and keeping one signed checkpoint.', SECONDS],
    'cosigned-seconds': [
      'dostyk_cosigned_seconds',
      'From signing a checkpoint to a peer having cosigned it or a later one.',
      LONG_SECONDS,
      ['peer'],
    ],
    'final-seconds': ['dostyk_final_seconds', 'From signing a checkpoint to it being final.', LONG_SECONDS],
    'pull-seconds': ['dostyk_pull_seconds', 'Taking over one batch of a peer.', SECONDS, ['peer']],
    'pull-records': ['dostyk_pull_records', 'Records in a batch that was taken over.', RECORDS, ['peer']],
  };

const METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);
const STATES = ['active', 'idle', 'idle in transaction', 'idle in transaction (aborted)'];

/**
 * What a node counts and measures, as Prometheus reads it. Every label comes from a closed set (routes, methods, codes, members): nothing
 * that a stranger sends makes this grow, and nothing of what anybody says is in it.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #measures: ReadonlyMap<Measure, Histogram>;
  readonly #requests: Counter;
  readonly #requestSeconds: Histogram;
  readonly #refusals: Counter;
  readonly #failures: Counter;
  readonly #faults: Counter;
  readonly #listReads: Counter;
  readonly #gauges = new Map<string, Gauge>();
  readonly #labelled = new Set<string>();

  /** @param ofProcess adds memory, processor and event loop: once in a process */
  constructor({ ofProcess = false }: { readonly ofProcess?: boolean } = {}) {
    const registers = [this.#registry];
    this.#measures = new Map(
      (Object.keys(MEASURES) as Measure[]).map((measure) => {
        const [name, help, buckets, labelNames = []] = MEASURES[measure];
        return [measure, new Histogram({ name, help, buckets, labelNames, registers })];
      }),
    );
    this.#requests = new Counter({
      name: 'dostyk_http_requests_total',
      help: 'Requests by route, method and status.',
      labelNames: ['route', 'method', 'status'],
      registers,
    });
    this.#requestSeconds = new Histogram({
      name: 'dostyk_http_seconds',
      help: 'Answering a request, to the beginning of its body, by route.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      labelNames: ['route'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'dostyk_refusals_total',
      help: 'What was declined, by stable code.',
      labelNames: ['code'],
      registers,
    });
    this.#failures = new Counter({ name: 'dostyk_failures_total', help: 'Failures that the log names.', registers });
    this.#faults = new Counter({
      name: 'dostyk_peer_faults_total',
      help: 'Faults of peers by code.',
      labelNames: ['peer', 'code'],
      registers,
    });
    this.#listReads = new Counter({
      name: 'dostyk_list_reads_total',
      help: 'Lists that were read, by server.',
      labelNames: ['server'],
      registers,
    });
    this.#gauge('dostyk_database_up', 'Whether the database answers.');
    this.#gauge(
      'dostyk_database_answer_seconds',
      'How long the database took for an empty question, waiting included.',
    );
    this.#gauge('dostyk_database_connections', "This node's connections by state.", ['state']);
    this.#gauge('dostyk_log_published_size', 'Size of the newest signed checkpoint.', ['member']);
    this.#gauge('dostyk_log_final_size', 'Size of the newest final checkpoint.', ['member']);
    this.#gauge('dostyk_queue_records', 'Records waiting to be sequenced.');
    this.#gauge('dostyk_peer_lag_seconds', 'How long the mirror of a peer has been behind what was cosigned.', [
      'peer',
    ]);
    this.#gauge('dostyk_peer_taken_size', 'Size up to which records of a peer were taken over.', ['peer']);
    this.#gauge('dostyk_peer_cosigned_size', "The newest size of this node's log that a peer cosigned.", ['peer']);
    if (ofProcess) collectDefaultMetrics({ register: this.#registry });
  }

  measure(measure: Measure, value: number, peer?: string): void {
    this.#measures.get(measure)?.observe(peer === undefined ? {} : { peer }, value);
  }

  request(route: string, method: string, status: number, seconds: number): void {
    this.#requests.inc({ route, method: METHODS.has(method) ? method : 'other', status });
    this.#requestSeconds.observe({ route }, seconds);
  }

  refusal(code: string): void {
    this.#refusals.inc({ code: Object.hasOwn(PROBLEMS, code) ? code : 'other' });
  }

  failure(): void {
    this.#failures.inc();
  }

  /** Prometheus text format 0.0.4. */
  async text(node: HttpNode): Promise<string> {
    const { ledger, member } = node.context;
    const started = performance.now();
    const up = await node.databaseOk();
    const answerSeconds = (performance.now() - started) / 1000;
    const { peers, faults } = up ? await node.federation.status() : { peers: [], faults: [] };
    const connections = up ? await node.databaseConnections() : new Map<string, number>();
    this.#set('dostyk_database_up', [[{}, up ? 1 : 0]]);
    this.#set('dostyk_database_answer_seconds', up ? [[{}, answerSeconds]] : []);
    this.#set(
      'dostyk_database_connections',
      up ? STATES.map((state) => [{ state }, connections.get(state) ?? 0] as const) : [],
    );
    this.#set('dostyk_log_published_size', [[{ member }, Number(ledger.published?.size ?? 0n)]]);
    this.#set('dostyk_log_final_size', [[{ member }, Number(ledger.final?.size ?? 0n)]]);
    this.#set('dostyk_queue_records', [[{}, ledger.queued]]);
    const byPeer = (value: (peer: (typeof peers)[number]) => number) =>
      peers.map((one) => [{ peer: one.member }, value(one)] as const);
    this.#set(
      'dostyk_peer_lag_seconds',
      byPeer((one) => one.lagSeconds),
    );
    this.#set(
      'dostyk_peer_taken_size',
      byPeer((one) => one.taken),
    );
    this.#set(
      'dostyk_peer_cosigned_size',
      byPeer((one) => one.cosignedOurs),
    );
    this.#listReads.reset();
    for (const server of ['replica', 'primary'] as const) this.#listReads.inc({ server }, node.lists.reads[server]);
    this.#faults.reset();
    for (const fault of faults) this.#faults.inc({ peer: fault.member, code: fault.code }, fault.count);
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, labelNames: string[] = []): void {
    if (labelNames.length > 0) this.#labelled.add(name);
    this.#gauges.set(name, new Gauge({ name, help, labelNames, registers: [this.#registry] }));
  }

  /** What is not known now is not told: an old figure would look like a new one. */
  #set(name: string, values: readonly (readonly [Readonly<Record<string, string>>, number])[]): void {
    const gauge = this.#gauges.get(name);
    gauge?.reset();
    // One without labels goes on at zero otherwise.
    if (values.length === 0 && !this.#labelled.has(name)) gauge?.remove();
    for (const [labels, value] of values) gauge?.set(labels, value);
  }
}
