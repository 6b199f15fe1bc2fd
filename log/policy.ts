import { toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import type { LogCrypto } from './crypto.ts';
import { ED25519, ED25519_COSIGNATURE, parseVkey } from './note.ts';

/** A C2SP tlog-policy: which logs, which witnesses, and which of them make a quorum. */
export interface Policy {
  readonly logs: readonly { readonly vkey: string; readonly url?: string }[];
  readonly witnesses: readonly { readonly name: string; readonly vkey: string; readonly url?: string }[];
  /** Is this set of witness names strong enough? */
  satisfied(cosigned: ReadonlySet<string>): boolean;
}

type Rule = (cosigned: ReadonlySet<string>) => boolean;

const MAX_LINES = 1000;

/**
 * Reads a policy file.
 * @throws Refusal `policy-invalid` with the line
 */
export function parsePolicy(crypto: LogCrypto, text: string): Policy {
  const logs: { vkey: string; url?: string }[] = [];
  const witnesses: { name: string; vkey: string; url?: string }[] = [];
  const rules = new Map<string, Rule>();
  const members = new Set<string>();
  const keys = new Set<string>();
  let quorum: Rule | undefined;
  const lines = text.split('\n');
  if (lines.length > MAX_LINES) throw new Refusal(400, 'policy-invalid', 'The policy has more than 1,000 lines.');
  for (const [number, line] of lines.entries()) {
    const invalid = (message: string, cause?: unknown) =>
      new Refusal(400, 'policy-invalid', `Line ${number + 1}: ${message}`, { params: { line: number + 1 }, cause });
    const words = line.split(/[ \t]+/).filter((word) => word !== '');
    const [kind, name = '', ...rest] = words;
    if (kind === undefined || kind.startsWith('#')) continue;
    const addKey = (vkey: string, type: number): void => {
      const key = parseVkey(crypto, vkey);
      const bytes = `${type}:${toHex(key.publicKey)}`;
      if (key.type !== type) throw invalid('the key has another type.');
      if (keys.has(bytes)) throw invalid('the key is listed twice.');
      keys.add(bytes);
    };
    const define = (rule: Rule): void => {
      if (name === '' || name === 'none' || rules.has(name)) throw invalid('the name is empty, reserved or taken.');
      rules.set(name, rule);
    };
    if (kind === 'log') {
      addKey(name, ED25519);
      logs.push(rest[0] === undefined ? { vkey: name } : { vkey: name, url: rest[0] });
    } else if (kind === 'witness') {
      const [vkey = '', url] = rest;
      addKey(vkey, ED25519_COSIGNATURE);
      define((cosigned) => cosigned.has(name));
      witnesses.push(url === undefined ? { name, vkey } : { name, vkey, url });
    } else if (kind === 'group') {
      const [threshold = '', ...names] = rest;
      const parts = names.map((one) => {
        const rule = rules.get(one);
        if (rule === undefined || members.has(one))
          throw invalid(`'${one}' is not defined above or already in a group.`);
        members.add(one);
        return rule;
      });
      const needed =
        threshold === 'all'
          ? parts.length
          : threshold === 'any'
            ? 1
            : /^[1-9]\d*$/.test(threshold)
              ? Number(threshold)
              : 0;
      if (parts.length === 0 || needed < 1 || needed > parts.length)
        throw invalid('the threshold does not fit the group.');
      define((cosigned) => parts.filter((rule) => rule(cosigned)).length >= needed);
    } else if (kind === 'quorum') {
      if (quorum !== undefined) throw invalid('a policy has one quorum.');
      quorum = name === 'none' ? () => true : rules.get(name);
      if (quorum === undefined) throw invalid(`'${name}' is not defined above.`);
    } else {
      throw invalid(`'${kind}' is no policy word.`);
    }
  }
  if (quorum === undefined) throw new Refusal(400, 'policy-invalid', 'The policy has no quorum line.');
  return { logs, witnesses, satisfied: quorum };
}
