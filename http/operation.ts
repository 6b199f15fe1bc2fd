import { membersContract } from '../members/contract.ts';
import { tradeContract } from '../trade/contract.ts';

/** The operations of the contracts by address and method. */

interface Operation {
  readonly method: string;
  /** Below `/api`, e.g. '/dossiers/{dossier}/decisions'. */
  readonly template: string;
  readonly pattern: RegExp;
}

const OPERATIONS: readonly Operation[] = [...Object.values(tradeContract), ...Object.values(membersContract)]
  .map((contract) => contract['~orpc'].route)
  .map(({ method = 'POST', path = '' }) => ({
    method,
    template: path,
    pattern: new RegExp(`^${path.replaceAll(/\{[a-z]+\}/g, '[^/]+')}/?$`),
  }))
  // Where a fixed and a variable address both fit, the fixed one is meant.
  .sort((a, b) => parametersOf(a.template).length - parametersOf(b.template).length);

/** The operations at an address below `/api`, e.g. '/dossiers'; empty where there is none. */
export function operationsAt(path: string): readonly Pick<Operation, 'method' | 'template'>[] {
  return OPERATIONS.filter(({ pattern }) => pattern.test(path));
}

/** What anyone may ask without an account: public rules, nothing of a dossier. */
const OPEN: ReadonlySet<string> = new Set([
  'GET /corrections/{correction}',
  'GET /goods',
  'GET /goods/{code}',
  'GET /packs',
  'GET /packs/changes',
  'GET /packs/changes.atom',
  'GET /packs/{member}',
  'GET /packs/{member}/{version}/{table}',
  'GET /requirements',
  'POST /corrections',
  'POST /requirements',
]);
export const isOpen = ({ method, template }: Pick<Operation, 'method' | 'template'>): boolean =>
  OPEN.has(`${method} ${template}`);

/** Names of what stands in an address, e.g. ['dossier']. */
export function parametersOf(template: string): string[] {
  return [...template.matchAll(/\{([a-z]+)\}/g)].map(([, name = '']) => name);
}
