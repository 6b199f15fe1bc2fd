import { implement } from '@orpc/server';
import type { RequestContext } from '../members/context.ts';
import type { Sql } from '../storage/connection.ts';
import { Refusal } from '../values/refusal.ts';
import { readerOf } from './acting.ts';
import { tradeContract, type VersionDifferences } from './contract.ts';
import { differences } from './difference.ts';
import type { ManifestState } from './state.ts';
import { dossierUnknown, findDossier, findRecord } from './store.ts';
import { mayRead, maySee, owns, type Reader } from './view.ts';

const os = implement(tradeContract).$context<RequestContext>();

type Entry = ManifestState['sections'][number];
type SectionDifference = VersionDifferences['sections'][number];

/** The content of a section as a version had it; undefined where the reader may not read it, null where it is not here. */
async function contentOf(sql: Sql, entry: Entry, reader: Reader, mine: boolean): Promise<unknown> {
  if (!mine && !mayRead(reader, entry.audience)) return undefined;
  const record = await findRecord(sql, entry.commitment);
  if (record === undefined) return null;
  if (!mine && !mayRead(reader, record.envelope.to)) return undefined;
  return (record.envelope.body as { content?: unknown }).content ?? null;
}

const compareVersions = os.compareVersions.handler(async ({ input, context }) => {
  const { sql } = context;
  const reader = readerOf(context);
  const row = await findDossier(sql, input.dossier);
  if (row === undefined || !maySee(reader, row.state)) throw dossierUnknown(input.dossier);
  const { manifests } = row.state;
  const after = manifests.find(({ version }) => version === input.version);
  if (after === undefined)
    throw new Refusal(404, 'version-unknown', 'The dossier has no such version here.', {
      params: { version: input.version },
    });
  const before = manifests.find(({ commitment }) => commitment === after.previous);
  const mine = owns(reader, row.state);
  const erased = new Set(row.state.erasures?.map(({ commitment }) => commitment));
  const sections: SectionDifference[] = [];
  const names = new Set([...after.sections, ...(before?.sections ?? [])].map(({ name }) => name));
  for (const name of names) {
    const [old, now] = [before, after].map((one) => one?.sections.find((section) => section.name === name));
    if (old?.commitment === now?.commitment) continue;
    const [from, to] = await Promise.all(
      [old, now].map((one) => (one === undefined ? {} : contentOf(sql, one, reader, mine))),
    );
    if (from === undefined || to === undefined) sections.push({ name, state: 'closed', changes: [] });
    else if (from === null || to === null) {
      const gone = [old, now].some((one) => one !== undefined && erased.has(one.commitment));
      sections.push({ name, state: gone ? 'erased' : 'awaited', changes: [] });
    } else {
      const state = old === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
      sections.push({ name, state, changes: differences(from, to).map(spread) });
    }
  }
  return {
    dossier: input.dossier,
    version: after.version,
    at: after.at,
    ...(after.reason !== null && { reason: after.reason }),
    route: differences(before?.route ?? {}, after.route).map(spread),
    sections,
  };
});

const spread = ({ place, before, after }: ReturnType<typeof differences>[number]) => ({
  place: [...place],
  before,
  after,
});

export const versionHandlers = { compareVersions };
