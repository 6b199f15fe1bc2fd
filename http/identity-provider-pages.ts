import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { DemoAccount } from './identity-provider.ts';

/** The pages of the demonstration's identity provider. A member's own has its own. */

const STYLE = `:root{color-scheme:light dark;--ink:#14232b;--paper:#f6f5f1;--card:#fff;--line:#8a979e;--accent:#0b5563;--quiet:#47565e}
@media (prefers-color-scheme:dark){:root{--ink:#e8eef0;--paper:#10181c;--card:#19242a;--line:#6d7c84;--accent:#8bd3e0;--quiet:#b0bdc4}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 "Noto Sans",system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:1.5rem 1rem 3rem}h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0}h2{font-size:1.1rem;margin:1.75rem 0 .5rem}
.notice{border-inline-start:.35rem solid var(--accent);padding:.25rem 0 .25rem .9rem;color:var(--quiet)}
ul{list-style:none;padding:0;margin:0;display:grid;gap:.5rem;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr))}
button{width:100%;height:100%;min-height:3.25rem;text-align:start;font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.3rem;padding:.6rem .8rem;cursor:pointer}
button:hover{border-color:var(--accent)}button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}small{display:block;color:var(--quiet)}`;

/** @param address of the node to which a form leads back */
export const PAGE_HEADERS = (address: string | undefined): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${SUBMIT_HASH}'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'${address === undefined ? '' : ` ${address}`}`,
});

/** What the sign-out page runs, and its SHA-256: nothing else may. */
const SUBMIT = "document.querySelector('button').click()";
const SUBMIT_HASH = createHash('sha256').update(SUBMIT).digest('base64');

const layout = (title: string, body: unknown, language = 'en') =>
  String(html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${raw(STYLE)}</style></head>
<body><main>${body}</main></body></html>`);

const TITLES = {
  zh: '登录（演示）',
  kk: 'Кіру (демо)',
  ky: 'Кирүү (демо)',
  tg: 'Воридшавӣ (демо)',
  tk: 'Girmek (demo)',
  uz: 'Kirish (demo)',
  ru: 'Вход (демонстрация)',
  en: 'Sign in (demonstration)',
} as const;

const CHOOSE = {
  zh: '本演示不要求密码：请选择您的身份。所有人物和企业均为虚构。',
  kk: 'Демо құпиясөз сұрамайды: кім болып кіретініңізді таңдаңыз. Барлық тұлғалар мен кәсіпорындар ойдан шығарылған.',
  ky: 'Демо сырсөз сурабайт: ким катары киресиз, тандаңыз. Бардык адамдар жана ишканалар ойдон чыгарылган.',
  tg: 'Намоиш рамз намепурсад: интихоб кунед, ки ҳамчун кӣ ворид мешавед. Ҳамаи шахсону корхонаҳо сохта мебошанд.',
  tk: 'Demo açar söz soramaýar: kim hökmünde girýändigiňizi saýlaň. Ähli adamlar we kärhanalar oýlanyp tapylan.',
  uz: 'Demo parol so‘ramaydi: kim sifatida kirishingizni tanlang. Barcha shaxslar va korxonalar to‘qib chiqarilgan.',
  ru: 'Демонстрация не спрашивает пароля: выберите, кем вы входите. Все лица и предприятия вымышлены.',
  en: 'A demonstration asks for no password: choose who you are. All persons and firms are made up.',
} as const;

/** @param interaction undefined where none is under way */
export function accountsPage(
  accounts: readonly DemoAccount[],
  interaction: { readonly uid: string; readonly language: string | undefined } | undefined,
): string {
  const language =
    (Object.keys(TITLES) as (keyof typeof TITLES)[]).find((one) => one === interaction?.language) ?? 'en';
  if (interaction === undefined)
    return layout(
      TITLES.en,
      html`<h1>${TITLES.en}</h1><p class="notice">No sign-in is under way here. Go back to the node and begin again.</p>`,
    );
  const button = ({ subject, name, operator, authority }: DemoAccount) =>
    html`<li><button name="account" value="${subject}">${name}<small>${operator ?? authority}</small></button></li>`;
  return layout(
    TITLES[language],
    html`<h1>${TITLES[language]}</h1><p class="notice">${CHOOSE[language]}</p>
<form method="post" action="/interaction/${interaction.uid}">
<h2>Operators</h2><ul>${accounts.filter(({ operator }) => operator !== undefined).map(button)}</ul>
<h2>Authorities</h2><ul>${accounts.filter(({ authority }) => authority !== undefined).map(button)}</ul>
</form>`,
    language,
  );
}

/** @param form of the provider, which the page sends on its own, or a person where no script runs */
export function signOutPage(form: string): string {
  return layout(
    'Sign out',
    html`<h1>Signing out</h1><p>${raw(form)}</p><button form="op.logoutForm" name="logout" value="yes">Sign out</button><script>${raw(SUBMIT)}</script>`,
  );
}
