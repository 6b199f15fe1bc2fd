import type { LogCrypto } from '../log/crypto.ts';
import { parseNote, parseVkey, signersOf } from '../log/note.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { openRegistry, type Registry, type RegistryVersion } from './registry.ts';
import { parseDocument } from './registry-document.ts';
import { prevails, type StepKind, signersOfStep, stepOf } from './registry-step.ts';

/** Two chains of versions from one genesis, each valid: which of them a node goes on with. */

export interface Merged {
  readonly registry: Registry;
  /** False where what was here stays. */
  readonly changed: boolean;
  /** The first number for which two versions were signed, and whose entries they change. */
  readonly contested?: { readonly version: number; readonly members: readonly string[] };
}

/**
 * The longer chain where one goes on from the other. Where they part, that whose part holds the stronger step, then that whose
 * part more members signed, then that with the lower hash: every node comes to the same, in whatever order it hears of them.
 * See decisions/0007.
 *
 * @throws Refusal `registry-untrusted`, `registry-invalid` where `theirs` is no chain from this genesis
 */
export async function mergeRegistries(
  crypto: LogCrypto,
  genesis: string,
  mine: readonly RegistryVersion[],
  theirs: readonly RegistryVersion[],
): Promise<Merged> {
  const other = await openRegistry(crypto, theirs, genesis);
  if (mine.length === 0) return { registry: other, changed: true };
  const own = await openRegistry(crypto, mine, genesis);
  const parting = mine.findIndex(({ note }, i) => theirs[i] !== undefined && theirs[i].note !== note);
  if (parting < 0) {
    const changed = theirs.length > mine.length;
    return { registry: changed ? other : own, changed };
  }
  const [a, b] = await Promise.all([weigh(crypto, mine, parting), weigh(crypto, theirs, parting)]);
  const changed = a.kind === b.kind && a.signers !== b.signers ? b.signers > a.signers : prevails(a, b);
  const members = [...new Set([...a.members, ...b.members])].sort();
  return { registry: changed ? other : own, changed, contested: { version: parting + 1, members } };
}

async function weigh(crypto: LogCrypto, versions: readonly RegistryVersion[], from: number) {
  let kind: StepKind = 'own-entry';
  const signers = new Set<string>();
  const members: string[] = [];
  for (let i = from; i < versions.length; i++) {
    const version = versions[i];
    const before = versions[i - 1];
    if (version === undefined || before === undefined) continue;
    const step = stepOf(parseDocument(before.json), parseDocument(version.json));
    if (prevails({ kind, hash: '' }, { kind: step.kind, hash: '' })) kind = step.kind;
    if (i === from && step.member !== undefined) members.push(step.member);
    const keys = signersOfStep(step);
    const signed = await signersOf(
      crypto,
      parseNote(version.note),
      keys.map(({ vkey }) => parseVkey(crypto, vkey)),
    );
    for (const { name, publicKey } of signed) {
      const found = keys.find(({ vkey }) => {
        const key = parseVkey(crypto, vkey);
        return key.name === name && toHex(key.publicKey) === toHex(publicKey);
      });
      if (found !== undefined) signers.add(found.member);
    }
  }
  return { kind, signers: signers.size, members, hash: toHex(crypto.sha256(utf8(versions[from]?.note ?? ''))) };
}
