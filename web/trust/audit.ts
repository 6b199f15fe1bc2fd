import { auditRemote } from '../../log/audit.ts';
import { browserCrypto } from '../../log/browser-crypto.ts';
import { openCheckpoint } from '../../log/checkpoint.ts';
import { cosignaturesOf } from '../../log/cosignature.ts';
import type { MemberView } from '../../members/contract.ts';
import { toHex } from '../../values/bytes.ts';

/** A member's log, recomputed in this browser from what it serves to anyone. */

export interface Audited {
  readonly whole: boolean;
  readonly size: number;
  readonly root: string;
  /** Members whose countersignature on the checked state fits. */
  readonly cosigners: readonly string[];
  /** What was found, in the verifier's own English. */
  readonly findings: readonly string[];
}

/**
 * @param all members, for the keys of the others
 * @returns undefined when it was stopped
 */
export async function auditInBrowser(
  member: MemberView,
  all: readonly MemberView[],
  address: string,
  signal: AbortSignal,
  progress: (done: number, of: number) => void,
): Promise<Audited | undefined> {
  const witnesses = all
    .filter(({ code }) => code !== member.code)
    .flatMap(({ code, witnessKeys }) => witnessKeys.map((vkey) => ({ member: code, vkey })));
  let checkpoint: Uint8Array | undefined;
  const fetchPath = async (path: string): Promise<Uint8Array> => {
    // One checkpoint for the whole audit: the log goes on growing.
    if (path === 'checkpoint' && checkpoint !== undefined) return checkpoint;
    const response = await fetch(`${address}/log/${path}`, { signal });
    if (!response.ok) throw new Error(`${path} is answered with ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (path === 'checkpoint') checkpoint = bytes;
    return bytes;
  };
  try {
    const text = new TextDecoder().decode(await fetchPath('checkpoint'));
    const opened = await openCheckpoint(browserCrypto, text, member.logKeys);
    const cosigned = await cosignaturesOf(browserCrypto, opened.note, witnesses);
    const report = await auditRemote(
      fetchPath,
      browserCrypto,
      { origin: member.origin, logKeys: member.logKeys, witnessesOf: () => witnesses },
      progress,
    );
    return {
      whole: report.findings.length === 0,
      size: report.size,
      root: toHex(opened.checkpoint.root),
      cosigners: cosigned.map((one) => one.member),
      findings: report.findings.map(({ message }) => message),
    };
  } catch (error) {
    if (signal.aborted) return undefined;
    return { whole: false, size: 0, root: '', cosigners: [], findings: [(error as Error).message] };
  }
}
