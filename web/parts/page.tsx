import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiProblem, problemText } from '../api.ts';
import { t } from '../languages/index.ts';
import { session, signInAddress } from '../session.ts';
import { LinkButton } from './button.tsx';
import { Loading, Notice, ProblemNotice } from './say.tsx';
import type { Query } from './use-query.ts';

/** One page: its title in the window and as its heading, which takes the focus when one comes here by a link. */
export function Page({
  title,
  lead,
  children,
  aside,
}: {
  readonly title: string;
  readonly lead?: ComponentChildren;
  readonly children?: ComponentChildren;
  readonly aside?: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} · Dostyk`;
  }, [title]);
  return (
    <>
      <div class="row spread">
        <h1 tabIndex={-1}>{title}</h1>
        {aside}
      </div>
      {lead !== undefined && <p class="lead">{lead}</p>}
      {children}
    </>
  );
}

/** What a question was answered: waiting, refused, or the answer. What was there before stays while it is asked anew. */
export function Answer<T>({
  query,
  children,
}: {
  readonly query: Query<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  if (query.data !== undefined)
    return (
      <>
        {query.problem !== undefined && <ProblemNotice problem={query.problem} retry={query.reload} />}
        {children(query.data)}
      </>
    );
  if (query.problem !== undefined) return <ProblemNotice problem={query.problem} retry={query.reload} />;
  return <Loading />;
}

/** An answer without which there is no page: where it doesn't come, the page says so under a heading of its own. */
export function WholeAnswer<T>({
  query,
  children,
}: {
  readonly query: Query<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  const { data, problem } = query;
  if (data !== undefined || problem === undefined) return <Answer query={query}>{children}</Answer>;
  if (problem instanceof ApiProblem && problem.status === 404)
    return <Page title={problemText(problem)} lead={t('part.notFoundText')} />;
  return (
    <Page title={t('part.problem')}>
      <ProblemNotice problem={problem} retry={query.reload} />
    </Page>
  );
}

/** For pages that need someone: who is not signed in, or signed in as another kind, is told so. */
export function Only({
  who,
  children,
}: {
  readonly who: 'operator' | 'authority' | 'anyone';
  readonly children: ComponentChildren;
}) {
  const own = session.value;
  if (own === null)
    return (
      <Page title={t('signin.needed')}>
        <p>{t('signin.neededText')}</p>
        <LinkButton to={signInAddress()}>{t('signin.signIn')}</LinkButton>
      </Page>
    );
  if (who !== 'anyone' && own[who] === undefined)
    return (
      <Page title={t('signin.otherKind')}>
        <Notice kind="wait">
          <p>{who === 'operator' ? t('signin.forOperators') : t('signin.forAuthorities')}</p>
        </Notice>
      </Page>
    );
  return <>{children}</>;
}
