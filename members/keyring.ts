import { join } from 'node:path';
import type { DocumentSigner } from '../log/detached-signature.ts';
import { parseVkey, type Signer } from '../log/note.ts';
import { toBase64 } from '../values/bytes.ts';
import { nodeCrypto } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import { decryptKey, readStoredKey } from './key-file.ts';
import type { Secrets } from './key-secrets.ts';
import { signerOf, validKey } from './keys.ts';
import type { Registry } from './registry.ts';

/** A signer that may hold a session of a token. */
export interface OpenSigner extends Signer {
  close(): Promise<void>;
}

/**
 * The one place where a key file becomes a signer, whatever its form.
 *
 * @throws Refusal `key-unreadable`, `key-passphrase-missing`, `key-passphrase-wrong`, `key-foreign`, `token-…`
 * @example const signer = await openSigner('/etc/dostyk/keys/log.key', secretsOf(process.env));
 */
export async function openSigner(path: string, secrets: Secrets): Promise<OpenSigner> {
  const stored = readStoredKey(path);
  if ('pkcs11' in stored) {
    // Loaded by who has a token, and by nobody else.
    const { TokenSigner } = await import('./token-signer.ts');
    return TokenSigner.open(stored, secrets);
  }
  const key = 'seed' in stored ? stored : await decryptKey(stored, await secrets.passphrase(path), path);
  return { ...signerOf(validKey(key, path)), close: async () => undefined };
}

/** A node's keys: each opened when it is first needed, once. Life cycle: used → `close`. */
export class Keyring {
  readonly #folder: string;
  readonly #secrets: Secrets;
  readonly #open = new Map<string, Promise<OpenSigner>>();

  constructor(folder: string, secrets: Secrets) {
    this.#folder = folder;
    this.#secrets = secrets;
  }

  /**
   * @param name 'log', 'witness', 'node', or 'documents/' and an authority
   * @param isListed whether the registry lists this verifier key; looked at before any secret is asked for
   * @throws Refusal as `openSigner`; 500 `key-foreign` where it is not listed
   */
  signer(name: string, isListed: (vkey: string) => boolean): Promise<Signer> {
    const open = this.#open.get(name) ?? this.#opening(name, isListed);
    this.#open.set(name, open);
    // What failed is tried again: the file, the passphrase or the token may come later.
    open.catch(() => this.#open.delete(name));
    return open;
  }

  async #opening(name: string, isListed: (vkey: string) => boolean): Promise<OpenSigner> {
    const path = join(this.#folder, `${name}.key`);
    if (!isListed(readStoredKey(path).vkey))
      throw new Refusal(500, 'key-foreign', `The ${name} key is not the one that the registry lists.`, {
        params: { key: name },
      });
    return openSigner(path, this.#secrets);
  }

  /** @throws Refusal 500 `document-key-missing`; signing throws as `signer` */
  documentSigner(registry: Registry, authority: string): DocumentSigner {
    const listed = registry.findAuthority(authority)?.documentKeys.at(-1);
    if (listed === undefined || !/^[a-z0-9.-]+$/.test(authority))
      throw new Refusal(500, 'document-key-missing', `${authority} has no document key.`);
    const isListed = (vkey: string) => toBase64(parseVkey(nodeCrypto, vkey).publicKey) === listed.publicKey;
    return {
      kid: listed.kid,
      sign: async (bytes) => (await this.signer(`documents/${authority}`, isListed)).sign(bytes),
    };
  }

  async close(): Promise<void> {
    for (const open of this.#open.values()) await open.then((signer) => signer.close()).catch(() => undefined);
    this.#open.clear();
  }
}
