import { parseVkey, type Signer } from '../log/note.ts';
import { utf8 } from '../values/bytes.ts';
import { nodeCrypto, nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import type { TokenKey } from './key-file.ts';
import type { Secrets } from './key-secrets.ts';
import { CKR, type KeyName, Pkcs11, Pkcs11Error } from './pkcs11.ts';

/** A key in a PKCS#11 token: a smart card, an HSM, SoftHSM. */

/** No note, cosignature, JWS or registry version begins with a NUL: what is signed to try a key is never anything else. */
const PROBE = '\0dostyk probe\0';
export const probe = (): Uint8Array => Buffer.concat([utf8(PROBE), nodeRandom(16)]);

/** A session that is logged in; `close` leaves it. */
export interface OpenSession {
  readonly session: bigint;
  close(): Promise<void>;
}

const pinRefusal = (token: string, code: 'token-pin-wrong' | 'token-pin-blocked', message: string): Refusal =>
  new Refusal(500, code, message, {
    params: { token },
    remedy:
      code === 'token-pin-wrong'
        ? 'Give the PIN of the token. It is not tried again: most tokens lock after a few wrong ones.'
        : "See the token's state with its own tools, and log in or set a new PIN there.",
  });

/**
 * Logs in to a token. To be called within `exclusive`.
 * @throws Refusal 500 `token-pin-wrong`, `token-pin-blocked`, `key-passphrase-missing`; Pkcs11Error for what may pass
 */
export async function openTokenSession(
  library: Pkcs11,
  label: string,
  secrets: Secrets,
  options: { readonly write?: boolean } = {},
): Promise<OpenSession> {
  await library.initialize();
  const token = await library.findToken(label);
  if (token === undefined) throw new Pkcs11Error(`the token ${label} is not there`, CKR.OK);
  if (token.pinLocked) throw pinRefusal(label, 'token-pin-blocked', `The PIN of the token ${label} is locked.`);
  // A service that is restarted again and again must not be what locks the token.
  if (token.pinFinalTry)
    throw pinRefusal(label, 'token-pin-blocked', `One more wrong PIN would lock the token ${label}: none is tried.`);
  const session = await library.openSession(token.slot, options);
  const close = () => library.closeSession(session).catch(() => undefined);
  let pin = '';
  try {
    if (token.loginRequired) {
      pin = await secrets.pin(label);
      if (library.wrongPins.get(label) === pin) throw new Pkcs11Error('C_Login was not called', CKR.PIN_INCORRECT);
      await library.login(session, pin);
    }
  } catch (error) {
    await close();
    if (!(error instanceof Pkcs11Error)) throw error;
    const wrong: readonly number[] = [CKR.PIN_INCORRECT, CKR.PIN_INVALID, CKR.PIN_LEN_RANGE];
    if (wrong.includes(error.rv)) library.wrongPins.set(label, pin);
    if (wrong.includes(error.rv))
      throw pinRefusal(label, 'token-pin-wrong', `The PIN does not open the token ${label}.`);
    if (error.rv === CKR.PIN_LOCKED || error.rv === CKR.PIN_EXPIRED)
      throw pinRefusal(label, 'token-pin-blocked', `The PIN of the token ${label} is locked or has expired.`);
    throw error;
  }
  return { session, close };
}

/** Signs by a token; a session that is lost is opened anew. Life cycle: `open` → `close`. */
export class TokenSigner implements Signer {
  readonly vkey: string;
  readonly #library: Pkcs11;
  readonly #token: string;
  readonly #name: KeyName;
  readonly #secrets: Secrets;
  readonly #publicKey: Uint8Array;
  #held: (OpenSession & { readonly key: bigint }) | undefined;

  private constructor({ vkey, pkcs11 }: TokenKey, secrets: Secrets) {
    this.vkey = vkey;
    this.#library = Pkcs11.load(pkcs11.module);
    this.#token = pkcs11.token;
    this.#name = 'key' in pkcs11 ? { key: pkcs11.key } : { id: pkcs11.id };
    this.#secrets = secrets;
    this.#publicKey = parseVkey(nodeCrypto, vkey).publicKey;
  }

  /**
   * Logs in, finds the key and sees that it is the one of the verifier key.
   * @throws Refusal `token-unavailable`, `token-pin-wrong`, `token-pin-blocked`, `token-key-missing`, `key-foreign`
   */
  static async open(file: TokenKey, secrets: Secrets): Promise<TokenSigner> {
    const signer = new TokenSigner(file, secrets);
    try {
      await signer.sign(probe());
    } catch (error) {
      await signer.close();
      throw error;
    }
    return signer;
  }

  /**
   * @throws Refusal 503 `token-unavailable` after a new session, and after the library was started again
   */
  sign(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#library.exclusive(async () => {
      let last: unknown;
      for (const attempt of ['as it is', 'new session', 'library anew'] as const) {
        try {
          if (attempt !== 'as it is') await this.#leave();
          if (attempt === 'library anew') await this.#library.restart();
          return await this.#signOnce(bytes);
        } catch (error) {
          if (!(error instanceof Pkcs11Error)) throw error;
          last = error;
        }
      }
      throw new Refusal(
        503,
        'token-unavailable',
        `The token ${this.#token} does not sign: ${(last as Error).message}.`,
        {
          params: { token: this.#token },
          remedy: 'See that the token is there and answers; what waits for it is signed when it is back.',
          cause: last,
        },
      );
    });
  }

  close(): Promise<void> {
    return this.#library.exclusive(() => this.#leave());
  }

  async #leave(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.close();
  }

  async #enter(): Promise<OpenSession & { readonly key: bigint }> {
    const open = await openTokenSession(this.#library, this.#token, this.#secrets);
    const [key, another] = await this.#library.findKeys(open.session, 'private', this.#name).catch(async (error) => {
      await open.close();
      throw error;
    });
    if (key !== undefined && another === undefined) return { ...open, key };
    await open.close();
    throw new Refusal(
      500,
      'token-key-missing',
      `The token ${this.#token} holds ${key === undefined ? 'no Ed25519 key' : 'more than one Ed25519 key'} of that name.`,
      { remedy: 'Name the key by its label or id, as the tools of the token show it.' },
    );
  }

  async #signOnce(bytes: Uint8Array): Promise<Uint8Array> {
    this.#held ??= await this.#enter();
    const signature = await this.#library.sign(this.#held.session, this.#held.key, bytes);
    // Also the next session may be of another token with that label; and what is wrong never leaves.
    if (!(await nodeCrypto.verifyEd25519(this.#publicKey, bytes, signature)))
      throw new Refusal(500, 'key-foreign', `The key in the token ${this.#token} is not the one of ${this.vkey}.`, {
        params: { key: this.vkey },
      });
    return signature;
  }
}
