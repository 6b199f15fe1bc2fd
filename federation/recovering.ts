import { type FoundRecord, type LogEnd, rootWith } from '../ledger/recovery.ts';
import { cosignaturesOf } from '../log/cosignature.ts';
import type { LogCrypto } from '../log/crypto.ts';
import { appendLeaf, edgeRoot, leafHash } from '../log/merkle.ts';
import { formatSignature, parseNote } from '../log/note.ts';
import type { MemberEntry, Registry } from '../members/registry.ts';
import { equal, fromBase64 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { type Held, heldBy, mirroredEntries, nothingThatCounts } from './holdings.ts';
import { askPeer, declinedWith } from './peer-client.ts';
import { parsePullAnswer } from './pull-answer.ts';
import type { Sql } from './store.ts';

/** What the other members hold of a log whose database lost its end. */

export interface RecoveringOptions {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly member: string;
  readonly crypto: LogCrypto;
  readonly absent: readonly string[];
  readonly signal: AbortSignal;
  readonly tokenFor: (origin: string) => Promise<string>;
  readonly onProgress?: (act: string, done: number, of: number) => void;
}

export interface FoundEnd extends LogEnd {
  readonly size: bigint;
}

const MAX_ANSWER = 24 * 1024 * 1024;

function askable({ registry, member, absent }: RecoveringOptions): MemberEntry[] {
  return registry.others(member).filter(({ code }) => !absent.includes(code));
}

/**
 * The largest size of the log that anyone holds signed, and the entries up to there from a mirror that fits.
 *
 * @param size of the log in the database
 * @returns undefined where nothing is missing
 * @throws Refusal 503 `recover-unanswered` while one whom the operator did not name as absent is silent, 409 `recover-incomplete`
 *   where no mirror reaches as far as the log was signed, 409 `log-diverged`
 */
export async function findEnd(
  size: bigint,
  highWater: bigint,
  options: RecoveringOptions,
): Promise<FoundEnd | undefined> {
  const { sql, registry, member, crypto, signal, onProgress = () => undefined } = options;
  const { log } = registry.getMember(member);
  const of = { crypto, log, signal };
  const peers = askable(options);
  const silent: string[] = [];
  const held = new Map<MemberEntry, { witness: Held | undefined; mirror: Held | undefined }>();
  await Promise.all(
    peers.map(async (peer) => {
      try {
        const [witness, mirror] = await Promise.all(
          (['witness', 'mirror'] as const).map((as) => heldBy(peer, as, of).catch(nothingThatCounts)),
        );
        held.set(peer, { witness, mirror });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        silent.push(peer.code);
      }
    }),
  );
  if (silent.length > 0) {
    throw new Refusal(
      503,
      'recover-unanswered',
      `No answer from ${silent.sort().join(', ')}: one of them may hold more of this log.`,
      {
        params: { members: silent.join(',') },
        remedy: 'Try again when they answer, or name those that are away for good with --absent.',
      },
    );
  }
  const all = [...held.values()].flatMap(({ witness, mirror }) => [witness, mirror]).filter((one) => one !== undefined);
  const last = all.reduce<Held | undefined>(
    (most, one) => (most === undefined || one.checkpoint.size > most.checkpoint.size ? one : most),
    undefined,
  );
  const signed = last?.checkpoint.size ?? 0n;
  if (signed <= size && highWater <= size) return undefined;
  if (last === undefined || highWater > signed) {
    throw new Refusal(
      409,
      'recover-incomplete',
      `This node signed size ${highWater}; the others hold at most ${signed}. What lies between can't be brought back.`,
      {
        params: { signed: Number(highWater), held: Number(signed) },
        remedy:
          'If that signature reached nobody, delete the high-water mark and run this again; else have the others close the log at what they hold.',
      },
    );
  }
  const reaching = [...held].filter(([, { mirror }]) => mirror !== undefined && mirror.checkpoint.size >= signed);
  let wrong: string[] = [];
  let unread: Refusal | undefined;
  for (const [peer] of reaching) {
    let entries: Uint8Array[];
    try {
      entries = await mirroredEntries(peer, size, signed, of, (done) =>
        onProgress(`Entries from ${peer.code}`, done, Number(signed - size)),
      );
    } catch (error) {
      // One that shows no entries must not keep the log from those that do.
      if (!(error instanceof Refusal)) throw error;
      unread ??= error;
      continue;
    }
    let { edge } = await rootWith(sql, crypto, []);
    for (const entry of entries) edge = appendLeaf(crypto, edge, leafHash(crypto, entry));
    if (equal(edgeRoot(crypto, edge), last.checkpoint.root)) {
      const witnesses = registry.witnessesOf(log.origin, signed);
      const cosigned = await cosignaturesOf(crypto, parseNote(last.note), witnesses);
      const cosignatures = cosigned.map(({ member: by, time, line }) => ({
        member: by,
        time,
        line: formatSignature(line),
      }));
      return { size: signed, note: last.own, cosignatures, commitments: entries };
    }
    wrong = [...wrong, peer.code];
  }
  if (unread !== undefined) throw unread;
  if (wrong.length > 0)
    throw new Refusal(
      409,
      'log-diverged',
      `With the entries that ${wrong.join(', ')} hold, the ${size} entries here do not give the root signed at ${signed}.`,
      { params: { size: Number(size), signed: Number(signed) }, remedy: 'Restore an older backup and run this again.' },
    );
  const farthest = [...held.values()].reduce((most, { mirror }) => {
    const reached = mirror?.checkpoint.size ?? 0n;
    return reached > most ? reached : most;
  }, 0n);
  throw new Refusal(409, 'recover-incomplete', `Size ${signed} was signed; the mirrors reach to ${farthest}.`, {
    params: { signed: Number(signed), mirrored: Number(farthest) },
    remedy: 'Try again when the members that are away are back: their mirrors may reach farther.',
  });
}

/** Records of this log that their addressees give back. What a member sends is checked by who takes it. */
export async function* recordsGivenBack(
  from: bigint,
  below: bigint,
  options: RecoveringOptions,
): AsyncGenerator<FoundRecord> {
  const { registry, member, signal, tokenFor, onProgress = () => undefined } = options;
  const { origin } = registry.getMember(member).log;
  for (const peer of askable(options)) {
    for (let at = from; at < below; ) {
      const token = await tokenFor(peer.log.origin);
      const query = `origin=${encodeURIComponent(origin)}&from=${at}&below=${below}&limit=200`;
      const { status, body } = await askPeer(`${peer.address}/peer/held?${query}`, {
        maxBytes: MAX_ANSWER,
        token,
        signal,
      });
      if (status !== 200)
        throw new Refusal(502, 'peer-refuses', `${peer.code} answers ${declinedWith({ status, body })} for records.`);
      const answer = parsePullAnswer(body, at, below);
      for (const { index, bytes, salt } of answer.records)
        yield { index: BigInt(index), bytes: fromBase64(bytes), salt: fromBase64(salt) };
      at = BigInt(answer.next);
      onProgress(`Records from ${peer.code}`, Number(at - from), Number(below - from));
    }
  }
}
