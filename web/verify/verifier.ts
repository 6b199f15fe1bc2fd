import './no-code-from-text.ts';

import { browserCrypto } from '../../log/browser-crypto.ts';
import { type CodeVerdict, isCode, verifyCode } from '../../log/certificate-code.ts';
import { MAX_EVIDENCE_BYTES, parseEvidence } from '../../log/evidence.ts';
import { type Verdict, verify } from '../../log/verify.ts';
import { authorship } from '../../members/authorship.ts';
import { openRegistry, type Registry, registryReader } from '../../members/registry.ts';
import { utf8 } from '../../values/bytes.ts';
import { Refusal } from '../../values/refusal.ts';

/** The verifier in the browser: works without a network once it has the members' keys. */

export interface KnownRegistry {
  readonly genesis: string;
  readonly versions: readonly { readonly note: string; readonly json: string }[];
  /** When this browser received it. */
  readonly receivedAt: string;
}

const KEY = 'dostyk-registry';

export const storedRegistry = (): KnownRegistry | null => {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') as KnownRegistry | null;
  } catch {
    // Written by another version of the program: asked anew.
    return null;
  }
};

/** `changed`: the node now shows another beginning than the one this browser trusted first; that one stays. */
export async function refreshRegistry(): Promise<'kept' | 'renewed' | 'changed'> {
  const before = storedRegistry();
  let answer: Omit<KnownRegistry, 'receivedAt'>;
  try {
    const response = await fetch('/registry');
    if (!response.ok) return 'kept';
    answer = (await response.json()) as typeof answer;
  } catch {
    return 'kept';
  }
  if (before !== null && before.genesis !== answer.genesis) return 'changed';
  localStorage.setItem(KEY, JSON.stringify({ ...answer, receivedAt: new Date().toISOString() }));
  return 'renewed';
}

/** Trusts the beginning that the node shows now: a person's own decision. */
export function forgetRegistry(): void {
  localStorage.removeItem(KEY);
}

export type Judged =
  | { readonly kind: 'evidence'; readonly verdict: Verdict; readonly registry: Registry }
  | { readonly kind: 'code'; readonly verdict: CodeVerdict; readonly registry: Registry }
  | { readonly kind: 'refused'; readonly reason: 'too-large' | 'not-ours' | 'no-registry' };

/** Judges what was dropped, pasted or scanned. Never throws for bad input. */
export async function judge(text: string): Promise<Judged> {
  const known = storedRegistry();
  if (known === null) return { kind: 'refused', reason: 'no-registry' };
  if (text.length > MAX_EVIDENCE_BYTES) return { kind: 'refused', reason: 'too-large' };
  const registry = await openRegistry(browserCrypto, known.versions, known.genesis);
  const demo = registry.isDemo(registry.members[0]?.log.origin ?? '');
  const now = new Date();
  if (isCode(text)) {
    const verdict = await verifyCode(text, { crypto: browserCrypto, view: registry.view, now, allowDemo: demo });
    return { kind: 'code', verdict, registry };
  }
  if (!/^\s*\{/.test(text)) return { kind: 'refused', reason: 'not-ours' };
  try {
    const evidence = parseEvidence(utf8(text));
    const verdict = await verify(evidence, {
      crypto: browserCrypto,
      now,
      genesis: known.genesis,
      registry: registryReader(browserCrypto),
      authorship,
      allowDemo: demo,
      highestRegistry: registry.document.version,
    });
    return { kind: 'evidence', verdict, registry };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const verdict: Verdict = {
      answer: 'invalid',
      reason: error.code,
      message: error.message,
      cosigners: [],
      unchecked: [],
      timeDiffers: false,
    };
    return { kind: 'evidence', verdict, registry };
  }
}
