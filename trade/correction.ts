import { DUE_DAYS } from './lists.ts';
import { readRecords } from './reading.ts';
import type { CorrectionAnswerBody, CorrectionBody } from './record.ts';
import type { FoldContext, FoldInput, Waiting } from './state.ts';

/** Somebody says that an answer about a member's rules is wrong; the authority that answers for them replies, with a clock. */

const DAY_MS = 86_400_000;

export interface CorrectionAnswer extends CorrectionAnswerBody {
  readonly commitment: string;
  readonly authority: string;
  readonly at: string;
}

export interface CorrectionState {
  readonly body: CorrectionBody;
  readonly commitment: string;
  /** The member at whose node it was said. */
  readonly reported: string;
  readonly at: string;
  /** In the order of the answering member's log; the last one counts. */
  readonly answers: readonly CorrectionAnswer[];
}

/** @example dueAt({ at: '2026-11-24T00:00:00Z' }) // '2026-12-24T00:00:00.000Z' */
export const dueAt = ({ at }: Pick<CorrectionState, 'at'>): string =>
  new Date(Date.parse(at) + DUE_DAYS * DAY_MS).toISOString();

/** `changed`: a new version says it otherwise. `kept`: the rules are right. */
export type CorrectionStanding = 'open' | 'overdue' | 'changed' | 'kept';

/** @param now an instant; the moment at which it is due is not yet overdue */
export function standingOf(state: CorrectionState, now: string): CorrectionStanding {
  const last = state.answers.at(-1);
  if (last !== undefined) return last.outcome;
  return Date.parse(now) > Date.parse(dueAt(state)) ? 'overdue' : 'open';
}

/** What was said under one name at one member's node: the first counts. Answers are the concerned member's alone. */
export function foldCorrection(
  records: readonly FoldInput[],
  context: FoldContext,
): { readonly state: CorrectionState | undefined; readonly waiting: readonly Waiting[] } {
  const reading = readRecords(records, context);
  const [first] = reading.inLogOrder('correction');
  const waiting = reading.waiting();
  if (first === undefined) return { state: undefined, waiting };
  const answers = reading
    .inLogOrder('correction-answer')
    .filter(({ member, after }) => member === first.body.about && after.includes(first.commitment))
    .map(({ body, commitment, authority, at }) => ({ ...body, commitment, authority: authority ?? '', at }));
  return {
    state: { body: first.body, commitment: first.commitment, reported: first.member, at: first.at, answers },
    waiting,
  };
}
