import { canonicalJson } from '../log/canonical.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { type Envelope, type Sealed, seal, uuidv7 } from '../log/envelope.ts';
import { appendLeaf, type Edge, edgeFromBytes, edgeRoot, edgeToBytes, leafHash } from '../log/merkle.ts';
import { fullTileRoot } from '../log/tile.ts';
import { packed, type Tx } from '../storage/connection.ts';
import { concat, toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { noteErased } from './erasing.ts';

/** A record on its way into the views: a node's own inside the Sequence transaction, a peer's inside its pull. */
export interface FoldRecord {
  readonly origin: string;
  readonly index: bigint;
  readonly commitment: string;
  readonly envelope: Envelope;
}

export type Fold = (tx: Tx, records: readonly FoldRecord[]) => Promise<void>;

export interface AppendOptions {
  /** Who asked: idempotency keys are an account's own. */
  readonly account: string;
  /** Names that this log may use once, e.g. `manifest/<dossier>/2`. */
  readonly once?: readonly string[];
  readonly idempotency?: { readonly key: string; readonly request: string };
}

export interface Receipt {
  readonly records: readonly {
    readonly id: string;
    readonly type: string;
    readonly commitment: string;
    readonly index: number;
  }[];
  readonly sequencedAt: string;
  /** True when the same request had been answered before: this is that answer. */
  readonly repeated: boolean;
}

export interface Append {
  readonly sealed: readonly Sealed[];
  readonly options: AppendOptions;
}

export interface SequenceContext {
  readonly origin: string;
  readonly member: string;
  readonly registryVersion: number;
  readonly crypto: LogCrypto;
  readonly random: (length: number) => Uint8Array;
  readonly clock: () => Date;
  readonly fold: Fold;
}

/** Held by whoever makes the log longer. */
export const LOCK = 7_305_805_914n;

/**
 * The Sequence transaction: assigns contiguous indexes to what a batch appends, all or nothing an append,
 * and folds it. Order inside: lock · repeats · names used once · entries, records, slips · full tiles · fold · log_state
 * by compare-and-set. The caller commits and only then answers its clients.
 *
 * @returns one receipt or refusal for each append, in order
 */
export async function sequence(
  tx: Tx,
  context: SequenceContext,
  batch: readonly Append[],
): Promise<(Receipt | Refusal)[]> {
  const known = await lookUp(tx, context, batch);
  const { state } = known;
  const sequencedAt = context.clock().toISOString();

  const accepted: { sealed: Sealed; index: bigint }[] = [];
  const requests: { account: string; key: string; request: string; receipt: Receipt }[] = [];
  const names: { name: string; index: bigint }[] = [];
  let size = state.size;
  const outcomes = batch.map(({ sealed, options }): Receipt | Refusal => {
    const key = options.idempotency && `${options.account}\n${options.idempotency.key}`;
    const earlier = key === undefined ? undefined : known.requests.get(key);
    const there = sealed.map(({ record }) => known.records.get(record.id));
    if (sealed.length > 0 && there.every((one, i) => one !== undefined && one.commitment === hex(sealed[i]))) {
      // These very bytes: the commit of an earlier attempt, whose outcome had been unknown, went through.
      return (
        (earlier?.request === options.idempotency?.request ? earlier?.receipt : undefined) ??
        receiptOf(
          sealed,
          there.map((one) => one?.index ?? 0n),
          sequencedAt,
        )
      );
    }
    if (earlier !== undefined) {
      if (earlier.request === options.idempotency?.request) return { ...earlier.receipt, repeated: true };
      return new Refusal(409, 'idempotency-conflict', 'The Idempotency-Key was used for another request.', {
        remedy: 'Use a new key.',
      });
    }
    if (there.some((one) => one !== undefined) || new Set(sealed.map(({ record }) => record.id)).size < sealed.length)
      return new Refusal(409, 'record-exists', 'A record with this id is already in the log.');
    const taken = (options.once ?? []).find((name) => known.names.has(name));
    if (taken !== undefined) {
      return new Refusal(409, 'already-filed', 'This has been filed already.', {
        params: { name: taken },
        remedy: 'Read the current version and amend that.',
      });
    }
    const first = size;
    for (const one of sealed) {
      accepted.push({ sealed: one, index: size });
      known.records.set(one.record.id, { index: size, commitment: hex(one) });
      size++;
    }
    for (const name of options.once ?? []) {
      known.names.add(name);
      names.push({ name, index: first });
    }
    const receipt = receiptOf(
      sealed,
      sealed.map((_, i) => first + BigInt(i)),
      sequencedAt,
    );
    if (options.idempotency !== undefined && key !== undefined) {
      const request = {
        account: options.account,
        key: options.idempotency.key,
        request: options.idempotency.request,
        receipt,
      };
      requests.push(request);
      known.requests.set(key, request);
    }
    return receipt;
  });
  if (accepted.length === 0) return outcomes;

  const all = [...accepted, ...slips(context, accepted, size, known.slipped)];
  // Sent one behind the other without waiting for answers: the tree is hashed while the rows are stored.
  const grown = extendTree(
    tx,
    context.crypto,
    edgeFromBytes(state.size, state.edge),
    all.map(({ sealed }) => sealed.commitment),
  );
  const records = accepted.map(({ sealed, index }) => ({
    origin: context.origin,
    index,
    commitment: hex(sealed),
    envelope: sealed.record,
  }));
  const stored = Promise.all(rowsOf(tx, context, all, names, requests));
  const folded = grown.then(async () => {
    await noteErased(tx, records);
    await context.fold(tx, records);
  });
  const [edge] = await Promise.all([grown, stored, folded]);
  const moved = await tx`
    UPDATE ledger.log_state SET size = ${edge.size}, root = ${edgeRoot(context.crypto, edge)}, edge = ${edgeToBytes(edge)}
    WHERE origin = ${context.origin} AND size = ${state.size}`;
  if (moved.count !== 1) throw new Error('log_state moved under the lock');
  return outcomes;
}

const hex = (sealed: Sealed | undefined): string => toHex(sealed?.commitment ?? new Uint8Array());

function receiptOf(sealed: readonly Sealed[], indexes: readonly bigint[], sequencedAt: string): Receipt {
  return {
    records: sealed.map((one, i) => ({
      id: one.record.id,
      type: one.record.type,
      commitment: hex(one),
      index: Number(indexes[i]),
    })),
    sequencedAt,
    repeated: false,
  };
}

/**
 * Takes the lock, then reads the log's state and what it already holds of this batch's keys, names, record ids and addressees: one
 * round trip, each question answered under the lock.
 */
async function lookUp(tx: Tx, { origin }: SequenceContext, batch: readonly Append[]) {
  const keyed = batch.flatMap(({ options }) =>
    options.idempotency ? [{ account: options.account, key: options.idempotency.key }] : [],
  );
  const addressees = batch.flatMap(({ sealed }) => sealed.flatMap(({ record }) => membersOf(record)));
  const [, [state], requests, names, records, slipped] = await Promise.all([
    tx`SELECT pg_advisory_xact_lock(${LOCK})`,
    tx<{ size: bigint; edge: Uint8Array }[]>`SELECT size, edge FROM ledger.log_state WHERE origin = ${origin}`,
    tx<{ account: string; key: string; request_hash: string; receipt: Receipt }[]>`
      SELECT account, key, request_hash, receipt FROM ledger.request
      JOIN unnest(${keyed.map(({ account }) => account)}::text[], ${keyed.map(({ key }) => key)}::text[]) AS asked (account, key) USING (account, key)`,
    tx<{ name: string }[]>`
      SELECT name FROM ledger.once WHERE name = ANY (${batch.flatMap(({ options }) => [...(options.once ?? [])])}::text[])`,
    tx<{ id: string; index: bigint; commitment: Uint8Array }[]>`
      SELECT record.id, record.index, entry.commitment FROM ledger.record JOIN ledger.entry USING (index)
      WHERE record.id = ANY (${batch.flatMap(({ sealed }) => sealed.map(({ record }) => record.id))}::uuid[])`,
    // The newest slip of each alone: their number grows with the log.
    tx<{ member: string; up_to: bigint }[]>`
      SELECT member, up_to FROM unnest(${[...new Set(addressees)]}::text[]) AS asked (member)
      CROSS JOIN LATERAL (SELECT up_to FROM ledger.slip WHERE slip.member = asked.member ORDER BY up_to DESC LIMIT 1) AS newest`,
  ]);
  if (state === undefined) throw new Error(`no log_state for ${origin}`);
  return {
    state,
    requests: new Map(
      requests.map((one) => [`${one.account}\n${one.key}`, { request: one.request_hash, receipt: one.receipt }]),
    ),
    names: new Set(names.map(({ name }) => name)),
    records: new Map(records.map(({ id, index, commitment }) => [id, { index, commitment: toHex(commitment) }])),
    slipped: new Map(slipped.map(({ member, up_to }) => [member, up_to])),
  };
}

const membersOf = ({ to }: Envelope): string[] => (to === 'public' ? [] : to.map(({ member }) => member));

/**
 * One record to each addressee that has something new: what is for it, and from where to where that holds. A public
 * record is for everyone and in no slip; slips never list slips.
 *
 * @param slipped up to where each addressee's last slip goes
 */
function slips(
  context: SequenceContext,
  accepted: readonly { sealed: Sealed; index: bigint }[],
  size: bigint,
  slipped: ReadonlyMap<string, bigint>,
) {
  const forMember = new Map<string, number[]>();
  for (const { sealed, index } of accepted) {
    for (const member of new Set(membersOf(sealed.record))) {
      if (member === context.member) continue;
      const indexes = forMember.get(member);
      if (indexes === undefined) forMember.set(member, [Number(index)]);
      else indexes.push(Number(index));
    }
  }
  const members = [...forMember.keys()].sort();
  const now = context.clock();
  return members.map((member, i) => ({
    sealed: seal(
      {
        v: 1,
        id: uuidv7(now.getTime(), context.random),
        log: context.origin,
        registry: context.registryVersion,
        type: 'slip',
        issuer: { member: context.member },
        to: [{ member }],
        after: [],
        at: now.toISOString(),
        body: {
          to: member,
          from: Number(slipped.get(member) ?? 0n),
          upTo: Number(size),
          indexes: forMember.get(member) ?? [],
        },
      },
      context,
    ),
    index: size + BigInt(i),
  }));
}

/**
 * The rows of a batch as queries, in the order in which they must run; a query is sent when it is awaited.
 * @param all with contiguous indexes
 */
function rowsOf(
  tx: Tx,
  context: SequenceContext,
  all: readonly { sealed: Sealed; index: bigint }[],
  names: readonly { name: string; index: bigint }[],
  requests: readonly { account: string; key: string; request: string; receipt: Receipt }[],
): PromiseLike<unknown>[] {
  const first = all[0]?.index ?? 0n;
  const { bytes, starts, lengths } = packed(all.map(({ sealed }) => sealed.bytes));
  const commitments = packed(all.map(({ sealed }) => sealed.commitment));
  const salts = packed(all.map(({ sealed }) => sealed.salt));
  return [
    tx`
      INSERT INTO ledger.entry (index, commitment)
      SELECT ${first}::bigint + n, substring(commitments FROM n * 32 + 1 FOR 32)
      FROM (SELECT decode(${commitments.bytes}, 'base64') AS commitments OFFSET 0) AS one,
        generate_series(0, ${all.length - 1}::int) AS n`,
    tx`
      INSERT INTO ledger.record (index, id, bytes, salt)
      SELECT ${first}::bigint + n - 1, id, substring(bytes FROM start FOR length), substring(salts FROM (n * 16 - 15)::int FOR 16)
      FROM (SELECT decode(${bytes}, 'base64') AS bytes,
          decode(${salts.bytes}, 'base64') AS salts, ${all.map(({ sealed }) => sealed.record.id)}::uuid[] AS ids,
          ${starts}::int[] AS starts, ${lengths}::int[] AS lengths OFFSET 0) AS one,
        LATERAL unnest(ids, starts, lengths) WITH ORDINALITY AS each (id, start, length, n)`,
    ...routing(
      tx,
      context.member,
      all.map(({ sealed, index }) => ({ record: sealed.record, index })),
    ),
    ...(names.length === 0
      ? []
      : [
          tx`
      INSERT INTO ledger.once (name, index)
      SELECT * FROM unnest(${names.map(({ name }) => name)}::text[], ${names.map(({ index }) => index.toString())}::bigint[])`,
        ]),
    ...(requests.length === 0
      ? []
      : [
          tx`
      INSERT INTO ledger.request (account, key, request_hash, receipt)
      SELECT account, key, request_hash, receipt::jsonb FROM unnest(${requests.map(({ account }) => account)}::text[], ${requests.map(({ key }) => key)}::text[],
        ${requests.map(({ request }) => request)}::text[], ${requests.map(({ receipt }) => canonicalJson(receipt))}::text[]) AS new (account, key, request_hash, receipt)`,
        ]),
  ];
}

/** To whom each record goes, and the slips among them: as queries, behind those of the entries. */
export function routing(
  tx: Tx,
  own: string,
  all: readonly { readonly record: Envelope; readonly index: bigint }[],
): PromiseLike<unknown>[] {
  const addressees = all.flatMap(({ record: { to }, index }) => {
    const members = to === 'public' ? ['*'] : [...new Set(to.map(({ member }) => member))];
    return members.filter((member) => member !== own).map((member) => ({ member, index: index.toString() }));
  });
  const slipped = all.flatMap(({ record, index }) =>
    record.type === 'slip' ? [{ ...(record.body as { to: string; upTo: number }), index: index.toString() }] : [],
  );
  return [
    tx`
      INSERT INTO ledger.addressee (member, index)
      SELECT * FROM unnest(${addressees.map(({ member }) => member)}::text[], ${addressees.map(({ index }) => index)}::bigint[])`,
    tx`
      INSERT INTO ledger.slip (member, up_to, index)
      SELECT * FROM unnest(${slipped.map(({ to }) => to)}::text[], ${slipped.map(({ upTo }) => String(upTo))}::bigint[],
        ${slipped.map(({ index }) => index)}::bigint[])`,
  ];
}

/** Appends leaves to the edge and stores each tile that became full, level by level. */
export async function extendTree(
  tx: Tx,
  crypto: LogCrypto,
  edge: Edge,
  commitments: readonly Uint8Array[],
): Promise<Edge> {
  const first = (edge.size / 256n) * 256n;
  const partial = await tx<{ commitment: Uint8Array }[]>`
    SELECT commitment FROM ledger.entry WHERE index >= ${first} AND index < ${edge.size} ORDER BY index`;
  const leaves = partial.map(({ commitment }) => leafHash(crypto, commitment));
  let grown = edge;
  for (const commitment of commitments) {
    const leaf = leafHash(crypto, commitment);
    leaves.push(leaf);
    grown = appendLeaf(crypto, grown, leaf);
  }
  const full: { n: bigint; data: Uint8Array }[] = [];
  for (let i = 0; i + 256 <= leaves.length; i += 256)
    full.push({ n: (first + BigInt(i)) / 256n, data: concat(...leaves.slice(i, i + 256)) });
  for (let level = 0, tiles = full; tiles.length > 0; level++) {
    await Promise.all(
      tiles.map(
        ({ n, data }) => tx`INSERT INTO ledger.tile (level, n, data) VALUES (${level}, ${n}, ${Buffer.from(data)})`,
      ),
    );
    const above: { n: bigint; data: Uint8Array }[] = [];
    for (const { n } of tiles.filter((tile) => tile.n % 256n === 255n)) {
      const below = await tx<{ data: Uint8Array }[]>`
        SELECT data FROM ledger.tile WHERE level = ${level} AND n > ${n - 256n} AND n <= ${n} ORDER BY n`;
      above.push({ n: n / 256n, data: concat(...below.map(({ data }) => fullTileRoot(crypto, data))) });
    }
    tiles = above;
  }
  return grown;
}
