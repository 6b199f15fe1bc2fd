import type { ComponentChildren } from 'preact';
import { useEffect, useErrorBoundary, useRef } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from 'preact-iso';
import { Frame } from './frame.tsx';
import { href, language, t } from './languages/index.ts';
import { Button, LinkButton } from './parts/button.tsx';
import { Page } from './parts/page.tsx';
import { StartPage } from './start/start-page.tsx';

/** Every page and its address. Each but the first comes when it is opened. */
const TrustPage = lazy(() => import('./trust/trust-page.tsx').then((m) => m.TrustPage));
const DossierListPage = lazy(() => import('./trade/operator/dossier-list.tsx').then((m) => m.DossierListPage));
const DossierPage = lazy(() => import('./trade/dossier/dossier-page.tsx').then((m) => m.DossierPage));
const FilingPage = lazy(() => import('./trade/filing/filing-page.tsx').then((m) => m.FilingPage));
const AmendPage = lazy(() => import('./trade/filing/filing-page.tsx').then((m) => m.AmendPage));
const CopyPage = lazy(() => import('./trade/operator/copy-page.tsx').then((m) => m.CopyPage));
const ImportPage = lazy(() => import('./trade/operator/import-page.tsx').then((m) => m.ImportPage));
const DelegationsPage = lazy(() => import('./trade/operator/delegations-page.tsx').then((m) => m.DelegationsPage));
const MovementListPage = lazy(() => import('./trade/movement/movement-pages.tsx').then((m) => m.MovementListPage));
const MovementPage = lazy(() => import('./trade/movement/movement-pages.tsx').then((m) => m.MovementPage));
const MovementFormPage = lazy(() => import('./trade/movement/movement-form.tsx').then((m) => m.MovementFormPage));
const DeskPage = lazy(() => import('./trade/officer/desk-page.tsx').then((m) => m.DeskPage));
const DeskMovementPage = lazy(() => import('./trade/officer/movement-page.tsx').then((m) => m.DeskMovementPage));
const DowntimePage = lazy(() => import('./trade/officer/downtime-page.tsx').then((m) => m.DowntimePage));
const DeclaredPage = lazy(() => import('./trade/officer/requirements-page.tsx').then((m) => m.RequirementsPage));
const NeedPage = lazy(() => import('./trade/requirements/requirements-page.tsx').then((m) => m.RequirementsPage));
const CorrectionsPage = lazy(() => import('./trade/corrections/corrections-page.tsx').then((m) => m.CorrectionsPage));
const CorrectionPage = lazy(() => import('./trade/corrections/corrections-page.tsx').then((m) => m.CorrectionPage));
const ChangesPage = lazy(() => import('./trade/requirements/changes-page.tsx').then((m) => m.ChangesPage));
const TrailPage = lazy(() => import('./trade/officer/trail-page.tsx').then((m) => m.TrailPage));
const VerifyPage = lazy(() => import('./verify/verify-page.tsx').then((m) => m.VerifyPage));
const PrintPage = lazy(() => import('./trade/print/print-page.tsx').then((m) => m.PrintPage));
const WebhooksPage = lazy(() => import('./trade/operator/webhooks-page.tsx').then((m) => m.WebhooksPage));
const MovementSheetPage = lazy(() => import('./trade/print/movement-sheet.tsx').then((m) => m.MovementSheetPage));
const DriverPage = lazy(() => import('./trade/driver/driver-page.tsx').then((m) => m.DriverPage));
const PartsPage = lazy(() => import('./parts/parts-page.tsx').then((m) => m.PartsPage));

const at = (path: string): string => `/${language}${path}`;

export function App() {
  return (
    <LocationProvider scope={new RegExp(`^/${language}(/|$)`)}>
      <Frame>
        <Unbroken>
          <ErrorBoundary>
            <Arrival />
            <Router>
              <Route path={at('/')} component={StartPage} />
              <Route path={at('/trust')} component={TrustPage} />
              <Route path={at('/verify')} component={VerifyPage} />
              <Route path={at('/print/movements/:movement')} component={MovementSheetPage} />
              <Route path={at('/print/:dossier/:form')} component={PrintPage} />
              <Route path={at('/parts')} component={PartsPage} />
              <Route path={at('/dossiers')} component={DossierListPage} />
              <Route path={at('/dossiers/new/:draft')} component={FilingPage} />
              <Route path={at('/dossiers/:dossier')} component={DossierPage} />
              <Route path={at('/dossiers/:dossier/amend')} component={AmendPage} />
              <Route path={at('/dossiers/:dossier/copy')} component={CopyPage} />
              <Route path={at('/import')} component={ImportPage} />
              <Route path={at('/delegations')} component={DelegationsPage} />
              <Route path={at('/movements')} component={MovementListPage} />
              <Route path={at('/movements/new')} component={MovementFormPage} />
              <Route path={at('/movements/:movement')} component={MovementPage} />
              <Route path={at('/movements/:movement/amend')} component={MovementFormPage} />
              <Route path={at('/desk')} component={DeskPage} />
              <Route path={at('/desk/movements/:movement')} component={DeskMovementPage} />
              <Route path={at('/desk/downtime')} component={DowntimePage} />
              <Route path={at('/requirements/declared')} component={DeclaredPage} />
              <Route path={at('/requirements/changes')} component={ChangesPage} />
              <Route path={at('/requirements')} component={NeedPage} />
              <Route path={at('/corrections')} component={CorrectionsPage} />
              <Route path={at('/corrections/:correction')} component={CorrectionPage} />
              <Route path={at('/trail')} component={TrailPage} />
              <Route path={at('/webhooks')} component={WebhooksPage} />
              <Route path={at('/driver')} component={DriverPage} />
              <Route default component={NotFound} />
            </Router>
          </ErrorBoundary>
        </Unbroken>
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

/** A page that fails says so, keeps the frame, and lets one try again. */
function Unbroken({ children }: { readonly children: ComponentChildren }) {
  const [error, reset] = useErrorBoundary((thrown) => console.error(thrown));
  const { path } = useLocation();
  // Another page is another chance.
  useEffect(reset, [path]);
  if (error === undefined) return <>{children}</>;
  return (
    <Page title={t('part.broken')} lead={t('part.brokenText')}>
      <Button onClick={reset}>{t('part.again')}</Button>
    </Page>
  );
}

export function NotFound() {
  return (
    <Page title={t('part.notFound')} lead={t('part.notFoundText')}>
      <LinkButton to={href('/')}>{t('part.toStart')}</LinkButton>
    </Page>
  );
}
