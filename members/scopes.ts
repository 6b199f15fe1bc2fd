/** What one operator may let another do for it. */
export const SCOPES = [
  'file',
  'amend',
  'withdraw',
  'answer',
  'appeal',
  'declare-movement',
  'report-events',
  'read',
] as const;
export type Scope = (typeof SCOPES)[number];
