import { useEffect } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { DECISIONS } from '../../../trade/lists.ts';
import { api } from '../../api.ts';
import { useChanges } from '../../changes.ts';
import { formatDate, formatMass, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { LinkButton } from '../../parts/button.tsx';
import { Answer, Only, Page, WholeAnswer } from '../../parts/page.tsx';
import { Notice } from '../../parts/say.tsx';
import { Status } from '../../parts/status.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { EventForm, Events, MovementFacts } from '../movement/movement-parts.tsx';
import { Declared, RulesOfStage } from '../rules.tsx';
import { countryName, word } from '../words.ts';
import { DecideForm } from './decide.tsx';
import { PresentedForm, PresentedTable, useComparison } from './presented.tsx';

/** A truck or train at the post: its consignments, each decided on its own, and what happened to it. */
export function DeskMovementPage() {
  const { params } = useRoute();
  const { query } = useLocation();
  const movement = params['movement'] ?? '';
  const post = query['post'] ?? '';
  const { post: postName, zone } = useMembers();
  const view = useQuery(() => api.trade.getMovement({ movement }), [movement]);
  const line = useQuery(() => api.trade.getDeskMovement({ movement, post }), [movement, post]);
  const comparison = useComparison(movement, post);
  const reload = (): void => {
    view.reload();
    line.reload();
    comparison.reload();
  };
  useChanges(reload);
  // A key on the list opened this page for one decision: its button takes the focus, and is pressed for the only consignment.
  useEffect(() => {
    if (view.data === undefined || line.data === undefined || query['act'] === undefined) return;
    const buttons = [...document.querySelectorAll<HTMLElement>(`[data-act="${CSS.escape(query['act'])}"] button`)];
    buttons[0]?.focus();
    if (buttons.length === 1) buttons[0]?.click();
    history.replaceState(null, '', location.pathname + location.search.replace(/&act=\w+/, ''));
  }, [view.data === undefined || line.data === undefined]);
  return (
    <Only who="authority">
      <WholeAnswer query={view}>
        {(data) => (
          <Page
            title={t('officer.movementTitle', { means: data.means.identification })}
            aside={
              <LinkButton kind="secondary" small to={href('/desk')}>
                {t('officer.toDesk')}
              </LinkButton>
            }
          >
            <p class="lead">{postName(post)}</p>
            <MovementFacts view={data} />
            <h2>{t('officer.consignments')}</h2>
            {line.data === undefined ? (
              <Notice>
                <p>{t('officer.notAtPost')}</p>
              </Notice>
            ) : (
              <div class="stack">
                {line.data.consignments.map((one) => (
                  <section class="card" key={one.dossier} aria-label={one.goods || one.dossier}>
                    <div class="row spread">
                      <h3>
                        <a href={href(`/dossiers/${one.dossier}`)}>{one.goods || t('operator.goodsClosed')}</a>
                      </h3>
                      <span class="row">
                        <Status state={one.state} />
                        {one.missing !== null && one.missing > 0 && (
                          <Status state="missing" label={t('officer.missing', { count: one.missing })} />
                        )}
                      </span>
                    </div>
                    <p class="quiet">
                      {one.grossMass !== '' && formatMass(one.grossMass)}{' '}
                      {one.packages !== undefined && t('officer.packagesAboard', { count: one.packages })}
                    </p>
                    {one.onRoute ? (
                      <div class="row">
                        {DECISIONS.map((decision) => (
                          <div key={decision} data-act={decision}>
                            <DecideForm view={one} post={post} decision={decision} movement={movement} done={reload} />
                          </div>
                        ))}
                      </div>
                    ) : (
                      <p>{t('officer.notOnRoute')}</p>
                    )}
                    {one.onRoute && <ConsignmentRules dossier={one.dossier} version={data.changedAt} />}
                  </section>
                ))}
              </div>
            )}
            <h2>{t('officer.comparison')}</h2>
            <PresentedTable query={comparison} row={line.data} />
            {line.data !== undefined && <PresentedForm row={line.data} zone={zone(post) ?? 'UTC'} done={reload} />}
            <h2>{t('operator.events')}</h2>
            <Events view={data} />
            <EventForm movement={movement} posts={[post]} source="authority" zone={zone(post) ?? 'UTC'} done={reload} />
            <p class="quiet small">
              {word('mode', data.means.mode)}, {countryName(data.means.country)}, {formatDate(data.changedAt)}
            </p>
          </Page>
        )}
      </WholeAnswer>
    </Only>
  );
}

/** What the own member's rules and its authorities' records ask for of one consignment, and which paper meets it. */
function ConsignmentRules({ dossier, version }: { readonly dossier: string; readonly version: string }) {
  const rules = useQuery(() => api.trade.dossierRules({ dossier }), [dossier, version]);
  return (
    <Answer query={rules}>
      {({ stages, closed, declared }) => (
        <details>
          <summary>{t('rules.title')}</summary>
          <p class="quiet small">{t('rules.officerText')}</p>
          {closed.length > 0 && (
            <p class="small">
              {t('rules.closed', { sections: closed.map((name) => word('section', name)).join(', ') })}
            </p>
          )}
          <Declared declared={declared} />
          {stages.map((stage) => (
            <RulesOfStage key={`${stage.member} ${stage.direction}`} stage={stage} />
          ))}
        </details>
      )}
    </Answer>
  );
}
