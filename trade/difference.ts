/** What two versions of one thing say differently, field by field: a pure comparison of plain JSON. */

export interface Change {
  /** Names on the way to the field; an element of a list by its own name, not by its place. @example ['items', '2', 'netMass'] */
  readonly place: readonly string[];
  /** Null where the field was not there. */
  readonly before: string | null;
  /** Null where the field is gone. */
  readonly after: string | null;
}

type Json = Readonly<Record<string, unknown>>;

/** By what an element of each list is the same one in both versions. Lists that are not named here go by place. */
const NAMED_BY: ReadonlyMap<string, readonly string[]> = new Map([
  ['items', ['number']],
  ['values', ['item']],
  ['documents', ['code', 'number']],
  ['equipment', ['kind', 'identification']],
  ['registrations', ['kind', 'number']],
  ['packages', ['code']],
  ['drivers', ['name']],
]);

function nameOf(list: string, element: unknown, i: number, taken: ReadonlySet<string>): string {
  const by = NAMED_BY.get(list);
  if (by === undefined || typeof element !== 'object' || element === null) return String(i + 1);
  const name = by.map((key) => String((element as Json)[key] ?? '')).join(' ');
  // Two of one name in one list: the second by its place as well.
  return taken.has(name) ? `${name} (${i + 1})` : name;
}

function leaves(value: unknown, place: readonly string[], found: Map<string, string>): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object') {
    found.set(JSON.stringify(place), String(value));
    return;
  }
  if (!Array.isArray(value)) {
    for (const [name, inner] of Object.entries(value)) leaves(inner, [...place, name], found);
    return;
  }
  // Seals and posts: words in their order are one field.
  if (value.every((one) => typeof one !== 'object')) {
    if (value.length > 0) found.set(JSON.stringify(place), value.join(', '));
    return;
  }
  const taken = new Set<string>();
  for (const [i, element] of value.entries()) {
    const name = nameOf(place.at(-1) ?? '', element, i, taken);
    taken.add(name);
    leaves(element, [...place, name], found);
  }
}

/**
 * The fields that differ, in the order of the newer version, those that are gone at the end. Nothing for equal values.
 *
 * @example differences({ grossMass: '10' }, { grossMass: '12' }) // [{ place: ['grossMass'], before: '10', after: '12' }]
 */
export function differences(before: unknown, after: unknown): Change[] {
  const old = new Map<string, string>();
  const now = new Map<string, string>();
  leaves(before, [], old);
  leaves(after, [], now);
  const keys = new Set([...now.keys(), ...old.keys()]);
  return [...keys]
    .filter((key) => old.get(key) !== now.get(key))
    .map((key) => ({ place: JSON.parse(key), before: old.get(key) ?? null, after: now.get(key) ?? null }));
}
