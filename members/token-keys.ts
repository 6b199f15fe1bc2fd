import { toHex } from '../values/bytes.ts';
import { nodeRandom } from '../values/node-crypto.ts';
import { Refusal } from '../values/refusal.ts';
import type { Secrets } from './key-secrets.ts';
import { Pkcs11, Pkcs11Error } from './pkcs11.ts';
import { openTokenSession } from './token-signer.ts';

/** Making and finding keys in a token, for who sets a node up. */

/**
 * @param make makes the pair first, with an id at random; never where a key of that label is
 * @returns the 32 bytes of its public key
 * @throws Refusal 409 `token-key-exists`, 500 `token-key-missing`, 503 `token-unavailable`, `token-pin-…`
 */
export async function publicKeyInToken(
  place: { readonly module: string; readonly token: string; readonly key: string },
  secrets: Secrets,
  { make }: { readonly make: boolean },
): Promise<Uint8Array> {
  const library = Pkcs11.load(place.module);
  return library.exclusive(async () => {
    try {
      const { session, close } = await openTokenSession(library, place.token, secrets, { write: make });
      try {
        if (make) {
          if ((await library.findKeys(session, 'private', { key: place.key })).length > 0)
            throw new Refusal(409, 'token-key-exists', `The token ${place.token} has a key ${place.key} already.`, {
              remedy: 'Name another.',
            });
          await library.generate(session, { key: place.key, id: toHex(nodeRandom(8)) });
        }
        const [handle, another] = await library.findKeys(session, 'public', { key: place.key });
        const found =
          handle === undefined || another !== undefined ? undefined : await library.publicKey(session, handle);
        if (found === undefined)
          throw new Refusal(
            500,
            'token-key-missing',
            `The token ${place.token} holds not exactly one public Ed25519 key ${place.key}.`,
            { remedy: 'Make it with --make, or name one by the label that the tools of the token show.' },
          );
        return found;
      } finally {
        await close();
      }
    } catch (cause) {
      if (!(cause instanceof Pkcs11Error)) throw cause;
      throw new Refusal(503, 'token-unavailable', `The token ${place.token}: ${cause.message}.`, {
        remedy: 'See that the token is there, and that it does Ed25519 (CKM_EDDSA).',
        cause,
      });
    }
  });
}
