/**
 * Code lists, as far as they are needed here. Each names its source; a list that is not whole says so.
 */

/**
 * UN/CEFACT Recommendation 21 package types in common use in the region's trade; not the whole list, so a
 * code of the right form that is missing here is accepted.
 * Source: UN/CEFACT Recommendation 21, codes of packages and packaging materials. Read 2026-11-23.
 */
export const PACKAGE_NAMES: Readonly<Record<string, string>> = {
  BA: 'barrel',
  BE: 'bundle',
  BG: 'bag',
  BL: 'bale, compressed',
  BX: 'box',
  CR: 'crate',
  CS: 'case',
  CT: 'carton',
  DR: 'drum',
  JC: 'jerrican, rectangular',
  PA: 'packet',
  PK: 'package',
  PX: 'pallet',
  RO: 'roll',
  SA: 'sack',
  VL: 'bulk, liquid',
  VO: 'bulk, solid, large particles',
};

/**
 * UN/EDIFACT 1001 document names that journeys and requirements use; not the whole list.
 * Source: UN/EDIFACT directory D.13A, data element 1001, service.unece.org. Read 2026-11-23.
 */
export const DOCUMENT_NAMES: Readonly<Record<string, string>> = {
  '1': 'certificate of analysis',
  '2': 'certificate of conformity',
  '3': 'certificate of quality',
  '271': 'packing list',
  '380': 'commercial invoice',
  '720': 'rail consignment note',
  '730': 'road consignment note',
  '851': 'phytosanitary certificate',
  '853': 'veterinary certificate',
  '861': 'certificate of origin',
  '952': 'TIR carnet',
};

/** Chapters of the Harmonized System 2022: 01 to 97, 77 kept free for future use. */
export function isHsChapter(chapter: string): boolean {
  const number = Number(chapter);
  return Number.isInteger(number) && number >= 1 && number <= 97 && number !== 77;
}

/** ISO 6346 check digit of a container number of the form AAAU1234567. */
export function isContainerNumber(text: string): boolean {
  if (!/^[A-Z]{3}[UJZ]\d{7}$/.test(text)) return false;
  let total = 0;
  for (let i = 0; i < 10; i++) {
    const character = text.charAt(i);
    let value = Number(character);
    if (Number.isNaN(value)) {
      value = character.charCodeAt(0) - 55;
      // Multiples of 11 are left out of the standard's letter values.
      value += Math.floor((value - 1) / 10);
    }
    total += value * 2 ** i;
  }
  return (total % 11) % 10 === Number(text.charAt(10));
}
