import { useEffect, useRef } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from 'preact-iso';
import { Frame } from './frame.tsx';
import { href, language, t } from './languages/index.ts';
import { LinkButton } from './parts/button.tsx';
import { Page } from './parts/page.tsx';
import { StartPage } from './start/start-page.tsx';

/** Every page and its address. Each but the first comes when it is opened. */
const TrustPage = lazy(() => import('./trust/trust-page.tsx').then((m) => m.TrustPage));
const PartsPage = lazy(() => import('./parts/parts-page.tsx').then((m) => m.PartsPage));

const at = (path: string): string => `/${language}${path}`;

export function App() {
  return (
    <LocationProvider scope={new RegExp(`^/${language}(/|$)`)}>
      <Frame>
        <ErrorBoundary onError={(error) => console.error(error)}>
          <Arrival />
          <Router>
            <Route path={at('/')} component={StartPage} />
            <Route path={at('/trust')} component={TrustPage} />
            <Route path={at('/parts')} component={PartsPage} />
            <Route default component={NotFound} />
          </Router>
        </ErrorBoundary>
      </Frame>
    </LocationProvider>
  );
}

/** After a link: to the top, and the focus onto the new page's heading, so that who listens hears where they are. */
function Arrival() {
  const { path } = useLocation();
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, 0);
    requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus());
  }, [path]);
  return null;
}

export function NotFound() {
  return (
    <Page title={t('part.notFound')} lead={t('part.notFoundText')}>
      <LinkButton to={href('/')}>{t('part.toStart')}</LinkButton>
    </Page>
  );
}
