import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Commitment, Identifier, Instant, Uuid } from '../values/schema.ts';
import { page, pageOf } from './paging.ts';
import { MovementBody } from './record.ts';
import { POST_STATES } from './state.ts';

/** What the desk of an authority asks for. */

export const DESK_STATES = ['expected', 'here', 'held', 'done'] as const;
export type DeskStateName = (typeof DESK_STATES)[number];

const CLAIM = z.enum(['none', 'claimed', 'recognised', 'not-recognised']);

export const DeskConsignment = z.object({
  dossier: Uuid,
  version: z.int(),
  /** Empty where the goods are closed for this desk. */
  goods: z.string(),
  grossMass: z.string(),
  /** Absent: the whole consignment. */
  packages: z.int().optional(),
  state: z.enum(POST_STATES),
  /** Whether the dossier's own route leads over this post. */
  onRoute: z.boolean(),
  awaited: z.string().nullable(),
  /** Papers that this post's member asks for and that are not there; null where the goods are closed or not here. */
  missing: z.int().nullable(),
});

export const DeskRow = z.object({
  movement: Uuid,
  version: z.int(),
  post: Identifier,
  /** `held`: something aboard waits for others than this desk · `done`: left the post. */
  state: z.enum(DESK_STATES),
  means: MovementBody.shape.means,
  carrier: z.string(),
  trailers: z.array(z.string()),
  equipment: z.array(z.string()),
  seals: z.array(z.string()),
  from: z.string(),
  to: z.string(),
  /** When the carrier means to end this leg, or to set off where it says no more. */
  expectedAt: Instant.optional(),
  arrivedAt: Instant.optional(),
  leftAt: Instant.optional(),
  /** Since when this desk's own answer is awaited. */
  ageSince: Instant.optional(),
  /** By rule: see trade/perishable.ts. */
  perishable: z.boolean(),
  /** The claim that weighs least of those aboard. */
  trustedTrader: CLAIM,
  greenChannel: CLAIM,
  /** Over all consignments listed; null where of one of them it is not known. */
  missing: z.int().nullable(),
  consignmentCount: z.int(),
  /** In a list the first twenty. */
  consignments: z.array(DeskConsignment),
});
export type DeskRow = z.infer<typeof DeskRow>;

export const ACT_TYPES = [
  'decision',
  'certificate',
  'revocation',
  'event',
  'appeal-outcome',
  'requirement',
  'pack',
  'correction-answer',
] as const;

export const Act = z.object({
  commitment: Commitment,
  at: Instant,
  type: z.enum(ACT_TYPES),
  /** What was done: the decision, the kind of certificate, the event, the outcome. */
  what: z.string(),
  /** The dossier, the movement, or the authority's requirement. */
  subject: z.string(),
  post: Identifier.optional(),
  reason: z.string().optional(),
  text: z.string().optional(),
  /** The person's account, known to this node alone; null where it was not kept. */
  account: z.string().nullable(),
  name: z.string().nullable(),
});
export type Act = z.infer<typeof Act>;

export const ComparedField = z.object({
  field: z.enum(['means', 'trailers', 'seals', 'packages', 'grossMass']),
  /** The consignment; null for what concerns the vehicle. */
  dossier: Uuid.nullable(),
  declared: z.array(z.string()),
  presented: z.array(z.string()).nullable(),
  result: z.enum(['equal', 'differs', 'not-noted', 'not-declared']),
});
export type ComparedField = z.infer<typeof ComparedField>;

const base = oc.$route({ tags: ['trade'] });

export const deskContract = {
  listDesk: base
    .route({ method: 'GET', path: '/desk/movements', summary: 'The movements that pass a post, most urgent first' })
    .input(
      z.object({
        ...page,
        post: Identifier,
        state: z.enum(DESK_STATES).optional(),
        /** In plates, trailers, containers, seals, carriers and ids of dossiers and movements; spaces do not matter. */
        search: z.string().max(100).optional(),
      }),
    )
    .output(pageOf(DeskRow)),
  getDeskMovement: base
    .route({
      method: 'GET',
      path: '/desk/movements/{movement}',
      summary: 'One movement at a post, with all it carries',
    })
    .input(z.object({ movement: Uuid, post: Identifier }))
    .output(DeskRow),
  deskCounts: base
    .route({
      method: 'GET',
      path: '/desk/counts',
      summary: 'How many movements a post expects, has and has done today',
    })
    .input(z.object({ post: Identifier }))
    /** `done`: left since the day began at the post. */
    .output(z.object({ expected: z.int(), here: z.int(), held: z.int(), done: z.int(), asOf: Instant })),
  comparePresented: base
    .route({
      method: 'GET',
      path: '/movements/{movement}/comparison',
      summary: 'What was declared beside what was presented at a post',
    })
    .input(z.object({ movement: Uuid, post: Identifier }))
    .output(
      z.object({
        movement: Uuid,
        post: Identifier,
        /** When it was last noted; null when never. */
        notedAt: Instant.nullable(),
        fields: z.array(ComparedField),
      }),
    ),
  listActs: base
    .route({ method: 'GET', path: '/trail', summary: "What the caller's authority did, last first" })
    .input(z.object({ ...page }))
    .output(pageOf(Act)),
};
