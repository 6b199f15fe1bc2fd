import { createPublicKey } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import { parseVkey, type Signer } from '../log/note.ts';
import type { Registry } from '../members/registry.ts';
import { concat, fromHex, toBase64Url, toHex, utf8 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';

/** Tokens between nodes: EdDSA only, for one callee, at most 60 seconds, each once. */

const MAX_SECONDS = 60;
const SPKI = fromHex('302a300506032b6570032100');

const jsonPart = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)));

/**
 * A compact JWS (RFC 7515, EdDSA of RFC 8037), made here: the key may be one that no library can hold.
 *
 * @param from origin of the caller's log
 * @param to origin of the callee's log
 */
export async function makeToken(
  signer: Signer,
  from: string,
  to: string,
  now: Date,
  random: (length: number) => Uint8Array,
): Promise<string> {
  const seconds = Math.floor(now.getTime() / 1000);
  const header = jsonPart({ alg: 'EdDSA', typ: 'dostyk-node+jwt' });
  const claims = jsonPart({ iss: from, aud: to, jti: toHex(random(16)), iat: seconds, exp: seconds + 30 });
  const signature = await signer.sign(utf8(`${header}.${claims}`));
  return `${header}.${claims}.${toBase64Url(signature)}`;
}

export interface TokenCheck {
  readonly registry: Registry;
  readonly origin: string;
  readonly now: Date;
  /** Keeps the token's id; false when it was shown before. */
  readonly use: (issuer: string, jti: string, expires: Date) => Promise<boolean>;
}

/**
 * @returns the member whose node speaks
 * @throws Refusal 401 `node-token-missing`, `node-token-invalid`, `node-token-expired`, `node-token-replayed`
 */
export async function checkToken(
  header: string | undefined,
  { registry, origin, now, use }: TokenCheck,
): Promise<string> {
  const token = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/.exec(header ?? '')?.[1];
  if (token === undefined) throw new Refusal(401, 'node-token-missing', "The request carries no node's token.");
  let member: string | undefined;
  try {
    const { payload } = await jwtVerify(
      token,
      (protectedHeader, jws) => {
        const issuer = (
          JSON.parse(Buffer.from(jws.payload.toString(), 'base64url').toString('utf8')) as { iss?: unknown }
        ).iss;
        const found = registry.memberOfLog(String(issuer));
        if (found === undefined || protectedHeader.alg !== 'EdDSA') throw new Error('unknown issuer');
        member = found.code;
        const vkey = found.node.keys.findLast(({ until }) => until === undefined)?.vkey;
        if (vkey === undefined) throw new Error('every key was cut off');
        const spki = Buffer.from(concat(SPKI, parseVkey(nodeCrypto, vkey).publicKey));
        return createPublicKey({ key: spki, format: 'der', type: 'spki' });
      },
      {
        algorithms: ['EdDSA'],
        audience: origin,
        currentDate: now,
        clockTolerance: 5,
        requiredClaims: ['iss', 'aud', 'exp', 'iat', 'jti'],
        typ: 'dostyk-node+jwt',
      },
    );
    const { exp = 0, iat = 0, jti = '', iss = '' } = payload;
    if (exp - iat > MAX_SECONDS || jti.length > 100) throw new Error('good for too long');
    if (iat > now.getTime() / 1000 + MAX_SECONDS) throw new Error('from the future');
    if (!(await use(iss, jti, new Date(exp * 1000)))) {
      throw new Refusal(401, 'node-token-replayed', 'The token has been used.');
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof errors.JWTExpired)
      throw new Refusal(401, 'node-token-expired', 'The token has expired.', { cause: error });
    if (error instanceof errors.JOSEError || error instanceof Error) {
      throw new Refusal(401, 'node-token-invalid', 'The token is not valid here.', { cause: error });
    }
    throw error;
  }
  if (member === undefined) throw new Refusal(401, 'node-token-invalid', 'The token is not valid here.');
  return member;
}
