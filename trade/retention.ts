import type { MemberEntry } from '../members/registry.ts';
import type { FoldInput } from './state.ts';

/**
 * Which sections have been kept for as long as their member promised. The period counts from the record's own `at`: it stands in the
 * record, nobody else's word is needed for it, and a consignment whose end nobody reports is not kept for ever.
 */

export interface Due {
  readonly dossier: string;
  readonly section: string;
  readonly version: number;
  readonly at: string;
  /** When the period ended. */
  readonly since: string;
  readonly days: number;
  readonly legalBasis: string;
}

const DAY = 86_400_000;

/** @example dueOf(record, registry.getMember('XX'), now) // undefined while the period runs, or where none is stated */
export function dueOf({ envelope }: FoldInput, { retention = [] }: MemberEntry, now: Date): Due | undefined {
  const { body, at } = envelope;
  const { dossier, section, version } = body as { dossier: string; section: string; version: number };
  const period = retention.find((one) => one.section === section);
  if (period === undefined) return undefined;
  const end = Date.parse(at) + period.days * DAY;
  if (end > now.getTime()) return undefined;
  const { days, legalBasis } = period;
  return { dossier, section, version, at, since: new Date(end).toISOString(), days, legalBasis };
}
