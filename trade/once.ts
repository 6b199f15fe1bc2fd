import { canonicalBytes } from '../log/canonical.ts';
import type { LogCrypto } from '../log/crypto.ts';
import type { Envelope } from '../log/envelope.ts';
import { toHex } from '../values/bytes.ts';

/**
 * Names that records took when they were appended, of those that a log takes once: made again for a log that lost its database,
 * so that nothing is filed, decided or certified twice.
 */
export function onceNames(
  crypto: LogCrypto,
  records: readonly { readonly index: bigint; readonly record: Envelope }[],
): { name: string; index: bigint }[] {
  const appeals = new Map<string, number>();
  return records.flatMap(({ index, record }) => {
    const name = nameOf(crypto, record, appeals);
    return name === undefined ? [] : [{ name, index }];
  });
}

function nameOf(crypto: LogCrypto, record: Envelope, appeals: Map<string, number>): string | undefined {
  const { type, body, after, issuer } = record;
  const text = (name: string): string => String(body[name]);
  const [cause = ''] = after;
  switch (type) {
    case 'manifest':
      return `manifest/${text('dossier')}/${text('version')}`;
    case 'movement':
      return `movement/${text('movement')}/${text('version')}`;
    case 'withdrawal':
      return `withdrawal/${text('dossier')}`;
    case 'decision':
      return `decision/${text('post')}/${toHex(crypto.sha256(canonicalBytes(after)))}`;
    case 'appeal': {
      const before = appeals.get(cause) ?? 0;
      appeals.set(cause, before + 1);
      return `appeal/${cause}/${before}`;
    }
    case 'appeal-outcome':
      return `appeal-outcome/${cause}`;
    case 'certificate':
      return `certificate/${issuer.authority}/${text('number')}`;
    case 'revocation':
      return `revocation/${text('commitment')}`;
    case 'pack':
      return `pack/${issuer.member}/${text('version')}`;
    case 'erased':
      return `erased/${text('commitment')}`;
    case 'erasure-acknowledged':
      return `erasure-acknowledged/${text('order')}`;
    default:
      return undefined;
  }
}
