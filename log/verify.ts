import { toHex } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type Cosignature, cosignaturesOf, medianTime, type WitnessKey } from './cosignature.ts';
import type { LogCrypto } from './crypto.ts';
import { verifyDetached } from './detached-signature.ts';
import { type Envelope, openSealed } from './envelope.ts';
import { decodeProven, type Evidence, type ProvenRecord } from './evidence.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import type { VerifierKey } from './note.ts';
import { parseProof } from './proof.ts';
import { decodeStatusList, statusBit } from './status-list.ts';

/** The verifier's answers, a closed set. */
export const ANSWERS = [
  'valid',
  'invalid',
  'untrusted',
  'not-final',
  'revoked',
  'status-unknown',
  'status-stale',
] as const;
export type Answer = (typeof ANSWERS)[number];

/** What a verifier knows of the members from one registry version, as `members/registry.ts` reads it. */
export interface RegistryView {
  readonly version: number;
  readonly publishedAt: string;
  /**
   * The member that owns a log, whether it is a demonstration's, its keys with the sizes for which each holds, and where it was
   * closed, the size up to which it counts.
   */
  logOf(origin: string): LogView | undefined;
  /** Keys whose cosignatures count on a checkpoint of this log at this size; none of the log's owner. */
  witnessesOf(origin: string, size: bigint): readonly WitnessKey[];
  /** How many of them make such a checkpoint final. */
  quorumOf(origin: string, size: bigint): number;
  /** The view of an earlier version, for what was said under it; undefined where that is not known here. */
  at(version: number): RegistryView | undefined;
  documentKeys(
    member: string,
    authority: string,
  ): readonly { kid: string; publicKey: Uint8Array; from: bigint; until?: bigint }[];
  hasMandate(member: string, authority: string, mandate: string): boolean;
  /** The authority that decides at a post. */
  postAuthority(post: string): { member: string; authority: string } | undefined;
}

export interface LogView {
  readonly member: string;
  readonly demo: boolean;
  readonly keys: readonly { readonly vkey: string; readonly from: bigint; readonly until?: bigint }[];
  readonly closed?: bigint;
  /** Which of its member's logs this is, from 0. */
  readonly number: number;
}

export interface RegistryReader {
  /** @throws Refusal `registry-untrusted` where the chain does not begin at the pinned genesis, `registry-invalid` */
  read(versions: readonly { note: string; json: string }[], genesis: string): Promise<RegistryView>;
}

/** A reason code where the record is outside the authorship table, undefined where it is within. */
export type AuthorshipRule = (envelope: Envelope, view: RegistryView) => string | undefined;

export interface VerifyOptions {
  readonly crypto: LogCrypto;
  readonly now: Date;
  /** SHA-256 of the genesis note that this verifier pinned, lower-case hex. */
  readonly genesis: string;
  readonly registry: RegistryReader;
  readonly authorship: AuthorshipRule;
  /** A production verifier answers *untrusted* to a demonstration's records. */
  readonly allowDemo?: boolean;
  /** The highest registry version this verifier has seen; an older chain is untrusted. */
  readonly highestRegistry?: number;
  /** Given to one verification after the other, a checkpoint under which many records are proven is checked once. */
  readonly checkpoints?: CheckpointMemory;
}

/** A checkpoint whose signatures have been checked. */
interface Checked {
  readonly checkpoint: Checkpoint;
  readonly cosignatures: readonly Cosignature[];
  readonly quorum: number;
}

/** Checkpoints found good under a registry, by the text of their note. Paths and records are never kept. */
export type CheckpointMemory = WeakMap<RegistryView, Map<string, Checked>>;

/** A memory is emptied where it would hold more. */
const REMEMBERED = 1000;

export interface Verdict {
  readonly answer: Answer;
  /** Stable code. */
  readonly reason: string;
  readonly message: string;
  readonly record?: Envelope;
  readonly index?: bigint;
  /** Median cosignature time: the time that counts. */
  readonly time?: string;
  readonly cosigners: readonly string[];
  readonly registry?: { readonly version: number; readonly publishedAt: string };
  readonly status?: { readonly asOf: string; readonly validUntil: string };
  /** Signatures of algorithms that are not checked here. */
  readonly unchecked: readonly string[];
  /** True when the issuer's own time is over ten minutes from the cosignatures'. */
  readonly timeDiffers: boolean;
}

/** Ends a verification with an answer; never leaves this file. */
class Answered extends Error {
  readonly answer: Answer;
  readonly reason: string;
  constructor(answer: Answer, reason: string, message: string) {
    super(message);
    this.answer = answer;
    this.reason = reason;
  }
}

interface Proven {
  readonly record: Envelope;
  readonly index: bigint;
  readonly cosignatures: readonly Cosignature[];
  /** Enough of them. */
  readonly quorum: number;
}

const TEN_MINUTES = 600;

/**
 * Checks an evidence file with no network. Never throws for bad input: whatever is wrong is an answer.
 *
 * @example
 * const verdict = await verify(parseEvidence(bytes), { crypto: nodeCrypto, now: new Date(), genesis, registry, authorship });
 * verdict.answer // 'valid'
 */
export async function verify(evidence: Evidence, options: VerifyOptions): Promise<Verdict> {
  const known: { -readonly [K in keyof Verdict]?: Verdict[K] } = {};
  try {
    return { ...(await judge(evidence, options, known)), ...rest(known) };
  } catch (error) {
    if (error instanceof Answered) {
      return { answer: error.answer, reason: error.reason, message: error.message, ...rest(known) };
    }
    if (error instanceof Refusal || error instanceof RangeError) {
      const reason = error instanceof Refusal ? error.code : 'malformed';
      return { answer: 'invalid', reason, message: error.message, ...rest(known) };
    }
    throw error;
  }
}

function rest(known: Partial<Verdict>): Omit<Verdict, 'answer' | 'reason' | 'message'> {
  return { cosigners: [], unchecked: [], timeDiffers: false, ...known };
}

async function judge(
  evidence: Evidence,
  options: VerifyOptions,
  known: { -readonly [K in keyof Verdict]?: Verdict[K] },
): Promise<Pick<Verdict, 'answer' | 'reason' | 'message'>> {
  const view = await readRegistry(evidence, options);
  known.registry = { version: view.version, publishedAt: view.publishedAt };
  const proven = await prove(decodeProven(evidence), view, options);
  const { record } = proven;
  known.record = record;
  known.index = proven.index;
  known.cosigners = proven.cosignatures.map(({ member }) => member).sort();
  const seconds = medianTime(proven.cosignatures);
  if (seconds !== undefined) {
    known.time = new Date(Number(seconds) * 1000).toISOString();
    known.timeDiffers = Math.abs(Number(seconds) - Date.parse(record.at) / 1000) > TEN_MINUTES;
  }
  const outside = outsideAuthorship(record, view, options);
  if (outside !== undefined) throw new Answered('invalid', outside, 'The issuer may not author a record of this type.');
  if (view.logOf(record.log)?.demo === true && options.allowDemo !== true) {
    throw new Answered('untrusted', 'demonstration', 'This is a record of a demonstration, not an official document.');
  }
  if (record.type === 'certificate') known.unchecked = await checkDocumentSignature(proven, view, options);
  if (proven.cosignatures.length < proven.quorum) {
    throw new Answered(
      'not-final',
      'cosignatures-missing',
      `Cosigned by ${proven.cosignatures.length} of the ${proven.quorum} members needed.`,
    );
  }
  if (record.type !== 'certificate')
    return { answer: 'valid', reason: 'proven', message: 'The record is in the log and final.' };
  const status = await checkStatus(evidence, proven, view, options);
  known.status = status;
  return {
    answer: 'valid',
    reason: 'proven',
    message: 'The certificate is in the log, final, and not revoked as of the status list.',
  };
}

async function readRegistry(evidence: Evidence, options: VerifyOptions): Promise<RegistryView> {
  let view: RegistryView;
  try {
    view = await options.registry.read(evidence.registry, options.genesis);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'registry-untrusted')
      throw new Answered('untrusted', error.code, error.message);
    throw error;
  }
  if (view.version < (options.highestRegistry ?? 0)) {
    throw new Answered(
      'untrusted',
      'registry-outdated',
      'The file brings an older registry than this verifier has seen.',
    );
  }
  return view;
}

/** Record, commitment, inclusion, checkpoint signature, owner of the log, cosignatures. */
async function prove(proven: ProvenRecord, view: RegistryView, options: VerifyOptions): Promise<Proven> {
  const { crypto } = options;
  const sealed = openSealed(proven.bytes, proven.salt, crypto);
  const { record } = sealed;
  const log = view.logOf(record.log);
  if (log === undefined) throw new Answered('untrusted', 'log-unknown', 'The registry lists no such log.');
  if (log.member !== record.issuer.member) {
    throw new Answered('invalid', 'issuer-not-owner', "The record stands in another member's log.");
  }
  const { index, hashes, checkpoint: text } = parseProof(proven.proof);
  const { checkpoint, cosignatures, quorum } = await checkCheckpoint(text, log, view, options);
  if (checkpoint.origin !== record.log)
    throw new Answered('invalid', 'origin-differs', 'The proof is of another log than the record names.');
  if (!verifyInclusion(crypto, index, checkpoint.size, leafHash(crypto, sealed.commitment), hashes, checkpoint.root)) {
    throw new Answered('invalid', 'inclusion-invalid', 'The record is not in the log at this place.');
  }
  return { record, index, cosignatures, quorum };
}

/** Signature of the log, in force at that size, and cosignatures. */
async function checkCheckpoint(
  text: string,
  log: LogView,
  view: RegistryView,
  { crypto, checkpoints }: VerifyOptions,
): Promise<Checked> {
  const known = checkpoints?.get(view)?.get(text);
  if (known !== undefined) return known;
  // Which keys hold depends on the size, which only the text tells: all are tried, then it is seen which of them signed.
  const { checkpoint, note, signers } = await openCheckpoint(
    crypto,
    text,
    log.keys.map(({ vkey }) => vkey),
  );
  assertInForce(checkpoint.size, signers, log);
  const { origin, size } = checkpoint;
  const cosignatures = await cosignaturesOf(crypto, note, view.witnessesOf(origin, size));
  const checked = { checkpoint, cosignatures, quorum: view.quorumOf(origin, size) };
  if (checkpoints !== undefined) {
    const remembered = checkpoints.get(view) ?? new Map<string, Checked>();
    if (remembered.size >= REMEMBERED) remembered.clear();
    checkpoints.set(view, remembered.set(text, checked));
  }
  return checked;
}

interface Place {
  readonly log: string;
  readonly index: bigint;
}

/** Of two entries of one member: does the first stand in an earlier log, or before the second in the same? */
export function comesBefore(view: RegistryView, first: Place, second: Place): boolean {
  const [a, b] = [view.logOf(first.log)?.number ?? 0, view.logOf(second.log)?.number ?? 0];
  return a === b ? first.index < second.index : a < b;
}

/** The checkpoint's key holds at its size, and its log was not closed before. */
function assertInForce(size: bigint, signers: readonly VerifierKey[], log: LogView): void {
  const signed = log.keys.filter(({ vkey, from }) => from <= size && signers.some((one) => one.vkey === vkey));
  if (signed.length === 0)
    throw new Answered(
      'invalid',
      'checkpoint-unsigned',
      'No key of the log that holds at this size signed the checkpoint.',
    );
  if (signed.every(({ until }) => until !== undefined && size > until))
    throw new Answered(
      'untrusted',
      'log-key-cut-off',
      'The key of this proof was cut off at a smaller size of the log. Prove the record anew under a later checkpoint.',
    );
  if (log.closed !== undefined && size > log.closed)
    throw new Answered(
      'untrusted',
      'awaiting-clarification',
      'Two histories of this log were seen, and it was closed at a smaller size. What lies before that can be proven anew.',
    );
}

/** Judged by the version of the registry under which the record was said: what was right then stays right. */
function outsideAuthorship(record: Envelope, view: RegistryView, { authorship }: VerifyOptions): string | undefined {
  const then = view.at(record.registry);
  if (then === undefined)
    throw new Answered(
      'untrusted',
      'registry-outdated',
      'The record was said under a newer registry than the file brings.',
    );
  return authorship(record, then);
}

async function checkDocumentSignature(
  { record, index }: Proven,
  view: RegistryView,
  { crypto }: VerifyOptions,
): Promise<string[]> {
  const { member, authority } = record.issuer;
  const keys = authority === undefined ? [] : view.documentKeys(member, authority);
  const unchecked: string[] = [];
  let checked = 0;
  for (const signature of record.signatures ?? []) {
    if (signature.alg !== 'EdDSA') {
      unchecked.push(signature.alg);
      continue;
    }
    const key = keys.find(
      ({ kid, from, until }) => kid === signature.kid && from <= index && (until === undefined || index < until),
    );
    if (key === undefined)
      throw new Answered(
        'invalid',
        'document-key-unknown',
        'The certificate is signed with a key that the registry does not list.',
      );
    if (!(await verifyDetached(crypto, record, signature, key.publicKey))) {
      throw new Answered(
        'invalid',
        'document-signature-invalid',
        "The authority's signature does not fit the certificate.",
      );
    }
    checked++;
  }
  if (checked === 0)
    throw new Answered(
      'invalid',
      'document-signature-missing',
      'The certificate carries no signature of its authority that can be checked here.',
    );
  return unchecked;
}

interface StatusFields {
  readonly list: string;
  readonly index: number;
}

function statusFields(record: Envelope): StatusFields {
  const { status } = record.body as { status?: { list?: unknown; index?: unknown } };
  if (typeof status?.list !== 'string' || typeof status.index !== 'number') {
    throw new Answered('invalid', 'body-invalid', 'The certificate names no place in a status list.');
  }
  return { list: status.list, index: status.index };
}

async function checkStatus(
  evidence: Evidence,
  certificate: Proven,
  view: RegistryView,
  options: VerifyOptions,
): Promise<{ asOf: string; validUntil: string }> {
  const { record } = certificate;
  const { validFrom, validUntil } = record.body as { validFrom?: unknown; validUntil?: unknown };
  const place = statusFields(record);
  if (evidence.status === undefined) {
    throw new Answered(
      'status-unknown',
      'status-list-missing',
      'The file brings no status list: whether the certificate was revoked is not known.',
    );
  }
  const proven = await prove(decodeProven(evidence.status), view, options);
  const list = proven.record.body as Record<string, unknown>;
  const outside = outsideAuthorship(proven.record, view, options);
  // A member whose log was closed goes on in another: a list there is newer than all that the closed one holds.
  const fits =
    outside === undefined &&
    proven.record.type === 'status-list' &&
    view.logOf(proven.record.log)?.member === view.logOf(record.log)?.member &&
    proven.record.issuer.authority === record.issuer.authority &&
    list['list'] === place.list;
  if (!fits)
    throw new Answered(
      'status-unknown',
      'status-list-foreign',
      "The status list is not that of the certificate's authority.",
    );
  if (
    typeof list['encodedList'] !== 'string' ||
    typeof list['length'] !== 'number' ||
    typeof list['asOf'] !== 'string' ||
    typeof list['validUntil'] !== 'string'
  ) {
    throw new Answered('status-unknown', 'status-list-invalid', 'The status list cannot be read.');
  }
  const bits = decodeStatusList(list['encodedList'], list['length']);
  const status = { asOf: list['asOf'], validUntil: list['validUntil'] };
  // A revocation counts whatever the age and finality of the list that states it.
  if (statusBit(bits, place.index))
    throw new Answered('revoked', 'revoked', `The certificate is revoked, as of ${status.asOf}.`);
  if (proven.cosignatures.length < proven.quorum)
    throw new Answered('status-unknown', 'status-list-not-final', 'The status list is not final.');
  if (comesBefore(view, { log: proven.record.log, index: proven.index }, { log: record.log, index: certificate.index }))
    throw new Answered('status-stale', 'status-list-older', 'The certificate is newer than the status list in hand.');
  if (Date.parse(status.validUntil) < options.now.getTime()) {
    throw new Answered('status-stale', 'status-list-expired', `The status list was good until ${status.validUntil}.`);
  }
  const from = Date.parse(String(validFrom));
  const until = Date.parse(String(validUntil));
  const now = options.now.getTime();
  if (Number.isNaN(from) || Number.isNaN(until) || now < from || now > until) {
    throw new Answered('invalid', 'outside-validity', "The certificate's own period of validity does not include now.");
  }
  return status;
}

/** Hash of a registry note, as verifiers pin it. */
export function genesisHash(crypto: LogCrypto, note: Uint8Array): string {
  return toHex(crypto.sha256(note));
}
