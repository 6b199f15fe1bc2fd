/**
 * A refusal is an answer, not an accident: the request was understood and is declined for a reason
 * that the caller can act on. Everything else that is thrown is a bug or an outage.
 *
 * `code` is stable and kebab-case: programs and translations depend on it. `params` fill the
 * translated text. `findings` say where in the input, one by one.
 */
export interface Finding {
  /** JSON Pointer (RFC 6901) into the input, e.g. `/goods/items/0/hs`. */
  readonly path: string;
  readonly code: string;
  /** What was wrong and what to do, in plain English. */
  readonly message: string;
  readonly params?: Readonly<Record<string, string | number>>;
  /** One-based row and column of a table that was read (CSV), the header being row 1. */
  readonly row?: number;
  readonly column?: number;
}

export interface RefusalDetails {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly findings?: readonly Finding[];
  /** What the caller can do about it, in plain English. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/**
 * @example
 * throw new Refusal(409, 'manifest-exists', 'Version 2 of this dossier is already filed.', { params: { version: 2 } });
 */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly findings: readonly Finding[];
  readonly remedy: string | undefined;

  constructor(status: number, code: string, message: string, details: RefusalDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.params = details.params ?? {};
    this.findings = details.findings ?? [];
    this.remedy = details.remedy;
  }
}
