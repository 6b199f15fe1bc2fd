import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { live } from './changes.ts';
import { href, LANGUAGES_SHOWN, language, OWN_NAMES, t, tMaybe } from './languages/index.ts';
import { useMembers } from './members.ts';
import { LinkButton } from './parts/button.tsx';
import { Icon } from './parts/icon.tsx';
import { Notice, Toasts } from './parts/say.tsx';
import { barrier, lock, node, online, session, signInAddress, signOut } from './session.ts';

/** What stands around every page: who this node is, where one can go, the language, who is signed in. */

/** Links by what the signed-in account may do; the node decides anew on every request. */
function links(): readonly (readonly [string, string])[] {
  const own = session.value;
  const open: readonly (readonly [string, string])[] = [
    [href('/requirements'), t('need.nav')],
    [href('/verify'), t('part.navVerify')],
    [href('/trust'), t('part.navTrust')],
  ];
  if (own?.operator !== undefined)
    return [
      [href('/dossiers'), t('operator.dossiers')],
      [href('/movements'), t('operator.movements')],
      [href('/import'), t('operator.import')],
      [href('/delegations'), t('operator.delegations')],
      [href('/webhooks'), t('operator.webhooks')],
      ...open,
    ];
  if (own?.authority !== undefined)
    return [
      ...(own.mandates.includes('decide') ? [[href('/desk'), t('officer.desk')] as const] : []),
      ...(own.mandates.includes('publish-rules') ? [[href('/corrections'), t('fix.list')] as const] : []),
      [href('/dossiers'), t('operator.dossiers')],
      [href('/movements'), t('operator.movements')],
      [href('/trail'), t('officer.trail')],
      ...open,
    ];
  return open;
}

export function Frame({ children }: { readonly children: ComponentChildren }) {
  const { path } = useLocation();
  const { name } = useMembers();
  const list = useRef<HTMLUListElement>(null);
  // On a phone the links stand in one row that scrolls: the one of this page is brought in.
  useEffect(() => {
    const here = list.current?.querySelector<HTMLElement>('[aria-current]');
    if (list.current !== null) list.current.scrollLeft = (here?.offsetLeft ?? 0) - list.current.offsetLeft - 16;
  }, [path, session.value]);
  return (
    <>
      <a class="skip" href="#main">
        {t('part.skip')}
      </a>
      {node.value?.demo === true && (
        <aside class="demo" aria-label={t('part.demo')}>
          <p>
            <strong>{t('part.demo')}.</strong> {t('part.demoText')}
          </p>
        </aside>
      )}
      <header class="site">
        <div class="bar">
          <a class="brand" href={href('/')}>
            Dostyk
            {node.value !== null && <small>{t('part.nodeOf', { member: name(node.value.member) })}</small>}
          </a>
          <div class="end">
            <LiveMark />
            <LanguageMenu path={path} />
            <Account />
          </div>
          <nav aria-label={t('part.navMain')}>
            <ul ref={list}>
              {links().map(([to, label]) => (
                <li key={to}>
                  <a href={to} aria-current={path === to ? 'page' : undefined}>
                    {label}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        </div>
        <div class="strokes" aria-hidden="true">
          <span />
          <span />
          <span />
          <span />
          <span />
          <span />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {!online.value && (
          <Notice kind="wait" title={t('part.offline')}>
            <p>{t('part.offlineText')}</p>
          </Notice>
        )}
        <Barrier>{children}</Barrier>
      </main>
      <Footer />
      <Toasts />
    </>
  );
}

/** Whether what is shown changes by itself. */
function LiveMark() {
  if (live.value === 'off') return null;
  return (
    <span class={`small quiet ${live.value}`} role="status">
      {live.value === 'live' ? t('part.live') : t('part.liveWaiting')}
    </span>
  );
}

/** Behind a locked screen nothing is drawn; where a session ended, what is typed stays and a way back is shown. */
function Barrier({ children }: { readonly children: ComponentChildren }) {
  if (barrier.value === 'locked')
    return (
      <section aria-labelledby="locked">
        <h1 id="locked" tabIndex={-1}>
          {t('signin.locked')}
        </h1>
        <p>{t('signin.lockedText')}</p>
        <div class="row">
          <LinkButton to={signInAddress({ anew: true })}>{t('signin.unlock')}</LinkButton>
          <LinkButton kind="secondary" to={signInAddress({ anew: true, to: `/${language}/` })}>
            {t('signin.handOver')}
          </LinkButton>
        </div>
      </section>
    );
  return (
    <>
      {barrier.value === 'ended' && (
        <div role="alert">
          <Notice kind="wait" title={t('signin.ended')}>
            <p>{t('signin.endedText')}</p>
            <LinkButton to={signInAddress()}>{t('signin.again')}</LinkButton>
          </Notice>
        </div>
      )}
      {children}
    </>
  );
}

function LanguageMenu({ path }: { readonly path: string }) {
  const rest = path.replace(/^\/[a-z]{2}(?=\/|$)/, '') || '/';
  return (
    <details class="menu">
      <summary>
        <Icon name="globe" />
        <span class="hidden-visually">{t('part.language')}: </span>
        {OWN_NAMES[language]}
      </summary>
      <div>
        {LANGUAGES_SHOWN.map(({ code, state }) => (
          <a
            key={code}
            href={`/${code}${rest}`}
            lang={code}
            hreflang={code}
            aria-current={code === language ? 'true' : undefined}
          >
            <span>{OWN_NAMES[code]}</span>
            <small class="quiet" lang={language}>
              {tMaybe(`part.state.${state}`) ?? state}
            </small>
          </a>
        ))}
      </div>
    </details>
  );
}

function Account() {
  const own = session.value;
  if (own === null)
    return node.value?.signIn === true ? (
      <a class="button small" href={signInAddress()}>
        {t('signin.signIn')}
      </a>
    ) : null;
  return (
    <details class="menu">
      <summary>
        <Icon name="person" />
        <span class="short">{own.name}</span>
      </summary>
      <div>
        <button type="button" onClick={() => void lock()}>
          {t('signin.lock')}
        </button>
        <a href={signInAddress({ anew: true, to: `/${language}/` })}>{t('signin.handOver')}</a>
        <button type="button" onClick={() => void signOut()}>
          {t('signin.signOut')}
        </button>
        <button type="button" onClick={() => void signOut(true)}>
          {t('signin.signOutEverywhere')}
        </button>
      </div>
    </details>
  );
}

function Footer() {
  return (
    <footer class="site">
      <div class="bar">
        <p>{t('part.independent')}</p>
        <p>{t('part.noPosition')}</p>
        <ul>
          <li>
            <a href="/openapi.json">{t('part.footApi')}</a>
          </li>
          <li>
            <a href="/log/checkpoint">{t('part.footCheckpoint')}</a>
          </li>
          <li>
            <a href="/health">{t('part.footHealth')}</a>
          </li>
          <li>
            <a href={href('/parts')}>{t('part.footParts')}</a>
          </li>
        </ul>
      </div>
    </footer>
  );
}
