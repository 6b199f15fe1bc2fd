import type { Question } from '../trade/measures/question.ts';

/** Packs of any size, made up and marked so: eight-digit codes with sixteen measures each, like a tariff with its papers. */

export const BENCH_MEMBERS = ['CN', 'KG', 'KZ', 'TJ', 'TM', 'UZ'] as const;

const CITED = 'made-up,row of a bench,2026-11-24,demonstration,Made up.,Придумано.';
const A_CODE = 16;
const CHAPTERS = 76;

/** The code of a number, so that all chapters fill alike. */
export const codeOf = (n: number): string =>
  `${String(1 + (n % CHAPTERS)).padStart(2, '0')}${String(Math.floor(n / CHAPTERS)).padStart(6, '0')}`;

/** How many codes a pack of so many measures names. */
export const codesOf = (measures: number): number => Math.max(1, Math.floor(measures / A_CODE));

/** The tables of one member's pack. @param count of measures */
export function syntheticPack(member: string, count: number): Map<string, string> {
  const codes = ['code,from,to,source,place,read,confidence,en,ru'];
  const rows = [
    'measure,type,series,direction,goods,except,area,exclude,when,rate,base,requires,quota,from,to,source,place,read,confidence,en,ru',
    `vat,vat,,import,*,,*,,,12%,value + duty + excise,,,2024-01-01,,${CITED}`,
    `excise,excise,,import,*,,*,,,free,,,,2024-01-01,,${CITED}`,
    `fee,fee,,import,*,,*,,,100 USD,,,,2024-01-01,,${CITED}`,
    `export-duty,duty,,export,*,,*,,,free,,,,2024-01-01,,${CITED}`,
    `transit-fee,fee,,transit,*,,*,,,50 USD,,,,2024-01-01,,${CITED}`,
  ];
  for (let n = 0, c = 0; n < count; c++) {
    const code = codeOf(c);
    codes.push(`${code},2024-01-01,,${CITED}`);
    for (let k = 0; k < A_CODE && n < count; k++, n++) {
      const percent = `${(n * 7) % 30}%`;
      const rate = k % 2 === 0 ? percent : `"max(${percent}, 0.3 USD/kg)"`;
      const area = BENCH_MEMBERS[k % BENCH_MEMBERS.length];
      if (k < 4) rows.push(`m-${n},duty,,import,${code},,*,,,${rate},,,,${2023 + k}-01-01,${2023 + k}-12-31,${CITED}`);
      else if (k < 8)
        rows.push(
          `m-${n},preference,preference-${k},import,${code},,${area},,,free,,document origin-certificate + direct-transport,,2024-01-01,,${CITED}`,
        );
      else if (k < 11)
        rows.push(
          `m-${n},phytosanitary,control-${k},import,${code},,${k === 8 ? '*' : area},,,,,document permit | mass<=50 kg,,2024-01-01,,${CITED}`,
        );
      else if (k < 13)
        rows.push(`m-${n},licence,control-${k},export,${code},,*,,,,,document permit,,2024-01-01,,${CITED}`);
      else if (k < 15)
        rows.push(`m-${n},document,control-${k},transit,${code},,*,,,,,document permit,,2024-01-01,,${CITED}`);
      else rows.push(`m-${n},additional,anti-dumping,import,${code},,TJ,,,5%,,,,2024-01-01,,${CITED}`);
    }
  }
  const documents = ['origin-certificate', 'permit'].map((one) => `${one},,Somebody,unknown,P3D,P1Y,paper,,${CITED}`);
  return new Map([
    ['pack.csv', `member,version,published,currency\n${member},1,2026-01-01,USD\n`],
    [
      'sources.csv',
      'source,title,publisher,edition,address\nmade-up,Made up,Bench,2026-01-01,https://example.org/made-up\n',
    ],
    [
      'documents.csv',
      `document,code,issuer,where,takes,valid,form,needs,source,place,read,confidence,en,ru\n${documents.join('\n')}\n`,
    ],
    ['codes.csv', `${codes.join('\n')}\n`],
    ['measures.csv', `${rows.join('\n')}\n`],
  ]);
}

/** A whole way over three members; another code for each number. @param measures of each pack */
export function questionOf(i: number, measures: number): Question {
  return {
    items: [{ number: 1, hs: codeOf((i * 7919) % codesOf(measures)), origin: 'UZ', mass: '20000', value: '40000' }],
    from: 'UZ',
    to: 'CN',
    posts: [
      { post: 'uz-yallama', member: 'UZ' },
      { post: 'kz-konysbayeva', member: 'KZ' },
      { post: 'kz-nur-zholy', member: 'KZ' },
      { post: 'cn-khorgos', member: 'CN' },
    ],
    on: '2026-06-01',
    mode: 'road',
    currency: 'USD',
    incoterm: 'DAP',
    papers: ['permit'],
    direct: true,
  };
}
