import { call, ORPCError } from '@orpc/server';
import { html } from 'hono/html';
import type { RequestContext } from '../members/context.ts';
import { LANGUAGES } from '../members/registry.ts';
import type { DossierSummary, DossierView, TimelineEntry } from '../trade/contract.ts';
import { Refusal } from '../values/refusal.ts';
import type { HttpNode } from './node.ts';

/**
 * The plain page of a node: members, log heads with cosignatures and, in a demonstration only, dossiers with timelines. Rendered on
 * the server, no script; every value is escaped by `html`.
 */

export const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

type Html = ReturnType<typeof html>;

const STATE_MARKS: Readonly<Record<string, string>> = {
  expected: '○',
  arrived: '◐',
  held: '■',
  queried: '?',
  answered: '◑',
  inspecting: '◎',
  released: '●',
  refused: '×',
  conflicting: '!',
  passed: '›',
};

async function layout(node: HttpNode, title: string, body: Html | Promise<Html>): Promise<Html> {
  const { registry, member, demo } = node.context;
  const name = registry.getMember(member).name;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Dostyk</title>
<link rel="stylesheet" href="/page.css">
</head>
<body>
<header>
<p class="brand"><a href="/">Dostyk</a> <span>node of ${name.en}</span></p>
<p class="local">${LANGUAGES.filter((language) => language !== 'en').map((language, i) => html`${i === 0 ? '' : ' · '}<span lang="${language}">${name[language]}</span>`)}</p>
</header>
${demo ? html`<aside class="notice" aria-label="Demonstration"><strong>Demonstration.</strong> No document shown here is official. Accounts, goods and decisions are made up; places, posts and goods codes are real.</aside>` : ''}
<main>
${await body}
</main>
<footer>
<p>As of ${time(node.context.clock().toISOString())}; reload for the present state.</p>
<p>Independent open-source software. Not affiliated with, or endorsed by, any state or body. Names of members and posts imply no opinion on any territory’s status.</p>
<p><a href="/openapi.json">API</a> · <a href="/members">Members as data</a> · <a href="/log/checkpoint">Checkpoint</a> · <a href="/health">Health</a></p>
</footer>
</body>
</html>`;
}

function since(iso: string, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - Date.parse(iso)) / 60_000));
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}

const time = (iso: string): Html => html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;

function status(state: string): Html {
  return html`<span class="status ${state}"><span aria-hidden="true">${STATE_MARKS[state] ?? '·'}</span> ${state}</span>`;
}

/** Addresses are what members registered: only those of the web become links. */
const memberLink = (address: string, name: string): Html =>
  /^https?:\/\//.test(address) ? html`<a href="${address}/">${name}</a>` : html`${name}`;

async function heads(node: HttpNode): Promise<Html> {
  const { registry, member, ledger } = node.context;
  const { peers, faults } = await node.federation.status();
  const names = new Map(registry.members.map(({ code, name }) => [code, name.en]));
  const sorted = [...registry.members].sort((a, b) => a.name.en.localeCompare(b.name.en, 'en'));
  return html`
<section aria-labelledby="members">
<h2 id="members">${registry.members.length} equal members</h2>
<p>Each runs its own node and its own log. A checkpoint is final when ${registry.document.quorum} others have cosigned it.</p>
<div class="scroll" tabindex="0" role="group" aria-label="Table of members">
<table>
<thead><tr><th scope="col">Member</th><th scope="col">Log</th><th scope="col" class="n">Cosigned here</th><th scope="col" class="n">Mirrored here</th><th scope="col" class="n">Behind</th><th scope="col" class="n">Cosigned of our log</th></tr></thead>
<tbody>
${sorted.map(({ code, log, address, name }) => {
  if (code === member) {
    return html`<tr class="own"><th scope="row">${name.en} (this node)</th><td>${log.origin}</td><td class="n">–</td><td class="n">–</td><td class="n">–</td><td class="n">published ${String(ledger.published?.size ?? 0n)}, final ${String(ledger.final?.size ?? 0n)}</td></tr>`;
  }
  const peer = peers.find((one) => one.member === code);
  return html`<tr><th scope="row">${memberLink(address, name.en)}</th><td>${log.origin}</td><td class="n">${peer?.cosigned ?? 'unknown'}</td><td class="n">${peer?.mirrored ?? 'unknown'}</td><td class="n">${peer?.lagSeconds ?? 0} s</td><td class="n">${peer?.cosignedOurs ?? 'unknown'}</td></tr>`;
})}
</tbody>
</table>
</div>
${
  faults.length === 0
    ? html`<p>No faults of peers are recorded.</p>`
    : html`<details><summary>${faults.length} kinds of faults of peers are recorded</summary><ul>${faults.map((one) => html`<li>${names.get(one.member) ?? one.member}: ${one.code}, ${one.count} times, last ${time(one.lastAt)}. ${one.detail}</li>`)}</ul></details>`
}
</section>`;
}

function row(one: DossierSummary): Html {
  return html`<tr><th scope="row"><a href="/dossiers/${one.dossier}">${one.goods === '' ? 'goods not open to this node' : one.goods}</a></th><td>${one.origin} → ${one.destination}</td><td class="n">${one.grossMass === '' ? '–' : `${one.grossMass} kg`}</td><td class="n">${one.version}</td><td>${status(one.state)}</td><td>${time(one.changedAt)}</td></tr>`;
}

async function dossiers(node: HttpNode): Promise<Html> {
  const { items, next } = await node.overview(50);
  if (items.length === 0) {
    return html`<section aria-labelledby="dossiers"><h2 id="dossiers">Dossiers</h2><p>None has arrived here yet. <code>npx dostyk play examples/journeys/*.json</code> files some.</p></section>`;
  }
  return html`
<section aria-labelledby="dossiers">
<h2 id="dossiers">Dossiers</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Table of dossiers">
<table>
<thead><tr><th scope="col">Goods</th><th scope="col">From, to</th><th scope="col" class="n">Gross mass</th><th scope="col" class="n">Version</th><th scope="col">State</th><th scope="col">Changed</th></tr></thead>
<tbody>${items.map(row)}</tbody>
</table>
</div>
${next === null ? '' : html`<p>The newest ${items.length} are shown; the API pages through all.</p>`}
</section>`;
}

export async function homePage(node: HttpNode): Promise<Html> {
  const { registry, member, demo } = node.context;
  return layout(
    node,
    registry.getMember(member).name.en,
    html`<h1>One dossier, every border on the way</h1>
<p class="lead">An operator files once. Each member on the route reads the sections meant for it, decides at its own posts, and signs what it says in a log that the others witness.</p>
${await heads(node)}
${demo ? await dossiers(node) : ''}`,
  );
}

function awaited(entry: TimelineEntry, now: Date): Html {
  if (entry.awaited === null) return html`<span class="quiet">nothing awaited</span>`;
  const { from, what, since: from_ } = entry.awaited;
  return html`${what} by ${from.kind} ${from.id}, since ${time(from_)} (${since(from_, now)})`;
}

function postEntry(node: HttpNode, entry: TimelineEntry, now: Date): Html {
  const post = node.context.registry.findPost(entry.post);
  return html`<li>
<h3>${post?.name ?? entry.post} <span class="quiet">${entry.post} · ${node.context.registry.findMember(entry.member)?.name.en ?? entry.member}</span></h3>
<p>${status(entry.state)} · ${awaited(entry, now)}</p>
${entry.missing.length === 0 ? '' : html`<p><strong>Missing here:</strong> ${entry.missing.map((one) => one.what).join(', ')}</p>`}
${entry.decisions.map(
  (one) =>
    html`<p class="${one.standing ? '' : 'past'}">${one.decision} by ${one.authority} on version ${one.manifestVersion}, ${time(one.at)}: ${one.reason.code}${one.reason.text === undefined ? '' : `. ${one.reason.text}`}${one.question === undefined ? '' : html` <q>${one.question}</q>`}${one.answer === undefined ? '' : html` Answer: <q>${one.answer.text}</q>`}${one.appealed === undefined ? '' : html` Appeal: <q>${one.appealed.grounds}</q> ${one.appealed.outcome?.outcome ?? 'pending'}`}${one.standing ? '' : ' (no longer stands)'}</p>`,
)}
</li>`;
}

export async function dossierPage(node: HttpNode, id: string, requestId: string): Promise<Html> {
  const unknown = new Refusal(404, 'dossier-unknown', 'There is no such dossier here.', { params: { dossier: id } });
  if (!node.context.demo) throw unknown;
  let view: DossierView;
  try {
    const context: RequestContext = await node.requestContext(node.viewer(), requestId);
    view = await call(node.routers.trade.getDossier, { dossier: id }, { context });
  } catch (error) {
    // Unknown, unreadable or not an id: the page says the same.
    const declined = error instanceof Refusal || error instanceof ORPCError;
    throw declined && error.status < 500 ? unknown : error;
  }
  const now = node.context.clock();
  return layout(
    node,
    view.goods || 'Dossier',
    html`<h1>${view.goods === '' ? 'Dossier' : view.goods}</h1>
<p class="lead">${view.origin} → ${view.destination} · ${view.grossMass} kg gross · version ${view.version} · ${status(view.state)}</p>
<section aria-labelledby="timeline"><h2 id="timeline">Posts on the way</h2><ol class="timeline">${view.timeline.map((entry) => postEntry(node, entry, now))}</ol></section>
<section aria-labelledby="sections"><h2 id="sections">Sections, as this node’s customs may see them</h2>
<ul>${view.sections.map((one) => html`<li>${one.name}, version ${one.version}: ${one.state}</li>`)}</ul></section>
<section aria-labelledby="movements"><h2 id="movements">Movements</h2>
${view.movements.length === 0 ? html`<p>None.</p>` : html`<ul>${view.movements.map((one) => html`<li>${one.means}: ${one.from} → ${one.to}${one.lastEvent === undefined ? '' : `, last ${one.lastEvent}`}</li>`)}</ul>`}</section>
<section aria-labelledby="certificates"><h2 id="certificates">Certificates</h2>
${view.certificates.length === 0 ? html`<p>None.</p>` : html`<ul>${view.certificates.map((one) => html`<li>${one.kind} ${one.number} by ${one.authority}: ${one.state}${one.revocation === undefined ? '' : ` (${one.revocation.reason})`}</li>`)}</ul>`}</section>
<section aria-labelledby="records"><h2 id="records">Records and digests</h2>
<p>Common digest <code>${view.digests.common}</code>: every member on the route computes the same.</p>
<details><summary>${view.records.length} records</summary><ol>${view.records.map((one) => html`<li><code>${one.commitment.slice(0, 16)}…</code> ${one.type} by ${one.member}, index ${one.index}, ${time(one.at)}</li>`)}</ol></details></section>`,
  );
}

export const stylesheet = `:root{--ink:#16242f;--quiet:#4d5d69;--paper:#fbfaf7;--card:#ffffff;--line:#cfd6da;--accent:#0b5d6b;--warn:#8a4b00;--stop:#9b1c1c;--go:#1d6b34;--note:#fff4d6}
@media (prefers-color-scheme:dark){:root{--ink:#e9eef1;--quiet:#a9b7c0;--paper:#11191f;--card:#18232b;--line:#33434e;--accent:#7fd0dd;--warn:#f0b866;--stop:#ff9b93;--go:#86d99b;--note:#3a3016}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 "Noto Sans",system-ui,sans-serif}
header,main,footer,.notice{max-width:70rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.25rem;border-bottom:3px solid var(--accent)}
.brand{margin:0;font-size:1.1rem}.brand a{font-weight:700;color:var(--ink);text-decoration:none;font-size:1.35rem;margin-right:.75rem}
.local{margin:.1rem 0 .75rem;color:var(--quiet);font-size:.85rem}
.notice{background:var(--note);padding:.6rem 1rem;margin-top:1rem;border-left:4px solid var(--warn)}
h1{font-size:clamp(1.5rem,4vw,2.1rem);line-height:1.2;margin:1.5rem 0 .5rem}
h2{font-size:1.25rem;margin:2rem 0 .5rem}h3{font-size:1.05rem;margin:0}
.lead{font-size:1.1rem;max-width:46rem}
a{color:var(--accent)}a:focus-visible,[tabindex]:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--card)}
th,td{padding:.5rem .65rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{font-size:.85rem;color:var(--quiet);font-weight:600}
.n{text-align:right;font-variant-numeric:tabular-nums}
.own{background:color-mix(in srgb,var(--accent) 8%,var(--card))}
.status{display:inline-block;padding:0 .5rem;border:1px solid currentColor;border-radius:.25rem;font-weight:600;white-space:nowrap}
.held,.refused,.conflicting,.contradictory{color:var(--stop)}.queried,.answered,.inspecting{color:var(--warn)}.released,.passed,.arrived{color:var(--go)}
.timeline{list-style:none;padding:0;border-left:3px solid var(--line);margin-left:.5rem}
.timeline li{padding:.1rem 0 1rem 1rem;position:relative}
.timeline p{margin:.25rem 0}
.quiet,.past{color:var(--quiet)}h3 .quiet{font-weight:400;font-size:.85rem}
code{font-size:.85em;overflow-wrap:anywhere}
footer{margin-top:3rem;padding-top:1rem;padding-bottom:2rem;border-top:1px solid var(--line);color:var(--quiet);font-size:.9rem}
@media print{body{background:#fff;color:#000}a{color:#000}.notice{border:1px solid #000}details{display:block}}
`;
