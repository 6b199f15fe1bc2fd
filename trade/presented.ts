import { Decimal } from 'decimal.js';
import type { ComparedField } from './desk-contract.ts';
import type { GoodsSection } from './section.ts';
import type { MovementEventState, MovementState } from './state.ts';

/** What was declared beside what an officer noted at a post. It says *differs*, and nothing of why. */

export type PresentedNote = NonNullable<MovementEventState['body']['presented']>;

/** The last that was noted at a post. */
export function notedAt(
  state: MovementState,
  post: string,
): { readonly at: string; readonly note: PresentedNote } | undefined {
  const found = state.events.findLast(({ body }) => body.post === post && body.presented !== undefined);
  return found?.body.presented === undefined ? undefined : { at: found.body.occurredAt, note: found.body.presented };
}

/** Spaces and hyphens in plates, trailers and seals are a matter of writing. */
const plain = (word: string): string => word.replace(/[\s-]/g, '').toUpperCase();

function compareWords(declared: readonly string[], presented: readonly string[] | undefined): ComparedField['result'] {
  if (presented === undefined) return 'not-noted';
  const one = new Set(declared.map(plain));
  const other = new Set(presented.map(plain));
  return one.size === other.size && [...one].every((word) => other.has(word)) ? 'equal' : 'differs';
}

/** Of what the movement carries of it: the packages named there, or the whole consignment's. */
export interface DeclaredConsignment {
  readonly dossier: string;
  /** Null where the goods are closed for this reader or not here. */
  readonly goods: Pick<GoodsSection, 'items' | 'grossMass'> | null;
}

/**
 * Field by field, in a fixed order. A part consignment declares no mass of its own: `not-declared`.
 *
 * @example compareDeclared(state, consignments, note).filter(({ result }) => result === 'differs')
 */
export function compareDeclared(
  state: MovementState,
  consignments: readonly DeclaredConsignment[],
  note: PresentedNote | undefined,
): ComparedField[] {
  const { current } = state;
  if (current === null) return [];
  const words = (
    field: ComparedField['field'],
    declared: readonly string[],
    presented: readonly string[] | undefined,
  ) => ({
    field,
    dossier: null,
    declared: [...declared],
    presented: presented === undefined ? null : [...presented],
    result: compareWords(declared, presented),
  });
  const trailers = new Set([
    ...current.trailers,
    ...current.equipment.filter(({ kind }) => kind === 'trailer').map(({ identification }) => identification),
  ]);
  const fields: ComparedField[] = [
    words('means', [current.means.identification], note?.means === undefined ? undefined : [note.means]),
    words('trailers', [...trailers], note?.trailers),
    words('seals', state.seals, note?.seals),
  ];
  for (const { dossier, goods } of consignments) {
    const carried = current.consignments.find((one) => one.dossier === dossier);
    const noted = note?.consignments?.find((one) => one.dossier === dossier);
    const count =
      carried?.packages ??
      goods?.items.flatMap(({ packages }) => packages).reduce((sum, one) => sum + one.count, 0) ??
      null;
    const mass = carried?.packages === undefined ? (goods?.grossMass ?? null) : null;
    const number = (
      field: ComparedField['field'],
      declared: string | null,
      presented: string | undefined,
    ): ComparedField => ({
      field,
      dossier,
      declared: declared === null ? [] : [declared],
      presented: presented === undefined ? null : [presented],
      result:
        declared === null
          ? 'not-declared'
          : presented === undefined
            ? 'not-noted'
            : new Decimal(declared).equals(presented)
              ? 'equal'
              : 'differs',
    });
    fields.push(
      number('packages', count === null ? null : String(count), noted?.packages?.toString()),
      number('grossMass', mass, noted?.grossMass),
    );
  }
  return fields;
}
