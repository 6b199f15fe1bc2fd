import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { Refusal } from '../values/refusal.ts';
import { ApiClient, credentialsFor } from './api-client.ts';
import { EXIT, print } from './outcome.ts';

/** Commands that ask a node something: dossier, movement, decide, certificate … */

interface Asking {
  readonly as?: string;
  readonly json?: boolean;
  readonly key?: string;
}

/** @throws Refusal `file-unreadable`, `json-malformed` */
export function readInput(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (cause) {
    throw new Refusal(400, 'file-unreadable', `${path} can't be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new Refusal(
      400,
      'json-malformed',
      `${path === '-' ? 'The input' : path} is not JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** A short account of an answer; --json gives the whole. */
function summary(value: unknown): string {
  const answer = value as Record<string, unknown>;
  if (Array.isArray(answer['items'])) {
    const items = answer['items'] as Record<string, unknown>[];
    const lines = items.map((item) =>
      [
        'dossier',
        'movement',
        'certificate',
        'requirement',
        'delegation',
        'state',
        'version',
        'origin',
        'destination',
        'goods',
        'number',
        'kind',
      ]
        .flatMap((key) => (item[key] === undefined || typeof item[key] === 'object' ? [] : [String(item[key])]))
        .join('  '),
    );
    if (typeof answer['next'] === 'string') lines.push(`more: --cursor ${answer['next']}`);
    return lines.length === 0 ? 'none' : lines.join('\n');
  }
  if (Array.isArray(answer['timeline'])) {
    const entries = answer['timeline'] as {
      post: string;
      state: string;
      awaited: { what: string; from: { id: string }; since: string } | null;
    }[];
    return [
      `${answer['dossier']}  ${answer['state']}  version ${answer['version']}  ${answer['origin']} → ${answer['destination']}  ${answer['goods']}`,
      ...entries.map(
        ({ post, state, awaited }) =>
          `  ${post.padEnd(20)} ${state.padEnd(12)} ${awaited === null ? '' : `${awaited.what} by ${awaited.from.id} since ${awaited.since}`}`,
      ),
    ].join('\n');
  }
  return Object.entries(answer)
    .filter(([, one]) => typeof one !== 'object' || one === null)
    .map(([key, one]) => `${key}: ${String(one)}`)
    .join('\n');
}

export function addClientCommands(program: Command, signal: AbortSignal): void {
  const client = (options: Asking): ApiClient =>
    new ApiClient(credentialsFor(options.as, program.opts<{ directory: string }>().directory, process.env));
  const common = (command: Command): Command =>
    command
      .option('--as <client>', 'client of the demonstration, e.g. KZ/exporter')
      .option('--json', 'print the whole answer as JSON');
  const writing = (command: Command): Command =>
    common(command).option('--key <text>', 'Idempotency-Key: a repeat with the same key is done once');

  /** A request whose answer is printed. */
  const ask = async (
    options: Asking,
    method: string,
    path: string,
    request: { body?: unknown; query?: Record<string, string> } = {},
  ): Promise<unknown> => {
    const answer = await client(options).call(method, path, {
      ...request,
      signal,
      patienceMs: 20_000,
      ...(options.key === undefined ? {} : { idempotencyKey: options.key }),
    });
    print(options.json, answer, () => summary(answer));
    return answer;
  };
  /** `<group> <name> <id?> <file>`: a POST of what a file holds. */
  const post = (
    group: Command,
    name: string,
    description: string,
    path: (id: string) => string,
    withId = true,
  ): void => {
    const command = writing(group.command(name).description(description));
    if (withId) command.argument('<id>');
    command.argument('[file]', 'JSON file, or - for standard input', '-').action(async (...args: unknown[]) => {
      const [id, file] = withId ? [String(args[0]), String(args[1])] : ['', String(args[0])];
      const options = args.at(-2) as Asking;
      await ask(options, 'POST', path(id), { body: readInput(file) });
    });
  };
  const show = (group: Command, description: string, path: (id: string) => string): void => {
    common(group.command('show').description(description).argument('<id>')).action(
      async (id: string, options: Asking) => void (await ask(options, 'GET', path(id))),
    );
  };
  const list = (group: Command, description: string, path: string, filters: readonly string[]): void => {
    const command = common(group.command('list').description(description))
      .option('--cursor <cursor>')
      .option('--limit <number>');
    for (const filter of filters) command.option(`--${filter} <value>`);
    command.action(async (options: Asking & Record<string, string | undefined>) => {
      const query: Record<string, string> = {};
      for (const name of ['cursor', 'limit', ...filters]) if (options[name] !== undefined) query[name] = options[name];
      await ask(options, 'GET', path, { query });
    });
  };

  const dossier = program.command('dossier').description('file, amend and read dossiers');
  post(dossier, 'file', 'file a dossier', () => '/api/dossiers', false);
  post(dossier, 'check', 'check a dossier without filing it', () => '/api/dossier-checks', false);
  writing(
    dossier
      .command('import')
      .description('file many dossiers from a JSON array; each is accepted or refused on its own'),
  )
    .argument('[file]', 'JSON file, or - for standard input', '-')
    .action(async (file: string, options: Asking) => {
      const input = readInput(file);
      const answer = (await ask(options, 'POST', '/api/dossier-imports', {
        body: Array.isArray(input) ? { dossiers: input } : input,
      })) as { refused: number };
      if (answer.refused > 0) process.exitCode = EXIT.declined;
    });
  common(dossier.command('items').description('read consignment items from a CSV table'))
    .argument('[file]', 'CSV file, or - for standard input', '-')
    .action(async (file: string, options: Asking) => {
      const answer = await client(options).call<{ findings: { row?: number; column?: number; message: string }[] }>(
        'POST',
        '/api/item-tables',
        { body: { csv: readFileSync(file === '-' ? 0 : file, 'utf8') }, signal },
      );
      print(
        options.json,
        answer,
        () =>
          answer.findings.map(({ row, column, message }) => `row ${row}, column ${column}: ${message}`).join('\n') ||
          'no findings; --json prints the items',
      );
      if (answer.findings.length > 0) process.exitCode = EXIT.declined;
    });
  show(dossier, 'one dossier with its timeline', (id) => `/api/dossiers/${encodeURIComponent(id)}`);
  list(dossier, 'the dossiers you may see', '/api/dossiers', ['state', 'post', 'search']);
  post(
    dossier,
    'amend',
    'replace sections by new versions',
    (id) => `/api/dossiers/${encodeURIComponent(id)}/amendments`,
  );
  writing(
    dossier
      .command('withdraw')
      .description('withdraw a dossier; this is final')
      .argument('<id>')
      .requiredOption('--reason <text>')
      .option('--yes', 'do it'),
  ).action(async (id: string, options: Asking & { reason: string; yes?: boolean }) => {
    if (options.yes !== true)
      throw new Refusal(400, 'usage', 'A withdrawal is final.', { remedy: 'Repeat with --yes.' });
    await ask(options, 'POST', `/api/dossiers/${encodeURIComponent(id)}/withdrawal`, {
      body: { reason: options.reason },
    });
  });
  post(dossier, 'answer', "answer an authority's query", (id) => `/api/dossiers/${encodeURIComponent(id)}/answers`);
  post(
    dossier,
    'appeal',
    'appeal against a hold or refusal',
    (id) => `/api/dossiers/${encodeURIComponent(id)}/appeals`,
  );
  post(
    dossier,
    'appeal-outcome',
    'decide an appeal',
    (id) => `/api/dossiers/${encodeURIComponent(id)}/appeal-outcomes`,
  );

  const movement = program.command('movement').description('declare movements and report events');
  post(movement, 'declare', 'declare a truck or train on one leg', () => '/api/movements', false);
  post(movement, 'amend', 'change a movement', (id) => `/api/movements/${encodeURIComponent(id)}/amendments`);
  post(movement, 'event', 'report what happened', (id) => `/api/movements/${encodeURIComponent(id)}/events`);
  show(movement, 'one movement with its events', (id) => `/api/movements/${encodeURIComponent(id)}`);
  list(movement, 'movements by post', '/api/movements', ['post', 'search']);

  writing(program.command('decide').description('decide on a consignment at a post'))
    .argument('<dossier>')
    .requiredOption('--post <id>')
    .requiredOption('--version <number>', 'version of the manifest that the decision is on')
    .requiredOption('--decision <word>', 'release, hold, query, inspect or refuse')
    .option('--reason <code>', 'code of the reason', 'in-order')
    .option('--text <text>', 'reason in words')
    .option('--question <text>', 'with query')
    .option('--appeal-to <authority>', 'with hold and refuse: where to appeal')
    .option('--appeal-text <text>', 'how to appeal')
    .option('--yes', 'needed to refuse')
    .action(async (id: string, options: Asking & Record<string, string | undefined> & { yes?: boolean }) => {
      const { post: at, version, decision, reason, text, question, appealTo, appealText } = options;
      if (decision === 'refuse' && options.yes !== true)
        throw new Refusal(400, 'usage', 'A refusal turns the goods back.', { remedy: 'Repeat with --yes.' });
      await ask(options, 'POST', `/api/dossiers/${encodeURIComponent(id)}/decisions`, {
        body: {
          post: at,
          version: Number(version),
          decision,
          reason: { code: reason, ...(text === undefined ? {} : { text }) },
          ...(question === undefined ? {} : { question }),
          ...(appealTo === undefined ? {} : { appeal: { to: appealTo, text: appealText ?? 'In writing.' } }),
        },
      });
    });

  const certificate = program.command('certificate').description('issue, revoke and read certificates');
  post(certificate, 'issue', 'issue a certificate', () => '/api/certificates', false);
  writing(
    certificate
      .command('revoke')
      .description('revoke a certificate; this is final')
      .argument('<id>')
      .requiredOption('--reason <text>')
      .option('--yes', 'do it'),
  ).action(async (id: string, options: Asking & { reason: string; yes?: boolean }) => {
    if (options.yes !== true)
      throw new Refusal(400, 'usage', 'A revocation is final.', { remedy: 'Repeat with --yes.' });
    await ask(options, 'POST', `/api/certificates/${encodeURIComponent(id)}/revocation`, {
      body: { reason: options.reason },
    });
  });
  show(certificate, 'one certificate', (id) => `/api/certificates/${encodeURIComponent(id)}`);
  list(certificate, 'certificates you may see', '/api/certificates', ['dossier']);
  common(
    certificate
      .command('evidence')
      .description('save the evidence file of a final certificate')
      .argument('<id>')
      .option('--out <file>', 'file to write; it ends in .dostyk'),
  ).action(async (id: string, options: Asking & { out?: string }) => {
    const evidence = await client(options).call('GET', `/api/certificates/${encodeURIComponent(id)}/evidence`, {
      signal,
    });
    const file = options.out ?? `${id}.dostyk`;
    if (options.json === true) return print(true, evidence, () => '');
    writeFileSync(file, `${JSON.stringify(evidence, null, 1)}\n`);
    print(false, evidence, () => `Written to ${file}`);
  });

  const attachment = program.command('attachment').description('files beside the log');
  common(
    attachment.command('put').description('upload a file').argument('<file>').requiredOption('--type <media type>'),
  ).action(async (file: string, options: Asking & { type: string }) => {
    const answer = await client(options).call('POST', '/api/attachments', {
      query: { name: basename(file) },
      file: { bytes: readFileSync(file), mediaType: options.type },
      signal,
    });
    print(options.json, answer, () => summary(answer));
  });
  common(
    attachment.command('get').description('download a file').argument('<hash>').requiredOption('--out <file>'),
  ).action(async (hash: string, options: Asking & { out: string }) => {
    const bytes = await client(options).call<Uint8Array>('GET', `/api/attachments/${encodeURIComponent(hash)}`, {
      signal,
    });
    writeFileSync(options.out, bytes);
    print(options.json, { file: options.out, bytes: bytes.length }, () => `Written to ${options.out}`);
  });

  const requirement = program.command('requirement').description('what authorities ask for');
  post(requirement, 'declare', 'declare a requirement', () => '/api/requirements/declared', false);
  list(requirement, 'requirements', '/api/requirements/declared', ['goods']);

  const delegation = program.command('delegation').description('authorise another operator');
  post(delegation, 'add', 'authorise another operator', () => '/api/delegations', false);
  list(delegation, 'delegations given and received', '/api/delegations', []);
  post(
    delegation,
    'revoke',
    'take an authorisation back',
    (id) => `/api/delegations/${encodeURIComponent(id)}/revocation`,
  );
}
