import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoClients } from '../cli/api-client.ts';
import { connect } from '../storage/connection.ts';
import { type Demo, eventually, root, startDemo } from './demo.ts';
import { filing } from './filing.ts';

/**
 * What real nodes tell of their work: log lines, metrics, health, spans. Everything that a person or a program may say carries a mark;
 * none is found there, whatever goes wrong. And what is told leads from a filing to the peer that took it over.
 */

const MARK = 'zqxmark';
let demo: Demo;
let spansFolder: string;
const secrets = new Set<string>();
beforeAll(async () => {
  spansFolder = mkdtempSync(join(tmpdir(), 'dostyk-spans-'));
  demo = await startDemo({
    DOSTYK_LOG_LEVEL: 'debug',
    DOSTYK_TEST_SPANS: join(spansFolder, 'spans'),
    NODE_OPTIONS: `--import ${join(root, 'test', 'spans.js')}`,
  });
});
afterAll(async () => {
  expect(await demo?.stop()).toBe(0);
  rmSync(spansFolder, { recursive: true, force: true });
});

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
  readonly remote?: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const logOf = (member: string): string =>
  readFileSync(join(demo.directory, 'logs', `${member.toLowerCase()}.log`), 'utf8');
const logged = (member: string): Record<string, unknown>[] =>
  linesOf(logOf(member)).map((line) => JSON.parse(line) as Record<string, unknown>);
const spansText = (): string =>
  readdirSync(spansFolder)
    .map((name) => readFileSync(join(spansFolder, name), 'utf8'))
    .join('');
const spans = (): Span[] => linesOf(spansText()).map((line) => JSON.parse(line) as Span);
const get = async (member: string, path: string): Promise<string> =>
  (await fetch(`${demo.address(member)}${path}`)).text();

async function tokenOf(as: string): Promise<string> {
  const client = demoClients(demo.directory)[as];
  if (client === undefined) throw new Error(`no client ${as}`);
  secrets.add(client.clientSecret);
  const answer = await fetch(`${client.issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client.clientId}:${encodeURIComponent(client.clientSecret)}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const token = ((await answer.json()) as { access_token: string }).access_token;
  secrets.add(token);
  return token;
}

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
async function ask(as: string, path: string, { method, body, raw, headers = {} }: Asked = {}) {
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const answer = await fetch(`${demo.address(as.slice(0, 2))}${path}`, {
    method: method ?? (sent === undefined ? 'GET' : 'POST'),
    headers: {
      ...(as.includes('/') ? { authorization: `Bearer ${await tokenOf(as)}` } : {}),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      'user-agent': `${MARK} of Aibek`,
      cookie: `dostyk-language=en; s=${MARK}`,
      referer: `http://${MARK}/`,
      ...headers,
    },
    redirect: 'manual',
    ...(sent === undefined ? {} : { body: sent }),
  });
  const text = await answer.text();
  const read = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, string | undefined>;
  return { status: answer.status, requestId: answer.headers.get('x-request-id') ?? '', text, read };
}

let n = 0;
/** Something to say, with the mark in it. */
const said = (what: string): string => `${what} ${MARK}${++n}`;

/** A dossier whose every text carries a mark. */
function marked(description = said('Apricots')) {
  const base = filing({ description });
  const party = (country: string) => ({
    name: said('Company'),
    country,
    address: said('Street'),
    identifier: said('Tax'),
  });
  const place = (country: string) => ({ name: said('Town'), country });
  const documents = [{ code: '380', number: said('No'), issued: '2026-01-05', issuer: said('Chamber') }];
  const { commercial, goods, transport } = base.sections;
  return {
    ...base,
    route: { ...base.route, origin: place('UZ'), destination: place('CN') },
    sections: {
      commercial: {
        ...commercial,
        seller: party('UZ'),
        buyer: party('CN'),
        contract: { number: said('Contract'), date: '2026-01-01' },
        incoterm: { code: 'DAP', place: said('Town') },
        documents,
      },
      goods: {
        ...goods,
        consignor: party('UZ'),
        consignee: party('CN'),
        items: goods.items.map((item) => ({ ...item, packages: [{ code: 'CT', count: 100, marks: said('Marks') }] })),
        trustedTrader: { state: 'claimed', programme: said('Programme'), number: said('No') },
        documents,
      },
      transport: {
        ...transport,
        carrier: party('UZ'),
        legs: [{ mode: 'road', from: place('UZ'), to: place('CN') }],
        equipment: [{ kind: 'trailer', identification: `${MARK}01`.toUpperCase(), seals: [said('Seal')] }],
        documents,
      },
      sanitary: {
        registrations: [{ kind: 'orchard', number: said('No'), name: said('Orchard'), place: place('UZ') }],
        treatments: [],
        documents,
      },
      driver: {
        drivers: [{ name: said('Aibek'), licence: said('Licence'), country: 'UZ', phone: '+77018887766' }],
      },
    },
  };
}

/** As the superuser of a member's database. */
async function inDatabase(member: string, statement: string): Promise<void> {
  const { port, password } = JSON.parse(readFileSync(join(demo.directory, 'postgres', 'server.json'), 'utf8')) as {
    port: number;
    password: string;
  };
  secrets.add(password);
  const sql = connect(`postgres://postgres:${password}@127.0.0.1:${port}/dostyk_${member.toLowerCase()}`, { max: 1 });
  await sql.unsafe(statement);
  await sql.end();
}

test('nothing of what anybody says is in logs, metrics, health or spans, whatever goes wrong', async () => {
  const filed = marked();
  const ok = await ask('UZ/exporter', '/api/dossiers', { body: filed });
  expect(ok.status, ok.text).toBe(200);
  const movement = await ask('UZ/exporter', '/api/movements', {
    body: {
      carrier: { name: said('Carrier'), country: 'UZ' },
      leg: { mode: 'road', from: { name: said('Town'), country: 'UZ' }, to: { name: said('Town'), country: 'CN' } },
      posts: filed.route.posts,
      means: { mode: 'road', identification: `01A777${MARK}`, country: 'UZ' },
      trailers: [`02B888${MARK}`],
      consignments: [{ dossier: filed.dossier }],
    },
  });
  expect(movement.status, movement.text).toBe(200);
  const link = await ask('UZ/exporter', `/api/movements/${movement.read['movement']}/driver-links`, {
    body: { label: said('Aibek'), instructions: said('Call') },
  });
  const driverSecret = /#(.+)$/.exec(link.read['path'] ?? '')?.[1] ?? '';
  expect(driverSecret.length, link.text).toBeGreaterThan(20);
  secrets.add(driverSecret);
  const file = new URLSearchParams({ name: `${MARK} passport.pdf` });
  const declined: [expected: number, answer: { status: number; text: string }][] = [
    [200, await ask('UZ', '/api/driver', { headers: { authorization: `Driver ${driverSecret}` } })],
    [401, await ask('UZ', '/api/driver', { headers: { authorization: `Driver ${MARK}` } })],
    [401, await ask('UZ', '/api/dossiers', { headers: { authorization: `Bearer ${MARK}.${MARK}.${MARK}` } })],
    [401, await ask('UZ', `/peer/records?from=${MARK}`, { headers: { authorization: `Bearer ${MARK}` } })],
    [400, await ask('UZ/exporter', '/api/dossiers', { raw: `{"name": "${MARK}" "Aibek"}` })],
    [400, await ask('UZ/exporter', '/api/dossiers', { body: { ...filed, [MARK]: MARK } })],
    [
      422,
      await ask('UZ/exporter', '/api/dossiers', {
        body: { ...marked(), dossier: randomUUID(), route: { ...filed.route, posts: [`uz-${MARK}`] } },
      }),
    ],
    [409, await ask('UZ/exporter', '/api/dossiers', { body: filed })],
    [400, await ask('UZ/exporter', '/api/dossiers', { body: filed, headers: { 'idempotency-key': `${MARK} a` } })],
    [
      422,
      await ask('UZ/exporter', `/api/attachments?${file}`, { raw: MARK, headers: { 'content-type': 'image/png' } }),
    ],
    [404, await ask('UZ/exporter', `/api/dossiers/${randomUUID()}?passport=${MARK}`)],
    [404, await ask('UZ', `/${MARK}/${MARK}?q=${MARK}`, { headers: { 'x-request-id': `${MARK}-12345678` } })],
    [405, await ask('UZ/exporter', `/api/dossiers/${MARK}`, { method: 'DELETE' })],
    [200, await ask('UZ', `/api/goods?q=${MARK}`)],
    [
      200,
      await ask('UZ', `/log/checkpoint?q=${MARK}`, {
        headers: {
          traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
          tracestate: `${MARK}=${MARK}`,
          baggage: `name=${MARK}`,
        },
      }),
    ],
    [400, await ask('UZ', '/forks', { raw: `{"a": "${MARK}"}` })],
    [
      200,
      await ask('UZ', '/api/corrections', { body: { about: 'CN', question: said('Question'), text: said('Slander') } }),
    ],
  ];
  for (const [expected, { status, text }] of declined) expect([status, text]).toEqual([expected, text]);

  // As PostgreSQL does with a value that it can not take: message and detail show it.
  const forbid = `
    CREATE FUNCTION trade.planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'not taken: %', NEW.envelope USING ERRCODE = '23514', CONSTRAINT = 'planted', DETAIL = NEW.envelope;
    END $$;
    CREATE TRIGGER planted BEFORE INSERT ON trade.record FOR EACH ROW
      WHEN (NEW.envelope LIKE '%forbidden%') EXECUTE FUNCTION trade.planted()`;
  const allow = 'DROP FUNCTION trade.planted() CASCADE';
  await inDatabase('UZ', forbid);
  const failed = await ask('UZ/exporter', '/api/dossiers', { body: marked(said('forbidden')) });
  expect([failed.status, failed.read['code']], failed.text.slice(0, 2000)).toEqual([500, 'internal']);
  expect(failed.text).not.toContain(MARK);
  const line = await eventually(async () =>
    logged('UZ').find(({ level, requestId }) => level === 'error' && requestId === failed.requestId),
  );
  expect(line).toMatchObject({
    code: 'internal',
    error: { name: 'PostgresError', code: '23514', constraint: 'planted' },
  });

  // The same in a fold of what a peer sent, whose failure others see as a fault.
  await inDatabase('UZ', allow);
  await inDatabase('CN', forbid);
  expect((await ask('UZ/exporter', '/api/dossiers', { body: marked(said('forbidden')) })).status).toBe(200);
  const fault = await eventually(async () => {
    const { faults } = JSON.parse(await get('CN', '/health')) as { faults: { code: string; detail: string }[] };
    return faults.find(({ code }) => code === 'pull-failed');
  });
  expect(fault.detail).toBe('PostgresError 23514');
  await inDatabase('CN', allow);

  const members = readdirSync(join(demo.directory, 'members')).map((name) => name.toUpperCase());
  const told = new Map<string, string>([['spans', spansText()]]);
  for (const member of members) {
    told.set(`log of ${member}`, logOf(member));
    for (const path of ['/metrics', '/health', '/figures']) told.set(`${path} of ${member}`, await get(member, path));
  }
  const leaks: Record<string, string[]> = {};
  for (const [where, text] of told) {
    expect(text.length, where).toBeGreaterThan(100);
    const found = [MARK, 'Aibek', '77018887766', '01A777', filed.dossier, ...secrets].filter((one) =>
      text.toLowerCase().includes(one.toLowerCase()),
    );
    if (found.length > 0) leaks[where] = found;
  }
  expect(leaks).toEqual({});
  // It is said what happened, all the same.
  const metrics = await get('UZ', '/metrics');
  for (const code of ['token-invalid', 'json-malformed', 'input-invalid', 'already-filed', 'route-unknown', 'internal'])
    expect(metrics).toMatch(new RegExp(`^dostyk_refusals_total\\{code="${code}"\\} [1-9]`, 'm'));
});

test('a filing is one trace down to its batch, and what nodes ask each other goes on at the other', async () => {
  const traceOf = (name: string, requestId: string) =>
    spans().find((one) => one.name === name && one.attributes['dostyk.request_id'] === requestId);
  const { status, requestId } = await ask('UZ/exporter', '/api/dossiers', { body: filing() });
  expect(status).toBe(200);
  const request = await eventually(async () => traceOf('/api/dossiers', requestId));
  expect(request.parent).toBeUndefined();
  const below = (parent: Span, name: string) =>
    eventually(async () => spans().find((one) => one.name === name && one.parent === parent.spanId));
  const append = await below(request, 'append');
  const batch = await below(append, 'sequence');
  const fold = await below(batch, 'fold');
  expect(new Set([request, append, batch, fold].map(({ traceId }) => traceId)).size).toBe(1);

  // A round of witnesses: its id and its trace stand at the node that asks and at those that answer.
  const round = await eventually(async () =>
    logged('UZ').find(
      ({ act, requestId: id }) =>
        act === 'witness round' && logged('KZ').some((one) => one['requestId'] === id && one['status'] === 200),
    ),
  );
  const asking = await eventually(async () => traceOf('witness round', String(round['requestId'])));
  const answered = await eventually(async () => traceOf('/witness/add-checkpoint', String(round['requestId'])));
  expect([answered.traceId, answered.remote]).toEqual([asking.traceId, true]);
  const client = spans().find(({ spanId }) => spanId === answered.parent);
  expect(client).toMatchObject({ name: 'ask peer', parent: asking.spanId });
  // So does a pull.
  const pull = await eventually(async () =>
    logged('CN').find(
      ({ act, requestId: id }) =>
        act === 'pull' && logged('UZ').some((one) => one['requestId'] === id && one['route'] === '/peer/records'),
    ),
  );
  expect(pull).toMatchObject({ level: 'debug', failed: false });
  expect((await eventually(async () => traceOf('/peer/records', String(pull['requestId'])))).remote).toBe(true);
});

test('delays, batches and waits are measured', async () => {
  const figures = await eventually(async () => {
    const text = await get('UZ', '/metrics');
    return /^dostyk_final_seconds_count [1-9]/m.test(text) &&
      /^dostyk_pull_seconds_count\{peer="UZ"\}/m.test(await get('CN', '/metrics'))
      ? text
      : undefined;
  });
  for (const name of ['append_wait_seconds', 'batch_seconds', 'batch_records', 'fold_seconds', 'sign_seconds'])
    expect(figures).toMatch(new RegExp(`^dostyk_${name}_count [1-9]`, 'm'));
  for (const peer of ['CN', 'KG', 'KZ', 'TJ', 'TM'])
    expect(figures).toMatch(new RegExp(`^dostyk_cosigned_seconds_count\\{peer="${peer}"\\} [1-9]`, 'm'));
  expect(figures).toMatch(/^dostyk_http_seconds_bucket\{le="0.1",route="\/api\/dossiers"\} \d/m);
  expect(figures).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  expect(figures).toMatch(/^process_resident_memory_bytes [1-9]/m);
  expect(figures).toMatch(/^dostyk_database_connections\{state="active"\} [1-9]/m);
});

test('the example dashboard and alerts ask for what the node exports, and each alert says what to do', async () => {
  const folder = join(root, 'examples', 'operations');
  const dashboard = readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8');
  const rules = readFileSync(join(folder, 'alert-rules.yml'), 'utf8');
  const exported = new Map(
    [...(await get('UZ', '/metrics')).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [
      name,
      type,
    ]),
  );
  const isExported = (name: string): boolean => {
    const whole = name.replace(/_(bucket|count|sum)$/, '');
    return exported.get(whole) === 'histogram' ? whole !== name : exported.has(name);
  };
  const namedIn = (text: string): string[] => [
    ...new Set([...text.matchAll(/\b(?:dostyk|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name)),
  ];
  const asked = [...`${dashboard}\n${rules}`.matchAll(/^\s*(?:"expr"|expr): .+$/gm)].join('\n');
  expect(namedIn(asked).length).toBeGreaterThan(25);
  expect(namedIn(asked).filter((name) => !isExported(name))).toEqual([]);
  expect(namedIn(`${dashboard}${rules}`).filter((name) => !isExported(name) && !exported.has(name))).toEqual([]);
  // All that this project exports is on the dashboard.
  expect([...exported.keys()].filter((name) => name.startsWith('dostyk_') && !dashboard.includes(name))).toEqual([
    'dostyk_peer_taken_size',
  ]);

  const panels = (JSON.parse(dashboard) as { panels: { title: string; targets: { expr: string }[] }[] }).panels;
  expect(panels.every(({ targets }) => targets.every(({ expr }) => expr !== ''))).toBe(true);
  const sections = [...readFileSync(join(root, 'OPERATIONS.md'), 'utf8').matchAll(/^## (.+)$/gm)].map(
    ([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^a-z0-9 ]/g, '')
        .replaceAll(' ', '-'),
  );
  const alerts = rules.split(/^ {6}- alert: /m).slice(1);
  expect(alerts.length).toBeGreaterThan(10);
  for (const alert of alerts) {
    const [name = ''] = alert.split('\n');
    const [, action = ''] = /^ {10}action: "(.+)"$/m.exec(alert) ?? [];
    expect(action, name).toMatch(/OPERATIONS\.md#[a-z-]+|`dostyk doctor/);
    for (const [, section] of action.matchAll(/OPERATIONS\.md#([a-z-]+)/g)) expect(sections, name).toContain(section);
    expect(alert, name).toMatch(/^ {8}expr: \S/m);
    expect(alert, name).toMatch(/^ {10}summary: \S/m);
  }
  // Codes that alerts name exist.
  const { PROBLEMS } = await import('../http/problems.ts');
  const codes = [...rules.matchAll(/refusals_total\{code=~?"([^"]+)"/g)].flatMap(([, text = '']) => text.split('|'));
  expect(codes.filter((code) => !Object.hasOwn(PROBLEMS, code))).toEqual([]);
});
