import { implement } from '@orpc/server';
import { z } from 'zod';
import { signDetached } from '../log/detached-signature.ts';
import { seal } from '../log/envelope.ts';
import { requireMandate } from '../members/mandate.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { dayBefore } from '../values/plain-date.ts';
import { type Finding, Refusal } from '../values/refusal.ts';
import { accepted, append, sealingContext } from './acting.ts';
import type { ReadableFile } from './attachment-handlers.ts';
import { atomOf, type FeedEntry } from './changes-feed.ts';
import { tradeContract } from './contract.ts';
import { formFindings } from './dossier-handlers.ts';
import { envelopeOf } from './filing.ts';
import { changesBetween, concernsGoods, daysOfChange, lineOf } from './measures/changes.ts';
import { readPack } from './measures/pack.ts';
import type { Schedule } from './measures/schedule.ts';
import type { Fault } from './measures/table.ts';
import type { PackVersion } from './pack-contract.ts';
import type { PackBody } from './record.ts';
import type { TradeContext } from './requirements-handlers.ts';
import type { FileReference } from './section.ts';
import { type AttachmentRow, findAttachment, publishedPacks, readChunks, readTables } from './store.ts';

/** A member's rules: published by its authority, fetched by the others, read by anyone. */

const os = implement(tradeContract).$context<TradeContext>();

const findingOf = ({ file, line, column, code, message }: Fault): Finding => ({
  path: `/tables/${file}`,
  code,
  message: `${file}${line === undefined ? '' : `:${line}`}${column === undefined ? '' : ` ${column}`}: ${message}`,
  params: { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) },
});

/** A member publishes tables of its own: another's file would become anyone's by being named. */
const isOwnTable = (held: AttachmentRow | undefined, member: string): boolean =>
  held?.state === 'present' && held.owner === member && held.mediaType === 'text/csv';

/** Reads what is to be published; a pack with a fault is refused whole. */
async function readUploaded({ sql, member }: TradeContext, tables: readonly FileReference[]) {
  for (const [i, { hash, name }] of tables.entries())
    if (!isOwnTable(await findAttachment(sql, hash), member))
      throw refused([
        { path: `/tables/${i}`, code: 'attachment-unknown', message: `${name} is not here; upload it first.` },
      ]);
  const texts = await readTables(sql, tables);
  const found = texts instanceof Map ? readPack(texts) : { faults: [texts] };
  if ('faults' in found) throw refused(found.faults.map(findingOf));
  if (found.pack.member === member) return found.pack;
  const message = `These are rules of ${found.pack.member}; ${member} publishes its own.`;
  throw refused([{ path: '/tables/pack.csv', code: 'pack-foreign', message }]);
}

const refused = (findings: readonly Finding[]): Refusal =>
  new Refusal(422, 'pack-refused', 'The pack has faults; the one in force stays in force.', {
    findings,
    params: { count: findings.length },
    remedy: 'Correct the tables that the findings name; `dostyk packs check` tells the same.',
  });

const publish = os.publishPack.handler(async ({ input, context }) => {
  const authority = requireMandate(context.caller, context.registry, 'publish-rules');
  const { member, sql } = context;
  const receipt = await append(context, 'publish-pack', input, async () => {
    const pack = await readUploaded(context, input.tables);
    const [before] = await publishedPacks(sql, { member });
    if (before !== undefined && (pack.version <= before.body.version || pack.published < before.body.published))
      throw new Refusal(
        409,
        'pack-version-taken',
        `Version ${before.body.version} of ${before.body.published} is published; this is ${pack.version} of ${pack.published}.`,
        {
          params: { published: before.body.version, asked: pack.version },
          remedy: 'Raise the version in pack.csv; its day is not before the last one.',
        },
      );
    const published = pack.published as PackBody['published'];
    const body: PackBody = { version: pack.version, published, tables: [...input.tables], reason: input.reason };
    const after = before === undefined ? [] : [before.commitment];
    const sealing = sealingContext(context);
    const unsigned = envelopeOf({ type: 'pack', authority, to: 'public', after, body }, sealing);
    const record = await signDetached(unsigned, context.documentSigner(authority));
    const sealed = seal(record, { ...sealing, audienceOf: () => 'public' });
    return { sealed: [sealed], once: [`pack/${member}/${pack.version}`] };
  });
  const said = accepted(receipt);
  const made = (await publishedPacks(sql, { member })).find(({ commitment }) => commitment === said.record.commitment);
  return { ...said, member, version: made?.body.version ?? 0 };
});

const versions = os.packVersions.handler(async ({ input, context }) => {
  const { packs, sql, clock, registry } = context;
  const { member } = input;
  if (registry.findMember(member) === undefined)
    throw new Refusal(404, 'member-unknown', `The registry lists no member ${member}.`, { params: { member } });
  const schedule = (await packs.inForce(clock().toISOString().slice(0, 10))).get(member);
  const found: PackVersion[] = [];
  for (const one of await publishedPacks(sql, { member })) {
    const { body, commitment, origin, index, authority } = one;
    found.push({
      ...{ version: body.version, published: body.published, state: 'confirmed', authority, reason: body.reason },
      inForce: schedule?.state === 'confirmed' && schedule.pack.version === body.version,
      record: { commitment, origin, index },
      tables: body.tables.map(({ name, size }) => ({ name, size })),
      here: one.here,
      faults: [...((await packs.faultsOf(one)) ?? [])],
    });
  }
  const compiled = await packs.shipped(member);
  if (compiled !== undefined)
    found.push({
      ...{ version: compiled.version, published: compiled.published, state: 'compiled', authority: null, reason: null },
      inForce: schedule?.state === 'compiled',
      record: null,
      tables: [...compiled.tables].map(([name, content]) => ({ name, size: Buffer.byteLength(content) })),
      here: true,
      faults: [],
    });
  return { member, versions: found };
});

/** What changes in each member's rules. @throws Refusal 422 `span-reversed` */
async function changesOf(
  { packs, registry }: Pick<TradeContext, 'packs' | 'registry'>,
  {
    since,
    until,
    member,
    goods,
  }: {
    readonly since: string;
    readonly until: string;
    readonly member?: string | undefined;
    readonly goods?: string | undefined;
  },
) {
  if (until < since) throw new Refusal(422, 'span-reversed', 'The span ends before it begins.');
  const [earlier, later] = await Promise.all([packs.inForce(dayBefore(since)), packs.inForce(until)]);
  const codes = registry.members.map(({ code }) => code).filter((code) => member === undefined || code === member);
  return codes.sort().map((code) => {
    const [was, is] = [earlier.get(code), later.get(code)];
    const changes = changesBetween(
      was && { pack: was.pack, day: dayBefore(since) },
      is && { pack: is.pack, day: until },
    );
    return {
      member: code,
      was,
      is,
      changes: changes.filter((one) => goods === undefined || concernsGoods(one, goods)),
    };
  });
}

const changes = os.packChanges.handler(async ({ input, context }) => {
  const found = await changesOf(context, input);
  const standing = (schedule: Schedule | undefined) =>
    schedule === undefined ? null : { version: schedule.pack.version, state: schedule.state };
  const items = found.flatMap(({ member, changes: own }) =>
    own.map(({ direction, type, goods, differs, ...one }) => ({
      ...{ ...one, member, direction: direction ?? null, type: type ?? null },
      ...{ goods: [...goods], differs: [...differs] },
    })),
  );
  return {
    packs: found.map(({ member, was, is }) => ({ member, before: standing(was), after: standing(is) })),
    items: items.slice(input.skip, input.skip + input.limit),
    count: items.length,
  };
});

export const packHandlers = { publishPack: publish, packVersions: versions, packChanges: changes };

const BEHIND = 90;
const AHEAD = 365;
const MOST_ENTRIES = 100;

const FeedQuery = z.strictObject({
  member: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  goods: z
    .string()
    .regex(/^(\d{2}){1,5}$/)
    .optional(),
});

/**
 * What changes within the next year and has changed within the last three months, and which versions were published, as Atom.
 * @throws Refusal 400 `input-invalid`
 */
export async function changesFeed(
  context: Pick<TradeContext, 'sql' | 'packs' | 'registry' | 'clock' | 'member' | 'crypto'>,
  query: Readonly<Record<string, string>>,
): Promise<string> {
  const parsed = FeedQuery.safeParse(query);
  if (!parsed.success)
    throw new Refusal(400, 'input-invalid', 'A feed is asked for by member and goods.', {
      findings: formFindings(parsed.error.issues),
    });
  const { member, goods } = parsed.data;
  const own = { ...(member === undefined ? {} : { member }), ...(goods === undefined ? {} : { goods }) };
  const { sql, packs, registry, clock } = context;
  const at = (days: number): string => new Date(clock().getTime() + days * 86_400_000).toISOString().slice(0, 10);
  const schedules = [...(await packs.inForce(at(0)))].filter(([code]) => member === undefined || code === member);
  const link = (code: string, day: string): string =>
    `/en/requirements/changes?${new URLSearchParams({ ...own, since: day, until: day, member: code })}`;
  const entries: FeedEntry[] = [];
  for (const [code, { pack }] of schedules)
    for (const day of daysOfChange(pack, at(-BEHIND), at(AHEAD))) {
      const lines = changesBetween({ pack, day: dayBefore(day) }, { pack, day })
        .filter((one) => goods === undefined || concernsGoods(one, goods))
        .map(lineOf);
      if (lines.length === 0) continue;
      const digest = toHex(context.crypto.sha256(utf8(lines.join('\n')))).slice(0, 16);
      const title = `${code}: ${lines.length === 1 ? 'one rule changes' : `${lines.length} rules change`} on ${day}`;
      entries.push({
        id: `changes/${code}/${day}/${digest}`,
        title,
        updated: pack.published,
        lines,
        link: link(code, day),
      });
    }
  for (const { body, member: code, authority } of await publishedPacks(sql, { member }))
    entries.push({
      id: `versions/${code}/${body.version}`,
      title: `${code}: version ${body.version} of the rules, published by ${authority}`,
      updated: body.published,
      lines: [body.reason],
      link: link(code, body.published),
    });
  const words = new URLSearchParams(own).toString();
  return atomOf({
    address: registry.getMember(context.member).address,
    path: `/api/packs/changes.atom${words === '' ? '' : `?${words}`}`,
    title: `Changes of rules${member === undefined ? '' : ` of ${member}`}${goods === undefined ? '' : ` for goods of ${goods}`}`,
    entries: entries.sort((a, b) => (a.updated + a.id < b.updated + b.id ? 1 : -1)).slice(0, MOST_ENTRIES),
  });
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * One table of one version, for anyone; a published version before a compiled one of the same number.
 * @throws Refusal 404 `pack-unknown`
 */
export async function packTable(
  { sql, packs }: Pick<TradeContext, 'sql' | 'packs'>,
  member: string,
  version: number,
  table: string,
): Promise<ReadableFile> {
  const published = (await publishedPacks(sql, { member })).find(({ body }) => body.version === version);
  const file = published?.body.tables.find(({ name }) => name === table);
  const held = file && (await findAttachment(sql, file.hash));
  if (published?.here === true && held !== undefined)
    return { name: table, mediaType: 'text/csv', size: held.size, chunks: readChunks(sql, held.hash) };
  const compiled = published === undefined ? await packs.shipped(member) : undefined;
  const content = compiled?.version === version ? compiled.tables.get(table) : undefined;
  if (content === undefined)
    throw new Refusal(404, 'pack-unknown', 'There is no such table of such a version here, or not yet.', {
      params: { member, version, table },
    });
  const bytes = Buffer.from(content);
  return { name: table, mediaType: 'text/csv', size: bytes.length, chunks: whole(bytes) };
}
