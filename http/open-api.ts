import { OpenAPIGenerator } from '@orpc/openapi';
import { ZodToJsonSchemaConverter } from '@orpc/zod/zod4';
import { z } from 'zod';
import { membersContract } from '../members/contract.ts';
import { tradeContract } from '../trade/contract.ts';
import { Problem } from './problem.ts';

/** The OpenAPI 3.1 document of the contracts; each operation may answer with problem details. */
export async function openApiDocument(address: string): Promise<Record<string, unknown>> {
  const generator = new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] });
  const document = await generator.generate(
    { trade: tradeContract, members: membersContract },
    {
      info: {
        title: 'Dostyk node',
        version: '0.1.0',
        description:
          'One member node of the platform on smooth trade. Independent; not affiliated with, or endorsed by, any state or body.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      servers: [{ url: `${address}/api` }],
      security: [{ oauth2: [] }],
      tags: [
        { name: 'members', description: 'Members, authorities, operators, delegations' },
        { name: 'trade', description: 'Dossiers, movements, decisions, certificates' },
      ],
      components: {
        securitySchemes: {
          oauth2: {
            type: 'oauth2',
            flows: { clientCredentials: { tokenUrl: 'token', scopes: {} } },
            description: "Tokens of the member's identity provider.",
          },
        },
        schemas: { Problem: z.toJSONSchema(Problem, { io: 'output' }) as never },
      },
    },
  );
  const problem = {
    description: 'Problem details (RFC 9457)',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  for (const path of Object.values(
    (document.paths ?? {}) as Record<string, Record<string, { responses?: Record<string, unknown> }>>,
  )) {
    for (const operation of Object.values(path)) {
      if (operation?.responses !== undefined) operation.responses = { ...operation.responses, default: problem };
    }
  }
  return document as unknown as Record<string, unknown>;
}
