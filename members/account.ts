import { z } from 'zod';
import { Refusal } from '../values/refusal.ts';
import { Country, Identifier, text } from '../values/schema.ts';

/** A person or program that signed in, as its own member knows it: for an operator or for an authority, never both. */
export interface Caller {
  readonly member: string;
  /** Of the identity provider. */
  readonly subject: string;
  readonly name: string;
  readonly operator?: string;
  readonly authority?: string;
  /** Came by a driver's link: without an account, for one movement of one operator and nothing else. */
  readonly driver?: { readonly link: string; readonly movement: string; readonly operator: string };
}

const Account = z.union([
  z.strictObject({ subject: z.string().min(1).max(200), name: text(200), operator: Identifier }),
  z.strictObject({ subject: z.string().min(1).max(200), name: text(200), authority: Identifier }),
]);

export const Operator = z.strictObject({
  id: Identifier,
  name: text(200),
  identifier: text(60).optional(),
  /** Programmes in which this operator is a trusted trader. */
  programmes: z
    .array(z.strictObject({ programme: text(120), number: text(60) }))
    .max(20)
    .default([]),
});
export type Operator = z.infer<typeof Operator>;

export const AccountsFile = z.strictObject({
  member: Country,
  operators: z.array(Operator).max(100_000),
  accounts: z.array(Account).max(100_000),
});
export type AccountsFile = z.infer<typeof AccountsFile>;

export interface Accounts {
  readonly operators: readonly Operator[];
  /** The caller of a subject; undefined where the member knows no such account. */
  find(subject: string): Caller | undefined;
}

/**
 * @throws Refusal 500 `accounts-invalid` with what is wrong in the file
 */
export function openAccounts(value: unknown): Accounts {
  const parsed = AccountsFile.safeParse(value);
  if (!parsed.success) {
    throw new Refusal(
      500,
      'accounts-invalid',
      `The accounts file is wrong: ${parsed.error.issues[0]?.path.join('/')} ${parsed.error.issues[0]?.message}`,
    );
  }
  const { member, operators, accounts } = parsed.data;
  const prefix = `${member.toLowerCase()}.`;
  const known = new Set(operators.map(({ id }) => id));
  for (const account of accounts) {
    const id = 'operator' in account ? account.operator : account.authority;
    if (!id.startsWith(prefix))
      throw new Refusal(
        500,
        'accounts-invalid',
        `The account ${account.subject} acts for ${id}, which is not of ${member}.`,
      );
    if ('operator' in account && !known.has(id))
      throw new Refusal(500, 'accounts-invalid', `The account ${account.subject} names an unknown operator ${id}.`);
  }
  const bySubject = new Map<string, Caller>(accounts.map((account) => [account.subject, { member, ...account }]));
  return { operators, find: (subject) => bySubject.get(subject) };
}
