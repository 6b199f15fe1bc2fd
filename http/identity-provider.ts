import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';
import { accountsPage, PAGE_HEADERS, signOutPage } from './identity-provider-pages.ts';
import { openPort } from './listen.ts';

/** One member's OpenID Connect issuer in a demonstration. A member in production has its own national one. */
export interface IssuerOptions {
  readonly issuer: string;
  readonly host: string;
  readonly port: number;
  readonly clients: readonly { readonly clientId: string; readonly clientSecret: string }[];
  /** The API that tokens are for: the node's address with `/api`. */
  readonly resource: string;
  /** Persons who may sign in, by choosing themselves on a page: a demonstration asks for no password. */
  readonly accounts?: readonly DemoAccount[];
  /** The node's client for browsers. */
  readonly browser?: { readonly clientId: string; readonly clientSecret: string; readonly address: string };
  /** Seconds a token is good for. */
  readonly seconds?: number;
}

export interface DemoAccount {
  readonly subject: string;
  readonly name: string;
  readonly operator?: string;
  readonly authority?: string;
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
  accounts = [],
  browser,
  seconds = 600,
}: IssuerOptions): Promise<RunningIssuer> {
  // Keys live as long as the process: tokens are short and nodes read the key set anew when they meet an unknown key.
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), use: 'sig', alg: 'ES256' };
  const provider = new Provider(issuer, {
    clients: [
      ...clients.map(({ clientId, clientSecret }) => ({
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic' as const,
        id_token_signed_response_alg: 'ES256' as const,
      })),
      ...(browser === undefined
        ? []
        : [
            {
              client_id: browser.clientId,
              client_secret: browser.clientSecret,
              grant_types: ['authorization_code'],
              response_types: ['code' as const],
              redirect_uris: [`${browser.address}/sign-in/callback`],
              post_logout_redirect_uris: [`${browser.address}/`],
              token_endpoint_auth_method: 'client_secret_basic' as const,
              id_token_signed_response_alg: 'ES256' as const,
            },
          ]),
    ],
    jwks: { keys: [jwk] },
    // Cookies know no ports: issuers of several members on one machine must not share their names.
    cookies: {
      keys: [crypto.randomUUID()],
      names: { session: `issuer-${port}`, interaction: `interaction-${port}`, resume: `resume-${port}` },
    },
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) =>
      accounts.some(({ subject }) => subject === id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
    // The node is the member's own: nobody is asked whether it may know who signs in.
    loadExistingGrant: async ({ oidc }) => {
      if (oidc.client === undefined || oidc.session?.accountId === undefined) return undefined;
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.set(PAGE_HEADERS(browser?.address));
          ctx.body = signOutPage(form);
        },
      },
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
  const serve = provider.callback();
  const server: Server = createServer((request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) serve(request, response);
    else
      interact(provider, { accounts, address: browser?.address }, request, response).catch(() => {
        // An interaction that is over or was never begun, or a form that is none of ours.
        response.writeHead(400, PAGE_HEADERS(browser?.address)).end(accountsPage([], undefined));
      });
  });
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

/** Shows the accounts, and takes the choice of one. */
async function interact(
  provider: Provider,
  { accounts, address }: { readonly accounts: readonly DemoAccount[]; readonly address: string | undefined },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { uid, params } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    const language = String(params['ui_locales'] ?? '').split(' ')[0];
    response.writeHead(200, PAGE_HEADERS(address)).end(accountsPage(accounts, { uid, language }));
    return;
  }
  let body = '';
  for await (const part of request) {
    body += String(part);
    if (body.length > 2000) throw new Error('more than a choice');
  }
  const chosen = accounts.find(({ subject }) => subject === new URLSearchParams(body).get('account'));
  if (chosen === undefined) throw new Error('no such account');
  await provider.interactionFinished(request, response, { login: { accountId: chosen.subject, remember: true } });
}
