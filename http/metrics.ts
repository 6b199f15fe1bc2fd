import type { HttpNode } from './node.ts';

/** Counts of requests. Routes, methods and statuses are few: nothing that a stranger asks for makes this grow. */
export class Metrics {
  readonly requests = new Map<string, number>();

  count(route: string, method: string, status: number): void {
    const key = `route="${route}",method="${method}",status="${status}"`;
    this.requests.set(key, (this.requests.get(key) ?? 0) + 1);
  }
}

/** Prometheus text format 0.0.4. */
export async function metricsText(node: HttpNode, { requests }: Metrics): Promise<string> {
  const { ledger, member } = node.context;
  const database = await node.databaseOk();
  const { peers, faults } = database ? await node.federation.status() : { peers: [], faults: [] };
  const lines: string[] = [];
  const metric = (
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    values: readonly (readonly [string, number])[],
  ): void => {
    lines.push(
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...values.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`),
    );
  };
  metric('dostyk_database_up', 'gauge', 'Whether the database answers.', [['', database ? 1 : 0]]);
  metric('dostyk_log_published_size', 'gauge', 'Size of the newest signed checkpoint.', [
    [`member="${member}"`, Number(ledger.published?.size ?? 0n)],
  ]);
  metric('dostyk_log_final_size', 'gauge', 'Size of the newest final checkpoint.', [
    [`member="${member}"`, Number(ledger.final?.size ?? 0n)],
  ]);
  metric('dostyk_queue_records', 'gauge', 'Records waiting to be sequenced.', [['', ledger.queued]]);
  metric(
    'dostyk_peer_lag_seconds',
    'gauge',
    'How long the mirror of a peer has been behind what was cosigned.',
    peers.map((peer) => [`peer="${peer.member}"`, peer.lagSeconds] as const),
  );
  metric(
    'dostyk_peer_taken_size',
    'gauge',
    'Size up to which records of a peer were taken over.',
    peers.map((peer) => [`peer="${peer.member}"`, peer.taken] as const),
  );
  metric(
    'dostyk_peer_faults_total',
    'counter',
    'Faults of peers by code.',
    faults.map((fault) => [`peer="${fault.member}",code="${fault.code}"`, fault.count] as const),
  );
  metric(
    'dostyk_http_requests_total',
    'counter',
    'Requests by route, method and status.',
    [...requests].map(([labels, count]) => [labels, count] as const),
  );
  return `${lines.join('\n')}\n`;
}
