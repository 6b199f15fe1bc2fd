import type { NodeContext } from '../members/context.ts';
import type { DostykNode } from '../platform.ts';

/** What this folder asks of a node, and no more. */
export interface HttpNode
  extends Pick<
    DostykNode,
    | 'routers'
    | 'requestContext'
    | 'changesFeed'
    | 'packTable'
    | 'putAttachment'
    | 'getAttachment'
    | 'servePeerAttachment'
    | 'statusList'
    | 'sessions'
    | 'driver'
    | 'changes'
    | 'accounts'
    | 'awaitedErasures'
    | 'databaseOk'
    | 'databaseConnections'
  > {
  readonly context: Pick<NodeContext, 'member' | 'demo' | 'registry' | 'clock'> & {
    readonly ledger: Pick<
      NodeContext['ledger'],
      'published' | 'final' | 'queued' | 'cosignedNote' | 'cosigned' | 'cosignedBy'
    >;
    readonly tiles: Pick<NodeContext['tiles'], 'serve'>;
  };
  readonly lists: Pick<DostykNode['lists'], 'reads'>;
  readonly federation: Pick<
    DostykNode['federation'],
    'status' | 'authenticate' | 'serveRecords' | 'serveHeld' | 'servePassed' | 'mirrored' | 'serveMirror'
  > & {
    readonly forks: Pick<DostykNode['federation']['forks'], 'all' | 'offer'>;
    readonly witness: Pick<DostykNode['federation']['witness'], 'addCheckpoint' | 'held'>;
  };
}
