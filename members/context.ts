import type { Ledger } from '../ledger/ledger.ts';
import type { TileSource } from '../ledger/tiles.ts';
import type { LogCrypto } from '../log/crypto.ts';
import type { DocumentSigner } from '../log/detached-signature.ts';
import type { Sql } from '../storage/connection.ts';
import type { Caller } from './account.ts';
import type { Delegation } from './delegation.ts';
import type { Registry } from './registry.ts';

/** What every node-wide act is given; nothing is looked up in globals. */
export interface NodeContext {
  readonly member: string;
  readonly origin: string;
  /** True for a demonstration's origin: certificates and pages say so. */
  readonly demo: boolean;
  readonly registry: Registry;
  readonly ledger: Ledger;
  readonly tiles: TileSource;
  readonly sql: Sql;
  readonly crypto: LogCrypto;
  readonly clock: () => Date;
  readonly random: (length: number) => Uint8Array;
  /** @throws Refusal 500 `document-key-missing` */
  documentSigner(authority: string): DocumentSigner;
}

/** What a handler is given: the node, who asks, and under which key a repeat would be recognised. */
export interface RequestContext extends NodeContext {
  readonly caller: Caller;
  /** What others have authorised the caller's operator to do. */
  readonly delegations: readonly Delegation[];
  readonly idempotencyKey?: string | undefined;
  readonly requestId: string;
  /**
   * For lists and searches, on which nothing is decided: from a standby where there is one that has caught up, else from the primary.
   * What is given may run twice.
   */
  reading<T>(read: (sql: Sql) => Promise<T>): Promise<T>;
  /** For the node's log: an unexpected error that the answer only names, because the rest of the request went on. */
  reportFault(act: string, error: unknown): void;
}
