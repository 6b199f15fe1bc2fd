/**
 * Whether goods spoil on the way. A rule of this project, for the order of a desk's list and nothing else:
 *
 * - a temperature to be kept is declared; or
 * - meat, fish, milk and its products, eggs, ice cream, which the Agreement on the International Carriage of Perishable Foodstuffs
 *   (ATP, UNECE, annexes 2 and 3) has carried cooled; or
 * - live animals, live plants and cut flowers, fresh vegetables and fruit, which the ATP does not list.
 *
 * Dried vegetables, pulses, nuts, dried fruit and honey keep; of prepared meat and fish (chapter 16) most is tinned, and counts only with a
 * temperature.
 */
const SPOILS = ['01', '02', '03', '04', '06', '07', '08', '2105'] as const;
const KEEPS = ['0305', '0402', '0409', '0410', '0712', '0713', '0801', '0802', '080620', '0813', '0814'] as const;

/**
 * @param codes HS codes of the items
 * @example isPerishable(['080929'], false) // true: fresh cherries
 */
export function isPerishable(codes: readonly string[], hasTemperature: boolean): boolean {
  return (
    hasTemperature ||
    codes.some((hs) => SPOILS.some((one) => hs.startsWith(one)) && !KEEPS.some((one) => hs.startsWith(one)))
  );
}
