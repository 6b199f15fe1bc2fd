import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Sql } from '../storage/connection.ts';
import { Refusal } from '../values/refusal.ts';

/** Sessions of browsers, and sign-ins under way. The cookie's secret itself is nowhere kept, only its hash. */

export interface Session {
  readonly subject: string;
  /** Goes with every request of this session that changes something. */
  readonly csrf: string;
  readonly idToken: string;
  readonly openedAt: Date;
  /** When it ends even if it is used; without use it ends after `IDLE_MINUTES`. */
  readonly endsAt: Date;
  readonly locked: boolean;
}

export interface SignInUnderWay {
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly returnTo: string;
}

/** A session that nobody uses ends; a shift ends it in any case. */
export const IDLE_MINUTES = 30;
export const SESSION_HOURS = 12;
const SIGN_IN_MINUTES = 10;

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest();
const secret = (): string => randomBytes(32).toString('base64url');

export async function beginSignIn(sql: Sql, state: string, under: SignInUnderWay, now: Date): Promise<void> {
  const until = new Date(now.getTime() + SIGN_IN_MINUTES * 60_000);
  await sql`DELETE FROM members.sign_in WHERE until < ${now}`;
  await sql`
    INSERT INTO members.sign_in (state, nonce, code_verifier, return_to, until)
    VALUES (${hash(state)}, ${under.nonce}, ${under.codeVerifier}, ${under.returnTo}, ${until})`;
}

/** Takes a sign-in under way, once; undefined for one that is unknown, used or too old. */
export async function takeSignIn(sql: Sql, state: string, now: Date): Promise<SignInUnderWay | undefined> {
  const [row] = await sql<{ nonce: string; codeVerifier: string; returnTo: string }[]>`
    DELETE FROM members.sign_in WHERE state = ${hash(state)} AND until >= ${now}
    RETURNING nonce, code_verifier AS "codeVerifier", return_to AS "returnTo"`;
  return row;
}

/** @returns what the cookie holds */
export async function openSession(sql: Sql, subject: string, idToken: string, now: Date): Promise<string> {
  const value = secret();
  const endsAt = new Date(now.getTime() + SESSION_HOURS * 3_600_000);
  await sql`DELETE FROM members.session WHERE ends_at < ${now} OR seen_at < ${idleSince(now)}`;
  await sql`
    INSERT INTO members.session (id, subject, csrf, id_token, opened_at, seen_at, ends_at)
    VALUES (${hash(value)}, ${subject}, ${secret()}, ${idToken}, ${now}, ${now}, ${endsAt})`;
  return value;
}

const idleSince = (now: Date): Date => new Date(now.getTime() - IDLE_MINUTES * 60_000);

/** The session of a cookie, if it is still on; being asked keeps it on. A locked one is not kept on by what its page asks. */
export async function findSession(
  sql: Sql,
  value: string,
  now: Date,
  { keepOn = true } = {},
): Promise<Session | undefined> {
  const [row] = await sql<
    { subject: string; csrf: string; idToken: string; openedAt: Date; endsAt: Date; locked: boolean; seenAt: Date }[]
  >`
    SELECT subject, csrf, id_token AS "idToken", opened_at AS "openedAt", ends_at AS "endsAt",
      locked_at IS NOT NULL AS locked, seen_at AS "seenAt"
    FROM members.session WHERE id = ${hash(value)} AND ends_at > ${now} AND seen_at > ${idleSince(now)}`;
  // Written once a minute at most: a page asks often.
  if (keepOn && row !== undefined && !row.locked && now.getTime() - row.seenAt.getTime() > 60_000)
    await sql`UPDATE members.session SET seen_at = ${now} WHERE id = ${hash(value)}`;
  return row;
}

export async function lockSession(sql: Sql, value: string, now: Date): Promise<void> {
  await sql`UPDATE members.session SET locked_at = ${now} WHERE id = ${hash(value)}`;
}

export async function closeSession(sql: Sql, value: string): Promise<void> {
  await sql`DELETE FROM members.session WHERE id = ${hash(value)}`;
}

/** Signs a person out of every browser. @returns how many sessions ended */
export async function closeSessionsOf(sql: Sql, subject: string): Promise<number> {
  const rows = await sql`DELETE FROM members.session WHERE subject = ${subject} RETURNING 1`;
  return rows.length;
}

/** @throws Refusal 403 `csrf-refused` where a change does not come from the session's own page */
export function requireCsrf(session: Pick<Session, 'csrf'>, given: string | undefined): void {
  const [own, other] = [Buffer.from(session.csrf), Buffer.from(given ?? '')];
  if (own.length === other.length && timingSafeEqual(own, other)) return;
  throw new Refusal(403, 'csrf-refused', 'The request does not come from a page of this session.', {
    remedy: 'Reload the page and try again.',
  });
}
