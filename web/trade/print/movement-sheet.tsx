import { useRoute } from 'preact-iso';
import type { DossierView, MovementView } from '../../../trade/contract.ts';
import type { GoodsSection } from '../../../trade/section.ts';
import { ApiProblem, api } from '../../api.ts';
import { formatDate, formatNumber, href, t } from '../../languages/index.ts';
import { useMembers } from '../../members.ts';
import { Button, LinkButton } from '../../parts/button.tsx';
import { Only, Page, WholeAnswer } from '../../parts/page.tsx';
import { QrCode } from '../../parts/qr-code.tsx';
import { useQuery } from '../../parts/use-query.ts';
import { countryName, documentName, packageName, word } from '../words.ts';
import { contentOf, Grid, Sheet } from './sheet.tsx';

/** UN/EDIFACT 1001. */
const CARGO_MANIFEST = '785';
/** Dossiers asked for at a time: a train may carry hundreds. */
const AT_A_TIME = 10;

/** A dossier that is not for the reader stays a line without goods. */
async function aboard(view: MovementView): Promise<readonly (DossierView | undefined)[]> {
  const found: (DossierView | undefined)[] = [];
  for (let i = 0; i < view.consignments.length; i += AT_A_TIME) {
    const some = view.consignments.slice(i, i + AT_A_TIME).map(({ dossier }) =>
      api.trade.getDossier({ dossier }).catch((error: unknown) => {
        if (error instanceof ApiProblem && error.status === 404) return undefined;
        throw error;
      }),
    );
    found.push(...(await Promise.all(some)));
  }
  return found;
}

/** The sheet of a movement, with what is aboard as far as the reader may see it. */
export function MovementSheetPage() {
  const movement = useRoute().params['movement'] ?? '';
  const query = useQuery(async () => {
    const view = await api.trade.getMovement({ movement });
    return { view, dossiers: await aboard(view) };
  }, [movement]);
  return (
    <Only who="anyone">
      <WholeAnswer query={query}>
        {({ view, dossiers }) => <MovementSheet view={view} dossiers={dossiers} />}
      </WholeAnswer>
    </Only>
  );
}

function MovementSheet({
  view,
  dossiers,
}: {
  readonly view: MovementView;
  readonly dossiers: readonly (DossierView | undefined)[];
}) {
  const { name, post } = useMembers();
  const { means, leg } = view;
  const facts: readonly (readonly [string, string])[] = [
    [t('operator.means'), `${means.identification} (${word('mode', means.mode)}, ${countryName(means.country)})`],
    [t('operator.way'), `${leg.from.name}, ${leg.from.country} → ${leg.to.name}, ${leg.to.country}`],
    [t('filing.posts'), view.posts.map(post).join(' → ')],
    [t('operator.trailers'), view.trailers.join(', ')],
    [
      t('filing.equipment'),
      view.equipment.map((one) => `${word('equipment', one.kind)} ${one.identification}`).join(', '),
    ],
    [t('operator.sealsNow'), view.seals.join(', ')],
    [t('operator.filedBy'), `${view.operator}, ${name(view.member)}`],
  ];
  return (
    <Page
      title={documentName(CARGO_MANIFEST)}
      aside={
        <div class="row no-print">
          <Button onClick={() => window.print()}>{t('operator.print')}</Button>
          <LinkButton kind="secondary" to={href(`/movements/${view.movement}`)}>
            {t('print.backToMovement')}
          </LinkButton>
        </div>
      }
    >
      <Sheet>
        <div class="boxes">
          <div class="box">
            <dl>
              {facts.map(([label, value]) => (
                <div key={label}>
                  <dt>{label}</dt>
                  <dd>{value === '' ? '–' : value}</dd>
                </div>
              ))}
            </dl>
          </div>
          <div class="box">
            <QrCode text={`${location.origin}/movements/${view.movement}`} label={t('operator.reference')} />
            <p class="small">
              {t('operator.reference')}: {view.movement}, {t('operator.versionShort', { version: view.version })},{' '}
              {formatDate(view.changedAt)}
            </p>
          </div>
        </div>
        <Grid
          head={[
            '№',
            t('operator.reference'),
            t('filing.consignor'),
            t('filing.consignee'),
            t('operator.goods'),
            t('filing.packageCount'),
            t('filing.grossMass'),
          ]}
          rows={view.consignments.map((one, i) => {
            const dossier = dossiers[i];
            const goods = dossier && contentOf<GoodsSection>(dossier, 'goods');
            // A part of a consignment has its count said by the carrier; whose packages these are the dossier says.
            const packages =
              one.packages === undefined
                ? goods?.items
                    .flatMap((item) => item.packages)
                    .map(({ code, count }) => `${formatNumber(count)} × ${packageName(code)}`)
                    .join(', ')
                : formatNumber(one.packages);
            return [
              i + 1,
              one.dossier,
              goods?.consignor.name ?? '–',
              goods?.consignee.name ?? '–',
              goods?.items.map((item) => `${item.hs} ${item.description}`).join('; ') ?? '–',
              packages ?? t('operator.all'),
              // Of a part the mass is not known.
              goods === undefined || one.packages !== undefined ? '–' : formatNumber(goods.grossMass),
            ];
          })}
        />
      </Sheet>
    </Page>
  );
}
