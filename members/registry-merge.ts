import type { LogCrypto } from '../log/crypto.ts';
import { parseNote } from '../log/note.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { openRegistry, type Registry, type RegistryVersion } from './registry.ts';
import { parseDocument } from './registry-document.ts';
import { isStronger, type RegistryStep, signersOfStep, stepOf, type Weight } from './registry-step.ts';

/** Two chains of versions from one genesis, each valid: which of them a node goes on with. */

/** The first number for which two versions were signed, and whose entries they change. */
export interface Contested {
  readonly version: number;
  readonly members: readonly string[];
}

export interface Merged {
  readonly registry: Registry;
  /** False where what was here stays. */
  readonly changed: boolean;
  readonly contested?: Contested;
}

/**
 * The longer chain where one goes on from the other. Where they part, that whose part holds the stronger step, then that whose
 * first note that differs has the lower hash: every node comes to the same, in whatever order it hears of them. All chains stand
 * in one order only because a part weighs as its strongest step and the hash is of its first: what both of two chains have in
 * front of their parting can't turn them round against a third. See decisions/0007.
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
  const [a, b] = [stepsFrom(parting, mine), stepsFrom(parting, theirs)];
  const [weightA, weightB] = [strongest(a), strongest(b)];
  const hash = ([first]: readonly Step[]): string => toHex(crypto.sha256(utf8(first?.note ?? '')));
  const changed = isStronger(weightB, weightA) || (!isStronger(weightA, weightB) && hash(b) < hash(a));
  return {
    registry: changed ? other : own,
    changed,
    contested: { version: parting + 1, members: changedBy(a[0], b[0]) },
  };
}

interface Step extends RegistryStep, Weight {
  readonly note: string;
}

/** The steps from one version on. Every signature of a valid note is one that was asked for, of one member each. */
function stepsFrom(parting: number, versions: readonly RegistryVersion[]): Step[] {
  const documents = versions.map(({ json }, i) => (i < parting - 1 ? undefined : parseDocument(json)));
  return versions.slice(parting).flatMap(({ note }, i) => {
    const after = documents[parting + i];
    if (after === undefined) return [];
    return { ...stepOf(documents[parting + i - 1], after), note, signers: parseNote(note).signatures.length };
  });
}

const strongest = ([first, ...more]: readonly Step[]): Weight =>
  more.reduce<Weight>((one, step) => (isStronger(step, one) ? step : one), first ?? { kind: 'own-entry', signers: 0 });

/** Whose entries two steps change; where that is nobody's alone, all who signed both. */
function changedBy(...steps: readonly (Step | undefined)[]): string[] {
  const entries = steps.flatMap((step) => step?.member ?? []);
  const both = steps.map((step) => (step === undefined ? [] : signersOfStep(step).map(({ member }) => member)));
  const members = entries.length > 0 ? entries : both.reduce((a, b) => a.filter((one) => b.includes(one)));
  return [...new Set(members)].sort();
}
