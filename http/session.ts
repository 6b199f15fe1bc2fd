import type { Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Accounts, Caller } from '../members/account.ts';
import { LANGUAGES } from '../members/registry.ts';
import { Refusal } from '../values/refusal.ts';
import { Attempts, addressOf } from './attempts.ts';
import type { HttpNode } from './node.ts';
import { OpenIdClient } from './open-id-client.ts';
import type { SignIn } from './sign-in.ts';

/**
 * Who asks, whether by an access token or by the session of a browser, and the routes by which a person signs in and out.
 * OpenID Connect authorization code with PKCE; the session stands in PostgreSQL, the browser holds its secret in an HttpOnly cookie.
 */

export interface BrowserSignIn {
  /** The node's own client at its member's identity provider. */
  readonly clientId: string;
  readonly clientSecret: string;
}

interface Options {
  readonly node: Pick<HttpNode, 'context' | 'sessions' | 'driver'>;
  readonly signIn: SignIn;
  readonly accounts: Accounts;
  readonly browser: BrowserSignIn | undefined;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const NOT_SET = new Refusal(503, 'sign-in-not-set', 'This node has no client at an identity provider yet.', {
  remedy: 'Set DOSTYK_CLIENT_ID and DOSTYK_CLIENT_SECRET; see README, production.',
});

/** A page that asks by itself while nobody touches it says so: an idle session ends all the same. */
const isAttended = (c: Context): boolean => c.req.header('x-unattended') === undefined;

export class Sessions {
  readonly #options: Options;
  readonly #client: OpenIdClient | undefined;
  readonly #cookie: string;
  readonly #underTls: boolean;
  readonly #address: string;
  readonly #attempts: Attempts;

  constructor(options: Options) {
    this.#options = options;
    const { context } = options.node;
    this.#attempts = new Attempts(context.clock);
    this.#address = context.registry.getMember(context.member).address;
    this.#underTls = this.#address.startsWith('https:');
    // Cookies know no ports: nodes of several members on one machine must not share a name.
    this.#cookie = `${this.#underTls ? '__Host-' : ''}dostyk-${context.member.toLowerCase()}`;
    this.#client =
      options.browser === undefined
        ? undefined
        : new OpenIdClient({ ...options.browser, issuer: options.signIn.issuer, address: this.#address });
  }

  /** Name of the cookie that holds a session. */
  get cookie(): string {
    return this.#cookie;
  }

  /**
   * @throws Refusal 401 `token-…`, `session-missing`, `session-ended`, `session-locked`; 403 `account-unknown`, `csrf-refused`
   */
  async caller(c: Context): Promise<Caller> {
    const authorization = c.req.header('authorization');
    const link = /^Driver (.{1,200})$/i.exec(authorization ?? '')?.[1];
    if (link !== undefined) return this.#attempts.guard(addressOf(c), () => this.#options.node.driver(link));
    if (authorization !== undefined) return this.#options.signIn.caller(authorization);
    const { session } = await this.#session(c);
    if (session.locked)
      throw new Refusal(401, 'session-locked', 'This session is locked.', { remedy: 'Sign in again to go on.' });
    if (!SAFE.has(c.req.method)) this.#requireOwnPage(c, session);
    return this.#account(session.subject);
  }

  /**
   * Who listens, without keeping an idle session on: an open page is no one at work.
   * @throws Refusal as `caller`
   */
  async listener(c: Context): Promise<Caller> {
    const value = getCookie(c, this.#cookie);
    if (c.req.header('authorization') !== undefined || value === undefined) return this.caller(c);
    const session = await this.#options.node.sessions.find(value, { keepOn: false });
    if (session === undefined || session.locked) return this.caller(c);
    return this.#account(session.subject);
  }

  #account(subject: string): Caller {
    const caller = this.#options.accounts.find(subject);
    if (caller !== undefined) return caller;
    throw new Refusal(403, 'account-unknown', 'This member knows no such account.', {
      remedy: 'Ask the member to register it.',
    });
  }

  async #session(c: Context) {
    const value = getCookie(c, this.#cookie);
    if (value === undefined)
      throw new Refusal(401, 'token-missing', 'Nobody is signed in here.', {
        remedy: 'Sign in, or send an access token.',
      });
    const session = await this.#options.node.sessions.find(value, { keepOn: isAttended(c) });
    if (session === undefined)
      throw new Refusal(401, 'session-ended', 'The session has ended.', {
        remedy: 'Sign in again; what you typed is kept.',
      });
    return { value, session };
  }

  /** A form on another page could make the browser send its cookie, but neither this header nor this origin. */
  #requireOwnPage(c: Context, session: { readonly csrf: string }): void {
    const site = c.req.header('sec-fetch-site');
    const given = site === undefined || site === 'same-origin' ? c.req.header('x-csrf-token') : undefined;
    this.#options.node.sessions.requireCsrf(session, given);
  }

  mount(app: Hono<{ Variables: { requestId: string } }>): void {
    const { sessions } = this.#options.node;

    app.get('/session', async (c) => {
      c.header('cache-control', 'no-store');
      const { context } = this.#options.node;
      const common = { member: context.member, demo: context.demo, signIn: this.#client !== undefined };
      const value = getCookie(c, this.#cookie);
      const session = value === undefined ? undefined : await sessions.find(value, { keepOn: isAttended(c) });
      if (session === undefined) return c.json({ ...common, signedIn: false, ended: value !== undefined });
      const { subject, name, operator, authority } = this.#account(session.subject);
      const mandates = context.registry.findAuthority(authority ?? '')?.mandates ?? [];
      if (session.locked) return c.json({ ...common, signedIn: true, locked: true, subject, name });
      return c.json({
        ...common,
        signedIn: true,
        locked: false,
        subject,
        name,
        ...(operator === undefined ? {} : { operator }),
        ...(authority === undefined ? {} : { authority }),
        mandates,
        csrf: session.csrf,
        endsAt: session.endsAt.toISOString(),
      });
    });

    app.get('/sign-in', async (c) => {
      if (this.#client === undefined) throw NOT_SET;
      const returnTo = ownPath(c.req.query('return'));
      const language = LANGUAGES.find((one) => one === c.req.query('language'));
      const { url, state, nonce, codeVerifier } = await this.#client.begin({
        ...(language === undefined ? {} : { language }),
        anew: c.req.query('anew') !== undefined,
      });
      await sessions.begin(state, { nonce, codeVerifier, returnTo });
      setCookie(c, `${this.#cookie}-state`, state, { ...this.#attributes(), maxAge: 600 });
      return c.redirect(url, 303);
    });

    app.get('/sign-in/callback', async (c) => {
      if (this.#client === undefined) throw NOT_SET;
      const state = getCookie(c, `${this.#cookie}-state`);
      deleteCookie(c, `${this.#cookie}-state`, this.#attributes());
      const under = state !== undefined && state === c.req.query('state') ? await sessions.take(state) : undefined;
      if (state === undefined || under === undefined)
        throw new Refusal(400, 'sign-in-stale', 'This sign-in is not under way in this browser, or took too long.', {
          remedy: 'Begin again.',
        });
      const query = c.req.url.includes('?') ? c.req.url.slice(c.req.url.indexOf('?')) : '';
      const { subject, idToken } = await this.#client.finish(query, { ...under, state });
      this.#account(subject);
      // Whoever signs in takes the place of who was there: an unlocked desk, or the next shift.
      const before = getCookie(c, this.#cookie);
      if (before !== undefined) await sessions.close(before);
      setCookie(c, this.#cookie, await sessions.open(subject, idToken), this.#attributes());
      return c.redirect(under.returnTo, 303);
    });

    app.post('/session/lock', async (c) => {
      const { value, session } = await this.#session(c);
      this.#requireOwnPage(c, session);
      await sessions.lock(value);
      return c.body(null, 204);
    });

    app.post('/sign-out', async (c) => {
      const value = getCookie(c, this.#cookie);
      const session = value === undefined ? undefined : await sessions.find(value);
      if (value === undefined || session === undefined) return c.json({ url: '/', ended: 0 });
      this.#requireOwnPage(c, session);
      const ended = c.req.query('everywhere') === undefined ? 1 : await sessions.closeAll(session.subject);
      await sessions.close(value);
      deleteCookie(c, this.#cookie, this.#attributes());
      // The identity provider is told as well: else the next person at this terminal would be signed in as this one.
      return c.json({ url: (await this.#client?.signOutUrl(session.idToken)) ?? '/', ended });
    });
  }

  #attributes() {
    return { httpOnly: true, sameSite: 'Lax', secure: this.#underTls, path: '/' } as const;
  }
}

/** A path of this node; anything else leads to the start page. */
function ownPath(path: string | undefined): string {
  return path !== undefined && /^\/(?![/\\])[\w\-./~%?=&]{0,500}$/.test(path) ? path : '/';
}
