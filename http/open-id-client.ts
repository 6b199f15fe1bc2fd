import * as openid from 'openid-client';
import { Refusal } from '../values/refusal.ts';

/** The node as a client of its member's identity provider (OpenID Connect Core, authorization code with PKCE, RFC 7636). */

export interface OpenIdOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The node's own address. */
  readonly address: string;
}

interface UnderWay {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export class OpenIdClient {
  readonly #options: OpenIdOptions;
  #configuration: Promise<openid.Configuration> | undefined;

  constructor(options: OpenIdOptions) {
    this.#options = options;
  }

  #discover(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret } = this.#options;
    const url = new URL(issuer);
    // Only a demonstration on one machine goes without TLS.
    const execute = url.protocol === 'http:' && url.hostname === '127.0.0.1' ? [openid.allowInsecureRequests] : [];
    return openid
      .discovery(url, clientId, undefined, openid.ClientSecretBasic(clientSecret), { execute, timeout: 5 })
      .catch((cause: unknown) => {
        this.#configuration = undefined;
        throw unavailable(cause);
      });
  }

  get #ready(): Promise<openid.Configuration> {
    this.#configuration ??= this.#discover();
    return this.#configuration;
  }

  /**
   * @param anew asks the provider to have the person sign in even if it still knows them
   * @returns where to send the browser, and what to keep until it is back
   */
  async begin({
    language,
    anew,
  }: {
    readonly language?: string;
    readonly anew: boolean;
  }): Promise<UnderWay & { readonly url: string }> {
    const configuration = await this.#ready;
    const codeVerifier = openid.randomPKCECodeVerifier();
    const [state, nonce] = [openid.randomState(), openid.randomNonce()];
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: `${this.#options.address}/sign-in/callback`,
      scope: 'openid',
      code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...(language === undefined ? {} : { ui_locales: language }),
      ...(anew ? { prompt: 'login' } : {}),
    });
    return { url: url.href, state, nonce, codeVerifier };
  }

  /**
   * @param query that the browser came back with
   * @throws Refusal 403 `sign-in-declined`; 503 `sign-in-unavailable`
   */
  async finish(query: string, under: UnderWay): Promise<{ readonly subject: string; readonly idToken: string }> {
    const configuration = await this.#ready;
    try {
      const tokens = await openid.authorizationCodeGrant(
        configuration,
        new URL(`${this.#options.address}/sign-in/callback${query}`),
        {
          pkceCodeVerifier: under.codeVerifier,
          expectedState: under.state,
          expectedNonce: under.nonce,
          idTokenExpected: true,
        },
      );
      const subject = tokens.claims()?.sub;
      if (subject !== undefined && tokens.id_token !== undefined) return { subject, idToken: tokens.id_token };
    } catch (cause) {
      if (cause instanceof openid.AuthorizationResponseError || cause instanceof openid.ResponseBodyError)
        throw declined(cause);
      if (cause instanceof openid.ClientError && cause.code !== 'OAUTH_TIMEOUT') throw declined(cause);
      throw unavailable(cause);
    }
    throw declined(undefined);
  }

  /** Where the browser tells the provider that the person has signed out; undefined where it has no such page or is away. */
  async signOutUrl(idToken: string): Promise<string | undefined> {
    try {
      const configuration = await this.#ready;
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
      return openid.buildEndSessionUrl(configuration, {
        id_token_hint: idToken,
        post_logout_redirect_uri: `${this.#options.address}/`,
      }).href;
    } catch {
      // The session of this node has ended in any case.
      return undefined;
    }
  }
}

const declined = (cause: unknown): Refusal =>
  new Refusal(403, 'sign-in-declined', 'The identity provider did not sign you in.', { remedy: 'Begin again.', cause });

const unavailable = (cause: unknown): Refusal =>
  new Refusal(503, 'sign-in-unavailable', 'The identity provider of this member does not answer.', {
    params: { retryAfter: 5 },
    cause,
  });
