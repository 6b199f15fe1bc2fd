import { formatDate, formatNumber, href, nameIn, t } from '../languages/index.ts';
import { members, useMembers } from '../members.ts';
import { LinkButton } from '../parts/button.tsx';
import { Answer, Page } from '../parts/page.tsx';
import { useQuery } from '../parts/use-query.ts';
import { mayDo, node, session } from '../session.ts';

/** What a node counts of itself; see http/figures.ts. */
export interface Figures {
  readonly member: string;
  readonly asOf: string;
  readonly published: number | 'withheld';
  readonly final: number | 'withheld';
  readonly queued: number | 'withheld';
  readonly cosigned: readonly { readonly member: string; readonly size: number; readonly at: string }[] | 'withheld';
  readonly peers:
    | readonly { readonly member: string; readonly cosigned: number; readonly mirrored: number }[]
    | 'withheld';
  readonly explanations: readonly {
    readonly at: string;
    readonly about: string;
    readonly text: Readonly<Record<string, string>>;
  }[];
}

export async function askFigures(address = ''): Promise<Figures> {
  const response = await fetch(`${address}/figures`, { signal: AbortSignal.timeout(8000) });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return (await response.json()) as Figures;
}

/** A figure, or that its owner withholds it: never a zero in its place. */
export const figureText = (figure: number | 'withheld'): string =>
  figure === 'withheld' ? t('trust.withheld') : formatNumber(figure);

/** What this is, who it is for, and how this node stands: for anyone. */
export function StartPage() {
  const figures = useQuery(askFigures, []);
  const { list } = useMembers();
  return (
    <Page title={t('start.title')} lead={t('start.lead')}>
      <div class="columns">
        <section class="card">
          <h2>{t('start.forOperators')}</h2>
          <p>{t('start.forOperatorsText')}</p>
          {session.value?.operator !== undefined && (
            <LinkButton kind="secondary" to={href('/dossiers')}>
              {t('operator.dossiers')}
            </LinkButton>
          )}
        </section>
        <section class="card">
          <h2>{t('start.forOfficers')}</h2>
          <p>{t('start.forOfficersText')}</p>
          {session.value?.authority !== undefined && (
            <LinkButton kind="secondary" to={href(mayDo('decide') ? '/desk' : '/dossiers')}>
              {mayDo('decide') ? t('officer.desk') : t('operator.dossiers')}
            </LinkButton>
          )}
        </section>
        <section class="card">
          <h2>{t('start.forDrivers')}</h2>
          <p>{t('start.forDriversText')}</p>
        </section>
        <section class="card">
          <h2>{t('start.forAnyone')}</h2>
          <p>{t('start.forAnyoneText')}</p>
          <div class="row">
            <LinkButton kind="secondary" to={href('/requirements')}>
              {t('start.toNeed')}
            </LinkButton>
            <LinkButton kind="secondary" to={href('/verify')}>
              {t('start.toVerify')}
            </LinkButton>
            <LinkButton kind="secondary" to={href('/trust')}>
              {t('start.toTrust')}
            </LinkButton>
          </div>
        </section>
      </div>
      <section aria-labelledby="figures">
        <h2 id="figures">{t('start.figures')}</h2>
        <Answer query={figures}>
          {(data) => (
            <>
              <dl class="facts">
                <dt>{t('start.published')}</dt>
                <dd>{figureText(data.published)}</dd>
                <dt>{t('start.final', { quorum: members.value?.quorum ?? t('part.unknown') })}</dt>
                <dd>{figureText(data.final)}</dd>
                <dt>{t('start.queued')}</dt>
                <dd>{figureText(data.queued)}</dd>
                <dt>{t('start.peers')}</dt>
                <dd>
                  {figureText(
                    data.peers === 'withheld' ? 'withheld' : data.peers.filter((one) => one.mirrored > 0).length,
                  )}
                </dd>
              </dl>
              <p class="quiet small">
                {t('part.asOf', { time: formatDate(data.asOf) })} · {t('start.figuresFrom')}
              </p>
            </>
          )}
        </Answer>
      </section>
      <section aria-labelledby="members">
        <h2 id="members">{t('start.members')}</h2>
        <p>{t('start.membersText')}</p>
        <ul>
          {list.map((one) => (
            <li key={one.code}>
              {one.code === node.value?.member ? (
                <>
                  <strong>{nameIn(one.name)}</strong> ({t('start.thisNode')})
                </>
              ) : (
                <a href={one.address}>{nameIn(one.name)}</a>
              )}
            </li>
          ))}
        </ul>
      </section>
    </Page>
  );
}
