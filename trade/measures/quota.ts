import { Decimal, ZERO } from './decimal.ts';
import type { Quota } from './measure.ts';

/** The balance of a quota is what its events make of it, in whatever order they arrive. */

export type QuotaEvent =
  /** A draw on the quota, in its unit; `returned` gives back what was drawn and not used. */
  | { readonly event: string; readonly kind: 'drawn' | 'returned'; readonly on: string; readonly amount: string }
  /** The authority blocks the quota from a day on, or opens it again. */
  | { readonly event: string; readonly kind: 'blocked' | 'unblocked'; readonly on: string };

export interface QuotaBalance {
  readonly state: 'open' | 'critical' | 'exhausted' | 'blocked' | 'not-in-period';
  readonly left: Decimal;
}

/**
 * The balance at the end of a day. Events of the same id count once; events after the day do not count; a balance never falls
 * below nothing.
 *
 * @param events undefined where nobody told them; none at all is a quota that nobody drew on
 * @returns undefined where the balance is not known
 * @example quotaBalance(quota, [{ event: 'e1', kind: 'drawn', on: '2026-02-01', amount: '900' }], '2026-02-01')?.state // 'critical'
 */
export function quotaBalance(
  quota: Quota,
  events: Iterable<QuotaEvent> | undefined,
  day: string,
): QuotaBalance | undefined {
  const volume = new Decimal(quota.volume);
  const inside = quota.from <= day && (quota.to === undefined || day <= quota.to);
  if (!inside) return { state: 'not-in-period', left: ZERO };
  if (events === undefined) return undefined;
  const counted = new Map<string, QuotaEvent>();
  for (const event of events) if (event.on <= day && event.on >= quota.from) counted.set(event.event, event);
  let left = volume;
  let blocked: QuotaEvent | undefined;
  for (const one of counted.values())
    if (one.kind === 'drawn') left = left.minus(one.amount);
    else if (one.kind === 'returned') left = left.plus(one.amount);
    // Of one day, the later id holds: ids are made in order.
    else if (blocked === undefined || one.on > blocked.on || (one.on === blocked.on && one.event > blocked.event))
      blocked = one;
  left = Decimal.max(ZERO, Decimal.min(left, volume));
  if (blocked?.kind === 'blocked') return { state: 'blocked', left };
  if (left.isZero()) return { state: 'exhausted', left };
  const critical = quota.critical !== undefined && left.lessThanOrEqualTo(volume.times(quota.critical).div(100));
  return { state: critical ? 'critical' : 'open', left };
}
