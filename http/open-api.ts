import { OpenAPIGenerator } from '@orpc/openapi';
import { ZodToJsonSchemaConverter } from '@orpc/zod/zod4';
import { z } from 'zod';
import { membersContract } from '../members/contract.ts';
import { tradeContract } from '../trade/contract.ts';
import { isOpen } from './operation.ts';
import { Problem } from './problem.ts';

export interface Described {
  /** Of the node, e.g. 'http://127.0.0.1:7001'. */
  readonly address: string;
  /** The OpenID Connect issuer whose tokens the node takes. */
  readonly issuer: string;
  /** Name of the session cookie. */
  readonly cookie: string;
}

interface Parameter {
  readonly name: string;
  description?: string;
}

interface Operation {
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  responses: Record<string, unknown>;
  security?: unknown[];
}

const PROBLEM = {
  description: 'Problem details (RFC 9457); `/problems/{code}` explains each code',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'A repeat with the same key and the same content gets the first answer; nothing is done twice.',
  schema: { type: 'string', pattern: '^[!-~]{1,200}$' },
};

/** What a parameter means, which is the same wherever it stands. */
const PARAMETERS: Readonly<Record<string, string>> = {
  added: 'Per cent of value added in the country of origin.',
  answered: 'Those that are answered, `yes`, or those that are not, `no`.',
  awaiting: "`me`: only those where something is awaited from the caller's operator or authority.",
  carriage: 'Carriage up to the border of the destination, where the price leaves it out.',
  certificate: 'Id of the certificate.',
  changed: 'Whether their heading changed in the making: `yes` or `no`.',
  claims: 'Answers to questions of members, with commas, e.g. `UZ/proof-of-origin=yes`.',
  code: 'Goods by 2, 4, 6, 8 or 10 digits.',
  commitment: 'Commitment of the record, as the log holds it.',
  correction: 'Id of the correction, as it was given to who asked for it.',
  currency: 'ISO 4217, of the price and of the answer; USD if not said.',
  cursor: 'Where to go on: `next` of the page before.',
  date: 'The day of which the answer is to be; today if not said.',
  delegation: 'Id of the delegation.',
  direct: 'Whether they are carried directly: `yes` or `no`.',
  dossier: 'Id of the dossier.',
  duties: 'Duties and taxes of import that a price delivered duty paid holds.',
  from: 'Where the goods leave: a code of ISO 3166-1 alpha-2.',
  goods: 'An HS code or its beginning: only what concerns goods under it.',
  green: 'Whether the green channel for perishables is asked for.',
  hash: 'What the upload answered as `hash`.',
  hs: 'Goods by 6, 8 or 10 digits.',
  incoterm: 'One of the eleven codes of Incoterms 2020.',
  insurance: 'Insurance, where the price leaves it out.',
  language: 'Words of it come before equal ones of others; `en` if not said.',
  limit: 'How many at most.',
  link: 'Id of the link, which is not its secret.',
  mass: 'Net mass in kilograms.',
  member: 'Code of a member.',
  mode: '`road` or `rail`.',
  movement: 'Id of the movement.',
  name: 'The name of the file, as people read it.',
  on: 'A day as YYYY-MM-DD; today if not said.',
  onward: 'Carriage from that border on, where the price holds it.',
  origin: 'Where they were made or grown; as `from` if not said.',
  papers: 'Papers that are there, with commas: ids of a pack or codes of UN/EDIFACT 1001.',
  post: 'Id of the post, as /members lists it.',
  predeclared: 'Whether the goods are declared before they arrive.',
  q: 'Words of goods in any of eight languages, or the first digits of their code.',
  rates: 'Rates of exchange, with commas, e.g. `USD/KZT=520`.',
  regime: 'Transit by `tir` or `national-guarantee`.',
  registered: 'What is registered with the destination, with commas, e.g. `orchard`.',
  search: 'In places, goods, partners, plates, containers, seals and ids, as far as the caller may read them.',
  sort: '`filed`: last filed first. `changed`: last changed first. `awaited`: with `awaiting`, the longest awaited first.',
  state: 'Only those in this state.',
  to: 'Where they are bound for.',
  trader: '`trusted` or `small`, with commas.',
  treated: 'How the goods were treated, with commas, e.g. `cold-treatment`.',
  value: 'Price of the goods in the currency.',
  vehicles: 'How many vehicles carry them; one if not said.',
  since: 'The first day whose changes are asked for, YYYY-MM-DD.',
  skip: 'How many to leave out before the first.',
  table: 'A table of a pack, e.g. `measures.csv`.',
  until: 'The last day whose changes are asked for, YYYY-MM-DD.',
  version: 'Number of the version, from 1.',
  via: 'Crossings in order, with commas, e.g. `yallama,khorgos`.',
  webhook: 'Id of the webhook.',
  wholly: 'Whether the goods were wholly obtained in the country of origin: `yes` or `no`.',
};

const binary = { '*/*': { schema: { type: 'string', format: 'binary' } } };

/** What is streamed has no contract. */
const STREAMED = {
  '/changes': {
    get: {
      operationId: 'trade.changes',
      summary: 'Which dossiers, movements and requirements that the caller may see changed, as they change',
      tags: ['trade'],
      parameters: [
        {
          name: 'after',
          in: 'query',
          required: false,
          description: 'The id of the last event that was read, as in the header Last-Event-ID.',
          schema: { type: 'string', pattern: '^[0-9]{1,19}-[0-9]{1,18}$' },
        },
      ],
      responses: {
        200: { description: 'Server-sent events', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      },
    },
  },
  '/attachments': {
    post: {
      operationId: 'trade.putAttachment',
      summary: 'Upload a file of at most 20 MB that sections and answers may name',
      tags: ['trade'],
      parameters: [{ name: 'name', in: 'query', required: true, schema: { type: 'string', maxLength: 120 } }],
      requestBody: { required: true, content: binary },
      responses: {
        200: {
          description: 'What a section names the file by',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: {
                  name: { type: 'string' },
                  mediaType: { type: 'string' },
                  size: { type: 'integer' },
                  hash: { type: 'string', pattern: '^[0-9a-f]{64}$' },
                  salt: { type: 'string', contentEncoding: 'base64' },
                },
                required: ['name', 'mediaType', 'size', 'hash', 'salt'],
              },
            },
          },
        },
      },
    },
  },
  '/attachments/{hash}': {
    get: {
      operationId: 'trade.getAttachment',
      summary: 'Download a file that the caller may read',
      tags: ['trade'],
      parameters: [{ name: 'hash', in: 'path', required: true, schema: { type: 'string', pattern: '^[0-9a-f]{64}$' } }],
      responses: { 200: { description: 'The file', content: binary } },
    },
  },
  '/packs/changes.atom': {
    get: {
      operationId: 'trade.getChangesFeed',
      summary: "What changes in members' rules, as an Atom feed",
      tags: ['trade'],
      parameters: [
        { name: 'member', in: 'query', required: false, schema: { type: 'string', pattern: '^[A-Z]{2}$' } },
        { name: 'goods', in: 'query', required: false, schema: { type: 'string', pattern: '^([0-9]{2}){1,5}$' } },
      ],
      responses: {
        200: { description: 'The feed', content: { 'application/atom+xml': { schema: { type: 'string' } } } },
      },
    },
  },
  '/packs/{member}/{version}/{table}': {
    get: {
      operationId: 'trade.getPackTable',
      summary: "One table of one version of a member's rules, as CSV",
      tags: ['trade'],
      parameters: [
        { name: 'member', in: 'path', required: true, schema: { type: 'string', pattern: '^[A-Z]{2}$' } },
        { name: 'version', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
        { name: 'table', in: 'path', required: true, schema: { type: 'string', maxLength: 40 } },
      ],
      responses: {
        200: { description: 'The table', content: { 'text/csv': { schema: { type: 'string' } } } },
      },
    },
  },
};

/** The OpenAPI 3.1 document of the contracts; each operation may answer with problem details. */
export async function openApiDocument({ address, issuer, cookie }: Described): Promise<Record<string, unknown>> {
  const generator = new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] });
  const document = await generator.generate(
    { trade: tradeContract, members: membersContract },
    {
      info: {
        title: 'Dostyk node',
        version: '0.1.0',
        description:
          'One member node of the platform on smooth trade. Independent; not affiliated with, or endorsed by, any state or body.',
        contact: { name: 'The member that runs this node', url: address },
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      servers: [{ url: `${address}/api` }],
      security: [{ oauth2: [] }, { session: [], csrf: [] }],
      tags: [
        { name: 'members', description: 'Members, authorities, operators, delegations' },
        { name: 'trade', description: 'Dossiers, movements, decisions, certificates' },
      ],
      components: {
        securitySchemes: {
          oauth2: {
            type: 'oauth2',
            flows: { clientCredentials: { tokenUrl: `${issuer}/token`, scopes: {} } },
            description: `Tokens of the member's identity provider for ${address}/api. Where its metadata (${issuer}/.well-known/openid-configuration) names another token address, that one counts.`,
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: cookie,
            description: 'The session of a browser, begun at /sign-in.',
          },
          csrf: {
            type: 'apiKey',
            in: 'header',
            name: 'X-CSRF-Token',
            description:
              "Goes with every request of a session that changes something; the session's own page gets it at /session.",
          },
          driverLink: {
            type: 'apiKey',
            in: 'header',
            name: 'Authorization',
            description: "`Driver ` and the secret of a driver's link, which stands behind the `#` of its address.",
          },
        },
        schemas: { Problem: z.toJSONSchema(Problem, { io: 'output' }) as never },
      },
    },
  );
  const paths = { ...document.paths, ...structuredClone(STREAMED) } as Record<string, Record<string, Operation>>;
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      operation.responses = { ...operation.responses, '4XX': PROBLEM, '5XX': PROBLEM };
      for (const parameter of operation.parameters ?? []) parameter.description ??= PARAMETERS[parameter.name] ?? '';
      if (method === 'post' && path !== '/attachments')
        operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
      // What only reads needs no mark of the session.
      if (method === 'get') operation.security = [{ oauth2: [] }, { session: [] }];
      // Who the members are, and what they ask for, is told to everyone.
      if (path === '/members' || isOpen({ method: method.toUpperCase(), template: path })) operation.security = [];
      if (/^\/driver(\/|$)/.test(path)) operation.security = [{ driverLink: [] }];
      const who =
        operation.security?.length === 0
          ? 'For anyone.'
          : path.startsWith('/driver')
            ? 'For the driver who holds a link.'
            : 'For accounts of this member; what each may do follows from its operator, its delegations or its mandates.';
      operation.description = `${operation.summary}. ${who} Whatever is declined is answered with problem details and a stable code.`;
    }
  }
  return { ...document, paths } as unknown as Record<string, unknown>;
}
