import { z } from 'zod';
import type { LogCrypto } from '../log/crypto.ts';
import { formatSignature, type Note } from '../log/note.ts';
import { toHex, utf8 } from '../values/bytes.ts';
import { Refusal } from '../values/refusal.ts';
import { Country, Currency, Identifier, Instant, Zone } from '../values/schema.ts';

/** The form of a registry version, and what of it can be read without a chain. */

/** The eight languages of the project; every name is given in each. */
export const LANGUAGES = ['zh', 'kk', 'ky', 'tg', 'tk', 'uz', 'ru', 'en'] as const;
const name = z.string().min(1).max(200);
export const Names = z.strictObject({ zh: name, kk: name, ky: name, tg: name, tk: name, uz: name, ru: name, en: name });
export type Names = z.infer<typeof Names>;

export const MANDATES = [
  'decide',
  'decide-appeals',
  'report-events',
  'require',
  'publish-rules',
  'certify-origin',
  'certify-phytosanitary',
  'certify-conformity',
] as const;
export type Mandate = (typeof MANDATES)[number];

const Vkey = z.string().max(300);
const Size = z.int().min(0);

/** A key and the sizes of its member's log for which it holds: from one on, and where it was cut off, up to one. */
const DatedKey = z.strictObject({ vkey: Vkey, from: Size, until: Size.optional() });

/** Sizes of logs by their origin; a log that is not named counts as 0. */
const Sizes = z.record(z.string().max(200), Size);

/** A witness's key and the sizes of each witnessed log for which it counts: from one on, and where it was cut off, below another. */
const WitnessKeyEntry = z.strictObject({
  vkey: Vkey,
  from: z.union([Size, Sizes]),
  below: Sizes.optional(),
});

const Said = z.string().min(1).max(2000);

/** A log with its keys. One that is closed counts up to a size; `explanation` is the member's own, where it goes on in a new log. */
const Log = z.strictObject({
  origin: z.string().min(3).max(200),
  keys: z.array(DatedKey).min(1).max(20),
  closed: z.strictObject({ size: Size, reason: Said }).optional(),
  explanation: Said.optional(),
});

export const Authority = z.strictObject({
  id: Identifier,
  kind: z.enum(['customs', 'plant-health', 'veterinary', 'chamber', 'conformity', 'railway', 'ministry']),
  name: Names,
  mandates: z.array(z.enum(MANDATES)).max(20),
  documentKeys: z
    .array(
      z.strictObject({
        kid: z.string().max(200),
        publicKey: z.string().length(44),
        from: Size,
        until: Size.optional(),
      }),
    )
    .max(20),
});
export type Authority = z.infer<typeof Authority>;

export const Post = z.strictObject({
  id: Identifier,
  /** The authority that decides here. */
  authority: Identifier,
  /** Both posts of a crossing name it alike. */
  crossing: Identifier,
  name,
  mode: z
    .array(z.enum(['road', 'rail']))
    .min(1)
    .max(2),
  zone: Zone,
  latitude: z.number().min(-90).max(90).optional(),
  longitude: z.number().min(-180).max(180).optional(),
});
export type Post = z.infer<typeof Post>;

/** For how long a member keeps its sections of one name. Counted from the record's own time. */
export const Retention = z.strictObject({
  section: Identifier,
  days: z.int().min(1).max(36_500),
  /** The law or rule that says so. */
  legalBasis: z.string().min(1).max(500),
});
export type Retention = z.infer<typeof Retention>;

export const MemberEntry = z.strictObject({
  code: Country,
  name: Names,
  currency: Currency,
  zones: z.array(Zone).min(1).max(20),
  /** Where the node is reached, without a slash at the end. */
  address: z.url({ protocol: /^https?$/ }).max(300),
  /** Offline: signs this member's part of the registry and nothing else. */
  memberKey: Vkey,
  /** The log in which this member speaks now. */
  log: Log,
  /** Logs that were closed before it, oldest first. */
  earlierLogs: z.array(Log).min(1).max(20).optional(),
  witness: z.strictObject({ keys: z.array(WitnessKeyEntry).min(1).max(20) }),
  node: z.strictObject({ keys: z.array(DatedKey).min(1).max(20) }),
  /** When it left: its log is closed, its past stays provable. */
  left: Instant.optional(),
  authorities: z.array(Authority).max(100),
  posts: z.array(Post).max(1000),
  /** Retention periods by section; a section that is not named is kept until somebody asks for its erasure. */
  retention: z
    .array(Retention)
    .min(1)
    .max(50)
    .refine((all) => new Set(all.map(({ section }) => section)).size === all.length, 'names a section twice')
    .optional(),
});
export type MemberEntry = z.infer<typeof MemberEntry>;
export type MemberLog = MemberEntry['log'];

export const RegistryDocument = z.strictObject({
  v: z.literal(1),
  version: z.int().min(1),
  publishedAt: Instant,
  /** Cosignatures by other members that make a checkpoint final. */
  quorum: z.int().min(1).max(50),
  /** What was enough before, for checkpoints of each log below a size; oldest first. */
  earlierQuorums: z
    .array(z.strictObject({ quorum: z.int().min(1).max(50), below: Sizes }))
    .min(1)
    .max(20)
    .optional(),
  notice: z.string().max(300).optional(),
  members: z.array(MemberEntry).min(1).max(60),
});
export type RegistryDocument = z.infer<typeof RegistryDocument>;

export interface RegistryVersion {
  readonly note: string;
  readonly json: string;
}

const NO_PREVIOUS = '0'.repeat(64);

/** The text that member keys sign. */
export function registryText(crypto: LogCrypto, version: number, json: string, previousNote?: string): string {
  const previous = previousNote === undefined ? NO_PREVIOUS : toHex(crypto.sha256(utf8(previousNote)));
  return `dostyk-registry/v1\n${version}\n${toHex(crypto.sha256(utf8(json)))}\n${previous}\n`;
}

/**
 * A version's note: each signature once, in order. Of the same signatures nobody can make another note, and with it another
 * version with the same number.
 */
export function registryNote({ text, signatures }: Note): string {
  return `${text}\n${[...new Set(signatures.map(formatSignature))].sort().join('')}`;
}

/** All logs of a member, oldest first. */
export const logsOf = ({ earlierLogs = [], log }: MemberEntry): readonly MemberLog[] => [...earlierLogs, log];

/** The key names of a log that hold at a size. */
export const keysAt = (log: MemberLog, size: bigint): string[] =>
  log.keys
    .filter(({ from, until }) => BigInt(from) <= size && (until === undefined || size <= BigInt(until)))
    .map(vkeyOf);

const vkeyOf = ({ vkey }: { readonly vkey: string }): string => vkey;

export function registryInvalid(message: string, cause?: unknown): Refusal {
  return new Refusal(500, 'registry-invalid', message, { cause });
}

/** @throws Refusal 500 `registry-invalid` */
export function parseDocument(json: string): RegistryDocument {
  try {
    return RegistryDocument.parse(JSON.parse(json));
  } catch (cause) {
    throw registryInvalid('A registry version is not of the registry form.', cause);
  }
}
