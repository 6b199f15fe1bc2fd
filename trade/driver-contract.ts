import { oc } from '@orpc/contract';
import { z } from 'zod';
import { Names } from '../members/registry.ts';
import { Country, Identifier, Instant, text, Uuid, Zone } from '../values/schema.ts';
import { CERTIFICATE_KINDS, DRIVER_PROBLEMS, DRIVER_REPORTS, REASONS } from './lists.ts';
import { TransportMeans } from './section.ts';

/**
 * The driver's link and what it opens: one movement as a driver needs it, and reports from the road. Nothing commercial, no values, no
 * other dossier's content, nothing of a person.
 */

export const DriverLinkView = z.object({
  link: Uuid,
  label: z.string(),
  createdAt: Instant,
  until: Instant,
  state: z.enum(['open', 'expired', 'revoked', 'arrived']),
  seenAt: Instant.nullable(),
});
export type DriverLinkView = z.infer<typeof DriverLinkView>;

const Missing = z.object({
  kind: z.enum(['certificate', 'document', 'registration', 'treatment']),
  what: z.string(),
});

export const DriverCrossing = z.object({
  post: Identifier,
  name: z.string(),
  member: Country,
  memberName: Names,
  authorityName: Names,
  zone: Zone,
  /** `settled`: every consignment may go on · `held`: at least one may not · `waits`: for a decision · `passed`: behind. */
  state: z.enum(['expected', 'waits', 'held', 'settled', 'passed']),
  arrivedAt: Instant.nullable(),
  leftAt: Instant.nullable(),
  consignments: z.array(
    z.object({
      /** Its number aboard, from 1. */
      number: z.int(),
      state: z.string(),
      awaited: z
        .object({ from: z.enum(['operator', 'carrier', 'authority']), what: z.string(), since: Instant })
        .nullable(),
      reason: z.object({ code: z.enum(REASONS), text: z.string().optional() }).nullable(),
      missing: z.array(Missing),
    }),
  ),
});
export type DriverCrossing = z.infer<typeof DriverCrossing>;

export const DriverView = z.object({
  movement: Uuid,
  label: z.string(),
  instructions: z.string(),
  until: Instant,
  asOf: Instant,
  demo: z.boolean(),
  means: TransportMeans,
  trailers: z.array(z.string()),
  equipment: z.array(z.object({ kind: z.string(), identification: z.string() })),
  seals: z.array(z.string()),
  from: z.object({ name: z.string(), country: Country }),
  to: z.object({ name: z.string(), country: Country }),
  consignments: z.array(z.object({ number: z.int(), dossier: Uuid, packages: z.int().nullable() })),
  crossings: z.array(DriverCrossing),
  certificates: z.array(
    z.object({
      certificate: Uuid,
      consignment: z.int(),
      kind: z.enum(CERTIFICATE_KINDS),
      number: z.string(),
      authorityName: Names.nullable(),
      validUntil: Instant,
      state: z.enum(['in-force', 'revoked']),
      /** What a QR code shows an officer; null where another member's authority issued it, or it is not final yet. */
      code: z.string().nullable(),
    }),
  ),
  reports: z.array(
    z.object({ event: z.string(), post: z.string().nullable(), problem: z.string().nullable(), at: Instant }),
  ),
});
export type DriverView = z.infer<typeof DriverView>;

export const DriverReport = z.strictObject({
  report: z.enum(DRIVER_REPORTS),
  post: Identifier.optional(),
  /** With `problem`. */
  problem: z.enum(DRIVER_PROBLEMS).optional(),
  note: text(300).optional(),
  occurredAt: Instant,
  zone: Zone,
});
export type DriverReport = z.infer<typeof DriverReport>;

const base = oc.$route({ tags: ['trade'] });

export const driverContract = {
  makeDriverLink: base
    .route({
      method: 'POST',
      path: '/movements/{movement}/driver-links',
      summary: 'Make a link by which a driver without an account sees and reports this movement',
    })
    .input(
      z.strictObject({
        movement: Uuid,
        label: text(80).optional(),
        /** What the driver is to read. */
        instructions: text(1000).optional(),
        /** At most sixty days ahead; two weeks if not given. */
        until: Instant.optional(),
      }),
    )
    /** The secret stands in the fragment of `path` and is told once. */
    .output(z.object({ link: Uuid, path: z.string(), until: Instant })),
  listDriverLinks: base
    .route({ method: 'GET', path: '/movements/{movement}/driver-links', summary: "A movement's links for drivers" })
    .input(z.object({ movement: Uuid }))
    .output(z.object({ items: z.array(DriverLinkView) })),
  revokeDriverLink: base
    .route({
      method: 'POST',
      path: '/movements/{movement}/driver-links/{link}/revocation',
      summary: 'Revoke a link for a driver',
    })
    .input(z.strictObject({ movement: Uuid, link: Uuid, revoked: z.literal(true) }))
    .output(z.object({ link: Uuid })),
  driverView: base
    .route({ method: 'GET', path: '/driver', summary: "The movement of a driver's link" })
    .output(DriverView),
  driverReport: base
    .route({ method: 'POST', path: '/driver/reports', summary: "Report something by a driver's link" })
    .input(DriverReport)
    .output(z.object({ sequencedAt: Instant, repeated: z.boolean() })),
};
