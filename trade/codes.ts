/**
 * Code lists, as far as they are needed here. Each names its source; a list that is not whole says so.
 */

/**
 * UN/CEFACT Recommendation 21 (Annexes V and VI, revision 12), all codes of packages and packaging materials; SX, marked for
 * deletion there, included.
 * Source: github.com/uncefact/vocab-codes, CLR/Rec21/current/code-list.csv at commit 9db5053. Read 2026-11-23.
 */
const PACKAGE_CODES: ReadonlySet<string> = new Set(
  '1A 1B 1D 1F 1G 1W 2C 3A 3H 43 44 4A 4B 4C 4D 4F 4G 4H 5H 5L 5M 6H 6P 7A 7B 8A 8B 8C AA AB AC AD AE AF AG AH AI AJ AL AM AP AT AV B4 BA BB BC BD BE BF BG BH BI BJ BK BL BM BN BO BP BQ BR BS BT BU BV BW BX BY BZ CA CB CC CD CE CF CG CH CI CJ CK CL CM CN CO CP CQ CR CS CT CU CV CW CX CY CZ DA DB DC DG DH DI DJ DK DL DM DN DP DR DS DT DU DV DW DX DY EC ED EE EF EG EH EI EN FB FC FD FE FI FL FO FP FR FT FW FX GB GI GL GR GU GY GZ HA HB HC HG HN HR IA IB IC ID IE IF IG IH IK IL IN IZ JB JC JG JR JT JY KG KI LE LG LT LU LV LZ MA MB MC ME MR MS MT MW MX NA NE NF NG NS NT NU NV OA OB OC OD OE OF OK OT OU OG OH OI OJ OL OM ON OP OQ OR OS OV OW OX OY OZ O1 O2 O3 O4 O5 O6 O7 O8 O9 P1 P3 P4 P2 PA PB PC PD PE PF PG PH PI PJ PK PL PN PO PP PR PT PU PV PX PY PZ QA QB QC QD QF QG QH QJ QK QL QM QN QP QQ QR QS RD RG RJ RK RL RO RT RZ SA SB SC SD SE SH SI SK SL SM SO SP SS ST SU SV SW SX SY SZ T1 TB TC TD TE TG TI TK TL TN TO TR TS TT TU TV TW TY TZ UC UN VA VG VI VK VL VO VP VQ VN VR VS VY WA WB WC WD WF WG WH WJ WK WL WM WN WP WQ WR WS WT WU WV WW WX WY WZ XA XB XC XD XF XG XH XJ XK YA YB YC YD YF YG YH YJ YK YL YM YN YP YQ YR YS YT YV YW YX YY YZ ZA ZB ZC ZD ZF ZG ZH ZJ ZK ZL ZM ZN ZP ZQ ZR ZS ZT ZU ZV ZW ZX ZY ZZ'.split(
    ' ',
  ),
);

export function isPackageCode(code: string): boolean {
  return PACKAGE_CODES.has(code);
}

/** English names of the package types in common use in the region's trade; others are shown by their code. */
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
 * Currencies of ISO 4217 in which goods can be paid: without funds codes, metals and test codes; ANG and BGN, withdrawn in 2025
 * and 2026, still stand in contracts.
 * Compiled from the standard's list as known here; held against the runtime's own list by a test. To be read again from its
 * maintenance agency (six-group.com).
 */
const CURRENCIES: ReadonlySet<string> = new Set(
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG'.split(
    ' ',
  ),
);

export function isCurrencyCode(code: string): boolean {
  return CURRENCIES.has(code);
}

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
