import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';
import { openPort } from './listen.ts';

/** One member's OpenID Connect issuer in a demonstration. A member in production has its own national one. */
export interface IssuerOptions {
  readonly issuer: string;
  readonly host: string;
  readonly port: number;
  readonly clients: readonly { readonly clientId: string; readonly clientSecret: string }[];
  /** The API that tokens are for: the node's address with `/api`. */
  readonly resource: string;
  /** Seconds a token is good for. */
  readonly seconds?: number;
}

export interface RunningIssuer {
  readonly issuer: string;
  stop(): Promise<void>;
}

/**
 * @example const issuer = await startIssuer({ issuer: 'http://127.0.0.1:7101', host: '127.0.0.1', port: 7101, clients, resource });
 */
export async function startIssuer({
  issuer,
  host,
  port,
  clients,
  resource,
  seconds = 600,
}: IssuerOptions): Promise<RunningIssuer> {
  // Keys live as long as the process: tokens are short and nodes read the key set anew when they meet an unknown key.
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), use: 'sig', alg: 'ES256' };
  const provider = new Provider(issuer, {
    clients: clients.map(({ clientId, clientSecret }) => ({
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'ES256',
    })),
    jwks: { keys: [jwk] },
    cookies: { keys: [crypto.randomUUID()] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_: unknown, indicator: string) => {
          if (indicator !== resource) throw new errors.InvalidTarget();
          return {
            scope: '',
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: seconds,
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
    ttl: { ClientCredentials: seconds },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  });
  const server: Server = createServer(provider.callback());
  await openPort(server, { host, port });
  return {
    issuer,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
