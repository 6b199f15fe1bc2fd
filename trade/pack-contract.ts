import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Commitment, Country, Day, Identifier, text } from '../values/schema.ts';
import { RecordAccepted } from './accepted.ts';
import { DIRECTIONS, MEASURE_TYPES } from './measures/measure.ts';
import { FileReference } from './section.ts';

/** A member's own rules: published by its authority as a record, read by anyone, table by table. */

const base = oc.$route({ tags: ['trade'] });

/** Where and why a table of a pack can't be read. */
export const FaultView = z.object({
  file: z.string(),
  line: z.int().optional(),
  column: z.string().optional(),
  code: z.string(),
  message: z.string(),
});

const PackVersion = z.object({
  version: z.int(),
  published: z.string(),
  /** `compiled` from public sources, or `confirmed` by an authority of the member. */
  state: z.enum(['compiled', 'confirmed']),
  inForce: z.boolean(),
  authority: Identifier.nullable(),
  record: z.object({ commitment: Commitment, origin: z.string(), index: z.int() }).nullable(),
  reason: z.string().nullable(),
  tables: z.array(z.object({ name: z.string(), size: z.int() })),
  /** Whether all tables have arrived at this node. */
  here: z.boolean(),
  /** What keeps this version out of force at this node. */
  faults: z.array(FaultView),
});
export type PackVersion = z.infer<typeof PackVersion>;

const Standing = z.object({ version: z.int(), state: z.enum(['compiled', 'confirmed']) }).nullable();
const ChangeView = z.object({
  member: Country,
  table: z.enum(['measures', 'parameters', 'quotas', 'documents', 'steps']),
  id: z.string(),
  direction: z.enum(DIRECTIONS).nullable(),
  type: z.enum(MEASURE_TYPES).nullable(),
  goods: z.array(z.string()),
  before: z.string().nullable(),
  after: z.string().nullable(),
  differs: z.array(z.string()),
  wording: z.object({ en: z.string(), ru: z.string() }),
});
export type ChangeView = z.infer<typeof ChangeView>;

export const packContract = {
  packChanges: base
    .route({
      method: 'GET',
      path: '/packs/changes',
      summary: "What changes in members' rules from one day to another, both included",
    })
    .input(
      z.strictObject({
        since: Day,
        until: Day,
        member: Country.optional(),
        goods: z
          .string()
          .regex(/^(\d{2}){1,5}$/, 'must have 2, 4, 6, 8 or 10 digits')
          .optional(),
        /** How many to leave out before the first. */
        skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
    )
    .output(
      z.object({
        packs: z.array(z.object({ member: Country, before: Standing, after: Standing })),
        items: z.array(ChangeView),
        count: z.int(),
      }),
    ),
  publishPack: base
    .route({
      method: 'POST',
      path: '/packs',
      summary: "Publish a version of the member's rules; its tables are uploaded before, as files",
    })
    .input(z.strictObject({ tables: z.array(FileReference).min(1).max(20), reason: text(1000) }))
    .output(RecordAccepted.extend({ member: Country, version: z.int() })),
  packVersions: base
    .route({
      method: 'GET',
      path: '/packs/{member}',
      summary: "Versions of a member's rules: which is in force, who confirmed it, in which record",
    })
    .input(z.strictObject({ member: Country }))
    .output(z.object({ member: Country, versions: z.array(PackVersion) })),
};
