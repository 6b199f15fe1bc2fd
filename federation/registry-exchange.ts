import { z } from 'zod';
import type { LogCrypto } from '../log/crypto.ts';
import type { Registry, RegistryVersion } from '../members/registry.ts';
import { type Contested, mergeRegistries } from '../members/registry-merge.ts';
import { fromUtf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { askPeer } from './peer-client.ts';

const Answer = z.object({
  versions: z.array(z.object({ note: z.string().max(200_000), json: z.string().max(1_000_000) })).max(1000),
});
const MAX_ANSWER = 32 * 1024 * 1024;

async function ask(address: string, from: number, signal: AbortSignal): Promise<RegistryVersion[]> {
  const { status, body } = await askPeer(`${address}/registry?from=${from}`, { maxBytes: MAX_ANSWER, signal });
  if (status !== 200) throw new Refusal(502, 'peer-refuses', `/registry is answered with ${status}.`);
  try {
    return Answer.parse(JSON.parse(fromUtf8(body))).versions;
  } catch (cause) {
    throw new Refusal(502, 'bad-answer', 'The answer for the registry is not of its form.', { cause });
  }
}

/**
 * The whole chain that a peer goes by, where it is another than the one here; undefined where that says all.
 * What comes is not checked yet: `mergeRegistries` does.
 *
 * @throws Refusal 502 `peer-unreachable`, `peer-refuses`, `bad-answer`
 */
export async function fetchNewerRegistry(
  address: string,
  { versions, document }: Registry,
  signal: AbortSignal,
): Promise<RegistryVersion[] | undefined> {
  const [same, ...newer] = await ask(address, document.version, signal);
  if (same !== undefined && same.note === versions.at(-1)?.note)
    return newer.length === 0 ? undefined : [...versions, ...newer];
  // It may be behind; or its versions are fewer, and prevail.
  return ask(address, 1, signal);
}

type Fault = (member: string, code: string, detail: string) => Promise<void>;

/** Tells of two versions with one number, as faults of those whose entries they change. */
export async function tellContested({ version, members }: Contested, fault: Fault): Promise<void> {
  for (const member of members)
    await fault(member, 'registry-two-versions', `two versions ${version} of the registry were signed`);
}

/**
 * Takes versions from the folder or from a peer, has those kept that prevail, and tells of it. One offer after the other: each is
 * weighed against what was kept of the one before.
 *
 * @throws Refusal `registry-invalid`, `registry-untrusted` where they are no chain from this genesis
 */
export function registryOffer(
  registry: Registry,
  {
    crypto,
    keep,
    fault,
    onRegistry = () => undefined,
  }: {
    readonly crypto: LogCrypto;
    readonly keep: (versions: readonly RegistryVersion[]) => Promise<void>;
    readonly fault: Fault;
    readonly onRegistry?: ((version: number) => void) | undefined;
  },
): (versions: readonly RegistryVersion[]) => Promise<void> {
  let current = registry.versions;
  let before: Promise<unknown> = Promise.resolve();
  const take = async (versions: readonly RegistryVersion[]): Promise<void> => {
    if (versions.every(({ note }, i) => current[i]?.note === note)) return;
    const merged = await mergeRegistries(crypto, registry.genesis, current, versions);
    if (merged.contested !== undefined) await tellContested(merged.contested, fault);
    if (!merged.changed) return;
    await keep(merged.registry.versions);
    current = merged.registry.versions;
    onRegistry(merged.registry.document.version);
  };
  return (versions) => {
    const taken = before.then(() => take(versions));
    before = taken.catch(() => undefined);
    return taken;
  };
}
