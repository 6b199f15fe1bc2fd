import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Accounts, Caller } from '../members/account.ts';
import { Refusal } from '../values/refusal.ts';

export interface SignInOptions {
  /** The member's OpenID Connect issuer. */
  readonly issuer: string;
  /** What tokens must be for. */
  readonly audience: string;
  readonly accounts: Accounts;
  readonly clock: () => Date;
}

/** What jose throws where the key set does not come or is none; the token may be good. */
const KEYS_AWAY: ReadonlySet<string> = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']);

/** Reads who calls from an OAuth 2 access token (RFC 9068); whether that may do something is a mandate's question. */
export class SignIn {
  readonly #options: SignInOptions;
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  get issuer(): string {
    return this.#options.issuer;
  }

  async #discover(): Promise<JWTVerifyGetKey> {
    const { issuer } = this.#options;
    try {
      const answer = await fetch(`${issuer}/.well-known/openid-configuration`, {
        signal: AbortSignal.timeout(5000),
        redirect: 'error',
      });
      if (answer.status !== 200) throw new Error(`the metadata are answered with ${answer.status}`);
      const metadata = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
      if (metadata.issuer !== issuer || typeof metadata.jwks_uri !== 'string')
        throw new Error('another issuer answers');
      return createRemoteJWKSet(new URL(metadata.jwks_uri), { timeoutDuration: 5000, cooldownDuration: 2000 });
    } catch (cause) {
      this.#keys = undefined;
      throw new Refusal(503, 'sign-in-unavailable', 'The identity provider of this member does not answer.', {
        params: { retryAfter: 5 },
        cause,
      });
    }
  }

  /**
   * @throws Refusal 401 `token-missing`, `token-invalid`, `token-expired`; 403 `account-unknown`; 503 `sign-in-unavailable`
   */
  async caller(authorization: string | undefined): Promise<Caller> {
    const { issuer, audience, accounts, clock } = this.#options;
    const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      throw new Refusal(401, 'token-missing', 'The request carries no access token.', {
        remedy: "Get one from the member's identity provider and send it as Bearer.",
      });
    }
    this.#keys ??= this.#discover();
    const keys = await this.#keys;
    let subject: string | undefined;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'],
        typ: 'at+jwt',
        currentDate: clock(),
        clockTolerance: 5,
        requiredClaims: ['exp', 'sub'],
      });
      subject = payload.sub;
    } catch (cause) {
      if (cause instanceof errors.JWTExpired)
        throw new Refusal(401, 'token-expired', 'The access token has expired.', { remedy: 'Get a new one.', cause });
      if (cause instanceof errors.JOSEError && !KEYS_AWAY.has(cause.code))
        throw new Refusal(401, 'token-invalid', 'The access token is not valid here.', { cause });
      throw new Refusal(503, 'sign-in-unavailable', "The identity provider's keys can't be had.", {
        params: { retryAfter: 5 },
        cause,
      });
    }
    const caller = accounts.find(subject ?? '');
    if (caller === undefined)
      throw new Refusal(403, 'account-unknown', 'This member knows no such account.', {
        remedy: 'Ask the member to register it.',
      });
    return caller;
  }
}
